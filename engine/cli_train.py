"""``referent train``: train a model as a configuration says."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .cli_progress import ProgressBar
from .progress import Progress

if TYPE_CHECKING:
    from ..core_model.train.loop import StepReport


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "train",
        parents=[common],
        help="train a model as a configuration file says",
        epilog="A run that was stopped goes on where it was when the same command is given again.",
    )
    parser.add_argument(
        "--config", required=True, type=Path, metavar="FILE", help="TOML, as resources/configs/small.toml"
    )
    parser.add_argument(
        "-o", "--out", type=Path, metavar="FOLDER", help="folder of the run (default: runs/ and the file's name)"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="seed instead of the configuration's")
    parser.add_argument("--pretext-from", type=Path, metavar="RUN", help="use the pretext stage of another run")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Train, and say where the checkpoint lies.

    Raises:
        OptionsError: the configuration or the folder cannot be used.
        TrainingError: training cannot start or go on.
        DataError: the data set cannot be read.
    """
    from .train import train

    out = args.out or Path("runs") / args.config.stem
    with ProgressBar(args.quiet) as bar:

        def show(stage: str, report: StepReport) -> None:
            bar(Progress(stage, report.step, report.steps, "steps"))
            bar.note(" ".join(f"{name} {value:.3f}" for name, value in report.losses.items()))

        folder = train(args.config, out, seed=args.seed, pretext_from=args.pretext_from, on_step=show)
    print(json.dumps({"checkpoint": str(folder)}) if args.json else f"The model is in {folder}.")
