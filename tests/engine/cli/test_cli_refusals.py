"""What the command line refuses: one sentence that says what, which value and what to do, and no file left."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import geopandas
import pytest
from command_line import Run, leftovers, refused


def test_missing_raster(run: Run, eager_model: Path, tmp_path: Path) -> None:
    refused(
        run("query", "nothere.tif", "airplane", "-o", "found.gpkg", "--model", eager_model),
        2,
        "nothere.tif",
        "does not exist",
    )
    assert leftovers(tmp_path) == []


def test_truncated_raster(run: Run, scene: Path, eager_model: Path, tmp_path: Path) -> None:
    content = scene.read_bytes()
    Path("cut.tif").write_bytes(content[: len(content) // 2])
    refused(run("query", "cut.tif", "airplane", "-o", "found.gpkg", "--model", eager_model), 2, "cut.tif", "truncated")
    assert leftovers(tmp_path) == ["cut.tif"]


def test_raster_that_is_none(run: Run, eager_model: Path, tmp_path: Path) -> None:
    Path("notes.tif").write_text("not a raster")
    refused(run("query", "notes.tif", "airplane", "-o", "found.gpkg", "--model", eager_model), 2, "notes.tif")
    assert leftovers(tmp_path) == ["notes.tif"]


@pytest.mark.parametrize(
    ("output", "word"),
    [("nofolder/found.gpkg", "nofolder"), (".", "ending"), ("found.shp", ".shp"), ("/proc/found.gpkg", "/proc")],
)
def test_unwritable_output_is_found_before_the_work(
    run: Run, scene: Path, tmp_path: Path, output: str, word: str
) -> None:
    if output.startswith("/proc") and sys.platform != "linux":
        pytest.skip("needs /proc, which is read-only even for root")
    refused(run("query", scene, "airplane", "-o", output), 4, word)
    refused(run("query", scene, "airplane", "-o", "found.gpkg", "--preview", "nofolder/found.png"), 4, "nofolder")
    assert leftovers(tmp_path) == []


def test_output_equal_to_input(run: Run, scene: Path, tmp_path: Path) -> None:
    mine = shutil.copy(scene, tmp_path / "mine.gpkg")
    before = Path(mine).read_bytes()
    refused(run("query", "mine.gpkg", "airplane", "-o", "mine.gpkg", "--overwrite"), 4, "mine.gpkg", "input")
    assert Path(mine).read_bytes() == before


def test_existing_output_is_kept_unless_told(run: Run, scene: Path, eager_model: Path) -> None:
    Path("found.gpkg").write_text("precious")
    refused(run("query", scene, "airplane", "-o", "found.gpkg"), 4, "found.gpkg", "exists")
    assert Path("found.gpkg").read_text() == "precious"
    code, _, _ = run("query", scene, "airplane", "-o", "found.gpkg", "--overwrite", "--model", eager_model)
    assert code == 0
    assert len(geopandas.read_file("found.gpkg")) == 1


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "?!...", "--", "a\0b"])
def test_expression_without_words(run: Run, scene: Path, tmp_path: Path, text: str) -> None:
    refused(run("query", "-o", "found.gpkg", "--", scene, text), 2, "expression")
    assert leftovers(tmp_path) == []


def test_expression_of_2000_words_names_the_limit(run: Run, scene: Path, eager_model: Path, tmp_path: Path) -> None:
    text = "the very " * 999 + "white airplane"
    refused(run("query", scene, text, "-o", "found.gpkg", "--model", eager_model), 2, "9005 characters", "2000")
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("text", ["helipad", "the helipads", "zeppelin"])
def test_unknown_class_word(run: Run, scene: Path, eager_model: Path, tmp_path: Path, text: str) -> None:
    result = run("query", scene, text, "-o", "found.gpkg", "--model", eager_model)
    refused(
        result,
        2,
        f"has not seen '{text.removeprefix('the ').removesuffix('s')}'",
        "storage tank, airplane, tennis court",
    )
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("the largest smallest tank", "both the most and the least"),
        ("the largest", "names no object"),
        ("the tank " + "by the car " * 35 + "by the dock", "nests more than 8"),
        ("tanks within 200 of the harbour", "has a number but no unit"),
        ("tanks larger than 200 m", "wrong unit"),
    ],
)
def test_what_cannot_be_meant_isrefused(run: Run, scene: Path, tmp_path: Path, text: str, said: str) -> None:
    refused(run("query", scene, text, "-o", "found.gpkg"), 2, said)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE tank; --",
        "<b>tank</b> <script>x</script>",
        "der größte tank am hafen",
        "the tank next to the tank",
        "qwer asdf zxcv",
    ],
)
def test_strange_texts_are_planned_or_refused_in_a_sentence(
    run: Run, scene: Path, eager_model: Path, text: str
) -> None:
    result = run("query", scene, text, "--model", eager_model, "--reading", "plan", "--explain")
    if result[0] == 0:
        assert text in result[1]
    else:
        refused(result, 2)


def test_missing_model(run: Run, scene: Path, tmp_path: Path) -> None:
    refused(run("query", scene, "airplane", "-o", "found.gpkg", "--model", "huge"), 3, "huge")
    assert leftovers(tmp_path) == []


def test_damaged_checkpoint(run: Run, scene: Path, eager_model: Path, tmp_path: Path) -> None:
    shutil.copytree(eager_model, "broken")
    weights = Path("broken/model.safetensors")
    weights.write_bytes(weights.read_bytes()[:-100])
    refused(run("query", scene, "airplane", "-o", "found.gpkg", "--model", "broken"), 3, "broken")
    Path("broken/config.json").write_text("{}")
    refused(run("query", scene, "airplane", "-o", "found.gpkg", "--model", "broken"), 3, "config.json")
    assert leftovers(tmp_path) == ["broken"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--threshold", "1.5"), "1.5"),
        (("--threshold", "nan"), "nan"),
        (("--min-area", "-3"), "-3"),
        (("--simplify", "-1"), "-1"),
        (("--tile-size", "0"), "0"),
        (("--batch-size", "0"), "0"),
        (("--bands", "4,3,2"), "4"),
    ],
)
def test_options_out_of_range(
    run: Run, scene: Path, eager_model: Path, tmp_path: Path, words: tuple[str, str], named: str
) -> None:
    refused(run("query", scene, "airplane", "-o", "found.gpkg", "--model", eager_model, *words), 2, named)
    assert leftovers(tmp_path) == []


def test_unknown_crs(run: Run, scene: Path, tmp_path: Path) -> None:
    code, _, err = run("query", scene, "airplane", "-o", "found.gpkg", "--crs", "EPSG:99999999")
    assert code == 2
    assert "EPSG:99999999" in err
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    "words", [(), ("query",), ("query", "scene.tif"), ("fly",), ("query", "a.tif", "b", "--bands", "x")]
)
def test_wrong_usage(run: Run, words: tuple[str, ...]) -> None:
    code, out, err = run(*words)
    assert code == 2
    assert out == ""
    assert "usage: referent" in err


def test_region_that_cannot_be_used(run: Run, scene: Path, eager_model: Path) -> None:
    words = ("query", scene, "airplane", "-o", "found.gpkg", "--model", eager_model, "--region")
    refused(run(*words, "nothere.gpkg"), 2, "nothere.gpkg")
    geopandas.GeoSeries.from_wkt(["POINT(0 0)"], crs="EPSG:4326").to_file("points.gpkg")
    refused(run(*words, "points.gpkg"), 2, "points.gpkg", "no polygon")
    geopandas.GeoSeries.from_wkt(["POLYGON((0 0, 1 0, 1 1, 0 0))"], crs="EPSG:4326").to_file("far.gpkg")
    refused(run(*words, "far.gpkg"), 2, "outside")


def test_errors_as_json(run: Run, eager_model: Path) -> None:
    code, out, err = run("query", "nothere.tif", "airplane", "--json", "--model", eager_model)
    assert code == 2
    assert json.loads(out)["error"] == {
        "kind": "RasterError",
        "message": err.strip().removeprefix("referent: "),
        "exit_code": 2,
    }


def test_fault_of_ours_is_told_as_such(run: Run, scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("a wheel came off")

    monkeypatch.setattr("referent.engine.cli_query.check_texts", break_down)
    code, _, err = run("query", scene, "airplane")
    assert code == 70
    assert "RuntimeError: a wheel came off" in err
    assert "Traceback" not in err
    assert "Traceback" in run("query", scene, "airplane", "--debug")[2]


def test_training_configuration_that_cannot_be_used(run: Run, tmp_path: Path) -> None:
    refused(run("train", "--config", "nothere.toml"), 2, "nothere.toml")
    Path("odd.toml").write_text("data = 'nowhere'\nspeed = 3\n")
    refused(run("train", "--config", "odd.toml"), 2, "speed")
    assert leftovers(tmp_path) == ["odd.toml"]


def test_evaluation_without_data(run: Run, eager_model: Path) -> None:
    refused(run("evaluate", "--data", "nowhere", "--model", eager_model), 2, "nowhere")
