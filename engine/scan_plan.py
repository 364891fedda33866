"""What is scanned, and the scores that a scan fills."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from .. import __version__
from ..geo_io.region import Region
from ..geo_io.scene import Scene
from ..geo_io.score_file import ScoreFile
from ..geo_io.window import Window, WindowPlan
from .errors import EngineError
from .features import FeatureStore
from .journal import Checkpoint, Journal

if TYPE_CHECKING:
    from ..core_model.segmenter import Segmenter

KNOWN_BATCHES = 4
"""Batches of windows and expressions that are read at once where no window needs encoding."""


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
    skip_damaged: bool = False
    """Leave damaged parts of the raster out instead of stopping at them."""

    @property
    def known_at_once(self) -> int:
        """Return how many windows that need no encoding the network sees at once: there, calls cost most."""
        if self.journal is not None:  # a run that goes on meets the same batches, whatever was stored before
            return self.batch_size
        return self.batch_size * max(1, KNOWN_BATCHES // max(1, len(self.expressions)))

    @property
    def windows(self) -> WindowPlan:
        """Return the windows of the scene."""
        spec = self.segmenter.spec
        return WindowPlan(*self.scene.grid.shape, spec.window_px, spec.stride_px)


class SceneScores:
    """Scores of a scene on disk; close it, or use it as a context manager."""

    def __init__(self, expressions: int, height: int, width: int, journal: Journal | None = None) -> None:
        """Make the files.

        Args:
            expressions: E, one file each.
            height: rows of the scene.
            width: columns of the scene.
            journal: where the files stay; None: they are temporary.

        Raises:
            OSError: no room or no right to write there.
        """
        names = [str(index) for index in range(expressions)] + ["outlines"]
        paths = [None if journal is None else journal.score_path(name) for name in names]
        self.files = {name: ScoreFile(height, width, path) for name, path in zip(names, paths, strict=True)}
        """All files by name."""
        self.scores = list(self.files.values())[:expressions]
        self.outlines = self.files["outlines"]
        """Codes of the outlines between touching objects; 0 throughout if the model gives none."""
        self.start: Checkpoint | None = None
        """Where the scan goes on; None: at the first row."""
        self.best = [0.0] * expressions
        """Highest score of each expression."""
        self.windows = 0
        self.windows_skipped = 0
        """Windows without a valid pixel, or outside the region."""
        self.windows_encoded = 0
        """Windows that the image encoder saw; the rest came from the feature store."""
        self.valid_px = 0
        self.holes: list[Window] = []
        """Damaged parts that were left out, in pixels of the scene; they may overlap."""
        self.notes: list[str] = []
        """What the person should know of how it went."""

    def close(self) -> None:
        """Close the files; temporary ones are gone then."""
        for file in self.files.values():
            file.close()

    def __enter__(self) -> SceneScores:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def open_scores(plan: ScanPlan) -> SceneScores:
    """Return the scores of a scene, empty or as far as the journal knows them.

    Args:
        plan: what will be scanned.

    Raises:
        EngineError: the disk for the scores is full.
        OptionsError, OutputError: the journal belongs to another question or to a run at work.
    """
    start = None if plan.journal is None else plan.journal.begin(_asked(plan), plan.scene.grid.shape)
    try:
        scores = SceneScores(len(plan.expressions), *plan.scene.grid.shape, plan.journal)
    except OSError as error:
        raise no_room(error, plan) from error
    scores.start = start
    return scores


def no_room(error: OSError, plan: ScanPlan) -> EngineError:
    """Return what to tell a person when the scores find no room."""
    need = (len(plan.expressions) + 1) * plan.scene.grid.height * plan.scene.grid.width
    if plan.journal is None:
        folder, advice = Path(tempfile.gettempdir()), "set TMPDIR to a larger disk"
    else:
        folder, advice = plan.journal.folder.parent, "make room there and ask again to go on"
    free = f"{shutil.disk_usage(folder).free / 1e9:.1f} GB are free" if folder.is_dir() else "it is gone"
    return EngineError(
        f"The scores could not be kept ({error.strerror or error}): up to {need / 1e9:.1f} GB are needed in {folder}, "
        f"where {free}; {advice}."
    )


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
        "damaged parts": "skipped" if plan.skip_damaged else "refused",
        "version": __version__,
    }
