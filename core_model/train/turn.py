"""One optimiser's turn in a step of the loop: losses of a batch, gradients, a step, a new learning rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..errors import TrainingError
from .parallel import Peers

Metrics = dict[str, float]


class NotFiniteError(TrainingError):
    """A loss or a gradient is not finite; nothing was changed."""


class Objective(Protocol):
    """Turns a batch into named losses, each already weighted."""

    def __call__(self, network: nn.Module, batch: Any) -> dict[str, Tensor]:
        """Return scalars whose sum is minimised."""
        ...


@dataclass
class Turn:
    """What is trained, on what, and how fast. A step of the loop takes its turns one after the other."""

    network: nn.Module
    objective: Objective
    optimizer: torch.optim.Optimizer
    learning_rate: float
    rate: Callable[[int], float]
    """Own step to the share of ``learning_rate``."""
    clip_norm: float = math.inf
    """Greatest norm of the gradient."""
    is_due: Callable[[int], bool] = lambda step: True
    """Whether a step of the loop has this turn at all. The same on every process."""
    repeats: int = 1
    """Optimiser steps per turn."""
    taken: int = 0
    """Optimiser steps so far."""

    def take(self, batch: Any, peers: Peers, autocast: Any) -> Metrics:
        """Train on a batch and return its losses.

        Raises:
            NotFiniteError: a loss or a gradient is not finite; nothing was changed.
        """
        values: Metrics = {}
        for _ in range(self.repeats):
            for group in self.optimizer.param_groups:
                group["lr"] = group.get("share", 1.0) * self.learning_rate * self.rate(self.taken)
            with autocast():
                losses = self.objective(self.network, batch)
            total = torch.stack(list(losses.values())).sum()
            values = {name: value.item() for name, value in losses.items()}
            if not torch.isfinite(peers.mean(total)):
                raise NotFiniteError(f"the loss is not finite ({ {k: round(v, 4) for k, v in values.items()} })")
            self.optimizer.zero_grad(set_to_none=True)
            total.backward()  # type: ignore[no-untyped-call]
            parameters = [value for group in self.optimizer.param_groups for value in group["params"]]
            peers.average_gradients(parameters)
            self._clip(parameters)
            self.optimizer.step()
            self.taken += 1
        return values

    def _clip(self, parameters: list[nn.Parameter]) -> None:
        gradients = [value.grad for value in parameters if value.grad is not None]
        if any(gradient.is_sparse for gradient in gradients):
            finite = all(torch.isfinite(gradient.coalesce().values()).all() for gradient in gradients)
        else:
            finite = bool(torch.isfinite(nn.utils.clip_grad_norm_(parameters, self.clip_norm)))
        if not finite:
            raise NotFiniteError("the gradient is not finite")
