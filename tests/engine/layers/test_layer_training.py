"""Training on layers: what was understood, the model that comes out, and that nothing is lost on the way."""

from __future__ import annotations

import dataclasses
import json
import resource
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from town import Town

from referent.core_model.checkpoint import load_checkpoint, load_segmenter
from referent.core_model.errors import ModelError, TrainingError
from referent.engine.errors import Cancelled, OptionsError
from referent.engine.layer_samples import LayerSource
from referent.engine.layer_training import LayerTraining, describe, train_on_layers
from referent.geo_io.errors import OutputError

STEPS = 12


@pytest.fixture
def request_(town: Town, tiny_model: Path, tmp_path: Path) -> LayerTraining:
    return LayerTraining(
        source=LayerSource((str(town.raster),), (str(town.labels),)),
        out=str(tmp_path / "run"),
        start=str(tiny_model),
        steps=STEPS,
        batch_size=2,
        device="cpu",
    )


def weights(folder: str | Path) -> dict[str, torch.Tensor]:
    return load_file(Path(folder) / "model.safetensors")


def test_describe_counts_what_would_be_trained_on_and_draws_it(request_: LayerTraining, town: Town, tmp_path: Path):
    found = describe(request_, tmp_path / "sheet.png")
    assert sum(item.objects for item in found.classes) == len(town.frame) == found.rows
    assert {item.name: item.is_new for item in found.classes} == {"red square": False, "blue square": False}
    assert all(item.training > item.validation > 0 for item in found.classes)
    assert found.kinds["training"]["class"] > 0 < found.kinds["training"]["absent"]
    assert found.kinds["validation"]["expression"] + found.kinds["validation"]["group"] > 0
    assert not Path(request_.out).exists()
    assert json.loads(json.dumps(found.to_dict()))["contact_sheet"].endswith("sheet.png")
    text = found.to_text()
    assert f"{len(town.frame)} rows read; 0 cannot be used" in text
    assert "'Red_Square' is called 'red square'" in text
    picture = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert picture.shape[1] > 1000
    assert (picture == (255, 213, 0)).all(axis=2).any()


def test_training_leaves_a_model_that_answers(request_: LayerTraining, town: Town):
    steps, stages = [], []

    def tell(stage, report):
        stages.append(stage)
        steps.append(report.step)

    model = train_on_layers(request_, tell)
    assert steps == list(range(1, STEPS + 1))
    assert set(stages) == {"train"}
    assert model.is_validated
    assert 0 < model.best_step <= STEPS
    assert 0 <= model.after["class_iou"] <= 1
    assert set(model.before) == set(model.after)
    json.dumps(model.to_dict(), allow_nan=False)
    run = Path(request_.out)
    kept = {"model", "request.json", "result.json", "training"}
    assert kept <= {path.name for path in run.iterdir()} <= kept | {"curves.png"}  # drawn where matplotlib is
    assert not list(run.rglob("*.part*"))
    facts = json.loads((run / "request.json").read_text())
    assert facts["request"]["source"]["rasters"] == [str(town.raster)]
    config = json.loads((run / "model" / "config.json").read_text())
    assert config["classes"] == ["red square", "blue square"]
    assert config["training"]["ground"]
    segmenter = load_segmenter(run, "cpu")  # the folder of the run is as good as that of its model
    answer = segmenter.segment(segmenter.encode_image(np.zeros((1, 3, 64, 64), np.uint8)), ["red square"])
    assert answer.logits.shape == (1, 1, 64, 64)


def test_new_classes_join_those_that_were_known(request_: LayerTraining, town: Town, tmp_path: Path):
    frame = town.frame.replace({"class": {"Red_Square": "helipad"}})
    labels = tmp_path / "labels.gpkg"
    frame.to_file(labels)
    source = dataclasses.replace(request_.source, layers=(str(labels),))
    model = train_on_layers(dataclasses.replace(request_, source=source, steps=2))
    assert model.classes == ("red square", "blue square", "helipad")
    network, _, config = load_checkpoint(Path(model.folder))
    assert config.classes == model.classes
    start = weights(request_.start)["pyramid.classes.weight"]
    torch.testing.assert_close(network.pyramid.classes.weight[0], start[0].float(), atol=1e-3, rtol=0)


def test_from_scratch_knows_the_layer_only(request_: LayerTraining):
    model = train_on_layers(dataclasses.replace(request_, from_scratch=True, steps=2))
    assert set(model.classes) == {"red square", "blue square"}
    assert model.before == {}


def test_same_seed_gives_the_same_model(request_: LayerTraining, tmp_path: Path):
    first = train_on_layers(dataclasses.replace(request_, steps=3))
    again = train_on_layers(dataclasses.replace(request_, steps=3, out=str(tmp_path / "again")))
    for name, value in weights(first.folder).items():
        assert torch.equal(value, weights(again.folder)[name]), name


def test_stopped_training_keeps_the_best_and_goes_on_to_the_same_end(request_: LayerTraining, tmp_path: Path):
    whole = train_on_layers(dataclasses.replace(request_, out=str(tmp_path / "whole")))
    seen: list[int] = []
    with pytest.raises(Cancelled, match=r"Stopped after step 7; the best model so far \(step 5\) is in .*run/model"):
        train_on_layers(request_, lambda stage, report: seen.append(report.step), lambda: len(seen) == 7)
    half = Path(request_.out) / "model"
    assert load_segmenter(half, "cpu").spec.classes == ("red square", "blue square")
    train_on_layers(request_, lambda stage, report: seen.append(report.step))
    assert seen == list(range(1, STEPS + 1))
    for name, value in weights(half).items():
        torch.testing.assert_close(value, weights(whole.folder)[name], atol=0, rtol=0)


def test_stopped_before_anything_was_chosen_leaves_no_model(request_: LayerTraining):
    with pytest.raises(Cancelled, match="Stopped after step 1, before a model was chosen"):
        train_on_layers(request_, is_cancelled=lambda: True)
    assert not (Path(request_.out) / "model").exists()


def test_finished_training_is_not_done_twice(request_: LayerTraining):
    first = train_on_layers(dataclasses.replace(request_, steps=2))
    again = train_on_layers(dataclasses.replace(request_, steps=2), lambda *_: pytest.fail("trained again"))
    assert again.classes == first.classes
    assert again.after["class_iou"] == pytest.approx(first.after["class_iou"])


def test_other_data_or_settings_do_not_go_on_in_the_same_folder(request_: LayerTraining, town: Town, tmp_path: Path):
    train_on_layers(dataclasses.replace(request_, steps=2))
    before = weights(Path(request_.out) / "model")
    fewer = tmp_path / "fewer.gpkg"
    town.frame.iloc[:-3].to_file(fewer)
    other = dataclasses.replace(request_, steps=2, source=dataclasses.replace(request_.source, layers=(str(fewer),)))
    for changed in (other, dataclasses.replace(request_, steps=3), dataclasses.replace(request_, steps=2, seed=1)):
        with pytest.raises(OptionsError, match="a run with other settings or other data"):
            train_on_layers(changed)
    assert all(torch.equal(value, before[name]) for name, value in weights(Path(request_.out) / "model").items())
    train_on_layers(dataclasses.replace(other, overwrite=True))
    assert any(not torch.equal(value, before[name]) for name, value in weights(Path(request_.out) / "model").items())


def test_folder_with_other_files_is_left_alone(request_: LayerTraining, tmp_path: Path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("precious")
    with pytest.raises(OptionsError, match="holds other files"):
        train_on_layers(request_)
    with pytest.raises(OutputError, match="is a file"):
        train_on_layers(dataclasses.replace(request_, out=str(tmp_path / "run" / "thesis.txt")))
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.txt"]


def test_full_disk_leaves_the_old_model_whole(request_: LayerTraining):
    train_on_layers(dataclasses.replace(request_, steps=2))
    before = weights(Path(request_.out) / "model")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # room for the texts, not for weights
    try:
        with pytest.raises(ModelError, match="cannot be written"):
            train_on_layers(dataclasses.replace(request_, steps=3, overwrite=True))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert all(torch.equal(value, before[name]) for name, value in weights(Path(request_.out) / "model").items())
    assert not list(Path(request_.out).rglob("*.part*"))


@pytest.mark.parametrize("method", ["accurate-only", "naive-wrel", "lrb-wrel"])
def test_methods_of_the_paper_train_on_layers_too(request_: LayerTraining, method: str):
    stages: list[str] = []
    wish = dataclasses.replace(request_, method=method, steps=4)  # type: ignore[arg-type]
    model = train_on_layers(wish, lambda stage, report: stages.append(stage))
    expected = ["warmup", "bank", "joint"] if method == "lrb-wrel" else ["student"]
    assert list(dict.fromkeys(stages)) == expected
    assert load_segmenter(model.folder, "cpu").spec.classes == ("red square", "blue square")
    assert not any("bank" in name for name in weights(model.folder))


def test_without_a_second_place_the_figures_are_said_to_flatter(request_: LayerTraining, town: Town, tmp_path: Path):
    near = tmp_path / "near.gpkg"
    town.frame.iloc[:2].to_file(near)
    source = dataclasses.replace(request_.source, layers=(str(near),))
    model = train_on_layers(dataclasses.replace(request_, source=source, steps=2))
    assert not model.is_validated
    assert any("label a second place" in text for text in model.warnings)
    assert "its own training ground" in (Path(model.folder) / "model_card.md").read_text()


def test_incomplete_classes_teach_only_what_is_drawn(request_: LayerTraining):
    source = dataclasses.replace(request_.source, complete=())
    found = describe(dataclasses.replace(request_, source=source))
    assert found.kinds["training"]["class"] == found.kinds["training"]["absent"] == 0
    model = train_on_layers(dataclasses.replace(request_, source=source, steps=2))
    assert np.isnan(model.after["class_iou"])


def test_loss_that_is_not_finite_leaves_the_best_model(request_: LayerTraining, monkeypatch: pytest.MonkeyPatch):
    from referent.engine import layer_fit

    class Breaking(layer_fit.ReferringObjective):
        calls = 0

        def __call__(self, network, batch):
            Breaking.calls += 1
            losses = super().__call__(network, batch)
            return {**losses, "dice": losses["dice"] * (float("nan") if Breaking.calls > 7 else 1.0)}

    monkeypatch.setattr(layer_fit, "ReferringObjective", Breaking)
    with pytest.raises(
        TrainingError, match=r"in step 7.*not finite.*the best model so far \(step 5\) is in .*run/model"
    ):
        train_on_layers(request_)
    assert load_segmenter(Path(request_.out) / "model", "cpu").spec.classes == ("red square", "blue square")
