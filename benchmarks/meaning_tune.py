"""Fit how much to believe (``resources/weighing``): on the validation split, never on the test split.

1. The chance of a polygon to be an object of its class: logistic regression on score and size, with the sizes of
   training objects as the prior, over every class in every chip where all its instances are known.
2. ``least``, then ``barely``, which concern the plan alone: the mean of the right shares of written expressions and
   of scene-level expressions, on scenes of validation chips put together after the network has seen each chip.
3. ``trust`` and ``evidence``, which concern both readings: the right share of written expressions read in ``auto``.

Each is the best of its grid while the others stay; among equals the one with the higher mIoU, then the first.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import scipy.optimize
import shapely
from meaning_chips import CHIP_PX, CRS, Finds, Judge, shape_of, transform_of
from meaning_scene import CLASSES, SIDE_PX, Asked, compose, iou, questions_of
from numpy.typing import NDArray
from record import Figure

from referent.core_model.data.chips import Chip, read_ucm_refer
from referent.core_model.expression.lexicon import class_of
from referent.core_model.segmenter import ModelSpec
from referent.engine.question import Question
from referent.engine.weighing import FOLDER, Chance, Weighing, log_odds
from referent.geo_io.frame import Frame
from referent.geo_io.grid import Grid

GRIDS = (
    {"least": (0.0, 0.01, 0.03, 0.1)},
    {"barely": (0.42, 0.3, 0.36, 0.5)},
    {"trust": (0.0, 0.3, 0.6, 0.9), "evidence": (0.5, 0.0, 0.25, 0.75, 1.0)},
)
"""Fields of ``Weighing`` that are chosen together -> what is tried; of equally good values the first are taken."""
SCENE_SEEDS = 2
CLASS_PENALTY = 0.5
"""How strongly a class must show that it is found by mistake more or less often than others (ridge)."""
MIN_OBJECTS = 5
"""Classes with fewer training objects have no size prior."""


def tune(finds: Sequence[Finds], data: Path, spec: ModelSpec, is_dry: bool) -> list[Figure]:
    """Fit the weighing of a model and write it; returns what it is worth on the validation split.

    Args:
        finds: what the model finds in the chips of the validation split.
        data: folder of ucm_refer, for the sizes of training objects.
        spec: of the model.
        is_dry: write nothing.
    """
    chance = fit_chance(finds, sizes_of(list(read_ucm_refer(data, "train").chips)))
    print(f"chance: {chance.bias:.2f} + {chance.score_weight:.2f} log odds - {chance.size_weight:.2f} misfit")
    judge, scenes = Judge(finds), _scenes(finds)
    best = Weighing(chance)
    for grid in GRIDS:
        reading = "auto" if "trust" in grid else "plan"
        rows = []
        for values in product(*grid.values()):
            chosen = dict(zip(grid, values, strict=True))
            weighing = replace(best, **chosen)
            share, quality = _written(judge, reading, weighing)
            scene = _scene_share(scenes, weighing) if reading == "plan" else share
            rows.append(((share + scene) / 2, quality, -len(rows), weighing))
            print(f"{chosen} written {share:.4f} scenes {scene:.4f} mIoU {quality:.4f}", flush=True)
        best = max(rows, key=lambda row: row[:3])[3]
    if not is_dry:
        FOLDER.mkdir(parents=True, exist_ok=True)
        facts = {"model": spec.name, "weights_hash": f"sha256:{spec.weights_hash}", "weighing": best.to_json()}
        (FOLDER / f"{spec.name}.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    untuned = Weighing()
    return [
        Figure("val_network_right_share", _written(judge, "network", untuned)[0], "share"),
        Figure("val_plan_right_share_untuned", _written(judge, "plan", untuned)[0], "share"),
        Figure("val_plan_right_share", _written(judge, "plan", best)[0], "share"),
        Figure("val_both_right_share_untuned", _written(judge, "auto", untuned)[0], "share"),
        Figure("val_both_right_share", _written(judge, "auto", best)[0], "share"),
        Figure("val_scene_plan_right_share_untuned", _scene_share(scenes, untuned), "share"),
        Figure("val_scene_plan_right_share", _scene_share(scenes, best), "share"),
        Figure("tuned_least", best.least, "chance"),
        Figure("tuned_barely", best.barely, "degree"),
        Figure("tuned_evidence", best.evidence, "share"),
        Figure("tuned_trust", best.trust, "share"),
    ]


def sizes_of(chips: Sequence[Chip]) -> dict[str, tuple[float, float]]:
    """Return class -> (median area in m², standard deviation of its logarithm) of objects that no edge cuts."""
    areas: dict[str, list[float]] = defaultdict(list)
    for chip in chips:
        for index, item in enumerate(chip.objects):
            corners = np.concatenate(item.rings)
            if corners.min() > 1 and corners.max() < CHIP_PX - 1:
                areas[item.class_name].append(float(shape_of(chip, index).area))
    return {
        name: (round(float(np.median(found)), 2), round(max(float(np.std(np.log(found))), 0.2), 3))
        for name, found in sorted(areas.items())
        if len(found) >= MIN_OBJECTS
    }


def fit_chance(finds: Sequence[Finds], sizes_m2: Mapping[str, tuple[float, float]]) -> Chance:
    """Return the logistic regression of being an object on the score and the misfit of the size."""
    prior = Chance(sizes_m2=sizes_m2)
    names = sorted({name for item in finds for name in item.chip.complete})
    rows: list[NDArray[np.float64]] = []
    truths: list[NDArray[np.bool_]] = []
    for item in finds:
        for name in item.chip.complete:
            table = item.tables[name]
            if not len(table):
                continue
            shapes = [shape_of(item.chip, i) for i, o in enumerate(item.chip.objects) if o.class_name == name]
            misfit = prior.misfit(shapely.area(np.asarray(table.geometry)), class_of(name, tuple(sizes_m2)))
            is_class = np.tile(np.asarray([other == name for other in names], dtype=np.float64), (len(table), 1))
            score = log_odds(table["score"].to_numpy())
            rows.append(np.column_stack((np.ones(len(table)), score, -misfit, is_class)))
            truths.append(_are_true(np.asarray(table.geometry), shapes))
    features, truth = np.concatenate(rows), np.concatenate(truths)
    penalty = np.array([0.0, 1.0, 1.0] + [CLASS_PENALTY] * len(names)) / len(truth)

    def loss(weights: NDArray[np.float64]) -> float:
        logits = features @ weights
        return float(np.mean(np.logaddexp(0.0, logits) - truth * logits) + penalty @ weights**2)

    # More score is never less of a chance, a better size neither.
    bounds = [(None, None), (0.0, None), (0.0, None), *[(None, None)] * len(names)]
    start = np.array([0.0, 1.0, 0.1] + [0.0] * len(names))
    bias, score_weight, size_weight, *biases = (
        round(float(value), 3) for value in scipy.optimize.minimize(loss, start, bounds=bounds).x
    )
    print(f"{len(truth)} polygons of named classes, {int(truth.sum())} of them objects")
    return Chance(bias, score_weight, size_weight, dict(zip(names, biases, strict=True)), dict(sizes_m2))


def _are_true(shapes: NDArray[np.object_], objects: list[shapely.Geometry]) -> NDArray[np.bool_]:
    if not objects:
        return np.zeros(len(shapes), dtype=bool)
    pairs = np.asarray(shapes)[:, None], np.asarray(objects, dtype=object)[None]
    shared = shapely.area(shapely.intersection(*pairs))
    union = shapely.area(pairs[0]) + shapely.area(pairs[1]) - shared
    return np.asarray((shared / union).max(axis=1) >= 0.5, dtype=bool)


def _written(judge: Judge, reading: str, weighing: Weighing) -> tuple[float, float]:
    """Return the right share of all written expressions, and the mIoU of those of single objects."""
    outcomes = list(judge.answer(reading, weighing))
    ious = [outcome.iou for outcome in outcomes if outcome.question.group == "single"]
    return float(np.mean([outcome.is_right for outcome in outcomes])), float(np.mean(ious))


_Scene = tuple[Question, Mapping[str, gpd.GeoDataFrame], list[Asked]]


def _scenes(finds: Sequence[Finds]) -> list[_Scene]:
    """Return scenes of chips as the network saw them one by one: their polygons moved to the chips' places."""
    of_chip = {item.chip.id: item for item in finds}
    view = Frame(Grid(pyproj.CRS(CRS), transform_of(SIDE_PX), SIDE_PX, SIDE_PX))
    scenes = []
    for names, seed in product(CLASSES, range(SCENE_SEEDS)):
        scene = compose([item.chip for item in finds], names, random.Random(seed))
        asked = questions_of(scene)
        if not asked:
            continue
        question = Question.of([item.text for item in asked], view, False, ())
        home = np.array([transform_of(CHIP_PX).c, transform_of(CHIP_PX).f])
        tables = {}
        for name in names:
            parts = []
            for chip, left, top in scene.placed:
                there = np.array(transform_of(SIDE_PX) * (left, top)) - home
                table = of_chip[chip.id].tables[name]
                parts.append(table.set_geometry(table.geometry.translate(*there)))
            tables[name] = gpd.GeoDataFrame(_concat(parts))
        by_phrase = {phrase: tables[class_of(phrase, names) or names[0]] for phrase in question.asked}
        scenes.append((question, by_phrase, asked))
    return scenes


def _concat(parts: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True))


def _scene_share(scenes: Sequence[_Scene], weighing: Weighing) -> float:
    right = []
    for question, tables, asked in scenes:
        for item in asked:
            decision = question.decide(item.text, tables, weighing, "none")
            right.append(iou([found.geometry for found in decision.resolution.found], item.shapes) >= 0.5)
    return float(np.mean(right)) if right else 0.0
