"""Exponential moving average of weights: what is kept after training, and the teacher of LRB-WREL."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

Momentum = Callable[[int], float]
"""Step, counted from 0, to the share of the old copy that is kept."""
Buffers = Literal["average", "copy", "keep"]


class WeightAverage:
    """Keeps a smoothed copy of a network, in eval mode and without gradients.

    Buffers (running statistics of norms) are averaged like weights by default. ``copy`` takes the network's own;
    ``keep`` leaves them as they were at the start, as the published LRB-WREL code does: its teacher's weights move
    while its statistics stay those of stage 1 for ever.
    """

    def __init__(self, network: nn.Module, momentum: float | Momentum, buffers: Buffers = "average") -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.momentum = growing_momentum(momentum) if isinstance(momentum, float) else momentum
        self.buffers = buffers

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move the copy towards ``network``, from step 0 on; what is not trained is the same in both and left alone."""
        share = 1 - self.momentum(step)
        moved: list[tuple[Tensor, Tensor]] = [
            (kept, value)
            for kept, value in zip(self.network.parameters(), network.parameters(), strict=True)
            if value.requires_grad
        ]
        for kept, value in zip(self.network.buffers(), network.buffers(), strict=True):
            if self.buffers == "average" and kept.is_floating_point():
                moved.append((kept, value))
            elif self.buffers != "keep":
                kept.copy_(value)
        if moved:
            torch._foreach_lerp_([kept for kept, _ in moved], [value for _, value in moved], share)


def growing_momentum(limit: float) -> Momentum:
    """Return a momentum that grows with the steps to ``limit``, so that early weights are forgotten."""
    return lambda step: min(limit, (1 + step) / (10 + step))


def scheduled_momentum(epoch_steps: int) -> Momentum:
    """Return the published schedule: 0.95 to 0.99 in the first epoch, to 0.999 until the third, then 0.9995.

    The jump from 0.999 to 0.9995 is theirs and kept. It depends on the steps per epoch alone.
    """

    def momentum(step: int) -> float:
        epoch = step / max(1, epoch_steps)
        if epoch < 1:
            return 0.95 + 0.04 * epoch
        if epoch < 3:
            return 0.99 + 0.009 * (epoch - 1) / 2
        return 0.9995

    return momentum
