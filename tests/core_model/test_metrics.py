"""Metrics by hand-made masks."""

from __future__ import annotations

import math

import numpy as np

from referent.core_model.metrics import Overlap, mean_iou, overall_iou, overlap, precision_at, summarise


def test_mean_and_overall_iou_differ():
    overlaps = [Overlap(90, 100), Overlap(0, 10)]
    assert mean_iou(overlaps) == 0.45
    assert math.isclose(overall_iou(overlaps), 90 / 110)


def test_precision_counts_the_threshold_itself():
    assert precision_at([Overlap(1, 2), Overlap(1, 3)], 0.5) == 0.5


def test_empty_prediction_and_empty_union_count_as_zero():
    empty, square = np.zeros((4, 4), bool), np.ones((4, 4), bool)
    assert overlap(empty, square).iou == 0.0
    assert overlap(empty, empty).iou == 0.0


def test_nothing_to_measure_is_not_a_number():
    assert math.isnan(mean_iou([]))
    assert math.isnan(summarise([])["pr50"])
