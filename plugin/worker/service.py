"""The engine as the rest of the plugin sees it: one client, started from what the settings say, with a log."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Callable

from qgis.core import Qgis, QgsMessageLog

from ...engine.protocol import Message
from .. import settings
from ..i18n import tr
from ..paths import PLUGIN_FOLDER
from .client import CANCEL_PATIENCE_S, Job, WorkerClient, WorkerMissingError
from .environment import engine_folder, is_outdated, python_of, read_state
from .variables import clean_variables

LOG_TAG = "Referent"
LOG_BYTES = 1_000_000
LONG_METHODS = frozenset({"describe_training", "train", "evaluate"})
PYTHON_VARIABLE = "REFERENT_PYTHON"
"""Environment variable that names the engine's Python, for qgis_process and tests; it goes before the settings."""


def engine_python() -> Path | None:
    """Return the Python that has the engine: the person's own, else the managed one, else None."""
    chosen = os.environ.get(PYTHON_VARIABLE) or settings.get("python")
    if chosen:
        return Path(chosen)
    folder = settings.data_folder()
    state = read_state(folder)
    return python_of(engine_folder(folder)) if state is not None and not is_outdated(state) else None


def worker_command(python: Path) -> list[str]:
    """Return the command line of the worker.

    Args:
        python: the interpreter that has the engine's libraries.
    """
    script = PLUGIN_FOLDER / "engine" / "run_worker.py"
    idle_s = 60 * settings.get("idle_unload_min")
    return [str(python), "-I", "-X", "utf8", str(script), "--idle-unload-s", str(idle_s)]


def _command_from_settings() -> list[str]:
    python = engine_python()
    if python is None:
        raise WorkerMissingError(tr("There is no engine yet."))
    if not python.exists():
        raise WorkerMissingError(
            tr(
                "The Python chosen for the engine is not there any more: {path}. Choose another on the settings page."
            ).replace("{path}", str(python))
        )
    return worker_command(python)


class EngineService:
    """The workers of the whole of QGIS, started by the first job and ended by :meth:`close`.

    One answers questions. Another, only while it is needed, does what takes long, so that questions need not wait.
    """

    def __init__(self) -> None:
        """Start nothing."""
        self._handler: RotatingFileHandler | None = None
        self._logger = logging.Logger("referent.worker")  # not registered: reloading the plugin makes a new one
        self._client = self._make_client()
        self._long_client = self._make_client()

    def submit(
        self,
        method: str,
        params: Mapping[str, Any],
        on_event: Callable[[Message], None],
        cancel_patience_s: float = CANCEL_PATIENCE_S,
    ) -> Job:
        """Send a job; ``on_event`` is called on a thread of the client, never on the main one."""
        client = self._long_client if method in LONG_METHODS else self._client
        return client.submit(method, params, on_event, cancel_patience_s)

    @property
    def pid(self) -> int | None:
        """Process id of the worker that answers questions, None when none runs."""
        return self._client.pid

    @property
    def long_pid(self) -> int | None:
        """Process id of the worker that does what takes long, None when none runs."""
        return self._long_client.pid

    @property
    def last_words(self) -> list[str]:
        """The latest lines of the workers' standard error."""
        return [*self._client.stderr_tail, *self._long_client.stderr_tail]

    def end_long(self) -> None:
        """End the worker that does what takes long: its memory is only worth keeping while a dialog is open."""
        self._long_client.close()

    def restart(self) -> None:
        """End the workers so that the next job starts one from the settings as they are then."""
        self._long_client.close()
        self._client.close()

    def close(self) -> None:
        """End the workers and close the log."""
        self.restart()
        if self._handler is not None:
            self._logger.removeHandler(self._handler)
            self._handler.close()
            self._handler = None

    def _make_client(self) -> WorkerClient:
        return WorkerClient(_command_from_settings, lambda: clean_variables(os.environ), self._log)

    def _log(self, line: str) -> None:
        if self._handler is None:
            self._handler = self._open_log()
        self._logger.info(line)
        QgsMessageLog.logMessage(line, LOG_TAG, Qgis.MessageLevel.Info, False)

    def _open_log(self) -> RotatingFileHandler | None:
        path = log_file()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=1, encoding="utf-8")
        except OSError:
            return None  # a read-only home: the message log still has every line
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        self._logger.addHandler(handler)
        return handler


def log_file() -> Path:
    """Return where the worker's log lies."""
    return settings.data_folder() / "logs" / "worker.log"
