"""The training loop: one for every stage and method, given its network, data and objective.

It runs on what ``accelerate`` finds: one device, or the processes of ``accelerate launch``.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import torch
from torch import Tensor, nn

from ..errors import TrainingError, TrainingStopped
from .ema import WeightAverage
from .parallel import Peers, build_accelerator
from .run_folder import RunLog
from .schedule import cosine_rate, poly_rate
from .state import Trained, load_state, save_state, write_tensors
from .turn import Metrics, NotFiniteError, Objective, Turn

B = TypeVar("B")


class Source(Protocol):
    """Makes the batch of a step; the same for the same step."""

    def batch(self, step: int, part: int = 0, parts: int = 1) -> Any:
        """Return the batch of a step, or one of its equal parts."""
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
    schedule: Literal["cosine", "poly"] = "cosine"
    """How the rate falls."""
    weight_decay: float = 0.05
    """Of matrices and kernels; norms, biases and position tables have none."""
    betas: tuple[float, float] = (0.9, 0.98)
    """Of AdamW."""
    warmup_steps: int = 150
    """Steps over which the rate rises (cosine)."""
    average_momentum: float = 0.998
    """Of the moving average of the weights, where none is given."""
    text_rate: float = 0.3
    """Learning rate of the text encoder, as a share of the others': a BERT collapses at their rate."""
    image_rate: float = 1.0
    """Learning rate of the image encoder, as a share of the others'."""
    decay_share: float = 1.0
    """Share of the steps, at the end, over which the rate falls; before that it is held (cosine)."""
    clip_norm: float = 2.0
    """Greatest norm of the gradient."""
    validate_every: int = 500
    """Steps between validations; 0 for none."""
    validated: Literal["average", "network"] = "average"
    """Which weights are validated."""
    best_by: str = ""
    """Metric whose highest value marks the weights to return; empty for the last ones."""
    patience: int = 0
    """Validations without a new best after which training stops; 0 for never."""
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


@dataclass(frozen=True)
class Fitted:
    """What a finished loop leaves."""

    network: nn.Module
    """The trained network; its best state where one was asked for and the network is what is validated."""
    average: WeightAverage | None
    best: Metrics | None
    """Validation of the best state."""


def fit(
    network: nn.Module,
    source: Source,
    objective: Objective,
    config: LoopConfig,
    folder: Path,
    *,
    validate: Callable[[nn.Module], Metrics] | None = None,
    on_step: Callable[[StepReport], None] | None = None,
    device: str = "cpu",
    bf16: bool = True,
    accelerator: Any = None,
) -> nn.Module:
    """Train ``network`` in place and return its moving average, see ``run_loop``."""
    average = WeightAverage(network, config.average_momentum)
    turn = network_turn(network, objective, config)
    fitted = run_loop(
        [("network", turn)], source, config, folder, average=average, validate=validate, on_step=on_step,
        accelerator=accelerator or build_accelerator(device.split(":")[0], bf16=bf16),
    )  # fmt: skip
    if fitted.average is None:
        raise TypeError("the loop returns the average that it was given")
    return fitted.average.network


def run_loop(
    turns: Sequence[tuple[str, Turn]],
    source: Source,
    config: LoopConfig,
    folder: Path,
    *,
    accelerator: Any,
    average: WeightAverage | None = None,
    validate: Callable[[nn.Module], Metrics] | None = None,
    on_step: Callable[[StepReport], None] | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> Fitted:
    """Take the turns on every batch; the last turn is the network's own, which is averaged and validated.

    A run that was killed goes on from its last saved state in ``folder`` and ends as if it had not been.

    Args:
        turns: with the names under which their networks are saved.
        source: of batches.
        config: length and rates.
        folder: of the run; holds the state and ``log.jsonl``.
        accelerator: of ``accelerate``; where and how precisely to compute.
        average: moving average of the last turn's network.
        validate: metrics of a network.
        on_step: told of every step.
        is_cancelled: asked after every step.

    Raises:
        TrainingError: a loss is not finite, the saved state is damaged or of another configuration, the disk is full.
        TrainingStopped: ``is_cancelled`` said so; the state was saved.
    """
    log = RunLog(folder)
    peers, device = Peers(accelerator), accelerator.device
    network = turns[-1][1].network
    for _, turn in turns:
        turn.network.to(device)
    trained: list[Any] = [(name, turn.network, turn.optimizer) for name, turn in turns]
    if average is not None:
        average.network.to(device)
        trained.append(("average", average.network, None))
    progress = _Progress(folder, config, peers, trained, [turn for _, turn in turns])
    start = progress.resume()
    began, logged = time.monotonic(), max(1, min(50, config.steps // 40))
    with log:
        for step, batch in enumerate(_batches(source, start, config, peers), start):
            if progress.is_over:
                break
            network.train()
            torch.manual_seed(config.seed * 1_000_003 + step + 7919 * peers.rank)
            moved = to_device(batch, device)
            losses: Metrics = {}
            for name, turn in turns:
                if turn.is_due(step):
                    try:
                        values = turn.take(moved, peers, accelerator.autocast)
                    except NotFiniteError as error:
                        raise TrainingError(_stopped(step, batch, error, folder)) from error
                    losses |= values if turn is turns[-1][1] else {f"{name}_{k}": v for k, v in values.items()}
            if average is not None:
                average.update(network, step)
            done = step + 1
            validation = None
            if validate is not None and config.validate_every:
                if done % config.validate_every == 0 or done == config.steps:
                    judged = average.network if average is not None and config.validated == "average" else network
                    validation = validate(judged)
                    progress.judge(validation, judged, done)
            report = StepReport(done, config.steps, losses, validation, (time.monotonic() - began) / (done - start))
            if peers.rank == 0 and (validation is not None or done % logged == 0 or done == config.steps):
                log.write(_row(report))
            if on_step is not None:
                on_step(report)
            stop = is_cancelled is not None and is_cancelled()
            if done % config.save_every == 0 or done == config.steps or stop or progress.is_over:
                progress.save(done)
            if stop and done < config.steps:
                raise TrainingStopped(f"Training was stopped after step {done}; start it again to go on from there.")
    best = progress.restore_best(network, average, config)
    return Fitted(network, average, best)


def network_turn(network: nn.Module, objective: Objective, config: LoopConfig) -> Turn:
    """Return the turn of a whole network: AdamW at the rates of ``config``."""
    return Turn(
        network,
        objective,
        build_optimizer(network, config),
        config.learning_rate,
        lambda step: rate_at(step, config),
        config.clip_norm,
    )


def build_optimizer(network: nn.Module, config: LoopConfig) -> torch.optim.Optimizer:
    """Return AdamW with decay on matrices and kernels only, and rates of their own for the two encoders.

    Norms, biases and position tables have no decay. The published LRB-WREL code spares only names that hold ``norm``
    and so decays the batch norms that it calls ``bn``.
    """
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, value in network.named_parameters():
        share = config.text_rate if "text_encoder." in name else 1.0
        share = config.image_rate if "image_encoder." in name else share
        if value.requires_grad:
            decayed = value.ndim >= 2 and not any(part in name for part in _TABLES)
            groups.setdefault((share, decayed), []).append(value)
    settings: list[dict[str, Any]] = [
        {"params": values, "weight_decay": config.weight_decay if decayed else 0.0, "share": share}
        for (share, decayed), values in groups.items()
    ]
    return torch.optim.AdamW(settings, lr=config.learning_rate, betas=config.betas)


_TABLES = ("relative_position_bias_table", "absolute_pos_embed")


def rate_at(step: int, config: LoopConfig) -> float:
    """Return the learning rate of a step as a share of the highest, see ``train.schedule``."""
    if config.schedule == "poly":
        return poly_rate(step, config.steps)
    return cosine_rate(step, config.steps, config.warmup_steps, config.decay_share)


def to_device(batch: B, device: torch.device | str) -> B:
    """Return a batch (a dataclass of tensors, dictionaries and dataclasses) with its tensors on ``device``."""
    if torch.device(device).type == "cpu":
        return batch
    names = [item.name for item in dataclasses.fields(batch)]  # type: ignore[arg-type]
    moved = {name: _moved(getattr(batch, name), device) for name in names}
    return type(batch)(**moved)


def _moved(value: Any, device: torch.device | str) -> Any:
    if isinstance(value, Tensor):
        return value.to(device, non_blocking=True)
    if isinstance(value, dict):
        return {name: _moved(item, device) for name, item in value.items()}
    return to_device(value, device) if dataclasses.is_dataclass(value) else value


class _Progress:
    """Where a run stands: what was saved, what was best, whether it is over."""

    def __init__(self, folder: Path, config: LoopConfig, peers: Peers, trained: Trained, turns: list[Turn]) -> None:
        self.folder, self.config, self.peers, self.trained, self.turns = folder, config, peers, trained, turns
        self.best: Metrics | None = None
        self.since_best = 0
        self.settings = {name: value for name, value in dataclasses.asdict(config).items() if name not in _FREE}

    @property
    def is_over(self) -> bool:
        return bool(self.config.patience) and self.since_best >= self.config.patience

    def resume(self) -> int:
        resumed = load_state(self.folder, self.trained)
        if resumed is None:
            return 0
        step, facts = resumed
        before = facts.get("settings", {})
        changed = sorted(name for name in before if before[name] != _plain(self.settings.get(name)))
        if changed:
            raise TrainingError(
                f"The run in {self.folder} was started with other settings ({', '.join(changed)}); "
                "give the same ones to go on with it, or another folder to start anew."
            )
        self.best, self.since_best = facts.get("best"), facts.get("since_best", 0)
        for turn, taken in zip(self.turns, facts.get("taken", []), strict=True):
            turn.taken = taken
        return step

    def judge(self, validation: Metrics, network: nn.Module, step: int) -> None:
        key = self.config.best_by
        if not key:
            return
        if self.best is None or validation[key] > self.best[key]:
            self.best, self.since_best = {**validation, "step": float(step)}, 0
            if self.peers.rank == 0:
                write_tensors(self.folder / "best.safetensors", network.state_dict(), {"step": str(step)})
        else:
            self.since_best += 1

    def save(self, step: int) -> None:
        if self.peers.rank == 0:
            taken = [turn.taken for turn in self.turns]
            facts = {"settings": self.settings, "best": self.best, "since_best": self.since_best, "taken": taken}
            save_state(self.folder, step, facts, self.trained)

    def restore_best(self, network: nn.Module, average: WeightAverage | None, config: LoopConfig) -> Metrics | None:
        path = self.folder / "best.safetensors"
        if self.best is not None and path.exists():
            from safetensors.torch import load_file

            target = average.network if average is not None and config.validated == "average" else network
            target.load_state_dict(load_file(path))
        return self.best


_FREE = ("loader_processes", "save_every", "validate_every", "patience")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _stopped(step: int, batch: Any, error: TrainingError, folder: Path) -> str:
    names = [name for name in getattr(batch, "ids", ()) if name]
    of = f", whose samples are {', '.join(names[:4])}{', ...' if len(names) > 4 else ''}" if names else ""
    return (
        f"Training stopped in step {step}{of}: {error}. The last good state is in {folder}; "
        "look at that batch, or lower the learning rate and start in another folder."
    )


class _StepDataset(torch.utils.data.IterableDataset[Any]):
    """The batches from step ``start`` to ``stop``, shared among loader processes."""

    def __init__(self, source: Source, start: int, stop: int, peers: Peers) -> None:
        self.source, self.start, self.stop = source, start, stop
        self.part, self.parts = peers.rank, peers.count

    def __iter__(self) -> Iterator[Any]:
        """Yield batches in order; worker w of n yields every n-th."""
        worker = torch.utils.data.get_worker_info()
        first, step = (worker.id, worker.num_workers) if worker else (0, 1)
        for index in range(self.start + first, self.stop, step):
            yield self.source.batch(index, self.part, self.parts)


def _batches(source: Source, start: int, config: LoopConfig, peers: Peers) -> Iterator[Any]:
    loader = torch.utils.data.DataLoader(
        _StepDataset(source, start, config.steps, peers),
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
