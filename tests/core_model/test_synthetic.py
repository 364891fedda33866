from __future__ import annotations

import time

import numpy as np
import pytest
from PIL import Image, ImageDraw

from referent.core_model.synthetic import CLASSES, COLORS, THEMES, SyntheticChip, render_chip, render_scene
from referent.core_model.synthetic_canvas import PALETTE, clip


def _mask(chip: SyntheticChip, index: int) -> np.ndarray:
    height, width = chip.image.shape[:2]
    image = Image.new("L", (width, height))
    ImageDraw.Draw(image).polygon((chip.objects[index].polygon - 0.5).ravel().tolist(), fill=1)
    return np.asarray(image) > 0


@pytest.mark.parametrize("theme", THEMES)
def test_chips_of_every_theme_are_well_formed(theme: str) -> None:
    for seed in range(3):
        chip = render_chip(np.random.default_rng(seed), 192, theme)
        assert chip.image.shape == (192, 192, 3)
        assert chip.image.dtype == np.uint8
        assert chip.image.std() > 3
        for item in chip.objects:
            assert item.class_name in CLASSES
            assert item.color is None or item.color in COLORS
            assert item.polygon.ndim == 2
            assert len(item.polygon) >= 3
            assert item.polygon.min() >= -1e-6
            assert item.polygon.max() <= 192 + 1e-6


def test_equal_seeds_give_equal_chips() -> None:
    first, second = (render_chip(np.random.default_rng(11)) for _ in range(2))
    assert np.array_equal(first.image, second.image)
    assert [item.class_name for item in first.objects] == [item.class_name for item in second.objects]


def test_every_class_is_drawn_sooner_or_later() -> None:
    seen = set()
    for seed in range(400):
        seen |= {item.class_name for item in render_chip(np.random.default_rng(seed), 256).objects}
        if seen == set(CLASSES):
            return
    assert seen == set(CLASSES)


@pytest.mark.parametrize("theme", ["parking", "marina", "tanks", "airport", "suburb", "mobile homes", "town"])
def test_objects_do_not_overlap(theme: str) -> None:
    chip = render_chip(np.random.default_rng(2), 256, theme)
    count = np.sum([_mask(chip, index) for index in range(len(chip.objects))], axis=0)
    assert (count > 1).mean() < 0.002


def test_colour_words_are_those_a_person_would_use() -> None:
    """Cars called white are brighter than cars called black, red ones redder than blue ones."""
    means: dict[str, list[np.ndarray]] = {word: [] for word in PALETTE}
    for seed in range(12):
        chip = render_chip(np.random.default_rng(seed), 256, "parking")
        for index, item in enumerate(chip.objects):
            if item.class_name == "car" and item.color and not item.partial:
                means[item.color].append(np.median(chip.image[_mask(chip, index)], axis=0))
    tone = {word: np.mean(values, axis=0) for word, values in means.items() if len(values) > 5}
    assert tone["white"].mean() > tone["gray"].mean() > tone["black"].mean()
    assert tone["red"][0] - tone["red"][2] > 30
    assert tone["blue"][2] - tone["blue"][0] > 30


def test_cars_have_the_size_of_cars() -> None:
    chip = render_chip(np.random.default_rng(1), 256, "parking")
    areas_m2 = [
        _mask(chip, i).sum() * 0.09
        for i, item in enumerate(chip.objects)
        if item.class_name == "car" and not item.partial
    ]
    assert 8 < np.median(areas_m2) < 12


def test_scene_holds_dozens_of_objects_of_several_classes() -> None:
    scene = render_scene(np.random.default_rng(3), 700, 1100)
    assert scene.image.shape == (700, 1100, 3)
    assert len(scene.objects) > 36
    assert len({item.class_name for item in scene.objects}) >= 5


def test_small_scene_is_one_block() -> None:
    scene = render_scene(np.random.default_rng(3), 200, 260, ("tanks",))
    assert scene.image.shape == (200, 260, 3)
    assert {item.class_name for item in scene.objects} <= {"storage tank", "building", "car", "truck"}


def test_unknown_theme_and_bad_size_are_refused() -> None:
    with pytest.raises(ValueError, match="moon"):
        render_chip(np.random.default_rng(0), 64, "moon")
    with pytest.raises(ValueError, match="moon"):
        render_scene(np.random.default_rng(0), 64, 64, ("moon",))
    with pytest.raises(ValueError, match="0 pixels"):
        render_chip(np.random.default_rng(0), 0)


def test_chips_are_rendered_fast_enough_to_feed_training() -> None:
    # 20 chips/s on an idle core; half of that leaves room for a busy machine.
    start = time.process_time()
    for seed in range(30):
        render_chip(np.random.default_rng(seed))
    assert 30 / (time.process_time() - start) > 10


def test_clip_cuts_at_the_frame() -> None:
    square = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    cut = clip(square, np.array([4.0, 4.0]))
    assert cut.min() == 0
    assert cut.max() == 1
    assert len(clip(square - 5, np.array([4.0, 4.0]))) == 0
