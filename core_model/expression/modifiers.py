"""What hangs on a noun phrase: places, orders, superlatives, comparisons, relations and exceptions."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ExpressionError
from . import place, words
from .draft import GENERIC, Draft
from .normalize import Token
from .plan import Comparison, Referent, Relation, Superlative
from .relation_words import read_relation

MAX_DEPTH = 8
_NEAR = frozenset("closest nearest nearer closer".split())
_FAR = frozenset("farthest farther".split())
_ORIENTED = frozenset(
    "facing pointing pointed heading headed oriented aligned turned turning angled running runs spanning extending "
    "stretching flowing curving leading aimed aiming looking nose bow tail going tilted slanted stretches extends "
    "flows".split()
)
_ORIENTATION = frozenset(
    "to the from up down toward straight away horizontally vertically diagonally and at in its nose diagonal below "
    "above".split()
)
_BE = frozenset("is are be being as was were".split())
_NOT = frozenset("not never n't neither nor".split())
_CLAUSES = frozenset(
    "with has have having featuring featured showing whose where wearing of made consisting comprising that's".split()
)
_PART_NOUNS = frozenset("roof surf deck strip drive sand dirt grass span stack plot pit turbine".split())
_WITH_NOUNS = frozenset(
    ["swimming pool", "tennis court", "solar panel", "dock", "driveway", "car", "boat", "garage", "tree"]
)
_AFTER_ADVERB = frozenset(
    "next beside by behind below above under along at against in up through over outside inside near off where after "
    "before between across beneath underneath around adjacent on and".split()
)
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
_COMPASS_OPPOSITE = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
_FRAME_RELATION = {"top": "above", "bottom": "below", "center": "middle of", "top center": "above",
                   "bottom center": "below",
                   "center left": "left", "center right": "right"}  # fmt: skip


class ModifierReader:
    """A cursor over words that reads modifiers into a draft; noun phrases are read by the subclass."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.text = [token.word for token in tokens]
        self.at = 0
        self.depth = 0

    def noun_phrase(self, host: Draft | None) -> Draft | None:
        """Read a noun phrase at the cursor."""
        raise NotImplementedError

    def known_noun(self, at: int) -> tuple[str, int] | None:
        """Return the longest known noun at a word, and the index after it."""
        raise NotImplementedError

    # -- looking ahead -----------------------------------------------------------------------------------------------

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
            or word in _NEAR | _FAR | _NOT | _CLAUSES
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
        is_intense = self.word() in ("far", "extreme")
        read = place.read_directions(self.text, at + is_intense)
        if read is None:
            return None
        region, end = read
        following = self.text[end] if end < len(self.text) else ""
        if following in ("of", "from", "'s", "") or (following in words.PARTS and not self.known_noun(end)):
            return None
        if self.text[at] == "right" and following in _AFTER_ADVERB:
            return None
        if self.text[at:end] == ["middle"]:
            return region, "median", end
        return region, "outermost" if is_intense else "place", end

    # -- modifiers ---------------------------------------------------------------------------------------------------

    def modifiers(self, draft: Draft, host: Draft | None, is_nested: bool = False) -> None:
        """Read everything that hangs on a noun phrase.

        Args:
            draft: taken further in place.
            host: what ``one`` stands for in anchors; None: the draft itself.
            is_nested: anchors end at a comma; what follows it hangs on the outermost noun phrase.
        """
        while self.at < len(self.text):
            start = self.at
            if is_nested and (self.word() in (",", ";", ".", "(", ")") or self._is_of_host(draft)):
                return
            if self.word() in ("and", "or", ","):
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
        if self.word() in ("that", "which") and self.word(1) in _BE and self.word(2) in _NOT:
            return True
        read = place.read_place(self.text, self.at)
        if anchor.is_definite or read is None or not read[0].has_preposition:
            return False
        return place.read_frame(self.text, read[1]) is not None

    def _is_left_to_network(self, draft: Draft) -> bool:
        return self.word() in _CLAUSES or self.word() not in words.DETERMINERS

    def _and(self, draft: Draft, is_nested: bool) -> bool:
        """Handle ``and`` or a comma; True ends this noun phrase."""
        at = self.at
        while at < len(self.text) and self.text[at] in ("and", "or", ",", "but", "also", "then"):
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
        if self.word() in _NOT and self.at + 1 < len(self.text) and not read_relation(self.text, self.at):
            if self._not_adjective(draft):
                return True
            is_negated = True
            self.at += 1
        if self.word() == "without":
            return self._without(draft)
        return (
            self._filler(draft)
            or self._order(draft)
            or self._end_of_order(draft)
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
        if word == "right" and self.word(1) not in _AFTER_ADVERB:
            return False
        if word == "of" and self._of_the_number():
            return True
        if word in _BE and self.word(1) == "the" and self.word(2) in _NEAR | _FAR:
            self.at += 2
            return True
        if word == "a" and self.word(1) in ("little", "bit"):
            self.at += 2
            return True
        is_glue = word in words.GLUE and not (word == "only" and draft.is_pronoun)
        if (is_glue and not (word in _BE and self.word(1) in ("a", "an", "the"))) or not word[0].isalnum():
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
        is_clause = self.word() in _CLAUSES or (self.word() == "by" and self._is_agent())
        while self.at < len(self.text):
            draft.rest.append(self.tokens[self.at].as_typed)
            self.at += 1
            if not is_clause or self.at >= len(self.text):
                return
            ends = self.word() in (",", ".", ";") or (self.word() == "and" and self.word(1) in _BE)
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

    def _is_agent(self) -> bool:
        """``partially covered by another ship``: what follows ``by`` is no place."""
        return self.word(-1).endswith("ed") and self.word(-1) not in words.GLUE | words.STATES

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

    # -- order and superlatives --------------------------------------------------------------------------------------

    def _order(self, draft: Draft) -> bool:
        """``from the left``, after an ordinal or not."""
        at = self.at + (self.word() in ("counting", "counted", "starting", "seen"))
        if self.text[at : at + 1] not in (["from"], ["in"]):
            return False
        end = at + 1
        while end < len(self.text) and self.text[end] in ("the", "far", "very"):
            end += 1
        read = place.read_directions(self.text, end)
        if read is None:
            return False
        region, end = read
        if self.text[at] == "in":
            return False
        while end < len(self.text) and self.text[end] in words.PARTS:
            end += 1
        if self.text[end : end + 1] == ["to"]:  # "running from left to right"
            return False
        if draft.rank is None:
            ordered = [item for item in draft.superlatives if item.measure == "order"]
            if not ordered and not draft.is_pronoun and at == self.at:
                return False
        self.at = place.read_frame(self.text, end) or end
        draft.order(region)
        return True

    def _end_of_order(self, draft: Draft) -> bool:
        """``second on the left``, ``last at the bottom``: the rank is counted from that side, or to it."""
        if draft.rank is None:
            return False
        read = place.read_place(self.text, self.at)
        if read is None or not read[0].has_preposition or read[0].region not in _COMPASS_OPPOSITE:
            return False
        if self.text[read[1] : read[1] + 1] == ["of"] and not place.read_frame(self.text, read[1]):
            return False
        self.at = place.read_frame(self.text, read[1]) or read[1]
        region = read[0].region
        draft.rank = 1 if draft.rank == -1 else draft.rank
        draft.order(region)
        return True

    def _nearest(self, draft: Draft) -> bool:
        """``closest to the top edge``, ``farthest to the right``, ``nearest to the pool``, ``farthest from it``."""
        word, start = self.word(), self.at
        if word not in _NEAR and word not in _FAR and not (word == "most" and self.word(1) in ("to", "toward")):
            return False
        is_far = word not in _NEAR
        self.at += 1
        while self.word() in ("away", "out", "apart", "over"):
            self.at += 1
        is_from = self.word() == "from"
        prepositions = ("to", "toward", "from", "on", "in", "at", "by", "along")
        place_at = self.at
        if self.word() in prepositions:
            self.at += 1
        bare = {"down": "bottom", "up": "top"}.get(self.word())
        if bare:
            self._outermost(draft, bare, 1)
            return True
        read = self._read_place(place_at) or self._read_place(self.at + (self.word() == "the"))
        after = self.text[read[1] : read[1] + 3] if read else []
        is_of = after[:1] == ["of"] and read is not None and not place.read_frame(self.text, read[1])
        if read and is_of and not set(words.NUMBERS) & set(after):
            self.at = read[1] + 1  # "closest to the right side of the bridge" is closest to the bridge
        elif read:
            region = read[0].region.removesuffix(" edge")
            if is_far and is_from:
                region = " ".join(_COMPASS_OPPOSITE.get(part, part) for part in place.parts_of(region))
                region = place.name_region(region.split()) or region
            self._outermost(draft, region, read[1] - self.at)
            return True
        anchor = self._anchor(draft)
        if anchor is None:
            self.at = start
            return False
        draft.superlatives.append(Superlative("distance", is_far, draft.rank or 1, anchor))
        draft.rank = None
        return True

    def _outermost(self, draft: Draft, region: str, count: int) -> None:
        self.at += count
        draft.superlatives.append(Superlative(region, True, draft.rank or 1))
        draft.rank = None
        self.at = place.read_frame(self.text, self.at) or self.at

    def partitive(self, draft: Draft) -> Draft | None:
        """Read ``of the two tanks`` after a phrase without a noun of its own."""
        start = self.at
        for lead in (("out", "of"), ("of",), ("among",)):
            if tuple(self.text[start : start + len(lead)]) == lead:
                self.at = start + len(lead)
                found = self.noun_phrase(None)
                if found is not None and found.has_head and found.is_plural | bool(found.count):
                    draft.is_definite = True
                    return found
        self.at = start
        return None

    # -- measures ----------------------------------------------------------------------------------------------------

    def _distance(self, draft: Draft, is_negated: bool) -> bool:
        read = place.read_distance(self.text, self.at)
        if read is None:
            return False
        start, self.at = self.at, read[2]
        anchor = self._anchor(draft)
        if anchor is None:
            self.at = start
            return False
        low, high = read[0], read[1]
        draft.relations.append(Relation("distance", (anchor,), low, high, is_negated=is_negated))
        return True

    def _comparison(self, draft: Draft, is_negated: bool) -> bool:
        """``larger than 500 m²``, ``longer than the pier``, ``with an area of at least 2 ha``, ``over 80 m long``."""
        start, word = self.at, self.word()
        while self.word() in (
            "with",
            "of",
            "an",
            "a",
            "area",
            "size",
            "surface",
            "covering",
            "measuring",
            "having",
            "has",
            "is",
        ):
            self.at += 1
        word = self.word()
        more, less = words.MORE.get(word), words.LESS.get(word)
        if (more or less) and self.word(1) == "than":
            self.at += 2
            return self._compared(draft, more or less or "area", ">" if more else "<", is_negated) or self._back(start)
        bound = place.read_bound(self.text, self.at)
        at = bound[1] if bound else self.at
        area = place.read_area_m2(self.text, at)
        if area and bound:
            self.at = area[1]
            draft.comparisons.append(Comparison("area", bound[0], area[0], None, is_negated))
            while self.word() in ("in", "area", "size", "large", "big"):
                self.at += 1
            return True
        length = place.read_length_m(self.text, at)
        measure = {"long": "length", "wide": "width", "across": "length"}.get(
            self.text[length[1]] if length and length[1] < len(self.text) else ""
        )
        if length and bound and measure:
            self.at = length[1] + 1
            draft.comparisons.append(Comparison(measure, bound[0], length[0], None, is_negated))
            return True
        return self._back(start)

    def _back(self, start: int) -> bool:
        self.at = start
        return False

    def _compared(self, draft: Draft, measure: str, operator: str, is_negated: bool) -> bool:
        area, length = place.read_area_m2(self.text, self.at), place.read_length_m(self.text, self.at)
        found = area if measure == "area" else length
        if found is None and (area or length):
            raise ExpressionError(
                f"'{' '.join(self.text[self.at - 2 : self.at + 2])}' compares a size with the wrong unit: "
                "areas are in m², ha or acres, lengths in m, km, ft or mi."
            )
        if found:
            self.at = found[1]
            draft.comparisons.append(Comparison(measure, operator, found[0], None, is_negated))
            return True
        anchor = self._anchor(draft)
        if anchor is None:
            return False
        draft.comparisons.append(Comparison(measure, operator, None, anchor, is_negated))
        return True

    # -- relations ---------------------------------------------------------------------------------------------------

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

    def _read_place(self, at: int) -> tuple[place.Place, int] | None:
        """Read a place, unless its direction belongs to a noun that follows: ``on the upper street``."""
        read = place.read_place(self.text, at)
        if read is None or read[1] >= len(self.text) or self.text[read[1] - 1] not in words.DIRECTIONS:
            return read
        word = self.text[read[1]]
        is_open = self.starts_modifier(read[1]) or word in _OPEN or word in words.STATES or word in words.OUTERMOST
        return read if is_open or place.read_place(self.text, read[1]) or word in words.DETERMINERS else None

    def _place(self, draft: Draft, is_negated: bool) -> bool:
        """A direction: of the frame it is a position, of an anchor a relation."""
        start = self.at
        if self.word() in place.ABOVE_BELOW:
            region, self.at = place.ABOVE_BELOW[self.word()], self.at + 1
            if self._directed(draft, [region], start, is_negated, False):
                return True
            read = self._read_place(start + 2) if self.text[start + 1 : start + 2] == ["the"] else None
            if read and read[0].region == "center":  # "above the center of the image"
                self.at = place.read_frame(self.text, read[1]) or read[1]
                draft.locate("center", is_negated)
                return True
            return self._back(start)
        read = self._read_place(self.at)
        if read is None:
            return False
        found, end = read
        if (
            not found.has_preposition
            and found.region == "right"
            and self.text[end : end + 1]
            and self.text[end] in _AFTER_ADVERB - {"and", "in", "at", "on", "by"}
        ):
            return False
        regions = [found.region]
        after = end
        if self.text[after : after + 1] == ["and"]:
            second = self._second_direction(after + 1)
            if second:
                regions.append(second[0])
                after = second[1]
        is_frame = place.read_frame(self.text, after)
        if is_frame is None and (
            self.text[after : after + 1] in (["of"], ["from"], ["relative"], ["to"], ["with"], ["than"])
            or len(regions) > 1
        ):
            self.at = after
            lead = next((lead for lead in _LEADS if self.text[after : after + len(lead)] == lead), None)
            if lead is not None or len(regions) > 1:
                self.at += len(lead or ())
                if self._directed(draft, regions, start, is_negated, found.is_inside):
                    return True
        self.at = start
        if start > 0 and self.text[start] == "from":
            return False
        if found.region in ("end",):
            return False
        region = found.region
        if found.is_intense and region in ("left", "right", "top", "bottom"):
            region = f"far {region}"
        draft.locate(region, is_negated)
        self.at = place.read_frame(self.text, end) or end
        return True

    def _second_direction(self, at: int) -> tuple[str, int] | None:
        if at < len(self.text) and self.text[at] in place.ABOVE_BELOW:
            return place.ABOVE_BELOW[self.text[at]], at + 1
        read = place.read_place(self.text, at)
        if read is None or read[0].region not in _COMPASS_OPPOSITE:
            return None
        return read[0].region, read[1]

    def _directed(self, draft: Draft, regions: list[str], start: int, is_negated: bool, is_inside: bool) -> bool:
        if self.word() == "and" and len(regions) == 1:
            second = self._second_direction(self.at + 1)
            if second:
                regions.append(second[0])
                self.at = second[1]
                self.at += self.word() == "of"
        name = place.name_region(regions) or regions[0]
        if name in ("corner", "edge", "end"):
            name = "end" if name == "end" else "near" if self.text[start] in ("near", "close", "nearer") else "at"
        is_edge = name.endswith(" edge")
        name = _FRAME_RELATION.get(name.removesuffix(" edge"), name.removesuffix(" edge"))
        is_close = any(
            word in ("just", "directly", "immediately", "right") for word in self.text[max(0, start - 1) : start]
        )
        middle = self.at + (self.word() == "the")
        if self.text[middle : middle + 1] in (["middle"], ["center"]) and not self._goes_on_after(middle):
            self.at = place.read_frame(self.text, middle + 1) or middle + 1
            draft.locate(place.name_region(regions) or regions[0], is_negated)  # "right of the middle"
            return True
        anchor = self._anchor_draft(draft, is_known=name in ("at", "end", "near"))
        if anchor is None:
            return False
        if not anchor.noun and anchor.head in (words.GROUPS | words.PARTS | {"rows", "lanes"}) - {"block"}:
            return False
        relation = Relation(name, (anchor.finish(),), is_close=is_close, is_negated=is_negated)
        draft.relations.append(Relation("at", relation.anchors) if is_edge and is_inside else relation)
        self._and_another(draft, name, is_negated)
        return True

    def _goes_on_after(self, at: int) -> bool:
        """Return whether a noun phrase goes on after a word."""
        return at + 1 < len(self.text) and not self.starts_modifier(at + 1) and self.text[at + 1] not in _OPEN

    def _possessive(self, draft: Draft, is_negated: bool) -> bool:
        """``to the harbor's left``."""
        if self.word() not in ("to", "on", "at") or "'s" not in self.text[self.at : self.at + 7]:
            return False
        start, end = self.at, self.text.index("'s", self.at)
        read = place.read_directions(self.text, end + 1)
        if read is None:
            return False
        self.at += 1
        anchor = self.noun_phrase(draft)
        if anchor is None or self.at != end:
            return self._back(start)
        self.at = read[1]
        while self.word() in words.PARTS:
            self.at += 1
        name = _FRAME_RELATION.get(read[0], read[0])
        draft.relations.append(Relation(name, (anchor.finish(),), is_negated=is_negated))
        return True

    def _between(self, draft: Draft, is_negated: bool) -> bool:
        start = self.at
        if self.word() in ("in", "sandwiched", "squeezed") and self.word(1) == "between":
            self.at += 1
        if self.word() != "between":
            return self._back(start)
        self.at += 1
        first = self._anchor_draft(draft)
        if first is None:
            return self._back(start)
        anchors = [first.finish()]
        if self.word() == "and" or (self.word() == "," and self.word(1) == "and"):
            back, self.at = self.at, self.at + 1 + (self.word() == ",")
            if not (self.starts_modifier(self.at) if self.at < len(self.text) else True):
                second = self._anchor_draft(draft)
                if second is not None:
                    if second.is_pronoun and not second.noun:
                        second.take_head_from(first)
                    anchors.append(second.finish())
            if len(anchors) == 1:
                self.at = back
        draft.relations.append(Relation("between", tuple(anchors), is_negated=is_negated))
        return True

    def _relation(self, draft: Draft, is_negated: bool) -> bool:
        found = read_relation(self.text, self.at)
        if found is None or (self.word() == "by" and self._is_agent()):
            return False
        start = self.at
        name, self.at, is_strong = found
        is_close = any(
            word in ("just", "directly", "immediately", "right") for word in self.text[max(0, start - 1) : start]
        )
        anchor = self._anchor_draft(draft, is_known=not is_strong)
        if anchor is None or (name == "with" and anchor.noun not in _WITH_NOUNS):
            return self._back(start)
        if (
            not anchor.noun
            and name in ("opposite", "crossing", "along", "surrounded by")
            and anchor.head in words.FRAMES
        ):
            return self._back(start)
        if name == "crossing" and self.text[start] == "across" and not anchor.noun:
            return self._back(start)
        draft.relations.append(
            Relation(name, (anchor.finish(),), is_close=is_close and name != "next to", is_negated=is_negated)
        )
        self._and_another(draft, name, is_negated)
        return True

    def _and_another(self, draft: Draft, name: str, is_negated: bool) -> None:
        """``next to the pool and the court``: two anchors of one relation."""
        if self.word() != "and" or self.word(1) not in ("the", "a", "an", "another") or self.depth > 0:
            return
        start, self.at = self.at, self.at + 1
        anchor = self._anchor_draft(draft)
        if anchor is None:
            self.at = start
            return
        draft.relations.append(Relation(name, (anchor.finish(),), is_negated=is_negated))

    def _without(self, draft: Draft) -> bool:
        start, self.at = self.at, self.at + 1
        anchor = self._anchor(draft, is_known=True)
        if anchor is None:
            self.at = start
            return False
        draft.relations.append(Relation("with", (anchor,), is_negated=True))
        return True

    # -- exceptions and predicates -----------------------------------------------------------------------------------

    def _exception(self, draft: Draft) -> bool:
        for phrase in _EXCEPT:
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
        """``tanks that are not white``: white tanks are taken out."""
        word = self.word(1)
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
        if self.word() in _BE and self.word(1) in ("the", "a", "an", "one"):
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


_OPEN = frozenset("and or but of from relative to with in on at just also part".split())
_LEADS = (["of"], ["from"], ["relative", "to"], ["to"], ["with", "respect", "to"], ["compared", "to"])
