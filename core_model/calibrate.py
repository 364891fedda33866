"""Find the biases at which a score of 0.5 is the right threshold, on validation chips."""

from __future__ import annotations

import random
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

_MASK_BIASES = tuple(np.linspace(-1.0, 3.0, 17))
_PEAK_WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
_ASKED_OF_LABELLED = 4
"""Absent classes asked of a chip that has image-level labels only."""


@dataclass(frozen=True)
class _Raw:
    question: Question
    presence: float
    peak: float
    """Highest mask logit."""
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
    """Return the biases and the weight at which questions with a referent are answered best.

    For every mask bias and peak weight the presence bias is the most generous one at which the share of absent
    questions that are answered stays within ``false_alarms``; the triple of the best mean IoU is taken. Absent
    expressions and absent class names count half each, however many there are of either: people ask both, and the
    former are harder. Chips with image-level labels only say which classes are absent, so they are asked too.

    Args:
        network: in evaluation mode.
        tokenizer: of the network.
        chips: validation chips of the network's window size; those without objects are asked for absent classes.
        compute: where to compute.
        false_alarms: greatest share of absent expressions and classes that may be answered.
    """
    raw = [item for chip in chips for item in _ask(network, tokenizer, chip, compute)]
    present = [item for item in raw if item.question.object_ids]
    absent = [item for item in raw if not item.question.object_ids]
    weights = _halves([item.question.group for item in absent])
    if not present:
        return Calibration()
    ious = np.stack([item.ious for item in present])
    best, chosen = -1.0, Calibration()
    for weight in _PEAK_WEIGHTS:
        gates = np.array([item.presence + weight * item.peak for item in absent])
        threshold = _threshold(gates, weights, false_alarms)
        is_open = np.array([item.presence + weight * item.peak > threshold for item in present])
        scores = (ious * is_open[:, None]).mean(0)
        if scores.max() > best:
            best = float(scores.max())
            chosen = Calibration(float(_MASK_BIASES[int(scores.argmax())]), weight, -threshold)
    return chosen


def _halves(groups: Sequence[str]) -> NDArray[np.float64]:
    """Return weights that add up to 1, the same for each group as a whole."""
    names = sorted(set(groups))
    return np.array([1 / (len(names) * groups.count(name)) for name in groups])


def _threshold(gates: NDArray[np.float64], weights: NDArray[np.float64], share: float) -> float:
    """Return the lowest threshold above which gates of at most ``share`` of the weight lie; 0 if there are none."""
    if not len(gates):
        return 0.0
    order = np.argsort(-gates, kind="stable")
    first_too_many = int(np.searchsorted(np.cumsum(weights[order]), share + 1e-9, side="right"))
    return float(gates[order[min(first_too_many, len(gates) - 1)]]) + 1e-3


def _ask(network: ReferringNetwork, tokenizer: ExpressionTokenizer, chip: Chip, compute: Compute) -> list[_Raw]:
    questions = questions_of(chip)
    if not chip.annotated:
        # The same few for the same chip, spread over the classes.
        questions = random.Random(chip.id).sample(questions, min(_ASKED_OF_LABELLED, len(questions)))  # nosec B311
    if not questions:
        return []
    tokens = tokenizer([item.text for item in questions])
    tile = torch.from_numpy(np.ascontiguousarray(chip.image.transpose(2, 0, 1)))[None].to(compute.device)
    mask = tokens.mask.to(compute.device)
    with torch.inference_mode(), compute.autocast():
        text = network.encode_text(tokens.ids.to(compute.device), mask)
        decoded = network.decode(network.encode_image(tile), text[None], mask[None])
    logits = F.interpolate(decoded.mask.float(), size=chip.image.shape[:2], mode="bilinear", align_corners=False)[0]
    presence = decoded.presence[0].float().tolist()
    peaks = decoded.mask[0].float().amax((-2, -1)).tolist()  # before resampling, as ``fold_presence`` sees it
    found = []
    for question, row, gate, peak in zip(questions, logits.cpu().numpy(), presence, peaks, strict=True):
        ious = np.zeros(len(_MASK_BIASES))
        if question.object_ids:
            truth = truth_of(chip, question)
            size = truth.sum()
            for index, bias in enumerate(_MASK_BIASES):
                predicted = row > -bias
                both = (predicted & truth).sum()
                ious[index] = both / max(1, size + predicted.sum() - both)
        found.append(_Raw(question, gate, peak, ious))
    return found
