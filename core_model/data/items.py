"""What is asked of a view of a chip: expressions with the objects that they are true of.

Kinds of item: written and rule-made expressions (accurate), class names for all instances (class), expressions that are
true of nothing (absent), and class names for what is drawn of a class that may have undrawn instances (weak). Class
names standing for one instance, as the paper has them, belong to the reference bank's trainer.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..expression.chip import SceneObject
from ..expression.generate import generate_expressions
from ..expression.lexicon import concepts_of, head_noun
from ..expression.mirror import flip_words, is_directional
from .augment import View, sample_view, warp
from .chips import Chip, ChipObject
from .polygon import clip_ring, measure_rings, ring_area

# An object counts as seen when this share of it is in view; a smaller rest is drawn but never spoken of.
_SEEN = 0.35


@dataclass(frozen=True)
class Item:
    """A question about a view."""

    text: str
    object_ids: tuple[int, ...]
    kind: str
    """``written``, ``rule``, ``class``, ``weak`` or ``absent``."""


@dataclass(frozen=True)
class ViewedChip:
    """A chip as a view shows it."""

    image: NDArray[np.uint8]
    """(S, S, 3) uint8."""
    rings: dict[int, list[NDArray[np.float32]]]
    """Object id to its rings inside the view."""
    classes: dict[int, str]
    """Object id to its class."""
    complete: frozenset[str]
    colors: dict[int, str | None]
    seen: frozenset[int]
    """Ids of objects that are in view for the most part."""


def look(chip: Chip, view: View, size_px: int) -> ViewedChip:
    """Return what a view shows of a chip."""
    rings: dict[int, list[NDArray[np.float32]]] = {}
    seen = set()
    for item in chip.objects:
        moved = [view.apply(ring) for ring in item.rings]
        inside = [part for part in (clip_ring(ring, size_px) for ring in moved) if len(part) >= 3]
        visible = sum(ring_area(ring) for ring in inside)
        if visible < 2:
            continue
        rings[item.id] = inside
        if visible >= _SEEN * sum(ring_area(ring) for ring in moved):
            seen.add(item.id)
    return ViewedChip(
        image=warp(chip.image, view, size_px),
        rings=rings,
        classes={item.id: item.class_name for item in chip.objects if item.id in rings},
        complete=chip.complete,
        colors={item.id: item.color for item in chip.objects if item.id in rings},
        seen=frozenset(seen),
    )


def scene_objects(viewed: ViewedChip) -> tuple[list[int], list[SceneObject]]:
    """Return ids and descriptions of the objects in view, for the generator."""
    ids, objects = [], []
    for key, rings in viewed.rings.items():
        size = measure_rings(rings)
        ids.append(key)
        objects.append(
            SceneObject(
                class_name=viewed.classes[key],
                center_xy=size.center_xy,
                area_px=size.area_px,
                length_px=size.length_px,
                width_px=size.width_px,
                color=viewed.colors[key],
                bbox=size.bbox,
            )
        )
    return ids, objects


def rule_items(
    viewed: ViewedChip, size_px: int, rng: random.Random, count: int, *, only_absent: bool = False
) -> list[Item]:
    """Return up to ``count`` rule-made items, true and absent ones, or absent ones only."""
    ids, objects = scene_objects(viewed)
    # A class with a barely visible instance cannot be counted or ordered fairly.
    doubtful = {viewed.classes[key] for key in viewed.rings if key not in viewed.seen}
    known = viewed.complete - doubtful
    made = generate_expressions(objects, (size_px, size_px), known, rng, count, only_absent=only_absent)
    return [
        Item(item.text, tuple(ids[index] for index in item.object_ids), "rule" if item.object_ids else "absent")
        for item in made
    ]


def class_items(viewed: ViewedChip, rng: random.Random, count: int) -> list[Item]:
    """Return up to ``count`` class names with all their instances."""
    present = sorted({name for name in viewed.classes.values() if name in viewed.complete})
    rng.shuffle(present)
    return [
        Item(name, tuple(key for key, value in viewed.classes.items() if value == name), "class")
        for name in present[:count]
    ]


def weak_items(viewed: ViewedChip, rng: random.Random, count: int) -> list[Item]:
    """Return up to ``count`` names of classes that are not completely drawn, with what is drawn of them in view."""
    drawn = sorted({viewed.classes[key] for key in viewed.seen if viewed.classes[key] not in viewed.complete})
    rng.shuffle(drawn)
    return [
        Item(name, tuple(key for key, value in viewed.classes.items() if value == name), "weak")
        for name in drawn[:count]
    ]


def absent_items(viewed: ViewedChip, foreign: Sequence[tuple[str, str]], rng: random.Random, count: int) -> list[Item]:
    """Return up to ``count`` expressions of classes that are known to be absent.

    Args:
        viewed: the view.
        foreign: (expression, class) pairs from other chips.
        rng: source of randomness.
        count: how many at most.
    """
    absent = sorted(viewed.complete - set(viewed.classes.values()))
    items: list[Item] = []
    for _ in range(4 * count):
        if len(items) == count or not absent:
            break
        if foreign and rng.random() < 0.6:
            text, name = rng.choice(foreign)
            if name in absent and _cannot_fit(text, viewed):
                items.append(Item(text, (), "absent"))
        else:
            items.append(Item(rng.choice(absent), (), "absent"))
    return items


def _cannot_fit(text: str, viewed: ViewedChip) -> bool:
    """Tell whether no class in view could be meant by the head noun of a foreign expression."""
    noun = head_noun(text)
    meant = set(concepts_of(noun)) if noun else set()
    return bool(meant) and meant <= viewed.complete - set(viewed.classes.values())


def written_items(chip: Chip, view: View, viewed: ViewedChip, rng: random.Random, count: int) -> list[Item]:
    """Return up to ``count`` written expressions that still hold in the view."""
    items: list[Item] = []
    candidates = list(chip.expressions)
    rng.shuffle(candidates)
    for written in candidates:
        if len(items) == count:
            break
        if any(key not in viewed.seen for key in written.object_ids):
            continue
        text: str | None = written.text
        if view.upright:
            if view.mirrored_x and text is not None:
                text = flip_words(text, "horizontal")
            if view.mirrored_y and text is not None:
                text = flip_words(text, "vertical")
        elif is_directional(written.text):
            text = None
        if text is not None:
            items.append(Item(text, written.object_ids, "written" if written.object_ids else "absent"))
    return items


def foreign_expressions(chips: Sequence[Chip]) -> list[tuple[str, str]]:
    """Return (expression, class) of every written expression with referents of one class."""
    pairs = []
    for chip in chips:
        names = {item.id: item.class_name for item in chip.objects}
        for written in chip.expressions:
            classes = {names[key] for key in written.object_ids}
            if len(classes) == 1:
                pairs.append((written.text, classes.pop()))
    return pairs


def mosaic(chips: Sequence[Chip], rng: np.random.Generator, size_px: int) -> Chip:
    """Return one chip made of quarters of four, cut at a random cross; expressions are left out."""
    cut = rng.integers(int(0.35 * size_px), int(0.65 * size_px), 2)
    image = np.zeros((size_px, size_px, 3), dtype=np.uint8)
    objects: list[ChipObject] = []
    for index, chip in enumerate(chips[:4]):
        right, lower = index % 2, index // 2
        x0, x1 = (int(cut[0]), size_px) if right else (0, int(cut[0]))
        y0, y1 = (int(cut[1]), size_px) if lower else (0, int(cut[1]))
        view = sample_view(rng, chip.image.shape[0], size_px, upright=False)
        image[y0:y1, x0:x1] = warp(chip.image, view, size_px)[y0:y1, x0:x1]
        for item in chip.objects:
            rings = [_clip_box(view.apply(ring), x0, y0, x1, y1) for ring in item.rings]
            kept = tuple(ring for ring in rings if len(ring) >= 3)
            if kept:
                objects.append(ChipObject(1000 * index + len(objects), item.class_name, kept, item.color))
    complete = frozenset.intersection(*(chip.complete for chip in chips[:4]))
    return Chip("mosaic", image, tuple(objects), complete)


def _clip_box(ring: NDArray[np.float32], x0: int, y0: int, x1: int, y1: int) -> NDArray[np.float32]:
    origin = np.array([x0, y0], dtype=np.float32)
    side = np.array([x1 - x0, y1 - y0], dtype=np.float32)
    return clip_ring((ring - origin) / side, 1.0) * side + origin
