"""Degrees in [0, 1] of spatial relations, for pairs of a subject and an anchor.

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

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from .placement import Placement

Degrees = NDArray[np.float64]
Index = NDArray[np.intp]


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


def _shared_m2(pairs: Pairs) -> Degrees:
    shared = shapely.area(shapely.intersection(pairs.subjects.metric[pairs.i], pairs.anchors.metric[pairs.j]))
    return np.asarray(shared, dtype=np.float64)


def _largest_parts(geometries: NDArray[np.object_]) -> NDArray[np.object_]:
    largest = np.empty(len(geometries), dtype=object)
    for index, geometry in enumerate(geometries):
        parts = shapely.get_parts(geometry)
        largest[index] = parts[np.argmax(shapely.area(parts))] if len(parts) else shapely.Polygon()
    return largest
