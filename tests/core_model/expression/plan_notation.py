"""Plans in the short notation of ``plans.json``, and whether a plan reads as one of them."""

from __future__ import annotations

from referent.core_model.expression.plan import QueryPlan, Referent

SIGNED = ("area", "length", "width", "distance")
Reading = tuple[str, frozenset[str], frozenset[object], frozenset[object]]
"""(noun, positions, superlatives, relations); the latter two with readings of their anchors."""


def notate(ref: Referent) -> Reading:
    """Return what a referent says, comparable with what the file says."""
    superlatives: set[object] = set()
    for item in ref.superlatives:
        name = item.measure + (("+" if item.is_most else "-") if item.measure in SIGNED else "")
        name += f"#{item.rank}" if item.rank != 1 else ""
        superlatives.add((name, notate(item.anchor)) if item.anchor else name)
    relations = frozenset(
        (("not " if relation.is_negated else "") + relation.name, notate(anchor))
        for relation in ref.relations
        for anchor in relation.anchors
    )
    positions = frozenset(("not " if item.is_negated else "") + item.region for item in ref.positions)
    return ref.noun or ref.phrase, positions, frozenset(superlatives), relations


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
    noun, positions, superlatives, relations = (*_split(text, ";"), "", "", "")[:4]
    return (
        noun,
        frozenset(item for item in _split(positions, ",") if item),
        frozenset(_read_anchored(item) for item in _split(superlatives, ",") if item),
        frozenset(_read_anchored(item) for item in _split(relations, "&") if item),
    )


def reads_rightly(plan: QueryPlan, accepted: list[str]) -> bool:
    """Return whether noun, positions, superlatives, relations and anchors are all those of an accepted plan."""
    return len(plan.targets) == 1 and any(notate(plan.targets[0]) == read_notation(item) for item in accepted)
