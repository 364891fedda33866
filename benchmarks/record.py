"""Figures of ``docs/benchmarks``: a JSON list that several programs add to, and the table that people read."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "benchmarks"
_START, _STOP = "<!-- figures: written by benchmarks/record.py -->", "<!-- /figures -->"


@dataclass(frozen=True)
class Figure:
    """One measured number."""

    name: str
    """Name that never changes, such as ``second_over_first``."""
    value: float
    unit: str
    aim: str = ""
    """What was aimed at, such as ``<= 0.1``; empty where nothing was."""


def record(figures: list[Figure], topic: str = "query", folder: Path = FOLDER) -> None:
    """Merge figures into ``<topic>.json`` by name, and renew the table of ``<topic>.md``.

    Args:
        figures: new values; figures of other names stay as they are.
        topic: name of the two files.
        folder: where they lie.
    """
    path = folder / f"{topic}.json"
    known = {item["name"]: item for item in json.loads(path.read_text(encoding="utf-8"))} if path.exists() else {}
    known |= {figure.name: asdict(figure) for figure in figures}
    _replace(path, json.dumps(list(known.values()), indent=2) + "\n")
    page = folder / f"{topic}.md"
    text = page.read_text(encoding="utf-8") if page.exists() else f"# Benchmarks: {topic}\n\n{_START}\n{_STOP}\n"
    rows = ["| figure | value | unit | aim | reached |", "|---|---|---|---|---|"]
    rows += [
        f"| `{item['name']}` | {item['value']:.4g} | {item['unit']} | {item['aim']} | {_reached(item)} |"
        for item in known.values()
    ]
    table = "\n".join([_START, *rows, _STOP])
    pattern = re.compile(f"{re.escape(_START)}.*?{re.escape(_STOP)}", re.DOTALL)
    _replace(page, pattern.sub(lambda _: table, text) if pattern.search(text) else f"{text}\n{table}\n")


def _reached(item: dict[str, object]) -> str:
    sign, _, bound = str(item["aim"]).partition(" ")
    if not bound:
        return ""
    value, limit = float(str(item["value"])), float(bound)
    return "yes" if (value <= limit if sign == "<=" else value >= limit) else "no"


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
