"""What tests of the command line check again and again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

HEIGHT, WIDTH = 150, 200
"""Of the scene that is asked, in pixels."""
Run = Callable[..., tuple[int, str, str]]


def refused(result: tuple[int, str, str], code: int, *words: str) -> None:
    """Check an error: its exit code, one sentence with all ``words``, nothing on stdout."""
    assert result[0] == code, result
    lines = result[2].strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("referent: ")
    assert lines[0].endswith("."), lines[0]
    for word in words:
        assert word in lines[0], lines[0]
    assert result[1] == ""


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
