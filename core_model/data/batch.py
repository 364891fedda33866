"""Training batches: views of chips with their questions, drawn anew for every step, the same for the same seed."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import TrainingError
from ..synthetic import render_chip
from ..tokenizer import ExpressionTokenizer, Tokens
from .augment import View, draw_mask, draw_outlines, jitter_colour, sample_view
from .chips import Chip, ChipObject
from .items import (
    Item,
    ViewedChip,
    absent_items,
    class_items,
    foreign_expressions,
    look,
    mosaic,
    rule_items,
    weak_items,
    written_items,
)
from .paste import COMPACT, paste

_COMMON = 0.15
"""A class that is on this share of the chips needs no repeats."""
_MOST_REPEATS = 3.0


@dataclass(frozen=True)
class Batch:
    """B views with K questions each. Masks are in [0, 255]: the share of a cell that is covered."""

    images: Tensor
    """(B, 3, S, S) uint8."""
    tokens: Tokens
    """Of B * K texts."""
    masks: Tensor
    """(B, K, S/2, S/2) uint8."""
    outlines: Tensor
    """(B, S/2, S/2) uint8."""
    has_outlines: Tensor
    """(B,) bool, False where objects are not drawn."""
    classes: Tensor
    """(B, C, S/4, S/4) uint8."""
    class_known: Tensor
    """(B, C) bool, where every pixel of the class is known."""
    labels: Tensor
    """(B, C + S + M) float32: class presence, scene and image labels; NaN where not known."""


@dataclass(frozen=True)
class Mix:
    """What a batch is made of."""

    size_px: int = 256
    questions: int = 4
    """Questions per view (K)."""
    upright: float = 0.55
    """Share of views without rotation, where written expressions of direction can be used."""
    mosaic: float = 0.1
    """Share of views made of four chips."""
    synthetic: float = 0.05
    """Share of generated views."""
    unannotated: float = 0.1
    """Share of views of chips that have image-level labels only."""
    paste: float = 0.3
    """Share of the rotated views of annotated chips into which objects of another chip are pasted."""
    weights: tuple[float, float, float, float] = (0.40, 0.26, 0.12, 0.22)
    """Shares of written, rule-made, class and absent questions."""


class BatchSource:
    """Makes the batch of a step. The same (seed, step) gives the same batch."""

    def __init__(
        self,
        chips: Sequence[Chip],
        classes: Sequence[str],
        tokenizer: ExpressionTokenizer,
        mix: Mix,
        *,
        batch_size: int,
        seed: int,
    ) -> None:
        self.annotated = [chip for chip in chips if chip.annotated]
        self.others = [chip for chip in chips if not chip.annotated]
        self.classes = list(classes)
        self._chances = np.cumsum(_chances(self.annotated))
        self.scenes = sorted({chip.scene for chip in chips})
        self.words = sorted({label for chip in chips for label in chip.labels})
        self.tokenizer, self.mix, self.batch_size, self.seed = tokenizer, mix, batch_size, seed
        self.foreign = foreign_expressions(self.annotated)
        # Asked of a view of which nothing is known at all.
        self.strangers = [name for name in ("helipad", "stadium") if name not in self.classes] or ["quarry"]

    @property
    def label_count(self) -> int:
        """Length of a row of ``Batch.labels``."""
        return len(self.classes) + len(self.scenes) + len(self.words)

    def batch(self, step: int, part: int = 0, parts: int = 1) -> Batch:
        """Return the batch of a step, or one of its parts where several processes share it.

        Raises:
            TrainingError: the batch cannot be parted equally.
        """
        if self.batch_size % parts:
            raise TrainingError(
                f"A batch of {self.batch_size} views cannot be shared equally by {parts} processes; "
                "change the batch size."
            )
        rng = np.random.default_rng([self.seed, step] if parts == 1 else [self.seed, step, part])
        views = [self._view(rng) for _ in range(self.batch_size // parts)]
        size, half = self.mix.size_px, self.mix.size_px // 2
        masks = np.zeros((len(views), self.mix.questions, half, half), np.uint8)
        outlines = np.zeros((len(views), half, half), np.uint8)
        dense = np.zeros((len(views), len(self.classes), size // 4, size // 4), np.uint8)
        known = np.zeros((len(views), len(self.classes)), bool)
        labels = np.full((len(views), self.label_count), np.nan, np.float32)
        texts: list[str] = []
        for row, (chip, viewed, items) in enumerate(views):
            for column, item in enumerate(items):
                texts.append(item.text)
                if item.object_ids:
                    masks[row, column] = draw_mask(
                        [r for key in item.object_ids for r in viewed.rings.get(key, [])], size
                    )
            outlines[row] = draw_outlines([r for rings in viewed.rings.values() for r in rings], size)
            for column, name in enumerate(self.classes):
                known[row, column] = name in viewed.complete
                rings = [r for key, rings in viewed.rings.items() if viewed.classes[key] == name for r in rings]
                if rings:
                    dense[row, column] = draw_mask(rings, size, 4)
            labels[row] = self._labels(chip, viewed)
        return Batch(
            images=torch.from_numpy(np.stack([viewed.image for _, viewed, _ in views])).permute(0, 3, 1, 2),
            tokens=self.tokenizer(texts) if texts else Tokens(torch.zeros(0, 1).long(), torch.zeros(0, 1).long()),
            masks=torch.from_numpy(masks),
            outlines=torch.from_numpy(outlines),
            has_outlines=torch.tensor([chip.annotated for chip, _, _ in views]),
            classes=torch.from_numpy(dense),
            class_known=torch.from_numpy(known),
            labels=torch.from_numpy(labels),
        )

    def _view(self, rng: np.random.Generator) -> tuple[Chip, ViewedChip, list[Item]]:
        mix, size = self.mix, self.mix.size_px
        chance = rng.random()
        chip = self._draw(rng)
        upright = bool(rng.random() < mix.upright)
        if chance < mix.synthetic:
            chip = synthetic_chip(rng, size, self.classes)
        elif chance < mix.synthetic + mix.mosaic:
            four = [self._draw(rng) for _ in range(4)]
            chip, upright = mosaic(four, rng, size), True
        elif self.others and chance < mix.synthetic + mix.mosaic + mix.unannotated:
            chip = self.others[int(rng.integers(len(self.others)))]
        view = sample_view(rng, chip.image.shape[0], size, upright=upright)
        viewed = look(chip, view, size)
        if chip.annotated and not upright and rng.random() < mix.paste:
            viewed = self._with_pasted(viewed, rng)
            # Written expressions and image-level labels speak of the chip as it was.
            chip = dataclasses.replace(chip, expressions=(), scene="")
        coin = random.Random(int(rng.integers(2**32)))  # nosec B311 - training data, no secret
        items = self._items(chip, view, viewed, coin)
        image = jitter_colour(rng, viewed.image, keep_hue=mix.questions > 0)
        return chip, ViewedChip(**{**viewed.__dict__, "image": image}), items

    def _draw(self, rng: np.random.Generator) -> Chip:
        """Return an annotated chip, those of rare classes more often."""
        return self.annotated[int(np.searchsorted(self._chances, rng.random() * self._chances[-1]))]

    def _with_pasted(self, viewed: ViewedChip, rng: np.random.Generator) -> ViewedChip:
        wanted = viewed.complete & COMPACT
        for _ in range(8):
            donor = self._draw(rng)
            if any(item.class_name in wanted for item in donor.objects):
                seen = look(
                    donor, sample_view(rng, donor.image.shape[0], self.mix.size_px, upright=False), self.mix.size_px
                )
                return paste(viewed, seen, rng)
        return viewed

    def _items(self, chip: Chip, view: View, viewed: ViewedChip, coin: random.Random) -> list[Item]:
        count = self.mix.questions
        if not count:
            return []
        wanted = coin.choices(("written", "rule", "class", "absent"), self.mix.weights, k=count)
        absent = absent_items(viewed, self.foreign, coin, 2)
        if chip.annotated:  # as hard as people make them: the right noun in a wrong colour, place or order
            absent += rule_items(viewed, self.mix.size_px, coin, 2, only_absent=True)
            coin.shuffle(absent)
        pools = {
            "written": written_items(chip, view, viewed, coin, count),
            # A teacher's objects may be two in one, or a part: good for the class as a whole, not for counting.
            "rule": rule_items(viewed, self.mix.size_px, coin, 3) if chip.annotated else [],
            "class": class_items(viewed, coin, 2) or (weak_items(viewed, coin, 2) if chip.annotated else []),
            "absent": absent,
        }
        longest = self.tokenizer.max_words
        pools = {name: [item for item in pool if len(item.text.split()) <= longest] for name, pool in pools.items()}
        items: list[Item] = []
        for kind in wanted:
            for name in (kind, "rule", "written", "class", "absent"):
                if pools[name]:
                    items.append(pools[name].pop())
                    break
            else:
                strangers = sorted(viewed.complete) or self.strangers
                items.append(items[-1] if items else Item(coin.choice(strangers), (), "absent"))
        return items

    def _labels(self, chip: Chip, viewed: ViewedChip) -> np.ndarray:
        present = set(viewed.classes.values())
        classes = [1.0 if name in present else 0.0 if name in viewed.complete else np.nan for name in self.classes]
        if not chip.scene:
            return np.array(classes + [np.nan] * (len(self.scenes) + len(self.words)), np.float32)
        scenes = [float(chip.scene == name) for name in self.scenes]
        return np.array(classes + scenes + [float(name in chip.labels) for name in self.words], np.float32)


def _chances(chips: Sequence[Chip]) -> NDArray[np.float64]:
    """Return how often each chip is drawn: by its rarest class (repeat factors, Gupta et al. 2019, "LVIS")."""
    held = [{item.class_name for item in chip.objects} for chip in chips]
    share = {name: sum(name in names for names in held) / len(chips) for name in set().union(*held)}
    factors = {name: min(_MOST_REPEATS, max(1.0, (_COMMON / value) ** 0.5)) for name, value in share.items()}
    return np.array([max((factors[name] for name in names), default=1.0) for names in held])


def synthetic_chip(rng: np.random.Generator, size_px: int, classes: Sequence[str]) -> Chip:
    """Return a generated chip as training material; only ``classes`` are spoken of."""
    made = render_chip(rng, size_px)
    objects = tuple(
        ChipObject(index, item.class_name, (item.polygon.astype(np.float32),), item.color)
        for index, item in enumerate(made.objects)
    )
    return Chip("synthetic", made.image, objects, frozenset(classes))
