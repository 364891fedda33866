"""The dry run as a page: what the layers were understood to hold."""

from __future__ import annotations

import html
from typing import Any

from ..i18n import tr
from .pages import table, warning_lines

NOTES_SHOWN = 20


def understanding_page(value: dict[str, Any]) -> str:
    """Return HTML for the value of ``describe_training``."""
    parts = [warning_lines(value["warnings"])]
    used = value["rows"] - value["skipped"]
    rows = tr("{used} of {rows} rows are used, {mended} of them with a change.")
    for name, number in (("used", used), ("rows", value["rows"]), ("mended", value["mended"])):
        rows = rows.replace("{" + name + "}", str(number))
    side_m = value["chip_px"] * value["gsd_m"]
    chips = tr("{training} chips to learn from and {validation} to choose by, {side} m wide, on ground of their own.")
    for name, text in (
        ("training", str(value["chips"]["training"])),
        ("validation", str(value["chips"]["validation"])),
        ("side", f"{side_m:.0f}"),
    ):
        chips = chips.replace("{" + name + "}", text)
    steps = tr("Training takes {steps} steps.").replace("{steps}", str(value["steps"]))
    parts.append(f"<p>{html.escape(rows)}<br>{html.escape(chips)}<br>{html.escape(steps)}</p>")
    parts.append(_classes(value["classes"]))
    parts.append(_questions(value["kinds"]))
    for old, new in value["renamed"].items():
        text = tr("“{old}” is called “{new}”.").replace("{old}", old).replace("{new}", new)
        parts.append(f"<p>{html.escape(text)}</p>")
    notes = value["notes"]
    if notes:
        parts.append(f"<h4>{html.escape(tr('Rows that could not be used as they are'))}</h4><ul>")
        parts += [f"<li>{html.escape(text)}</li>" for text in notes[:NOTES_SHOWN]]
        parts.append("</ul>")
        left = value["skipped"] + value["mended"] - NOTES_SHOWN
        if left > 0:
            parts.append(f"<p>{html.escape(tr('and {count} more').replace('{count}', str(left)))}</p>")
    return "".join(parts)


def _classes(classes: list[dict[str, Any]]) -> str:
    head = [tr("Class"), tr("Objects"), tr("Described"), tr("To learn from"), tr("To choose by")]
    rows = []
    for item in classes:
        name = item["name"] + (" " + tr("(new)") if item["is_new"] else "")
        counts = (item["objects"], item["with_expression"], item["training"], item["validation"])
        rows.append([name, *map(str, counts)])
    return table(head, rows)


def _questions(kinds: dict[str, dict[str, int]]) -> str:
    words = {
        "expression": tr("Expressions of one object"),
        "group": tr("Expressions of a group"),
        "weak": tr("Objects by class name alone"),
        "class": tr("All of a class"),
        "absent": tr("Nothing to find"),
    }
    training, validation = kinds["training"], kinds["validation"]
    rows = [[words.get(name, name), str(training[name]), str(validation.get(name, 0))] for name in training]
    return table([tr("Questions"), tr("To learn from"), tr("To choose by")], rows)
