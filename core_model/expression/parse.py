"""Read an expression into a plan: a recursive-descent parser over words.

Referring expressions are noun phrases with a few kinds of modifiers, said in any order, often broken by commas and
copulas. A grammar that must accept the whole sentence would fail on most of them; this one reads what it knows where
it stands and leaves every other word in the noun phrase, for the network. It never backtracks over more than one
phrase, so its time is linear in the number of words.
"""

from __future__ import annotations

import re

from ..errors import ExpressionError
from .draft import Draft
from .normalize import tokenize
from .noun_reader import NounReader, is_colour
from .plan import QueryPlan, Referent

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


class _Reader(NounReader):
    """Whole expressions: one noun phrase or several, after words of asking."""

    def read(self) -> tuple[Referent, ...]:
        """Return all targets of the expression."""
        asked = _ASK.match(" ".join(self.text) + " ")
        if asked:
            self.at = min(len(self.text), asked.group().count(" "))
            if self.at == len(self.text):
                self.at = 0
        if self.at and self.text[self.at - 1 : self.at + 1] == ["all", "but"]:
            self.at -= 1  # "show me all but the largest tank"
        wants_all = "how many" in (asked.group() if asked else "")
        drafts: list[Draft] = []
        while True:
            draft = self._all_but() or self.noun_phrase(None)
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

    def _all_but(self) -> Draft | None:
        """``all but the largest tank``: all tanks, without the largest."""
        start = self.at
        if self.text[start : start + 2] != ["all", "but"]:
            return None
        self.at += 2
        spared = self.noun_phrase(None)
        if spared is None or spared.is_pronoun:
            self.at = start
            return None
        self.modifiers(spared, None)
        whole = Draft(is_all=True)
        whole.take_head_from(spared)
        whole.is_plural = True
        # "all but the largest tank in the harbour" asks for those in the harbour.
        whole.positions += spared.positions
        whole.relations += spared.relations
        whole.exceptions.append(spared.finish())
        return whole

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
