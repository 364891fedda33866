"""A rival for ``benchmarks/rivals.py``: a network that mixes the text into its image backbone, as published ones do.

Of the size of the network that LRB-WREL trains (arXiv 2510.22760, on RMSIN and LAVT): Swin-B with window 12 on
480 x 480 pixels and BERT-base, text fused into every stage by attention of pixels over words and a gate, weights at
random. What that network adds around this (cross-scale interaction, spatial branch, rotated convolutions, a decoder
twice as wide) is left out, so that this one is the faster. Written from the facts, out of parts of ``transformers``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F
from transformers import BertConfig, BertModel, SwinConfig, SwinModel

from referent.core_model.segmenter import Features, ModelSpec, Segmentation

SIDE_PX = 480
MAX_TOKENS = 20
MASK_OFFSET = -1e4
"""Added to the scores: what random weights answer is noise, and nobody shall pay for turning noise into polygons."""


class PixelWordAttention(nn.Module):
    """Let every pixel of a stage gather what it needs of the words."""

    def __init__(self, dim: int, text_dim: int) -> None:
        """Make the projections of a stage with ``dim`` channels."""
        super().__init__()
        self.visual = nn.Sequential(nn.Linear(dim, dim), nn.GELU())
        self.query = nn.Linear(dim, dim)
        self.key, self.value = nn.Linear(text_dim, dim), nn.Linear(text_dim, dim)
        self.out, self.mix = nn.Linear(dim, dim), nn.Sequential(nn.Linear(dim, dim), nn.GELU())

    def forward(self, pixels: torch.Tensor, words: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return (B, N, D) for pixels (B, N, D), words (B, L, T) and mask (B, L) bool."""
        query = _instance_norm(self.query(pixels))
        found = F.scaled_dot_product_attention(query, self.key(words), self.value(words), mask[:, None, :])
        return self.mix(self.visual(pixels) * _instance_norm(self.out(found)))


class EarlyFusionNetwork(nn.Module):
    """Swin-B and BERT-base, fused in the backbone, and a light top-down decoder."""

    def __init__(self, width: int = 256) -> None:
        """Build it with random weights; ``width`` is the decoder's."""
        super().__init__()
        self.swin = SwinModel(
            SwinConfig(
                image_size=SIDE_PX, embed_dim=128, depths=[2, 2, 18, 2], num_heads=[4, 8, 16, 32], window_size=12
            ),
            add_pooling_layer=False,
        )
        self.bert = BertModel(BertConfig(), add_pooling_layer=False)
        dims = [128, 256, 512, 1024]
        self.fusions = nn.ModuleList(PixelWordAttention(dim, 768) for dim in dims)
        self.norms = nn.ModuleList(nn.LayerNorm(dim) for dim in dims)
        self.gates = nn.ModuleList(
            nn.Sequential(nn.Linear(dim, dim, bias=False), nn.ReLU(), nn.Linear(dim, dim, bias=False), nn.Tanh())
            for dim in dims[:-1]
        )
        self.steps = nn.ModuleList(
            nn.Sequential(nn.Conv2d(below + dim, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
            for below, dim in ((1024, 512), (width, 256), (width, 128))
        )
        self.head = nn.Conv2d(width, 1, 1)

    def encode_text(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return (B, L, 768) for token ids and mask, both (B, L)."""
        return self.bert(input_ids=ids, attention_mask=mask).last_hidden_state

    def forward(self, pixels: torch.Tensor, words: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return (B, H, W) logits for pixels (B, 3, H, W), words (B, L, 768) and mask (B, L) bool."""
        hidden, (height, width) = self.swin.embeddings(pixels)
        maps = []
        for index, stage in enumerate(self.swin.encoder.layers):
            for block in stage.blocks:
                hidden = block(hidden, (height, width))[0]
            mixed = self.fusions[index](hidden, words, mask)
            maps.append(self.norms[index](mixed).transpose(1, 2).unflatten(2, (height, width)))
            if stage.downsample is not None:
                hidden = stage.downsample(hidden + self.gates[index](mixed) * mixed, (height, width))
                height, width = (height + 1) // 2, (width + 1) // 2
        top = maps[-1]
        for lateral, step in zip(maps[-2::-1], self.steps, strict=True):
            top = F.interpolate(top, size=lateral.shape[-2:], mode="bilinear", align_corners=False)
            top = step(torch.cat((top, lateral), 1))
        return F.interpolate(self.head(top), size=pixels.shape[-2:], mode="bilinear", align_corners=False)[:, 0]


class EarlyFusionSegmenter:
    """The network behind the two calls of ``Segmenter``: pixels are all the features that do not depend on the text."""

    def __init__(self, gsd_m: float) -> None:
        """Build it; windows of a scene of ``gsd_m`` metres per pixel do not overlap."""
        self.network = EarlyFusionNetwork().eval().requires_grad_(False)
        self.spec = ModelSpec("early-fusion", "random-early", gsd_m, SIDE_PX, SIDE_PX, (), MAX_TOKENS - 2)

    def encode_image(self, tiles: NDArray[np.uint8]) -> Features:
        """Return the pixels, see ``Segmenter.encode_image``."""
        return Features({"pixels": torch.from_numpy(np.ascontiguousarray(tiles))})

    def segment(self, features: Features, expressions: Sequence[str], within=None) -> Segmentation:
        """Run the whole network once per expression, see ``Segmenter.segment``."""
        with torch.inference_mode():
            pixels = normalised(features.maps["pixels"])
            answers = []
            for text in expressions:
                ids, mask = word_ids(text, MAX_TOKENS)
                words = self.network.encode_text(ids, mask).expand(len(pixels), -1, -1)
                answers.append(self.network(pixels, words, mask.bool().expand(len(pixels), -1)))
            return Segmentation((torch.stack(answers, 1) + MASK_OFFSET).numpy(), None)


def normalised(pixels: torch.Tensor) -> torch.Tensor:
    """Return (B, 3, H, W) uint8 pixels as float32 with the mean and deviation of ImageNet taken out."""
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    return (pixels / 255 - mean) / deviation


def word_ids(text: str, length: int | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ids and mask, both (1, L), as BERT's tokenizer lays them out: one made-up id per word or stop.

    Args:
        text: words, and stops between phrases.
        length: what to fill up or cut to; None: as long as the text.
    """
    words = text.lower().replace(".", " . ").split()
    ids = [101, *(1012 if word == "." else 2000 + sum(word.encode()) % 20_000 for word in words), 102]
    length = length or len(ids)
    kept = ids[:length]
    padded = kept + [0] * (length - len(kept))
    return torch.tensor([padded]), torch.tensor([[1] * len(kept) + [0] * (length - len(kept))])


def _instance_norm(pixels: torch.Tensor) -> torch.Tensor:
    """Return (B, N, D) with every channel of every picture at mean 0 and deviation 1."""
    return F.instance_norm(pixels.transpose(1, 2)).transpose(1, 2)
