"""Rings in pixels: clip to the picture, measure. Plain numpy, because training measures thousands of rings a second."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Measure:
    """Size and place of an object in pixels."""

    center_xy: tuple[float, float]
    area_px: float
    length_px: float
    width_px: float
    bbox: tuple[float, float, float, float]
    """(min_x, min_y, max_x, max_y)."""


def clip_ring(ring: NDArray[np.float32], size_px: float) -> NDArray[np.float32]:
    """Return the part of a ring inside the square from 0 to ``size_px`` (Sutherland and Hodgman 1974).

    Args:
        ring: (N, 2) float32 exterior ring, not closed.
        size_px: side of the square.

    Returns:
        (M, 2) float32; M = 0 when nothing is inside.
    """
    if ring.min() >= 0 and ring.max() <= size_px:
        return ring
    points = ring
    for axis, sign, bound in ((0, 1.0, 0.0), (0, -1.0, -size_px), (1, 1.0, 0.0), (1, -1.0, -size_px)):
        if len(points) == 0:
            return points
        inside = sign * points[:, axis] - bound
        following = np.roll(points, -1, axis=0)
        inside_next = np.roll(inside, -1)
        crosses = (inside >= 0) != (inside_next >= 0)
        share = np.where(crosses, inside / np.where(crosses, inside - inside_next, 1), 0)
        cuts = points + share[:, None] * (following - points)
        pairs = np.stack([points, cuts], axis=1).reshape(-1, 2)
        keep = np.stack([inside >= 0, crosses], axis=1).ravel()
        points = pairs[keep].astype(np.float32)
    return points


def ring_area(ring: NDArray[np.float32]) -> float:
    """Return the area of an (N, 2) ring in square pixels."""
    if len(ring) < 3:
        return 0.0
    x, y = ring[:, 0].astype(np.float64), ring[:, 1].astype(np.float64)
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def measure_rings(rings: list[NDArray[np.float32]]) -> Measure:
    """Return size and place of an object made of (N, 2) rings; the axes come from the principal directions."""
    areas = [ring_area(ring) for ring in rings]
    points = np.concatenate(rings).astype(np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    weights = np.asarray(areas) + 1e-6
    center = np.average([_centroid(ring) for ring in rings], axis=0, weights=weights)
    spread = points - center
    angle = 0.5 * math.atan2(2 * float((spread[:, 0] * spread[:, 1]).sum()), float((spread**2 * [1, -1]).sum()))
    along = spread @ [math.cos(angle), math.sin(angle)]
    across = spread @ [-math.sin(angle), math.cos(angle)]
    sides = sorted((float(np.ptp(along)), float(np.ptp(across))))
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return Measure((float(center[0]), float(center[1])), float(sum(areas)), sides[1], sides[0], box)


def _centroid(ring: NDArray[np.float32]) -> NDArray[np.float64]:
    x, y = ring[:, 0].astype(np.float64), ring[:, 1].astype(np.float64)
    x_next, y_next = np.roll(x, -1), np.roll(y, -1)
    cross = x * y_next - x_next * y
    total = cross.sum()
    if abs(total) < 1e-6:
        return np.array([x.mean(), y.mean()])
    center: NDArray[np.float64] = np.array([((x + x_next) * cross).sum(), ((y + y_next) * cross).sum()]) / (3 * total)
    return center
