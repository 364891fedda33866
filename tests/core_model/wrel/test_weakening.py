"""Which samples lose their expression, and that nothing of it is left (spec: data, 1 to 3, 5)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from squares import chips, mixed_samples, source_of
from tiny import tiny_tokenizer

from referent.core_model.data.samples import Sample, readable_name, samples_of, unique, weaken
from referent.core_model.data.weakening import (
    masked_counts,
    nested_weak_ids,
    published_weak_ids,
    read_ratios,
    write_ratios,
)
from referent.core_model.errors import DataError

# Training samples per class of RRSIS-D, in the order of its category ids.
RRSIS_D = (386, 384, 392, 629, 855, 408, 907, 397, 592, 480, 818, 142, 793, 636, 309, 417, 333, 489, 1871, 943)


@pytest.mark.parametrize(("share", "masked"), [(0.5, 6085), (0.7, 8518), (0.9, 10954)])
def test_counts_on_the_classes_of_rrsis_d_are_the_published_ones(share: float, masked: int):
    counts = masked_counts({str(name): size for name, size in enumerate(RRSIS_D)}, share)
    assert sum(counts.values()) == masked


@pytest.mark.parametrize(("share", "vehicle", "harbor"), [(0.5, 935, 71), (0.7, 1309, 99), (0.9, 1683, 127)])
def test_counts_per_class_are_the_published_ones(share: float, vehicle: int, harbor: int):
    counts = masked_counts({str(name): size for name, size in enumerate(RRSIS_D)}, share)
    assert (counts["18"], counts["11"]) == (vehicle, harbor)


def test_budget_ends_with_the_small_classes():
    assert masked_counts({"a": 10, "b": 1, "c": 1}, 0.1) == {"a": 1, "b": 0, "c": 0}


def many(count: int = 60) -> list[Sample]:
    return [Sample(str(i), i, (i,), "car" if i % 3 else "boat", f"expression {i}") for i in range(count)]


def test_weak_and_accurate_part_the_training_set():
    samples = many()
    for ids in published_weak_ids(samples).values():
        mixed = weaken(samples, ids)
        assert {sample.id for sample in mixed if sample.weak} == set(ids)
        assert {sample.id for sample in mixed} == {sample.id for sample in samples}
        first_weak = next(i for i, sample in enumerate(mixed) if sample.weak)
        assert all(sample.weak for sample in mixed[first_weak:])


def test_published_choice_depends_on_the_order_but_not_on_the_run():
    samples = many()
    assert published_weak_ids(samples) == published_weak_ids(samples)
    again = published_weak_ids(samples[::-1])
    assert any(set(ids) != set(again[share]) for share, ids in published_weak_ids(samples).items())


def test_published_subsets_are_not_nested_and_nested_ones_are():
    samples = many(300)
    drawn = published_weak_ids(samples)
    assert not set(drawn[0.5]) <= set(drawn[0.7])
    nested = nested_weak_ids(samples, [0.5, 0.7, 0.9])
    assert set(nested[0.5]) < set(nested[0.7]) < set(nested[0.9])
    assert [len(nested[share]) for share in (0.5, 0.7, 0.9)] == [150, 210, 270]


def test_id_lists_are_written_out_and_read_back(tmp_path: Path):
    drawn = published_weak_ids(many())
    write_ratios(tmp_path / "ids.json", drawn)
    assert read_ratios(tmp_path / "ids.json") == drawn
    (tmp_path / "ids.json").write_text("[1, 2")
    with pytest.raises(DataError, match="cannot be read"):
        read_ratios(tmp_path / "ids.json")


def test_weak_ids_of_other_data_are_refused():
    with pytest.raises(DataError, match=r"1 of the weak ids are not in the data \(such as 'elsewhere'\)"):
        weaken(many(), ["elsewhere"])


def test_doubled_ids_are_refused():
    sample = many(1)[0]
    with pytest.raises(DataError, match="occur more than once"):
        unique([sample, sample])


def test_true_expression_of_a_weak_sample_never_reaches_the_tokenizer():
    class Listening:
        heard: list[str] = []  # noqa: RUF012

        def fixed(self, texts, length):
            self.heard += texts
            return tiny_tokenizer().fixed(texts, length)

    samples = mixed_samples(weak=4)
    listening = Listening()
    source = source_of(samples)
    source.__init__(
        samples,
        source.chips,
        listening,
        source.mix,
        batch_size=4,
        seed=0,  # type: ignore[misc]
    )
    source.batch(0)
    assert Counter(listening.heard) == Counter({"the red square on the left": 4, "red square": 4})


def test_mask_of_a_weak_sample_is_the_one_object_that_was_meant():
    samples = [sample.weakened() for sample in mixed_samples(weak=0)]
    source = source_of(samples)
    left, right = (source.make(np.array([row]), 0).masks[0, 0] for row in (0, 4))
    assert samples[0].chip == samples[4].chip
    assert left[:, :8].sum() > 0
    assert left[:, 8:].sum() == 0
    assert right[:, :8].sum() == 0
    assert right[:, 8:].sum() > 0


def test_objects_without_an_expression_are_weak_samples():
    import dataclasses

    pictures = chips(2)
    pictures[0] = dataclasses.replace(pictures[0], expressions=pictures[0].expressions[:1])
    found = samples_of(pictures)
    assert [(sample.id, sample.weak, sample.text) for sample in found[:2]] == [
        ("pair0/0/0", False, "the red square on the left"),
        ("pair0/1/0", True, "red square"),
    ]
    assert [sample.weak for sample in found[2:]] == [False, False]


@pytest.mark.parametrize(
    ("name", "read"),
    [("Expressway-Service-area", "expressway service area"), ("StorageTank", "storage tank"), ("car", "car")],
)
def test_class_names_are_read_as_words(name: str, read: str):
    assert readable_name(name) == read
