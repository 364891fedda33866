"""Touching objects come apart by outline, score and shape, and one object stays one."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from shapely import affinity

from referent.geo_io.component import ComponentTracker
from referent.geo_io.polygonize import ShapeRules, iter_polygons
from referent.geo_io.regularize import MAX_SHIFT_PX, MIN_IOU, regularize
from referent.geo_io.score_file import ScoreFile, encode_scores, threshold_code
from referent.geo_io.separate import separate_by_outlines, separate_objects

LEVEL = threshold_code(0.5)


def drawn(shapes: list[shapely.Geometry], height: int = 80, width: int = 120) -> NDArray[np.bool_]:
    rows, columns = np.mgrid[:height, :width] + 0.5
    return np.any([shapely.contains_xy(shape, columns, rows) for shape in shapes], axis=0)


def codes_of(inside: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return encode_scores(np.where(inside, 6.0, -6.0).astype(np.float32))


def count_of(shapes: list[shapely.Geometry], outlines: NDArray[np.uint8] | None = None) -> int:
    region = drawn(shapes)
    return int(separate_objects(region, codes_of(region), outlines).max())


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_touching_disks_of_any_size_come_apart(scale):
    disks = [shapely.Point(15, 15).buffer(10), shapely.Point(34, 17).buffer(10), shapely.Point(24, 32).buffer(9)]
    disks = [affinity.scale(disk, scale, scale, origin=(0, 0)) for disk in disks]
    region = drawn(disks, 160, 160)
    objects = separate_objects(region, codes_of(region), None)
    assert objects.max() == 3
    for disk in disks:
        own = drawn([disk], 160, 160)
        number = np.bincount(objects[own]).argmax()
        assert (own & (objects == number)).sum() / (own | (objects == number)).sum() > 0.85


@pytest.mark.parametrize(
    "shape",
    [
        shapely.box(5, 20, 110, 30),
        shapely.Point(50, 40).buffer(30),
        affinity.rotate(shapely.box(20, 30, 90, 50), 31),
        shapely.Point(50, 40).buffer(30).difference(shapely.Point(50, 40).buffer(15)),
        shapely.box(10, 10, 12, 70),
        shapely.box(40, 40, 41, 41),
    ],
)
def test_one_compact_object_stays_one(shape):
    assert count_of([shape]) == 1


def test_objects_without_a_neck_come_apart_where_an_outline_is_drawn():
    row_of_houses = [shapely.box(10, 20, 100, 44)]
    assert count_of(row_of_houses) == 1
    lines = np.zeros((80, 120), bool)
    lines[:, 39:41] = lines[:, 69:71] = True
    assert count_of(row_of_houses, codes_of(lines)) == 3


def test_limbs_are_not_cut_off():
    airplane = [shapely.box(20, 36, 100, 44), shapely.box(55, 5, 63, 75), shapely.box(22, 26, 27, 54)]
    region = drawn(airplane)
    assert separate_by_outlines(region, np.zeros(region.shape, np.uint8)).max() == 1
    assert separate_by_outlines(region, None).max() == 1


def test_region_that_fills_its_window_is_one_object():
    assert separate_objects(np.ones((30, 30), bool), np.full((30, 30), 255, np.uint8), None).max() == 1


def polygons_of(region, rules):
    with ScoreFile(*region.shape) as scores:
        codes = codes_of(region)
        scores.write_rows(0, codes)
        tracker = ComponentTracker(region.shape[1], LEVEL, 1)
        return [
            item.polygon
            for component in tracker.add(0, codes) + tracker.finish()
            for item in iter_polygons(component, scores, None, LEVEL, rules)
        ]


def test_touching_objects_keep_one_common_border_when_simplified():
    disks = [shapely.Point(20 + 19 * k, 40 + 3 * (k % 2)).buffer(10.5) for k in range(4)]
    found = polygons_of(drawn(disks), ShapeRules("relief", 0.5))
    assert len(found) == 4
    whole = shapely.union_all(found)
    assert whole.geom_type == "Polygon"
    assert not whole.interiors
    overlap = sum(a.intersection(b).area for i, a in enumerate(found) for b in found[:i])
    assert overlap < 1e-6
    assert whole.area == pytest.approx(sum(polygon.area for polygon in found), abs=1e-6)


def test_plain_regions_are_not_parted():
    disks = [shapely.Point(20 + 19 * k, 40).buffer(10.5) for k in range(4)]
    assert len(polygons_of(drawn(disks), ShapeRules("none"))) == 1


@pytest.mark.parametrize("angle", [0, 13, 45, 71])
def test_buildings_get_right_angles(angle):
    walls = shapely.Polygon([(20, 20), (70, 20), (70, 42), (48, 42), (48, 66), (20, 66)])
    walls = affinity.rotate(walls, angle, origin=(45, 43))
    (found,) = polygons_of(drawn([walls], 100, 100), ShapeRules("relief", 0.3, "right-angled"))
    assert len(found.exterior.coords) == 7
    points = shapely.get_coordinates(found)
    steps = np.diff(points, axis=0)
    turns = np.degrees(np.arctan2(steps[:, 1], steps[:, 0])) % 90
    assert np.ptp((turns + 45 - turns[0]) % 90) < 1e-6
    assert found.intersection(walls).area / found.union(walls).area > 0.95


def test_tanks_become_circles():
    (found,) = polygons_of(drawn([shapely.Point(40.3, 40.8).buffer(14)]), ShapeRules("relief", 0.3, "round"))
    radii = np.hypot(*(shapely.get_coordinates(found) - [40.3, 40.8]).T)
    assert radii == pytest.approx(14, abs=0.4)


@pytest.mark.parametrize("form", ["round", "right-angled"])
def test_what_does_not_fit_keeps_its_outline(form):
    crescent = shapely.Point(40, 40).buffer(25).difference(shapely.Point(52, 40).buffer(22))
    (found,) = polygons_of(drawn([crescent]), ShapeRules("relief", 0.3, form))
    (plain,) = polygons_of(drawn([crescent]), ShapeRules("relief", 0.3))
    assert found.equals(plain)


def test_forms_stay_within_the_stated_tolerance():
    rng = np.random.default_rng(3)
    changed = 0
    for _ in range(60):
        points = rng.normal(0, rng.uniform(2, 10), (8, 2)).round(1)
        blob = shapely.MultiPoint(points).convex_hull.buffer(3)
        for form in ("round", "right-angled"):
            fitted = regularize(blob, form)
            if fitted is not blob:
                changed += 1
                assert fitted.intersection(blob).area / fitted.union(blob).area >= MIN_IOU
                assert fitted.exterior.hausdorff_distance(blob.exterior) <= MAX_SHIFT_PX
    assert changed > 5
