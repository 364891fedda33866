"""Scenes: a raster as the network sees it, upright 8-bit red-green-blue at one ground resolution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from .errors import RasterError
from .grid import Grid, chain_transforms
from .orientation import find_orientation
from .raster import Raster
from .stretch import Stretch
from .window import Window

MAX_ENLARGEMENT = 4.0
"""Coarse rasters are not enlarged more than this along an axis: no network finds what the pixels do not hold."""

SMALLEST_HOLE_PX = 32
"""Parts of this side and less are left out as a whole where they are damaged."""


class Scene:
    """An upright uint8 RGB picture of a raster; reads windows from it on demand."""

    def __init__(self, raster: Raster, bands: Sequence[int], stretch: Stretch, gsd_m: float) -> None:
        """Lay the picture over the raster.

        Args:
            raster: the open raster, kept open by the caller.
            bands: one band or three, counted from 1.
            stretch: how stored values become 0...255.
            gsd_m: wanted ground resolution; a raster without CRS keeps its pixels.

        Raises:
            RasterError: the raster cannot be placed on Earth.
        """
        self.raster = raster
        self.bands = tuple(bands)
        self.stretch = stretch
        self._orientation = find_orientation(raster.grid)
        self._upright = self._orientation.upright_grid(raster.grid)
        self._wanted_gsd_m = gsd_m
        pixel_size_m = raster.grid.pixel_size_m
        if pixel_size_m is not None:
            gsd_m = max(gsd_m, pixel_size_m / MAX_ENLARGEMENT)
        self.grid: Grid = self._upright.resampled(gsd_m)
        self.gsd_m: float | None = None if pixel_size_m is None else gsd_m
        """Ground resolution in metres per pixel; None where pixels have no size."""

    def reopened(self) -> Scene:
        """Return the same scene with a file handle of its own, for another thread; the caller closes its raster."""
        return Scene(self.raster.reopened(), self.bands, self.stretch, self._wanted_gsd_m)

    def may_hold_data(self, window: Window) -> bool:
        """Return False only where a window is known to be without data before it is read.

        Args:
            window: half-open, in pixels of :attr:`grid`; may reach beyond it.
        """
        inside = window.clipped(self.grid.shape)
        if inside is None:
            return False
        row, column, height, width = self._stored_extent(inside)
        # What lies within reach of the resampling kernel counts as well.
        margin = 4 + 4 * max(1.0, self._upright.height / self.grid.height, self._upright.width / self.grid.width)
        return self.raster.may_hold_data((row - margin, column - margin, height + 2 * margin, width + 2 * margin))

    def read(self, window: Window) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Return a tile.

        Args:
            window: half-open, in pixels of :attr:`grid`; may reach beyond it.

        Returns:
            tile: (3, H, W) uint8; invalid pixels hold the mean colour of the valid ones, which draws no edge.
            valid: (H, W) bool; False outside the raster and where it has no data.

        Raises:
            RasterError: the file is damaged there.
        """
        return self.read_many([window])[0]

    def read_many(
        self, windows: Sequence[Window], holes: list[Window] | None = None
    ) -> list[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
        """Return the tiles of neighbouring windows, reading each pixel of their common rectangle once.

        Args:
            windows: as for :meth:`read`; one or more.
            holes: where given, parts that cannot be read are invalid and are added to it, instead of an error.
        """
        row = min(window.row_off for window in windows)
        column = min(window.col_off for window in windows)
        hull = Window(row, column, max(w.row_end for w in windows) - row, max(w.col_end for w in windows) - column)
        pixels, valid = self._read_hull(hull, holes)
        tiles = []
        for window in windows:
            rows = slice(window.row_off - row, window.row_end - row)
            columns = slice(window.col_off - column, window.col_end - column)
            tiles.append(_filled(pixels[:, rows, columns], valid[rows, columns]))
        return tiles

    def _read_hull(self, hull: Window, holes: list[Window] | None) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        pixels = np.zeros((3, hull.height, hull.width), dtype=np.uint8)
        valid = np.zeros((hull.height, hull.width), dtype=bool)
        part = hull.clipped(self.grid.shape)
        if part is not None:
            place = (
                slice(part.row_off - hull.row_off, part.row_end - hull.row_off),
                slice(part.col_off - hull.col_off, part.col_end - hull.col_off),
            )
            self._read_part(part, pixels[(slice(None), *place)], valid[place], holes)
        return pixels, valid

    def _read_part(
        self, part: Window, pixels: NDArray[np.uint8], valid: NDArray[np.bool_], holes: list[Window] | None
    ) -> None:
        """Fill (3, H, W) pixels and (H, W) valid of a window inside the grid, by halves where it is damaged."""
        shape = (part.height, part.width)
        stored_shape = shape[::-1] if self._orientation.is_transposed else shape
        try:
            values, known = self.raster.read_resampled(self._stored_extent(part), self.bands, stored_shape)
        except RasterError:
            if holes is None:
                raise
            self.raster.check_unchanged()
            if max(shape) <= SMALLEST_HOLE_PX:
                holes.append(part)
                return
            for half in part.halves():
                rows = slice(half.row_off - part.row_off, half.row_end - part.row_off)
                columns = slice(half.col_off - part.col_off, half.col_end - part.col_off)
                self._read_part(half, pixels[:, rows, columns], valid[rows, columns], holes)
            return
        # A single band spreads over red, green and blue here.
        pixels[:] = self._orientation.to_upright(self.stretch.apply(values))
        valid[:] = self._orientation.to_upright(known)

    def _stored_extent(self, part: Window) -> tuple[float, float, float, float]:
        """Return the (row_off, col_off, height, width) in the raster of a window inside the grid."""
        scale_y = self._upright.height / self.grid.height
        scale_x = self._upright.width / self.grid.width
        extent = (part.row_off * scale_y, part.col_off * scale_x, part.height * scale_y, part.width * scale_x)
        return self._orientation.stored_extent(extent, self._upright.shape)


def _filled(tile: NDArray[np.uint8], valid: NDArray[np.bool_]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    tile, valid = np.ascontiguousarray(tile), np.ascontiguousarray(valid)
    if valid.any() and not valid.all():
        tile = tile.copy()
        tile[:, ~valid] = tile[:, valid].mean(axis=1).round().astype(np.uint8)[:, None]
    return tile, valid


def read_overview(
    raster: Raster, bands: Sequence[int], stretch: Stretch, min_side_px: int, max_side_px: int
) -> tuple[NDArray[np.uint8], Grid]:
    """Return the whole raster as one upright picture, for people to look at.

    Args:
        raster: the open raster.
        bands: one band or three, counted from 1.
        stretch: how stored values become 0...255.
        min_side_px: the longer side is enlarged to this where the raster is smaller.
        max_side_px: the longer side is shrunk to this where the raster is larger.

    Returns:
        pixels: (3, H, W) uint8, black without data.
        grid: where they lie.
    """
    orientation = find_orientation(raster.grid)
    upright = orientation.upright_grid(raster.grid)
    longest = max(upright.shape)
    scale = min(max(longest, min_side_px), max_side_px) / longest
    height, width = (max(1, round(side * scale)) for side in upright.shape)
    transform = chain_transforms(upright.transform, Affine.scale(upright.width / width, upright.height / height))
    stored_shape = (width, height) if orientation.is_transposed else (height, width)
    whole = (0.0, 0.0, float(raster.grid.height), float(raster.grid.width))
    values, valid = raster.read_resampled(whole, bands, stored_shape)
    pixels = np.zeros((3, *stored_shape), dtype=np.uint8)
    pixels[:] = stretch.apply(values) * valid
    return np.ascontiguousarray(orientation.to_upright(pixels)), Grid(upright.crs, transform, height, width)
