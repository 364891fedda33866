"""Outlines between pixels: where the score crosses the threshold, not where a pixel ends.

A field is positive inside and negative outside; the outline runs where it is 0, found by linear interpolation between
pixel centres. Pixel (0, 0) has its centre at (0.5, 0.5).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

import contourpy
import numpy as np
import shapely
from numpy.typing import NDArray

_SNAP_PER_PX = 1000
_SNAP_SHIFT = 0.377  # moves ties of rounding to places that interpolation between small integers never gives


def trace_field(field: NDArray[np.float32], row_off: int, col_off: int) -> list[shapely.Polygon]:
    """Return the regions where a field is positive, with their holes, cut at the outermost pixel centres.

    Args:
        field: (H, W) float32.
        row_off: row of its first pixel in the scene.
        col_off: column of its first pixel in the scene.

    Returns:
        Polygons in pixel coordinates of the scene.
    """
    if min(field.shape) < 2:
        return []
    generator = contourpy.contour_generator(
        x=np.arange(field.shape[1]) + (col_off + 0.5),
        y=np.arange(field.shape[0]) + (row_off + 0.5),
        z=field,
        name="serial",
        fill_type=contourpy.FillType.OuterOffset,
    )
    polygons = []
    for points, offsets in zip(*generator.filled(0.0, math.inf), strict=True):
        rings = [points[start:stop] for start, stop in pairwise(offsets)]
        polygons.append(shapely.Polygon(rings[0], rings[1:]))
    return polygons


def join_pieces(pieces: Iterable[shapely.Polygon]) -> list[shapely.Polygon]:
    """Return polygons joined from pieces that were traced in neighbouring blocks sharing a line of pixel centres.

    Args:
        pieces: polygons in pixel coordinates.
    """
    snapped = [snap(piece) for piece in pieces]
    joined = shapely.union_all([piece if piece.is_valid else shapely.make_valid(piece) for piece in snapped])
    return [part for part in shapely.get_parts(joined) if isinstance(part, shapely.Polygon)]


def snap(polygon: shapely.Polygon) -> shapely.Polygon:
    """Return a polygon with its vertices on a fine grid, so that common borders are the same to the last bit."""
    return shapely.transform(polygon, lambda xy: np.floor(xy * _SNAP_PER_PX + _SNAP_SHIFT) / _SNAP_PER_PX)


def pad_mirrored(field: NDArray[np.float32], sides: tuple[bool, bool, bool, bool]) -> NDArray[np.float32]:
    """Return a field with a border of opposite sign, so that regions end at the outer edge of the edge pixels.

    Args:
        field: (H, W) float32.
        sides: whether to pad top, bottom, left, right.
    """
    top, bottom, left, right = (int(side) for side in sides)
    padded = np.pad(field, ((top, bottom), (left, right)), mode="edge")
    # Only what is inside may turn into outside, never the reverse.
    for is_padded, border in zip(sides, (padded[0], padded[-1], padded[:, 0], padded[:, -1]), strict=True):
        if is_padded:
            np.negative(np.abs(border), out=border)
    return padded
