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
from PIL import Image, ImageDraw
from record import Figure

from referent.core_model.data.chips import Chip, read_ucm_refer
from referent.core_model.expression.lexicon import plural
from referent.core_model.segmenter import Segmenter
from referent.engine.ask import ask
from referent.engine.features import MemoryFeatureStore
from referent.engine.preview_marks import Marks, load_font, to_rgb

SIDE_CHIPS = 16
SIDE_PX = SIDE_CHIPS * CHIP_PX
SIDE_M = SIDE_PX * GSD_M
CLASSES = (("airplane", "house"), ("storage tank",), ("tennis court",), ("baseball diamond",))
"""Classes of which one scene each is made; all instances of them are known in every chip of the scene."""
NEAR_M = 150
KINDS = ("first", "rank", "number", "place", "relation")
READINGS = ("plan", "network")
PANEL_PX = 640
ASKED_PER_SCENE = 8

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


def some_of(asked: Sequence[Asked], rng: random.Random) -> list[Asked]:
    """Return a few expressions, of every kind in turn: reading a scene tile by tile takes a pass for each."""
    left = {kind: [item for item in asked if item.kind == kind] for kind in KINDS}
    for items in left.values():
        rng.shuffle(items)
    found: list[Asked] = []
    while len(found) < ASKED_PER_SCENE and any(left.values()):
        found += [items.pop() for items in left.values() if items][: ASKED_PER_SCENE - len(found)]
    return found


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
    if not anchors:
        return []
    tree = shapely.STRtree(anchors)
    gaps = np.array([float(shape.distance(anchors[tree.nearest(shape)])) for shape in shapes])
    found = []
    near = tuple(shape for shape, gap in zip(shapes, gaps, strict=True) if gap <= NEAR_M)
    if near and len(near) < len(shapes) and np.all(np.abs(gaps - NEAR_M) > 5):
        found.append(Asked(f"all {plural(name)} within {NEAR_M} m of {an(other)}", "relation", near))
    order = np.argsort(gaps)
    if len(order) > 1 and gaps[order[1]] - gaps[order[0]] > 5:
        found.append(Asked(f"the {name} nearest to {an(other)}", "relation", (shapes[order[0]],)))
    if len(order) > 1 and gaps[order[-1]] - gaps[order[-2]] > 15:
        found.append(Asked(f"the {name} farthest from any {other}", "relation", (shapes[order[-1]],)))
    return found


def ask_scenes(
    segmenter: Segmenter, data: Path, split: str, pictures: Path | None, limit: int | None = None
) -> list[Figure]:
    """Ask one scene for each group of classes: tile by tile, and planned; image features are computed once.

    Args:
        segmenter: the model.
        data: folder of ucm_refer.
        split: ``val`` or ``test``.
        pictures: folder for a picture of each scene; None for none.
        limit: ask the first N scenes only.
    """
    chips = list(read_ucm_refer(data, split).chips)
    right: dict[tuple[str, str], list[float]] = defaultdict(list)
    with TemporaryDirectory() as folder:
        for seed, names in enumerate(CLASSES[:limit]):
            scene = compose(chips, names, random.Random(seed))
            asked = some_of(questions_of(scene), random.Random(seed))
            path = Path(folder) / f"scene of {' and '.join(plural(name) for name in names)}.tif"
            write_picture(path, scene.picture())
            store = MemoryFeatureStore(8 << 30)
            texts = [item.text for item in asked]
            found: dict[tuple[str, str], list[Shape]] = {}
            for reading in READINGS:
                frame = ask(path, texts, model=segmenter, reading=reading, store=store).frame
                for item in asked:
                    shapes = found[reading, item.text] = list(frame.geometry[frame["expression"] == item.text])
                    share = iou(shapes, item.shapes)
                    for kind in ("all", item.kind):
                        right[reading, kind].append(float(share >= 0.5))
                    print(f"  {reading:8s} {item.text:52s} {len(shapes):5d} found, IoU {share:.2f}", flush=True)
            if pictures is not None:
                pictures.mkdir(parents=True, exist_ok=True)
                picture = draw_scene(scene, asked, found)
                picture.save(pictures / f"scene-{names[0].replace(' ', '-')}.jpg", quality=62)
    figures = [Figure("scene_expressions", float(len(right["plan", "all"])), "expressions")]
    for reading, name in (("network", "scene_tilewise"), ("plan", "scene_plan")):
        figures.append(Figure(f"{name}_right_share", float(np.mean(right[reading, "all"])), "share"))
        for kind in KINDS:
            if right[reading, kind]:
                figures.append(Figure(f"{name}_right_share_{kind}", float(np.mean(right[reading, kind])), "share"))
    return figures


def draw_scene(scene: Scene, asked: Sequence[Asked], found: Mapping[tuple[str, str], list[Shape]]) -> Image.Image:
    """Return a scene twice: read tile by tile, and planned; for the first expression that the plan answers rightly.

    What was found is outlined in yellow, the true referents are ringed in green.
    """
    item = next((item for item in asked if iou(found["plan", item.text], item.shapes) >= 0.5), asked[0])
    ground = Image.fromarray(scene.picture()).resize((PANEL_PX, PANEL_PX), Image.Resampling.LANCZOS)
    line_px = 26
    sheet = Image.new("RGB", (2 * PANEL_PX + 8, PANEL_PX + 2 * line_px + 12), "#14171c")
    draw = ImageDraw.Draw(sheet)
    font = load_font(17)
    draw.text((8, 6), f"{item.text}  (yellow: found, green ring: true)", font=font, fill="#f2f4f7")
    for at, (reading, title) in enumerate((("network", "tile by tile"), ("plan", "planned over the scene"))):
        shapes = found[reading, item.text]
        marks = Marks(ground.size)
        marks.outline([_on_panel(shape) for shape in shapes], [to_rgb("#ffd500")] * len(shapes))
        rings = [shapely.Point(_on_panel(shape).centroid).buffer(24).boundary for shape in item.shapes]
        marks.connect(rings, [to_rgb("#37ff5a")] * len(rings))
        left = at * (PANEL_PX + 8)
        sheet.paste(marks.over(ground), (left, line_px + 6))
        caption = f"{title}: {len(shapes)} found, IoU {iou(shapes, item.shapes):.2f}"
        draw.text((left + 8, PANEL_PX + line_px + 10), caption, font=font, fill="#f2f4f7")
    return sheet


def _on_panel(shape: Shape) -> Shape:
    transform = transform_of(SIDE_PX)
    factor = PANEL_PX / SIDE_PX
    corner = np.array([transform.c, transform.f])
    return shapely.transform(shape, lambda xy: (xy - corner) / (transform.a, transform.e) * factor)


def iou(found: Sequence[Shape], truth: Sequence[Shape]) -> float:
    """Return the IoU of two unions."""
    one, other = shapely.union_all(list(found)), shapely.union_all(list(truth))
    union = shapely.union(one, other).area
    return float(shapely.intersection(one, other).area / union) if union else 1.0


def an(noun: str) -> str:
    """Return a noun with its article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
