"""Writing what QGIS draws to a file, as a task beside the main thread."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsGeometry, QgsProcessingUtils, QgsRasterBlockFeedback, QgsTask
from qgis.PyQt.QtCore import pyqtSignal

from .i18n import tr
from .scene import Scene, SceneError, export


class PictureTask(QgsTask):
    """Makes the file of a layer that has none; ``done`` comes on the main thread.

    The file lies below QGIS's own temporary folder and goes when QGIS goes.
    """

    done = pyqtSignal()

    def __init__(self, scene: Scene, region: QgsGeometry | None, gsd_m: float) -> None:
        super().__init__(tr("Referent: picture of “{name}”").replace("{name}", scene.name), QgsTask.Flag.CanCancel)
        self._scene, self._region, self._gsd_m = scene, region, gsd_m
        self._folder = Path(QgsProcessingUtils.tempFolder()) / "referent-views"
        self._feedback = QgsRasterBlockFeedback()
        self.path = ""
        self.warnings: list[str] = []
        self.error: str | None = None

    def run(self) -> bool:
        """Write the file; on a thread of the task manager, so an exception must not leave."""
        try:
            self.path, self.warnings = export(self._scene, self._region, self._gsd_m, self._folder, self._feedback)
        except SceneError as error:
            self.error = str(error)
        except Exception as error:
            # QGIS crashes when a task raises; whatever it was becomes a sentence.
            self.error = tr("The picture could not be written: {reason}.").replace("{reason}", str(error))
        return self.error is None

    def finished(self, result: bool) -> None:
        """Tell who waits, on the main thread."""
        self.done.emit()

    def cancel(self) -> None:
        """Stop writing."""
        self._feedback.cancel()
        super().cancel()
