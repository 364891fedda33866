"""What is asked of one extent: plans, what the network must be asked for them, and whose reading decides.

The plan decides by geometry. In ``auto`` the network's reading of a whole expression is evidence beside it where one
tile shows the whole extent, and takes the plan's place where the plan has nothing to go by: its noun is not known to
the model, or nothing of that name was found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ..core_model.expression.parse import parse
from ..core_model.expression.plan import QueryPlan
from ..geo_io.frame import Frame
from .expressions import knows
from .resolve import AnchorMissing, Found, Resolution, resolve
from .weighing import Weighing

SAME_SHARE = 0.3
"""Polygons of a noun and of a whole expression that share so much of the smaller one are of one object."""

By = Literal["plan", "both", "network"]
BY_WORDS: dict[By, str] = {
    "plan": "by geometry over the whole extent",
    "both": "by geometry, with the network's reading of the whole expression as evidence",
    "network": "by the network's reading of the whole expression",
}


@dataclass(frozen=True)
class Decision:
    """What one expression refers to, and whose reading said so."""

    resolution: Resolution
    by: By


@dataclass(frozen=True)
class Question:
    """Expressions about one extent, understood."""

    plans: Mapping[str, QueryPlan]
    """Expression -> its plan."""
    view: Frame
    is_auto: bool
    """Whether the network's reading of whole expressions counts."""
    classes: tuple[str, ...]
    """What the model knows; none: any word."""

    @staticmethod
    def of(texts: Sequence[str], view: Frame, is_auto: bool, classes: tuple[str, ...]) -> Question:
        """Return expressions understood.

        Raises:
            ExpressionError: an expression names nothing, contradicts itself, or is too long or too deeply nested.
        """
        return Question({text: parse(text) for text in texts}, view, is_auto, classes)

    @property
    def asked(self) -> tuple[str, ...]:
        """Return what the network must be asked: the noun phrases, and whole expressions where that reading counts."""
        phrases = [phrase for plan in self.plans.values() for phrase in plan.phrases]
        whole = [text for text in self.plans if text in self._by_network or self._is_evidence(text)]
        return tuple(dict.fromkeys([*phrases, *whole]))

    @cached_property
    def _by_network(self) -> frozenset[str]:
        """Expressions whose plan has nothing to go by, as the model does not know what it looks for."""
        return frozenset(
            text
            for text, plan in self.plans.items()
            if self.is_auto and not plan.is_plain and not any(knows(t.phrase, self.classes) for t in plan.targets)
        )

    def _is_evidence(self, text: str) -> bool:
        return self.is_auto and self.view.is_one_view and not self.plans[text].is_plain

    def _read_loosely(
        self,
        plan: QueryPlan,
        candidates: Mapping[str, gpd.GeoDataFrame],
        whole: gpd.GeoDataFrame,
        strict: Resolution,
        weighing: Weighing,
    ) -> Decision:
        """Return what the network's reading makes likely where nothing fits the plan in every word."""
        if strict.missing:
            rest = resolve(plan, candidates, self.view, anchor_missing="best", weighing=weighing)
            note = f"No '{strict.missing[0]}' was found; the network's reading of the whole expression decides."
            if rest.found:
                found = _outlined_as_read(rest.found, whole) if len(plan.targets) == 1 else rest.found
                return Decision(replace(rest, found=found, notes=(note, *rest.notes)), "both")
        note = "Nothing fits every word of the plan; the network's reading of the whole expression is shown."
        return Decision(_as_read(plan, whole, note), "network")

    def decide(
        self, text: str, found: Mapping[str, gpd.GeoDataFrame], weighing: Weighing, anchor_missing: AnchorMissing
    ) -> Decision:
        """Return what an expression refers to.

        Args:
            text: one of ``plans``.
            found: polygons with a ``score`` for each of ``asked``.
            weighing: how scores and readings are weighed.
            anchor_missing: see ``resolve``.
        """
        plan = self.plans[text]
        if text in self._by_network:
            note = f"The model does not know '{plan.targets[0].phrase}'; its reading of the whole expression is shown."
            return Decision(_as_read(plan, found[text], note), "network")
        if not self._is_evidence(text):
            candidates = {phrase: found[phrase] for phrase in plan.phrases}
            # A name alone means all that the network finds; chances rank objects, they do not overrule a threshold.
            weighing = Weighing() if plan.is_plain else weighing
            return Decision(
                resolve(plan, candidates, self.view, anchor_missing=anchor_missing, weighing=weighing), "plan"
            )
        whole = found[text]
        candidates = {phrase: found[phrase] for phrase in plan.phrases}
        for target in plan.targets:
            table = found[target.phrase]
            if len(plan.targets) == 1:  # of two, one would be a candidate for the other
                table = _with_others(table, whole)
            candidates[target.phrase] = _with_evidence(table, whole, weighing.evidence)
        resolution = resolve(plan, candidates, self.view, anchor_missing=anchor_missing, weighing=weighing)
        if not len(whole):
            return Decision(resolution, "both")
        if not any(len(found[target.phrase]) for target in plan.targets):
            note = f"No '{plan.targets[0].phrase}' was found; the network's reading of the whole expression is shown."
            return Decision(_as_read(plan, whole, note), "network")
        if not resolution.found and not _is_measured(plan):
            return self._read_loosely(plan, candidates, whole, resolution, weighing)
        fits = [item.score * item.fit for item in resolution.found]
        if fits and max(fits) < weighing.trust * float(whole["score"].max()):
            note = "What the plan found fits poorly; the network's reading of the whole expression is shown."
            return Decision(_as_read(plan, whole, note), "network")
        if len(plan.targets) == 1:
            resolution = replace(resolution, found=_outlined_as_read(resolution.found, whole))
        return Decision(resolution, "both")


def _outlined_as_read(found: Sequence[Found], whole: gpd.GeoDataFrame) -> tuple[Found, ...]:
    """Return referents with the outline that the network gives them when it reads the whole expression.

    It is the better one: knowing which object is meant, the network draws it with less of its neighbours.
    """
    shapes = np.asarray(whole.geometry)
    outlined, taken = [], set()
    for item in found:
        shared = shapely.area(shapely.intersection(shapes, item.geometry))
        share = shared / np.maximum(np.minimum(shapely.area(shapes), item.geometry.area), 1e-12)
        best = int(np.argmax(share))
        if share[best] >= SAME_SHARE:
            if best in taken:
                continue  # two candidates of one object
            taken.add(best)
            item = replace(item, geometry=shapes[best])
        outlined.append(item)
    return tuple(outlined)


def _is_measured(plan: QueryPlan) -> bool:
    """Return whether a plan holds a number of metres: what the network thinks is no answer to that."""
    referents = [ref for target in plan.targets for ref in target.walk()]
    return any(ref.comparisons or any(item.name == "distance" for item in ref.relations) for ref in referents)


def _with_others(table: gpd.GeoDataFrame, whole: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return candidates and what only the network's reading of the whole expression shows: a noun may be missed."""
    if not len(table) or not len(whole):
        return table
    shapes, others = np.asarray(table.geometry), np.asarray(whole.geometry)
    i, j = shapely.STRtree(shapes).query(others, predicate="intersects")
    shared = shapely.area(shapely.intersection(others[i], shapes[j]))
    smaller = np.minimum(shapely.area(others[i]), shapely.area(shapes[j]))
    known = np.zeros(len(whole), dtype=bool)
    known[i[shared >= SAME_SHARE * smaller]] = True
    return table if known.all() else pd.concat([table, whole[~known]], ignore_index=True)


def _with_evidence(table: gpd.GeoDataFrame, whole: gpd.GeoDataFrame, weight: float) -> gpd.GeoDataFrame:
    """Return candidates with less ``evidence`` where the network's reading of the whole expression is elsewhere."""
    if not len(table) or not len(whole):
        return table
    return table.assign(evidence=1.0 - weight + weight * agreement(table, whole))


def agreement(table: gpd.GeoDataFrame, whole: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Return (N,) in [0, 1]: the share of each candidate that the network's reading covers, times its score there."""
    seen = np.zeros(len(table))
    shapes, others = np.asarray(table.geometry), np.asarray(whole.geometry)
    i, j = shapely.STRtree(others).query(shapes, predicate="intersects")
    share = shapely.area(shapely.intersection(shapes[i], others[j])) / np.maximum(shapely.area(shapes[i]), 1e-12)
    np.maximum.at(seen, i, share * whole["score"].to_numpy()[j])
    return seen


def _as_read(plan: QueryPlan, whole: gpd.GeoDataFrame, note: str) -> Resolution:
    """Return what the network read, best first, as an answer to a plan."""
    ordered = whole.sort_values("score", ascending=False, kind="stable")
    if len(plan.targets) == 1 and plan.targets[0].quantity.kind == "one":
        ordered = ordered[:1]
    phrase = plan.targets[0].phrase
    found = tuple(
        Found(geometry, phrase, float(score), 1.0, rank)
        for rank, (geometry, score) in enumerate(zip(ordered.geometry, ordered["score"], strict=True), start=1)
    )
    return Resolution(found, notes=(note,))
