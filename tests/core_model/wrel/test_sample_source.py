"""Batches of referring samples: tokens, masks, epochs, blackout, product kinds (spec: data, 4 to 6)."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from squares import chips, mixed_samples, source_of, two_squares
from tiny import tiny_tokenizer

from referent.core_model.data.sample_source import black_out, blacked_out
from referent.core_model.errors import TrainingError


def test_tokens_have_one_length_and_padding_at_the_end():
    tokens = tiny_tokenizer().fixed(["tank", "red square"], 20)
    assert tokens.ids.shape == (2, 20)
    assert tokens.mask[0].tolist() == [1, 1, 1] + [0] * 17
    assert (tokens.ids[0, 3:] == tiny_tokenizer().pad_id).all()


def test_long_text_is_cut_and_keeps_its_last_token():
    tokens = tiny_tokenizer().fixed(["red " * 25, "tank"], 8)
    assert tokens.mask[0].sum() == 8
    assert tokens.ids[0, -1] == tokens.ids[1, 2]  # [SEP], which the published code slices off


def test_every_sample_comes_once_per_epoch_and_the_same_for_the_same_step():
    source = source_of(mixed_samples())
    first = [*source.batch(0).ids, *source.batch(1).ids]
    assert sorted(first) == sorted(sample.id for sample in source.samples)
    assert source.batch(0).ids == source.batch(0).ids
    assert [*source.batch(2).ids, *source.batch(3).ids] != first


def test_parts_of_a_batch_are_the_batch():
    source = source_of(mixed_samples())
    whole, halves = source.batch(1), [source.batch(1, part, 2) for part in (0, 1)]
    assert whole.ids == halves[0].ids + halves[1].ids
    assert torch.equal(whole.images, torch.cat([half.images for half in halves]))
    with pytest.raises(TrainingError, match="cannot be shared equally by 3 processes"):
        source.batch(1, 0, 3)


def test_weak_batches_are_known_without_making_them():
    source = source_of(mixed_samples(weak=2))
    assert [source.has_weak(step) for step in range(6)] == [bool(source.batch(step).weak.any()) for step in range(6)]


def test_blackout_hits_a_fixed_fifth_of_the_pictures():
    assert blacked_out(1000, 0.2, 0).sum() == 200
    assert np.array_equal(blacked_out(50, 0.2, 3), blacked_out(50, 0.2, 3))
    assert blacked_out(50, 0.0, 3).sum() == 0


def test_black_squares_are_32_px_and_20_to_60():
    white = np.full((2000, 2000, 3), 255, np.uint8)
    for seed in range(5):
        black = (black_out(white, np.random.default_rng(seed)) == 0).all(2).sum()
        assert 15 * 32 * 32 < black <= 60 * 32 * 32
    lone = np.full((32, 32, 3), 255, np.uint8)
    assert not black_out(lone, np.random.default_rng(0)).any()
    assert lone.all()


def test_blackout_changes_pictures_of_training_only_and_never_masks():
    pictures = [two_squares(index, 64) for index in range(5)]
    dark = source_of(mixed_samples(5, 0), pictures, 10, blackout=0.2, size_px=64)
    plain = source_of(mixed_samples(5, 0), pictures, 10, blackout=0.0, size_px=64)
    first, second = dark.batch(0), plain.batch(0)
    changed = [not torch.equal(a, b) for a, b in zip(first.images, second.images, strict=True)]
    hit = {name.split("-")[0] for name, different in zip(first.ids, changed, strict=True) if different}
    assert len(hit) == 1
    assert torch.equal(first.masks, second.masks)


def test_product_kinds_join_when_they_are_asked_for():
    source = source_of(mixed_samples(), class_questions=1, absent_questions=1)
    batch = source.batch(0)
    assert batch.masks.shape == (4, 3, 16, 16)
    assert batch.tokens.ids.shape == (12, 10)
    assert batch.weak.view(4, 3)[:, 1:].sum() == 0
    assert all(name == "" for name in batch.ids[1::3])
    named, absent = batch.masks[:, 1], batch.masks[:, 2]
    assert (named.flatten(1).sum(1) > batch.masks[:, 0].flatten(1).sum(1)).all()
    assert absent.sum() == 0
    assert source_of(mixed_samples()).batch(0).masks.shape == (4, 1, 16, 16)


def test_no_sample_is_a_sentence():
    with pytest.raises(TrainingError, match="There are no samples"):
        source_of([], chips(1))
