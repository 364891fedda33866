"""The evaluation as one page for a person: figures with intervals, tables, confusion, and pictures of the answers.

One self-contained HTML file. Every text of the data is escaped by the template engine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..core_model.chip_evaluation import Answer
from ..core_model.data.chips import Chip
from ..core_model.segmenter import Segmenter
from ..geo_io.layer import check_output, replace_whole
from .evaluate import NOTHING, EvaluationReport
from .report_picture import draw_answers

TEMPLATES = Path(__file__).resolve().parent.parent / "resources" / "templates"
EXAMPLES = 8
"""Pictures of each kind."""
MAX_NOTES = 50

_CARDS = (
    ("written_miou", "expressions of one object", "mean IoU"),
    ("group_miou", "expressions of a group", "mean IoU"),
    ("class_iou", "class names, all instances", "mean IoU"),
    ("absent_false_alarm", "false alarms", "of questions about what is not there"),
)
_GROUPS = {"single": "expressions, one object", "group": "expressions, a group", "class": "class names, all instances"}


def write_report(
    result: EvaluationReport,
    answers: Sequence[Answer],
    chips: Sequence[Chip],
    segmenter: Segmenter,
    path: Path,
    notes: Sequence[str] = (),
) -> None:
    """Write the page; an existing one is replaced when the new one is whole.

    Args:
        result: the figures.
        answers: all answers that they come from.
        chips: that were asked; those of the examples are asked again for their pictures.
        segmenter: the model.
        path: where.
        notes: rows of a layer that were left out or mended.

    Raises:
        OutputError: it cannot be written.
    """
    path = check_output(path, overwrite=True)
    page = render_report(result, answers, chips, segmenter, notes)
    with replace_whole(path) as part:
        part.write_text(page, encoding="utf-8")


def render_report(
    result: EvaluationReport,
    answers: Sequence[Answer],
    chips: Sequence[Chip],
    segmenter: Segmenter,
    notes: Sequence[str] = (),
) -> str:
    """Return the text of the page that :func:`write_report` writes."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(autoescape=True, loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined)
    shown = list(notes[:MAX_NOTES])
    if len(notes) > MAX_NOTES:
        shown.append(f"... and {len(notes) - MAX_NOTES} more")
    return environment.get_template("report.html").render(
        model=result.model,
        data=result.split,
        summary=_summary(result),
        warnings=result.warnings,
        cards=_cards(result),
        tables=[table for table in (_by_kind(result), _by_class(result), _confusion(result)) if table["rows"]],
        shots=_shots(answers, chips, segmenter),
        notes=shown,
    )


def _summary(result: EvaluationReport) -> str:
    counts = result.counts
    parts = [f"{counts.get('chips', 0)} chips"]
    parts += [f"{counts[key]} {_GROUPS[key]}" for key in _GROUPS if counts.get(key)]
    absent = counts.get("absent", 0) + counts.get("class-absent", 0)
    if absent:
        parts.append(f"{absent} questions about what is not there")
    asked = "class names instead of the expressions" if result.text_mode == "class-name" else "the expressions"
    return f"{', '.join(parts)}. Asked: {asked}. Masks are compared at the resolution of the chips."


def _cards(result: EvaluationReport) -> list[dict[str, Any]]:
    cards = []
    for name, title, what in _CARDS:
        value = result.headline.get(name, math.nan)
        if math.isnan(value):
            continue
        interval = result.intervals.get(name)
        spread = f", {interval[0]:.2f} to {interval[1]:.2f}" if interval else ", one chip only: no interval"
        cards.append(
            {
                "title": title,
                "value": f"{value:.2f}",
                "percent": round(100 * value, 1),
                "low": round(100 * interval[0], 1) if interval else None,
                "spread": round(100 * (interval[1] - interval[0]), 1) if interval else None,
                "note": what + spread,
            }
        )
    return cards


def _by_kind(result: EvaluationReport) -> dict[str, Any]:
    head = ["kind of question", "count", "mIoU", "oIoU", "IoU ≥ 0.5", "≥ 0.7", "≥ 0.9"]
    keys = ("miou", "oiou", "pr50", "pr70", "pr90")
    rows = []
    for name, words in _GROUPS.items():
        row = result.groups.get(name)
        if row:
            rows.append([_cell(words), _cell(f"{row['count']:.0f}"), *(_figure(row[key]) for key in keys)])
    kinds = {
        name: row for name, row in result.kinds.items() if name not in ("layer", "unnamed") or len(result.kinds) > 1
    }
    for name, row in kinds.items():
        rows.append([_cell(f"· {name}"), _cell(f"{row['count']:.0f}"), *(_figure(row[key]) for key in keys)])
    for name, words in (
        ("absent_expression_false_alarm", "absent expressions"),
        ("absent_class_false_alarm", "absent classes"),
    ):
        value = result.headline.get(name, math.nan)
        if not math.isnan(value):
            count = result.counts.get("absent" if "expression" in name else "class-absent", 0)
            rows.append([_cell(words), _cell(str(count)), _cell(f"{value:.1%} answered wrongly"), *[_cell("")] * 4])
    return {
        "title": "By kind of question",
        "head": head,
        "rows": rows,
        "note": "mIoU: mean over questions. oIoU: all shared area over all joint area; large objects count more.",
    }


def _by_class(result: EvaluationReport) -> dict[str, Any]:
    rows = [
        [
            _cell(name),
            _cell(f"{row['written_count']:.0f}"),
            _figure(row["written_miou"]),
            _cell(f"{row['class_count']:.0f}"),
            _figure(row["class_oiou"]),
        ]
        for name, row in result.classes.items()
    ]
    return {
        "title": "By class",
        "head": ["class", "expressions", "mIoU", "chips", "oIoU of the class name"],
        "rows": rows,
        "note": "Expressions of one object of the class; and the class name, asked of every chip that holds the class.",
    }


def _confusion(result: EvaluationReport) -> dict[str, Any]:
    names = list(result.confusion)
    others = sorted({to for row in result.confusion.values() for to in row} - set(names) - {NOTHING})
    columns = [*names, *others, NOTHING]
    rows = []
    for name, row in result.confusion.items():
        cells = [{"text": f"{row[to]:.0%}" if row.get(to) else "", "shade": _shade(row.get(to, 0.0))} for to in columns]
        rows.append([_cell(name), *cells])
    return {
        "title": "What was taken for what",
        "head": ["asked ↓  lies on →", *columns],
        "rows": rows,
        "note": "Share of the pixels answered to a class name, by what is drawn under them. A good row has its dark "
        "cell under its own name; objects that are drawn over each other count for each of their classes.",
    }


def _shots(answers: Sequence[Answer], chips: Sequence[Chip], segmenter: Segmenter) -> list[dict[str, Any]]:
    present = [item for item in answers if item.question.object_ids]
    ranked = sorted(present, key=lambda item: item.overlap.iou)
    alarms = sorted(
        (item for item in answers if not item.question.object_ids and item.predicted_px),
        key=lambda item: -item.predicted_px,
    )
    groups = [
        ("Best answers", "The questions answered best, one per chip.", _one_per_chip(ranked[::-1], EXAMPLES)),
        ("Worst answers", "The questions answered worst, one per chip.", _one_per_chip(ranked, EXAMPLES)),
        ("False alarms", "Answers to questions about what is not there, the largest first.", alarms[:EXAMPLES]),
    ]
    best = {id(item) for item in groups[0][2]}
    groups[1] = (*groups[1][:2], [item for item in groups[1][2] if id(item) not in best])
    pictures = draw_answers([item for _, _, items in groups for item in items], chips, segmenter)
    return [
        {
            "title": title,
            "note": note,
            "shots": [
                {"text": item.question.text, "note": _shot_note(item), "jpeg": pictures[id(item)]} for item in items
            ],
        }
        for title, note, items in groups
        if items
    ]


def _shot_note(item: Answer) -> str:
    place = item.question.chip_id
    if not item.question.object_ids:
        return f"{item.predicted_px:,} pixels where there is none; {place}"
    missed = "" if item.predicted_px else ", answered with nothing"
    return f"IoU {item.overlap.iou:.2f}{missed}; {place}"


def _one_per_chip(ranked: Sequence[Answer], count: int) -> list[Answer]:
    chosen: dict[str, Answer] = {}
    for item in ranked:
        chosen.setdefault(item.question.chip_id, item)
        if len(chosen) == count:
            break
    return list(chosen.values())


def _cell(text: str) -> dict[str, Any]:
    return {"text": text, "shade": 0}


def _figure(value: float) -> dict[str, Any]:
    return _cell("" if math.isnan(value) else f"{value:.3f}")


def _shade(share: float) -> float:
    return round(0.75 * share, 3) if share >= 0.01 else 0.0
