"""The plan of a question: what to look for, and what to decide by geometry.

A plan is a value: typed, printable as a tree and as one line, and JSON both ways. It knows no parser and no geometry.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

UNIT_AREA = "area"


@dataclass(frozen=True)
class Quantity:
    """How many referents are meant."""

    kind: str = "unsaid"
    """``one`` (the tank), ``all`` (tanks, every tank), ``count`` (three tanks), ``unsaid`` (tank: a class name)."""
    count: int | None = None
    """The number, for ``count``."""
    is_group: bool = False
    """Whether they stand together: ``the group of three boats``, ``a row of cars``."""


@dataclass(frozen=True)
class Superlative:
    """One end of an order: ``largest``, ``second from the left``, ``nearest to the pool``."""

    measure: str
    """``area``, ``length``, ``width``, a region (``left``, ``north``, ``upper left``, ``center``), ``distance`` to
    ``anchor``, ``middle`` (the median of a row) or ``order`` (along the row, from its usual beginning)."""
    is_most: bool = True
    """Largest, longest, farthest (True) or smallest, shortest, nearest (False). Always True for regions."""
    rank: int = 1
    """1 for the first, 2 for the second ...; -1 for the last."""
    anchor: Referent | None = None
    """What the distance is measured to."""


@dataclass(frozen=True)
class Position:
    """A place in the frame of the question, or by the compass."""

    region: str
    """``left``, ``upper left``, ``center right``, ``top edge``, ``far left``, ``corner``, ``north`` ..."""
    is_negated: bool = False


@dataclass(frozen=True)
class Comparison:
    """A size compared with a number or with another object."""

    measure: str
    """``area`` (m²), ``length`` or ``width`` (m)."""
    operator: str
    """``>`` or ``<``."""
    value: float | None = None
    """In m² or m; None when compared with ``anchor``."""
    anchor: Referent | None = None
    is_negated: bool = False


@dataclass(frozen=True)
class Relation:
    """How the referent lies to one anchor, or between two."""

    name: str
    """A key of ``geo_io.relations.RELATIONS``."""
    anchors: tuple[Referent, ...]
    min_m: float | None = None
    """Least distance edge to edge, metres."""
    max_m: float | None = None
    """Largest distance edge to edge, metres."""
    is_close: bool = False
    """``just left of``, ``directly below``: nothing of the kind lies nearer."""
    is_negated: bool = False


@dataclass(frozen=True)
class Referent:
    """What a noun phrase means."""

    phrase: str
    """Words for the network: noun with its appearance, and all that the parser could not read."""
    noun: str = ""
    """Head noun, singular; empty if no known noun was found."""
    attributes: tuple[str, ...] = ()
    """Appearance words before the noun."""
    size: str | None = None
    """``large`` or ``small`` when an adjective says so."""
    quantity: Quantity = Quantity()
    superlatives: tuple[Superlative, ...] = ()
    positions: tuple[Position, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    relations: tuple[Relation, ...] = ()
    exceptions: tuple[Referent, ...] = ()
    """``except the one on the left``, ``not white``: these are taken out."""
    is_other: bool = False
    """``another``, ``the other``: not the referent itself."""
    unread: str = ""
    """The part of ``phrase`` that the parser could not read."""

    @property
    def is_plain(self) -> bool:
        """Return whether geometry has nothing to decide."""
        return not (
            self.superlatives or self.positions or self.comparisons or self.relations or self.exceptions
        ) and self.quantity.kind in ("all", "unsaid")

    def walk(self) -> Iterator[Referent]:
        """Yield the referent itself and every anchor and exception below it."""
        yield self
        below = [anchor for relation in self.relations for anchor in relation.anchors]
        below += [item.anchor for item in self.superlatives if item.anchor is not None]
        below += [item.anchor for item in self.comparisons if item.anchor is not None]
        for referent in (*below, *self.exceptions):
            yield from referent.walk()


@dataclass(frozen=True)
class QueryPlan:
    """What a whole expression asks for."""

    text: str
    """The expression as it was given."""
    targets: tuple[Referent, ...]
    """One, or several joined by ``and``."""
    notes: tuple[str, ...] = field(default=())
    """Sentences for the person: corrections, what was left to the network."""

    @property
    def is_plain(self) -> bool:
        """Return whether the network alone answers the question."""
        return all(target.is_plain for target in self.targets)

    @property
    def phrases(self) -> tuple[str, ...]:
        """Return the distinct noun phrases that the network must segment."""
        return tuple(dict.fromkeys(ref.phrase for target in self.targets for ref in target.walk()))

    def to_line(self) -> str:
        """Return the plan on one line: ``storage tank · largest · within 200 m of: harbour``."""
        return "  +  ".join(" · ".join(_facets(target)) for target in self.targets)

    def to_tree(self) -> str:
        """Return the plan as an indented tree with the parser's notes."""
        lines = [f"“{self.text}”"]
        for target in self.targets:
            _grow(target, 1, lines)
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, without fields that say nothing."""
        return {
            "text": self.text,
            "targets": [_prune(asdict(target)) for target in self.targets],
            "notes": list(self.notes),
        }

    @staticmethod
    def from_json(value: dict[str, Any]) -> QueryPlan:
        """Return the plan that ``to_json`` gave.

        Raises:
            KeyError, TypeError: the value is not a plan.
        """
        targets = tuple(_read_referent(item) for item in value["targets"])
        return QueryPlan(value["text"], targets, tuple(value.get("notes", ())))


_MEASURE_WORDS = {
    ("area", True): "largest", ("area", False): "smallest", ("length", True): "longest", ("length", False): "shortest",
    ("width", True): "widest", ("width", False): "narrowest", ("middle", True): "middle one",
    ("order", True): "in order",
    ("left", True): "leftmost", ("right", True): "rightmost", ("top", True): "topmost", ("bottom", True): "bottommost",
    ("north", True): "northernmost", ("south", True): "southernmost", ("east", True): "easternmost",
    ("west", True): "westernmost",
}  # fmt: skip
_ORDINALS = {1: "", -1: "last by: ", 2: "second ", 3: "third ", 4: "fourth ", 5: "fifth "}


def describe_superlative(item: Superlative) -> str:
    """Return a superlative in words: ``second largest``."""
    if item.measure == "distance":
        words = "farthest from" if item.is_most else "nearest to"
    else:
        words = _MEASURE_WORDS.get((item.measure, item.is_most), f"nearest to the {item.measure}")
    return _ORDINALS.get(item.rank, f"{item.rank}th ") + words


def describe_relation(item: Relation) -> str:
    """Return a relation in words: ``within 200 m of``."""
    words = RELATION_WORDS.get(item.name, item.name)
    if item.min_m is not None and item.max_m is not None:
        words = f"{item.min_m:g} to {item.max_m:g} m from"
    elif item.max_m is not None:
        words = f"within {item.max_m:g} m of"
    elif item.min_m is not None:
        words = f"at least {item.min_m:g} m from"
    return ("not " if item.is_negated else "") + ("just " if item.is_close else "") + words


RELATION_WORDS = {
    "left": "left of", "right": "right of", "upper left": "upper left of", "upper right": "upper right of",
    "lower left": "lower left of", "lower right": "lower right of", "north": "north of", "south": "south of",
    "east": "east of", "west": "west of", "northeast": "north-east of", "northwest": "north-west of",
    "southeast": "south-east of", "southwest": "south-west of", "surrounded by": "surrounded by", "with": "that has",
    "behind": "behind (near)", "row": "in a row with", "end": "at the end of", "distance": "at a distance from",
}  # fmt: skip
"""Relation -> words, where they differ from its name."""


def _quantity(item: Quantity) -> list[str]:
    group = ["standing together"] if item.is_group else []
    if item.kind == "count":
        return [str(item.count), *group]
    return {"all": ["all"], "one": ["the one"], "unsaid": []}[item.kind] + group


def _facets(ref: Referent) -> list[str]:
    parts = [ref.phrase, *_quantity(ref.quantity)]
    for item in ref.superlatives:
        anchor = f": {_inline(item.anchor)}" if item.anchor else ""
        parts.append(describe_superlative(item) + anchor)
    parts += [("not " if item.is_negated else "") + f"in place: {item.region}" for item in ref.positions]
    parts += [_comparison(item) for item in ref.comparisons]
    parts += [f"{describe_relation(item)}: {' and '.join(_inline(a) for a in item.anchors)}" for item in ref.relations]
    parts += [f"except: {_inline(item)}" for item in ref.exceptions]
    return parts


def _inline(ref: Referent) -> str:
    facets = _facets(ref)
    return facets[0] if len(facets) == 1 else f"({' · '.join(facets)})"


def _comparison(item: Comparison) -> str:
    unit = "m²" if item.measure == UNIT_AREA else "m"
    other = f"{item.value:g} {unit}" if item.value is not None else _inline(item.anchor) if item.anchor else "?"
    return f"{'not ' if item.is_negated else ''}{item.measure} {item.operator} {other}"


def _grow(ref: Referent, depth: int, lines: list[str]) -> None:
    pad = "  " * depth
    lines.append(f"{pad}{ref.phrase}" + (f"  [left to the network: {ref.unread}]" if ref.unread else ""))
    plain = Referent(ref.phrase, quantity=ref.quantity, positions=ref.positions)
    lines += [f"{pad}  {facet}" for facet in _facets(plain)[1:]]
    for superlative in ref.superlatives:
        lines.append(f"{pad}  {describe_superlative(superlative)}{':' if superlative.anchor else ''}")
        if superlative.anchor:
            _grow(superlative.anchor, depth + 2, lines)
    for comparison in ref.comparisons:
        lines.append(f"{pad}  {_comparison(comparison)}")
    for relation in ref.relations:
        lines.append(f"{pad}  {describe_relation(relation)}:")
        for anchor in relation.anchors:
            _grow(anchor, depth + 2, lines)
    for exception in ref.exceptions:
        lines.append(f"{pad}  except:")
        _grow(exception, depth + 2, lines)


def _prune(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _prune(item) for key, item in value.items() if item not in (None, False, (), [], "")}
    if isinstance(value, list | tuple):
        return [_prune(item) for item in value]
    return value


def _read_referent(value: dict[str, Any]) -> Referent:
    def anchors(items: list[dict[str, Any]]) -> tuple[Referent, ...]:
        return tuple(_read_referent(item) for item in items)

    def with_anchor(item: dict[str, Any]) -> dict[str, Any]:
        return {**item, "anchor": _read_referent(item["anchor"])} if "anchor" in item else item

    return Referent(
        **{
            **value,
            "attributes": tuple(value.get("attributes", ())),
            "quantity": Quantity(**value.get("quantity", {})),
            "superlatives": tuple(
                Superlative(**{"is_most": False, **with_anchor(i)}) for i in value.get("superlatives", ())
            ),
            "positions": tuple(Position(**item) for item in value.get("positions", ())),
            "comparisons": tuple(Comparison(**with_anchor(item)) for item in value.get("comparisons", ())),
            "relations": tuple(
                Relation(**{**item, "anchors": anchors(item["anchors"])}) for item in value.get("relations", ())
            ),
            "exceptions": anchors(value.get("exceptions", [])),
        }
    )
