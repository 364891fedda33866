"""Places of synthetic aerial pictures: what stands where on an apron, in a marina, along a suburban street.

A theme paints one block: a rectangle with a pose, half as long as ``half_u`` and half as wide as ``half_v`` metres.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import synthetic_buildings as buildings
from . import synthetic_objects as things
from .synthetic_canvas import Canvas, Paint, Points, mix_paint, pick, scale_paint, to_paint
from .synthetic_objects import Pose, rectangle

GROUNDS: dict[str, tuple[Paint, float]] = {
    "grass": ((98, 116, 74), 0.6),
    "dry grass": ((150, 140, 104), 0.6),
    "soil": ((172, 148, 116), 0.6),
    "concrete": ((186, 184, 174), 0.22),
    "asphalt": ((112, 112, 110), 0.28),
    "sand": ((204, 188, 158), 0.3),
    "water": ((44, 72, 78), 0.12),
}
"""Paint and roughness of each kind of ground."""


@dataclass(frozen=True)
class Block:
    """A rectangle of ground that one theme lays out."""

    pose: Pose
    half_u: float
    half_v: float

    @property
    def outline(self) -> Points:
        """(4, 2) corners in metres."""
        return self.pose.place(rectangle(2 * self.half_u, 2 * self.half_v))


def cover(canvas: Canvas, polygon_m: Points, ground: str) -> Paint:
    """Paint a polygon with one kind of ground and return its paint."""
    base, roughness = GROUNDS[ground]
    rng = canvas.rng
    paint = to_paint(np.array(base) + rng.normal(0, 12) + rng.normal(0, 3, 3))
    canvas.fill(polygon_m, paint, roughness)
    return paint


def spread(canvas: Canvas, block: Block, ground: str) -> Paint:
    """Paint a whole block with one kind of ground, worn here and patched there, and return its main paint."""
    rng = canvas.rng
    paint = cover(canvas, block.outline, ground)
    roughness = GROUNDS[ground][1]
    made = roughness < 0.5
    reach = np.array([block.half_u, block.half_v])
    for _ in range(int(rng.integers(4, 16)) if reach.min() > 20 else 0):
        size = np.minimum(rng.uniform(5, 40, 2), reach / 2)
        shape = (
            rectangle(*size) if made and rng.random() < 0.6 else things.blob(rng, size[0], size[1], 0.25, corners=24)
        )
        shape = np.clip(shape + rng.uniform(-1, 1, 2) * reach, -reach, reach)
        shift = 14 * rng.normal() + (rng.normal(0, 3, 3) if made else rng.normal(0, 8, 3) * [1, 0.7, 0.5])
        tone = to_paint(np.array(paint) + shift)
        canvas.fill(block.pose.place(shape), tone, float(np.clip(roughness + rng.normal(0, 0.15), 0.1, 1)))
    return paint


def plant(canvas: Canvas, block: Block, per_hectare: float) -> None:
    """Let trees grow where nothing stands."""
    rng = canvas.rng
    paint = buildings.tree_paint(rng)
    count = rng.poisson(per_hectare * 4 * block.half_u * block.half_v / 1e4)
    for u, v in rng.uniform(-1, 1, (count, 2)) * [block.half_u, block.half_v]:
        diameter = float(np.clip(rng.lognormal(1.6, 0.4), 2, 13))
        buildings.draw_tree(
            canvas, block.pose.place([(u, v)])[0], diameter, scale_paint(paint, rng.uniform(0.85, 1.15))
        )


def clutter(canvas: Canvas, block: Block, count: int) -> None:
    """Strew small nameless things: carts, crates, bushes, stains."""
    rng = canvas.rng
    for u, v in rng.uniform(-1, 1, (count, 2)) * [block.half_u, block.half_v]:
        pose = block.pose.moved(u, v, rng.uniform(0, np.pi))
        if rng.random() < 0.5:
            stain = pose.place(things.blob(rng, rng.uniform(2, 9), rng.uniform(1, 5), corners=12))
            canvas.shade(stain, rng.uniform(0.05, 0.25))
            continue
        shape = pose.place(rectangle(rng.uniform(0.6, 2.2), rng.uniform(0.6, 1.4)))
        if canvas.claim(shape):
            canvas.cast(shape, 0.9)
            canvas.fill(
                shape, mix_paint(rng, pick(rng, {"white": 2, "gray": 3, "black": 1, "brown": 2, "blue": 0.5}), 20)
            )


def traffic(canvas: Canvas, start: Pose, length: float, width: float, cars_per_km: float) -> None:
    """Let cars and trucks drive on a paved road.

    Args:
        canvas: where to paint.
        start: the middle of the road; it heads along the road.
        length: of the road in metres.
        width: of the road in metres.
        cars_per_km: mean traffic in both directions together.
    """
    rng = canvas.rng
    for direction in (-1, 1):
        for _ in range(rng.poisson(cars_per_km * length / 2000)):
            lane = direction * (rng.integers(0, max(1, round(width / 7.5))) + 0.5) * 3.5
            pose = start.moved(rng.uniform(-0.5, 0.5) * length, lane, np.pi if direction < 0 else 0.0)
            _ = things.draw_truck(canvas, pose) if rng.random() < 0.1 else things.draw_car(canvas, pose)


def pave(canvas: Canvas, start: Pose, length: float, width: float) -> None:
    """Paint a road along u with its kerbs and lane marks."""
    rng = canvas.rng
    canvas.fill(start.place(rectangle(length, width + 3)), mix_paint(rng, "gray", 20), 0.3)
    cover(canvas, start.place(rectangle(length, width)), "asphalt" if rng.random() < 0.75 else "concrete")
    marks = mix_paint(rng, pick(rng, {"white": 3, "yellow": 1}))
    if rng.random() < 0.7:
        for u in np.arange(-length / 2, length / 2, 9.0):
            canvas.line(start.place([(u, 0), (u + 3.5, 0)]), marks, 0.15)


def apron(canvas: Canvas, block: Block) -> None:
    """Lay out parked airplanes with service vehicles."""
    rng = canvas.rng
    paint = spread(canvas, block, "concrete" if rng.random() < 0.7 else "asphalt")
    joint = rng.uniform(5, 9)
    for u in np.arange(-block.half_u, block.half_u, joint):
        canvas.line(block.pose.place([(u, -block.half_v), (u, block.half_v)]), scale_paint(paint, 0.95), 0.15)
    if rng.random() < 0.6:
        edge = rng.uniform(0.5, 0.8) * block.half_v
        lawn = block.pose.place(rectangle(2 * block.half_u, block.half_v - edge, 0, (block.half_v + edge) / 2))
        cover(canvas, lawn, pick(rng, {"grass": 2, "dry grass": 2}))
        canvas.block(lawn)
    for v in rng.uniform(-0.6, 0.6, 2) * block.half_v:
        canvas.line(block.pose.place([(-block.half_u, v), (block.half_u, v)]), mix_paint(rng, "yellow"), 0.25)
    length = float(rng.uniform(8, 12) if rng.random() < 0.3 else rng.uniform(22, 48))
    heading = rng.uniform(0, 2 * np.pi)
    step = length * rng.uniform(1.15, 1.6)
    for u in np.arange(-block.half_u, block.half_u, step):
        for v in np.arange(-block.half_v, block.half_v, step):
            if rng.random() < 0.55:
                size = length * rng.uniform(0.8, 1.2)
                shift = rng.normal(0, 0.06, 2) * length
                turn = heading + rng.choice([0.0, np.pi]) + rng.normal(0, 0.06)
                things.draw_airplane(canvas, block.pose.moved(u + shift[0], v + shift[1], turn), size)
    for u, v in rng.uniform(-1, 1, (rng.integers(0, 8), 2)) * [block.half_u, block.half_v]:
        pose = block.pose.moved(u, v, rng.choice([0, np.pi / 2]) + rng.normal(0, 0.1))
        _ = things.draw_truck(canvas, pose) if rng.random() < 0.3 else things.draw_car(canvas, pose)
    clutter(canvas, block, int(rng.integers(5, 30)))


def tank_farm(canvas: Canvas, block: Block) -> None:
    """Lay out storage tanks in bunds, or the basins of a treatment plant."""
    rng = canvas.rng
    wet = rng.random() < 0.25
    spread(canvas, block, "grass" if wet else pick(rng, {"soil": 2, "concrete": 3, "dry grass": 1, "asphalt": 1}))
    size = float(rng.uniform(7, 34))
    step = size * rng.uniform(1.3, 1.9) + 3
    for u in np.arange(-block.half_u, block.half_u, step):
        for v in np.arange(-block.half_v, block.half_v, step):
            if rng.random() < 0.3:
                continue
            pose = block.pose.moved(u + rng.normal(0, 1), v + rng.normal(0, 1), rng.uniform(0, 6))
            if not wet and rng.random() < 0.4:
                bund = block.pose.place(rectangle(step * 0.96, step * 0.96, u, v))
                canvas.line(np.concatenate([bund, bund[:1]]), mix_paint(rng, pick(rng, {"gray": 1, "tan": 1})), 0.8)
            things.draw_tank(canvas, pose, size * rng.uniform(0.55, 1.05), wet)
    for _ in range(int(rng.integers(1, 6))):
        u, v = rng.uniform(-1, 1, 2) * [block.half_u, block.half_v]
        pipe = block.pose.place([(u, -block.half_v), (u, v), (block.half_u, v)])
        canvas.line(pipe, mix_paint(rng, pick(rng, {"gray": 3, "brown": 1, "white": 1})), rng.uniform(0.4, 1.2))
    for u, v in rng.uniform(-1, 1, (rng.integers(0, 5), 2)) * [block.half_u, block.half_v]:
        buildings.draw_building(canvas, block.pose.moved(u, v), rng.uniform(6, 18), rng.uniform(5, 10))
    _park_at_random(canvas, block, int(rng.integers(0, 6)))
    clutter(canvas, block, int(rng.integers(5, 25)))


def courts(canvas: Canvas, block: Block) -> None:
    """Lay out tennis and basketball courts in a park."""
    rng = canvas.rng
    spread(canvas, block, pick(rng, {"grass": 4, "dry grass": 1, "asphalt": 0.6}))
    if rng.random() < 0.4:
        lot = Block(block.pose.moved(0, rng.choice([-1, 1]) * block.half_v * 0.75), block.half_u, 9)
        parking(canvas, lot)
        canvas.block(lot.outline)
    rows = int(rng.integers(1, 4))
    inside = pick(rng, {"green": 6, "gray": 2, "blue": 1.5, "brown": 1, "red": 0.7})
    outside = mix_paint(rng, pick(rng, {"green": 4, "gray": 2, "brown": 1.2, "red": 0.6}))
    kind = "tennis court" if rng.random() < 0.85 else "basketball court"
    for v in (np.arange(rows) - (rows - 1) / 2) * rng.uniform(36, 52):
        u = rng.uniform(-0.9, 0.3) * block.half_u
        count = int(rng.integers(1, 6))
        pad = block.pose.place(rectangle(count * 17.5 + 2, 37, u + (count - 1) * 8.75, v))
        if canvas.claim(pad, 0.5):
            canvas.fill(pad, outside, 0.12)
            canvas.line(np.concatenate([pad, pad[:1]]) + canvas.shadow_xy, (64, 74, 62), 0.5)
            canvas.release(pad)
            for index in range(count):
                things.draw_court(canvas, block.pose.moved(u + index * 17.5, v, np.pi / 2), kind, inside, outside)
            canvas.block(pad)
    plant(canvas, block, rng.uniform(5, 45))


def ball_park(canvas: Canvas, block: Block) -> None:
    """Lay out one or two baseball diamonds on grass."""
    rng = canvas.rng
    grass = spread(canvas, block, pick(rng, {"grass": 5, "dry grass": 1}))
    if rng.random() < 0.4:
        edge = Block(block.pose.moved(0, rng.choice([-1, 1]) * block.half_v * 0.8), block.half_u, 8)
        parking(canvas, edge)
        canvas.block(edge.outline)
    for u, v in rng.uniform(-0.5, 0.5, (rng.integers(1, 4), 2)) * [block.half_u, block.half_v]:
        home = block.pose.moved(u, v, rng.uniform(0, 2 * np.pi))
        things.draw_diamond(canvas, home, rng.uniform(17, 28), grass)
    plant(canvas, block, rng.uniform(2, 30))


def golf(canvas: Canvas, block: Block) -> None:
    """Lay out a golf course: fairway, a green, bunkers, trees."""
    rng = canvas.rng
    rough = spread(canvas, block, "grass")
    way = block.pose.place(things.blob(rng, block.half_u * 2.2, block.half_v * 0.9, 0.12))
    canvas.fill(way, scale_paint(rough, rng.uniform(1.08, 1.25)), 0.3)
    if rng.random() < 0.6:
        things.draw_green(
            canvas, block.pose.moved(rng.uniform(-20, 20), rng.uniform(-20, 20), rng.uniform(0, 6)), rng.uniform(22, 38)
        )
    for u, v in rng.normal(0, 24, (rng.integers(1, 7), 2)):
        things.draw_bunker(canvas, block.pose.moved(u, v, rng.uniform(0, 6)), rng.uniform(8, 24))
    plant(canvas, block, rng.uniform(10, 90))


def marina(canvas: Canvas, block: Block) -> None:
    """Lay out docks with boats at their fingers, and a few boats under way."""
    rng = canvas.rng
    water = GROUNDS["water"][0]
    tone = to_paint(np.array(water) + rng.normal(0, 14) + rng.normal(0, 10, 3))
    canvas.fill(block.outline, tone, 0.15)
    size = float(rng.uniform(7.5, 14))
    width, slip = float(rng.uniform(1.6, 3)), size * rng.uniform(0.42, 0.5)
    wood = mix_paint(rng, pick(rng, {"tan": 2, "gray": 2, "brown": 2, "white": 1}), 14)
    double = rng.random() < 0.7
    for v in np.arange(-block.half_v + size, block.half_v - size, size * 2 + rng.uniform(10, 18)):
        start, stop = -block.half_u + rng.uniform(0, 0.3) * block.half_u, block.half_u * rng.uniform(0.5, 1)
        canvas.line(block.pose.place([(start, v), (stop, v)]), wood, width, 0.2)
        canvas.block(block.pose.place(rectangle(stop - start, width, (start + stop) / 2, v)))
        step = slip * (2 if double else 1) + 1.0
        for u in np.arange(start + slip, stop - slip, step):
            for side in (-1, 1):
                finger = [(u, v), (u, v + side * size * 0.95)]
                canvas.line(block.pose.place(finger), wood, 0.8, 0.2)
                canvas.block(block.pose.place(rectangle(0.6, size * 0.95, u, v + side * size * 0.475)))
                for shift in (0.27, 0.73) if double else (0.5,):
                    if rng.random() < 0.85:
                        berth = block.pose.moved(u + shift * step, v + side * (width / 2 + size * 0.52))
                        turn = side * np.pi / 2 + (np.pi if rng.random() < 0.3 else 0)
                        longest = min(size, slip / 0.34)
                        things.draw_boat(canvas, berth.moved(0, 0, turn), longest * rng.uniform(0.72, 1.0))
    for u, v in rng.uniform(-1, 1, (rng.integers(0, 4), 2)) * [block.half_u, block.half_v]:
        things.draw_boat(canvas, block.pose.moved(u, v, rng.uniform(0, 6)), rng.uniform(6, 16))


def suburb(canvas: Canvas, block: Block) -> None:
    """Lay out a street of houses with gardens, driveways and pools."""
    rng = canvas.rng
    spread(canvas, block, pick(rng, {"grass": 4, "dry grass": 2, "soil": 1}))
    size, gap = float(rng.uniform(11, 21)), float(rng.uniform(1, 9))
    street = rng.uniform(7, 11)
    depth = size + rng.uniform(6, 16)
    _rows(canvas, block, depth, size, gap, street, "house")
    plant(canvas, block, rng.uniform(20, 200))
    clutter(canvas, block, int(rng.integers(5, 40)))


def mobile_park(canvas: Canvas, block: Block) -> None:
    """Lay out rows of mobile homes along narrow lanes."""
    rng = canvas.rng
    spread(canvas, block, pick(rng, {"soil": 2, "dry grass": 2, "grass": 2, "concrete": 1}))
    _rows(canvas, block, 22, 9, float(rng.uniform(0.5, 5)), rng.uniform(5, 8), "mobile home")
    plant(canvas, block, rng.uniform(10, 90))
    clutter(canvas, block, int(rng.integers(10, 50)))


def parking(canvas: Canvas, block: Block) -> None:
    """Lay out parked cars in bays."""
    rng = canvas.rng
    paint = spread(canvas, block, "asphalt" if rng.random() < 0.7 else "concrete")
    occupied, double = rng.uniform(0.25, 0.95), rng.random() < 0.7
    slant = rng.choice([0.0, 0.0, 0.5])
    for v in np.arange(-block.half_v + 3, block.half_v - 2, 5.4 * 2 + rng.uniform(6, 8)):
        for side in (-1, 1) if double else (1,):
            row = v + side * 2.7
            for u in np.arange(-block.half_u, block.half_u, 2.75):
                canvas.line(block.pose.place([(u, row - 2.5), (u, row + 2.5)]), scale_paint(paint, 1.3), 0.1)
                if rng.random() < occupied:
                    turn = np.pi / 2 * rng.choice([-1, 1]) + slant
                    things.draw_car(
                        canvas, block.pose.moved(u + 1.37 + rng.normal(0, 0.1), row + rng.normal(0, 0.2), turn)
                    )
    _park_at_random(canvas, block, int(rng.integers(0, 4)))


def town(canvas: Canvas, block: Block) -> None:
    """Lay out large buildings with yards and parked cars."""
    rng = canvas.rng
    spread(canvas, block, pick(rng, {"concrete": 3, "asphalt": 3, "grass": 1}))
    step = float(rng.uniform(24, 52))
    for u in np.arange(-block.half_u, block.half_u, step):
        for v in np.arange(-block.half_v, block.half_v, step):
            if rng.random() < 0.8:
                size = step * rng.uniform(0.45, 0.85, 2)
                buildings.draw_building(
                    canvas, block.pose.moved(u, v, rng.choice([0, np.pi / 2])), *np.sort(size)[::-1]
                )
    for _ in range(int(rng.integers(0, 3))):
        u, v = rng.uniform(-0.8, 0.8, 2) * [block.half_u, block.half_v]
        for index in range(int(rng.integers(4, 12))):
            things.draw_car(canvas, block.pose.moved(u + index * 2.75, v, np.pi / 2))
    _park_at_random(canvas, block, int(rng.integers(0, 8)))
    plant(canvas, block, rng.uniform(0, 40))
    clutter(canvas, block, int(rng.integers(5, 30)))


def _rows(canvas: Canvas, block: Block, depth: float, size: float, gap: float, street: float, kind: str) -> None:
    """Set dwellings on both sides of parallel streets along u, then let cars drive and park there."""
    rng = canvas.rng
    pitch = 2 * depth + street
    middles = np.arange(-block.half_v + rng.uniform(0, pitch / 2), block.half_v, pitch)
    for v in middles:
        canvas.block(block.pose.place(rectangle(2 * block.half_u, street + 3, 0, v)))
        pave(canvas, block.pose.moved(0, v), 2 * block.half_u, street)
        for side in (-1, 1):
            u = -block.half_u
            while u < block.half_u:
                away = v + side * (street / 2 + depth * 0.5)
                lean = np.pi / 2 if kind == "mobile home" else 0.0
                pose = block.pose.moved(u, away + rng.normal(0, 1), lean + rng.normal(0, 0.05))
                if rng.random() < 0.88:
                    drive_u = u + size * rng.uniform(0.4, 0.55)
                    yard = block.pose.place(rectangle(3, depth * 0.4, drive_u, v + side * (street / 2 + depth * 0.2)))
                    canvas.fill(yard, mix_paint(rng, "gray", 22), 0.25)
                    if kind == "mobile home":
                        buildings.draw_mobile_home(canvas, pose)
                    else:
                        buildings.draw_house(canvas, pose, size * rng.uniform(0.8, 1.2))
                        if rng.random() < 0.18:
                            pool = block.pose.moved(
                                u + rng.normal(0, 3), v + side * (street / 2 + depth * 0.93), rng.uniform(0, 3)
                            )
                            things.draw_pool(canvas, pool, rng.uniform(6, 13))
                    if rng.random() < 0.5:
                        things.draw_car(
                            canvas, block.pose.moved(drive_u, v + side * (street / 2 + depth * 0.2), np.pi / 2)
                        )
                u += size + gap + rng.uniform(0, 3)
        canvas.release(block.pose.place(rectangle(2 * block.half_u, street, 0, v)))
        for _ in range(rng.poisson(block.half_u / 14)):
            side = rng.choice([-1, 1])
            lane = v + side * (street / 2 - 1.3)
            pose = block.pose.moved(rng.uniform(-1, 1) * block.half_u, lane, np.pi if side < 0 else 0.0)
            _ = things.draw_truck(canvas, pose) if rng.random() < 0.05 else things.draw_car(canvas, pose)
        canvas.block(block.pose.place(rectangle(2 * block.half_u, street, 0, v)))


def _park_at_random(canvas: Canvas, block: Block, count: int) -> None:
    rng = canvas.rng
    for u, v in rng.uniform(-1, 1, (count, 2)) * [block.half_u, block.half_v]:
        pose = block.pose.moved(u, v, rng.choice([0, np.pi / 2, np.pi]) + rng.normal(0, 0.1))
        _ = things.draw_truck(canvas, pose) if rng.random() < 0.25 else things.draw_car(canvas, pose)


Theme = Callable[[Canvas, Block], None]
