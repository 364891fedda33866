"""From scores to polygons: one per object, with holes, smooth outlines and a score."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from scipy import ndimage

from .component import Component
from .contour import join_pieces, pad_mirrored, snap, trace_field
from .regularize import Form, regularize
from .score_file import ScoreFile, decode_scores
from .separate import separate_by_outlines, separate_objects
from .window import Window

LARGE_PX = 1 << 24
"""Regions whose window holds more pixels are outlined block by block and not split."""
BLOCK_PX = 2048
MIN_HOLE_PX = 16
"""Smaller holes are filled."""
MAX_SIMPLIFY = 3.0
"""Common borders move by at most so many tolerances, else each object is simplified on its own."""


@dataclass(frozen=True)
class ScenePolygon:
    """One object of a scene."""

    polygon: shapely.Polygon
    """In pixel coordinates (column, row) of the scene."""
    score: float
    """Mean score of its pixels, in [0, 1]."""


@dataclass(frozen=True)
class ShapeRules:
    """How regions become objects, and objects polygons."""

    parting: Literal["none", "outlines", "relief"] = "relief"
    """How touching objects come apart: not at all (roads, water), by drawn outlines only, or by their shape as well."""
    simplify_px: float = 0.0
    """Tolerance of the outlines, in pixels; 0 keeps every vertex."""
    form: Form | None = None
    """What outlines are made to look like where that fits."""


def iter_polygons(
    component: Component, scores: ScoreFile, outlines: ScoreFile | None, level: int, rules: ShapeRules
) -> Iterator[ScenePolygon]:
    """Yield the objects of one connected region.

    Args:
        component: the region.
        scores: codes of the scene.
        outlines: codes of the outlines that keep touching objects apart; None where the model gives none.
        level: lowest code that belongs to the region.
        rules: how.
    """
    if component.window.height * component.window.width > LARGE_PX:
        score = float(decode_scores(component.code_sum / component.area_px))
        yield from _finished([_outline_large(component, scores, level)], [score], rules)
        return
    # One pixel of surroundings, so that the outline can run between inside and outside.
    around = _grown(component.window, scores.shape)
    codes = scores.read(around.row_off, around.col_off, around.height, around.width)
    labels, _ = ndimage.label(codes >= level)
    region = labels == labels[component.seed_rc[0] - around.row_off, component.seed_rc[1] - around.col_off]
    if rules.parting == "none":
        objects = region.astype(np.int32)
    else:
        barrier = None
        if outlines is not None:
            barrier = outlines.read(around.row_off, around.col_off, around.height, around.width)
        is_relief = rules.parting == "relief"
        objects = separate_objects(region, codes, barrier) if is_relief else separate_by_outlines(region, barrier)
    field = codes.astype(np.float32) - (level - 0.5)
    sides = (
        around.row_off == component.window.row_off,
        around.row_end == component.window.row_end,
        around.col_off == component.window.col_off,
        around.col_end == component.window.col_end,
    )
    polygons, means = [], []
    for number, place in enumerate(ndimage.find_objects(objects), start=1):
        if place is None:
            continue
        rows = slice(max(0, place[0].start - 1), place[0].stop + 1)
        columns = slice(max(0, place[1].start - 1), place[1].stop + 1)
        is_object = objects[rows, columns] == number
        # Inside of a neighbour counts as outside, mirrored, so that both draw the same line between them.
        own = np.where(is_object, field[rows, columns], -np.abs(field[rows, columns]))
        at_edge = (
            sides[0] and place[0].start == 0,
            sides[1] and place[0].stop == objects.shape[0],
            sides[2] and place[1].start == 0,
            sides[3] and place[1].stop == objects.shape[1],
        )
        row_off = around.row_off + rows.start - int(at_edge[0])
        col_off = around.col_off + columns.start - int(at_edge[2])
        traced = trace_field(pad_mirrored(own, at_edge), row_off, col_off)
        if traced:
            polygons.append(max(traced, key=lambda polygon: polygon.area))
            means.append(float(decode_scores(codes[rows, columns][is_object].mean())))
    yield from _finished(polygons, means, rules)


def _outline_large(component: Component, scores: ScoreFile, level: int) -> shapely.Polygon:
    """Outline a region too large for memory in blocks that share a line of pixels, then join them."""
    height, width = scores.shape
    around = _grown(component.window, scores.shape)
    pieces: list[shapely.Polygon] = []
    for row in range(around.row_off, around.row_end, BLOCK_PX):
        for column in range(around.col_off, around.col_end, BLOCK_PX):
            # The shared line belongs to both; where it would be the scene's last, the mirrored border closes it.
            rows = min(BLOCK_PX + 1, around.row_end - row)
            columns = min(BLOCK_PX + 1, around.col_end - column)
            codes = scores.read(row, column, rows, columns)
            sides = (row == 0, row + rows == height, column == 0, column + columns == width)
            field = pad_mirrored(codes.astype(np.float32) - (level - 0.5), sides)
            pieces += trace_field(field, row - int(sides[0]), column - int(sides[2]))
    seed = shapely.Point(component.seed_rc[1] + 0.5, component.seed_rc[0] + 0.5)
    return min(join_pieces(pieces), key=seed.distance)


def _finished(polygons: list[shapely.Polygon], scores: list[float], rules: ShapeRules) -> Iterator[ScenePolygon]:
    filled = [_without_pinholes(polygon) for polygon in polygons]
    for polygon, score in zip(_simplified(filled, rules.simplify_px), scores, strict=True):
        valid = polygon if polygon.is_valid else polygon.buffer(0)
        for part in shapely.get_parts(valid):
            if isinstance(part, shapely.Polygon) and not part.is_empty:
                # Objects with a neighbour share their border with it, and a form of one would cut the other.
                is_alone = len(polygons) == 1
                yield ScenePolygon(regularize(part, rules.form) if rules.form and is_alone else part, score)


def _without_pinholes(polygon: shapely.Polygon) -> shapely.Polygon:
    holes = [ring for ring in polygon.interiors if shapely.Polygon(ring).area >= MIN_HOLE_PX]
    # One starting point whatever the tracing, as simplification keeps it.
    return shapely.Polygon(polygon.exterior, holes).normalize()


def _simplified(polygons: list[shapely.Polygon], tolerance_px: float) -> list[shapely.Polygon]:
    """Return polygons with fewer vertices; those that touch keep one common border."""
    if tolerance_px <= 0:
        return polygons
    if len(polygons) > 1:
        snapped = [snap(polygon) for polygon in polygons]
        together = list(shapely.coverage_simplify(snapped, tolerance_px))
        if all(
            isinstance(simple, shapely.Polygon) and simple.hausdorff_distance(polygon) <= MAX_SIMPLIFY * tolerance_px
            for simple, polygon in zip(together, polygons, strict=True)
        ):
            return together
    return [polygon.simplify(tolerance_px) for polygon in polygons]


def _grown(window: Window, shape: tuple[int, int]) -> Window:
    top, left = max(0, window.row_off - 1), max(0, window.col_off - 1)
    bottom, right = min(shape[0], window.row_end + 1), min(shape[1], window.col_end + 1)
    return Window(top, left, bottom - top, right - left)
