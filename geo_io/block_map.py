"""Which blocks of a raster file were never written: a sparse file is asked, not read, where it holds nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

if TYPE_CHECKING:
    from rasterio.io import DatasetReader


class BlockMap:
    """Knows of each block of an open raster whether anything was written to it; reads no pixels."""

    def __init__(self, dataset: DatasetReader) -> None:
        """Prepare.

        Args:
            dataset: an open raster, used by one thread.
        """
        self._dataset = dataset
        self._block_shape = dataset.block_shapes[0]
        self._bands = _telling_bands(dataset)
        self._rows: dict[int, NDArray[np.bool_]] = {}

    def may_hold_data(self, extent: tuple[float, float, float, float]) -> bool:
        """Return False only where every pixel of a rectangle is known to be without data.

        Args:
            extent: (row_off, col_off, height, width) in pixels of the raster.
        """
        if not self._bands:
            return True
        row, column, height, width = extent
        block_height, block_width = self._block_shape
        first, last = (
            int(max(0, row) // block_height),
            math.ceil(min(row + height, self._dataset.height) / block_height),
        )
        left, right = int(max(0, column) // block_width), math.ceil((column + width) / block_width)
        return any(bool(self._row(index)[left:right].any()) for index in range(first, last))

    def _row(self, index: int) -> NDArray[np.bool_]:
        if index not in self._rows:
            count = math.ceil(self._dataset.width / self._block_shape[1])
            self._rows[index] = np.array([self._is_written(column, index) for column in range(count)], dtype=bool)
        return self._rows[index]

    def _is_written(self, column: int, row: int) -> bool:
        name = f"BLOCK_OFFSET_{column}_{row}"
        return any(self._dataset.get_tag_item(name, "TIFF", bidx=band) is not None for band in self._bands)


def _telling_bands(dataset: DatasetReader) -> list[int]:
    """Return the bands whose missing blocks mean missing pixels; none where a missing block may be a black picture."""
    if dataset.driver != "GTiff":
        return []
    if ColorInterp.alpha in dataset.colorinterp:
        return [dataset.colorinterp.index(ColorInterp.alpha) + 1]
    if any(value is None for value in dataset.nodatavals):
        return []
    is_pixel_wise = str(dataset.interleaving or "").lower().endswith("pixel")
    return [1] if is_pixel_wise else list(range(1, dataset.count + 1))
