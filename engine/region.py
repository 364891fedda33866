"""The region of a question: polygons of a layer, in the CRS of the raster."""

from __future__ import annotations

from pathlib import Path

import geopandas
import pyogrio
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from ..geo_io.errors import LayerError


def read_region(path: str | Path, crs: pyproj.CRS | None) -> BaseGeometry:
    """Return the union of the polygons of a layer.

    Args:
        path: any vector file that GDAL opens.
        crs: CRS to give the region in, that of the raster; None where the raster has none.

    Raises:
        LayerError: the file cannot be read, has no CRS while the raster has one, or holds no polygon.
    """
    if not Path(path).is_file():
        raise LayerError(f"The region {path} does not exist: give a vector file with polygons.")
    try:
        frame = geopandas.read_file(path)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        reason = str(error).partition("; It might help")[0].rstrip(".")  # drivers are no matter for the person
        raise LayerError(f"The region {path} cannot be read ({reason}): give a vector file with polygons.") from error
    if not isinstance(frame, geopandas.GeoDataFrame):
        raise LayerError(f"The region {path} holds no geometries: give a vector file with polygons.")
    if crs is not None:
        if frame.crs is None:
            raise LayerError(f"The region {path} has no CRS, so its place is unknown: set one.")
        frame = frame.to_crs(crs)
    polygons = [
        shape for shape in frame.geometry if shape is not None and shape.geom_type in ("Polygon", "MultiPolygon")
    ]
    region = shapely.union_all([shapely.make_valid(shape) for shape in polygons])
    if region.area == 0:
        raise LayerError(f"The region {path} holds no polygon: draw the area to be searched.")
    return region
