"""Calibration: the promise about false alarms holds on the chips that it was fitted on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from tiny import square_chip, tiny_network

from referent.core_model.calibrate import _threshold, calibrate
from referent.core_model.chip_evaluation import ask_chips
from referent.core_model.data.chips import Chip, WrittenExpression
from referent.core_model.device import choose_compute
from referent.core_model.predictor import NetworkSegmenter


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 1.0])
def test_threshold_lets_at_most_the_share_through(share: float):
    gates = np.random.default_rng(1).normal(size=40)
    above = (gates > _threshold(gates, share)).mean()
    assert share - 1 / 40 - 1e-9 <= above <= share + 1e-9


def test_calibrated_network_keeps_its_promise_on_the_same_chips():
    torch.manual_seed(3)
    network, tokenizer, config = tiny_network()
    network.eval()
    chips = [_asked_in_vain(square_chip(index)) for index in range(4)]
    labelled = [Chip(f"labels{index}", chips[0].image, complete=frozenset({"red square"}), annotated=False)
                for index in range(4)]  # fmt: skip
    compute = choose_compute("cpu", "fp32")
    calibration = calibrate(
        network, tokenizer, [*chips, *labelled], compute, classes=config.classes, false_alarms=(0.2, 0.2)
    )
    segmenter = NetworkSegmenter(network, tokenizer, dataclasses.replace(config, calibration=calibration), compute)
    answers = [item for item in ask_chips(segmenter, chips) if not item.question.object_ids]
    assert len(answers) >= 4
    assert np.mean([item.predicted_px > 0 for item in answers]) <= 0.4  # half of the weight is the labelled chips'


def _asked_in_vain(chip: Chip) -> Chip:
    return dataclasses.replace(chip, expressions=(*chip.expressions, WrittenExpression("the blue pool", ())))
