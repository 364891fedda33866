"""The strip at the top of the panel while there is no engine: what to do, one button, progress."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from .. import settings
from ..compat import theme_icon
from ..i18n import tr
from ..worker.environment import NEEDED_BYTES, is_outdated, read_state
from ..worker.prepare import PrepareTask, chosen_profile
from ..worker.service import EngineService, engine_python


class EngineBar(QFrame):
    """Shown only while something has to be done before a question can be asked."""

    ready = pyqtSignal()
    """There is an engine now."""
    settings_wanted = pyqtSignal()
    failed = pyqtSignal(str)

    def __init__(self, service: EngineService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._service = service
        self._task: PrepareTask | None = None
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._text = QLabel(self)
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._prepare = QPushButton(theme_icon("mActionStart.svg"), tr("Prepare engine"), self)
        self._prepare.setToolTip(tr("Make the engine's own Python environment; QGIS itself is not touched"))
        self._other = QPushButton(tr("Use another Python…"), self)
        self._other.setToolTip(tr("Choose a Python that has the engine's libraries, on the settings page"))
        self._cancel = QPushButton(theme_icon("mTaskCancel.svg"), tr("Cancel"), self)
        self._bar = QProgressBar(self)
        self._bar.setRange(0, 1000)
        buttons = QHBoxLayout()
        for button in (self._prepare, self._other, self._cancel):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.addWidget(self._text)
        column.addWidget(self._bar)
        column.addLayout(buttons)
        self._prepare.clicked.connect(self.prepare)
        self._other.clicked.connect(self.settings_wanted)
        self._cancel.clicked.connect(self.cancel)
        self.refresh()

    def refresh(self) -> bool:
        """Show or hide by whether there is an engine; returns whether there is one."""
        python = engine_python()
        is_there = python is not None and python.exists()
        busy = self._task is not None
        self.setVisible(busy or not is_there)
        self._prepare.setVisible(not busy)
        self._other.setVisible(not busy)
        self._cancel.setVisible(busy)
        self._bar.setVisible(busy)
        if not busy:
            self._text.setText(self._situation(python is not None))
        return is_there and not busy

    def prepare(self) -> None:
        """Make the environment in the background."""
        if self._task is not None:
            return
        self._task = PrepareTask(self._service)
        self._task.reported.connect(self._on_reported)
        self._task.done.connect(self._on_done)
        self._text.setText(tr("Preparing the engine; you can go on working meanwhile."))
        self._bar.setValue(0)
        self._bar.setFormat("%p %")
        self.refresh()
        QgsApplication.taskManager().addTask(self._task)

    def cancel(self) -> None:
        """Stop preparing; what was there before stays."""
        if self._task is not None:
            self._task.cancel()

    def close_task(self) -> None:
        """Stop for good."""
        if self._task is not None:
            self._task.done.disconnect(self._on_done)
            self._task.reported.disconnect(self._on_reported)
            self._task.cancel()
            self._task.waitForFinished(5000)
            self._task = None

    def _situation(self, is_named: bool) -> str:
        if is_named:
            return tr("The Python chosen for the engine is not there any more.")
        state = read_state(settings.data_folder())
        if state is not None and is_outdated(state):
            return tr("The engine belongs to an earlier version of the plugin and has to be prepared again.")
        size = f"{NEEDED_BYTES[chosen_profile()] / 1e9:.0f}"
        return tr(
            "Referent needs its engine once: a Python environment of its own, apart from QGIS (up to {size} GB of "
            "disk, some minutes)."
        ).replace("{size}", size)

    def _on_reported(self, share: float, line: str) -> None:
        self._bar.setValue(round(1000 * share))
        self._bar.setToolTip(line)
        name = line.split("==")[0].replace("Collecting ", "").replace("Downloading ", "")[:40]
        self._bar.setFormat(f"%p %  {name}")

    def _on_done(self, succeeded: bool, sentence: str) -> None:
        self._task = None
        self.refresh()
        if succeeded:
            self.ready.emit()
        else:
            self.failed.emit(sentence)
            self._text.setText(sentence)
