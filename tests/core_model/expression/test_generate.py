"""Generated expressions are true, by a brute-force look at the objects that knows nothing of the generator's code."""

from __future__ import annotations

import random
import time

import pytest

from referent.core_model.expression.chip import SceneObject
from referent.core_model.expression.generate import GeneratedExpression, generate_expressions
from referent.core_model.expression.lexicon import head_noun

SIZE = (256, 256)
COLOURS = ("white", "red", "blue", "black", "green", "yellow")
CLASSES = ("airplane", "storage tank", "car", "truck", "tennis court", "boat")


def _scene(rng: random.Random, count: int) -> list[SceneObject]:
    objects = []
    classes = rng.sample(CLASSES, 3)
    for _ in range(count):
        x, y, w, h = rng.uniform(8, 248), rng.uniform(8, 248), rng.uniform(6, 40), rng.uniform(6, 40)
        box = (max(0.0, x - w / 2), max(0.0, y - h / 2), min(256.0, x + w / 2), min(256.0, y + h / 2))
        area = (box[2] - box[0]) * (box[3] - box[1])
        center = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        objects.append(SceneObject(rng.choice(classes), center, area, max(w, h), min(w, h), rng.choice(COLOURS), box))
    return objects


def _many(seed: int, scenes: int) -> list[tuple[list[SceneObject], GeneratedExpression]]:
    rng = random.Random(seed)
    made = []
    for _ in range(scenes):
        objects = _scene(rng, rng.randrange(0, 9))
        made += [(objects, item) for item in generate_expressions(objects, SIZE, CLASSES, rng, 10)]
    return made


MADE = _many(1, 600)


def test_all_kinds_are_made() -> None:
    assert {item.kind for _, item in MADE} == {
        "class", "colour", "position", "order", "size", "relation", "group", "absent",
    }  # fmt: skip


def test_absent_refers_to_nothing_and_all_others_to_something() -> None:
    assert all((item.kind == "absent") == (item.object_ids == ()) for _, item in MADE)


def test_referents_are_of_the_named_class() -> None:
    nouns = {"vehicle": {"car", "truck"}}
    classes = {"plane": "airplane", "aircraft": "airplane", "jet": "airplane", "tank": "storage tank", "vessel": "boat",
               "watercraft": "boat"}  # fmt: skip
    checked = wrong = 0
    for objects, item in MADE:
        if item.kind in ("group", "size", "order") or not item.object_ids or " one" in item.text:
            continue
        noun = head_noun(item.text)
        if noun is None:  # a typing slip
            continue
        allowed = nouns.get(noun, {classes.get(noun, noun)}) | ({"tennis court"} if noun == "court" else set())
        checked += 1
        wrong += not {objects[index].class_name for index in item.object_ids} <= allowed
    assert checked > 500
    assert wrong <= 0.005 * checked  # a typing slip may hide the noun, and then another is taken for it


@pytest.mark.parametrize(
    ("word", "axis", "sign"),
    [("leftmost", 0, -1), ("rightmost", 0, 1), ("topmost", 1, -1), ("lowest", 1, 1), ("westernmost", 0, -1)],
)
def test_outermost_objects_are_outermost(word: str, axis: int, sign: int) -> None:
    seen = 0
    for objects, item in MADE:
        words = item.text.lower().rstrip(".?").split()
        if item.kind != "position" or word not in words:
            continue
        (index,) = item.object_ids
        colour = objects[index].color if objects[index].color in words else None
        rivals = [
            other for other in objects
            if other.class_name == objects[index].class_name and (colour is None or other.color == colour)
        ]  # fmt: skip
        if any(w in words for w in ("large", "big", "small", "little", "tiny", "huge", "dark", "second", "third")):
            continue
        assert all(sign * other.center_xy[axis] <= sign * objects[index].center_xy[axis] for other in rivals), item
        seen += 1
    assert seen > 1


def test_colour_names_every_object_of_that_colour() -> None:
    seen = 0
    for objects, item in MADE:
        words = item.text.lower().split()
        if item.kind != "colour" or len(item.object_ids) != 1:
            continue
        chosen = objects[item.object_ids[0]]
        if chosen.color in words:
            same = [o for o in objects if o.class_name == chosen.class_name and o.color == chosen.color]
            assert same == [chosen], item
            seen += 1
    assert seen > 100


def test_classes_that_are_not_complete_are_never_spoken_of() -> None:
    rng = random.Random(2)
    for _ in range(50):
        objects = _scene(rng, 6)
        for item in generate_expressions(objects, SIZE, ("boat",), rng, 10):
            assert head_noun(item.text) in ("boat", "vessel", "watercraft", None), item
            assert all(objects[index].class_name == "boat" for index in item.object_ids)


def test_same_seed_gives_the_same_expressions() -> None:
    objects = _scene(random.Random(3), 6)
    first = generate_expressions(objects, SIZE, CLASSES, random.Random(4), 20)
    assert first == generate_expressions(objects, SIZE, CLASSES, random.Random(4), 20)
    assert len({item.text for item in first}) == len(first)


def test_two_thousand_expressions_take_less_than_a_second_of_processor_time() -> None:
    start = time.process_time()
    made = _many(5, 250)
    assert len(made) / (time.process_time() - start) > 2000


def test_an_empty_chip_gives_absent_expressions_only() -> None:
    made = generate_expressions([], SIZE, ("airplane", "car"), random.Random(6), 10)
    assert made
    assert all(item.object_ids == () for item in made)
    assert generate_expressions([], SIZE, (), random.Random(6), 10) == []
