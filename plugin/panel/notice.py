"""A sentence for the person at the top of the panel; wraps where QGIS's message bar would cut it off."""

from __future__ import annotations

from qgis.PyQt.QtCore import QSize, Qt
from qgis.PyQt.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from ..compat import theme_icon
from ..i18n import tr


class Notice(QFrame):
    """One sentence, with an icon that tells news from trouble, and a button that puts it away."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self._icon = QLabel(self)
        self._icon.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._label = QLabel(self)
        self._label.setWordWrap(True)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        close = QToolButton(self)
        close.setIcon(theme_icon("mIconClearText.svg"))
        close.setAutoRaise(True)
        close.setToolTip(tr("Put this message away"))
        close.setAccessibleName(tr("Put this message away"))
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 4, 4, 4)
        row.addWidget(self._icon)
        row.addWidget(self._label, 1)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        close.clicked.connect(self.clear)
        self.hide()

    @property
    def text(self) -> str:
        """The sentence shown, empty if none is."""
        return str(self._label.text())

    def show_text(self, sentence: str, is_problem: bool) -> None:
        """Show a sentence in place of the one before."""
        side = self.fontMetrics().height() + 2
        icon = theme_icon("mIconWarning.svg" if is_problem else "mIconInfo.svg")
        self._icon.setPixmap(icon.pixmap(QSize(side, side)))
        self._label.setText(sentence)
        self.setAccessibleName(sentence)
        self.show()

    def clear(self) -> None:
        """Show nothing."""
        self._label.clear()
        self.hide()
