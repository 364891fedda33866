"""Find the biases at which a score of 0.5 is the right threshold, on validation chips."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from .chip_evaluation import Question, questions_of, truth_of
from .config import Calibration
from .data.augment import identity_view
from .data.chips import Chip
from .data.items import look, rule_items
from .device import Compute
from .named_classes import is_class_name, named_classes
from .network import ReferringNetwork
from .one_referent import columns_of_one, keep_one
from .tokenizer import ExpressionTokenizer

_MASK_BIASES = tuple(np.linspace(-1.0, 3.0, 17))
_PEAK_WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
_NEVER = -1e4
"""Presence of what is not read."""
_LOST = 0.005
"""Share of the questions with a referent that the class gate may close."""
_ASKED_OF_LABELLED = 4
"""Absent classes asked of a chip that has image-level labels only."""
_MADE_IN_VAIN = 6
"""Expressions made by rule that are true of nothing, asked of every annotated chip: those that people wrote are too few
to fit a threshold on, and a network finds both kinds equally hard (the same quantiles on the validation split)."""


@dataclass(frozen=True)
class _Raw:
    question: Question
    presence: float
    peak: float
    """Highest mask logit."""
    class_peak: float
    """Highest dense logit of the classes that the question names; infinite where it names none that is known."""
    is_name: bool
    """Whether the text is a plain class name."""
    ious: NDArray[np.float64]
    """IoU at each of ``_MASK_BIASES`` if the gate is open."""


def calibrate(
    network: ReferringNetwork,
    tokenizer: ExpressionTokenizer,
    chips: Sequence[Chip],
    compute: Compute,
    *,
    classes: Sequence[str] = (),
    false_alarms: tuple[float, float] = (0.05, 0.05),
) -> Calibration:
    """Return the biases and the weights at which questions with a referent are answered best.

    For expressions and for plain class names apart: for every mask bias and peak weight the presence bias is the most
    generous one at which the share of absent questions that are answered stays within ``false_alarms``; what gives the
    best mean IoU is taken. Before that, the class gate is set so low that it closes hardly any tile with a referent.
    Annotated chips are also asked expressions made by rule. Chips with image-level labels only say which classes are
    absent, so they are asked too.

    Args:
        network: in evaluation mode.
        tokenizer: of the network.
        chips: validation chips of the network's window size; those without objects are asked for absent classes.
        compute: where to compute.
        classes: names of the rows of the network's dense head, where they may keep tiles from being read.
        false_alarms: greatest shares of absent expressions and of absent class names that may be answered.
    """
    raw = [item for chip in chips for item in _ask(network, tokenizer, classes, chip, compute)]
    gate = _class_gate([item.class_peak for item in raw if item.question.object_ids])
    raw = [item if item.class_peak > gate else _closed(item) for item in raw]
    present = [item for item in raw if item.question.object_ids]
    absent = [item for item in raw if not item.question.object_ids]
    if not present:
        return Calibration()
    fitted = []
    for is_name, share in zip((False, True), false_alarms, strict=True):
        asked, in_vain = ([item for item in items if item.is_name == is_name] or items for items in (present, absent))
        fitted.append(_fit(asked, in_vain, share, raw))
    return Calibration(*fitted[0], *fitted[1], gate)


def _fit(
    present: Sequence[_Raw], absent: Sequence[_Raw], share: float, raw: Sequence[_Raw]
) -> tuple[float, float, float]:
    """Return mask bias, peak weight and presence bias of one kind of question."""
    ious = np.stack([item.ious for item in present])
    best, chosen = -1.0, (0.0, 0.0, 0.0)
    for weight in _PEAK_WEIGHTS:
        # Closed tiles are no measure of the presence output.
        threshold = max(_threshold(_gates(absent, weight), share), _lowest_open(raw, weight))
        is_open = _gates(present, weight) > threshold
        scores = (ious * is_open[:, None]).mean(0)
        if scores.max() > best:
            best = float(scores.max())
            chosen = (float(_MASK_BIASES[int(scores.argmax())]), weight, -threshold)
    return chosen


def _gates(items: Sequence[_Raw], weight: float) -> NDArray[np.float64]:
    return np.array([item.presence + weight * item.peak for item in items])


def _lowest_open(raw: Sequence[_Raw], weight: float) -> float:
    gates = _gates([item for item in raw if item.presence > _NEVER / 2], weight)
    return float(gates.min(initial=0.0)) - 1e-3


def _class_gate(peaks: Sequence[float]) -> float:
    """Return the dense logit below which hardly a referent lies: all but ``_LOST`` of them, and then some."""
    known = sorted(peak for peak in peaks if np.isfinite(peak))
    return min(known[int(_LOST * len(known))] - 0.5, 0.0) if known else -1e4


def _closed(item: _Raw) -> _Raw:
    return dataclasses.replace(item, presence=_NEVER, ious=np.zeros_like(item.ious))


def _threshold(gates: NDArray[np.float64], share: float) -> float:
    """Return the lowest threshold above which at most ``share`` of the gates lie; 0 if there are none."""
    if not len(gates):
        return 0.0
    first_too_many = int(share * len(gates) + 1e-9)
    return float(np.sort(gates)[::-1][min(first_too_many, len(gates) - 1)]) + 1e-3


def _ask(
    network: ReferringNetwork, tokenizer: ExpressionTokenizer, classes: Sequence[str], chip: Chip, compute: Compute
) -> list[_Raw]:
    questions = questions_of(chip)
    if chip.annotated:
        questions += _made_in_vain(chip, tokenizer.max_words)
    else:
        # The same few for the same chip, spread over the classes.
        questions = random.Random(chip.id).sample(questions, min(_ASKED_OF_LABELLED, len(questions)))  # nosec B311
    if not questions:
        return []
    tokens = tokenizer([item.text for item in questions])
    tile = torch.from_numpy(np.ascontiguousarray(chip.image.transpose(2, 0, 1)))[None].to(compute.device)
    mask = tokens.mask.to(compute.device)
    with torch.inference_mode(), compute.autocast():
        text = network.encode_text(tokens.ids.to(compute.device), mask)
        features = network.encode_image(tile)
        decoded = network.decode(features, text[None], mask[None])
        dense = network.pyramid.classify(features)[0].float().amax((-2, -1))
    size = chip.image.shape[:2]
    masks = decoded.mask.float()
    logits = F.interpolate(masks, size=size, mode="bilinear", align_corners=False)[0]
    presence = decoded.presence[0].float().tolist()
    peaks = decoded.mask[0].float().amax((-2, -1)).tolist()  # before resampling, as ``fold_presence`` sees it
    ones = columns_of_one([item.text for item in questions], classes)
    named = [named_classes(item.text, classes) for item in questions]
    class_peaks = [float(dense[list(rows)].max()) if rows else math.inf for rows in named]
    found = []
    for question, is_one, mask_row, row, gate, peak, class_peak in zip(
        questions, ones, masks[0], logits.cpu().numpy(), presence, peaks, class_peaks, strict=True
    ):
        ious = np.zeros(len(_MASK_BIASES))
        if question.object_ids:
            truth = truth_of(chip, question)
            for index, bias in enumerate(_MASK_BIASES):
                predicted = _drawn_one(mask_row + bias, size) if is_one else row > -bias
                both = (predicted & truth).sum()
                ious[index] = both / max(1, truth.sum() + predicted.sum() - both)
        found.append(_Raw(question, gate, peak, class_peak, is_class_name(question.text), ious))
    return found


def _made_in_vain(chip: Chip, max_words: int) -> list[Question]:
    size = chip.image.shape[0]
    viewed = look(chip, identity_view(size, size), size)
    items = rule_items(viewed, size, random.Random(chip.id), _MADE_IN_VAIN, only_absent=True)  # nosec B311
    texts = [item.text for item in items if len(item.text.split()) <= max_words]
    return [Question(chip.id, text, "absent", "", "", ()) for text in texts]


def _drawn_one(mask: torch.Tensor, size: tuple[int, ...]) -> NDArray[np.bool_]:
    one = keep_one(mask)[None, None]
    drawn = F.interpolate(one, size=size, mode="bilinear", align_corners=False)[0, 0] > 0
    return np.asarray(drawn.cpu().numpy(), dtype=bool)
