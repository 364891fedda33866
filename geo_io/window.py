"""Windows: where the tiles of a scene lie. Knows nothing of files, places or networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload


@dataclass(frozen=True, order=True)
class Window:
    """A half-open rectangle of pixels; (0, 0) is the corner of the top-left pixel."""

    row_off: int
    col_off: int
    height: int
    width: int

    @property
    def row_end(self) -> int:
        """Return the first row below the window."""
        return self.row_off + self.height

    @property
    def col_end(self) -> int:
        """Return the first column right of the window."""
        return self.col_off + self.width

    @property
    def bounds(self) -> tuple[int, int, int, int]:
        """Return (min_x, min_y, max_x, max_y) in pixels."""
        return (self.col_off, self.row_off, self.col_end, self.row_end)

    def clipped(self, shape: tuple[int, int]) -> Window | None:
        """Return the part inside a grid of (height, width); None where there is none."""
        top, left = max(0, self.row_off), max(0, self.col_off)
        height, width = min(shape[0], self.row_end) - top, min(shape[1], self.col_end) - left
        return Window(top, left, height, width) if height > 0 and width > 0 else None

    def halves(self) -> tuple[Window, Window]:
        """Return its two halves, cut across its longer side of at least 2 pixels."""
        if self.height >= self.width:
            half = self.height // 2
            return Window(self.row_off, self.col_off, half, self.width), Window(
                self.row_off + half, self.col_off, self.height - half, self.width
            )
        half = self.width // 2
        return Window(self.row_off, self.col_off, self.height, half), Window(
            self.row_off, self.col_off + half, self.height, self.width - half
        )

    def intersects(self, other: Window) -> bool:
        """Return whether the two windows share a pixel."""
        return (
            self.row_off < other.row_end
            and other.row_off < self.row_end
            and self.col_off < other.col_end
            and other.col_off < self.col_end
        )


def hull(windows: Sequence[Window]) -> Window:
    """Return the smallest window that holds one or more windows."""
    row, column = min(window.row_off for window in windows), min(window.col_off for window in windows)
    end_row, end_column = max(window.row_end for window in windows), max(window.col_end for window in windows)
    return Window(row, column, end_row - row, end_column - column)


def plan_offsets(length_px: int, window_px: int, stride_px: int) -> list[int]:
    """Return where windows start along one axis so that every pixel is covered.

    Offsets are multiples of ``stride_px``, except that the last window is moved back inside: a window that hangs
    over the edge would show the network a border that is not there. An axis shorter than a window gets one window.

    Args:
        length_px: size of the axis.
        window_px: side of a window.
        stride_px: step between windows, 1 to ``window_px``.
    """
    if length_px <= window_px:
        return [0]
    last = length_px - window_px
    return [*range(0, last, stride_px), last]


class WindowPlan(Sequence[list[Window]]):
    """The windows of a scene, row by row, made when they are asked for: large scenes have millions.

    The plan depends on the scene and the model alone, never on how many windows are read or computed at once:
    that is what makes answers the same whatever the tile and batch size.
    """

    def __init__(self, height: int, width: int, window_px: int, stride_px: int) -> None:
        """Lay the windows.

        Args:
            height: rows of the scene.
            width: columns of the scene.
            window_px: side of the square windows.
            stride_px: step between windows, 1 to ``window_px``.
        """
        self.height = height
        self.window_px = window_px
        self.row_offs = plan_offsets(height, window_px, stride_px)
        self.col_offs = plan_offsets(width, window_px, stride_px)

    @property
    def window_count(self) -> int:
        """Return how many windows there are in all rows."""
        return len(self.row_offs) * len(self.col_offs)

    def row_end(self, index: int) -> int:
        """Return the first row of the scene that a window of a later row still reaches."""
        return self.row_offs[index + 1] if index + 1 < len(self) else self.height

    def __len__(self) -> int:
        return len(self.row_offs)

    @overload
    def __getitem__(self, index: int) -> list[Window]: ...

    @overload
    def __getitem__(self, index: slice) -> list[list[Window]]: ...

    def __getitem__(self, index: int | slice) -> list[Window] | list[list[Window]]:
        if isinstance(index, slice):
            return [self[row] for row in range(len(self))[index]]
        row = self.row_offs[index]
        return [Window(row, column, self.window_px, self.window_px) for column in self.col_offs]
