"""Mirrored pictures need mirrored words."""

from __future__ import annotations

import pytest

from referent.core_model.expression.mirror import flip_words, is_directional


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the leftmost red car right next to the pool", "the rightmost red car right next to the pool"),
        ("Southwestern tennis court", "Southeastern tennis court"),
        ("the car in the upper-left corner", "the car in the upper-right corner"),
        ("second airplane from the left", "second airplane from the right"),
        ("lower right next to the pool", "lower left next to the pool"),
        ("the roof in the upper right, right under the strip", "the roof in the upper left, right under the strip"),
        ("the left-hand house north-east of the pool", "the right-hand house north-west of the pool"),
        ("home with the bright brown roof", "home with the bright brown roof"),
        ("a car at a right angle to the kerb", "a car at a right angle to the kerb"),
    ],
)
def test_flip_words_swaps_left_and_right(text: str, expected: str) -> None:
    assert flip_words(text, "horizontal") == expected
    assert flip_words(expected, "horizontal") == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "the top-most pool north-east of the left-hand house",
            "the bottom-most pool south-east of the left-hand house",
        ),
        ("two roofs, one above the other", "two roofs, one below the other"),
        ("airplane with its nose pointing up", "airplane with its nose pointing down"),
        ("the lowest car in the upper row", "the highest car in the lower row"),
    ],
)
def test_flip_words_swaps_top_and_bottom(text: str, expected: str) -> None:
    assert flip_words(text, "vertical") == expected


@pytest.mark.parametrize(
    "text",
    ["the second car", "boat at two o'clock", "the clockwise next tank", "runway with the number 27", "the last house"],
)
def test_flip_words_gives_up_what_it_cannot_rewrite(text: str) -> None:
    assert flip_words(text, "horizontal") is None
    assert flip_words(text, "vertical") is None


def test_flip_words_gives_up_under_for_vertical_only() -> None:
    assert flip_words("car under the bridge", "vertical") is None
    assert flip_words("car under the bridge", "horizontal") == "car under the bridge"


@pytest.mark.parametrize("text", ["the second car", "court on the left", "northern pool", "house in the top row"])
def test_is_directional_finds_words_that_a_turn_falsifies(text: str) -> None:
    assert is_directional(text)


@pytest.mark.parametrize("text", ["the red car right next to the pool", "bright tank", "tanks between two houses"])
def test_is_directional_lets_others_pass(text: str) -> None:
    assert not is_directional(text)
