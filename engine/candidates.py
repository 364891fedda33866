"""Candidates of one referent while they are being judged: chances, degrees, who is left, and why."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from ..geo_io.degrees import Degrees, Index
from ..geo_io.placement import Placement

ENOUGH = 0.5
"""Degree from which a word is said of an object."""


@dataclass
class Candidates:
    """Candidates of one referent while they are being judged."""

    placement: Placement
    geometries: NDArray[np.object_]
    scores: Degrees
    """Mean score of the network."""
    chances: Degrees
    """Chance of being what the noun phrase says, by score and size."""
    evidence: Degrees
    """1 where the network's reading of the whole expression agrees or was not asked, less where it looks elsewhere."""
    degrees: Degrees
    """Product of all degrees so far."""
    alive: NDArray[np.bool_]
    reasons: list[list[str]]
    rank: NDArray[np.int64]
    anchors: list[list[int]]
    """For each, the numbers of the anchors that counted; the last one is that of ``distance_m``."""
    distance_m: Degrees
    misses_anchor: bool = False
    """Whether something was left out of the question because its anchor is missing."""

    @property
    def fit(self) -> Degrees:
        """Return how well each candidate fits what is asked of it, apart from being such a thing at all."""
        return self.degrees * self.evidence

    @property
    def combined(self) -> Degrees:
        """Return what candidates are preferred by: chance, degrees and evidence."""
        return self.chances * self.fit

    def drop(self, where: NDArray[np.bool_], reason: str) -> None:
        """Drop candidates, with the reason."""
        for index in np.flatnonzero(self.alive & where):
            self.reasons[index].append(f"dropped: {reason}")
        self.alive &= ~where

    def judge(self, degrees: Degrees, words: str, floor: float = ENOUGH) -> None:
        """Multiply degrees in, drop those below the floor, and keep the words as reasons."""
        self.degrees = self.degrees * np.clip(degrees, 0.0, 1.0)
        for index in np.flatnonzero(self.alive):
            self.reasons[index].append(f"{words} to degree {degrees[index]:.2f}")
        self.drop(degrees < floor, f"{words} only to degree below {floor:g}")


@dataclass
class Log:
    """What is told to the person about one question, and the anchors that counted."""

    notes: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    anchors: list[tuple[str, BaseGeometry]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """Phrases of anchors of which none was found."""
    known: dict[tuple[str, int], int] = field(default_factory=dict)

    def add_anchor(self, phrase: str, geometry: BaseGeometry) -> int:
        """Return the number of an anchor, the same for the same one."""
        key = (phrase, id(geometry))
        if key not in self.known:
            self.known[key] = len(self.anchors)
            self.anchors.append((phrase, geometry))
        return self.known[key]


def overlaps(subjects: Placement, others: Placement) -> tuple[Degrees, Index]:
    """Return the largest share of each subject's union with any of the others."""
    best = np.zeros(len(subjects))
    i, j = others.tree.query(subjects.metric, predicate="intersects")
    shared = shapely.area(shapely.intersection(subjects.metric[i], others.metric[j]))
    union = subjects.areas_m2[i] + others.areas_m2[j] - shared
    np.maximum.at(best, i, shared / np.maximum(union, 1e-12))
    return best, j


def distances(subjects: Placement, anchors: Placement, i: Index, j: Index) -> tuple[Degrees, Index]:
    """Return the geodesic distances of pairs, edge to edge, in metres."""
    lines = shapely.shortest_line(subjects.metric[i], anchors.metric[j])
    ends = shapely.get_coordinates(lines).reshape(-1, 2, 2)
    return subjects.frame.geodesic_m(ends[:, 0], ends[:, 1]), j


def only_closest(
    degrees: Degrees, subjects: Placement, anchors: Placement, which: Index, alive: NDArray[np.bool_]
) -> Degrees:
    """``just left of``: of those that lie left of one anchor, the nearest; others the less, the farther they are."""
    result = degrees.copy()
    index = np.flatnonzero((which >= 0) & alive & (degrees > 0))
    if not len(index):
        return result
    gaps, _ = distances(subjects, anchors, index, which[index])
    for anchor in np.unique(which[index]):
        own = which[index] == anchor
        good = own & (degrees[index] >= ENOUGH)
        if good.any():
            scale = subjects.sizes_m[index[own]]
            extra = gaps[own] - gaps[good].min()
            result[index[own]] *= 1.0 / (1.0 + np.maximum(extra, 0.0) / np.maximum(scale, 1e-9))
    return result


def natural_count(values: Degrees) -> int:
    """``the largest tanks``: those before the first clear step down; at least one."""
    ratios = np.abs(values[1:]) / np.maximum(np.abs(values[:-1]), 1e-12)
    steps = np.flatnonzero((ratios < 0.8) | (ratios > 1.25))
    return int(steps[0]) + 1 if len(steps) else len(values)


def most_compact(state: Candidates, index: Index, count: int) -> NDArray[np.bool_]:
    """Return the ``count`` candidates that stand closest together."""
    centers = state.placement.centers_m[index]
    gaps = np.linalg.norm(centers[:, None] - centers[None], axis=2)
    order = np.argsort(gaps, axis=1)[:, :count]
    reach = np.take_along_axis(gaps, order, axis=1)[:, -1]
    keep = np.zeros(len(state.placement), dtype=bool)
    keep[index[order[int(np.argmin(reach))]]] = True
    return keep
