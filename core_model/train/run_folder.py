"""What a run folder keeps beside the states: the environment, and curves of its logs."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from ..errors import TrainingError

_FREE = {"save_every", "loader_processes"}
_PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "accelerate", "numpy")


class RunLog:
    """The JSON-lines log of a run; a disk that refuses it is said in a sentence."""

    def __init__(self, folder: Path) -> None:
        """Open the log in a folder, which is made.

        Raises:
            TrainingError: that cannot be.
        """
        self.path = folder / "log.jsonl"
        make_folder(folder)
        self._file = self.path.open("a", encoding="utf-8")

    def __enter__(self) -> RunLog:
        """Return itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the file."""
        self._file.close()

    def write(self, row: dict[str, Any]) -> None:
        """Add a row at once.

        Raises:
            TrainingError: the disk refuses it.
        """
        try:
            self._file.write(json.dumps(row) + "\n")
            self._file.flush()
        except OSError as error:
            raise TrainingError(
                f"The log {self.path} cannot be written ({error}); make room and give the same command again."
            ) from error


def make_folder(folder: Path) -> None:
    """Make the folder of a run.

    Raises:
        TrainingError: that cannot be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"The run folder {folder} cannot be written ({error}); choose another one.") from error


def write_settings(path: Path, settings: dict[str, Any]) -> None:
    """Write the settings of a run as JSON; a run that goes on must have the same.

    Raises:
        TrainingError: the folder holds a run with other settings.
    """
    now = json.loads(json.dumps(settings))
    if path.exists():
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = sorted(key for key in {*now, *before} - _FREE if now.get(key) != before.get(key))
        if changed:
            raise TrainingError(
                f"The run in {path.parent} was started with other settings ({', '.join(changed)}); "
                "give the same ones to go on with it, or another folder to start anew."
            )
    path.write_text(json.dumps(now, indent=2) + "\n", encoding="utf-8")


def write_environment(path: Path, device: str) -> None:
    """Write what a training ran on, as JSON."""
    facts = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "device": device,
        "threads": torch.get_num_threads(),
        "packages": {name: _version(name) for name in _PACKAGES},
    }
    path.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def draw_curves(folder: Path) -> Path | None:
    """Draw losses and validation of every stage to ``curves.png``; None where matplotlib or the logs are missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return None
    logs = {path.parent.name: read_log(path) for path in sorted(folder.glob("*/log.jsonl"))}
    logs = {name: rows for name, rows in logs.items() if rows}
    if not logs:
        return None
    figure = Figure(figsize=(4.5 * len(logs), 3.2), layout="constrained")
    for axes, (name, rows) in zip(figure.subplots(1, len(logs), squeeze=False)[0], logs.items(), strict=True):
        keys = sorted(
            {key for row in rows for key in row if key.startswith("loss_") or key in ("val_miou", "val_score")}
        )
        for key in keys:
            points = [(row["step"], row[key]) for row in rows if key in row]
            label = key.removeprefix("loss_").replace("val_", "validation ")
            axes.plot(
                [x for x, _ in points], [y for _, y in points], marker="." if len(points) < 9 else "", label=label
            )
        axes.set(title=name, xlabel="step", ylim=(0, None))
        axes.legend(fontsize=7, frameon=False)
    path = folder / "curves.png"
    figure.savefig(path, dpi=110)
    return path


def read_log(path: Path) -> list[dict[str, float]]:
    """Return the rows of a JSON-lines log; a last line that a kill cut short is left out."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
