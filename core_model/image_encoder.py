"""Image encoders: pictures in, maps at strides 4, 8, 16 and 32 out. They never see the text.

``ResidualEncoder`` is ours: plain 3 x 3 convolutions (He et al. 2016, "Deep Residual Learning for Image Recognition"),
because depthwise and window operations are dear on a CPU. ``HubEncoder`` wraps any ``transformers`` backbone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .config import ImageEncoderConfig
from .errors import CheckpointError
from .hub import hub_settings, pinned_source

STRIDES = (4, 8, 16, 32)


def _conv_norm(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs))


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions around a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = _conv_norm(inputs, outputs, stride=stride)
        self.second = _conv_norm(outputs, outputs)
        same = inputs == outputs and stride == 1
        self.shortcut: nn.Module = nn.Identity() if same else _conv_norm(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C', H / stride, W / stride)."""
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


class ResidualEncoder(nn.Module):
    """A plain residual network with four stages."""

    def __init__(self, stem: int, widths: Sequence[int], depths: Sequence[int], *, fine: bool = False) -> None:
        super().__init__()
        self.channels = tuple(widths)
        self.fine_channels = stem if fine else 0
        self.stem = nn.Sequential(
            _conv_norm(3, stem, stride=2), nn.ReLU(), _conv_norm(stem, widths[0], stride=2), nn.ReLU()
        )
        stages = []
        inputs = widths[0]
        for index, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            blocks = [ResidualBlock(inputs, width, 1 if index == 0 else 2)]
            blocks += [ResidualBlock(width, width) for _ in range(depth - 1)]
            stages.append(nn.Sequential(*blocks))
            inputs = width
        self.stages = nn.ModuleList(stages)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return four maps.

        Args:
            images: (B, 3, H, W) float, normalised; H and W multiples of 32.

        Returns:
            Maps of (B, channels[i], H / STRIDES[i], W / STRIDES[i]), and one of (B, fine_channels, H / 2, W / 2) after
            them if there are any.
        """
        half = self.stem[:2](images)
        x = self.stem[2:](half)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return [*maps, half] if self.fine_channels else maps


class HubEncoder(nn.Module):
    """Any ``transformers`` backbone with four feature maps at strides 4, 8, 16 and 32 (Swin, ConvNeXt V2, ...).

    Backbones of one stride (DINOv2) are resampled to the four strides.
    """

    def __init__(self, backbone: nn.Module, channels: Sequence[int]) -> None:
        super().__init__()
        self.backbone = backbone
        self.channels = tuple(channels)
        self.fine_channels = 0

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return four maps, see ``ResidualEncoder.forward``."""
        maps = list(self.backbone(images).feature_maps)
        height, width = images.shape[-2:]
        sizes = [(height // stride, width // stride) for stride in STRIDES]
        return [
            x if x.shape[-2:] == size else F.interpolate(x, size=size, mode="bilinear", align_corners=False)
            for x, size in zip(maps, sizes, strict=True)
        ]


def build_image_encoder(config: ImageEncoderConfig, *, pretrained: bool = False) -> ResidualEncoder | HubEncoder:
    """Return the encoder that ``config`` describes.

    Args:
        config: its kind and sizes.
        pretrained: load the hub's weights (network, or the local cache when offline); otherwise random.
    """
    if config.kind == "residual":
        return ResidualEncoder(config.stem, config.widths, config.depths, fine=config.fine)
    from transformers.models.auto.modeling_auto import MODEL_FOR_BACKBONE_MAPPING

    settings = hub_settings(config.settings)
    if type(settings) not in MODEL_FOR_BACKBONE_MAPPING:
        raise CheckpointError(
            f"'{settings.model_type}' is no backbone of transformers; use swin, convnextv2, dinov2 or alike."
        )
    backbone_class = MODEL_FOR_BACKBONE_MAPPING[type(settings)]
    names = list(settings.stage_names)[1:]
    settings.out_features = names[-4:]
    if pretrained and config.hub_id:
        source = pinned_source(config.hub_id, config.revision)
        backbone = backbone_class.from_pretrained(config=settings, use_safetensors=True, **source)
    else:
        backbone = backbone_class(settings)
    return HubEncoder(cast(nn.Module, backbone), backbone.channels)


def normalise(tiles: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Return uint8 pictures as normalised floats.

    Args:
        tiles: (B, 3, H, W) uint8 in [0, 255], or float in the same range.
        mean: (3,) float, in [0, 255].
        std: (3,) float, in [0, 255].

    Returns:
        (B, 3, H, W) float32, channels last.
    """
    pixels = tiles.to(dtype=torch.float32, memory_format=torch.channels_last)
    return (pixels - mean[:, None, None]) / std[:, None, None]
