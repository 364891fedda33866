"""``referent benchmark``: reproduce the comparison of the training methods."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from .cli_progress import ProgressBar


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "benchmark",
        parents=[common],
        help="compare accurate-only, naive-wrel and lrb-wrel, with controls",
        epilog="A benchmark that was stopped goes on where it was when the same command is given again.",
    )
    parser.add_argument("topic", choices=("wrel",), help="wrel: training where most expressions are missing")
    parser.add_argument(
        "--data", required=True, type=Path, metavar="FOLDER", help="ucm_refer, or a data set in REFER layout"
    )
    parser.add_argument(
        "--ratios", nargs="+", type=int, default=[10, 30, 50, 100], metavar="R", help="percent of expressions kept"
    )
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="trainings of each row (3)")
    parser.add_argument(
        "--protocol",
        type=Path,
        metavar="FILE",
        help="TOML with what is equal for all rows (resources/configs/wrel.toml)",
    )
    parser.add_argument("--nested", action="store_true", help="smaller ratios keep a subset of what larger ones keep")
    parser.add_argument(
        "-o", "--out", required=True, type=Path, metavar="FOLDER", help="folder of the cells, the table and the plots"
    )
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda", "mps"), help="where to train (cpu)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Run the cells that are missing, then write the table and the plots.

    Raises:
        OptionsError: a ratio, the number of seeds or the protocol cannot be used.
        DataError: the data set cannot be read.
        TrainingError: a training cannot start or go on.
    """
    from .benchmark_data import read_benchmark_data
    from .benchmark_protocol import PROTOCOL, read_protocol
    from .benchmark_report import write_report
    from .benchmark_wrel import BenchmarkJob, WrelBenchmark
    from .errors import OptionsError

    ratios = tuple(sorted(set(args.ratios)))
    wrong = [ratio for ratio in ratios if not 0 < ratio <= 100]
    if wrong or args.seeds < 1:
        what = f"the ratio {wrong[0]}" if wrong else f"{args.seeds} seeds"
        raise OptionsError(
            f"The benchmark cannot use {what}; ratios are 1 to 100 percent, and there is at least 1 seed."
        )
    protocol = read_protocol(args.protocol or PROTOCOL)
    job = BenchmarkJob(read_benchmark_data(args.data), protocol, ratios, args.seeds, args.out, args.nested, args.device)
    with ProgressBar(args.quiet) as bar:
        rows = WrelBenchmark(job, bar).run()
    report = write_report(rows, args.out, job)
    print(json.dumps({"rows": rows, "report": str(report)}) if args.json else report.read_text(encoding="utf-8"))
