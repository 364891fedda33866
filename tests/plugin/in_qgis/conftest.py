"""The plugin loaded as QGIS loads it, over the real worker."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest
from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QObject
from steps import children, settle, wait_until

FAKE = Path(__file__).resolve().parents[1] / "fake_worker.py"


@pytest.fixture(scope="session")
def _qgis_utils(qgis_app, qgis_iface):
    import qgis.utils

    qgis.utils.iface = qgis_iface
    qgis.utils.plugin_paths = [os.environ["QGIS_PLUGINPATH"]]
    qgis.utils.updateAvailablePlugins()
    return qgis.utils


@pytest.fixture(scope="module")
def load_plugin(_qgis_utils):
    """A function that loads the plugin and returns it; it is unloaded at the end, whatever happened."""

    def load():
        assert _qgis_utils.loadPlugin("referent")
        assert _qgis_utils.startPlugin("referent")
        return _qgis_utils.plugins["referent"]

    yield load
    if "referent" in _qgis_utils.plugins:
        _qgis_utils.unloadPlugin("referent")
    settle()
    assert children() == []
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("referent_")] == []


@pytest.fixture(scope="module")
def unload_plugin(_qgis_utils):
    def unload():
        assert _qgis_utils.unloadPlugin("referent")
        settle()

    return unload


@pytest.fixture(scope="module")
def plugin(load_plugin):
    """The plugin, loaded once for a file of tests: its worker takes seconds to start."""
    return load_plugin()


@pytest.fixture
def dock(plugin):
    """The panel, as if it had just been opened."""
    return open_panel(plugin)


def open_panel(plugin):
    dock = plugin.dock
    wait_until(lambda: not dock.session.is_busy)
    QgsProject.instance().clear()
    while dock.results.entries:
        dock.results._tree.setCurrentItem(dock.results._tree.topLevelItem(0))
        dock.results.remove()
    dock.show()
    dock.notice.clear()
    dock.options.set_model_folder(os.environ["REFERENT_TEST_MODEL"])
    dock.refine.set_values(0.5, 0.0, 1000.0)
    dock.scope_box.set_scope("layer")
    dock.engine_changed()
    return dock


@pytest.fixture
def fake_engine(plugin, monkeypatch, tmp_path):
    """The panel over a worker that answers slowly, from a file made beforehand, and starts at once."""
    from qgis.core import QgsFeature, QgsGeometry, QgsVectorFileWriter, QgsVectorLayer

    from referent.plugin.worker import service

    fields = "field=expression:string&field=score:double&field=area_m2:double"
    layer = QgsVectorLayer(f"Polygon?crs=EPSG:32611&{fields}", "found", "memory")
    for number in range(10):
        feature = QgsFeature(layer.fields())
        feature.setGeometry(QgsGeometry.fromWkt(f"POLYGON(({number} 0, {number} 1, {number}.9 1, {number} 0))"))
        feature.setAttributes(["storage tank", number / 10, 10.0 * number])
        layer.dataProvider().addFeature(feature)
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GPKG"
    answer = tmp_path / "answer.gpkg"
    QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(answer), QgsProject.instance().transformContext(), options)
    monkeypatch.setenv("FAKE_ANSWER", str(answer))
    monkeypatch.setattr(service, "worker_command", lambda python: [sys.executable, "-I", str(FAKE)])
    plugin.dock._service.restart()
    yield plugin
    if plugin.dock is not None:
        plugin.dock._service.restart()


@pytest.fixture
def add_raster(qgis_app):
    def add(name="scene"):
        raster = QgsRasterLayer(os.environ[f"REFERENT_TEST_{name.upper()}"], name)
        assert raster.isValid()
        QgsProject.instance().addMapLayer(raster)
        return raster

    return add


class Heard(QObject):
    """What a session said."""

    def __init__(self, session):
        super().__init__()
        self.answers, self.failures, self.progress, self.finished = [], [], [], 0
        session.answered.connect(self.answers.append)
        session.failed.connect(lambda code, sentence: self.failures.append((code, sentence)))
        session.progressed.connect(self.progress.append)
        session.finished.connect(self._on_finished)

    def _on_finished(self):
        self.finished += 1


@pytest.fixture
def heard(dock):
    return Heard(dock.session)


@pytest.fixture
def ask(dock, heard):
    """A function that asks as a person does and waits for the end; returns the answer or the failure."""

    def ask(expression="storage tank", timeout_s=300.0):
        before = heard.finished
        dock.expression_box.setEditText(expression)
        dock.ask_button.click()
        wait_until(lambda: heard.finished > before, timeout_s)
        return heard

    return ask


@pytest.fixture
def message(dock):
    """A function that returns the sentence that the panel shows."""

    def text():
        return dock.notice.text

    return text


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path
