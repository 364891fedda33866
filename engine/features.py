"""Keep image features, so that a further question of the same picture never touches the image encoder."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ..geo_io.stretch import Stretch
from ..geo_io.window import Window

if TYPE_CHECKING:
    from ..core_model.segmenter import Features

MEMORY_BYTES = 512 << 20
"""How much the features of one process may take."""


@dataclass(frozen=True)
class FeatureKey:
    """All that the features of a tile depend on; another value of any field is another tile."""

    raster: str
    """Fingerprint of the raster file."""
    window: Window
    gsd_m: float | None
    bands: tuple[int, ...]
    stretch: Stretch
    weights_hash: str


@dataclass(frozen=True)
class TileRecord:
    """What is known of a tile without reading or encoding it again."""

    features: Features | None
    """Features of one tile; None where the raster has no data in it."""
    valid_bits: NDArray[np.uint8] | None
    """Packed validity mask, row by row; None where every pixel is valid."""

    @property
    def nbytes(self) -> int:
        """Memory that the record takes, in bytes."""
        features = 0 if self.features is None else self.features.nbytes
        return features + (0 if self.valid_bits is None else self.valid_bits.nbytes)


class FeatureStore(Protocol):
    """Keeps tile records by key; may forget any of them at any time."""

    @property
    def capacity_bytes(self) -> int:
        """Return how much the store holds: a scene that takes more is not worth storing in passing."""
        ...

    def get(self, key: FeatureKey) -> TileRecord | None:
        """Return the record of a tile, or None if it is not known."""
        ...

    def put(self, key: FeatureKey, record: TileRecord) -> None:
        """Keep the record of a tile."""
        ...


class MemoryFeatureStore:
    """Keeps records in memory and forgets the least recently used; safe between threads."""

    def __init__(self, capacity_bytes: int = MEMORY_BYTES) -> None:
        """Make an empty store.

        Args:
            capacity_bytes: how much it may hold.
        """
        self._capacity_bytes = capacity_bytes
        self._records: OrderedDict[FeatureKey, TileRecord] = OrderedDict()
        self._nbytes = 0
        self._lock = threading.Lock()

    @property
    def capacity_bytes(self) -> int:
        """Return how much the store holds, in bytes."""
        return self._capacity_bytes

    @property
    def nbytes(self) -> int:
        """Return how much is held now, in bytes."""
        return self._nbytes

    def get(self, key: FeatureKey) -> TileRecord | None:
        """Return the record of a tile, or None if it is not known."""
        with self._lock:
            record = self._records.get(key)
            if record is not None:
                self._records.move_to_end(key)
            return record

    def put(self, key: FeatureKey, record: TileRecord) -> None:
        """Keep the record of a tile, forgetting the oldest where room is short."""
        with self._lock:
            former = self._records.pop(key, None)
            self._nbytes += record.nbytes - (0 if former is None else former.nbytes)
            self._records[key] = record
            while self._nbytes > self._capacity_bytes and self._records:
                _, forgotten = self._records.popitem(last=False)
                self._nbytes -= forgotten.nbytes

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._records.clear()
            self._nbytes = 0


@cache
def shared_store() -> MemoryFeatureStore:
    """Return the store that all queries of this process share."""
    return MemoryFeatureStore()
