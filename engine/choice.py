"""Choose among candidates that fit: ranks of superlatives, numbers, groups, the best of several.

Everything is decided over all candidates of the extent, never tile by tile; ties are told. Candidates are doubtful: the
largest tank is not the largest polygon that may be a tank, but the one that is likeliest to be the largest real one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..core_model.expression.plan import Referent, Superlative, describe_superlative
from ..geo_io.degrees import Degrees, Index
from ..geo_io.placement import Placement
from ..geo_io.position import order_by, row_order
from ..geo_io.relations import nearest
from .candidates import Candidates, Log, most_compact, natural_count
from .weighing import chances_of_place, likely_ones, presupposed

TIE = 0.02
"""Values this close, relative to the larger, are a tie."""

Anchors = tuple[Placement, NDArray[np.object_]]
"""Anchors that were found: measured, and as map geometries."""


class Choice:
    """Chooses the referents of one noun phrase among its candidates."""

    def __init__(
        self, state: Candidates, ref: Referent, anchors_of: Callable[[Referent], Anchors], log: Log, anchor_missing: str
    ) -> None:
        """Prepare a choice.

        Args:
            state: the candidates; those chosen stay ``alive``.
            ref: what is asked of them.
            anchors_of: gives the referents of an anchor.
            log: is told of ties and of what is missing.
            anchor_missing: ``none``: without an anchor nothing is the nearest to it; else the order is left out.
        """
        self.state, self.ref, self.anchors_of, self.log = state, ref, anchors_of, log
        self.anchor_missing = anchor_missing

    def choose(self, wants_one: bool) -> None:
        """Drop those that are not meant, and give those that are their ranks.

        Args:
            wants_one: keep a single one where no order was said.
        """
        state, ref = self.state, self.ref
        count = ref.quantity.count or 1
        is_ordered = bool(ref.superlatives) and self._order(count)
        index = np.flatnonzero(state.alive)
        if ref.quantity.is_group and ref.quantity.kind == "count" and len(index) > count:
            state.drop(~most_compact(state, index, count), "it stands apart from the group")
        elif is_ordered or state.misses_anchor:
            pass
        elif ref.quantity.kind == "count" and len(index) > count:
            self._keep_best(index, count)
        elif wants_one and len(index) > 1:
            self._keep_best(index, 1)
        elif not wants_one and len(index) > 1:
            unlikely = np.zeros(len(state.placement), dtype=bool)
            unlikely[index] = ~likely_ones(state.chances[index], state.placement.areas_m2[index])
            state.drop(unlikely, f"less likely to be a '{ref.phrase}' than not, beside the others")
        index = np.flatnonzero(state.alive & (state.rank < 0))
        for rank, i in enumerate(index[np.argsort(-state.combined[index], kind="stable")], start=1):
            state.rank[i] = rank

    def _keep_best(self, index: Index, count: int) -> None:
        state = self.state
        order = index[np.argsort(-state.combined[index], kind="stable")]
        best = state.combined[order[count - 1]]
        ties = int(np.sum(state.combined[order[count:]] >= (1 - TIE) * best))
        if ties:
            self.log.notes.append(f"{ties} more '{self.ref.phrase}' fit{'s' if ties == 1 else ''} equally well.")
        keep = np.zeros(len(state.placement), dtype=bool)
        keep[order[:count]] = True
        state.drop(~keep, "a better one was found")

    def _order(self, count: int) -> bool:
        """Keep the first of an order; False if the order had to be left out."""
        state, ref = self.state, self.ref
        index = np.flatnonzero(state.alive)
        if not len(index):
            return True
        if len(ref.superlatives) > 1:
            return self._order_jointly(index, count)
        item = ref.superlatives[0]
        order, values = self._sorted(item, index)
        if order is None:
            return self._cannot_order(item)
        words = describe_superlative(Superlative(item.measure, item.is_most, 1, item.anchor))
        if item.rank == -1:
            order, values = order[::-1], None if values is None else values[::-1]
        place = max(item.rank, 1)
        chances = presupposed(state.chances[order])
        if ref.quantity.kind == "all" and values is not None:
            real = likely_ones(chances, state.placement.areas_m2[order])
            count = natural_count(values[real])
        likely = chances_of_place(chances, place, count)
        meant = np.sort(np.argsort(-likely, kind="stable")[:count])
        if len(order) < place:
            meant = meant[:0]
            self.log.notes.append(f"There are only {len(order)} × '{ref.phrase}', so none is number {place}.")
        ranks = 1 + np.concatenate(([0.0], np.cumsum(chances)[:-1]))  # the expected number of real ones before
        for at, i in enumerate(order):
            state.rank[i] = max(1, round(float(ranks[at])))
            state.reasons[i].append(f"rank {at + 1} of {len(order)} by '{words}'")
        keep = np.zeros(len(state.placement), dtype=bool)
        keep[order[meant]] = True
        state.rank[order[meant]] = place + np.arange(len(meant))
        self._note_ties(values, meant, words)
        doubted = int(meant[0]) + 1 - place if len(meant) else 0
        if doubted > 0:
            others = "another is" if doubted == 1 else f"{doubted} others are"
            self.log.notes.append(f"{others.capitalize()} before it by '{words}', but too doubtful.")
        passed = np.zeros(len(state.placement), dtype=bool)
        if len(meant):
            passed[order[: meant[-1]]] = True
        state.drop(~keep & passed, "too doubtful to be the one" if place == 1 else "not the one that was asked for")
        state.drop(~keep, f"its rank is not {place if count == 1 else f'{place} to {place + count - 1}'}")
        return True

    def _note_ties(self, values: Degrees | None, meant: Index, words: str) -> None:
        """Say that one that was not taken is as good as the last that was."""
        if values is None or not len(meant) or meant[-1] + 1 >= len(values):
            return
        last, after = meant[-1], meant[-1] + 1
        is_close = abs(values[after] - values[last]) <= TIE * max(abs(values[last]), 1e-9)
        if is_close:
            self.log.notes.append(f"Another '{self.ref.phrase}' is as good a '{words}' within {TIE:.0%}.")

    def _order_jointly(self, index: Index, count: int) -> bool:
        """``the largest, leftmost car``: both are said of one object, so the one with the best worst rank is meant."""
        state, ref = self.state, self.ref
        ranks = np.zeros((len(ref.superlatives), len(state.placement)))
        ordered = 0
        for k, item in enumerate(ref.superlatives):
            order, _ = self._sorted(item, index)
            if order is None:
                if item.anchor is not None and self._cannot_order(item):
                    return True
                continue
            ordered += 1
            if item.rank == -1:
                order = order[::-1]
            real_before = np.concatenate(([0.0], np.cumsum(presupposed(state.chances[order]))[:-1]))
            ranks[k, order] = np.abs(real_before - (max(item.rank, 1) - 1))
        total = (ranks.max(axis=0) + 0.01 * ranks.sum(axis=0) + 0.5) / np.maximum(state.chances, 1e-6)
        if ordered:
            keep = np.zeros(len(state.placement), dtype=bool)
            keep[index[np.argsort(total[index], kind="stable")][:count]] = True
            state.drop(~keep, "others rank better in all that is asked")
        return ordered > 0

    def _cannot_order(self, item: Superlative) -> bool:
        """Drop everything, or leave the order out where that is wanted; returns whether everything was dropped."""
        if item.anchor is not None and self.anchor_missing == "best":
            return False
        if item.anchor is not None and self.anchor_missing == "all":
            self.state.misses_anchor = True
            self.log.notes.append(without_anchor(item.anchor.phrase, self.ref.phrase))
            return False
        if item.anchor is not None:
            self.log.notes.append(f"No '{item.anchor.phrase}' was found.")
        nothing = np.ones(len(self.state.placement), dtype=bool)
        self.state.drop(nothing, f"nothing to be {describe_superlative(item)}")
        return True

    def _sorted(self, item: Superlative, index: Index) -> tuple[Index | None, Degrees | None]:
        """Return candidates in the order of a superlative, the first first, and the values that they are ordered by."""
        state = self.state
        some = state.placement.take(index)
        if item.measure in ("middle", "order"):
            order = index[row_order(some)]
            if item.measure == "middle":
                center = (len(order) - 1) / 2
                order = order[np.argsort(np.abs(np.arange(len(order)) - center), kind="stable")]
            return order, None
        if item.measure == "distance" and item.anchor is not None:
            anchors, geometries = self.anchors_of(item.anchor)
            if not len(anchors):
                self.log.missing.append(item.anchor.phrase)
                return None, None
            values, which = nearest(some, anchors)
            for i, gap, j in zip(index, values, which, strict=True):
                if j >= 0:
                    state.distance_m[i] = gap
                    state.anchors[i].append(self.log.add_anchor(item.anchor.phrase, geometries[j]))
            far = np.where(np.isfinite(values), values, -np.inf if item.is_most else np.inf)
            by = np.argsort(-far if item.is_most else far, kind="stable")
            return index[by], far[by]
        values_or_none = order_by(some, item.measure)
        if values_or_none is None:
            return None, None
        by = np.argsort(-values_or_none if item.is_most else values_or_none, kind="stable")
        is_size = item.measure in ("area", "length", "width")
        return index[by], values_or_none[by] if is_size else None


def without_anchor(missing: str, phrase: str) -> str:
    """Return the note on an anchor that is missing and was left out of the question."""
    return f"No '{missing}' was found; showing every '{phrase}' that fits otherwise."
