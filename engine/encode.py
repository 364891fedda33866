"""Compute the image features of a raster ahead of any question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..geo_io.raster import Raster
from ..geo_io.scene import Scene
from ..geo_io.stretch import estimate_stretch
from .errors import OptionsError
from .features import FeatureKey, FeatureStore, TileRecord
from .progress import ProgressSink
from .query_options import QueryOptions
from .scan import scan_scene
from .scan_plan import ScanPlan, open_scores

if TYPE_CHECKING:
    from ..core_model.segmenter import Segmenter


@dataclass(frozen=True)
class Encoded:
    """What was done."""

    tiles: int
    """Windows of the raster."""
    encoded: int
    """Windows that the image encoder saw; the others were known or hold no data."""
    warnings: tuple[str, ...]


class _Roomy:
    """A store that refuses a raster which it cannot hold, before any time is spent on it."""

    def __init__(self, store: FeatureStore, capacity_bytes: int, name: str) -> None:
        self._store = store
        self._capacity_bytes = capacity_bytes
        self._name = name

    def get(self, key: FeatureKey) -> TileRecord | None:
        return self._store.get(key)

    def put(self, key: FeatureKey, record: TileRecord, tiles: int) -> None:
        if record.features is not None and record.nbytes * tiles > self._capacity_bytes:
            raise OptionsError(
                f"The features of {self._name} take {record.nbytes * tiles / 1e9:.1f} GB and the cache may take "
                f"{self._capacity_bytes / 1e9:.1f} GB: allow more with --cache-size, or ask without encoding ahead."
            )
        self._store.put(key, record, tiles)


def encode(
    raster: str | Path,
    model: Segmenter,
    options: QueryOptions,
    store: FeatureStore,
    capacity_bytes: int,
    *,
    progress: ProgressSink | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> Encoded:
    """Put the image features of a raster into a store, as far as they are not there yet.

    Args:
        raster: a raster file.
        model: whose features.
        options: the bands are part of what is encoded; answers with other bands find nothing.
        store: where they go.
        capacity_bytes: how much the store holds.
        progress: told how far the job is.
        is_cancelled: asked between batches; what is done stays.

    Raises:
        OptionsError: the raster's features do not fit the store.
        RasterError: the raster cannot be opened, placed or read.
        Cancelled: the person cancelled.
    """
    with Raster.open(raster, allow_no_crs=options.allow_no_crs) as source:
        choice = source.choose_bands(options.bands)
        scene = Scene(
            source,
            choice.bands,
            estimate_stretch(source, choice.bands, skip_damaged=options.skip_damaged),
            model.spec.gsd_m,
        )
        roomy = _Roomy(store, capacity_bytes, source.path.name)
        plan = ScanPlan(scene, model, (), None, options.tile_size_px, options.batch_size, roomy)
        with open_scores(plan) as done:
            scan_scene(plan, done, lambda row_off, codes: None, progress, is_cancelled)
            return Encoded(done.windows, done.windows_encoded, (f"{choice.warning}.",) if choice.warning else ())
