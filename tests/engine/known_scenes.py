"""Scenes of known objects in many CRSs, and what expressions are true of, found by brute force.

Nothing of the product's geometry is used: objects are placed on the ellipsoid by azimuth and distance, and truth is
decided on their local metres and on their fractions of the picture with plain arithmetic. Where a person could hesitate
the truth is None, and the expression is not asked.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from affine import Affine

from referent.core_model.expression.lexicon import CONCEPTS_OF
from referent.core_model.expression.plan import QueryPlan
from referent.geo_io.frame import Frame
from referent.geo_io.grid import Grid

COLOURS = ("white", "red", "blue", "black", "green")
GEOD = pyproj.Geod(ellps="WGS84")
PLACES = (
    ("EPSG:32633", 15.6, 48.2, 0.0),
    ("EPSG:32633", 17.4, 60.1, 33.0),
    ("EPSG:4326", -71.05, 42.3, 0.0),
    ("EPSG:3857", 24.9, 60.2, 0.0),
    ("EPSG:3031", 60.0, -75.0, 0.0),
    ("EPSG:2263", -74.0, 40.7, -118.0),
    ("EPSG:32719", -70.0, -33.5, 180.0),
    ("EPSG:3857", 103.8, 1.3, 70.0),
)
"""(CRS, longitude, latitude, turn of the picture in the CRS's plane in degrees)."""


@dataclass(frozen=True)
class Thing:
    """One object: x east and y north of the scene's middle in metres, u and v as fractions of the picture."""

    id: int
    name: str
    color: str
    x: float
    y: float
    half_x: float
    half_y: float
    u: float
    v: float
    shape: shapely.Polygon

    @property
    def area(self) -> float:
        return 4 * self.half_x * self.half_y


def gap(a: Thing, b: Thing) -> float:
    """Distance between two upright boxes in metres."""
    return math.hypot(max(abs(a.x - b.x) - a.half_x - b.half_x, 0.0), max(abs(a.y - b.y) - a.half_y - b.half_y, 0.0))


@dataclass(frozen=True)
class KnownScene:
    """Things in a picture."""

    things: tuple[Thing, ...]
    frame: Frame
    aspect: float
    """Width over height of the picture in pixels."""

    def of(self, name: str, color: str | None = None) -> list[Thing]:
        return [t for t in self.things if t.name == name and color in (None, t.color)]

    def candidates(self, plan: QueryPlan) -> dict[str, gpd.GeoDataFrame]:
        """Perfect masks: for every phrase of the plan the things of its class and colour."""
        tables = {}
        for target in plan.targets:
            for ref in target.walk():
                fits = [
                    t for t in self.things
                    if t.name in CONCEPTS_OF.get(ref.noun, (ref.noun,))
                    and all(word not in COLOURS or word == t.color for word in ref.phrase.split())
                ]  # fmt: skip
                tables[ref.phrase] = gpd.GeoDataFrame(
                    {"score": [0.9] * len(fits), "thing": [t.id for t in fits]},
                    geometry=[t.shape for t in fits],
                    crs=self.frame.grid.crs,
                )
        return tables


def build_scene(seed: int) -> KnownScene:
    """Return a scene of about forty things that do not overlap, in one of the places."""
    rng = random.Random(seed)
    crs_name, lon, lat, turn = PLACES[seed % len(PLACES)]
    crs = pyproj.CRS.from_user_input(crs_name)
    to_map = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)

    def place(x: float, y: float) -> tuple[float, float]:
        found = GEOD.fwd(lon, lat, math.degrees(math.atan2(x, y)), math.hypot(x, y))
        return to_map.transform(found[0], found[1])

    side = 400.0
    corners = [place(x, y) for x, y in ((-side, -side), (side, -side), (side, side), (-side, side))]
    radius = max(math.dist(place(0, 0), corner) for corner in corners)
    width, height = (900, 700) if seed % 2 else (700, 700)
    step = 2 * radius / min(width, height) * 1.02
    # rows go down the map's y axis, then the picture is turned about its middle
    transform = (
        Affine.translation(*place(0, 0))
        @ Affine.rotation(turn)
        @ Affine.scale(step, -step)
        @ Affine.translation(-width / 2, -height / 2)
    )
    inverse = np.linalg.inv(
        np.array([[transform.a, transform.b, transform.c], [transform.d, transform.e, transform.f], [0, 0, 1]])
    )
    things: list[Thing] = []

    def add(name: str, x: float, y: float, half_x: float, half_y: float) -> None:
        ring = [(x + sx * half_x, y + sy * half_y) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        column, row, _ = inverse @ [*place(x, y), 1.0]
        shape = shapely.Polygon([place(*corner) for corner in ring])
        things.append(
            Thing(len(things), name, rng.choice(COLOURS), x, y, half_x, half_y, column / width, row / height, shape)
        )

    add("field", rng.uniform(-150, 150), rng.uniform(-150, 150), rng.uniform(70, 110), rng.uniform(70, 110))
    for name, count, low, high in (
        ("storage tank", 13, 4, 12),
        ("car", 12, 2, 4),
        ("building", 9, 6, 18),
        ("airplane", 5, 8, 16),
    ):
        made = 0
        while made < count:
            x, y = rng.uniform(-360, 360), rng.uniform(-360, 360)
            half_x, half_y = rng.uniform(low, high), rng.uniform(low, high)
            if made and rng.random() < 0.3:  # clumps, so that things stand next to each other
                other = things[-1]
                x, y = other.x + rng.choice((-1, 1)) * (other.half_x + half_x + 3), other.y
            probe = Thing(-1, name, "", x, y, half_x, half_y, 0, 0, shapely.Polygon())
            if max(abs(x), abs(y)) < 370 and all(gap(probe, t) > 1 or t.name == "field" for t in things):
                add(name, x, y, half_x, half_y)
                made += 1
    return KnownScene(tuple(things), Frame(Grid(crs, transform, height, width)), width / height)


Ids = set[int] | None


def ids(things: list[Thing]) -> Ids:
    return {t.id for t in things}


def pick(things: list[Thing], key: Callable[[Thing], float], margin: float, rank: int = 1, count: int = 1) -> Ids:
    """The things of some ranks by a falling key, None unless all gaps around them are clear."""
    order = sorted(things, key=key, reverse=True)
    if len(order) < rank + count - 1:
        return None
    for at in (rank - 1, rank - 1 + count):
        if 0 < at < len(order) and abs(key(order[at - 1]) - key(order[at])) < margin:
            return None
    return ids(order[rank - 1 : rank - 1 + count])


def filtered(things: list[Thing], judge: Callable[[Thing], bool | None]) -> Ids:
    """The things that a predicate holds of, None if it is in doubt about any."""
    verdicts = [judge(t) for t in things]
    return None if None in verdicts else {t.id for t, verdict in zip(things, verdicts, strict=True) if verdict}


def sure(value: float, yes_below: float, no_above: float) -> bool | None:
    return True if value <= yes_below else False if value >= no_above else None


def toward(anchor: Thing, dx: float, dy: float, in_picture: bool, aspect: float) -> Callable[[Thing], bool | None]:
    """Whether a thing lies in a direction of an anchor: within 30 degrees surely, beyond 75 degrees surely not."""

    def judge(t: Thing) -> bool | None:
        if t.id == anchor.id:
            return False
        sx, sy = ((t.u - anchor.u) * aspect, -(t.v - anchor.v)) if in_picture else (t.x - anchor.x, t.y - anchor.y)
        off = math.degrees(abs(math.atan2(sx * dy - sy * dx, sx * dx + sy * dy)))
        verdict = sure(off, 30, 80)
        if verdict and gap(t, anchor) < 15:
            return None
        return verdict

    return judge


def questions(scene: KnownScene, rng: random.Random) -> list[tuple[str, str, Ids]]:
    """Return (kind, expression, ids of the referents) for one scene; ids None where a person would hesitate."""
    a, b = rng.sample(["storage tank", "car", "building", "airplane"], 2)
    noun, plural = a.replace("storage ", ""), a.replace("storage ", "") + "s"
    some, others = scene.of(a), scene.of(b)
    unique = [color for color in COLOURS if len(scene.of(b, color)) == 1]
    color = rng.choice(sorted({t.color for t in some}))
    field = scene.of("field")[0]
    asked: list[tuple[str, str, Ids]] = [
        ("all", f"all {plural}", ids(some)),
        ("class", a, ids(some)),
        ("two classes", f"{plural} and {b}s", ids(some + others)),
        ("colour", f"{color} {plural}", ids(scene.of(a, color))),
        ("not a colour", f"{plural} that are not {color}", ids([t for t in some if t.color != color])),
        ("largest", f"the largest {noun}", pick(some, lambda t: t.area, 15)),
        ("smallest", f"show me the smallest {noun}", pick(some, lambda t: -t.area, 10)),
        ("second largest", f"the second largest {noun}", pick(some, lambda t: t.area, 12, 2)),
        ("two largest", f"the two largest {plural}", pick(some, lambda t: t.area, 12, 1, 2)),
        ("longest", f"the longest {noun}", pick(some, lambda t: max(t.half_x, t.half_y), 1)),
        ("larger than", f"{plural} larger than 200 m²", filtered(some, lambda t: sure(200 - t.area, -5, 5))),
        ("smaller than in feet", f"{plural} smaller than 1000 sq ft", filtered(some, lambda t: sure(t.area, 91, 95))),
    ]
    sides = {
        "leftmost": lambda t: -t.u, "rightmost": lambda t: t.u, "topmost": lambda t: -t.v, "lowest": lambda t: t.v,
    }  # fmt: skip
    asked += [(word, f"the {word} {noun}", pick(some, key, 0.01)) for word, key in sides.items()]
    compass = {
        "northernmost": lambda t: t.y, "southernmost": lambda t: -t.y, "easternmost": lambda t: t.x,
        "westernmost": lambda t: -t.x,
    }  # fmt: skip
    asked += [(word, f"which is the {word} {noun}?", pick(some, key, 6)) for word, key in compass.items()]
    asked += [
        ("second from the left", f"the second {noun} from the left", pick(some, lambda t: -t.u, 0.01, 2)),
        ("third from the top", f"the third {noun} from the top", pick(some, lambda t: -t.v, 0.01, 3)),
        ("farthest right", f"the {noun} farthest to the right", pick(some, lambda t: t.u, 0.01)),
        ("three leftmost", f"the three leftmost {plural}", pick(some, lambda t: -t.u, 0.01, 1, 3)),
        ("except", f"all {plural} except the largest one", _minus(some, pick(some, lambda t: t.area, 15))),
        ("on the left", f"{plural} on the left", filtered(some, lambda t: sure(t.u, 0.46, 0.54))),
        ("upper right", f"{plural} in the upper right", filtered(some, lambda t: sure(max(1 - t.u, t.v), 0.46, 0.54))),
        (
            "centre",
            f"{plural} in the centre of the picture",
            filtered(some, lambda t: sure(max(abs(t.u - 0.5), abs(t.v - 0.5)), 0.17, 0.26)),
        ),
        ("inside", f"{plural} in the field", filtered(some, lambda t: _within(t, field))),
        ("not inside", f"{plural} not in the field", filtered(some, lambda t: _not(_within(t, field)))),
    ]
    if unique:
        shade = rng.choice(unique)
        anchor = scene.of(b, shade)[0]
        of = f"the {shade} {b}"
        pictured = {
            "left of": (-1, 0),
            "right of": (1, 0),
            "above": (0, 1),
            "below": (0, -1),
            "to the upper left of": (-1, 1),
        }
        mapped = {
            "north of": (0, 1),
            "south of": (0, -1),
            "east of": (1, 0),
            "west of": (-1, 0),
            "south-east of": (1, -1),
        }
        for shade_of in (None, *rng.sample(COLOURS, 3)):  # fewer things leave fewer doubts
            several, whole = f"{shade_of or ''} {plural}".strip(), scene.of(a, shade_of)
            if not whole:
                continue
            for directions, in_picture in ((pictured, True), (mapped, False)):
                for word, (dx, dy) in directions.items():
                    judge = toward(anchor, dx, dy, in_picture, scene.aspect)
                    asked.append((word, f"{several} {word} {of}", filtered(whole, judge)))
        north = filtered(some, toward(anchor, 0, 1, False, scene.aspect))
        asked += [
            ("closest", f"the {noun} closest to {of}", pick(some, lambda t: -gap(t, anchor), 5)),
            ("farthest", f"the {noun} farthest from {of}", pick(some, lambda t: gap(t, anchor), 5)),
            ("three nearest", f"the three {plural} nearest to {of}", pick(some, lambda t: -gap(t, anchor), 4, 1, 3)),
            ("within", f"{plural} within 150 m of {of}", filtered(some, lambda t: sure(gap(t, anchor), 149, 151))),
            (
                "within in yards",
                f"{plural} less than 300 yards from {of}",
                filtered(some, lambda t: sure(gap(t, anchor), 273, 276)),
            ),
            (
                "at least",
                f"{plural} at least 0.2 km from {of}",
                filtered(some, lambda t: sure(200 - gap(t, anchor), -1, 1)),
            ),
            (
                "next to",
                f"{plural} next to {of}",
                filtered(some, lambda t: sure(gap(t, anchor) / (2 * min(t.half_x, t.half_y, anchor.half_x)), 0.4, 40)),
            ),
            (
                "larger than an anchor",
                f"{plural} larger than {of}",
                filtered(some, lambda t: sure(anchor.area - t.area, -3, 3)),
            ),
            (
                "largest of those north",
                f"the largest {noun} north of {of}",
                None if not north else pick([t for t in some if t.id in north], lambda t: t.area, 15),
            ),
        ]
        near = pick(some, lambda t: -gap(t, anchor), 5)
        if near:
            middle = next(t for t in some if t.id in near)
            rest = [t for t in some if t.id != middle.id]
            asked.append(
                (
                    "nested",
                    f"{plural} left of the {noun} closest to {of}",
                    filtered(rest, toward(middle, -1, 0, True, scene.aspect)),
                )
            )
        asked.append(("absent anchor", f"{plural} next to the helicopter", set()))
        if len(unique) > 1:
            first, second = (scene.of(b, c)[0] for c in rng.sample(unique, 2))
            text = f"{plural} between the {first.color} {b} and the {second.color} {b}"
            asked.append(("between", text, filtered(some, lambda t: _between(t, first, second))))
    return asked


def _minus(things: list[Thing], taken: Ids) -> Ids:
    return None if taken is None else {t.id for t in things} - taken


def _not(verdict: bool | None) -> bool | None:
    return None if verdict is None else not verdict


def _within(t: Thing, field: Thing) -> bool | None:
    if abs(t.x - field.x) + t.half_x < field.half_x and abs(t.y - field.y) + t.half_y < field.half_y:
        return True
    return False if gap(t, field) > 0 else None


def _between(t: Thing, first: Thing, second: Thing) -> bool | None:
    span = math.dist((first.x, first.y), (second.x, second.y))
    along = ((t.x - first.x) * (second.x - first.x) + (t.y - first.y) * (second.y - first.y)) / span**2
    across = abs((t.x - first.x) * (second.y - first.y) - (t.y - first.y) * (second.x - first.x)) / span
    reach = math.hypot(t.half_x, t.half_y)
    if 0.15 < along < 0.85 and across + reach < min(first.half_x, first.half_y, second.half_x, second.half_y):
        return True
    widest = max(math.hypot(e.half_x, e.half_y) for e in (first, second))
    return False if along < -0.15 or along > 1.15 or across - reach > widest else None
