"""Accuracy of the small model and its baselines on the test split of ucm_refer, over training seeds.

    python benchmarks/accuracy.py --data ../shared/data/ucm_refer --seeds runs/small runs/small-1 runs/small-2 \
        --short runs/short-0 runs/short-1 runs/short-2 --no-pretext runs/no-pretext-0

``--seeds`` are runs of ``resources/configs/small.toml``, where the bundled model comes from. ``--short`` are runs of
``small_short.toml``, the first leg with a shorter referring stage, and ``--no-pretext`` of ``small_no_pretext.toml``,
the same without the pretext stage. Rows of runs that are not given stay as they were recorded. Writes
``docs/benchmarks/query.json``, ``accuracy.md``, ``accuracy.json``, and the tables of the README and the model card.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from record import FOLDER, Figure, record

from referent.core_model.checkpoint import find_model
from referent.engine.evaluate import EvaluationReport, evaluate

SMALL, CLASS_NAME, SEEDS = "small", "small, class name only", "seeds of the last leg"
SHORT, NO_PRETEXT = "short schedule", "short schedule, no pretext"
ROOT = Path(__file__).resolve().parent.parent
HEADLINES = {
    "written_miou": ("written expressions of single objects, mIoU", ">= 0.5"),
    "written_pr50": ("the same, share with IoU >= 0.5", ""),
    "group_miou": ("written expressions of groups, mIoU", ""),
    "class_iou": ("class names, all instances, mean IoU", ">= 0.62"),
    "absent_false_alarm": ("false alarms, absent expressions and classes", "<= 0.05"),
    "absent_expression_false_alarm": ("false alarms, absent written expressions", ""),
    "absent_class_false_alarm": ("false alarms, absent class names", ""),
}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=Path, nargs="*", default=[], help="run folders of the last leg, by seed")
    parser.add_argument("--short", type=Path, nargs="*", default=[], help="run folders of the short schedule, by seed")
    parser.add_argument("--no-pretext", type=Path, nargs="*", default=[], help="run folders without the pretext stage")
    args = parser.parse_args()
    rows = {
        SMALL: [evaluate("small", args.data)],
        CLASS_NAME: [evaluate("small", args.data, text_mode="class-name")],
        SEEDS: [evaluate(run / "model", args.data) for run in args.seeds],
        SHORT: [evaluate(run / "model", args.data) for run in args.short],
        NO_PRETEXT: [evaluate(run / "model", args.data) for run in args.no_pretext],
    }
    recorded = as_recorded()
    rows = {name: reports or recorded.get(name, []) for name, reports in rows.items()}
    rows = {name: reports for name, reports in rows.items() if reports}
    bundled = rows[SMALL][0]
    figures = [Figure(name, bundled.headline[name], "share", aim) for name, (_, aim) in HEADLINES.items()]
    figures += [
        figure
        for mean, spread, row in (("seeds_{}", "{}_spread", SEEDS), ("short_{}", "short_{}_spread", SHORT))
        for name in ("written_miou", "class_iou", "absent_false_alarm")
        if len(rows.get(row, [])) > 1
        for figure in (
            Figure(mean.format(name), _mean(rows[row], name), f"share, mean of {len(rows[row])} {row}"),
            Figure(spread.format(name), _spread(rows[row], name), "share, standard deviation of these"),
        )
    ]
    if NO_PRETEXT in rows:
        figures.append(Figure("no_pretext_written_miou", _mean(rows[NO_PRETEXT], "written_miou"), "share"))
    figures.append(Figure("class_name_written_miou", bundled_class_name(rows), "share"))
    record(figures)
    raw = {name: [report.to_dict() for report in reports] for name, reports in rows.items()}
    (FOLDER / "accuracy.json").write_text(json.dumps(_rounded(raw), indent=1) + "\n", encoding="utf-8")
    page = "\n".join(
        ["# Accuracy of the bundled model", "", _INTRODUCTION, "", *summary(rows), "", *by_class(rows[SMALL]), "",
         *by_kind(rows[SMALL]), ""]
    )  # fmt: skip
    (FOLDER / "accuracy.md").write_text(page, encoding="utf-8")
    put(ROOT / "README.md", summary(rows))
    put(find_model("small") / "model_card.md", [*summary(rows), "", *by_class(rows[SMALL])])
    print(page)


_INTRODUCTION = """Test split of ucm_refer: 87 chips of 256 x 256 px at 0.3048 m, written expressions that the model
never saw, masks compared at the resolution of the chips. No public referring-segmentation benchmark's pictures were at
hand; pictures are UC Merced Land Use (Yang and Newsam 2010), objects and expressions were made by a vision-language
model with a drawing tool. Mean and standard deviation over training seeds. "Class name only" asks the class of the
referent instead of the expression. "Seeds of the last leg" start from one model: they tell how much order, views and
dropout matter. "Short schedule" starts from nothing, with a shorter referring stage and no teacher: it tells how much
all of a seed matters and what the pretext stage is worth (measured before the pyramid had details at stride 2)."""


def as_recorded() -> dict[str, list[EvaluationReport]]:
    """Return the rows that were measured last."""
    path = FOLDER / "accuracy.json"
    rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {name: [EvaluationReport(**_with_nan(report)) for report in reports] for name, reports in rows.items()}


def bundled_class_name(rows: dict[str, list[EvaluationReport]]) -> float:
    """Return the mIoU of the bundled model when it is told the class name only."""
    return rows[CLASS_NAME][0].headline["written_miou"]


def summary(rows: dict[str, list[EvaluationReport]]) -> list[str]:
    """Return a table of the headline figures."""
    lines = ["| | aim | " + " | ".join(rows) + " |", "|---|---|" + "---|" * len(rows)]
    for name, (words, aim) in HEADLINES.items():
        cells = []
        for reports in rows.values():
            cells.append(_cell([report.headline[name] for report in reports]))
        lines.append(f"| {words} | {aim} | " + " | ".join(cells) + " |")
    lines.append("| seeds | | " + " | ".join(str(len(reports)) for reports in rows.values()) + " |")
    return lines


def by_class(reports: list[EvaluationReport]) -> list[str]:
    """Return a table per class."""
    lines = ["| class | written expressions | mIoU | chips | oIoU of the class name |", "|---|---|---|---|---|"]
    for name, first in reports[0].classes.items():
        written = [report.classes[name]["written_miou"] for report in reports]
        named = [report.classes[name]["class_oiou"] for report in reports]
        counts = f"{first['written_count']:.0f} | {_cell(written)} | {first['class_count']:.0f}"
        lines.append(f"| {name} | {counts} | {_cell(named)} |")
    return lines


def by_kind(reports: list[EvaluationReport]) -> list[str]:
    """Return a table per kind of written expression."""
    lines = ["| kind of expression | count | mIoU |", "|---|---|---|"]
    for name, first in reports[0].kinds.items():
        lines.append(f"| {name} | {first['count']:.0f} | {_cell([report.kinds[name]['miou'] for report in reports])} |")
    return lines


def put(path: Path, lines: list[str]) -> None:
    """Replace what stands between the accuracy marks of a file."""
    start, stop = "<!-- accuracy -->", "<!-- /accuracy -->"
    text = path.read_text(encoding="utf-8")
    block = "\n".join([start, *lines, stop])
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(stop)}", re.DOTALL)
    path.write_text(
        pattern.sub(lambda _: block, text) if pattern.search(text) else f"{text}\n{block}\n", encoding="utf-8"
    )


def _mean(reports: list[EvaluationReport], name: str) -> float:
    return float(np.mean([report.headline[name] for report in reports]))


def _spread(reports: list[EvaluationReport], name: str) -> float:
    return float(np.std([report.headline[name] for report in reports], ddof=1)) if len(reports) > 1 else 0.0


def _cell(values: list[float]) -> str:
    if np.isnan(values).all():
        return ""
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else f"{values[0]:.3f}"


def _with_nan(value: Any) -> Any:
    """Undo what ``_rounded`` does to figures that are not numbers."""
    if isinstance(value, dict):
        return {key: _with_nan(item) for key, item in value.items()}
    return float("nan") if value is None else value


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, 5)
    return value


if __name__ == "__main__":
    main()
