"""Runs inside QGIS (``qgis --code``): uses panel and dialogs as a person does, and takes pictures of the windows.

Environment: ``REFERENT_SHOTS`` folder of the pictures, ``REFERENT_SCENE`` raster, ``REFERENT_LABELS`` polygons over it
with the fields ``class`` and ``expression``, ``REFERENT_QUESTIONS`` one per line, ``REFERENT_MODEL`` folder of a
checkpoint instead of the bundled model, ``REFERENT_STEPS`` of the training.
"""

import os
import traceback
from pathlib import Path

from qgis.core import QgsApplication, QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import QDialog, QDockWidget, QToolBar, QVBoxLayout
from qgis.utils import iface, plugins

SHOTS = Path(os.environ["REFERENT_SHOTS"])
QUESTIONS = os.environ.get("REFERENT_QUESTIONS", "storage tank\nthe largest storage tank").splitlines()
MODEL = os.environ.get("REFERENT_MODEL", "")
STEPS = int(os.environ.get("REFERENT_STEPS", "30"))
PATIENCE_MS = 400_000
POLL_MS = 100


def shoot(name, window=None):
    """Save a picture of a window; QGIS's own if None."""
    QgsApplication.processEvents()
    (window or iface.mainWindow()).grab().save(str(SHOTS / f"{name}.png"))


def arrange():
    """Show QGIS as a person has it who works with the panel."""
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
    return dock


def story():
    """Do what a person does; yields milliseconds to wait, or what must hold before it goes on."""
    yield 2500
    dock = arrange()
    dock.session.failed.connect(lambda code, sentence: print("failed", code, sentence))
    yield lambda: bool(dock.models)
    yield 1500
    shoot("panel-empty")
    for number, question in enumerate(QUESTIONS):
        dock.expression_box.setEditText(question)
        dock.ask()
        if number == 0:
            yield 700
            shoot("panel-running")
        yield lambda: not dock.session.is_busy
    iface.mapCanvas().refresh()
    yield 1500
    shoot("panel-answers")
    dock.options.setCollapsed(False)
    yield 500
    shoot("panel-options")
    yield from settings()
    if os.environ.get("REFERENT_LABELS"):
        yield from training(dock)


def settings():
    """Show the settings page."""
    from referent.plugin.options_page import OptionsPage

    window = QDialog(iface.mainWindow())
    QVBoxLayout(window).addWidget(
        OptionsPage(plugins["referent"]._service, "0.1.0", lambda: None, lambda: None, window)
    )
    window.resize(640, 420)
    window.show()
    yield 300
    shoot("settings", window)
    window.close()


def training(dock):
    """Describe objects, look at the data, train, evaluate."""
    labels = QgsVectorLayer(os.environ["REFERENT_LABELS"], "labels", "ogr")
    QgsProject.instance().addMapLayer(labels)
    dialog = plugins["referent"].windows.train()
    dialog.job.failed.connect(lambda *what: print("failed", *what))
    labels.selectByIds(sorted(labels.allFeatureIds())[:4])
    yield 500
    shoot("train-empty", dialog)
    dialog.look()
    yield lambda: not dialog.job.is_busy
    yield 300
    shoot("train-data", dialog)
    dialog.steps_box.setValue(STEPS)
    dialog.train()
    yield lambda: len(dialog.plot.losses) > STEPS * 0.6 or not dialog.job.is_busy
    shoot("train-running", dialog)
    yield lambda: not dialog.job.is_busy
    yield 300
    shoot("train-result", dialog)
    dialog.tabs.setCurrentWidget(dialog.plot)
    yield 200
    shoot("train-plot", dialog)
    dialog.close()
    yield 1500
    dialog = plugins["referent"].windows.evaluate()
    dialog.job.failed.connect(lambda *what: print("failed", *what))
    dialog.evaluate()
    yield lambda: not dialog.job.is_busy
    yield 300
    shoot("evaluate", dialog)
    dialog.close()


def tell(steps, waiting=None, waited_ms=0):
    """Go on with the story, never blocking QGIS."""
    try:
        if callable(waiting) and not waiting():
            if waited_ms > PATIENCE_MS:
                raise TimeoutError("it did not happen in time")
            QTimer.singleShot(POLL_MS, lambda: tell(steps, waiting, waited_ms + POLL_MS))
            return
        waiting = next(steps)
        QTimer.singleShot(POLL_MS if callable(waiting) else waiting, lambda: tell(steps, waiting))
    except StopIteration:
        leave()
    except Exception:
        traceback.print_exc()
        leave()


def leave():
    """End QGIS without questions about unsaved changes."""
    QgsProject.instance().clear()
    QgsApplication.instance().quit()


QTimer.singleShot(0, lambda: tell(story()))
