"""Asking: from a question to an answer, without a widget and without ever waiting on the main thread.

One question at a time. A layer that is no file is written to a temporary GeoTIFF by a QGIS task first; then the worker
is asked. Everything here runs on the main thread; what other threads have to say arrives as queued signals.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from qgis.core import QgsApplication, QgsGeometry, QgsProject
from qgis.PyQt.QtCore import QObject, Qt, pyqtSignal

from ...engine.protocol import Code, Failure, Log, Progress, Result
from .. import messages, settings
from ..i18n import tr
from ..picture_task import PictureTask
from ..scene import Scene, SceneError, describe, region_in
from ..worker.client import Job
from ..worker.service import EngineService
from .question import Answer, Question


class Session(QObject):
    """The questions of one panel."""

    started = pyqtSignal()
    progressed = pyqtSignal(object)
    """A ``Progress`` of the worker, or a text while QGIS itself writes a picture."""
    warned = pyqtSignal(str)
    answered = pyqtSignal(object)
    """An ``Answer``."""
    failed = pyqtSignal(str, str)
    """Failure code and sentence."""
    finished = pyqtSignal()
    """After ``answered`` or ``failed``, always."""

    _event = pyqtSignal(object, object)

    def __init__(self, service: EngineService, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._service = service
        self._question: Question | None = None
        self._job: Job | None = None
        self._export: PictureTask | None = None
        self._clicked_at = 0.0
        self._scene_name = ""
        # Queued also on the main thread: an engine that cannot start answers while it is being asked.
        self._event.connect(self._on_event, Qt.ConnectionType.QueuedConnection)
        QgsProject.instance().cleared.connect(self._on_project_closed)

    @property
    def is_busy(self) -> bool:
        """Whether a question is being answered."""
        return self._question is not None

    def ask(self, question: Question) -> None:
        """Start to answer a question; what becomes of it comes as signals.

        Args:
            question: its layer is looked at now and not again.
        """
        if self.is_busy:
            return
        self._question = question
        self._clicked_at = time.monotonic()
        self.started.emit()
        try:
            if not question.expression.strip():
                self._fail(
                    Code.EXPRESSION, tr("The expression is empty: type what to look for, such as “storage tank”.")
                )
                return
            scene = describe(question.layer, as_displayed=question.as_displayed)
            region = region_in(scene, question.region, question.region_crs)
        except SceneError as error:
            self._fail(Code.RASTER, str(error))
            return
        except Exception:
            self._question = None  # a fault of the plugin must not block the questions after it
            self.finished.emit()
            raise
        self._scene_name = scene.name
        if scene.path:
            self._submit(scene.path, region)
        else:
            self._export_first(scene, region, question.export_gsd_m)

    def cancel(self) -> None:
        """Stop answering; nothing happens if nothing is asked."""
        if self._export is not None:
            self._export.cancel()
        if self._job is not None:
            self._job.cancel()

    def close(self) -> None:
        """Stop for good: no signal comes after this."""
        QgsProject.instance().cleared.disconnect(self._on_project_closed)
        self.blockSignals(True)
        job, self._job = self._job, None
        self.cancel()
        if job is not None:
            job.cancel()
        self._question = None

    def _on_project_closed(self) -> None:
        if self.is_busy:
            self.cancel()

    def _export_first(self, scene: Scene, region: QgsGeometry | None, gsd_m: float) -> None:
        self.progressed.emit(tr("Writing a temporary picture of “{name}”").replace("{name}", scene.name))
        self._export = PictureTask(scene, region, gsd_m)
        self._export.done.connect(lambda: self._on_exported(region))
        QgsApplication.taskManager().addTask(self._export)

    def _on_exported(self, region: QgsGeometry | None) -> None:
        task, self._export = self._export, None
        if task is None or self._question is None:
            return
        if task.isCanceled():
            self._fail(Code.CANCELLED, messages.sentence(Failure(None, Code.CANCELLED, "")))
        elif task.error is not None:
            self._fail(Code.RASTER, task.error)
        else:
            for text in task.warnings:
                self.warned.emit(text)
            self._submit(task.path, region)

    def _submit(self, raster: str, region: QgsGeometry | None) -> None:
        question = self._question
        if question is None:
            return
        try:
            output = _result_file(question.expression)
        except OSError as error:
            self._fail(
                Code.OUTPUT,
                tr("Results cannot be written to {folder} ({reason}): choose another data folder on the settings page.")
                .replace("{folder}", str(settings.data_folder()))
                .replace("{reason}", str(error.strerror)),
            )
            return
        params = {
            "raster": raster,
            "expressions": [question.expression],
            "output": str(output),
            "region": region.asWkt(9) if region is not None else None,
            "allow_unknown": True,
            **settings.cache_params(),
            **question.options,
        }
        self._job = self._service.submit("query", params, lambda message: self._relay(question, message))

    def _relay(self, question: Question, message: object) -> None:
        """Carry a message of the worker from the client's thread to the main one."""
        try:
            self._event.emit(question, message)
        except RuntimeError:
            return  # the panel was deleted meanwhile; there is nobody to tell

    def _on_event(self, question: Question, message: object) -> None:
        if self._question is not question:
            return
        if isinstance(message, Progress):
            self.progressed.emit(message)
        elif isinstance(message, Log) and message.level == "warning":
            self.warned.emit(message.text)
        elif isinstance(message, Failure):
            self._fail(message.code, messages.sentence(message))
        elif isinstance(message, Result):
            self._succeed(message.value)

    def _succeed(self, value: dict) -> None:
        question, self._question, self._job = self._question, None, None
        answer = Answer(
            expression=question.expression,
            layer_name=self._scene_name,
            path=value["output"],
            count=value["counts"][0],
            best_score=value["best_scores"][0],
            plan=value["plans"][0],
            model=value["model"],
            device=value["device"],
            engine_s=value["seconds"],
            total_s=time.monotonic() - self._clicked_at,
            explanation=value["explanations"][0],
            kept_from=value["kept_from"],
            warnings=tuple(value["warnings"]),
        )
        self.answered.emit(answer)
        self.finished.emit()

    def _fail(self, code: str, sentence: str) -> None:
        self._question = self._job = None
        self.failed.emit(code, sentence)
        self.finished.emit()


def _result_file(expression: str) -> Path:
    """Return a new path for an answer; the file stays until the person deletes it, so no answer is ever lost."""
    folder = settings.data_folder() / "results" / time.strftime("%Y-%m-%d")
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^\w-]+", "_", expression).strip("_")[:40] or "found"
    stamp = time.strftime("%H%M%S")
    path, number = folder / f"{stamp}-{name}.gpkg", 2
    while path.exists():
        path, number = folder / f"{stamp}-{name}-{number}.gpkg", number + 1
    return path
