"""The closed classes of the language: directions, sizes, numbers, glue. Nouns are in ``lexicon``."""

from __future__ import annotations

from .lexicon import SINGULAR_OF

COLOURS = frozenset(
    "white black gray grey silver red blue green yellow orange brown tan beige cream pink purple violet teal turquoise "
    "cyan gold golden maroon navy magenta dark light bright pale reddish bluish greenish yellowish brownish whitish "
    "grayish greyish blackish colored coloured dark-colored light-colored bright-colored colorful ivory olive".split()
)
LARGE = frozenset("large big huge giant sizable sizeable great enormous massive bigger-sized sizable".split())
SMALL = frozenset("small little tiny compact mini minor smallish".split())

MORE = {"larger": "area", "bigger": "area", "greater": "area", "longer": "length", "wider": "width", "broader": "width"}
LESS = {"smaller": "area", "littler": "area", "tinier": "area", "shorter": "length", "narrower": "width"}
MOST = {
    "largest": "area", "biggest": "area", "hugest": "area", "greatest": "area", "longest": "length", "widest": "width",
    "broadest": "width",
}  # fmt: skip
LEAST = {"smallest": "area", "tiniest": "area", "littlest": "area", "shortest": "length", "narrowest": "width"}

OUTERMOST = {
    "leftmost": "left", "rightmost": "right", "topmost": "top", "bottommost": "bottom", "uppermost": "top",
    "lowermost": "bottom", "highest": "top", "lowest": "bottom", "northernmost": "north", "southernmost": "south",
    "easternmost": "east", "westernmost": "west", "northmost": "north", "southmost": "south", "eastmost": "east",
    "westmost": "west", "northeasternmost": "northeast", "northwesternmost": "northwest",
    "southeasternmost": "southeast", "southwesternmost": "southwest", "centermost": "center", "upmost": "top",
    "middlemost": "center",
}  # fmt: skip

DIRECTIONS = {
    "left": "left", "right": "right", "top": "top", "upper": "top", "bottom": "bottom", "lower": "bottom",
    "center": "center", "middle": "center", "central": "center", "centrally": "center", "midst": "center",
    "north": "north", "south": "south", "east": "east", "west": "west", "northern": "north", "southern": "south",
    "eastern": "east", "western": "west", "northeast": "northeast", "northwest": "northwest", "southeast": "southeast",
    "southwest": "southwest", "northeastern": "northeast", "northwestern": "northwest", "southeastern": "southeast",
    "southwestern": "southwest",
}  # fmt: skip
COMPASS = frozenset(["north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest"])

NUMBERS = {
    word: at
    for at, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
NUMBERS |= {
    word: 20 + 10 * at for at, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split())
}
ORDINALS = {
    word: at + 1
    for at, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split())
} | {"last": -1}  # fmt: skip

FRAMES = frozenset(
    "image picture photo photograph view scene frame map screen tile shot chip canvas extent imagery imag images "
    "pictures".split()
)
PARTS = frozenset(
    "side part portion area corner edge section region half third quarter quadrant end border boundary margin zone "
    "row column "
    "sector point direction position line rim hand spot".split()
)
GROUPS = frozenset("group cluster row line pair couple bunch set collection trio column block series".split())

GLUE = frozenset(
    "located situated positioned placed found lies lie sitting sits sit stands standing seen visible present set that "
    "which who is are be being been was were can could has-been it its appearing appears appear almost slightly "
    "somewhat "
    "also quite rather there currently clearly roughly approximately about very just so shown depicted there's "
    "specifically "
    "exactly directly immediately right well only mostly both really please thats that's it's relative here somewhere "
    "anywhere existing".split()
)
"""Words between the parts of a sentence that carry no meaning of their own there."""

STATES = frozenset(
    "parked driving moored docked waiting moving anchored traveling travelling berthed stopped stacked tied queued "
    "queuing queueing stored resting floating sailing".split()
)
"""What an object is doing: kept for the network, and no end of the noun phrase."""

DETERMINERS = frozenset(
    "the a an that this these those its their his her any some every each all both no another".split()
)
ONES = frozenset("one ones".split())

UNITS_M = {
    "m": 1.0, "meter": 1.0, "meters": 1.0, "metre": 1.0, "metres": 1.0, "km": 1000.0, "kilometer": 1000.0,
    "kilometers": 1000.0, "kilometre": 1000.0, "kilometres": 1000.0, "cm": 0.01, "ft": 0.3048, "foot": 0.3048,
    "feet": 0.3048, "yd": 0.9144, "yard": 0.9144, "yards": 0.9144, "yds": 0.9144, "mi": 1609.344, "mile": 1609.344,
    "miles": 1609.344, "nmi": 1852.0,
}  # fmt: skip
"""Length unit -> metres (international foot, yard and mile)."""

UNITS_M2 = {"m2": 1.0, "sqm": 1.0, "km2": 1e6, "ha": 1e4, "hectare": 1e4, "hectares": 1e4, "acre": 4046.8564224,
            "acres": 4046.8564224, "ft2": 0.09290304, "sqft": 0.09290304, "yd2": 0.83612736}  # fmt: skip
"""Area unit -> square metres (international acre)."""

FUNCTION_WORDS = frozenset(
    "of in on at by to from the a an and or but not with without near next beside between inside within along above "
    "below "
    "under over beneath underneath around behind opposite across surrounded adjacent close closest nearest farthest "
    "furthest farther further far away than more less most least except for other another one ones same as through "
    "toward towards containing contains show find where which want looking locate select segment highlight outline "
    "detect identify "
    "extract delineate display fetch please there these those picked marked among amid touching extreme part".split()
)


def vocabulary() -> frozenset[str]:
    """Return every single word that the parser knows, for the correction of typing slips."""
    nouns = {word for noun in SINGULAR_OF for word in noun.split()}
    tables = (COLOURS, LARGE, SMALL, MORE, LESS, MOST, LEAST, OUTERMOST, DIRECTIONS, NUMBERS, ORDINALS, FRAMES, PARTS)
    return frozenset(
        nouns.union(*map(set, tables), GROUPS, GLUE, STATES, DETERMINERS, UNITS_M, UNITS_M2, FUNCTION_WORDS)
    )
