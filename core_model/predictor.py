"""The ``Segmenter`` of our own network: numpy in, numpy out, on any device."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from .compiled import CompiledCall
from .config import ModelConfig
from .decision import Decision, decisions_of, fold_presence
from .device import Compute
from .named_classes import named_classes
from .network import ReferringNetwork
from .segmenter import Features, ModelSpec, Segmentation
from .tokenizer import ExpressionTokenizer

_KEPT = ("p16", "p8", "p2", "outline")
_PEAKS = "class_peaks"
"""Beside them: (B, C) the highest dense logit of every class in a tile."""
# Features are kept in two bytes, from the first use on: what a cache gives back is what was used, to the bit.
_STORED = {torch.float32: torch.float16, torch.bfloat16: torch.bfloat16}
# Pairs of (tile, expression) decoded at once: bounds the memory whatever the number of expressions.
_PAIRS = 64
CLOSED = -6.0
"""Logit of every pixel of a tile that needs not be read."""


class NetworkSegmenter:
    """Runs a ``ReferringNetwork`` as a ``Segmenter``."""

    def __init__(
        self,
        network: ReferringNetwork,
        tokenizer: ExpressionTokenizer,
        config: ModelConfig,
        compute: Compute,
        weights_hash: str = "",
        *,
        compiled: bool = False,
    ) -> None:
        self.network = network.eval().requires_grad_(False).to(compute.device)
        self.tokenizer = tokenizer
        self.compute = compute
        self.calibration = config.calibration
        self._read: tuple[tuple[str, ...], torch.Tensor, torch.Tensor] | None = None
        self._encode: Callable[[torch.Tensor], dict[str, torch.Tensor]] = (
            CompiledCall(self.network.encode_image) if compiled else self.network.encode_image
        )
        self._spec = ModelSpec(
            name=config.name,
            weights_hash=weights_hash,
            gsd_m=config.gsd_m,
            window_px=config.window_px,
            stride_px=config.stride_px,
            classes=config.classes,
            max_words=tokenizer.max_words,
            precision=("fp32" if compute.dtype == torch.float32 else "bf16") + (" compiled" if compiled else ""),
        )

    @property
    def spec(self) -> ModelSpec:
        """The model's needs and name."""
        return self._spec

    def move_to_cpu(self) -> bool:
        """Go on computing on the CPU, in full precision; False where it computes there already."""
        if self.compute.device.type == "cpu":
            return False
        self.compute = Compute(torch.device("cpu"), torch.float32)
        self.network.to(self.compute.device)
        self._read = None
        return True

    def encode_image(self, tiles: NDArray[np.uint8]) -> Features:
        """Return the text-free features of tiles, see ``Segmenter.encode_image``."""
        pixels = torch.from_numpy(np.ascontiguousarray(tiles))
        if self.compute.device.type == "cuda":
            # One byte per value travels, from memory that the device reads by itself; it becomes numbers over there.
            pixels = pixels.pin_memory()
        pixels = pixels.to(self.compute.device, non_blocking=True)
        with torch.inference_mode(), self.compute.autocast():
            features = self._encode(pixels)
            peaks = self.network.pyramid.classify(features).amax((-2, -1))
            maps = {name: features[name] for name in _KEPT} | {_PEAKS: peaks}
            return Features({name: value.to(_STORED[self.compute.dtype]) for name, value in maps.items()})

    def segment(
        self, features: Features, expressions: Sequence[str], within: NDArray[np.bool_] | None = None
    ) -> Segmentation:
        """Return scores of every expression on every tile, see ``Segmenter.segment``.

        Raises:
            ExpressionError: an expression is empty or too long.
        """
        size = self._spec.window_px
        logits = np.full((len(features), len(expressions), size, size), CLOSED, np.float32)
        is_open = self._may_hold(features, expressions)
        decisions = decisions_of(expressions, self._spec.classes, self.calibration)
        is_limited = any(item.is_one for item in decisions)
        places = self._at_stride(within) if is_limited and within is not None else None
        with torch.inference_mode(), self.compute.autocast():
            text, mask = self._read_texts(tuple(expressions))
            # Expressions that are asked of the same tiles are asked together.
            for column in range(len(expressions)):
                alike = [k for k in range(len(expressions)) if torch.equal(is_open[:, k], is_open[:, column])]
                if alike[0] != column:
                    continue
                tiles = is_open[:, column].nonzero()[:, 0]
                if not len(tiles):
                    continue
                asked = [decisions[k] for k in alike]
                for chosen in torch.split(tiles, max(1, _PAIRS // len(alike))):
                    answers = self._decode(features, chosen, text[alike], mask[alike], asked, places)
                    logits[chosen.numpy()[:, None], alike] = answers
            drawn = features.maps["outline"][:, None].to(self.compute.device).float()
            outlines = F.interpolate(drawn, size=(size, size), mode="bilinear", align_corners=False)
        return Segmentation(logits, outlines[:, 0].cpu().numpy())

    def _at_stride(self, within: NDArray[np.bool_]) -> torch.Tensor:
        """Return (B, H, W) pixels as cells of the mask: a cell that holds one of them counts."""
        cells = F.max_pool2d(torch.from_numpy(within.astype(np.float32))[:, None], 2)
        return cells[:, 0].bool().to(self.compute.device)

    def _read_texts(self, expressions: tuple[str, ...]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return hidden states (E, L, D) and mask (E, L); the last ones are kept, as a scene asks batch by batch."""
        if self._read is None or self._read[0] != expressions:
            tokens = self.tokenizer(expressions)
            mask = tokens.mask.to(self.compute.device)
            self._read = (expressions, self.network.encode_text(tokens.ids.to(self.compute.device), mask), mask)
        return self._read[1:]

    def _may_hold(self, features: Features, expressions: Sequence[str]) -> torch.Tensor:
        """Return (B, E) bool: whether a tile shows anything of the classes that an expression names."""
        may = torch.ones(len(features), len(expressions), dtype=torch.bool)
        gate = self.calibration.class_gate
        if _PEAKS in features.maps:
            for column, text in enumerate(expressions):
                rows = named_classes(text, self._spec.classes)
                if rows:
                    may[:, column] = (features.maps[_PEAKS][:, list(rows)] > gate).any(1).cpu()
        return may

    def _decode(
        self,
        features: Features,
        chosen: torch.Tensor,
        text: torch.Tensor,
        mask: torch.Tensor,
        decisions: Sequence[Decision],
        places: torch.Tensor | None,
    ) -> NDArray[np.float32]:
        """Return (B, K, S, S) logits of K expressions on the chosen tiles."""
        place, kind = self.compute.device, self.compute.dtype
        decoded = self.network.decode(
            {name: features.rows(name, chosen).to(place, kind) for name in _KEPT},
            text[None].expand(len(chosen), -1, -1, -1),
            mask[None].expand(len(chosen), -1, -1),
        )
        where = None if places is None else places[chosen]
        logits = fold_presence(decoded.mask.float(), decoded.presence.float(), decisions, where)
        size = self._spec.window_px
        drawn = F.interpolate(logits, size=(size, size), mode="bilinear", align_corners=False)
        return drawn.cpu().numpy()
