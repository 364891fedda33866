"""Training items: views keep objects and words in step, and nothing false is ever asked."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import square_chip, tiny_tokenizer

from referent.core_model.data.augment import draw_mask, identity_view, sample_view, warp
from referent.core_model.data.batch import BatchSource, Mix, _chances
from referent.core_model.data.chips import Chip, ChipObject, WrittenExpression, read_ucm_refer
from referent.core_model.data.items import absent_items, class_items, foreign_expressions, look, mosaic, written_items
from referent.core_model.data.paste import paste
from referent.core_model.data.polygon import clip_ring, measure_rings, ring_area
from referent.core_model.errors import DataError

RED = np.array([200, 30, 30])


def red_mask(image: np.ndarray) -> np.ndarray:
    return np.abs(image.astype(int) - RED).sum(2) < 90


@pytest.mark.parametrize("upright", [True, False])
def test_rings_follow_the_picture(upright: bool):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        chip = square_chip(seed)
        view = sample_view(rng, 64, 64, upright=upright)
        viewed = look(chip, view, 64)
        red = next(item for item in chip.objects if item.color == "red")
        if red.id not in viewed.seen:
            continue
        drawn = draw_mask(viewed.rings[red.id], 64, 1) > 127
        shown = red_mask(viewed.image)
        assert (drawn & shown).sum() / max(1, (drawn | shown).sum()) > 0.75


def test_identity_view_changes_nothing():
    chip = square_chip(0)
    np.testing.assert_array_equal(warp(chip.image, identity_view(64, 64), 64), chip.image)


def test_words_of_direction_follow_the_mirror():
    chip = square_chip(0)
    checked = 0
    for seed in range(40):
        view = sample_view(np.random.default_rng(seed), 64, 64, upright=True)
        viewed = look(chip, view, 64)
        for item in written_items(chip, view, viewed, random.Random(seed), 3):
            if item.object_ids:
                x = measure_rings(viewed.rings[item.object_ids[0]]).center_xy[0]
                assert ("left" in item.text) == (x < 32)
                checked += 1
    assert checked > 30


def test_words_of_direction_are_withheld_from_rotated_views():
    chip = square_chip(0)
    view = sample_view(np.random.default_rng(3), 64, 64, upright=False)
    texts = [item.text for item in written_items(chip, view, look(chip, view, 64), random.Random(0), 3)]
    assert not any("left" in text or "right" in text for text in texts)


def test_class_items_hold_all_instances():
    viewed = look(square_chip(0), identity_view(64, 64), 64)
    items = {item.text: item.object_ids for item in class_items(viewed, random.Random(0), 9)}
    assert set(items) == {"red square", "blue square"}
    assert all(len(ids) == 1 for ids in items.values())


def test_absent_items_name_only_classes_known_to_be_absent():
    viewed = look(square_chip(0), identity_view(64, 64), 64)
    items = absent_items(viewed, [], random.Random(0), 5)
    assert {item.text for item in items} == {"tank"}
    assert all(item.object_ids == () for item in items)


def test_mosaic_knows_only_what_all_parts_know():
    chips = [square_chip(index) for index in range(4)]
    made = mosaic(chips, np.random.default_rng(0), 64)
    assert made.image.shape == (64, 64, 3)
    assert made.complete == chips[0].complete
    assert made.expressions == ()


def test_batches_are_the_same_for_the_same_step_and_differ_between_steps():
    chips = [square_chip(index) for index in range(4)]
    mix = Mix(size_px=64, questions=3, synthetic=0.0, unannotated=0.0)
    source = BatchSource(chips, ["red square", "blue square"], tiny_tokenizer(), mix, batch_size=3, seed=5)
    first, again, other = source.batch(7), source.batch(7), source.batch(8)
    assert torch.equal(first.images, again.images)
    assert torch.equal(first.tokens.ids, again.tokens.ids)
    assert torch.equal(first.masks, again.masks)
    assert not torch.equal(first.images, other.images)
    assert first.masks.shape == (3, 3, 32, 32)
    assert first.classes.shape == (3, 2, 16, 16)


def test_clipping_keeps_the_inside_only():
    ring = np.array([[-10, -10], [30, -10], [30, 30], [-10, 30]], np.float32)
    inside = clip_ring(ring, 20)
    assert ring_area(inside) == pytest.approx(400)
    assert ring_area(clip_ring(ring + 100, 20)) == 0


def test_missing_data_set_is_named(tmp_path: Path):
    with pytest.raises(DataError, match=r"instances\.json"):
        read_ucm_refer(tmp_path, "train")


def test_splits_of_ucm_refer_do_not_overlap(shared_data: Path):
    splits = {name: read_ucm_refer(shared_data / "ucm_refer", name).chips for name in ("train", "val", "test")}
    ids = [{chip.id for chip in chips} for chips in splits.values()]
    assert len(set.union(*ids)) == sum(map(len, ids))
    assert sum(chip.annotated for chip in splits["test"]) == 87
    assert len(foreign_expressions(splits["val"])) > 200


def test_every_view_of_real_chips_has_all_its_questions(shared_data: Path):
    data = read_ucm_refer(shared_data / "ucm_refer", "val")
    source = BatchSource(data.chips, data.classes, tiny_tokenizer(32), Mix(questions=4), batch_size=8, seed=1)
    batch = source.batch(0)
    assert batch.tokens.ids.shape[0] == 32
    assert batch.masks.shape == (8, 4, 128, 128)
    assert batch.labels.isnan().any()


def test_texts_that_the_model_cannot_read_are_not_asked():
    tokenizer = tiny_tokenizer()
    long = WrittenExpression("the red square " * 10, (0,))
    chip = dataclasses.replace(square_chip(0), expressions=(long,))
    mix = Mix(size_px=64, questions=4, upright=1.0, mosaic=0.0, synthetic=0.0, unannotated=0.0)
    source = BatchSource([chip], ["red square", "blue square"], tokenizer, mix, batch_size=4, seed=0)
    for step in range(5):
        assert source.batch(step).tokens.ids.shape[0] == 16


def _boxes(*squares: tuple[int, int, str], complete: frozenset[str]) -> Chip:
    """A chip of 64 px with 10 px squares of a class at (x, y), each in a colour of its own."""
    image = np.full((64, 64, 3), 120, np.uint8)
    objects = []
    for index, (x, y, name) in enumerate(squares):
        image[y : y + 10, x : x + 10] = (200, 30, 30)
        ring = np.array([[x, y], [x + 10, y], [x + 10, y + 10], [x, y + 10]], np.float32)
        objects.append(ChipObject(index, name, (ring,), "red"))
    return Chip("boxes", image, tuple(objects), complete)


def test_pasted_objects_lie_where_they_are_said_to_and_cover_nothing():
    complete = frozenset({"car", "boat"})
    target = look(_boxes((27, 27, "car"), complete=complete), identity_view(64, 64), 64)
    donor = look(_boxes((10, 40, "boat"), complete=complete), identity_view(64, 64), 64)
    pasted = 0
    for seed in range(20):
        viewed = paste(target, donor, np.random.default_rng(seed))
        np.testing.assert_array_equal(viewed.rings[0][0], target.rings[0][0])
        drawn = draw_mask([ring for rings in viewed.rings.values() for ring in rings], 64, 1) > 127
        shown = red_mask(viewed.image)
        assert (drawn & shown).sum() / (drawn | shown).sum() > 0.75
        assert shown[28:36, 28:36].all()
        pasted += len(viewed.rings) - 1
        assert viewed.seen == frozenset(viewed.rings)
    assert pasted > 10


def test_a_class_with_undrawn_instances_is_not_pasted():
    target = look(_boxes((27, 27, "car"), complete=frozenset({"car"})), identity_view(64, 64), 64)
    donor = look(_boxes((10, 40, "boat"), complete=frozenset({"boat"})), identity_view(64, 64), 64)
    assert paste(target, donor, np.random.default_rng(0)).rings.keys() == {0}


def test_chips_of_rare_classes_are_drawn_more_often_but_not_without_end():
    common = [_boxes((5, 5, "car"), complete=frozenset({"car"})) for _ in range(99)]
    rare = _boxes((5, 5, "car"), (40, 40, "pool"), complete=frozenset({"car", "pool"}))
    chances = _chances([*common, rare])
    assert set(chances[:-1]) == {1.0}
    assert chances[-1] == 3.0
