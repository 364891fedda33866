"""Tiles of a scene on their way to the network: read ahead by threads, from the feature store where it knows them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..geo_io.region import Region
from ..geo_io.scene import Scene
from ..geo_io.window import Window, WindowPlan
from .features import FeatureKey, FeatureStore
from .pipeline import ahead

if TYPE_CHECKING:
    from ..core_model.segmenter import Features, ModelSpec

READERS = max(1, min(4, (os.cpu_count() or 2) - 1))
"""Threads that read: decompression may cost as much as a fast device needs for the network."""
GROUPS_AHEAD = 4
"""Groups of neighbouring windows that may wait for the network."""


@dataclass(frozen=True)
class Tile:
    """One window on its way through the network."""

    key: FeatureKey
    valid: NDArray[np.bool_]
    features: Features | None
    """Known features, or None where ``pixels`` must be encoded."""
    pixels: NDArray[np.uint8] | None
    is_known: bool
    """The feature store has it already."""
    is_whole: bool = True
    """False: part of it could not be read, so it must not be kept for later questions."""

    @property
    def is_empty(self) -> bool:
        """Return whether it holds no valid pixel, so that the network need not see it."""
        return self.features is None and not self.valid.any()


@dataclass(frozen=True)
class RowEnd:
    """All windows of a row were read."""

    index: int
    """Which row of windows."""
    row: int
    """First row of the scene that a window of a later row still reaches."""


class TileReader:
    """Reads the windows of a scene in order, some groups ahead of whoever iterates over it."""

    def __init__(
        self,
        scene: Scene,
        spec: ModelSpec,
        windows: WindowPlan,
        region: Region | None,
        tile_size_px: int,
        store: FeatureStore,
        is_skipping: bool = False,
    ) -> None:
        """Prepare.

        Args:
            scene: what is read; each thread opens its file anew.
            spec: the model, for the names of features.
            windows: which windows.
            region: windows outside are left out.
            tile_size_px: width of the scene that is read at once.
            store: asked for features before a window is read.
            is_skipping: leave damaged parts of the file out instead of stopping at them.
        """
        self.holes: list[Window] = []
        """Damaged parts that were left out, in pixels of the scene; they may overlap."""
        self._is_skipping = is_skipping
        self._scene, self._windows, self._region, self._store = scene, windows, region, store
        self._spec = spec
        self._group_size = max(1, (tile_size_px - spec.window_px) // spec.stride_px + 1)
        self._fingerprint = scene.raster.fingerprint
        self._of_thread = threading.local()
        self._opened: list[Scene] = []

    def count_wanted(self, index: int) -> int:
        """Return how many windows of a row are read."""
        return sum(len(group) for group in self._groups(index))

    def read_from(self, first: int) -> Iterator[list[Tile] | RowEnd]:
        """Yield the tiles of neighbouring windows together, and the end of each row after its tiles.

        Args:
            first: row of windows to begin with.
        """
        with ThreadPoolExecutor(READERS, thread_name_prefix="referent-read") as pool:
            try:
                yield from ahead(self._calls(first), pool, GROUPS_AHEAD)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
                for scene in self._opened:
                    scene.raster.close()

    def key(self, window: Window) -> FeatureKey:
        """Return the name of a window's features."""
        scene, spec = self._scene, self._spec
        return FeatureKey(
            self._fingerprint, window, scene.gsd_m, scene.bands, scene.stretch, spec.weights_hash, spec.precision
        )

    def _calls(self, first: int) -> Iterator[Callable[[], list[Tile] | RowEnd]]:
        for index in range(first, len(self._windows)):
            for group in self._groups(index):
                yield partial(self._read, group)
            yield partial(RowEnd, index, self._windows.row_end(index))

    def _groups(self, index: int) -> Iterator[list[Window]]:
        """Yield the wanted windows of a row that are read together."""
        row_off, window_px = self._windows.row_offs[index], self._windows.window_px
        whole = Window(row_off, 0, window_px, self._windows.col_offs[-1] + window_px)
        if not self._is_wanted(whole):
            return
        row = self._windows[index]
        for start in range(0, len(row), self._group_size):
            group = [window for window in row[start : start + self._group_size] if self._is_wanted(window)]
            if group:
                yield group

    def _is_wanted(self, window: Window) -> bool:
        return self._scene.may_hold_data(window) and (self._region is None or self._region.touches(window))

    def _read(self, group: Sequence[Window]) -> list[Tile]:
        keys = [self.key(window) for window in group]
        records = [self._store.get(key) for key in keys]
        unknown = [window for window, record in zip(group, records, strict=True) if record is None]
        pixels = iter(self._pixels(unknown) if unknown else [])
        tiles = []
        for key, record in zip(keys, records, strict=True):
            if record is None:
                picture, valid, is_whole = next(pixels)
                tiles.append(Tile(key, valid, None, picture, False, is_whole))
            else:
                valid = _unpacked(record.valid_bits, self._windows.window_px)
                tiles.append(Tile(key, valid, record.features, None, True))
        return tiles

    def _pixels(self, windows: Sequence[Window]) -> list[tuple[NDArray[np.uint8], NDArray[np.bool_], bool]]:
        """Read neighbours together; by halves where the machine has no memory for that."""
        holes: list[Window] | None = [] if self._is_skipping else None
        try:
            read = self._own_scene().read_many(windows, holes)
            self.holes += holes or []
            return [
                (pixels, valid, not any(hole.intersects(window) for hole in holes or []))
                for window, (pixels, valid) in zip(windows, read, strict=True)
            ]
        except MemoryError:
            if len(windows) == 1:
                raise
        half = len(windows) // 2
        return self._pixels(windows[:half]) + self._pixels(windows[half:])

    def _own_scene(self) -> Scene:
        """Return the scene of this thread: an open raster belongs to one thread."""
        scene: Scene | None = getattr(self._of_thread, "scene", None)
        if scene is None:
            scene = self._of_thread.scene = self._scene.reopened()
            self._opened.append(scene)
        return scene


def _unpacked(bits: NDArray[np.uint8] | None, side_px: int) -> NDArray[np.bool_]:
    if bits is None:
        return np.ones((side_px, side_px), dtype=bool)
    return np.unpackbits(bits, count=side_px * side_px).reshape(side_px, side_px).astype(bool)
