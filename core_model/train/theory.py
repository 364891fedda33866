"""The theory, measured: what weak texts can cost.

The LRB-WREL paper claims a bound on the gap between training on mixed and on accurate texts; its statement could not
be read. The bound here is a standard one of that kind and **ours, not the paper's**. With the loss l in [0, M], a weak
share alpha that does not depend on the sample, texts a (accurate) and w (weak), a text representation phi, and l
L-Lipschitz in phi, for every f

    |R_mix(f) - R_acc(f)| = alpha |E[l(f(x, w), y) - l(f(x, a), y)]| <= alpha min(M, L Delta)

where Delta = E||phi(w) - phi(a)||, and so R_acc(f_mix) - R_acc(f_acc) <= 2 alpha min(M, L Delta) for the minimisers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ..data.sample_source import SampleBatch, SampleSource
from ..network import ReferringNetwork
from .bank import ReferenceBank
from .loop import to_device
from .wrel_losses import BACKGROUND_WEIGHT, CE_SHARE, DICE_SHARE, FOREGROUND_WEIGHT, class_dice
from .wrel_objective import answer, read_texts


@dataclass(frozen=True)
class TextView:
    """What a network makes of one kind of text for N samples."""

    loss: NDArray[np.float64]
    """(N,) loss of each sample."""
    embedding: NDArray[np.float64]
    """(N, D) mean of the text encoder's outputs over the positions that may be read."""


@dataclass(frozen=True)
class Gap:
    """Weak against accurate texts of the same samples."""

    weak_share: float
    """alpha."""
    paired: float
    """Mean of the loss under weak text minus the loss under accurate text."""
    risk: float
    """|R_mix - R_acc|, each risk computed as it is defined."""
    distance: float
    """Delta."""
    lipschitz: float
    """95th percentile of |difference of the loss| / ||difference of the representation||: a local estimate of L."""
    bound: float
    """2 alpha L Delta."""


def sample_losses(logits: Tensor, target: Tensor) -> Tensor:
    """Return the loss of each sample by itself: 0.9 weighted cross-entropy + 0.1 mean Dice, (N,) float."""
    weights = torch.where(target > 0.5, FOREGROUND_WEIGHT, BACKGROUND_WEIGHT)
    entropy = F.binary_cross_entropy_with_logits(logits.float(), target, reduction="none")
    cross = (entropy * weights).flatten(1).sum(1) / weights.flatten(1).sum(1)
    return CE_SHARE * cross + DICE_SHARE * class_dice(logits, target).mean(1)


@torch.no_grad()
def view_texts(
    network: ReferringNetwork, source: SampleSource, bank: ReferenceBank | None = None, batch_size: int = 32
) -> TextView:
    """Return losses and representations of all samples of a source, weak ones with the bank if one is given."""
    losses, embeddings = [], []
    was_training, device = network.training, next(network.parameters()).device
    if bank is not None:
        bank.to(device)
    network.eval()
    for start in range(0, len(source.samples), batch_size):
        rows = np.arange(start, min(start + batch_size, len(source.samples)))
        batch: SampleBatch = to_device(source.make(rows, 0), device)
        text, mask = read_texts(network.text_encoder, batch, bank, detach=True)
        decoded = answer(network, batch, text, mask)
        losses.append(sample_losses(decoded.mask[:, 0], (batch.masks[:, 0] > 127).float()))
        readable = mask[..., None].to(text.dtype)
        embeddings.append((text * readable).sum(1) / readable.sum(1))
    network.train(was_training)
    return TextView(torch.cat(losses).double().cpu().numpy(), torch.cat(embeddings).double().cpu().numpy())


def measure_gap(weak: TextView, accurate: TextView, weak_rows: NDArray[np.bool_]) -> Gap:
    """Return the gap between mixed and accurate texts.

    Args:
        weak: of all N samples under weak texts.
        accurate: of the same under accurate texts.
        weak_rows: (N,) bool, which samples are weak in the mixed training set.
    """
    chosen = np.flatnonzero(weak_rows)
    alpha = len(chosen) / len(weak_rows)
    mixed = np.where(weak_rows, weak.loss, accurate.loss)
    difference = weak.loss[chosen] - accurate.loss[chosen]
    distances = np.linalg.norm(weak.embedding[chosen] - accurate.embedding[chosen], axis=1)
    apart = distances > 1e-9
    slope = float(np.quantile(np.abs(difference[apart]) / distances[apart], 0.95)) if apart.any() else 0.0
    distance = float(distances.mean()) if len(chosen) else 0.0
    return Gap(
        weak_share=alpha,
        paired=float(difference.mean()) if len(chosen) else 0.0,
        risk=float(abs(mixed.mean() - accurate.loss.mean())),
        distance=distance,
        lipschitz=slope,
        bound=2 * alpha * slope * distance,
    )
