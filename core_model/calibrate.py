"""Find the biases at which a score of 0.5 is the right threshold, on validation chips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from .chip_evaluation import Question, questions_of, truth_of
from .config import Calibration
from .data.chips import Chip
from .device import Compute
from .network import ReferringNetwork
from .tokenizer import ExpressionTokenizer

_MASK_BIASES = tuple(np.linspace(-1.5, 1.5, 13))


@dataclass(frozen=True)
class _Raw:
    question: Question
    presence: float
    ious: NDArray[np.float64]
    """IoU at each of ``_MASK_BIASES`` if the gate is open."""


def calibrate(
    network: ReferringNetwork,
    tokenizer: ExpressionTokenizer,
    chips: Sequence[Chip],
    compute: Compute,
    *,
    false_alarms: float = 0.04,
) -> Calibration:
    """Return biases for a network.

    The mask bias is the one of the best mean IoU; the presence bias then is the most generous one at which the share of
    absent expressions, and the share of absent classes, that are answered stay within ``false_alarms`` together.

    Args:
        network: in evaluation mode.
        tokenizer: of the network.
        chips: validation chips of the network's window size.
        compute: where to compute.
        false_alarms: greatest share of absent questions that may be answered.
    """
    raw = [item for chip in chips if chip.annotated for item in _ask(network, tokenizer, chip, compute)]
    present = [item for item in raw if item.question.object_ids]
    absent = np.sort([item.presence for item in raw if not item.question.object_ids])[::-1]
    if not present:
        return Calibration()
    best = int(np.argmax(np.mean([item.ious for item in present], axis=0)))
    allowed = int(false_alarms * len(absent))
    threshold = float(absent[allowed]) + 1e-3 if len(absent) > allowed else 0.0
    return Calibration(mask_bias=float(_MASK_BIASES[best]), presence_bias=-threshold, presence_scale=1.0)


def _ask(network: ReferringNetwork, tokenizer: ExpressionTokenizer, chip: Chip, compute: Compute) -> list[_Raw]:
    questions = questions_of(chip)
    if not questions:
        return []
    tokens = tokenizer([item.text for item in questions])
    tile = torch.from_numpy(np.ascontiguousarray(chip.image.transpose(2, 0, 1)))[None].to(compute.device)
    mask = tokens.mask.to(compute.device)
    with torch.inference_mode(), compute.autocast():
        text = network.encode_text(tokens.ids.to(compute.device), mask)
        decoded = network.decode(network.encode_image(tile), text[None], mask[None])
    logits = F.interpolate(decoded.mask.float(), size=chip.image.shape[:2], mode="bilinear", align_corners=False)[0]
    presence = decoded.presence[0].float().cpu()
    found = []
    for question, row, gate in zip(questions, logits.cpu().numpy(), presence.tolist(), strict=True):
        ious = np.zeros(len(_MASK_BIASES))
        if question.object_ids:
            truth = truth_of(chip, question)
            size = truth.sum()
            for index, bias in enumerate(_MASK_BIASES):
                predicted = row > -bias
                both = (predicted & truth).sum()
                ious[index] = both / max(1, size + predicted.sum() - both)
        found.append(_Raw(question, gate, ious))
    return found
