"""The client: starts the worker, sends it jobs, and notices when it is gone.

Knows the protocol and processes, not QGIS: callbacks arrive on the client's own threads. A job is never left open: a
worker that dies, hangs or cannot start ends every open job with a failure, and the next job starts a new worker.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from ...engine.protocol import Cancel, Code, Failure, Hello, Log, Message, Request, Result
from .process import WorkerProcess

CANCEL_PATIENCE_S = 0.5
"""A cancelled job that has not ended after so long is over for the caller; the worker may finish its batch."""
STUCK_PATIENCE_S = 8.0
"""A worker that still computes a job that is over, so long after that, is ended."""
STDERR_LINES = 400


class WorkerMissingError(Exception):
    """There is no engine to start; the message says what to do.

    Args:
        message: one sentence.
        code: failure code.
    """

    def __init__(self, message: str, code: str = Code.ENGINE_MISSING) -> None:
        super().__init__(message)
        self.code = code


class Job:
    """One request and what became of it."""

    def __init__(
        self,
        client: WorkerClient,
        request: Request,
        on_event: Callable[[Message], None],
        cancel_patience_s: float = CANCEL_PATIENCE_S,
    ) -> None:
        """Bind a request to the client that sends it; ``on_event`` gets its progress, logs and its one ending."""
        self.request = request
        self.cancel_patience_s = cancel_patience_s
        self.outcome: Result | Failure | None = None
        self.cancelled_at: float | None = None
        self._client = client
        self._on_event = on_event
        self._done = threading.Event()
        self._lock = threading.Lock()

    def cancel(self) -> None:
        """Ask the worker to stop; the job is over after ``cancel_patience_s`` whatever the worker does."""
        self._client.cancel(self)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the job is over, at most ``timeout_s`` seconds; returns whether it is."""
        return self._done.wait(timeout_s)

    def notify(self, message: Message) -> None:
        """Take a message of the worker about this job."""
        ending = isinstance(message, (Result, Failure))
        with self._lock:
            if self.outcome is not None:
                return
            if ending:
                self.outcome = message
        self._on_event(message)
        if ending:
            self._done.set()


class WorkerClient:
    """One worker process at a time, started when a job needs it.

    Args:
        command: gives the command line, asked anew at each start; raises ``WorkerMissingError`` if there is none.
        environment: of the child; None for a copy of this process's.
        on_log: gets the worker's standard error and the client's own remarks, line by line, on any thread.
    """

    def __init__(
        self,
        command: Callable[[], Sequence[str]],
        environment: Callable[[], Mapping[str, str]] | None = None,
        on_log: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._command = command
        self._environment = environment
        self._on_log = on_log
        self._ids = itertools.count(1)
        self._lock = threading.RLock()
        self._process: WorkerProcess | None = None
        self._jobs: dict[int, Job] = {}
        self.hello: Hello | None = None
        self.stderr_tail: deque[str] = deque(maxlen=STDERR_LINES)

    def submit(
        self,
        method: str,
        params: Mapping[str, Any],
        on_event: Callable[[Message], None] = lambda message: None,
        cancel_patience_s: float = CANCEL_PATIENCE_S,
    ) -> Job:
        """Send a job and return at once.

        Args:
            method: of the protocol.
            params: its JSON object.
            on_event: called on a thread of the client with each progress, log, and the one result or failure.
            cancel_patience_s: how long the worker may take to wind up once cancelled, as a training that keeps its
                best model does.
        """
        job = Job(self, Request(next(self._ids), method, dict(params)), on_event, cancel_patience_s)
        self._send(job)
        return job

    def _send(self, job: Job) -> None:
        with self._lock:
            failure = self._ensure_process(job.request.id)
            process = self._process
            if process is not None:
                self._jobs[job.request.id] = job
                process.send(job.request)
        if failure is not None:
            job.notify(failure)

    def cancel(self, job: Job) -> None:
        """Cancel a job of this client; without effect on one that is over."""
        with self._lock:
            if job.outcome is None and job.cancelled_at is None:
                job.cancelled_at = time.monotonic()
                if self._process is not None:
                    self._process.send(Cancel(job.request.id))

    @property
    def pid(self) -> int | None:
        """Process id of the worker, None when none runs."""
        process = self._process
        return process.pid if process is not None else None

    def close(self) -> None:
        """End the worker: asked first, killed if it does not go; every open job ends as cancelled."""
        with self._lock:
            process, self._process = self._process, None
            jobs, self._jobs = list(self._jobs.values()), {}
        for job in jobs:
            job.notify(Failure(job.request.id, Code.CANCELLED, "Cancelled."))
        if process is not None:
            process.close()

    def _ensure_process(self, request_id: int) -> Failure | None:
        if self._process is not None:
            return None
        try:
            command = list(self._command())
            environment = dict(self._environment()) if self._environment is not None else None
            self.hello = None
            self._process = WorkerProcess(
                command, environment, self._on_message, self._on_stderr, self._on_end, self._is_stuck
            )
        except WorkerMissingError as error:
            return Failure(request_id, error.code, str(error))
        except OSError as error:
            return Failure(request_id, Code.ENGINE_START, f"The engine did not start: {error}.")
        return None

    def _on_message(self, message: Message) -> None:
        if isinstance(message, Hello):
            self.hello = message
            return
        request_id = getattr(message, "id", None)
        with self._lock:
            job = self._jobs.get(request_id) if request_id is not None else None
            if job is not None and isinstance(message, (Result, Failure)):
                del self._jobs[job.request.id]
        if job is not None:
            job.notify(message)
        elif isinstance(message, (Log, Failure)):
            self._on_stderr(message.text if isinstance(message, Log) else message.message)

    def _on_stderr(self, line: str) -> None:
        self.stderr_tail.append(line)
        self._on_log(line)

    def _on_end(self, process: WorkerProcess, code: str, sentence: str) -> None:
        with self._lock:
            if self._process is not process:
                return
            self._process = None
            jobs, self._jobs = list(self._jobs.values()), {}
        self._on_log(sentence)
        detail = "\n".join(self.stderr_tail)
        for job in jobs:
            if job.cancelled_at is not None:
                job.notify(Failure(job.request.id, Code.CANCELLED, "Cancelled."))
            elif code == Code.CANCELLED:
                self._send(job)  # it only waited behind a job that would not stop
            else:
                job.notify(Failure(job.request.id, code, sentence, detail))

    def _is_stuck(self) -> bool:
        """End cancelled jobs that the worker did not end in time; returns whether the worker is stuck in one."""
        now = time.monotonic()
        with self._lock:
            late = [(job, now - job.cancelled_at) for job in self._jobs.values() if job.cancelled_at is not None]
        for job, waited_s in late:
            if waited_s > job.cancel_patience_s and job.outcome is None:
                job.notify(Failure(job.request.id, Code.CANCELLED, "Cancelled."))
        return any(waited_s > job.cancel_patience_s + STUCK_PATIENCE_S for job, waited_s in late)
