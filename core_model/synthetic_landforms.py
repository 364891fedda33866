"""Places of synthetic aerial pictures that are larger than a block: highways, coasts, rivers, runways, open land."""

from __future__ import annotations

import numpy as np

from . import synthetic_objects as things
from .synthetic_buildings import draw_tree, tree_paint
from .synthetic_canvas import Canvas, Points, mix_paint, pick, scale_paint, to_paint
from .synthetic_objects import rectangle
from .synthetic_themes import GROUNDS, Block, cover, pave, plant, spread, traffic


def highway(canvas: Canvas, block: Block) -> None:
    """Lay out a highway with traffic, in some pictures crossed by an overpass."""
    rng = canvas.rng
    spread(canvas, block, pick(rng, {"grass": 2, "dry grass": 2, "soil": 1}))
    width, cars_per_km = rng.uniform(11, 17), rng.uniform(20, 110)
    bridge = rng.random() < 0.4
    deck = block.pose.moved(rng.uniform(-0.3, 0.3) * block.half_u, 0, np.pi / 2 + rng.normal(0, 0.25))
    deck_width = rng.uniform(9, 19)
    reach = 2 * block.half_v
    if bridge:
        canvas.block(deck.place(rectangle(reach, deck_width)))
    carriageway = width / 2 + rng.uniform(1.5, 8)
    lanes = [block.pose.moved(0, side * carriageway) for side in (-1, 1)]
    for lane in lanes:
        pave(canvas, lane, 2 * block.half_u, width)
        for edge in (-1, 1):
            v = edge * (width / 2 - 0.8)
            canvas.line(lane.place([(-block.half_u, v), (block.half_u, v)]), (222, 220, 206), 0.2)
        canvas.block(lane.place(rectangle(2 * block.half_u, width)))
    plant(canvas, block, rng.uniform(0, 60))
    for lane in lanes:
        canvas.release(lane.place(rectangle(2 * block.half_u, width)))
    if bridge:
        canvas.block(deck.place(rectangle(reach, deck_width)))
    for lane in lanes:
        traffic(canvas, lane, 2 * block.half_u, width, cars_per_km)
    if bridge:
        span = deck.place(rectangle(min(reach, 2 * (carriageway + width)), deck_width))
        canvas.release(deck.place(rectangle(reach, deck_width)))
        canvas.cast(span, rng.uniform(5, 8))
        pave(canvas, deck, reach, deck_width - 3)
        traffic(canvas, deck, reach, deck_width - 3, cars_per_km)
        for edge in (-1, 1):
            v = edge * deck_width / 2
            canvas.line(deck.place([(-reach / 2, v), (reach / 2, v)]), (190, 188, 180), 0.5)
        canvas.add("overpass", span, "gray")


def coast(canvas: Canvas, block: Block) -> None:
    """Lay out sea, surf, a beach and the land behind it; the sea lies towards negative v."""
    rng = canvas.rng
    spread(canvas, block, pick(rng, {"grass": 2, "dry grass": 2, "soil": 1, "sand": 1}))
    along = np.linspace(-block.half_u, block.half_u, 40)
    shore = rng.uniform(-0.35, 0.2) * block.half_v + _wander(canvas, along, 4)
    back = shore + rng.uniform(20, 45) + _wander(canvas, along, 4)
    beach = block.pose.place(np.concatenate([np.stack([along, shore], 1), np.stack([along, back], 1)[::-1]]))
    cover(canvas, beach, "sand")
    wet = np.concatenate(
        [np.stack([along, shore], 1), np.stack([along, shore + 5 + _wander(canvas, along, 1)], 1)[::-1]]
    )
    canvas.shade(block.pose.place(wet), 0.3)
    edge = np.stack([along, np.full_like(along, -block.half_v)], 1)
    sea = block.pose.place(np.concatenate([np.stack([along, shore], 1), edge[::-1]]))
    tone = np.array([[62, 92, 92], [50, 84, 106], [96, 108, 100]][rng.integers(3)]) + rng.normal(0, 10, 3)
    canvas.fill(sea, to_paint(tone), 0.3)
    for back_off in rng.uniform(1, 26, rng.integers(1, 5)):
        thick = rng.uniform(1, 5)
        for _ in range(220):
            u = rng.uniform(-1, 1) * block.half_u
            v = np.interp(u, along, shore) - back_off - abs(rng.normal(0, thick)) - 1.5
            size = rng.uniform(0.6, 4) * rng.uniform(0.4, 1.5)
            foam = block.pose.moved(u, v).place(things.blob(rng, size * 1.8, size * 0.6, 0.3, corners=9))
            canvas.fill(foam, to_paint(tone + (225 - tone) * rng.uniform(0.3, 1)), 0.8)
    color = "green" if tone[1] > tone[2] else "blue"
    canvas.add("sea", sea, color)
    canvas.add("beach", beach, "tan")


def river(canvas: Canvas, block: Block) -> None:
    """Lay out a winding river between trees."""
    rng = canvas.rng
    spread(canvas, block, pick(rng, {"grass": 3, "dry grass": 2, "soil": 1}))
    along = np.linspace(-block.half_u, block.half_u, 48)
    middle, half = _wander(canvas, along, 9), rng.uniform(7, 20) + _wander(canvas, along, 1.5)
    banks = [np.stack([along, middle + side * np.maximum(half, 4)], 1) for side in (-1, 1)]
    water = block.pose.place(np.concatenate([banks[0], banks[1][::-1]]))
    word = pick(rng, {"brown": 3, "green": 2, "gray": 2, "blue": 1})
    tone = {"brown": (104, 92, 72), "green": (66, 84, 62), "gray": (110, 114, 112), "blue": (60, 84, 104)}[word]
    canvas.line(
        np.concatenate([water, water[:1]]), to_paint(np.array(GROUNDS["sand"][0]) * 0.85), rng.uniform(0, 3), 0.5
    )
    canvas.fill(water, to_paint(np.array(tone) + rng.normal(0, 8, 3)), 0.1)
    canvas.block(water)
    plant(canvas, block, rng.uniform(20, 160))
    canvas.add("river", water, word)


def runway(canvas: Canvas, block: Block) -> None:
    """Lay out a runway with its marks in grass."""
    rng = canvas.rng
    spread(canvas, block, pick(rng, {"grass": 3, "dry grass": 2, "soil": 1}))
    width, v = rng.uniform(28, 60), rng.uniform(-20, 20)
    strip = block.pose.place(rectangle(2 * block.half_u, width, 0, v))
    word = pick(rng, {"gray": 6, "brown": 1, "black": 1, "tan": 0.6})
    canvas.fill(strip, mix_paint(rng, word), 0.35)
    for _ in range(int(rng.integers(0, 12))):
        u, w = rng.uniform(-1, 1) * block.half_u, rng.normal(0, width / 9)
        canvas.line(block.pose.place([(u, v + w), (u + rng.uniform(10, 60), v + w)]), (62, 60, 58), 0.2)
    white = mix_paint(rng, "white")
    for side in (-1, 1):
        w = v + side * (width / 2 - 1.5)
        canvas.line(block.pose.place([(-block.half_u, w), (block.half_u, w)]), white, 0.9)
    for u in np.arange(-block.half_u + rng.uniform(0, 40), block.half_u, 50.0):
        canvas.line(block.pose.place([(u, v), (u + 30, v)]), white, 0.9)
    canvas.add("runway", strip, word)
    if rng.random() < 0.15:
        pose = block.pose.moved(rng.uniform(-20, 20), v, rng.choice([0.0, np.pi]))
        things.draw_airplane(canvas, pose, rng.uniform(12, 45))


def open_land(canvas: Canvas, block: Block) -> None:
    """Lay out land on which nothing stands: a ploughed field, a forest, scattered bushes."""
    rng = canvas.rng
    paint = spread(canvas, block, pick(rng, {"grass": 2, "dry grass": 2, "soil": 2}))
    kind = pick(rng, {"field": 1, "forest": 1, "bushes": 1})
    if kind == "field":
        for v in np.arange(-block.half_v, block.half_v, rng.uniform(0.9, 3)):
            canvas.line(
                block.pose.place([(-block.half_u, v), (block.half_u, v)]),
                scale_paint(paint, rng.uniform(0.8, 1.0)),
                0.4,
            )
    elif kind == "forest":
        plant(canvas, block, 420)
    else:
        leaves = scale_paint(tree_paint(rng), 0.85)
        for u, v in rng.uniform(-1, 1, (rng.integers(40, 260), 2)) * [block.half_u, block.half_v]:
            draw_tree(canvas, block.pose.place([(u, v)])[0], rng.uniform(1, 3.2), leaves)


def _wander(canvas: Canvas, along: Points, size_m: float) -> Points:
    """Return a smooth random curve over ``along``, about ``size_m`` metres high."""
    rng = canvas.rng
    waves = [rng.normal() / k * np.sin(along * k / 45 + rng.uniform(0, 2 * np.pi)) for k in (1, 2, 4)]
    return np.asarray(size_m * np.sum(waves, axis=0))
