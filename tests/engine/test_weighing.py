"""How doubtful objects are chosen from."""

from __future__ import annotations

import json
from itertools import product

import numpy as np
import pytest

from referent.engine.weighing import (
    Chance,
    Weighing,
    chances_of_place,
    likely_ones,
    log_odds,
    presupposed,
    weighing_of,
)


@pytest.mark.parametrize(("place", "count"), [(1, 1), (2, 1), (3, 1), (1, 3), (2, 2)])
def test_chances_of_place_are_those_of_all_worlds(place, count):
    chances = np.array([0.3, 0.9, 0.05, 0.6, 1.0, 0.0])
    expected = np.zeros(6)
    for world in product((0, 1), repeat=6):
        likely = np.prod([p if is_real else 1 - p for p, is_real in zip(chances, world, strict=True)])
        real = np.flatnonzero(world)[place - 1 : place - 1 + count]
        expected[real] += likely
    assert chances_of_place(chances, place, count) == pytest.approx(expected)


def test_without_doubt_places_are_counted():
    assert chances_of_place(np.ones(4), 2, 2).tolist() == [0, 1, 1, 0]


def test_a_doubtful_first_gives_way_to_a_sure_second():
    assert int(np.argmax(chances_of_place(np.array([0.1, 0.9, 0.9]), 1, 1))) == 1
    assert int(np.argmax(chances_of_place(np.array([0.6, 0.9, 0.9]), 1, 1))) == 0


def test_a_question_for_the_one_presupposes_that_there_is_one():
    doubted = np.array([0.008, 0.010, 0.009, 0.0001])
    chances = presupposed(doubted)
    assert chances.max() == pytest.approx(0.5)
    assert np.diff(log_odds(chances)) == pytest.approx(np.diff(np.log(doubted / (1 - doubted))), abs=1e-3)
    assert int(np.argmax(chances_of_place(doubted, 1, 1))) == 1  # without it the clearest one, whatever its rank
    assert int(np.argmax(chances_of_place(chances, 1, 1))) == 0
    believed = np.array([0.7, 0.2])
    assert presupposed(believed) == pytest.approx(believed)
    assert presupposed(np.zeros(0)).shape == (0,)


def test_likely_ones_have_the_highest_expected_iou():
    rng = np.random.default_rng(3)
    for _ in range(20):
        chances, areas = rng.uniform(0, 1, 6), rng.uniform(1, 5, 6)

        def expected(kept, chances=chances, areas=areas):
            kept = np.array(kept, dtype=bool)
            return (chances * areas)[kept].sum() / (areas[kept].sum() + (chances * areas)[~kept].sum())

        best = max(product((0, 1), repeat=6), key=lambda kept: expected(kept) if any(kept) else 0.0)
        assert expected(likely_ones(chances, areas)) == pytest.approx(expected(best))


def test_likely_ones_keeps_whatever_is_likelier_than_not():
    chances = np.array([0.99, 0.51, 0.5])
    assert likely_ones(chances, np.ones(3)).all()
    assert likely_ones(np.array([0.99, 0.2]), np.ones(2)).tolist() == [True, False]
    assert likely_ones(np.zeros(0), np.zeros(0)).tolist() == []


def test_a_size_out_of_the_ordinary_is_doubted_on_both_sides_alike():
    chance = Chance(size_weight=1.0, sizes_m2={"tank": (100.0, 0.5)})
    areas = 100.0 * np.exp(0.5 * np.array([-4.0, -1.0, 0.0, 1.0, 4.0]))
    found = chance.of(np.full(5, 0.9), areas, "tank")
    assert found[[1, 2, 3]] == pytest.approx(0.9)
    assert found[0] == pytest.approx(found[4])
    assert found[0] < 0.01
    assert chance.of(np.full(5, 0.9), areas, None) == pytest.approx(np.full(5, 0.9))
    assert log_odds(np.array([0.0, 1.0])) == pytest.approx([-6.907, 6.907], abs=1e-3)


def test_weighing_goes_through_json_and_belongs_to_a_model(tmp_path):
    weighing = Weighing(Chance(-1.0, 2.0, 0.5, {"tank": 0.25}, {"tank": (100.0, 0.5)}), 0.02, 0.3, 0.75, 0.1)
    facts = {"model": "mine", "weighing": json.loads(json.dumps(weighing.to_json()))}
    (tmp_path / "mine.json").write_text(json.dumps(facts))
    assert weighing_of("mine", tmp_path) == weighing
    assert weighing_of("another", tmp_path) == Weighing()
    assert weighing_of("../mine", tmp_path) == Weighing()


def test_the_bundled_model_has_a_weighing():
    assert weighing_of("small") != Weighing()
