"""The ``Segmenter`` of our own network: numpy in, numpy out, on any device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from .config import Calibration, ModelConfig
from .device import Compute
from .network import ReferringNetwork
from .segmenter import Features, ModelSpec, Segmentation
from .tokenizer import ExpressionTokenizer

# Features that the decoder reads; the rest only supervises.
_KEPT = ("p16", "p8", "p2", "outline")
# Features are kept in two bytes, from the first use on: what a cache gives back is what was used, to the bit.
_STORED = {torch.float32: torch.float16, torch.bfloat16: torch.bfloat16}
# Pairs of (tile, expression) decoded at once: bounds the memory whatever the number of expressions.
_PAIRS = 64


class NetworkSegmenter:
    """Runs a ``ReferringNetwork`` as a ``Segmenter``."""

    def __init__(
        self,
        network: ReferringNetwork,
        tokenizer: ExpressionTokenizer,
        config: ModelConfig,
        compute: Compute,
        weights_hash: str = "",
    ) -> None:
        self.network = network.eval().requires_grad_(False).to(compute.device)
        self.tokenizer = tokenizer
        self.compute = compute
        self.calibration = config.calibration
        self._spec = ModelSpec(
            name=config.name,
            weights_hash=weights_hash,
            gsd_m=config.gsd_m,
            window_px=config.window_px,
            stride_px=config.stride_px,
            classes=config.classes,
            max_words=tokenizer.max_words,
            precision="fp32" if compute.dtype == torch.float32 else "bf16",
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
        return True

    def encode_image(self, tiles: NDArray[np.uint8]) -> Features:
        """Return the text-free features of tiles, see ``Segmenter.encode_image``."""
        pixels = torch.from_numpy(np.ascontiguousarray(tiles))
        if self.compute.device.type == "cuda":
            # One byte per value travels, from memory that the device reads by itself; it becomes numbers over there.
            pixels = pixels.pin_memory()
        pixels = pixels.to(self.compute.device, non_blocking=True)
        with torch.inference_mode(), self.compute.autocast():
            features = self.network.encode_image(pixels)
            return Features({name: features[name].to(_STORED[self.compute.dtype]) for name in _KEPT})

    def segment(self, features: Features, expressions: Sequence[str]) -> Segmentation:
        """Return scores of every expression on every tile, see ``Segmenter.segment``.

        Raises:
            ExpressionError: an expression is empty or too long.
        """
        tokens = self.tokenizer(expressions)
        mask = tokens.mask.to(self.compute.device)
        size = self._spec.window_px
        with torch.inference_mode(), self.compute.autocast():
            text = self.network.encode_text(tokens.ids.to(self.compute.device), mask)
            step = max(1, _PAIRS // len(expressions))
            parts = []
            for start in range(0, len(features), step):
                part = features.select(start, start + step)
                count = len(part)
                decoded = self.network.decode(
                    {name: value.to(self.compute.device, self.compute.dtype) for name, value in part.maps.items()},
                    text[None].expand(count, -1, -1, -1),
                    mask[None].expand(count, -1, -1),
                )
                logits = fold_presence(decoded.mask.float(), decoded.presence.float(), self.calibration)
                parts.append(F.interpolate(logits, size=(size, size), mode="bilinear", align_corners=False).cpu())
            drawn = features.maps["outline"][:, None].to(self.compute.device).float()
            outlines = F.interpolate(drawn, size=(size, size), mode="bilinear", align_corners=False)
        return Segmentation(torch.cat(parts).numpy(), outlines[:, 0].cpu().numpy())


def fold_presence(mask: torch.Tensor, presence: torch.Tensor, calibration: Calibration) -> torch.Tensor:
    """Return mask logits that are below 0 throughout where there is no referent.

    Args:
        mask: (B, K, H, W) logits.
        presence: (B, K) logits.
        calibration: biases fitted on validation data.

    Returns:
        (B, K, H, W): the smaller of mask and presence, so that both must be above 0.
    """
    gate = presence + calibration.peak_weight * mask.amax((-2, -1)) + calibration.presence_bias
    return torch.minimum(mask + calibration.mask_bias, gate[:, :, None, None])
