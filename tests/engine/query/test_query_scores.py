"""The raster of scores, and the weaker finds kept for later, through the real query."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.features
import shapely

from referent.engine.ask import ask
from referent.engine.errors import OptionsError
from referent.engine.query import QueryOptions, query
from referent.geo_io.errors import OutputError


def test_scores_lie_where_the_polygons_lie(scene_file, segmenter, tmp_path):
    path = tmp_path / "scores.tif"
    found = query(scene_file, ["red", "blue"], model=segmenter(), scores_path=path)
    with rasterio.open(path) as source:
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert source.compression.name == "deflate"
        assert source.descriptions == ("red", "blue")
        assert source.crs == found.crs
        assert np.isnan(source.nodata)
        scores = source.read()
        transform = source.transform
    assert scores.dtype == np.float32
    assert 0 <= np.nanmin(scores) < np.nanmax(scores) <= 1
    for band, text in enumerate(("red", "blue")):
        inside = rasterio.features.geometry_mask(
            found[found["expression"] == text].geometry, scores.shape[1:], transform, invert=True
        )
        agree = inside == (scores[band] >= 0.5)
        assert agree.mean() > 0.998


def test_scores_are_nodata_outside_the_region_and_where_the_raster_has_none(make_raster, picture, segmenter, tmp_path):
    raster = make_raster("holed.tif", np.where(np.arange(picture.shape[2]) < 200, 0, picture), nodata=0)
    with rasterio.open(raster) as source:
        left, bottom, right, top = source.bounds
    region = shapely.box(left, (bottom + top) / 2, right, top)
    query(raster, "red", model=segmenter(), options=QueryOptions(region=region), scores_path=tmp_path / "scores.tif")
    with rasterio.open(tmp_path / "scores.tif") as source:
        scores = source.read(1)
    assert np.isnan(scores[:, :195]).all()
    assert np.isnan(scores[245:]).all()
    assert np.isfinite(scores[:235, 205:]).all()


def test_scores_of_a_sentence_are_those_of_its_noun_phrases(scene_file, segmenter, tmp_path):
    ask(scene_file, "the largest red disk next to the blue disk", model=segmenter(), reading="plan",
        scores_path=tmp_path / "scores.tif")  # fmt: skip
    with rasterio.open(tmp_path / "scores.tif") as source:
        assert set(source.descriptions) == {"red disk", "blue disk"}


@pytest.mark.parametrize(("name", "words"), [("scores.png", "use .tif"), ("no/such/scores.tif", "does not exist")])
def test_scores_that_cannot_be_written_are_refused_before_the_model_runs(scene_file, segmenter, tmp_path, name, words):
    model = segmenter()
    with pytest.raises(OutputError, match=words):
        query(scene_file, "red", model=model, scores_path=tmp_path / name)
    assert model.encoded_tiles == 0


def test_raster_itself_is_never_overwritten_by_its_scores(scene_file, segmenter):
    before = Path(scene_file).read_bytes()
    with pytest.raises(OutputError, match="input itself"):
        query(scene_file, "red", model=segmenter(), scores_path=Path(scene_file))
    assert Path(scene_file).read_bytes() == before


def test_weaker_finds_leave_those_at_the_threshold_as_they_are(scene_file, segmenter):
    model = segmenter(radius=90.0)
    for threshold in (0.5, 0.9):
        alone = query(scene_file, "red", model=model, options=QueryOptions(threshold=threshold))
        both = query(scene_file, "red", model=model, options=QueryOptions(threshold=threshold, keep_from=0.01))
        strong = both[both["score"] >= threshold]
        assert list(strong["score"]) == list(alone["score"])
        assert all(a.equals(b) for a, b in zip(strong.geometry, alone.geometry, strict=True))
        weak = both[both["score"] < threshold]
        assert len(weak) >= (threshold == 0.9)
        shared = [strong.intersection(shape).area.max() / shape.area for shape in weak.geometry]
        assert max(shared, default=0) < 0.1


def test_keep_from_out_of_range_is_refused():
    with pytest.raises(OptionsError, match="keep_from 0 must"):
        QueryOptions(keep_from=0.0)
