"""Vector layers: written whole or not at all, in the format that the file name says."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import pyogrio
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from .errors import LayerError, OutputError
from .style import embed_style

FORMATS = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".json": "GeoJSON", ".fgb": "FlatGeobuf", ".parquet": "Parquet"}
"""Format of each file ending."""

_GEOMETRY_COLUMN = "geom"


def check_output(path: str | Path, *, inputs: tuple[Path, ...] = (), overwrite: bool = False) -> Path:
    """Check that an output can be written, before any work is done.

    Args:
        path: where the output shall go.
        inputs: files that must not be overwritten whatever ``overwrite`` says.
        overwrite: replace a file that is there.

    Returns:
        The path.

    Raises:
        OutputError: folder missing or read-only, path is a folder or an input, or a file is there already.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise OutputError(f"The output {path} is a folder: give the name of a file in it.")
        if not path.parent.is_dir():
            raise OutputError(f"The folder {path.parent} of the output does not exist: make it first.")
        if path.exists():
            if any(source.exists() and path.samefile(source) for source in inputs):
                raise OutputError(f"The output {path} is the input itself: choose another name.")
            if not overwrite:
                raise OutputError(f"The output {path} exists already: choose another name or allow overwriting.")
            _check_not_open(path)
        # Permission bits do not tell about read-only mounts and full quotas; writing does.
        handle, probe = tempfile.mkstemp(dir=path.parent, prefix=".referent-", suffix=".part")
        os.close(handle)
        Path(probe).unlink()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise OutputError(
            f"The output {str(path)!r} cannot be written ({reason}): choose another folder or name."
        ) from error
    return path


def check_layer_output(path: str | Path, *, inputs: tuple[Path, ...] = (), overwrite: bool = False) -> Path:
    """Check that a vector layer can be written, before any work is done.

    Args:
        path: where the layer shall go; its ending says the format.
        inputs: files that must not be overwritten.
        overwrite: replace a file that is there.

    Raises:
        OutputError: the ending names no format, or as :func:`check_output`.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise OutputError(
            f"The output {str(path)!r} has the ending {suffix or '(none)'!r}: use one of {', '.join(FORMATS)}."
        )
    return check_output(path, inputs=inputs, overwrite=overwrite)


def write_layer(
    frame: gpd.GeoDataFrame,
    path: str | Path,
    *,
    metadata: Mapping[str, object] | None = None,
    inputs: tuple[Path, ...] = (),
    overwrite: bool = False,
) -> None:
    """Write polygons to a file, which appears only when it is whole.

    Args:
        frame: the polygons; an empty frame gives a valid empty layer.
        path: where; GeoPackage, GeoJSON (always lon/lat), FlatGeobuf or Parquet by its ending.
        metadata: JSON values stored in the file where its format has a place for them.
        inputs: files that must not be overwritten.
        overwrite: replace a file that is there.

    Raises:
        OutputError: it cannot be written; a file that was there is untouched.
    """
    path = check_layer_output(path, inputs=inputs, overwrite=overwrite)
    # Made in the folder for temporary files: SQLite does not trust network shares, nor GDAL names with ; or ! in them.
    with replace_whole(path) as part, tempfile.TemporaryDirectory(prefix="referent-") as folder:
        draft = Path(folder) / f"layer{path.suffix.lower()}"
        _write(_uniform(frame), draft, FORMATS[draft.suffix], _layer_name(path), dict(metadata or {}))
        shutil.copyfile(draft, part)


@contextmanager
def replace_whole(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to, which takes the place of ``path`` when all went well.

    Args:
        path: the file that shall appear whole or stay as it was.

    Raises:
        OutputError: it could not be written; nothing temporary is left.
    """
    # On the same folder, so that the rename is one step.
    part = path.with_name(f".{path.stem[:40]}.{os.getpid()}.part")
    try:
        yield part
        _sync(part)
        if path.exists():
            _check_not_open(path)
        part.replace(path)
        _sync(path.parent)
    except (OSError, sqlite3.Error, pyogrio.errors.DataSourceError, pyogrio.errors.FeatureError) as error:
        raise OutputError(
            f"The output {path} could not be written ({error}): check the free space of its folder and try again."
        ) from error
    finally:
        part.unlink(missing_ok=True)


def read_metadata(path: str | Path) -> dict[str, object]:
    """Return what :func:`write_layer` stored with a GeoPackage or FlatGeobuf; empty for other formats.

    Args:
        path: the layer's file.
    """
    layer = str(pyogrio.list_layers(path)[0][0])
    info = pyogrio.read_info(path, layer=layer).get("layer_metadata") or {}
    text = info.get("referent")
    return dict(json.loads(text)) if text else {}


def _write(frame: gpd.GeoDataFrame, part: Path, driver: str, layer: str, metadata: dict[str, object]) -> None:
    if driver == "Parquet":
        stored = frame.copy(deep=False)
        stored.attrs = metadata
        stored.to_parquet(part, index=False)
        return
    kind = "MultiPolygon" if (frame.geom_type == "MultiPolygon").any() else "Polygon"
    options: dict[str, object] = {"layer": layer, "driver": driver, "geometry_type": kind}
    if kind == "MultiPolygon":
        options["promote_to_multi"] = True
    if driver == "GeoJSON":
        # OGR turns to lon/lat itself and cuts at the antimeridian as RFC 7946 asks; pixels cannot be turned.
        if frame.crs is not None:
            options["RFC7946"] = "YES"
            options["geometry_type"] = "Unknown"
    elif metadata:
        options["layer_metadata"] = {"referent": json.dumps(metadata, ensure_ascii=False)}
    if driver == "GPKG":
        options["GEOMETRY_NAME"] = _GEOMETRY_COLUMN
        options["VERSION"] = "1.2"  # newer ones make the GDAL of QGIS 3.22 warn
    with warnings.catch_warnings():
        # A layer without CRS was asked for, and whoever asked was told.
        warnings.filterwarnings("ignore", message="'crs' was not provided")
        pyogrio.write_dataframe(frame, part, **options)
    if driver == "GPKG":
        embed_style(part, layer, _GEOMETRY_COLUMN)


def _uniform(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a frame of polygons only: reprojection may break a ring, and repair may leave lines behind."""
    frame = frame.copy(deep=False)
    frame.attrs = {}
    broken = ~frame.geometry.is_valid
    if broken.any():
        frame = frame.copy()
        frame.loc[broken, frame.geometry.name] = frame.geometry[broken].map(_repaired)
    return frame


def _repaired(geometry: BaseGeometry) -> BaseGeometry:
    parts = [part for part in shapely.get_parts(shapely.make_valid(geometry)) if part.geom_type == "Polygon"]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _layer_name(path: Path) -> str:
    """Return the file's name as a layer name that SQL, QGIS and HTML show without surprises."""
    return re.sub(r"[^\w .()-]", "_", path.stem).strip()[:60] or "answer"


def _check_not_open(path: Path) -> None:
    for suffix in ("-wal", "-journal"):
        if path.with_name(path.name + suffix).exists():
            raise OutputError(
                f"The output {path} is open in another program ({path.name}{suffix} is beside it): "
                "close it there or choose another name."
            )


def _sync(path: Path) -> None:
    if path.is_dir() and os.name == "nt":  # folders cannot be opened there
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() or os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def parse_crs(text: str | pyproj.CRS) -> pyproj.CRS:
    """Return a CRS from what a person writes.

    Args:
        text: such as ``EPSG:4326``, WKT or a CRS.

    Raises:
        LayerError: PROJ does not understand it.
    """
    try:
        return pyproj.CRS.from_user_input(text)
    except pyproj.exceptions.CRSError as error:
        raise LayerError(f"{str(text)[:80]!r} is not a CRS: write it as EPSG:4326 or as WKT.") from error
