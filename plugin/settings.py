"""What a person has chosen, kept in QGIS's settings under one prefix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QStandardPaths

PREFIX = "referent/"
HISTORY_LENGTH = 50


def _data_folder() -> str:
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericDataLocation)
    return str(Path(place) / "referent")


DEFAULTS: dict[str, Any] = {
    "python": "",  # a Python of the person's own; empty for the managed environment
    "data_folder": "",  # empty for the system's place for data
    "wheel_folder": "",  # install from here, never from a network
    "profile": "auto",  # auto, cpu or cuda
    "idle_unload_min": 10,
    "cache_gb": 8.0,  # how much the features of pictures seen before may take on disk; 0 for none
    "model": "small",
    "device": "auto",
    "image": "automatic",  # or displayed
    "reading": "auto",
    "anchor_missing": "none",  # or all
    "threshold": 0.5,
    "keep_from": 0.3,
    "scope": "view",
    "export_folder": "",
    "history": [],
    "trained_models": [],  # folders of models that the person trained, newest first
}
"""Every setting and its default; the type of the default is the type of the setting."""


def get(name: str) -> Any:
    """Return a setting.

    Args:
        name: a key of ``DEFAULTS``.
    """
    default = DEFAULTS[name]
    value = QgsSettings().value(PREFIX + name, default)
    if isinstance(default, list):
        return [str(item) for item in value] if isinstance(value, (list, tuple)) else [str(value)] if value else []
    try:
        return type(default)(value)
    except (TypeError, ValueError):
        return default  # a hand-edited file; the default is the safe reading


def put(name: str, value: Any) -> None:
    """Keep a setting.

    Args:
        name: a key of ``DEFAULTS``.
        value: of the type of the default.
    """
    if name not in DEFAULTS:
        raise KeyError(name)
    QgsSettings().setValue(PREFIX + name, value)


def remember_expression(text: str) -> list[str]:
    """Put an expression in front of the history and return the history."""
    history = [text, *(item for item in get("history") if item != text)][:HISTORY_LENGTH]
    put("history", history)
    return history


def remember_model(folder: str) -> list[str]:
    """Put a trained model in front of the list and return the list."""
    models = [folder, *(item for item in get("trained_models") if item != folder)]
    put("trained_models", models)
    return models


def data_folder() -> Path:
    """Return the folder of the environment, the results and the logs."""
    return Path(get("data_folder") or _data_folder())


def cache_folder() -> Path:
    """Return the folder that the engine keeps features of pictures in; nothing else is in it."""
    return data_folder() / "cache"


def cache_params() -> dict[str, Any]:
    """Return what a ``query`` needs to know of the cache."""
    size_gb = get("cache_gb")
    return {"cache_folder": str(cache_folder()) if size_gb > 0 else "", "cache_gb": size_gb or DEFAULTS["cache_gb"]}
