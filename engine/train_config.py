"""The training configuration: a TOML file, read and checked whole before anything is built."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import OptionsError


@dataclass(frozen=True)
class StageConfig:
    """One stage of training: length, rate and what its batches are made of."""

    steps: int = 1000
    """Optimiser steps; 0 leaves the stage out."""
    batch_size: int = 16
    """Views per step."""
    size_px: int = 256
    """Side of a view."""
    questions: int = 4
    """Questions per view (the pretext stage asks none)."""
    learning_rate: float = 1e-3
    """Highest learning rate."""
    weight_decay: float = 0.05
    """Of AdamW, on matrices and kernels."""
    upright: float = 0.55
    """Share of views that are not rotated."""
    mosaic: float = 0.1
    """Share of views made of four chips."""
    synthetic: float = 0.05
    """Share of generated views."""
    unannotated: float = 0.1
    """Share of views of chips with image-level labels only."""
    text_rate: float = 0.3
    """Learning rate of the text encoder, as a share of the others'."""
    image_rate: float = 1.0
    """Learning rate of the image encoder, as a share of the others'."""
    decay_share: float = 1.0
    """Share of the steps, at the end, over which the rate falls."""
    frozen_stages: int = 0
    """Leading stages of a residual encoder (and its stem) that keep their weights, after a pretext stage."""
    validate_every: int = 0
    """Steps between validations; 0 validates after the last step only."""


@dataclass(frozen=True)
class TrainConfig:
    """Everything that a training run depends on."""

    data: str
    """Folder of the data set."""
    tokenizer_texts: tuple[str, ...] = ()
    """Further files whose words enter the vocabulary (one text per line, last column of a TSV)."""
    start_from: str = ""
    """Model (name or folder) whose tokenizer and weights a run starts from; parts that it lacks start anew."""
    teacher: str = ""
    """Model (name or folder) that draws classes on chips with image-level labels only; empty: nothing is drawn."""
    seed: int = 0
    """Of weights, batches and dropout."""
    vocab_size: int = 1500
    """Size of the WordPiece vocabulary."""
    model: dict[str, Any] = field(default_factory=dict)
    """Fields of the model configuration (``core_model.config.ModelConfig``) that differ from its defaults."""
    pretext: StageConfig = field(default_factory=lambda: StageConfig(steps=0))
    text: StageConfig = field(default_factory=lambda: StageConfig(steps=0))
    referring: StageConfig = field(default_factory=StageConfig)


def read_train_config(path: Path) -> TrainConfig:
    """Return the configuration in a TOML file.

    Raises:
        OptionsError: the file is missing, is not TOML, or holds unknown or ill-typed keys; all problems are named.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionsError(f"The training configuration {path} cannot be read: {error}.") from error
    problems: list[str] = []
    for name in ("pretext", "text", "referring"):
        if name not in data:
            continue
        stage = data[name]
        if isinstance(stage, dict):
            data[name] = _checked(StageConfig, stage, f"[{name}] ", problems)
        else:
            problems.append(f"'{name}' must be a table")
    if isinstance(data.get("tokenizer_texts"), list):
        data["tokenizer_texts"] = tuple(data["tokenizer_texts"])
    if not isinstance(data.get("data"), str):
        problems.append("'data' (the folder of the data set) is missing")
    config = _checked(TrainConfig, data, "", problems)
    if problems:
        raise OptionsError(f"The training configuration {path} is not usable: {'; '.join(problems)}.")
    return config  # type: ignore[no-any-return]


def _checked(cls: type, data: dict[str, Any], where: str, problems: list[str]) -> Any:
    fields = {item.name: item for item in dataclasses.fields(cls)}
    values = {}
    for name, value in data.items():
        if name not in fields:
            problems.append(f"{where}'{name}' is not known")
            continue
        default = fields[name].default
        if isinstance(default, float) and isinstance(value, int):
            value = float(value)
        if default is not dataclasses.MISSING and (type(value) is not type(default)):
            problems.append(f"{where}'{name}' must be {type(default).__name__}, not {value!r}")
            continue
        if isinstance(value, int | float) and value < 0:
            problems.append(f"{where}'{name}' is {value}, expected 0 or more")
            continue
        values[name] = value
    return None if problems else cls(**values)
