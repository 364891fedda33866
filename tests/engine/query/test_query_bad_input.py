"""What a person may get wrong, and what a raster may lack: one sentence each, before the model is loaded."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from affine import Affine

from referent.core_model.errors import CheckpointError, ExpressionError, ModelError
from referent.engine.errors import EngineError
from referent.engine.features import MemoryFeatureStore
from referent.engine.query import query
from referent.engine.query_options import QueryOptions
from referent.geo_io.errors import GeoIOError, LayerError, RasterError

ERRORS = (GeoIOError, ModelError, EngineError)


def refused(kind, *words, **call):
    call.setdefault("model", "no-such-model")  # proves that the model comes last
    with pytest.raises(kind) as caught:
        query(**call)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    for word in words:
        assert word in text, text


@pytest.mark.parametrize("text", ["", "   ", "?!...", "a\0b"])
def test_bad_expressions_are_refused_first(text):
    refused(ExpressionError, raster="no-such.tif", expressions=text)
    refused(ExpressionError, raster="no-such.tif", expressions=["red", text])


def test_no_expression_is_refused():
    refused(ExpressionError, raster="no-such.tif", expressions=[])


def test_long_expression_is_refused_by_the_model_that_cannot_read_it(scene_file, segmenter):
    refused(ExpressionError, "50 words", raster=scene_file, expressions="red " * 50, model=segmenter())


@pytest.mark.parametrize("text", ["'; DROP TABLE x; red", "<b>red</b> {0} %s", "../../red", "красный red \U0001f6a2"])
def test_odd_texts_are_stored_literally(scene_file, segmenter, text):
    frame = query(scene_file, text, model=segmenter())
    assert set(frame["expression"]) == {text}


def test_raster_is_checked_before_the_model(make_raster, picture, tmp_path):
    refused(RasterError, "does not exist", raster=tmp_path / "none.tif", expressions="red")
    refused(RasterError, "has no CRS", raster=make_raster("a.tif", picture, crs=None), expressions="red")
    path = make_raster("b.tif", picture)
    refused(RasterError, "no band 9", raster=path, expressions="red", options=QueryOptions(bands=(9,)))
    refused(LayerError, "is not a CRS", raster=path, expressions="red", options=QueryOptions(crs="EPSG:0"))
    outside = QueryOptions(region=shapely.box(0, 0, 1, 1))
    refused(LayerError, "lies outside the raster", raster=path, expressions="red", options=outside)
    line = QueryOptions(region=shapely.LineString([(0, 0), (1, 1)]))
    refused(LayerError, "use a polygon", raster=path, expressions="red", options=line)
    refused(CheckpointError, "no-such-model", raster=path, expressions="red")
    path = make_raster("c.tif", picture, crs=None)
    options = QueryOptions(crs="EPSG:4326", allow_no_crs=True)
    refused(LayerError, "has no CRS", raster=path, expressions="red", options=options)


def test_raster_without_crs_is_answered_in_pixels(make_raster, picture, segmenter, scene_file):
    path = make_raster("a.png", picture, driver="PNG", crs=None, transform=None)
    frame = query(path, "red", model=segmenter(), options=QueryOptions(allow_no_crs=True))
    assert frame.crs is None
    assert "in pixels" in frame.attrs["warnings"][0]
    expected = query(scene_file, "red", model=segmenter())
    assert frame["area_m2"].sum() == pytest.approx(expected["area_m2"].sum() * 4, rel=1e-3)
    assert frame.total_bounds[1] >= -480
    assert frame.total_bounds[3] <= 0


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (1, 5000), (5000, 1), (127, 129)])
def test_tiny_and_thin_rasters_are_answered(make_raster, segmenter, shape):
    picture = np.empty((3, *shape), np.uint8)
    picture[:] = np.array((200, 40, 40))[:, None, None]
    path = make_raster("thin.tif", picture)
    frame = query(path, "red", model=segmenter(), options=QueryOptions(min_area_m2=0))
    assert len(frame) == 1
    assert frame["area_m2"].iloc[0] == pytest.approx(shape[0] * shape[1] / 4, abs=0.2)


def test_nothing_but_nodata_is_a_valid_empty_answer(make_raster, segmenter):
    model = segmenter()
    path = make_raster("void.tif", np.zeros((3, 300, 300), np.uint8), nodata=0)
    frame = query(path, ["red", "blue"], model=model)
    assert len(frame) == 0
    assert model.encoded_tiles == 0
    assert frame.attrs["windows_skipped"] == frame.attrs["windows"]
    assert frame.attrs["warnings"] == ["void.tif has no valid pixels there: everything is nodata."]


def test_no_polygon_lies_on_nodata(make_raster, segmenter, picture):
    """The nodata value has the very colour that is asked for."""
    values = picture.copy()
    values[:, 100:300, 200:400] = np.array((255, 0, 0))[:, None, None]
    alpha = np.full((1, *picture.shape[1:]), 255, np.uint8)
    alpha[:, 100:300, 200:400] = 0
    path = make_raster("masked.tif", np.concatenate((values, alpha)), alpha="YES")
    frame = query(path, "red", model=segmenter(radius=120), store=MemoryFeatureStore())
    hole = shapely.box(500_000 + 100, 5_000_000 - 150, 500_000 + 200, 5_000_000 - 50)
    assert len(frame)
    assert frame.intersection(hole.buffer(-0.5)).area.sum() == 0


def test_nan_inside_float_never_reaches_the_scores(make_raster, segmenter, picture):
    values = picture.astype(np.float32) / 255
    values[:, 90:100, 90:100] = np.nan
    values[1, 285:290, 380:385] = np.inf
    frame = query(make_raster("nan.tif", values), "red", model=segmenter())
    assert np.isfinite(frame["score"]).all()
    assert np.isfinite(frame.total_bounds).all()


def test_scale_far_from_the_model_is_a_warning_with_both_numbers(make_raster, segmenter, picture):
    path = make_raster("coarse.tif", picture, transform=Affine(10, 0, 5e5, 0, -10, 5e6))
    frame = query(path, "red", model=segmenter(gsd_m=5.0))
    (warning,) = (text for text in frame.attrs["warnings"] if "pixels of" in text)
    assert "10 m" in warning
    assert "5 m" in warning
    near = query(path, "red", model=segmenter(gsd_m=8.0))
    assert not any("pixels of" in text for text in near.attrs["warnings"])


def test_one_band_is_a_warning(make_raster, segmenter, picture):
    frame = query(make_raster("grey.tif", picture[:1]), "red", model=segmenter())
    assert any("one image band" in text for text in frame.attrs["warnings"])


def test_damaged_block_in_the_middle_of_a_run(make_raster, segmenter, picture):
    import rasterio

    path = make_raster("hole.tif", picture, compress="deflate", tiled=True, blockxsize=64, blockysize=64)
    with rasterio.open(path) as source:
        offset = int(source.get_tag_item("BLOCK_OFFSET_4_5", "TIFF", bidx=1))
    content = bytearray(path.read_bytes())
    content[offset : offset + 300] = b"\x55" * 300
    path.write_bytes(content)
    refused(RasterError, "hole.tif is damaged", raster=path, expressions="red", model=segmenter())


def test_raster_changed_in_mid_run(make_raster, segmenter, picture):
    path = make_raster("live.tif", picture)
    model = segmenter()

    def touch() -> bool:
        if model.encoded_tiles >= 16:
            path.write_bytes(path.read_bytes() + b" ")
        return False

    refused(RasterError, "was changed while it was read", raster=path, expressions="red", model=model,
            options=QueryOptions(batch_size=4), is_cancelled=touch, store=MemoryFeatureStore())  # fmt: skip


def test_scores_that_are_not_numbers_are_an_error(scene_file, segmenter):
    class Broken(segmenter):
        def segment(self, features, expressions, within=None):
            answer = super().segment(features, expressions)
            answer.logits[0, 0, 5, 5] = np.nan
            return answer

    refused(EngineError, "not numbers", raster=scene_file, expressions="red", model=Broken())
