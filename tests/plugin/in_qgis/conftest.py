"""The plugin loaded as QGIS loads it, over the real worker."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from qgis.core import QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QObject
from steps import children, settle, wait_until


@pytest.fixture(scope="session")
def _qgis_utils(qgis_app, qgis_iface):
    import qgis.utils

    qgis.utils.iface = qgis_iface
    qgis.utils.plugin_paths = [os.environ["QGIS_PLUGINPATH"]]
    qgis.utils.updateAvailablePlugins()
    return qgis.utils


@pytest.fixture
def load_plugin(_qgis_utils, qgis_new_project):
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


@pytest.fixture
def unload_plugin(_qgis_utils):
    def unload():
        assert _qgis_utils.unloadPlugin("referent")
        settle()

    return unload


@pytest.fixture
def plugin(load_plugin):
    return load_plugin()


@pytest.fixture
def dock(plugin):
    plugin.dock.show()
    plugin.dock.options.set_models([{"name": os.environ["REFERENT_TEST_MODEL"], "folder": ""}])
    plugin.dock.options._model.setCurrentIndex(0)
    plugin.dock.scope_box.set_scope("layer")
    return plugin.dock


@pytest.fixture
def add_raster(qgis_new_project):
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

    def ask(expression="storage tank", timeout_s=60.0):
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
        item = dock.message_bar.currentItem()
        return item.text() if item is not None else ""

    return text


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path
