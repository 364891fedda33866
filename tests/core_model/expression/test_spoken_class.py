"""Classes that a person taught a model are known by their own names, whatever the lexicon knows."""

from __future__ import annotations

import pytest

from referent.core_model.errors import ExpressionError
from referent.core_model.expression.lexicon import class_of, spoken_class
from referent.engine.expressions import check_known

CLASSES = ("building", "car", "wibble", "concrete roof", "photovoltaic array", "Storage_Tank")


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("wibble", "wibble"),
        ("two wibbles by the road", "wibble"),
        ("the large concrete roofs in the upper left", "concrete roof"),
        ("photovoltaic arrays", "photovoltaic array"),
        ("storage tank", "Storage_Tank"),
        ("the storage tanks near a car", "Storage_Tank"),
        ("the red car", "car"),
        ("roof", None),
        ("the truck next to a wibble", None),
        ("blue thing", None),
    ],
)
def test_head_of_a_phrase_is_found_among_the_classes(phrase: str, name: str | None):
    assert spoken_class(phrase, CLASSES) == name
    if name is not None:
        assert class_of(phrase, CLASSES) == name
        assert check_known([phrase], CLASSES) == []


def test_unknown_nouns_are_still_refused():
    with pytest.raises(ExpressionError, match="has not seen 'helipad'"):
        check_known(["helipad"], CLASSES)
    assert class_of("roof", CLASSES) == "building"
