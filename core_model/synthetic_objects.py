"""Objects of synthetic aerial pictures: how an airplane, a tank or a car is drawn from above.

Every ``draw_`` function takes a canvas and a pose, asks the canvas for ground, and returns True if the object stands.
Sizes are in metres and follow the real data. In the object's own frame u runs along its heading, v to its right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .synthetic_canvas import Canvas, Paint, Points, mix_paint, pick, scale_paint, to_paint

_GLASS: Paint = (48, 54, 62)


@dataclass(frozen=True)
class Pose:
    """Where an object stands and where it heads."""

    center_m: Points
    """(2,) position in metres."""
    angle: float
    """Heading in radians, from x towards y."""

    def place(self, points: Points | list[tuple[float, float]]) -> Points:
        """Return (N, 2) points of the object's frame (u, v) in metres on the canvas."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        turned: Points = np.asarray(points, dtype=np.float64) @ np.array([[cos, sin], [-sin, cos]]) + self.center_m
        return turned

    def moved(self, u: float, v: float, turn: float = 0.0) -> Pose:
        """Return the pose at (u, v) of this one's frame, turned further by ``turn`` radians."""
        return Pose(self.place([(u, v)])[0], self.angle + turn)


def rectangle(length: float, width: float, u: float = 0.0, v: float = 0.0) -> Points:
    """Return the (4, 2) corners of a rectangle about (u, v)."""
    half = np.array([length, width]) / 2
    return np.asarray(np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half + np.array([u, v]))


def ellipse(length: float, width: float, u: float = 0.0, v: float = 0.0, corners: int = 28) -> Points:
    """Return the (corners, 2) outline of an ellipse about (u, v)."""
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return np.stack([np.cos(turn) * length / 2 + u, np.sin(turn) * width / 2 + v], axis=1)


def blob(rng: np.random.Generator, length: float, width: float, bumps: float = 0.16, corners: int = 36) -> Points:
    """Return a smooth closed shape, (corners, 2), that no ruler made."""
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    radius = np.ones(corners)
    for order in (2, 3, 4, 5):
        radius += bumps * rng.normal() / (order - 1) * np.cos(order * turn + rng.uniform(0, 2 * np.pi))
    return ellipse(length, width, corners=corners) * np.maximum(radius, 0.45)[:, None]


def _mirrored(half: list[tuple[float, float]]) -> Points:
    """Return the whole outline of a shape that is symmetric about the u axis, from the half with v >= 0."""
    return np.array([*half, *[(u, -v) for u, v in reversed(half) if v > 0]])


def draw_airplane(canvas: Canvas, pose: Pose, length: float) -> bool:
    """Draw an airplane of a length in metres: swept wings from 18 m on, straight ones below."""
    rng = canvas.rng
    jet = length > 18
    span = length * (rng.uniform(0.85, 1.05) if jet else rng.uniform(1.0, 1.35))
    body = length * (0.055 if jet else 0.065) + 0.15
    root, sweep = (0.12, length * rng.uniform(0.16, 0.24)) if jet else (0.2, 0.0)
    chord, tip = length * (0.17 if jet else 0.16), length * (0.05 if jet else 0.13)
    tail, tail_sweep, tail_chord = span * rng.uniform(0.17, 0.22), sweep * 0.5, length * 0.09
    front, stern = length * root, -length * 0.38
    outline = _mirrored(
        [
            (length / 2, 0.0),
            (length * 0.46, body * 0.6),
            (length * 0.38, body),
            (front, body),
            (front - sweep, span / 2),
            (front - sweep - tip, span / 2),
            (front - chord, body),
            (stern, body * 0.75),
            (stern - tail_sweep, tail),
            (stern - tail_sweep - tail_chord * 0.6, tail),
            (stern - tail_chord, body * 0.4),
            (-length * 0.49, body * 0.3),
            (-length / 2, 0.0),
        ]
    )
    polygon = pose.place(outline)
    if not canvas.claim(polygon, 1.0):
        return False
    word = pick(rng, {"white": 7, "gray": 2, "blue": 1.2, "red": 0.6, "orange": 0.4, "yellow": 0.4, "green": 0.3})
    paint = mix_paint(rng, word, 9)
    lift = max(1.0, length * 0.07)
    canvas.cast(polygon + canvas.shadow_xy * canvas.shadow_per_height * lift, 0.5)
    canvas.shade(polygon, 0)
    wing_paint = scale_paint(mix_paint(rng, pick(rng, {"gray": 1, "white": 2, word: 3}), 5), 0.93)
    if wing_paint[0] < 120 and word == "white":
        wing_paint = scale_paint(paint, 0.9)
    canvas.fill(polygon, wing_paint, 0.12)
    trunk = [
        (length / 2, 0.0),
        (length * 0.46, body * 0.6),
        (length * 0.38, body),
        (stern, body * 0.75),
        (-length / 2, 0),
    ]
    canvas.fill(pose.place(_mirrored(trunk)), paint, 0.1)
    canvas.line(pose.place([(length * 0.4, 0), (-length * 0.4, 0)]), scale_paint(paint, 1.12), body * 0.5)
    if jet:
        for side in (-1, 1):
            v = side * span * rng.uniform(0.155, 0.165)
            u = front - sweep * 0.3
            canvas.fill(
                pose.place(rectangle(length * 0.09, body * 1.1, u + length * 0.03, v)), scale_paint(paint, 0.72)
            )
    fin = mix_paint(rng, pick(rng, {"white": 2, "blue": 2, "red": 2, "gray": 1, "orange": 1}))
    canvas.line(pose.place([(stern * 0.85, 0), (-length * 0.48, 0)]), fin, body * 0.45)
    canvas.fill(pose.place(rectangle(length * 0.02 + 0.3, body * 0.9, length * 0.44)), _GLASS)
    canvas.add("airplane", polygon, word)
    return True


def draw_tank(canvas: Canvas, pose: Pose, diameter: float, wet: bool = False) -> bool:
    """Draw a storage tank: fixed or floating roof, or with ``wet`` an open basin (clarifier, digester)."""
    rng = canvas.rng
    polygon = pose.place(ellipse(diameter, diameter))
    if not canvas.claim(polygon, 0.8):
        return False
    word = (
        "gray"
        if wet
        else pick(rng, {"white": 7, "gray": 2, "brown": 0.7, "tan": 1, "green": 0.4, "black": 0.4, "blue": 0.3})
    )
    paint = mix_paint(rng, word)
    height = rng.uniform(0.6, 1.2) if wet else np.clip(diameter * rng.uniform(0.35, 0.9), 4, 16)
    canvas.cast(polygon, float(height))
    canvas.fill(polygon, scale_paint(paint, 0.82), 0.08)
    inner = ellipse(diameter - 1.0, diameter - 1.0)
    canvas.fill(pose.place(inner), paint)
    style = "basin" if wet else pick(rng, {"cone": 3, "floating": 3, "flat": 2})
    if style == "basin":
        water = to_paint(np.array([72, 78, 70]) + rng.normal(0, 14, 3))
        canvas.fill(pose.place(inner * 0.93), water, 0.25)
        canvas.line(pose.place([(-diameter * 0.02, 0), (diameter * 0.46, 0)]), mix_paint(rng, "gray"), 0.9)
        canvas.fill(pose.place(ellipse(1.8, 1.8)), mix_paint(rng, "gray"))
    elif style == "floating":
        # The wall throws a crescent of shadow on the sunken roof.
        canvas.shade(pose.place(inner), 0.75)
        sunny = pose.place(inner) - pose.center_m + canvas.shadow_xy * diameter * rng.uniform(0.06, 0.2)
        beyond = np.linalg.norm(sunny, axis=1, keepdims=True) / (diameter / 2 - 0.5)
        canvas.shade(pose.center_m + sunny / np.maximum(1, beyond), 0)
        canvas.line(pose.place([(0, 0), (diameter * 0.47, 0)]), scale_paint(paint, 0.75), 0.7)
    elif style == "cone":
        for step in range(12):
            turn = np.linspace(step, step + 1, 3) * np.pi / 6
            rim = np.stack([np.cos(turn), np.sin(turn)], axis=1)
            face = np.concatenate([np.zeros((1, 2)), rim * (diameter / 2 - 0.5)]) + pose.center_m
            canvas.fill(face, scale_paint(paint, canvas.lit(rim[1]) * 1.02))
        canvas.fill(pose.place(ellipse(1.4, 1.4)), scale_paint(paint, 0.7))
    canvas.add("storage tank", polygon, word)
    return True


def draw_court(canvas: Canvas, pose: Pose, kind: str, word: str, outside: Paint) -> bool:
    """Draw a tennis or basketball court (``kind``) whose playing field has the colour ``word``, with its lines."""
    rng = canvas.rng
    tennis = kind == "tennis court"
    length, width = (23.8, 11.0) if tennis else (rng.uniform(23, 28), rng.uniform(13.5, 15))
    polygon = pose.place(rectangle(length, width))
    apron = pose.place(rectangle(length + 10, width + 6) if tennis else rectangle(length + 3, width + 3))
    if not canvas.claim(apron):
        return False
    canvas.fill(apron, outside, 0.12)
    canvas.fill(polygon, mix_paint(rng, word, 8), 0.1)
    lines = to_paint(np.full(3, rng.uniform(195, 240)))
    half_u, half_v = length / 2, width / 2
    strokes = [[(-half_u, -half_v), (half_u, -half_v), (half_u, half_v), (-half_u, half_v), (-half_u, -half_v)]]
    if tennis:
        strokes += [[(-half_u, side * 4.1), (half_u, side * 4.1)] for side in (-1, 1)]
        strokes += [[(side * 6.4, -4.1), (side * 6.4, 4.1)] for side in (-1, 1)]
        strokes += [[(-6.4, 0.0), (6.4, 0.0)]]
    else:
        strokes += [[(0.0, -half_v), (0.0, half_v)]]
        for side in (-1, 1):
            strokes += [
                [
                    (side * half_u, -2.4),
                    (side * (half_u - 5.8), -2.4),
                    (side * (half_u - 5.8), 2.4),
                    (side * half_u, 2.4),
                ]
            ]
            turn = np.linspace(-np.pi / 2, np.pi / 2, 11)
            strokes += [[(side * (half_u - 1.2 - 6.7 * np.cos(t)), 6.7 * np.sin(t)) for t in turn]]
        strokes += [[(1.8 * np.cos(t), 1.8 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 14)]]
    for stroke in strokes:
        canvas.line(pose.place(stroke), lines, 0.16)
    if tennis:
        canvas.line(pose.place([(0.0, -half_v - 0.8), (0.0, half_v + 0.8)]), (60, 64, 62), 0.2)
    canvas.add(kind, polygon, word)
    return True


def draw_diamond(canvas: Canvas, pose: Pose, size: float, grass: Paint) -> bool:
    """Draw a baseball diamond of a base path in metres; the pose is at home plate and heads for second base."""
    rng = canvas.rng
    reach = size * 1.02
    turn = np.linspace(-0.98, 0.98, 22)
    mound = size * 0.66
    arc = [(mound + reach * np.cos(t * 1.75), reach * np.sin(t * 1.75)) for t in turn]
    arc = [(u, v) for u, v in arc if abs(v) < u + size * 0.1]
    outline = np.array([(-size * 0.1, -size * 0.07), *arc, (-size * 0.1, size * 0.07)])
    polygon = pose.place(outline)
    if not canvas.claim(polygon, 1.0):
        return False
    word = pick(rng, {"tan": 4, "brown": 3, "orange": 2, "red": 1})
    dirt = mix_paint(rng, word)
    canvas.fill(polygon, dirt, 0.3)
    canvas.fill(pose.place(ellipse(size * 0.3, size * 0.3)), dirt, 0.3)
    side = size * 0.86
    if rng.random() < 0.75:
        inner = np.array([(0.12, 0.0), (0.5, 0.38), (0.88, 0.0), (0.5, -0.38)]) * side * np.sqrt(2) + np.array(
            [0.04, 0.0]
        )
        canvas.fill(pose.place(inner), scale_paint(grass, rng.uniform(0.9, 1.1)), 0.35)
        canvas.fill(pose.place(ellipse(5.4, 5.4, mound)), dirt, 0.3)
    chalk = to_paint(np.full(3, rng.uniform(200, 240)))
    for v in (-1, 1):
        canvas.line(pose.place([(0.5, v * 0.5), (size * 2.1, v * size * 2.1)]), chalk, 0.2)
    fence = pose.place(
        [
            (size * 0.35, -size * 0.75),
            (-size * 0.28, -size * 0.2),
            (-size * 0.28, size * 0.2),
            (size * 0.35, size * 0.75),
        ]
    )
    canvas.line(fence + canvas.shadow_xy * canvas.shadow_per_height * 2, scale_paint(grass, 0.5), 0.6)
    canvas.line(fence, (150, 150, 148), 0.4)
    canvas.add("baseball diamond", polygon, word)
    return True


def draw_boat(canvas: Canvas, pose: Pose, length: float) -> bool:
    """Draw a boat of a length in metres."""
    rng = canvas.rng
    width = length * rng.uniform(0.27, 0.38)
    half = [(-0.5, 0.4), (-0.3, 0.48), (0.05, 0.5), (0.25, 0.41), (0.4, 0.22), (0.5, 0.0)]
    hull = _mirrored([(u * length, v * width) for u, v in half])
    polygon = pose.place(hull)
    if not canvas.claim(polygon, 0.25):
        return False
    word = pick(rng, {"white": 12, "blue": 1, "red": 0.5, "tan": 0.7, "brown": 0.5, "gray": 0.7, "black": 0.3})
    paint = mix_paint(rng, word, 9)
    canvas.cast(polygon, 0.9)
    canvas.fill(polygon, paint, 0.06)
    deck = mix_paint(rng, pick(rng, {"tan": 2, "white": 4, "gray": 2, word: 2}), 8)
    canvas.fill(pose.place(hull * 0.74), scale_paint(deck, 0.9))
    cabin = pose.place(rectangle(length * rng.uniform(0.25, 0.42), width * 0.58, length * rng.uniform(-0.12, 0.08)))
    canvas.cast(cabin, 0.7)
    canvas.fill(cabin, mix_paint(rng, pick(rng, {"white": 6, "blue": 1.5, "gray": 1, "tan": 1}), 9))
    canvas.fill(pose.place(rectangle(length * 0.06, width * 0.5, length * 0.16)), _GLASS)
    if length > 9 and rng.random() < 0.35:
        canvas.line(pose.place([(length * 0.12, 0), (-length * 0.4, 0)]), scale_paint(paint, 1.1), 0.25)
    canvas.add("boat", polygon, word)
    return True


def draw_bunker(canvas: Canvas, pose: Pose, length: float) -> bool:
    """Draw a sand bunker."""
    rng = canvas.rng
    polygon = pose.place(blob(rng, length, length * rng.uniform(0.5, 0.8), 0.22))
    if not canvas.claim(polygon, 0.8):
        return False
    word = pick(rng, {"white": 7, "tan": 3})
    canvas.fill(polygon, scale_paint(mix_paint(rng, word, 7), 1.05), 0.15)
    canvas.line(np.concatenate([polygon, polygon[:1]]) - canvas.shadow_xy * 0.15, (98, 104, 74), 0.3)
    canvas.add("bunker", polygon, word)
    return True


def draw_green(canvas: Canvas, pose: Pose, length: float) -> bool:
    """Draw a putting green."""
    rng = canvas.rng
    polygon = pose.place(blob(rng, length, length * rng.uniform(0.7, 0.9), 0.1))
    if not canvas.claim(polygon, 1.0):
        return False
    canvas.fill(polygon, to_paint(np.array([112, 158, 96]) + rng.normal(0, 8, 3)), 0.1)
    canvas.add("green", polygon, "green")
    return True


def draw_pool(canvas: Canvas, pose: Pose, length: float) -> bool:
    """Draw a swimming pool on its paved deck."""
    rng = canvas.rng
    width = length * rng.uniform(0.45, 0.7)
    shape = rectangle(length, width) if rng.random() < 0.4 else blob(rng, length, width, 0.14)
    polygon = pose.place(shape)
    if not canvas.claim(pose.place(shape * 1.25)):
        return False
    canvas.fill(pose.place(shape * 1.3), mix_paint(rng, pick(rng, {"tan": 1, "gray": 1, "white": 1})), 0.12)
    canvas.fill(polygon, to_paint(np.array([72, 168, 198]) + rng.normal(0, 14, 3)), 0.12)
    canvas.line(np.concatenate([polygon, polygon[:1]]), (206, 208, 200), 0.3)
    canvas.add("swimming pool", polygon, "blue")
    return True


def draw_car(canvas: Canvas, pose: Pose) -> bool:
    """Draw a car."""
    rng = canvas.rng
    length, width = rng.uniform(4.2, 5.5), rng.uniform(1.9, 2.2)
    corner = _mirrored(
        [
            (-length / 2, width * 0.38),
            (-length * 0.44, width / 2),
            (length * 0.36, width / 2),
            (length / 2, width * 0.34),
        ]
    )
    polygon = pose.place(corner)
    if not canvas.claim(polygon, 0.15):
        return False
    word = pick(
        rng, {"white": 8, "black": 4.5, "red": 2.2, "blue": 1.3, "gray": 2.2, "tan": 0.6, "green": 0.3, "yellow": 0.2}
    )
    paint = mix_paint(rng, word, 10)
    canvas.cast(polygon, 1.5)
    canvas.fill(polygon, paint, 0.04)
    canvas.fill(pose.place(rectangle(length * 0.13, width * 0.82, length * 0.14)), _GLASS)
    canvas.fill(pose.place(rectangle(length * 0.09, width * 0.78, -length * 0.31)), _GLASS)
    canvas.fill(pose.place(rectangle(length * 0.3, width * 0.72, -length * 0.09)), scale_paint(paint, 1.08))
    canvas.add("car", polygon, word)
    return True


def draw_truck(canvas: Canvas, pose: Pose) -> bool:
    """Draw a truck with a box, or a tractor with a trailer."""
    rng = canvas.rng
    length, width = (rng.uniform(13, 17), 2.7) if rng.random() < 0.35 else (rng.uniform(7, 10), 2.5)
    polygon = pose.place(rectangle(length, width))
    if not canvas.claim(polygon, 0.2):
        return False
    word = pick(rng, {"white": 8, "red": 0.8, "gray": 1, "blue": 0.6, "orange": 0.6, "yellow": 0.5, "brown": 0.4})
    paint = mix_paint(rng, word, 9)
    canvas.cast(polygon, 3.4)
    canvas.fill(polygon, (70, 70, 72), 0.05)
    cab = 2.3
    canvas.fill(pose.place(rectangle(length - cab - 0.5, width, -(cab + 0.5) / 2)), paint)
    canvas.fill(
        pose.place(rectangle(cab, width * 0.92, (length - cab) / 2)),
        mix_paint(rng, pick(rng, {word: 2, "white": 1, "red": 1, "blue": 1})),
    )
    canvas.fill(pose.place(rectangle(0.5, width * 0.8, length / 2 - 0.6)), _GLASS)
    canvas.add("truck", polygon, word)
    return True
