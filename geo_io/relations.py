"""Spatial relations of objects to any of several anchors: which anchor counts, and to what degree.

The degrees of single pairs and the literature are in ``degrees``; here are the relations that look at more than a pair
(nearest, between, surrounded by), and the choice of the pairs worth looking at.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .degrees import (
    Degrees,
    Index,
    Pairs,
    along,
    at,
    containing,
    crossing,
    direction,
    end,
    fall,
    has,
    inside,
    middle_of,
    near,
    next_to,
    on,
    opposite,
    row,
)
from .placement import Placement

_MAX_PAIRS = 60_000
_NEIGHBOURS = 12
_SAME_IOU = 0.5

PICTURE_DIRECTIONS = {
    "left": (-1.0, 0.0), "right": (1.0, 0.0), "above": (0.0, 1.0), "below": (0.0, -1.0),
    "upper left": (-1.0, 1.0), "upper right": (1.0, 1.0), "lower left": (-1.0, -1.0), "lower right": (1.0, -1.0),
}  # fmt: skip
"""Direction in the picture -> (right, up)."""
COMPASS_DIRECTIONS = {
    "west": (-1.0, 0.0), "east": (1.0, 0.0), "north": (0.0, 1.0), "south": (0.0, -1.0), "northwest": (-1.0, 1.0),
    "northeast": (1.0, 1.0), "southwest": (-1.0, -1.0), "southeast": (1.0, -1.0),
}  # fmt: skip
"""Direction of the compass -> (east, north)."""


def surrounded_by(subjects: Placement, anchors: Placement) -> Degrees:
    """Return to what degree subjects are surrounded: the share of sixteen directions in which an anchor is near.

    Follows the visibility view of Bloch 2005, section on "surround". A subject in a hole or inside of one anchor is
    fully surrounded.

    Args:
        subjects: N objects.
        anchors: M objects.

    Returns:
        (N,) degrees.
    """
    degrees = np.zeros(len(subjects))
    if len(anchors) == 0:
        return degrees
    reach = 3.0 * np.maximum(subjects.sizes_m, anchors.spacing_m)
    turns = np.linspace(0.0, 2 * np.pi, 16, endpoint=False)
    for index, (geometry, center) in enumerate(zip(subjects.metric, subjects.centers_m, strict=True)):
        radius = reach[index] + subjects.sizes_m[index]
        close = anchors.tree.query(shapely.buffer(geometry, reach[index]), predicate="intersects")
        close = close[~_is_same(subjects.metric[np.full(len(close), index)], anchors.metric[close])]
        if len(close) == 0:
            continue
        rays = shapely.linestrings(
            [[center, center + radius * np.array([np.cos(turn), np.sin(turn)])] for turn in turns]
        )
        outside = shapely.difference(rays, geometry)
        hit = shapely.intersects(outside, shapely.union_all(anchors.metric[close]))
        degrees[index] = hit.mean()
    return fall(-degrees, -0.85, -0.25)


def between(subjects: Placement, first: Placement, second: Placement) -> tuple[Degrees, Index]:
    """Return to what degree subjects lie between two anchors.

    The share of the subject in the convex hull of both anchors (Bloch, Colliot and Cesar 2006), lessened where the
    subject does not lie between the centroids along their line. The best pair of anchors counts.

    Args:
        subjects: N objects.
        first: M objects on one side.
        second: K objects on the other; the same placement as ``first`` when both are named by one phrase.

    Returns:
        (N,) degrees and (N,) index of the best anchor of ``first``, -1 where there is none.
    """
    best, which = np.zeros(len(subjects)), np.full(len(subjects), -1, dtype=np.intp)
    for a, b in _anchor_pairs(first, second):
        pair = [first.metric[a], second.metric[b]]
        hull = shapely.convex_hull(shapely.geometrycollections(pair))
        found = np.asarray(subjects.tree.query(hull, predicate="intersects"), dtype=np.intp)
        for anchor in pair:
            found = found[~_is_same(subjects.metric[found], np.full(len(found), anchor, dtype=object))]
        if len(found) == 0:
            continue
        share = shapely.area(shapely.intersection(subjects.metric[found], hull)) / np.maximum(
            subjects.areas_m2[found], 1e-12
        )
        start, end_point = first.centers_m[a], second.centers_m[b]
        # A large subject, such as a bridge between two cars, need only separate the anchors.
        splits = shapely.intersects(subjects.metric[found], shapely.LineString([start, end_point]))
        share = np.maximum(share, np.where(splits, 0.7, 0.0))
        line = end_point - start
        t = ((subjects.centers_m[found] - start) @ line) / max(float(line @ line), 1e-12)
        degree = share * fall(np.abs(t - 0.5), 0.4, 0.55)
        better = degree > best[found]
        best[found[better]], which[found[better]] = degree[better], a
    return best, which


def _anchor_pairs(first: Placement, second: Placement) -> list[tuple[int, int]]:
    """Return pairs of anchors worth looking between: all of a few, neighbours of many."""
    is_one_phrase = first is second
    if len(first) * len(second) <= 400:
        return [(a, b) for a in range(len(first)) for b in range(len(second)) if not is_one_phrase or a < b]
    if len(first) == 0 or len(second) == 0:
        return []
    count = min(5, len(second))
    _, near_index = cKDTree(second.centers_m).query(first.centers_m, k=count)
    pairs = {(a, int(b)) for a, row_of in enumerate(np.reshape(near_index, (len(first), count))) for b in row_of}
    return sorted({(min(p), max(p)) if is_one_phrase else p for p in pairs if not is_one_phrase or p[0] != p[1]})


PAIR_RELATIONS: dict[str, Callable[[Pairs], Degrees]] = {
    "next to": next_to, "near": near, "behind": near, "inside": inside, "containing": containing, "on": on, "at": at,
    "with": has, "along": along, "crossing": crossing, "middle of": middle_of, "end": end, "row": row,
    "opposite": opposite,
}  # fmt: skip
"""Relation -> function on pairs."""

RELATIONS = frozenset(
    [*PAIR_RELATIONS, *PICTURE_DIRECTIONS, *COMPASS_DIRECTIONS, "distance", "between", "surrounded by"]
)
"""Every relation that a plan may name."""

_TOUCHING = frozenset(["inside", "containing", "on", "crossing"])
_REACH = {"next to": 2.5, "at": 2.5, "with": 2.5, "near": 8.0, "behind": 8.0, "along": 4.0, "opposite": 10.0}
"""Relation of nearness -> number of sizes beyond which its degree is 0."""


def relate(
    name: str, subjects: Placement, anchors: Placement, min_m: float | None = None, max_m: float | None = None
) -> tuple[Degrees, Index]:
    """Return how well each subject stands in a relation to any of the anchors.

    An object is never its own anchor: pairs that overlap as one object would are left out.

    Args:
        name: a relation of ``RELATIONS`` between two things (not ``between``).
        subjects: N objects.
        anchors: M objects.
        min_m: least distance in metres, for ``distance``.
        max_m: largest distance in metres, for ``distance``.

    Returns:
        (N,) degrees, and (N,) index of the anchor with the best degree, -1 where there is none.
    """
    degrees, which = np.zeros(len(subjects)), np.full(len(subjects), -1, dtype=np.intp)
    if len(subjects) == 0 or len(anchors) == 0:
        return degrees, which
    if name == "distance":
        return _by_distance(subjects, anchors, min_m, max_m)
    if name == "surrounded by":
        _, which = nearest(subjects, anchors)
        return surrounded_by(subjects, anchors), which
    pairs = _pairs(subjects, anchors, name)
    if len(pairs.i) == 0:
        return degrees, which
    if name in PICTURE_DIRECTIONS:
        found = direction(pairs, np.array(PICTURE_DIRECTIONS[name]), is_picture=True)
    elif name in COMPASS_DIRECTIONS:
        north = subjects.frame.north_at(anchors.centers_m)[pairs.j]
        east = np.column_stack((north[:, 1], -north[:, 0]))
        x, y = COMPASS_DIRECTIONS[name]
        found = direction(pairs, x * east + y * north, is_picture=False)
    else:
        found = PAIR_RELATIONS[name](pairs)
    few = len(pairs.i) <= 5000
    order = np.lexsort((-pairs.gaps_m if few else np.zeros(len(pairs.i)), found))
    degrees[pairs.i[order]] = found[order]  # the best degree, and among equals the nearest anchor, is written last
    which[pairs.i[order]] = pairs.j[order]
    which[degrees <= 0] = -1
    return degrees, which


def nearest(subjects: Placement, anchors: Placement) -> tuple[Degrees, Index]:
    """Return the distance of each subject to its nearest anchor that is not itself, on the ellipsoid.

    Args:
        subjects: N objects.
        anchors: M objects.

    Returns:
        (N,) metres edge to edge (inf where there is no anchor), and (N,) index of the anchor, -1 where there is none.
    """
    gaps, which = np.full(len(subjects), np.inf), np.full(len(subjects), -1, dtype=np.intp)
    if len(subjects) == 0 or len(anchors) == 0:
        return gaps, which
    i, j = anchors.tree.query_nearest(subjects.metric, all_matches=False)
    same = _is_same(subjects.metric[i], anchors.metric[j])
    which[i[~same]] = j[~same]
    for index in i[same]:  # its own outline was nearest: look at the others around it
        which[index] = _nearest_other(subjects, anchors, index)
    has_one = which >= 0
    if has_one.any():
        lines = shapely.shortest_line(subjects.metric[has_one], anchors.metric[which[has_one]])
        ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)
        gaps[has_one] = subjects.frame.geodesic_m(ends[:, 0], ends[:, 1])
    return gaps, which


def _nearest_other(subjects: Placement, anchors: Placement, index: int) -> int:
    geometry = subjects.metric[index]
    reach = 4.0 * float(subjects.sizes_m[index]) + 1e-6
    while True:
        close = np.asarray(anchors.tree.query(geometry, predicate="dwithin", distance=reach), dtype=np.intp)
        others = close[~_is_same(np.full(len(close), geometry, dtype=object), anchors.metric[close])]
        if len(others):
            return int(others[np.argmin(shapely.distance(geometry, anchors.metric[others]))])
        if len(close) == len(anchors):
            return -1
        reach *= 4.0


def _by_distance(
    subjects: Placement, anchors: Placement, min_m: float | None, max_m: float | None
) -> tuple[Degrees, Index]:
    """Distances are exact: within 200 m is 1 at 200 m and 0 beyond."""
    gaps, which = np.full(len(subjects), np.inf), np.full(len(subjects), -1, dtype=np.intp)
    close = np.arange(len(subjects))
    if max_m is not None:  # the plane stretches distances by far less than a hundredth
        close = np.unique(anchors.tree.query(subjects.metric, predicate="dwithin", distance=1.01 * max_m + 1.0)[0])
    gaps[close], which[close] = nearest(subjects.take(close), anchors)
    fits = np.isfinite(gaps)
    if min_m is not None:
        fits &= gaps >= min_m
    if max_m is not None:
        fits &= gaps <= max_m
    return fits.astype(np.float64), which


def _pairs(subjects: Placement, anchors: Placement, name: str) -> Pairs:
    """Return the pairs worth a look: all of few; of many, those that touch, or each subject's nearest anchors."""
    count, others = len(subjects), len(anchors)
    if name in _TOUCHING and count * others > 2000:
        i, j = anchors.tree.query(
            subjects.metric, predicate="dwithin", distance=0.3 * float(np.median(subjects.sizes_m))
        )
    elif name in _REACH and count * others > 2000:
        reach = _REACH[name] * np.maximum(np.sqrt(3.0) * subjects.sizes_m, 0.5 * subjects.spacing_m)
        i, j = anchors.tree.query(subjects.metric, predicate="dwithin", distance=reach)
    elif count * others <= _MAX_PAIRS:
        i, j = (grid.ravel() for grid in np.meshgrid(np.arange(count), np.arange(others), indexing="ij"))
    else:
        k = max(1, min(others, _NEIGHBOURS, _MAX_PAIRS * 2 // count))
        _, close = cKDTree(anchors.centers_m).query(subjects.centers_m, k=k)
        i, j = np.repeat(np.arange(count), k), np.asarray(close).reshape(-1)
    keep = ~_is_same(subjects.metric[i], anchors.metric[j])
    return Pairs(subjects, anchors, np.asarray(i[keep], dtype=np.intp), np.asarray(j[keep], dtype=np.intp))


def _is_same(first: NDArray[np.object_], second: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return which pairs are two outlines of one object: they share more than half of their union."""
    same = np.zeros(len(first), dtype=bool)
    a, b = shapely.bounds(first).reshape(-1, 4), shapely.bounds(second).reshape(-1, 4)
    meet = (a[:, 0] < b[:, 2]) & (b[:, 0] < a[:, 2]) & (a[:, 1] < b[:, 3]) & (b[:, 1] < a[:, 3])
    if meet.any():
        shared = shapely.area(shapely.intersection(first[meet], second[meet]))
        union = shapely.area(first[meet]) + shapely.area(second[meet]) - shared
        same[meet] = shared > _SAME_IOU * np.maximum(union, 1e-12)
    return same
