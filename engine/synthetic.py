"""Synthetic scenes as files: a GeoTIFF in any CRS and the truth beside it, for the demo and for tests.

The same picture can be laid down rotated, south-up, in degrees or feet, in 8 or 16 bits or as float: whoever reads it
must find the same objects at the same places.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import geopandas
import numpy as np
import pyproj
import rasterio
from affine import Affine
from numpy.typing import NDArray
from shapely.affinity import affine_transform
from shapely.geometry import Polygon

from ..core_model.synthetic import GSD_M, SyntheticChip
from .errors import OptionsError

DTYPES = ("uint8", "uint16", "float32")
_CENTER_LONLAT = (-117.16, 32.71)
"""Where scenes lie whose CRS covers the place; else in the middle of what the CRS covers."""


@dataclass(frozen=True)
class Placement:
    """How a picture is laid on the ground and stored."""

    crs: str = "EPSG:32611"
    """Any CRS that pyproj reads: metres, feet or degrees."""
    rotation_deg: float = 0.0
    """Turn of the raster's rows against the axes of the CRS, counter-clockwise, about the raster's centre."""
    south_up: bool = False
    """Store the southernmost row first, as some producers do."""
    dtype: Literal["uint8", "uint16", "float32"] = "uint8"
    """uint16 holds about 12 bits, float32 reflectance of 0 to 0.6."""
    nodata: float | None = None
    """Value of pixels without data; needs ``nodata_margin_px`` to show."""
    nodata_margin_px: int = 0
    """Width of the strip at the left edge that holds no data."""
    center_lonlat: tuple[float, float] | None = None
    """Where the middle of the scene lies, in degrees; chosen by the CRS if None."""


def write_scene(path: str | Path, picture: SyntheticChip, placement: Placement | None = None) -> Affine:
    """Write a picture as a tiled GeoTIFF.

    Args:
        path: file to write; an existing one is replaced.
        picture: what to write.
        placement: where and how; the defaults of ``Placement`` if None.

    Returns:
        The affine from pixels of ``picture`` (x right, y down, corner of the top-left pixel at (0, 0)) to the CRS.

    Raises:
        OptionsError: the dtype is none of ``DTYPES``, or the CRS is not known.
    """
    how = placement or Placement()
    height, width = picture.image.shape[:2]
    to_map = picture_transform(how, height, width)
    values = _as_dtype(picture.image, how.dtype)
    if how.nodata is not None:
        values[:, : how.nodata_margin_px] = how.nodata
    stored_transform = to_map
    if how.south_up:
        values, stored_transform = values[::-1], to_map * Affine(1, 0, 0, 0, -1, height)
    profile = {
        "driver": "GTiff",
        "height": height,
        "width": width,
        "count": 3,
        "dtype": how.dtype,
        "crs": how.crs,
        "transform": stored_transform,
        "nodata": how.nodata,
        "compress": "deflate",
        "photometric": "RGB",
    }
    if min(height, width) >= 256:
        profile |= {"tiled": True, "blockxsize": 256, "blockysize": 256}
    with rasterio.open(path, "w", **profile) as target:
        target.write(np.moveaxis(values, -1, 0))
    return to_map


def write_truth(path: str | Path, picture: SyntheticChip, to_map: Affine, crs: str) -> geopandas.GeoDataFrame:
    """Write the objects of a picture as a layer with ``class``, ``color`` and ``partial``, and return it.

    Args:
        path: GeoPackage to write; an existing one is replaced.
        picture: whose objects to write.
        to_map: what ``write_scene`` returned.
        crs: the CRS of the scene.
    """
    layer = truth_layer(picture, to_map, crs)
    Path(path).unlink(missing_ok=True)
    layer.to_file(path, driver="GPKG", layer="truth")
    return layer


def truth_layer(picture: SyntheticChip, to_map: Affine, crs: str) -> geopandas.GeoDataFrame:
    """Return the objects of a picture in the CRS of its scene, with ``class``, ``color`` and ``partial``."""
    matrix = [to_map.a, to_map.b, to_map.d, to_map.e, to_map.c, to_map.f]
    return geopandas.GeoDataFrame(
        {
            "class": [item.class_name for item in picture.objects],
            "color": [item.color for item in picture.objects],
            "partial": [item.partial for item in picture.objects],
        },
        geometry=[affine_transform(Polygon(item.polygon), matrix) for item in picture.objects],
        crs=crs,
    )


def picture_transform(placement: Placement, height: int, width: int) -> Affine:
    """Return the affine from pixels to the placement's CRS for a picture of (height, width).

    Raises:
        OptionsError: the CRS is not known.
    """
    try:
        crs = pyproj.CRS.from_user_input(placement.crs)
    except pyproj.exceptions.CRSError as error:
        raise OptionsError(f"'{placement.crs}' is no CRS that PROJ knows; use one such as EPSG:32611.") from error
    lon, lat = placement.center_lonlat or _center(crs)
    x, y = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(lon, lat)
    if crs.is_geographic:
        geod = pyproj.Geod(ellps="WGS84")
        step_x = (geod.fwd(lon, lat, 90, 1000)[0] - lon) * GSD_M / 1000
        step_y = (geod.fwd(lon, lat, 0, 1000)[1] - lat) * GSD_M / 1000
    else:
        step_x = step_y = GSD_M / crs.axis_info[0].unit_conversion_factor
    about_center = Affine.translation(-width / 2, -height / 2)
    return (
        Affine.translation(x, y)
        * Affine.scale(step_x, -step_y)
        * Affine.rotation(-placement.rotation_deg)
        * about_center
    )


def _center(crs: pyproj.CRS) -> tuple[float, float]:
    area = crs.area_of_use
    lon, lat = _CENTER_LONLAT
    if area is None or (area.west <= lon <= area.east and area.south <= lat <= area.north):
        return lon, lat
    return (area.west + area.east) / 2, (area.south + area.north) / 2


def _as_dtype(image: NDArray[np.uint8], dtype: str) -> NDArray[np.generic]:
    """Return a copy of (H, W, 3) uint8 pixels as another sensor would store them: the same picture, other numbers."""
    if dtype == "uint8":
        return image.copy()
    if dtype == "uint16":
        return image.astype(np.uint16) * 14 + 180
    if dtype == "float32":
        return image.astype(np.float32) * np.float32(0.6 / 255)
    raise OptionsError(f"A scene cannot be written as '{dtype}'; use one of {', '.join(DTYPES)}.")
