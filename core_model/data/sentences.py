"""Sentences with what they say: batches for the text stage, which needs no picture."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..errors import ExpressionError, TrainingError
from ..expression.atoms import atoms
from ..expression.parse import parse
from ..tokenizer import ExpressionTokenizer, Tokens
from .augment import identity_view
from .chips import Chip
from .items import look, rule_items

_PER_CHIP = 24
_RARE = 5


@dataclass(frozen=True)
class SentenceBatch:
    """N sentences."""

    tokens: Tokens
    atoms: Tensor
    """(N, A) float32 in {0, 1}: which facts a sentence states."""


class SentenceSource:
    """Draws written and rule-made expressions in equal shares, with the facts that the parser reads in them."""

    def __init__(self, chips: Sequence[Chip], tokenizer: ExpressionTokenizer, *, batch_size: int, seed: int) -> None:
        """Write sentences of chips.

        Raises:
            TrainingError: there are none.
        """
        self.tokenizer, self.batch_size, self.seed = tokenizer, batch_size, seed
        longest = tokenizer.max_words
        written = (item.text for chip in chips for item in chip.expressions)
        self.written = _read(text for text in written if len(text.split()) <= longest)
        coin = random.Random(seed)  # nosec B311 - training data, no secret
        made = []
        for chip in chips:
            viewed = look(chip, identity_view(chip.image.shape[0], chip.image.shape[0]), chip.image.shape[0])
            made += [item.text for item in rule_items(viewed, chip.image.shape[0], coin, _PER_CHIP)]
        self.made = _read(text for text in made if len(text.split()) <= longest)
        if not self.written and not self.made:
            raise TrainingError("No sentence can be written of these chips; leave the text stage out.")
        counts = Counter(atom for _, facts in self.written + self.made for atom in facts)
        self.names = sorted(atom for atom, count in counts.items() if count >= _RARE)
        self._index = {name: place for place, name in enumerate(self.names)}

    def batch(self, step: int, part: int = 0, parts: int = 1) -> SentenceBatch:
        """Return the batch of a step; several processes draw their own."""
        rng = np.random.default_rng([self.seed, step, part])
        pools = [pool for pool in (self.written, self.made) if pool]
        count = max(2, self.batch_size // parts)
        drawn = [pools[row % len(pools)][int(rng.integers(len(pools[row % len(pools)])))] for row in range(count)]
        truth = torch.zeros(count, len(self.names))
        for row, (_, facts) in enumerate(drawn):
            truth[row, [self._index[atom] for atom in facts if atom in self._index]] = 1
        return SentenceBatch(self.tokenizer([text for text, _ in drawn]), truth)


def _read(texts: Iterable[str]) -> list[tuple[str, frozenset[str]]]:
    known = []
    for text in dict.fromkeys(texts):
        try:
            known.append((text, atoms(parse(text))))
        except ExpressionError:
            continue
    return known
