"""Evaluation on layers: right figures, a page that a person can read, and no text that could become markup."""

from __future__ import annotations

import html.parser
import json
import re
from pathlib import Path

import geopandas
import numpy as np
import pytest
from town import SIDE_PX, Town, make_town

from referent.core_model.chip_evaluation import Answer, Question
from referent.core_model.metrics import Overlap
from referent.core_model.segmenter import Features, ModelSpec, Segmentation
from referent.engine.errors import Cancelled, OptionsError
from referent.engine.evaluate import NOTHING, confusion_of, report_of
from referent.engine.layer_chips import keep_once
from referent.engine.layer_evaluation import LayerEvaluation, evaluate_on_layers
from referent.engine.layer_samples import LayerSource, read_samples
from referent.engine.report import write_report


class ColourReader:
    """A segmenter that finds red and blue pixels by the word, so that its figures are known beforehand."""

    spec = ModelSpec("colours", "", 0.3, 64, 48, ("red square", "blue square"), 14)

    def encode_image(self, tiles: np.ndarray) -> Features:
        import torch

        return Features({"image": torch.from_numpy(np.ascontiguousarray(tiles))})

    def segment(self, features: Features, expressions: list[str], within=None) -> Segmentation:
        tiles = features.maps["image"].numpy().astype(float)
        red = tiles[:, 0] - tiles[:, 2]
        signs = [1 if "red" in text else -1 if "blue" in text else 0 for text in expressions]
        return Segmentation(np.stack([sign * red - 50 for sign in signs], 1).astype(np.float32), None)


@pytest.fixture
def source(town: Town) -> LayerSource:
    return LayerSource((str(town.raster),), (str(town.labels),))


def test_perfect_answers_get_perfect_figures(town: Town, source: LayerSource, tiny_model: Path, tmp_path: Path):
    from referent.core_model.chip_evaluation import ask_chips

    samples = read_samples(source, ColourReader.spec, validation_share=0.0)
    chips = keep_once(samples.training)
    answers = list(ask_chips(ColourReader(), chips))
    result = report_of(answers, "colours", "town", "expression")
    assert result.headline["class_iou"] > 0.85  # the last seventh is how Pillow draws the edge of the truth
    assert result.headline["absent_false_alarm"] == 0
    low, high = result.intervals["class_iou"]
    assert low <= result.headline["class_iou"] <= high
    assert result.confusion["red square"]["red square"] > 0.95
    assert "blue square" not in result.confusion["red square"]
    assert result.counts["class"] > 10
    page = tmp_path / "page.html"
    write_report(result, answers, chips, ColourReader(), page)
    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/jpeg;base64,") >= 8
    assert "Best answers" in text
    assert 'src="http' not in text


def test_page_of_a_trained_model_through_the_command_line(run, town: Town, tiny_model: Path, tmp_path: Path):
    code, out, err = run(
        "evaluate", town.raster, town.labels, "--model", tiny_model, "--report", "page.html", "--device", "cpu"
    )
    assert code == 0, err
    assert "class_iou" in out
    assert "wrote page.html" in out
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    for words in ("By kind of question", "By class", "red square", "95&nbsp;% confidence"):
        assert words in text
    code, out, _ = run("evaluate", town.raster, town.labels, "--model", tiny_model, "--json", "--device", "cpu")
    assert json.loads(out)["split"] == "town.tif, town.gpkg"


def test_texts_of_the_layer_never_become_markup(town: Town, tiny_model: Path, tmp_path: Path):
    frame = town.frame.copy()
    frame.loc[frame["class"] == "Red_Square", "class"] = "<img src=x onerror=alert(1)>"
    frame["expression"] = [f"<script>alert({index})</script> the & square" for index in range(len(frame))]
    labels = tmp_path / "labels.gpkg"
    frame.to_file(labels)
    page = tmp_path / "page.html"
    wanted = LayerSource((str(town.raster),), (str(labels),), verbatim_classes=True)
    evaluate_on_layers(LayerEvaluation(wanted, str(tiny_model), report=str(page), device="cpu"))
    text = page.read_text(encoding="utf-8")
    assert "&lt;script&gt;" in text
    tags = _Tags()
    tags.feed(text)
    assert "script" not in tags.found
    assert all(re.match(r"data:image/jpeg;base64,[A-Za-z0-9+/=]+$", link) for link in tags.links)


class _Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.links += [value or "" for name, value in attrs if name == "src"]


def test_ground_that_was_trained_on_is_said(town: Town, source: LayerSource, tiny_model: Path, tmp_path: Path):
    from referent.engine.layer_training import LayerTraining, train_on_layers

    run_folder = tmp_path / "run"
    train_on_layers(LayerTraining(source, str(run_folder), str(tiny_model), steps=2, batch_size=2, device="cpu"))
    same = evaluate_on_layers(LayerEvaluation(source, str(run_folder), device="cpu"))
    assert any("were also trained on" in text for text in same.warnings)
    other = make_town(tmp_path, 5, 510_000.0, "other")
    there = LayerSource((str(other.raster),), (str(other.labels),))
    elsewhere = evaluate_on_layers(LayerEvaluation(there, str(run_folder), device="cpu"))
    assert not any("trained on" in text for text in elsewhere.warnings)


def test_class_unknown_to_the_model_is_said(town: Town, tiny_model: Path, tmp_path: Path):
    labels = tmp_path / "labels.gpkg"
    town.frame.replace({"class": {"Red_Square": "helipad"}}).to_file(labels)
    wanted = LayerSource((str(town.raster),), (str(labels),))
    result = evaluate_on_layers(LayerEvaluation(wanted, str(tiny_model), device="cpu"))
    assert any("not trained on helipad" in text for text in result.warnings)


def test_nothing_to_ask_and_cancelling(source: LayerSource, town: Town, tiny_model: Path, tmp_path: Path):
    bare = tmp_path / "bare.gpkg"
    town.frame[["class", "geometry"]].to_file(bare)
    nothing = LayerSource(source.rasters, (str(bare),), complete=())
    with pytest.raises(OptionsError, match="Nothing can be asked"):
        evaluate_on_layers(LayerEvaluation(nothing, str(tiny_model), device="cpu"))
    page = tmp_path / "page.html"
    with pytest.raises(Cancelled):
        evaluate_on_layers(
            LayerEvaluation(source, str(tiny_model), report=str(page), device="cpu"), is_cancelled=lambda: True
        )
    assert not page.exists()


def test_expression_is_asked_in_one_of_the_overlapping_chips_only(source: LayerSource):
    samples = read_samples(source, ColourReader.spec, validation_share=0.0)
    once = keep_once(samples.training)
    asked = [(written.text, written.object_ids) for chip in once for written in chip.expressions]
    assert len(asked) == len(set(asked))
    before = {(written.text, written.object_ids) for chip in samples.training for written in chip.expressions}
    assert set(asked) == before


def test_confusion_says_what_lies_under_the_answers():
    def answer(name: str, px: int, landed: dict[str, int]) -> Answer:
        return Answer(Question("c", name, "class", name, "", (1,)), Overlap(0, 1), px, 0.0, landed)

    found = confusion_of([answer("a", 100, {"a": 60, "b": 30}), answer("a", 100, {"b": 100}), answer("b", 0, {})])
    assert found == {"a": {"b": 0.65, "a": 0.3, NOTHING: 0.05}}


def test_report_of_a_data_set(run, shared_data: Path, tiny_model: Path, tmp_path: Path):
    code, _, err = run(
        "evaluate",
        "--data",
        shared_data / "ucm_refer",
        "--split",
        "nothere",
        "--model",
        tiny_model,
        "--report",
        "a.html",
    )
    assert code == 2
    assert "nothere" in err
    assert not (tmp_path / "a.html").exists()


def test_town_is_what_the_tests_think(town: Town):
    assert len(town.frame) > 30
    assert geopandas.read_file(town.labels).crs == "EPSG:32633"
    assert SIDE_PX == 320
