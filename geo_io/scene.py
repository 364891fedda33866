"""Scenes: a raster as the network sees it, upright 8-bit red-green-blue at one ground resolution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from .grid import Grid, chain_transforms
from .orientation import find_orientation
from .raster import Raster
from .stretch import Stretch
from .window import Window

MAX_ENLARGEMENT = 4.0
"""Coarse rasters are not enlarged more than this along an axis: no network finds what the pixels do not hold."""


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
        pixel_size_m = raster.grid.pixel_size_m
        if pixel_size_m is not None:
            gsd_m = max(gsd_m, pixel_size_m / MAX_ENLARGEMENT)
        self.grid: Grid = self._upright.resampled(gsd_m)
        self.gsd_m: float | None = None if pixel_size_m is None else gsd_m
        """Ground resolution in metres per pixel; None where pixels have no size."""

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

    def read_many(self, windows: Sequence[Window]) -> list[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
        """Return the tiles of neighbouring windows, reading each pixel of their common rectangle once.

        Args:
            windows: as for :meth:`read`; one or more.
        """
        row = min(window.row_off for window in windows)
        column = min(window.col_off for window in windows)
        hull = Window(row, column, max(w.row_end for w in windows) - row, max(w.col_end for w in windows) - column)
        pixels, valid = self._read_hull(hull)
        tiles = []
        for window in windows:
            rows = slice(window.row_off - row, window.row_end - row)
            columns = slice(window.col_off - column, window.col_end - column)
            tiles.append(_filled(pixels[:, rows, columns], valid[rows, columns]))
        return tiles

    def _read_hull(self, hull: Window) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        pixels = np.zeros((3, hull.height, hull.width), dtype=np.uint8)
        valid = np.zeros((hull.height, hull.width), dtype=bool)
        top, left = max(0, hull.row_off), max(0, hull.col_off)
        bottom, right = min(self.grid.height, hull.row_end), min(self.grid.width, hull.col_end)
        if top >= bottom or left >= right:
            return pixels, valid
        scale_y = self._upright.height / self.grid.height
        scale_x = self._upright.width / self.grid.width
        extent = self._orientation.stored_extent(
            (top * scale_y, left * scale_x, (bottom - top) * scale_y, (right - left) * scale_x), self._upright.shape
        )
        shape = (bottom - top, right - left)
        stored_shape = shape[::-1] if self._orientation.is_transposed else shape
        values, known = self.raster.read_resampled(extent, self.bands, stored_shape)
        inside = (slice(top - hull.row_off, bottom - hull.row_off), slice(left - hull.col_off, right - hull.col_off))
        # A single band spreads over red, green and blue here.
        pixels[(slice(None), *inside)] = self._orientation.to_upright(self.stretch.apply(values))
        valid[inside] = self._orientation.to_upright(known)
        return pixels, valid


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
