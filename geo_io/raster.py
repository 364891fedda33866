"""Rasters: opening whatever is safe to open, and reading windows of bands with a validity mask.

Owns everything that differs between files: formats, kinds of nodata, colour tables, placement. What comes out is
plain arrays on a plain grid.
"""

from __future__ import annotations

import hashlib
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import numpy as np
import pyproj
import rasterio
from affine import Affine
from numpy.typing import NDArray
from PIL import Image
from rasterio.enums import ColorInterp, MaskFlags, Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window as RasterioWindow

from .band import BandChoice, choose_bands
from .block_map import BlockMap
from .errors import RasterError
from .grid import Grid
from .guard import ALLOWED_DRIVERS, GDAL_OPTIONS, check_header, check_source
from .window import Window

_HASHED_BYTES = 1 << 16


class Raster:
    """An open raster file. Not safe to share between threads; close it, or use it as a context manager."""

    def __init__(self, path: Path, files: Sequence[Path], dataset: DatasetReader, grid: Grid) -> None:
        """Take over an open dataset; call :meth:`open` instead."""
        self.path = path
        self.grid = grid
        self._files = list(files)
        self._dataset = dataset
        self._stamps = [_stamp(file) for file in self._files]
        self._palette = _palette(dataset)
        self._blocks = BlockMap(dataset)

    @staticmethod
    def open(path: str | Path, *, allow_no_crs: bool = False) -> Raster:
        """Open a raster file after checking that it is safe, whole and placed on Earth.

        Args:
            path: a file of a format in ``ALLOWED_DRIVERS``.
            allow_no_crs: accept a raster without CRS; its map units are then pixels unless it has a geotransform.

        Raises:
            RasterError: it cannot be opened, or where it lies is in doubt.
        """
        path = Path(path)
        files = check_source(path)
        with _gdal():
            try:
                # rasterio.open takes one driver only; its reader takes a list.
                dataset = DatasetReader(str(path), driver=list(ALLOWED_DRIVERS))
            except RasterioError as error:
                raise RasterError(
                    f"{path.name} is damaged or in a format that is not read here: convert it to GeoTIFF with "
                    f"gdal_translate ({_first_line(error)})."
                ) from error
            try:
                check_header(dataset, path.name)
                return Raster(path, files, dataset, _placed_grid(dataset, path.name, allow_no_crs))
            except BaseException:
                dataset.close()
                raise

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Return the type of the values that :meth:`read` gives."""
        return np.dtype(np.uint8 if self._palette is not None else self._dataset.dtypes[0])

    @property
    def value_bits(self) -> int | None:
        """Return how many bits of an integer are used where the file says so, such as 1, 11 or 12."""
        bits = self._dataset.tags(1, ns="IMAGE_STRUCTURE").get("NBITS")
        return int(bits) if bits else None

    @property
    def overview_levels(self) -> list[int]:
        """Return the shrink factors that the file holds ready."""
        return list(self._dataset.overviews(1))

    @property
    def fingerprint(self) -> str:
        """Return 16 hex digits that change when the file or anything that it reads from changes."""
        digest = hashlib.sha256()
        for file, stamp in zip(self._files, self._stamps, strict=True):
            digest.update(repr(stamp).encode())
            with file.open("rb") as content:
                digest.update(content.read(_HASHED_BYTES))
                content.seek(max(0, stamp[0] - _HASHED_BYTES))
                digest.update(content.read(_HASHED_BYTES))
        return digest.hexdigest()[:16]

    def choose_bands(self, wanted: Sequence[int] | None = None) -> BandChoice:
        """Return the bands that show red, green and blue, or the one band there is.

        Args:
            wanted: the person's choice, counted from 1, or None.

        Raises:
            RasterError: the choice does not fit the raster, or two bands leave it open.
        """
        if self._palette is not None:
            return choose_bands(("red", "green", "blue"), (None,) * 3, wanted, self.path.name)
        interpretations = [interpretation.name for interpretation in self._dataset.colorinterp]
        return choose_bands(interpretations, self._dataset.descriptions, wanted, self.path.name)

    def read(self, window: Window, bands: Sequence[int]) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        """Return pixels as stored.

        Args:
            window: half-open, inside the raster.
            bands: C band numbers, counted from 1; those of the expanded colours where there is a colour table.

        Returns:
            values: (C, H, W) in the raster's type; 0 where not finite.
            valid: (H, W) bool; False on nodata, transparent, masked or not finite pixels.

        Raises:
            RasterError: the file is damaged there.
        """
        extent = (float(window.row_off), float(window.col_off), float(window.height), float(window.width))
        return self.read_resampled(extent, bands, (window.height, window.width))

    def read_resampled(
        self,
        extent: tuple[float, float, float, float],
        bands: Sequence[int],
        shape: tuple[int, int],
        *,
        is_nearest: bool = False,
    ) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        """Return pixels of a rectangle at another resolution: averaged when shrinking, cubic when enlarging.

        Args:
            extent: (row_off, col_off, height, width) in pixels, inside the raster, fractions allowed.
            bands: C band numbers, counted from 1.
            shape: (H, W) wanted.
            is_nearest: pick single pixels instead, which is quick and keeps extremes.

        Returns:
            Values and validity as :meth:`read`; invalid pixels do not bleed into valid ones.

        Raises:
            RasterError: the file is damaged there, or was changed or deleted meanwhile.
        """
        try:
            with _gdal():
                if self._palette is not None:
                    return self._read_palette(extent, bands, shape)
                return self._read_bands(extent, bands, shape, is_nearest)
        except RasterioError as error:
            self.check_unchanged()  # a file that changes under our hands looks damaged
            raise RasterError(
                f"{self.path.name} is damaged: its rows {int(extent[0])} to {math.ceil(extent[0] + extent[2])} cannot "
                f"be read; copy it again or cut the damaged part away ({_first_line(error)})."
            ) from error

    def may_hold_data(self, extent: tuple[float, float, float, float]) -> bool:
        """Return False only where a rectangle is known to be without data, from the file's directory alone.

        Args:
            extent: (row_off, col_off, height, width) in pixels, fractions allowed.
        """
        return self._blocks.may_hold_data(extent)

    def reopened(self) -> Raster:
        """Return the same raster with a file handle of its own, for another thread; the caller closes it.

        Raises:
            RasterError: it was changed, deleted or damaged meanwhile.
        """
        self.check_unchanged()
        with _gdal():
            try:
                dataset = DatasetReader(str(self.path), driver=list(ALLOWED_DRIVERS))
            except RasterioError as error:
                raise RasterError(f"{self.path.name} can no longer be opened ({_first_line(error)}).") from error
        return Raster(self.path, self._files, dataset, self.grid)

    def check_unchanged(self) -> None:
        """Check that the file is still the one that was opened.

        Raises:
            RasterError: it was changed or deleted meanwhile.
        """
        for file, stamp in zip(self._files, self._stamps, strict=True):
            if not file.exists():
                raise RasterError(f"{file.name} was deleted while it was read: bring it back and ask again.")
            if _stamp(file) != stamp:
                raise RasterError(f"{file.name} was changed while it was read: ask again when it is finished.")

    def close(self) -> None:
        """Close the file."""
        self._dataset.close()

    def __enter__(self) -> Raster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _read_bands(
        self, extent: tuple[float, float, float, float], bands: Sequence[int], shape: tuple[int, int], is_nearest: bool
    ) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        row, column, height, width = extent
        window = RasterioWindow(column, row, width, height)
        resampling = Resampling.nearest
        if not is_nearest and shape != (height, width):
            resampling = Resampling.cubic if shape[0] * shape[1] > height * width else Resampling.average
        # Repeated bands are read once.
        distinct = sorted(set(bands))
        values = self._dataset.read(distinct, window=window, out_shape=(len(distinct), *shape), resampling=resampling)
        valid = self._read_validity(window, distinct, shape)
        if values.dtype.kind == "f":
            finite = np.isfinite(values)
            if not finite.all():
                valid &= finite.all(axis=0)
                values[~finite] = 0
        return values[[distinct.index(band) for band in bands]], valid

    def _read_validity(self, window: RasterioWindow, bands: list[int], shape: tuple[int, int]) -> NDArray[np.bool_]:
        flags = self._dataset.mask_flag_enums[bands[0] - 1]
        if MaskFlags.all_valid in flags:
            return np.ones(shape, dtype=bool)
        # One mask serves all bands where it comes from alpha or a mask band; nodata is a matter of each band,
        # and black in one band only is a colour.
        wanted = bands[:1] if MaskFlags.per_dataset in flags else bands
        masks = self._dataset.read_masks(
            wanted, window=window, out_shape=(len(wanted), *shape), resampling=Resampling.nearest
        )
        return np.asarray((masks > 0).any(axis=0), dtype=bool)

    def _read_palette(
        self, extent: tuple[float, float, float, float], bands: Sequence[int], shape: tuple[int, int]
    ) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        """Expand colours at full resolution first: an average of table indices means nothing."""
        row, column, height, width = extent
        margin_y, margin_x = (2 + math.ceil(2 * extent[2] / shape[0]), 2 + math.ceil(2 * extent[3] / shape[1]))
        top, left = max(0, math.floor(row) - margin_y), max(0, math.floor(column) - margin_x)
        bottom = min(self.grid.height, math.ceil(row + height) + margin_y)
        right = min(self.grid.width, math.ceil(column + width) + margin_x)
        window = RasterioWindow(left, top, right - left, bottom - top)
        indices = self._dataset.read(1, window=window)
        mask = self._dataset.read_masks(1, window=window) > 0
        if self._palette is None:  # pragma: no cover - callers checked
            raise RasterError(f"{self.path.name} has no colour table.")
        colours = self._palette[np.minimum(indices, len(self._palette) - 1)]
        mask &= colours[..., 3] > 0
        box = (column - left, row - top, column - left + width, row - top + height)
        if shape == (bottom - top, right - left) and box[:2] == (0, 0):
            resized, valid = colours, mask
        else:
            is_whole = shape == (height, width) and float(row).is_integer() and float(column).is_integer()
            smooth = Image.Resampling.BOX if shape[0] * shape[1] < height * width else Image.Resampling.BICUBIC
            method = Image.Resampling.NEAREST if is_whole else smooth
            size = (shape[1], shape[0])
            planes = [Image.fromarray(colours[..., c]).resize(size, method, box=box) for c in range(3)]
            resized = np.stack([np.asarray(plane) for plane in planes], axis=-1)
            image = Image.fromarray(mask.astype(np.uint8))
            valid = np.asarray(image.resize(size, Image.Resampling.NEAREST, box=box)) > 0
        values = np.ascontiguousarray(resized[..., [band - 1 for band in bands]].transpose(2, 0, 1))
        return values, np.asarray(valid, dtype=bool)


@contextmanager
def _gdal() -> Iterator[None]:
    with warnings.catch_warnings(), rasterio.Env(**GDAL_OPTIONS):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def _placed_grid(dataset: DatasetReader, name: str, allow_no_crs: bool) -> Grid:
    transform: Affine = dataset.transform
    has_transform = not transform.is_identity
    if not has_transform and (dataset.gcps[0] or dataset.rpcs):
        kind = "ground control points" if dataset.gcps[0] else "RPC coefficients"
        raise RasterError(f"{name} is placed by {kind} only: rectify it first with gdalwarp -t_srs EPSG:... .")
    if has_transform and (transform.determinant == 0 or not math.isfinite(transform.determinant)):
        raise RasterError(f"{name} has a geotransform that squeezes all pixels onto a line: repair its georeference.")
    crs: pyproj.CRS | None = None
    if dataset.crs is not None and dataset.crs.to_wkt():
        try:
            crs = pyproj.CRS.from_wkt(dataset.crs.to_wkt())
        except pyproj.exceptions.CRSError as error:
            raise RasterError(
                f"{name} has a CRS that PROJ does not understand: assign one, gdal_edit.py -a_srs."
            ) from error
    if not has_transform:
        if crs is not None and not allow_no_crs:
            raise RasterError(f"{name} has a CRS but no geotransform, so its place is unknown: georeference it first.")
        # QGIS shows such a raster with rows running down from y = 0.
        crs, transform = None, Affine(1, 0, 0, 0, -1, 0)
    if crs is None and not allow_no_crs:
        raise RasterError(
            f"{name} has no CRS: set one (gdal_edit.py -a_srs EPSG:...) or allow pixel units (--allow-no-crs)."
        )
    return Grid(crs, transform, dataset.height, dataset.width)


def _palette(dataset: DatasetReader) -> NDArray[np.uint8] | None:
    """Return the colour table as (256 or 65536, 4) uint8, red green blue alpha."""
    if dataset.colorinterp[0] != ColorInterp.palette or dataset.dtypes[0] not in ("uint8", "uint16"):
        return None
    table = dataset.colormap(1)
    palette = np.zeros((max(table) + 1, 4), dtype=np.uint8)
    for index, colour in table.items():
        palette[index] = colour
    return palette


def _stamp(file: Path) -> tuple[int, int]:
    status = file.stat()
    return (status.st_size, status.st_mtime_ns)


def _first_line(error: BaseException) -> str:
    return str(error.__cause__ or error).strip().splitlines()[0][:160] if str(error) else type(error).__name__
