"""Spatial relations between polygons as degrees in [0, 1].

A relation of ordinary language has no sharp border: an object somewhat to the right and somewhat above is "right of" to
a degree. Each function takes pairs of a subject and an anchor and returns one degree per pair; 0.5 is where people
begin to say the word. Distances are edge to edge in metres; ``left`` and ``above`` are directions of the picture,
``north`` is true north.

Literature: Freeman 1975, "The modelling of spatial relations" (the relations of language as fuzzy relations);
Krishnapuram, Keller and Ma 1993, "Quantitative analysis of properties and spatial relations of fuzzy image regions" and
Miyajima and Ralescu 1994, "Spatial organization in 2D segmented images" (directions as memberships of angles);
Bloch 1999, "Fuzzy relative position between objects in image processing: a morphological approach" (directions that
take the extent of the anchor into account); Bloch, Colliot and Cesar 2006, "On the ternary spatial relation 'between'";
Bloch 2005, "Fuzzy spatial relationships for image processing and interpretation: a review".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .placement import Placement

Degrees = NDArray[np.float64]
Index = NDArray[np.intp]
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


@dataclass(frozen=True)
class Pairs:
    """P pairs of a subject and an anchor."""

    subjects: Placement
    anchors: Placement
    i: Index
    """(P,) subjects."""
    j: Index
    """(P,) anchors."""

    @property
    def gaps_m(self) -> Degrees:
        """(P,) distances edge to edge in metres, 0 where they touch."""
        return np.asarray(shapely.distance(self.subjects.metric[self.i], self.anchors.metric[self.j]), dtype=np.float64)

    @property
    def scale_m(self) -> Degrees:
        """(P,) the size by which nearness is felt: that of the subject, widened by anchors up to threefold."""
        own, other = self.subjects.sizes_m[self.i], self.anchors.sizes_m[self.j]
        return np.sqrt(own * np.clip(other, own / 3, own * 3))


def fall(values: Degrees, full: Degrees | float, none: Degrees | float) -> Degrees:
    """Return 1 up to ``full``, 0 from ``none`` on, and a straight line between."""
    width = np.maximum(np.asarray(none) - np.asarray(full), 1e-12)
    return np.asarray(np.clip((np.asarray(none) - values) / width, 0.0, 1.0), dtype=np.float64)


def direction(pairs: Pairs, vectors: NDArray[np.float64], is_picture: bool) -> Degrees:
    """Return to what degree subjects lie in a direction from their anchors.

    The mean of two memberships, each the squared cosine of an angle (Krishnapuram et al. 1993): between the centroids,
    and from the anchor's extent across the direction (Bloch 1999: a tank north of a long runway is north of it wherever
    along the runway it lies). A subject that does not pass the anchor's centre has degree 0.

    Args:
        pairs: P pairs.
        vectors: (P, 2) or (2,) direction in the plane.
        is_picture: the plane: that of the picture, else the metric one.
    """
    unit = np.broadcast_to(vectors, (len(pairs.i), 2))
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    subjects, anchors = pairs.subjects, pairs.anchors
    own = (subjects.centers_px if is_picture else subjects.centers_m)[pairs.i]
    other = (anchors.centers_px if is_picture else anchors.centers_m)[pairs.j]
    extents = _extents(anchors, unit, pairs.j, is_picture)
    step = own - other
    along = np.sum(step * unit, axis=1)
    across = np.abs(step[:, 0] * unit[:, 1] - step[:, 1] * unit[:, 0])
    by_center = _squared_cosine(along, across)
    half_along, half_across = extents
    by_extent = _squared_cosine(
        np.maximum(along - half_along, 0.0) + 0.25 * half_along, np.maximum(across - half_across, 0.0)
    )
    # Beyond the centre but not beyond the edge: the degree rises with the distance passed.
    passed = np.clip(along / np.maximum(half_along, 1e-9), 0.0, 1.0)
    return np.where(along > 0, 0.5 * (by_center + by_extent) * passed, 0.0)


def _squared_cosine(along: Degrees, across: Degrees) -> Degrees:
    norm = along**2 + across**2
    return np.where(along > 0, along**2 / np.maximum(norm, 1e-18), 0.0)


def _extents(anchors: Placement, unit: NDArray[np.float64], j: Index, is_picture: bool) -> tuple[Degrees, Degrees]:
    """Return half the anchors' extents along and across the direction, (P,) each."""
    geometries = anchors.picture if is_picture else anchors.metric
    boxes = shapely.bounds(geometries).reshape(-1, 4)
    half = np.column_stack((boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]))[j] / 2
    diagonal = np.minimum(np.abs(unit[:, 0]), np.abs(unit[:, 1])) > 0.3
    along = np.where(
        diagonal, np.minimum(half[:, 0], half[:, 1]), np.abs(unit[:, 0]) * half[:, 0] + np.abs(unit[:, 1]) * half[:, 1]
    )
    across = np.where(diagonal, 0.0, np.abs(unit[:, 1]) * half[:, 0] + np.abs(unit[:, 0]) * half[:, 1])
    return along, across


def next_to(pairs: Pairs) -> Degrees:
    """Return nearness relative to size and local spacing: full up to half a size apart, none from 2.5 sizes."""
    scale = np.maximum(pairs.scale_m, 0.5 * pairs.subjects.spacing_m)
    return fall(pairs.gaps_m, 0.5 * scale, 2.5 * scale)


def near(pairs: Pairs) -> Degrees:
    """Return a wider nearness: full up to two sizes apart, none from eight."""
    scale = np.maximum(pairs.scale_m, 0.5 * pairs.subjects.spacing_m)
    return fall(pairs.gaps_m, 2.0 * scale, 8.0 * scale)


def inside(pairs: Pairs) -> Degrees:
    """Return the share of the subject that lies in the anchor."""
    return _shared_m2(pairs) / np.maximum(pairs.subjects.areas_m2[pairs.i], 1e-12)


def containing(pairs: Pairs) -> Degrees:
    """Return the share of the anchor that lies in the subject or in a hole of it."""
    filled = shapely.polygons(shapely.get_exterior_ring(_largest_parts(pairs.subjects.metric)))
    shared = shapely.area(shapely.intersection(filled[pairs.i], pairs.anchors.metric[pairs.j]))
    return np.asarray(shared, dtype=np.float64) / np.maximum(pairs.anchors.areas_m2[pairs.j], 1e-12)


def on(pairs: Pairs) -> Degrees:
    """Return the degree of standing on the anchor: twice the shared part of the subject, at most 1.

    Outlines of what stands on a road or a pier often cut the road's own outline away, so touching is half of it.
    """
    return np.maximum(
        np.minimum(1.0, 2.0 * inside(pairs)), 0.6 * fall(pairs.gaps_m, 0.05 * pairs.scale_m, 0.3 * pairs.scale_m)
    )


def at(pairs: Pairs) -> Degrees:
    """Return the degree of being in, on or next to the anchor."""
    return np.maximum(inside(pairs), next_to(pairs))


def has(pairs: Pairs) -> Degrees:
    """Return the degree of having the anchor: ``a house with a pool`` contains it or lies next to it."""
    return np.maximum(containing(pairs), next_to(pairs))


def along(pairs: Pairs) -> Degrees:
    """Return nearness to a long anchor, judged by the subject's own size."""
    own = pairs.subjects.sizes_m[pairs.i]
    return fall(pairs.gaps_m, own, 4.0 * own)


def crossing(pairs: Pairs) -> Degrees:
    """Return the degree of crossing: the subject enters the anchor and sticks out of it."""
    is_touching = pairs.gaps_m <= 0.02 * pairs.scale_m
    share = inside(pairs)
    return np.where(is_touching, fall(share, 0.95, 1.0) * 0.4 + 0.6, 0.0)


def middle_of(pairs: Pairs) -> Degrees:
    """Return the degree of lying in the middle of the anchor: close to its centroid, measured by its half extents."""
    boxes = pairs.anchors.bounds_px[pairs.j]
    half = np.maximum(np.column_stack((boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])) / 2, 1e-9)
    off = np.abs(pairs.subjects.centers_px[pairs.i] - pairs.anchors.centers_px[pairs.j]) / half
    return fall(off.max(axis=1), 0.3, 0.9)


def end(pairs: Pairs) -> Degrees:
    """Return nearness to one of the two ends of a long anchor."""
    gaps = np.full(len(pairs.i), np.inf)
    widths = np.zeros(len(pairs.i))
    for index in np.unique(pairs.j):
        corners = shapely.get_coordinates(shapely.oriented_envelope(pairs.anchors.metric[index]))[:4]
        sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
        first = 0 if sides[0] <= sides[1] else 1
        ends = [shapely.LineString([corners[k], corners[(k + 1) % 4]]) for k in (first, first + 2)]
        where = pairs.j == index
        subjects = pairs.subjects.metric[pairs.i[where]]
        gaps[where] = np.minimum(shapely.distance(subjects, ends[0]), shapely.distance(subjects, ends[1]))
        widths[where] = sides.min()
    scale = np.maximum(pairs.scale_m, widths)
    return fall(gaps, scale, 3.0 * scale)


def row(pairs: Pairs) -> Degrees:
    """Return the degree of standing in a row with the anchor, along the picture's rows or columns."""
    own, other = pairs.subjects.bounds_px[pairs.i], pairs.anchors.bounds_px[pairs.j]
    size = np.minimum(own[:, 2:] - own[:, :2], other[:, 2:] - other[:, :2]).clip(min=1e-9)
    off = np.abs(pairs.subjects.centers_px[pairs.i] - pairs.anchors.centers_px[pairs.j]) / size
    return fall(off.min(axis=1), 0.4, 1.2)


def opposite(pairs: Pairs) -> Degrees:
    """Return the degree of lying across something from the anchor: apart, but within a few sizes."""
    gaps, scale = pairs.gaps_m, pairs.scale_m
    return np.minimum(fall(-gaps, -0.5 * scale, 0.0 * scale), fall(gaps, 3.0 * scale, 10.0 * scale))


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
    order = np.lexsort((-pairs.gaps_m if len(pairs.i) <= _MAX_PAIRS else np.zeros(len(pairs.i)), found))
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
    gaps, which = nearest(subjects, anchors)
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


def _shared_m2(pairs: Pairs) -> Degrees:
    shared = shapely.area(shapely.intersection(pairs.subjects.metric[pairs.i], pairs.anchors.metric[pairs.j]))
    return np.asarray(shared, dtype=np.float64)


def _largest_parts(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    largest = np.empty(len(geometries), dtype=object)
    for index, geometry in enumerate(geometries):
        parts = shapely.get_parts(geometry)
        largest[index] = parts[np.argmax(shapely.area(parts))] if len(parts) else shapely.Polygon()
    return largest
