"""Rows of annotation layers laid over rasters: each becomes an object in the pixels of the scenes that show it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from ..core_model.segmenter import ModelSpec
from ..geo_io.annotation import Annotation, AnnotationLayer, RowNote
from ..geo_io.errors import LayerError
from ..geo_io.raster import Raster
from ..geo_io.region import Region
from ..geo_io.scene import Scene
from .expressions import check_texts
from .layer_chips import PlacedObject

MIN_OBJECT_PX = 4.0
"""Objects that cover fewer pixels of the scene are not seen by a network."""
MIN_INSIDE = 0.5
"""An object belongs to the labelled area by this share of its own."""


def place_objects(
    layers: Sequence[AnnotationLayer],
    scenes: Sequence[Scene],
    areas: Sequence[Region | None],
    names: dict[str, str],
    spec: ModelSpec,
    notes: list[RowNote],
) -> list[list[PlacedObject]]:
    """Return per scene the objects that it shows, in its pixels.

    Args:
        layers: whose rows are laid over the scenes.
        scenes: at the ground resolution of the model.
        areas: per scene the labelled ground; None: all of it.
        names: class as the layers spell it to the name that the model shall know.
        spec: of the model: longest expression.
        notes: told of rows and expressions that cannot be used.

    Raises:
        LayerError: a layer has a CRS and a raster has none, or the other way round.
    """
    placed: list[list[PlacedObject]] = [[] for _ in scenes]
    number = 0
    for layer in layers:
        moved = [_in_scene(layer, scene) for scene in scenes]
        for index, row in enumerate(layer.annotations):
            number += 1
            texts = _readable(row, spec, notes)
            reason = "it lies outside the raster" + ("s" if len(scenes) > 1 else "")
            is_used = False
            for position, scene in enumerate(scenes):
                shape = moved[position][index]
                if shape is None or not shape.intersects(shapely.box(0, 0, scene.grid.width, scene.grid.height)):
                    continue
                if shape.area < MIN_OBJECT_PX:
                    reason = f"it covers {shape.area:.2g} pixels of {scene.gsd_m or 1:.3g} m, too few to be seen"
                    continue
                area = areas[position]
                if area is not None:
                    inside = area.clip(shape)
                    if inside.area < MIN_INSIDE * shape.area:
                        reason = "it lies outside the labelled area"
                        continue
                    shape = inside
                is_used = True
                item = PlacedObject(number, names[row.class_name], shape, texts, row.layer, row.row)
                placed[position].append(item)
            if not is_used:
                notes.append(RowNote(row.layer, row.row, "skipped", reason))
    return placed


def _in_scene(layer: AnnotationLayer, scene: Scene) -> list[BaseGeometry | None]:
    raster = scene.raster.path.name
    shapes = [row.polygon for row in layer.annotations]
    crs = scene.grid.crs
    if crs is None and layer.crs is not None:
        raise LayerError(
            f"{raster} has no CRS but {layer.name} has ({layer.crs.name}), so they cannot be laid over each other: "
            "set the raster's CRS, or give a layer in pixels."
        )
    if crs is not None and layer.crs is None:
        raise LayerError(f"{layer.name} has no CRS, so its place on {raster} is unknown: set the layer's CRS.")
    if crs is not None and layer.crs is not None and not crs.equals(layer.crs, ignore_axis_order=True):
        turn = pyproj.Transformer.from_crs(layer.crs, crs, always_xy=True)
        shapes = [
            shapely.transform(shape, lambda xy: np.column_stack(turn.transform(xy[:, 0], xy[:, 1]))) for shape in shapes
        ]
    finite = [np.isfinite(shapely.get_coordinates(shape)).all() for shape in shapes]
    inside = scene.grid.to_pixel([shape if ok else shapely.Polygon() for shape, ok in zip(shapes, finite, strict=True)])
    return [_valid(shape) if ok else None for shape, ok in zip(inside, finite, strict=True)]


def _valid(shape: BaseGeometry) -> BaseGeometry:
    if shape.is_valid:
        return shape
    parts = [part for part in shapely.get_parts(shapely.make_valid(shape)) if part.geom_type == "Polygon"]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _readable(row: Annotation, spec: ModelSpec, notes: list[RowNote]) -> tuple[str, ...]:
    """Return the expressions that the model can read."""
    from ..core_model.errors import ExpressionError

    kept = []
    for text in row.expressions:
        try:
            check_texts([text], spec.max_words)
            kept.append(text)
        except ExpressionError as error:
            notes.append(RowNote(row.layer, row.row, "mended", f"its expression was left out ({error})"))
    return tuple(kept)


def all_outside(layers: Sequence[AnnotationLayer], rasters: Sequence[Raster], notes: Sequence[RowNote]) -> str:
    """Return the sentence for layers of which no row lies on any raster."""
    reasons = Counter(note.reason for note in notes if note.outcome == "skipped")
    common = reasons.most_common(1)[0][0] if reasons else ""
    if "outside" not in common:
        return f"None of the polygons of {', '.join(layer.name for layer in layers)} can be used ({common})."
    layer, raster = layers[0], rasters[0]
    bounds = shapely.total_bounds([row.polygon for row in layer.annotations])
    return (
        f"All polygons of {layer.name} ({_extent(bounds, layer.crs)}) lie outside {raster.path.name} "
        f"({_extent(raster.grid.bounds, raster.grid.crs)}): give the layer of this place, or mend its CRS."
    )


def _extent(bounds: Sequence[float], crs: pyproj.CRS | None) -> str:
    numbers = ", ".join(f"{value:.6g}" for value in bounds)
    return f"{numbers} in {crs.name if crs is not None else 'pixels'}"
