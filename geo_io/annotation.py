"""Annotation layers: polygons with a class and, for some, an expression; every row is used or accounted for.

Owns what differs between layers: formats, field names, geometry types, broken rings. Knows nothing of rasters.
"""

from __future__ import annotations

import math
import re
import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import geopandas
import numpy as np
import pyogrio
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from .errors import LayerError

ENDINGS = (".gpkg", ".geojson", ".json", ".shp", ".fgb", ".parquet", ".kml", ".gml", ".tab")
"""File endings of vector layers that are read; each holds its data itself, and none points elsewhere or runs code."""
MAX_EXPRESSION_CHARACTERS = 500
_SHOWN_FIELDS = 20


@dataclass(frozen=True)
class RowNote:
    """What became of a row that could not be used as it stands."""

    layer: str
    row: int
    """Feature id as the file has it; the position from 0 where it has none."""
    outcome: Literal["mended", "skipped"]
    reason: str

    def __str__(self) -> str:
        return f"{self.layer} row {self.row} {self.outcome}: {self.reason}"


@dataclass(frozen=True)
class Annotation:
    """One row of a layer that can be used."""

    layer: str
    row: int
    class_name: str
    """As the layer spells it, without blanks around."""
    expressions: tuple[str, ...]
    """What a person wrote of this object; empty where its class name must do."""
    polygon: BaseGeometry
    """Valid Polygon or MultiPolygon, two-dimensional, in the layer's CRS."""


@dataclass(frozen=True)
class AnnotationLayer:
    """A layer as it was read."""

    name: str
    crs: pyproj.CRS | None
    annotations: tuple[Annotation, ...]
    notes: tuple[RowNote, ...]
    row_count: int


def split_source(source: str | Path) -> tuple[Path, str | None]:
    """Return file and layer name of ``labels.gpkg`` or, as QGIS writes it, ``labels.gpkg|layername=trees``."""
    path, *options = str(source).split("|")
    names = [option.partition("=")[2] for option in options if option.lower().startswith("layername=")]
    return Path(path), (names[0] if names else None)


def read_annotations(
    source: str | Path,
    class_field: str = "class",
    expression_field: str | None = None,
    *,
    class_name: str | None = None,
) -> AnnotationLayer:
    """Return the polygons of a layer with their classes and expressions.

    Geometries are made two-dimensional and straight; broken ones are mended where polygons remain. The same polygon
    drawn twice with one class is one object with all its expressions.

    Args:
        source: file, or file and layer as in :func:`split_source`.
        class_field: holds the class names; upper and lower case do not matter where the name is unique without them.
        expression_field: holds the expressions, where a row has one; None: ``expression`` where there is such a field.
        class_name: of every row, instead of a field.

    Raises:
        LayerError: the file cannot be read, or lacks the layer or a field that was named.
    """
    path, layer = split_source(source)
    name = path.name if layer is None else f"{path.name}|{layer}"
    table = _read_table(path, layer)
    class_column = None if class_name else _field(table.fields, class_field, name, "--class-field")
    expression_column = None
    if expression_field or _matches(table.fields, "expression"):
        expression_column = _field(table.fields, expression_field or "expression", name, "--expression-field")
    notes: list[RowNote] = []
    found: dict[tuple[str, bytes], Annotation] = {}
    for index, row in enumerate(table.rows):
        label = _text(class_name if class_column is None else table.values[class_column][index])
        expression = _text(table.values[expression_column][index]) if expression_column else ""
        if not label:
            notes.append(RowNote(name, row, "skipped", f"the field '{class_column}' is empty"))
            continue
        polygon, trouble = _usable(table.wkb[index])
        if polygon is None:
            notes.append(RowNote(name, row, "skipped", trouble))
            continue
        if trouble:
            notes.append(RowNote(name, row, "mended", trouble))
        if len(expression) > MAX_EXPRESSION_CHARACTERS:
            notes.append(
                RowNote(name, row, "mended", f"its expression has {len(expression)} characters and was left out")
            )
            expression = ""
        key = (label, shapely.to_wkb(shapely.normalize(polygon)))
        if key in found:
            first = found[key]
            wording = dict.fromkeys([*first.expressions, *([expression] if expression else [])])
            found[key] = Annotation(name, first.row, label, tuple(wording), first.polygon)
            notes.append(RowNote(name, row, "mended", f"it repeats row {first.row}; they are one object"))
            continue
        found[key] = Annotation(name, row, label, (expression,) if expression else (), polygon)
    return AnnotationLayer(name, table.crs, tuple(found.values()), tuple(notes), len(table.rows))


@dataclass(frozen=True)
class _Table:
    fields: tuple[str, ...]
    values: dict[str, Sequence[Any]]
    wkb: Sequence[bytes | None]
    rows: Sequence[int]
    crs: pyproj.CRS | None


def _read_table(path: Path, layer: str | None) -> _Table:
    if not path.is_file():
        raise LayerError(f"The layer {path} does not exist: give a vector file with polygons, such as labels.gpkg.")
    if path.suffix.lower() not in ENDINGS:
        raise LayerError(f"The layer {path} has the ending '{path.suffix}': save it as one of {', '.join(ENDINGS)}.")
    if path.suffix.lower() == ".parquet":
        return _read_parquet(path)
    try:
        return _read_file(path, layer)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError) as error:
        raise LayerError(f"The layer {path} cannot be read ({error}): export it again, as GeoPackage.") from error
    except (pyogrio.errors.FieldError, pyogrio.errors.GeometryError, UnicodeDecodeError) as error:
        raise LayerError(f"The layer {path} is damaged ({error}): export it again, as GeoPackage.") from error


def _read_file(path: Path, layer: str | None) -> _Table:
    with warnings.catch_warnings():
        # GDAL speaks of ids that occur twice and of kinds of geometry that differ; neither matters here.
        warnings.simplefilter("ignore", RuntimeWarning)
        # Tables without geometries, such as the styles that QGIS stores, are no choice.
        layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
        if layer is None and len(layers) > 1:
            raise LayerError(
                f"{path.name} holds the layers {', '.join(layers)}: say which, as '{path.name}|layername={layers[0]}'."
            )
        if layer is not None and layer not in layers:
            raise LayerError(f"{path.name} holds no layer '{layer}' but {', '.join(layers)}: name one of them.")
        if not layers:
            raise LayerError(f"{path.name} holds no layer with geometries: give a layer with polygons.")
        meta, rows, wkb, values = pyogrio.raw.read(path, layer=layer or layers[0], return_fids=True, force_2d=True)
    fields = tuple(str(field) for field in meta["fields"])
    crs = None if not meta["crs"] else pyproj.CRS.from_user_input(meta["crs"])
    return _Table(fields, dict(zip(fields, values, strict=True)), wkb, [int(row) for row in rows], crs)


def _read_parquet(path: Path) -> _Table:
    try:
        frame = geopandas.read_parquet(path)
    except (OSError, ValueError) as error:
        raise LayerError(f"The layer {path} cannot be read ({error}): export it again, as GeoPackage.") from error
    fields = tuple(str(name) for name in frame.columns if name != frame.geometry.name)
    wkb = [None if shape is None else shapely.to_wkb(shapely.force_2d(shape)) for shape in frame.geometry]
    return _Table(fields, {name: frame[name].to_numpy() for name in fields}, wkb, range(len(frame)), frame.crs)


def _matches(fields: Sequence[str], wanted: str) -> list[str]:
    return [wanted] if wanted in fields else [name for name in fields if name.lower() == wanted.lower()]


def _field(fields: Sequence[str], wanted: str, layer: str, option: str) -> str:
    matches = _matches(fields, wanted)
    if len(matches) == 1:
        return matches[0]
    known = ", ".join(f"'{name}'" for name in fields[:_SHOWN_FIELDS]) or "none"
    if len(fields) > _SHOWN_FIELDS:
        known += f" and {len(fields) - _SHOWN_FIELDS} more"
    fault = f"has {len(matches)} fields '{wanted}'" if matches else f"has no field '{wanted}'"
    more = ", or give all rows one class with --class-name" if option == "--class-field" else ""
    raise LayerError(f"{layer} {fault}; its fields are {known}: name the right one with {option}{more}.")


def _text(value: Any) -> str:
    """Return a field's value as one line of plain text; empty for NULL."""
    if value is None or (isinstance(value, float | np.floating) and math.isnan(value)):
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    text = "".join(" " if unicodedata.category(c).startswith("C") else c for c in str(value))
    text = re.sub(r"\s+", " ", text).strip()
    return "" if text.lower() in ("null", "nan", "none", "<na>", "nat") else text


def _usable(wkb: bytes | None) -> tuple[BaseGeometry | None, str]:
    """Return a valid polygon and what had to be mended, or None and why there is none."""
    if wkb is None:
        return None, "it has no geometry"
    geometry = shapely.from_wkb(wkb, on_invalid="ignore")
    if geometry is None:
        return None, "its geometry cannot be read; a ring needs four points or more"
    if geometry.is_empty:
        return None, "its geometry is empty"
    geometry = shapely.force_2d(geometry)
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        return None, "a coordinate is not a number"
    kind = geometry.geom_type
    if kind not in ("Polygon", "MultiPolygon", "GeometryCollection"):
        return None, f"it is a {kind}, not a polygon; buffer it first"
    trouble = ""
    if not geometry.is_valid:
        trouble = f"its outline is invalid ({shapely.is_valid_reason(geometry).split('[')[0].strip().lower()})"
        geometry = shapely.make_valid(geometry)
    parts = [part for part in _polygons(geometry) if part.area > 0]
    if not parts:
        return None, "it encloses no area"
    return (parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)), trouble


def _polygons(geometry: BaseGeometry) -> list[shapely.Polygon]:
    if isinstance(geometry, shapely.Polygon):
        return [geometry]
    return [polygon for part in getattr(geometry, "geoms", ()) for polygon in _polygons(part)]
