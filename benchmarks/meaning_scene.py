"""Scenes of 4096 x 4096 px made of annotated chips, and expressions that only the whole scene answers.

Chips of unrelated places lie side by side, so borders show and neighbours surprise; what makes the scene worth asking
is that every object of its classes is known. Truth is decided on the annotated outlines with plain arithmetic.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import shapely
from meaning_chips import CHIP_PX, GSD_M, shape_of, transform_of, write_picture
from numpy.typing import NDArray
from record import Figure

from referent.core_model.data.chips import Chip, read_ucm_refer
from referent.core_model.expression.lexicon import plural
from referent.core_model.segmenter import Segmenter
from referent.engine.answer import Answer
from referent.engine.ask import ask
from referent.engine.features import MemoryFeatureStore

SIDE_CHIPS = 16
SIDE_PX = SIDE_CHIPS * CHIP_PX
SIDE_M = SIDE_PX * GSD_M
CLASSES = (("airplane", "house"), ("storage tank",), ("tennis court",), ("baseball diamond",))
"""Classes of which one scene each is made; all instances of them are known in every chip of the scene."""
NEAR_M = 150
KINDS = ("first", "rank", "number", "place", "relation")
READINGS = ("plan", "network")

Shape = shapely.Geometry


@dataclass(frozen=True)
class Asked:
    """An expression with its referents."""

    text: str
    kind: str
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Scene:
    """Chips in their places, and where the objects are."""

    placed: tuple[tuple[Chip, int, int], ...]
    """(chip, left, top) in pixels."""
    shapes: Mapping[str, list[Shape]]
    """Class -> its objects in map coordinates."""
    cut: frozenset[int]
    """``id`` of the shapes that a chip's border cuts: they count, but nobody is asked for a sliver."""

    def picture(self) -> NDArray[np.uint8]:
        """Return the (H, W, 3) picture."""
        picture = np.zeros((SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
        for chip, left, top in self.placed:
            picture[top : top + CHIP_PX, left : left + CHIP_PX] = chip.image
        return picture


def compose(chips: Sequence[Chip], names: Sequence[str], rng: random.Random) -> Scene:
    """Return a scene in which every object of some classes is known.

    Each chip that holds one comes once; the rest is filled with chips known to hold none, some of them repeatedly.
    """
    known = [chip for chip in chips if set(names) <= chip.complete]
    holding = [chip for chip in known if any(item.class_name in names for item in chip.objects)]
    empty = [chip for chip in known if chip not in holding]
    order = rng.sample(holding, min(len(holding), SIDE_CHIPS**2))
    while len(order) < SIDE_CHIPS**2:
        order += rng.sample(empty, min(len(empty), SIDE_CHIPS**2 - len(order)))
    rng.shuffle(order)
    placed = []
    shapes: dict[str, list[Shape]] = {name: [] for name in names}
    cut = set()
    for at, chip in enumerate(order):
        left, top = (at % SIDE_CHIPS) * CHIP_PX, (at // SIDE_CHIPS) * CHIP_PX
        placed.append((chip, left, top))
        for index, item in enumerate(chip.objects):
            if item.class_name in names:
                shapes[item.class_name].append(shape_of(chip, index, left, top, SIDE_PX))
                corners = np.concatenate(item.rings)
                if corners.min() < 1 or corners.max() > CHIP_PX - 1:
                    cut.add(id(shapes[item.class_name][-1]))
    return Scene(tuple(placed), shapes, frozenset(cut))


def questions_of(scene: Scene) -> list[Asked]:
    """Return expressions that only the whole scene answers; where a person could hesitate, they are left out."""
    found: list[Asked] = []
    for name, shapes in scene.shapes.items():
        found += _ordered(name, shapes) + _placed(name, shapes)
    for name, others in [(a, b) for a in scene.shapes for b in scene.shapes if a != b]:
        found += _related(name, scene.shapes[name], others, scene.shapes[others])
    return [item for item in found if item.text.startswith("all ") or not scene.cut & {id(s) for s in item.shapes}]


def _ordered(name: str, shapes: list[Shape]) -> list[Asked]:
    """Superlatives, ranks and numbers, by size and by compass or picture (which agree: north is up)."""
    keys: dict[str, tuple[Callable[[Shape], float], float]] = {
        "largest": (lambda shape: shape.area, 0.15),
        "northernmost": (lambda shape: shape.bounds[3], 0.0),
        "southernmost": (lambda shape: -shape.bounds[1], 0.0),
        "leftmost": (lambda shape: -shape.bounds[0], 0.0),
        "rightmost": (lambda shape: shape.bounds[2], 0.0),
    }
    found = []
    for word, (key, share) in keys.items():
        order = sorted(shapes, key=key, reverse=True)
        values = [key(shape) for shape in order]

        def is_clear(at: int, values: list[float] = values, share: float = share) -> bool:
            gap = values[at] - values[at + 1]
            return gap > (share * abs(values[at]) if share else 15.0)

        if len(order) > 1 and is_clear(0):
            found.append(Asked(f"the {word} {name}", "first", (order[0],)))
        if len(order) > 2 and is_clear(0) and is_clear(1):
            found.append(Asked(f"the second {word} {name}", "rank", (order[1],)))
        if len(order) > 3 and is_clear(2):
            found.append(Asked(f"the three {word} {plural(name)}", "number", tuple(order[:3])))
    return found


def _placed(name: str, shapes: list[Shape]) -> list[Asked]:
    """Corners and halves of the scene."""
    found = []
    left, top = transform_of(SIDE_PX) * (0, 0)
    for text, x, y in (("upper left", left, top), ("lower right", left + SIDE_M, top - SIDE_M)):
        corner = shapely.Point(x, y)
        order = sorted(shapes, key=corner.distance)
        if len(order) > 1 and corner.distance(order[1]) - corner.distance(order[0]) > 30:
            found.append(Asked(f"the {name} closest to the {text} corner", "place", (order[0],)))
    for side, sign in (("left", -1), ("right", 1)):
        middle = left + SIDE_M / 2
        inside = tuple(shape for shape in shapes if sign * (shape.centroid.x - middle) > 0)
        if inside and all(abs(shape.centroid.x - middle) > 20 for shape in shapes):
            found.append(Asked(f"all {plural(name)} in the {side} half", "place", inside))
    return found


def _related(name: str, shapes: list[Shape], other: str, anchors: list[Shape]) -> list[Asked]:
    """Distances to objects of another class."""
    tree = shapely.STRtree(anchors)
    gaps = np.array([float(shape.distance(anchors[tree.nearest(shape)])) for shape in shapes])
    found = []
    near = tuple(shape for shape, gap in zip(shapes, gaps, strict=True) if gap <= NEAR_M)
    if near and len(near) < len(shapes) and np.all(np.abs(gaps - NEAR_M) > 5):
        found.append(Asked(f"all {plural(name)} within {NEAR_M} m of a {other}", "relation", near))
    order = np.argsort(gaps)
    if len(order) > 1 and gaps[order[1]] - gaps[order[0]] > 5:
        found.append(Asked(f"the {name} nearest to a {other}", "relation", (shapes[order[0]],)))
    if len(order) > 1 and gaps[order[-1]] - gaps[order[-2]] > 15:
        found.append(Asked(f"the {name} farthest from any {other}", "relation", (shapes[order[-1]],)))
    return found


def ask_scenes(segmenter: Segmenter, data: Path, split: str, pictures: Path | None) -> list[Figure]:
    """Ask one scene for each group of classes: tile by tile, and planned; image features are computed once.

    Args:
        segmenter: the model.
        data: folder of ucm_refer.
        split: ``val`` or ``test``.
        pictures: folder for a picture of one answer per scene and reading; None for none.
    """
    chips = list(read_ucm_refer(data, split).chips)
    right: dict[tuple[str, str], list[float]] = defaultdict(list)
    with TemporaryDirectory() as folder:
        for seed, names in enumerate(CLASSES):
            scene = compose(chips, names, random.Random(seed))
            asked = questions_of(scene)
            path = Path(folder) / f"scene of {' and '.join(plural(name) for name in names)}.tif"
            write_picture(path, scene.picture())
            store = MemoryFeatureStore(8 << 30)
            texts = [item.text for item in asked]
            for reading in READINGS:
                answer = ask(path, texts, model=segmenter, reading=reading, store=store)
                for item in asked:
                    found = answer.frame[answer.frame["expression"] == item.text]
                    share = iou(list(found.geometry), item.shapes)
                    for kind in ("all", item.kind):
                        right[reading, kind].append(float(share >= 0.5))
                    print(f"  {reading:8s} {item.text:52s} {len(found):5d} found, IoU {share:.2f}", flush=True)
                if pictures is not None:
                    _draw(path, answer, asked, reading, pictures)
    figures = [Figure("scene_expressions", float(len(right["plan", "all"])), "expressions")]
    for reading, name in (("network", "scene_tilewise"), ("plan", "scene_plan")):
        figures.append(Figure(f"{name}_right_share", float(np.mean(right[reading, "all"])), "share"))
        for kind in KINDS:
            if right[reading, kind]:
                figures.append(Figure(f"{name}_right_share_{kind}", float(np.mean(right[reading, kind])), "share"))
    return figures


def _draw(path: Path, answer: Answer, asked: Sequence[Asked], reading: str, folder: Path) -> None:
    """Write pictures of what was answered to a few of the expressions."""
    from referent.engine.preview import draw_preview

    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        item = next((item for item in asked if item.kind == kind), None)
        if item is not None:
            picture = draw_preview(path, answer.only(item.text))
            picture.save(folder / f"{path.stem} {kind} {reading}.jpg".replace(" ", "_"), quality=80)


def iou(found: Sequence[Shape], truth: Sequence[Shape]) -> float:
    """Return the IoU of two unions."""
    one, other = shapely.union_all(list(found)), shapely.union_all(list(truth))
    union = shapely.union(one, other).area
    return float(shapely.intersection(one, other).area / union) if union else 1.0
