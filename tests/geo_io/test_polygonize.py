"""Objects out of scores: shapes between pixels, whole across strips, apart where outlines say so."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from referent.geo_io import component
from referent.geo_io.component import ComponentTracker
from referent.geo_io.polygonize import ShapeRules, iter_polygons
from referent.geo_io.score_file import ScoreFile, decode_scores, encode_scores, threshold_code
from referent.geo_io.separate import separate_by_outlines

LEVEL = threshold_code(0.5)


def components_of(scores, min_px, strip_rows=1000):
    height, width = scores.shape
    tracker = ComponentTracker(width, LEVEL, min_px)
    found = []
    for row in range(0, height, strip_rows):
        rows = min(strip_rows, height - row)
        found += tracker.add(row, scores.read(row, 0, rows, width))
    return found + tracker.finish()


def polygons_of(logits, outlines=None, simplify_px=0.0, min_px=1, parting="relief"):
    scores = ScoreFile(*logits.shape)
    scores.write_rows(0, encode_scores(logits.astype(np.float32)))
    lines = None
    if outlines is not None:
        lines = ScoreFile(*logits.shape)
        lines.write_rows(0, encode_scores(outlines.astype(np.float32)))
    found = [
        item
        for part in components_of(scores, min_px)
        for item in iter_polygons(part, scores, lines, LEVEL, ShapeRules(parting, simplify_px))
    ]
    scores.close()
    return found


def disk(height, width, row, column, radius):
    rows, columns = np.mgrid[:height, :width] + 0.5
    return np.clip(radius - np.hypot(rows - row, columns - column), -1, 1) * 5


@pytest.mark.parametrize("threshold", [0.01, 0.25, 0.5, 0.73, 0.999])
def test_codes_keep_the_threshold(threshold):
    scores = np.linspace(0.001, 0.999, 5000)
    codes = encode_scores(np.log(scores / (1 - scores)).astype(np.float32))
    assert np.abs(decode_scores(codes) - scores).max() < 0.0021
    decided = codes >= threshold_code(threshold)
    sure = np.abs(scores - threshold) > 0.0021
    assert np.array_equal(decided[sure], (scores >= threshold)[sure])


def test_outline_of_a_disk_is_better_than_its_pixels():
    truth = shapely.Point(30.3, 25.8).buffer(12)
    (found,) = polygons_of(disk(60, 60, 25.8, 30.3, 12))
    assert found.polygon.intersection(truth).area / found.polygon.union(truth).area > 0.985
    assert found.score > 0.9


@pytest.mark.parametrize("slope", [0.1, 0.37, 1.0])
def test_straight_edges_have_no_stairs(slope):
    rows, columns = np.mgrid[:200, :200] + 0.5
    inside = np.clip(rows - 50 - slope * columns * 0.5, -1, 1) * 5
    (found,) = polygons_of(inside, simplify_px=0.3)
    # Four corners, cut by half a pixel where they lie on the scene's edge, and nothing along the line.
    assert len(found.polygon.exterior.coords) <= 12


def test_objects_at_the_edges_reach_the_edge():
    (found,) = polygons_of(np.full((7, 9), 4.0))
    assert found.polygon.bounds == (0, 0, 9, 7)
    assert found.polygon.area == pytest.approx(63, abs=0.6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 2)])
def test_tiny_and_thin_scenes(shape):
    (found,) = polygons_of(np.full(shape, 4.0))
    assert found.polygon.area == pytest.approx(shape[0] * shape[1], abs=0.6)


def test_single_pixel_and_diagonal_neighbours_are_objects_of_their_own():
    logits = np.full((6, 6), -4.0)
    logits[2, 2] = logits[3, 3] = 4.0
    found = polygons_of(logits)
    assert len(found) == 2
    assert found[0].polygon.intersection(found[1].polygon).area < 1e-9


def test_holes_stay_and_specks_in_them_are_objects():
    ring = np.minimum(disk(80, 80, 40, 40, 30), -disk(80, 80, 40, 40, 18))
    logits = np.maximum(ring, disk(80, 80, 40, 40, 6))
    found = sorted(polygons_of(logits), key=lambda item: item.polygon.area)
    assert [len(item.polygon.interiors) for item in found] == [0, 1]
    assert found[1].polygon.area == pytest.approx(np.pi * (30**2 - 18**2), rel=0.02)


def test_pinholes_are_filled():
    logits = np.full((30, 30), -4.0)
    logits[5:25, 5:25] = 4.0
    logits[12:14, 12:14] = -4.0
    (found,) = polygons_of(logits)
    assert not found.polygon.interiors


@pytest.mark.parametrize("strip_rows", [1, 2, 7, 33])
def test_components_do_not_depend_on_strips(monkeypatch, strip_rows):
    rng = np.random.default_rng(5)
    noise = rng.normal(size=(120, 90))
    smooth = sum(np.roll(noise, (i, j), (0, 1)) for i in range(5) for j in range(5))
    scores = ScoreFile(120, 90)
    scores.write_rows(0, encode_scores(smooth.astype(np.float32)))
    whole = components_of(scores, 5)
    monkeypatch.setattr(component, "STRIP_PX", 90 * strip_rows)
    parts = components_of(scores, 5)
    key = lambda c: (c.window, c.area_px, c.code_sum)  # noqa: E731
    assert sorted(map(key, parts)) == sorted(map(key, whole))
    assert len(whole) > 10


def test_touching_objects_come_apart_along_their_outline():
    logits = np.full((40, 90), -5.0)
    logits[10:30, 10:80] = 5.0
    lines = np.full(logits.shape, -5.0)
    lines[:, 33:35] = 5.0
    lines[:, 56:58] = 5.0
    found = polygons_of(logits, lines)
    assert sorted(round(item.polygon.area / 20) for item in found) == pytest.approx([23, 23, 24], abs=1)
    assert sum(item.polygon.area for item in found) == pytest.approx(20 * 70, abs=8)
    for first in found:
        for second in found:
            if first is not second:
                assert first.polygon.intersection(second.polygon).area < 0.1


def test_outline_that_does_not_part_leaves_one_object():
    region = np.zeros((20, 20), bool)
    region[5:15, 5:15] = True
    codes = np.zeros((20, 20), np.uint8)
    codes[5:8, 10] = 255
    assert separate_by_outlines(region, codes).max() == 1
    codes[5:15, 5:15] = 255  # nothing but outline
    assert np.array_equal(separate_by_outlines(region, codes), region.astype(np.int32))


def test_score_file_gives_back_rectangles_and_skips_zeros():
    codes = np.zeros((50, 40), np.uint8)
    codes[20:30, 10:20] = np.arange(100).reshape(10, 10)
    with ScoreFile(50, 40) as file:
        for row in range(0, 50, 7):
            file.write_rows(row, codes[row : row + 7])
        assert np.array_equal(file.read(0, 0, 50, 40), codes)
        assert np.array_equal(file.read(18, 5, 9, 12), codes[18:27, 5:17])
