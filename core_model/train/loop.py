"""The training loop: one for the pretext stage and for the referring stage, given its network, data and objective."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..data.batch import Batch, BatchSource, StepDataset
from ..errors import TrainingError
from .ema import WeightAverage
from .state import load_state, save_state

Metrics = dict[str, float]


class Objective(Protocol):
    """Turns a batch into named losses, each already weighted."""

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Return scalars whose sum is minimised."""
        ...


@dataclass(frozen=True)
class LoopConfig:
    """How long and how fast."""

    steps: int = 3000
    """Optimiser steps."""
    batch_size: int = 16
    """Views per step."""
    learning_rate: float = 1e-3
    """Highest rate of AdamW."""
    weight_decay: float = 0.05
    """Of matrices and kernels; norms and biases have none."""
    warmup_steps: int = 150
    """Steps over which the rate rises."""
    average_momentum: float = 0.998
    """Of the moving average of the weights, which is what is kept."""
    text_rate: float = 0.3
    """Learning rate of the text encoder, as a share of the others': a BERT collapses at their rate."""
    clip_norm: float = 2.0
    """Greatest norm of the gradient."""
    validate_every: int = 500
    """Steps between validations; 0 for none."""
    save_every: int = 250
    """Steps between saved states."""
    loader_processes: int = 1
    """Processes that prepare batches; 0 for the training process itself."""
    seed: int = 0
    """Of weights, data and dropout."""


@dataclass(frozen=True)
class StepReport:
    """What the loop tells after a step."""

    step: int
    steps: int
    losses: Metrics
    validation: Metrics | None
    seconds_per_step: float


def fit(
    network: nn.Module,
    source: BatchSource,
    objective: Objective,
    config: LoopConfig,
    folder: Path,
    *,
    validate: Callable[[nn.Module], Metrics] | None = None,
    on_step: Callable[[StepReport], None] | None = None,
    device: str = "cpu",
    bf16: bool = True,
) -> nn.Module:
    """Train ``network`` in place and return its moving average.

    A run that was killed goes on from its last saved state in ``folder`` and ends as if it had not been.

    Args:
        network: to train; on ``device`` afterwards.
        source: of batches.
        objective: batch to losses.
        config: length and rates.
        folder: of the run; holds the state and ``log.jsonl``.
        validate: metrics of a network; called on the moving average.
        on_step: told of every step.
        device: where to train.
        bf16: compute in bfloat16 where it is safe.

    Raises:
        TrainingError: a loss is not finite, or the saved state is damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    network.to(device)
    average = WeightAverage(network, config.average_momentum)
    optimizer = build_optimizer(network, config)
    resumed = load_state(folder, network, average.network, optimizer)
    start = resumed[0] if resumed else 0
    with (folder / "log.jsonl").open("a", encoding="utf-8") as log:
        began = time.monotonic()
        for step, batch in enumerate(_batches(source, start, config), start):
            network.train()
            torch.manual_seed(config.seed * 1_000_003 + step)
            for group in optimizer.param_groups:
                group["lr"] = group["share"] * config.learning_rate * rate_at(step, config)
            with torch.autocast(device.split(":")[0], torch.bfloat16, enabled=bf16):
                losses = objective(network, to_device(batch, device))
            total = torch.stack(list(losses.values())).sum()
            if not torch.isfinite(total):
                values = {name: round(value.item(), 4) for name, value in losses.items()}
                raise TrainingError(
                    f"The loss of step {step} is not finite ({values}); the last good state is in {folder}: "
                    "lower the learning rate and start again to go on from it."
                )
            optimizer.zero_grad(set_to_none=True)
            total.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), config.clip_norm)
            optimizer.step()
            average.update(network, step)
            done = step + 1
            last = done == config.steps
            validation = None
            if validate is not None and config.validate_every and (done % config.validate_every == 0 or last):
                validation = validate(average.network)
            report = StepReport(
                done, config.steps, {name: value.item() for name, value in losses.items()}, validation,
                (time.monotonic() - began) / (done - start),
            )  # fmt: skip
            if validation is not None or done % 50 == 0:
                log.write(json.dumps(_row(report)) + "\n")
                log.flush()
            if on_step is not None:
                on_step(report)
            if done % config.save_every == 0 or last:
                save_state(folder, done, {"seed": config.seed}, network, average.network, optimizer)
    return average.network


def build_optimizer(network: nn.Module, config: LoopConfig) -> torch.optim.Optimizer:
    """Return AdamW with decay on matrices and kernels only, and a lower rate for the text encoder."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, value in network.named_parameters():
        if value.requires_grad:
            groups.setdefault(("text_encoder." in name, value.ndim >= 2), []).append(value)
    settings: list[dict[str, Any]] = [
        {
            "params": values,
            "weight_decay": config.weight_decay if is_matrix else 0.0,
            "share": config.text_rate if is_text else 1.0,
        }
        for (is_text, is_matrix), values in groups.items()
    ]
    return torch.optim.AdamW(settings, lr=config.learning_rate, betas=(0.9, 0.98))


def rate_at(step: int, config: LoopConfig) -> float:
    """Return the learning rate of a step as a share of the highest: a linear rise, then half a cosine to 1 %."""
    if step < config.warmup_steps:
        return (step + 1) / config.warmup_steps
    progress = (step - config.warmup_steps) / max(1, config.steps - config.warmup_steps)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def to_device(batch: Batch, device: str) -> Batch:
    """Return the batch with its tensors on ``device``."""
    if device == "cpu":
        return batch
    moved: dict[str, Any] = {}
    for name, value in batch.__dict__.items():
        if isinstance(value, Tensor):
            moved[name] = value.to(device, non_blocking=True)
        else:
            moved[name] = type(value)(**{key: item.to(device) for key, item in value.__dict__.items()})
    return Batch(**moved)


def _batches(source: BatchSource, start: int, config: LoopConfig) -> Iterator[Batch]:
    dataset = StepDataset(source, start, config.steps)
    loader = torch.utils.data.DataLoader(
        dataset,
        batch_size=None,
        num_workers=config.loader_processes,
        prefetch_factor=4 if config.loader_processes else None,
    )
    return iter(loader)


def _row(report: StepReport) -> dict[str, Any]:
    row: dict[str, Any] = {"step": report.step, "seconds_per_step": round(report.seconds_per_step, 3)}
    row |= {f"loss_{name}": round(value, 5) for name, value in report.losses.items()}
    row |= {f"val_{name}": round(value, 5) for name, value in (report.validation or {}).items()}
    return row
