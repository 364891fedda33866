"""The theory harness on cases whose answer is known (spec: 37)."""

from __future__ import annotations

import numpy as np
import pytest
from squares import mixed_samples, small_network, source_of

from referent.core_model.train.theory import TextView, measure_gap, view_texts


def test_gap_of_the_risks_is_the_weak_share_times_the_paired_gap():
    network, true = small_network(), mixed_samples(weak=0)
    weak_rows = np.array([True] * 3 + [False] * 5)
    mixed = [sample.weakened() if weak else sample for sample, weak in zip(true, weak_rows, strict=True)]
    accurate, weak = view_texts(network, source_of(true)), view_texts(network, source_of(mixed))
    gap = measure_gap(weak, accurate, weak_rows)
    assert gap.weak_share == 3 / 8
    assert gap.risk == pytest.approx(gap.weak_share * abs(gap.paired), abs=1e-6)
    assert gap.risk > 0
    assert gap.distance > 0


def test_equal_texts_leave_no_gap():
    view = view_texts(small_network(), source_of(mixed_samples(weak=0)))
    gap = measure_gap(view, view, np.ones(8, bool))
    assert (gap.paired, gap.risk, gap.distance, gap.bound) == (0, 0, 0, 0)


def test_bound_holds_for_a_linear_model_whose_constant_is_known():
    # The loss is 3 times the first coordinate of the representation: 3-Lipschitz, and the bound with L = 3 must hold.
    rng = np.random.default_rng(0)
    accurate, weak = rng.normal(size=(200, 4)), rng.normal(size=(200, 4))
    rows = rng.random(200) < 0.4
    gap = measure_gap(TextView(3 * weak[:, 0], weak), TextView(3 * accurate[:, 0], accurate), rows)
    assert gap.risk <= gap.weak_share * 3 * gap.distance
    assert gap.lipschitz <= 3 + 1e-9
    # The minimisers over constant shifts of the first coordinate differ by no more than twice that.
    assert 2 * gap.risk <= 2 * gap.weak_share * 3 * gap.distance
