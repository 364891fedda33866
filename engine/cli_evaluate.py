"""``referent evaluate``: measure a model on annotated chips."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from .cli_progress import ProgressBar


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("evaluate", parents=[common], help="measure a model on annotated chips")
    parser.add_argument("--model", default="small", metavar="NAME", help="bundled model or checkpoint folder (small)")
    parser.add_argument("--data", required=True, type=Path, metavar="FOLDER", help="data set, such as ucm_refer")
    parser.add_argument("--split", default="test", metavar="NAME", help="part of the data set (test)")
    parser.add_argument(
        "--text",
        default="expression",
        choices=("expression", "class-name"),
        help="what is asked: written expressions, or only the class of what they mean (a baseline)",
    )
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"), help="where to compute")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Measure, and print the figures.

    Raises:
        DataError: the data set cannot be read.
        CheckpointError: the model is missing or damaged.
    """
    from .evaluate import evaluate

    with ProgressBar(args.quiet) as bar:
        report = evaluate(args.model, args.data, args.split, text_mode=args.text, device=args.device, progress=bar)
    print(json.dumps(report.to_dict()) if args.json else report.to_text())
