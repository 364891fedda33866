"""One scene as one window and as many: objects on every kind of seam and corner are the same objects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from affine import Affine

from referent.engine.features import MemoryFeatureStore
from referent.engine.query import query
from referent.engine.query_options import QueryOptions

SIDE = 1024
GSD_M = 0.5
RED, DIRT = np.array((200.0, 40.0, 40.0)), np.array((95.0, 115.0, 85.0))


def objects_on_seams() -> list[shapely.Polygon]:
    """Return shapes in pixels: on row seams, column seams, corners, along seams, across many, touching on a seam."""
    shapes = []
    for row in (192, 384, 576, 768):
        for column in (192, 384, 576, 768):
            shapes.append(shapely.Point(column + 3, row - 2).buffer(14))  # corners of four windows
            shapes.append(shapely.Point(column + 1, row + 95).buffer(11))  # a column seam
            shapes.append(shapely.box(column + 80, row - 9, column + 112, row + 12))  # a row seam
    shapes.append(shapely.box(180, 60, 204, 140))  # along a column seam
    shapes.append(shapely.box(30, 30, 40, 990))  # through every row of windows
    shapes.append(shapely.box(60, 15, 1000, 26))  # through every column of windows
    ring = shapely.Point(90, 288).buffer(28)
    shapes.append(ring.difference(shapely.Point(90, 288).buffer(15)))  # a hole on no seam, its ring on one
    shapes.append(shapely.box(0, 480, 14, 520))  # the scene's edge
    shapes.append(shapely.Point(1024, 1024).buffer(25))  # the scene's corner
    # Two that touch just where windows meet: one component, two objects.
    shapes += [shapely.Point(952, 470).buffer(13), shapely.Point(976, 470).buffer(13)]
    scene = shapely.box(0, 0, SIDE, SIDE)
    return [shape.intersection(scene) for shape in shapes]


@pytest.fixture(scope="module")
def painted() -> np.ndarray:
    """Return (3, H, W) uint8 with soft edges."""
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    cover = np.zeros((SIDE, SIDE))
    for shape in objects_on_seams():
        left, top, right, bottom = (int(v) for v in shape.buffer(3).bounds)
        place = (slice(max(0, top), bottom + 1), slice(max(0, left), right + 1))
        points = shapely.points(columns[place], rows[place])
        signed = np.where(shapely.contains(shape, points), 1, -1) * shapely.distance(shape.boundary, points)
        cover[place] = np.maximum(cover[place], np.clip(signed + 0.5, 0, 1))
    noise = np.random.default_rng(0).normal(0, 2, (3, SIDE, SIDE))
    picture = DIRT[:, None, None] * (1 - cover) + RED[:, None, None] * cover + noise
    return picture.clip(0, 255).astype(np.uint8)


@pytest.fixture
def scene(painted, make_raster) -> Path:
    return make_raster("seams.tif", painted, tiled=True, blockxsize=256, blockysize=256)


def ask(path, model, **options):
    return query(path, "red", model=model, options=QueryOptions(**options), store=MemoryFeatureStore(1))


def best_ious(first, second) -> np.ndarray:
    shapes, others = np.asarray(first.geometry), np.asarray(second.geometry)
    i, j = shapely.STRtree(others).query(shapes, predicate="intersects")
    shared = shapely.area(shapely.intersection(shapes[i], others[j]))
    ious = np.zeros(len(shapes))
    np.maximum.at(ious, i, shared / shapely.area(shapely.union(shapes[i], others[j])))
    return ious


@pytest.fixture
def whole(scene, segmenter):
    frame = ask(scene, segmenter(window_px=SIDE, stride_px=768))
    assert frame.attrs["windows"] == 1
    return frame


def test_one_window_finds_every_object_once(whole):
    truth = [
        shapely.affinity.affine_transform(shape, (GSD_M, 0, 0, -GSD_M, 500_000, 5_000_000))
        for shape in objects_on_seams()
    ]
    assert len(whole) == len(truth)
    assert best_ious(whole, whole.set_geometry(truth, crs=whole.crs)).min() > 0.9
    assert sorted(len(shape.interiors) for shape in whole.geometry) == [0] * (len(truth) - 1) + [1]


@pytest.mark.parametrize("window_px", [256, 384, 512])
def test_windows_of_any_size_find_the_same_objects(whole, scene, segmenter, window_px):
    frame = ask(scene, segmenter(window_px=window_px, stride_px=window_px * 3 // 4), tile_size_px=window_px)
    assert len(frame) == len(whole)
    assert best_ious(whole, frame).min() >= 0.98


@pytest.mark.parametrize("tile_size_px", [256, 512, 1024])
def test_real_network_gives_the_same_objects_whatever_is_read_at_once(tile_size_px, make_raster):
    """Windows of the bundled model stay as it wants them; how much is read and computed at once changes nothing."""
    from referent.core_model.checkpoint import load_segmenter
    from referent.core_model.synthetic import render_scene

    picture = np.moveaxis(render_scene(np.random.default_rng(5), 512, 640).image, -1, 0)
    path = make_raster("real.tif", picture, transform=Affine(0.3048, 0, 500_000, 0, -0.3048, 5_000_000))
    model = load_segmenter("small", precision="fp32")
    expected = query(path, "building", model=model, options=QueryOptions(threshold=0.3), store=MemoryFeatureStore(1))
    options = QueryOptions(threshold=0.3, tile_size_px=tile_size_px, batch_size=3)
    frame = query(path, "building", model=model, options=options, store=MemoryFeatureStore(1))
    assert len(frame) == len(expected) > 0
    assert best_ious(expected, frame).min() >= 0.98
