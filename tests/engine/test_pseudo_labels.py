"""What a teacher draws on chips that nobody drew on: only what their labels allow, and kept for the next start."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tiny import square_chip, tiny_tokenizer, write_tiny_checkpoint

from referent.core_model.data.batch import BatchSource, Mix
from referent.core_model.data.chips import LABEL_CLASSES, Chip, ChipObject, read_ucm_refer
from referent.engine import pseudo_labels
from referent.engine.pseudo_labels import _judge, candidates, usual_classes, with_pseudo_labels


def chip(scene: str, *names: str, labels: tuple[str, ...] = (), annotated: bool = True) -> Chip:
    ring = (np.array([[0, 0], [9, 0], [9, 9]], np.float32),)
    objects = tuple(ChipObject(index, name, ring) for index, name in enumerate(names))
    complete = frozenset() if annotated else frozenset({"sea"})
    image = np.zeros((64, 64, 3), np.uint8)
    return Chip(scene, image, objects, complete, (), annotated, scene, frozenset(labels))


def test_a_class_is_looked_for_where_a_label_allows_it_or_the_scene_is_used_to_it():
    usual = usual_classes([chip("golf", "bunker"), *[chip("golf") for _ in range(8)], *[chip("sea", "car")] * 3])
    assert usual == {"golf": {"bunker"}, "sea": {"car"}}
    found = candidates(chip("golf", labels=("cars",), annotated=False), usual)
    assert found == ["bunker", "car", "parking lot", "truck"]
    # A label speaks of cars, so without it they are not looked for, whatever the scene.
    assert candidates(chip("sea", annotated=False), usual) == []


def test_what_is_known_to_be_absent_is_not_looked_for():
    assert "sea" not in candidates(chip("beach", labels=("sea",), annotated=False), {})


def scores(*blocks: tuple[float, slice]) -> np.ndarray:
    grid = np.zeros((len(blocks), 64, 64), np.float32)
    for row, (value, columns) in enumerate(blocks):
        grid[row, 10:30, columns] = value
    return grid


def test_sure_classes_are_complete_and_doubtful_ones_are_not():
    sure = scores((0.9, slice(0, 20)))
    objects, complete = _judge(["car"], sure)
    assert complete == ["car"]
    assert [item["class"] for item in objects] == ["car"]
    xs, ys = np.array(objects[0]["ring"]).T
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == (0, 20, 10, 30)
    doubtful = sure + scores((0.5, slice(20, 60)))
    assert _judge(["car"], doubtful)[1] == []


def test_a_class_that_is_nowhere_sure_stays_unknown():
    assert _judge(["car"], scores((0.6, slice(0, 20)))) == ([], [])


def test_a_roof_is_of_one_class_only():
    both = scores((0.8, slice(0, 20)), (0.9, slice(0, 20)))
    objects, complete = _judge(["building", "house"], both)
    assert {item["class"] for item in objects} == {"house"}
    assert complete == ["house"]


def test_specks_are_left_out_and_alone_say_nothing():
    grid = scores((0.9, slice(0, 20)))
    specks = np.zeros_like(grid)
    for corner in range(40, 60, 4):
        specks[0, corner : corner + 2, corner : corner + 2] = 0.9
    assert len(_judge(["car"], grid + specks)[0]) == 1
    assert _judge(["car"], specks) == ([], [])


def test_a_ring_is_no_disc():
    grid = scores((0.9, slice(10, 30)))
    grid[0, 14:26, 14:26] = 0
    assert _judge(["river"], grid) == ([], [])


def test_what_was_drawn_is_kept_and_drawn_chips_stay_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    teacher = write_tiny_checkpoint(tmp_path / "teacher")
    drawn = square_chip(0)
    blank = Chip("blank", drawn.image, (), frozenset({"tank"}), (), False, "squares", frozenset())
    monkeypatch.setattr(pseudo_labels, "SURE", 0.0)  # an untrained teacher is sure of nothing
    monkeypatch.setattr(pseudo_labels, "DOUBTED", 0.0)
    monkeypatch.setattr(pseudo_labels, "_MOST_HOLES", 1.0)
    told = []
    first = with_pseudo_labels(
        [drawn, blank], ["red square", "blue square"], str(teacher), tmp_path / "kept.json", told.append
    )
    assert first[0] is drawn
    assert not first[1].annotated
    assert {"tank", "red square"} <= first[1].complete
    assert [(item.done, item.total) for item in told] == [(1, 1)]
    assert json.loads((tmp_path / "kept.json").read_text())["chips"][0]["chip"] == "blank"
    again = with_pseudo_labels(
        [drawn, blank], ["red square", "blue square"], str(teacher), tmp_path / "kept.json", told.append
    )
    assert len(told) == 1
    assert [len(item.objects) for item in again] == [len(item.objects) for item in first]
    assert again[1].complete == first[1].complete
    other = write_tiny_checkpoint(tmp_path / "other", seed=1)
    with_pseudo_labels([drawn, blank], ["red square", "blue square"], str(other), tmp_path / "kept.json", told.append)
    assert len(told) == 2  # another teacher draws anew


def test_a_teachers_objects_are_asked_for_by_class_only():
    taught = [
        Chip(f"taught{index}", seen.image, seen.objects, seen.complete, (), False, "squares", frozenset())
        for index, seen in enumerate(square_chip(index) for index in range(4))
    ]
    mix = Mix(size_px=64, questions=4, synthetic=0.0, mosaic=0.0, unannotated=1.0)
    source = BatchSource(
        [square_chip(9), *taught], ["red square", "blue square"], tiny_tokenizer(), mix, batch_size=8, seed=0
    )
    rng = np.random.default_rng(0)
    kinds = {item.kind for _ in range(12) for item in source._view(rng)[2]}
    assert kinds == {"class", "absent"}
    batch = source.batch(0)
    assert not batch.has_outlines.any()
    assert batch.classes.amax() == 255


def test_a_runway_without_airplanes_is_not_said_to_be_none(shared_data: Path):
    assert "runway" not in LABEL_CLASSES["airplane"]
    chips = read_ucm_refer(shared_data / "ucm_refer", "train").chips
    runways = [item for item in chips if item.scene == "runway" and not item.annotated]
    assert len(runways) == 45
    assert not any("runway" in item.complete for item in runways)
