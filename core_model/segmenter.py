"""The ``Segmenter`` interface: two calls that every engine of this project offers.

Image features never see the text: ``encode_image`` runs once per tile, ``segment`` once per question.
Nothing outside ``core_model`` may assume more about a network than this module says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray


@dataclass(frozen=True)
class ModelSpec:
    """What a caller must know of a model before using it."""

    name: str
    """Name that goes into results, such as ``small``."""
    weights_hash: str
    """First 16 hex digits of the SHA-256 of the weights; names the features in caches."""
    gsd_m: float
    """Ground resolution that the network wants, in metres per pixel."""
    window_px: int
    """Side of the square tile that the network wants, in pixels at ``gsd_m``."""
    stride_px: int
    """Step between neighbouring tiles of a scene, in pixels; windows overlap by ``window_px - stride_px``."""
    classes: tuple[str, ...]
    """Class names that the network was trained on, lower case, singular."""
    max_words: int
    """Longest expression that the text encoder reads, in words."""
    precision: str = "fp32"
    """Number format that the network computes in; with the weights it decides what features of a picture are."""


@dataclass(frozen=True)
class Features:
    """Image features of B tiles: opaque to callers, who may only count, cut, join and move them."""

    maps: Mapping[str, torch.Tensor]
    """Named tensors; the first axis is always B."""

    def __len__(self) -> int:
        """Return B, the number of tiles."""
        return int(next(iter(self.maps.values())).shape[0])

    def select(self, start: int, stop: int) -> Features:
        """Return the features of the tiles ``start`` to ``stop`` (half-open)."""
        return Features({name: tensor[start:stop] for name, tensor in self.maps.items()})

    def rows(self, name: str, tiles: torch.Tensor) -> torch.Tensor:
        """Return one tensor of some tiles.

        Args:
            name: of the tensor.
            tiles: (N,) rising numbers of tiles, 1 or more.
        """
        if isinstance(self.maps, _JoinedMaps):
            return self.maps.rows(name, tiles)
        # All tiles of a batch in a row are a view, not a copy.
        first, last = int(tiles[0]), int(tiles[-1])
        return self.maps[name][first : last + 1] if last - first + 1 == len(tiles) else self.maps[name][tiles]

    def to(self, device: str) -> Features:
        """Return the features on a device."""
        return Features({name: tensor.to(device) for name, tensor in self.maps.items()})

    @staticmethod
    def join(parts: Sequence[Features]) -> Features:
        """Return the features of all tiles of ``parts``, in order, on the device of the first.

        Nothing is copied before it is asked for: of many tiles often few are read.
        """
        return Features(_JoinedMaps(parts))

    @property
    def nbytes(self) -> int:
        """Memory that the features take, in bytes."""
        return sum(tensor.numel() * tensor.element_size() for tensor in self.maps.values())


class _JoinedMaps(Mapping[str, torch.Tensor]):
    """Tensors of several features, joined when they are asked for."""

    def __init__(self, parts: Sequence[Features]) -> None:
        self._parts = [part.maps for part in parts]
        self._tiles = [(part, row) for part, features in enumerate(parts) for row in range(len(features))]
        self._joined: dict[str, torch.Tensor] = {}

    def __getitem__(self, name: str) -> torch.Tensor:
        if name not in self._joined:
            place = self._parts[0][name].device
            self._joined[name] = torch.cat([maps[name].to(place) for maps in self._parts])
        return self._joined[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts[0])

    def __len__(self) -> int:
        return len(self._parts[0])

    def rows(self, name: str, tiles: torch.Tensor) -> torch.Tensor:
        """Return one tensor of some tiles only, see ``Features.rows``."""
        place = self._parts[0][name].device
        chosen = [self._tiles[tile] for tile in tiles.tolist()]
        return torch.cat([self._parts[part][name][row : row + 1].to(place) for part, row in chosen])


@dataclass(frozen=True)
class Segmentation:
    """What ``segment`` answers for B tiles and E expressions."""

    logits: NDArray[np.float32]
    """(B, E, H, W) float32; above 0 the pixel belongs to the referent. A tile without a referent is below 0
    throughout: the no-referent output is already folded in."""
    outlines: NDArray[np.float32] | None
    """(B, H, W) float32 logits, above 0 on outlines, which keep touching objects apart; None without such."""


class Segmenter(Protocol):
    """A model that finds in image tiles what expressions name."""

    @property
    def spec(self) -> ModelSpec:
        """The model's needs and name."""
        ...

    def encode_image(self, tiles: NDArray[np.uint8]) -> Features:
        """Return the text-free features of tiles.

        Args:
            tiles: (B, 3, H, W) uint8 in [0, 255], red green blue, H = W = ``spec.window_px``.
        """
        ...

    def segment(
        self, features: Features, expressions: Sequence[str], within: NDArray[np.bool_] | None = None
    ) -> Segmentation:
        """Return scores of every expression on every tile, without touching the image encoder.

        Args:
            features: of B tiles, from ``encode_image`` of the same model.
            expressions: E non-empty texts.
            within: (B, H, W) bool: what a person asks about, for expressions that mean one object; None: all of it.

        Raises:
            ExpressionError: an expression is empty or longer than ``spec.max_words``.
        """
        ...
