"""Translation: one context for the whole plugin, English in the source, other languages in ``resources/i18n``."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, QTranslator

from .paths import resource

CONTEXT = "Referent"


def tr(text: str) -> str:
    """Return a text in the person's language; ``tools/translate.py`` finds the literals given to it."""
    return QCoreApplication.translate(CONTEXT, text)


def install_translator() -> QTranslator | None:
    """Install the translation for QGIS's language; returns it so that unload can remove it, None for English."""
    language = QgsApplication.instance().locale() if QgsApplication.instance() else "en"
    path = Path(resource(f"i18n/referent_{language[:2]}.qm"))
    if not path.exists():
        return None
    translator = QTranslator()
    if not translator.load(str(path)):
        return None
    QCoreApplication.installTranslator(translator)
    return translator
