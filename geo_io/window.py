"""Windows: where the tiles of a scene lie. Knows nothing of files, places or networks."""

from __future__ import annotations

from dataclasses import dataclass


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

    def intersects(self, other: Window) -> bool:
        """Return whether the two windows share a pixel."""
        return (
            self.row_off < other.row_end
            and other.row_off < self.row_end
            and self.col_off < other.col_end
            and other.col_off < self.col_end
        )


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


def plan_windows(height: int, width: int, window_px: int, stride_px: int) -> list[list[Window]]:
    """Return the windows of a scene, row by row.

    The plan depends on the scene and the model alone, never on how many windows are read or computed at once:
    that is what makes answers the same whatever the tile and batch size.

    Args:
        height: rows of the scene.
        width: columns of the scene.
        window_px: side of the square windows.
        stride_px: step between windows, 1 to ``window_px``.
    """
    columns = plan_offsets(width, window_px, stride_px)
    return [
        [Window(row, column, window_px, window_px) for column in columns]
        for row in plan_offsets(height, window_px, stride_px)
    ]
