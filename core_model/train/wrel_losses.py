"""The losses of LRB-WREL: weighted cross-entropy with Dice, and the optional consistency with the teacher.

Our network gives one logit per pixel; a two-class softmax of (0, logit) is the same thing.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from .parallel import ALONE, Peers

CE_SHARE, DICE_SHARE = 0.9, 0.1
BACKGROUND_WEIGHT, FOREGROUND_WEIGHT = 0.9, 1.1
_EPS = 1e-6

Dice = Literal["mean", "sum"]


def segmentation_loss(logits: Tensor, target: Tensor, dice: Dice = "mean", peers: Peers = ALONE) -> Tensor:
    """Return 0.9 cross-entropy + 0.1 Dice.

    The published code sums Dice over samples and both classes, so that its weight grows with the batch of a device and
    results change with the number of devices at an equal global batch. Ours is the mean unless ``sum`` is asked for,
    and both are normalised over all processes.

    Args:
        logits: (N, h, w) float of the foreground.
        target: (N, h, w) float, 0 or 1.
        dice: ``mean`` over samples and classes, or ``sum`` as published.
        peers: processes that share the batch.
    """
    logits = logits.float()
    weights = torch.where(target > 0.5, FOREGROUND_WEIGHT, BACKGROUND_WEIGHT)
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    cross = (entropy * weights).sum() / peers.mean(weights.sum()).clamp(min=_EPS)
    per_class = class_dice(logits, target)
    if dice == "sum":
        count = torch.tensor(1 / peers.count, device=logits.device)
    else:
        count = peers.mean(torch.tensor(float(per_class.numel()), device=logits.device)).clamp(min=_EPS)
    return CE_SHARE * cross + DICE_SHARE * per_class.sum() / count


def class_dice(logits: Tensor, target: Tensor) -> Tensor:
    """Return 1 - Dice of background and foreground per sample, (N, 2) float."""
    share = logits.float().sigmoid()
    score = torch.stack([1 - share, share], 1).flatten(2)
    truth = torch.stack([1 - target, target], 1).flatten(2)
    return 1 - (2 * (score * truth).sum(2) + _EPS) / (score.sum(2) + truth.sum(2) + _EPS)


def consistency_ramp(step: int, epoch_steps: int, epochs: float = 5.0) -> tuple[float, float]:
    """Return the teacher's least confidence (0.6 to 0.8) and the share of the term's weight (0.3 to 1) at a step."""
    ramp = min(1.0, step / max(1, epoch_steps) / epochs)
    return 0.6 + 0.2 * ramp, 0.3 + 0.7 * ramp


def consistency_loss(student: Tensor, teacher: Tensor, confidence: float, temperature: float = 0.7) -> Tensor:
    """Return KL(sharpened teacher || student) over the pixels where the teacher is sure; 0 where it never is.

    The published stage 3 has this term in its code, with weight 0 and without the teacher's answer; it is off by
    default here as well.

    Args:
        student: (N, h, w) logits.
        teacher: (N, h, w) logits, no gradient.
        confidence: least probability of the teacher's answer, before sharpening.
        temperature: of the teacher; below 1 sharpens.
    """
    student, teacher = student.float(), teacher.detach().float()
    sure = (teacher.abs().sigmoid() >= confidence).float()
    sharp = teacher / temperature
    yes = sharp.sigmoid()
    divergence = yes * (F.logsigmoid(sharp) - F.logsigmoid(student)) + (1 - yes) * (
        F.logsigmoid(-sharp) - F.logsigmoid(-student)
    )
    return (divergence * sure).sum() / sure.sum().clamp(min=1)
