"""Which expressions of a training set are taken away for a ratio of accurate ones (the LRB-WREL recipe)."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import DataError
from .samples import Sample

MASKED_SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
"""The published script visits these shares in this order with one generator; 0.1 and 0.3 were never published."""
_PREVIEW = 5
RATIOS_FILE = "weak_ids.json"


def masked_counts(sizes: Mapping[str, int], share: float) -> dict[str, int]:
    """Return how many samples of each class lose their expression: largest classes first, at least one each.

    Args:
        sizes: samples per class, in the order in which classes first occur.
        share: of all samples; the total never exceeds ``int(share * N)``.
    """
    left = int(share * sum(sizes.values()))
    counts = {}
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        counts[name] = min(max(1, int(share * size)), left, size)
        left -= counts[name]
    return counts


def published_weak_ids(samples: Sequence[Sample], seed: int = 42) -> dict[float, list[str]]:
    """Return the weak ids for every masked share, by the published recipe.

    The order of the samples matters and subsets of different shares are drawn anew, so they are not nested; that is why
    the ids are written out and never drawn again (``write_ratios``).

    Args:
        samples: of the training split, in the data set's order.
        seed: of the generator that all shares use in turn.
    """
    rng = random.Random(seed)  # nosec B311 - a choice of training data, no secret
    groups = _by_class(samples)
    sizes = {name: len(ids) for name, ids in groups.items()}
    chosen = {}
    for share in MASKED_SHARES:
        ids: list[str] = []
        for name, count in masked_counts(sizes, share).items():
            if count:
                ids += rng.sample(groups[name], count)
        chosen[share] = ids
        rng.sample(ids, min(_PREVIEW, len(ids)))  # the script draws a preview here, which moves the generator on
    return chosen


def nested_weak_ids(samples: Sequence[Sample], shares: Sequence[float], seed: int = 42) -> dict[float, list[str]]:
    """Return the weak ids for masked shares such that a smaller share is a subset of a larger one.

    A curve over the ratio then shows the ratio alone, not also another choice of samples.
    """
    rng = random.Random(seed)  # nosec B311 - a choice of training data, no secret
    groups = {name: rng.sample(ids, len(ids)) for name, ids in _by_class(samples).items()}
    sizes = {name: len(ids) for name, ids in groups.items()}
    return {
        share: [name for key, count in masked_counts(sizes, share).items() for name in groups[key][:count]]
        for share in shares
    }


def write_ratios(path: Path, weak_ids: Mapping[float, Sequence[str]]) -> None:
    """Write the weak ids per masked share as JSON."""
    text = json.dumps({f"{share:g}": list(ids) for share, ids in weak_ids.items()}, indent=0)
    part = path.with_name(path.name + ".part")
    part.write_text(text + "\n", encoding="utf-8")
    part.replace(path)


def read_ratios(path: Path) -> dict[float, list[str]]:
    """Return the weak ids per masked share.

    Raises:
        DataError: the file is missing or is no such list.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {float(share): [str(name) for name in ids] for share, ids in data.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise DataError(
            f"The list of weak ids {path} cannot be read ({error}); it is JSON of masked shares and ids."
        ) from error


def _by_class(samples: Sequence[Sample]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for sample in samples:
        groups[sample.class_name].append(sample.id)
    return groups
