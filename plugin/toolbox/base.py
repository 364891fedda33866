"""What all algorithms share: running a job of the worker from a Processing thread."""

from __future__ import annotations

import queue
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingUtils,
    QgsRasterBlockFeedback,
)
from qgis.PyQt.QtGui import QIcon

from ...engine.protocol import Failure, Log, Message, Metrics, Progress, Result
from .. import messages
from ..help import help_url
from ..i18n import tr
from ..paths import resource
from ..scene import Scene, SceneError, export
from ..worker.service import engine_python

Span = tuple[float, float]
POLL_S = 0.1
STEPS_PER_LINE = 10


class ReferentAlgorithm(QgsProcessingAlgorithm):
    """An algorithm whose work is done by the worker."""

    def createInstance(self):
        """Return a new instance, as Processing asks for each run."""
        return type(self)()

    def icon(self):
        """Return the plugin's icon."""
        return QIcon(resource("icons/referent.svg"))

    def group(self):
        """Return nothing: five algorithms need no groups."""
        return ""

    def groupId(self):
        """Return nothing, see :meth:`group`."""
        return ""

    def helpUrl(self):
        """Return the page of this algorithm."""
        return help_url(self.name())

    def canExecute(self):
        """Tell, before anything is filled in, whether there is an engine."""
        if engine_python() is None:
            return False, messages.sentence(Failure(None, "engine_missing", ""))
        return True, ""

    def run_job(
        self,
        method: str,
        params: Mapping[str, Any],
        feedback: QgsProcessingFeedback,
        span: Span = (0, 100),
    ) -> dict[str, Any]:
        """Run a job, showing its progress; returns its value.

        Args:
            method: of the protocol.
            params: its JSON object.
            feedback: of the algorithm.
            span: share of the whole algorithm, in percent from and to.

        Raises:
            QgsProcessingException: the job failed or was cancelled.
        """
        events: queue.Queue[Message] = queue.Queue()
        job = self.provider().service.submit(method, params, events.put)
        while not job.wait(POLL_S):
            if feedback.isCanceled():
                job.cancel()
            self._show(events, feedback, span)
        self._show(events, feedback, span)
        if isinstance(job.outcome, Result):
            return job.outcome.value
        raise QgsProcessingException(messages.sentence(job.outcome))

    def _show(self, events: queue.Queue[Message], feedback: QgsProcessingFeedback, span: Span) -> None:
        while not events.empty():
            event = events.get()
            if isinstance(event, Metrics):
                is_measured = any(not name.startswith("loss") for name in event.values)
                if is_measured or event.step % STEPS_PER_LINE == 0 or event.step == event.total:
                    figures = ", ".join(f"{name} {value:.3f}" for name, value in event.values.items())
                    feedback.pushInfo(f"{event.step}/{event.total}: {figures}")
            elif isinstance(event, Log):
                (feedback.pushWarning if event.level == "warning" else feedback.pushInfo)(event.text)
            elif isinstance(event, Progress) and event.total > 0:
                feedback.setProgressText(messages.stage(event.stage))
                feedback.setProgress(span[0] + (span[1] - span[0]) * event.done / event.total)

    def scene_file(self, scene: Scene, region: Any, gsd_m: float, feedback: QgsProcessingFeedback) -> str:
        """Return the path of a layer for the worker, exporting it first where it is no file."""
        if scene.path:
            return scene.path
        feedback.pushInfo(
            tr("“{name}” is written to a temporary GeoTIFF first, at {gsd} m per pixel.")
            .replace("{name}", scene.name)
            .replace("{gsd}", f"{gsd_m:g}")
        )
        block_feedback = QgsRasterBlockFeedback()
        feedback.canceled.connect(block_feedback.cancel)
        try:
            path, warnings = export(scene, region, gsd_m, Path(QgsProcessingUtils.tempFolder()), block_feedback)
        except SceneError as error:
            raise QgsProcessingException(str(error)) from error
        for text in warnings:
            feedback.pushWarning(text)
        return path
