"""The network of this project: a text-free image encoder, a text encoder and a fusion decoder, each given."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .config import ModelConfig
from .fusion import Decoded, FeaturePyramid, FusionDecoder
from .image_encoder import HubEncoder, ResidualEncoder, build_image_encoder, normalise
from .text_encoder import TextEncoder, build_text_encoder

# Mean and standard deviation of ImageNet (Deng et al. 2009), in [0, 255]: what hub backbones were trained with.
_MEAN = (123.675, 116.28, 103.53)
_STD = (58.395, 57.12, 57.375)


class ReferringNetwork(nn.Module):
    """Finds in tiles what expressions name; trained as one, called in two steps."""

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        image_encoder: ResidualEncoder | HubEncoder,
        pyramid: FeaturePyramid,
        text_encoder: TextEncoder,
        decoder: FusionDecoder,
    ) -> None:
        super().__init__()
        self.image_encoder = image_encoder
        self.pyramid = pyramid
        self.text_encoder = text_encoder
        self.decoder = decoder
        self.register_buffer("mean", torch.tensor(_MEAN), persistent=False)
        self.register_buffer("std", torch.tensor(_STD), persistent=False)

    def encode_image(self, tiles: Tensor) -> dict[str, Tensor]:
        """Return the text-free features of B tiles, see ``FeaturePyramid.forward``.

        Args:
            tiles: (B, 3, H, W) uint8, or float in [0, 255].
        """
        features: dict[str, Tensor] = self.pyramid(self.image_encoder(normalise(tiles, self.mean, self.std)))
        return features

    def encode_text(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return hidden states (N, L, D) of token ids (N, L) with mask (N, L)."""
        hidden: Tensor = self.text_encoder(self.text_encoder.embed(ids), mask)
        return hidden

    def decode(self, features: dict[str, Tensor], text: Tensor, mask: Tensor) -> Decoded:
        """Return scores of K expressions on each of B tiles.

        Args:
            features: of B tiles.
            text: (B, K, L, D) hidden states.
            mask: (B, K, L) non-zero on tokens that may be read.
        """
        decoded: Decoded = self.decoder(features, text, mask > 0)
        return decoded


def build_network(config: ModelConfig, *, pretrained: bool = False) -> ReferringNetwork:
    """Return the network that a configuration describes.

    Args:
        config: sizes and kinds of the parts.
        pretrained: initialise hub parts with the hub's weights; otherwise random.
    """
    image_encoder = build_image_encoder(config.image_encoder, pretrained=pretrained)
    text_encoder = build_text_encoder(config.text_encoder, pretrained=pretrained)
    network = ReferringNetwork(
        image_encoder=image_encoder,
        pyramid=FeaturePyramid(
            image_encoder.channels, config.decoder, max(1, len(config.classes)), image_encoder.fine_channels
        ),
        text_encoder=text_encoder,
        decoder=FusionDecoder(config.decoder, text_encoder.dim),
    )
    channels_last: ReferringNetwork = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return channels_last
