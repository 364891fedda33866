"""The objectives of the first trainer: pretext (text-free), text (picture-free) and referring."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..data.batch import Batch
from ..data.sentences import SentenceBatch
from ..image_encoder import normalise
from ..network import ReferringNetwork
from .losses import dense_loss, label_loss, mask_loss, place_loss, word_loss

_BLOCK = 32


class PretextNetwork(nn.Module):
    """The image side of a network with heads that are thrown away after the pretext stage."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: ReferringNetwork, label_count: int) -> None:
        super().__init__()
        self.image_encoder = network.image_encoder
        self.pyramid = network.pyramid
        self.register_buffer("mean", network.mean, persistent=False)
        self.register_buffer("std", network.std, persistent=False)
        dim16, dim8 = network.pyramid.to8.in_channels, network.pyramid.to8.out_channels
        self.labels = nn.Linear(dim16, label_count)
        self.rebuild = nn.Linear(dim8, 12)

    def encode_image(self, images: Tensor) -> dict[str, Tensor]:
        """Return the text-free features of (B, 3, H, W) images in [0, 255], see ``ReferringNetwork.encode_image``."""
        features: dict[str, Tensor] = self.pyramid(self.image_encoder(normalise(images, self.mean, self.std)))
        return features


class PretextObjective:
    """Scene and image labels, dense classes and outlines, and masked image modelling.

    A quarter of the picture is hidden in blocks of 32 px; its colours at stride 4 are to be rebuilt from the rest
    (in the manner of Xie et al. 2022, "SimMIM"), while all other answers must be given in spite of the holes.
    """

    def __init__(self, hidden_share: float = 0.25) -> None:
        self.hidden_share = hidden_share

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Return the weighted losses of a batch."""
        if not isinstance(network, PretextNetwork):
            raise TypeError(f"The pretext objective trains a PretextNetwork, not {type(network).__name__}.")
        images = batch.images.float()
        height, width = images.shape[-2:]
        hidden = torch.rand(len(images), 1, height // _BLOCK, width // _BLOCK, device=images.device) < self.hidden_share
        hidden = hidden & (torch.rand(len(images), 1, 1, 1, device=images.device) < 0.5)
        holes = hidden.repeat_interleave(_BLOCK, 2).repeat_interleave(_BLOCK, 3)
        features = network.encode_image(torch.where(holes, network.mean[:, None, None], images))
        losses = dense_loss(network.pyramid.classify(features), features["outline"], batch)
        labels = network.labels(features["p16"].mean((1, 2)))
        colours = (nn.functional.avg_pool2d(images, 4) - network.mean[:, None, None]) / network.std[:, None, None]
        target = nn.functional.pixel_unshuffle(colours, 2).permute(0, 2, 3, 1)
        where = hidden[:, 0].repeat_interleave(_BLOCK // 8, 1).repeat_interleave(_BLOCK // 8, 2)[..., None]
        error = (network.rebuild(features["p8"]).float() - target).abs() * where
        return {
            "classes": 4 * losses["classes"],
            "outline": losses["outline"],
            "labels": 2 * label_loss(labels, batch.labels),
            "rebuild": 0.3 * error.sum() / (where.sum() * 12).clamp(min=1),
        }


class TextPretextNetwork(nn.Module):
    """The text side of a network with a head, thrown away after the text stage, that tells what a sentence says."""

    def __init__(self, network: ReferringNetwork, atom_count: int) -> None:
        super().__init__()
        self.text_encoder, self.decoder = network.text_encoder, network.decoder
        self.atoms = nn.Linear(network.decoder.summary.numel(), atom_count)
        # Of hundreds of facts a sentence states a handful.
        nn.init.constant_(self.atoms.bias, -4.0)


class TextPretextObjective:
    """The facts that the parser reads in a sentence, told from the sentence as the decoder will see it (ours).

    A text encoder that starts from nothing finds all sentences alike for thousands of steps, for a picture says little
    of what a word means; this says it outright, in a minute.
    """

    def __call__(self, network: nn.Module, batch: SentenceBatch) -> dict[str, Tensor]:
        """Return the loss of a batch."""
        if not isinstance(network, TextPretextNetwork):
            raise TypeError(f"The text objective trains a TextPretextNetwork, not {type(network).__name__}.")
        mask = batch.tokens.mask
        text = network.text_encoder(network.text_encoder.embed(batch.tokens.ids), mask)
        _, sentence = network.decoder.read(text, mask > 0)
        loss = nn.functional.binary_cross_entropy_with_logits(
            network.atoms(sentence).float(), batch.atoms, reduction="none"
        )
        return {"atoms": loss.sum(1).mean()}


class ReferringTraining(nn.Module):
    """A network with heads on its sentences and views that are thrown away after the referring stage.

    Small data teaches a text encoder classes long before it tells "left" from "right". Two questions that need no
    picture keep sentences apart from the start: which words were there, and where in the view the referent lies.
    Image-level labels go on as in the pretext stage: they are known of twice as many chips as objects are.
    """

    def __init__(self, network: ReferringNetwork, vocab_size: int, label_count: int) -> None:
        super().__init__()
        self.network = network
        dim = network.decoder.summary.numel()
        self.words = nn.Linear(dim, vocab_size)
        self.place = nn.Linear(dim, 3)
        self.labels = nn.Linear(network.pyramid.to8.in_channels, label_count)


class ReferringObjective:
    """Masks, presence and coarse places of the questions; dense truth and the sentences' own losses beside them."""

    def __call__(self, network: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Return the weighted losses of a batch."""
        if not isinstance(network, ReferringTraining):
            raise TypeError(f"The referring objective trains a ReferringTraining, not {type(network).__name__}.")
        core = network.network
        features = core.encode_image(batch.images)
        pairs = batch.masks.shape[:2]
        text = core.encode_text(batch.tokens.ids, batch.tokens.mask)
        mask = batch.tokens.mask.reshape(*pairs, -1)
        decoded = core.decode(features, text.reshape(*mask.shape, -1), mask)
        losses = mask_loss(decoded, batch.masks)
        dense = dense_loss(core.pyramid.classify(features), features["outline"], batch)
        _, sentence = core.decoder.read(text, batch.tokens.mask > 0)
        return {
            "mask": 4 * losses["mask"],
            "dice": losses["dice"],
            "coarse": losses["coarse"],
            "point": 0.3 * losses["point"],
            "presence": losses["presence"],
            "classes": 2 * dense["classes"],
            "outline": 0.5 * dense["outline"],
            "words": 0.1 * word_loss(network.words(sentence), batch.tokens),
            "place": place_loss(network.place(sentence), batch.masks),
            "labels": label_loss(network.labels(features["p16"].mean((1, 2))), batch.labels),
        }
