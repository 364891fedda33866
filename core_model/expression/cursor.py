"""A cursor over the words of an expression: what stands there, and the anchors that modifiers hang on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from ..errors import ExpressionError
from . import place, words
from .draft import Draft
from .normalize import Token
from .plan import Referent
from .relation_words import read_relation

MAX_DEPTH = 8
NEAR = frozenset("closest nearest nearer closer".split())
FAR = frozenset("farthest farther".split())
BE = frozenset("is are be being as was were".split())
NOT = frozenset("not never n't neither nor".split())
CLAUSES = frozenset(
    "with has have having featuring featured showing whose where wearing of made consisting comprising that's".split()
)
_PART_NOUNS = frozenset("roof surf deck strip drive sand dirt grass span stack plot pit turbine".split())
AFTER_ADVERB = frozenset(
    "next beside by behind below above under along at against in up through over outside inside near off where after "
    "before between across beneath underneath around adjacent on and".split()
)
OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
OPEN = frozenset("and or but of from relative to with in on at just also part".split())


class Cursor(ABC):
    """Words, a place among them, and looks ahead; noun phrases and modifiers are read by subclasses."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.text = [token.word for token in tokens]
        self.at = 0
        self.depth = 0

    @abstractmethod
    def noun_phrase(self, host: Draft | None) -> Draft | None:
        """Read a noun phrase at the cursor; None, and nothing consumed, if there is none."""

    @abstractmethod
    def known_noun(self, at: int) -> tuple[str, int] | None:
        """Return the longest known noun at a word, and the index after it."""

    @abstractmethod
    def modifiers(self, draft: Draft, host: Draft | None, is_nested: bool = False) -> None:
        """Read everything that hangs on a noun phrase."""

    def word(self, offset: int = 0) -> str:
        """Return the word at the cursor plus an offset, empty beyond the end."""
        at = self.at + offset
        return self.text[at] if 0 <= at < len(self.text) else ""

    def starts_modifier(self, at: int) -> bool:
        """Return whether a word can only begin something that hangs on the noun before it."""
        word = self.text[at]
        following = self.text[at + 1] if at + 1 < len(self.text) else ""
        return (
            not word[0].isalnum()
            or read_relation(self.text, at) is not None
            or word in place.ABOVE_BELOW
            or word in NEAR | FAR | NOT | CLAUSES
            or word in ("between", "from", "to", "toward", "without", "except", "excluding", "which", "than", "'s")
            or (word in words.MORE | words.LESS and following == "than")
            or (word in words.GLUE and word not in ("well", "very", "most", "almost", "right", "only", "both", "just"))
            or (word in words.DIRECTIONS and following in ("of", "from"))
        )

    def at_conjunction(self) -> bool:
        """Return whether ``and`` and then another noun phrase stand at the cursor."""
        if self.word() not in ("and", "or", ",", "&", "plus"):
            return False
        at = self.at + 1
        while at < len(self.text) and self.text[at] in ("and", "or", "also"):
            at += 1
        if at >= len(self.text) or self.starts_modifier(at):
            return False
        self.at = at - 1
        return True

    def nested_stop(self, start: int) -> bool:
        """Return whether a headless phrase must be given up: only glue was read."""
        return all(word in words.GLUE or word in words.DETERMINERS for word in self.text[start : self.at])

    def place_before_head(self) -> tuple[str, str, int] | None:
        """Read ``upper left`` or ``far left`` before a noun.

        Returns:
            (region, what is meant: the ``place``, the ``median`` of a row or the ``outermost`` object, index after).
        """
        at = self.at
        is_intense = self.word() in ("far", "extreme", "farthest")
        read = place.read_directions(self.text, at + is_intense)
        if read is None:
            return None
        region, end = read
        following = self.text[end] if end < len(self.text) else ""
        if following in ("of", "from", "'s", "") or (following in words.PARTS and not self.known_noun(end)):
            return None
        if self.text[at] == "right" and following in AFTER_ADVERB:
            return None
        if self.text[at:end] == ["middle"]:
            return region, "median", end
        return region, "outermost" if is_intense else "place", end

    def _back(self, start: int) -> bool:
        self.at = start
        return False

    def _read_place(self, at: int) -> tuple[place.Place, int] | None:
        """Read a place, unless its direction belongs to a noun that follows: ``on the upper street``."""
        read = place.read_place(self.text, at)
        if read is None or read[1] >= len(self.text) or self.text[read[1] - 1] not in words.DIRECTIONS:
            return read
        word = self.text[read[1]]
        is_open = self.starts_modifier(read[1]) or word in OPEN or word in words.STATES or word in words.OUTERMOST
        return read if is_open or place.read_place(self.text, read[1]) or word in words.DETERMINERS else None

    def _goes_on_after(self, at: int) -> bool:
        """Return whether a noun phrase goes on after a word."""
        return at + 1 < len(self.text) and not self.starts_modifier(at + 1) and self.text[at + 1] not in OPEN

    def _is_agent(self) -> bool:
        """``partially covered by another ship``: what follows ``by`` is no place."""
        return self.word(-1).endswith("ed") and self.word(-1) not in words.GLUE | words.STATES

    def _anchor(self, draft: Draft, is_known: bool = False) -> Referent | None:
        found = self._anchor_draft(draft, is_known)
        return found.finish() if found else None

    def _anchor_draft(self, draft: Draft, is_known: bool = False) -> Draft | None:
        """Read an anchor with its own modifiers; ``is_known`` asks for a noun of the lexicon (weak prepositions)."""
        if self.depth >= MAX_DEPTH:
            raise ExpressionError(
                f"The expression nests more than {MAX_DEPTH} relations in each other: ask for fewer at a time."
            )
        start = self.at
        if is_known and self.word() in ("its", "their", "it", "them", "his"):
            return None
        self.depth += 1
        found = self.noun_phrase(draft)
        if found is not None and (not is_known or (found.noun and found.noun not in _PART_NOUNS)):
            if found.noun == draft.noun and not (found.superlatives or found.positions or found.adjectives):
                found.is_other = True
            self.modifiers(found, draft, is_nested=True)
            self.depth -= 1
            return found
        self.depth -= 1
        self.at = start
        return None
