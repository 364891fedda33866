"""Run a network over a scene: windows in, blended scores on disk out.

Image features are computed once for all expressions, and not at all where the feature store knows them. Memory is
bounded by one strip of windows, whatever the size of the scene.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..geo_io.mosaic import Mosaic, Strip, iter_row_ends
from ..geo_io.region import Region
from ..geo_io.scene import Scene
from ..geo_io.score_file import ScoreFile, decode_scores, encode_scores
from ..geo_io.window import Window, plan_windows
from .errors import Cancelled, EngineError
from .features import FeatureKey, FeatureStore, TileRecord
from .progress import Progress, ProgressSink

if TYPE_CHECKING:
    from ..core_model.segmenter import Features, Segmentation, Segmenter


@dataclass(frozen=True)
class ScanPlan:
    """What is run over what, and in which portions."""

    scene: Scene
    segmenter: Segmenter
    expressions: tuple[str, ...]
    region: Region | None
    tile_size_px: int
    """Width of the scene that is read at once; the scores do not depend on it."""
    batch_size: int
    """Windows that the network sees at once; the scores do not depend on it."""
    store: FeatureStore


class SceneScores:
    """Scores of a scene on disk; close it, or use it as a context manager."""

    def __init__(self, expressions: int, height: int, width: int) -> None:
        """Make the temporary files.

        Args:
            expressions: E, one file each.
            height: rows of the scene.
            width: columns of the scene.
        """
        self.scores = [ScoreFile(height, width) for _ in range(expressions)]
        self.outlines: ScoreFile | None = None
        """Codes of the outlines between touching objects; None if the model gives none."""
        self.best = [0.0] * expressions
        """Highest score of each expression."""
        self.windows = 0
        self.windows_skipped = 0
        """Windows without a valid pixel, or outside the region."""
        self.windows_encoded = 0
        """Windows that the image encoder saw; the rest came from the feature store."""
        self.valid_px = 0

    def close(self) -> None:
        """Remove the temporary files."""
        for file in (*self.scores, *filter(None, [self.outlines])):
            file.close()

    def __enter__(self) -> SceneScores:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def scan_scene(
    plan: ScanPlan, progress: ProgressSink | None = None, is_cancelled: Callable[[], bool] | None = None
) -> SceneScores:
    """Return the scores of every expression over a scene.

    Args:
        plan: what to run over what.
        progress: told after each batch.
        is_cancelled: asked between batches.

    Raises:
        Cancelled: the person cancelled.
        EngineError: the folder for temporary files is full.
        RasterError: the raster is damaged or was changed meanwhile.
    """
    scores = SceneScores(len(plan.expressions), *plan.scene.grid.shape)
    try:
        _Scan(plan, scores, progress, is_cancelled).run()
    except OSError as error:
        scores.close()
        need = (len(plan.expressions) + 1) * plan.scene.grid.height * plan.scene.grid.width
        raise EngineError(
            f"The scores could not be kept ({error.strerror or error}): the folder for temporary files needs up to "
            f"{need / 1e9:.1f} GB; set TMPDIR to a larger disk."
        ) from error
    except BaseException:
        scores.close()
        raise
    return scores


@dataclass(frozen=True)
class _Tile:
    """One window on its way through the network."""

    key: FeatureKey
    valid: NDArray[np.bool_]
    features: Features | None
    """Known features, or None where ``pixels`` must be encoded."""
    pixels: NDArray[np.uint8] | None


class _Scan:
    """The state of one scan."""

    def __init__(
        self,
        plan: ScanPlan,
        scores: SceneScores,
        progress: ProgressSink | None,
        is_cancelled: Callable[[], bool] | None,
    ) -> None:
        self.plan = plan
        self.scores = scores
        self.progress = progress
        self.is_cancelled = is_cancelled
        spec, grid = plan.segmenter.spec, plan.scene.grid
        self.rows = plan_windows(grid.height, grid.width, spec.window_px, spec.stride_px)
        scores.windows = sum(len(row) for row in self.rows)
        scores.windows_skipped = sum(not self._is_wanted(window) for row in self.rows for window in row)
        self.done = scores.windows_skipped
        self.mosaic: Mosaic | None = None
        self.row_done = 0
        self.is_storing: bool | None = None
        self.fingerprint = plan.scene.raster.fingerprint

    def run(self) -> None:
        """Run; batches go on across rows of windows, and a row's end waits in line until its windows are through."""
        waiting: list[_Tile | int] = []
        tiles = 0
        for row, row_end in zip(self.rows, iter_row_ends(self.rows, self.plan.scene.grid.height), strict=True):
            for tile in self._iter_tiles(row):
                waiting.append(tile)
                tiles += 1
                if tiles == self.plan.batch_size:
                    self._flush(waiting)
                    waiting, tiles = [], 0
            waiting.append(row_end)
            if not tiles:
                self._flush(waiting)
                waiting = []
            self.plan.scene.raster.check_unchanged()
        self._flush(waiting)

    def _is_wanted(self, window: Window) -> bool:
        return self.plan.region is None or self.plan.region.touches(window)

    def _iter_tiles(self, row: Sequence[Window]) -> Iterator[_Tile]:
        """Yield the windows of a row that hold data, reading neighbours together."""
        spec, store = self.plan.segmenter.spec, self.plan.store
        group_size = max(1, (self.plan.tile_size_px - spec.window_px) // spec.stride_px + 1)
        for start in range(0, len(row), group_size):
            group = [window for window in row[start : start + group_size] if self._is_wanted(window)]
            keys = [self._key(window) for window in group]
            records = [store.get(key) for key in keys]
            unknown = [window for window, record in zip(group, records, strict=True) if record is None]
            pixels = iter(self.plan.scene.read_many(unknown) if unknown else [])
            for key, record in zip(keys, records, strict=True):
                if record is not None:
                    tile = _Tile(key, _unpacked(record.valid_bits, spec.window_px), record.features, None)
                else:
                    picture, valid = next(pixels)
                    tile = _Tile(key, valid, None, picture)
                if tile.features is not None or tile.valid.any():
                    yield tile
                    continue
                self.scores.windows_skipped += 1
                self._report(1)
                if record is None and self.is_storing:
                    store.put(key, TileRecord(None, np.packbits(tile.valid)))

    def _key(self, window: Window) -> FeatureKey:
        scene = self.plan.scene
        weights = self.plan.segmenter.spec.weights_hash
        return FeatureKey(self.fingerprint, window, scene.gsd_m, scene.bands, scene.stretch, weights)

    def _flush(self, waiting: list[_Tile | int]) -> None:
        """Run the network on the waiting tiles, blend them, and write the rows that are final."""
        tiles = [item for item in waiting if isinstance(item, _Tile)]
        answer = self._segment(tiles) if tiles else None
        index = 0
        for item in waiting:
            if isinstance(item, int):
                self._write(item)
            elif answer is not None:
                logits = answer.logits[index]
                if answer.outlines is not None:
                    logits = np.concatenate((logits, answer.outlines[index][None]))
                self._ready_mosaic(len(logits)).add(item.key.window, logits, item.valid)
                index += 1
        self._report(len(tiles))

    def _segment(self, tiles: list[_Tile]) -> Segmentation:
        if self.is_cancelled is not None and self.is_cancelled():
            raise Cancelled("The question was cancelled; nothing was written.")
        from ..core_model.segmenter import Features as FeaturesOf

        unknown = [tile for tile in tiles if tile.pixels is not None]
        encoded: list[Features] = []
        if unknown:
            joint = self.plan.segmenter.encode_image(np.stack([t.pixels for t in unknown if t.pixels is not None]))
            encoded = [joint.select(index, index + 1) for index in range(len(unknown))]
            self.scores.windows_encoded += len(unknown)
            self._keep(unknown, encoded)
        fresh = iter(encoded)
        parts = [tile.features if tile.features is not None else next(fresh) for tile in tiles]
        whole = joint if len(unknown) == len(tiles) else FeaturesOf.join(parts)
        answer = self.plan.segmenter.segment(whole, self.plan.expressions)
        _check_finite(answer, self.plan.segmenter.spec.name)
        return answer

    def _keep(self, tiles: list[_Tile], features: list[Features]) -> None:
        """Store features where those of the whole scene fit; storing part of a scan in order serves nobody."""
        if self.is_storing is None:
            wanted = self.scores.windows - self.scores.windows_skipped
            self.is_storing = features[0].nbytes * wanted <= self.plan.store.capacity_bytes
        if not self.is_storing:
            return
        for tile, own in zip(tiles, features, strict=True):
            bits = None if tile.valid.all() else np.packbits(tile.valid)
            # A clone, as a view would keep its whole batch alive.
            kept = type(own)({name: tensor.clone() for name, tensor in own.maps.items()})
            self.plan.store.put(tile.key, TileRecord(kept, bits))

    def _ready_mosaic(self, channels: int) -> Mosaic:
        if self.mosaic is None:
            spec, grid = self.plan.segmenter.spec, self.plan.scene.grid
            # Rows above the first window with data need no strip: what was never written reads as no data.
            self.mosaic = Mosaic(channels, grid.height, grid.width, spec.window_px, spec.stride_px, self.row_done)
            if channels > len(self.plan.expressions):
                self.scores.outlines = ScoreFile(grid.height, grid.width)
        return self.mosaic

    def _write(self, row_end: int) -> None:
        self.row_done = row_end
        strip = self.mosaic.take(row_end) if self.mosaic is not None else None
        if strip is not None:
            self._write_strip(strip)

    def _write_strip(self, strip: Strip) -> None:
        inside = None
        if self.plan.region is not None:
            inside = self.plan.region.rows(strip.row_off, strip.logits.shape[1])
        for index in range(strip.logits.shape[0]):
            codes = encode_scores(strip.logits[index])
            if inside is not None:
                codes[~inside] = 0
            if index == len(self.plan.expressions):
                if self.scores.outlines is not None:
                    self.scores.outlines.write_rows(strip.row_off, codes)
                continue
            self.scores.scores[index].write_rows(strip.row_off, codes)
            self.scores.best[index] = max(self.scores.best[index], float(decode_scores(max(1, int(codes.max())))))
            if index == 0:
                self.scores.valid_px += int(np.count_nonzero(codes))

    def _report(self, count: int) -> None:
        self.done += count
        if self.progress is not None and count:
            self.progress(Progress("segment", self.done, max(1, self.scores.windows), "tiles"))


def _unpacked(bits: NDArray[np.uint8] | None, side_px: int) -> NDArray[np.bool_]:
    if bits is None:
        return np.ones((side_px, side_px), dtype=bool)
    return np.unpackbits(bits, count=side_px * side_px).reshape(side_px, side_px).astype(bool)


def _check_finite(answer: Segmentation, model: str) -> None:
    if not np.isfinite(answer.logits).all() or (answer.outlines is not None and not np.isfinite(answer.outlines).all()):
        raise EngineError(
            f"The model '{model}' gave scores that are not numbers: use --precision fp32, or another checkpoint."
        )
