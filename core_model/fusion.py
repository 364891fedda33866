"""The pyramid that mixes image maps (text-free) and the decoder that joins them with texts.

Both are ours. The decoder's ingredients are standard: cross- and self-attention on tokens of stride 16 (Vaswani et al.
2017) and text-made kernels on fine, text-free pixel embeddings (in the manner of conditional convolutions, Tian et al.
2020). All that is fine-grained is text-free and computed once; a further question costs some 300 tokens per tile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .config import DecoderConfig

CELL = 8
"""Side of a cell, in pixels: each cell gets one kernel from the text."""
SUB = 4
"""Sub-pixels along a cell's side: masks have stride CELL / SUB = 2."""


def _lateral(inputs: int, outputs: int, kernel: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(outputs))


def _up2(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


class FeaturePyramid(nn.Module):
    """Top-down pyramid (Lin et al. 2017) with one width per stride, and two text-free outputs beside it.

    ``outline`` marks borders between objects and keeps touching ones apart when scores become polygons. ``classes``
    scores every class from the pixel embeddings alone: what it supervises, one kernel per text can name (see
    ``FusionDecoder``), so every view teaches all classes and not only those that were asked for.
    """

    def __init__(self, channels: Sequence[int], config: DecoderConfig, class_count: int, fine: int = 0) -> None:
        super().__init__()
        c4, c8, c16, c32 = channels
        self.from32 = _lateral(c32, config.dim)
        self.from16 = _lateral(c16, config.dim)
        self.from8 = _lateral(c8, config.dim8)
        self.from4 = _lateral(c4, config.dim4)
        self.to8 = nn.Conv2d(config.dim, config.dim8, 1)
        self.to4 = nn.Conv2d(config.dim8, config.dim4, 1)
        self.mix8 = _lateral(config.dim8, config.dim8, 3)
        self.mix4 = _lateral(config.dim4, config.dim4, 3)
        self.pixel = nn.Conv2d(config.dim4, 4 * config.dim2, 1)
        if fine:
            # Borders of a car are lost at stride 4. Zero at the start: a detail is added to what is known already.
            self.fine = nn.Conv2d(fine, config.dim2, 3, padding=1)
            for value in self.fine.parameters():
                nn.init.zeros_(value)
        self.outline = nn.Conv2d(config.dim4, 4, 1)
        self.classes = nn.Linear(config.dim2, class_count)

    def forward(self, maps: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return the text-free features of B tiles.

        Args:
            maps: four maps at strides 4, 8, 16 and 32, then one at stride 2 if the pyramid was made for it.

        Returns:
            ``p16`` (B, h16, w16, dim) and ``p8`` (B, h8, w8, dim8) embeddings, ``p2`` (B, h8, w8, SUB * SUB, dim2)
            pixel embeddings by cell, and ``outline`` (B, h2, w2) logits.
        """
        x4, x8, x16, x32, *fine = maps
        p16 = F.relu(self.from16(x16) + _up2(self.from32(x32)))
        p8 = F.relu(self.mix8(F.relu(self.from8(x8) + _up2(self.to8(p16)))))
        p4 = F.relu(self.mix4(F.relu(self.from4(x4) + _up2(self.to4(p8)))))
        half = F.pixel_shuffle(self.pixel(p4), 2)
        p2 = F.pixel_unshuffle(half + self.fine(*fine) if fine else half, SUB)
        batch, _, height, width = p2.shape
        return {
            "p16": p16.permute(0, 2, 3, 1).contiguous(),
            "p8": p8.permute(0, 2, 3, 1).contiguous(),
            "p2": p2.reshape(batch, -1, SUB * SUB, height, width).permute(0, 3, 4, 2, 1).contiguous(),
            "outline": F.pixel_shuffle(self.outline(p4), 2)[:, 0],
        }

    def classify(self, features: dict[str, Tensor]) -> Tensor:
        """Return dense class logits at stride 4, (B, C, h4, w4)."""
        # The mean of a linear map is the map of the mean: four times fewer products.
        p2 = features["p2"]
        sub = p2.view(*p2.shape[:3], 2, 2, 2, 2, p2.shape[-1])
        quarters = (
            sub[:, :, :, :, 0, :, 0] + sub[:, :, :, :, 0, :, 1] + sub[:, :, :, :, 1, :, 0] + sub[:, :, :, :, 1, :, 1]
        ) * 0.25
        logits: Tensor = self.classes(quarters)
        return logits.permute(0, 5, 1, 3, 2, 4).flatten(4, 5).flatten(2, 3)


class FusionLayer(nn.Module):
    """Cross-attention to the text, attention to the whole tile at half resolution, feed-forward; each normalised first.

    The sentence scales and shifts what enters the feed-forward part (Perez et al. 2018, "FiLM").

    Keys and values of the self-attention are averaged over 2 x 2 tokens (spatial reduction, Wang et al. 2021, "Pyramid
    Vision Transformer"): a third of the time on a CPU, and a token still sees all of the tile.
    """

    def __init__(self, dim: int, heads: int, ffn: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_cross, self.norm_self, self.norm_ffn = (nn.LayerNorm(dim) for _ in range(3))
        self.cross_q, self.cross_kv, self.cross_out = nn.Linear(dim, dim), nn.Linear(dim, 2 * dim), nn.Linear(dim, dim)
        self.self_q, self.self_kv, self.self_out = nn.Linear(dim, dim), nn.Linear(dim, 2 * dim), nn.Linear(dim, dim)
        self.steer = nn.Linear(dim, 2 * dim)
        self.ffn = nn.Sequential(nn.Linear(dim, ffn), nn.GELU(), nn.Linear(ffn, dim))

    def forward(self, x: Tensor, size_hw: tuple[int, int], text: Tensor, text_mask: Tensor, sentence: Tensor) -> Tensor:
        """Return image tokens that have read the text.

        Args:
            x: (N, 1 + h * w, D): a summary token, then the image tokens row by row.
            size_hw: (h, w), both even.
            text: (N, L, D) text tokens.
            text_mask: (N, L) bool, True on tokens that may be read.
            sentence: (N, D) mean of the text tokens.
        """
        y = self.norm_cross(x)
        if _is_plain_inference(x) and self.heads * text.shape[1] < x.shape[2]:
            x = x + self._read(y, text, text_mask)
        else:
            x = x + self._attend(self.cross_q(y), self.cross_kv(text), self.cross_out, text_mask[:, None, None, :])
        y = self.norm_self(x)
        height, width = size_hw
        cells = y[:, 1:].unflatten(1, (height // 2, 2, width // 2, 2))
        # A sum of four, as a mean over two axes takes twenty times as long on a CPU.
        pooled = (cells[:, :, 0, :, 0] + cells[:, :, 0, :, 1] + cells[:, :, 1, :, 0] + cells[:, :, 1, :, 1]) * 0.25
        pooled = pooled.flatten(1, 2)
        x = x + self._attend(self.self_q(y), self.self_kv(torch.cat([y[:, :1], pooled], 1)), self.self_out, None)
        scale, shift = self.steer(sentence)[:, None].chunk(2, -1)
        fed: Tensor = x + self.ffn(self.norm_ffn(x) * (1 + scale) + shift)
        return fed

    def _read(self, x: Tensor, text: Tensor, text_mask: Tensor) -> Tensor:
        """Return the cross-attention of ``_attend`` with the maps of queries and outputs folded into the few words.

        The same products in another order: an image token then meets ``heads * L`` words instead of D x D weights.

        Args:
            x: (N, T, D) normalised image tokens.
            text: (N, L, D) text tokens.
            text_mask: (N, L) bool, True on tokens that may be read.
        """
        count, length, dim = x.shape
        heads, size = self.heads, dim // self.heads
        k, v = self.cross_kv(text).view(count, -1, 2, heads, size).unbind(2)
        k = k * size**-0.5
        words = torch.einsum("nlhd,hde->nehl", k, self.cross_q.weight.view(heads, size, dim)).flatten(2)
        bias = torch.einsum("nlhd,hd->nhl", k, self.cross_q.bias.view(heads, size)).reshape(count, 1, -1)
        weights = torch.baddbmm(bias, x, words).view(count, length, heads, -1)
        weights = weights.masked_fill(~text_mask[:, None, None, :], -1e4).softmax(-1).flatten(2)
        values = torch.einsum("nlhd,ehd->nhle", v, self.cross_out.weight.view(dim, heads, size)).flatten(1, 2)
        return torch.baddbmm(self.cross_out.bias.expand(count, 1, dim), weights, values)

    def _attend(self, query: Tensor, key_value: Tensor, out: nn.Module, mask: Tensor | None) -> Tensor:
        count, length, dim = query.shape
        q = query.view(count, length, self.heads, -1).transpose(1, 2)
        k, v = key_value.view(count, -1, 2, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        if query.device.type == "cpu":
            # Two plain products: on CPUs forward and backward take a fifth of the fused kernel's time in bfloat16.
            weights = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
            read = (weights if mask is None else weights.masked_fill(~mask, -1e4)).softmax(-1).to(v.dtype) @ v
        else:
            read = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        attended: Tensor = out(read.transpose(1, 2).flatten(2))
        return attended


@dataclass(frozen=True)
class Decoded:
    """What the decoder says of K expressions on each of B tiles."""

    mask: Tensor
    """(B, K, H/2, W/2) mask logits."""
    presence: Tensor
    """(B, K) logits: is there a referent in the tile at all?"""
    coarse: tuple[Tensor, ...]
    """One (B, K, H/16, W/16) map of logits per fusion layer, for supervision; none where no gradient is wanted."""


class FusionDecoder(nn.Module):
    """Joins text-free features of tiles with the tokens of expressions."""

    def __init__(self, config: DecoderConfig, text_dim: int) -> None:
        super().__init__()
        dim, dim8, dim2 = config.dim, config.dim8, config.dim2
        self.text_in = nn.Linear(text_dim, dim)
        self.text_norm = nn.LayerNorm(dim)
        # Sentences of a text encoder that starts from nothing are nearly alike; what they share says nothing.
        self.sentence_norm = nn.BatchNorm1d(dim)
        self.where, self.place = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.summary = nn.Parameter(torch.zeros(dim))
        self.layers = nn.ModuleList(FusionLayer(dim, config.heads, config.ffn) for _ in range(config.layers))
        self.norm = nn.LayerNorm(dim)
        self.coarse = nn.Linear(dim, 1)
        self.presence = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, 1))
        self.text_scale = nn.Linear(dim, dim8)
        self.steer = nn.Linear(dim, 4 * dim8)
        self.norm8 = nn.LayerNorm(dim8)
        self.mix8 = nn.Sequential(nn.Linear(dim8, dim8), nn.GELU())
        self.kernel = nn.Linear(dim8, dim2 + 1)
        self.named = nn.Linear(dim, dim2 + 1)
        self.looked = nn.Linear(dim, dim)
        for late in (self.place, self.named, self.looked):
            nn.init.zeros_(late.weight)
            nn.init.zeros_(late.bias)

    def read(self, text: Tensor, text_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return words (..., L, dim) and their mean, normalised over the batch (..., dim).

        Args:
            text: (..., L, text_dim) hidden states of the text encoder.
            text_mask: (..., L) bool, True on tokens that may be read.
        """
        words = self.text_norm(self.text_in(text))
        weights = text_mask.to(words.dtype)[..., None]
        mean = (words * weights).sum(-2) / weights.sum(-2).clamp(min=1)
        return words, self.sentence_norm(mean.flatten(0, -2).float()).view_as(mean)

    def forward(self, features: dict[str, Tensor], text: Tensor, text_mask: Tensor) -> Decoded:
        """Return scores of K expressions on each of B tiles.

        Args:
            features: of B tiles, from the pyramid.
            text: (B, K, L, text_dim) hidden states of the text encoder.
            text_mask: (B, K, L) bool, True on tokens that may be read.
        """
        p16, p8, p2 = features["p16"], features["p8"], features["p2"]
        batch, height, width, dim = p16.shape
        count = text.shape[1]
        # One text for all tiles, as when a person asks, is read once.
        texts = 1 if text.stride(0) == 0 and not torch.is_grad_enabled() else batch
        words, sentence = self.read(text[:texts], text_mask[:texts])
        places = position_code(height, width, dim, p16.device).to(p16.dtype)
        image = (p16.flatten(1, 2) + places)[:, None] + self.place(places * self.where(sentence)[:, :, None])
        words, sentence = words.expand(batch, -1, -1, -1), sentence.expand(batch, -1, -1)
        start = (self.summary + sentence)[:, :, None].to(image.dtype)
        x = torch.cat([start, image], dim=2).flatten(0, 1)
        coarse = []
        for layer in self.layers:
            x = layer(x, (height, width), words.flatten(0, 1), text_mask.flatten(0, 1), sentence.flatten(0, 1))
            if torch.is_grad_enabled():
                coarse.append(self.coarse(self.norm(x[:, 1:])).view(batch, count, height, width))
        x = self.norm(x).view(batch, count, height * width + 1, dim)

        summary, tokens = x[:, :, 0], x[:, :, 1:]
        steer = self.steer(tokens).view(batch, count, height, width, 2, 2, -1)
        steer = steer.transpose(4, 5).transpose(3, 4).reshape(batch, count, 2 * height, 2 * width, -1)
        cells = p8[:, None] * (1 + self.text_scale(summary)[:, :, None, None]) + steer
        kernel = self.kernel(self.mix8(self.norm8(cells))) + self.named(sentence)[:, :, None, None]
        kernel = kernel.to(p2.dtype)
        # (B, h8, w8, SUB * SUB, dim2) @ (B, h8, w8, dim2, K): one small product per cell.
        fine = p2 @ kernel[..., :-1].permute(0, 2, 3, 4, 1) + kernel[..., -1].permute(0, 2, 3, 1)[:, :, :, None]
        fine = fine.view(batch, 2 * height, 2 * width, SUB, SUB, count).permute(0, 5, 1, 3, 2, 4)
        mask = fine.reshape(batch, count, 2 * height * SUB, 2 * width * SUB)
        # Whether a referent is there is judged where the text points to: "the yellow airplane" beside a white one.
        choice = self.coarse(tokens)[..., 0].float().softmax(-1).to(tokens.dtype)
        pointed = (choice[..., None, :] @ tokens)[..., 0, :]
        return Decoded(mask, self.presence(summary + self.looked(pointed))[..., 0], tuple(coarse))


def _is_plain_inference(x: Tensor) -> bool:
    return x.device.type == "cpu" and not torch.is_grad_enabled()


def position_code(height: int, width: int, dim: int, device: torch.device) -> Tensor:
    """Return a code of where each token lies in the tile, as sines and cosines of its relative place.

    Returns:
        (height * width, dim) float32; places run from 0 to 1, so that "upper left" means the same at any size.
    """
    quarter = dim // 4
    frequency = torch.pi * 2.0 ** torch.linspace(0, 5, quarter, device=device)
    rows = ((torch.arange(height, device=device) + 0.5) / height)[:, None] * frequency
    cols = ((torch.arange(width, device=device) + 0.5) / width)[:, None] * frequency
    row_code = torch.cat([rows.sin(), rows.cos()], -1)[:, None].expand(height, width, -1)
    col_code = torch.cat([cols.sin(), cols.cos()], -1)[None].expand(height, width, -1)
    return torch.cat([row_code, col_code], -1).reshape(height * width, dim)
