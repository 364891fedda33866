"""A real, deterministic segmenter for tests: finds pixels by their colour and keeps objects apart by dark lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from referent.core_model.segmenter import Features, ModelSpec, Segmentation

COLOURS = {"red": (200, 40, 40), "blue": (40, 60, 200), "white": (250, 250, 250), "yellow": (220, 200, 40)}


class ColourSegmenter:
    """Logits fall with the distance to the colour that the expression names; context plays no part."""

    def __init__(
        self,
        gsd_m: float = 0.5,
        window_px: int = 128,
        stride_px: int = 96,
        outlines: bool = False,
        classes: tuple[str, ...] = (),
        radius: float = 70.0,
        name: str = "colour",
    ) -> None:
        self.spec = ModelSpec(name, f"{name}-{radius:g}", gsd_m, window_px, stride_px, classes, 40)
        self.outlines = outlines
        self.radius = radius
        self.encoded_tiles = 0
        self.batches: list[int] = []

    def encode_image(self, tiles: NDArray[np.uint8]) -> Features:
        assert tiles.dtype == np.uint8
        assert tiles.shape[1:] == (3, self.spec.window_px, self.spec.window_px)
        self.encoded_tiles += len(tiles)
        self.batches.append(len(tiles))
        return Features({"rgb": F.avg_pool2d(torch.from_numpy(tiles).float(), 3, 1, 1, count_include_pad=False)})

    def segment(self, features: Features, expressions: Sequence[str]) -> Segmentation:
        rgb = features.maps["rgb"]
        parts = []
        for text in expressions:
            colour = next((value for word, value in COLOURS.items() if word in text), (1000, 0, 1000))
            distance = (rgb - torch.tensor(colour, dtype=torch.float32)[None, :, None, None]).norm(dim=1)
            parts.append((self.radius - distance) / 10)
        dark = (60 - rgb.amax(dim=1)) / 10
        return Segmentation(
            torch.stack(parts, dim=1).clamp(-8, 8).numpy(), dark.clamp(-8, 8).numpy() if self.outlines else None
        )
