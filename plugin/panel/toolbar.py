"""The row at the top of the panel: what can be done besides asking."""

from __future__ import annotations

from qgis.PyQt.QtCore import QSize, pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QToolButton, QWidget

from ..compat import theme_icon
from ..i18n import tr


class PanelToolbar(QWidget):
    """Four buttons; each tells that it was pressed."""

    train_wanted = pyqtSignal()
    evaluate_wanted = pyqtSignal()
    settings_wanted = pyqtSignal()
    help_wanted = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for icon, text, signal in (
            ("processingModel.svg", tr("Train a model on labelled layers"), self.train_wanted),
            ("mIconReport.svg", tr("Evaluate a model on labelled layers"), self.evaluate_wanted),
            ("", "", None),
            ("mActionOptions.svg", tr("Settings"), self.settings_wanted),
            ("mActionHelpContents.svg", tr("Help"), self.help_wanted),
        ):
            if signal is None:
                row.addStretch(1)
                continue
            button = QToolButton(self)
            button.setIcon(theme_icon(icon))
            side = self.fontMetrics().height() + 4
            button.setIconSize(QSize(side, side))
            button.setToolTip(text)
            button.setAccessibleName(text)
            button.setAutoRaise(True)
            button.clicked.connect(signal)
            row.addWidget(button)
