"""One worker process: its three pipes, each drained by a thread, and a watchdog.

Knows nothing of jobs. Whatever happens to the process, ``on_end`` is called exactly once, with a code and a sentence.
"""

from __future__ import annotations

import queue
import subprocess  # nosec B404 - the worker is a process by design
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Callable

from ...engine.protocol import (
    MAX_LINE_BYTES,
    PROTOCOL_VERSION,
    Code,
    Hello,
    Message,
    Ping,
    Pong,
    ProtocolError,
    Shutdown,
    decode,
    encode,
)
from .vitals import Vitals, is_computing, look

TICK_S = 0.2
SILENCE_S = 1.4
"""A worker that answers no ping for so long, and computes nothing, hangs."""
BUSY_SILENCE_S = 60.0
"""A worker that answers no ping but computes (a library holds Python's lock) is given so long."""
START_PATIENCE_S = 180.0
CLOSE_PATIENCE_S = 2.0
PIPE_PATIENCE_S = 0.5


class WorkerProcess:
    """A running worker.

    Args:
        command: program and arguments.
        environment: of the child; None for a copy of this process's.
        on_message: gets each message except pongs, on the reader's thread.
        on_stderr: gets each line of standard error, on a thread of its own.
        on_end: gets the failure code and the sentence when the process is gone.
        is_stuck: asked at each tick; True ends the process.

    Raises:
        OSError: the program cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None,
        on_message: Callable[[Message], None],
        on_stderr: Callable[[str], None],
        on_end: Callable[[WorkerProcess, str, str], None],
        is_stuck: Callable[[], bool],
    ) -> None:
        self._on_message = on_message
        self._on_stderr = on_stderr
        self._on_end = on_end
        self._is_stuck = is_stuck
        self._reason: tuple[str, str] | None = None
        self._ended = threading.Event()
        self._finish_lock = threading.Lock()
        self._outbox: queue.Queue[Message | None] = queue.Queue()
        self._greeted = False
        self._started_at = self._heard_at = time.monotonic()
        self._process = subprocess.Popen(  # nosec B603 - a fixed argument list, no shell
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment) if environment is not None else None,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        for target in (self._read, self._drain, self._watch):
            self._start(target)

    @staticmethod
    def _start(target: Callable[[], None]) -> None:
        threading.Thread(target=target, name=f"referent{target.__name__}", daemon=True).start()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def send(self, message: Message) -> None:
        """Queue a message; never blocks, however full the pipe is."""
        self._outbox.put(message)

    def close(self) -> None:
        """Ask the process to end, kill it if it does not, and wait until it is gone."""
        self._reason = (Code.CANCELLED, "The engine was closed.")
        self.send(Shutdown())
        self._outbox.put(None)
        for end in (self._process.terminate, self._process.kill):
            try:
                self._process.wait(CLOSE_PATIENCE_S if self._greeted else 0.0)
                break
            except subprocess.TimeoutExpired:
                end()
        self._process.wait()
        self._ended.wait(PIPE_PATIENCE_S)

    def _write(self) -> None:
        stream = self._process.stdin
        while stream is not None:
            message = self._outbox.get()
            if message is None:
                break
            try:
                stream.write(encode(message))
                stream.flush()
            except (OSError, ValueError):
                return  # the process is gone; the reader says so
        if stream is not None:
            stream.close()

    def _read(self) -> None:
        stream = self._process.stdout
        while stream is not None:
            line = stream.readline(MAX_LINE_BYTES)
            if not line:
                break
            self._heard_at = time.monotonic()
            try:
                message = decode(line)
            except ProtocolError as error:
                self._on_stderr(f"Unreadable line from the engine: {error}")
                continue
            if isinstance(message, Hello):
                self._greet(message)
            if not isinstance(message, Pong):
                self._on_message(message)
        self._finish()

    def _greet(self, hello: Hello) -> None:
        if hello.protocol != PROTOCOL_VERSION:
            self._end(
                Code.ENGINE_VERSION,
                f"The engine speaks protocol {hello.protocol}, this plugin {PROTOCOL_VERSION}: "
                "restart QGIS, or repair the engine on the settings page.",
            )
        elif not self._greeted:
            self._greeted = True
            self._start(self._write)  # what was queued until now goes out now

    def _drain(self) -> None:
        stream = self._process.stderr
        while stream is not None:
            line = stream.readline(MAX_LINE_BYTES)
            if not line:
                return
            self._on_stderr(line.decode("utf-8", "replace").rstrip())

    def _watch(self) -> None:
        seq = 0
        vitals_at_sign = look(self.pid)
        seen_heard_at = self._heard_at
        while not self._ended.wait(TICK_S):
            if self._process.poll() is not None:
                if not self._ended.wait(PIPE_PATIENCE_S):  # a grandchild may hold the pipe open
                    self._finish()
                return
            now = time.monotonic()
            if self._is_stuck():
                self._end(Code.CANCELLED, "The engine did not stop when asked and was ended.")
            elif not self._greeted:
                if now - self._started_at > START_PATIENCE_S:
                    self._end(Code.ENGINE_START, f"The engine did not start within {START_PATIENCE_S:.0f} seconds.")
            else:
                seq += 1
                self.send(Ping(seq))
                if self._heard_at != seen_heard_at:
                    seen_heard_at, vitals_at_sign = self._heard_at, look(self.pid)
                elif now - self._heard_at > SILENCE_S:
                    self._judge_silence(now - self._heard_at, vitals_at_sign)

    def _judge_silence(self, silence_s: float, vitals_at_sign: Vitals) -> None:
        computes = is_computing(vitals_at_sign, look(self.pid), silence_s)
        if silence_s > (BUSY_SILENCE_S if computes else SILENCE_S):
            self._end(
                Code.ENGINE_HUNG,
                f"The engine stopped answering {silence_s:.0f} seconds ago and was ended; ask again to start it anew.",
            )

    def _end(self, code: str, sentence: str) -> None:
        if self._reason is None:
            self._reason = (code, sentence)
        self._process.kill()

    def _finish(self) -> None:
        with self._finish_lock:
            if self._ended.is_set():
                return
            self._ended.set()
        self._outbox.put(None)
        exit_code = self._process.wait()
        code, sentence = self._reason or (
            Code.ENGINE_DIED if self._greeted else Code.ENGINE_START,
            describe_exit(exit_code, self._greeted),
        )
        self._on_end(self, code, sentence)


def describe_exit(exit_code: int, greeted: bool) -> str:
    """Return one sentence for an exit that nobody asked for.

    Args:
        exit_code: as ``Popen.returncode`` gives it: negative for a signal.
        greeted: whether the worker had said that it is ready.
    """
    if not greeted:
        return (
            f"The engine ended while starting (exit code {exit_code}): "
            "repair it on the settings page, or read its log in the diagnostics report."
        )
    if exit_code == -9 or (sys.platform == "win32" and exit_code & 0xFFFFFFFF == 0xC0000017):
        return (
            "The engine was killed, most often for want of memory; "
            "ask again to start it anew, on a smaller area if it happens twice."
        )
    return f"The engine ended unexpectedly (exit code {exit_code}); ask again to start it anew."
