"""What the two dialogs share: sources on the left, what comes of them on the right, progress and buttons below."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsRasterLayer
from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import QEvent, QSize, Qt, QUrl, pyqtSignal
from qgis.PyQt.QtGui import QDesktopServices, QIcon
from qgis.PyQt.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ...engine.protocol import Code
from .. import messages
from ..compat import theme_icon
from ..help import help_url
from ..i18n import tr
from ..panel.notice import Notice
from ..panel.progress import QuestionProgress
from ..paths import resource
from ..worker.service import EngineService, engine_python
from .layer_job import LayerJob
from .sources import SourceBox


class FormArea(QScrollArea):
    """Scrolls up and down only: never narrower than what it holds, however long a language's words are."""

    def __init__(self, body: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(body)
        body.installEventFilter(self)

    def minimumSizeHint(self) -> QSize:
        """Return the size of the widest row and the bar beside it."""
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self.widget().minimumSizeHint().width() + bar, 10 * self.fontMetrics().height())

    def eventFilter(self, watched, event) -> bool:
        """Ask for another size when what is inside does."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)


class LayerDialog(QDialog):
    """A window beside the map: the map stays usable, since that is where objects are selected.

    A child fills ``form`` and ``tabs``, names the main button, and shows what ``job`` says when it succeeds.
    """

    help_section = ""
    closed = pyqtSignal()

    def __init__(
        self, iface: QgisInterface, service: EngineService, title: str, action: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setWindowIcon(QIcon(resource("icons/referent.svg")))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._is_shut = False
        self.iface = iface
        self.job = LayerJob(service, self)
        self.notice = Notice(self)
        self.sources = SourceBox(self)
        self.progress = QuestionProgress(self)
        self.progress.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        # Hidden it keeps its room, so that the buttons stay where they are.
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(policy)
        self.progress.hide()
        self.tabs = QTabWidget(self)
        self.start_button = QPushButton(theme_icon("mActionStart.svg"), action, self)
        self.start_button.setDefault(True)
        self.stop_button = QPushButton(theme_icon("mTaskCancel.svg"), tr("Stop"), self)
        self.stop_button.hide()
        help_button = QPushButton(theme_icon("mActionHelpContents.svg"), tr("Help"), self)
        close_button = QPushButton(tr("Close"), self)
        for button in (help_button, close_button, self.stop_button):
            button.setAutoDefault(False)

        body = QWidget(self)
        self.form = QVBoxLayout(body)
        self.form.setContentsMargins(0, 0, 6, 0)
        self.form.addWidget(self.sources)
        area = FormArea(body, self)
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.addWidget(area)
        splitter.addWidget(self.tabs)
        splitter.setStretchFactor(0, 0)
        splitter.setStretchFactor(1, 1)
        splitter.setChildrenCollapsible(False)
        line = self.fontMetrics().height()
        splitter.setSizes([24 * line, 34 * line])
        self.buttons = QHBoxLayout()
        self.buttons.addWidget(help_button)
        self.buttons.addWidget(self.progress, 1)
        self.buttons.addWidget(self.start_button)
        self.buttons.addWidget(self.stop_button)
        self.buttons.addWidget(close_button)
        column = QVBoxLayout(self)
        column.addWidget(self.notice)
        column.addWidget(splitter, 1)
        column.addLayout(self.buttons)
        self.resize(60 * line, 40 * line)

        help_button.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(help_url(self.help_section))))
        close_button.clicked.connect(self.close)
        self.stop_button.clicked.connect(self.stop)
        self.job.progressed.connect(self.progress.show_report)
        self.job.warned.connect(self.say)
        self.job.failed.connect(self.on_failed)
        self.job.finished.connect(self._on_finished)

    def say(self, sentence: str, is_problem: bool = False) -> None:
        """Show a sentence at the top."""
        self.notice.show_text(sentence, is_problem)

    def choose_layers(self, raster: QgsRasterLayer | None) -> None:
        """Choose the raster that the panel is about, and the labels that the person works on."""
        if raster is not None:
            self.sources.tick(raster)
        self.sources.choose_labels(self.iface.activeLayer())

    def align_forms(self) -> None:
        """Give the labels of all forms on the left the same width, so that their fields stand in one line."""
        labels = []
        for form in self.findChildren(QFormLayout):
            items = [form.itemAt(row, QFormLayout.ItemRole.LabelRole) for row in range(form.rowCount())]
            labels += [item.widget() for item in items if item is not None and item.widget() is not None]
        width = max(label.sizeHint().width() for label in labels)
        for label in labels:
            label.setMinimumWidth(width)

    def run(self, method: str, params: dict[str, Any]) -> bool:
        """Start a job of the worker; returns whether nothing was missing."""
        if self.job.is_busy:
            return False
        sentence = self.sources.problem
        if not sentence and engine_python() is None:
            sentence = messages.sentence_for(Code.ENGINE_MISSING)
        if sentence:
            self.say(sentence, is_problem=True)
            return False
        self.notice.clear()
        self.progress.clear()
        self._set_busy(True)
        self.job.start(method, self.sources.rasters, self.sources.labels, {**self.sources.params(), **params})
        return True

    def stop(self) -> None:
        """Stop what runs."""
        self.job.stop()

    def on_failed(self, method: str, code: str, sentence: str) -> None:
        """Show why nothing came of it."""
        self.say(sentence, is_problem=code != Code.CANCELLED)

    def shut(self) -> None:
        """Stop everything, before the dialog is deleted."""
        self.job.close()
        self.sources.close_box()

    def closeEvent(self, event) -> None:
        """Stop what runs when the person closes the window."""
        if not self._is_shut:  # Qt may ask twice before it deletes
            self._is_shut = True
            self.shut()
            self.closed.emit()
        super().closeEvent(event)

    def reject(self) -> None:
        """Close with Escape as with the button, so that what runs is stopped."""
        self.close()

    def _on_finished(self) -> None:
        self._set_busy(False)

    def _set_busy(self, busy: bool) -> None:
        self.progress.setVisible(busy)
        self.start_button.setVisible(not busy)
        self.stop_button.setVisible(busy)
        self.stop_button.setEnabled(True)
        self.sources.setEnabled(not busy)
