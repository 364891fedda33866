"""Run a network over a scene: windows in, blended scores on disk out.

Three stages work at the same time: threads read tiles ahead, the caller's thread runs the network, and one thread
behind blends, stores and looks for objects. Queues between them are short, so that memory is bounded by one strip of
windows, whatever the size of the scene. Image features are computed once for all expressions, and not at all where the
feature store knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..geo_io.mosaic import Mosaic, Strip
from ..geo_io.score_file import decode_scores, encode_scores
from ..geo_io.window import Window
from .errors import Cancelled, EngineError
from .features import TileRecord
from .journal import Checkpoint, Journal
from .pipeline import Behind
from .progress import Progress, ProgressSink
from .scan_plan import ScanPlan, SceneScores, no_room
from .sparing import SparingSegmenter
from .tiles import Tile, TileReader

if TYPE_CHECKING:
    from ..core_model.segmenter import Features, Segmentation

BATCHES_BEHIND = 2
"""Batches of scores that may wait to be blended."""

GROUP_BATCHES = 16
"""So many full batches are a group. A new batch starts with each group, whatever came before: a run that goes on after
a group gives the same numbers, to the bit, as one that was never interrupted."""
COUNTS = ("windows_skipped", "windows_encoded")
REPLAY_PX = 1 << 22
"""Pixels of finished rows that are looked at again at once when a run goes on."""

RowSink = Callable[[int, NDArray[np.uint8]], None]
"""Takes final rows from top to bottom: the first row, and (E, H, W) uint8 codes."""


def scan_scene(
    plan: ScanPlan,
    scores: SceneScores,
    on_rows: RowSink,
    progress: ProgressSink | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> None:
    """Fill the scores of every expression over a scene.

    Args:
        plan: what to run over what.
        scores: filled, from where they start; its files may be read in ``on_rows``.
        on_rows: called from a thread of its own after rows were stored; its errors end the scan.
        progress: told after each batch.
        is_cancelled: asked between batches.

    Raises:
        Cancelled: the person cancelled.
        EngineError: the disk for the scores is full, or memory is too short for one window.
        RasterError: the raster is damaged or was changed meanwhile.
    """
    try:
        _Scan(plan, scores, on_rows, progress, is_cancelled).run()
    except OSError as error:
        raise no_room(error, plan) from error


class _Scan:
    """The state of one scan."""

    def __init__(
        self,
        plan: ScanPlan,
        scores: SceneScores,
        on_rows: RowSink,
        progress: ProgressSink | None,
        is_cancelled: Callable[[], bool] | None,
    ) -> None:
        self.plan = plan
        self.scores = scores
        self.progress = progress
        self.is_cancelled = is_cancelled
        self.windows, spec = plan.windows, plan.segmenter.spec
        self.tiles = TileReader(
            plan.scene, spec, self.windows, plan.region, plan.tile_size_px, plan.store, plan.skip_damaged
        )
        self.segmenter = SparingSegmenter(plan.segmenter, plan.expressions, plan.batch_size, plan.known_at_once)
        self.blender = _Blender(plan, scores, on_rows)
        scores.windows = self.windows.window_count
        wanted = sum(self.tiles.count_wanted(row) for row in range(len(self.windows)))
        scores.windows_skipped = scores.windows - wanted
        self.done = scores.windows_skipped

    def run(self) -> None:
        """Run; batches go on across rows of windows, and a row's end waits in line until its windows are through."""
        first = self._restore()
        if self.plan.journal is not None and self.plan.journal.only_finished:
            return
        waiting: list[Tile | int] = []
        tiles = windows = 0
        is_fresh = False
        with Behind(BATCHES_BEHIND) as behind:
            for item in self.tiles.read_from(first):
                if isinstance(item, list):
                    windows += len(item)
                    for tile in item:
                        if tile.is_empty:
                            self._skip(tile)
                            continue
                        waiting.append(tile)
                        tiles += 1
                        is_fresh |= tile.features is None
                        if tiles >= (self.plan.batch_size if is_fresh else self.plan.known_at_once):
                            self._flush(waiting, behind)
                            waiting, tiles, is_fresh = [], 0, False
                    continue
                waiting.append(item.row)
                is_group = windows >= GROUP_BATCHES * self.plan.batch_size
                if not tiles or is_group:
                    self._flush(waiting, behind)
                    waiting, tiles, is_fresh = [], 0, False
                self.plan.scene.raster.check_unchanged()
                if is_group:
                    windows = 0
                    self._keep_checkpoint(item.index + 1, behind)
            self._flush(waiting, behind)
            self._keep_checkpoint(len(self.windows), behind)
            behind.wait()
        self.scores.notes += self.segmenter.notes
        self.scores.holes = self.tiles.holes

    def _restore(self) -> int:
        """Take over the state where the scan goes on and return the first row of windows to do."""
        start = self.scores.start
        if start is None or self.plan.journal is None:
            return 0
        for name in COUNTS:
            setattr(self.scores, name, start.counts[name])
        self.tiles.holes += start.holes
        self.scores.holes = self.tiles.holes
        self.blender.restore(start, self.plan.journal)
        ahead = sum(self.tiles.count_wanted(row) for row in range(start.window_rows, len(self.windows)))
        self.done = self.scores.windows - ahead
        self._report(0)
        return start.window_rows

    def _keep_checkpoint(self, window_rows: int, behind: Behind) -> None:
        """Have a checkpoint kept when all that was handed on before is written."""
        if self.plan.journal is not None:
            counts = {name: int(getattr(self.scores, name)) for name in COUNTS}
            holes = tuple(self.tiles.holes)
            behind.do(partial(self.blender.keep_checkpoint, self.plan.journal, window_rows, counts, holes))

    def _skip(self, tile: Tile) -> None:
        """Leave out a tile that holds nothing."""
        self.scores.windows_skipped += 1
        self._report(1)
        if not tile.is_known and tile.is_whole:
            self.plan.store.put(tile.key, TileRecord(None, np.packbits(tile.valid)), self.scores.windows)

    def _flush(self, waiting: list[Tile | int], behind: Behind) -> None:
        """Run the network on the waiting tiles and hand its answer on."""
        if not waiting:
            return
        tiles = [item for item in waiting if isinstance(item, Tile)]
        answer = None
        if tiles:
            self._check_cancelled()
            answer, features = self.segmenter.answer(tiles, self._asked_about(tiles))
            self.scores.windows_encoded += sum(tile.features is None for tile in tiles)
            self._keep(tiles, features)
        behind.do(partial(self.blender.add, waiting, answer))
        self._report(len(tiles))

    def _asked_about(self, tiles: Sequence[Tile]) -> NDArray[np.bool_] | None:
        """Return (B, H, W) bool, True where tiles hold data and lie in the region; None where all do."""
        region = self.plan.region
        if region is None and all(tile.valid.all() for tile in tiles):
            return None
        return np.stack([tile.valid if region is None else tile.valid & region.mask(tile.key.window) for tile in tiles])

    def _keep(self, tiles: Sequence[Tile], features: Sequence[Features]) -> None:
        wanted = self.scores.windows - self.scores.windows_skipped
        for tile, own in zip(tiles, features, strict=True):
            if not tile.is_whole:
                continue
            bits = None if tile.valid.all() else np.packbits(tile.valid)
            self.plan.store.put(tile.key, TileRecord(own, bits), wanted)

    def _check_cancelled(self) -> None:
        if self.is_cancelled is not None and self.is_cancelled():
            raise Cancelled("The question was cancelled; nothing was written.")

    def _report(self, count: int) -> None:
        self.done += count
        if self.progress is not None:
            stage = "segment" if self.plan.expressions else "encode"
            self.progress(Progress(stage, self.done, max(1, self.scores.windows), "tiles"))


class _Blender:
    """The stage behind the network: blends tiles, stores rows that are final, and hands them on."""

    def __init__(self, plan: ScanPlan, scores: SceneScores, on_rows: RowSink) -> None:
        self.plan, self.scores, self.on_rows = plan, scores, on_rows
        self.mosaic: Mosaic | None = None
        self.row_done = 0

    def restore(self, start: Checkpoint, journal: Journal) -> None:
        """Go on from a checkpoint; rows that are final already are handed on as they were."""
        self.row_done = start.row_end
        self.scores.best = list(start.best)
        self.scores.valid_px = start.counts["valid_px"]
        carry = journal.load_carry()
        if carry is not None:
            self._ready_mosaic(len(carry["sums"])).restore(carry)
        width = self.plan.scene.grid.width
        step = max(1, REPLAY_PX // width)
        for row in range(0, start.row_end, step):
            count = min(step, start.row_end - row)
            self.on_rows(row, np.stack([file.read(row, 0, count, width) for file in self.scores.scores]))

    def keep_checkpoint(
        self, journal: Journal, window_rows: int, counts: dict[str, int], holes: tuple[Window, ...]
    ) -> None:
        """Keep a checkpoint of all that was added."""
        counts = counts | {"valid_px": self.scores.valid_px}
        point = Checkpoint(window_rows, self.row_done, tuple(self.scores.best), counts, holes)
        journal.add(point, None if self.mosaic is None else self.mosaic.carry(), self.scores.files)

    def add(self, waiting: Sequence[Tile | int], answer: Segmentation | None) -> None:
        """Take tiles with the network's answer, and the ends of rows between them."""
        if answer is not None:
            _check_finite(answer, self.plan.segmenter.spec.name)
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

    def _ready_mosaic(self, channels: int) -> Mosaic:
        if self.mosaic is None:
            spec, grid = self.plan.segmenter.spec, self.plan.scene.grid
            # Rows above the first window with data need no strip: what was never written reads as no data.
            self.mosaic = Mosaic(channels, grid.height, grid.width, spec.window_px, spec.stride_px, self.row_done)
        return self.mosaic

    def _write(self, row_end: int) -> None:
        self.row_done = row_end
        strip = self.mosaic.take(row_end) if self.mosaic is not None else None
        if strip is not None:
            self._write_strip(strip)

    def _write_strip(self, strip: Strip) -> None:
        count = len(self.scores.scores)
        codes = encode_scores(strip.logits)
        if self.plan.region is not None:
            codes[:, ~self.plan.region.rows(strip.row_off, codes.shape[1])] = 0
        for file, rows in zip((*self.scores.scores, self.scores.outlines), codes, strict=False):
            file.write_rows(strip.row_off, rows)
        highest = codes[:count].reshape(count, -1).max(axis=1)
        for index, code in enumerate(highest.tolist()):
            self.scores.best[index] = max(self.scores.best[index], float(decode_scores(max(1, code))))
        self.scores.valid_px += int(np.count_nonzero(codes[0]))
        self.on_rows(strip.row_off, codes[:count])


def _check_finite(answer: Segmentation, model: str) -> None:
    if not np.isfinite(answer.logits).all() or (answer.outlines is not None and not np.isfinite(answer.outlines).all()):
        raise EngineError(
            f"The model '{model}' gave scores that are not numbers: use --precision fp32, or another checkpoint."
        )
