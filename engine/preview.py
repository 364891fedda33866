"""A picture of an answer: the imagery as the network saw it, what was found, the anchors, and how they relate."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image
from shapely.geometry.base import BaseGeometry

from ..geo_io.layer import check_output, replace_whole
from ..geo_io.raster import Raster
from ..geo_io.scene import read_overview
from ..geo_io.stretch import Stretch, estimate_stretch
from .answer import Answer
from .preview_legend import Entry, with_legend
from .preview_marks import Marks, to_rgb

MAX_SIDE_PX = 1600
MIN_SIDE_PX = 640
MAX_NUMBERS = 40
"""More polygons than this are drawn without numbers, which would hide them."""
MAX_LABELS = 40
"""More relations than this are drawn without their distances."""
COLOURS = ("#ffd500", "#00e5ff", "#ff4fd8", "#7cff4f", "#ff7a1a", "#b78bff", "#ffffff", "#ff3b3b")
"""One per expression, in order; bright, as imagery is dark and dull."""


def write_preview(
    raster: str | Path,
    answer: Answer,
    path: str | Path,
    *,
    inputs: tuple[Path, ...] = (),
    overwrite: bool = False,
) -> None:
    """Write a PNG of an answer over its raster.

    Args:
        raster: the raster that was asked.
        answer: what :func:`ask` returned.
        path: the picture to write.
        inputs: files that must not be overwritten.
        overwrite: replace a file that is there.

    Raises:
        RasterError: the raster cannot be read.
        OutputError: the picture cannot be written; a file that was there is untouched.
    """
    path = check_output(path, inputs=(Path(raster), *inputs), overwrite=overwrite)
    picture = draw_preview(raster, answer)
    with replace_whole(path) as part:
        picture.save(part, format="PNG", optimize=False)


def draw_preview(raster: str | Path, answer: Answer) -> Image.Image:
    """Return the picture of an answer, at most ``MAX_SIDE_PX`` wide and high without its legend.

    Referents are tinted, outlined and numbered as in the layer; anchors are dashed, and the shortest line from each
    referent to its anchor carries the distance. The legend says how each expression was understood.

    Args:
        raster: the raster that was asked.
        answer: what :func:`ask` returned; the ``attrs`` of its frame say bands and stretch.

    Raises:
        RasterError: the raster cannot be read.
    """
    frame = answer.frame
    with Raster.open(raster, allow_no_crs=True) as source:
        facts = frame.attrs.get("raster", {})
        bands = tuple(facts["bands"]) if "bands" in facts else source.choose_bands().bands
        described = frame.attrs.get("stretch")
        stretch = Stretch.from_dict(described) if described else estimate_stretch(source, bands)
        pixels, grid = read_overview(source, bands, stretch, MIN_SIDE_PX, MAX_SIDE_PX)
    if frame.crs is not None and grid.crs is not None and frame.crs != grid.crs:
        answer = answer.to_crs(grid.crs)
        frame = answer.frame
    asked = list(frame.attrs.get("best_scores", {})) or list(dict.fromkeys(frame["expression"]))
    colours = {text: COLOURS[index % len(COLOURS)] for index, text in enumerate(asked)}
    picture = Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    marks = Marks(picture.size)
    shapes = grid.to_pixel(list(frame.geometry))
    own = [to_rgb(colours.get(text, COLOURS[0])) for text in frame["expression"]]
    anchors = grid.to_pixel(list(answer.anchors.geometry))
    lines = grid.to_pixel(list(answer.relations.geometry))
    marks.fill(shapes, own)
    marks.dash(anchors)
    marks.connect(lines, [to_rgb(colours.get(text, COLOURS[0])) for text in answer.relations["expression"]])
    marks.outline(shapes, own)
    _write_labels(marks, answer, lines, anchors)
    if 1 < len(shapes) <= MAX_NUMBERS:
        marks.number(shapes, [int(number) for number in frame["fid"]])
    entries = [_entry(answer, text, colours[text]) for text in asked]
    return with_legend(marks.over(picture), entries, grid, Path(raster).name)


def _write_labels(marks: Marks, answer: Answer, lines: list[BaseGeometry], anchors: list[BaseGeometry]) -> None:
    """Write distances on lines that have room for them, and what the anchors are."""
    if len(lines) <= MAX_LABELS:
        labelled = [
            (line.interpolate(0.5, normalized=True), distance)
            for line, distance in zip(lines, answer.relations["distance_m"], strict=True)
            if math.isfinite(distance) and line.length > marks.font_px
        ]
        marks.label([(point.x, point.y) for point, _ in labelled], [_in_metres(value) for _, value in labelled])
    if len(anchors) <= MAX_LABELS:
        tops = [(float(np.mean(shape.bounds[::2])), shape.bounds[1] - 0.8 * marks.font_px) for shape in anchors]
        marks.label(tops, list(answer.anchors["phrase"]))


def _in_metres(value: float) -> str:
    return f"{value / 1000:.2f} km" if value >= 1000 else f"{value:.0f} m"


def _entry(answer: Answer, text: str, colour: str) -> Entry:
    attrs = answer.frame.attrs
    plan = answer.plans.get(text)
    line = "" if plan is None or plan.is_plain else plan.to_line()
    own = answer.anchors[answer.anchors["expression"] == text]
    notes = attrs.get("notes", {}).get(text, ())
    return Entry(
        text,
        colour,
        int((answer.frame["expression"] == text).sum()),
        line,
        tuple(dict.fromkeys(own["phrase"])),
        " ".join(notes[:2]),
    )
