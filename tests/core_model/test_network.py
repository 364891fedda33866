"""The network: shapes, the split into two calls, and that it can learn at all."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from tiny import square_chip, tiny_network, tiny_tokenizer

from referent.core_model.compiled import CompiledCall
from referent.core_model.config import Calibration
from referent.core_model.data.batch import BatchSource, Mix
from referent.core_model.decision import Decision, decisions_of, fold_presence
from referent.core_model.device import choose_compute
from referent.core_model.errors import DeviceError, ExpressionError
from referent.core_model.named_classes import is_class_name, named_classes
from referent.core_model.network import build_network
from referent.core_model.predictor import CLOSED, NetworkSegmenter
from referent.core_model.segmenter import Features
from referent.core_model.train.loop import LoopConfig, build_optimizer
from referent.core_model.train.objective import ReferringObjective, ReferringTraining


def tiles(count: int = 2, size_px: int = 64) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 3, size_px, size_px), dtype=np.uint8)


def segmenter(precision: str = "fp32") -> NetworkSegmenter:
    network, tokenizer, config = tiny_network()
    return NetworkSegmenter(network, tokenizer, config, choose_compute("cpu", precision), "hash")


def test_segment_gives_full_size_logits_for_every_tile_and_expression():
    model = segmenter()
    result = model.segment(model.encode_image(tiles(3)), ["red square", "a tank"])
    assert result.logits.shape == (3, 2, 64, 64)
    assert result.logits.dtype == np.float32
    assert result.outlines.shape == (3, 64, 64)


def test_second_expression_never_touches_the_image_encoder():
    model = segmenter()
    calls = []
    model.network.image_encoder.register_forward_hook(lambda *_: calls.append("image"))
    model.network.text_encoder.register_forward_hook(lambda *_: calls.append("text"))
    features = model.encode_image(tiles())
    model.segment(features, ["red square"])
    model.segment(features, ["blue square", "a tank"])
    assert calls == ["image", "text", "text"]


def test_expressions_asked_together_or_alone_get_the_same_scores():
    model = segmenter()
    features = model.encode_image(tiles(5))
    texts = ["red square", "the blue square on the right", "a tank"]
    together = model.segment(features, texts).logits
    for index, text in enumerate(texts):
        np.testing.assert_allclose(model.segment(features, [text]).logits[:, 0], together[:, index], atol=1e-4)


def test_tiles_encoded_together_or_alone_get_the_same_features():
    model = segmenter()
    images = tiles(4)
    together = model.encode_image(images)
    alone = Features.join([model.encode_image(images[index : index + 1]) for index in range(4)])
    for name, value in together.maps.items():
        # Kept in two bytes: a last bit of float16 may fall either way.
        torch.testing.assert_close(alone.maps[name], value, atol=2e-3, rtol=2e-3)


def test_features_can_be_cut_and_joined():
    features = segmenter().encode_image(tiles(3))
    again = Features.join([features.select(0, 1), features.select(1, 3)])
    assert len(again) == 3
    assert again.nbytes == features.nbytes > 0


def test_padding_of_the_text_does_not_change_the_answer():
    network, tokenizer, _ = tiny_network()
    tokens = tokenizer(["red square"])
    features = network.encode_image(torch.from_numpy(tiles(1)))
    longer = torch.nn.functional.pad(tokens.ids, (0, 5)), torch.nn.functional.pad(tokens.mask, (0, 5))
    with torch.inference_mode():
        short = network.decode(features, network.encode_text(tokens.ids, tokens.mask)[None], tokens.mask[None])
        padded = network.decode(features, network.encode_text(*longer)[None], longer[1][None])
    torch.testing.assert_close(short.mask, padded.mask, atol=1e-5, rtol=1e-4)


def test_text_changes_the_answer():
    model = segmenter()
    logits = model.segment(model.encode_image(tiles(1)), ["red square", "blue square"]).logits
    assert np.abs(logits[0, 0] - logits[0, 1]).max() > 1e-4


def test_absence_closes_the_whole_tile():
    mask = torch.full((1, 2, 4, 4), 3.0)
    presence = torch.tensor([[2.0, -1.0]])
    folded = fold_presence(mask, presence, [Decision(), Decision()])
    assert (folded[0, 0] > 0).all()
    assert (folded[0, 1] < 0).all()


def test_bfloat16_answers_like_float32():
    images = tiles(2)
    exact, fast = (segmenter(name) for name in ("fp32", "bf16"))
    a = exact.segment(exact.encode_image(images), ["red square"]).logits
    b = fast.segment(fast.encode_image(images), ["red square"]).logits
    assert np.abs(a - b).max() < 0.15


@pytest.mark.parametrize("device", ["cuda:99", "tpu", "cpu:x"])
def test_device_that_is_not_there_is_named(device: str):
    with pytest.raises(DeviceError, match=device):
        choose_compute(device)


@pytest.mark.parametrize("text", ["", "   ", "?!", "\x00"])
def test_text_without_a_word_is_refused(text: str):
    with pytest.raises(ExpressionError, match="holds no word"):
        tiny_tokenizer()([text])


def test_text_that_is_too_long_is_refused_with_the_limit():
    with pytest.raises(ExpressionError, match=r"2000 words.*at most 14"):
        tiny_tokenizer()(["tank " * 2000])


def test_awkward_texts_are_read():
    for text in ["'; DROP TABLE", "<b>tank</b>", "{0} %s", "\u2067\u05d0\u05d1", "\U0001f6e2 tank", "réservoir"]:
        assert tiny_tokenizer()([text]).mask.sum() >= 3


def test_network_learns_two_squares_from_few_steps():
    network, tokenizer, _ = tiny_network()
    chips = [square_chip(index) for index in range(8)]
    mix = Mix(size_px=64, questions=3, upright=1.0, mosaic=0.0, synthetic=0.0, unannotated=0.0)
    source = BatchSource(chips, ["red square", "blue square"], tokenizer, mix, batch_size=4, seed=0)
    training = ReferringTraining(network, tokenizer.vocab_size, source.label_count).train()
    optimizer = build_optimizer(training, LoopConfig(learning_rate=5e-3))
    objective = ReferringObjective()
    dice = []
    for step in range(80):
        losses = objective(training, source.batch(step))
        total = torch.stack(list(losses.values())).sum()
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        dice.append(losses["dice"].item())
    assert np.mean(dice[-5:]) < 0.65 * np.mean(dice[:5])


def test_every_parameter_is_trained():
    network, tokenizer, _ = tiny_network()
    mix = Mix(size_px=64, questions=3, upright=1.0, mosaic=0.0, synthetic=0.0, unannotated=0.0)
    source = BatchSource(
        [square_chip(0), square_chip(1)], ["red square", "blue square"], tokenizer, mix, batch_size=2, seed=0
    )
    training = ReferringTraining(network, tokenizer.vocab_size, source.label_count).train()
    losses = ReferringObjective()(training, source.batch(0))
    torch.stack(list(losses.values())).sum().backward()
    assert [name for name, value in training.named_parameters() if value.grad is None] == []


def test_details_of_the_stem_are_added_to_what_is_known_already():
    torch.manual_seed(0)
    plain, _, config = tiny_network()
    fine_config = dataclasses.replace(config, image_encoder=dataclasses.replace(config.image_encoder, fine=True))
    fine = build_network(fine_config).eval()
    missing, unexpected = fine.load_state_dict(plain.state_dict(), strict=False)
    assert (missing, unexpected) == (["pyramid.fine.weight", "pyramid.fine.bias"], [])
    picture = torch.from_numpy(tiles(1))
    before, after = (network.encode_image(picture) for network in (plain, fine))
    assert all(torch.equal(before[name], after[name]) for name in before)
    torch.nn.init.normal_(fine.pyramid.fine.weight)
    changed = fine.encode_image(picture)
    assert not torch.equal(before["p2"], changed["p2"])
    assert torch.equal(before["p8"], changed["p8"])


def test_presets_can_be_built():
    from referent.core_model.presets import preset_names, read_preset

    assert {"base", "small"} <= set(preset_names())
    assert sum(value.numel() for value in build_network(read_preset("small")).parameters()) < 7_000_000
    with torch.device("meta"):
        base = build_network(read_preset("base"))
    assert sum(value.numel() for value in base.parameters()) > 190_000_000


def gated_segmenter() -> NetworkSegmenter:
    network, tokenizer, config = tiny_network()
    config = dataclasses.replace(config, classes=("tank", "boat"), calibration=Calibration(class_gate=0.0))
    return NetworkSegmenter(network, tokenizer, config, choose_compute("cpu", "fp32"), "hash")


def test_tiles_without_a_named_class_are_not_read_and_others_answer_as_before():
    model = gated_segmenter()
    features = model.encode_image(tiles(3))
    features.maps["class_peaks"] = torch.tensor([[1.0, -1.0], [-1.0, 1.0], [2.0, 2.0]], dtype=torch.float16)
    read: list[int] = []
    model.network.decoder.register_forward_hook(lambda _, given, made: read.append(made.presence.numel()))
    gated = model.segment(features, ["a tank", "the boat", "red square"]).logits
    assert sum(read) == 2 + 2 + 3  # tiles with a tank, tiles with a boat, and all for words that name no class
    model.calibration = Calibration()
    plain = model.segment(features, ["a tank", "the boat", "red square"]).logits
    closed = gated == CLOSED
    assert closed[1, 0].all()
    assert closed[0, 1].all()
    assert closed.sum() == 2 * 64 * 64
    np.testing.assert_allclose(gated[~closed], plain[~closed], atol=1e-5)
    model.calibration = Calibration(class_gate=50.0)
    assert (model.segment(features, ["a tank"]).logits == CLOSED).all()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("the largest tank next to the boat", {"storage tank"}),
        ("white roofs", {"building", "house"}),
        ("two boats and the car", {"boat", "car"}),
        ("the shiny thing", set()),
        ("helipad", set()),
        ("the car and the helipad", set()),
    ],
)
def test_an_expression_is_about_the_classes_that_it_names(text: str, names: set[str]):
    classes = ("storage tank", "boat", "car", "house", "building")
    assert {classes[row] for row in named_classes(text, classes)} == names


def test_compiled_encoder_gives_the_same_features():
    network, tokenizer, config = tiny_network()
    compute = choose_compute("cpu", "fp32")
    plain = NetworkSegmenter(network, tokenizer, config, compute).encode_image(tiles(2))
    model = NetworkSegmenter(network, tokenizer, config, compute, compiled=True)
    compiled = model.encode_image(tiles(2))
    for name, value in plain.maps.items():
        torch.testing.assert_close(compiled.maps[name], value, atol=2e-2, rtol=2e-2)


def test_what_cannot_be_compiled_is_called_as_it_is():
    def plain(x: torch.Tensor) -> torch.Tensor:
        return x + 1

    call = CompiledCall(plain)

    def broken(x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("no compiler")

    call._fast = broken
    assert call(torch.zeros(1)).item() == 1
    assert not call.is_working
    assert call(torch.zeros(1)).item() == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("storage tank", True),
        ("all boats", True),
        ("cars and trucks", True),
        ("the boat", False),
        ("white boats", False),
        ("the largest boat", False),
        ("boats near the dock", False),
        ("shiny things", False),
        ("the largest smallest tank", False),
    ],
)
def test_plain_class_names_are_told_from_expressions(text: str, expected: bool):
    assert is_class_name(text) is expected
    numbers = Calibration(0.1, 0.2, 0.3, 1.1, 1.2, 1.3)
    decided = decisions_of([text], (), numbers)[0]
    assert (decided.mask_bias, decided.peak_weight, decided.presence_bias) == (
        (1.1, 1.2, 1.3) if expected else (0.1, 0.2, 0.3)
    )
