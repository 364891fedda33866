"""From the text as typed to a list of plain words: spelling, hyphens, units, typing slips.

Nothing here understands the sentence; it only makes every way of writing a word the same word.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

from ..errors import ExpressionError
from . import words

MAX_WORDS = 120
MAX_CHARACTERS = 2000
_SLIP_LENGTH = 5

_REPLACEMENTS: tuple[tuple[str, str], ...] = (
    (r"[’‘`´]", "'"),
    (r"[“”\"]", " "),
    (r"[–—‒―]", " - "),
    (r"²", "2"),
    (r"(?<=\d),(?=\d{3}\b)", ""),
    (r"\bcentre", "center"),
    (r"\bmetre", "meter"),
    (r"colour", "color"),
    (r"\baeroplane", "airplane"),
    (r"\b(sq|square)[. ]?(m|meters?)\b", "m2"),
    (r"\b(sq|square)[. ]?(km|kilometers?|kilometres?)\b", "km2"),
    (r"\b(sq|square)[. ]?(ft|feet|foot)\b", "ft2"),
    (r"\b(sq|square)[. ]?(yd|yards?)\b", "yd2"),
    (r"\bm\^2\b", "m2"),
    (r"(?<=\d)(?=(m|km|ft|yd|mi|ha|m2|km2|ft2|cm)\b)", " "),
    (r"(?<=\d)[- ](?=(meters?|m|foot|feet|km|mile|yard|acre)\b)", " "),
    (r"\b(left|right|top|bottom|upper|lower|center|middle|up)[- ]most\b", r"\1most"),
    (r"\bmost (left|right|top|bottom|upper|lower)\b", r"\1most"),
    (r"\bmost (north|south|east|west)ern\b", r"\1ernmost"),
    (r"\bmost (north|south)[- ]?(east|west)(ern)?\b", r"\1\2ernmost"),
    (r"\b(north|south)[- ]?(east|west)(ern|ernmost|erly|wards?)?\b", r"\1\2\3"),
    (r"\b(north|south|east|west)[- ](ern|most)\b", r"\1\2"),
    (r"\b(north|south|east|west|northeast|northwest|southeast|southwest)(erly|wards?)\b", r"\1"),
    (r"\b(left|right)[- ]hand\b", r"\1"),
    (r"\bmid[- ]?(?=(left|right|top|bottom|upper|lower|center)\b)", "middle "),
    (r"\b(upper|lower|top|bottom|middle|center|central)(left|right)\b", r"\1 \2"),
    (r"\bcentrally-(located|placed|positioned|situated)\b", "central"),
    (r"\bcentrally-", "centrally "),
    (r"\b(far|farthest|furthest)-(?=(left|right|top|bottom|north|south|east|west)\b)", r"\1 "),
    (r"\b(any|some)thing\b", "object"),
    (r"\b(second|third|fourth|fifth|sixth|next|last)-(?=\w+(est|most)\b)", r"\1 "),
    (r"\bn't\b", " not"),
    (r"\b(is|are|was|were|does|do|did|has|have)n't\b", r"\1 not"),
    (r"\bcannot\b", "can not"),
    (r"\btowards\b", "toward"),
    (r"\bfurthest\b", "farthest"),
    (r"\bfurther\b", "farther"),
    (r"\bof an? image\b", "of the image"),
)
_COMPILED = tuple((re.compile(pattern), replacement) for pattern, replacement in _REPLACEMENTS)
_DIRECTION = "left|right|top|bottom|upper|lower|center|middle|central|north|south|east|west"
_HYPHENED_DIRECTION = re.compile(rf"\b({_DIRECTION})-(?=({_DIRECTION}|side|edge|corner|part|hand)\b)")
_TOKEN = re.compile(r"\d+(?:\.\d+)?(?:st|nd|rd|th)?\b|[^\W\d_]+\d?(?:['-][^\W_]+)*|[,.;:?!()]|\d+")

# English words that lie one letter from a word of the table and mean something else.
_NO_SLIPS = frozenset(
    "across another areas fully arena backs bales balls bands banks barge barges battle beans bears beast beats beech "
    "bench benches birds black blank blanks block blocks blown board boarder boards boast boats boots border "
    "borders bored bother bottle bound bower brain brains branch brand branded brass breach bream brick bricks "
    "bride brides bridge bridges bright broken brown bubble build builds built bunch burst cable cables canter "
    "cards carts castle cater cattle center chain chains change charge charges cheer chips class clock clocks clown "
    "coast coasts coats corned corner corners costs count counts county couple course courses court courts cover "
    "covers crane cranes cream crops cross crown crows decks desks diver docks dodge double douse drain drains "
    "dream driver drivers drops drown edges eight either enter enters farms farther father feast feather fence "
    "fences fewer fields fifth fight filed files fills fires first flank flats flees fleet float floats flock "
    "flower flowers folder forth forts found fourth freed fridge gains gather glass goats golds goods grain grains "
    "grand grange grass greed greek green greet gross ground grounds grows guard guards guild halls hands hanks "
    "hater hedge hedges hidden hills holder holders holds holes hoops hopes horned horse horses hound house houses "
    "island islands judge kettle lands large larger later leach lease least leather ledge lefts light lights little "
    "liver locks lodge lodges loops lopes loser lover lower lunch malls maple masks masts might mills moose mother "
    "mound mouse mouth mower neither nether night north older orange oranges order orders other others owner owners "
    "packs palms parts party peach place places plain plains planet planets plank planks plant plants plate plates "
    "poles polls pools ports posts pound power powers prices pride queen racked racks rails ranch range ranges "
    "ranks rather reach ridden rider riders ridge ridges right rights river rivers rocks rooms roost roots ropes "
    "round rounds rouse rover rower rubble sails sales sands screen server sewer shade shaded shades shady shall "
    "shape shaped shapes share shares sheep sheer sheet sheets shelf shell shelves shield ships shirt shops shore "
    "short shorts shower sight sixth skirt slack sleep sleet slope slopes small smaller smell smells smoke snake "
    "sorts sound south spade spare spares sports spots square squares squire stable stack stacks stage stain stair "
    "stairs stale stall stalls stand stands staple stars start state states steam steel steep stick sticks stone "
    "store stove strand strands strap stream streams street streets strip stripe stripes strips stroke super supper "
    "table tables tails taken taller tanker tanks teach tenth tents terrain thanks there these third thirds thirst "
    "those three tiles tired tires title token topper tower towers track tracks trails train trains traps trees "
    "trial trials trick tricks trips truce trunk trunks upper waiter walls waste water weather wedge wedges weight "
    "whale wheel wheels where while white widen wider wides winter wires woods words world worlds worth wound write "
    "yards yeast yield youth "
    "alone apart arch barge batch beach blood branch branches brand broad brood catch charge chase cheat chest closer "
    "coach color could cutting dodge drawn dwell falling finch flood floor funnel galley growing harden harsh hatch "
    "heavy hedge height hence hotel lamps large latch lease ledge level lodge loose march marked marker marks match "
    "patch patches peach phase pinch pitch plaza point queue queues roach scale score seats shale sheet shell slant "
    "slide sliver smell spell spool stall stare status stepped steps stone stood stool story streak streaks stuck "
    "sweep swell taint teach those tints tools towel vents volley warden watch wedge wharf wheat whose witch would "
    "yacht remaining".split()
)


@dataclass(frozen=True)
class Token:
    """One word as the parser sees it."""

    word: str
    """Lower case, spelling made uniform, slips corrected."""
    as_typed: str
    """The same word for the network: uniform too, but not corrected."""


@cache
def _vocabulary() -> frozenset[str]:
    return words.vocabulary()


def clean(text: str) -> str:
    """Return a text in lower case with uniform spelling, hyphens and units."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(r"<[^<>]{0,200}>", " ", text)  # markup is no language
    for pattern, replacement in _COMPILED:
        text = pattern.sub(replacement, text)
    while (new := _HYPHENED_DIRECTION.sub(r"\1 ", text)) != text:
        text = new
    return " ".join(text.split())


def tokenize(text: str) -> tuple[list[Token], list[str]]:
    """Return the words of an expression, and a sentence for every correction.

    Raises:
        ExpressionError: there is no word in it, or it is longer than anyone would say.
    """
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError(
            f"The expression has {len(text)} characters, at most {MAX_CHARACTERS} are read: say it in one sentence."
        )
    negative = re.search(r"(?<!\S)[-−]\s?\d[\d.,]*\s?\w*", text)
    if negative:
        raise ExpressionError(f"'{negative.group()}' is negative: distances and sizes begin at 0.")
    found = _TOKEN.findall(clean(text))
    count = sum(word[0].isalnum() for word in found)
    if count == 0:
        raise ExpressionError("The expression is empty: say what to find, such as 'the largest storage tank'.")
    if count > MAX_WORDS:
        raise ExpressionError(
            f"The expression has {count} words, at most {MAX_WORDS} are read: say it in one sentence."
        )
    tokens, notes = [], []
    for word in found:
        word = word.removesuffix("'s") + "'s" if word.endswith("'s") else word
        parts = [word[:-2], "'s"] if word.endswith("'s") and word not in ("it's", "that's", "there's") else [word]
        for part in parts:
            meant = correct(part)
            if meant != part:
                notes.append(f"'{part}' is read as '{meant}'")
            tokens.append(Token(meant, part))
    return tokens, notes


@lru_cache(maxsize=4096)
def correct(word: str) -> str:
    """Return the one known word that a word becomes by mending one letter; the word itself if there is none or several.

    Only words of five letters and more are mended: short ones are too close to each other.
    """
    known = _vocabulary()
    if len(word) < _SLIP_LENGTH or not word.isalpha() or word in known or word in _NO_SLIPS or not word.isascii():
        return word
    if any(word.endswith(end) and word[: -len(end)] in known for end in ("s", "ed", "d", "er", "ing", "ly", "y")):
        return word
    letters = "abcdefghijklmnopqrstuvwxyz"
    splits = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    near = {a + b[1:] for a, b in splits if b}
    near |= {a + b[1] + b[0] + b[2:] for a, b in splits if len(b) > 1}
    near |= {a + c + b[1:] for a, b in splits if b for c in letters}
    near |= {a + c + b for a, b in splits for c in letters}
    options = [option for option in near & known if len(option) >= _SLIP_LENGTH - 1]
    doubled = [option for option in options if any(option == a + a[-1] + b for a, b in splits if a)]  # "tenis"
    options = doubled or [option for option in options if len(option) == len(word)] or options
    return options[0] if len(options) == 1 else word
