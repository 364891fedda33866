"""One referent for an expression that speaks of one: ``the white car beside the hangar``.

A network that hesitates between two cars marks both a little. Who says *the* means one of them, so the region around
the place that the network likes best is the answer, down to a share of how much it likes it (ours).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from .errors import ExpressionError
from .expression import words
from .expression.parse import parse

PEAK_SHARE = 0.3
"""A pixel belongs to the referent down to this share of the highest score. Chosen on the validation split."""
_SMOOTH = 3
_LEAST_PEAK = 0.5
"""Where the network hardly likes any place, the presence output decides; the region is then this logit high."""


@lru_cache(maxsize=4096)
def asks_for_one(text: str) -> bool:
    """Return whether an expression means one object: ``the tank``, ``white boat at the pier``; ``tank`` means all."""
    try:
        plan = parse(text)
    except ExpressionError:
        return False
    if text.split()[0].lower() in words.MORE.keys() | words.LESS.keys():
        return False  # "larger boat", the noun phrase of "a larger boat": there may be many
    quantity = plan.targets[0].quantity.kind
    return len(plan.targets) == 1 and (quantity == "one" or (quantity == "unsaid" and not plan.is_plain))


def keep_one(mask: Tensor, within: Tensor | None = None) -> Tensor:
    """Return mask logits that are above 0 in one region only.

    Args:
        mask: (H, W) float logits.
        within: (H, W) bool: where the referent may lie; None: anywhere.

    Returns:
        (H, W) on the same device: in the region around the best place 0 at its border and the former logits at its
        highest; elsewhere below 0, and never above the former logits but for a seam of one pixel around the region.
    """
    scores = mask.sigmoid() if within is None else mask.sigmoid() * within
    smooth = F.avg_pool2d(scores[None, None], _SMOOTH, 1, _SMOOTH // 2, count_include_pad=False)[0, 0]
    best = int(smooth.argmax())
    limit = max(PEAK_SHARE * float(smooth.max()), 1e-6)
    labels, _ = ndimage.label((scores > limit).cpu().numpy())
    number = labels.flat[best]
    if number == 0:  # two dots with nothing between them
        return mask
    chosen = labels == number
    region, seam = (
        torch.from_numpy(np.asarray(area)).to(mask.device)
        for area in (chosen, ndimage.binary_dilation(chosen) & (labels == 0))
    )
    shifted = mask - float(np.log(limit / (1 - limit)))
    scale = max(float(mask[region].max()), _LEAST_PEAK) / float(shifted[region].max())
    # The seam keeps its distance to the limit, so that the outline runs where the score crosses it.
    return torch.where(region, shifted * scale, torch.where(seam, -shifted.abs(), torch.minimum(mask, -mask.abs())))


def columns_of_one(expressions: Sequence[str], classes: Sequence[str]) -> list[bool]:
    """Return which expressions mean one object; names of a model's classes mean all, whatever they are."""
    names = {name.lower() for name in classes}
    return [text.strip().lower() not in names and asks_for_one(text) for text in expressions]
