"""What happens around the loop: validation while training, calibration and the checkpoint after it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from ..core_model.calibrate import calibrate
from ..core_model.checkpoint import save_checkpoint
from ..core_model.chip_evaluation import ask_chips, headline
from ..core_model.config import ModelConfig
from ..core_model.data.chips import ChipSet, read_ucm_refer
from ..core_model.device import choose_compute
from ..core_model.network import ReferringNetwork
from ..core_model.predictor import NetworkSegmenter
from ..core_model.tokenizer import ExpressionTokenizer
from ..core_model.train.objective import ReferringTraining
from .train_config import TrainConfig

FALSE_ALARMS = (0.05, 0.025)
"""Shares of absent expressions and of absent class names that may be answered on validation data."""


def validator(
    config: TrainConfig, tokenizer: ExpressionTokenizer, model_config: ModelConfig
) -> Callable[[nn.Module], dict[str, float]]:
    """Return a function that gives the headline metrics of a network on the validation split."""
    chips = [chip for chip in read_ucm_refer(Path(config.data), "val").chips if chip.annotated]
    compute = choose_compute()

    def validate(network: nn.Module) -> dict[str, float]:
        if not isinstance(network, ReferringTraining):
            raise TypeError("only a network of the referring stage can be validated")
        core = network.network
        calibration = calibrate(
            core, tokenizer, chips, compute, classes=model_config.classes, false_alarms=FALSE_ALARMS
        )
        calibrated = dataclasses.replace(model_config, calibration=calibration)
        return headline(list(ask_chips(NetworkSegmenter(core, tokenizer, calibrated, compute), chips)))

    return validate


def finish(
    config: TrainConfig,
    data: ChipSet,
    model_config: ModelConfig,
    tokenizer: ExpressionTokenizer,
    network: ReferringNetwork,
    out: Path,
) -> Path:
    """Calibrate a trained network, write its checkpoint to ``out/model`` and return that folder."""
    chips = read_ucm_refer(Path(config.data), "val").chips
    compute = choose_compute()
    calibration = calibrate(network, tokenizer, chips, compute, classes=model_config.classes, false_alarms=FALSE_ALARMS)
    facts: dict[str, Any] = {
        "seed": config.seed,
        "steps": config.referring.steps,
        "pretext_steps": config.pretext.steps,
    }
    model_config = dataclasses.replace(model_config, calibration=calibration, training=facts)
    answers = list(ask_chips(NetworkSegmenter(network, tokenizer, model_config, compute), chips))
    card = model_card(model_config, data, headline(answers))
    save_checkpoint(out / "model", network, tokenizer, model_config, card)
    return out / "model"


def model_card(config: ModelConfig, data: ChipSet, validation: dict[str, float]) -> str:
    """Return a model card that says what is known right after training; the bundled model's is extended by hand."""
    annotated = [chip for chip in data.chips if chip.annotated]
    expressions = sum(len(chip.expressions) for chip in annotated)
    lines = [
        f"# Model card: {config.name}",
        "",
        f"Classes: {', '.join(config.classes)}.",
        f"Ground resolution: {config.gsd_m} m per pixel; tiles of {config.window_px} px.",
        f"Training data: {len(data.chips)} chips, {len(annotated)} with objects, {expressions} written expressions.",
        f"Training: {config.training}.",
        "",
        "| metric on the validation split | value |",
        "|---|---|",
        *(f"| {name} | {value:.3f} |" for name, value in validation.items()),
        "",
    ]
    return "\n".join(lines)
