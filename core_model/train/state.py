"""State of a training that survives a kill: safetensors and JSON, written aside and renamed, never pickle."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from ..errors import TrainingError

_FILE = "state.safetensors"


def save_state(
    folder: Path,
    step: int,
    facts: dict[str, Any],
    network: nn.Module,
    average: nn.Module,
    optimizer: torch.optim.Optimizer,
) -> None:
    """Write everything that a resumed training needs; the old state stays until the new one is whole.

    Args:
        folder: of the run.
        step: steps finished.
        facts: small JSON values, such as the configuration and the best metric.
        network: being trained.
        average: its moving average.
        optimizer: with the state of the parameters of ``network``.
    """
    tensors = {f"network/{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"average/{name}": value for name, value in average.state_dict().items()}
    names = {id(value): name for name, value in network.named_parameters()}
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            for key, value in optimizer.state[parameter].items():
                tensors[f"optimizer/{key}/{names[id(parameter)]}"] = torch.as_tensor(value)
    part = folder / (_FILE + ".part")
    save_file(
        {name: value.contiguous() for name, value in tensors.items()},
        part,
        {"step": str(step), "facts": json.dumps(facts)},
    )
    with part.open("rb+") as handle:
        os.fsync(handle.fileno())
    part.replace(folder / _FILE)


def load_state(
    folder: Path, network: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[int, dict[str, Any]] | None:
    """Restore a saved state in place and return (step, facts), or None when there is none.

    Raises:
        TrainingError: the state is damaged or of another network.
    """
    path = folder / _FILE
    if not path.exists():
        return None
    from safetensors import safe_open

    try:
        with safe_open(path, "pt") as handle:
            header = handle.metadata() or {}
        tensors = load_file(path)
        network.load_state_dict(_part(tensors, "network/"))
        average.load_state_dict(_part(tensors, "average/"))
        step, facts = int(header["step"]), json.loads(header["facts"])
    except (SafetensorError, OSError, KeyError, ValueError, RuntimeError) as error:
        raise TrainingError(
            f"The training state {path} cannot be resumed ({error}); remove it to start anew."
        ) from error
    parameters = dict(network.named_parameters())
    for name, value in tensors.items():
        if name.startswith("optimizer/"):
            _, key, parameter = name.split("/", 2)
            optimizer.state[parameters[parameter]][key] = value
    return step, facts


def _part(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name[len(prefix) :]: value for name, value in tensors.items() if name.startswith(prefix)}
