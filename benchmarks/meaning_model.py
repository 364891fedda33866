"""What a model and the plan find together: chips with written expressions, and scenes made of chips."""

from __future__ import annotations

import random
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize
from record import Figure

from referent.core_model.chip_evaluation import questions_of, truth_of
from referent.core_model.data.chips import Chip, read_ucm_refer
from referent.core_model.errors import ModelError
from referent.engine.ask import READINGS, ask
from referent.engine.features import MemoryFeatureStore
from referent.engine.query_options import QueryOptions

GSD_M = 0.3048
CRS = "EPSG:32611"
CHIP_PX, SIDE_CHIPS = 256, 16
SCENE_CLASSES = ("airplane", "storage tank", "tennis court", "baseball diamond", "swimming pool")
NAMES = {"network": "network", "plan": "plan", "auto": "both"}
KINDS = ("position", "relation", "order", "size", "colour", "group", "absent")


def ask_written(model: str, data: Path, split: str, limit: int | None) -> list[Figure]:
    """Ask the written expressions of annotated chips in all three readings.

    An answer is right when its union has an IoU of at least 0.5 with the referents, or is empty where there are none.
    """
    chips = [chip for chip in read_ucm_refer(data, split).chips if chip.annotated and chip.expressions][:limit]
    right: dict[tuple[str, str], list[float]] = defaultdict(list)
    ious: dict[str, list[float]] = defaultdict(list)
    segmenter = _loaded(model)
    store = MemoryFeatureStore()
    with tempfile.TemporaryDirectory() as folder:
        for chip in chips:
            path = Path(folder) / "chip.tif"
            write_picture(path, chip.image)
            questions = [item for item in questions_of(chip) if item.group in ("single", "group", "absent")]
            for reading in READINGS:
                for question in questions:
                    try:
                        options = QueryOptions(allow_unknown=True)
                        answer = ask(
                            path, question.text, model=segmenter, options=options, reading=reading, store=store
                        )
                        mask = _mask(answer.frame.geometry, CHIP_PX)
                    except ModelError:
                        mask = np.zeros((CHIP_PX, CHIP_PX), dtype=bool)
                    truth = truth_of(chip, question)
                    union = int((mask | truth).sum())
                    iou = int((mask & truth).sum()) / union if union else 1.0
                    is_right = iou >= 0.5 if question.object_ids else not mask.any()
                    kinds = {"all", question.group, *(kind for kind in KINDS if kind in question.kind)}
                    for kind in kinds:
                        right[reading, kind].append(float(is_right))
                    if question.group == "single":
                        ious[reading].append(iou)
    figures = []
    for reading, name in NAMES.items():
        figures.append(Figure(f"{name}_right_share", float(np.mean(right[reading, "all"])), "share"))
        figures.append(Figure(f"{name}_single_miou", float(np.mean(ious[reading])), "IoU"))
        for kind in ("single", *KINDS):
            if right[reading, kind]:
                figures.append(Figure(f"{name}_right_share_{kind}", float(np.mean(right[reading, kind])), "share"))
    return figures


@dataclass(frozen=True)
class _Question:
    text: str
    shapes: tuple[shapely.Polygon, ...]


def ask_scenes(model: str, data: Path, split: str, pictures: Path | None) -> list[Figure]:
    """Ask a scene of 4096 x 4096 px for each of several classes: tile by tile, and planned."""
    chips = list(read_ucm_refer(data, split).chips)
    segmenter = _loaded(model)
    right: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for seed, name in enumerate(SCENE_CLASSES):
            picture, shapes = build_mosaic(chips, name, random.Random(seed))
            path = Path(folder) / f"{name.replace(' ', '_')}.tif"
            write_picture(path, picture)
            store = MemoryFeatureStore()
            questions = scene_questions(name, shapes)
            for reading in ("network", "plan"):
                texts = [question.text for question in questions]
                answer = ask(
                    path, texts, model=segmenter, reading="network" if reading == "network" else "plan", store=store
                )
                for question in questions:
                    found = answer.frame[answer.frame["expression"] == question.text]
                    iou = _iou(found.geometry, question.shapes)
                    right[reading].append(float(iou >= 0.5))
                    print(f"  {reading:8s} {question.text:50s} {len(found):5d} found, IoU {iou:.2f}", flush=True)
                if pictures is not None:
                    _draw(path, answer.frame, pictures / f"{path.stem}_{reading}.png")
    return [
        Figure("scene_tilewise_right_share", float(np.mean(right["network"])), "share"),
        Figure("scene_plan_right_share", float(np.mean(right["plan"])), "share"),
        Figure("scene_expressions", float(len(right["plan"])), "expressions"),
    ]


def build_mosaic(chips: list[Chip], name: str, rng: random.Random) -> tuple[NDArray[np.uint8], list[shapely.Polygon]]:
    """Return a scene in which every instance of a class is known, and its instances in map coordinates.

    Chips in which the class may have undrawn instances are left out; chips known to hold none fill the scene.
    """
    holding = [
        chip for chip in chips if name in chip.complete and any(item.class_name == name for item in chip.objects)
    ]
    empty = [chip for chip in chips if name in chip.complete and chip not in holding]
    count = SIDE_CHIPS**2
    order = [*holding[:count]]
    while len(order) < count:
        order += rng.sample(empty, min(len(empty), count - len(order)))
    rng.shuffle(order)
    picture = np.zeros((SIDE_CHIPS * CHIP_PX, SIDE_CHIPS * CHIP_PX, 3), dtype=np.uint8)
    shapes = []
    for at, chip in enumerate(order):
        top, left = (at // SIDE_CHIPS) * CHIP_PX, (at % SIDE_CHIPS) * CHIP_PX
        picture[top : top + CHIP_PX, left : left + CHIP_PX] = chip.image
        for item in chip.objects:
            if item.class_name == name:
                polygon = shapely.union_all([shapely.Polygon(ring).buffer(0) for ring in item.rings])
                shapes.append(shapely.transform(polygon, lambda xy, o=(left, top): _to_map(xy + o, picture.shape[0])))
    return picture, shapes


def scene_questions(name: str, shapes: list[shapely.Polygon]) -> list[_Question]:
    """Return expressions that only the whole scene answers, with their referents; doubtful ones are left out."""
    side_m = SIDE_CHIPS * CHIP_PX * GSD_M
    minx, maxy = 500_000.0, 4_000_000.0 + side_m
    keys: dict[str, Callable[[shapely.Polygon], float]] = {
        "largest": lambda shape: shape.area,
        "northernmost": lambda shape: shape.centroid.y,
        "leftmost": lambda shape: -shape.centroid.x,
        "easternmost": lambda shape: shape.centroid.x,
        "lowest": lambda shape: -shape.centroid.y,
    }
    found = []
    for word, key in keys.items():
        order = sorted(shapes, key=key, reverse=True)
        values = [key(shape) for shape in order]
        if len(order) > 1 and _is_clear(values, 0, word == "largest"):
            found.append(_Question(f"the {word} {name}", (order[0],)))
        if len(order) > 2 and _is_clear(values, 0, word == "largest") and _is_clear(values, 1, word == "largest"):
            found.append(_Question(f"the second {word} {name}", (order[1],)))
        if len(order) > 3 and _is_clear(values, 2, word == "largest"):
            found.append(_Question(f"the three {word} {name}s", tuple(order[:3])))
    for text, x, y in (("upper left", 0.0, 0.0), ("lower right", 1.0, 1.0)):
        corner = shapely.Point(minx + x * side_m, maxy - y * side_m)
        order = sorted(shapes, key=lambda shape: shape.centroid.distance(corner))
        if len(order) > 1 and order[1].centroid.distance(corner) - order[0].centroid.distance(corner) > 5:
            found.append(_Question(f"the {name} closest to the {text} corner", (order[0],)))
    left = [shape for shape in shapes if shape.centroid.x < minx + side_m / 2]
    if left and not any(abs(shape.centroid.x - minx - side_m / 2) < 0.03 * side_m for shape in shapes):
        found.append(_Question(f"{name}s in the left half", tuple(left)))
    return found


def write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write an (H, W, 3) picture as a GeoTIFF at a made-up place."""
    height, width = picture.shape[:2]
    transform = Affine(GSD_M, 0, 500_000.0, 0, -GSD_M, 4_000_000.0 + height * GSD_M)
    profile = {"driver": "GTiff", "dtype": "uint8", "count": 3, "height": height, "width": width, "crs": CRS}
    with rasterio.open(path, "w", transform=transform, tiled=height > 512, photometric="RGB", **profile) as target:
        target.write(picture.transpose(2, 0, 1))


def _loaded(model: str) -> object:
    from referent.core_model.checkpoint import load_segmenter

    return load_segmenter(model)


def _to_map(xy: NDArray[np.float64], height: int) -> NDArray[np.float64]:
    return np.column_stack((500_000.0 + xy[:, 0] * GSD_M, 4_000_000.0 + (height - xy[:, 1]) * GSD_M))


def _is_clear(values: list[float], at: int, is_size: bool) -> bool:
    gap = values[at] - values[at + 1]
    return gap > (0.15 * values[at] if is_size else 3.0)


def _mask(shapes: gpd.GeoSeries, side: int) -> NDArray[np.bool_]:
    if not len(shapes):
        return np.zeros((side, side), dtype=bool)
    transform = Affine(GSD_M, 0, 500_000.0, 0, -GSD_M, 4_000_000.0 + side * GSD_M)
    return np.asarray(rasterize(list(shapes), (side, side), transform=transform), dtype=bool)


def _iou(found: gpd.GeoSeries, truth: tuple[shapely.Polygon, ...]) -> float:
    one, other = shapely.union_all(list(found)), shapely.union_all(list(truth))
    union = shapely.union(one, other).area
    return shapely.intersection(one, other).area / union if union else 1.0


def _draw(raster: Path, frame: gpd.GeoDataFrame, path: Path) -> None:
    from referent.engine.preview import write_preview

    path.parent.mkdir(parents=True, exist_ok=True)
    write_preview(raster, frame, path, overwrite=True)
