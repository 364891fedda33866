"""Bad input and bad luck: the panel says what to do, QGIS stays alive, nothing is lost."""

import os
import signal
import time

import pytest
from qgis.core import QgsProject, QgsVectorLayer
from steps import children, wait_until

from referent.engine.protocol import Code


@pytest.fixture
def running(fake_engine, dock, add_raster, heard):
    """A question in the middle of being answered."""
    raster = add_raster("scene")
    dock.expression_box.setEditText("storage tank")
    dock.ask_button.click()
    wait_until(lambda: any(getattr(report, "stage", "") == "segment" for report in heard.progress))
    return raster


def test_cancel_is_over_within_a_second(running, dock, heard):
    start = time.monotonic()
    dock.cancel_button.click()
    wait_until(lambda: heard.finished, 5)
    assert time.monotonic() - start < 1.0
    assert heard.failures[0][0] == Code.CANCELLED
    assert dock.results.entries == []
    assert not dock.ask_button.isHidden()


def test_hung_worker_is_noticed_within_two_seconds(running, dock, heard, ask, message):
    start = time.monotonic()
    os.kill(dock._service.pid, signal.SIGSTOP)
    wait_until(lambda: heard.finished, 5)
    assert time.monotonic() - start < 2.0
    assert heard.failures[0][0] == Code.ENGINE_HUNG
    assert message() == heard.failures[0][1]
    assert len(ask().answers) == 1


def test_layer_removed_in_mid_run_loses_nothing(running, dock, heard):
    QgsProject.instance().removeMapLayer(running.id())
    wait_until(lambda: heard.finished)
    assert heard.failures == []
    assert heard.answers[0].layer_name == "scene"
    assert dock.results.current.layer.isValid()


def test_project_closed_in_mid_run_cancels(running, dock, heard):
    QgsProject.instance().clear()
    wait_until(lambda: heard.finished, 5)
    assert heard.failures[0][0] == Code.CANCELLED
    assert QgsProject.instance().mapLayers() == {}


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
    assert not dock.engine_bar.isHidden()
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


def test_engine_of_another_version(fake_engine, dock, add_raster, ask, heard, monkeypatch):
    monkeypatch.setenv("FAKE_VERSION_PLUS", "1")
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
    # Where the system keeps an open file readable, QGIS still draws it and the question is answered from that.
    assert heard.failures or heard.answers[0].count > 0
    assert not dock.ask_button.isHidden()


def test_answer_being_edited_is_not_filtered(fake_engine, dock, add_raster, ask, message):
    add_raster()
    ask()
    layer = dock.results.current.layer
    layer.startEditing()
    dock.refine._score_box.setValue(0.9)
    assert "is being edited" in message()
    layer.rollBack()


def test_removed_answer_comes_back_from_its_file(fake_engine, dock, add_raster, ask):
    add_raster()
    ask()
    entry = dock.results.current
    assert entry.shown_count() == 5  # scores 0.5 to 0.9
    QgsProject.instance().clear()
    assert entry.layer is None
    dock.results.zoom()
    assert entry.layer.featureCount() == 5


def test_plugin_unloaded_in_mid_run_leaves_no_process(running, unload_plugin):
    assert children()
    unload_plugin()
    assert children() == []
