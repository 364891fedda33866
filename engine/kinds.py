"""What objects of a class look like from above: plain regions, things with limbs, right angles, circles.

The lists are data, ``resources/objects.json``, by the concepts of the lexicon; a class that is in none of them is taken
for compact objects of any form.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal

from .errors import OptionsError

_FILE = Path(__file__).resolve().parent.parent / "resources" / "objects.json"
ALL_REGIONS = "all"
"""In the place of a list of classes: every answer is plain regions."""


def parting_of(text: str, regions: tuple[str, ...] | None) -> Literal["none", "outlines", "relief"]:
    """Return how touching objects that an expression names come apart.

    Args:
        text: the expression, or a class name.
        regions: classes that are plain regions, ``all`` for every class; None: those of the list.
    """
    if regions is None:
        regions = _kinds()["regions"]
    elif ALL_REGIONS in regions:
        return "none"
    if _is_one_of(text, regions):
        return "none"
    return "outlines" if _is_one_of(text, _kinds()["limbed"]) else "relief"


def form_of(text: str) -> Literal["right-angled", "round"] | None:
    """Return the form that objects have which an expression names; None where they have none in particular."""
    if _is_one_of(text, _kinds()["round"]):
        return "round"
    return "right-angled" if _is_one_of(text, _kinds()["right-angled"]) else None


def check_regions(regions: Iterable[str], classes: Iterable[str]) -> None:
    """Check that names of regions mean something.

    Args:
        regions: as the person wrote them.
        classes: those of the model.

    Raises:
        OptionsError: a name is neither a noun of the lexicon nor a class of the model.
    """
    from ..core_model.expression.lexicon import concepts_of

    known = {ALL_REGIONS, *(name.lower() for name in classes)}
    for name in regions:
        if name.lower() not in known and not concepts_of(name.lower()):
            raise OptionsError(
                f"'{name}' in the list of regions is no known class: write it as in 'road,river', or 'all'."
            )


def _is_one_of(text: str, names: Iterable[str]) -> bool:
    from ..core_model.expression.lexicon import head_noun

    wanted = {name.lower() for name in names}
    noun = head_noun(text) or text.lower()
    return text.lower() in wanted or _concept(noun) in {_concept(name) for name in wanted}


def _concept(noun: str) -> str:
    """Return what a noun means first; itself where it is a concept or unknown."""
    from ..core_model.expression.lexicon import SAID, concepts_of

    return noun if noun in SAID else (*concepts_of(noun), noun)[0]


@cache
def _kinds() -> dict[str, tuple[str, ...]]:
    return {kind: tuple(names) for kind, names in json.loads(_FILE.read_text(encoding="utf-8")).items()}
