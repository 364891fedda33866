"""Places in a picture as degrees, and the quantities by which objects are ordered.

A region of a picture is fuzzy (see ``degrees``): an object at a third from the left is on the left, one in the middle
is so to half a degree, one on the right not at all.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from .degrees import Degrees, fall
from .placement import Placement
from .relations import COMPASS_DIRECTIONS

_AXES = {"left": (0, 0.0), "right": (0, 1.0), "top": (1, 0.0), "bottom": (1, 1.0)}
"""Side -> (axis of uv, its value at that side)."""
_PARTS = {
    "upper left": ("top", "left"), "upper right": ("top", "right"), "lower left": ("bottom", "left"),
    "lower right": ("bottom", "right"), "top center": ("top", "center x"), "bottom center": ("bottom", "center x"),
    "center left": ("center y", "left"), "center right": ("center y", "right"), "center": ("center x", "center y"),
}  # fmt: skip
REGIONS = frozenset(
    [
        *_AXES,
        *_PARTS,
        *COMPASS_DIRECTIONS,
        "edge",
        "corner",
        *(f"{s} edge" for s in _AXES),
        *(f"far {s}" for s in _AXES),
    ]
)
"""Every place that a plan may name."""


def locate(objects: Placement, region: str) -> Degrees:
    """Return to what degree objects lie in a region of the picture, or in a part of it by the compass.

    Args:
        objects: N objects.
        region: a name of ``REGIONS``; any other has degree 0.5 everywhere, as nothing is known of it.

    Returns:
        (N,) degrees in [0, 1].
    """
    if region in COMPASS_DIRECTIONS:
        return _by_compass(objects, region)
    if region == "edge":
        return _greatest([_by_edge(objects, side) for side in _AXES])
    if region == "corner":
        corners = [_PARTS[name] for name in ("upper left", "upper right", "lower left", "lower right")]
        return _greatest([np.minimum(_far(objects, a), _far(objects, b)) for a, b in corners])
    if region.endswith(" edge"):
        side = region.removesuffix(" edge")
        if side in COMPASS_DIRECTIONS:
            return _by_compass(objects, side, 0.1, 0.3)
        return _by_edge(objects, side) if side in _AXES else locate(objects, side)
    if region.startswith("far ") and region.removeprefix("far ") in _AXES:
        side = region.removeprefix("far ")
        # "at the very top" is said of what touches the edge, "on the far left" of what lies there as a whole.
        is_upright = side in ("top", "bottom")
        return np.maximum(_far(objects, side), _by_edge(objects, side)) if is_upright else _far(objects, side)
    if region in _AXES:
        return _side(objects, region)
    if region in _PARTS:
        return _least([_side(objects, part) for part in _PARTS[region]])
    return np.full(len(objects), 0.5)


def _least(degrees: list[Degrees]) -> Degrees:
    return np.asarray(np.min(degrees, axis=0), dtype=np.float64)


def _greatest(degrees: list[Degrees]) -> Degrees:
    return np.asarray(np.max(degrees, axis=0), dtype=np.float64)


def _away(objects: Placement, side: str) -> Degrees:
    """Return (N,) fractions of the picture between objects' centres and a side."""
    axis, value = _AXES[side]
    return np.abs(objects.uv[:, axis] - value)


def _side(objects: Placement, part: str) -> Degrees:
    if part.startswith("center"):
        return fall(np.abs(objects.uv[:, 0 if part == "center x" else 1] - 0.5), 0.10, 0.33)
    return fall(_away(objects, part), 0.33, 0.67)


def _far(objects: Placement, side: str) -> Degrees:
    return fall(_away(objects, side), 0.15, 0.45)


def _by_edge(objects: Placement, side: str) -> Degrees:
    """Return nearness of the objects' outlines to a side of the picture."""
    grid, box = objects.frame.grid, objects.bounds_px
    gap = {
        "left": box[:, 0] / grid.width, "right": 1 - box[:, 2] / grid.width,
        "bottom": box[:, 1] / grid.height, "top": 1 - box[:, 3] / grid.height,
    }[side]  # fmt: skip
    return fall(gap, 0.02, 0.16)


def _by_compass(objects: Placement, region: str, near: float = 0.33, far_off: float = 0.67) -> Degrees:
    """Return nearness to the northern ... part of the picture's ground.

    Args:
        objects: N objects.
        region: a name of ``COMPASS_DIRECTIONS``.
        near: share of the ground, from that side, up to which an object surely lies there.
        far_off: share from which it surely does not.
    """
    frame = objects.frame
    middle = np.array([frame.grid.footprint.centroid], dtype=object)
    center = _xy(frame.to_metric(middle))
    north = frame.north_at(center)[0]
    east = np.array([north[1], -north[0]])
    corners = _xy(frame.to_metric(np.array([frame.grid.footprint], dtype=object)))
    degrees = []
    for value, axis in zip(COMPASS_DIRECTIONS[region], (east, north), strict=True):
        if value:
            reach = (corners @ axis) * value
            far = (reach.max() - (objects.centers_m @ axis) * value) / max(float(np.ptp(reach)), 1e-9)
            degrees.append(fall(far, near, far_off))
    return _least(degrees)


def _xy(geometries: NDArray[np.object_]) -> NDArray[np.float64]:
    if geometries[0].geom_type == "Point":
        return np.asarray(shapely.get_coordinates(geometries), dtype=np.float64)
    return np.asarray(shapely.get_coordinates(geometries)[:-1], dtype=np.float64)


def order_by(objects: Placement, measure: str) -> NDArray[np.float64] | None:
    """Return the quantity that a superlative orders objects by; larger comes first.

    Args:
        objects: N objects.
        measure: ``area``, ``length``, ``width`` or a region (``left``: how far to the left, ``upper left``: how near to
            that corner, ``center``: how near to the middle).

    Returns:
        (N,) values, or None for a measure that is not of this kind.
    """
    if measure == "area":
        return objects.areas_m2
    if measure in ("length", "width"):
        return objects.sides_m[:, 0 if measure == "length" else 1]
    if measure in _AXES:
        return -_away(objects, measure)
    if measure in COMPASS_DIRECTIONS:
        north = objects.frame.north_at(np.array([[0.0, 0.0]]))[0]
        x, y = COMPASS_DIRECTIONS[measure]
        vector = x * np.array([north[1], -north[0]]) + y * north
        return np.asarray(objects.centers_m @ vector, dtype=np.float64)
    if measure in ("center", *_PARTS):
        grid = objects.frame.grid
        place = [0.5, 0.5]
        for part in _PARTS[measure]:
            if part in _AXES:
                axis, value = _AXES[part]
                place[axis] = value
        step = (objects.uv - place) * [grid.width, grid.height]
        return -np.asarray(np.linalg.norm(step, axis=1), dtype=np.float64)
    return None


def row_order(objects: Placement) -> NDArray[np.intp]:
    """Return objects in reading order along their row: from the left, or from the top if they stand in a column."""
    spread = np.ptp(objects.centers_px, axis=0) if len(objects) else np.zeros(2)
    key = objects.uv[:, 0] if spread[0] >= spread[1] else objects.uv[:, 1]
    return np.argsort(key, kind="stable")
