"""What can be wrong with layers, through the command line: one sentence, exit code not 0, nothing half-written."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import geopandas
import pytest
from shapely.geometry import Point
from town import Town

Result = tuple[int, str, str]


def refused(result: Result, *words: str, code: int = 2) -> None:
    assert result[0] == code, result
    lines = result[2].strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("referent: ")
    assert lines[0].rstrip().endswith((".", "'"))
    for word in words:
        assert word in lines[0], lines[0]
    assert result[1] == ""
    assert not list(Path.cwd().iterdir())


@pytest.fixture
def layer(town: Town, tmp_path_factory: pytest.TempPathFactory):
    def make(frame: geopandas.GeoDataFrame, name: str = "odd.gpkg") -> Path:
        path = tmp_path_factory.mktemp("layers") / name
        frame.to_file(path)
        return path

    return make


@pytest.fixture
def train(run, town: Town, tiny_model: Path):
    def _train(labels: Path | str, *words: object) -> Result:
        more = ("-o", "model", "--from", tiny_model, "--steps", 2, "--batch-size", 1, "--device", "cpu", "--quiet")
        return run("train", town.raster, labels, *more, *words)

    return _train


def test_layer_without_the_named_field(train, run, town: Town, tiny_model: Path):
    refused(train(town.labels, "--class-field", "kind"), "town.gpkg has no field 'kind'", "'class'", "--class-field")
    refused(train(town.labels, "--expression-field", "text"), "no field 'text'", "--expression-field")
    refused(
        run("evaluate", town.raster, town.labels, "--class-field", "kind", "--model", tiny_model), "no field 'kind'"
    )


def test_polygons_outside_the_raster(train, town: Town, layer):
    moved = town.frame.copy()
    moved.geometry = moved.geometry.translate(50_000)
    refused(train(layer(moved)), "All polygons of odd.gpkg", "lie outside town.tif", "mend its CRS")
    wrong = town.frame.set_crs("EPSG:32613", allow_override=True)
    refused(train(layer(wrong)), "UTM zone 13N", "UTM zone 33N")


def test_no_expression_at_all(train, town: Town, layer):
    bare = layer(town.frame[["class", "geometry"]])
    for method in ("accurate-only", "lrb-wrel"):
        refused(train(bare, "--method", method), "No training object has an expression", "naive-wrel")
    assert train(bare, "--method", "naive-wrel")[0] == 0


def test_one_class_only_is_said_and_trained(run, train, town: Town, layer, tiny_model: Path):
    same = town.frame.copy()
    same["class"] = "square"
    code, out, err = run(
        "train", town.raster, layer(same), "-o", "model", "--from", tiny_model, "--steps", 2, "--device", "cpu"
    )
    assert code == 0
    assert "There is one class only, 'square'" in err
    assert "The model is in model/model" in out


def test_no_row_one_row_and_no_usable_row(train, town: Town, layer):
    refused(train(layer(town.frame.iloc[:0])), "odd.gpkg has no rows")
    refused(train(layer(town.frame.iloc[:1])), "Only 1 object can be used", "at least 2")
    points = town.frame.copy()
    points.geometry = [Point(shape.centroid) for shape in points.geometry]
    refused(train(layer(points)), f"None of the {len(points)} rows of odd.gpkg can be used", "Point")
    unnamed = town.frame.assign(**{"class": None})
    refused(train(layer(unnamed)), "can be used (the field 'class' is empty)")


def test_layer_without_crs(train, town: Town, layer):
    nowhere = geopandas.GeoDataFrame(town.frame[["class"]], geometry=list(town.frame.geometry))
    with pytest.warns(UserWarning, match="crs"):
        path = layer(nowhere)
    refused(train(path), "odd.gpkg has no CRS", "set the layer's CRS")


def test_missing_and_damaged_files(train, run, town: Town, tiny_model: Path, tmp_path_factory):
    broken = tmp_path_factory.mktemp("broken") / "broken.gpkg"
    broken.write_bytes(b"SQLite format 3\0" + b"x" * 100)
    refused(train("nothere.gpkg"), "nothere.gpkg does not exist")
    refused(train(broken), "broken.gpkg cannot be read")
    refused(run("train", "nothere.tif", town.labels, "-o", "model", "--from", tiny_model), "nothere.tif")
    refused(train(town.labels, "--from", "nothere"), "There is no model 'nothere'", code=3)


def test_files_and_options_that_do_not_go_together(train, run, town: Town, tiny_model: Path):
    refused(run("train"), "There is no raster")
    refused(run("train", town.raster, "-o", "model"), "There is no layer of polygons", "town.tif")
    refused(run("train", town.raster, town.labels), "-o FOLDER")
    refused(run("train", town.raster, town.labels, "--config", "a.toml"), "either --config or rasters and layers")
    refused(run("evaluate"), "either rasters and layers, or a data set")
    refused(train(town.labels, "--steps", 0), "The number of steps is 0")
    refused(train(town.labels, "--validation-share", 0.9), "The validation share is 0.9")
    refused(train(town.labels, "--learning-rate", 5), "The learning rate is 5.0")
    refused(train(town.labels, "--complete", "lake"), "no class 'lake' that could be complete")
    refused(train(town.labels, "--area", "nothere.gpkg"), "The labelled area cannot be used")


def test_dry_run_says_which_rows_and_trains_nothing(run, train, town: Town, layer, tmp_path: Path):
    frame = town.frame.copy()
    frame.loc[0, "geometry"] = None
    code, out, err = train(layer(frame), "--dry-run")
    assert code == 0, err
    assert "odd.gpkg row 1 skipped: it has no geometry" in out
    assert "wrote model-chips.png" in out
    assert [path.name for path in tmp_path.iterdir()] == ["model-chips.png"]


def test_interrupt_keeps_the_best_model_and_the_next_call_goes_on(town: Town, tiny_model: Path, tmp_path: Path):
    command = [sys.executable, "-m", "referent", "train", str(town.raster), str(town.labels), "-o", "model"]
    command += ["--from", str(tiny_model), "--steps", "4000", "--batch-size", "1", "--device", "cpu", "--patience", "0"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        log = tmp_path / "model" / "training" / "log.jsonl"
        while process.poll() is None and not (log.exists() and log.stat().st_size):
            try:
                process.wait(0.2)
            except subprocess.TimeoutExpired:
                continue
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "stopping after this step" in err
    assert "give the same command again to go on" in err
    assert (tmp_path / "model" / "training" / "state.safetensors").exists()
