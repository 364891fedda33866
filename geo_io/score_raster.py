"""Scores as a raster that any GIS opens: a cloud-optimised GeoTIFF, one band per expression."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.windows import Window as RasterWindow

from .errors import OutputError
from .grid import Grid
from .layer import check_output, replace_whole
from .score_file import ScoreFile, decode_scores

SUFFIXES = (".tif", ".tiff")
BLOCK_PX = 512
CACHE_BYTES = 64_000_000
"""GDAL would else take a share of the machine's memory for its block cache, whatever the size of the raster."""


def check_score_output(path: str | Path, *, inputs: tuple[Path, ...] = (), overwrite: bool = False) -> Path:
    """Check that a raster of scores can be written, before any work is done.

    Args:
        path: where it shall go; a GeoTIFF.
        inputs: files that must not be overwritten.
        overwrite: replace a file that is there.

    Raises:
        OutputError: the ending is not that of a GeoTIFF, or as ``layer.check_output``.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise OutputError(f"The raster of scores {str(path)!r} has the ending {suffix or '(none)'!r}: use .tif.")
    return check_output(path, inputs=inputs, overwrite=overwrite)


def write_score_raster(path: Path, files: Sequence[ScoreFile], names: Sequence[str], grid: Grid) -> None:
    """Write scores as float32 in [0, 1] with NaN as nodata, tiled, compressed and with overviews.

    The file appears when it is whole, in place of one that was there. Memory is bounded by a row of blocks.

    Args:
        path: where; see :func:`check_score_output`.
        files: one per band.
        names: descriptions of the bands.
        grid: where the pixels of the files lie.

    Raises:
        OutputError: the file could not be written; one that was there is untouched.
    """
    profile = {
        "driver": "GTiff", "height": grid.height, "width": grid.width, "count": len(files), "dtype": "float32",
        "nodata": float("nan"), "crs": None if grid.crs is None else grid.crs.to_wkt(), "transform": grid.transform,
        "tiled": True, "blockxsize": BLOCK_PX, "blockysize": BLOCK_PX, "interleave": "band",
        "compress": "deflate", "zlevel": 1, "BIGTIFF": "IF_SAFER", "SPARSE_OK": True,
    }  # fmt: skip
    try:
        with (
            rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES),
            replace_whole(path) as part,
            tempfile.TemporaryDirectory(prefix="referent-") as folder,
        ):
            # A cloud-optimised GeoTIFF can only be made from a whole raster: its overviews come first in the file.
            draft = Path(folder) / "scores.tif"
            with rasterio.open(draft, "w", **profile) as sink:
                for band, (file, name) in enumerate(zip(files, names, strict=True), start=1):
                    sink.set_band_description(band, name)
                    for window in _blocks(grid):
                        codes = file.read(*window)
                        if codes.any():
                            scores = np.where(codes > 0, decode_scores(codes), np.nan).astype(np.float32)
                            row, column, height, width = window
                            sink.write(scores, band, window=RasterWindow(column, row, width, height))
            rasterio.shutil.copy(
                draft, part, driver="COG", compress="DEFLATE", predictor="YES", overview_resampling="AVERAGE"
            )
    except rasterio.errors.RasterioError as error:
        raise OutputError(
            f"The raster of scores {path} could not be written ({error}): check the free space of its folder and of "
            "the folder for temporary files."
        ) from error


def _blocks(grid: Grid) -> Iterator[tuple[int, int, int, int]]:
    for row in range(0, grid.height, BLOCK_PX):
        for column in range(0, grid.width, BLOCK_PX):
            yield row, column, min(BLOCK_PX, grid.height - row), min(BLOCK_PX, grid.width - column)
