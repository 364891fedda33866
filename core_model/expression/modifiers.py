"""Everything that hangs on a noun phrase, in any order: the loop over modifiers, fillers, clauses, exceptions."""

from __future__ import annotations

from . import place, words
from .cursor import AFTER_ADVERB, BE, CLAUSES, FAR, NEAR, NOT
from .draft import GENERIC, Draft
from .relation_reader import RelationReader
from .relation_words import read_relation

_ORIENTED = frozenset(
    "facing pointing pointed heading headed oriented aligned turned turning angled running runs spanning extending "
    "stretching flowing curving leading aimed aiming looking nose bow tail going tilted slanted stretches extends "
    "flows".split()
)
_ORIENTATION = frozenset(
    "to the from up down toward straight away horizontally vertically diagonally and at in its nose diagonal below "
    "above".split()
)
_SPARED = frozenset(["the", "those", "these", "this", "that"])
"""``but`` is an exception where one of these follows: ``boats but the red one``, not ``old but white``."""
_EXCEPT = (
    "except for",
    "except",
    "excluding",
    "other than",
    "apart from",
    "but not",
    "besides from",
    "aside from",
    "minus",
)


class ModifierReader(RelationReader):
    """Reads modifiers into a draft; what it cannot read stays in the draft's phrase."""

    def modifiers(self, draft: Draft, host: Draft | None, is_nested: bool = False) -> None:
        """Read everything that hangs on a noun phrase.

        Args:
            draft: taken further in place.
            host: what ``one`` stands for in anchors; None: the draft itself.
            is_nested: anchors end at a comma; what follows it hangs on the outermost noun phrase.
        """
        while self.at < len(self.text):
            start = self.at
            if is_nested and (self.word() in (",", ";", ".", "(", ")", "but") or self._is_of_host(draft)):
                return
            if self.word() == "but" and self.word(1) in NOT and read_relation(self.text, self.at + 2):
                self.at += 1
                continue
            if self.word() == "but" and self._exception(draft):
                continue
            if self.word() in ("and", "or", ",") or (self.word() == "but" and self.word(1) != "not"):
                if self._and(draft, is_nested):
                    return
                continue
            if not self._one(draft, is_nested):
                if is_nested and self.depth > 0 and not self._is_left_to_network(draft):
                    return
                self._leave(draft)
            if self.at == start:  # cannot happen; a guard against hanging
                self._leave(draft)

    def _is_of_host(self, anchor: Draft) -> bool:
        """What is said of the referent, not of the anchor: an exception, a colour it has not, a place of the picture.

        ``on a road in the upper left of the image`` places the referent, ``next to the road in the ...`` the road.
        """
        if any(self.text[self.at : self.at + len(lead)] == lead for lead in map(str.split, _EXCEPT)):
            return True
        if self.word() in ("that", "which") and self.word(1) in BE and self.word(2) in NOT:
            return True
        if self._beside_it(is_read=False):
            return True
        if self.word() in BE and self.word(-1) not in ("that", "which", "who", "it", "there"):
            return True  # the verb of the sentence: "the bridge crossing the river is left of the dam"
        read = place.read_place(self.text, self.at)
        if anchor.is_definite or read is None or not read[0].has_preposition:
            return False
        return place.read_frame(self.text, read[1]) is not None

    def _is_left_to_network(self, draft: Draft) -> bool:
        return self.word() in CLAUSES or self.word() not in words.DETERMINERS

    def _and(self, draft: Draft, is_nested: bool) -> bool:
        """Handle ``and`` or a comma; True ends this noun phrase."""
        at = self.at
        while at < len(self.text) and self.text[at] in ("and", "or", ",", "but", "also", "then"):
            if self.text[at : at + 2] == ["but", "not"] and self.text[at + 2 : at + 3] == ["the"]:
                break  # an exception
            at += 1
        if at >= len(self.text):
            self.at = at
            return False
        if is_nested:
            return True
        is_and = any(word in ("and", "or") for word in self.text[self.at : at])
        if not is_and or self.starts_modifier(at) or place.read_place(self.text, at) or self._starts_one(at):
            self.at = at
            return False
        if is_and and self._starts_noun_phrase(at):
            self.at = at - 1
            return True
        draft.rest.append(" ".join(token.as_typed for token in self.tokens[self.at : at]))
        self.at = at
        return False

    def _starts_one(self, at: int) -> bool:
        word = self.text[at]
        return word in words.OUTERMOST or (word in words.STATES)

    def _starts_noun_phrase(self, at: int) -> bool:
        for index in range(at, min(at + 6, len(self.text))):
            if self.known_noun(index) or self.text[index] in words.ONES:
                return True
            if index > at and self.starts_modifier(index):
                return False
        return False

    def _one(self, draft: Draft, is_nested: bool) -> bool:
        """Read one modifier at the cursor; False if there is none."""
        is_negated = False
        if self._exception(draft):
            return True
        if self.word() in NOT and self.at + 1 < len(self.text) and not read_relation(self.text, self.at):
            if self._not_adjective(draft):
                return True
            is_negated = True
            self.at += 1
            if self.word() in words.STATES and read_relation(self.text, self.at + 1):
                self._state(draft)  # "not moored at a pier"
        if self.word() == "without":
            return self._without(draft)
        return (
            self._filler(draft)
            or self._order(draft)
            or self._end_of_order(draft)
            or self._measured(draft)
            or self._distance(draft, is_negated)
            or self._comparison(draft, is_negated)
            or self._nearest(draft)
            or self._possessive(draft, is_negated)
            or self._between(draft, is_negated)
            or self._place(draft, is_negated)
            or self._relation(draft, is_negated)
            or self._predicate(draft)
            or self._state(draft)
            or is_negated
        )

    def _filler(self, draft: Draft) -> bool:
        word = self.word()
        end = place.read_frame(self.text, self.at)
        if end is not None:
            self.at = end
            return True
        if word == "right" and self.word(1) not in AFTER_ADVERB:
            return False
        if word == "of" and self._of_the_number():
            return True
        if word in BE and self.word(1) == "the" and self.word(2) in NEAR | FAR:
            self.at += 2
            return True
        if word == "a" and self.word(1) in ("little", "bit"):
            self.at += 2
            return True
        is_glue = word in words.GLUE and not (word == "only" and draft.is_pronoun)
        if (is_glue and not (word in BE and self.word(1) in ("a", "an", "the"))) or not word[0].isalnum():
            self.at += 1
            return True
        return False

    def _of_the_number(self) -> bool:
        """``middle car of the three``, ``farthest east of the three large ones``: the number says no more."""
        at = self.at + 1 + (self.word(1) in ("the", "all"))
        if at >= len(self.text) or self.text[at] not in words.NUMBERS:
            return False
        end = at + 1
        while end < len(self.text) and not self.starts_modifier(end) and end < at + 5:
            end += 1
        self.at = end
        return True

    def _leave(self, draft: Draft) -> None:
        """Leave words to the network: one word, or a clause (``with a dark tail``) up to the next strong modifier."""
        if self.word() in _ORIENTED or (self.word() == "from" and place.read_place(self.text, self.at)):
            self._leave_direction(draft)
            return
        has_parts = self.word() == "whose" or self.word(1) in ("its", "their")
        is_clause = self.word() in CLAUSES or (self.word() == "by" and self._is_agent())
        while self.at < len(self.text):
            draft.rest.append(self.tokens[self.at].as_typed)
            self.at += 1
            if not is_clause or self.at >= len(self.text):
                return
            ends = self.word() in (",", ".", ";") or (self.word() == "and" and self.word(1) in BE)
            if ends or (not has_parts and self._is_strong()):
                return

    def _leave_direction(self, draft: Draft) -> None:
        """``pointing to the upper left``: an orientation, not a place."""
        go_on = _ORIENTATION | words.DIRECTIONS.keys() | words.PARTS
        while True:
            draft.rest.append(self.tokens[self.at].as_typed)
            self.at += 1
            if self.word() not in go_on:
                return
            if self.word() in ("to", "from", "toward", "at", "in") and self.word(1) not in go_on:
                return

    def _is_strong(self) -> bool:
        found = read_relation(self.text, self.at)
        if (found and found[2]) or self.word() in ("located", "situated", "positioned", "between"):
            return True
        if self.word() in ("above", "below", "closest", "nearest", "farthest", "without", "except"):
            return True
        read = place.read_place(self.text, self.at)
        if read and read[0].has_preposition and self.word() in ("in", "at", "on", "near", "toward", "to"):
            return self.text[read[1] : read[1] + 1] != ["of"] or place.read_frame(self.text, read[1]) is not None
        return False

    def _state(self, draft: Draft) -> bool:
        if self.word() in words.STATES:
            draft.rest.append(self.tokens[self.at].as_typed)
            self.at += 1
            return True
        return False

    def _exception(self, draft: Draft) -> bool:
        is_spared = draft.is_all or draft.is_plural  # "all tanks but the largest"
        for phrase in (*_EXCEPT, "but") if is_spared and self.word(1) in _SPARED else _EXCEPT:
            lead = phrase.split()
            if self.text[self.at : self.at + len(lead)] == lead:
                start, self.at = self.at, self.at + len(lead)
                found = self._anchor_draft(draft)
                if found is None:
                    self.at = start
                    return False
                found.is_other = False
                draft.exceptions.append(found.finish())
                draft.is_all = draft.is_all or draft.count is None
                return True
        return False

    def _not_adjective(self, draft: Draft) -> bool:
        """``tanks that are not white``, ``that are not the largest``: white tanks, the largest one are taken out."""
        word = self.word(1)
        if word == "the" and self.word(2) != "same":
            start, self.at = self.at, self.at + 1
            other = self._anchor_draft(draft)
            if other is None or other.head != draft.head:
                return self._back(start)
            draft.exceptions.append(other.finish())
            return True
        if word not in words.COLOURS and word not in words.LARGE and word not in words.SMALL:
            return False
        other = Draft(adjectives=[self.tokens[self.at + 1].as_typed], head=draft.head, noun=draft.noun, is_plural=True)
        if word in words.LARGE or word in words.SMALL:
            other.size = "large" if word in words.LARGE else "small"
        draft.exceptions.append(other.finish())
        self.at += 2
        return True

    def _predicate(self, draft: Draft) -> bool:
        """``is the leftmost one``, ``is a small vehicle``: says more of the same thing."""
        start = self.at
        if self.word() in BE and self.word(1) in ("the", "a", "an", "one"):
            self.at += 1
        elif self.word() not in ("the", "both"):
            return False
        if self.word() == "both":
            self.at += 1
        other = self.noun_phrase(draft)
        if other is None:
            return self._back(start)
        same = other.is_pronoun or other.head == draft.head or _is_same(other.noun, draft.noun)
        if not same and draft.head in GENERIC:
            draft.head, draft.noun, same = other.head, other.noun, True
        elif same and other.noun.endswith(draft.noun):
            draft.head, draft.noun = other.head, other.noun
        says_more = other.superlatives or other.positions or other.rank or other.adjectives or draft.noun == other.noun
        if not same and not (other.superlatives and not other.noun):
            return self._back(start)
        if not says_more:
            return self._back(start)
        draft.merge(other)
        return True


def _is_same(first: str, second: str) -> bool:
    """Return whether two nouns may name one thing: ``vehicle`` and ``small vehicle``."""
    return bool(first) and bool(second) and (first.endswith(second) or second.endswith(first))
