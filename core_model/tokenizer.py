"""WordPiece tokenizers: one trained on the project's vocabulary for the bundled model, hub tokenizers for the rest."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch import Tensor

from .errors import CheckpointError, ExpressionError
from .hub import pinned_source

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_WORD = re.compile(r"\w", re.UNICODE)


@dataclass(frozen=True)
class Tokens:
    """A batch of token sequences."""

    ids: Tensor
    """(N, L) int64 token ids, padded at the end."""
    mask: Tensor
    """(N, L) int64, 1 on tokens and 0 on padding."""


def clean_expression(text: str, max_words: int | None = None) -> str:
    """Return the text as the tokenizer should see it: no control characters, single spaces.

    Args:
        text: what a person wrote.
        max_words: most words that the model reads; None to leave it to the caller.

    Raises:
        ExpressionError: nothing to read, or more words than the model reads.
    """
    plain = "".join(" " if unicodedata.category(c).startswith("C") else c for c in text)
    plain = " ".join(plain.split())
    if not _WORD.search(plain):
        raise ExpressionError(
            f"The expression {text[:40]!r} holds no word; type what to look for, such as 'storage tank'."
        )
    words = len(plain.split())
    if max_words is not None and words > max_words:
        raise ExpressionError(
            f"The expression has {words} words ('{plain[:40]}...'), but this model reads at most {max_words}; "
            "shorten it."
        )
    return plain


class ExpressionTokenizer:
    """Turns expressions into token ids of a fixed greatest length."""

    def __init__(self, tokenizer: Tokenizer, max_tokens: int) -> None:
        pad = tokenizer.token_to_id("[PAD]")
        missing = [name for name in SPECIAL[:4] if tokenizer.token_to_id(name) is None]
        if missing:
            raise CheckpointError(
                f"The tokenizer lacks the tokens {missing}; it is not a WordPiece tokenizer of BERT's kind."
            )
        tokenizer.enable_truncation(max_tokens)
        tokenizer.enable_padding(pad_id=pad, pad_token="[PAD]")  # nosec B106 - a token of text
        self._tokenizer = tokenizer
        self.max_tokens = max_tokens
        self.max_words = max_tokens - 2
        self.pad_id = int(pad or 0)

    @property
    def vocab_size(self) -> int:
        """Number of token ids."""
        return int(self._tokenizer.get_vocab_size())

    def __call__(self, expressions: Sequence[str]) -> Tokens:
        """Return the tokens of expressions, padded to the longest of them.

        Raises:
            ExpressionError: an expression is empty or too long.
        """
        texts = [clean_expression(text, self.max_words) for text in expressions]
        encoded = self._tokenizer.encode_batch(texts)
        ids = torch.tensor([item.ids for item in encoded], dtype=torch.long)
        mask = torch.tensor([item.attention_mask for item in encoded], dtype=torch.long)
        return Tokens(ids, mask)

    def fixed(self, texts: Sequence[str], length: int) -> Tokens:
        """Return tokens cut or padded to exactly ``length``, for training.

        A text that is too long keeps its last token, [SEP]; the published LRB-WREL code slices it off.

        Raises:
            ExpressionError: a text holds no word.
        """
        ids = torch.full((len(texts), length), self.pad_id, dtype=torch.long)
        mask = torch.zeros(len(texts), length, dtype=torch.long)
        for row, item in enumerate(self._tokenizer.encode_batch([clean_expression(text) for text in texts])):
            tokens = [token for token, kept in zip(item.ids, item.attention_mask, strict=True) if kept]
            if len(tokens) > length:
                tokens = [*tokens[: length - 1], tokens[-1]]
            ids[row, : len(tokens)] = torch.tensor(tokens)
            mask[row, : len(tokens)] = 1
        return Tokens(ids, mask)

    def to_json(self) -> str:
        """Return the tokenizer as the text of a ``tokenizer.json``."""
        return str(self._tokenizer.to_str(pretty=False))

    @classmethod
    def read(cls, path: Path, max_tokens: int) -> ExpressionTokenizer:
        """Return the tokenizer in a ``tokenizer.json``.

        Raises:
            CheckpointError: the file is missing or damaged.
        """
        try:
            tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
        except Exception as error:  # the library raises bare Exception
            raise CheckpointError(f"The tokenizer {path} cannot be read: {error}.") from error
        return cls(tokenizer, max_tokens)


def load_hub_tokenizer(hub_id: str, revision: str, max_tokens: int) -> ExpressionTokenizer:
    """Return the tokenizer of a hub repository at a pinned commit, or of a local folder.

    Raises:
        CheckpointError: it is not pinned, cannot be loaded, or is not of BERT's kind.
    """
    from transformers import AutoTokenizer

    source = pinned_source(hub_id, revision)
    try:
        loaded = AutoTokenizer.from_pretrained(  # nosec B615 - the revision is in ``source``
            **source, use_fast=True, trust_remote_code=False
        )
        return ExpressionTokenizer(Tokenizer.from_str(loaded.backend_tokenizer.to_str()), max_tokens)
    except (OSError, ValueError, AttributeError) as error:
        raise CheckpointError(
            f"The tokenizer of '{hub_id}' cannot be loaded ({error}); check the name or go online."
        ) from error


def train_tokenizer(texts: Iterable[str], vocab_size: int, max_tokens: int) -> ExpressionTokenizer:
    """Return a WordPiece tokenizer trained on texts.

    Args:
        texts: the vocabulary's source.
        vocab_size: greatest number of tokens.
        max_tokens: longest sequence, special tokens included.
    """
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))  # nosec B106 - a token of text
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    letters = list("abcdefghijklmnopqrstuvwxyz0123456789-.,'?")
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        special_tokens=list(SPECIAL),
        initial_alphabet=letters,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", cls), ("[SEP]", sep)]
    )
    return ExpressionTokenizer(tokenizer, max_tokens)
