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

from .. import __version__
from ..geo_io.mosaic import Mosaic, Strip, iter_row_ends
from ..geo_io.region import Region
from ..geo_io.scene import Scene
from ..geo_io.score_file import ScoreFile, decode_scores, encode_scores
from ..geo_io.window import Window, plan_windows
from .errors import Cancelled, EngineError
from .features import FeatureKey, FeatureStore, TileRecord
from .journal import Checkpoint, Journal
from .progress import Progress, ProgressSink

if TYPE_CHECKING:
    from ..core_model.segmenter import Features, Segmentation, Segmenter


GROUP_BATCHES = 16
"""So many full batches are a group. A new batch starts with each group, whatever came before: a run that goes on after
a group gives the same numbers, to the bit, as one that was never interrupted."""
COUNTS = ("windows_skipped", "windows_encoded", "valid_px")


@dataclass(frozen=True)
class ScanPlan:
    """What is run over what, and in which portions."""

    scene: Scene
    segmenter: Segmenter
    expressions: tuple[str, ...]
    """What to look for; empty to encode only."""
    region: Region | None
    tile_size_px: int
    """Width of the scene that is read at once; the scores do not depend on it."""
    batch_size: int
    """Windows that the network sees at once; the scores do not depend on it."""
    store: FeatureStore
    journal: Journal | None = None
    """Keeps what is finished for a later run; None: nothing is kept."""


class SceneScores:
    """Scores of a scene on disk; close it, or use it as a context manager."""

    def __init__(self, expressions: int, height: int, width: int, journal: Journal | None = None) -> None:
        """Make the files.

        Args:
            expressions: E, one file each.
            height: rows of the scene.
            width: columns of the scene.
            journal: where the files stay; None: they are temporary.
        """
        self._shape = (height, width)
        self._journal = journal
        self.scores = [self._file(str(index)) for index in range(expressions)]
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

    def add_outlines(self) -> None:
        """Make the file of outlines."""
        self.outlines = self._file("outlines")

    @property
    def files(self) -> dict[str, ScoreFile]:
        """Return all files by name."""
        named = {str(index): file for index, file in enumerate(self.scores)}
        return named if self.outlines is None else named | {"outlines": self.outlines}

    def close(self) -> None:
        """Close the files; temporary ones are gone then."""
        for file in self.files.values():
            file.close()

    def _file(self, name: str) -> ScoreFile:
        return ScoreFile(*self._shape, None if self._journal is None else self._journal.score_path(name))

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
        EngineError: the disk for the scores is full.
        OptionsError, OutputError: the journal belongs to another question or to a run at work.
        RasterError: the raster is damaged or was changed meanwhile.
    """
    journal = plan.journal
    start = None if journal is None else journal.begin(_asked(plan), plan.scene.grid.shape)
    scores: SceneScores | None = None
    try:
        scores = SceneScores(len(plan.expressions), *plan.scene.grid.shape, journal)
        _Scan(plan, scores, progress, is_cancelled).run(start)
        return scores
    except OSError as error:
        if scores is not None:
            scores.close()
        need = (len(plan.expressions) + 1) * plan.scene.grid.height * plan.scene.grid.width
        place = "the folder for temporary files" if journal is None else str(journal.folder.parent)
        advice = "set TMPDIR to a larger disk" if journal is None else "make room there and ask again to go on"
        raise EngineError(
            f"The scores could not be kept ({error.strerror or error}): {place} needs up to "
            f"{need / 1e9:.1f} GB; {advice}."
        ) from error
    except BaseException:
        if scores is not None:
            scores.close()
        raise


def _asked(plan: ScanPlan) -> dict[str, object]:
    """Return all that the scores of a scan depend on, by the names that a person knows."""
    scene, spec = plan.scene, plan.segmenter.spec
    return {
        "raster": f"{scene.raster.path.name} ({scene.raster.fingerprint})",
        "expressions": list(plan.expressions),
        "model": f"{spec.name} ({spec.weights_hash} {spec.precision})",
        "region": None if plan.region is None else plan.region.fingerprint,
        "bands": list(scene.bands),
        "stretch": scene.stretch.to_dict(),
        "resolution in m": scene.gsd_m,
        "windows": [spec.window_px, spec.stride_px],
        "batch size": plan.batch_size,
        "version": __version__,
    }


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
        self.fingerprint = plan.scene.raster.fingerprint

    def run(self, start: Checkpoint | None = None) -> None:
        """Run; batches go on across rows of windows, and a row's end waits in line until its windows are through.

        Args:
            start: where to go on.
        """
        first = self._restore(start)
        if self.plan.journal is not None and self.plan.journal.only_finished:
            return
        waiting: list[_Tile | int] = []
        tiles = windows = 0
        ends = list(iter_row_ends(self.rows, self.plan.scene.grid.height))
        for index in range(first, len(self.rows)):
            row, row_end = self.rows[index], ends[index]
            windows += len(row)
            for tile in self._iter_tiles(row):
                waiting.append(tile)
                tiles += 1
                if tiles == self.plan.batch_size:
                    self._flush(waiting)
                    waiting, tiles = [], 0
            waiting.append(row_end)
            is_group = windows >= GROUP_BATCHES * self.plan.batch_size
            if not tiles or is_group:
                self._flush(waiting)
                waiting, tiles = [], 0
            self.plan.scene.raster.check_unchanged()
            if is_group:
                windows = 0
                self._keep_checkpoint(index + 1)
        self._flush(waiting)
        self._keep_checkpoint(len(self.rows))

    def _restore(self, start: Checkpoint | None) -> int:
        """Take over the state of a checkpoint and return the first row of windows to do."""
        if start is None or self.plan.journal is None:
            return 0
        self.row_done = start.row_end
        self.scores.best = list(start.best)
        for name in COUNTS:
            setattr(self.scores, name, start.counts[name])
        carry = self.plan.journal.load_carry()
        if carry is not None:
            self._ready_mosaic(len(carry["sums"])).restore(carry)
        ahead = sum(self._is_wanted(window) for row in self.rows[start.window_rows :] for window in row)
        self.done = self.scores.windows - ahead
        self._report(0)
        return start.window_rows

    def _keep_checkpoint(self, window_rows: int) -> None:
        if self.plan.journal is not None:
            counts = {name: int(getattr(self.scores, name)) for name in COUNTS}
            point = Checkpoint(window_rows, self.row_done, tuple(self.scores.best), counts)
            self.plan.journal.add(point, None if self.mosaic is None else self.mosaic.carry(), self.scores.files)

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
                if record is None:
                    store.put(key, TileRecord(None, np.packbits(tile.valid)), self.scores.windows)

    def _key(self, window: Window) -> FeatureKey:
        scene, spec = self.plan.scene, self.plan.segmenter.spec
        return FeatureKey(
            self.fingerprint, window, scene.gsd_m, scene.bands, scene.stretch, spec.weights_hash, spec.precision
        )

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

    def _segment(self, tiles: list[_Tile]) -> Segmentation | None:
        if self.is_cancelled is not None and self.is_cancelled():
            raise Cancelled("The question was cancelled; nothing was written.")
        from ..core_model.segmenter import Features as FeaturesOf

        unknown = [tile for tile in tiles if tile.pixels is not None]
        encoded: list[Features] = []
        if unknown:
            joint = self.plan.segmenter.encode_image(np.stack([t.pixels for t in unknown if t.pixels is not None]))
            encoded = [joint.select(index, index + 1) for index in range(len(unknown))]
            self.scores.windows_encoded += len(unknown)
        fresh = iter(encoded)
        parts = [tile.features if tile.features is not None else next(fresh) for tile in tiles]
        self._keep(tiles, parts)
        if not self.plan.expressions:
            return None
        whole = joint if len(unknown) == len(tiles) else FeaturesOf.join(parts)
        answer = self.plan.segmenter.segment(whole, self.plan.expressions)
        _check_finite(answer, self.plan.segmenter.spec.name)
        return answer

    def _keep(self, tiles: list[_Tile], features: list[Features]) -> None:
        wanted = self.scores.windows - self.scores.windows_skipped
        for tile, own in zip(tiles, features, strict=True):
            bits = None if tile.valid.all() else np.packbits(tile.valid)
            self.plan.store.put(tile.key, TileRecord(own, bits), wanted)

    def _ready_mosaic(self, channels: int) -> Mosaic:
        if self.mosaic is None:
            spec, grid = self.plan.segmenter.spec, self.plan.scene.grid
            # Rows above the first window with data need no strip: what was never written reads as no data.
            self.mosaic = Mosaic(channels, grid.height, grid.width, spec.window_px, spec.stride_px, self.row_done)
            if channels > len(self.plan.expressions):
                self.scores.add_outlines()
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
        if self.progress is not None:
            self.progress(
                Progress(
                    "segment" if self.plan.expressions else "encode", self.done, max(1, self.scores.windows), "tiles"
                )
            )


def _unpacked(bits: NDArray[np.uint8] | None, side_px: int) -> NDArray[np.bool_]:
    if bits is None:
        return np.ones((side_px, side_px), dtype=bool)
    return np.unpackbits(bits, count=side_px * side_px).reshape(side_px, side_px).astype(bool)


def _check_finite(answer: Segmentation, model: str) -> None:
    if not np.isfinite(answer.logits).all() or (answer.outlines is not None and not np.isfinite(answer.outlines).all()):
        raise EngineError(
            f"The model '{model}' gave scores that are not numbers: use --precision fp32, or another checkpoint."
        )
