"""Objects of a scene, measured: the numbers that relations, positions and orders are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from .frame import Coordinates, Frame


@dataclass(frozen=True)
class Placement:
    """N polygons in the two planes of a frame."""

    frame: Frame
    source: NDArray[np.object_]
    """(N,) polygons in map coordinates."""
    metric: NDArray[np.object_]
    """(N,) polygons in the metric plane."""

    @classmethod
    def of(cls, geometries: Sequence[BaseGeometry] | NDArray[np.object_], frame: Frame) -> Placement:
        """Lay out polygons.

        Args:
            geometries: N polygons in the map coordinates of the frame's CRS.
            frame: the picture that the question is about.
        """
        array = np.empty(len(geometries), dtype=object)
        array[:] = list(geometries)
        return cls(frame, array, frame.to_metric(array))

    def __len__(self) -> int:
        """Return N."""
        return len(self.metric)

    def take(self, index: NDArray[np.intp]) -> Placement:
        """Return some of the polygons, in the order of ``index``."""
        return Placement(self.frame, self.source[index], self.metric[index])

    @cached_property
    def picture(self) -> NDArray[np.object_]:
        """(N,) polygons in the picture's plane."""
        return self.frame.to_picture(self.source)

    @cached_property
    def centers_m(self) -> Coordinates:
        """(N, 2) centroids in the metric plane."""
        return _centers(self.metric)

    @cached_property
    def centers_px(self) -> Coordinates:
        """(N, 2) centroids in the picture's plane."""
        return _centers(self.picture)

    @cached_property
    def bounds_px(self) -> Coordinates:
        """(N, 4) min_x, min_y, max_x, max_y in the picture's plane."""
        return np.asarray(shapely.bounds(self.picture), dtype=np.float64).reshape(-1, 4)

    @cached_property
    def areas_m2(self) -> NDArray[np.float64]:
        """(N,) areas in square metres."""
        return np.asarray(shapely.area(self.metric), dtype=np.float64)

    @cached_property
    def sizes_m(self) -> NDArray[np.float64]:
        """(N,) sides of the squares of the same area, in metres."""
        return np.sqrt(np.maximum(self.areas_m2, 1e-12))

    @cached_property
    def sides_m(self) -> NDArray[np.float64]:
        """(N, 2) longer and shorter side of the smallest rectangle around each, in metres."""
        sides = np.zeros((len(self), 2))
        for index, box in enumerate(shapely.oriented_envelope(self.metric)):
            corners = shapely.get_coordinates(box)
            if len(corners) >= 4:
                steps = np.linalg.norm(np.diff(corners[:3], axis=0), axis=1)
                sides[index] = steps.max(), steps.min()
        return sides

    @cached_property
    def tree(self) -> shapely.STRtree:
        """Spatial index over the metric polygons."""
        return shapely.STRtree(self.metric)

    @cached_property
    def spacing_m(self) -> float:
        """Median gap from an object to its nearest neighbour, in metres; 0 for fewer than two objects."""
        if len(self) < 2:
            return 0.0
        sample = self.metric[:: max(1, len(self) // 400)]
        _, gaps = self.tree.query_nearest(sample, exclusive=True, return_distance=True, all_matches=False)
        return float(np.median(gaps)) if len(gaps) else 0.0

    @cached_property
    def uv(self) -> Coordinates:
        """(N, 2) centroids as fractions of the picture: u from left to right, v from top to bottom."""
        grid = self.frame.grid
        return np.column_stack((self.centers_px[:, 0] / grid.width, 1.0 - self.centers_px[:, 1] / grid.height))


def _centers(geometries: NDArray[np.object_]) -> Coordinates:
    points = shapely.centroid(geometries)
    return np.column_stack((shapely.get_x(points), shapely.get_y(points))).reshape(-1, 2)
