"""Bad input and bad luck: the panel says what to do, QGIS stays alive, nothing is lost."""

import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest
from qgis.core import QgsProject, QgsVectorLayer
from steps import children, settle, wait_until

from referent.engine.protocol import Code

FAKE = Path(__file__).resolve().parents[1] / "fake_worker.py"


@pytest.fixture
def running(dock, add_raster, heard):
    """A question about a large raster, in the middle of being answered."""
    add_raster("scene")
    large = add_raster("large")
    dock.layer_box.setLayer(large)
    dock.expression_box.setEditText("storage tank")
    dock.ask_button.click()
    wait_until(lambda: any(getattr(report, "stage", "") == "segment" for report in heard.progress), 120)
    return large


def test_cancel_is_over_within_a_second(dock, running, heard):
    start = time.monotonic()
    dock.cancel_button.click()
    wait_until(lambda: heard.finished, 5)
    assert time.monotonic() - start < 1.0
    assert heard.failures[0][0] == Code.CANCELLED
    assert dock.results.entries == []
    assert dock.ask_button.isVisible()


def test_killed_worker_is_one_sentence_and_the_next_question_works(dock, running, heard, ask, message):
    start = time.monotonic()
    os.kill(dock._service.pid, signal.SIGKILL)
    wait_until(lambda: heard.finished, 5)
    assert time.monotonic() - start < 2.0
    code, sentence = heard.failures[0]
    assert code == Code.ENGINE_DIED
    assert message() == sentence
    dock.layer_box.setLayer(QgsProject.instance().mapLayersByName("scene")[0])
    assert ask(timeout_s=120).answers[0].count > 0


def test_hung_worker_is_noticed_within_two_seconds(dock, running, heard, ask):
    start = time.monotonic()
    os.kill(dock._service.pid, signal.SIGSTOP)
    wait_until(lambda: heard.finished, 5)
    assert time.monotonic() - start < 2.0
    assert heard.failures[0][0] == Code.ENGINE_HUNG


def test_layer_removed_in_mid_run_loses_nothing(dock, running, heard):
    QgsProject.instance().removeMapLayer(running.id())
    wait_until(lambda: heard.finished, 300)
    assert heard.failures == []
    assert heard.answers[0].layer_name == "large"
    assert dock.results.current.layer.isValid()


def test_project_closed_in_mid_run_cancels(dock, running, heard):
    QgsProject.instance().clear()
    wait_until(lambda: heard.finished, 5)
    assert heard.failures[0][0] == Code.CANCELLED
    assert QgsProject.instance().mapLayers() == {}


def test_plugin_unloaded_in_mid_run_leaves_no_process(running, unload_plugin):
    assert children()
    unload_plugin()
    settle()
    assert children() == []


def test_no_layer(dock, ask, message):
    heard = ask()
    assert "add one to the project" in message()
    assert heard.answers == []


def test_layer_without_crs(dock, add_raster, ask, message):
    raster = add_raster("no_crs")
    raster.setCrs(type(raster.crs())())
    ask()
    assert "has no CRS" in message()


@pytest.mark.parametrize("expression", ["", "   ", "?!"])
def test_expression_without_words(dock, add_raster, ask, message, expression):
    add_raster()
    heard = ask(expression)
    assert heard.failures[0][0] == Code.EXPRESSION
    assert "say what to look for" in message() or "type what to look for" in message()


@pytest.mark.parametrize("expression", ["'; DROP TABLE x", "../../x", "{0} %s <b>", "Größe 東京 🚢", "x" * 3000])
def test_strange_expressions_are_taken_literally(dock, add_raster, ask, expression):
    add_raster()
    heard = ask(expression)
    if heard.answers:
        layer = QgsVectorLayer(heard.answers[0].path, "found", "ogr")
        assert {feature["expression"] for feature in layer.getFeatures()} <= {expression}
        assert dock.results.current.name == expression
    else:
        assert heard.failures[0][0] == Code.EXPRESSION


def test_scope_outside_the_layer(dock, add_raster, ask, message, qgis_canvas):
    raster = add_raster()
    from qgis.core import QgsGeometry, QgsRectangle

    dock.scope_box.set_drawn(QgsGeometry.fromRect(QgsRectangle(0, 0, 10, 10)), raster.crs())
    dock.scope_box.set_scope("drawn")
    ask()
    assert "does not lie in the area" in message()


def test_nothing_selected(dock, add_raster, heard, message):
    add_raster()
    dock.scope_box.set_scope("selected")
    dock.expression_box.setEditText("storage tank")
    dock.ask_button.click()
    assert "No polygon is selected" in message()
    assert heard.finished == 0


def test_no_engine_yet(dock, add_raster, message, monkeypatch):
    monkeypatch.delenv("REFERENT_PYTHON")
    add_raster()
    dock.engine_changed()
    assert dock.engine_bar.isVisible()
    assert not dock.ask_button.isEnabled()
    dock.expression_box.setEditText("storage tank")
    dock.expression_box.lineEdit().returnPressed.emit()
    assert "Prepare engine" in message()


def test_engine_python_that_is_gone(dock, add_raster, monkeypatch):
    monkeypatch.setenv("REFERENT_PYTHON", "/nonexistent/python")
    dock.engine_changed()
    assert "not there any more" in dock.engine_bar._text.text()


def test_engine_without_its_libraries(dock, add_raster, ask, heard, monkeypatch):
    monkeypatch.setenv("REFERENT_PYTHON", "/usr/bin/python3")
    dock._service.restart()
    add_raster()
    ask()
    assert heard.failures[0][0] == Code.ENGINE_START
    assert "repair" in heard.failures[0][1]


def test_engine_of_another_version(dock, add_raster, ask, heard, monkeypatch):
    from referent.plugin.worker import service

    monkeypatch.setenv("FAKE_VERSION_PLUS", "1")
    monkeypatch.setattr(service, "worker_command", lambda python: [sys.executable, "-I", str(FAKE)])
    dock._service.restart()
    add_raster()
    ask()
    assert heard.failures[0][0] == Code.ENGINE_VERSION
    assert "Repair" in heard.failures[0][1]


def test_data_folder_that_cannot_be_written(dock, add_raster, ask, message, out):
    from referent.plugin import settings

    (out / "a file").write_text("x")
    settings.put("data_folder", str(out / "a file"))
    add_raster()
    heard = ask()
    settings.put("data_folder", "")
    assert heard.failures[0][0] == Code.OUTPUT
    assert "settings page" in message()


def test_raster_deleted_before_the_question(dock, ask, heard, out):
    import shutil

    from qgis.core import QgsRasterLayer

    path = out / "short lived.tif"
    shutil.copy(os.environ["REFERENT_TEST_SCENE"], path)
    layer = QgsRasterLayer(str(path), "short lived")
    QgsProject.instance().addMapLayer(layer)
    dock.layer_box.setLayer(layer)
    path.unlink()
    ask()
    assert heard.failures
    assert dock.ask_button.isVisible()


def test_answer_being_edited_is_not_filtered(dock, add_raster, ask, message):
    add_raster()
    ask()
    layer = dock.results.current.layer
    layer.startEditing()
    dock.refine._score_box.setValue(0.9)
    assert "is being edited" in message()
    layer.rollBack()


def test_worker_ends_with_the_plugin(dock, add_raster, ask, unload_plugin):
    add_raster()
    ask()
    pid = dock._service.pid
    assert psutil.pid_exists(pid)
    unload_plugin()
    assert not psutil.pid_exists(pid)
