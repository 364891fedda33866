"""Rule-made referring expressions for training: true of exactly the objects that they come with, by a clear margin.

Every predicate sorts objects three ways: surely true, surely false, or unsure. An expression is kept only if no object
of its domain is unsure, so a person who looks at the chip would never hesitate. Objects of classes that are not
completely drawn are never counted.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from . import wording
from .chip import REGIONS, SIDES, Chip, SceneObject, box_gap
from .domain import Domain, DomainPicker, may_be_confused
from .lexicon import SAID, concepts_of, plural


@dataclass(frozen=True)
class GeneratedExpression:
    """An expression and what it is true of."""

    text: str
    object_ids: tuple[int, ...]
    """Indices of the referents among the objects given; empty when it is true of nothing."""
    kind: str
    """class, colour, position, order, size, relation, group or absent."""


_KINDS = {
    "colour": 14, "position": 20, "extreme": 10, "order": 13, "size": 12, "relation": 26, "nearest": 7, "between": 8,
    "group": 16, "class": 5, "absent": 16,
}  # fmt: skip
_TRIES = {"relation": 40, "nearest": 20, "between": 40, "size": 12}


_Found = tuple[str, tuple[int, ...], str] | None


class _Writer(DomainPicker):
    # -- domains ---------------------------------------------------------------------------------------------------

    # -- kinds -----------------------------------------------------------------------------------------------------

    def make(self, kind: str) -> _Found:
        if kind == "absent":
            return self._absent()
        domain = self.domain(0.4 if kind != "class" else 0.0)
        if domain is None:
            return None
        if kind == "colour":
            domain = self.by_colour(domain) if domain.is_bare else domain
            return self._name(domain, "colour") if domain and not domain.is_bare else None
        if kind == "group":
            return self._group(domain)
        if kind == "class":
            return self._name(domain, "class")
        make: Callable[[Domain], _Found] = getattr(self, f"_{kind}")
        return make(domain)

    def _say(self, words: str, after: str, ids: Iterable[int], kind: str, is_plural: bool = False) -> _Found:
        found = tuple(sorted(ids))
        text = wording.finish(self.rng, words, after, is_plural or len(found) > 1)
        return text, found, kind

    def _name(self, domain: Domain, kind: str) -> _Found:
        count = len(domain.ids)
        if count == 1:
            before = "only" if domain.is_bare and self.rng.random() < 0.15 else ""
            return self._say(domain.words(before), domain.after, domain.ids, kind)
        return self._count(domain, domain.ids, "", "group" if kind == "class" else kind)

    def _count(self, domain: Domain, ids: Sequence[int], after: str, kind: str) -> _Found:
        """Name several objects: all of them, both, four of them, or the plain plural."""
        chance, count = self.rng.random(), len(ids)
        words = domain.words(is_plural=True)
        number = wording.COUNTS[count] if count < len(wording.COUNTS) else str(count)
        if chance < 0.35 and count <= 12:
            words = domain.words(number, is_plural=True)
        elif chance < 0.45 and count == 2:
            return self._plain(f"both {words}", domain.then(after), ids, kind)
        elif chance < 0.65:
            return self._plain(
                f"all {self.rng.choice(('', 'the ', f'{number} ' if count > 2 else '', 'the '))}{words}",
                domain.then(after),
                ids,
                kind,
            )
        elif chance < 0.7 and count == 2:
            words = f"pair of {words}"
        elif chance < 0.74 and count >= 3:
            words = f"group of {self.rng.choice((number, ''))} {words}".replace("  ", " ")
        return self._say(words, domain.then(after), ids, "group" if kind == "group" else kind)

    def _plain(self, words: str, after: str, ids: Iterable[int], kind: str) -> _Found:
        return f"{words} {after}".strip(), tuple(sorted(ids)), kind

    def _group(self, domain: Domain) -> _Found:
        chance = self.rng.random()
        if chance < 0.08:
            return self._both_of(domain)
        if len(domain.ids) < 2 or chance < 0.4:
            return self._name(domain, "group") if len(domain.ids) > 1 else None
        region = self._region()
        after = wording.place_after(self.rng, region)
        judge = self.chip.in_region(region)
        if self.rng.random() < 0.4:
            anchor = self.anchor(domain)
            if anchor is None:
                return None
            name = self.rng.choice(("left", "right", "above", "below", "next to", "near"))
            judge, after = self.chip.related(name, anchor[1]), f"{wording.relation(self.rng, name)} {anchor[0]}"
            domain = Domain(
                [i for i in domain.ids if i != anchor[1]], domain.adjective, domain.noun, domain.after, False
            )
        ids = self.chip.judged(domain.ids, judge)
        return self._count(domain, ids, after, "group") if ids and len(ids) > 1 else None

    def _both_of(self, first: Domain) -> _Found:
        second = self.domain()
        if second is None or set(first.ids) & set(second.ids) or first.after or second.after:
            return None
        one, two = (f"{domain.words(is_plural=len(domain.ids) > 1)}" for domain in (first, second))
        return self._say(f"{one} and {self.rng.choice(('', 'the '))}{two}", "", [*first.ids, *second.ids], "group")

    def _region(self) -> str:
        return self.rng.choice(_DRAWN_REGIONS)

    def _outermost(self, ids: Sequence[int]) -> tuple[str, int | None]:
        side = self.rng.choice(_DRAWN_SIDES)
        return side, self.chip.outermost(side, ids)

    def _position(self, domain: Domain) -> _Found:
        region = self._region()
        ids = self.chip.judged(domain.ids, self.chip.in_region(region))
        if ids is None or len(ids) != 1:
            return None
        before = wording.place_before(self.rng, region)
        if before and self.rng.random() < 0.3:
            return self._say(domain.words(before), domain.after, ids, "position")
        return self._say(domain.words(), domain.then(wording.place_after(self.rng, region)), ids, "position")

    def _extreme(self, domain: Domain) -> _Found:
        side, index = self._outermost(domain.ids)
        if index is None:
            return None
        if len(domain.ids) == 2 and side in ("left", "right", "top", "bottom") and self.rng.random() < 0.4:
            before = wording.place_before(self.rng, side) or side
            if self.rng.random() < 0.4:
                return self._say(
                    f"{before} one of the two {domain.words(is_plural=True)}", domain.after, [index], "order"
                )
            return self._say(domain.words(before), domain.after, [index], "position")
        extreme = wording.extreme_before(self.rng, side)
        if extreme and self.rng.random() < 0.65:
            return self._say(domain.words(extreme), domain.after, [index], "position")
        return self._say(domain.words(), domain.then(wording.extreme_after(self.rng, side)), [index], "position")

    def _order(self, domain: Domain) -> _Found:
        axis, sign, ids, gaps = self._line_up(domain.ids)
        if len(ids) < 2:
            return None
        rank = self.rng.randrange(min(len(ids), 6))
        least = 0.03 * (self.chip.width if axis == 0 else self.chip.height) + 3
        if (rank > 0 and gaps[rank - 1] < least) or (rank < len(gaps) and gaps[rank] < least):
            return None
        origin = {(0, 1): "left", (0, -1): "right", (1, 1): "top", (1, -1): "bottom"}[(axis, sign)]
        if len(ids) == 3 and rank == 1 and self.rng.random() < 0.5:
            after = self.rng.choice(("", "of the three", "of the three"))
            return self._say(domain.words("middle"), domain.then(after), [ids[1]], "order")
        if rank == len(ids) - 1 and self.rng.random() < 0.5:
            after = {"left": "on the right", "right": "on the left", "top": "at the bottom", "bottom": "at the top"}[
                origin
            ]
            return self._say(domain.words("last"), domain.then(after), [ids[rank]], "order")
        if self.rng.random() < 0.25 and origin in ("left", "top") and 0 < rank < 3:
            extreme = wording.extreme_before(self.rng, origin)
            if extreme and not extreme.startswith("far"):
                return self._say(
                    domain.words(f"{wording.ORDINALS[rank]} {extreme}"), domain.after, [ids[rank]], "order"
                )
        origin = self.rng.choice(
            (origin, origin, {"left": "west", "right": "east", "top": "north", "bottom": "south"}[origin])
        )
        after = f"from the {origin}"
        if domain.after:
            return self._say(domain.words(wording.ORDINALS[rank]), f"{after} {domain.after}", [ids[rank]], "order")
        return self._say(domain.words(wording.ORDINALS[rank]), after, [ids[rank]], "order")

    def _line_up(self, ids: Sequence[int]) -> tuple[int, int, list[int], list[float]]:
        """Return (axis, sign, ids in that order, gaps between neighbours) along the axis of the larger spread."""
        centers = [self.objects[index].center_xy for index in ids]
        if len(ids) < 2:
            return 0, 1, list(ids), []
        spread = [max(c[axis] for c in centers) - min(c[axis] for c in centers) for axis in (0, 1)]
        axis = (0 if spread[0] >= spread[1] else 1) if self.rng.random() < 0.8 else self.rng.randrange(2)
        sign = self.rng.choice((1, 1, -1))
        order = sorted(ids, key=lambda index: sign * self.objects[index].center_xy[axis])
        at = [sign * self.objects[index].center_xy[axis] for index in order]
        return axis, sign, order, [at[k + 1] - at[k] for k in range(len(at) - 1)]

    def _size(self, domain: Domain) -> _Found:
        if len(domain.ids) < 2:
            return None
        name = self.rng.choice(("largest", "largest", "largest", "smallest", "smallest", "longest", "shortest"))
        by_length = name in ("longest", "shortest")
        measure = {i: self.objects[i].length_px if by_length else self.objects[i].area_px for i in domain.ids}
        descending = name in ("largest", "longest")
        order = sorted(domain.ids, key=lambda index: measure[index], reverse=descending)
        large, small = (order[0], order[1]) if descending else (order[1], order[0])
        if measure[large] < 1.25 * measure[small] or (order[0] if not descending else large) in self.chip.cut:
            return None
        if descending and any(i in self.chip.cut and 2.0 * measure[i] > measure[large] for i in order[1:]):
            return None  # the rest of it may lie outside
        if len(order) == 2 and self.rng.random() < 0.5:
            name = {"largest": "larger", "smallest": "smaller", "longest": "longer", "shortest": "shorter"}[name]
            after = self.rng.choice(("", "", f"of the two {domain.words(is_plural=True)}"))
            words = f"{wording.size(self.rng, name)} one" if after else domain.words(wording.size(self.rng, name))
            return self._say(words, after or domain.after, order[:1], "size")
        if len(order) > 2 and self.rng.random() < 0.12 and measure[order[1]] and not by_length:
            ratio = measure[order[1]] / max(measure[order[2]], 1e-6)
            if max(ratio, 1 / ratio) >= 1.25 and order[1] not in self.chip.cut:
                words = domain.words(f"second {wording.size(self.rng, name)}")
                return self._say(words, domain.after, [order[1]], "size")
        return self._say(domain.words(wording.size(self.rng, name)), domain.after, order[:1], "size")

    def _relation(self, domain: Domain) -> _Found:
        anchor = self.anchor(domain)
        if anchor is None:
            return None
        rest = [index for index in domain.ids if index != anchor[1]]
        name = self.rng.choice(_RELATIONS)
        ids = self.chip.judged(rest, self.chip.related(name, anchor[1]))
        if ids is None or len(ids) != 1:
            return None
        after = f"{wording.relation(self.rng, name)} {anchor[0]}"
        return self._say(domain.words(), domain.then(after), ids, "relation")

    def _nearest(self, domain: Domain) -> _Found:
        anchor = self.anchor(domain)
        if anchor is None:
            return None
        rest = [index for index in domain.ids if index != anchor[1]]
        if len(rest) < 2:
            return None
        target = self.objects[anchor[1]].bbox
        gaps = sorted((box_gap(self.objects[index].bbox, target), index) for index in rest)
        least = 1.35, 0.02 * self.chip.width + 2
        if self.rng.random() < 0.75:
            name, index = "closest", gaps[0][1]
            clear = gaps[1][0] > least[0] * gaps[0][0] + least[1]
        else:
            name, index = "farthest", gaps[-1][1]
            clear = gaps[-1][0] > least[0] * gaps[-2][0] + least[1]
        if not clear:
            return None
        after = f"{wording.relation(self.rng, name)} {anchor[0]}"
        return self._say(domain.words(), domain.then(after), [index], "relation")

    def _between(self, domain: Domain) -> _Found:
        pair = [(noun, ids) for nouns in self.nouns.values() for noun, ids in nouns if len(ids) == 2]
        if pair and self.rng.random() < 0.5:
            noun, ends = self.rng.choice(pair)
            text = f"between the two {plural(noun)}"
        else:
            first, second = self.anchor(domain), self.anchor(domain)
            if first is None or second is None or first[1] == second[1]:
                return None
            ends, text = [first[1], second[1]], f"between {first[0]} and {second[0]}"
        rest = [index for index in domain.ids if index not in ends]
        ids = self.chip.judged(rest, self.chip.lies_between(ends[0], ends[1]))
        if ids is None or len(ids) != 1:
            return None
        return self._say(domain.words(), domain.then(text), ids, "relation")

    def _absent(self) -> _Found:
        """Say something that is false of every object, or name a class that is not there."""
        rng, chance = self.rng, self.rng.random()
        missing = sorted(self.chip.complete - self.chip.present)
        if missing and (chance < 0.45 or not self.nouns):
            return self._missing(missing)
        domain = self.domain(0.2)
        if domain is None:
            return None
        if chance < 0.65 and domain.is_bare:
            colours = {self.objects[index].color for index in domain.ids}
            name = rng.choice(("red", "blue", "green", "yellow", "black", "white", "orange", "brown", "pink", "gray"))
            if None in colours or any(may_be_confused(str(colour), name) for colour in colours):
                return None
            painted = self.paint(domain, name, [0])
            after = painted.then(wording.place_after(rng, self._region())) if rng.random() < 0.2 else painted.after
            return self._say(painted.words(), after, (), "absent")
        if chance < 0.85:
            region = self._region()
            if self.chip.judged(domain.ids, self.chip.in_region(region)) != []:
                return None
            return self._say(domain.words(), domain.then(wording.place_after(rng, region)), (), "absent")
        if chance < 0.93 and len(domain.ids) < 5:
            rank = len(domain.ids) + rng.randrange(2)
            after = rng.choice(("from the left", "from the right", "from the top", ""))
            return self._say(domain.words(wording.ORDINALS[rank]), after, (), "absent")
        anchor = self.anchor(domain)
        if anchor is None:
            return None
        name = rng.choice(_RELATIONS)
        if self.chip.judged([i for i in domain.ids if i != anchor[1]], self.chip.related(name, anchor[1])) != []:
            return None
        return self._say(domain.words(), domain.then(f"{wording.relation(rng, name)} {anchor[0]}"), (), "absent")

    def _missing(self, missing: Sequence[str]) -> _Found:
        """Name a class that is not there, perhaps with a colour, a place or an anchor that is."""
        rng = self.rng
        noun = rng.choice(SAID.get(name := rng.choice(missing), (name,)))
        if set(concepts_of(noun)) & self.chip.present:
            return None
        form, many = rng.random(), rng.random() < 0.12
        words = plural(noun) if many else noun
        if form < 0.2:
            words = f"{wording.colour(rng, rng.choice(('white', 'red', 'blue', 'gray', 'brown', 'green')))} {words}"
        elif form < 0.3:
            words = f"{wording.size(rng, rng.choice(('largest', 'smallest', 'large', 'small')))} {words}"
        after = wording.place_after(rng, self._region()) if 0.3 < form < 0.5 else ""
        if form > 0.85 and self.nouns:
            anchor = self.anchor(Domain([], "", noun, "", True))
            after = f"{wording.relation(rng, rng.choice(_RELATIONS))} {anchor[0]}" if anchor else ""
        return self._say(words, after, (), "absent", is_plural=many)

    # -- anchors and predicates ------------------------------------------------------------------------------------

    def anchor(self, referent: Domain, depth: int = 1) -> tuple[str, int] | None:
        """Return words that name exactly one object, and its index; ``one`` may stand for the referent's noun."""
        domain = self.domain(0.5)
        if domain is None:
            return None
        noun = "one" if domain.noun == referent.noun and self.rng.random() < 0.7 else domain.noun
        if len(domain.ids) == 1:
            if domain.noun == referent.noun and not domain.adjective:
                return None
            words = " ".join(part for part in (domain.adjective, noun, domain.after) if part)
            return f"the {words}", domain.ids[0]
        named = Domain(domain.ids, domain.adjective, noun, domain.after, domain.is_bare)
        chance = self.rng.random()
        if chance < 0.15 and depth > 0 and noun != "one":
            other, name = self.anchor(domain, depth - 1), self.rng.choice(_RELATIONS)
            ids = (
                self.chip.judged((i for i in domain.ids if i != other[1]), self.chip.related(name, other[1]))
                if other
                else None
            )
            if not other or not ids or len(ids) != 1:
                return None
            return f"the {named.words()} {named.then(f'{wording.relation(self.rng, name)} {other[0]}')}", ids[0]
        if chance < 0.55:
            side, index = self._outermost(domain.ids)
            extreme = wording.extreme_before(self.rng, side)
            return (
                (f"the {named.words(extreme)} {named.after}".strip(), index) if index is not None and extreme else None
            )
        region = self._region()
        ids = self.chip.judged(domain.ids, self.chip.in_region(region))
        if ids is None or len(ids) != 1:
            return None
        return f"the {named.words()} {named.then(wording.place_after(self.rng, region))}".strip(), ids[0]


_DRAWN_REGIONS = REGIONS + tuple(region for region in REGIONS if "er " in region)
_DRAWN_SIDES = SIDES + SIDES[:4]
_RELATIONS = (
    "left", "right", "above", "below", "left", "right", "above", "below", "upper left", "upper right", "lower left",
    "lower right", "just left", "just right", "just above", "just below", "next to", "next to", "next to", "near",
)  # fmt: skip


def generate_expressions(
    objects: Sequence[SceneObject],
    image_size_wh: tuple[int, int],
    complete_classes: Iterable[str],
    rng: random.Random,
    count: int,
    *,
    only_absent: bool = False,
) -> list[GeneratedExpression]:
    """Return up to ``count`` different expressions that hold in one chip.

    Args:
        objects: everything that is drawn in the chip.
        image_size_wh: (width, height) of the chip in pixels.
        complete_classes: classes of which every instance of the chip is among ``objects``; one of these without an
            object is truly absent. Only they are spoken of.
        rng: source of chance; the same state gives the same expressions.
        count: how many are wanted; fewer come back when the chip does not offer more.
        only_absent: make only expressions that are true of nothing.
    """
    writer = _Writer(Chip(objects, image_size_wh, complete_classes), rng)
    kinds, weights = list(_KINDS), list(_KINDS.values())
    if only_absent or not writer.nouns:
        kinds, weights = ["absent"], [1]
    found: dict[str, GeneratedExpression] = {}
    for kind in rng.choices(kinds, weights, k=3 * count):
        for _ in range(_TRIES.get(kind, 6)):  # most tries fail: few relations of a chip are clear
            made = writer.make(kind)
            if made is not None and made[0] not in found:
                found[made[0]] = GeneratedExpression(*made)
                break
        if len(found) == count:
            break
    return list(found.values())
