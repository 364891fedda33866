"""Measure a model on annotation layers: the same chips, questions and figures as on a data set."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely

from ..core_model.checkpoint import find_model, load_segmenter, read_spec
from ..core_model.chip_evaluation import TextMode, ask_chips
from ..core_model.config import ModelConfig
from ..core_model.errors import CheckpointError
from ..geo_io.layer import check_output
from .errors import Cancelled, OptionsError
from .evaluate import EvaluationReport, report_of
from .layer_chips import keep_once
from .layer_samples import LayerSamples, LayerSource, read_samples
from .progress import Progress, ProgressSink
from .report import write_report


@dataclass(frozen=True)
class LayerEvaluation:
    """A wish to know how well a model answers on layers."""

    source: LayerSource
    """Rasters, layers and how they are read."""
    model: str = "small"
    """Bundled model, checkpoint folder or folder of a training run."""
    text_mode: TextMode = "expression"
    """``class-name`` asks the class of each referent instead of the written expression."""
    report: str | None = None
    """HTML page to write; an existing one is replaced."""
    device: str = "auto"
    """Where to compute."""

    def to_dict(self) -> dict[str, Any]:
        """Return the request as JSON values."""
        return dataclasses.asdict(self)


def evaluate_on_layers(
    request: LayerEvaluation,
    progress: ProgressSink | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> EvaluationReport:
    """Return how well a model answers on layers.

    Args:
        request: the wish.
        progress: told of every chip.
        is_cancelled: asked after every chip whether to stop.

    Raises:
        LayerError: a layer cannot be read, lacks a field, has no place, or none of its rows can be used.
        RasterError: a raster cannot be read or placed.
        OptionsError: nothing could be asked.
        CheckpointError: the model is missing or damaged.
        OutputError: the page cannot be written.
        Cancelled: ``is_cancelled`` said so; nothing was written.
    """
    if request.report is not None:
        check_output(request.report, overwrite=True)
    folder = find_model(request.model)
    spec = read_spec(folder)
    samples = read_samples(request.source, spec, validation_share=0.0, progress=progress)
    chips = keep_once(samples.training)
    if not any(chip.expressions or chip.complete for chip in chips):
        raise OptionsError(
            "Nothing can be asked: no object has an expression, and no class is taken to be complete; "
            "leave --complete out, or describe some objects."
        )
    segmenter = load_segmenter(request.model, request.device)
    warnings = [text for text in samples.warnings if "one class only" not in text]
    warnings += _unknown(samples, spec.classes) + _seen_ground(samples, folder)

    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress(Progress("evaluate", done, total, "chips"))
        if is_cancelled is not None and is_cancelled():
            raise Cancelled("Cancelled; nothing was written.")

    answers = list(ask_chips(segmenter, chips, request.text_mode, tell))
    name = ", ".join(Path(item.split("|")[0]).name for item in (*request.source.rasters, *request.source.layers))
    result = report_of(answers, spec.name, name, request.text_mode, warnings)
    if request.report is not None:
        write_report(result, answers, chips, segmenter, Path(request.report), [str(note) for note in samples.notes])
    return result


def _unknown(samples: LayerSamples, classes: Sequence[str]) -> list[str]:
    unknown = [name for name in samples.classes if name not in classes]
    if not unknown:
        return []
    return [f"The model was not trained on {', '.join(unknown)}; it answers to these names as to any other words."]


def _seen_ground(samples: LayerSamples, folder: Path) -> list[str]:
    """Warn where the model was trained on the ground that it is measured on."""
    try:
        trained = [shapely.box(*box) for box in ModelConfig.read(folder / "config.json").training.get("ground", [])]
    except (CheckpointError, TypeError, ValueError):
        return []
    tree = shapely.STRtree(trained)
    pieces = [shapely.box(*box) for box in samples.ground]
    # Neighbours touch; only what lies on each other to a good part counts.
    seen = sum(
        any(piece.intersection(trained[index]).area > 0.01 * piece.area for index in tree.query(piece))
        for piece in pieces
    )
    if not seen:
        return []
    return [
        f"{seen} of {len(pieces)} pieces of ground were also trained on, so that these figures flatter the model: "
        "evaluate on another place, or read the validation figures of its model card."
    ]
