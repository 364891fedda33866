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
    precision: str
    """Number format that the network computes in."""


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

    def get(self, key: FeatureKey) -> TileRecord | None:
        """Return the record of a tile, or None if it is not known."""
        ...

    def put(self, key: FeatureKey, record: TileRecord, tiles: int) -> None:
        """Keep the record of a tile that is not known yet, unless its whole scene is too large for the store.

        Storing part of a scene in order serves nobody: what comes later drives out what comes first.

        Args:
            key: the tile; the same key always means the same record.
            record: what is known of it; tensors may be views, which the store copies.
            tiles: how many tiles the scene has.
        """
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

    def put(self, key: FeatureKey, record: TileRecord, tiles: int) -> None:
        """Keep the record of a tile, forgetting the oldest where room is short; see ``FeatureStore``."""
        if record.nbytes * tiles > self._capacity_bytes or key in self._records:
            return
        if record.features is not None:
            # A clone, as a view would keep its whole batch alive.
            own = type(record.features)({name: tensor.clone() for name, tensor in record.features.maps.items()})
            record = TileRecord(own, record.valid_bits)
        with self._lock:
            former = self._records.pop(key, None)  # of another thread, meanwhile
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


class LayeredFeatureStore:
    """Asks a quick store first, then one that keeps."""

    def __init__(self, quick: FeatureStore, lasting: FeatureStore) -> None:
        self._quick = quick
        self._lasting = lasting

    def get(self, key: FeatureKey) -> TileRecord | None:
        """Return the record of a tile, or None if neither knows it."""
        return self._quick.get(key) or self._lasting.get(key)

    def put(self, key: FeatureKey, record: TileRecord, tiles: int) -> None:
        """Keep the record of a tile in both, as far as the scene fits; see ``FeatureStore``."""
        self._quick.put(key, record, tiles)
        self._lasting.put(key, record, tiles)


@cache
def shared_store() -> MemoryFeatureStore:
    """Return the store in memory that all queries of this process share."""
    return MemoryFeatureStore()
