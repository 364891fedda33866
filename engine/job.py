"""What a job of the worker is, and what it may do besides computing."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from .protocol import Log, Message, Metrics, Progress

PROGRESS_INTERVAL_S = 0.1


class JobContext:
    """What a job may do besides computing: report, and ask whether it is still wanted."""

    def __init__(self, request_id: int, send: Callable[[Message], None]) -> None:
        """Bind the context to one request and the stream that its messages go to."""
        self._id = request_id
        self._send = send
        self._cancelled = threading.Event()
        self._last_stage = ""
        self._last_time = 0.0

    def cancel(self) -> None:
        """Note that the person does not want the job any more."""
        self._cancelled.set()

    def is_cancelled(self) -> bool:
        """Return whether the job should stop."""
        return self._cancelled.is_set()

    def progress(self, stage: str, done: int, total: int, unit: str) -> None:
        """Report how far the job is; reports that come too fast are left out, ends of stages never."""
        now = time.monotonic()
        if stage == self._last_stage and done < total and now - self._last_time < PROGRESS_INTERVAL_S:
            return
        self._last_stage, self._last_time = stage, now
        self._send(Progress(self._id, stage, done, total, unit))

    def metrics(self, step: int, total: int, values: Mapping[str, float]) -> None:
        """Report how well a training does; numbers that are not finite are left out."""
        finite = {name: float(value) for name, value in values.items() if math.isfinite(value)}
        self._send(Metrics(self._id, step, total, finite))

    def warn(self, text: str) -> None:
        """Send a sentence that the person should read."""
        self._send(Log("warning", text, self._id))


Job = Callable[[Mapping[str, Any], JobContext], dict[str, Any]]
"""A method: takes the params of a request, returns the value of its result."""
