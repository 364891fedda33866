"""The command line, door to door: what a person types, what they read, which files are there afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import geopandas
import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from command_line import HEIGHT, WIDTH, Run, leftovers, refused
from PIL import Image

from referent.core_model.synthetic import render_scene
from referent.engine.synthetic import Placement, write_scene

COLUMNS = ["fid", "expression", "class", "score", "area_m2", "model", "raster"]


def test_query_writes_scores(run: Run, scene: Path, eager_model: Path, tmp_path: Path) -> None:
    words = ("query", scene, "storage tank", "--scores", "scores.tif", "--model", eager_model)
    code, out, _ = run(*words)
    assert code == 0
    assert "wrote scores.tif" in out
    with rasterio.open("scores.tif") as source:
        assert source.crs == pyproj.CRS("EPSG:32611")
        assert source.shape == (HEIGHT, WIDTH)
        assert source.read(1).min() > 0.5
    refused(run(*words), 4, "scores.tif", "exists already")
    refused(run(*words[:-3], "scores.jpg", "--overwrite", *words[-2:]), 4, "scores.jpg", "use .tif")
    assert leftovers(tmp_path) == ["scores.tif"]


def test_query_writes_layer_and_preview(run: Run, scene: Path, eager_model: Path, tmp_path: Path) -> None:
    words = (
        "query",
        scene,
        "storage tank",
        "airplane",
        "-o",
        "found.gpkg",
        "--preview",
        "found.png",
        "--model",
        eager_model,
    )
    code, out, _ = run(*words)
    assert code == 0
    assert "storage tank: 1 found" in out
    assert "airplane: 1 found" in out
    assert leftovers(tmp_path) == ["found.gpkg", "found.png"]
    found = geopandas.read_file("found.gpkg", fid_as_index=True)
    assert set(COLUMNS) - {"fid"} <= set(found.columns)
    assert found.crs == pyproj.CRS("EPSG:32611")
    assert found.area.to_numpy() == pytest.approx(HEIGHT * WIDTH * 0.09, rel=0.02)
    assert Image.open("found.png").size[0] > 0


def test_query_as_json_is_one_object(run: Run, scene: Path, eager_model: Path) -> None:
    code, out, err = run("query", scene, "storage tank", "-o", "found.gpkg", "--model", eager_model, "--json")
    facts = json.loads(out)
    assert code == 0
    assert err == ""
    assert facts["found"][0]["count"] == 1
    assert facts["output"] == "found.gpkg"
    assert pyproj.CRS(facts["crs"]) == pyproj.CRS("EPSG:32611")


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".fgb", ".parquet"])
def test_nothing_found_is_success_with_a_valid_empty_layer(
    run: Run, scene: Path, silent_model: Path, suffix: str
) -> None:
    code, out, _ = run("query", scene, "storage tank", "-o", f"found{suffix}", "--model", silent_model)
    assert code == 0
    assert "storage tank: nothing found" in out
    read = geopandas.read_parquet if suffix == ".parquet" else geopandas.read_file
    found = read(f"found{suffix}")
    assert len(found) == 0
    assert found.crs is not None
    if suffix != ".geojson":  # an empty GeoJSON has no place for columns
        assert {"expression", "score", "area_m2"} <= set(found.columns)


def test_answer_in_another_crs(run: Run, scene: Path, eager_model: Path) -> None:
    code, _, _ = run("query", scene, "airplane", "-o", "found.gpkg", "--crs", "EPSG:4326", "--model", eager_model)
    assert code == 0
    found = geopandas.read_file("found.gpkg")
    assert found.crs == pyproj.CRS("EPSG:4326")
    assert abs(found.total_bounds[0] + 117.16) < 0.01


def test_region_limits_the_answer(run: Run, scene: Path, eager_model: Path) -> None:
    with rasterio.open(scene) as source:
        left, bottom, right, top = source.bounds
    half = geopandas.GeoSeries([shapely.box(left, bottom, (left + right) / 2, top)], crs="EPSG:32611")
    half.to_crs("EPSG:4326").to_file("half.gpkg")
    code, _, _ = run("query", scene, "airplane", "-o", "found.gpkg", "--region", "half.gpkg", "--model", eager_model)
    assert code == 0
    assert geopandas.read_file("found.gpkg").area.sum() == pytest.approx(HEIGHT * WIDTH * 0.09 / 2, rel=0.03)


# What issue 2 lists under "Bad input", in its order.


def test_raster_without_crs(run: Run, scene: Path, eager_model: Path, tmp_path: Path) -> None:
    with (
        rasterio.open(scene) as source,
        rasterio.open("bare.tif", "w", driver="GTiff", height=HEIGHT, width=WIDTH, count=3, dtype="uint8") as bare,
    ):
        bare.write(source.read())
    refused(
        run("query", "bare.tif", "airplane", "-o", "found.gpkg", "--model", eager_model),
        2,
        "bare.tif",
        "no CRS",
        "--allow-no-crs",
    )
    assert leftovers(tmp_path) == ["bare.tif"]
    code, _, _ = run("query", "bare.tif", "airplane", "-o", "found.gpkg", "--model", eager_model, "--allow-no-crs")
    assert code == 0
    assert geopandas.read_file("found.gpkg").crs is None


def test_strange_texts_are_kept_as_they_are(run: Run, scene: Path, eager_model: Path) -> None:
    texts = [
        "'; DROP TABLE airplane; --",
        "../../airplane",
        "{0} %s airplane",
        "<b>airplane</b>",
        "самолёт 飛行機 ✈ airplane",
    ]
    words = ("-o", "found.gpkg", "--model", eager_model, "--reading", "network")
    code, _, _ = run("query", scene, *texts, *words)
    assert code == 0
    assert sorted(geopandas.read_file("found.gpkg")["expression"]) == sorted(texts)


def test_raster_smaller_than_a_tile(run: Run, eager_model: Path) -> None:
    for side in (1, 5):
        with rasterio.open(
            "tiny.tif", "w", driver="GTiff", height=side, width=side, count=3, dtype="uint8", crs="EPSG:32611",
            transform=rasterio.Affine(0.3, 0, 5e5, 0, -0.3, 4e6),
        ) as tiny:  # fmt: skip
            tiny.write(np.full((3, side, side), 99, np.uint8))
        words = (
            "query",
            "tiny.tif",
            "airplane",
            "-o",
            "found.gpkg",
            "--min-area",
            "0",
            "--overwrite",
            "--model",
            eager_model,
        )
        assert run(*words)[0] == 0
        found = geopandas.read_file("found.gpkg")
        if side > 1:  # one pixel has no shape
            assert found.area.sum() == pytest.approx(side * side * 0.09, rel=0.1)


def test_raster_of_nodata_only(run: Run, eager_model: Path) -> None:
    write_scene("void.tif", render_scene(np.random.default_rng(1), 90, 90), Placement(nodata=0, nodata_margin_px=90))
    code, out, _ = run("query", "void.tif", "airplane", "-o", "found.gpkg", "--model", eager_model)
    assert code == 0
    assert "nothing found" in out
    assert len(geopandas.read_file("found.gpkg")) == 0


def test_unknown_class_is_guessed_when_told(run: Run, scene: Path, eager_model: Path) -> None:
    code, out, err = run("query", scene, "helipad", "-o", "found.gpkg", "--model", eager_model, "--allow-unknown")
    assert code == 0
    assert "helipad: 1 found" in out
    assert "has not seen 'helipad'" in err
    assert "guess" in err


def test_unknown_noun_among_known_words_is_a_warning(run: Run, scene: Path, eager_model: Path) -> None:
    code, _, err = run(
        "query", scene, "the large white helipad in the corner", "-o", "found.gpkg", "--model", eager_model
    )
    assert code == 0
    assert "has not seen 'helipad'" in err


@pytest.mark.parametrize("text", ["the planes", "oil tank", "white jet next to an oil tank"])
def test_other_words_for_known_classes_are_known(run: Run, scene: Path, eager_model: Path, text: str) -> None:
    code, _, err = run("query", scene, text, "-o", "found.gpkg", "--model", eager_model)
    assert code == 0
    assert "has not seen" not in err


def test_explanation_shows_the_plan(run: Run, scene: Path, eager_model: Path) -> None:
    code, out, _ = run("query", scene, "the largest oil tank", "--model", eager_model, "--explain")
    assert code == 0
    assert "the largest oil tank: 1 found" in out
    assert "largest" in out.split("found", 1)[1]


def test_a_missing_anchor_is_told_and_may_be_left_out(run: Run, scene: Path, eager_model: Path) -> None:
    text = "storage tanks next to the storage tank smaller than 1 m2"
    words = ("query", scene, text, "--model", eager_model)
    code, out, err = run(*words, "--explain")
    assert code == 0
    assert f"{text}: nothing found" in out
    assert "add --anchor-missing all to see what there is without 'storage tank'" in out
    assert "No 'storage tank' was found, so nothing is next to 'storage tank'" in err
    code, out, err = run(*words, "--anchor-missing", "all", "--preview", "found.png")
    assert code == 0
    assert f"{text}: 1 found" in out
    assert "No 'storage tank' was found; showing every 'storage tanks' that fits otherwise" in err
    assert run(*words, "--anchor-missing", "some")[0] == 2


def test_interrupt_leaves_nothing(
    run: Run, scene: Path, eager_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("referent.geo_io.layer.pyogrio.write_dataframe", interrupt)
    code, _, err = run("query", scene, "airplane", "-o", "found.gpkg", "--model", eager_model)
    assert code == 130
    assert "Ctrl-C" in err
    assert leftovers(tmp_path) == []


def test_info_describes_a_raster(run: Run, scene: Path) -> None:
    code, out, _ = run("info", scene, "--json")
    facts = json.loads(out)
    assert code == 0
    assert (facts["width_px"], facts["height_px"], facts["crs"]) == (WIDTH, HEIGHT, "EPSG:32611")
    assert facts["pixel_size_m"] == pytest.approx(0.3, rel=1e-3)
    assert "pixel_size_m" in run("info", scene)[1]
    refused(run("info", "nothere.tif"), 2, "nothere.tif")


def test_info_describes_the_installation(run: Run) -> None:
    code, out, _ = run("info", "--json")
    assert code == 0
    assert {"referent", "python", "torch", "gdal", "cuda"} <= set(json.loads(out))


def test_models_are_listed(run: Run) -> None:
    code, out, _ = run("models", "--json")
    assert code == 0
    for model in json.loads(out):
        assert model["classes"]
        assert Path(model["folder"]).is_dir()
    assert run("models")[0] == 0


def test_program_runs_as_a_process(scene: Path, eager_model: Path, tmp_path: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "referent",
        "query",
        scene,
        "airplane",
        "-o",
        tmp_path / "found.gpkg",
        "--model",
        eager_model,
    ]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "airplane: 1 found" in done.stdout
    missing = subprocess.run(
        [*words[:4], "nothere.tif", "airplane", "--model", eager_model], capture_output=True, text=True, cwd=tmp_path
    )
    assert missing.returncode == 2
    assert missing.stderr == "referent: nothere.tif does not exist: check the path of the raster.\n"


def test_train_takes_the_short_name_of_its_folder(tmp_path):
    from referent.engine.cli import build_parser

    args = build_parser().parse_args(["train", "--config", "small.toml", "-o", str(tmp_path)])
    assert args.out == tmp_path
