"""The dense class head of a network for another list of classes: known rows are kept, new ones join."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import torch
from torch import Tensor

from .config import ModelConfig
from .expression.lexicon import concepts_of
from .network import ReferringNetwork, build_network

_HEAD = "pyramid.classes."
_RARE = -4.0
"""Bias of a class that nothing is known of: it is hardly anywhere."""


def change_classes(
    network: ReferringNetwork,
    config: ModelConfig,
    classes: Iterable[str],
    also: tuple[ReferringNetwork, ModelConfig] | None = None,
) -> tuple[ReferringNetwork, ModelConfig]:
    """Return a copy of a network whose dense head scores ``classes``, and its configuration.

    A class keeps its row of the head; a new one starts from the row of a class of the same concept (``vessel`` from
    ``boat``) where there is one, else from nothing. All other weights are copied.

    Args:
        network: to copy.
        config: of the network.
        classes: the wanted names, in order.
        also: another network of the same sizes to take rows from that ``network`` lacks.
    """
    changed = dataclasses.replace(config, classes=tuple(classes))
    fresh = build_network(changed)
    rows = {} if also is None else _rows(*also)
    rows |= _rows(network, config)
    state = {name: value for name, value in network.state_dict().items() if not name.startswith(_HEAD)}
    head = {name: value.clone() for name, value in fresh.state_dict().items() if name.startswith(_HEAD)}
    for index, name in enumerate(changed.classes):
        row = rows.get(name) or _related(name, rows)
        if row is None:
            head[f"{_HEAD}bias"][index] = _RARE
        else:
            head[f"{_HEAD}weight"][index], head[f"{_HEAD}bias"][index] = row
    fresh.load_state_dict(state | head)
    device = next(network.parameters()).device
    return fresh.to(device), changed


def _rows(network: ReferringNetwork, config: ModelConfig) -> dict[str, tuple[Tensor, Tensor]]:
    head = network.pyramid.classes
    if head.bias is None:
        raise TypeError("the class head has a bias")
    with torch.no_grad():
        return {
            name: (weight.clone(), bias.clone())
            for name, weight, bias in zip(config.classes, head.weight, head.bias, strict=False)
        }


def _related(name: str, rows: dict[str, tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor] | None:
    concepts = set(concepts_of(name))
    return next((row for known, row in rows.items() if concepts & set(concepts_of(known))), None)
