"""Table, plots and raw numbers of ``referent benchmark wrel``."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .benchmark_protocol import FULL, MAIN_ROWS

if TYPE_CHECKING:
    from .benchmark_wrel import BenchmarkJob

Row = dict[str, Any]


def write_report(rows: list[Row], out: Path, job: BenchmarkJob) -> Path:
    """Write ``rows.json``, ``report.md`` and plots into a folder and return the path of the page."""
    (out / "rows.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    plots = [
        path.name for path in (draw_ratios(rows, out / "ratios.svg"), draw_theory(rows, out / "theory.svg")) if path
    ]
    lines = [
        f"# wrel on {job.data.name}",
        "",
        "mIoU on written expressions of the test split, mean and standard deviation over seeds.",
        "",
        *accuracy_table(rows),
        "",
        *theory_table(rows),
        "",
        *(f"![{name}]({name})" for name in plots),
        "",
    ]
    path = out / "report.md"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def by_cell(rows: list[Row]) -> dict[tuple[str, int], list[Row]]:
    """Return the seeds of each (row, ratio)."""
    groups: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["row"], row["ratio"]].append(row)
    return groups


def values_of(rows: list[Row], network: str = "student", metric: str = "miou") -> list[float]:
    """Return a metric of every seed, where it was measured."""
    return [row[network][metric] for row in rows if network in row]


def accuracy_table(rows: list[Row]) -> list[str]:
    """Return a Markdown table of rows and ratios."""
    groups = by_cell(rows)
    lines = [
        "| row | accurate | seeds | mIoU | mIoU where ambiguous | oIoU | Pr@0.5 | mIoU of the average "
        "| mIoU told the class only | minutes |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (name, ratio), seeds in sorted(groups.items(), key=lambda item: (item[0][1], _place(item[0][0]))):
        minutes = np.mean([row["seconds"] for row in seeds]) / 60
        cells = [
            cell(values_of(seeds, *what))
            for what in (
                ("student",),
                ("student", "ambiguous_miou"),
                ("student", "oiou"),
                ("student", "pr50"),
                ("average",),
                ("class_name",),
            )
        ]
        lines.append(f"| {name} | {ratio} % | {len(seeds)} | {' | '.join(cells)} | {minutes:.1f} |")
    return lines


def theory_table(rows: list[Row]) -> list[str]:
    """Return a Markdown table of what the texts cost, measured, beside the gap that was seen."""
    groups = by_cell(rows)
    full = groups.get(("all expressions", FULL), [])
    lines = [
        "| row | accurate | weak text | weak share | paired gap of the loss | distance of texts "
        "| bound (standard, ours) | observed gap in mIoU |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (name, ratio), seeds in sorted(groups.items(), key=lambda item: (item[0][1], _place(item[0][0]))):
        kinds = dict.fromkeys(kind for row in seeds for kind in row.get("theory", {}))
        for kind in kinds:
            gaps = [row["theory"][kind] for row in seeds if kind in row.get("theory", {})]
            observed = ""
            if full:
                best = {row["seed"]: row["student"]["miou"] for row in full}
                observed = cell([best[row["seed"]] - row["student"]["miou"] for row in seeds if row["seed"] in best])
            values = " | ".join(
                cell([gap[key] for gap in gaps]) for key in ("weak_share", "paired", "distance", "bound")
            )
            lines.append(f"| {name} | {ratio} % | {kind} | {values} | {observed} |")
    return lines


def draw_ratios(rows: list[Row], path: Path) -> Path | None:
    """Draw mIoU over the ratio for the main rows; None where matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None
    groups = by_cell(rows)
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    ratios = sorted({ratio for _, ratio in groups if ratio != FULL})
    for number, name in enumerate(MAIN_ROWS):
        at = [ratio for ratio in ratios if (name, ratio) in groups]
        if not at:
            continue
        values = [values_of(groups[name, ratio]) for ratio in at]
        shifted = [ratio + 0.5 * (number - 2) for ratio in at]
        axes.errorbar(
            shifted, [100 * float(np.mean(v)) for v in values], [100 * spread(v) for v in values],
            marker="o", markersize=4, capsize=3, linewidth=1.2, label=name,
        )  # fmt: skip
    full = values_of(groups.get(("all expressions", FULL), []))
    if full:
        mean, width = 100 * float(np.mean(full)), 100 * spread(full)
        axes.axhline(mean, color="0.4", linewidth=1, label="all expressions")
        axes.axhspan(mean - width, mean + width, color="0.4", alpha=0.15, linewidth=0)
    axes.set(xlabel="accurate expressions, %", ylabel="mIoU on written test expressions, %", xticks=ratios)
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)
    return path


def draw_theory(rows: list[Row], path: Path) -> Path | None:
    """Draw the distance of weak from accurate texts before and after the bank; None where matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None
    groups = {key: seeds for key, seeds in by_cell(rows).items() if any(row.get("theory") for row in seeds)}
    if not groups:
        return None
    figure = Figure(figsize=(7.6, 3.2), layout="constrained")
    for axes, (key, title) in zip(
        figure.subplots(1, 2),
        (("paired", "paired gap of the loss"), ("distance", "distance of the texts")),
        strict=True,
    ):
        for name, kind in (("naive-wrel", "class name"), ("lrb-wrel", "class name"), ("lrb-wrel", "new bank"),
                           ("lrb-wrel", "trained bank")):  # fmt: skip
            points = sorted((ratio, seeds) for (row, ratio), seeds in groups.items() if row == name)
            values = [[row["theory"][kind][key] for row in seeds if kind in row["theory"]] for _, seeds in points]
            axes.errorbar(
                [100 - ratio for ratio, _ in points], [float(np.mean(v)) for v in values], [spread(v) for v in values],
                marker="o", markersize=4, capsize=3, linewidth=1.2, label=f"{name}: {kind}",
            )  # fmt: skip
        axes.set(xlabel="weak samples, %", title=title)
        axes.spines[["top", "right"]].set_visible(False)
        axes.axhline(0, color="0.7", linewidth=0.8)
    axes.legend(frameon=False, fontsize=7, loc="lower center")
    figure.savefig(path)
    return path


def spread(values: list[float]) -> float:
    """Return the standard deviation over seeds; 0 for one."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def cell(values: list[float]) -> str:
    """Return mean and spread as text; empty for nothing."""
    if not values:
        return ""
    return f"{np.mean(values):.3f} ± {spread(values):.3f}" if len(values) > 1 else f"{values[0]:.3f}"


def _place(name: str) -> tuple[int, str]:
    return (MAIN_ROWS.index(name) if name in MAIN_ROWS else len(MAIN_ROWS), name)
