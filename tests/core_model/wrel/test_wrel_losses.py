"""Loss, schedules, metrics, optimiser groups (spec: 21 to 26)."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from squares import mixed_samples, small_network, source_of
from tiny import tiny_config, tiny_tokenizer

from referent.core_model.config import TextEncoderConfig
from referent.core_model.metrics import Overlap, mean_iou, overall_iou, overlap, precision_at
from referent.core_model.network import build_network
from referent.core_model.train.loop import LoopConfig, build_optimizer
from referent.core_model.train.schedule import poly_rate
from referent.core_model.train.wrel import freeze
from referent.core_model.train.wrel_config import WrelConfig
from referent.core_model.train.wrel_losses import consistency_loss, consistency_ramp, segmentation_loss
from referent.core_model.train.wrel_objective import LossWeights, StudentObjective, read_texts


def answers(count: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.randn(count, 6, 6), (torch.rand(count, 6, 6) > 0.6).float()


def by_hand(logits: torch.Tensor, target: torch.Tensor) -> tuple[float, float]:
    """Cross-entropy and summed Dice, written down again as the two-class softmax of (0, logit)."""
    two = torch.stack([torch.zeros_like(logits), logits], 1)
    cross = torch.nn.functional.cross_entropy(two, target.long(), weight=torch.tensor([0.9, 1.1]))
    score, dice = two.softmax(1), 0.0
    for sample in range(len(logits)):
        for kind in (0, 1):
            truth = (target[sample] == kind).float()
            part = score[sample, kind]
            dice += 1 - (2 * (part * truth).sum() + 1e-6) / (part.sum() + truth.sum() + 1e-6)
    return cross.item(), float(dice)


def test_loss_is_the_published_formula():
    logits, target = answers()
    cross, dice = by_hand(logits, target)
    assert segmentation_loss(logits, target, "sum").item() == pytest.approx(0.9 * cross + 0.1 * dice, abs=1e-6)
    assert segmentation_loss(logits, target).item() == pytest.approx(0.9 * cross + 0.1 * dice / 6, abs=1e-6)


def test_twice_the_batch_doubles_summed_dice_and_not_its_mean():
    logits, target = answers()
    cross, dice = by_hand(logits, target)
    twice = torch.cat([logits, logits]), torch.cat([target, target])
    assert segmentation_loss(*twice, "sum").item() == pytest.approx(0.9 * cross + 0.2 * dice, abs=1e-6)
    assert segmentation_loss(*twice).item() == pytest.approx(segmentation_loss(logits, target).item(), abs=1e-6)


def test_consistency_is_off_at_weight_0_and_silent_without_a_sure_teacher():
    student, teacher = answers()[0], torch.full((3, 6, 6), 0.1)
    assert consistency_loss(student, teacher, 0.6).item() == 0
    assert consistency_loss(teacher * 30 * 0.7, teacher * 30 * 0.7, 0.6, temperature=1.0).item() == pytest.approx(0)
    samples = mixed_samples()
    losses = StudentObjective(LossWeights())(small_network(), source_of(samples).batch(0))
    assert set(losses) == {"mask"}


def test_consistency_equals_the_divergence_of_the_sure_pixels():
    student, teacher = torch.tensor([[[0.3, -2.0]]]), torch.tensor([[[2.0, 0.1]]])
    p, q = 1 / (1 + math.exp(-2 / 0.7)), 1 / (1 + math.exp(-0.3))
    expected = p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
    assert consistency_loss(student, teacher, 0.8).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("step", "ramps"), [(0, (0.6, 0.3)), (25, (0.7, 0.65)), (50, (0.8, 1.0)), (99, (0.8, 1.0))])
def test_consistency_ramps_over_five_epochs(step: int, ramps: tuple[float, float]):
    assert consistency_ramp(step, 10) == pytest.approx(ramps)


def test_poly_rate_starts_at_1_and_never_falls_below_0():
    rates = [poly_rate(step, 50) for step in range(60)]
    assert rates[0] == 1
    assert rates[25] == pytest.approx(0.5**0.9)
    assert rates[50:] == [0.0] * 10
    assert all(isinstance(rate, float) and rate >= 0 for rate in rates)
    assert rates == sorted(rates, reverse=True)


def test_metrics_on_masks_made_by_hand():
    truth = np.zeros((4, 4), bool)
    truth[0] = True
    half, none = truth.copy(), np.zeros((4, 4), bool)
    half[0, 2:] = False
    cases = [overlap(half, truth), overlap(none, truth), overlap(none, none), Overlap(10, 10)]
    assert [case.iou for case in cases] == [0.5, 0, 0, 1]
    assert mean_iou(cases) == pytest.approx(0.375)
    assert overall_iou(cases) == pytest.approx(12 / 18)
    assert precision_at(cases, 0.5) == 0.5  # an IoU of exactly 0.5 counts


def test_each_weight_is_in_one_group_and_norms_have_no_decay():
    network = small_network()
    optimizer = build_optimizer(network, LoopConfig(weight_decay=0.01))
    placed = [id(value) for group in optimizer.param_groups for value in group["params"]]
    assert sorted(placed) == sorted(id(value) for value in network.parameters())
    decayed = {id(v) for group in optimizer.param_groups if group["weight_decay"] for v in group["params"]}
    kinds = (torch.nn.LayerNorm, torch.nn.BatchNorm2d)
    norms = [m for m in network.modules() if isinstance(m, kinds)]
    assert norms
    assert not any(id(value) in decayed for norm in norms for value in norm.parameters())
    assert id(network.decoder.kernel.weight) in decayed


def test_position_tables_have_no_decay():
    table = torch.nn.ParameterDict({"relative_position_bias_table": torch.nn.Parameter(torch.ones(3, 3))})
    (group,) = build_optimizer(table, LoopConfig()).param_groups
    assert group["weight_decay"] == 0


def test_last_text_layers_and_embeddings_stand_still_as_published():
    tokenizer = tiny_tokenizer()
    text = TextEncoderConfig(vocab_size=tokenizer.vocab_size, dim=8, layers=12, heads=2, ffn=8, dropout=0.5)
    network = build_network(tiny_config(tokenizer.vocab_size, text_encoder=text))
    freeze(network, WrelConfig(frozen_text_from=10))
    trained = {name for name, value in network.text_encoder.named_parameters() if value.requires_grad}
    assert any("layer.9." in name for name in trained)
    assert not any("layer.10." in name or "layer.11." in name or "embeddings" in name for name in trained)


def test_text_dropout_is_off_in_training_unless_it_is_asked_for():
    tokenizer = tiny_tokenizer()
    text = TextEncoderConfig(vocab_size=tokenizer.vocab_size, dim=16, layers=1, heads=2, ffn=16, dropout=0.5)
    network, batch = (
        build_network(tiny_config(tokenizer.vocab_size, text_encoder=text)),
        source_of(mixed_samples()).batch(0),
    )
    for asked in (False, True):
        network.train()
        StudentObjective(LossWeights(), text_dropout=asked)(network, batch)
        first, second = (read_texts(network.text_encoder, batch, None, detach=True)[0] for _ in range(2))
        assert torch.equal(first, second) != asked
