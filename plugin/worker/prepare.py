"""Preparing the environment as a QGIS task, so that it can be seen and cancelled where all tasks are."""

from __future__ import annotations

import sys
from pathlib import Path

from qgis.core import QgsTask
from qgis.PyQt.QtCore import pyqtSignal

from .. import settings
from ..i18n import tr
from .base_python import find_base_python
from .build import CancelledError, EnvironmentFailedError, Request, prepare
from .environment import NEEDED_BYTES
from .network import pip_variables
from .service import EngineService


class PrepareTask(QgsTask):
    """Makes the environment; ``done`` comes on the main thread with an empty text, or the sentence of a failure."""

    reported = pyqtSignal(float, str)
    """Share done in [0, 1], and what is going on."""
    done = pyqtSignal(bool, str)

    def __init__(self, service: EngineService) -> None:
        super().__init__(tr("Referent: preparing the engine"), QgsTask.Flag.CanCancel)
        service.restart()  # a running worker would keep the old environment's files open
        folder = settings.data_folder()
        self._folder = folder
        self._profile = chosen_profile()
        self._variables = pip_variables(folder / "certificates.pem")
        wheels = settings.get("wheel_folder")
        self._wheels = Path(wheels) if wheels else None
        self._error = ""

    def run(self) -> bool:
        """Make it; on a thread of the task manager, so an exception must not leave."""
        try:
            python, profile = find_base_python(self._profile)
            request = Request(self._folder, profile, python, self._variables, self._wheels)
            prepare(request, self._report, self.isCanceled)
        except CancelledError:
            self._error = tr("Cancelled; nothing was changed.")
        except EnvironmentFailedError as error:
            self._error = str(error)
        except Exception as error:
            # QGIS crashes when a task raises; whatever it was becomes a sentence.
            self._error = tr("The engine could not be prepared: {reason}").replace("{reason}", str(error))
        return not self._error

    def finished(self, result: bool) -> None:
        """Tell who listens, on the main thread."""
        self.done.emit(result, self._error)

    def _report(self, share: float, line: str) -> None:
        self.setProgress(100 * share)
        self.reported.emit(share, line)


def chosen_profile() -> str:
    """Return ``cpu`` or ``cuda``, as set or as the machine suggests."""
    profile = str(settings.get("profile"))
    if profile in NEEDED_BYTES:
        return profile
    driver = "C:/Windows/System32/nvcuda.dll" if sys.platform == "win32" else "/proc/driver/nvidia/version"
    return "cuda" if Path(driver).exists() else "cpu"
