"""From decisions to what a person gets: the layer of referents, the anchors, facts and explanations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from ..core_model.expression.lexicon import class_of
from ..core_model.expression.plan import QueryPlan
from ..geo_io.grid import measure_areas_m2
from .question import BY_WORDS, Decision, Question

MAX_TOLD = 40
"""Candidates that an explanation tells of one by one: more than a person reads."""


@dataclass(frozen=True)
class Answer:
    """What was found, and why."""

    frame: gpd.GeoDataFrame
    """The columns of ``query``, and ``rank`` (-1: none), ``anchor`` (phrase, or empty), ``distance_m`` (NaN: none).
    ``score`` is the network's, taken towards the threshold as a referent fits less well."""
    anchors: gpd.GeoDataFrame
    """Anchors that counted: ``expression, phrase`` and the geometry, in the CRS of the answer."""
    relations: gpd.GeoDataFrame
    """Shortest lines from referents to their anchors: ``fid`` of the referent, ``expression, phrase, distance_m``."""
    plans: Mapping[str, QueryPlan]
    """Expression -> how it was understood; empty for the network's reading."""
    explanations: Mapping[str, str]
    """Expression -> the plan as a tree, what became of candidates (``MAX_TOLD`` at most), and notes."""

    def to_crs(self, crs: pyproj.CRS) -> Answer:
        """Return the same answer in another CRS."""
        frame = self.frame.to_crs(crs)
        frame.attrs = self.frame.attrs
        return replace(self, frame=frame, anchors=self.anchors.to_crs(crs), relations=self.relations.to_crs(crs))

    def only(self, text: str) -> Answer:
        """Return what concerns one expression."""
        parts = [part[part["expression"] == text] for part in (self.frame, self.anchors, self.relations)]
        parts[0].attrs = self.frame.attrs | {"best_scores": {text: self.frame.attrs["best_scores"].get(text, 0.0)}}
        return replace(self, frame=parts[0], anchors=parts[1], relations=parts[2])


def build_answer(
    question: Question, decisions: Mapping[str, Decision], found: gpd.GeoDataFrame, threshold: float, reading: str
) -> Answer:
    """Return the answer in the CRS of what was found.

    Args:
        question: what was asked.
        decisions: expression -> what it refers to.
        found: what ``query`` returned for everything asked of the network.
        threshold: score that every polygon of ``found`` has at least.
        reading: ``auto`` or ``plan``, for the facts.
    """
    frame = _joined(found, decisions, threshold)
    frame.attrs = _facts(found, question.plans, decisions, reading)
    explanations = {text: explain(question.plans[text], decision) for text, decision in decisions.items()}
    anchors, relations = _joined_anchors(frame, decisions)
    return Answer(frame, anchors, relations, question.plans, explanations)


def as_read(frame: gpd.GeoDataFrame) -> Answer:
    """Return what ``query`` gave as an answer that the network alone decided."""
    count = len(frame)
    whole = frame.assign(rank=np.full(count, -1), anchor=[""] * count, distance_m=np.full(count, np.nan))
    whole.attrs = frame.attrs | {"reading": "network"}
    return Answer(whole, _table(_ANCHOR, [], frame.crs), _table(_RELATION, [], frame.crs), {}, {})


def explain(plan: QueryPlan, decision: Decision) -> str:
    """Return how an expression was understood and what became of its candidates, as text for a person."""
    lines = [plan.to_line(), "", plan.to_tree(), "", f"  decided {BY_WORDS[decision.by]}"]
    reasons = sorted(decision.resolution.reasons, key=lambda reason: ") kept: " not in reason)
    lines += [f"  {reason}" for reason in reasons[:MAX_TOLD]]
    if len(reasons) > MAX_TOLD:
        kept = sum(") kept: " in reason for reason in reasons[MAX_TOLD:])
        lines.append(f"  ... and {len(reasons) - MAX_TOLD} more candidates, {kept} of them kept")
    lines += [f"  note: {note}" for note in decision.resolution.notes]
    return "\n".join(lines)


def _joined(found: gpd.GeoDataFrame, decisions: Mapping[str, Decision], threshold: float) -> gpd.GeoDataFrame:
    """Return the referents of all expressions in the columns of ``query`` and three more."""
    known = [name for name in found["class"].unique() if name] if len(found) else []
    rows: dict[str, list[object]] = {
        name: [] for name in ("expression", "class", "score", "rank", "anchor", "distance_m")
    }
    geometries: list[object] = []
    for text, decision in decisions.items():
        anchors = decision.resolution.anchors
        for item in decision.resolution.found:
            geometries.append(item.geometry)
            score = threshold + (item.score - threshold) * item.fit
            anchor = anchors[item.anchors[-1]][0] if item.anchors else ""
            values = (text, class_of(item.phrase, known) or "", round(score, 4), item.rank, anchor, item.distance_m)
            for name, value in zip(rows, values, strict=True):
                rows[name].append(value)
    count = len(geometries)
    facts = found.attrs
    columns: dict[str, object] = {
        "fid": np.arange(1, count + 1, dtype=np.int64),
        "expression": np.asarray(rows["expression"], dtype=object),
        "class": np.asarray(rows["class"], dtype=object),
        "score": np.asarray(rows["score"], dtype=np.float64),
        "area_m2": np.round(measure_areas_m2(geometries, found.crs), 3) if count else np.zeros(0),
        "model": np.asarray([facts["model"]["name"]] * count, dtype=object),
        "raster": np.asarray([facts["raster"]["name"]] * count, dtype=object),
        "rank": np.asarray(rows["rank"], dtype=np.int64),
        "anchor": np.asarray(rows["anchor"], dtype=object),
        "distance_m": np.round(np.asarray(rows["distance_m"], dtype=np.float64), 2),
    }
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(geometries, crs=found.crs), crs=found.crs)


_ANCHOR = ("expression", "phrase")
_RELATION = ("fid", "expression", "phrase", "distance_m")


def _joined_anchors(
    frame: gpd.GeoDataFrame, decisions: Mapping[str, Decision]
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the anchors of what was kept, and the lines to them."""
    anchors: list[tuple[object, ...]] = []
    lines: list[tuple[object, ...]] = []
    fid = 0
    for text, decision in decisions.items():
        used: dict[int, None] = {}
        for item in decision.resolution.found:
            fid += 1
            used |= dict.fromkeys(item.anchors)
            for at in dict.fromkeys(item.anchors):
                phrase, geometry = decision.resolution.anchors[at]
                distance = item.distance_m if at == item.anchors[-1] else math.nan
                lines.append((fid, text, phrase, distance, shapely.shortest_line(item.geometry, geometry)))
        anchors += [(text, *decision.resolution.anchors[at]) for at in used]
    return _table(_ANCHOR, anchors, frame.crs), _table(_RELATION, lines, frame.crs)


def _table(columns: tuple[str, ...], rows: list[tuple[object, ...]], crs: pyproj.CRS | None) -> gpd.GeoDataFrame:
    """Return a table of rows that end with their geometry."""
    values = {name: [row[at] for row in rows] for at, name in enumerate(columns)}
    return gpd.GeoDataFrame(values, geometry=[row[-1] for row in rows], crs=crs)


def _facts(
    found: gpd.GeoDataFrame, plans: Mapping[str, QueryPlan], decisions: Mapping[str, Decision], reading: str
) -> dict[str, object]:
    best = found.attrs["best_scores"]
    phrases = {phrase for plan in plans.values() for phrase in plan.phrases}
    # What was asked as evidence only, beside the noun phrases, is nothing that a person needs to know of.
    aside = tuple(f"Nothing found for '{text}'," for text in best if text not in phrases)
    warnings = [text for text in found.attrs["warnings"] if not text.startswith(aside)]
    told = {f"No '{phrase}' was found." for phrase in phrases if _is_told_missing(phrase, warnings)}
    for text, plan in plans.items():
        warnings += [note[0].upper() + note[1:] + "." for note in plan.notes if "is read as" in note]
        warnings += [note for note in decisions[text].resolution.notes if note not in told and note not in warnings]
    known: dict[str, object] = dict(found.attrs)
    return known | {
        "warnings": warnings,
        "best_scores": {text: max(best[target.phrase] for target in plan.targets) for text, plan in plans.items()},
        "reading": reading,
        "decided_by": {text: decision.by for text, decision in decisions.items()},
        "notes": {text: list(decision.resolution.notes) for text, decision in decisions.items()},
        "missing_anchors": {text: list(d.resolution.missing) for text, d in decisions.items() if d.resolution.missing},
        "plans": {text: plan.to_line() for text, plan in plans.items()},
        "plan_trees": {text: plan.to_json() for text, plan in plans.items()},
    }


def _is_told_missing(phrase: str, warnings: Sequence[str]) -> bool:
    return any(text.startswith(f"Nothing found for '{phrase}',") for text in warnings)
