"""The models and devices that a person can choose from, as texts and values of a list."""

from __future__ import annotations

from typing import Any

from . import settings
from .i18n import tr


def model_choices(models: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return text and value of each model for a list, bundled ones by name and others by folder."""
    # Until the engine has listed its models, the one chosen last stands for all.
    known = models or [{"name": settings.get("model"), "folder": "", "is_bundled": True}]
    return [(model["name"], model["name"] if model.get("is_bundled", True) else model["folder"]) for model in known]


def device_words() -> dict[str, str]:
    """Return device to the words for it."""
    return {
        "auto": tr("Best there is"),
        "cpu": tr("Processor"),
        "cuda": tr("NVIDIA graphics card"),
        "mps": tr("Apple graphics"),
    }
