"""Which of a model's classes an expression can be about: the question of whether a tile needs to be read at all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from .errors import ExpressionError
from .expression.lexicon import concepts_of
from .expression.parse import parse

# Concepts that people call by each other's names: a roof may be a house's, sand a bunker's.
_FAMILIES = (
    {"house", "building", "mobile home"},
    {"car", "truck", "bus", "train"},
    {"boat", "ship"},
    {"river", "lake", "sea", "water"},
    {"tennis court", "basketball court", "sports field"},
    {"beach", "bunker"},
    {"dock", "bridge", "overpass"},
    {"road", "highway", "runway"},
    {"green", "golf course", "grass"},
)


def named_classes(text: str, classes: Sequence[str]) -> tuple[int, ...]:
    """Return the indices of the classes that the referents of ``text`` may belong to; empty if it cannot be told.

    Args:
        text: an expression.
        classes: names of the model's classes.
    """
    return _named(text, tuple(classes))


@lru_cache(maxsize=4096)
def is_class_name(text: str) -> bool:
    """Return whether an expression is a noun and nothing more: ``storage tank``, ``all boats``, ``cars and trucks``.

    Such questions are easier than expressions, so the network's doubt whether there is a referent is weighed otherwise.
    """
    try:
        plan = parse(text)
    except ExpressionError:
        return False
    return plan.is_plain and all(
        target.noun and not (target.attributes or target.size or target.unread) for target in plan.targets
    )


@lru_cache(maxsize=4096)
def _named(text: str, classes: tuple[str, ...]) -> tuple[int, ...]:
    try:
        targets = parse(text).targets
    except ExpressionError:
        return ()
    found: set[int] = set()
    for target in targets:
        meant = _with_family(concepts_of(target.noun)) if target.noun else set()
        rows = {row for row, name in enumerate(classes) if meant & ({name} | set(concepts_of(name)))}
        if not rows:
            return ()
        found |= rows
    return tuple(sorted(found))


def _with_family(concepts: Sequence[str]) -> set[str]:
    meant = set(concepts)
    return meant.union(*(family for family in _FAMILIES if family & meant))
