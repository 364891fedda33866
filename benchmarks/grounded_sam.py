"""A rival for ``benchmarks/rivals.py``: Grounding DINO finds boxes and SAM their masks, as many do today.

The networks are those of ``transformers`` at the sizes of grounding-dino-tiny and sam-vit-base, weights at random.
Both get the advantages that they offer: SAM encodes a tile once for all expressions, and all expressions go to
Grounding DINO in one prompt.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from early_fusion import MASK_OFFSET, normalised, word_ids
from numpy.typing import NDArray
from torch.nn import functional as F
from transformers import (
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    SamConfig,
    SamModel,
    SwinConfig,
)

from referent.core_model.segmenter import Features, ModelSpec, Segmentation

SIDE_PX = 960
DINO_PX, SAM_PX = 800, 1024
"""Sides to which the models' own processors bring a square picture."""
BOXES = 5
"""Boxes of an expression on a tile that go on to SAM; scores of random weights cannot choose how many."""


class GroundedSamSegmenter:
    """Grounding DINO and SAM behind the two calls of ``Segmenter``: the image features are SAM's, and the pixels."""

    def __init__(self, gsd_m: float) -> None:
        """Build both; windows of a scene of ``gsd_m`` metres per pixel do not overlap."""
        backbone = SwinConfig(
            image_size=224,
            embed_dim=96,
            depths=[2, 2, 6, 2],
            num_heads=[3, 6, 12, 24],
            window_size=7,
            out_indices=[2, 3, 4],
        )
        self.dino = GroundingDinoForObjectDetection(GroundingDinoConfig(backbone_config=backbone))
        self.sam = SamModel(SamConfig())
        for model in (self.dino, self.sam):
            model.eval().requires_grad_(False)
        self.spec = ModelSpec("grounded-sam", "random-grounded", gsd_m, SIDE_PX, SIDE_PX, (), 64)

    def encode_image(self, tiles: NDArray[np.uint8]) -> Features:
        """Return SAM's features and the pixels for Grounding DINO, see ``Segmenter.encode_image``."""
        pixels = torch.from_numpy(np.ascontiguousarray(tiles))
        with torch.inference_mode():
            return Features({"pixels": pixels, "sam": self.sam.get_image_embeddings(_resized(pixels, SAM_PX))})

    def segment(self, features: Features, expressions: Sequence[str], within=None) -> Segmentation:
        """Find boxes for all expressions in one pass, and their masks, see ``Segmenter.segment``."""
        ids, mask = word_ids(". ".join(expressions) + ".")
        phrases = phrase_of_token(ids[0])
        answers = []
        with torch.inference_mode():
            for index in range(len(features)):
                found = self.dino(
                    pixel_values=_resized(features.maps["pixels"][index : index + 1], DINO_PX),
                    input_ids=ids,
                    token_type_ids=torch.zeros_like(ids),
                    attention_mask=mask,
                )
                boxes = [
                    best_boxes(found.logits[0], found.pred_boxes[0], phrases == phrase)
                    for phrase in range(len(expressions))
                ]
                answers.append(self._masks(features.maps["sam"][index : index + 1], torch.stack(boxes)))
        return Segmentation((torch.stack(answers) + MASK_OFFSET).numpy(), None)

    def _masks(self, embedding: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
        """Return (E, H, W) logits, the highest of each expression's masks, for (E, K, 4) boxes in pixels of SAM."""
        answer = self.sam(
            image_embeddings=embedding, input_boxes=boxes.flatten(0, 1)[None], multimask_output=False
        ).pred_masks
        highest = answer[0, :, 0].unflatten(0, boxes.shape[:2]).amax(1)
        return F.interpolate(highest[None], size=(SIDE_PX, SIDE_PX), mode="bilinear", align_corners=False)[0]


def phrase_of_token(ids: torch.Tensor) -> torch.Tensor:
    """Return (L,) which phrase, counted from 0, each token of a prompt belongs to; -1 for marks between them."""
    is_stop, is_mark = ids == 1012, (ids == 101) | (ids == 102) | (ids == 1012)
    return torch.where(is_mark, -1, is_stop.cumsum(0))


def best_boxes(logits: torch.Tensor, boxes: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Return (K, 4) boxes as x and y of two corners in pixels of SAM, those that fit a phrase best.

    Args:
        logits: (Q, T) of Q boxes and T tokens, -inf where there is no token.
        boxes: (Q, 4) centre, width and height in [0, 1].
        tokens: (L,) bool, L <= T: the phrase's tokens.
    """
    best = logits[:, : len(tokens)][:, tokens].amax(1).topk(BOXES).indices
    centre, size = boxes[best].split(2, dim=1)
    return torch.cat((centre - size / 2, centre + size / 2), 1).clamp(0, 1) * SAM_PX


def _resized(pixels: torch.Tensor, side_px: int) -> torch.Tensor:
    return F.interpolate(
        normalised(pixels), size=(side_px, side_px), mode="bilinear", align_corners=False, antialias=True
    )
