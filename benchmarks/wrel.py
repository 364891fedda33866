"""Write what ``referent benchmark wrel`` measured to ``docs/benchmarks``: figures, tables, plots and raw rows.

    referent benchmark wrel --data ../shared/data/ucm_refer --ratios 10 30 50 100 --seeds 3 -o runs/wrel
    referent benchmark wrel --data ../shared/data/ucm_refer --protocol resources/configs/wrel_scratch.toml \
        --ratios 30 --seeds 1 -o runs/wrel-scratch
    python benchmarks/wrel.py runs/wrel --scratch runs/wrel-scratch

The page ``wrel.md`` is written between two marks; what stands outside of them is kept.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from record import FOLDER, Figure, record

from referent.engine.benchmark_report import (
    accuracy_table,
    by_cell,
    draw_ratios,
    draw_theory,
    spread,
    theory_table,
    values_of,
)

ROWS = {
    "accurate_only_miou": "accurate-only",
    "naive_miou": "naive-wrel",
    "lrb_miou": "lrb-wrel",
    "frozen_bank_miou": "frozen bank",
    "shared_prompt_miou": "shared prompt",
}


def main() -> None:
    """Read the rows of a benchmark and write them down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of the benchmark")
    parser.add_argument("--scratch", type=Path, help="folder of the benchmark by wrel_scratch.toml")
    args = parser.parse_args()
    rows = read_rows(args.run, FOLDER / "wrel_rows.json")
    draw_ratios(rows, FOLDER / "wrel_ratios.svg")
    draw_theory(rows, FOLDER / "wrel_theory.svg")
    put(FOLDER / "wrel.md", [*accuracy_table(rows), "", "![mIoU over the ratio](wrel_ratios.svg)", "",
                             "## The theory, measured", "", *theory_table(rows), "",
                             "![gap and distance over the weak share](wrel_theory.svg)"])  # fmt: skip
    if args.scratch:
        put(
            FOLDER / "wrel.md",
            accuracy_table(read_rows(args.scratch, FOLDER / "wrel_scratch_rows.json")),
            "wrel-scratch",
        )
    record(figures(rows), "wrel")


def read_rows(folder: Path, raw: Path) -> list[dict[str, Any]]:
    """Return the finished cells of a benchmark, after writing them to ``raw``."""
    rows = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("cells/*/cell.json"))]
    raw.write_text("[\n" + ",\n".join(json.dumps(_rounded(row)) for row in rows) + "\n]\n", encoding="utf-8")
    return rows


def figures(rows: list[dict[str, Any]]) -> list[Figure]:
    """Return the named figures of the benchmark."""
    groups = by_cell(rows)
    means = {key: float(np.mean(values_of(seeds))) for key, seeds in groups.items()}
    found = []
    for ratio in sorted({ratio for _, ratio in groups} - {100}):
        found += [
            Figure(f"{name}_{ratio}", means[row, ratio], "share, mean over seeds")
            for name, row in ROWS.items()
            if (row, ratio) in means
        ]
        if {("lrb-wrel", ratio), ("naive-wrel", ratio)} <= means.keys():
            gain = means["lrb-wrel", ratio] - means["naive-wrel", ratio]
            found.append(Figure(f"lrb_minus_naive_{ratio}", gain, "share, mean over seeds", ">= 0"))
        equal = ("naive-wrel, equal compute", ratio)
        if equal in means:
            found.append(Figure(f"naive_equal_compute_miou_{ratio}", means[equal], "share, mean over seeds"))
    if ("all expressions", 100) in means:
        found.append(Figure("full_miou_100", means["all expressions", 100], "share, mean over seeds"))
    widest = max(spread(values_of(seeds)) for seeds in groups.values())
    found.append(Figure("spread_miou", widest, "share, largest standard deviation over seeds"))
    return found


def put(path: Path, lines: list[str], name: str = "wrel") -> None:
    """Replace what stands between the marks of a page."""
    start, stop = f"<!-- {name}: written by benchmarks/wrel.py -->", f"<!-- /{name} -->"
    text = path.read_text(encoding="utf-8")
    block = "\n".join([start, *lines, stop])
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(stop)}", re.DOTALL)
    path.write_text(pattern.sub(lambda _: block, text), encoding="utf-8")


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(value, 5) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
