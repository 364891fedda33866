"""What happens to a written expression when its picture is mirrored or turned.

Words that cannot be rewritten with certainty make the whole expression unusable for that mirroring: a wrong sentence
would teach the network the opposite of what it says.
"""

from __future__ import annotations

import re
from typing import Literal

Axis = Literal["horizontal", "vertical"]

_SWAPS: dict[Axis, tuple[tuple[str, str], ...]] = {
    "horizontal": (("left", "right"), ("east", "west")),
    "vertical": (
        ("north", "south"),
        ("top", "bottom"),
        ("upper", "lower"),
        ("uppermost", "lowermost"),
        ("highest", "lowest"),
        ("above", "below"),
        ("up", "down"),
        ("upward", "downward"),
        ("upwards", "downwards"),
        ("upmost", "downmost"),
    ),
}
# leftmost, left-hand, northernmost, leftmost, left-hand, top-most, eastbound
_WORD = re.compile(r"([A-Za-z][A-Za-z'-]*)")
_STEM = re.compile(
    r"^(?P<before>(?:north|south|top|bottom|upper|lower|far|mid|middle|center|centre)?-?)"
    r"(?P<word>[a-z]+?)"
    r"(?P<after>(?:-?most|-?hand|ern|erly|ernmost|-?wards?|bound|-?side)?)$"
)
_COMPASS = re.compile(r"^(north|south)(-?)(east|west)(.*)$")

_ORDINAL = re.compile(r"\b(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|\d+(?:st|nd|rd|th))\b")
_COUNTED_FROM = re.compile(r"\b(?:from|to) (?:the )?(?:far )?(left|right|top|bottom|north|south|east|west)\b")
_NEVER = re.compile(
    r"\d|clock|port side|starboard|\b(letters?|numbers?|numeral|text|writing|written|reverse|backwards?|slash|mirror"
    r"|reads?|[a-z]*spiral|drivers?|passengers?)\b|\b[cdegnqrsz][- ]?(shaped|curve|bend)|\bs-"
)
_NEVER_UPRIGHT = re.compile(
    r"\b(under|over|beneath|underneath|on top|roof top|upside|uphill|downhill|upstream|downstream|upstairs|higher|deep"
    r"|overhead|overlying|bottomless|foot|head|base|hang|hanging|upright|stack|stacked|standing|lying)\b"
)
# "right next to", "right at": before these words "right" is no direction, unless a place word stands before it
_AFTER_ADVERB = frozenset(
    "next beside by behind below above under along at against in up through over outside inside near off where after "
    "before between across angle angles on beneath underneath north south east west around adjacent".split()
)
_BEFORE_PLACE = frozenset(
    "the far upper lower top bottom to middle center centre most and its farthest furthest left or extreme very of "
    "pointing facing nose".split()
)
_MOVING_UP = re.compile(
    r"\b(pointing|facing|nose|bow|heading|going"
    r"|farthest|furthest|farther|further|point|points|faces|tip|looking|straight"
    r"|highest|most|curving|bending|opening|arrow) (up|down)\b"
)
_DIRECTIONAL = re.compile(
    r"\b((?:far-?)?(left|right|top|bottom|upper|lower|uppermost|lowermost|highest|lowest|higher|above|below|under"
    r"|underneath|beneath|over|up|down|upwards?|downwards?|horizontal|horizontally|vertical|vertically|upright|sideways"
    r"|crosswise|row|rows|column|columns|stacked|lying|standing|wide|wider|widest|tall|taller|tallest|level|clockwise"
    r"|anticlockwise|counterclockwise|o'clock|overlying)|\w*(north|south|east|west)\w*"
    r"|(left|right|top|bottom|up|down|upper|lower)-?(most|hand|wards?|side)\w*)\b"
)


def flip_words(text: str, axis: Axis) -> str | None:
    """Return an expression rewritten for the mirrored picture, or None if that cannot be done with certainty.

    Args:
        text: a referring expression in English.
        axis: ``horizontal`` swaps left and right, ``vertical`` swaps top and bottom.
    """
    lower = text.lower()
    if _NEVER.search(lower) or (axis == "vertical" and _NEVER_UPRIGHT.search(lower)):
        return None
    if len(_ORDINAL.findall(lower)) > len(_COUNTED_FROM.findall(lower)):
        return None  # "the second car": which end it was counted from is not said
    if axis == "vertical" and len(re.findall(r"\b(up|down)\b", lower)) > len(_MOVING_UP.findall(lower)):
        return None  # "lined up", "parked up against"
    if axis == "horizontal" and re.search(r"\bleft (over|behind|alone|empty|open|out|by|between)\b", lower):
        return None
    pieces = _WORD.split(text)
    adverbs = _adverbs(pieces)
    return "".join(piece if index in adverbs else _swap(piece, axis) for index, piece in enumerate(pieces))


def _adverbs(pieces: list[str]) -> set[int]:
    """Return the places of every ``right`` that means "just", in a text split at its words."""
    found = set()
    for at in range(1, len(pieces), 2):
        after = pieces[at + 2].lower() if at + 2 < len(pieces) else ""
        before = pieces[at - 2].lower() if at > 1 and pieces[at - 1].isspace() else ""
        if pieces[at].lower() == "right" and after in _AFTER_ADVERB and before not in _BEFORE_PLACE:
            found.add(at)
    return found


def _swap(word: str, axis: Axis) -> str:
    lower = word.lower()
    table = {a: b for pair in _SWAPS[axis] for a, b in (pair, pair[::-1])}
    new = lower
    if lower in table:
        new = table[lower]
    elif compass := _COMPASS.match(lower):
        first, dash, second, rest = compass.groups()
        new = table.get(first, first) + dash + table.get(second, second) + rest
    elif "-" in lower and not lower.startswith(("left-over",)):
        new = "-".join(_swap(part, axis) for part in lower.split("-"))
    elif (stem := _STEM.match(lower)) and stem["after"] and stem["word"] in table:
        new = stem["before"] + table[stem["word"]] + stem["after"]
    return new.capitalize() if word[:1].isupper() else new


def is_directional(text: str) -> bool:
    """Return whether an expression holds a word that a rotation of the picture would falsify."""
    lower = text.lower()
    pieces = _WORD.split(lower)
    adverbs = _adverbs(pieces)
    rest = "".join(piece for index, piece in enumerate(pieces) if index not in adverbs)
    return any(pattern.search(rest) for pattern in (_DIRECTIONAL, _ORDINAL, _NEVER))
