"""A referent while its sentence is still being read, and how it becomes a value of the plan."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import ExpressionError
from .lexicon import SINGULAR_OF
from .place import name_region, parts_of
from .plan import Comparison, Position, Quantity, Referent, Relation, Superlative
from .words import COMPASS

GENERIC = frozenset(
    "object thing item structure something element feature target instance entity objects things".split()
)
_OPPOSITES = (
    ({"left"}, {"right"}), ({"top"}, {"bottom"}), ({"north"}, {"south"}), ({"east"}, {"west"}),
)  # fmt: skip


@dataclass
class Draft:
    """What has been read of one noun phrase so far."""

    adjectives: list[str] = field(default_factory=list)
    head: str = ""
    """Head as typed."""
    noun: str = ""
    """Known head, singular."""
    rest: list[str] = field(default_factory=list)
    size: str | None = None
    is_plural: bool = False
    is_definite: bool = False
    is_all: bool = False
    is_other: bool = False
    is_pronoun: bool = False
    """The head is ``one``: it stands for another noun."""
    is_group: bool = False
    count: int | None = None
    rank: int | None = None
    """Of an ordinal whose direction is not yet known."""
    is_far: bool | None = None
    """``nearest`` (False) or ``farthest`` (True) was said before the head; what it is measured to follows."""
    superlatives: list[Superlative] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    exceptions: list[Referent] = field(default_factory=list)

    @property
    def has_head(self) -> bool:
        """Return whether there is something to look for."""
        return bool(self.head)

    @property
    def is_generic(self) -> bool:
        """Return whether the head says nothing (``object``)."""
        return self.head in GENERIC

    def take_head_from(self, other: Draft) -> None:
        """Let ``one`` stand for the head of another noun phrase."""
        self.head, self.noun = other.head, other.noun
        self.is_pronoun = False

    def merge(self, other: Draft) -> None:
        """Take over what a second phrase says of the same thing: ``the vehicle ... is the leftmost one``."""
        self.adjectives += [word for word in other.adjectives if word not in self.adjectives]
        self.rest += other.rest
        self.size = self.size or other.size
        self.count = self.count or other.count
        self.rank = self.rank or other.rank
        for name in ("superlatives", "positions", "comparisons", "relations", "exceptions"):
            getattr(self, name).extend(getattr(other, name))

    def locate(self, region: str, is_negated: bool = False) -> None:
        """Add a position; ``right`` and ``center`` said separately are one place, ``center right``."""
        if not is_negated:
            for index, item in enumerate(self.positions):
                both = _joined(item.region, region)
                if both and not item.is_negated:
                    self.positions[index] = Position(both)
                    return
        self.positions.append(Position(region, is_negated))

    def order(self, region: str) -> None:
        """Say from where an ordinal counts."""
        self.superlatives.append(Superlative(region, rank=self.rank or 1))
        self.rank = None

    def finish(self) -> Referent:
        """Return the referent.

        Raises:
            ExpressionError: it contradicts itself.
        """
        if self.rank is not None:
            self.order("order")
        while self.adjectives and self.adjectives[-1] in ("and", "or", ","):
            self.adjectives.pop()
        noun = SINGULAR_OF.get(self.noun, self.noun)
        phrase = " ".join([*self.adjectives, self.head, *self.rest]).replace(" 's", "'s").strip(" ,")
        _check(self.superlatives, phrase)
        return Referent(
            phrase=phrase,
            noun=noun,
            attributes=tuple(self.adjectives),
            size=self.size,
            quantity=self._quantity(),
            superlatives=tuple(dict.fromkeys(self.superlatives)),
            positions=tuple(dict.fromkeys(self.positions)),
            comparisons=tuple(self.comparisons),
            relations=tuple(dict.fromkeys(self.relations)),
            exceptions=tuple(self.exceptions),
            is_other=self.is_other,
            unread=" ".join(self.rest).replace(" 's", "'s").strip(" ,"),
        )

    def _quantity(self) -> Quantity:
        if self.count is not None and self.count > 1:
            return Quantity("count", self.count, self.is_group)
        if self.count == 1:
            return Quantity("one", None, self.is_group)
        if self.is_all or self.is_plural or self.is_group:
            return Quantity("all", None, self.is_group)
        if self.is_definite or self.superlatives:
            return Quantity("one")
        return Quantity()


def _joined(first: str, second: str) -> str | None:
    if first == second:
        return first
    if first.startswith("far") or second.startswith("far"):
        return None
    a, b = parts_of(first), parts_of(second)
    if first.endswith("edge") or second.endswith("edge") or set(a + b) & COMPASS:
        return None
    if set(a) <= set(b) or set(b) <= set(a):  # "on the left ... in the lower left"
        keep = second if len(b) >= len(a) else first
        return keep
    return name_region(a + b) if len(set(a + b)) == 2 and len(a) == len(b) == 1 else None


def _check(superlatives: list[Superlative], phrase: str) -> None:
    seen: dict[str, bool] = {}
    for item in superlatives:
        if item.measure in ("area", "length", "width") and seen.setdefault(item.measure, item.is_most) != item.is_most:
            raise ExpressionError(
                f"'{phrase}' is asked to be both the most and the least in {item.measure}: leave one out."
            )
    measures = {item.measure for item in superlatives if item.rank == 1}
    for first, second in _OPPOSITES:
        if first <= measures and second <= measures:
            raise ExpressionError(
                f"'{phrase}' cannot be outermost both to the {min(first)} and to the {min(second)}: leave one out."
            )
