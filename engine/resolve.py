"""Decide what an expression refers to: a plan and candidate polygons in, referents and reasons out.

The network says where things of a kind are; quantity, order, place, size and relations are decided here on polygons, in
metres and over the whole extent asked about. Candidates may come from any source: this module knows no network.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from ..core_model.expression.plan import (
    Comparison,
    Position,
    QueryPlan,
    Referent,
    Relation,
    Superlative,
    describe_relation,
    describe_superlative,
)
from ..geo_io.degrees import Degrees, Index
from ..geo_io.frame import Frame
from ..geo_io.placement import Placement
from ..geo_io.position import locate, order_by, row_order
from ..geo_io.relations import between, nearest, relate
from .candidates import ENOUGH, Candidates, distances, most_compact, natural_count, only_closest, overlaps

BARELY = 0.42
"""Degree that the best candidate must have when one object is asked for and none is fully fit."""
TIE = 0.02
"""Values this close, relative to the larger, are a tie."""


@dataclass(frozen=True)
class Resolution:
    """The answer to a plan."""

    found: gpd.GeoDataFrame
    """Kept candidates with ``expression, phrase, score, rank, anchor, distance_m`` and the geometry, best first.
    ``anchor`` is the fid of the anchor within ``anchors``; missing values are -1 and NaN."""
    anchors: gpd.GeoDataFrame
    """Anchors that were used: ``fid, phrase`` and the geometry."""
    reasons: tuple[str, ...]
    """One sentence for every candidate, kept or dropped, by phrase."""
    notes: tuple[str, ...]
    """Sentences for the person: why nothing was found, ties."""


@dataclass
class _Notes:
    notes: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    anchors: list[tuple[str, object]] = field(default_factory=list)
    known: dict[tuple[str, int], int] = field(default_factory=dict)

    def add_anchor(self, phrase: str, geometry: object) -> int:
        key = (phrase, id(geometry))
        if key not in self.known:
            self.known[key] = len(self.anchors)
            self.anchors.append((phrase, geometry))
        return self.known[key]


def resolve(
    plan: QueryPlan,
    candidates: Mapping[str, gpd.GeoDataFrame],
    frame: Frame,
    *,
    without_anchors: bool = False,
) -> Resolution:
    """Return what a plan refers to.

    Args:
        plan: what is asked.
        candidates: phrase of the plan -> polygons with a ``score`` in [0, 1]; all in the CRS of the frame.
        frame: the picture or map extent that the question is about.
        without_anchors: leave a relation out when no anchor is found, instead of finding nothing.

    Raises:
        KeyError: a phrase of the plan has no candidates frame (an empty one is fine).
    """
    resolver = _Resolver(candidates, frame, without_anchors)
    parts = []
    for target in plan.targets:
        state = resolver.resolve(target)
        parts.append((target, state))
        resolver.log.reasons += _sentences(target, state)
    return _answer(plan, parts, resolver.log, frame)


class _Resolver:
    def __init__(self, candidates: Mapping[str, gpd.GeoDataFrame], frame: Frame, without_anchors: bool) -> None:
        self.candidates, self.frame, self.without_anchors = candidates, frame, without_anchors
        self.log = _Notes()
        self._states: dict[str, Placement] = {}

    def resolve(self, ref: Referent, is_anchor: bool = False) -> Candidates:
        """Return the candidates of a referent; ``alive`` are the referents."""
        state = self._start(ref)
        if not len(state.placement):
            self.log.notes.append(f"No '{ref.phrase}' was found.")
            return state
        floor = BARELY if self._wants_one(ref) or is_anchor else ENOUGH
        for exception in ref.exceptions:
            self._except(state, exception)
        for relation in ref.relations:
            self._relate(state, relation, floor)
        for position in ref.positions:
            self._locate(state, position, floor)
        for comparison in ref.comparisons:
            self._compare(state, comparison)
        self._prefer_full(state, ref)
        self._size(state, ref)
        self._choose(state, ref, is_anchor)
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
        scores = np.asarray(table["score"], dtype=np.float64) if "score" in table else np.ones(count)
        return Candidates(
            self._states[ref.phrase], geometries, scores, np.ones(count), np.ones(count, dtype=bool),
            [[] for _ in range(count)], np.full(count, -1, dtype=np.int64), [-1] * count, np.full(count, np.nan),
        )  # fmt: skip

    def _wants_one(self, ref: Referent) -> bool:
        return ref.quantity.kind == "one" or (ref.quantity.kind == "unsaid" and self.frame.is_one_view)

    # -- filters -----------------------------------------------------------------------------------------------------

    def _except(self, state: Candidates, exception: Referent) -> None:
        other = self.resolve(exception, is_anchor=True)
        taken = other.placement.take(np.flatnonzero(other.alive))
        if len(taken):
            overlap, _ = overlaps(state.placement, taken)
            state.drop(overlap > ENOUGH, f"it is '{exception.phrase}', which is excepted")

    def _anchors(self, ref: Referent) -> tuple[Placement, NDArray[np.object_]]:
        state = self.resolve(ref, is_anchor=True)
        index = np.flatnonzero(state.alive)
        return state.placement.take(index), state.geometries[index]

    def _relate(self, state: Candidates, relation: Relation, floor: float) -> None:
        words = describe_relation(relation)
        named = " and ".join(f"'{anchor.phrase}'" for anchor in relation.anchors)
        found = [self._anchors(anchor) for anchor in relation.anchors]
        if any(len(placement) == 0 for placement, _ in found):
            if relation.is_negated:
                return
            missing = next(a.phrase for a, (p, _) in zip(relation.anchors, found, strict=True) if len(p) == 0)
            if self.without_anchors:
                self.log.notes.append(f"No '{missing}' was found; showing every '{words} ...' without it.")
                return
            self.log.notes.append(f"No '{missing}' was found, so nothing is {words} {named}.")
            state.drop(np.ones(len(state.placement), dtype=bool), f"there is no '{missing}'")
            return
        degrees, which = self._degrees(state, relation, [placement for placement, _ in found])
        if relation.is_close:
            degrees = only_closest(degrees, state.placement, found[0][0], which, state.alive)
        self._note_anchor(state, relation, found[0], which)
        if relation.is_negated:
            state.judge(1.0 - degrees, f"{words} {named}")
        else:
            state.judge(degrees, f"{words} {named}", floor)

    def _degrees(self, state: Candidates, relation: Relation, anchors: list[Placement]) -> tuple[Degrees, Index]:
        if relation.name == "between":
            second = anchors[1] if len(anchors) > 1 else anchors[0]
            return between(state.placement, anchors[0], second)
        return relate(relation.name, state.placement, anchors[0], relation.min_m, relation.max_m)

    def _note_anchor(
        self, state: Candidates, relation: Relation, anchors: tuple[Placement, NDArray[np.object_]], which: Index
    ) -> None:
        """Write down the anchor that counted, and how far it is."""
        placement, geometries = anchors
        index = np.flatnonzero((which >= 0) & state.alive)
        for i in index:
            state.anchor[i] = self.log.add_anchor(relation.anchors[0].phrase, geometries[which[i]])
        if len(index):
            gaps, _ = distances(state.placement, placement, index, which[index])
            state.distance_m[index] = gaps
            for i, gap in zip(index, gaps, strict=True):
                state.reasons[i].append(f"{gap:,.0f} m from its '{relation.anchors[0].phrase}'")

    def _locate(self, state: Candidates, position: Position, floor: float) -> None:
        degrees = locate(state.placement, position.region)
        if position.is_negated:
            state.judge(1.0 - degrees, f"not {position.region}")
        else:
            state.judge(degrees, f"in place '{position.region}'", floor)

    def _compare(self, state: Candidates, item: Comparison) -> None:
        values = order_by(state.placement, item.measure)
        if values is None:
            return
        limit, words = item.value, ""
        if item.anchor is not None:
            anchors, _ = self._anchors(item.anchor)
            if not len(anchors):
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

    # -- choice ------------------------------------------------------------------------------------------------------

    def _choose(self, state: Candidates, ref: Referent, is_anchor: bool) -> None:
        count = ref.quantity.count or 1
        if ref.superlatives:
            self._order(state, ref, count)
        index = np.flatnonzero(state.alive)
        if ref.quantity.is_group and ref.quantity.kind == "count" and len(index) > count:
            state.drop(~most_compact(state, index, count), "it stands apart from the group")
        elif ref.quantity.kind == "count" and len(index) > count and not ref.superlatives:
            self._keep_best(state, index, count, ref)
        elif self._wants_one(ref) and len(index) > 1 and not ref.superlatives and not (is_anchor and _is_loose(ref)):
            self._keep_best(state, index, 1, ref)
        index = np.flatnonzero(state.alive & (state.rank < 0))
        for rank, i in enumerate(index[np.argsort(-state.combined[index], kind="stable")], start=1):
            state.rank[i] = rank

    def _keep_best(self, state: Candidates, index: Index, count: int, ref: Referent) -> None:
        order = index[np.argsort(-state.combined[index], kind="stable")]
        best = state.combined[order[count - 1]]
        ties = int(np.sum(state.combined[order[count:]] >= (1 - TIE) * best))
        if ties:
            self.log.notes.append(f"{ties} more '{ref.phrase}' fit{'s' if ties == 1 else ''} equally well.")
        keep = np.zeros(len(state.placement), dtype=bool)
        keep[order[:count]] = True
        state.drop(~keep, "a better one was found")

    def _order(self, state: Candidates, ref: Referent, count: int) -> None:
        index = np.flatnonzero(state.alive)
        if not len(index):
            return
        if len(ref.superlatives) > 1:
            self._order_jointly(state, ref, index, count)
            return
        item = ref.superlatives[0]
        order, values = self._sorted(state, item, index)
        if order is None:
            state.drop(np.ones(len(state.placement), dtype=bool), f"nothing to be {describe_superlative(item)}")
            return
        words = describe_superlative(Superlative(item.measure, item.is_most, 1, item.anchor))
        place = len(order) if item.rank == -1 else item.rank
        keep = np.zeros(len(state.placement), dtype=bool)
        if ref.quantity.kind == "all":
            count = natural_count(values) if values is not None else 1
        keep[order[place - 1 : place - 1 + count]] = True
        for rank, i in enumerate(order, start=1):
            state.rank[i] = rank
            state.reasons[i].append(f"rank {rank} of {len(order)} by '{words}'")
        if not keep.any():
            self.log.notes.append(f"There are only {len(order)} × '{ref.phrase}', so none is number {place}.")
        elif values is not None:
            last = place - 1 + count
            if last < len(values) and abs(values[last] - values[last - 1]) <= TIE * max(abs(values[last - 1]), 1e-9):
                self.log.notes.append(f"Another '{ref.phrase}' is as good a '{words}' within {TIE:.0%}.")
        state.drop(~keep, f"its rank is not {place if count == 1 else f'{place} to {place + count - 1}'}")

    def _order_jointly(self, state: Candidates, ref: Referent, index: Index, count: int) -> None:
        """``the largest, leftmost car``: both are said of one object, so the one with the best worst rank is meant."""
        ranks = np.zeros((len(ref.superlatives), len(state.placement)))
        for k, item in enumerate(ref.superlatives):
            order, _ = self._sorted(state, item, index)
            for rank, i in enumerate(order if order is not None else index):
                ranks[k, i] = abs(rank - (item.rank - 1 if item.rank > 0 else len(index) - 1))
        total = ranks.max(axis=0) + 0.01 * ranks.sum(axis=0)
        best = index[np.argsort(total[index], kind="stable")][:count]
        keep = np.zeros(len(state.placement), dtype=bool)
        keep[best] = True
        state.drop(~keep, "others rank better in all that is asked")

    def _sorted(self, state: Candidates, item: Superlative, index: Index) -> tuple[Index | None, Degrees | None]:
        """Return candidates in the order of a superlative, the first first, and the values that they are ordered by."""
        some = state.placement.take(index)
        if item.measure in ("middle", "order"):
            order = index[row_order(some)]
            if item.measure == "middle":
                center = (len(order) - 1) / 2
                order = order[np.argsort(np.abs(np.arange(len(order)) - center), kind="stable")]
            return order, None
        if item.measure == "distance" and item.anchor is not None:
            anchors, geometries = self._anchors(item.anchor)
            if not len(anchors):
                self.log.notes.append(f"No '{item.anchor.phrase}' was found.")
                return None, None
            values, which = nearest(some, anchors)
            for i, gap, j in zip(index, values, which, strict=True):
                if j >= 0:
                    state.distance_m[i] = gap
                    state.anchor[i] = self.log.add_anchor(item.anchor.phrase, geometries[j])
            far = np.where(np.isfinite(values), values, -np.inf if item.is_most else np.inf)
            by = np.argsort(-far if item.is_most else far, kind="stable")
            return index[by], far[by]
        values_or_none = order_by(some, item.measure)
        if values_or_none is None:
            return None, None
        by = np.argsort(-values_or_none if item.is_most else values_or_none, kind="stable")
        is_size = item.measure in ("area", "length", "width")
        return index[by], values_or_none[by] if is_size else None


def _is_loose(ref: Referent) -> bool:
    """Return whether an anchor may be any of several: ``next to a house``, ``near boats``."""
    return ref.quantity.kind != "one"


def _sentences(ref: Referent, state: Candidates) -> list[str]:
    lines = []
    for index, reasons in enumerate(state.reasons):
        verdict = "kept" if state.alive[index] else "dropped"
        text = "; ".join(reason.removeprefix("dropped: ") for reason in reasons) or "nothing else was asked"
        lines.append(f"{ref.phrase} {index + 1} (score {state.scores[index]:.2f}) {verdict}: {text}")
    return lines


def _answer(plan: QueryPlan, parts: list[tuple[Referent, Candidates]], log: _Notes, frame: Frame) -> Resolution:
    rows: dict[str, list[object]] = {name: [] for name in ("phrase", "score", "rank", "anchor", "distance_m")}
    geometries: list[object] = []
    for target, state in parts:
        kept = np.flatnonzero(state.alive)
        for i in kept[np.argsort(-state.combined[kept], kind="stable")]:
            geometries.append(state.geometries[i])
            values = (
                target.phrase,
                float(state.combined[i]),
                int(state.rank[i]),
                state.anchor[i],
                float(state.distance_m[i]),
            )
            for name, value in zip(rows, values, strict=True):
                rows[name].append(value)
    found = gpd.GeoDataFrame(
        {"expression": [plan.text] * len(geometries), **rows}, geometry=geometries, crs=frame.grid.crs
    )
    anchors = gpd.GeoDataFrame(
        {"fid": list(range(len(log.anchors))), "phrase": [phrase for phrase, _ in log.anchors]},
        geometry=[geometry for _, geometry in log.anchors],
        crs=frame.grid.crs,
    )
    return Resolution(found, anchors, tuple(log.reasons), tuple(dict.fromkeys(log.notes)))
