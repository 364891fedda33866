"""The picture that a question is about, and two planes to measure in.

``left`` and ``top`` are directions of the picture as a person sees it; ``north`` and ``200 m`` are of the Earth. So
every geometry is held twice: in the picture's plane (x to the right, y up, pixels) and in a metric plane (x east,
y north, metres, true north up) that touches the ellipsoid at the picture's middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyproj
import shapely
from affine import Affine
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from .grid import Grid, apply_transform, horizontal_crs

Coordinates = NDArray[np.float64]


_LARGE_M = 1_000_000.0
"""Pictures wider than this are measured in an equidistant plane, others in a stereographic one."""


@dataclass(frozen=True)
class Frame:
    """A picture laid on a map."""

    grid: Grid
    """The picture as it is seen: row 0 is its top, column 0 its left side."""
    is_one_view: bool = False
    """Whether a person sees all of it at once, as one tile of the network does: ``tank`` then means one tank."""

    @classmethod
    def from_bounds(
        cls, bounds: tuple[float, float, float, float], crs: pyproj.CRS | None, is_one_view: bool = False
    ) -> Frame:
        """Return the frame of a map view or a region: up is the map's y axis.

        Args:
            bounds: (min_x, min_y, max_x, max_y) in coordinates of ``crs``.
            crs: the map's CRS; None if coordinates mean nothing but pixels.
            is_one_view: see the field.
        """
        min_x, min_y, max_x, max_y = bounds
        side = max(max_x - min_x, max_y - min_y) or 1.0
        step = side / 1000
        height, width = (max(1, round((high - low) / step)) for low, high in ((min_y, max_y), (min_x, max_x)))
        transform = Affine((max_x - min_x) / width, 0.0, min_x, 0.0, -(max_y - min_y) / height, max_y)
        return cls(Grid(crs, transform, height, width), is_one_view)

    @cached_property
    def _to_metric(self) -> pyproj.Transformer | None:
        """Map coordinates to the metric plane; None where coordinates mean nothing but pixels."""
        crs = self.grid.crs
        if crs is None:
            return None
        plane = horizontal_crs(crs)
        geodetic = plane.geodetic_crs
        if geodetic is None:
            return None
        x, y = apply_transform(self.grid.transform, self.grid.width / 2, self.grid.height / 2)
        lon, lat = pyproj.Transformer.from_crs(plane, geodetic.to_2d(), always_xy=True).transform(x, y)
        # Four times as fast, but no plane for half the Earth.
        is_large = (self.grid.pixel_size_m or 0.0) * max(self.grid.shape) > _LARGE_M
        local = pyproj.CRS.from_dict(
            {
                "proj": "aeqd" if is_large else "stere",
                "lat_0": lat,
                "lon_0": lon,
                "datum": "WGS84",
                "units": "m",
                "type": "crs",
            }
        )
        return pyproj.Transformer.from_crs(plane, local, always_xy=True)

    @cached_property
    def _metric_to_lonlat(self) -> pyproj.Transformer | None:
        if self._to_metric is None or self._to_metric.target_crs is None:
            return None
        return pyproj.Transformer.from_crs(self._to_metric.target_crs, "EPSG:4326", always_xy=True)

    def to_picture(self, geometries: Sequence[BaseGeometry] | NDArray[np.object_]) -> NDArray[np.object_]:
        """Return geometries in the picture's plane: x to the right, y up, in pixels.

        Args:
            geometries: in the map coordinates of the grid's CRS.
        """
        inverse = ~self.grid.transform
        height = self.grid.height

        def move(xy: Coordinates) -> Coordinates:
            column = inverse.a * xy[:, 0] + inverse.b * xy[:, 1] + inverse.c
            row = inverse.d * xy[:, 0] + inverse.e * xy[:, 1] + inverse.f
            return np.column_stack((column, height - row))

        return np.asarray(shapely.transform(np.asarray(geometries, dtype=object), move), dtype=object)

    def to_metric(self, geometries: Sequence[BaseGeometry] | NDArray[np.object_]) -> NDArray[np.object_]:
        """Return geometries in the metric plane: x east, y north, in metres; without a CRS the picture's plane.

        Args:
            geometries: in the map coordinates of the grid's CRS.
        """
        transformer = self._to_metric
        if transformer is None:
            return self.to_picture(geometries)

        def move(xy: Coordinates) -> Coordinates:
            return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

        return np.asarray(shapely.transform(np.asarray(geometries, dtype=object), move), dtype=object)

    def north_at(self, points: Coordinates) -> Coordinates:
        """Return the unit vectors to true north at places of the metric plane.

        Away from the plane's middle meridians converge; without this, ``north of`` would be off by a degree and more
        over a large scene.

        Args:
            points: (N, 2) metres in the metric plane.

        Returns:
            (N, 2) unit vectors in the metric plane.
        """
        transformer = self._metric_to_lonlat
        if transformer is None or len(points) == 0:
            return np.tile([0.0, 1.0], (len(points), 1))
        lon, lat = transformer.transform(points[:, 0], points[:, 1])
        x, y = transformer.transform(lon, np.asarray(lat) + 1e-4, direction="INVERSE")
        step = np.column_stack((x, y)) - points
        length = np.linalg.norm(step, axis=1, keepdims=True)
        north: Coordinates = np.divide(step, length, out=np.tile([0.0, 1.0], (len(points), 1)), where=length > 0)
        return north

    def geodesic_m(self, starts: Coordinates, ends: Coordinates) -> NDArray[np.float64]:
        """Return distances on the ellipsoid between places of the metric plane.

        Args:
            starts: (N, 2) metres in the metric plane.
            ends: (N, 2) likewise.

        Returns:
            (N,) metres; without a CRS pixels.
        """
        transformer = self._metric_to_lonlat
        if transformer is None or len(starts) == 0:
            return np.asarray(np.linalg.norm(ends - starts, axis=1), dtype=np.float64)
        lon_a, lat_a = transformer.transform(starts[:, 0], starts[:, 1])
        lon_b, lat_b = transformer.transform(ends[:, 0], ends[:, 1])
        return np.asarray(pyproj.Geod(ellps="WGS84").inv(lon_a, lat_a, lon_b, lat_b)[2], dtype=np.float64)
