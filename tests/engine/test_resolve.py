"""The logic of referring, without a network: perfect masks of known scenes give exactly the right referents."""

from __future__ import annotations

import importlib.util
import random
import sys
from collections import Counter
from pathlib import Path

import pytest

from referent.core_model.expression.parse import parse
from referent.engine.resolve import resolve

_path = Path(__file__).parent / "known_scenes.py"
_spec = importlib.util.spec_from_file_location("known_scenes", _path)
assert _spec is not None
assert _spec.loader is not None
known = importlib.util.module_from_spec(_spec)
sys.modules["known_scenes"] = known
_spec.loader.exec_module(known)


def _answers(seed: int) -> list[tuple[str, str, set[int], set[int]]]:
    """Return (kind, expression, truth, answer) of one scene."""
    scene = known.build_scene(seed)
    rows = []
    for kind, text, truth in known.questions(scene, random.Random(seed)):
        if truth is None:
            continue
        plan = parse(text)
        found = resolve(plan, scene.candidates(plan), scene.frame).found
        things = {t.shape: t.id for t in scene.things}
        rows.append((kind, text, truth, {things[item.geometry] for item in found}))
    return rows


@pytest.mark.parametrize("place", range(len(known.PLACES)))
def test_perfect_masks_give_the_right_referents_in_every_crs(place: int) -> None:
    rows = [row for seed in (place, place + len(known.PLACES), place + 2 * len(known.PLACES)) for row in _answers(seed)]
    wrong = [row for row in rows if row[2] != row[3]]
    assert not wrong, wrong[:5]
    assert len(rows) > 50


def test_more_than_thirty_kinds_of_expression_are_asked() -> None:
    kinds = Counter(kind for seed in range(6) for kind, *_ in _answers(seed))
    assert len(kinds) > 35
