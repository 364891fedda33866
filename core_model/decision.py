"""From what the decoder says to an answer: biases fitted on validation data, the no-referent output, one region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from .config import Calibration
from .named_classes import is_class_name
from .one_referent import columns_of_one, keep_one


@dataclass(frozen=True)
class Decision:
    """How the answer to one expression is decided."""

    mask_bias: float = 0.0
    """Added to the mask logits."""
    peak_weight: float = 0.0
    """How much the highest mask logit of a tile adds to its presence logit."""
    presence_bias: float = 0.0
    """Added to the presence logit."""
    is_one: bool = False
    """Whether one region is the answer."""


def decisions_of(expressions: Sequence[str], classes: Sequence[str], calibration: Calibration) -> list[Decision]:
    """Return how expressions are decided.

    Args:
        expressions: what is asked.
        classes: names of the model's classes.
        calibration: of the model.
    """
    fitted = calibration
    name = Decision(fitted.name_mask_bias, fitted.name_peak_weight, fitted.name_presence_bias)
    return [
        name if is_class_name(text) else Decision(fitted.mask_bias, fitted.peak_weight, fitted.presence_bias, is_one)
        for text, is_one in zip(expressions, columns_of_one(expressions, classes), strict=True)
    ]


def fold_presence(
    mask: Tensor, presence: Tensor, decisions: Sequence[Decision], within: Tensor | None = None
) -> Tensor:
    """Return mask logits that are below 0 throughout where there is no referent, and in all places but one if asked.

    Args:
        mask: (B, K, H, W) logits.
        presence: (B, K) logits.
        decisions: K.
        within: (B, H, W) bool: where the referent of an expression that means one may lie; None: anywhere.

    Returns:
        (B, K, H, W): the smaller of mask and presence, so that both must be above 0.
    """
    rows = [[item.mask_bias, item.peak_weight, item.presence_bias] for item in decisions]
    mask_bias, peak_weight, presence_bias = torch.tensor(rows, device=mask.device).T
    gate = presence + presence_bias + peak_weight * mask.amax((-2, -1))
    mask = mask + mask_bias[:, None, None]
    for column, decision in enumerate(decisions):
        if decision.is_one:
            for row in (gate[:, column] > 0).nonzero()[:, 0].tolist():
                mask[row, column] = keep_one(mask[row, column], None if within is None else within[row])
    return torch.minimum(mask, gate[:, :, None, None])
