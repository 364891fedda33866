"""Marks on a picture: outlines, dashed outlines, lines with labels. Twice as large inside, so that lines are smooth."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import shapely
from PIL import Image, ImageDraw, ImageFont
from shapely.geometry.base import BaseGeometry

FONTS = ("DejaVuSans.ttf", "Arial.ttf", "NotoSans-Regular.ttf")
DARK = (16, 16, 16)
WHITE = (255, 255, 255)
RING_PX = 14
"""Objects smaller than this on the picture get a ring around them, or nobody would see them."""
_UP = 2
_FILL_ALPHA = 55

Colour = tuple[int, int, int]
Font: TypeAlias = ImageFont.ImageFont | ImageFont.FreeTypeFont


class Marks:
    """Draws over a picture; geometries are in its pixels."""

    def __init__(self, size: tuple[int, int]) -> None:
        """Make an empty sheet.

        Args:
            size: (width, height) of the picture.
        """
        self.size = size
        self.line_px = max(2.0, max(size) / 600)
        self.font_px = max(12, round(max(size) / 90))
        self.sheet = Image.new("RGBA", (size[0] * _UP, size[1] * _UP), (0, 0, 0, 0))
        self.draw = ImageDraw.Draw(self.sheet)
        self.font = load_font(self.font_px * _UP)
        self._taken: list[tuple[float, float, float, float]] = []

    def over(self, picture: Image.Image) -> Image.Image:
        """Return a picture with the marks on it."""
        small = self.sheet.resize(self.size, Image.Resampling.BOX)
        return Image.alpha_composite(picture.convert("RGBA"), small).convert("RGB")

    def fill(self, shapes: Sequence[BaseGeometry], colours: Sequence[Colour]) -> None:
        """Tint polygons lightly."""
        for shape, colour in zip(shapes, colours, strict=True):
            for polygon in _polygons(shape):
                self.draw.polygon(_points(polygon.exterior), fill=(*colour, _FILL_ALPHA))
                for hole in polygon.interiors:
                    self.draw.polygon(_points(hole), fill=(0, 0, 0, 0))

    def outline(self, shapes: Sequence[BaseGeometry], colours: Sequence[Colour]) -> None:
        """Outline polygons twice, dark under bright, so that lines show on any ground; ring the smallest."""
        for width, is_halo in ((self.line_px + 2, True), (self.line_px, False)):
            for shape, colour in zip(shapes, colours, strict=True):
                paint = (*(DARK if is_halo else colour), 255)
                for polygon in _polygons(shape):
                    for ring in (polygon.exterior, *polygon.interiors):
                        self.draw.line(_points(ring), fill=paint, width=round(width * _UP), joint="curve")
                bounds = shape.bounds
                if max(bounds[2] - bounds[0], bounds[3] - bounds[1]) < RING_PX:
                    x, y, radius = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2, float(RING_PX)
                    box = [round(value * _UP) for value in (x - radius, y - radius, x + radius, y + radius)]
                    self.draw.ellipse(box, outline=paint, width=round(width * _UP * 0.8))

    def dash(self, shapes: Sequence[BaseGeometry], colour: Colour = WHITE) -> None:
        """Outline polygons with dashes."""
        dash_px = max(6.0, self.line_px * 3)
        rings = [polygon.exterior for shape in shapes for polygon in _polygons(shape)]
        for ring in rings:  # dark all around, so that the dashes show on bright ground too
            self.draw.line(_points(ring), fill=(*DARK, 255), width=round((self.line_px + 2) * _UP), joint="curve")
        for ring in rings:
            for piece in _dashes(ring, dash_px):
                self.draw.line(piece, fill=(*colour, 255), width=round(self.line_px * _UP))

    def connect(self, lines: Sequence[BaseGeometry], colours: Sequence[Colour]) -> None:
        """Draw lines with a dot at each end."""
        for width, is_halo in ((self.line_px + 2, True), (self.line_px * 0.8, False)):
            for line, colour in zip(lines, colours, strict=True):
                paint = (*(DARK if is_halo else colour), 255)
                points = _points(line)
                self.draw.line(points, fill=paint, width=max(1, round(width * _UP)))
                radius = (self.line_px * 1.6 + (1 if is_halo else 0)) * _UP
                for x, y in (points[0], points[-1]):
                    self.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=paint)

    def number(self, shapes: Sequence[BaseGeometry], numbers: Sequence[int]) -> None:
        """Write a number on each polygon, or beside it where it would hide it."""
        for shape, number in zip(shapes, numbers, strict=True):
            left, top, right, bottom = shape.bounds
            text = str(number)
            room = self.draw.textlength(text, font=self.font) / _UP
            if min(right - left, bottom - top) > 1.5 * max(room, self.font_px):
                point = shape.representative_point()
                place, anchor = (point.x, point.y), "mm"
            else:
                gap = RING_PX if max(right - left, bottom - top) < RING_PX else 0
                place, anchor = ((left + right) / 2 + gap * 0.8, top - gap * 0.6), "lb" if gap else "mb"
            place = (min(max(place[0], room), self.size[0] - room), max(place[1], self.font_px * 1.2))
            self._write(place, text, anchor)

    def label(self, points: Sequence[tuple[float, float]], texts: Sequence[str]) -> None:
        """Write texts on dark plates; those that would lie on another are left out."""
        for (x, y), text in zip(points, texts, strict=True):
            half = self.draw.textlength(text, font=self.font) / _UP / 2 + 4
            tall = self.font_px * 0.5 + 4
            x = min(max(x, half), self.size[0] - half)
            y = min(max(y, tall), self.size[1] - tall)
            box = (x - half, y - tall, x + half, y + tall)
            if any(a < box[2] and box[0] < c and b < box[3] and box[1] < d for a, b, c, d in self._taken):
                continue
            self._taken.append(box)
            self.draw.rounded_rectangle([value * _UP for value in box], radius=5 * _UP, fill=(*DARK, 215))
            self.draw.text((x * _UP, y * _UP), text, font=self.font, fill=WHITE, anchor="mm")

    def _write(self, place: tuple[float, float], text: str, anchor: str) -> None:
        self.draw.text(
            (place[0] * _UP, place[1] * _UP),
            text,
            font=self.font,
            fill=WHITE,
            anchor=anchor,
            stroke_width=2 * _UP,
            stroke_fill=DARK,
        )


def load_font(size_px: int) -> Font:
    """Return a font that knows many scripts where the machine has one, else the one inside Pillow."""
    for name in FONTS:
        try:
            return ImageFont.truetype(name, size_px)
        except OSError:
            continue
    return ImageFont.load_default(size_px)


def to_rgb(colour: str) -> Colour:
    """Return ``#rrggbb`` as numbers."""
    return (int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16))


def _polygons(shape: BaseGeometry) -> Iterator[shapely.Polygon]:
    for part in shapely.get_parts(shape):
        if isinstance(part, shapely.Polygon) and not part.is_empty:
            yield part


def _points(line: BaseGeometry) -> list[tuple[float, float]]:
    return [(float(x) * _UP, float(y) * _UP) for x, y in shapely.get_coordinates(line)]


def _dashes(ring: shapely.LinearRing, dash_px: float) -> Iterator[list[tuple[float, float]]]:
    """Yield every other piece of a ring, of about the same length."""
    count = max(2, math.ceil(ring.length / dash_px / 2) * 2)
    stops = np.linspace(0.0, 1.0, count + 1)
    for start, stop in zip(stops[::2], stops[1::2], strict=False):
        steps = np.linspace(start, stop, 6)
        yield [(point.x * _UP, point.y * _UP) for point in shapely.line_interpolate_point(ring, steps, normalized=True)]
