"""Stages that work at the same time, in order and with bounded queues: reading ahead, and finishing behind."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

Result = TypeVar("Result")


def ahead(calls: Iterable[Callable[[], Result]], pool: ThreadPoolExecutor, depth: int) -> Iterator[Result]:
    """Yield the results of calls in their order, while the pool works on at most ``depth`` of the next ones.

    Args:
        calls: taken one by one as there is room.
        pool: where they run.
        depth: results that may wait, 1 or more: what bounds the memory.
    """
    waiting: deque[Future[Result]] = deque()
    try:
        for call in calls:
            waiting.append(pool.submit(call))
            if len(waiting) > depth:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


class Behind:
    """One thread that does calls in their order; the caller waits when too many are undone.

    A failed call fails the next :meth:`do` or :meth:`wait`, and nothing after it is done.
    """

    def __init__(self, depth: int) -> None:
        """Start the thread.

        Args:
            depth: calls that may wait, 1 or more.
        """
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="referent-behind")
        self._waiting: deque[Future[None]] = deque()
        self._depth = depth
        self._has_failed = False

    def do(self, call: Callable[[], None]) -> None:
        """Have a call done after those before it."""
        while len(self._waiting) >= self._depth or (self._waiting and self._waiting[0].done()):
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(self._do, call))

    def wait(self) -> None:
        """Return when everything is done."""
        while self._waiting:
            self._waiting.popleft().result()

    def _do(self, call: Callable[[], None]) -> None:
        if self._has_failed:
            return
        try:
            call()
        except BaseException:
            self._has_failed = True
            raise

    def __enter__(self) -> Behind:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
