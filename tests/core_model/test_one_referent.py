"""An expression that speaks of one object gets one region; others get all that the network marks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from scipy import ndimage
from tiny import tiny_network

from referent.core_model.config import Calibration
from referent.core_model.decision import Decision, fold_presence
from referent.core_model.device import choose_compute
from referent.core_model.one_referent import PEAK_SHARE, asks_for_one, columns_of_one, keep_one
from referent.core_model.predictor import NetworkSegmenter


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the white car", True),
        ("the largest tank in the upper left", True),
        ("white boat next to the pier", True),
        ("white boat", False),
        ("storage tank", False),
        ("all boats next to the pier", False),
        ("two boats on the left", False),
        ("the boats", False),
        ("the car and the truck", False),
        ("the largest smallest tank", False),
    ],
)
def test_one_is_meant_where_it_is_said(text: str, expected: bool):
    assert asks_for_one(text) is expected


def marked(*places: tuple[int, float]) -> torch.Tensor:
    """Return (32, 32) logits with squares of 6 px in one row: column and logit of each."""
    mask = torch.full((32, 32), -5.0)
    for column, logit in places:
        mask[10:16, column : column + 6] = logit
    return mask


def test_the_best_place_is_kept_and_its_score_stays():
    kept = keep_one(marked((2, 1.0), (20, 2.0)))
    assert (kept[10:16, 20:26] > 0).all()
    assert int((kept > 0).sum()) == 36
    assert float(kept.max()) == pytest.approx(2.0)


def test_a_region_reaches_down_to_a_share_of_its_peak():
    mask = marked((20, 2.0))
    faint = float(np.log((PEAK_SHARE + 0.05) / (1 - PEAK_SHARE - 0.05)))  # below 0, above the share of the peak
    mask[16:19, 20:26] = faint
    kept = keep_one(mask)
    assert int((kept > 0).sum()) == 36 + 18
    assert (kept[19:] < 0).all()


def test_a_lone_bright_dot_does_not_win_over_an_object():
    mask = marked((20, 2.0))
    mask[3, 3] = 2.2
    assert (keep_one(mask)[10:16, 20:26] > 0).all()


@pytest.mark.parametrize("level", [-9.0, -200.0, 0.0, 9.0])
def test_flat_answers_stay_finite(level: float):
    kept = keep_one(torch.full((8, 8), level))
    assert torch.isfinite(kept).all()


def test_the_best_place_is_looked_for_where_the_person_asks():
    mask, left = marked((2, 1.0), (20, 2.0)), torch.zeros(32, 32, dtype=torch.bool)
    left[:, :16] = True
    kept = keep_one(mask, left)
    assert (kept[10:16, 2:8] > 0).all()
    assert int((kept > 0).sum()) == 36


def test_what_is_left_out_does_not_rise():
    mask = marked((2, -1.2), (20, 0.5))
    kept = keep_one(mask)
    assert (kept[:, :16] <= mask[:, :16]).all()


def test_names_of_classes_mean_all_of_them():
    assert columns_of_one(["the car", "Center pivot", "center pivot", "larger boat"], ("center pivot",)) == [
        True, False, False, False,
    ]  # fmt: skip


def test_a_segmenter_looks_for_the_one_within_what_is_asked_about():
    network, tokenizer, config = tiny_network()
    torch.nn.init.normal_(network.decoder.kernel.weight, std=1.0)
    config = dataclasses.replace(config, calibration=Calibration(presence_bias=99.0))
    model = NetworkSegmenter(network, tokenizer, config, choose_compute("cpu", "fp32"))
    features = model.encode_image(np.random.default_rng(0).integers(0, 256, (1, 3, 64, 64), dtype=np.uint8))
    left = np.zeros((1, 64, 64), dtype=bool)
    left[:, :, :32] = True
    for within in (left, ~left):
        answer = model.segment(features, ["the red square"], within).logits[0, 0] > 0
        assert answer[within[0]].sum() > 0
        assert not answer[:, 36:].any() if within is left else not answer[:, :28].any()


def test_only_the_columns_that_ask_for_one_are_changed_and_absence_still_closes():
    mask = marked((2, 1.0), (20, 2.0))[None, None].expand(2, 2, -1, -1)
    folded = fold_presence(mask, torch.tensor([[3.0, 3.0], [-1.0, 3.0]]), [Decision(is_one=True), Decision()])
    regions = [[ndimage.label(folded[row, column].numpy() > 0)[1] for column in range(2)] for row in range(2)]
    assert regions == [[1, 2], [0, 2]]


def test_the_segmenter_keeps_one_region_of_what_it_marks():
    network, tokenizer, config = tiny_network()
    torch.nn.init.normal_(network.decoder.kernel.weight, std=1.0)
    config = dataclasses.replace(config, calibration=Calibration(presence_bias=99.0, name_presence_bias=99.0))
    model = NetworkSegmenter(network, tokenizer, config, choose_compute("cpu", "fp32"))
    tiles = np.random.default_rng(0).integers(0, 256, (2, 3, 64, 64), dtype=np.uint8)
    logits = model.segment(model.encode_image(tiles), ["the red square", "red square"]).logits
    counts = [[ndimage.label(logits[tile, column] > 0)[1] for column in range(2)] for tile in range(2)]
    # Masks are drawn at twice their size, which may cut a thread of one pixel; noise has many.
    assert all(1 <= one and 4 * one < many for one, many in counts), counts
