"""A folder beside an output that keeps finished work of a run until the answer is written.

It is locked while a run is at it. Its journal is a file of lines, each appended and synced with a checksum of itself:
one that was cut short counts for nothing. The first line says what was asked; a run that asks anything else is refused.
"""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout

from ..geo_io.errors import OutputError
from .errors import OptionsError

Line = dict[str, Any]
_JOURNAL = "journal.jsonl"


class Unfinished:
    """The folder of one run; opened by the run, removed by whoever has written the answer."""

    def __init__(
        self, folder: Path, output_name: str, *, restart: bool = False, tell: Callable[[str], None] | None = None
    ) -> None:
        """Name the folder; nothing is touched yet.

        Args:
            folder: where all is kept; made when the run begins.
            output_name: how messages call what the run is for.
            restart: throw away what another run left.
            tell: given a sentence when the run goes on, or cannot go on, from what another left.
        """
        self.folder = folder
        self.output_name = output_name
        self.only_finished = False
        """Set it to take what is there as the whole answer."""
        self._restart = restart
        self._tell = tell
        self._lock: FileLock | None = None
        self._is_empty = False

    @property
    def share_done(self) -> float:
        """Return the share of the work that is kept, in [0, 1]."""
        return 0.0

    @property
    def part_note(self) -> str:
        """Return what an answer from that share covers."""
        return f"{self.share_done:.1%}"

    def open(self, asked: Mapping[str, object]) -> list[Line]:
        """Lock the folder and return the lines of a former run that asked the same, oldest first.

        Args:
            asked: all that the work depends on, as JSON values by the names that messages use.

        Raises:
            OptionsError: a former run asked something else.
            OutputError: another run is at it.
            OSError: the folder cannot be written.
        """
        head = json.loads(json.dumps(asked))
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self._acquire()
        lines = [] if self._restart else self._read_lines()
        self._restart = False
        if lines:
            self._check_same(lines[0], head)
            return lines[1:]
        self.start_over(head)
        return []

    def start_over(self, asked: Mapping[str, object]) -> None:
        """Throw away what is kept."""
        for path in self.folder.iterdir():
            if path.is_file() and path.name not in ("lock", "pid"):
                path.unlink(missing_ok=True)
        self.append(asked)
        self._is_empty = True

    def append(self, line: Mapping[str, object]) -> None:
        """Add a line to the journal and wait until it is on the disk.

        Raises:
            OSError: the disk is full; earlier lines still hold.
        """
        text = json.dumps(line, ensure_ascii=True)
        with (self.folder / _JOURNAL).open("a", encoding="ascii") as target:
            target.write(f"{zlib.crc32(text.encode()):08x} {text}\n")
            target.flush()
            os.fsync(target.fileno())
        self._is_empty = False

    def write(self, name: str, content: bytes) -> int:
        """Write a file, wait until it is on the disk, and return its checksum for the journal."""
        with (self.folder / name).open("wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        return zlib.crc32(content)

    def close(self) -> None:
        """Let another run go on; a folder that holds nothing of use goes away."""
        if self._lock is None:
            return
        if self._is_empty:
            self.remove()
        else:
            self._lock.release()
            self._lock = None

    def remove(self) -> None:
        """Remove all that was kept: the answer is written."""
        if self._lock is None:
            return
        # The lock holds until the folder is gone, except on Windows, which removes no open file.
        if os.name == "nt":
            self._lock.release()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.release()
        self._lock = None

    def say(self, sentence: str) -> None:
        """Tell the person something about what is kept."""
        if self._tell is not None and not self.only_finished:
            self._tell(sentence)

    def unusable(self, error: OSError) -> OutputError:
        """Return the error of a folder that cannot be written."""
        return OutputError(
            f"The unfinished run cannot be kept in {self.folder} ({error.strerror or error}): free the folder, "
            "choose another output, or use --no-resume."
        )

    def __enter__(self) -> Unfinished:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _acquire(self) -> None:
        if self._lock is not None:
            return
        lock = FileLock(self.folder / "lock", mode=0o600)
        owner = self.folder / "pid"
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            pid = owner.read_text(encoding="utf-8").strip() if owner.is_file() else "unknown"
            raise OutputError(
                f"Another run (process {pid}) is working on {self.output_name}: wait for it, or choose another output."
            ) from error
        self._lock = lock
        owner.write_text(f"{os.getpid()}\n", encoding="utf-8")

    def _check_same(self, former: Line, head: Line) -> None:
        names = [name for name in (*head, *(n for n in former if n not in head)) if former.get(name) != head.get(name)]
        if not names:
            return
        differences = "; ".join(f"{name}: {_brief(former.get(name))}, now {_brief(head.get(name))}" for name in names)
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        raise OptionsError(
            f"{self.folder.name} keeps an unfinished run that asked something else ({differences}): finish that one "
            "first, choose another output, or throw it away with --restart."
        )

    def _read_lines(self) -> list[Line]:
        path = self.folder / _JOURNAL
        lines: list[Line] = []
        content = path.read_bytes() if path.is_file() else b""
        whole = 0
        for raw in content.splitlines(keepends=True):
            checksum, _, text = raw.decode("ascii", "replace").rstrip("\n").partition(" ")
            if not raw.endswith(b"\n") or checksum != f"{zlib.crc32(text.encode()):08x}":
                break
            lines.append(json.loads(text))
            whole += len(raw)
        if whole < len(content):  # later lines must not hang on to one that was cut short
            os.truncate(path, whole)
        return lines


def _brief(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else "none" if value is None else str(value)
    return f"'{text}'" if len(text) <= 80 else f"'{text[:77]}...'"
