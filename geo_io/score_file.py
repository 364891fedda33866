"""Scores of a whole scene on disk: one byte per pixel, read back in rectangles.

Plain reads and writes instead of a memory map: mapped pages count as memory of the process, and the bound on memory
is a promise. Rows of zeros are never written, so an empty scene costs nothing.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 16
LEVELS = 254
"""Scores are kept as 1 (score 0) to 255 (score 1); 0 means that the raster has no data there."""


def encode_scores(logits: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return logits as one byte each.

    Args:
        logits: any shape, float32; NaN without data.

    Returns:
        uint8: 0 without data, else 1 to 255.
    """
    codes = np.empty(logits.shape, dtype=np.uint8)
    # In blocks that fit a processor's cache: several passes over a strip cost more than their arithmetic.
    flat, out = logits.reshape(-1), codes.reshape(-1)
    block = np.empty(min(_BLOCK, flat.size), dtype=np.float32)
    for start in range(0, flat.size, _BLOCK):
        part = flat[start : start + _BLOCK]
        scores = block[: len(part)]
        with np.errstate(over="ignore", invalid="ignore"):
            np.negative(part, out=scores)
            np.exp(scores, out=scores)
            scores += 1
            np.divide(np.float32(LEVELS), scores, out=scores)
            scores += np.float32(1.5)  # a half rounds when the fraction is cut off
        np.copyto(scores, 0, where=np.isnan(part))
        out[start : start + _BLOCK] = scores
    return codes


def decode_scores(codes: NDArray[np.generic] | float) -> NDArray[np.float64]:
    """Return scores in [0, 1] of codes 1 to 255."""
    return (np.asarray(codes, dtype=np.float64) - 1) / LEVELS


def threshold_code(threshold: float) -> int:
    """Return the lowest code whose score reaches a threshold."""
    return int(np.ceil(threshold * LEVELS - 1e-9)) + 1


class ScoreFile:
    """A (H, W) uint8 raster: temporary and gone when closed, or a named file that stays."""

    def __init__(self, height: int, width: int, path: Path | None = None) -> None:
        """Make the file, or open the one that is there.

        Args:
            height: rows.
            width: columns.
            path: where it stays; None: in the folder for temporary files.

        Raises:
            OSError: no room or no right to write there.
        """
        self.shape = (height, width)
        if path is None:
            self._file = tempfile.TemporaryFile(prefix="referent-", buffering=0)
        else:
            self._file = path.open("r+b" if path.exists() else "w+b", buffering=0)
        self._file.truncate(height * width)

    def write_rows(self, row_off: int, codes: NDArray[np.uint8]) -> None:
        """Write full rows.

        Args:
            row_off: first row.
            codes: (H, W) uint8, W the width of the file.

        Raises:
            OSError: the disk is full.
        """
        rows = np.flatnonzero(codes.max(axis=1))
        if not len(rows):
            return
        first, last = int(rows[0]), int(rows[-1]) + 1
        self._file.seek((row_off + first) * self.shape[1])
        content = np.ascontiguousarray(codes[first:last]).data.cast("B")
        while len(content):
            content = content[self._file.write(content) :]

    def read(self, row_off: int, col_off: int, height: int, width: int) -> NDArray[np.uint8]:
        """Return (height, width) uint8 codes of a rectangle inside the file."""
        codes = np.empty((height, width), dtype=np.uint8)
        if width == self.shape[1]:
            self._read_into(row_off * width, codes)
            return codes
        for row in range(height):
            self._read_into((row_off + row) * self.shape[1] + col_off, codes[row])
        return codes

    def sync(self) -> None:
        """Wait until all that was written is on the disk.

        Raises:
            OSError: the disk is full.
        """
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file, which removes it unless it has a name."""
        self._file.close()

    def __enter__(self) -> ScoreFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _read_into(self, offset: int, codes: NDArray[np.uint8]) -> None:
        self._file.seek(offset)
        content = codes.data.cast("B")
        while len(content):
            count = self._file.readinto(content)
            if not count:
                raise OSError("the temporary file of scores ended early")
            content = content[count:]
