"""Orders, superlatives, comparisons and distances: whatever ranks or measures."""

from __future__ import annotations

from ..errors import ExpressionError
from . import place, words
from .cursor import FAR, NEAR, OPPOSITE, Cursor
from .draft import Draft
from .plan import Comparison, Relation, Superlative


class OrderReader(Cursor):
    """Reads ``from the left``, ``closest to``, ``larger than 500 m²``, ``within 200 m of``."""

    def _order(self, draft: Draft) -> bool:
        """``from the left``, after an ordinal or not."""
        rank = words.ORDINALS.get(self.word())
        if rank is not None and draft.rank is None and self.word(1) == "from":  # "the tank third from the right"
            draft.rank = rank
            self.at += 1
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
        if read is None or not read[0].has_preposition or read[0].region not in OPPOSITE:
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
        if word not in NEAR and word not in FAR and not (word == "most" and self.word(1) in ("to", "toward")):
            return False
        is_far = word not in NEAR
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
                region = " ".join(OPPOSITE.get(part, part) for part in place.parts_of(region))
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

    def _measured(self, draft: Draft) -> bool:
        """``to the bridge`` after ``the nearest pool``, ``from it`` after ``the farthest tank``."""
        if draft.is_far is None or self.word() not in ("to", "from", "of"):
            return False
        start, is_far = self.at, draft.is_far
        read = self._read_place(self.at)
        region = read[0].region.removesuffix(" edge") if read is not None else ""
        if read is not None and region not in ("corner", "edge", "end"):
            if is_far and self.word() == "from":
                opposite = [OPPOSITE.get(part, part) for part in place.parts_of(region)]
                region = place.name_region(opposite) or region
            draft.is_far = None
            self.at = start
            self._outermost(draft, region, read[1] - start)
            return True
        self.at += 1
        anchor = self._anchor(draft)
        if anchor is None:
            return self._back(start)
        draft.is_far = None
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

    def _distance(self, draft: Draft, is_negated: bool) -> bool:
        read = place.read_distance(self.text, self.at)
        if read is None:
            bound = place.read_bound(self.text, self.at)
            if bound is not None:
                self._check_measure(bound[1], ("of", "from"), "m, km, ft or mi")
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
            "whose",
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
        sign = bound[0] if bound else None
        end = length[1] + 1 if length and measure else area[1] if area else None
        if sign is None and end is not None and self.text[end : end + 1] == ["or"]:  # "20 feet across or wider"
            word = self.text[end + 1] if end + 1 < len(self.text) else ""
            sign = ">" if word in (*words.MORE, "more", "over") else "<" if word in (*words.LESS, "less") else None
            end += 2
        if end is not None and sign is not None and (measure or area):
            self.at = end
            found = (measure, length[0]) if measure and length else ("area", area[0] if area else 0.0)
            draft.comparisons.append(Comparison(found[0], sign, found[1], None, is_negated))
            return True
        return self._back(start)

    def _check_measure(self, at: int, followers: tuple[str, ...], units: str) -> None:
        """Refuse a number without a unit and a unit without a number: nobody can guess the other half.

        Args:
            at: where the measure begins.
            followers: what may follow a bare number; the empty word is the end.
            units: that can be meant.
        """
        word = self.text[at] if at < len(self.text) else ""
        following = self.text[at + 1] if at + 1 < len(self.text) else ""
        said = " ".join(self.text[max(0, at - 2) : at + 1])
        if word[:1].isdecimal() and following in followers:
            raise ExpressionError(f"'{said}' has a number but no unit: add one of {units}.")
        if word in (words.UNITS_M | words.UNITS_M2) and (following in followers or not following):
            raise ExpressionError(f"'{said}' has a unit but no number: say how many {word}.")

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
        self._check_measure(self.at, ("", ".", ",", "and"), "m², ha or acres" if measure == "area" else "m, ft or mi")
        anchor = self._anchor(draft)
        if anchor is None:
            return False
        draft.comparisons.append(Comparison(measure, operator, None, anchor, is_negated))
        return True
