"""Code that loads hub weights, tried on tiny, randomly initialised models saved to disk."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tiny import tiny_config, tiny_tokenizer
from transformers import BertConfig, BertModel, SwinBackbone, SwinConfig

from referent.core_model.config import ImageEncoderConfig, ModelConfig, TextEncoderConfig
from referent.core_model.errors import CheckpointError
from referent.core_model.hub import pinned_source
from referent.core_model.network import build_network
from referent.core_model.tokenizer import load_hub_tokenizer

SWIN = {
    "model_type": "swin",
    "image_size": 64,
    "embed_dim": 8,
    "depths": [1, 1, 1, 1],
    "num_heads": [1, 2, 2, 2],
    "window_size": 4,
}
BERT = {
    "model_type": "bert", "vocab_size": 120, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
    "intermediate_size": 16, "max_position_embeddings": 16,
}  # fmt: skip


@pytest.fixture
def hub_folders(tmp_path: Path) -> tuple[Path, Path]:
    swin, bert = tmp_path / "swin", tmp_path / "bert"
    torch.manual_seed(3)
    settings = {key: value for key, value in SWIN.items() if key != "model_type"}
    SwinBackbone(SwinConfig(**settings, out_features=["stage1", "stage2", "stage3", "stage4"])).save_pretrained(swin)
    BertModel(BertConfig(**{k: v for k, v in BERT.items() if k != "model_type"})).save_pretrained(bert)
    (bert / "tokenizer.json").write_text(tiny_tokenizer().to_json())
    (bert / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]"}')
    return swin, bert


def hub_config(swin: str, bert: str) -> ModelConfig:
    return tiny_config(
        image_encoder=ImageEncoderConfig(kind="hub", hub_id=swin, settings=SWIN),
        text_encoder=TextEncoderConfig(kind="hub", hub_id=bert, settings=BERT, max_tokens=16),
    )


def test_hub_weights_start_a_network(hub_folders: tuple[Path, Path]):
    swin, bert = hub_folders
    config = hub_config(str(swin), str(bert))
    first, second = build_network(config, pretrained=True), build_network(config, pretrained=True)
    for a, b in ((first.image_encoder, second.image_encoder), (first.text_encoder.bert, second.text_encoder.bert)):
        assert all(torch.equal(value, b.state_dict()[name]) for name, value in a.state_dict().items())
    features = first.eval().encode_image(torch.zeros(1, 3, 64, 64, dtype=torch.uint8))
    assert features["p16"].shape == (1, 4, 4, 16)


def test_hub_parts_are_rebuilt_without_the_hub():
    network = build_network(hub_config("", ""))
    tokens = tiny_tokenizer()(["red square"])
    assert network.encode_text(tokens.ids, tokens.mask).shape[-1] == 16


def test_hub_tokenizer_is_read(hub_folders: tuple[Path, Path]):
    tokenizer = load_hub_tokenizer(str(hub_folders[1]), "", 16)
    torch.testing.assert_close(tokenizer(["red square"]).ids, tiny_tokenizer()(["red square"]).ids)


def test_unpinned_repository_is_refused():
    with pytest.raises(CheckpointError, match="not pinned"):
        pinned_source("google-bert/bert-base-uncased", "main")


def test_unknown_model_type_is_refused():
    config = tiny_config(image_encoder=ImageEncoderConfig(kind="hub", settings={"model_type": "no-such-model"}))
    with pytest.raises(CheckpointError, match="not usable"):
        build_network(config)
