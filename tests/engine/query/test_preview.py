"""Pictures of answers."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import rasterio
from affine import Affine
from PIL import Image

from referent.engine.answer import as_read
from referent.engine.ask import ask
from referent.engine.features import MemoryFeatureStore
from referent.engine.preview import MAX_SIDE_PX, draw_preview, write_preview
from referent.engine.preview_legend import north_of
from referent.engine.preview_marks import RING_PX
from referent.engine.query import query
from referent.engine.query_options import QueryOptions
from referent.geo_io.errors import OutputError
from referent.geo_io.grid import Grid

COLOURS = {"red": (200, 40, 40)}


def test_preview_outlines_objects_where_they_are(scene_file, segmenter, tmp_path):
    frame = query(scene_file, ["blue", "white"], model=segmenter())
    path = tmp_path / "a.png"
    write_preview(scene_file, as_read(frame), path)
    picture = np.asarray(Image.open(path))
    assert picture.shape[1] == 640
    assert picture.shape[0] > 480  # the legend
    yellow = (np.abs(picture[:480].astype(int) - (255, 213, 0)).sum(axis=2) < 30).nonzero()
    assert len(yellow[0]) > 50
    distance = np.hypot(yellow[0] - 400, yellow[1] - 120)
    near = distance < 40
    assert set(np.round(distance[near] / 4).astype(int)) <= {2, 3, 5, 6}  # ring of radius 22, hole of radius 9


def test_preview_is_bounded_upright_and_needs_no_crs(make_raster, picture, segmenter):
    large = picture.repeat(3, axis=2)
    path = make_raster("large.tif", large[:, ::-1].copy(), crs=None, transform=Affine(0.5, 0, 0, 0, 0.5, 0))
    frame = query(path, "red", model=segmenter(), options=QueryOptions(allow_no_crs=True))
    image = draw_preview(path, as_read(frame))
    assert image.width == MAX_SIDE_PX
    shown = np.asarray(image)[: round(MAX_SIDE_PX / 1920 * 480)]
    assert np.abs(shown[40, 700].astype(int) - large[:, 48, 840]).max() < 60


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (1, 3000), (3000, 1)])
def test_preview_of_tiny_and_thin_rasters(make_raster, segmenter, shape):
    picture = np.full((3, *shape), 90, np.uint8)
    path = make_raster("thin.tif", picture)
    frame = query(path, "red", model=segmenter())
    assert max(draw_preview(path, as_read(frame)).size) <= MAX_SIDE_PX + 200


def test_preview_does_not_replace_the_raster(scene_file, segmenter):
    frame = query(scene_file, "blue", model=segmenter())
    with pytest.raises(OutputError, match="is the input itself"):
        write_preview(scene_file, as_read(frame), scene_file, overwrite=True)


def test_preview_shows_anchors_distances_and_the_plan(scene_file, segmenter):
    text = "red tanks within 40 m of the smallest blue tank"
    answer = ask(scene_file, text, model=segmenter(), store=MemoryFeatureStore())
    assert len(answer.relations) == len(answer.frame) > 0
    assert set(answer.relations["fid"]) == set(answer.frame["fid"])
    whole = np.asarray(draw_preview(scene_file, answer)).astype(int)
    bare = np.asarray(draw_preview(scene_file, as_read(answer.frame))).astype(int)
    assert np.abs(whole[490:] - bare[490:]).max() > 60  # the plan and the key
    line = answer.relations.geometry.iloc[0]
    with rasterio.open(scene_file) as source:
        column, row = ~source.transform @ line.interpolate(0.5, normalized=True).coords[0]
    around = (slice(int(row) - 3, int(row) + 4), slice(int(column) - 3, int(column) + 4))
    assert np.abs(whole[around] - bare[around]).max() > 60


def test_preview_rings_what_is_too_small_to_see(make_raster, segmenter):
    picture = np.full((3, 700, 700), 90, np.uint8)
    picture[:, 300:306, 400:406] = np.array(COLOURS["red"])[:, None, None]
    path = make_raster("speck.tif", picture)
    answer = ask(path, "the largest red tank", model=segmenter(), store=MemoryFeatureStore())
    assert len(answer.frame) == 1
    shown = np.asarray(draw_preview(path, answer)).astype(int)[:700]
    far = np.abs(np.hypot(*np.mgrid[-303:397, -403:297]) - RING_PX) < 2
    assert (np.abs(shown[far] - 90).max(axis=1) > 60).mean() > 0.3


def test_north_is_where_the_meridian_goes(make_raster):
    crs = pyproj.CRS(3031)
    turned = Affine.translation(2_000_000, 0) @ Affine.rotation(30) @ Affine.scale(1, -1)
    x, y = north_of(Grid(crs, turned, 100, 100))
    # On the meridian of 90 degrees east, north leads away from the south pole: to the map's right.
    assert np.degrees(np.arctan2(-y, x)) == pytest.approx(-30, abs=0.2)
    assert north_of(Grid(None, Affine.identity(), 10, 10)) is None
