"""What student and bank minimise on a batch of referring samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data.sample_source import SampleBatch
from ..fusion import Decoded
from ..network import ReferringNetwork
from ..text_encoder import TextEncoder
from .bank import ReferenceBank
from .parallel import ALONE, Peers
from .wrel_losses import Dice, consistency_loss, consistency_ramp, segmentation_loss


@dataclass(frozen=True)
class LossWeights:
    """How an answer is judged."""

    dice: Dice = "mean"
    coarse: float = 0.0
    presence: float = 0.0


def read_texts(
    encoder: TextEncoder, batch: SampleBatch, bank: ReferenceBank | None, *, detach: bool, drop: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Return hidden states (N, L, D) and mask (N, L) of a batch's texts, weak ones with their prompts.

    Args:
        encoder: of the network that will answer.
        batch: N texts.
        bank: None to read weak texts as they are.
        detach: let no gradient reach the bank.
        drop: share of the weak texts that are read without prompts.
    """
    embeddings, mask = encoder.embed(batch.tokens.ids), batch.tokens.mask
    if bank is not None:
        weak = batch.weak
        if drop:
            weak = weak & (torch.rand(len(weak), device=weak.device) >= drop)
        embeddings, mask = bank.fill(embeddings, mask, batch.ids, weak, detach=detach)
    return encoder(embeddings, mask), mask


def answer(network: ReferringNetwork, batch: SampleBatch, text: Tensor, mask: Tensor) -> Decoded:
    """Return what a network says of the texts of all pictures of a batch."""
    features = batch.features or network.encode_image(batch.images)
    pictures = len(batch.masks)
    by_picture = [value.reshape(pictures, -1, *value.shape[1:]) for value in (text, mask)]
    return network.decode(features, *by_picture)


def judge(decoded: Decoded, masks: Tensor, weights: LossWeights, peers: Peers = ALONE) -> dict[str, Tensor]:
    """Return the losses of answers.

    Args:
        decoded: of B pictures with K questions each.
        masks: (B, K, h, w) uint8 in [0, 255].
        weights: of the losses.
        peers: processes that share the batch.
    """
    logits = decoded.mask.flatten(0, 1)
    share = masks.flatten(0, 1).float() / 255
    losses = {"mask": segmentation_loss(logits, (share > 0.5).float(), weights.dice, peers)}
    if weights.coarse:
        pool = share.shape[-1] // decoded.coarse[0].shape[-1]
        target = F.avg_pool2d(share[:, None], pool)[:, 0]
        parts = [F.binary_cross_entropy_with_logits(level.flatten(0, 1).float(), target) for level in decoded.coarse]
        losses["coarse"] = weights.coarse * torch.stack(parts).mean()
    if weights.presence:
        present = (share.flatten(1).amax(1) > 0.5).float()
        losses["presence"] = weights.presence * F.binary_cross_entropy_with_logits(
            decoded.presence.flatten().float(), present
        )
    return losses


class StudentObjective:
    """All samples alike; weak ones with the bank's prompts, from which no gradient flows back."""

    def __init__(
        self,
        weights: LossWeights,
        *,
        bank: ReferenceBank | None = None,
        text_dropout: bool = False,
        frozen_image: bool = False,
        prompt_dropout: float = 0.0,
        peers: Peers = ALONE,
        teach: Callable[[SampleBatch, Decoded], Tensor] | None = None,
    ) -> None:
        self.weights, self.bank, self.peers = weights, bank, peers
        self.text_dropout, self.frozen_image, self.prompt_dropout = text_dropout, frozen_image, prompt_dropout
        self.teach = teach

    def __call__(self, network: nn.Module, batch: SampleBatch) -> dict[str, Tensor]:
        """Return the weighted losses of a batch."""
        if not isinstance(network, ReferringNetwork):
            raise TypeError(f"The student is a ReferringNetwork, not a {type(network).__name__}.")
        network.text_encoder.train(self.text_dropout and network.training)
        # A batch may hold one class name only, and processes share a batch: what is common to sentences stands still.
        network.decoder.sentence_norm.eval()
        if self.frozen_image:
            network.image_encoder.eval()
            network.pyramid.eval()
        text, mask = read_texts(network.text_encoder, batch, self.bank, detach=True, drop=self.prompt_dropout)
        decoded = answer(network, batch, text, mask)
        losses = judge(decoded, batch.masks, self.weights, self.peers)
        if self.teach is not None:
            losses["consistency"] = self.teach(batch, decoded)
        return losses


class Consistency:
    """The optional term: the student's answers to weak samples follow those of which the teacher is sure."""

    def __init__(
        self, teacher: ReferringNetwork, bank: ReferenceBank, weight: float, epoch_steps: int, step: Callable[[], int]
    ) -> None:
        self.teacher, self.bank, self.weight, self.epoch_steps, self.step = teacher, bank, weight, epoch_steps, step

    def __call__(self, batch: SampleBatch, student: Decoded) -> Tensor:
        """Return the weighted term of a batch; 0 without weak samples."""
        confidence, share = consistency_ramp(self.step(), self.epoch_steps)
        if not batch.weak.any():
            return student.mask.sum() * 0
        with torch.no_grad():
            text, mask = read_texts(self.teacher.text_encoder, batch, self.bank, detach=True)
            taught = answer(self.teacher, batch, text, mask).mask
        chosen = batch.weak.view(student.mask.shape[:2])
        return self.weight * share * consistency_loss(student.mask[chosen], taught[chosen], confidence)


class BankObjective:
    """Weak samples only, answered by a teacher in eval mode whose weights stand still; only the bank can move.

    The published stage 2 puts its frozen teacher into training mode, so that its statistics drift and its dropout is
    active while the bank is fitted; here bank and student meet the same teacher.
    """

    def __init__(
        self,
        teacher: ReferringNetwork,
        weights: LossWeights,
        *,
        text_encoder: TextEncoder | None = None,
        peers: Peers = ALONE,
    ) -> None:
        self.teacher, self.weights, self.peers = teacher, weights, peers
        self.text_encoder = text_encoder or teacher.text_encoder

    def __call__(self, network: nn.Module, batch: SampleBatch) -> dict[str, Tensor]:
        """Return the losses of the weak samples of a batch; zero without any, with a gradient all the same."""
        if not isinstance(network, ReferenceBank):
            raise TypeError(f"The bank's objective trains a ReferenceBank, not a {type(network).__name__}.")
        few = weak_only(batch)
        if not len(few.ids):
            # Another process may hold weak samples of this batch; the loss is still normalised together with it.
            empty = network.table(torch.zeros(0, dtype=torch.long, device=network.table.weight.device)).sum() * 0
            shape = (0, *batch.masks.shape[2:])
            none = torch.zeros(shape, device=batch.masks.device)
            return {"mask": segmentation_loss(none, none, self.weights.dice, self.peers) * 0 + empty}
        was_training, frozen = self.text_encoder.training, _Frozen(self.teacher, self.text_encoder)
        self.text_encoder.eval()
        with frozen:
            text, mask = read_texts(self.text_encoder, few, network, detach=False)
            decoded = answer(self.teacher, few, text, mask)
            losses = judge(decoded, few.masks, LossWeights(self.weights.dice), self.peers)
        self.text_encoder.train(was_training)
        return losses


def weak_only(batch: SampleBatch) -> SampleBatch:
    """Return the weak samples of a batch, one question per picture."""
    chosen = batch.weak.nonzero()[:, 0]
    questions = batch.masks.shape[1]
    pictures = chosen // questions
    tokens = type(batch.tokens)(batch.tokens.ids[chosen], batch.tokens.mask[chosen])
    return SampleBatch(
        images=batch.images[pictures],
        features={name: value[pictures] for name, value in batch.features.items()},
        tokens=tokens,
        masks=batch.masks.flatten(0, 1)[chosen][:, None],
        ids=tuple(batch.ids[row] for row in chosen.tolist()),
        weak=torch.ones(len(chosen), dtype=torch.bool, device=batch.weak.device),
    )


class _Frozen:
    """Lets no gradient reach the weights of modules, as the published bank step does without meaning to."""

    def __init__(self, *modules: nn.Module) -> None:
        self.weights = {id(value): value for module in modules for value in module.parameters() if value.requires_grad}

    def __enter__(self) -> None:
        for value in self.weights.values():
            value.requires_grad_(False)

    def __exit__(self, *error: object) -> None:
        for value in self.weights.values():
            value.requires_grad_(True)
