"""Chips and splits: every object is shown, and training and validation never share ground."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box

from referent.geo_io.annotation_plan import (
    choose_validation,
    ground_box,
    join_places,
    plan_blocks,
    plan_chips,
    plan_empty,
)
from referent.geo_io.grid import Grid

CHIP = 64


def grid(height: int, width: int, x: float = 500_000, y: float = 5_000_000, crs: str | None = "EPSG:32633") -> Grid:
    return Grid(None if crs is None else pyproj.CRS(crs), Affine(0.5, 0, x, 0, -0.5, y), height, width)


def scattered(seed: int, count: int, height: int, width: int, side: int = 8) -> list[shapely.Polygon]:
    rng = np.random.default_rng(seed)
    corners = rng.uniform((0, 0), (width - side, height - side), (count, 2))
    return [box(x, y, x + side, y + side) for x, y in corners]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(30, 400), st.integers(30, 400))
def test_every_object_is_shown_and_no_chip_leaves_its_block(seed: int, count: int, height: int, width: int):
    shapes, scene = scattered(seed, count, height, width), grid(height, width)
    blocks = plan_blocks([scene], [shapes], CHIP)
    shown = [0.0] * count
    for block in blocks:
        outer = block.window
        for chip in plan_chips(block, scene, shapes, CHIP):
            assert (chip.height, chip.width) == (CHIP, CHIP)
            if outer.height >= CHIP:
                assert outer.row_off <= chip.row_off <= chip.row_end <= outer.row_end
            if outer.width >= CHIP:
                assert outer.col_off <= chip.col_off <= chip.col_end <= outer.col_end
            for index, shape in enumerate(shapes):
                shown[index] = max(shown[index], shape.intersection(box(*chip.bounds)).area / shape.area)
    # An object on the border of two blocks, or of four, is cut: no chip may cross.
    assert min(shown) >= 0.18
    assert np.mean(shown) > 0.75


def test_lonely_object_lies_in_the_middle_of_its_chip():
    scene, shapes = grid(1000, 1000), [box(500, 300, 510, 312)]
    (block,) = plan_blocks([scene], [shapes], CHIP)
    (chip,) = plan_chips(block, scene, shapes, CHIP)
    assert chip.bounds == (473, 274, 537, 338)


def test_large_object_is_shown_by_many_chips():
    scene, shapes = grid(256, 600), [box(0, 100, 600, 140)]
    blocks = plan_blocks([scene], [shapes], CHIP)
    assert len(blocks) >= 5
    seen = shapely.union_all([box(*c.bounds) for b in blocks for c in plan_chips(b, scene, shapes, CHIP)])
    assert shapes[0].intersection(seen).area > 0.9 * shapes[0].area


def test_scene_smaller_than_a_chip_gives_one_chip_around_it():
    scene, shapes = grid(20, 30), [box(2, 2, 9, 9)]
    (block,) = plan_blocks([scene], [shapes], CHIP)
    (chip,) = plan_chips(block, scene, shapes, CHIP)
    assert chip.bounds == (-17, -22, 47, 42)


def test_empty_chips_hold_nothing():
    scene, shapes = grid(400, 400), [box(10, 10, 30, 30), box(380, 380, 395, 395)]
    blocks = plan_blocks([scene], [shapes], CHIP)
    chips = [chip for block in blocks for chip in plan_empty(block, shapes, CHIP)]
    assert len(chips) > 10
    assert not any(box(*chip.bounds).intersects(shape) for chip in chips for shape in shapes)


def test_split_is_by_place_and_the_same_for_the_same_seed():
    scene, shapes = grid(800, 800), scattered(1, 120, 800, 800)
    blocks = plan_blocks([scene], [shapes], CHIP)
    places = join_places(blocks, [scene])
    labels = [["ab"[index % 2] for index in block.objects] for block in blocks]
    kept = choose_validation(places, labels, 0.2, seed=4)
    assert kept == choose_validation(places, labels, 0.2, seed=4)
    assert any(kept != choose_validation(places, labels, 0.2, seed=seed) for seed in range(5, 9))
    share = sum(len(block.objects) for block, place in zip(blocks, places, strict=True) if place in kept)
    assert share / sum(len(block.objects) for block in blocks) == pytest.approx(0.2, abs=0.05)
    ground = {True: [], False: []}
    for block, place in zip(blocks, places, strict=True):
        ground[place in kept] += [box(*chip.bounds) for chip in plan_chips(block, scene, shapes, CHIP)]
    assert shapely.union_all(ground[True]).intersection(shapely.union_all(ground[False])).area == 0


def test_rare_class_stays_in_training():
    places, labels = [0, 1, 2, 3], [["a", "rare"], ["a"], ["a"], ["a"]]
    for seed in range(20):
        kept = choose_validation(places, labels, 0.25, seed)
        assert len(kept) == 1
        assert 0 not in kept


def test_one_place_cannot_be_split():
    assert choose_validation([0, 0], [["a"], ["a"]], 0.2, 0) == frozenset()
    assert choose_validation([0, 1], [["a"], ["a"]], 0.0, 0) == frozenset()


def test_two_rasters_of_one_ground_go_the_same_way():
    scenes = [grid(400, 400), grid(400, 400, x=500_001), grid(400, 400, x=900_000)]
    shapes = [scattered(seed, 30, 400, 400) for seed in range(3)]
    blocks = plan_blocks(scenes, shapes, CHIP)
    places = join_places(blocks, scenes)
    by_raster = [{p for b, p in zip(blocks, places, strict=True) if b.raster == index} for index in range(3)]
    assert by_raster[0] & by_raster[1]
    assert not by_raster[2] & (by_raster[0] | by_raster[1])
    kept = choose_validation(places, [["a"] * len(b.objects) for b in blocks], 0.3, 0)
    boxes = {True: [], False: []}
    for block, place in zip(blocks, places, strict=True):
        boxes[place in kept].append(box(*ground_box(block.window, scenes[block.raster])))
    for first in boxes[True]:
        assert all(first.intersection(other).area < 1e-3 * first.area for other in boxes[False])


def test_ground_without_crs_is_shared_with_nothing():
    scenes = [grid(200, 200, crs=None), grid(200, 200, crs=None)]
    blocks = plan_blocks(scenes, [scattered(0, 9, 200, 200)] * 2, CHIP)
    assert len(set(join_places(blocks, scenes))) == len(blocks)
    assert ground_box(blocks[0].window, scenes[0]) is None
