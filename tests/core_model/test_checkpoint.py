"""Checkpoints: what is written is read, and what is damaged is named."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import tiny_network, write_tiny_checkpoint

from referent.core_model import checkpoint
from referent.core_model.config import ModelConfig
from referent.core_model.errors import CheckpointError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_tiny_checkpoint(tmp_path / "model")


def change_tensors(folder: Path, change) -> None:
    path = folder / checkpoint.WEIGHTS
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)


def test_round_trip_answers_the_same(folder: Path):
    network, tokenizer, config = tiny_network()
    loaded, words, again = checkpoint.load_checkpoint(folder)
    assert again == config
    tile = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (1, 3, 64, 64), dtype=np.uint8))
    with torch.inference_mode():
        for name, value in network.encode_image(tile).items():
            torch.testing.assert_close(loaded.eval().encode_image(tile)[name], value, atol=0.02, rtol=0.02)
    torch.testing.assert_close(words(["red square"]).ids, tokenizer(["red square"]).ids)


def test_folder_holds_safetensors_json_and_a_card_only(folder: Path):
    assert sorted(item.name for item in folder.iterdir()) == [
        "config.json", "model.safetensors", "model_card.md", "tokenizer.json",
    ]  # fmt: skip


def test_spec_is_read_without_building(folder: Path):
    spec = checkpoint.read_spec(folder)
    assert (spec.name, spec.window_px, spec.stride_px) == ("tiny", 64, 48)
    assert len(spec.weights_hash) == 16


def test_weights_hash_follows_the_weights(folder: Path, tmp_path: Path):
    other = write_tiny_checkpoint(tmp_path / "other", seed=1)
    assert checkpoint.weights_hash(folder) != checkpoint.weights_hash(other)


def test_missing_model_names_the_choices(tmp_path: Path):
    with pytest.raises(CheckpointError, match="There is no model 'nothing'"):
        checkpoint.find_model("nothing")


def test_missing_tensor_is_named(folder: Path):
    change_tensors(folder, lambda tensors: tensors.pop("decoder.kernel.weight"))
    with pytest.raises(CheckpointError, match=r"decoder\.kernel\.weight"):
        checkpoint.load_segmenter(folder)


def test_extra_tensor_is_named(folder: Path):
    change_tensors(folder, lambda tensors: tensors.update(evil=torch.zeros(1)))
    with pytest.raises(CheckpointError, match="evil"):
        checkpoint.load_segmenter(folder)


def test_wrong_shape_is_named(folder: Path):
    change_tensors(folder, lambda tensors: tensors.update({"decoder.kernel.weight": torch.zeros(2, 2)}))
    with pytest.raises(CheckpointError, match=r"decoder\.kernel\.weight.*\(2, 2\)"):
        checkpoint.load_segmenter(folder)


def test_nan_is_named(folder: Path):
    change_tensors(folder, lambda tensors: tensors["decoder.kernel.weight"].fill_(float("nan")))
    with pytest.raises(CheckpointError, match="NaN"):
        checkpoint.load_segmenter(folder)


@pytest.mark.parametrize("size", [0, 7, 4000])
def test_truncated_weights_are_refused(folder: Path, size: int):
    path = folder / checkpoint.WEIGHTS
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(CheckpointError, match="cannot be read"):
        checkpoint.load_segmenter(folder)


def test_header_of_a_terabyte_is_refused(folder: Path):
    (folder / checkpoint.WEIGHTS).write_bytes((2**40).to_bytes(8, "little") + b"{}")
    with pytest.raises(CheckpointError, match="cannot be read"):
        checkpoint.load_segmenter(folder)


def test_pickle_under_another_name_never_runs(folder: Path, tmp_path: Path):
    canary = tmp_path / "canary"

    class Payload:
        def __reduce__(self):
            return Path.touch, (canary,)

    (folder / checkpoint.WEIGHTS).write_bytes(pickle.dumps(Payload()))
    with pytest.raises(CheckpointError):
        checkpoint.load_segmenter(folder)
    assert not canary.exists()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"auto_map": {"AutoModel": "x.py"}}, "unknown keys"),
        ({"window_px": 10**9}, "window_px"),
        ({"window_px": "64"}, "window_px"),
        ({"format": "other"}, "not a"),
        ({"image_encoder": {"kind": "hub", "hub_id": "../../no/such"}}, "hub_id"),
        ({"text_encoder": {"kind": "bert", "dim": 10**7}}, "text_encoder"),
        ({"decoder": 3}, "must be an object"),
    ],
)
def test_hostile_configuration_is_refused(folder: Path, change: dict, word: str):
    path = folder / checkpoint.CONFIG
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(CheckpointError, match=word):
        checkpoint.load_segmenter(folder)


def test_configuration_that_is_no_json_is_refused(folder: Path):
    (folder / checkpoint.CONFIG).write_text("{")
    with pytest.raises(CheckpointError, match="not JSON"):
        checkpoint.load_segmenter(folder)


def test_damaged_tokenizer_is_refused(folder: Path):
    (folder / checkpoint.TOKENIZER).write_text("{}")
    with pytest.raises(CheckpointError, match="tokenizer"):
        checkpoint.load_segmenter(folder)


def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path):
    network, tokenizer, config = tiny_network()
    with torch.no_grad():
        network.decoder.kernel.bias[0] = float("inf")
    with pytest.raises(CheckpointError, match="not finite"):
        checkpoint.save_checkpoint(tmp_path / "model", network, tokenizer, config, "")
    assert list(tmp_path.iterdir()) == []


def test_old_checkpoint_is_replaced_whole(folder: Path):
    before = checkpoint.weights_hash(folder)
    write_tiny_checkpoint(folder, seed=3)
    assert checkpoint.weights_hash(folder) != before
    assert [item.name for item in folder.parent.iterdir()] == ["model"]


def test_configuration_survives_json():
    config = tiny_network()[2]
    assert ModelConfig.from_json(config.to_json()) == config
