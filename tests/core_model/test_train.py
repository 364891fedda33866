"""The training loop: it resumes as if nothing had happened, averages, and stops on nonsense."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from tiny import square_chip, tiny_config, tiny_tokenizer

from referent.core_model.data.batch import BatchSource, Mix
from referent.core_model.data.sentences import SentenceSource
from referent.core_model.errors import TrainingError
from referent.core_model.network import build_network
from referent.core_model.train import loop
from referent.core_model.train.ema import WeightAverage
from referent.core_model.train.loop import LoopConfig, fit, rate_at
from referent.core_model.train.losses import dice_loss, point_loss
from referent.core_model.train.objective import (
    PretextNetwork,
    PretextObjective,
    ReferringObjective,
    ReferringTraining,
    TextPretextNetwork,
    TextPretextObjective,
)

CONFIG = LoopConfig(steps=6, batch_size=2, warmup_steps=2, save_every=3, loader_processes=0, validate_every=0)


def parts(seed: int = 0):
    tokenizer = tiny_tokenizer()
    mix = Mix(size_px=64, questions=2, upright=0.5, mosaic=0.2, synthetic=0.0, unannotated=0.0)
    chips = [square_chip(index) for index in range(4)]
    source = BatchSource(chips, ["red square", "blue square"], tokenizer, mix, batch_size=2, seed=seed)
    torch.manual_seed(seed)
    network = build_network(tiny_config(tokenizer.vocab_size))
    return ReferringTraining(network, tokenizer.vocab_size, source.label_count), source


class KilledError(Exception):
    pass


def test_killed_run_ends_as_if_it_had_not_been_killed(tmp_path: Path):
    network, source = parts()
    whole = fit(network, source, ReferringObjective(), CONFIG, tmp_path / "whole", bf16=False)

    def kill(report: loop.StepReport) -> None:
        if report.step == 5:
            raise KilledError

    network, source = parts()
    with pytest.raises(KilledError):
        fit(network, source, ReferringObjective(), CONFIG, tmp_path / "killed", bf16=False, on_step=kill)
    network, source = parts(seed=0)
    steps: list[int] = []
    tell = lambda report: steps.append(report.step)  # noqa: E731
    resumed = fit(
        network,
        source,
        ReferringObjective(),
        CONFIG,
        tmp_path / "killed",
        bf16=False,
        on_step=tell,
    )
    assert steps == [4, 5, 6]
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, atol=0, rtol=0)


def test_damaged_state_is_named(tmp_path: Path):
    network, source = parts()
    fit(network, source, ReferringObjective(), dataclasses.replace(CONFIG, steps=3), tmp_path, bf16=False)
    path = tmp_path / "state.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    network, source = parts()
    with pytest.raises(TrainingError, match="cannot be resumed"):
        fit(network, source, ReferringObjective(), CONFIG, tmp_path, bf16=False)


def test_loss_that_is_not_finite_stops_and_names_the_step(tmp_path: Path):
    network, source = parts()
    objective = ReferringObjective()

    class Broken:
        calls = 0

        def __call__(self, network, batch):
            self.calls += 1
            losses = objective(network, batch)
            return {**losses, "dice": losses["dice"] * (float("nan") if self.calls > 4 else 1.0)}

    with pytest.raises(TrainingError, match="in step 4: the loss is not finite"):
        fit(network, source, Broken(), CONFIG, tmp_path, bf16=False)
    assert (tmp_path / "state.safetensors").exists()


def test_pretext_trains_the_image_side_only(tmp_path: Path):
    training, source = parts()
    network = training.network
    source.mix = dataclasses.replace(source.mix, questions=0)
    text_before = {name: value.clone() for name, value in network.text_encoder.state_dict().items()}
    image_before = network.image_encoder.stem[0][0].weight.clone()
    fit(PretextNetwork(network, source.label_count), source, PretextObjective(), CONFIG, tmp_path, bf16=False)
    assert not torch.equal(network.image_encoder.stem[0][0].weight, image_before)
    assert all(torch.equal(value, text_before[name]) for name, value in network.text_encoder.state_dict().items())


def test_text_stage_learns_what_sentences_say_and_leaves_the_image_side(tmp_path: Path):
    training, _ = parts()
    network = training.network
    chips = [square_chip(index) for index in range(4)]
    source = SentenceSource(chips, tiny_tokenizer(), batch_size=8, seed=0)
    assert "how many one" in source.names
    assert any("left" in name for name in source.names)
    batch = source.batch(3)
    again = source.batch(3)
    assert torch.equal(batch.tokens.ids, again.tokens.ids)
    assert torch.equal(batch.atoms, again.atoms)
    losses: list[float] = []
    config = dataclasses.replace(CONFIG, steps=120, learning_rate=1e-2, text_rate=1.0)
    image_before = {name: value.clone() for name, value in network.image_encoder.state_dict().items()}
    fit(
        TextPretextNetwork(network, len(source.names)),
        source,
        TextPretextObjective(),
        config,
        tmp_path,
        bf16=False,
        on_step=lambda report: losses.append(report.losses["atoms"]),
    )
    assert losses[-1] < 0.3 * losses[0]
    assert all(torch.equal(value, image_before[name]) for name, value in network.image_encoder.state_dict().items())


def test_average_follows_the_formula():
    network = parts()[0].network
    average = WeightAverage(network, 0.9)
    before = network.decoder.kernel.weight.detach().clone()
    with torch.no_grad():
        network.decoder.kernel.weight.add_(1)
    average.update(network, step=10_000)
    torch.testing.assert_close(average.network.decoder.kernel.weight, before + 0.1, atol=1e-6, rtol=0)


def test_rate_rises_then_falls_and_is_never_negative():
    config = LoopConfig(steps=100, warmup_steps=10)
    rates = [rate_at(step, config) for step in range(120)]
    assert max(rates) == rates[9] == 1.0
    assert rates[99] == pytest.approx(0.01, abs=0.01)
    assert min(rates) > 0


def test_rate_is_held_until_the_last_share_of_the_steps():
    config = LoopConfig(steps=100, warmup_steps=10, decay_share=0.3)
    rates = [rate_at(step, config) for step in range(100)]
    assert rates[10:70] == [1.0] * 60
    assert rates[71] < 1
    assert rates[99] == pytest.approx(0.01, abs=0.01)


def test_encoders_have_rates_of_their_own():
    training, _ = parts()
    optimizer = loop.build_optimizer(training, LoopConfig(text_rate=0.5, image_rate=0.25))
    shares = {id(value): group["share"] for group in optimizer.param_groups for value in group["params"]}
    for name, value in training.named_parameters():
        expected = 0.5 if "text_encoder." in name else 0.25 if "image_encoder." in name else 1.0
        assert shares[id(value)] == expected, name


def test_point_loss_is_nothing_on_the_referent_alone_and_ignores_the_absent():
    target = torch.zeros(2, 4, 4)
    target[0, 1, 2] = 1.0
    logits = torch.zeros(2, 4, 4)
    assert point_loss(logits, target).item() == pytest.approx(torch.log(torch.tensor(16.0)).item(), abs=1e-4)
    logits[0, 1, 2] = 50.0
    assert point_loss(logits, target).item() == pytest.approx(0.0, abs=1e-4)
    assert point_loss(logits, torch.zeros(2, 4, 4)).item() == 0.0


def test_dice_of_a_perfect_mask_is_zero():
    target = torch.zeros(1, 8, 8)
    target[0, :4] = 1
    assert dice_loss((target - 0.5) * 100, target).item() < 1e-3
    assert dice_loss((0.5 - target) * 100, target).item() > 0.9
