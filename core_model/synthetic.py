"""Synthetic aerial pictures with complete truth: chips for training, whole scenes for the demo and for tests.

Nothing is downloaded and nothing stored: a seed is a picture. Every instance of every class of ``CLASSES`` that shows
is listed, so a class that is not listed is truly absent.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import synthetic_landforms as landforms
from . import synthetic_themes as themes
from .synthetic_canvas import GSD_M as GSD_M
from .synthetic_canvas import PALETTE, Canvas, clip
from .synthetic_objects import Pose

CLASSES = (
    "airplane",
    "baseball diamond",
    "basketball court",
    "beach",
    "boat",
    "building",
    "bunker",
    "car",
    "green",
    "house",
    "mobile home",
    "overpass",
    "river",
    "runway",
    "sea",
    "storage tank",
    "swimming pool",
    "tennis court",
    "truck",
)
"""Class names that the renderer draws and lists completely."""

COLORS = tuple(PALETTE)
"""Colour words that an object may carry."""

THEMES: dict[str, themes.Theme] = {
    "airport": themes.apron,
    "tanks": themes.tank_farm,
    "courts": themes.courts,
    "ball park": themes.ball_park,
    "golf": themes.golf,
    "marina": themes.marina,
    "suburb": themes.suburb,
    "mobile homes": themes.mobile_park,
    "parking": themes.parking,
    "town": themes.town,
    "highway": landforms.highway,
    "coast": landforms.coast,
    "river": landforms.river,
    "runway": landforms.runway,
    "open land": landforms.open_land,
}
"""Themes of chips by name."""

_SCENE_THEMES = (
    "airport",
    "tanks",
    "courts",
    "ball park",
    "marina",
    "suburb",
    "mobile homes",
    "parking",
    "town",
    "golf",
)
_SMALLEST_AREA_PX = 12.0
_BLOCK_M = 110.0
_STREET_M = 12.0


@dataclass(frozen=True)
class SyntheticObject:
    """One object that shows in a picture."""

    class_name: str
    """One of ``CLASSES``."""
    polygon: NDArray[np.float64]
    """(N, 2) outline in pixels, x right, y down, (0, 0) at the top-left pixel's corner; cut at the picture's edge."""
    color: str | None
    """One of ``COLORS``, or None."""
    partial: bool
    """Whether the edge of the picture cuts it."""


@dataclass(frozen=True)
class SyntheticChip:
    """A picture and everything on it."""

    image: NDArray[np.uint8]
    """(H, W, 3) uint8, red green blue, at 0.3 m per pixel."""
    objects: list[SyntheticObject]
    """Every instance of ``CLASSES`` that shows, in no order."""


def render_chip(rng: np.random.Generator, size_px: int = 256, theme: str | None = None) -> SyntheticChip:
    """Return a square picture of one place.

    Args:
        rng: the source of everything random.
        size_px: side of the picture in pixels of 0.3 m.
        theme: one of ``THEMES``; any if None.

    Raises:
        ValueError: the theme is unknown or the size is not positive.
    """
    if size_px < 1:
        raise ValueError(f"A chip cannot be {size_px} pixels wide; use 1 or more.")
    name = str(rng.choice(list(THEMES))) if theme is None else theme
    if name not in THEMES:
        raise ValueError(f"There is no theme '{name}'; use one of {', '.join(THEMES)}.")
    canvas = Canvas(rng, size_px, size_px)
    center = canvas.size_m / 2 + rng.normal(0, 6, 2)
    reach = float(canvas.size_m[0] * 0.75 + 12)
    THEMES[name](canvas, themes.Block(Pose(center, rng.uniform(0, 2 * np.pi)), reach, reach))
    return _finished(canvas)


def render_scene(
    rng: np.random.Generator, height_px: int = 1024, width_px: int = 1536, theme_names: tuple[str, ...] = _SCENE_THEMES
) -> SyntheticChip:
    """Return a larger picture of a district: blocks of several themes between streets.

    Args:
        rng: the source of everything random.
        height_px: height in pixels of 0.3 m.
        width_px: width in pixels of 0.3 m.
        theme_names: themes of the blocks; each is used before any comes again.

    Raises:
        ValueError: a theme is unknown or a side is not positive.
    """
    if min(height_px, width_px) < 1:
        raise ValueError(f"A scene cannot be {height_px} x {width_px} pixels; use 1 or more.")
    unknown = [name for name in theme_names if name not in THEMES]
    if unknown or not theme_names:
        raise ValueError(f"There are no themes {unknown}; use some of {', '.join(THEMES)}.")
    canvas = Canvas(rng, height_px, width_px)
    themes.cover(canvas, np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * canvas.size_m, "concrete")
    counts = np.maximum(1, np.round(canvas.size_m / _BLOCK_M).astype(int))
    pitch_px = np.array([width_px, height_px]) / counts
    street_px = _STREET_M / GSD_M if counts.max() > 1 else 0.0
    order: list[str] = []
    while len(order) < counts.prod():
        order += rng.permutation(theme_names).tolist()
    for index, name in enumerate(order[: int(counts.prod())]):
        cell = np.array([index % counts[0], index // counts[0]])
        corner = np.ceil(cell * pitch_px + street_px / 2).astype(int)
        width, height = np.maximum(1, np.floor((cell + 1) * pitch_px - street_px / 2).astype(int) - corner)
        part = canvas.part(int(width), int(height))
        turned = int(rng.integers(4))
        half = part.size_m / 2 if turned % 2 == 0 else part.size_m[::-1] / 2
        THEMES[name](part, themes.Block(Pose(part.size_m / 2, turned * np.pi / 2), float(half[0]), float(half[1])))
        canvas.paste(part, int(corner[0]), int(corner[1]))
    streets = []
    for axis in (0, 1):
        for line in range(1, int(counts[axis])):
            middle = canvas.size_m / 2
            middle[axis] = line * pitch_px[axis] * GSD_M
            streets.append(
                (Pose(middle, np.pi / 2 if axis == 0 else 0.0), float(canvas.size_m[1 - axis]), _STREET_M - 3)
            )
    for street in streets:
        themes.pave(canvas, *street)
    for street in streets:
        themes.traffic(canvas, *street, cars_per_km=25.0)
    return _finished(canvas)


def _finished(canvas: Canvas) -> SyntheticChip:
    objects = []
    for item in canvas.objects:
        polygon = clip(item.polygon_m, canvas.size_m)
        x, y = polygon.T / GSD_M
        if len(polygon) < 3 or abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2 < _SMALLEST_AREA_PX:
            continue
        partial = bool((item.polygon_m < 0).any() or (item.polygon_m > canvas.size_m).any())
        objects.append(SyntheticObject(item.class_name, polygon / GSD_M, item.color, partial))
    return SyntheticChip(canvas.finish(), objects)
