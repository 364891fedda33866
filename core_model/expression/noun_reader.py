"""Noun phrases: determiners, numbers, sizes, colours and places before the head, and the head itself."""

from __future__ import annotations

from . import words
from .cursor import FAR, NEAR
from .draft import GENERIC, Draft
from .lexicon import MAX_NOUN_WORDS, SINGULAR_OF
from .modifiers import ModifierReader
from .place import read_directions
from .plan import Superlative

_PARTS_OF = frozenset(
    "part parts piece pieces patch patches strip strips stretch stretches section sections sliver slivers "
    "bit bits".split()
)


_BESIDE = frozenset("adjoining adjacent neighboring neighbouring opposite surrounding nearby touching".split())
"""Words of relation that stand before a noun, too."""


class NounReader(ModifierReader):
    """Reads ``the two largest white tanks``; what hangs on it is read by the base class."""

    def noun_phrase(self, host: Draft | None) -> Draft | None:
        """Read determiners, adjectives and head; None (and nothing consumed) if there is no head.

        Args:
            host: what ``one`` may stand for.
        """
        start, draft = self.at, Draft()
        while self.at < len(self.text) and not draft.has_head:
            if not (self._head(draft) or self._before_head(draft)):
                break
        if not draft.has_head and draft.adjectives and host and is_colour(draft.adjectives[-1]):
            draft.is_pronoun, draft.head = True, "one"  # "between a white and a red one"
        is_extreme = bool(draft.adjectives) and draft.adjectives[-1].endswith(("est", "er")) and self.word() == "of"
        if not draft.has_head and draft.adjectives and not self.nested_stop(start) and not is_extreme:
            draft.head = draft.adjectives.pop()  # an unknown noun, such as "kayak rack"
            draft.is_plural = draft.head.endswith("s") and not draft.head.endswith("ss") and len(draft.head) > 3
        if not draft.has_head and (draft.superlatives or draft.rank or draft.positions or draft.count) and host:
            draft.is_pronoun, draft.head = True, "one"  # "the second from the left", "the two largest"
        if not draft.has_head:
            partitive = self.partitive(draft)
            if partitive is None:
                self.at = start
                return None
            draft.take_head_from(partitive)
            draft.adjectives = partitive.adjectives + draft.adjectives
            draft.positions += partitive.positions
        if draft.is_pronoun:
            partitive = self.partitive(draft)
            if partitive is not None:
                draft.take_head_from(partitive)
                draft.adjectives = partitive.adjectives + draft.adjectives
                draft.positions += partitive.positions
                draft.relations += partitive.relations
            elif host is not None:
                draft.take_head_from(host)
        self._compound(draft)
        self._alike(draft)
        return draft

    def _alike(self, draft: Draft) -> None:
        """``anything that looks like a tennis court`` is a tennis court."""
        start = self.at
        while self.word() in ("that", "which", "might", "may", "could", "be", "a"):
            self.at += 1
        if draft.head in GENERIC and self.word() in ("looks", "look", "looking") and self.word(1) == "like":
            self.at += 2
            other = self.noun_phrase(None)
            if other is not None:
                draft.head, draft.noun = other.head, other.noun
                draft.adjectives += other.adjectives
                return
        self.at = start

    def known_noun(self, at: int) -> tuple[str, int] | None:
        """Return the longest known noun that starts at a word, and the index after it."""
        for length in range(min(MAX_NOUN_WORDS, len(self.text) - at), 0, -1):
            noun = " ".join(self.text[at : at + length])
            if noun in SINGULAR_OF:
                return noun, at + length
            if length == 1 and "-" in noun and noun.replace("-", " ") in SINGULAR_OF:
                return noun.replace("-", " "), at + 1
        return None

    def _head(self, draft: Draft) -> bool:
        found = self.known_noun(self.at)
        if found is None:
            word = self.text[self.at]
            is_other = word in ("other", "others", "another", "rest") and not self._noun_follows(self.at + 1)
            if word in words.ONES or is_other:
                draft.is_pronoun, draft.head, draft.is_plural = True, word, word in ("ones", "others", "rest")
                draft.is_other |= is_other
                self.at += 1
                return True
            if self._is_partitive_direction():
                draft.is_pronoun, draft.head = True, "one"
                read = read_directions(self.text, self.at)
                if read:
                    draft.locate(read[0])
                    self.at = read[1]
                return True
            if self._parts_of(draft):
                return True
            if word in GENERIC and not (self.at + 1 < len(self.text) and self.known_noun(self.at + 1)):
                draft.head, draft.is_plural = word, word.endswith("s")
                self.at += 1
                return True
            return False
        noun, end = found
        if noun in ("green", "field", "light") and end < len(self.text) and self._goes_on(end):
            return False  # "green roof", "dark green tennis court"
        if noun in words.DIRECTIONS or (noun in words.GROUPS and self.text[end : end + 1] == ["of"]):
            return False
        draft.head = " ".join(token.as_typed for token in self.tokens[self.at : end])
        if any(token.word != token.as_typed for token in self.tokens[self.at : end]):
            draft.head = noun
        draft.noun = SINGULAR_OF[noun]
        draft.is_plural = noun != draft.noun or (noun == "aircraft" and bool(draft.count or draft.is_all))
        self.at = end
        return True

    def _parts_of(self, draft: Draft) -> bool:
        """``both visible parts of the river``, ``a patch of sand``: what it is a part of is looked for."""
        if self.word() not in _PARTS_OF or self.word(1) != "of":
            return False
        at = self.at + 2 + (self.word(2) in words.DETERMINERS)
        before = [*draft.adjectives, *(token.as_typed for token in self.tokens[self.at : at])]
        while at < len(self.text) and not self.known_noun(at):
            if self.starts_modifier(at) or self.text[at] in words.PARTS | words.FRAMES | words.DIRECTIONS.keys():
                return False
            before.append(self.tokens[at].as_typed)
            at += 1
        if at >= len(self.text) or self.text[at] in words.FRAMES:
            return False
        start, self.at, is_plural = self.at, at, self.word().endswith("s")
        if not self._head(draft):
            self.at = start
            return False
        draft.adjectives, draft.is_plural = before, is_plural
        return True

    def _noun_follows(self, at: int) -> bool:
        """Return whether a noun phrase still goes on at a word."""
        return at < len(self.text) and not self.starts_modifier(at) and self.text[at] not in ("and", "or")

    def _is_partitive_direction(self, at: int | None = None) -> bool:
        """``the lower of the two vehicles``."""
        read = read_directions(self.text, self.at if at is None else at)
        if read is None or self.text[read[1] : read[1] + 2] != ["of", "the"]:
            return False
        return bool(words.NUMBERS.keys() & set(self.text[read[1] + 2 : read[1] + 3]))

    def _goes_on(self, at: int) -> bool:
        """Return whether a noun still follows, so that the word before it is an adjective."""
        word = self.text[at]
        return bool(self.known_noun(at)) or word in words.ONES or word in words.COLOURS or word in GENERIC

    def _compound(self, draft: Draft) -> None:
        """``airport terminal building``: the last noun is the head, those before it describe it."""
        while not draft.is_pronoun and draft.noun and self.at < len(self.text):
            found = self.known_noun(self.at)
            is_verb = found is not None and SINGULAR_OF[found[0]] in ("drive", "track", "span", "bank", "ramp", "dump")
            is_verb |= self.word() == "crossing" and self.word(1) in words.DETERMINERS
            if found is None or is_verb or self.text[self.at] in words.DIRECTIONS:
                return
            draft.adjectives.append(draft.head)
            draft.head = ""
            if not self._head(draft):
                draft.head = draft.adjectives.pop()
                return

    def _before_head(self, draft: Draft) -> bool:
        """Read one word or phrase that stands before the head."""
        word = self.text[self.at]
        following = self.text[self.at + 1] if self.at + 1 < len(self.text) else ""
        if word in words.DETERMINERS or word in (
            "my",
            "our",
            "which",
            "what",
            "such",
            "same",
            "other",
            "remaining",
            "different",
            "several",
        ):
            draft.is_definite |= word in ("the", "this", "that", "which", "what", "these", "those")
            draft.is_all |= word in ("all", "every", "each", "any", "some", "these", "those", "several")
            draft.is_other |= word in ("another", "other", "remaining", "different")
            if word == "both":
                draft.count = 2
            self.at += 1
            return True
        if word in words.GROUPS and following == "of":
            draft.is_group = True
            draft.count = draft.count or {"pair": 2, "couple": 2, "trio": 3}.get(word)
            self.at += 2
            return True
        if word in words.NUMBERS or (word.isdecimal() and len(word) < 4):
            number = words.NUMBERS.get(word, int(word) if word.isdecimal() else 0)
            if following in words.UNITS_M or following in words.UNITS_M2 or number == 0:
                return False
            draft.count = number
            self.at += 1
            return True
        return self._superlative(draft, word, following) or self._adjective(draft, word, following)

    def _superlative(self, draft: Draft, word: str, following: str) -> bool:
        rank = words.ORDINALS.get(word) or (int(word[:-2]) if word[:-2].isdecimal() and len(word) < 5 else None)
        if rank is not None:
            if word == "last" and following in words.NUMBERS:
                return False
            if self.text[self.at - 1 : self.at] == ["a"]:  # "a second bridge" is another one
                draft.is_other = True
            else:
                draft.rank = rank
            self.at += 1
            return True
        for table, is_most in ((words.MOST, True), (words.LEAST, False), (words.MORE, True), (words.LESS, False)):
            if word in table:
                if table in (words.MORE, words.LESS):
                    if following == "than":
                        return False
                    if self.text[self.at - 1 : self.at] in (["a"], ["an"]):  # "left of a smaller car": no superlative
                        draft.size = "large" if is_most else "small"
                        draft.adjectives.append(self.tokens[self.at].as_typed)
                        self.at += 1
                        return True
                draft.superlatives.append(Superlative(table[word], is_most, draft.rank or 1))
                draft.rank = None
                self.at += 1
                return True
        if word == "most" and following in ("spacious", "expansive", "extensive", "sizable", "massive"):
            draft.superlatives.append(Superlative("area", True, draft.rank or 1))
            draft.rank = None
            self.at += 2
            return True
        if word in words.OUTERMOST:
            draft.superlatives.append(Superlative(words.OUTERMOST[word], True, draft.rank or 1))
            draft.rank = None
            self.at += 1
            return True
        if (
            word in NEAR | FAR
            and following not in words.DIRECTIONS
            and (following == "of" or self._noun_follows(self.at + 1))
        ):  # "the nearest pool to the bridge"
            draft.is_far, draft.is_definite = word in FAR, True
            self.at += 1
            return True
        return False

    def _adjective(self, draft: Draft, word: str, following: str) -> bool:
        if word in (",", "and", "or", "but"):
            if not self._adjectives_go_on():
                return False
            if draft.adjectives and word in ("and", "or"):
                draft.adjectives.append(word)
            self.at += 1
            return True
        if word == "only" or word == "single" or word == "unique":
            draft.is_definite = True
            self.at += 1
            return True
        place = self.place_before_head()
        if place is not None:
            region, meaning, end = place
            if meaning != "place":
                draft.superlatives.append(Superlative("middle" if meaning == "median" else region))
            else:
                draft.locate(region)
            self.at = end
            return True
        if word in _BESIDE and self.text[self.at - 1 : self.at] and self._is_described(self.at + 1):
            draft.adjectives.append(self.tokens[self.at].as_typed)  # "the two adjoining roofs"
            self.at += 1
            return True
        if not word[0].isalnum() or self.starts_modifier(self.at) or word in words.GLUE - {"well"}:
            if word in (
                "very",
                "almost",
                "quite",
                "rather",
                "slightly",
                "visible",
                "specifically",
                "most",
                "more",
                "both",
                "clearly",
            ):
                self.at += 1
                return True
            return False
        if word in words.LARGE or word in words.SMALL:
            draft.size = "large" if word in words.LARGE else "small"
        draft.adjectives.append(self.tokens[self.at].as_typed if word == self.text[self.at] else word)
        self.at += 1
        return True

    def _is_described(self, at: int) -> bool:
        """Return whether a determiner stands before the word before ``at``, and a noun follows after adjectives."""
        before = self.text[at - 2]
        if before not in words.DETERMINERS and before not in words.NUMBERS:
            return False
        for index in range(at, min(at + 4, len(self.text))):
            if self.known_noun(index):
                return True
            if self.text[index] in words.DETERMINERS or self.starts_modifier(index):
                return False
        return False

    def _adjectives_go_on(self) -> bool:
        """Return whether, after a comma or ``and``, adjectives and then a noun follow: ``small, dark-colored car``."""
        for at in range(self.at + 1, min(self.at + 6, len(self.text))):
            word = self.text[at]
            if (self.known_noun(at) and word not in ("green", "light")) or word in words.ONES or word in GENERIC:
                return True
            is_ranked = word in words.MORE or word in words.LESS or word in words.OUTERMOST
            if is_ranked or (at == self.at + 1 and self._is_partitive_direction(at)):
                return True
            if word in ("visible", "clearly", ","):
                continue
            if word in words.DETERMINERS or not (word[0].isalnum() or word in (",",)) or self.starts_modifier(at):
                return False
        return False


def is_colour(word: str) -> bool:
    """Return whether a word names a colour: ``white``, ``white-roofed``, ``dark-colored``."""
    return word.partition("-")[0] in words.COLOURS
