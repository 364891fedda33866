"""Text-free features of a set of chips, computed once and kept: what makes many trainings of the text side cheap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from .data.chips import Chip
from .fusion import SUB
from .network import ReferringNetwork

KEPT = ("p16", "p8", "p2")
"""What the decoder reads."""


@torch.no_grad()
def chip_features(
    network: ReferringNetwork,
    chips: Sequence[Chip],
    pool: int = 1,
    on_chip: Callable[[int, int], None] | None = None,
    batch_size: int = 4,
) -> dict[str, Tensor]:
    """Return the features of all chips, (chips, ...) float16 by name.

    Args:
        network: in eval mode; only its image side is used.
        chips: of one size.
        pool: how many cells along a side are averaged into one; the masks' stride grows as much.
        on_chip: told how many chips are done.
        batch_size: chips at a time.
    """
    parts: list[dict[str, Tensor]] = []
    device = next(network.parameters()).device
    for start in range(0, len(chips), batch_size):
        images = torch.stack([torch.tensor(chip.image) for chip in chips[start : start + batch_size]])
        features = pooled(network.encode_image(images.permute(0, 3, 1, 2).to(device)), pool)
        parts.append({name: features[name].half().cpu() for name in KEPT})
        if on_chip is not None:
            on_chip(min(start + batch_size, len(chips)), len(chips))
    return {name: torch.cat([part[name] for part in parts]) for name in KEPT}


def pooled(features: dict[str, Tensor], factor: int) -> dict[str, Tensor]:
    """Return features of a coarser grid: each cell is the mean of ``factor`` x ``factor``.

    Args:
        features: ``p16`` (B, h, w, D), ``p8`` (B, 2h, 2w, D8), ``p2`` (B, 2h, 2w, SUB * SUB, D2) by cell.
        factor: a divisor of h and w.
    """
    if factor == 1:
        return {name: features[name] for name in KEPT}
    p2 = features["p2"]
    batch, height, width, _, dim = p2.shape
    pixels = p2.view(batch, height, width, SUB, SUB, dim).permute(0, 5, 1, 3, 2, 4)
    fine = F.avg_pool2d(pixels.reshape(batch, dim, height * SUB, width * SUB), factor)
    cells = fine.view(batch, dim, height // factor, SUB, width // factor, SUB).permute(0, 2, 4, 3, 5, 1)
    made = {"p2": cells.reshape(batch, height // factor, width // factor, SUB * SUB, dim).contiguous()}
    for name in ("p16", "p8"):
        made[name] = F.avg_pool2d(features[name].permute(0, 3, 1, 2), factor).permute(0, 2, 3, 1).contiguous()
    return made


def read_or_make(path: Path, make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
    """Return the features in a file, made and written first where there is none."""
    if not path.exists():
        part = path.with_name(path.name + ".part")
        save_file(make(), part)
        part.replace(path)
    loaded: dict[str, Tensor] = load_file(path)
    return loaded
