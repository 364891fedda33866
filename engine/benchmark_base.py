"""The network that every cell starts from, where a protocol asks for one: taught by rule-made expressions alone.

The paper starts from a BERT and a Swin that know language and pictures. The small network starts from nothing, and a
few hundred steps on written expressions would teach it class names at best. So it is taught first, once and for all
rows, by expressions that the project's own generator makes from the objects of the training chips: class, colour, size,
place, order. No written expression is among them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from ..core_model.data.augment import identity_view
from ..core_model.data.chips import Chip
from ..core_model.data.items import class_items, look, rule_items
from ..core_model.data.samples import Sample


def rule_samples(chips: Sequence[Chip], per_chip: int, seed: int) -> list[Sample]:
    """Return rule-made expressions with referents, and class names for all instances where all are drawn.

    Args:
        chips: annotated chips.
        per_chip: expressions per chip at most.
        seed: of the generator.
    """
    found = []
    for index, chip in enumerate(chips):
        coin = random.Random(f"{seed}/{chip.id}")  # nosec B311 - training data, no secret
        size_px = chip.image.shape[0]
        viewed = look(chip, identity_view(size_px, size_px), size_px)
        items = rule_items(viewed, size_px, coin, per_chip) + class_items(viewed, coin, 3)
        texts: dict[str, tuple[int, ...]] = {item.text: item.object_ids for item in items if item.object_ids}
        for number, (text, ids) in enumerate(texts.items()):
            found.append(Sample(f"rule/{chip.id}/{number}", index, ids, viewed.classes[ids[0]], text))
    return found
