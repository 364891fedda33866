"""The worker: reads requests, computes them one after the other, and never dies of a request.

Owns the loop, the threads and the way out. What a request computes is in ``engine.jobs``; what travels is in
``engine.protocol``. Two threads stand beside the main one: a reader, which answers pings and takes cancels while a job
runs, and a guard, which ends the process when its parent is gone.
"""

from __future__ import annotations

import argparse
import logging
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO

from .job import Job, JobContext
from .protocol import (
    MAX_LINE_BYTES,
    PROTOCOL_VERSION,
    Cancel,
    Code,
    Failure,
    Hello,
    Message,
    Ping,
    Pong,
    ProtocolError,
    Request,
    Result,
    Shutdown,
    decode,
    encode,
)

EXIT_PATIENCE_S = 2.0
PARENT_CHECK_S = 1.0

logger = logging.getLogger(__name__)


class Worker:
    """The loop over requests.

    Args:
        source: where lines come from; its end means shutdown.
        sink: where lines go; must write each call at once.
        jobs: method name to job.
        explain: turns an exception into a failure code and a sentence.
        on_idle: gives memory back; called once after ``idle_s`` seconds without a request.
        idle_s: seconds; 0 for never.
    """

    def __init__(
        self,
        source: BinaryIO,
        sink: BinaryIO,
        jobs: Mapping[str, Job],
        explain: Callable[[BaseException], tuple[str, str]],
        *,
        on_idle: Callable[[], None] = lambda: None,
        idle_s: float = 0.0,
    ) -> None:
        self._source = source
        self._sink = sink
        self._jobs = jobs
        self._explain = explain
        self._on_idle = on_idle
        self._idle_s = idle_s
        self._write_lock = threading.Lock()
        self._lock = threading.Lock()
        self._open: dict[int, JobContext] = {}
        self._requests: queue.Queue[Request | None] = queue.Queue()

    def run(self, hello: Hello) -> None:
        """Send ``hello`` and answer requests until shutdown or the end of the input."""
        threading.Thread(target=self._read, name="reader", daemon=True).start()
        self.send(hello)
        rested = self._idle_s <= 0
        while True:
            try:
                request = self._requests.get(timeout=None if rested else self._idle_s)
            except queue.Empty:
                self._on_idle()
                rested = True
                continue
            if request is None:
                return
            self._answer(request)
            rested = self._idle_s <= 0

    def send(self, message: Message) -> None:
        """Write a message; a client that is gone is noticed by the reader, not here."""
        line = encode(message)
        with self._write_lock:
            try:
                self._sink.write(line)
                self._sink.flush()
            except OSError as error:
                logger.debug("The client does not read any more: %s", error)

    def _read(self) -> None:
        while True:
            line = self._source.readline(MAX_LINE_BYTES)
            if not line:
                break
            try:
                message = decode(line)
            except ProtocolError as error:
                self.send(Failure(None, Code.BAD_REQUEST, str(error)))
                continue
            if isinstance(message, Shutdown):
                break
            self._take(message)
        self._stop()

    def _take(self, message: Message) -> None:
        if isinstance(message, Ping):
            self.send(Pong(message.seq))
        elif isinstance(message, Cancel):
            with self._lock:
                context = self._open.get(message.id)
            if context is not None:
                context.cancel()
        elif isinstance(message, Request):
            with self._lock:
                known = message.id in self._open
                if not known:
                    self._open[message.id] = JobContext(message.id, self.send)
            if known:
                self.send(Failure(message.id, Code.BAD_REQUEST, f"Request {message.id} is already being computed."))
            else:
                self._requests.put(message)
        else:
            self.send(Failure(None, Code.BAD_REQUEST, f"A worker takes no {type(message).__name__}."))

    def _stop(self) -> None:
        with self._lock:
            for context in self._open.values():
                context.cancel()
        self._requests.put(None)
        # The main thread normally leaves first, and this daemon with it.
        time.sleep(EXIT_PATIENCE_S)
        os._exit(0)

    def _answer(self, request: Request) -> None:
        context = self._open[request.id]
        answer: Message
        try:
            answer = Result(request.id, self._compute(request, context))
            encode(answer)
        except Exception as error:
            # The one place of the worker that catches everything: a request may fail, the worker goes on.
            code, sentence = self._explain(error)
            if context.is_cancelled() and code != Code.CANCELLED:
                code, sentence = Code.CANCELLED, "Cancelled."
            detail = "" if code == Code.CANCELLED else traceback.format_exc()
            answer = Failure(request.id, code, sentence, detail)
        with self._lock:
            del self._open[request.id]
        self.send(answer)

    def _compute(self, request: Request, context: JobContext) -> dict[str, Any]:
        job = self._jobs.get(request.method)
        if job is None:
            raise ProtocolError(f"There is no method {request.method!r}; there are {', '.join(sorted(self._jobs))}.")
        if context.is_cancelled():
            raise InterruptedError("cancelled before it began")
        return job(request.params, context)


def _guard_parent() -> None:
    """End the process when its parent is gone, also where a copy of the input's other end keeps it open."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_CHECK_S)
        os._exit(0)

    threading.Thread(target=watch, name="guard", daemon=True).start()


def main(source: BinaryIO, sink: BinaryIO, arguments: Sequence[str]) -> int:
    """Run the worker on two streams of its own; returns the exit code.

    Args:
        source: the client's lines.
        sink: the worker's lines.
        arguments: command line, without the program.
    """
    parser = argparse.ArgumentParser(prog="run_worker.py")
    parser.add_argument("--idle-unload-s", type=float, default=600.0, help="give memory back after so many seconds")
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    _guard_parent()
    # Imported before the reader starts: on Windows, importing numpy while a thread waits on a pipe hangs (numpy 24290).
    from .. import __version__
    from .jobs import JOBS, explain, give_memory_back

    worker = Worker(source, sink, JOBS, explain, on_idle=give_memory_back, idle_s=options.idle_unload_s)
    worker.run(Hello(PROTOCOL_VERSION, __version__, os.getpid(), sys.version.split()[0]))
    return 0
