"""Roofs and tree crowns of synthetic aerial pictures: houses, mobile homes, large buildings, trees."""

from __future__ import annotations

import numpy as np

from .synthetic_canvas import Canvas, Paint, Points, mix_paint, pick, scale_paint, to_paint
from .synthetic_objects import Pose, blob, rectangle


def draw_house(canvas: Canvas, pose: Pose, length: float) -> bool:
    """Draw a house with a pitched roof, some with a wing."""
    rng = canvas.rng
    width = length * rng.uniform(0.58, 0.85)
    wing = float(rng.uniform(2, 6)) if rng.random() < 0.55 else 0.0
    low, high = sorted(rng.uniform(-length / 2, length / 2, 2))
    low, high = (
        (-length / 2, -length / 2 + max(5.0, high - low))
        if rng.random() < 0.5
        else (length / 2 - max(5.0, high - low), length / 2)
    )
    side = int(rng.choice([-1, 1]))
    half_u, half_v = length / 2, width / 2
    outline = np.array([(-half_u, -half_v), (half_u, -half_v), (half_u, half_v), (-half_u, half_v)])
    if wing:
        step = [(high, half_v), (high, half_v + wing), (low, half_v + wing), (low, half_v)]
        outline = np.array([(-half_u, -half_v), (half_u, -half_v), (half_u, half_v), *step, (-half_u, half_v)])
        outline = _without_repeats(outline) * np.array([1, side])
    polygon = pose.place(outline)
    if not canvas.claim(polygon, 1.0):
        return False
    word = pick(rng, {"gray": 6, "white": 2.5, "tan": 2.2, "brown": 2.5, "orange": 1, "red": 0.8})
    paint = mix_paint(rng, word, 16)
    canvas.cast(polygon, float(rng.uniform(3.5, 6.5)))
    canvas.fill(polygon, paint, 0.14)
    _pitched(canvas, pose, rectangle(length, width), paint, hip=rng.random() < 0.6)
    if wing:
        center = (high + low) / 2
        top = half_v + wing
        for edge, lean in ((low, -1.0), (high, 1.0)):
            face = np.array([(center, 0.0), (center, top), (edge, top), (edge, half_v * 0.4)]) * np.array([1, side])
            canvas.fill(pose.place(face), scale_paint(paint, _lit(canvas, pose, lean, 0.0)))
    if rng.random() < 0.4:
        canvas.fill(
            pose.place(rectangle(1.0, 1.0, *rng.uniform(-0.3, 0.3, 2) * [length, width])), scale_paint(paint, 0.6)
        )
    canvas.add("house", polygon, word)
    return True


def draw_mobile_home(canvas: Canvas, pose: Pose) -> bool:
    """Draw a mobile home: long, narrow, with a low bright roof."""
    rng = canvas.rng
    length, width = rng.uniform(12, 19.5), rng.uniform(4.0, 8.6)
    polygon = pose.place(rectangle(length, width))
    if not canvas.claim(polygon, 0.5):
        return False
    word = pick(rng, {"white": 10, "gray": 3, "brown": 0.7, "tan": 0.9, "blue": 0.3})
    paint = mix_paint(rng, word, 12)
    canvas.cast(polygon, 3.2)
    canvas.fill(polygon, paint, 0.08)
    _pitched(canvas, pose, rectangle(length, width), paint, hip=False)
    if rng.random() < 0.5:
        for u in np.arange(-length / 2 + 2, length / 2 - 1, 3.0):
            canvas.line(pose.place([(u, -width / 2), (u, width / 2)]), scale_paint(paint, 0.94), 0.15)
    canvas.add("mobile home", polygon, word)
    return True


def draw_building(canvas: Canvas, pose: Pose, length: float, width: float) -> bool:
    """Draw a large building with a flat roof: a block, an L or a U, with parapet and machines on top."""
    rng = canvas.rng
    half_u, half_v = length / 2, width / 2
    cut_u, cut_v = length * rng.uniform(0.25, 0.5), width * rng.uniform(0.3, 0.55)
    shape = pick(rng, {"block": 5, "ell": 3, "horseshoe": 1 if min(length, width) > 22 else 0})
    outline = rectangle(length, width)
    if shape == "ell":
        outline = np.array(
            [
                (-half_u, -half_v),
                (half_u, -half_v),
                (half_u, half_v - cut_v),
                (half_u - cut_u, half_v - cut_v),
                (half_u - cut_u, half_v),
                (-half_u, half_v),
            ]
        )
    elif shape == "horseshoe":
        bay = cut_u / 2
        outline = np.array(
            [
                (-half_u, -half_v),
                (half_u, -half_v),
                (half_u, half_v),
                (bay, half_v),
                (bay, half_v - cut_v),
                (-bay, half_v - cut_v),
                (-bay, half_v),
                (-half_u, half_v),
            ]
        )
    polygon = pose.place(outline)
    if not canvas.claim(polygon, 1.0):
        return False
    word = pick(rng, {"gray": 6, "white": 5, "brown": 1.5, "tan": 1.2, "orange": 0.4, "red": 0.5, "blue": 0.2})
    paint = mix_paint(rng, word, 15)
    canvas.cast(polygon, float(rng.uniform(4, 13)))
    canvas.fill(polygon, paint, 0.16)
    if rng.random() < 0.4 and shape == "block":
        part = rectangle(length * 0.5, width, -length * 0.25)
        canvas.fill(pose.place(part), scale_paint(paint, rng.uniform(0.85, 1.08)), 0.16)
    _parapet(canvas, polygon, paint)
    for _ in range(int(rng.integers(0, 3 + int(length * width / 70)))):
        box = rectangle(rng.uniform(0.8, 4), rng.uniform(0.8, 3), *(rng.uniform(-0.42, 0.05, 2) * [length, width]))
        canvas.cast(pose.place(box), 1.3)
        canvas.fill(pose.place(box), scale_paint(paint, rng.uniform(0.7, 1.15)))
    canvas.add("building", polygon, word)
    return True


def draw_tree(canvas: Canvas, center_m: Points, diameter: float, paint: Paint) -> bool:
    """Draw a tree crown; trees are no objects and stand only where nothing else does."""
    rng = canvas.rng
    pose = Pose(center_m, 0.0)
    crown = pose.place(blob(rng, diameter, diameter, 0.09, corners=14))
    if not canvas.claim(crown):
        return False
    canvas.release(crown)
    reach = canvas.shadow_xy * canvas.shadow_per_height * diameter * rng.uniform(0.4, 0.7)
    canvas.shade(crown + reach, 1.0)
    canvas.fill(crown, scale_paint(paint, 0.62), 0.9)
    canvas.shade(crown, 0.25)
    for _ in range(6):
        spot = center_m - canvas.shadow_xy * diameter * 0.1 + rng.normal(0, diameter * 0.17, 2)
        leaves = Pose(spot, 0.0).place(blob(rng, diameter * 0.38, diameter * 0.38, 0.1, corners=8))
        canvas.fill(leaves, scale_paint(paint, rng.uniform(0.75, 1.25)), 0.9)
        canvas.shade(leaves, 0)
    return True


def _pitched(canvas: Canvas, pose: Pose, base: Points, paint: Paint, hip: bool) -> None:
    """Paint the faces of a roof over the rectangle ``base``, each as bright as the sun makes it."""
    half_u, half_v = base[2]
    ridge = half_u - (min(half_v, half_u * 0.8) if hip else 0.0)
    long_face = np.array([(-half_u, half_v), (half_u, half_v), (ridge, 0.0), (-ridge, 0.0)])
    for side in (-1.0, 1.0):
        canvas.fill(pose.place(long_face * np.array([1, side])), scale_paint(paint, _lit(canvas, pose, 0.0, side)))
        if hip:
            end = np.array([(half_u, -half_v), (half_u, half_v), (ridge, 0.0)]) * np.array([side, 1])
            canvas.fill(pose.place(end), scale_paint(paint, _lit(canvas, pose, side, 0.0)))
    canvas.line(pose.place([(-ridge, 0), (ridge, 0)]), scale_paint(paint, 1.06), 0.2)


def _parapet(canvas: Canvas, polygon: Points, paint: Paint) -> None:
    for start, stop in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        along = (stop - start) / max(1e-6, float(np.linalg.norm(stop - start)))
        outward = np.array([along[1], -along[0]])
        canvas.line(np.array([start, stop]), scale_paint(paint, 0.6 + 0.5 * canvas.lit(outward)), 0.35)


def _lit(canvas: Canvas, pose: Pose, u: float, v: float) -> float:
    return canvas.lit(Pose(np.zeros(2), pose.angle).place([(u, v)])[0])


def _without_repeats(outline: Points) -> Points:
    keep = np.any(np.abs(outline - np.roll(outline, 1, axis=0)) > 1e-9, axis=1)
    return outline[keep]


def tree_paint(rng: np.random.Generator) -> Paint:
    """Return the green or brown of the trees of one picture."""
    base = np.array([78, 104, 66]) if rng.random() < 0.8 else np.array([112, 104, 78])
    return to_paint(base + rng.normal(0, 10, 3))
