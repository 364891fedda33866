"""Read an expression into a plan: a recursive-descent parser over words.

Referring expressions are noun phrases with a few kinds of modifiers, said in any order, often broken by commas and
copulas. A grammar that must accept the whole sentence would fail on most of them; this one reads what it knows where
it stands and leaves every other word in the noun phrase, for the network. It never backtracks over more than one
phrase, so its time is linear in the number of words.
"""

from __future__ import annotations

import re

from ..errors import ExpressionError
from . import words
from .cursor import FAR, NEAR
from .draft import GENERIC, Draft
from .lexicon import MAX_NOUN_WORDS, SINGULAR_OF
from .modifiers import ModifierReader
from .normalize import tokenize
from .place import read_directions
from .plan import QueryPlan, Referent, Superlative

_ASK = re.compile(
    r"^(?:(?:hi|hello|hey|please|now|so|ok|and) )*"
    r"(?:"
    r"(?:(?:can|could|would|will) you (?:please )?)?"
    r"(?:(?:i|we) (?:(?:want|wish|need|like)|would like|am looking|are looking|am searching)|"
    r"i'd like|(?:i'm|we're|im) (?:looking|searching|after|interested in)|"
    r"show|find|give|get|locate|mark|select|segment|highlight|outline|detect|identify|extract|"
    r"pick out|point out|look|search|point to|draw|delineate|display|list|count|tell|fetch|pull up|bring up|call up|"
    r"zoom to|zoom in on|go to|take|map|trace|circle|spot|flag|check)"
    r"(?: to (?:find|see|know|get|locate|have|mark|select|segment|map|show|identify))?(?: me| us| out)?(?: all)?(?: "
    r"for)?"
    r"(?: where| what| which)?(?: is| are)?(?: located)?"
    r"|(?:where|what)(?:'s| is| are| was| were| can i find| do i find| do you see)"
    r"|(?:is|are|was|were) there"
    r"|there (?:is|are)"
    r"|which (?:part|area|region) of the (?:image|picture|map|scene)(?: is| are)"
    r"|(?:which|what)(?: of the| is the| are the)?"
    r"|how many(?: of the)?|how (?:big|large|long|wide|far|high) (?:is|are)"
    r"|(?:wherever|anywhere|everywhere)(?: there's| there is| there are)?"
    r"|do you see|can you see|does it (?:have|contain)|it is|this is|these are|that is"
    r")(?: |$)"
)


def parse(text: str) -> QueryPlan:
    """Return the plan of an expression.

    Args:
        text: a referring expression in English, at most 120 words.

    Raises:
        ExpressionError: there is nothing to look for, it contradicts itself, or it is too long or too deeply nested.
    """
    tokens, notes = tokenize(text)
    reader = _Reader(tokens)
    targets = reader.read()
    for target in targets:
        for referent in target.walk():
            if referent.unread:
                notes.append(f"'{referent.unread}' is left to the network")
            if not referent.noun:
                notes.append(f"'{referent.phrase}' names nothing in the lexicon; the network gets it as it stands")
    return QueryPlan(text, targets, tuple(dict.fromkeys(notes)))


_PARTS_OF = frozenset("part parts piece pieces patch patches strip strips stretch stretches section sections".split())


class _Reader(ModifierReader):
    """Noun phrases; their modifiers are read by the base class."""

    def read(self) -> tuple[Referent, ...]:
        """Return all targets of the expression."""
        asked = _ASK.match(" ".join(self.text) + " ")
        if asked:
            self.at = min(len(self.text), asked.group().count(" "))
            if self.at == len(self.text):
                self.at = 0
        wants_all = "how many" in (asked.group() if asked else "")
        drafts: list[Draft] = []
        while True:
            draft = self.noun_phrase(None)
            if draft is None:
                break
            if draft.is_pronoun and drafts:
                draft.take_head_from(drafts[-1])
            start = self.at
            self.modifiers(draft, drafts[0] if drafts else None)
            draft.is_all |= wants_all
            self._share(drafts, draft, is_modified=self.at > start)
            drafts.append(draft)
            if not self.at_conjunction():
                break
            self.at += 1
        if not drafts:
            raise ExpressionError(
                f"'{' '.join(self.text)}' names no object: say what to find, such as 'the largest tank'."
            )
        self._leave_the_rest(drafts[-1])
        return tuple(part.finish() for draft in drafts for part in _by_colour(draft))

    def _share(self, drafts: list[Draft], last: Draft, is_modified: bool) -> None:
        """``planes and helicopters north of the hangar``: both are north of it, if only the last one is modified."""
        if not drafts or not is_modified:
            return
        for draft in drafts:
            if not (draft.positions or draft.relations or draft.superlatives or draft.comparisons or draft.rest):
                draft.positions += last.positions
                draft.relations += last.relations
                draft.comparisons += last.comparisons

    def _leave_the_rest(self, draft: Draft) -> None:
        while self.at < len(self.text):
            draft.rest.append(self.tokens[self.at].as_typed)
            self.at += 1

    # -- one noun phrase ---------------------------------------------------------------------------------------------

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
        is_extreme = bool(draft.adjectives) and draft.adjectives[-1].endswith("est") and self.word() == "of"
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
            "different",
            "several",
        ):
            draft.is_definite |= word in ("the", "this", "that", "which", "what", "these", "those")
            draft.is_all |= word in ("all", "every", "each", "any", "some", "these", "those", "several")
            draft.is_other |= word in ("another", "other", "different")
            if word == "both":
                draft.count = 2
            self.at += 1
            return True
        if word in words.GROUPS and following == "of":
            draft.is_group = True
            draft.count = draft.count or {"pair": 2, "couple": 2, "trio": 3}.get(word)
            self.at += 2
            return True
        if word in words.NUMBERS or (word.isdigit() and len(word) < 4):
            number = words.NUMBERS.get(word, int(word) if word.isdigit() else 0)
            if following in words.UNITS_M or following in words.UNITS_M2 or number == 0:
                return False
            draft.count = number
            self.at += 1
            return True
        return self._superlative(draft, word, following) or self._adjective(draft, word, following)

    def _superlative(self, draft: Draft, word: str, following: str) -> bool:
        rank = words.ORDINALS.get(word) or (int(word[:-2]) if word[:-2].isdigit() and len(word) < 5 else None)
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
        if word in NEAR | FAR and (
            following == "of" or self._noun_follows(self.at + 1)
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

    def _adjectives_go_on(self) -> bool:
        """Return whether, after a comma or ``and``, adjectives and then a noun follow: ``small, dark-colored car``."""
        for at in range(self.at + 1, min(self.at + 6, len(self.text))):
            word = self.text[at]
            if (self.known_noun(at) and word not in ("green", "light")) or word in words.ONES or word in GENERIC:
                return True
            is_ranked = word in words.MORE or word in words.LESS or word in words.OUTERMOST
            if is_ranked or (at == self.at + 1 and self._is_partitive_direction(at)):
                return True
            if word in ("visible", "clearly"):
                continue
            if word in words.DETERMINERS or not (word[0].isalnum() or word in (",",)) or self.starts_modifier(at):
                return False
        return False


def is_colour(word: str) -> bool:
    """Return whether a word names a colour: ``white``, ``white-roofed``, ``dark-colored``."""
    return word.partition("-")[0] in words.COLOURS


def _by_colour(draft: Draft) -> list[Draft]:
    """``white and red boats`` are the white boats and the red boats."""
    for at, word in enumerate(draft.adjectives):
        if word in ("and", "or"):
            before, after = draft.adjectives[at - 1 : at], draft.adjectives[at + 1 : at + 2]
            is_union = draft.is_plural and draft.count is None
            if is_union and before and after and is_colour(before[0]) and is_colour(after[0]):
                parts = []
                for colour in (before[0], after[0]):
                    part = Draft(
                        **{
                            **vars(draft),
                            "adjectives": [*draft.adjectives[: at - 1], colour, *draft.adjectives[at + 2 :]],
                        }
                    )
                    parts.append(part)
                return parts
    return [draft]
