"""Polygons as plain rings, for training material that knows neither holes nor geometry libraries."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry


def to_rings(polygon: BaseGeometry) -> list[NDArray[np.float32]]:
    """Return one ring per part, not closed; holes are joined to the outside by a bridge of no width.

    A ring with a bridge has the area of the polygon and is filled as the polygon is, whatever is clipped from it.

    Args:
        polygon: valid Polygon or MultiPolygon.

    Returns:
        (N, 2) float32 rings in the coordinates of the polygon.
    """
    return [_keyhole(part) for part in shapely.get_parts(polygon)]


def _keyhole(polygon: shapely.Polygon) -> NDArray[np.float32]:
    oriented = shapely.geometry.polygon.orient(polygon)
    ring = np.asarray(oriented.exterior.coords)[:-1, :2]
    holes = [np.asarray(hole.coords)[:-1, :2] for hole in oriented.interiors]
    while holes:
        gaps = [((ring[:, None] - hole[None]) ** 2).sum(-1) for hole in holes]
        index = int(np.argmin([gap.min() for gap in gaps]))
        hole = holes.pop(index)
        at, to = np.unravel_index(int(gaps[index].argmin()), gaps[index].shape)
        detour = np.concatenate([hole[to:], hole[: to + 1]])
        ring = np.concatenate([ring[: at + 1], detour, ring[at:]])
    return ring.astype(np.float32)
