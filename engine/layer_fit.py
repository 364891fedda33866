"""The methods by which a network is trained on layer samples, over the one training loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from ..core_model.data.batch import Batch, BatchSource, Mix
from ..core_model.data.chips import Chip
from ..core_model.data.polygon import clip_ring, ring_area
from ..core_model.data.sample_source import SampleMix
from ..core_model.data.samples import samples_of
from ..core_model.device import Compute
from ..core_model.image_encoder import ResidualEncoder
from ..core_model.network import ReferringNetwork
from ..core_model.tokenizer import ExpressionTokenizer
from ..core_model.train.ema import WeightAverage
from ..core_model.train.loop import LoopConfig, StepReport, network_turn, run_loop
from ..core_model.train.objective import ReferringObjective, ReferringTraining
from ..core_model.train.parallel import build_accelerator
from ..core_model.train.wrel import WrelData, WrelTrainer
from ..core_model.train.wrel_config import BankConfig, WrelConfig

Method = Literal["product", "accurate-only", "naive-wrel", "lrb-wrel"]
METHODS: tuple[Method, ...] = ("product", "accurate-only", "naive-wrel", "lrb-wrel")
OnStep = Callable[[str, StepReport], None]
IsCancelled = Callable[[], bool]
Measure = Callable[[ReferringNetwork], dict[str, float]]

BEST = "score"
"""Validation figure by which weights are chosen."""
_VALIDATIONS = 10
_SPOKEN = 0.6


@dataclass(frozen=True)
class FitSettings:
    """How long, how fast, by which method."""

    method: Method
    steps: int
    batch_size: int
    learning_rate: float
    patience: int
    seed: int
    from_scratch: bool


@dataclass(frozen=True)
class FitResult:
    """What a finished training leaves."""

    network: ReferringNetwork
    """With the weights that validation chose, or the last."""
    best_step: int
    """Step of those weights; 0: the last."""


def fit_network(
    network: ReferringNetwork,
    tokenizer: ExpressionTokenizer,
    training: Sequence[Chip],
    validation: Sequence[Chip],
    classes: Sequence[str],
    settings: FitSettings,
    folder: Path,
    compute: Compute,
    measure: Measure | None,
    on_step: OnStep | None,
    is_cancelled: IsCancelled | None,
) -> FitResult:
    """Train a network on chips by a method; a run that was stopped goes on from its folder.

    Args:
        network: to train, in place; its dense head scores ``classes``.
        tokenizer: of the network.
        training: chips.
        validation: chips, for the methods of the paper, which choose by their own measure.
        classes: of the layers.
        settings: method, lengths and rates.
        folder: for states and logs.
        compute: where to compute.
        measure: figures of a network on validation chips, with ``BEST`` among them; None: the last weights are kept.
        on_step: told of every step, with the name of the stage.
        is_cancelled: asked after every step.

    Raises:
        TrainingError: training cannot go on.
        TrainingStopped: ``is_cancelled`` said so; the state was saved.
    """
    if not settings.from_scratch:
        freeze_filters(network)
    if settings.method == "product":
        return _fit_product(
            network, tokenizer, training, classes, settings, folder, compute, measure, on_step, is_cancelled
        )
    trainer = WrelTrainer(
        network,
        tokenizer,
        _wrel_data(training),
        _wrel_data(validation),
        _wrel_config(settings, tokenizer, training[0].image.shape[0], bool(validation)),
        folder,
        on_step,
        is_cancelled,
        device=compute.device.type,
        bf16=compute.dtype == torch.bfloat16,
    )
    return FitResult(trainer.run().network, 0)


def best_so_far(folder: Path) -> int:
    """Return the step of the best weights that an unfinished run has saved; 0 where there are none."""
    try:
        with safe_open(folder / "best.safetensors", "pt") as handle:
            return int((handle.metadata() or {})["step"])
    except (OSError, SafetensorError, KeyError, ValueError):
        return 0


def load_best(folder: Path, network: ReferringNetwork) -> None:
    """Put the best weights of an unfinished run into a network."""
    prefix = "network."
    saved = load_file(folder / "best.safetensors")
    network.load_state_dict({name[len(prefix) :]: value for name, value in saved.items() if name.startswith(prefix)})


def freeze_filters(network: ReferringNetwork) -> None:
    """Keep the low-level filters of a trained residual encoder: little data cannot better them."""
    encoder = network.image_encoder
    if isinstance(encoder, ResidualEncoder):
        encoder.stem.requires_grad_(False)
        encoder.stages[:2].requires_grad_(False)


class _LayerObjective:
    """The referring objective; from a trained start without the losses of heads that begin untrained."""

    def __init__(self, with_heads: bool) -> None:
        self.inner = ReferringObjective()
        self.with_heads = with_heads

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Return the weighted losses of a batch."""
        if isinstance(network, ReferringTraining):
            # A layer may have one class name only; what is common to sentences is not learned from it.
            network.network.decoder.sentence_norm.eval()
        losses = self.inner(network, batch)
        if not self.with_heads:
            losses = {name: value for name, value in losses.items() if name not in ("words", "place", "labels")}
        return losses


def _fit_product(
    network: ReferringNetwork,
    tokenizer: ExpressionTokenizer,
    training: Sequence[Chip],
    classes: Sequence[str],
    settings: FitSettings,
    folder: Path,
    compute: Compute,
    measure: Measure | None,
    on_step: OnStep | None,
    is_cancelled: IsCancelled | None,
) -> FitResult:
    every = max(5, settings.steps // _VALIDATIONS)
    config = LoopConfig(
        steps=settings.steps,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        warmup_steps=max(1, min(50, settings.steps // 10)),
        validate_every=every if measure else 0,
        best_by=BEST if measure else "",
        patience=settings.patience if measure else 0,
        save_every=max(5, min(50, every)),
        loader_processes=0,
        seed=settings.seed,
    )
    source = BatchSource(
        training,
        classes,
        tokenizer,
        Mix(questions=4, mosaic=0.1, synthetic=0.0, unannotated=0.0, size_px=training[0].image.shape[0]),
        batch_size=settings.batch_size,
        seed=settings.seed,
    )

    module = ReferringTraining(network, tokenizer.vocab_size, source.label_count)
    average = WeightAverage(module, 0.99)

    def validate(judged: nn.Module) -> dict[str, float]:
        if measure is None:
            raise TypeError("there is nothing to validate on")
        return measure(_core(judged))

    fitted = run_loop(
        [("network", network_turn(module, _LayerObjective(settings.from_scratch), config))],
        source,
        config,
        folder,
        accelerator=build_accelerator(compute.device.type, bf16=compute.dtype == torch.bfloat16),
        average=average,
        validate=validate if measure else None,
        on_step=None if on_step is None else lambda report: on_step("train", report),
        is_cancelled=is_cancelled,
    )
    return FitResult(_core(average.network), int((fitted.best or {}).get("step", 0)))


def _core(network: nn.Module) -> ReferringNetwork:
    if not isinstance(network, ReferringTraining):
        raise TypeError("layers train a network of the referring stage")
    return network.network


def _wrel_data(chips: Sequence[Chip]) -> WrelData:
    """Return one sample per object that its chip shows for the most part."""
    shown = {
        (index, item.id)
        for index, chip in enumerate(chips)
        for item in chip.objects
        if _shown_share(item.rings, chip.image.shape[0]) >= _SPOKEN
    }
    samples = [item for item in samples_of(chips, verbatim_names=True) if (item.chip, item.object_ids[0]) in shown]
    return WrelData(samples, chips)


def _shown_share(rings: Sequence[NDArray[np.float32]], size_px: int) -> float:
    whole = sum(ring_area(ring) for ring in rings)
    return sum(ring_area(clip_ring(ring, size_px)) for ring in rings) / whole if whole else 0.0


def _wrel_config(
    settings: FitSettings, tokenizer: ExpressionTokenizer, chip_px: int, has_validation: bool
) -> WrelConfig:
    """Return the paper's settings at the rates of the bundled network, with the product's kinds mixed in.

    Without class names for all instances and without absent ones a model of a map could answer neither "all" nor
    "none"; the paper's own protocol, without both, is ``referent benchmark wrel``.
    """
    steps = settings.steps
    return WrelConfig(
        method=settings.method if settings.method != "product" else "naive-wrel",
        seed=settings.seed,
        batch_size=settings.batch_size,
        steps=steps,
        warmup_steps=max(1, steps // 4),
        bank_steps=max(1, steps // 4),
        warmup_rate=settings.learning_rate,
        joint_rate=settings.learning_rate,
        text_rate=0.3,
        clip_norm=2.0,
        bank=BankConfig(init_rate=1e-2, joint_rate=1e-2),  # at the published ones it stays where it began
        mix=SampleMix(
            size_px=chip_px,
            text_tokens=tokenizer.max_tokens,
            blackout=0.0,
            jitter=True,
            class_questions=1,
            absent_questions=1,
        ),
        coarse=0.5,
        presence=1.0,
        validate_every=max(5, steps // _VALIDATIONS) if has_validation else 0,
        patience=settings.patience if has_validation else 0,
        save_every=max(5, min(50, steps // _VALIDATIONS)),
    )
