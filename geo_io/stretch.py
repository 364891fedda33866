"""One mapping of stored values to 0...255 for a whole raster.

It is found once, from overviews or a sample, and never per tile: a tile-wise stretch would make the same roof look
different in neighbouring tiles, and the answer change at the seam.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import RasterError
from .raster import Raster
from .window import Window

LOW_PERCENTILE, HIGH_PERCENTILE = 1.0, 99.0
FULL_RANGES = (1.0, 255.0, 1023.0, 2047.0, 4095.0, 65535.0)
"""Upper ends of ranges in which finished pictures are stored, from 1-bit and 0...1 floats to 16 bits."""
FULL_RANGE_SHARE = 0.7
"""Values that reach this share of a full range are a finished picture and keep their contrast."""

_WHOLE_READ_PX = 4096 * 4096
_SAMPLE_SIDE_PX = 1024
_PROBES_PER_SIDE = 12
_PROBE_PX = 128


@dataclass(frozen=True)
class Stretch:
    """A straight line per band: ``lows`` become 0 and ``highs`` 255."""

    lows: tuple[float, ...]
    highs: tuple[float, ...]
    method: str
    """How it was found: "as stored", "full range" or "percentiles 1-99"."""

    def apply(self, values: NDArray[np.generic]) -> NDArray[np.uint8]:
        """Return display values.

        Args:
            values: (C, H, W) stored values, finite.

        Returns:
            (C, H, W) uint8.
        """
        if values.dtype == np.uint8 and self.is_identity:
            return values.astype(np.uint8, copy=False)
        lows = np.asarray(self.lows, dtype=np.float32)[:, None, None]
        scales = 255 / np.maximum(np.asarray(self.highs, dtype=np.float32)[:, None, None] - lows, 1e-12)
        stretched = (values.astype(np.float32) - lows) * scales
        return np.asarray(np.clip(stretched, 0, 255) + 0.5, dtype=np.float32).astype(np.uint8)

    @property
    def is_identity(self) -> bool:
        """Return whether values 0...255 stay as they are."""
        return set(self.lows) == {0.0} and set(self.highs) == {255.0}

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON values."""
        return {**asdict(self), "lows": list(self.lows), "highs": list(self.highs)}

    @staticmethod
    def from_dict(values: dict[str, object]) -> Stretch:
        """Return the stretch that :meth:`to_dict` described.

        Raises:
            ValueError: the values do not describe a stretch.
        """
        lows, highs, method = values.get("lows"), values.get("highs"), values.get("method")
        if not isinstance(lows, list) or not isinstance(highs, list) or len(lows) != len(highs):
            raise ValueError(f"not a stretch: {values!r}")
        return Stretch(tuple(float(v) for v in lows), tuple(float(v) for v in highs), str(method))


def estimate_stretch(raster: Raster, bands: Sequence[int], *, skip_damaged: bool = False) -> Stretch:
    """Return the stretch of a raster.

    8-bit pictures and any other that fill the range of their kind stay as they are; the rest is stretched between
    percentiles of each band. Reads at most some tens of megabytes, whatever the raster's size.

    Args:
        raster: the open raster.
        bands: band numbers, counted from 1.
        skip_damaged: judge by the parts that can be read.

    Raises:
        RasterError: a part that was looked at is damaged, with ``skip_damaged`` all of them.
    """
    bits = raster.value_bits
    if raster.dtype == np.uint8 and (bits is None or bits >= 8):
        return _line(len(bands), 0.0, 255.0, "as stored")
    if raster.dtype.kind == "u" and bits is not None and bits < 8:
        return _line(len(bands), 0.0, float(2**bits - 1), "full range")
    sample = _sample(raster, bands, skip_damaged)
    if sample.shape[1] == 0:
        return _line(len(bands), 0.0, 255.0, "as stored")
    lows, highs = np.percentile(sample, (LOW_PERCENTILE, HIGH_PERCENTILE), axis=1)
    if sample.min() >= 0:
        top = next((end for end in FULL_RANGES if sample.max() <= end), None)
        if top is not None and highs.max() >= FULL_RANGE_SHARE * top:
            return _line(len(bands), 0.0, top, "full range")
    flat = highs <= lows
    lows, highs = np.where(flat, lows - 1, lows), np.where(flat, highs + 1, highs)
    return Stretch(
        tuple(float(v) for v in lows),
        tuple(float(v) for v in highs),
        f"percentiles {LOW_PERCENTILE:g}-{HIGH_PERCENTILE:g}",
    )


def _line(count: int, low: float, high: float, method: str) -> Stretch:
    return Stretch((low,) * count, (high,) * count, method)


def _sample(raster: Raster, bands: Sequence[int], skip_damaged: bool) -> NDArray[np.float32]:
    """Return valid values as (C, N), the same for the same file."""
    height, width = raster.grid.shape
    shrink = max(1.0, max(height, width) / _SAMPLE_SIDE_PX)
    shape = (max(1, round(height / shrink)), max(1, round(width / shrink)))
    has_overview = any(level >= shrink / 4 for level in raster.overview_levels)
    if height * width > _WHOLE_READ_PX and not has_overview:
        found = _probe(raster, bands, skip_damaged)
        if found.shape[1]:
            return found
    try:
        values, valid = raster.read_resampled((0.0, 0.0, float(height), float(width)), bands, shape, is_nearest=True)
    except RasterError:
        if not skip_damaged:
            raise
        return _probe(raster, bands, skip_damaged)
    return values[:, valid].astype(np.float32)


def _probe(raster: Raster, bands: Sequence[int], skip_damaged: bool) -> NDArray[np.float32]:
    """Return the valid values of small windows as (C, N)."""
    probes, damage = [], None
    for window in _probes(*raster.grid.shape):
        try:
            probes.append(_valid_values(raster, window, bands))
        except RasterError as error:
            if not skip_damaged:
                raise
            damage = error
    if not probes and damage is not None:
        raise damage
    return np.concatenate(probes, axis=1)


def _valid_values(raster: Raster, window: Window, bands: Sequence[int]) -> NDArray[np.float32]:
    values, valid = raster.read(window, bands)
    return values[:, valid].astype(np.float32)


def _probes(height: int, width: int) -> Iterator[Window]:
    """Yield small windows spread over a raster."""
    probe_height, probe_width = min(_PROBE_PX, height), min(_PROBE_PX, width)
    rows = sorted({round(r) for r in np.linspace(0, height - probe_height, _PROBES_PER_SIDE)})
    columns = sorted({round(c) for c in np.linspace(0, width - probe_width, _PROBES_PER_SIDE)})
    for row in rows:
        for column in columns:
            yield Window(row, column, probe_height, probe_width)
