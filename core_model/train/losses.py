"""Losses of the first trainer: masks with a no-referent output, and the text-free supervision of the encoder."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from ..data.batch import Batch
from ..fusion import Decoded
from ..tokenizer import Tokens


def dice_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Return 1 - Dice of each mask (Milletari et al. 2016).

    Args:
        logits: (N, H, W) float.
        target: (N, H, W) float in [0, 1].

    Returns:
        (N,) float in [0, 1].
    """
    score = logits.float().sigmoid().flatten(1)
    target = target.flatten(1)
    overlap = (score * target).sum(1)
    return 1 - (2 * overlap + 1) / (score.sum(1) + target.sum(1) + 1)


def mask_loss(decoded: Decoded, masks: Tensor) -> dict[str, Tensor]:
    """Return the losses of K questions on each of B tiles.

    Every pair pays cross-entropy; only pairs with a referent pay Dice, which an empty mask cannot answer.

    Args:
        decoded: what the decoder says.
        masks: (B, K, H/2, W/2) uint8 in [0, 255].

    Returns:
        Scalars ``mask``, ``dice``, ``coarse``, ``point`` and ``presence``.
    """
    target = masks.flatten(0, 1).float() / 255
    present = target.flatten(1).amax(1) > 0.5
    logits = decoded.mask.flatten(0, 1).float()
    weight = present.float()
    count = weight.sum().clamp(min=1)
    losses = {
        "mask": F.binary_cross_entropy_with_logits(logits, target),
        "dice": (dice_loss(logits, target) * weight).sum() / count,
        "presence": F.binary_cross_entropy_with_logits(decoded.presence.flatten().float(), weight),
    }
    coarse_target = F.avg_pool2d(target[:, None], 8)[:, 0]
    parts = []
    for level in decoded.coarse:
        level_logits = level.flatten(0, 1).float()
        parts.append(
            F.binary_cross_entropy_with_logits(level_logits, coarse_target)
            + 0.5 * (dice_loss(level_logits, coarse_target) * weight).sum() / count
        )
    losses["coarse"] = torch.stack(parts).mean()
    losses["point"] = torch.stack([point_loss(level.flatten(0, 1), coarse_target) for level in decoded.coarse]).mean()
    return losses


def point_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Return how little of a softmax over all places lies on the referent; absent referents have none.

    A car is a thousandth of a view: cross-entropy per place hardly sees it, a choice among all places does.

    Args:
        logits: (N, h, w) float.
        target: (N, h, w) float in [0, 1], the share of each cell that the referent covers.
    """
    share = target.flatten(1)
    mass = share.sum(1)
    present = (mass > 0).float()
    log_choice = logits.float().flatten(1).log_softmax(1)
    choice = share / mass[:, None].clamp(min=1e-6)
    # Subtracting the target's own entropy makes 0 the best value.
    entropy = -(choice * choice.clamp(min=1e-9).log()).sum(1)
    return ((-(choice * log_choice).sum(1) - entropy) * present).sum() / present.sum().clamp(min=1)


def dense_loss(class_logits: Tensor, outline_logits: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return the text-free losses of the pyramid, where the truth is known.

    Args:
        class_logits: (B, C, H/4, W/4).
        outline_logits: (B, H/2, W/2).
        batch: the truth.

    Returns:
        Scalars ``classes`` and ``outline``.
    """
    target = batch.classes.float() / 255
    # A class that is not complete still has known pixels: those of the objects that are drawn.
    known = batch.class_known[:, :, None, None] | (target.amax(1, keepdim=True) > 0.5)
    per_pixel = F.binary_cross_entropy_with_logits(class_logits.float(), target, reduction="none")
    classes = (per_pixel * known).sum() / known.sum().clamp(min=1)
    present = (target.flatten(2).amax(2) > 0.5) & batch.class_known
    dice = dice_loss(class_logits.flatten(0, 1), target.flatten(0, 1))
    # Rare and small classes hardly count among all pixels of all classes; of Dice every one that is there counts alike.
    classes = classes + 0.5 * (dice * present.flatten()).sum() / present.sum().clamp(min=1)
    edges = batch.outlines.float() / 255
    edge_loss = F.binary_cross_entropy_with_logits(outline_logits.float(), edges, reduction="none").mean((1, 2))
    drawn = batch.has_outlines.float()
    return {"classes": classes, "outline": (edge_loss * drawn).sum() / drawn.sum().clamp(min=1)}


def label_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the cross-entropy of image-level labels where they are known.

    Args:
        logits: (B, M) float.
        labels: (B, M) float in {0, 1}, NaN where not known.
    """
    known = ~labels.isnan()
    per_label = F.binary_cross_entropy_with_logits(logits.float(), labels.nan_to_num(0), reduction="none")
    return (per_label * known).sum() / known.sum().clamp(min=1)


def word_loss(logits: Tensor, tokens: Tokens) -> Tensor:
    """Return the cross-entropy of the words that a sentence holds, from its mean.

    Args:
        logits: (N, V) float.
        tokens: of N sentences; the first and the last of each are special.
    """
    log_share = logits.float().log_softmax(-1).gather(1, tokens.ids)
    inner = tokens.mask.bool().clone()
    inner[:, 0] = False
    inner[torch.arange(len(inner)), tokens.mask.sum(1) - 1] = False
    return -(log_share * inner).sum() / inner.sum().clamp(min=1)


def place_loss(guess: Tensor, masks: Tensor) -> Tensor:
    """Return how far the sentence's guess of the referent's place and size is off; absent referents have none.

    Args:
        guess: (N, 3) float: x and y of the centre and the root of the area, as shares of the view.
        masks: (B, K, h, w) uint8, B * K = N.
    """
    share = masks.flatten(0, 1).float() / 255
    mass = share.sum((1, 2))
    rows = torch.linspace(0, 1, share.shape[1], device=share.device)
    cols = torch.linspace(0, 1, share.shape[2], device=share.device)
    x = (share.sum(1) * cols).sum(1) / mass.clamp(min=1)
    y = (share.sum(2) * rows).sum(1) / mass.clamp(min=1)
    truth = torch.stack([x, y, (mass / share[0].numel()).sqrt()], 1)
    present = (mass > 0).float()
    error = F.smooth_l1_loss(guess.float(), truth, reduction="none", beta=0.1).sum(1)
    return (error * present).sum() / present.sum().clamp(min=1)
