"""Plans in the short notation of ``plans.json``, and whether a plan reads as one of them."""

from __future__ import annotations

from referent.core_model.expression.plan import QueryPlan, Referent, Relation

SIGNED = ("area", "length", "width", "distance")
Reading = tuple[str, frozenset[str], frozenset[object], frozenset[object], frozenset[str]]
"""(noun, positions, superlatives, relations, comparisons), the third and fourth with readings of their anchors."""


def notate(ref: Referent) -> Reading:
    """Return what a referent says, comparable with what the file says."""
    superlatives: set[object] = set()
    for item in ref.superlatives:
        name = item.measure + (("+" if item.is_most else "-") if item.measure in SIGNED else "")
        name += f"#{item.rank}" if item.rank != 1 else ""
        superlatives.add((name, notate(item.anchor)) if item.anchor else name)
    relations = frozenset(
        (("not " if relation.is_negated else "") + relation.name + _bounds(relation), notate(anchor))
        for relation in ref.relations
        for anchor in relation.anchors
    )
    positions = frozenset(("not " if item.is_negated else "") + item.region for item in ref.positions)
    comparisons = frozenset(
        f"{'not ' if item.is_negated else ''}{item.measure}{item.operator}"
        + (f"{item.value:.0f}" if item.value is not None else "")
        for item in ref.comparisons
    )
    return ref.noun or ref.phrase, positions, frozenset(superlatives), relations, comparisons


def _bounds(relation: Relation) -> str:
    """Return the limits of a distance in whole metres: ``>=20<=30``."""
    least = f">={relation.min_m:.0f}" if relation.min_m is not None else ""
    return least + (f"<={relation.max_m:.0f}" if relation.max_m is not None else "")


def _split(text: str, separator: str) -> list[str]:
    """Split at a separator outside braces."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char == "{") - (char == "}")
        if char == separator and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [part.strip() for part in (*parts, text[start:])]


def _read_anchored(item: str) -> object:
    """Read ``below: bridge {bottom}``; a superlative without an anchor stays a word."""
    name, colon, anchor = item.partition(":")
    if not colon:
        return item
    noun, brace, inner = anchor.strip().partition("{")
    return name.strip(), read_notation(
        f"{noun} ; {inner.rstrip(' }') + ('}' if '{' in inner else '')}" if brace else noun
    )


def read_notation(text: str) -> Reading:
    """Return the same from one accepted plan of the file."""
    noun, positions, superlatives, relations, comparisons = (*_split(text, ";"), "", "", "", "")[:5]
    return (
        noun,
        frozenset(item for item in _split(positions, ",") if item),
        frozenset(_read_anchored(item) for item in _split(superlatives, ",") if item),
        frozenset(_read_anchored(item) for item in _split(relations, "&") if item),
        frozenset(item for item in _split(comparisons, ",") if item),
    )


def reads_rightly(plan: QueryPlan, accepted: list[str]) -> bool:
    """Return whether noun, positions, superlatives, relations, anchors and sizes are all those of an accepted plan."""
    return len(plan.targets) == 1 and any(notate(plan.targets[0]) == read_notation(item) for item in accepted)
