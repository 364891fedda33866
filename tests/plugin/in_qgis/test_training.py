"""The train and evaluate dialogs over the real worker, on a tiny layer."""

import os
import shutil
import signal
import sys
import time

import pytest
from qgis.core import QgsProject, QgsVectorLayer
from steps import children, settle, wait_until

from referent.engine.protocol import Code

STEPS = 2


@pytest.fixture
def labels(dock, out):
    """A copy of the labels, which tests may edit."""
    path = out / "Schilder.gpkg"
    shutil.copy(os.environ["REFERENT_TEST_LABELS"], path)
    layer = QgsVectorLayer(str(path), "labels", "ogr")
    assert layer.isValid()
    QgsProject.instance().addMapLayer(layer)
    return layer


@pytest.fixture
def dialog(plugin, dock, add_raster, labels, out):
    """The train dialog as a person has filled it in, starting from the tiny model."""
    from referent.plugin import settings

    dock.layer_box.setLayer(add_raster())
    settings.put("data_folder", str(out / "Daten"))
    dialog = plugin.windows.train()
    dialog.start_box.addItem("speckled", os.environ["REFERENT_TEST_MODEL"])
    dialog.start_box.setCurrentIndex(dialog.start_box.count() - 1)
    dialog.steps_box.setValue(STEPS)
    dialog.heard = []
    dialog.job.failed.connect(lambda *what: dialog.heard.append(what))
    yield dialog
    plugin.windows.close()
    settle()
    settings.put("data_folder", "")
    settings.put("trained_models", [])
    settings.put("model", "small")


def finish(dialog, timeout_s=300.0):
    wait_until(lambda: not dialog.job.is_busy, timeout_s)


def test_dialog_finds_layers_and_fields_by_itself(dialog, labels, dock):
    assert dialog.sources.rasters == [dock.layer_box.currentLayer()]
    assert dialog.sources.labels == labels
    assert dialog.sources.class_field == "class"
    assert dialog.sources.expression_field == "expression"
    assert dialog.sources.problem == ""


def test_dry_run_says_what_the_layers_hold(dialog, labels):
    dialog.look_button.click()
    finish(dialog)
    assert dialog.heard == []
    page = dialog.data_page.toPlainText()
    assert f"{labels.featureCount()} of {labels.featureCount()} rows are used" in page
    assert "car" in page
    assert "Expressions of one object" in page
    assert dialog._sheet.stat().st_size > 10_000
    assert "<img" in dialog.data_page.toHtml()
    assert not dialog.out.exists()


def test_training_gives_a_model_that_the_panel_offers_and_asks(dialog, dock, ask):
    dialog.start_button.click()
    assert dialog.start_button.isHidden()
    assert not dialog.stop_button.isHidden()
    finish(dialog)
    assert dialog.heard == []
    assert [step for step, _ in dialog.plot.losses] == list(range(1, STEPS + 1))
    assert dialog.plot.ious
    assert dialog.tabs.currentWidget() is dialog.result_page
    assert "Before" in dialog.result_page.toPlainText()
    model = dialog.out / "model"
    assert (model / "model.safetensors").exists()
    wait_until(lambda: dock.options.model == str(model))
    assert "car" in dock.examples.text()
    heard = ask("car")
    assert heard.failures == []
    assert heard.answers[0].model == dialog.out.name
    assert {"torch", "rasterio", "geopandas", "matplotlib"} & set(sys.modules) == set()


def test_stopped_training_goes_on_where_it_was(dialog):
    dialog.steps_box.setValue(400)
    dialog.start_button.click()
    wait_until(lambda: len(dialog.plot.losses) >= 3)
    start = time.monotonic()
    dialog.stop_button.click()
    assert "Stopping" in dialog.notice.text
    finish(dialog, 60)
    assert dialog.heard[0][1] == Code.CANCELLED
    assert dialog.notice.text.startswith("Stopped")
    assert time.monotonic() - start < 60
    assert dialog.job._service.long_pid is not None  # the worker wound up by itself
    assert not list(dialog.out.glob("*.part"))


def test_second_stop_does_not_wait(dialog):
    dialog.steps_box.setValue(400)
    dialog.start_button.click()
    wait_until(lambda: len(dialog.plot.losses) >= 1)
    dialog.stop_button.click()
    start = time.monotonic()
    dialog.stop_button.click()
    finish(dialog, 5)
    assert time.monotonic() - start < 1.5


def test_killed_worker_is_one_sentence_and_training_can_go_on(dialog):
    dialog.steps_box.setValue(400)
    dialog.start_button.click()
    wait_until(lambda: len(dialog.plot.losses) >= 1)
    os.kill(dialog.job._service.long_pid, signal.SIGKILL)
    start = time.monotonic()
    finish(dialog, 10)
    assert time.monotonic() - start < 2.0
    assert dialog.heard[0][1] == Code.ENGINE_DIED
    assert "killed" in dialog.notice.text
    dialog.steps_box.setValue(STEPS)
    dialog.overwrite_box.setChecked(True)
    dialog.start_button.click()
    finish(dialog)
    assert len(dialog.heard) == 1
    assert (dialog.out / "model" / "config.json").exists()


def test_layers_removed_in_mid_run_lose_nothing(dialog):
    dialog.start_button.click()
    QgsProject.instance().clear()
    finish(dialog)
    assert dialog.heard == []
    assert (dialog.out / "model" / "config.json").exists()
    assert "no layer of polygons" in dialog.sources.problem


def test_closed_dialog_stops_its_training(dialog, dock, plugin, ask):
    dialog.steps_box.setValue(400)
    dialog.start_button.click()
    wait_until(lambda: len(dialog.plot.losses) >= 1)
    dialog.close()
    settle()
    assert plugin.windows._open == {}
    assert dock._service.long_pid is None
    assert ask("car").answers


def test_questions_are_answered_while_a_model_is_trained(dialog, dock, ask):
    dialog.steps_box.setValue(400)
    dialog.start_button.click()
    wait_until(lambda: len(dialog.plot.losses) >= 1)
    assert ask("car").failures == []
    assert dialog.job.is_busy
    dialog.stop_button.click()
    dialog.stop_button.click()
    finish(dialog, 5)


def test_filtered_and_edited_features_are_what_is_trained_on(dialog, labels):
    labels.setSubsetString("fid <= 20")
    labels.startEditing()
    labels.changeAttributeValue(1, labels.fields().indexOf("class"), "Sports_Car")
    dialog.look_button.click()
    finish(dialog)
    assert dialog.heard == []
    page = dialog.data_page.toPlainText()
    assert "20 of 20 rows are used" in page
    assert "sports car" in page
    labels.rollBack()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda dialog: dialog.sources.tick(None), "No raster is chosen"),
        (lambda dialog: dialog.name_line.setText("a/b"), "needs a name"),
        (lambda dialog: dialog.sources.labels.setSubsetString("fid < 0"), "has no polygons"),
        (lambda dialog: dialog.start_box.setItemData(dialog.start_box.currentIndex(), "/none"), "There is no model"),
    ],
)
def test_bad_choices_are_one_sentence(dialog, spoil, words):
    spoil(dialog)
    dialog.start_button.click()
    finish(dialog)
    assert words in dialog.notice.text
    assert not dialog.start_button.isHidden()


def test_folder_of_another_run_is_not_overwritten(dialog):
    dialog.start_button.click()
    finish(dialog)
    before = (dialog.out / "model" / "model.safetensors").read_bytes()
    dialog.steps_box.setValue(STEPS + 1)
    dialog.start_button.click()
    finish(dialog)
    assert "holds a run with other settings" in dialog.notice.text
    assert (dialog.out / "model" / "model.safetensors").read_bytes() == before


def test_no_engine_yet(dialog, monkeypatch):
    monkeypatch.delenv("REFERENT_PYTHON")
    dialog.start_button.click()
    assert "Prepare engine" in dialog.notice.text
    assert not dialog.job.is_busy


def test_expressions_are_typed_for_one_feature_after_the_other(dialog, labels):
    editor = dialog.editor
    empty = [feature.id() for feature in labels.getFeatures() if not feature["expression"]][:2]
    labels.selectByIds(empty)
    assert "1 of 2 selected" in editor.about.text()
    editor.line.setText("the car beside the tree")
    editor.line.returnPressed.emit()
    assert "2 of 2 selected" in editor.about.text()
    editor.line.setText("  the last car  ")
    editor.line.returnPressed.emit()
    saved = QgsVectorLayer(labels.source(), "again", "ogr")
    assert [saved.getFeature(number)["expression"] for number in empty] == ["the car beside the tree", "the last car"]
    assert not labels.isEditable()
    editor.next_empty.click()
    assert labels.selectedFeatureCount() == 1
    assert not labels.selectedFeatures()[0]["expression"]


def test_field_for_expressions_is_added_where_there_is_none(dialog, labels):
    labels.dataProvider().deleteAttributes([labels.fields().indexOf("expression")])
    labels.updateFields()
    dialog.sources._on_labels()
    assert not dialog.editor.add_field.isHidden()
    dialog.editor.add_field.click()
    assert labels.fields().indexOf("expression") >= 0
    assert dialog.sources.expression_field == "expression"
    labels.selectByIds([1])
    assert dialog.editor.line.isEnabled()


def test_evaluation_shows_figures_and_writes_a_report(plugin, dialog, out):
    window = plugin.windows.evaluate()
    window.model_box.addItem("speckled", os.environ["REFERENT_TEST_MODEL"])
    window.model_box.setCurrentIndex(window.model_box.count() - 1)
    failures = []
    window.job.failed.connect(lambda *what: failures.append(what))
    assert window.sources.labels is not None
    window.start_button.click()
    wait_until(lambda: not window.job.is_busy)
    assert failures == []
    assert "All of a class, mean IoU" in window.page.toPlainText()
    assert not window.open_button.isHidden()
    reports = list((out / "Daten" / "reports").glob("*.html"))
    assert len(reports) == 1
    assert "<table" in reports[0].read_text(encoding="utf-8")
    window.close()
    settle()


def test_plot_draws_what_it_is_told(dialog):
    plot = dialog.plot
    plot.clear()
    plot.resize(400, 300)
    empty = plot.grab().toImage()
    for step in range(1, 30):
        plot.add(step, 40, {"loss": 3.0 / step, **({"class_iou": step / 40} if step % 5 == 0 else {})})
    drawn = plot.grab().toImage()
    assert drawn != empty
    assert plot.best_iou == pytest.approx(25 / 40)


def test_after_all_that_qgis_holds_no_heavy_library(plugin):
    assert {"torch", "rasterio", "geopandas", "transformers", "matplotlib"} & set(sys.modules) == set()
    assert len(children()) <= 1
