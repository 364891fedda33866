"""The part of a scene that a question is limited to."""

from __future__ import annotations

import hashlib

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import geometry_mask
from shapely.geometry.base import BaseGeometry

from .errors import LayerError
from .grid import Grid
from .window import Window


class Region:
    """A polygon laid on a grid."""

    def __init__(self, geometry: BaseGeometry, grid: Grid) -> None:
        """Lay it.

        Args:
            geometry: polygon or multipolygon in the grid's CRS.
            grid: the scene's grid.

        Raises:
            LayerError: it is not a polygon, or lies wholly outside the grid.
        """
        if geometry.is_empty or geometry.geom_type not in ("Polygon", "MultiPolygon"):
            raise LayerError(
                f"The region is {'an empty' if geometry.is_empty else 'a'} {geometry.geom_type}: use a polygon."
            )
        if not geometry.is_valid:
            geometry = shapely.make_valid(geometry)
        if not geometry.intersects(grid.footprint):
            raise LayerError(
                f"The region ({_bounds_text(geometry.bounds)}) lies outside the raster ({_bounds_text(grid.bounds)}): "
                "draw it over the raster, in the raster's CRS."
            )
        self._polygon = grid.to_pixel([geometry])[0]
        self._width = grid.width
        shapely.prepare(self._polygon)

    @property
    def fingerprint(self) -> str:
        """Return 16 hex digits that name the region and its place on the grid."""
        return hashlib.sha256(shapely.to_wkb(self._polygon)).hexdigest()[:16]

    def touches(self, window: Window) -> bool:
        """Return whether a window shares a point with the region."""
        box = shapely.box(window.col_off, window.row_off, window.col_end, window.row_end)
        return bool(self._polygon.intersects(box))

    def clip(self, shape_px: BaseGeometry) -> BaseGeometry:
        """Return the part of a polygon that is inside, polygons only, in pixels of the grid."""
        inside = self._polygon.intersection(shape_px)
        parts = [part for part in shapely.get_parts(inside) if part.geom_type == "Polygon"]
        return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)

    def mask(self, window: Window) -> NDArray[np.bool_]:
        """Return (H, W) bool of a window, True on pixels whose centre is inside."""
        moved = Affine.translation(window.col_off, window.row_off)
        inside = geometry_mask([self._polygon], (window.height, window.width), moved, invert=True)
        return np.asarray(inside, dtype=bool)

    def rows(self, row_off: int, count: int) -> NDArray[np.bool_]:
        """Return (count, W) bool, True on pixels whose centre is inside."""
        inside = geometry_mask([self._polygon], (count, self._width), Affine.translation(0, row_off), invert=True)
        return np.asarray(inside, dtype=bool)


def _bounds_text(bounds: tuple[float, float, float, float]) -> str:
    return ", ".join(f"{value:.6g}" for value in bounds)
