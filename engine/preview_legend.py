"""The panel below a preview: what was asked and how it was understood, a key, north and a scale bar."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
from PIL import Image, ImageDraw

from ..geo_io.frame import Frame
from ..geo_io.grid import Grid
from .preview_marks import Font, load_font

MIN_PANEL_PX = 480
_PANEL = "#14171c"
_TEXT = "#f2f4f7"
_MUTED = "#9aa4b2"


@dataclass(frozen=True)
class Entry:
    """One expression."""

    expression: str
    colour: str
    count: int
    plan: str = ""
    """How it was understood, on one line; empty where it means what it says."""
    anchors: tuple[str, ...] = ()
    """Phrases of the anchors that are drawn."""
    note: str = ""
    """Why nothing was found, or what else the person should know."""


def with_legend(picture: Image.Image, entries: list[Entry], grid: Grid, name: str) -> Image.Image:
    """Return a picture with a panel below: expressions and plans left, scale bar, north and file name right.

    Args:
        picture: the imagery with its marks.
        entries: one per expression.
        grid: grid of the picture.
        name: of the raster.
    """
    width = max(picture.width, MIN_PANEL_PX)  # a thin raster still has a name
    size_px = max(14, round(width / 75))
    pad, line = round(size_px * 0.9), round(size_px * 1.6)
    bar_width = round(width * 0.27)
    rows = sum(1 + bool(entry.plan) + bool(entry.note) + bool(entry.anchors) for entry in entries)
    canvas = Image.new("RGB", (width, picture.height + pad * 2 + line * max(rows, 3)), _PANEL)
    canvas.paste(picture, ((width - picture.width) // 2, 0))
    draw = ImageDraw.Draw(canvas)
    writer = _Writer(draw, picture.height + pad, pad, size_px, line, width - bar_width - 4 * pad - size_px)
    for entry in entries:
        writer.write(entry)
    small = load_font(round(size_px * 0.82))
    right, top = width - pad, picture.height + pad
    _draw_scale_bar(draw, grid, (right, top, bar_width), small)
    label = shortened(draw, name, small, bar_width)
    draw.text((right, top + line), label, font=small, fill=_MUTED, anchor="ra")
    _draw_north(draw, grid, (right - size_px, top + line * 2 + size_px * 0.45), size_px, small)
    return canvas


@dataclass
class _Writer:
    """Writes entries from top to bottom."""

    draw: ImageDraw.ImageDraw
    y: int
    pad: int
    size_px: int
    line: int
    room_px: int

    def write(self, entry: Entry) -> None:
        draw, size = self.draw, self.size_px
        font, small = load_font(size), load_font(round(size * 0.82))
        x = self.pad * 2 + size
        box = (self.pad, self.y + 2, self.pad + size, self.y + 2 + size)
        draw.rectangle(box, outline=entry.colour, width=max(2, size // 6))
        count = f"  {entry.count:,} found" if entry.count else "  nothing found"
        text = shortened(draw, entry.expression, font, self.room_px - round(draw.textlength(count, font=font)))
        draw.text((x, self.y), text, font=font, fill=_TEXT)
        after = x + round(draw.textlength(text, font=font))
        draw.text((after, self.y), count, font=font, fill=entry.colour if entry.count else _MUTED)
        self.y += self.line
        if entry.plan:
            draw.text((x, self.y), shortened(draw, entry.plan, small, self.room_px), font=small, fill=_MUTED)
            self.y += self.line
        if entry.anchors:
            self._key(x, entry, small)
        if entry.note:
            draw.text((x, self.y), shortened(draw, entry.note, small, self.room_px), font=small, fill=_TEXT)
            self.y += self.line

    def _key(self, x: int, entry: Entry, font: Font) -> None:
        """Say what dashes and lines are."""
        draw, size = self.draw, self.size_px
        middle = self.y + round(size * 0.55)
        for step in range(3):
            start = x + step * round(size * 0.75)
            draw.line((start, middle, start + round(size * 0.45), middle), fill="#ffffff", width=2)
        x += round(size * 2.6)
        text = shortened(draw, ", ".join(entry.anchors), font, self.room_px // 2)
        draw.text((x, self.y), text, font=font, fill=_TEXT)
        x += round(draw.textlength(text, font=font)) + size * 2
        draw.line((x, middle, x + size * 2, middle), fill=entry.colour, width=2)
        for end in (x, x + size * 2):
            draw.ellipse((end - 3, middle - 3, end + 3, middle + 3), fill=entry.colour)
        draw.text((x + round(size * 2.6), self.y), "shortest distance", font=font, fill=_TEXT)
        self.y += self.line


def _draw_scale_bar(draw: ImageDraw.ImageDraw, grid: Grid, place: tuple[int, int, int], font: Font) -> None:
    """Draw a bar of a round length, at most half of the room, flush right.

    Args:
        draw: where to draw.
        grid: grid of the picture.
        place: right edge, top and room in pixels.
        font: for the label.
    """
    right, top, room = place
    size_xy = grid.pixel_size_xy_m
    per_px = 1.0 if size_xy is None else size_xy[0]
    length = _round_length(room * 0.5 * per_px)
    width = length / per_px
    label = f"{length:g} px" if size_xy is None else f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    middle = top + 9
    draw.line((right - width, middle, right, middle), fill=_TEXT, width=3)
    for x in (right - width, right - 1):
        draw.line((x, middle - 5, x, middle + 5), fill=_TEXT, width=2)
    draw.text((right - width - 10, middle), label, font=font, fill=_TEXT, anchor="rm")


def _draw_north(draw: ImageDraw.ImageDraw, grid: Grid, place: tuple[float, float], size_px: int, font: Font) -> None:
    """Draw an arrow to true north at the middle of the picture; none where nobody knows it."""
    direction = north_of(grid)
    if direction is None:
        return
    x, y = place
    dx, dy = direction
    half = size_px * 0.85
    tip, tail = (x + dx * half, y + dy * half), (x - dx * half, y - dy * half)
    side = (-dy * half * 0.55, dx * half * 0.55)
    draw.polygon([tip, (tail[0] + side[0], tail[1] + side[1]), (x - dx * half * 0.5, y - dy * half * 0.5),
                  (tail[0] - side[0], tail[1] - side[1])], fill=_TEXT)  # fmt: skip
    draw.text((x - size_px * 1.6, y), "N", font=font, fill=_TEXT, anchor="mm")


def north_of(grid: Grid) -> tuple[float, float] | None:
    """Return the unit vector to true north at the middle of a picture, x right and y down; None without a CRS."""
    if grid.crs is None or not isinstance(grid.crs, pyproj.CRS):
        return None
    frame = Frame(grid)
    middle = grid.to_map([shapely.Point(grid.width / 2, grid.height / 2)])[0]
    at = frame.to_metric([middle])[0]
    north = frame.north_at(np.array([[at.x, at.y]]))[0]
    here = grid.to_map(
        [shapely.Point(grid.width / 2 + 1, grid.height / 2), shapely.Point(grid.width / 2, grid.height / 2 + 1)]
    )
    right, down = (frame.to_metric([point])[0] for point in here)
    matrix = np.array([[right.x - at.x, down.x - at.x], [right.y - at.y, down.y - at.y]])
    try:
        x, y = np.linalg.solve(matrix, north)
    except np.linalg.LinAlgError:
        return None
    length = math.hypot(x, y)
    return (float(x / length), float(y / length)) if math.isfinite(length) and length > 0 else None


def _round_length(length: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is not above a length."""
    power = 10.0 ** math.floor(math.log10(max(length, 1e-9)))
    return next(step * power for step in (5, 2, 1) if step * power <= length * (1 + 1e-9))


def shortened(draw: ImageDraw.ImageDraw, text: str, font: Font, room_px: int) -> str:
    """Return a text that fits a width, with an ellipsis where it was cut."""
    text = " ".join(text.split())
    if draw.textlength(text, font=font) <= room_px:
        return text
    while text and draw.textlength(text + "…", font=font) > room_px:
        text = text[:-1]
    return text + "…"
