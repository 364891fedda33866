"""``referent train``: fine-tune a model on annotation layers, or train one as a configuration says."""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from .cli_layers import add_layer_options, sort_files, source_of
from .cli_progress import ProgressBar, warn
from .errors import Cancelled, OptionsError
from .plain import plain
from .progress import Progress

if TYPE_CHECKING:
    from ..core_model.train.loop import StepReport
    from .layer_run import TrainedModel
    from .layer_training import LayerTraining

_EPILOG = """examples:
  referent train scene.tif labels.gpkg --class-field class --expression-field expression -o my-model
  referent train scene.tif labels.gpkg -o my-model --dry-run
  referent query scene.tif "the tin roof beside the temple" --model my-model
A run that was stopped goes on where it was when the same command is given again."""


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "train",
        parents=[common],
        help="fine-tune a model on annotation layers, or train one as a configuration file says",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_layer_options(parser)
    parser.add_argument("-o", "--out", type=Path, metavar="FOLDER", help="folder of the run and of its model")
    parser.add_argument("--dry-run", action="store_true", help="say what would be trained on, and train nothing")
    parser.add_argument(
        "--contact-sheet", type=Path, metavar="FILE", help="where --dry-run draws some chips (FOLDER-chips.png)"
    )
    training = parser.add_argument_group("training on layers")
    training.add_argument(
        "--from", dest="start", default="small", metavar="MODEL", help="model to start from: a name or a folder (small)"
    )
    training.add_argument("--from-scratch", action="store_true", help="take only sizes and tokenizer of that model")
    training.add_argument(
        "--method",
        default="product",
        choices=("product", "accurate-only", "naive-wrel", "lrb-wrel"),
        help="what objects without an expression teach (product)",
    )
    training.add_argument("--steps", type=int, metavar="N", help="optimiser steps (by the amount of data)")
    training.add_argument("--batch-size", type=int, default=4, metavar="N", help="views per step (4)")
    training.add_argument("--learning-rate", type=float, metavar="R", help="highest rate (3e-4, from scratch 1e-3)")
    training.add_argument(
        "--validation-share", type=float, default=0.2, metavar="S", help="share kept for validation, by place (0.2)"
    )
    training.add_argument(
        "--patience", type=int, default=5, metavar="N", help="validations without gain, 0: no end (5)"
    )
    training.add_argument("--overwrite", action="store_true", help="start anew where FOLDER holds another run")
    training.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"), help="where to compute")
    configured = parser.add_argument_group("training from a configuration")
    configured.add_argument("--config", type=Path, metavar="FILE", help="TOML, as resources/configs/small.toml")
    configured.add_argument(
        "--pretext-from", type=Path, metavar="RUN", help="use the tokenizer, pretext and text stage of another run"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="seed (0, or the configuration's)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Train, and say where the model lies.

    Raises:
        OptionsError: options, the configuration or the folder cannot be used.
        LayerError: a layer cannot be used.
        RasterError: a raster cannot be used.
        TrainingError: training cannot start or go on.
        DataError: the data set cannot be read.
        Cancelled: stopped by a signal.
    """
    if args.config is not None:
        if args.files:
            raise OptionsError("Give either --config or rasters and layers, not both.")
        _run_config(args)
        return
    request = _request(args)
    if args.dry_run:
        _dry_run(args, request)
    else:
        _train(args, request)


def _request(args: argparse.Namespace) -> LayerTraining:
    rasters, layers = sort_files(args.files)
    if args.out is None and not args.dry_run:
        raise OptionsError("Say where the model shall go, with -o FOLDER; or add --dry-run to see what would be used.")
    from .layer_training import LayerTraining

    return LayerTraining(
        source=source_of(args, rasters, layers),
        out=str(args.out or "my-model"),
        start=args.start,
        from_scratch=args.from_scratch,
        method=args.method,
        steps=args.steps,
        batch_size=args.batch_size,
        learning_rate=args.learning_rate,
        seed=args.seed or 0,
        validation_share=args.validation_share,
        patience=args.patience,
        device=args.device,
        overwrite=args.overwrite,
    )


def _dry_run(args: argparse.Namespace, request: LayerTraining) -> None:
    from .layer_training import describe

    sheet = args.contact_sheet or Path(f"{request.out.rstrip('/')}-chips.png")
    with ProgressBar(args.quiet) as bar:
        found = describe(request, sheet, bar)
    for text in found.warnings:
        warn(args, text)
    if args.json:
        print(json.dumps(found.to_dict(), ensure_ascii=False))
        return
    print(found.to_text())
    print(f"wrote {sheet}: look whether the outlines fit the picture")


def _train(args: argparse.Namespace, request: LayerTraining) -> None:
    from .layer_training import train_on_layers

    stop = _StopSwitch()
    with ProgressBar(args.quiet) as bar, stop:

        def show(stage: str, report: StepReport) -> None:
            bar(Progress(stage, report.step, report.steps, "steps"))
            bar.note(_figures(report))
            if report.validation is not None and not args.quiet:
                bar.write(f"step {report.step}: {_validation(report.validation)}")

        try:
            model = train_on_layers(request, show, stop.is_set, bar)
        except Cancelled as error:
            if stop.number == signal.SIGINT:
                raise KeyboardInterrupt(str(error)) from error
            raise
    for text in model.warnings:
        warn(args, text)
    print(json.dumps(plain(model.to_dict()), ensure_ascii=False) if args.json else _told(model, request))


def _run_config(args: argparse.Namespace) -> None:
    from .train import train

    out = args.out or Path("runs") / args.config.stem
    with ProgressBar(args.quiet) as bar:

        def show(stage: str, report: StepReport) -> None:
            bar(Progress(stage, report.step, report.steps, "steps"))
            bar.note(_figures(report))

        folder = train(args.config, out, seed=args.seed, pretext_from=args.pretext_from, on_step=show, progress=bar)
    print(json.dumps({"checkpoint": str(folder)}) if args.json else f"The model is in {folder}.")


def _figures(report: StepReport) -> str:
    total = sum(value for name, value in report.losses.items())
    return f"loss {total:.3f} " + " ".join(f"{name} {value:.2f}" for name, value in report.losses.items())


_NAMES = {
    "written_miou": "expressions",
    "group_miou": "groups",
    "class_iou": "class names",
    "miou": "expressions",
    "absent_false_alarm": "false alarms",
}


def _validation(figures: dict[str, float]) -> str:
    shown = [
        f"{words} {figures[name]:.3f}" for name, words in _NAMES.items() if not math.isnan(figures.get(name, math.nan))
    ]
    return "validation " + ", ".join(shown)


def _told(model: TrainedModel, request: LayerTraining) -> str:
    where = "validation ground" if model.is_validated else "the training ground itself"
    lines = [f"measured on {where}: {_validation(model.after).removeprefix('validation ')}"]
    if model.before:
        lines.append(f"before training: {_validation(model.before).removeprefix('validation ')}")
    lines.append(f"The model is in {model.folder} (step {model.best_step or model.steps} of {model.steps} taken).")
    lines.append(f'Ask it: referent query {request.source.rasters[0]} "{request_class(model)}" --model {request.out}')
    return "\n".join(lines)


def request_class(model: TrainedModel) -> str:
    """Return a class to show a first question with: the newest that the model knows."""
    return model.classes[-1]


class _StopSwitch:
    """While it is on, the first Ctrl-C or SIGTERM only asks to stop after the step, so that nothing is lost."""

    def __init__(self) -> None:
        self.number: int | None = None
        self._before: dict[int, Any] = {}

    def is_set(self) -> bool:
        """Tell whether to stop."""
        return self.number is not None

    def __enter__(self) -> _StopSwitch:
        for number in (signal.SIGINT, getattr(signal, "SIGTERM", signal.SIGINT)):
            self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.number is not None:  # asked twice: at once
            for known, handler in self._before.items():
                signal.signal(known, handler)
            raise KeyboardInterrupt("Stopped at once; the last saved step is kept.")
        self.number = number
        print("\nreferent: stopping after this step; once more to stop at once", file=sys.stderr)
