"""Pictures of answers for the report: the chip, what was answered, and the outline of the truth."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..core_model.chip_evaluation import Answer, truth_of
from ..core_model.data.chips import Chip
from ..core_model.segmenter import Segmenter

ANSWER_RGB, TRUTH_RGB = (255, 213, 0), (0, 229, 255)
_SIDE_PX = 320


def draw_answers(answers: Sequence[Answer], chips: Sequence[Chip], segmenter: Segmenter) -> dict[int, str]:
    """Return the picture of each answer as base64 JPEG, by the ``id`` of the answer.

    Args:
        answers: to draw; their chips are asked again, each once.
        chips: that were asked.
        segmenter: the model.
    """
    by_chip: dict[str, list[Answer]] = {}
    for answer in answers:
        by_chip.setdefault(answer.question.chip_id, []).append(answer)
    pictures: dict[int, str] = {}
    for chip in chips:
        asked = by_chip.get(chip.id, [])
        if asked:
            features = segmenter.encode_image(chip.image.transpose(2, 0, 1)[None])
            logits = segmenter.segment(features, [item.question.text for item in asked]).logits[0]
            for item, row in zip(asked, logits, strict=True):
                pictures[id(item)] = _jpeg(draw_answer(chip.image, row > 0, truth_of(chip, item.question)))
    return pictures


def draw_answer(image: NDArray[np.uint8], answer: NDArray[np.bool_], truth: NDArray[np.bool_]) -> Image.Image:
    """Return a chip with the answer tinted and outlined, and the truth outlined.

    Args:
        image: (H, W, 3) uint8.
        answer: (H, W) bool.
        truth: (H, W) bool.
    """
    scale = max(1, round(_SIDE_PX / image.shape[0]))
    large = np.asarray(Image.fromarray(image).resize((image.shape[1] * scale,) * 2, Image.Resampling.BICUBIC))
    pixels = large.astype(np.float32)
    for mask, colour, tint in ((answer, ANSWER_RGB, 0.35), (truth, TRUTH_RGB, 0.0)):
        wide = np.kron(mask, np.ones((scale, scale), dtype=bool))
        pixels[wide] = (1 - tint) * pixels[wide] + tint * np.asarray(colour, dtype=np.float32)
        pixels[_border(wide)] = colour
    return Image.fromarray(pixels.round().astype(np.uint8))


def _border(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels of a mask that touch what is outside of it."""
    padded = np.pad(mask, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~inner


def _jpeg(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=82)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
