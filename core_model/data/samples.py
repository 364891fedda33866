"""Referring samples: one picture, one text, one mask; and the weak ones whose text is only a class name."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import DataError
from .augment import draw_mask
from .chips import Chip, ChipObject
from .polygon import ring_area

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True)
class Sample:
    """One training sample. The mask is always exact; only the text may be weak.

    A weak sample does not hold its true expression at all, so nothing can leak it.
    """

    id: str
    """Unique among the samples of a training."""
    chip: int
    """Index of the picture in the sequence of chips."""
    object_ids: tuple[int, ...]
    """What is meant; other objects of the class are background, as in the LRB-WREL paper."""
    class_name: str
    expression: str = ""
    """What a person wrote; empty for a weak sample."""

    @property
    def weak(self) -> bool:
        """Whether the class name stands in for the missing expression."""
        return not self.expression

    @property
    def text(self) -> str:
        """What the text encoder is given."""
        return self.expression or self.class_name

    def weakened(self) -> Sample:
        """Return the sample without its expression."""
        return dataclasses.replace(self, expression="")


def samples_of(chips: Sequence[Chip], *, verbatim_names: bool = False) -> list[Sample]:
    """Return one sample per written expression of a single object, and a weak one per object that has none.

    Args:
        chips: annotated chips.
        verbatim_names: use class names exactly as the data set spells them.

    Raises:
        DataError: two samples have the same id.
    """
    found = []
    for index, chip in enumerate(chips):
        written: dict[int, list[str]] = {}
        for expression in chip.expressions:
            if len(expression.object_ids) == 1:
                written.setdefault(expression.object_ids[0], []).append(expression.text)
        for item in chip.objects:
            name = item.class_name if verbatim_names else readable_name(item.class_name)
            texts = written.get(item.id, [""])
            for number, text in enumerate(texts):
                found.append(Sample(f"{chip.id}/{item.id}/{number}", index, (item.id,), name, text.strip()))
    return unique(found)


def unique(samples: list[Sample]) -> list[Sample]:
    """Return the samples as they are.

    Raises:
        DataError: two of them have the same id.
    """
    twice = [name for name, count in Counter(sample.id for sample in samples).items() if count > 1]
    if twice:
        raise DataError(
            f"{len(twice)} sample ids occur more than once (such as '{twice[0]}'); each sample needs an id of its own, "
            "because the reference bank keeps its rows by id."
        )
    return samples


def weaken(samples: Iterable[Sample], weak_ids: Iterable[str]) -> list[Sample]:
    """Return the samples with the expressions of ``weak_ids`` taken away, accurate ones first (as published).

    Raises:
        DataError: an id is not among the samples.
    """
    chosen, items = set(weak_ids), list(samples)
    unknown = chosen - {sample.id for sample in items}
    if unknown:
        raise DataError(
            f"{len(unknown)} of the weak ids are not in the data (such as '{min(unknown)}'); "
            "the list of ids belongs to another data set or split."
        )
    made = [sample.weakened() if sample.id in chosen else sample for sample in items]
    return [sample for sample in made if not sample.weak] + [sample for sample in made if sample.weak]


def large_enough(samples: Sequence[Sample], chips: Sequence[Chip], min_area_px: float) -> list[Sample]:
    """Return the samples all of whose objects cover at least ``min_area_px`` pixels of their chip."""
    if not min_area_px:
        return list(samples)
    areas: dict[int, dict[int, float]] = {}
    kept = []
    for sample in samples:
        if sample.chip not in areas:
            areas[sample.chip] = {item.id: _area(item) for item in chips[sample.chip].objects}
        if all(areas[sample.chip][key] >= min_area_px for key in sample.object_ids):
            kept.append(sample)
    return kept


def _area(item: ChipObject) -> float:
    return float(item.mask.sum()) if item.mask is not None else sum(ring_area(ring) for ring in item.rings)


def readable_name(class_name: str) -> str:
    """Return a class name as the tokenizer reads it best: ``Storage-tank`` becomes two lower-case words."""
    words = _CAMEL.sub(" ", class_name.replace("_", " ").replace("-", " "))
    return " ".join(words.lower().split())


def target_mask(chip: Chip, object_ids: Iterable[int], size_px: int, stride: int = 2) -> NDArray[np.uint8]:
    """Return how much of each cell is covered by objects, with the chip scaled to a square.

    Args:
        chip: of any size.
        object_ids: of the objects.
        size_px: side of the scaled chip.
        stride: side of a cell, in scaled pixels.

    Returns:
        (size_px / stride, size_px / stride) uint8 in [0, 255].
    """
    wanted = set(object_ids)
    height, width = chip.image.shape[:2]
    scale = np.array([size_px / width, size_px / height], np.float32)
    rings = [ring * scale for item in chip.objects if item.id in wanted for ring in item.rings]
    drawn = draw_mask(rings, size_px, stride)
    for item in chip.objects:
        if item.id in wanted and item.mask is not None:
            side = size_px // stride
            scaled = Image.fromarray(item.mask.astype(np.uint8) * 255).resize((side, side), Image.Resampling.BOX)
            drawn = np.maximum(drawn, np.asarray(scaled))
    return drawn
