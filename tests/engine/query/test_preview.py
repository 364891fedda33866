"""Pictures of answers."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from PIL import Image

from referent.engine.preview import MAX_SIDE_PX, draw_preview, write_preview
from referent.engine.query import query
from referent.engine.query_options import QueryOptions
from referent.geo_io.errors import OutputError


def test_preview_outlines_objects_where_they_are(scene_file, segmenter, tmp_path):
    frame = query(scene_file, ["blue", "white"], model=segmenter())
    path = tmp_path / "a.png"
    write_preview(scene_file, frame, path)
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
    image = draw_preview(path, frame)
    assert image.width == MAX_SIDE_PX
    shown = np.asarray(image)[: round(MAX_SIDE_PX / 1920 * 480)]
    assert np.abs(shown[40, 700].astype(int) - large[:, 48, 840]).max() < 60


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (1, 3000), (3000, 1)])
def test_preview_of_tiny_and_thin_rasters(make_raster, segmenter, shape):
    picture = np.full((3, *shape), 90, np.uint8)
    path = make_raster("thin.tif", picture)
    frame = query(path, "red", model=segmenter())
    assert max(draw_preview(path, frame).size) <= MAX_SIDE_PX + 200


def test_preview_does_not_replace_the_raster(scene_file, segmenter):
    frame = query(scene_file, "blue", model=segmenter())
    with pytest.raises(OutputError, match="is the input itself"):
        write_preview(scene_file, frame, scene_file, overwrite=True)
