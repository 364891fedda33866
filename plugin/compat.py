"""The few places where QGIS 3.22 with Qt 5 and QGIS 4 with Qt 6 spell one thing differently."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsApplication, QgsField
from qgis.PyQt.QtCore import QT_VERSION, QMetaType, QVariant
from qgis.PyQt.QtGui import QIcon

IS_QT6 = QT_VERSION >= 0x060000


def text_field(name: str) -> QgsField:
    """Return a field that holds text."""
    return QgsField(name, _kind("QString", "String"))


def number_field(name: str) -> QgsField:
    """Return a field that holds a number with decimals."""
    return QgsField(name, _kind("Double", "Double"))


def _kind(new: str, old: str) -> Any:
    # QgsField of 3.22 takes no QMetaType, that of Qt 6 no QVariant.
    return getattr(QMetaType.Type, new) if IS_QT6 else getattr(QVariant, old)


def theme_icon(name: str) -> QIcon:
    """Return an icon of QGIS's theme.

    Args:
        name: file name without folder, such as ``mActionOptions.svg``.
    """
    return QgsApplication.getThemeIcon("/" + name)
