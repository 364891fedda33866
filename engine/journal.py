"""What a killed run leaves behind, so that the same command goes on where it stopped.

A folder beside the output holds the scores of the finished rows, what blending still holds of the rows below them, and
a journal: one line per checkpoint, appended and synced, each with checksums of itself and of what it vouches for.
A line that was cut short counts for nothing, so whatever the moment of a kill, the last whole line is true. The first
line says what was asked; a run that asks anything else is refused.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from ..geo_io.errors import OutputError
from ..geo_io.score_file import ScoreFile
from ..geo_io.window import Window
from .errors import OptionsError

FORMAT = "referent-journal/1"
CHECKPOINT_INTERVAL_S = 1.0
"""Checkpoints wait for the disk, so they keep this distance; a kill costs at most this and one group of windows."""
_READ_BYTES = 1 << 24


@dataclass(frozen=True)
class Checkpoint:
    """The state of a scan at the end of some row of windows."""

    window_rows: int
    """Rows of windows that are through."""
    row_end: int
    """Rows of the scene that are final."""
    best: tuple[float, ...]
    """Highest score so far, one per expression."""
    counts: Mapping[str, int]
    """Further counts of the scan, by name."""
    holes: tuple[Window, ...] = ()
    """Damaged parts of the raster that were left out so far."""


class Journal:
    """The journal of one scan; opened by the scan, removed by whoever has written the answer."""

    def __init__(
        self, folder: Path, output_name: str, *, restart: bool = False, tell: Callable[[str], None] | None = None
    ) -> None:
        """Name the folder; nothing is touched yet.

        Args:
            folder: where all is kept; made when the scan begins.
            output_name: how messages call what the run is for.
            restart: throw away what another run left.
            tell: given a sentence when the run goes on, or cannot go on, from what another left.
        """
        self.folder = folder
        self.only_finished = False
        """Set it to take what is there as the whole answer."""
        self.output_name = output_name
        self._restart = restart
        self._tell = tell
        self._lock: FileLock | None = None
        self._last: Checkpoint | None = None
        self._is_new = False
        self._height = 0
        self._synced_s = time.monotonic()

    @property
    def share_done(self) -> float:
        """Return the share of the scene's rows that is kept, in [0, 1]."""
        return self._last.row_end / self._height if self._last is not None and self._height else 0.0

    def begin(self, asked: Mapping[str, object], shape: tuple[int, int]) -> Checkpoint | None:
        """Lock the folder and return the state to go on from; None to start from the first row.

        Args:
            asked: all that the scores depend on, as JSON values by the names that messages use.
            shape: (height, width) of the scene.

        Raises:
            OptionsError: a former run asked something else.
            OutputError: another run is at it, or the folder cannot be written.
        """
        self._height = shape[0]
        head = {"format": FORMAT, "shape": list(shape)} | json.loads(json.dumps(asked))
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self._acquire()
            lines = [] if self._restart else self._read_lines()
            self._restart = False
            if lines:
                self._check_same(lines[0], head)
                if self._is_sound(lines[1:], shape):
                    self._last = _checkpoint_of(lines[-1])
                    self._say(f"Going on where an earlier run stopped: {self.share_done:.0%} is done.")
                    return self._last
                if len(lines) > 1:
                    self._say(f"What an earlier run left in {self.folder} is damaged: starting anew.")
            self._clear()
            self._append(head)
            self._is_new = True
        except OSError as error:
            raise OutputError(
                f"The unfinished run cannot be kept in {self.folder} ({error.strerror or error}): free the folder, "
                "choose another output, or use --no-resume."
            ) from error
        return None

    def score_path(self, name: str) -> Path:
        """Return where a file of scores lies."""
        return self.folder / f"{name}.scores"

    def load_carry(self) -> dict[str, NDArray[np.generic]] | None:
        """Return the arrays of the checkpoint that :meth:`begin` returned; None if blending held nothing."""
        from safetensors.numpy import load

        if self._last is None:
            return None
        content = self._carry_path(self._last.window_rows).read_bytes()
        return dict(load(content)) if content else None

    def add(
        self, point: Checkpoint, carry: Mapping[str, NDArray[np.generic]] | None, files: Mapping[str, ScoreFile]
    ) -> None:
        """Keep a checkpoint, unless the last one is hardly a second old.

        Args:
            point: the state.
            carry: what blending still holds.
            files: the files of scores by name, whose rows above ``point.row_end`` are final.

        Raises:
            OSError: the disk is full; earlier checkpoints still hold.
        """
        from safetensors.numpy import save

        if time.monotonic() - self._synced_s < CHECKPOINT_INTERVAL_S:
            return
        start = 0 if self._last is None else self._last.row_end
        for file in files.values():
            file.sync()
        content = save(dict(carry)) if carry is not None else b""
        path = self._carry_path(point.window_rows)
        with path.open("wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        codes = {name: _checksum(file, start, point.row_end) for name, file in files.items()}
        self._append(asdict(point) | {"row_off": start, "codes": codes, "carry": zlib.crc32(content)})
        if self._last is not None:
            self._carry_path(self._last.window_rows).unlink(missing_ok=True)
        self._last = point
        self._synced_s = time.monotonic()

    def close(self) -> None:
        """Let another run go on; a folder that holds nothing of use goes away."""
        if self._lock is None:
            return
        if self._last is None and self._is_new:
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

    def _say(self, sentence: str) -> None:
        if self._tell is not None and not self.only_finished:
            self._tell(sentence)

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

    def _check_same(self, former: Mapping[str, object], head: Mapping[str, object]) -> None:
        names = [name for name in (*head, *(n for n in former if n not in head)) if former.get(name) != head.get(name)]
        if not names:
            return
        differences = "; ".join(f"{name}: {_brief(former.get(name))}, now {_brief(head.get(name))}" for name in names)
        self._last = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        raise OptionsError(
            f"{self.folder.name} keeps an unfinished run that asked something else ({differences}): finish that one "
            "first, choose another output, or throw it away with --restart."
        )

    def _is_sound(self, lines: Sequence[Mapping[str, object]], shape: tuple[int, int]) -> bool:
        """Tell whether all that the checkpoints vouch for is on the disk as it was."""
        try:
            if not lines:
                return False
            carry = self._carry_path(_number(lines[-1], "window_rows")).read_bytes()
            if zlib.crc32(carry) != lines[-1]["carry"]:
                return False
            for line in lines:
                codes = line["codes"]
                if not isinstance(codes, dict):
                    return False
                for name, checksum in codes.items():
                    path = self.score_path(name)
                    if path.stat().st_size != shape[0] * shape[1]:
                        return False
                    with ScoreFile(*shape, path) as file:
                        if _checksum(file, _number(line, "row_off"), _number(line, "row_end")) != checksum:
                            return False
        except (OSError, KeyError, ValueError):
            return False
        return True

    def _carry_path(self, window_rows: int) -> Path:
        return self.folder / f"carry-{window_rows}.safetensors"

    def _append(self, line: Mapping[str, object]) -> None:
        text = json.dumps(line, ensure_ascii=True)
        with (self.folder / "journal.jsonl").open("a", encoding="ascii") as target:
            target.write(f"{zlib.crc32(text.encode()):08x} {text}\n")
            target.flush()
            os.fsync(target.fileno())

    def _read_lines(self) -> list[dict[str, object]]:
        path = self.folder / "journal.jsonl"
        lines: list[dict[str, object]] = []
        content = path.read_bytes() if path.is_file() else b""
        whole = 0
        for raw in content.splitlines(keepends=True):
            checksum, _, text = raw.decode("ascii", "replace").rstrip("\n").partition(" ")
            if not raw.endswith(b"\n") or checksum != f"{zlib.crc32(text.encode()):08x}":
                break
            value = json.loads(text)
            if not isinstance(value, dict):
                break
            lines.append(value)
            whole += len(raw)
        if whole < len(content):  # later lines must not hang on to one that was cut short
            os.truncate(path, whole)
        return lines

    def _clear(self) -> None:
        self._last = None
        for path in self.folder.iterdir():
            if path.name == "journal.jsonl" or path.suffix in (".scores", ".safetensors"):
                path.unlink(missing_ok=True)


def _checkpoint_of(line: Mapping[str, object]) -> Checkpoint:
    best, counts, holes = line["best"], line["counts"], line.get("holes", [])
    if not isinstance(best, list) or not isinstance(counts, dict) or not isinstance(holes, list):
        raise ValueError("a checkpoint of the journal is malformed")
    return Checkpoint(
        _number(line, "window_rows"),
        _number(line, "row_end"),
        tuple(best),
        counts,
        tuple(Window(**hole) for hole in holes),
    )


def _number(line: Mapping[str, object], name: str) -> int:
    return int(str(line[name]))


def _checksum(file: ScoreFile, row_off: int, row_end: int) -> int:
    checksum = 0
    rows = max(1, _READ_BYTES // file.shape[1])
    for row in range(row_off, row_end, rows):
        codes = file.read(row, 0, min(rows, row_end - row), file.shape[1])
        checksum = zlib.crc32(codes.data.cast("B"), checksum)
    return checksum


def _brief(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else "none" if value is None else str(value)
    return f"'{text}'" if len(text) <= 80 else f"'{text[:77]}...'"
