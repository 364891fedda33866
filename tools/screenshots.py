"""Runs inside QGIS (``qgis --code``): fills the panel with a real question and takes pictures of the window.

Environment: ``REFERENT_SHOTS`` folder of the pictures, ``REFERENT_SCENE`` raster, ``REFERENT_QUESTIONS`` one per line.
"""

import os
import traceback
from pathlib import Path

from qgis.core import QgsApplication, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QDockWidget, QToolBar
from qgis.utils import iface, plugins

SHOTS = Path(os.environ["REFERENT_SHOTS"])
QUESTIONS = os.environ.get("REFERENT_QUESTIONS", "storage tank\nthe largest storage tank").splitlines()
MODEL = os.environ.get("REFERENT_MODEL", "")


def _shoot(name):
    QgsApplication.processEvents()
    iface.mainWindow().grab().save(str(SHOTS / f"{name}.png"))


def _quietly(step):
    def run(*arguments):
        try:
            step(*arguments)
        except Exception:
            traceback.print_exc()
            _leave()

    return run


def _leave():
    QgsProject.instance().clear()
    QgsApplication.instance().quit()


@_quietly
def _start():
    window = iface.mainWindow()
    window.showNormal()
    window.resize(1500, 900)
    for bar in window.findChildren(QToolBar):
        bar.setVisible(bar.objectName() in ("mFileToolBar", "mMapNavToolBar", "mRasterToolBar"))
    for dock in window.findChildren(QDockWidget):
        dock.setVisible(dock.objectName() in ("Layers", "ReferentDock"))
    layer = QgsRasterLayer(os.environ["REFERENT_SCENE"], Path(os.environ["REFERENT_SCENE"]).stem)
    QgsProject.instance().addMapLayer(layer)
    iface.mapCanvas().setDestinationCrs(layer.crs())
    iface.mapCanvas().setExtent(layer.extent())
    dock = plugins["referent"].dock
    dock.show()
    window.resizeDocks([dock], [430], 1)
    if MODEL:
        dock.options.set_model_folder(MODEL)
    dock.session.finished.connect(_quietly(_finished))
    dock.session.failed.connect(lambda code, sentence: print("failed", code, sentence))
    iface.mapCanvas().waitWhileRendering()
    QTimer.singleShot(4000, _quietly(_first))


def _first():
    _shoot("panel-empty")
    _ask()


def _ask():
    dock = plugins["referent"].dock
    dock.expression_box.setEditText(QUESTIONS[len(dock.results.entries)])
    dock.ask()
    if len(dock.results.entries) == 0:
        QTimer.singleShot(700, lambda: _shoot("panel-running"))


def _finished():
    dock = plugins["referent"].dock
    if len(dock.results.entries) in range(1, len(QUESTIONS)):
        QTimer.singleShot(500, _quietly(_ask))
    else:
        QTimer.singleShot(1500, _quietly(_last))


def _last():
    dock = plugins["referent"].dock
    iface.mapCanvas().refresh()
    iface.mapCanvas().waitWhileRendering()
    _shoot("panel-answers")
    dock.options.setCollapsed(False)
    QTimer.singleShot(500, _quietly(_options))


def _options():
    from referent.plugin.options_page import OptionsPage

    _shoot("panel-options")
    plugin = plugins["referent"]
    page = OptionsPage(plugin._service, "0.1.0", lambda: None, lambda: None, None)
    page.resize(640, 420)
    page.grab().save(str(SHOTS / "settings.png"))
    _leave()


QTimer.singleShot(2500, _start)
