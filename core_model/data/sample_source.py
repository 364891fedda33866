"""Batches of referring samples: every sample once per epoch, the same for the same seed and step."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ..errors import TrainingError
from ..tokenizer import ExpressionTokenizer, Tokens
from .augment import identity_view, jitter_colour
from .chips import Chip
from .items import Item, absent_items, class_items, foreign_expressions, look
from .samples import Sample, target_mask

_SQUARE_PX, _SQUARES = 32, (20, 60)


@dataclass(frozen=True)
class SampleBatch:
    """B pictures with K questions each; question 0 is a sample, the others are product kinds (class, absent)."""

    images: Tensor
    """(B, 3, S, S) uint8; (B, 0) where features are given."""
    features: dict[str, Tensor]
    """Text-free features of the pictures, where they were computed beforehand; else empty."""
    tokens: Tokens
    """Of B * K texts, all of one length."""
    masks: Tensor
    """(B, K, h, w) uint8 in [0, 255]: the share of a cell that is covered."""
    ids: tuple[str, ...]
    """B * K ids of the samples; empty text for questions that are no samples."""
    weak: Tensor
    """(B * K,) bool, True where the text is a class name that stands in for an expression."""


@dataclass(frozen=True)
class SampleMix:
    """How samples become batches."""

    size_px: int = 256
    """Side to which pictures are scaled (their shape is ignored, as in the paper)."""
    stride: int = 2
    """Side of a cell of the masks, in pixels; the network's own is 2."""
    text_tokens: int = 20
    """Length of every token sequence; what a text leaves free is room for the bank's prompts."""
    blackout: float = 0.2
    """Share of the pictures that are read with 20 to 60 black squares of 32 px: always the same ones."""
    jitter: bool = False
    """Change the light a little (ours). Pictures are never mirrored: a bank row may know where its object lies."""
    class_questions: int = 0
    """Further questions per picture for all instances of a class (ours)."""
    absent_questions: int = 0
    """Further questions per picture for something that is not there (ours)."""


class SampleSource:
    """Makes the batch of a step; an epoch is a shuffle of all samples, and its incomplete last batch is dropped."""

    def __init__(
        self,
        samples: Sequence[Sample],
        chips: Sequence[Chip],
        tokenizer: ExpressionTokenizer,
        mix: SampleMix,
        *,
        batch_size: int,
        seed: int,
        features: dict[str, Tensor] | None = None,
    ) -> None:
        if not samples:
            raise TrainingError("There are no samples to train on; check the split and the ratio.")
        self.samples, self.chips, self.tokenizer, self.mix = list(samples), chips, tokenizer, mix
        self.batch_size, self.seed, self.features = min(batch_size, len(samples)), seed, features
        self.tokens = tokenizer.fixed([sample.text for sample in self.samples], mix.text_tokens)
        self.weak = np.array([sample.weak for sample in self.samples])
        self.blacked = blacked_out(len(chips), mix.blackout, seed)
        self.foreign = foreign_expressions(chips) if mix.absent_questions else []
        self._masks: dict[int, NDArray[np.uint8]] = {}

    @property
    def epoch_steps(self) -> int:
        """Batches per epoch."""
        return len(self.samples) // self.batch_size

    def rows(self, step: int) -> NDArray[np.int64]:
        """Return which samples make up the batch of a step, (batch_size,) int64."""
        epoch, place = divmod(step, self.epoch_steps)
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.samples))
        return order[place * self.batch_size : (place + 1) * self.batch_size]

    def has_weak(self, step: int) -> bool:
        """Tell whether the batch of a step holds a weak sample, without making it."""
        return bool(self.weak[self.rows(step)].any())

    def batch(self, step: int, part: int = 0, parts: int = 1) -> SampleBatch:
        """Return the batch of a step, or one of its equal parts where several processes share it.

        Raises:
            TrainingError: the batch cannot be parted equally.
        """
        rows = self.rows(step)
        if len(rows) % parts:
            raise TrainingError(
                f"A batch of {len(rows)} samples cannot be shared equally by {parts} processes; change the batch size."
            )
        share = len(rows) // parts
        return self.make(rows[part * share : (part + 1) * share], step)

    def make(self, rows: NDArray[np.int64], step: int) -> SampleBatch:
        """Return the batch of chosen samples.

        Args:
            rows: which samples, (B,) int64.
            step: decides on colours and further questions.
        """
        views = [self._view(int(row), np.random.default_rng([self.seed, step, int(row)])) for row in rows]
        extra = [items for _, _, items in views]
        count = 1 + max(len(items) for items in extra)
        length = self.mix.text_tokens
        ids, mask = self.tokens.ids[rows][:, None], self.tokens.mask[rows][:, None]
        if count > 1:
            asked = self.tokenizer.fixed([item.text for items in extra for item in items], length)
            ids = torch.cat([ids, asked.ids.view(len(rows), count - 1, length)], 1)
            mask = torch.cat([mask, asked.mask.view(len(rows), count - 1, length)], 1)
        weak = np.zeros((len(rows), count), bool)
        weak[:, 0] = self.weak[rows]
        chips = torch.tensor([self.samples[row].chip for row in rows])
        return SampleBatch(
            images=_stack_images([image for image, _, _ in views]),
            features={name: value[chips].float() for name, value in (self.features or {}).items()},
            tokens=Tokens(ids.flatten(0, 1), mask.flatten(0, 1)),
            masks=torch.from_numpy(np.stack([masks for _, masks, _ in views])),
            ids=tuple(name for row in rows for name in (self.samples[row].id, *[""] * (count - 1))),
            weak=torch.from_numpy(weak.ravel()),
        )

    def _view(
        self, row: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8] | None, NDArray[np.uint8], list[Item]]:
        sample, mix = self.samples[row], self.mix
        if self.features is not None and row in self._masks:
            return None, self._masks[row], []
        chip = self.chips[sample.chip]
        items = self._further(sample, chip, rng)
        asked = [sample.object_ids, *(item.object_ids for item in items)]
        masks = np.stack([target_mask(chip, ids, mix.size_px, mix.stride) for ids in asked])
        if self.features is not None:
            if not items:
                self._masks[row] = masks
            return None, masks, items
        image = chip.image
        if self.blacked[sample.chip]:
            image = black_out(image, rng)
        if image.shape[:2] != (mix.size_px, mix.size_px):
            scaled = Image.fromarray(image).resize((mix.size_px, mix.size_px), Image.Resampling.BILINEAR)
            image = np.asarray(scaled)
        return jitter_colour(rng, image, keep_hue=True) if mix.jitter else image, masks, items

    def _further(self, sample: Sample, chip: Chip, rng: np.random.Generator) -> list[Item]:
        """Return the further questions of a picture; where it has too few of a kind, the sample's class fills in."""
        wanted_class, wanted_absent = self.mix.class_questions, self.mix.absent_questions
        if not wanted_class + wanted_absent:
            return []
        coin = random.Random(int(rng.integers(2**32)))  # nosec B311 - training data, no secret
        viewed = look(chip, identity_view(chip.image.shape[0], self.mix.size_px), self.mix.size_px)
        named = class_items(viewed, coin, wanted_class)
        nowhere = absent_items(viewed, self.foreign, coin, wanted_absent)
        everything = tuple(item.id for item in chip.objects if item.class_name == sample.class_name)
        spare = Item(sample.class_name, everything or sample.object_ids, "class")
        found = named + nowhere
        return found + [spare] * (wanted_class + wanted_absent - len(found))


def blacked_out(count: int, share: float, seed: int) -> NDArray[np.bool_]:
    """Return which pictures are always read with black squares: ``int(share * count)`` of them, (count,) bool."""
    chosen = np.zeros(count, bool)
    chosen[np.random.default_rng([seed, 32]).permutation(count)[: int(share * count)]] = True
    return chosen


def black_out(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a copy with 20 to 60 black squares of 32 px at its own resolution.

    Args:
        image: (H, W, 3) uint8.
        rng: source of places and number.
    """
    made = image.copy()
    height, width = image.shape[:2]
    for _ in range(int(rng.integers(_SQUARES[0], _SQUARES[1] + 1))):
        y, x = int(rng.integers(max(1, height - _SQUARE_PX + 1))), int(rng.integers(max(1, width - _SQUARE_PX + 1)))
        made[y : y + _SQUARE_PX, x : x + _SQUARE_PX] = 0
    return made


def _stack_images(images: list[NDArray[np.uint8] | None]) -> Tensor:
    pictures = [image for image in images if image is not None]
    if not pictures:
        return torch.zeros(len(images), 0, dtype=torch.uint8)
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
