"""Decide what an expression refers to: a plan and candidate polygons in, referents and reasons out.

The network says where things of a kind are; quantity, order, place, size and relations are decided here on polygons, in
metres and over the whole extent asked about. Candidates may come from any source: this module knows no network.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
from shapely.geometry.base import BaseGeometry

from ..core_model.expression.lexicon import class_of
from ..core_model.expression.plan import Comparison, Position, QueryPlan, Referent, Relation, describe_relation
from ..geo_io.degrees import Degrees, Index
from ..geo_io.frame import Frame
from ..geo_io.placement import Placement
from ..geo_io.position import locate, order_by
from ..geo_io.relations import between, relate
from .candidates import ENOUGH, Candidates, Log, distances, only_closest, overlaps
from .choice import Anchors, Choice, without_anchor
from .weighing import Weighing

AnchorMissing = Literal["none", "all", "best"]
"""What a missing anchor means: see ``resolve``."""
ANCHOR_MISSING = ("none", "all")
"""What a person may choose."""


@dataclass(frozen=True)
class Found:
    """One referent."""

    geometry: BaseGeometry
    phrase: str
    score: float
    """The network's."""
    fit: float
    """How well what was asked is met, in [0, 1]."""
    rank: int
    """Place in the order that was asked for, or by preference; from 1."""
    anchors: tuple[int, ...] = ()
    """Indices of the anchors that counted; the last one is that of ``distance_m``."""
    distance_m: float = math.nan
    """To the last anchor, edge to edge on the ellipsoid; NaN without one."""


@dataclass(frozen=True)
class Resolution:
    """The answer to a plan."""

    found: tuple[Found, ...]
    """Referents, the one preferred first."""
    anchors: tuple[tuple[str, BaseGeometry], ...] = ()
    """(phrase, geometry) of anchors that counted for any candidate."""
    reasons: tuple[str, ...] = ()
    """One sentence for every candidate, kept or dropped, by phrase."""
    notes: tuple[str, ...] = ()
    """Sentences for the person: why nothing was found, ties."""
    missing: tuple[str, ...] = ()
    """Phrases of anchors of which none was found."""


def resolve(
    plan: QueryPlan,
    candidates: Mapping[str, gpd.GeoDataFrame],
    frame: Frame,
    *,
    anchor_missing: AnchorMissing = "none",
    weighing: Weighing | None = None,
) -> Resolution:
    """Return what a plan refers to.

    Args:
        plan: what is asked.
        candidates: phrase of the plan -> polygons, all in the CRS of the frame, with a ``score`` in [0, 1] and perhaps
            an ``evidence`` in [0, 1] that lowers what they are preferred by.
        frame: the picture or map extent that the question is about.
        anchor_missing: ``none``: nothing is next to what was not found; ``all``: everything that fits otherwise;
            ``best``: as if the anchor had not been asked for, so one of them where one is asked for.
        weighing: how far scores are believed; None: as they are.

    Raises:
        KeyError: a phrase of the plan has no candidates frame (an empty one is fine).
    """
    resolver = _Resolver(candidates, frame, anchor_missing, weighing or Weighing())
    found: list[Found] = []
    log = resolver.log
    for target in plan.targets:
        state = resolver.resolve(target)
        found += _found(target, state)
        log.reasons += _sentences(target, state)
    notes, missing = dict.fromkeys(log.notes), dict.fromkeys(log.missing)
    return Resolution(tuple(found), tuple(log.anchors), tuple(log.reasons), tuple(notes), tuple(missing))


class _Resolver:
    def __init__(
        self,
        candidates: Mapping[str, gpd.GeoDataFrame],
        frame: Frame,
        anchor_missing: AnchorMissing,
        weighing: Weighing,
    ) -> None:
        self.candidates, self.frame = candidates, frame
        self.anchor_missing, self.weighing = anchor_missing, weighing
        self.log = Log()
        self._states: dict[str, Placement] = {}

    def resolve(self, ref: Referent, is_anchor: bool = False) -> Candidates:
        """Return the candidates of a referent; ``alive`` are the referents."""
        state = self._start(ref)
        if not len(state.placement):
            if not is_anchor:
                self.log.notes.append(f"No '{ref.phrase}' was found.")
            return state
        floor = self.weighing.barely if self._wants_one(ref) or is_anchor else ENOUGH
        for exception in ref.exceptions:
            self._except(state, exception)
        for relation in ref.relations:
            self._relate(state, ref, relation, floor)
        for position in ref.positions:
            self._locate(state, position, floor)
        for comparison in ref.comparisons:
            self._compare(state, ref, comparison)
        self._prefer_full(state, ref)
        self._size(state, ref)
        wants_one = self._wants_one(ref) and not (is_anchor and _is_loose(ref))
        Choice(state, ref, self._anchors, self.log, self.anchor_missing).choose(wants_one)
        if not state.alive.any() and not is_anchor:
            self.log.notes.append(f"None of {len(state.placement)} × '{ref.phrase}' fits all that is asked.")
        return state

    def _start(self, ref: Referent) -> Candidates:
        table = self.candidates[ref.phrase]
        geometries = np.empty(len(table), dtype=object)
        geometries[:] = list(table.geometry)
        if ref.phrase not in self._states:
            self._states[ref.phrase] = Placement.of(geometries, self.frame)
        count = len(table)
        placement = self._states[ref.phrase]
        scores = np.asarray(table["score"], dtype=np.float64) if "score" in table else np.ones(count)
        chance = self.weighing.chance
        has_size = self.frame.grid.crs is not None
        name = class_of(ref.phrase, tuple(chance.sizes_m2)) if has_size else None
        chances = chance.of(scores, placement.areas_m2, name)
        evidence = np.asarray(table["evidence"], dtype=np.float64) if "evidence" in table else np.ones(count)
        state = Candidates(
            placement, geometries, scores, chances, evidence, np.ones(count), np.ones(count, dtype=bool),
            [[] for _ in range(count)], np.full(count, -1, dtype=np.int64), [[] for _ in range(count)],
            np.full(count, np.nan),
        )  # fmt: skip
        state.drop(chances < self.weighing.least, f"its chance to be a '{ref.phrase}' is too small")
        return state

    def _wants_one(self, ref: Referent) -> bool:
        return ref.quantity.kind == "one" or (ref.quantity.kind == "unsaid" and self.frame.is_one_view)

    # -- filters -----------------------------------------------------------------------------------------------------

    def _except(self, state: Candidates, exception: Referent) -> None:
        other = self.resolve(exception, is_anchor=True)
        taken = other.placement.take(np.flatnonzero(other.alive))
        if len(taken):
            overlap, _ = overlaps(state.placement, taken)
            state.drop(overlap > ENOUGH, f"it is '{exception.phrase}', which is excepted")

    def _anchors(self, ref: Referent) -> Anchors:
        state = self.resolve(ref, is_anchor=True)
        index = np.flatnonzero(state.alive)
        return state.placement.take(index), state.geometries[index]

    def _relate(self, state: Candidates, ref: Referent, relation: Relation, floor: float) -> None:
        words = describe_relation(relation)
        named = " and ".join(f"'{anchor.phrase}'" for anchor in relation.anchors)
        found = [self._anchors(anchor) for anchor in relation.anchors]
        if any(len(placement) == 0 for placement, _ in found):
            if relation.is_negated:
                return
            missing = next(a.phrase for a, (p, _) in zip(relation.anchors, found, strict=True) if len(p) == 0)
            self.log.missing.append(missing)
            if self.anchor_missing != "none":
                self._leave_out(state, ref, missing)
                return
            self.log.notes.append(f"No '{missing}' was found, so nothing is {words} {named}.")
            state.drop(np.ones(len(state.placement), dtype=bool), f"there is no '{missing}'")
            return
        degrees, which = self._degrees(state, relation, [placement for placement, _ in found])
        if relation.is_close:
            degrees = only_closest(degrees, state.placement, found[0][0], which, state.alive)
        if not relation.is_negated:
            self._note_anchors(state, relation, found, which)
        if relation.is_negated:
            state.judge(1.0 - degrees, f"{words} {named}")
        else:
            state.judge(degrees, f"{words} {named}", floor)

    def _leave_out(self, state: Candidates, ref: Referent, missing: str) -> None:
        if self.anchor_missing == "all":
            state.misses_anchor = True
            self.log.notes.append(without_anchor(missing, ref.phrase))

    def _degrees(self, state: Candidates, relation: Relation, anchors: list[Placement]) -> tuple[Degrees, Index]:
        if relation.name == "between":
            second = anchors[1] if len(anchors) > 1 else anchors[0]
            return between(state.placement, anchors[0], second)
        return relate(relation.name, state.placement, anchors[0], relation.min_m, relation.max_m)

    def _note_anchors(self, state: Candidates, relation: Relation, found: list[Anchors], which: Index) -> None:
        """Write down the anchors that counted, and how far the first one is."""
        index = np.flatnonzero((which >= 0) & state.alive)
        if not len(index):
            return
        if relation.name == "between":  # the other side
            other, geometries = found[-1]
            phrase = relation.anchors[-1].phrase
            for i, j in zip(index, _other_side(state.placement, index, found[0][0], which[index], other), strict=True):
                if j >= 0:
                    state.anchors[i].append(self.log.add_anchor(phrase, geometries[j]))
        placement, geometries = found[0]
        phrase = relation.anchors[0].phrase
        gaps, _ = distances(state.placement, placement, index, which[index])
        state.distance_m[index] = gaps
        for i, gap in zip(index, gaps, strict=True):
            state.anchors[i].append(self.log.add_anchor(phrase, geometries[which[i]]))
            state.reasons[i].append(f"{gap:,.0f} m from its '{phrase}'")

    def _locate(self, state: Candidates, position: Position, floor: float) -> None:
        degrees = locate(state.placement, position.region)
        if position.is_negated:
            state.judge(1.0 - degrees, f"not {position.region}")
        else:
            state.judge(degrees, f"in place '{position.region}'", floor)

    def _compare(self, state: Candidates, ref: Referent, item: Comparison) -> None:
        values = order_by(state.placement, item.measure)
        if values is None:
            return
        limit, words = item.value, ""
        if item.anchor is not None:
            anchors, _ = self._anchors(item.anchor)
            if not len(anchors):
                self.log.missing.append(item.anchor.phrase)
                if self.anchor_missing != "none":
                    self._leave_out(state, ref, item.anchor.phrase)
                    return
                self.log.notes.append(f"No '{item.anchor.phrase}' was found to compare with.")
                state.drop(np.ones(len(values), dtype=bool), f"there is no '{item.anchor.phrase}'")
                return
            found = order_by(anchors, item.measure)
            limit = float(np.max(found) if item.operator == ">" else np.min(found)) if found is not None else None
            words = f" of '{item.anchor.phrase}'"
        if limit is None:
            return
        fits = values > limit if item.operator == ">" else values < limit
        unit = "m²" if item.measure == "area" else "m"
        for index in np.flatnonzero(state.alive):
            state.reasons[index].append(f"{item.measure} {values[index]:,.0f} {unit}")
        wrong = fits if item.is_negated else ~fits
        state.drop(wrong, f"{item.measure} is not {item.operator} {limit:,.0f} {unit}{words}")

    def _prefer_full(self, state: Candidates, ref: Referent) -> None:
        """Where some candidates fit fully, those that barely fit are no referents."""
        full = state.degrees >= ENOUGH ** max(1, len(ref.relations) + len(ref.positions))
        if (state.alive & full).any() and (ref.superlatives or not self._wants_one(ref)):
            state.drop(~full, "others fit better")

    def _size(self, state: Candidates, ref: Referent) -> None:
        """``large`` and ``small`` are relative: among those that fit otherwise."""
        index = np.flatnonzero(state.alive)
        if ref.size is None or len(index) < 2:
            return
        areas = state.placement.areas_m2[index]
        ranks = np.log(areas / np.median(areas)) * (1 if ref.size == "large" else -1)
        degrees = np.ones(len(state.placement))
        if not ref.superlatives and (self._wants_one(ref) or ref.quantity.kind == "count"):
            degrees[index] = 1.0 / (1.0 + np.exp(-1.5 * ranks))
            degrees[index] /= degrees[index].max()
            state.degrees = state.degrees * degrees
            return
        order = np.sort(areas)
        ratios = order[1:] / np.maximum(order[:-1], 1e-12)
        if ratios.max() >= 1.5:  # there is a gap between the small ones and the large ones
            limit = float(np.sqrt(order[ratios.argmax()] * order[ratios.argmax() + 1]))
            wrong = np.zeros(len(state.placement), dtype=bool)
            wrong[index] = areas < limit if ref.size == "large" else areas > limit
            state.drop(wrong, f"it is not {ref.size} among them")


def _other_side(subjects: Placement, index: Index, anchors: Placement, which: Index, others: Placement) -> list[int]:
    """Return for each subject the nearest other anchor that lies on the far side of it, -1 where there is none."""
    found = []
    for i, j in zip(index, which, strict=True):
        ahead = subjects.centers_m[i] - anchors.centers_m[j]
        beyond = others.centers_m - subjects.centers_m[i]
        gaps = np.where(beyond @ ahead > 0, np.linalg.norm(beyond, axis=1), np.inf)
        nearest_one = int(np.argmin(gaps)) if len(gaps) else -1
        found.append(nearest_one if nearest_one >= 0 and np.isfinite(gaps[nearest_one]) else -1)
    return found


def _is_loose(ref: Referent) -> bool:
    """Return whether an anchor may be any of several: ``next to a house``, ``near boats``."""
    return ref.quantity.kind != "one"


def _sentences(ref: Referent, state: Candidates) -> list[str]:
    lines = []
    for index in np.lexsort((-state.chances, ~state.alive)):  # those kept first, then the likeliest
        reasons = state.reasons[index]
        verdict = "kept" if state.alive[index] else "dropped"
        belief = f"score {state.scores[index]:.2f}, chance {state.chances[index]:.2f}"
        text = "; ".join(reason.removeprefix("dropped: ") for reason in reasons) or "nothing else was asked"
        lines.append(f"{ref.phrase} {index + 1} ({belief}) {verdict}: {text}")
    return lines


def _found(ref: Referent, state: Candidates) -> list[Found]:
    kept, fit = np.flatnonzero(state.alive), state.fit
    return [
        Found(
            state.geometries[i],
            ref.phrase,
            float(state.scores[i]),
            float(fit[i]),
            int(state.rank[i]),
            tuple(state.anchors[i]),
            float(state.distance_m[i]),
        )
        for i in kept[np.argsort(-state.combined[kept], kind="stable")]
    ]
