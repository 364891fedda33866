"""State of a training that survives a kill: safetensors and JSON, written aside and renamed, never pickle."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..errors import TrainingError

_FILE = "state.safetensors"

Trained = Sequence[tuple[str, nn.Module, torch.optim.Optimizer | None]]
"""Modules with the names under which they are kept, and the optimizer of their parameters, if any."""


def save_state(folder: Path, step: int, facts: dict[str, Any], trained: Trained) -> None:
    """Write everything that a resumed training needs; the old state stays until the new one is whole.

    Args:
        folder: of the run.
        step: steps finished.
        facts: small JSON values, such as the configuration and the best metric.
        trained: modules and their optimizers.

    Raises:
        TrainingError: it cannot be written.
    """
    tensors: dict[str, Tensor] = {}
    for label, module, optimizer in trained:
        tensors |= {f"{label}/{name}": value for name, value in module.state_dict().items()}
        names = {id(value): name for name, value in module.named_parameters()}
        for group in optimizer.param_groups if optimizer else ():
            for parameter in group["params"]:
                for key, value in optimizer.state[parameter].items() if optimizer else ():
                    tensors[f"{label}.optimizer/{key}/{names[id(parameter)]}"] = torch.as_tensor(value)
    write_tensors(folder / _FILE, tensors, {"step": str(step), "facts": json.dumps(facts)})


def load_state(folder: Path, trained: Trained) -> tuple[int, dict[str, Any]] | None:
    """Restore a saved state in place and return (step, facts), or None when there is none.

    Raises:
        TrainingError: the state is damaged or of another network.
    """
    path = folder / _FILE
    if not path.exists():
        return None
    try:
        with safe_open(path, "pt") as handle:
            header = handle.metadata() or {}
        tensors = load_file(path)
        step, facts = int(header["step"]), json.loads(header["facts"])
        for label, module, optimizer in trained:
            module.load_state_dict(_part(tensors, f"{label}/"))
            if optimizer is not None:
                parameters = dict(module.named_parameters())
                for name, value in _part(tensors, f"{label}.optimizer/").items():
                    key, parameter = name.split("/", 1)
                    device = parameters[parameter].device
                    # SparseAdam counts its steps in a whole number, AdamW in a float on the CPU.
                    counted = value.item() if value.dtype == torch.int64 else value
                    place = counted if key == "step" else value.to(device)
                    optimizer.state[parameters[parameter]][key] = place
    except (SafetensorError, OSError, KeyError, ValueError, RuntimeError) as error:
        raise TrainingError(
            f"The training state {path} cannot be resumed ({error}); remove it to start anew."
        ) from error
    return step, facts


def write_tensors(path: Path, tensors: Mapping[str, Tensor], header: dict[str, str]) -> None:
    """Write a safetensors file, whole or not at all; an old one stays until the new one is whole.

    Raises:
        TrainingError: it cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, part, header)
        with part.open("rb+") as handle:
            os.fsync(handle.fileno())
        part.replace(path)
    except (OSError, SafetensorError) as error:
        part.unlink(missing_ok=True)
        kept = "the one saved before is whole; " if path.exists() else ""
        raise TrainingError(
            f"{path} cannot be written ({error}); {kept}make room on the disk and give the same command again."
        ) from error


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}
