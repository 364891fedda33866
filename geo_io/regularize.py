"""Give outlines the form that their kind has: right angles to buildings, circles to tanks.

A form is only taken where it fits: it covers nearly the same ground (``MIN_IOU``) and its edge stays near the outline
(``MAX_SHIFT_PX``, a Hausdorff distance). Everything else keeps the outline that the scores gave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import affinity

Form = Literal["right-angled", "round"]

MIN_IOU = 0.85
"""Least share of ground that form and outline have in common, of all that either covers."""
MAX_SHIFT_PX = 3.0
"""How far the form's edge may lie from the outline, in pixels of the scene."""
STEP_PX = (1.0, 2.0, 3.0)
"""Outlines are simplified by one of these before their edges are turned: the first that fits wins."""
_CIRCLE_QUARTER = 12


def regularize(polygon: shapely.Polygon, form: Form) -> shapely.Polygon:
    """Return a polygon in the form of its kind where that fits, else the polygon itself.

    Args:
        polygon: in pixels of a grid with square pixels.
        form: what its kind looks like from above.
    """
    fitted = _FITS[form](polygon)
    return polygon if fitted is None else fitted


def _fit_circle(polygon: shapely.Polygon) -> shapely.Polygon | None:
    """Return the circle of the same area around the same centre."""
    solid = shapely.Polygon(polygon.exterior)
    circle = solid.centroid.buffer(np.sqrt(solid.area / np.pi), quad_segs=_CIRCLE_QUARTER)
    return circle if _is_close(circle, polygon) else None


def _fit_right_angles(polygon: shapely.Polygon) -> shapely.Polygon | None:
    """Return the polygon with every edge turned to the nearer of two directions, those of its longest edges."""
    angle = _main_angle(polygon)
    upright = affinity.rotate(polygon, -angle, origin=(0, 0))
    for step in STEP_PX:
        rings = [_squared(ring.simplify(step)) for ring in (upright.exterior, *upright.interiors)]
        if any(ring is None for ring in rings):
            continue
        squared = affinity.rotate(shapely.Polygon(rings[0], rings[1:]), angle, origin=(0, 0))
        if _is_close(squared, polygon):
            return squared
    return None


def _main_angle(polygon: shapely.Polygon) -> float:
    """Return the direction of the edges modulo a right angle, in degrees: their mean, weighted by length."""
    points = shapely.get_coordinates(polygon.exterior.simplify(STEP_PX[0]))
    steps = np.diff(points, axis=0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    turns = np.arctan2(steps[:, 1], steps[:, 0])
    # Four times the angle makes right angles equal; squared lengths let walls outweigh corners that were cut.
    mean = np.sum(lengths**2 * np.exp(4j * turns))
    return float(np.degrees(np.angle(mean)) / 4)


def _squared(ring: shapely.LinearRing) -> NDArray[np.float64] | None:
    """Return the corners of a ring whose edges run along the axes, each through the middle of the edges it stands for.

    Returns:
        (N, 2) float64; None where fewer than four edges are left.
    """
    points = shapely.get_coordinates(ring)
    steps = np.diff(points, axis=0)
    is_flat = np.abs(steps[:, 0]) >= np.abs(steps[:, 1])
    starts = np.flatnonzero(is_flat != np.roll(is_flat, 1))
    if len(starts) < 4:
        return None
    middles, lengths = (points[:-1] + points[1:]) / 2, np.hypot(steps[:, 0], steps[:, 1])
    lines = []
    for start, stop in zip(starts, np.roll(starts, -1), strict=True):
        run = np.arange(start, stop if stop > start else stop + len(steps)) % len(steps)
        axis = 1 if is_flat[start] else 0
        lines.append((axis, float(np.average(middles[run, axis], weights=lengths[run]))))
    corners = np.empty((len(lines), 2))
    for index, ((axis, value), (_, other)) in enumerate(zip(lines, lines[1:] + lines[:1], strict=True)):
        corners[index, axis], corners[index, 1 - axis] = value, other
    return corners


def _is_close(form: shapely.Polygon, outline: shapely.Polygon) -> bool:
    if not form.is_valid or form.is_empty:
        return False
    shared = form.intersection(outline).area
    iou = shared / (form.area + outline.area - shared)
    return bool(iou >= MIN_IOU and form.exterior.hausdorff_distance(outline.exterior) <= MAX_SHIFT_PX)


_FITS: Mapping[Form, Callable[[shapely.Polygon], shapely.Polygon | None]] = {
    "right-angled": _fit_right_angles,
    "round": _fit_circle,
}
