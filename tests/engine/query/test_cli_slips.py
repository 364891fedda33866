"""Slips of the hand on the command line: one sentence each, and nothing asked."""

from __future__ import annotations

import pytest

from referent.engine.cli import main


def refused(capsys, *words):
    assert main(["query", *words]) == 2
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    return text


@pytest.mark.parametrize("name", ["scene.tif", "SCENE.TIF", "list.vrt"])
def test_raster_behind_the_expression_is_not_asked_for(scene_file, capsys, name):
    assert f"'{name}' is a raster" in refused(capsys, str(scene_file), "red", name)


def test_region_that_is_no_layer_is_told_without_advice_on_drivers(scene_file, capsys, tmp_path):
    path = tmp_path / "notes.md"
    path.write_text("no polygons")
    text = refused(capsys, str(scene_file), "red", "--region", str(path), "--model", "small")
    assert "not recognized" in text
    assert "DRIVER" not in text
