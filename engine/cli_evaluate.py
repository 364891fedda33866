"""``referent evaluate``: measure a model on annotation layers, or on a data set of annotated chips."""

from __future__ import annotations

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

from .cli_layers import add_layer_options, sort_files, source_of
from .cli_progress import ProgressBar, warn
from .errors import OptionsError
from .plain import plain

_EPILOG = """examples:
  referent evaluate scene_test.tif labels_test.gpkg --model my-model --report report.html
  referent evaluate --data ../shared/data/ucm_refer --split val --report report.html"""


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "evaluate",
        parents=[common],
        help="measure a model on annotation layers, or on a data set of chips",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_layer_options(parser)
    parser.add_argument("--model", default="small", metavar="NAME", help="bundled model or its folder (small)")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write a page with tables and pictures (.html)")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="data set of chips, such as ucm_refer")
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
    """Measure, print the figures and write the page.

    Raises:
        OptionsError: the options contradict each other.
        LayerError: a layer cannot be used.
        RasterError: a raster cannot be used.
        DataError: the data set cannot be read.
        CheckpointError: the model is missing or damaged.
        OutputError: the page cannot be written.
    """
    if (args.data is None) == (not args.files):
        raise OptionsError("Give either rasters and layers, or a data set with --data.")
    if args.report is not None:
        from ..geo_io.layer import check_output

        check_output(args.report, inputs=tuple(Path(name.split("|")[0]) for name in args.files), overwrite=True)
    with ProgressBar(args.quiet) as bar:
        if args.data is not None:
            from .evaluate import evaluate
            from .report import write_report

            result = evaluate(
                args.model,
                args.data,
                args.split,
                text_mode=args.text,
                device=args.device,
                on_answers=None if args.report is None else partial(write_report, path=args.report),
                progress=bar,
            )
        else:
            from .layer_evaluation import LayerEvaluation, evaluate_on_layers

            rasters, layers = sort_files(args.files)
            request = LayerEvaluation(
                source=source_of(args, rasters, layers),
                model=args.model,
                text_mode=args.text,
                report=None if args.report is None else str(args.report),
                device=args.device,
            )
            result = evaluate_on_layers(request, bar)
    for text in result.warnings:
        warn(args, text)
    print(json.dumps(plain(result.to_dict()), ensure_ascii=False) if args.json else result.to_text())
    if args.report is not None and not args.json:
        print(f"wrote {args.report}")
