"""Rasters whose pixels are not the model's: coarse ones are refused through every door, unless a person insists."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine

from referent.engine.cli import main
from referent.engine.query import query
from referent.engine.query_options import QueryOptions
from referent.geo_io.errors import RasterError

HARBOUR_10M = Affine(10, 0, 500_000, 0, -10, 4_000_000)


@pytest.fixture
def harbour(make_raster):
    picture = np.random.default_rng(0).integers(0, 255, (3, 40, 50), dtype=np.uint8)
    return make_raster("harbour.tif", picture, transform=HARBOUR_10M)


def test_raster_far_too_coarse_is_refused_before_the_model_is_loaded(harbour, segmenter, eager_model, monkeypatch):
    with pytest.raises(RasterError, match=r"harbour\.tif has pixels of 10 m .* 0\.5 m, 20 times finer.*--any-scale"):
        query(harbour, "red", model=segmenter())
    monkeypatch.setattr("referent.core_model.checkpoint.load_segmenter", lambda *_: pytest.fail("loaded"))
    with pytest.raises(RasterError, match="10 m"):
        query(harbour, "airplane", model=eager_model)


def test_person_who_insists_gets_a_guess_and_is_told(harbour, segmenter):
    frame = query(harbour, "red", model=segmenter(), options=QueryOptions(allow_any_scale=True))
    assert "20 times finer" in frame.attrs["warnings"][0]
    assert "guess" in frame.attrs["warnings"][0]


@pytest.mark.parametrize(("pixel_m", "word"), [(1.9, "small in this raster"), (0.1, "averaged"), (0.5, "")])
def test_raster_within_reason_is_asked_with_a_warning(make_raster, segmenter, pixel_m, word):
    picture = np.full((3, 60, 60), 128, np.uint8)
    path = make_raster("a.tif", picture, transform=Affine(pixel_m, 0, 500_000, 0, -pixel_m, 4_000_000))
    text = " ".join(query(path, "red", model=segmenter()).attrs["warnings"])
    assert word in text
    assert ("pixels of" in text) == bool(word)


def test_command_line_refuses_and_takes_the_switch(harbour, eager_model, capsys):
    words = ["query", str(harbour), "airplane", "--model", str(eager_model), "--quiet"]
    assert main(words) == 2
    assert "--any-scale" in capsys.readouterr().err
    assert main([*words, "--any-scale"]) == 0


def test_areas_without_crs_are_in_pixels(make_raster, eager_model, capsys, tmp_path, recwarn):
    path = make_raster("a.png", np.full((3, 60, 60), 128, np.uint8), driver="PNG", crs=None, transform=None)
    words = ["query", str(path), "airplane", "--model", str(eager_model), "--allow-no-crs", "--quiet"]
    assert main([*words, "-o", str(tmp_path / "found.gpkg")]) == 0
    assert " 3,600 px in all" in capsys.readouterr().out
    assert not [warning for warning in recwarn if "crs" in str(warning.message).lower()]
