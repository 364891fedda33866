"""Ask a raster in words and have the words understood: parse, segment every noun phrase once, resolve on the map.

The network reads noun phrases; quantity, order, place, size and relations are decided on the polygons of the whole
extent (``reading="plan"``). Where a person sees the extent at once, the network's own reading of the full expression is
used as evidence beside that (``auto``). ``network`` gives the network's reading alone, tile by tile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import numpy as np
import shapely

from ..core_model.expression.lexicon import class_of
from ..core_model.expression.parse import parse
from ..core_model.expression.plan import QueryPlan
from ..geo_io.frame import Frame
from ..geo_io.grid import Grid, chain_transforms, measure_areas_m2
from ..geo_io.layer import parse_crs
from ..geo_io.orientation import find_orientation
from ..geo_io.raster import Raster
from .errors import OptionsError
from .expressions import check_texts
from .features import FeatureStore
from .journal import Journal
from .progress import ProgressSink
from .query import QueryOptions, query
from .resolve import Resolution, resolve

if TYPE_CHECKING:
    from affine import Affine

    from ..core_model.segmenter import ModelSpec, Segmenter

Reading = Literal["auto", "network", "plan"]
READINGS = ("auto", "network", "plan")
EVIDENCE_WEIGHT = 0.5
"""How much of a candidate's score the network's reading of the full expression may take away."""


@dataclass(frozen=True)
class Answer:
    """What was found, and why."""

    frame: gpd.GeoDataFrame
    """The columns of ``query``, and ``rank`` (-1: none), ``anchor`` (phrase, or empty), ``distance_m`` (NaN: none)."""
    anchors: gpd.GeoDataFrame
    """Anchors that counted: ``expression, phrase`` and the geometry, in the CRS of the answer."""
    plans: Mapping[str, QueryPlan]
    """Expression -> how it was understood; empty for the network's reading."""
    explanations: Mapping[str, str]
    """Expression -> the plan as a tree, every candidate with what became of it, and notes."""


def ask(
    raster: str | Path,
    expressions: str | Sequence[str],
    *,
    model: str | Path | Segmenter = "small",
    options: QueryOptions | None = None,
    reading: Reading = "auto",
    progress: ProgressSink | None = None,
    is_cancelled: Callable[[], bool] | None = None,
    store: FeatureStore | None = None,
    scores_path: Path | None = None,
    journal: Journal | None = None,
) -> Answer:
    """Return the polygons that expressions refer to, over the whole extent asked about.

    Image features are computed once, whatever the number of expressions and of noun phrases in them.

    Args:
        raster: a raster file.
        expressions: one text or several.
        model: name of a bundled model, folder of a checkpoint, or a model in memory.
        options: how to ask; ``left`` and ``top`` are those of ``options.region`` where there is one.
        reading: who decides what the words mean: see the module.
        progress: told how far the job is.
        is_cancelled: asked between batches whether to stop.
        store: where image features are kept between questions.
        scores_path: GeoTIFF to write the scores to, a band per noun phrase that the network was asked.
        journal: keeps finished work for a later run that asks the same.

    Raises:
        ExpressionError: an expression is empty, names nothing, contradicts itself, or only names an unknown class.
        OptionsError: ``reading`` is none of the three.
        RasterError, LayerError, CheckpointError, DeviceError, EngineError, Cancelled: as ``query``.
    """
    if reading not in READINGS:
        raise OptionsError(f"'{reading}' is no reading: use one of {', '.join(READINGS)}.")
    options = options or QueryOptions()
    texts = tuple(dict.fromkeys((expressions,) if isinstance(expressions, str) else expressions))
    check_texts(texts)
    crs = None if options.crs is None else parse_crs(options.crs)
    run = partial(
        query,
        raster,
        model=model,
        progress=progress,
        is_cancelled=is_cancelled,
        store=store,
        scores_path=scores_path,
        journal=journal,
    )
    if reading == "network":
        frame = run(texts, options=options)
        frame.attrs["reading"] = reading
        return Answer(_with_columns(frame), _no_anchors(frame), {}, {})
    plans = {text: parse(text) for text in texts}
    view = _frame_of(raster, options, model)
    is_both = {text: reading == "auto" and view.is_one_view and not plans[text].is_plain for text in texts}
    phrases = dict.fromkeys(phrase for plan in plans.values() for phrase in plan.phrases)
    asked = tuple(dict.fromkeys([*phrases, *(text for text in texts if is_both[text])]))
    found = run(asked, options=replace(options, crs=None))
    tables = {text: found[found["expression"] == text] for text in asked}
    resolutions = {}
    for text, plan in plans.items():
        evidence = tables[text] if is_both[text] else None
        candidates = {phrase: _weighed(tables[phrase], evidence) for phrase in plan.phrases}
        resolutions[text] = resolve(plan, candidates, view)
    frame = _joined(found, plans, resolutions, texts)
    anchors = _joined_anchors(found, resolutions)
    frame.attrs = _facts(found, plans, resolutions, reading) | {"options": options.to_dict()}
    if crs is not None and crs != frame.crs:
        attrs = frame.attrs
        frame, anchors = frame.to_crs(crs), anchors.to_crs(crs)
        frame.attrs = attrs
    explanations = {text: explain(plans[text], resolutions[text]) for text in texts}
    return Answer(frame, anchors, plans, explanations)


def explain(plan: QueryPlan, resolution: Resolution) -> str:
    """Return how an expression was understood and what became of every candidate, as text for a person."""
    lines = [plan.to_line(), "", plan.to_tree(), ""]
    lines += [f"  {reason}" for reason in resolution.reasons]
    lines += [f"  note: {note}" for note in resolution.notes]
    return "\n".join(lines)


def _spec_of(model: str | Path | Segmenter) -> ModelSpec:
    if not isinstance(model, str | Path):
        return model.spec
    from ..core_model.checkpoint import find_model, read_spec

    return read_spec(find_model(model))


def _frame_of(raster: str | Path, options: QueryOptions, model: str | Path | Segmenter) -> Frame:
    """Return the picture that the question is about: the upright raster, or the part of it around the region."""
    with Raster.open(raster, allow_no_crs=options.allow_no_crs) as source:
        stored = source.grid
    grid = find_orientation(stored).upright_grid(stored)
    if options.region is not None:
        left, top, right, bottom = grid.to_pixel([options.region])[0].bounds
        left, top = max(0.0, left), max(0.0, top)
        height, width = max(1, round(min(bottom, grid.height) - top)), max(1, round(min(right, grid.width) - left))
        grid = Grid(grid.crs, chain_transforms(grid.transform, _shift(grid.transform, left, top)), height, width)
    spec = _spec_of(model)
    seen = grid.resampled(spec.gsd_m)
    return Frame(grid, is_one_view=max(seen.shape) <= spec.window_px)


def _shift(like: Affine, left: float, top: float) -> Affine:
    return type(like)(1.0, 0.0, left, 0.0, 1.0, top)


def _weighed(table: gpd.GeoDataFrame, evidence: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Return candidates, their scores lowered where the network's reading of the whole expression is elsewhere."""
    if evidence is None or not len(table) or not len(evidence):
        return table
    seen = np.zeros(len(table))
    shapes, others = np.asarray(table.geometry), np.asarray(evidence.geometry)
    i, j = shapely.STRtree(others).query(shapes, predicate="intersects")
    share = shapely.area(shapely.intersection(shapes[i], others[j])) / np.maximum(shapely.area(shapes[i]), 1e-12)
    np.maximum.at(seen, i, share * evidence["score"].to_numpy()[j])
    return table.assign(score=table["score"].to_numpy() * (1 - EVIDENCE_WEIGHT + EVIDENCE_WEIGHT * seen))


def _with_columns(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    attrs = frame.attrs
    count = len(frame)
    frame = frame.assign(rank=np.full(count, -1), anchor=[""] * count, distance_m=np.full(count, np.nan))
    frame.attrs = attrs
    return frame


def _no_anchors(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"expression": [], "phrase": []}, geometry=[], crs=frame.crs)


def _joined(
    found: gpd.GeoDataFrame, plans: Mapping[str, QueryPlan], resolutions: Mapping[str, Resolution], texts: Sequence[str]
) -> gpd.GeoDataFrame:
    """Return the referents of all expressions in the columns of ``query`` and three more."""
    known = list(found["class"].unique()) if len(found) else []
    rows: dict[str, list[object]] = {
        name: [] for name in ("expression", "class", "score", "rank", "anchor", "distance_m")
    }
    geometries: list[object] = []
    for text in texts:
        kept, anchors = resolutions[text].found, resolutions[text].anchors
        phrases = dict(zip(anchors["fid"], anchors["phrase"], strict=True))
        for row in kept.itertuples():
            geometries.append(row.geometry)
            values = (text, class_of(row.phrase, [name for name in known if name]) or "", round(row.score, 4), row.rank,
                      phrases.get(row.anchor, ""), row.distance_m)  # fmt: skip
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


def _joined_anchors(found: gpd.GeoDataFrame, resolutions: Mapping[str, Resolution]) -> gpd.GeoDataFrame:
    texts, phrases, geometries = [], [], []
    for text, resolution in resolutions.items():
        for phrase, geometry in zip(resolution.anchors["phrase"], resolution.anchors.geometry, strict=True):
            texts.append(text)
            phrases.append(phrase)
            geometries.append(geometry)
    return gpd.GeoDataFrame({"expression": texts, "phrase": phrases}, geometry=geometries, crs=found.crs)


def _facts(
    found: gpd.GeoDataFrame, plans: Mapping[str, QueryPlan], resolutions: Mapping[str, Resolution], reading: str
) -> dict[str, object]:
    best = found.attrs["best_scores"]
    warnings = list(found.attrs["warnings"])
    for text, plan in plans.items():
        warnings += [note[0].upper() + note[1:] + "." for note in plan.notes if "is read as" in note]
        warnings += [note for note in resolutions[text].notes if note not in warnings]
    known: dict[str, object] = dict(found.attrs)
    return known | {
        "warnings": warnings,
        "best_scores": {text: max(best[target.phrase] for target in plan.targets) for text, plan in plans.items()},
        "reading": reading,
        "plans": {text: plan.to_line() for text, plan in plans.items()},
        "plan_trees": {text: plan.to_json() for text, plan in plans.items()},
    }
