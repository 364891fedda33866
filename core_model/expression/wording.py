"""How people say it: places, directions, sizes, counts and requests in varied English, drawn at random.

Owns wording only. Whether a sentence is true is ``generate``'s business.
"""

from __future__ import annotations

import random
from functools import cache

COUNTS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")

COLOURS: dict[str, tuple[str, ...]] = {
    "white": ("white",) * 6 + ("bright white",),
    "gray": ("gray", "grey", "grey", "gray"),
    "black": ("black", "black", "black", "dark"),
    "brown": ("brown",),
    "red": ("red",) * 5 + ("bright red",),
    "blue": ("blue",),
    "tan": ("tan", "tan", "light brown"),
    "beige": ("beige", "beige", "cream"),
    "green": ("green",),
    "orange": ("orange",),
    "yellow": ("yellow",),
    "teal": ("teal", "blue-green"),
    "turquoise": ("turquoise", "light blue"),
    "cyan": ("cyan", "light blue"),
    "silver": ("silver",),
    "gold": ("gold", "golden"),
    "pink": ("pink",),
    "purple": ("purple",),
    "dark": ("dark",),
}
"""Colour of an object -> words for it."""

ALIKE = (
    {"gray", "silver", "dark", "white"}, {"gray", "silver", "beige"}, {"tan", "beige", "brown", "gold", "yellow"},
    {"black", "dark", "gray"}, {"white", "silver", "beige"}, {"blue", "teal", "turquoise", "cyan", "purple"},
    {"green", "teal", "turquoise"}, {"orange", "red", "brown", "tan"}, {"yellow", "gold", "orange"},
    {"pink", "red", "purple", "tan"}, {"dark", "brown", "blue", "green"},
)  # fmt: skip
"""Colours that two people may call differently: none of them may tell objects apart."""

_FRAME = ("", "", "", "", "", " of the picture", " of the image", " of the view", " of the scene")
_SIDE = {
    "left": (
        "left, left, left-hand, western",
        "on the left{f}, at the left, on the left side{f}, to the left, in the left part{f}, in the west",
    ),
    "right": (
        "right, right, right-hand, eastern",
        "on the right{f}, at the right, on the right side{f}, to the right, in the right part{f}, in the east",
    ),
    "top": (
        "upper, top, northern",
        "at the top{f}, in the upper part{f}, in the upper half{f}, towards the top, in the north, near the top{f}",
    ),
    "bottom": (
        "lower, bottom, southern",
        "at the bottom{f}, in the lower part{f}, in the lower half{f}, towards the bottom, in the south, near the "
        "bottom{f}",
    ),
    "upper left": (
        "upper left, top left, northwestern, top-left",
        "in the upper left, at the upper left, in the top left{f}, in the upper left corner{f}, at the top left, "
        "in the northwest",
    ),
    "upper right": (
        "upper right, top right, northeastern, top-right",
        "in the upper right, at the upper right, in the top right{f}, in the upper right corner{f}, at the top "
        "right, in the northeast",
    ),
    "lower left": (
        "lower left, bottom left, southwestern, bottom-left",
        "in the lower left, at the lower left, in the bottom left{f}, in the lower left corner{f}, at the bottom "
        "left, in the southwest",
    ),
    "lower right": (
        "lower right, bottom right, southeastern, bottom-right",
        "in the lower right, at the lower right, in the bottom right{f}, in the lower right corner{f}, at the "
        "bottom right, in the southeast",
    ),
    "center": (
        "central",
        "in the middle{f}, in the center{f}, in the centre{f}, at the center{f}, in the central part{f}",
    ),
    "far left": (
        "",
        "on the far left, at the far left, on the far left side{f}",
    ),
    "far right": (
        "",
        "on the far right, at the far right, on the far right side{f}",
    ),
    "left edge": (
        "",
        "at the left edge{f}, near the left edge, along the left edge{f}, touching the left edge, by the left border",
    ),
    "right edge": (
        "",
        "at the right edge{f}, near the right edge, along the right edge{f}, touching the right edge, by the "
        "right border",
    ),
    "top edge": (
        "",
        "at the top edge{f}, near the top edge, along the upper edge{f}, touching the top edge, at the very top{f}",
    ),
    "bottom edge": (
        "",
        "at the bottom edge{f}, near the bottom edge, along the lower edge{f}, touching the bottom edge, at the "
        "very bottom{f}",
    ),
}
"""Region -> words before the noun, words after it."""

_EXTREME = {
    "left": (
        "leftmost, leftmost, westernmost, far left",
        "furthest to the left, farthest left, closest to the left edge, nearest the left edge",
    ),
    "right": (
        "rightmost, rightmost, easternmost, far right",
        "furthest to the right, farthest right, closest to the right edge, nearest the right edge",
    ),
    "top": (
        "topmost, uppermost, northernmost, highest",
        "closest to the top edge, nearest the top, farthest up, closest to the top{f}",
    ),
    "bottom": (
        "bottommost, lowest, southernmost, lowermost",
        "closest to the bottom edge, nearest the bottom, farthest down, closest to the bottom{f}",
    ),
    "upper left": (
        "most northwestern",
        "closest to the upper left corner, nearest the top left corner{f}",
    ),
    "upper right": (
        "most northeastern",
        "closest to the upper right corner, nearest the top right corner{f}",
    ),
    "lower left": (
        "most southwestern",
        "closest to the lower left corner, nearest the bottom left corner{f}",
    ),
    "lower right": (
        "most southeastern",
        "closest to the lower right corner, nearest the bottom right corner{f}",
    ),
    "center": (
        "",
        "closest to the center{f}, nearest the middle{f}, nearest the centre",
    ),
}

_RELATION = {
    "left": "to the left of, left of, left of, west of, on the left side of, to the west of",
    "right": "to the right of, right of, right of, east of, on the right side of, to the east of",
    "above": "above, above, north of, to the north of",
    "below": "below, below, south of, underneath, to the south of",
    "upper left": "to the upper left of, to the top left of, northwest of, north-west of",
    "upper right": "to the upper right of, to the top right of, northeast of, north-east of",
    "lower left": "to the lower left of, to the bottom left of, southwest of, south-west of",
    "lower right": "to the lower right of, to the bottom right of, southeast of, below and to the right of",
    "just left": "just left of, directly left of, immediately to the left of",
    "just right": "just right of, directly right of, immediately to the right of, just east of",
    "just above": "just above, directly above, immediately north of, just north of",
    "just below": "just below, directly below, immediately south of, right below",
    "next to": "next to, next to, beside, by, right next to, adjacent to, alongside",
    "near": "near, close to, not far from, in the vicinity of",
    "closest": "closest to, nearest to, nearest",
    "farthest": "farthest from, furthest away from, furthest from",
}

_SIZE = {
    "largest": "largest, largest, biggest, biggest",
    "smallest": "smallest, smallest, tiniest, littlest",
    "longest": "longest",
    "shortest": "shortest",
    "larger": "larger, bigger, larger",
    "smaller": "smaller",
    "longer": "longer",
    "shorter": "shorter",
    "large": "large, big, large, big, huge",
    "small": "small, little, small, tiny",
}


def _pick(rng: random.Random, options: str) -> str:
    """Draw one of the comma-separated options; ``{f}`` is an optional mention of the picture."""
    choices = _choices(options)
    return choices[int(rng.random() * len(choices))].replace("{f}", _FRAME[int(rng.random() * len(_FRAME))])


@cache
def _choices(options: str) -> tuple[str, ...]:
    return tuple(options.split(", "))


def place_before(rng: random.Random, region: str) -> str | None:
    """Return an adjective for a region of the picture (``upper left``), or None if it has none."""
    return _pick(rng, _SIDE[region][0]) if _SIDE[region][0] else None


def place_after(rng: random.Random, region: str) -> str:
    """Return a phrase for a region, to stand after the noun: ``in the upper left corner``."""
    return _pick(rng, _SIDE[region][1])


def extreme_before(rng: random.Random, side: str) -> str | None:
    """Return a superlative for the object nearest to a side: ``westernmost``; None if there is none."""
    return _pick(rng, _EXTREME[side][0]) if _EXTREME[side][0] else None


def extreme_after(rng: random.Random, side: str) -> str:
    """Return a superlative for the object nearest to a side or corner, to stand after the noun."""
    return _pick(rng, _EXTREME[side][1])


def relation(rng: random.Random, name: str) -> str:
    """Return words for a relation to an anchor: ``just below``."""
    return _pick(rng, _RELATION[name])


def size(rng: random.Random, name: str) -> str:
    """Return an adjective of size: ``biggest`` for ``largest``."""
    return _pick(rng, _SIZE[name])


def colour(rng: random.Random, name: str) -> str:
    """Return a word for a colour; the colour itself when no other is known."""
    return rng.choice(COLOURS.get(name, (name,)))


def coloured(rng: random.Random, colour_word: str, is_roofed: bool) -> tuple[str, str]:
    """Return (adjective, words after the noun) that give a noun its colour.

    The colour of a house is the colour of its roof, and people say so.
    """
    form = rng.random()
    if is_roofed and form < 0.25:
        return f"{colour_word}-roofed", ""
    if is_roofed and form < 0.4:
        return "", f"with {'an' if colour_word[0] in 'aeiou' else 'a'} {colour_word} roof"
    return f"{colour_word}-coloured" if form > 0.97 else colour_word, ""


def article(rng: random.Random, words: str, is_plural: bool) -> str:
    """Return a noun phrase with an article, or without, as in a caption."""
    chance = rng.random()
    if chance < 0.62:
        return f"the {words}"
    return f"that {words}" if chance < 0.65 and not is_plural else words


_REQUESTS = (
    "show me {}", "show {}", "find {}", "where is {}", "where is {}?", "i want to find {}", "please mark {}",
    "select {}", "segment {}", "can you find {}?", "locate {}", "highlight {}", "outline {}", "what is {}?",
    "i am looking for {}",
)  # fmt: skip


def finish(rng: random.Random, words: str, after: str, is_plural: bool) -> str:
    """Return the whole expression: article, perhaps a request around it, perhaps a typing slip.

    Args:
        rng: source of chance.
        words: the noun phrase up to its noun.
        after: what follows the noun; empty for none.
        is_plural: whether several objects are meant.
    """
    chance = rng.random()
    be = "are" if is_plural else "is"
    is_place = bool(after) and not after.startswith(("with", "from", "of the", "of "))
    if is_place and chance < 0.05:
        text = f"which {words} {be} {after}{rng.choice(('?', ''))}"
    elif is_place and chance < 0.10:
        link = rng.choice((f" that {be} ", f" which {be} ", " located ", " situated ", f" {be} "))
        text = f"the {words}{link}{after}"
    else:
        comma = "," if is_place and chance > 0.97 else ""
        text = article(rng, f"{words}{comma} {after}" if after else words, is_plural)
        if chance < 0.22:
            form = rng.choice(_REQUESTS).replace("is {}", f"{be} {{}}")
            text = form.format(text if text.startswith(("the ", "that ")) else f"the {text}")
    chance = rng.random()
    if chance < 0.01:
        text = _slip(rng, text)
    if chance > 0.95:
        text = text[0].upper() + text[1:] + ("" if text.endswith("?") else rng.choice((".", "")))
    return text


def _slip(rng: random.Random, text: str) -> str:
    words = text.split(" ")
    long = [index for index, word in enumerate(words) if len(word) >= 5 and word.isalpha()]
    if not long:
        return text
    index = rng.choice(long)
    word, at = words[index], rng.randrange(1, len(words[index]) - 1)
    kind = rng.randrange(3)
    if kind == 0:
        word = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    elif kind == 1:
        word = word[:at] + word[at + 1 :]
    else:
        word = word[:at] + word[at] + word[at:]
    words[index] = word
    return " ".join(words)
