"""Pixel sizes and areas on the ground, in every kind of CRS."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyproj
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from referent.geo_io.errors import RasterError
from referent.geo_io.grid import Grid, measure_areas_m2
from referent.geo_io.window import Window, WindowPlan, plan_offsets

US_FOOT_M = 1200 / 3937


def grid(crs, transform, height=100, width=200):
    return Grid(None if crs is None else pyproj.CRS.from_user_input(crs), transform, height, width)


@pytest.mark.parametrize(
    ("crs", "transform", "expected"),
    [
        ("EPSG:32633", Affine(0.5, 0, 5e5, 0, -0.5, 5e6), (0.5, 0.5)),
        ("EPSG:32633+5773", Affine(0.5, 0, 5e5, 0, -0.25, 5e6), (0.5, 0.25)),
        ("EPSG:2263", Affine(2, 0, 98e4, 0, -2, 2e5), (2 * US_FOOT_M, 2 * US_FOOT_M)),
        ("EPSG:32633", Affine(0.3, 0.4, 5e5, 0.4, -0.3, 5e6), (0.5, 0.5)),
        # One degree of latitude is 111,132.95 m in the middle; a degree of longitude shrinks with the latitude.
        ("EPSG:4326", Affine(1e-5, 0, 12, 0, -1e-5, 60), (0.55801, 1.11412)),
        # Web Mercator stretches by 1 / cos(60 degrees) = 2.
        ("EPSG:3857", Affine(1, 0, 1.3e6, 0, -1, 8399737.9), (0.50125, 0.49874)),
    ],
)
def test_pixel_size_is_true_on_the_ground(crs, transform, expected):
    assert grid(crs, transform).pixel_size_xy_m == pytest.approx(expected, rel=5e-3)


def test_pixels_without_crs_have_no_size():
    plain = grid(None, Affine(1, 0, 0, 0, -1, 0))
    assert plain.pixel_size_m is None
    assert plain.resampled(0.3) is plain


def test_local_engineering_crs_uses_its_unit():
    local = pyproj.CRS.from_wkt('LOCAL_CS["site",UNIT["foot",0.3048],AXIS["x",EAST],AXIS["y",NORTH]]')
    assert Grid(local, Affine(2, 0, 0, 0, -2, 0), 10, 10).pixel_size_xy_m == pytest.approx((0.6096, 0.6096))


def test_place_outside_the_crs_is_an_error():
    far = grid("EPSG:4326", Affine(1, 0, 5000, 0, -1, 5000))
    with pytest.raises(RasterError, match="lies outside the area of its CRS"):
        _ = far.pixel_size_m


def test_world_in_degrees_says_how_much_its_pixels_differ():
    world = grid("EPSG:4326", Affine(0.5, 0, -180, 0, -0.5, 80), 320, 720)
    assert world.pixel_size_spread > 5
    assert grid("EPSG:32633", Affine(0.5, 0, 5e5, 0, -0.5, 5e6)).pixel_size_spread == pytest.approx(1, abs=0.01)


@settings(deadline=None, max_examples=50)
@given(
    scale=st.floats(0.05, 5), angle=st.floats(0, 360), height=st.integers(1, 400), width=st.integers(1, 400),
    gsd_m=st.floats(0.1, 3),
)  # fmt: skip
def test_resampled_grid_keeps_the_footprint(scale, angle, height, width, gsd_m):
    turn = Affine.rotation(angle)
    source = grid(
        "EPSG:32633",
        Affine(scale * turn.a, -scale * turn.b, 5e5, scale * turn.d, -scale * turn.e, 5e6),
        height,
        width,
    )
    target = source.resampled(gsd_m)
    assert np.allclose(
        shapely.get_coordinates(target.footprint), shapely.get_coordinates(source.footprint), rtol=0, atol=1e-6
    )
    if min(height, width) * scale > 20 * gsd_m:
        assert target.pixel_size_m == pytest.approx(gsd_m, rel=0.06)


def test_to_map_and_back_with_a_sheared_mirrored_transform():
    sheared = grid("EPSG:32633", Affine(0.5, 0.2, 5e5, 0.1, 0.5, 5e6))
    shape = shapely.Polygon([(1, 2), (30, 4), (20, 60)], [[(15, 20), (18, 20), (16, 25)]])
    (placed,) = sheared.to_map([shape])
    assert placed.exterior.is_ccw
    (back,) = sheared.to_pixel([placed])
    assert back.symmetric_difference(shape).area < 1e-6


def test_areas_are_the_same_in_every_crs():
    square = shapely.box(5e5 + 1e5, 5e6, 5e5 + 1e5 + 100, 5e6 + 50)
    hole = shapely.Polygon(square.exterior, [[(600010, 5000010), (600010, 5000020), (600030, 5000020)]])
    for crs in ("EPSG:4326", "EPSG:3857", "EPSG:2263", "EPSG:3035"):
        change = pyproj.Transformer.from_crs("EPSG:32633", crs, always_xy=True)
        shapes = [
            shapely.transform(s, lambda xy, c=change: np.column_stack(c.transform(xy[:, 0], xy[:, 1])))
            for s in (square, hole)
        ]
        areas = measure_areas_m2(shapes, pyproj.CRS(crs))
        if crs == "EPSG:2263":  # New York's plane means nothing in Europe, but its ellipsoid does
            assert np.isfinite(areas).all()
            continue
        assert areas == pytest.approx([5000, 4900], rel=5e-3)
    assert measure_areas_m2([square], pyproj.CRS("EPSG:32633")) == pytest.approx([5000])
    assert measure_areas_m2([square], None) == pytest.approx([5000])
    assert len(measure_areas_m2([], pyproj.CRS("EPSG:4326"))) == 0


@settings(deadline=None, max_examples=50)
@given(length=st.integers(1, 3000), window=st.integers(8, 300), data=st.data())
def test_windows_cover_every_pixel_with_the_planned_overlap(length, window, data):
    stride = data.draw(st.integers(1, window))
    offsets = plan_offsets(length, window, stride)
    assert offsets[0] == 0
    assert offsets == sorted(set(offsets))
    assert all(second - first <= stride for first, second in pairwise(offsets))
    assert offsets[-1] + window >= length
    if length >= window:
        assert offsets[-1] + window == length


def test_plan_has_one_window_for_a_tiny_scene():
    plan = WindowPlan(1, 5, 64, 48)
    assert list(plan) == [[Window(0, 0, 64, 64)]]
    assert plan.row_end(0) == 1


def test_plan_of_a_giant_scene_is_made_at_once():
    plan = WindowPlan(200_000, 200_000, 256, 192)
    assert plan.window_count == len(plan) ** 2 > 1_000_000
    assert plan[-1][-1] == Window(199_744, 199_744, 256, 256)
    assert [plan.row_end(index) for index in (0, len(plan) - 2, len(plan) - 1)] == [192, 199_744, 200_000]
    assert plan[1:3] == [plan[1], plan[2]]
