"""The text encoder: a BERT that takes token ids or, for the reference bank, input embeddings."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from .config import TextEncoderConfig
from .hub import hub_settings, pinned_source


class TextEncoder(nn.Module):
    """A BERT-family encoder whose word embeddings can be taken out, changed and put back in.

    ``embed`` then ``forward`` is the whole path of a text; the reference bank writes between the two
    (LRB-WREL fills padding positions with prompts and opens their mask).

    A short way from the embeddings to the outputs (ours) keeps words apart while a BERT that starts from nothing still
    makes all of a sentence alike.
    """

    def __init__(self, bert: nn.Module, dim: int) -> None:
        super().__init__()
        self.bert = bert
        self.words = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, dim))
        self.dim = dim

    def embed(self, ids: Tensor) -> Tensor:
        """Return word embeddings, before positions are added.

        Args:
            ids: (N, L) int64 token ids.

        Returns:
            (N, L, D) float.
        """
        return cast(Tensor, self.bert.get_input_embeddings()(ids))  # type: ignore[operator]

    def forward(self, embeddings: Tensor, mask: Tensor) -> Tensor:
        """Return the last hidden states.

        Args:
            embeddings: (N, L, D) float, from ``embed``.
            mask: (N, L) 1 on positions to attend to, 0 elsewhere.

        Returns:
            (N, L, D) float.
        """
        hidden: Tensor = self.bert(inputs_embeds=embeddings, attention_mask=mask).last_hidden_state
        short: Tensor = self.words(embeddings)
        return hidden + short


def build_text_encoder(config: TextEncoderConfig, *, pretrained: bool = False) -> TextEncoder:
    """Return the encoder that ``config`` describes.

    Args:
        config: its kind and sizes.
        pretrained: load the hub's weights (network, or the local cache when offline); otherwise random.
    """
    from transformers import AutoModel, BertConfig, BertModel

    if config.kind == "bert":
        settings = BertConfig(
            vocab_size=config.vocab_size,
            hidden_size=config.dim,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            intermediate_size=config.ffn,
            hidden_dropout_prob=config.dropout,
            attention_probs_dropout_prob=config.dropout,
            max_position_embeddings=config.max_tokens,
            type_vocab_size=1,
        )
        return TextEncoder(BertModel(settings, add_pooling_layer=False), config.dim)
    settings = hub_settings(config.settings)
    if pretrained and config.hub_id:
        source = pinned_source(config.hub_id, config.revision)
        # The revision is in ``source``.
        bert = AutoModel.from_pretrained(  # nosec B615
            config=settings, use_safetensors=True, trust_remote_code=False, **source
        )
    else:
        bert = AutoModel.from_config(settings)
    return TextEncoder(bert, settings.hidden_size)
