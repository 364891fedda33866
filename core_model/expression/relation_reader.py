"""Places and relations: where a thing lies, in the picture or to other things."""

from __future__ import annotations

from . import place, words
from .cursor import AFTER_ADVERB, OPPOSITE
from .draft import Draft
from .order_reader import OrderReader
from .plan import Relation
from .relation_words import read_relation

_WITH_NOUNS = frozenset(
    [
        "swimming pool",
        "tennis court",
        "solar panel",
        "dock",
        "driveway",
        "car",
        "boat",
        "garage",
        "tree",
        "parking lot",
        "parking area",
        "helipad",
        "pool",
        "garden",
        "pond",
        "playground",
        "parking space",
    ]
)
_FRAME_RELATION = {"top": "above", "bottom": "below", "center": "middle of", "top center": "above",
                   "bottom center": "below",
                   "center left": "left", "center right": "right"}  # fmt: skip  # fmt: skip
_BARE = {"up": "top", "down": "bottom", "above": "top", "below": "bottom"}
_LEADS = (["of"], ["from"], ["relative", "to"], ["to"], ["with", "respect", "to"], ["compared", "to"])


class RelationReader(OrderReader):
    """Reads ``in the upper left``, ``north of``, ``between``, ``next to``, ``without``."""

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
        if self.word() in _BARE and self.word(1) == "and":  # "up and to the left of"
            regions = [_BARE[self.word()]]
            self.at += 1
            if self._directed(draft, regions, start, is_negated, False):
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
            and self.text[end] in AFTER_ADVERB - {"and", "in", "at", "on", "by"}
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
        if read is None or read[0].region not in OPPOSITE:
            return None
        return read[0].region, read[1]

    def _directed(self, draft: Draft, regions: list[str], start: int, is_negated: bool, is_inside: bool) -> bool:
        if self.word() == "and" and len(regions) == 1:
            second = self._second_direction(self.at + 1)
            if second is None and self.text[start] in _BARE:
                return False
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
        is_negated ^= self.text[start] == "outside"
        if [self.word(), self.word(1)] in (["each", "other"], ["one", "another"]):  # they stand together
            self.at += 2
            draft.is_group = True
            return True
        is_close = any(
            word in ("just", "directly", "immediately", "right") for word in self.text[max(0, start - 1) : start]
        )
        second = read_relation(self.text, self.at + 2) if [self.word(), self.word(1)] == ["but", "not"] else None
        if second:  # "close to but not inside the park"
            self.at = second[1]
        anchor = self._anchor_draft(draft, is_known=not is_strong)
        if anchor is not None and name == "with" and self._beside_it():
            pass  # "that has a silo beside it": any noun will do
        elif anchor is None or (name == "with" and anchor.noun not in _WITH_NOUNS):
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
        if second:
            draft.relations.append(Relation(second[0], draft.relations[-1].anchors, is_negated=True))
        self._and_another(draft, name, is_negated)
        return True

    def _beside_it(self, is_read: bool = True) -> bool:
        """``beside it``, ``in front of them``: what was had is had at the side."""
        for end in range(self.at + 1, min(self.at + 4, len(self.text))):
            if self.text[end] in ("it", "them") and read_relation(self.text, self.at) is not None:
                self.at = end + 1 if is_read else self.at
                return True
        return False

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
