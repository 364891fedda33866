"""Referring samples small enough for tests: squares of one class on the left and on the right."""

from __future__ import annotations

import dataclasses

import numpy as np
from tiny import tiny_config, tiny_tokenizer

from referent.core_model.data.chips import Chip, ChipObject, WrittenExpression
from referent.core_model.data.sample_source import SampleMix, SampleSource
from referent.core_model.data.samples import Sample
from referent.core_model.network import ReferringNetwork, build_network
from referent.core_model.train.bank import ReferenceBank

MIX = SampleMix(size_px=32, text_tokens=10, blackout=0.0)
TWO = (("left", "the red square on the left"), ("right", "the red square on the right"))


def two_squares(index: int, size_px: int = 32) -> Chip:
    """Two red squares of one class; each has an expression that tells it from the other."""
    rng = np.random.default_rng(index)
    image = np.full((size_px, size_px, 3), 110, np.uint8)
    objects, half, side = [], size_px // 2, size_px // 4
    for place in (0, 1):
        x, y = place * half + int(rng.integers(1, half - side)), int(rng.integers(1, size_px - side))
        image[y : y + side, x : x + side] = (200, 30, 30)
        ring = np.array([[x, y], [x + side, y], [x + side, y + side], [x, y + side]], np.float32)
        objects.append(ChipObject(place, "red square", (ring,), "red"))
    written = tuple(WrittenExpression(text, (place,)) for place, (_, text) in enumerate(TWO))
    return Chip(f"pair{index}", image, tuple(objects), frozenset({"red square", "tank"}), written)


def chips(count: int = 4) -> list[Chip]:
    return [two_squares(index) for index in range(count)]


def mixed_samples(pictures: int = 4, weak: int = 4) -> list[Sample]:
    """One sample per picture and square, left ones first; the last ``weak`` of them without their expression."""
    found = [
        Sample(f"{index}-{name}", index, (place,), "red square", text)
        for place, (name, text) in enumerate(TWO)
        for index in range(pictures)
    ]
    return found[: len(found) - weak] + [sample.weakened() for sample in found[len(found) - weak :]]


def source_of(samples: list[Sample], pictures: list[Chip] | None = None, batch_size: int = 4, **mix: object):
    return SampleSource(
        samples, pictures or chips(), tiny_tokenizer(), dataclasses.replace(MIX, **mix), batch_size=batch_size, seed=0
    )


def small_network(seed: int = 0, **changes: object) -> ReferringNetwork:
    import torch

    torch.manual_seed(seed)
    return build_network(tiny_config(tiny_tokenizer().vocab_size, **changes))


def bank_for(samples: list[Sample], prompts: int = 4, **changes: object) -> ReferenceBank:
    return ReferenceBank([sample.id for sample in samples if sample.weak], prompts, 16, **changes)
