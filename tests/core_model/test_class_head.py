"""Class lists may change: known classes keep their row of the dense head, new ones join it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny import tiny_config, tiny_network, tiny_tokenizer

from referent.core_model.class_head import change_classes
from referent.core_model.expression.class_name import plain_class_name
from referent.core_model.metrics import cluster_interval
from referent.core_model.network import build_network


def test_known_classes_keep_their_row_and_everything_else_stays():
    network, _, config = tiny_network()
    changed, new_config = change_classes(network, config, ["helipad", "blue square"])
    assert new_config.classes == ("helipad", "blue square")
    torch.testing.assert_close(changed.pyramid.classes.weight[1], network.pyramid.classes.weight[1])
    assert changed.pyramid.classes.bias[0] < -3
    for name, value in network.state_dict().items():
        if not name.startswith("pyramid.classes."):
            assert torch.equal(changed.state_dict()[name], value)


def test_new_class_starts_from_one_of_the_same_concept():
    config = tiny_config(tiny_tokenizer().vocab_size, classes=("boat", "car"))
    network = build_network(config)
    changed, _ = change_classes(network, config, ["vessel"])
    torch.testing.assert_close(changed.pyramid.classes.weight[0], network.pyramid.classes.weight[0])


def test_rows_of_a_second_network_fill_up():
    network, _, config = tiny_network()
    small, small_config = change_classes(network, config, ["tank"])
    with torch.no_grad():
        small.pyramid.classes.weight.fill_(3)
    whole, whole_config = change_classes(small, small_config, [*config.classes, "tank"], (network, config))
    torch.testing.assert_close(whole.pyramid.classes.weight[:2], network.pyramid.classes.weight)
    assert (whole.pyramid.classes.weight[2] == 3).all()
    assert whole_config.classes == (*config.classes, "tank")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Storage_Tank", "storage tank"),
        ("StorageTanks", "storage tank"),
        ("tenniscourt", "tennis court"),
        ("groundtrackfield", "ground track field"),
        ("Expressway-Service-area", "expressway service area"),
        ("SWIMMING POOL", "swimming pool"),
        ("roof:tin", "roof tin"),
        ("concrete roof", "concrete roof"),
        ("été", "été"),
        (" _ ", ""),
    ],
)
def test_class_names_become_words(name: str, plain: str):
    assert plain_class_name(name) == plain
    assert plain_class_name(plain) == plain


def test_interval_is_that_of_pictures_not_of_answers():
    rng = np.random.default_rng(0)
    values = rng.normal(0.5, 0.1, 40)
    alone = cluster_interval([str(i) for i in range(40)], values, np.ones(40))
    expected = 1.96 * values.std() / np.sqrt(40)
    assert alone == pytest.approx((values.mean() - expected, values.mean() + expected), abs=0.01)
    # Ten copies of every answer in the same picture tell nothing new.
    copied = cluster_interval([str(i) for i in range(40) for _ in range(10)], np.repeat(values, 10), np.ones(400))
    assert copied == pytest.approx(alone, abs=0.005)
    assert cluster_interval(["one"] * 5, [1.0] * 5, [1.0] * 5) is None
