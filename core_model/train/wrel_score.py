"""Metrics of plain texts on referring samples: the network alone, never the bank."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ..data.chips import Chip
from ..data.sample_source import SampleMix, SampleSource
from ..data.samples import Sample, target_mask
from ..metrics import Overlap, overlap, summarise
from ..network import ReferringNetwork
from ..tokenizer import ExpressionTokenizer
from .loop import to_device
from .wrel_objective import answer, read_texts


class Scorer:
    """Asks samples of a network; the mask is where the logit is above 0, at the pixels of the scaled pictures."""

    def __init__(
        self,
        samples: Sequence[Sample],
        chips: Sequence[Chip],
        tokenizer: ExpressionTokenizer,
        mix: SampleMix,
        *,
        features: dict[str, Tensor] | None = None,
        batch_size: int = 32,
    ) -> None:
        plain = SampleMix(size_px=mix.size_px, stride=mix.stride, text_tokens=mix.text_tokens, blackout=0.0)
        self.source = SampleSource(samples, chips, tokenizer, plain, batch_size=1, seed=0, features=features)
        self.samples, self.chips, self.size_px, self.batch_size = samples, chips, mix.size_px, batch_size
        self._truth: dict[int, NDArray[np.bool_]] = {}

    @torch.no_grad()
    def overlaps(self, network: ReferringNetwork) -> list[Overlap]:
        """Return the overlap of every sample's answer with its mask, in the order of the samples."""
        device, found = next(network.parameters()).device, []
        was_training = network.training
        network.eval()
        for start in range(0, len(self.samples), self.batch_size):
            rows = np.arange(start, min(start + self.batch_size, len(self.samples)))
            batch = to_device(self.source.make(rows, 0), device)
            text, mask = read_texts(network.text_encoder, batch, None, detach=True)
            logits = answer(network, batch, text, mask).mask[:, 0].float()
            scaled = F.interpolate(logits[:, None], (self.size_px, self.size_px), mode="bilinear")[:, 0]
            for row, predicted in zip(rows.tolist(), (scaled > 0).cpu().numpy(), strict=True):
                found.append(overlap(predicted, self._true(row)))
        network.train(was_training)
        return found

    def __call__(self, network: ReferringNetwork) -> dict[str, float]:
        """Return ``miou``, ``oiou`` and ``pr50`` to ``pr90``, see ``core_model.metrics``."""
        return summarise(self.overlaps(network))

    def _true(self, row: int) -> NDArray[np.bool_]:
        if row not in self._truth:
            sample = self.samples[row]
            self._truth[row] = target_mask(self.chips[sample.chip], sample.object_ids, self.size_px, 1) > 127
        return self._truth[row]
