"""Phrases of place and measure at one spot of a sentence: ``in the upper left corner``, ``within 200 m of``.

Every function looks at the words from an index on and returns what it read with the index after it, or None. They
know no noun phrases and build no plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from . import words
from .lexicon import SINGULAR_OF

_PREPOSITIONS = frozenset(
    "in on at to toward near along by within around inside nearer into across over from of".split()
)
_INTENSE = frozenset("very far extreme most outer outermost utmost absolute".split())
_MILD = frozenset("the its an a exact immediate same whole entire slightly almost".split())
_EDGES = frozenset("edge border boundary margin rim".split())
_INSIDE_PARTS = frozenset(
    "part portion area corner region section half third quarter quadrant zone sector end edge".split()
)
_OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
_NAMES = {
    ("bottom", "left"): "lower left", ("bottom", "right"): "lower right", ("left", "top"): "upper left",
    ("right", "top"): "upper right", ("center", "left"): "center left", ("center", "right"): "center right",
    ("center", "top"): "top center", ("bottom", "center"): "bottom center", ("east", "north"): "northeast",
    ("north", "west"): "northwest", ("east", "south"): "southeast", ("south", "west"): "southwest",
}  # fmt: skip
ABOVE_BELOW = {
    "above": "top", "below": "bottom", "under": "bottom", "underneath": "bottom", "beneath": "bottom", "over": "top",
    "atop": "top",
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A direction with its part of something."""

    region: str
    """Name of a region of the frame; ``corner``, ``edge``, ``end`` and ``center`` occur too."""
    is_intense: bool = False
    """``very``, ``far``, ``extreme``, ``-most``."""
    is_inside: bool = False
    """Said of a part of something (``corner of``), not of a side of it."""
    has_preposition: bool = True


def name_region(directions: Sequence[str]) -> str | None:
    """Return the one name of a region given by directions: ``("bottom", "left")`` is ``lower left``.

    ``None`` when they contradict each other.
    """
    kinds = sorted(set(directions))
    if len(kinds) == 1:
        return kinds[0]
    if len(kinds) == 3 and "center" in kinds:
        kinds.remove("center")
    return _NAMES.get((kinds[0], kinds[1])) if len(kinds) == 2 else None


def parts_of(region: str) -> tuple[str, ...]:
    """Return the directions that a region's name is made of."""
    for pair, name in _NAMES.items():
        if name == region:
            return pair
    return (region,)


def read_directions(text: Sequence[str], at: int) -> tuple[str, int] | None:
    """Read ``upper left`` or ``bottom - center``: one to three direction words."""
    found: list[str] = []
    while at < len(text) and text[at] in words.DIRECTIONS and len(found) < 3:
        direction = words.DIRECTIONS[text[at]]
        if _OPPOSITE.get(direction) in found:
            break
        found.append(direction)
        at += 1
    region = name_region(found) if found else None
    return (region, at) if region else None


def read_place(text: Sequence[str], at: int) -> tuple[Place, int] | None:
    """Read a place up to, not including, what it is the place of: ``at the very bottom edge``."""
    start = at
    if text[at : at + 2] in (["close", "to"], ["next", "to"]):
        at += 2
    elif at < len(text) and text[at] in _PREPOSITIONS:
        at += 1
    is_touching = at < len(text) and text[at] in ("touching", "against", "reaching", "hugging") and at == start
    at += is_touching
    has_preposition = at > start
    intense = False
    while at < len(text) and (text[at] in _MILD or text[at] in _INTENSE or _is_frame_of_edge(text, at)):
        if not has_preposition and text[at] in _MILD:
            return None
        intense |= text[at] in _INTENSE
        at += 1
    if at >= len(text):
        return None
    if text[at] in words.OUTERMOST and has_preposition:
        region, at, intense = words.OUTERMOST[text[at]], at + 1, True
        if at >= len(text) or text[at] not in words.PARTS:
            return None
    elif read := read_directions(text, at):
        region, at = read
    elif text[at] in ("corner", "edge", "border", "boundary", "end") and has_preposition and not _names(text, at + 1):
        region = "edge" if text[at] in _EDGES else text[at]
        return Place(region, intense, True), at + 1
    else:
        return None
    if has_preposition and at + 1 < len(text) and text[at] in words.OUTERMOST and text[at + 1] in words.PARTS:
        region, at = name_region((region, words.OUTERMOST[text[at]])) or region, at + 1  # "the right topmost part"
    is_inside = False
    while at < len(text) and text[at] in words.PARTS:
        if text[at] in _EDGES and len(parts_of(region)) == 1 and region != "center":
            region = f"{region} edge"
        is_inside |= text[at] in _INSIDE_PARTS
        at += 1
    if is_touching and not region.endswith("edge"):
        return None
    return Place(region, intense, is_inside, has_preposition), at


def _names(text: Sequence[str], at: int) -> bool:
    """Return whether a noun follows, which the word before describes: ``border crossing``, ``corner house``."""
    return at < len(text) and text[at] in SINGULAR_OF and text[at] not in words.DIRECTIONS


def _is_frame_of_edge(text: Sequence[str], at: int) -> bool:
    """``the image edge``, ``the picture's top border``."""
    return text[at] == "'s" or (text[at] in words.FRAMES and bool(set(text[at + 1 : at + 4]) & (_EDGES | {"corner"})))


def read_frame(text: Sequence[str], at: int) -> int | None:
    """Read ``of the image``, ``in the view``: return the index after it."""
    if at + 1 < len(text) and text[at] in ("of", "in", "on", "within", "across", "from", "to"):
        end = at + 1
        while end < len(text) and text[end] in (
            "the",
            "this",
            "whole",
            "entire",
            "current",
            "satellite",
            "aerial",
            "grayscale",
            "a",
            "an",
        ):
            end += 1
        if end < len(text) and text[end] in words.FRAMES:
            end += 1
            return end + 1 if end < len(text) and text[end] in ("frame", "border", "boundary") else end
    return None


def read_number(text: Sequence[str], at: int) -> tuple[float, int] | None:
    """Read ``200``, ``0.5``, ``half a``, ``three``, ``a hundred``."""
    if at >= len(text):
        return None
    word = text[at]
    shift = word in ("a", "an", "one") and text[at + 1 : at + 2] in (["half"], ["quarter"])
    if (word in ("half", "quarter") and text[at + 1 : at + 2] in (["a"], ["an"])) or shift:
        return (0.5 if "half" in text[at : at + 2] else 0.25), at + 2
    if word in ("half", "quarter"):
        return (0.5 if word == "half" else 0.25), at + 1
    if word in ("a", "one") and text[at + 1 : at + 2] in (["hundred"], ["thousand"]):
        return (100.0 if text[at + 1] == "hundred" else 1000.0), at + 2
    if word in ("a", "an"):
        return 1.0, at + 1
    value = float(words.NUMBERS[word]) if word in words.NUMBERS else None
    tens, hyphen, ones = word.partition("-")
    if hyphen and words.NUMBERS.get(tens, 0) >= 20 and 0 < words.NUMBERS.get(ones, 0) < 10:
        value = float(words.NUMBERS[tens] + words.NUMBERS[ones])
    if value is None and word.replace(".", "", 1).isdecimal() and len(word) < 16:
        value = float(word)
    if value is None:
        return None
    at += 1
    for name, factor in (("hundred", 100.0), ("thousand", 1000.0), ("million", 1e6)):
        if at < len(text) and text[at] == name:
            value, at = value * factor, at + 1
    return value, at


def read_length_m(text: Sequence[str], at: int) -> tuple[float, int] | None:
    """Read ``200 m``, ``half a mile``; metres."""
    number = read_number(text, at)
    if number and number[1] < len(text) and text[number[1]] in words.UNITS_M:
        return number[0] * words.UNITS_M[text[number[1]]], number[1] + 1
    return None


def read_area_m2(text: Sequence[str], at: int) -> tuple[float, int] | None:
    """Read ``500 m2``, ``2 acres``; square metres."""
    number = read_number(text, at)
    if number and number[1] < len(text) and text[number[1]] in words.UNITS_M2:
        return number[0] * words.UNITS_M2[text[number[1]]], number[1] + 1
    return None


def read_bound(text: Sequence[str], at: int) -> tuple[str, int] | None:
    """Read ``at least``, ``more than``, ``up to``: ``>`` or ``<``."""
    for phrase, sign in _BOUNDS:
        if list(text[at : at + len(phrase)]) == list(phrase):
            return sign, at + len(phrase)
    return None


_BOUNDS = tuple(
    sorted(
        (
            (tuple(phrase.split()), sign)
            for sign, phrases in {
                ">": "at least,more than,no less than,not less than,over,above,farther than,greater than,exceeding,"
                "larger than,bigger than,no closer than,no nearer than,a minimum of,minimum,beyond,longer than,"
                "wider than",
                "<": "at most,less than,no more than,not more than,up to,under,below,closer than,nearer than,fewer "
                "than,"
                "smaller than,no farther than,not farther than,within,a maximum of,maximum,in a radius of,shorter than,"
                "within a radius of,within a distance of,a distance of less than,narrower than",
            }.items()
            for phrase in phrases.split(",")
        ),
        key=lambda item: -len(item[0]),
    )
)


def read_distance(text: Sequence[str], at: int) -> tuple[float | None, float | None, int] | None:
    """Read ``within 200 m of``, ``at least 1 km from``, ``between 100 and 200 m from``, ``50 m away from``.

    Returns:
        (least, largest distance in metres, index after ``of`` or ``from``). ``200 m from`` is read as up to 200 m.
    """
    low: float | None = None
    high: float | None = None
    if text[at : at + 1] == ["between"] and (first := read_number(text, at + 1)):
        if text[first[1] : first[1] + 1] in (["and"], ["to"]) and (second := read_length_m(text, first[1] + 1)):
            unit = words.UNITS_M[text[second[1] - 1]]
            low, high, at = first[0] * unit, second[0], second[1]
    else:
        bound = read_bound(text, at)
        length = read_length_m(text, bound[1] if bound else at)
        if length is None:
            return None
        if bound and bound[0] == ">":
            low = length[0]
        else:
            high = length[0]
        at = length[1]
    if low is None and high is None:
        return None
    while at < len(text) and text[at] in ("away", "distance", "or", "less", "distant", "apart"):
        at += 1
    if at < len(text) and text[at] in ("of", "from", "to", "around", "off"):
        return low, high, at + 1
    return None
