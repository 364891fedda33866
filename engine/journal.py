"""What a killed scan of a raster leaves behind, so that the same command goes on where it stopped.

The folder holds the scores of the finished rows and what blending still holds of the rows below them; the journal has
one line per checkpoint, with checksums of what it vouches for. Whatever the moment of a kill, the last whole line is
true.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..geo_io.score_file import ScoreFile
from ..geo_io.window import Window
from .unfinished import Line, Unfinished

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


class Journal(Unfinished):
    """The checkpoints of one scan."""

    _last: Checkpoint | None = None
    _height = 0
    _synced_s = 0.0

    @property
    def share_done(self) -> float:
        """Return the share of the scene's rows that is kept, in [0, 1]."""
        return self._last.row_end / self._height if self._last is not None and self._height else 0.0

    @property
    def part_note(self) -> str:
        """Return what an answer from the finished rows covers."""
        return f"the upper {self.share_done:.1%} of the raster"

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
        self._last = None
        self._synced_s = time.monotonic()
        head = {"format": FORMAT, "shape": list(shape), **asked}
        try:
            lines = self.open(head)
            if not lines:
                return None
            if self._is_sound(lines, shape):
                self._last = _checkpoint_of(lines[-1])
                self.say(f"Going on where an earlier run stopped: {self.share_done:.0%} is done.")
                return self._last
            self.say(f"What an earlier run left in {self.folder} is damaged: starting anew.")
            self.start_over(head)
        except OSError as error:
            raise self.unusable(error) from error
        return None

    def score_path(self, name: str) -> Path:
        """Return where a file of scores lies."""
        return self.folder / f"{name}.scores"

    def load_carry(self) -> dict[str, NDArray[np.generic]] | None:
        """Return the arrays of the checkpoint that :meth:`begin` returned; None if blending held nothing."""
        from safetensors.numpy import load

        if self._last is None:
            return None
        content = (self.folder / _carry_name(self._last.window_rows)).read_bytes()
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
        checksum = self.write(_carry_name(point.window_rows), save(dict(carry)) if carry is not None else b"")
        codes = {name: _checksum(file, start, point.row_end) for name, file in files.items()}
        self.append(asdict(point) | {"row_off": start, "codes": codes, "carry": checksum})
        if self._last is not None and self._last.window_rows != point.window_rows:
            (self.folder / _carry_name(self._last.window_rows)).unlink(missing_ok=True)
        self._last = point
        self._synced_s = time.monotonic()

    def _is_sound(self, lines: Sequence[Line], shape: tuple[int, int]) -> bool:
        """Tell whether all that the checkpoints vouch for is on the disk as it was."""
        try:
            carry = (self.folder / _carry_name(lines[-1]["window_rows"])).read_bytes()
            if zlib.crc32(carry) != lines[-1]["carry"]:
                return False
            for line in lines:
                for name, checksum in line["codes"].items():
                    path = self.score_path(name)
                    if path.stat().st_size != shape[0] * shape[1]:
                        return False
                    with ScoreFile(*shape, path) as file:
                        if _checksum(file, line["row_off"], line["row_end"]) != checksum:
                            return False
        except (OSError, KeyError):
            return False
        return True


def _checkpoint_of(line: Line) -> Checkpoint:
    holes = tuple(Window(**hole) for hole in line["holes"])
    return Checkpoint(int(line["window_rows"]), int(line["row_end"]), tuple(line["best"]), line["counts"], holes)


def _carry_name(window_rows: int) -> str:
    return f"carry-{window_rows}.safetensors"


def _checksum(file: ScoreFile, row_off: int, row_end: int) -> int:
    checksum = 0
    rows = max(1, _READ_BYTES // file.shape[1])
    for row in range(row_off, row_end, rows):
        codes = file.read(row, 0, min(rows, row_end - row), file.shape[1])
        checksum = zlib.crc32(codes.data.cast("B"), checksum)
    return checksum
