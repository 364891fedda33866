"""A picture of an answer: the imagery as the network saw it, the polygons numbered on it, a legend and a scale bar."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from PIL import Image, ImageDraw, ImageFont

from ..geo_io.grid import Grid
from ..geo_io.layer import check_output, replace_whole
from ..geo_io.raster import Raster
from ..geo_io.scene import read_overview
from ..geo_io.stretch import Stretch, estimate_stretch

MAX_SIDE_PX = 1600
MIN_SIDE_PX = 640
MIN_PANEL_PX = 480
MAX_NUMBERS = 150
"""More polygons than this are drawn without numbers, which would hide them."""
COLOURS = ("#ffd500", "#00e5ff", "#ff4fd8", "#7cff4f", "#ff7a1a", "#b78bff", "#ffffff", "#ff3b3b")
"""One per expression, in order; bright, as imagery is dark and dull."""

_PANEL = "#14171c"
_PANEL_TEXT = "#f2f4f7"
_PANEL_MUTED = "#9aa4b2"
_FONTS = ("DejaVuSans.ttf", "Arial.ttf", "NotoSans-Regular.ttf")


def write_preview(
    raster: str | Path,
    frame: gpd.GeoDataFrame,
    path: str | Path,
    *,
    inputs: tuple[Path, ...] = (),
    overwrite: bool = False,
) -> None:
    """Write a PNG of an answer over its raster.

    Args:
        raster: the raster that was asked.
        frame: what :func:`query` returned.
        path: the picture to write.
        inputs: files that must not be overwritten.
        overwrite: replace a file that is there.

    Raises:
        RasterError: the raster cannot be read.
        OutputError: the picture cannot be written; a file that was there is untouched.
    """
    path = check_output(path, inputs=(Path(raster), *inputs), overwrite=overwrite)
    picture = draw_preview(raster, frame)
    with replace_whole(path) as part:
        picture.save(part, format="PNG", optimize=False)


def draw_preview(raster: str | Path, frame: gpd.GeoDataFrame) -> Image.Image:
    """Return the picture of an answer, at most ``MAX_SIDE_PX`` wide and high without its legend.

    Args:
        raster: the raster that was asked.
        frame: what :func:`query` returned; its ``attrs`` say bands and stretch where they are there.

    Raises:
        RasterError: the raster cannot be read.
    """
    with Raster.open(raster, allow_no_crs=True) as source:
        facts = frame.attrs.get("raster", {})
        bands = tuple(facts["bands"]) if "bands" in facts else source.choose_bands().bands
        described = frame.attrs.get("stretch")
        stretch = Stretch.from_dict(described) if described else estimate_stretch(source, bands)
        pixels, grid = read_overview(source, bands, stretch, MIN_SIDE_PX, MAX_SIDE_PX)
    picture = Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    asked = list(frame.attrs.get("best_scores", {})) or list(dict.fromkeys(frame["expression"]))
    placed = frame.to_crs(grid.crs) if frame.crs is not None and grid.crs is not None else frame
    shapes = grid.to_pixel(list(placed.geometry))
    colours = {text: COLOURS[index % len(COLOURS)] for index, text in enumerate(asked)}
    picture = _draw_polygons(picture, shapes, [colours.get(text, COLOURS[0]) for text in frame["expression"]])
    if len(shapes) <= MAX_NUMBERS:
        _draw_numbers(picture, shapes, [int(number) for number in frame["fid"]])
    entries = [_Entry(text, colours[text], int((frame["expression"] == text).sum())) for text in asked]
    return _with_legend(picture, entries, grid, Path(raster).name)


@dataclass(frozen=True)
class _Entry:
    expression: str
    colour: str
    count: int


def _draw_polygons(picture: Image.Image, shapes: list[shapely.Geometry], colours: list[str]) -> Image.Image:
    """Fill lightly and outline twice, dark under bright, so that lines show on any ground."""
    line_px = max(2, round(max(picture.size) / 500))
    fill = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    fill_draw = ImageDraw.Draw(fill)
    for shape, colour in zip(shapes, colours, strict=True):
        for polygon in shapely.get_parts(shape):
            fill_draw.polygon(_points(polygon.exterior), fill=(*_rgb(colour), 55))
            for hole in polygon.interiors:
                fill_draw.polygon(_points(hole), fill=(0, 0, 0, 0))
    merged = Image.alpha_composite(picture.convert("RGBA"), fill).convert("RGB")
    draw = ImageDraw.Draw(merged)
    for width, is_halo in ((line_px + 2, True), (line_px, False)):
        for shape, colour in zip(shapes, colours, strict=True):
            for polygon in shapely.get_parts(shape):
                for ring in (polygon.exterior, *polygon.interiors):
                    draw.line(_points(ring), fill="#101010" if is_halo else colour, width=width, joint="curve")
    return merged


def _draw_numbers(picture: Image.Image, shapes: list[shapely.Geometry], numbers: list[int]) -> None:
    draw = ImageDraw.Draw(picture)
    font = load_font(max(12, round(max(picture.size) / 90)))
    for shape, number in zip(shapes, numbers, strict=True):
        point = shape.representative_point()
        draw.text(
            (point.x, point.y), str(number), font=font, fill="white", anchor="mm", stroke_width=2, stroke_fill="black"
        )


def _with_legend(picture: Image.Image, entries: list[_Entry], grid: Grid, name: str) -> Image.Image:
    """Return the picture with a panel below: expressions with counts left, scale bar right."""
    width = max(picture.width, MIN_PANEL_PX)  # a thin raster still has a name
    size_px = max(14, round(width / 75))
    font, small = load_font(size_px), load_font(round(size_px * 0.82))
    pad, line = round(size_px * 0.9), round(size_px * 1.7)
    bar_width = round(width * 0.3)
    height = pad * 2 + line * max(len(entries), 2)
    canvas = Image.new("RGB", (width, picture.height + height), _PANEL)
    canvas.paste(picture, ((width - picture.width) // 2, 0))
    draw = ImageDraw.Draw(canvas)
    top = picture.height + pad
    text_width = width - bar_width - 4 * pad - size_px
    for index, entry in enumerate(entries):
        y = top + index * line
        draw.rectangle((pad, y + 2, pad + size_px, y + 2 + size_px), outline=entry.colour, width=max(2, size_px // 6))
        count = f"  {entry.count}" if entry.count else "  nothing found"
        text = _shortened(draw, entry.expression, font, text_width - round(draw.textlength(count, font=font)))
        x = pad * 2 + size_px
        draw.text((x, y), text, font=font, fill=_PANEL_TEXT)
        x += round(draw.textlength(text, font=font))
        draw.text((x, y), count, font=font, fill=entry.colour if entry.count else _PANEL_MUTED)
    _draw_scale_bar(draw, grid, (width - pad, top, bar_width), small)
    label = _shortened(draw, name, small, bar_width)
    draw.text((width - pad, top + line), label, font=small, fill=_PANEL_MUTED, anchor="ra")
    return canvas


def _draw_scale_bar(
    draw: ImageDraw.ImageDraw,
    grid: Grid,
    place: tuple[int, int, int],
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
) -> None:
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
    draw.line((right - width, middle, right, middle), fill=_PANEL_TEXT, width=3)
    for x in (right - width, right - 1):
        draw.line((x, middle - 5, x, middle + 5), fill=_PANEL_TEXT, width=2)
    draw.text((right - width - 10, middle), label, font=font, fill=_PANEL_TEXT, anchor="rm")


def _round_length(length: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten that is not above a length."""
    power = 10.0 ** math.floor(math.log10(max(length, 1e-9)))
    return next(step * power for step in (5, 2, 1) if step * power <= length * (1 + 1e-9))


def _shortened(
    draw: ImageDraw.ImageDraw, text: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, room_px: int
) -> str:
    text = " ".join(text.split())
    if draw.textlength(text, font=font) <= room_px:
        return text
    while text and draw.textlength(text + "…", font=font) > room_px:
        text = text[:-1]
    return text + "…"


def load_font(size_px: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    """Return a font that knows many scripts where the machine has one, else the one inside Pillow."""
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size_px)
        except OSError:
            continue
    return ImageFont.load_default(size_px)


def _points(ring: shapely.LinearRing) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in shapely.get_coordinates(ring)]


def _rgb(colour: str) -> tuple[int, int, int]:
    return (int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16))
