"""One training on several processes: what ``accelerate`` gives, in the few words that the loop needs.

Start with ``accelerate launch``; each process makes its part of every batch. Losses are normalised and gradients are
averaged over all processes, so that n processes take the step that one would take on the whole batch. Gradients are
averaged explicitly rather than by a wrapper, because a process without a weak sample must still take part in the bank's
step, and names in checkpoints stay the network's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn


class Peers:
    """The processes of one training; one alone without an accelerator."""

    def __init__(self, accelerator: Any = None) -> None:
        self.accelerator = accelerator

    @property
    def count(self) -> int:
        """Number of processes."""
        return int(self.accelerator.num_processes) if self.accelerator is not None else 1

    @property
    def rank(self) -> int:
        """Number of this process."""
        return int(self.accelerator.process_index) if self.accelerator is not None else 0

    def mean(self, value: Tensor) -> Tensor:
        """Return the mean of a tensor over the processes, without gradient."""
        if self.count == 1:
            return value.detach()
        reduced: Tensor = self.accelerator.reduce(value.detach().clone(), "mean")
        return reduced

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace every gradient by its mean over the processes; a missing one counts as zero."""
        if self.count == 1:
            return
        for parameter in parameters:
            gradient = parameter.grad
            if gradient is not None and gradient.is_sparse:
                parameter.grad = self._mean_sparse(gradient.coalesce())
            else:
                parameter.grad = self.mean(torch.zeros_like(parameter) if gradient is None else gradient)

    def _mean_sparse(self, gradient: Tensor) -> Tensor:
        rows, values = gradient.indices()[0], gradient.values()
        # Processes have different numbers of rows: row -1 fills up and is dropped again.
        rows = self.accelerator.gather(self.accelerator.pad_across_processes(rows, pad_index=-1))
        values = self.accelerator.gather(self.accelerator.pad_across_processes(values))
        kept = rows >= 0
        return torch.sparse_coo_tensor(rows[kept][None], values[kept] / self.count, gradient.shape).coalesce()


ALONE = Peers()


def build_accelerator(device: str, *, bf16: bool) -> Any:
    """Return an ``accelerate.Accelerator`` for a device.

    Args:
        device: ``cpu``, or ``cuda`` or ``mps`` for what ``accelerate`` gives to this process.
        bf16: compute in bfloat16 where it is safe.
    """
    from accelerate import Accelerator
    from accelerate.state import AcceleratorState, PartialState

    if PartialState._shared_state and PartialState().distributed_type.value == "NO":
        # A long-lived process may train more than once, and accelerate keeps the first settings for ever.
        AcceleratorState._reset_state(True)
    return Accelerator(cpu=device == "cpu", mixed_precision="bf16" if bf16 else "no")
