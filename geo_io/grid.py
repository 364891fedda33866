"""Grids: where pixels lie on Earth, and how large they are there.

A grid is CRS, affine transform and size. Pixel coordinates are (column, row) from the corner of the top-left pixel;
the full six-term transform is used everywhere, so rotated, sheared, mirrored and non-square grids need no special case.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
import pyproj
import shapely
from affine import Affine
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from .errors import RasterError

SAME_SIZE_TOLERANCE = 0.05
"""Pixel sizes that differ by less than this fraction count as equal: resampling costs sharpness and gains nothing."""

NOMINAL_SCALE_TOLERANCE = 0.01
"""A CRS whose metres are off by less than this fraction is measured in its own plane, else on the ellipsoid."""


@dataclass(frozen=True)
class Grid:
    """Pixels laid out on a map."""

    crs: pyproj.CRS | None
    """CRS of the map coordinates; None if they mean nothing but pixels."""
    transform: Affine
    """(column, row) to map (x, y)."""
    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        """Return (height, width)."""
        return (self.height, self.width)

    @property
    def footprint(self) -> shapely.Polygon:
        """Return the grid's outline in map coordinates."""
        corners = [(0, 0), (self.width, 0), (self.width, self.height), (0, self.height)]
        return shapely.Polygon([apply_transform(self.transform, *corner) for corner in corners])

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Return (min_x, min_y, max_x, max_y) in map coordinates."""
        return cast("tuple[float, float, float, float]", self.footprint.bounds)

    @cached_property
    def pixel_size_xy_m(self) -> tuple[float, float] | None:
        """Return the ground size of the middle pixel along columns and rows, in metres; None without a CRS.

        Raises:
            RasterError: the grid's middle cannot be placed on Earth.
        """
        if self.crs is None:
            return None
        return _pixel_size_xy_m(self, self.crs, (self.width / 2, self.height / 2))

    @property
    def pixel_size_m(self) -> float | None:
        """Return the side of a square as large as the middle pixel, in metres; None without a CRS."""
        size_xy = self.pixel_size_xy_m
        return None if size_xy is None else math.sqrt(size_xy[0] * size_xy[1])

    @cached_property
    def pixel_size_spread(self) -> float:
        """Return the largest over the smallest pixel area found at middle, corners and edges; 1 without a CRS."""
        if self.crs is None:
            return 1.0
        places = [(self.width * x, self.height * y) for x in (0.0, 0.5, 1.0) for y in (0.0, 0.5, 1.0)]
        areas = []
        for place in places:
            try:
                size_xy = _pixel_size_xy_m(self, self.crs, place)
            except RasterError:  # a corner off the projection says nothing about the rest
                continue
            areas.append(size_xy[0] * size_xy[1])
        return max(areas) / max(min(areas), 1e-12) if areas else 1.0

    def resampled(self, gsd_m: float) -> Grid:
        """Return the grid of the same footprint with square pixels of about ``gsd_m``.

        The footprint is kept to the last digit, so the pixel size is rounded to a whole number of pixels.
        An axis that is within 5 % of ``gsd_m`` stays as it is; without a CRS pixels are taken to be right.

        Args:
            gsd_m: wanted ground resolution, in metres per pixel.
        """
        size_xy = self.pixel_size_xy_m
        if size_xy is None:
            return self
        width = _resampled_length(self.width, size_xy[0], gsd_m)
        height = _resampled_length(self.height, size_xy[1], gsd_m)
        transform = chain_transforms(self.transform, Affine.scale(self.width / width, self.height / height))
        return Grid(self.crs, transform, height, width)

    def to_map(self, geometries_px: Sequence[BaseGeometry]) -> list[BaseGeometry]:
        """Return geometries in map coordinates.

        Args:
            geometries_px: geometries in pixel coordinates (column, row).
        """
        return [_transformed(geometry, self.transform) for geometry in geometries_px]

    def to_pixel(self, geometries: Sequence[BaseGeometry]) -> list[BaseGeometry]:
        """Return geometries in pixel coordinates (column, row).

        Args:
            geometries: geometries in map coordinates.
        """
        inverse = ~self.transform
        return [_transformed(geometry, inverse) for geometry in geometries]


def apply_transform(transform: Affine, column: float, row: float) -> tuple[float, float]:
    """Return the map coordinates of one place in pixels; affine 2 and 3 spell this differently."""
    t = transform
    return (t.a * column + t.b * row + t.c, t.d * column + t.e * row + t.f)


def chain_transforms(outer: Affine, inner: Affine) -> Affine:
    """Return the transform that applies ``inner`` first; affine 2 and 3 spell this differently too."""
    o, i = outer, inner
    return Affine(
        o.a * i.a + o.b * i.d,
        o.a * i.b + o.b * i.e,
        o.a * i.c + o.b * i.f + o.c,
        o.d * i.a + o.e * i.d,
        o.d * i.b + o.e * i.e,
        o.d * i.c + o.e * i.f + o.f,
    )


def measure_areas_m2(geometries: Sequence[BaseGeometry], crs: pyproj.CRS | None) -> NDArray[np.float64]:
    """Return the areas of polygons on the ground.

    Measured in the plane where the CRS keeps metres true within 1 %, else on the ellipsoid (degrees, Web Mercator).

    Args:
        geometries: N polygons in coordinates of ``crs``.
        crs: their CRS; None gives areas in square pixels.

    Returns:
        (N,) float64, square metres.
    """
    if not geometries:
        return np.zeros(0)
    planar = np.asarray(shapely.area(geometries), dtype=np.float64)
    if crs is None:
        return planar
    plane = horizontal_crs(crs)
    unit_m = _plane_unit_m(plane)
    to_lonlat = _lonlat_transformer(plane)
    if to_lonlat is None:
        return planar * (unit_m or 1.0) ** 2
    if unit_m is not None:
        middle = shapely.box(*shapely.total_bounds(geometries)).centroid
        if _keeps_metres(plane, to_lonlat, (middle.x, middle.y), unit_m):
            return planar * unit_m**2
    geod = plane.get_geod()
    areas = []
    for geometry in geometries:
        lonlat = shapely.transform(geometry, lambda xy: np.column_stack(to_lonlat.transform(xy[:, 0], xy[:, 1])))
        parts = shapely.get_parts(lonlat)
        areas.append(sum(abs(geod.geometry_area_perimeter(shapely.geometry.polygon.orient(p))[0]) for p in parts))
    return np.asarray(areas, dtype=np.float64)


def horizontal_crs(crs: pyproj.CRS) -> pyproj.CRS:
    """Return the two-dimensional part of a compound or three-dimensional CRS."""
    if crs.is_compound:
        return horizontal_crs(crs.sub_crs_list[0])
    if crs.is_bound and crs.source_crs is not None:
        return horizontal_crs(crs.source_crs)
    return crs.to_2d()


def _resampled_length(length_px: int, size_m: float, gsd_m: float) -> int:
    if abs(size_m / gsd_m - 1) <= SAME_SIZE_TOLERANCE:
        return length_px
    return max(1, round(length_px * size_m / gsd_m))


def _transformed(geometry: BaseGeometry, transform: Affine) -> BaseGeometry:
    t = transform
    moved = shapely.transform(
        geometry,
        lambda xy: np.column_stack((t.a * xy[:, 0] + t.b * xy[:, 1] + t.c, t.d * xy[:, 0] + t.e * xy[:, 1] + t.f)),
    )
    # A mirroring transform turns rings inside out.
    return shapely.geometry.polygon.orient(moved) if isinstance(moved, shapely.Polygon) else moved


def _plane_unit_m(plane: pyproj.CRS) -> float | None:
    """Metres per unit of a projected or engineering CRS; None for degrees."""
    if plane.is_geographic or not plane.axis_info:
        return None
    return float(plane.axis_info[0].unit_conversion_factor) or 1.0


def _lonlat_transformer(plane: pyproj.CRS) -> pyproj.Transformer | None:
    geodetic = plane.geodetic_crs
    if geodetic is None:  # a local engineering CRS is not tied to Earth
        return None
    return pyproj.Transformer.from_crs(plane, geodetic.to_2d(), always_xy=True)


def _step_m(
    plane: pyproj.CRS, to_lonlat: pyproj.Transformer, start: tuple[float, float], end: tuple[float, float]
) -> float:
    lons, lats = to_lonlat.transform([start[0], end[0]], [start[1], end[1]])
    if not np.isfinite([*lons, *lats]).all():
        return math.nan
    return float(plane.get_geod().inv(lons[0], lats[0], lons[1], lats[1])[2])


def _keeps_metres(plane: pyproj.CRS, to_lonlat: pyproj.Transformer, place: tuple[float, float], unit_m: float) -> bool:
    x, y = place
    span = 10.0
    scales = (
        _step_m(plane, to_lonlat, place, (x + span, y)) / (span * unit_m),
        _step_m(plane, to_lonlat, place, (x, y + span)) / (span * unit_m),
    )
    return all(abs(scale - 1) <= NOMINAL_SCALE_TOLERANCE for scale in scales)


def _pixel_size_xy_m(grid: Grid, crs: pyproj.CRS, place_px: tuple[float, float]) -> tuple[float, float]:
    plane = horizontal_crs(crs)
    column, row = place_px
    origin = apply_transform(grid.transform, column, row)
    right = apply_transform(grid.transform, column + 1, row)
    below = apply_transform(grid.transform, column, row + 1)
    nominal_xy = (math.dist(origin, right), math.dist(origin, below))
    unit_m = _plane_unit_m(plane)
    to_lonlat = _lonlat_transformer(plane)
    if to_lonlat is None:
        scale = unit_m or 1.0
        return (nominal_xy[0] * scale, nominal_xy[1] * scale)
    if unit_m is not None and _keeps_metres(plane, to_lonlat, origin, unit_m):
        return (nominal_xy[0] * unit_m, nominal_xy[1] * unit_m)
    size_xy = (_step_m(plane, to_lonlat, origin, right), _step_m(plane, to_lonlat, origin, below))
    if not all(math.isfinite(size) and size > 0 for size in size_xy):
        raise RasterError(
            f"The raster's middle ({origin[0]:.6g}, {origin[1]:.6g}) lies outside the area of its CRS "
            f"({crs.name}): give it the CRS that its coordinates are in."
        )
    return size_xy
