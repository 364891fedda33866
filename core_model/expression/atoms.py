"""What a plan says, as a set of small facts: targets to teach a text encoder with, before it has seen a picture."""

from __future__ import annotations

from collections.abc import Iterator

from .lexicon import concepts_of
from .plan import QueryPlan, Referent


def atoms(plan: QueryPlan) -> frozenset[str]:
    """Return the facts of a plan: ``noun boat``, ``most area``, ``place left``, ``next to``, ``anchor noun dock``."""
    return frozenset(atom for target in plan.targets for atom in _facts(target, ""))


def _facts(ref: Referent, role: str) -> Iterator[str]:
    if ref.noun:
        yield f"{role}noun {ref.noun}"
        yield from (f"{role}class {concept}" for concept in concepts_of(ref.noun))
    yield from (f"{role}is {word}" for word in ref.attributes)
    if ref.size:
        yield f"{role}size {ref.size}"
    if not role:
        yield f"how many {ref.quantity.kind} {ref.quantity.count or ''}".rstrip()
    for place in ref.positions:
        yield f"{role}{'not ' if place.is_negated else ''}place {place.region}"
    for order in ref.superlatives:
        yield f"{role}{'most' if order.is_most else 'least'} {order.measure}"
        yield f"{role}rank {order.rank}"
    for size in ref.comparisons:
        yield f"{role}{size.measure} {size.operator}"
    for relation in ref.relations:
        yield f"{role}{'not ' if relation.is_negated else ''}{relation.name}"
    if ref.exceptions:
        yield f"{role}except"
    if not role:
        for below in list(ref.walk())[1:]:
            yield from _facts(below, "anchor ")
