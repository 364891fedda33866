"""A canvas for synthetic aerial pictures: flat paint, ground texture and shadows, in metres.

Knows how things look from above (paint, roughness, shadow, haze), not what they are: the objects are drawn by
``synthetic_objects``, laid out by ``synthetic_themes``. Positions are (x, y) in metres, x to the right, y down,
(0, 0) at the corner of the top-left pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Points = NDArray[np.float64]
Paint = tuple[int, int, int]

GSD_M = 0.3
"""Ground resolution of the pictures, in metres per pixel."""
_SUPERSAMPLE = 2
"""Everything is painted this much finer and averaged, so that edges are smooth."""
_NOISE_SIDE_PX = 1024
"""Noise fields are made at most this large and repeated over larger scenes."""

PALETTE: dict[str, Paint] = {
    "white": (234, 233, 228),
    "gray": (142, 142, 140),
    "black": (40, 40, 44),
    "brown": (120, 88, 66),
    "red": (168, 52, 44),
    "blue": (52, 92, 164),
    "tan": (198, 176, 140),
    "green": (72, 120, 78),
    "orange": (206, 126, 62),
    "yellow": (216, 190, 70),
}
"""Colour words of objects, each with the paint that varies around it."""


@dataclass(frozen=True)
class Placed:
    """One object that stands on the canvas."""

    class_name: str
    """What a person would call it, lower case, singular."""
    polygon_m: Points
    """(N, 2) outline in metres; may reach beyond the canvas."""
    color: str | None
    """One of ``PALETTE``, or None where no single colour word fits."""


def pick(rng: np.random.Generator, weights: dict[str, float]) -> str:
    """Return one key of ``weights``, drawn with its weight."""
    shares = np.array(list(weights.values()))
    return list(weights)[int(rng.choice(len(shares), p=shares / shares.sum()))]


def mix_paint(rng: np.random.Generator, word: str, spread: float = 12.0) -> Paint:
    """Return a paint that a person would call ``word``: ``PALETTE`` with random brightness and tint."""
    base = np.array(PALETTE[word], dtype=np.float64)
    return to_paint(base + rng.normal(0, spread) + rng.normal(0, spread / 5, 3))


def to_paint(values: Sequence[float] | NDArray[np.float64]) -> Paint:
    """Return three numbers as a paint, cut to [0, 255]."""
    red, green, blue = np.clip(values, 0, 255).astype(int).tolist()
    return red, green, blue


def scale_paint(paint: Paint, factor: float) -> Paint:
    """Return ``paint`` made lighter (``factor`` > 1) or darker."""
    return to_paint(np.array(paint, dtype=np.float64) * factor)


class Canvas:
    """Paint, roughness and shadow of one picture, and the objects that stand on it.

    Args:
        rng: the source of everything random.
        height_px: height of the finished picture.
        width_px: width of the finished picture.
    """

    def __init__(self, rng: np.random.Generator, height_px: int, width_px: int) -> None:
        self.rng = rng
        self.size_px = (width_px, height_px)
        self.size_m = np.array([width_px, height_px]) * GSD_M
        fine = (width_px * _SUPERSAMPLE, height_px * _SUPERSAMPLE)
        self._images = (Image.new("RGB", fine), Image.new("L", fine), Image.new("L", fine))
        self._paint, self._rough, self._shadow = (ImageDraw.Draw(image) for image in self._images)
        self._taken = Image.new("L", self.size_px)
        self._taken_draw = ImageDraw.Draw(self._taken)
        self.objects: list[Placed] = []
        self._whole_only = False
        azimuth = rng.uniform(0, 2 * np.pi)
        self.shadow_xy = np.array([np.cos(azimuth), np.sin(azimuth)])
        """Unit vector in which shadows fall."""
        self.shadow_per_height = float(rng.uniform(0.3, 1.0))
        """Length of a shadow over the height of what casts it."""

    def part(self, width_px: int, height_px: int) -> Canvas:
        """Return an empty canvas under the same sun that takes only objects which lie on it whole."""
        other = Canvas(self.rng, height_px, width_px)
        other.shadow_xy, other.shadow_per_height, other._whole_only = self.shadow_xy, self.shadow_per_height, True
        return other

    def paste(self, other: Canvas, column_px: int, row_px: int) -> None:
        """Lay a part with its objects on this canvas, its top-left corner at the pixel named."""
        for mine, theirs in zip(self._images, other._images, strict=True):
            mine.paste(theirs, (column_px * _SUPERSAMPLE, row_px * _SUPERSAMPLE))
        self._taken.paste(other._taken, (column_px, row_px))
        offset = np.array([column_px, row_px]) * GSD_M
        for item in other.objects:
            polygon = clip(item.polygon_m, other.size_m)
            if len(polygon) > 2:
                self.objects.append(Placed(item.class_name, polygon + offset, item.color))

    def fill(self, polygon_m: Points, paint: Paint, roughness: float | None = None) -> None:
        """Paint a polygon; ``roughness`` in [0, 1] is how strongly ground texture shows, None leaves it."""
        flat = _to_fine(polygon_m)
        self._paint.polygon(flat, fill=paint)
        if roughness is not None:
            self._rough.polygon(flat, fill=int(255 * roughness))

    def line(self, points_m: Points, paint: Paint, width_m: float, roughness: float | None = None) -> None:
        """Paint a line of a width in metres (never thinner than a fine pixel)."""
        flat, width = _to_fine(points_m), max(1, round(width_m / GSD_M * _SUPERSAMPLE))
        self._paint.line(flat, fill=paint, width=width, joint="curve" if width > 4 else None)
        if roughness is not None:
            self._rough.line(flat, fill=int(255 * roughness), width=width, joint="curve" if width > 4 else None)

    def cast(self, polygon_m: Points, height_m: float) -> None:
        """Let a prism of this footprint and height throw its shadow; the footprint itself stays lit."""
        reach = self.shadow_xy * self.shadow_per_height * height_m
        following = np.roll(polygon_m, -1, axis=0)
        for start, stop in zip(polygon_m, following, strict=True):
            self._shadow.polygon(_to_fine(np.array([start, stop, stop + reach, start + reach])), fill=255)
        self._shadow.polygon(_to_fine(polygon_m + reach), fill=255)
        self._shadow.polygon(_to_fine(polygon_m), fill=0)

    def shade(self, polygon_m: Points, depth: float) -> None:
        """Darken a polygon by ``depth`` in [0, 1] of a full shadow."""
        self._shadow.polygon(_to_fine(polygon_m), fill=int(255 * depth))

    def lit(self, normal_xy: Points) -> float:
        """Return how bright a sloped face is that leans towards ``normal_xy`` (unit vector): about 0.75 to 1.15."""
        return float(0.95 - 0.2 * np.dot(normal_xy, self.shadow_xy))

    def claim(self, polygon_m: Points, gap_m: float = 0.0) -> bool:
        """Take ground for an object; return False, taking none, where it is taken already or off the canvas."""
        low = np.floor(polygon_m.min(axis=0) / GSD_M).astype(int) - 1
        high = np.ceil(polygon_m.max(axis=0) / GSD_M).astype(int) + 2
        if self._whole_only and ((low < 0).any() or (high > self.size_px).any()):
            return False
        box = (*np.maximum(low, 0).tolist(), *np.minimum(high, self.size_px).tolist())
        if box[0] >= box[2] or box[1] >= box[3]:
            return False
        stamp = Image.new("L", (box[2] - box[0], box[3] - box[1]))
        draw = ImageDraw.Draw(stamp)
        local = (polygon_m / GSD_M - np.array(box[:2]) - 0.5).ravel().tolist()
        draw.polygon(local, fill=255, outline=255)
        if gap_m > 0:
            draw.line([*local, *local[:4]], fill=255, width=max(1, round(2 * gap_m / GSD_M)))
        wanted = np.asarray(stamp) > 0
        if not wanted.any() or (np.asarray(self._taken.crop(box)) > 0)[wanted].any():
            return False
        self._taken.paste(255, box, stamp)
        return True

    def block(self, polygon_m: Points) -> None:
        """Take ground whether or not it is free (a road on which no house may stand)."""
        self._taken_draw.polygon((polygon_m / GSD_M).ravel().tolist(), fill=255, outline=255)

    def release(self, polygon_m: Points) -> None:
        """Give ground back (a road, once the houses stand, so that cars may drive there)."""
        self._taken_draw.polygon((polygon_m / GSD_M).ravel().tolist(), fill=0)

    def add(self, class_name: str, polygon_m: Points, color: str | None) -> None:
        """Note an object that has been painted."""
        self.objects.append(Placed(class_name, polygon_m, color))

    def finish(self) -> NDArray[np.uint8]:
        """Return the picture, (H, W, 3) uint8: paint with texture, shadows, haze, blur and sensor noise."""
        rng = self.rng
        paint, rough, shadow = (np.asarray(image.reduce(_SUPERSAMPLE), dtype=np.float32) for image in self._images)
        shape = (self.size_px[1], self.size_px[0])
        grain = 0.5 * _noise(rng, shape, 1) + 0.7 * _noise(rng, shape, 2.5) + 0.5 * _noise(rng, shape, 9)
        slow = 0.8 * _noise(rng, shape, 45) + 0.6 * _noise(rng, shape, 120)
        light = 1 + (rough / 255) * (rng.uniform(0.07, 0.2) * grain + 0.1 * slow) + 0.02 * slow
        tint = np.stack([0.03 * _noise(rng, shape, 60), np.zeros(shape, np.float32), 0.02 * _noise(rng, shape, 60)], -1)
        ambient = rng.uniform(0.25, 0.5) * np.array([0.9, 1.0, 1.12], np.float32)
        lit = 1 - (shadow / 255)[..., None] * (1 - ambient)
        values = paint * light[..., None] * (1 + tint * (rough / 255)[..., None]) * lit
        values = _grade(rng, values)
        blurred = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).filter(
            ImageFilter.GaussianBlur(float(rng.uniform(0.25, 0.8)))
        )
        sensor = rng.uniform(1, 5) * _noise(rng, shape, 1.3)[..., None]
        return np.clip(np.asarray(blurred, dtype=np.float32) + sensor, 0, 255).astype(np.uint8)


def clip(polygon_m: Points, size_m: Points) -> Points:
    """Return the part of a polygon, (N, 2), within (0, 0) to ``size_m``; (0, 2) if none (Sutherland and Hodgman)."""
    for axis, bound, sign in ((0, 0.0, 1), (1, 0.0, 1), (0, size_m[0], -1), (1, size_m[1], -1)):
        inside = sign * (polygon_m[:, axis] - bound)
        if (inside >= 0).all():
            continue
        kept: list[Points] = []
        for index in range(len(polygon_m)):
            here, there = inside[index - 1], inside[index]
            if (here >= 0) != (there >= 0):
                share = here / (here - there)
                kept.append(polygon_m[index - 1] + share * (polygon_m[index] - polygon_m[index - 1]))
            if there >= 0:
                kept.append(polygon_m[index])
        polygon_m = np.array(kept, dtype=np.float64).reshape(-1, 2)
        if not len(polygon_m):
            break
    return polygon_m


def _to_fine(polygon_m: Points) -> list[float]:
    # PIL puts whole numbers at pixel centres; ours lie at corners.
    flat: list[float] = (polygon_m * (_SUPERSAMPLE / GSD_M) - 0.5).ravel().tolist()
    return flat


def _noise(rng: np.random.Generator, shape: tuple[int, int], cell_px: float) -> NDArray[np.float32]:
    """Return (H, W) float32 noise of about unit variance whose blobs are ``cell_px`` wide."""
    height, width = (min(side, _NOISE_SIDE_PX) for side in shape)
    cells = (int(np.ceil(height / cell_px)) + 1, int(np.ceil(width / cell_px)) + 1)
    coarse = rng.standard_normal(cells, dtype=np.float32)
    if cell_px > 1:
        smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        coarse = np.asarray(smooth, dtype=np.float32) * 1.25
    coarse = coarse[:height, :width]
    if (height, width) == shape:
        return coarse
    # Mirrored repeats have no visible seams.
    padding = ((0, shape[0] - height), (0, shape[1] - width))
    return np.pad(coarse, padding, mode="symmetric")


def _grade(rng: np.random.Generator, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the values as another flight, season and lab would show them: gain, gamma, saturation, haze."""
    gray = values.mean(axis=-1, keepdims=True)
    values = gray + (values - gray) * rng.uniform(0.5, 1.15)
    values = np.asarray(255 * np.clip(values / 255, 0, None) ** rng.uniform(0.75, 1.3), dtype=np.float32)
    haze = rng.uniform(0, 0.22) * np.array([0.95, 1.0, 1.05], np.float32)
    values = values * rng.uniform(0.8, 1.2) * rng.uniform(0.96, 1.04, 3).astype(np.float32)
    return np.asarray(values * (1 - haze) + 200 * haze, dtype=np.float32)
