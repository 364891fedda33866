"""A job of the worker about rasters and labels, without a widget and without waiting on the main thread.

Rasters that are no files are written by QGIS tasks first, for the ground that the labels cover. Everything here runs on
the main thread; what other threads have to say arrives as queued signals.
"""

from __future__ import annotations

from typing import Any

from qgis.core import QgsApplication, QgsGeometry, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, Qt, pyqtSignal

from ...engine.protocol import Code, Failure, Log, Metrics, Progress, Result
from .. import messages
from ..i18n import tr
from ..picture_task import PictureTask
from ..scene import Scene, SceneError, describe, region_in
from ..worker.client import Job
from ..worker.service import EngineService
from .labels import labels_file

EXPORT_GSD_M = 0.3
STOP_PATIENCE_S = 120.0
"""A training that is stopped keeps its best model; after so long it is ended without."""


class LayerJob(QObject):
    """One job at a time."""

    progressed = pyqtSignal(object)
    """A ``Progress``, or a text while QGIS itself writes a picture."""
    measured = pyqtSignal(object)
    """A ``Metrics``."""
    warned = pyqtSignal(str)
    succeeded = pyqtSignal(str, object)
    """Method and value."""
    failed = pyqtSignal(str, str, str)
    """Method, failure code and sentence."""
    finished = pyqtSignal()
    """After ``succeeded`` or ``failed``, always."""

    _event = pyqtSignal(object, object)

    def __init__(self, service: EngineService, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._service = service
        self._method = ""
        self._params: dict[str, Any] = {}
        self._waiting: list[tuple[Scene, QgsGeometry | None]] = []
        self._task: PictureTask | None = None
        self._job: Job | None = None
        self._is_stopping = False
        self._event.connect(self._on_event, Qt.ConnectionType.QueuedConnection)

    @property
    def method(self) -> str:
        """What runs, empty if nothing does."""
        return self._method

    @property
    def is_busy(self) -> bool:
        """Whether a job runs."""
        return bool(self._method)

    def start(self, method: str, rasters: list[QgsRasterLayer], labels: QgsVectorLayer, params: dict[str, Any]) -> None:
        """Start a job; what becomes of it comes as signals.

        Args:
            method: of the protocol.
            rasters: looked at now and not again.
            labels: as well.
            params: of the method, without ``rasters`` and ``layers``.
        """
        if self.is_busy:
            return
        self._method, self._is_stopping = method, False
        self._params = {**params, "rasters": []}
        try:
            self._params["layers"] = [labels_file(labels)]
            ground = QgsGeometry.fromRect(labels.extent())
            for layer in rasters:
                scene = describe(layer)
                region = None if scene.path else region_in(scene, ground, labels.crs())
                self._waiting.append((scene, region))
        except SceneError as error:
            self._fail(Code.RASTER, str(error))
            return
        self._next()

    def stop(self) -> None:
        """Stop; a second call does not wait for a best model to be kept."""
        if self._task is not None:
            self._task.cancel()
        if self._job is not None:
            if self._is_stopping:
                self._job.cancel_patience_s = 0.0
            self._job.cancel()
        self._is_stopping = True

    def close(self) -> None:
        """Stop for good: no signal comes after this."""
        self.blockSignals(True)
        job, self._job = self._job, None
        self.stop()
        if job is not None:
            job.cancel_patience_s = 0.0
            job.cancel()
        self._method = ""

    def _next(self) -> None:
        """Write the next picture, or ask the worker when all are there."""
        while self._waiting:
            scene, region = self._waiting[0]
            if scene.path:
                self._params["rasters"].append(scene.path)
                self._waiting.pop(0)
                continue
            self.progressed.emit(tr("Writing a temporary picture of “{name}”").replace("{name}", scene.name))
            self._task = PictureTask(scene, region, EXPORT_GSD_M)
            self._task.done.connect(self._on_picture)
            QgsApplication.taskManager().addTask(self._task)
            return
        patience_s = STOP_PATIENCE_S if self._method == "train" else 0.5
        method = self._method
        self._job = self._service.submit(method, self._params, lambda message: self._relay(method, message), patience_s)

    def _on_picture(self) -> None:
        task, self._task = self._task, None
        if task is None or not self.is_busy:
            return
        if task.isCanceled():
            self._fail(Code.CANCELLED, messages.sentence_for(Code.CANCELLED))
        elif task.error is not None:
            self._fail(Code.RASTER, task.error)
        else:
            for text in task.warnings:
                self.warned.emit(text)
            self._params["rasters"].append(task.path)
            self._waiting.pop(0)
            self._next()

    def _relay(self, method: str, message: object) -> None:
        """Carry a message of the worker from the client's thread to the main one."""
        try:
            self._event.emit(method, message)
        except RuntimeError:
            return  # the dialog was deleted meanwhile; there is nobody to tell

    def _on_event(self, method: str, message: object) -> None:
        if self._method != method:
            return
        if isinstance(message, Progress):
            self.progressed.emit(message)
        elif isinstance(message, Metrics):
            self.measured.emit(message)
        elif isinstance(message, Log) and message.level == "warning":
            self.warned.emit(message.text)
        elif isinstance(message, Failure):
            self._fail(message.code, messages.sentence(message))
        elif isinstance(message, Result):
            self._reset()
            self.succeeded.emit(method, message.value)
            self.finished.emit()

    def _fail(self, code: str, sentence: str) -> None:
        method = self._method
        self._reset()
        self.failed.emit(method, code, sentence)
        self.finished.emit()

    def _reset(self) -> None:
        self._method, self._job, self._waiting, self._params = "", None, [], {}
