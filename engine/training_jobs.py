"""What the worker can be asked about layers of labels: look at them, train on them, measure a model on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from ..core_model.chip_evaluation import TextMode
from ..core_model.train.loop import StepReport
from .job import Job, JobContext
from .layer_evaluation import LayerEvaluation, evaluate_on_layers
from .layer_fit import Method
from .layer_samples import LayerSource
from .layer_training import LayerTraining, describe, train_on_layers
from .params import EvaluateParams, TrainParams, from_params
from .plain import plain
from .progress import Progress


def answer_describe_training(params: Mapping[str, Any], context: JobContext) -> dict[str, Any]:
    """Say what would be trained on; see ``describe_training`` in the protocol."""
    body = dict(params)
    sheet = body.pop("contact_sheet", None)
    return plain(describe(_training(body), sheet, _reporter(context)).to_dict())


def answer_train(params: Mapping[str, Any], context: JobContext) -> dict[str, Any]:
    """Train a model on layers; see ``train`` in the protocol."""
    model = train_on_layers(
        _training(params),
        on_step=_Teller(context),
        is_cancelled=context.is_cancelled,
        progress=_reporter(context),
    )
    return plain(model.to_dict())


def answer_evaluate(params: Mapping[str, Any], context: JobContext) -> dict[str, Any]:
    """Measure a model on layers; see ``evaluate`` in the protocol."""
    asked = from_params(EvaluateParams, params)
    request = LayerEvaluation(
        source=_source(asked),
        model=asked.model,
        text_mode=cast(TextMode, asked.text_mode),
        report=asked.report,
        device=asked.device,
    )
    return plain(evaluate_on_layers(request, _reporter(context), context.is_cancelled).to_dict())


def _training(params: Mapping[str, Any]) -> LayerTraining:
    asked = from_params(TrainParams, params)
    return LayerTraining(
        source=_source(asked),
        out=asked.out,
        start=asked.start,
        from_scratch=asked.from_scratch,
        method=cast(Method, asked.method),
        steps=asked.steps,
        batch_size=asked.batch_size,
        learning_rate=asked.learning_rate,
        seed=asked.seed,
        validation_share=asked.validation_share,
        device=asked.device,
        overwrite=asked.overwrite,
    )


def _source(asked: TrainParams | EvaluateParams) -> LayerSource:
    return LayerSource(
        rasters=tuple(asked.rasters),
        layers=tuple(asked.layers),
        class_field=asked.class_field,
        expression_field=asked.expression_field,
        complete=None if asked.complete is None else tuple(asked.complete),
        bands=None if asked.bands is None else tuple(asked.bands),
    )


class _Teller:
    """Sends the figures of every step; the steps of one stage count on from those of the stage before."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        self._stage = ""
        self._before = self._length = 0

    def __call__(self, stage: str, report: StepReport) -> None:
        """Tell of a step."""
        if stage != self._stage:
            self._stage, self._before, self._length = stage, self._before + self._length, report.steps
        step, total = self._before + report.step, self._before + report.steps
        self._context.progress(stage, report.step, report.steps, "steps")
        losses = {f"loss_{name}": value for name, value in report.losses.items()}
        loss = sum(report.losses.values())
        self._context.metrics(step, total, {"loss": loss, **losses, **(report.validation or {})})


def _reporter(context: JobContext) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        context.progress(progress.stage, progress.done, progress.total, progress.unit)

    return report


TRAINING_JOBS: dict[str, Job] = {
    "describe_training": answer_describe_training,
    "train": answer_train,
    "evaluate": answer_evaluate,
}
