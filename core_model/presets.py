"""Presets: model configurations without weights, as data in ``resources/models/*.json``."""

from __future__ import annotations

from .checkpoint import MODELS_FOLDER
from .config import ModelConfig
from .errors import CheckpointError


def preset_names() -> list[str]:
    """Return the names of all presets."""
    return sorted(path.stem for path in MODELS_FOLDER.glob("*.json"))


def read_preset(name: str) -> ModelConfig:
    """Return a preset.

    Raises:
        CheckpointError: there is none of that name.
    """
    if name not in preset_names():
        raise CheckpointError(f"There is no preset '{name}'; use one of {', '.join(preset_names())}.")
    return ModelConfig.read(MODELS_FOLDER / f"{name}.json")
