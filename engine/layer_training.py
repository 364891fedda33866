"""Fine-tune a model on annotation layers: say what was understood, train, keep the best, leave a model that answers.

Three calls for every door: :func:`describe` (the dry run), :func:`train_on_layers`, and
``layer_evaluation.evaluate_on_layers``. Requests and answers are plain dataclasses whose ``to_dict`` is JSON.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core_model.checkpoint import find_model, read_spec
from ..core_model.data.chips import Chip
from ..core_model.segmenter import ModelSpec
from .errors import OptionsError
from .layer_fit import METHODS, FitSettings, IsCancelled, Method, OnStep
from .layer_run import TrainedModel, run_training
from .layer_samples import LayerSamples, LayerSource, read_samples
from .layer_sheet import write_contact_sheet
from .progress import ProgressSink

MIN_OBJECTS = 2
_SHOWN_NOTES = 200


@dataclass(frozen=True)
class LayerTraining:
    """A wish for a model that knows the classes and expressions of layers."""

    source: LayerSource
    """Rasters, layers and how they are read."""
    out: str
    """Folder of the run; the model is its subfolder ``model``, and ``referent query --model`` takes either."""
    start: str = "small"
    """Bundled model or checkpoint folder to start from."""
    from_scratch: bool = False
    """Take from ``start`` only its sizes and its tokenizer, not its weights."""
    method: Method = "product"
    """One of ``METHODS``."""
    steps: int | None = None
    """Optimiser steps; None: by the amount of data."""
    batch_size: int = 4
    """Views per step, with four questions each."""
    learning_rate: float | None = None
    """Highest learning rate; None: 3e-4 from a trained model, 1e-3 from scratch."""
    seed: int = 0
    """Of the split, the batches and the weights that are new."""
    validation_share: float = 0.2
    """Share of the objects, by place, that the model is not trained on but chosen by."""
    patience: int = 5
    """Validations in a row without gain after which training ends early; 0: never."""
    device: str = "auto"
    """Where to train: auto, cpu, cuda or mps."""
    overwrite: bool = False
    """Start anew where ``out`` holds a run with other settings or data."""

    def to_dict(self) -> dict[str, Any]:
        """Return the request as JSON values."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class ClassCount:
    """What the layers hold of one class."""

    name: str
    objects: int
    with_expression: int
    """Objects that a person described."""
    training: int
    """Objects shown in training chips."""
    validation: int
    """Objects shown in validation chips."""
    is_complete: bool
    """Taken to be drawn wherever it occurs, so that its absence can be taught."""
    is_new: bool
    """Not known to the model that training starts from."""


@dataclass(frozen=True)
class Understanding:
    """What a request would train on: the dry run."""

    classes: tuple[ClassCount, ...]
    kinds: dict[str, dict[str, int]]
    """``training`` and ``validation``: questions by kind: ``expression`` (of one object), ``group``, ``weak`` (objects
    that only their class name stands for), ``class`` (all instances of a class in a chip), ``absent``."""
    chips: dict[str, int]
    """``training`` and ``validation``: chips, and ``..._empty`` those without any object."""
    rows: int
    """Rows of all layers."""
    skipped: int
    mended: int
    notes: tuple[str, ...]
    """One sentence per row that was skipped or mended, at most ``_SHOWN_NOTES``."""
    warnings: tuple[str, ...]
    renamed: dict[str, str]
    """Class names of the layers that were changed, and into what."""
    gsd_m: float
    chip_px: int
    steps: int
    start: str
    contact_sheet: str | None
    """PNG of some chips with their outlines; None where none was asked for."""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values."""
        return dataclasses.asdict(self)

    def to_text(self) -> str:
        """Return tables for a person."""
        lines = [
            f"{self.rows} rows read; {self.skipped} cannot be used, {self.mended} used with a change.",
            f"{self.chips['training']} training chips and {self.chips['validation']} for validation, "
            f"{self.chip_px} px at {self.gsd_m:.3g} m ({self.chip_px * self.gsd_m:.0f} m), on ground of their own; "
            f"{self.chips['training_empty'] + self.chips['validation_empty']} of them without any object.",
            "",
            f"  {'class':24s} {'objects':>8s} {'described':>9s} {'training':>9s} {'validation':>10s}",
        ]
        for item in self.classes:
            marks = ", ".join([*(["new"] if item.is_new else []), *([] if item.is_complete else ["not complete"])])
            lines.append(
                f"  {item.name[:24]:24s} {item.objects:8d} {item.with_expression:9d} {item.training:9d} "
                f"{item.validation:10d}  {marks}".rstrip()
            )
        lines += ["", f"  {'questions':24s} {'training':>9s} {'validation':>10s}"]
        for kind, words in _KINDS.items():
            lines.append(f"  {words:24s} {self.kinds['training'][kind]:9d} {self.kinds['validation'][kind]:10d}")
        lines += [f"  '{old}' is called '{new}'" for old, new in self.renamed.items()]
        lines += ["", *self.notes[:20]]
        if len(self.notes) > 20:
            lines.append(
                f"... and {self.skipped + self.mended - 20} more rows; --json lists {len(self.notes)} of them."
            )
        complete = [item.name for item in self.classes if item.is_complete]
        if complete:
            every = " and every ".join(complete) if len(complete) < 4 else "object of these classes"
            lines.append(
                f"Every {every} on this ground is taken to be drawn; if that is not so, say which classes are with "
                "--complete, or where they are with --area."
            )
        lines.append(f"Training from {self.start} would take {self.steps} steps.")
        return "\n".join(lines).replace("\n\n\n", "\n\n")


_KINDS = {
    "expression": "expressions, one object",
    "group": "expressions, a group",
    "weak": "objects by class name",
    "class": "all of a class",
    "absent": "nothing to find",
}


def describe(
    request: LayerTraining, contact_sheet: str | Path | None = None, progress: ProgressSink | None = None
) -> Understanding:
    """Return what a request would train on, without training.

    Args:
        request: the wish.
        contact_sheet: PNG to write with some of the chips; None for none.
        progress: told of every chip that is read.

    Raises:
        LayerError, RasterError, OptionsError, CheckpointError, OutputError: as :func:`train_on_layers`.
    """
    samples, spec = _samples(request, progress)
    sheet = None
    if contact_sheet is not None:
        sheet = str(contact_sheet)
        write_contact_sheet(samples, Path(contact_sheet))
    return _understanding(request, samples, spec, sheet)


def train_on_layers(
    request: LayerTraining,
    on_step: OnStep | None = None,
    is_cancelled: IsCancelled | None = None,
    progress: ProgressSink | None = None,
) -> TrainedModel:
    """Train as requested and return the model; the same request again goes on where it was stopped.

    ``out/model`` appears, or is replaced, only when a new model is whole: at the end, or when the training is cancelled
    after a validation has chosen one.

    Args:
        request: the wish.
        on_step: told of every step, with the name of the stage.
        is_cancelled: asked after every step whether to stop.
        progress: told of reading, before the first step.

    Raises:
        LayerError: a layer cannot be read, lacks a field, has no place, or holds too little.
        RasterError: a raster cannot be read or placed.
        OptionsError: the request contradicts itself, or ``out`` holds another run.
        CheckpointError: the start model is missing or damaged, or the new one cannot be written.
        OutputError: the folder cannot be written.
        TrainingError: training cannot go on.
        Cancelled: ``is_cancelled`` said so; the best model so far, if there is one, is in ``out/model``.
    """
    samples, spec = _samples(request, progress)
    understanding = _understanding(request, samples, spec, None)
    out = Path(request.out)
    return run_training(
        request.to_dict(),
        out,
        samples,
        understanding.to_dict(),
        FitSettings(
            method=request.method,
            steps=understanding.steps,
            batch_size=request.batch_size,
            learning_rate=request.learning_rate or (1e-3 if request.from_scratch else 3e-4),
            patience=request.patience,
            seed=request.seed,
            from_scratch=request.from_scratch,
        ),
        start=find_model(request.start),
        device=request.device,
        overwrite=request.overwrite,
        on_step=on_step,
        is_cancelled=is_cancelled,
    )


def _samples(request: LayerTraining, progress: ProgressSink | None) -> tuple[LayerSamples, ModelSpec]:
    _check(request)
    spec = read_spec(find_model(request.start))
    samples = read_samples(
        request.source, spec, validation_share=request.validation_share, seed=request.seed, progress=progress
    )
    objects = {item.id for chip in (*samples.training, *samples.validation) for item in chip.objects}
    if len(objects) < MIN_OBJECTS:
        raise OptionsError(
            f"Only {len(objects)} object can be used, and one example teaches nothing that could be checked: "
            f"draw at least {MIN_OBJECTS}, better 30, in two places or more."
        )
    described = any(chip.expressions for chip in samples.training)
    if not described and request.method in ("accurate-only", "lrb-wrel"):
        raise OptionsError(
            f"No training object has an expression, and '{request.method}' begins with those: describe a few objects "
            "in the expression field, or use --method naive-wrel (class names alone) or product."
        )
    return samples, spec


def _check(request: LayerTraining) -> None:
    if request.method not in METHODS:
        raise OptionsError(f"The method '{request.method}' is not known; use one of {', '.join(METHODS)}.")
    if request.steps is not None and request.steps < 1:
        raise OptionsError(f"The number of steps is {request.steps}; use 1 or more.")
    if request.batch_size < 1:
        raise OptionsError(f"The batch size is {request.batch_size}; use 1 or more.")
    if not 0 <= request.validation_share <= 0.5:
        raise OptionsError(f"The validation share is {request.validation_share}; use 0 to 0.5.")
    if request.learning_rate is not None and not 0 < request.learning_rate <= 0.1:
        raise OptionsError(f"The learning rate is {request.learning_rate}; use a number above 0, up to 0.1.")


def _understanding(request: LayerTraining, samples: LayerSamples, spec: ModelSpec, sheet: str | None) -> Understanding:
    chips = (*samples.training, *samples.validation)
    objects = {item.id: item.class_name for chip in chips for item in chip.objects}
    described = {key for chip in chips for written in chip.expressions for key in written.object_ids}
    shown = {
        "training": {item.id for chip in samples.training for item in chip.objects},
        "validation": {item.id for chip in samples.validation for item in chip.objects},
    }
    classes = []
    for name in samples.classes:
        ids = {key for key, value in objects.items() if value == name}
        classes.append(
            ClassCount(
                name=name,
                objects=len(ids),
                with_expression=len(ids & described),
                training=len(ids & shown["training"]),
                validation=len(ids & shown["validation"]),
                is_complete=name in samples.complete,
                is_new=name not in spec.classes,
            )
        )
    outcomes = Counter(note.outcome for note in samples.notes)
    steps = request.steps or default_steps(len(samples.training), request.from_scratch)
    return Understanding(
        classes=tuple(classes),
        kinds={"training": _kinds(samples.training), "validation": _kinds(samples.validation)},
        chips={
            "training": len(samples.training),
            "validation": len(samples.validation),
            "training_empty": sum(not chip.objects for chip in samples.training),
            "validation_empty": sum(not chip.objects for chip in samples.validation),
        },
        rows=samples.row_count,
        skipped=outcomes["skipped"],
        mended=outcomes["mended"],
        notes=tuple(str(note) for note in samples.notes[:_SHOWN_NOTES]),
        warnings=samples.warnings,
        renamed=samples.renamed,
        gsd_m=samples.gsd_m,
        chip_px=spec.window_px,
        steps=steps,
        start=f"the sizes of {request.start} with random weights" if request.from_scratch else request.start,
        contact_sheet=sheet,
    )


def default_steps(chips: int, from_scratch: bool) -> int:
    """Return how many steps suit an amount of data: every chip some thirty times, 150 to 1500; more from scratch."""
    steps = min(1500, max(150, 8 * chips))
    return 2 * steps if from_scratch else steps


def _kinds(chips: tuple[Chip, ...]) -> dict[str, int]:
    counts = dict.fromkeys(_KINDS, 0)
    for chip in chips:
        described = {key for written in chip.expressions for key in written.object_ids}
        for written in chip.expressions:
            counts["expression" if len(written.object_ids) == 1 else "group"] += 1
        counts["weak"] += len({item.id for item in chip.objects} - described)
        counts["class"] += len({item.class_name for item in chip.objects} & chip.complete)
        counts["absent"] += len(chip.absent)
    return counts
