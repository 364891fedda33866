"""A network small enough that every test of it takes well under a second."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch

from referent.core_model.checkpoint import save_checkpoint
from referent.core_model.config import DecoderConfig, ImageEncoderConfig, ModelConfig, TextEncoderConfig
from referent.core_model.data.chips import Chip, ChipObject, WrittenExpression
from referent.core_model.network import ReferringNetwork, build_network
from referent.core_model.tokenizer import ExpressionTokenizer, train_tokenizer

TEXTS = ["the red square on the left", "the blue square on the right", "red square", "blue square", "a tank"] * 4


@functools.cache  # training a vocabulary breaks ties at random
def tiny_tokenizer(max_tokens: int = 16) -> ExpressionTokenizer:
    return train_tokenizer(TEXTS, 120, max_tokens)


def tiny_config(vocab_size: int = 120, **changes: object) -> ModelConfig:
    values: dict[str, object] = {
        "name": "tiny",
        "window_px": 64,
        "stride_px": 48,
        "classes": ("red square", "blue square"),
        "image_encoder": ImageEncoderConfig(stem=8, widths=(8, 12, 16, 20), depths=(1, 1, 1, 1)),
        "text_encoder": TextEncoderConfig(
            vocab_size=vocab_size, dim=16, layers=1, heads=2, ffn=16, dropout=0.0, max_tokens=16
        ),
        "decoder": DecoderConfig(dim=16, dim8=12, dim4=8, dim2=8, layers=2, heads=2, ffn=16),
    }
    return ModelConfig(**{**values, **changes})


def tiny_network(seed: int = 0) -> tuple[ReferringNetwork, ExpressionTokenizer, ModelConfig]:
    tokenizer = tiny_tokenizer()
    config = tiny_config(tokenizer.vocab_size)
    torch.manual_seed(seed)
    return build_network(config).eval(), tokenizer, config


def write_tiny_checkpoint(folder: Path, seed: int = 0) -> Path:
    network, tokenizer, config = tiny_network(seed)
    save_checkpoint(folder, network, tokenizer, config, "# tiny\n")
    return folder


def square_chip(index: int, size_px: int = 64) -> Chip:
    """A grey chip with a red square on one side and a blue one on the other."""
    rng = np.random.default_rng(index)
    image = np.full((size_px, size_px, 3), 120, np.uint8)
    image += rng.integers(0, 12, image.shape, dtype=np.uint8)
    half = size_px // 2
    objects = []
    colours = [((200, 30, 30), "red square", "red"), ((30, 30, 200), "blue square", "blue")]
    if index % 2:
        colours.reverse()
    for side, (rgb, name, colour) in enumerate(colours):
        x, y = int(rng.integers(4, half - 20)) + side * half, int(rng.integers(4, size_px - 20))
        image[y : y + 16, x : x + 16] = rgb
        ring = np.array([[x, y], [x + 16, y], [x + 16, y + 16], [x, y + 16]], np.float32)
        objects.append(ChipObject(10 * index + side, name, (ring,), colour))
    expressions = (
        WrittenExpression(f"the {objects[0].color} square on the left", (objects[0].id,), "position"),
        WrittenExpression(f"the {objects[1].color} square on the right", (objects[1].id,), "position"),
        WrittenExpression("a tank", (), "absent"),
    )
    complete = frozenset({"red square", "blue square", "tank"})
    return Chip(
        f"squares{index}", image, tuple(objects), complete, expressions, scene="squares", labels=frozenset({"squares"})
    )
