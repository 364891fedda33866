"""Exponential moving average of weights."""

from __future__ import annotations

import copy

import torch
from torch import nn


class WeightAverage:
    """Keeps a smoothed copy of a network; buffers (running statistics) are averaged like weights."""

    def __init__(self, network: nn.Module, momentum: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.momentum = momentum

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move the copy towards ``network``; the momentum grows with the steps so that early weights are forgotten."""
        momentum = min(self.momentum, (1 + step) / (10 + step))
        source = network.state_dict()
        for name, kept in self.network.state_dict().items():
            if kept.is_floating_point():
                kept.lerp_(source[name].to(kept.dtype), 1 - momentum)
            else:
                kept.copy_(source[name])
