"""What a noun selects in a chip, perhaps with a colour or a size: the sets that generated expressions speak of."""

from __future__ import annotations

import random
from dataclasses import dataclass

from . import wording
from .chip import Chip
from .lexicon import plural

_ROOFED = ("house", "building", "mobile home")


@dataclass
class Domain:
    """What a noun, perhaps with a colour or a size, selects."""

    ids: list[int]
    adjective: str
    noun: str
    after: str
    is_bare: bool

    def words(self, before: str = "", is_plural: bool = False) -> str:
        """Return the noun phrase up to its noun, with something before its adjective."""
        noun = plural(self.noun) if is_plural else self.noun
        return " ".join(part for part in (before, self.adjective, noun) if part)

    def then(self, after: str) -> str:
        """Return what follows the noun: its own words, then others."""
        return f"{self.after} {after}".strip() if self.after else after


class DomainPicker:
    """Draws nouns, colours and sizes that hold of objects of a chip."""

    def __init__(self, chip: Chip, rng: random.Random) -> None:
        self.chip, self.rng = chip, rng
        self.objects, self.nouns = chip.objects, chip.nouns

    def domain(self, decorate: float = 0.4) -> Domain | None:
        """Draw a noun, with a colour or a size at a chance; None if nothing can be spoken of."""
        if not self.nouns:
            return None
        rng = self.rng
        options = self.nouns[rng.choice(list(self.nouns))]
        noun, ids = options[int(rng.random() * len(options))]
        bare = Domain(ids, "", noun, "", True)
        chance = rng.random()
        if chance < decorate * 0.75:
            return self.by_colour(bare) or bare
        if chance < decorate:
            return self.by_size(bare) or bare
        return bare

    def by_colour(self, domain: Domain) -> Domain | None:
        """Return those of one colour, None where two people could call a colour differently."""
        colours = {self.objects[index].color for index in domain.ids}
        if None in colours:
            return None
        name = self.rng.choice(sorted(colour for colour in colours if colour))
        if name == domain.noun or any(other != name and may_be_confused(str(other), name) for other in colours):
            return None
        ids = [index for index in domain.ids if self.objects[index].color == name]
        return self.paint(domain, name, ids)

    def paint(self, domain: Domain, name: str, ids: list[int]) -> Domain:
        """Return some of a domain, said with a colour."""
        word = wording.colour(self.rng, name)
        roofed = self.objects[domain.ids[0]].class_name in _ROOFED and domain.noun != "roof"
        adjective, after = wording.coloured(self.rng, word, roofed)
        return Domain(ids, adjective, domain.noun, after, False)

    def by_size(self, domain: Domain) -> Domain | None:
        """Return the large or the small ones, None where no clear step lies between them."""
        ids = sorted(domain.ids, key=lambda index: self.objects[index].area_px)
        areas = [self.objects[index].area_px for index in ids]
        gaps = [areas[at + 1] / max(areas[at], 1.0) for at in range(len(areas) - 1)]
        if not gaps or max(gaps) < 1.8:
            return None
        at = gaps.index(max(gaps)) + 1
        if any(index in self.chip.cut for index in ids[:at]):  # a cut object may be a large one
            return None
        large = self.rng.random() < 0.5
        word = wording.size(self.rng, "large" if large else "small")
        return Domain(sorted(ids[at:] if large else ids[:at]), word, domain.noun, "", False)


def may_be_confused(first: str, second: str) -> bool:
    """Return whether two people may give one object either colour."""
    return first == second or any(first in group and second in group for group in wording.ALIKE)
