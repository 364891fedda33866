"""Turn rasters so that up in the picture is up on the map.

A network that reads "the upper left" must see north-up tiles, also of rasters stored from south to north, mirrored or
turned by a quarter. The eight arrangements without resampling are enough: any other angle stays as it is stored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from .grid import Grid, chain_transforms


@dataclass(frozen=True)
class Orientation:
    """How the upright picture is made from the stored one: transpose first, then flips."""

    is_transposed: bool = False
    flips_rows: bool = False
    flips_columns: bool = False

    def upright_grid(self, stored: Grid) -> Grid:
        """Return the grid of the upright picture."""
        height, width = stored.shape[::-1] if self.is_transposed else stored.shape
        flip = Affine(-1, 0, width, 0, 1, 0) if self.flips_columns else Affine.identity()
        if self.flips_rows:
            flip = chain_transforms(Affine(1, 0, 0, 0, -1, height), flip)
        swap = Affine(0, 1, 0, 1, 0, 0) if self.is_transposed else Affine.identity()
        return Grid(stored.crs, chain_transforms(stored.transform, chain_transforms(swap, flip)), height, width)

    def stored_extent(
        self, extent: tuple[float, float, float, float], upright_shape: tuple[int, int]
    ) -> tuple[float, float, float, float]:
        """Return where a rectangle of the upright picture lies in the stored one.

        Args:
            extent: (row_off, col_off, height, width) in pixels of the upright picture, fractions allowed.
            upright_shape: (height, width) of the upright picture.
        """
        row, column, height, width = extent
        if self.flips_rows:
            row = upright_shape[0] - row - height
        if self.flips_columns:
            column = upright_shape[1] - column - width
        return (column, row, width, height) if self.is_transposed else (row, column, height, width)

    def to_upright(self, stored: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return a view of (..., H, W) stored pixels as the upright picture."""
        upright = stored.swapaxes(-1, -2) if self.is_transposed else stored
        if self.flips_rows:
            upright = upright[..., ::-1, :]
        if self.flips_columns:
            upright = upright[..., ::-1]
        return upright


def find_orientation(grid: Grid) -> Orientation:
    """Return the arrangement that puts the map's y axis nearest to up and its x axis nearest to right."""
    t = grid.transform
    column_step, row_step = complex(t.a, t.d), complex(t.b, t.e)
    is_transposed = abs((column_step / abs(column_step)).real) < abs((column_step / abs(column_step)).imag)
    if is_transposed:
        column_step, row_step = row_step, column_step
    return Orientation(is_transposed, flips_rows=row_step.imag > 0, flips_columns=column_step.real < 0)
