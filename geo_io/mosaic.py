"""Blend the logits of overlapping windows into strips of rows, holding never more than one strip.

Weights fall linearly to a window's edge, where the network has seen least of the surroundings. Windows come row by
row; as soon as no later window can reach a row, it is final and leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .window import Window


@dataclass(frozen=True)
class Strip:
    """Final rows of a scene."""

    row_off: int
    logits: NDArray[np.float32]
    """(C, H, W) float32, W the width of the scene; NaN where no window or no valid pixel was."""


def edge_weights(size_px: int, overlap_px: int) -> NDArray[np.float32]:
    """Return the weight of each pixel of a square window: 1 inside, falling to the edge over the overlap.

    Args:
        size_px: side of the window.
        overlap_px: how far neighbouring windows overlap.

    Returns:
        (size_px, size_px) float32 in (0, 1].
    """
    distance = np.minimum(np.arange(size_px), np.arange(size_px)[::-1]) + 0.5
    ramp = np.minimum(distance / max(overlap_px, 1), 1.0).astype(np.float32)
    return np.minimum.outer(ramp, ramp)


class Mosaic:
    """Accumulates windows of one scene, in the order of their rows."""

    def __init__(
        self, channels: int, height: int, width: int, window_px: int, stride_px: int, row_off: int = 0
    ) -> None:
        """Allocate one strip.

        Args:
            channels: C logits per pixel.
            height: rows of the scene.
            width: columns of the scene.
            window_px: side of the windows.
            stride_px: step between windows.
            row_off: no window starts above this row.
        """
        self._shape = (height, width)
        self._weights = edge_weights(window_px, window_px - stride_px)
        self._row_off = row_off
        self._filled_end = row_off
        self._taken = 0
        """Rows at the top that were taken and not given up yet."""
        self._sums = np.zeros((channels, window_px, width), dtype=np.float32)
        self._totals = np.zeros((window_px, width), dtype=np.float32)

    def carry(self) -> dict[str, NDArray[np.generic]]:
        """Return what blending still holds: all that a later :meth:`restore` needs to go on from the rows taken."""
        self._move_down()
        rows = max(0, self._filled_end - self._row_off)
        ends = np.asarray((self._row_off, self._filled_end), dtype=np.int64)
        return {"sums": self._sums[:, :rows].copy(), "totals": self._totals[:rows].copy(), "ends": ends}

    def restore(self, carry: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from where another mosaic of the same scene and windows was.

        Args:
            carry: from :meth:`carry`.
        """
        self._row_off, self._filled_end = (int(end) for end in carry["ends"])
        rows = len(carry["totals"])
        self._sums[:, :rows] = carry["sums"]
        self._totals[:rows] = carry["totals"]

    @staticmethod
    def strip_nbytes(channels: int, width: int, window_px: int) -> int:
        """Return the memory of a mosaic, in bytes."""
        return 4 * (channels + 1) * width * window_px

    def add(self, window: Window, logits: NDArray[np.float32], valid: NDArray[np.bool_]) -> None:
        """Add one window that starts at or below the rows already taken.

        Args:
            window: its place; parts beyond the scene are dropped.
            logits: (C, H, W) float32.
            valid: (H, W) bool; other pixels count for nothing.
        """
        self._move_down()
        top = window.row_off - self._row_off
        height = min(window.height, self._shape[0] - window.row_off)
        width = min(window.width, self._shape[1] - window.col_off)
        place = (slice(top, top + height), slice(window.col_off, window.col_off + width))
        if valid.all():
            weights = self._weights[:height, :width]
            self._sums[(slice(None), *place)] += logits[:, :height, :width] * weights
        else:
            weights = np.where(valid, self._weights, np.float32(0))[:height, :width]
            # A pixel without data may hold anything, NaN included, and must not reach the sum.
            weighted = np.where(weights > 0, logits[:, :height, :width] * weights, np.float32(0))
            self._sums[(slice(None), *place)] += weighted
        self._totals[place] += weights
        self._filled_end = max(self._filled_end, window.row_off + height)

    def take(self, row_end: int) -> Strip | None:
        """Return the rows above ``row_end`` that were not taken yet; None if none hold data.

        The rows are a view of this mosaic, as a copy would double its memory: they hold until its next call.

        Args:
            row_end: no later window reaches rows above this one.
        """
        self._move_down()
        row_end = min(row_end, self._shape[0])
        count = row_end - self._row_off
        if count <= 0:
            return None
        if self._filled_end <= self._row_off:  # all zeros: sparse scenes have many such strips
            self._row_off = self._filled_end = row_end
            return None
        logits = self._sums[:, :count]
        with np.errstate(invalid="ignore", divide="ignore"):
            np.divide(logits, self._totals[:count], out=logits)  # 0 over 0 is NaN: nothing was there
        strip = Strip(self._row_off, logits)
        self._taken = count
        self._row_off = row_end
        return strip

    def _move_down(self) -> None:
        """Give up the rows that were taken."""
        count, self._taken = self._taken, 0
        if not count:
            return
        for array in (self._sums, self._totals):
            kept = array.shape[-2] - count
            # Forward copy between overlapping rows of one array; numpy buffers it.
            array[..., :kept, :] = array[..., count:, :]
            array[..., max(kept, 0) :, :] = 0
