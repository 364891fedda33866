"""Runs inside QGIS for ``benchmarks/qgis.py``: asks from the panel as a person does, and times what a person waits for.

Environment: ``REFERENT_BENCH`` JSON file to write, ``REFERENT_SCENES`` JSON list of rasters, the last one large.
"""

import json
import os
import signal
import time
import traceback
from pathlib import Path

from qgis.core import QgsApplication, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QTimer
from qgis.utils import iface, plugins

*SCENES, LARGE = json.loads(os.environ["REFERENT_SCENES"])
FIRST, SECOND = "storage tank", "airplane"


class Panel:
    """The panel and what it says."""

    def __init__(self):
        """Show the panel and listen to it."""
        self.dock = plugins["referent"].dock
        self.dock.show()
        self.ended = 0
        self.answer = None
        self.segmenting = False
        self.dock.session.finished.connect(self._on_finished)
        self.dock.session.answered.connect(self._on_answer)
        self.dock.session.progressed.connect(self._on_progress)

    def _on_finished(self):
        self.ended += 1

    def _on_answer(self, answer):
        self.answer = answer

    def _on_progress(self, report):
        self.segmenting = self.segmenting or getattr(report, "stage", "") == "segment"

    def show_raster(self, path):
        """Show one raster, whole, and wait until it is drawn."""
        QgsProject.instance().clear()
        layer = QgsRasterLayer(path, Path(path).stem)
        QgsProject.instance().addMapLayer(layer)
        iface.mapCanvas().setDestinationCrs(layer.crs())
        iface.mapCanvas().setExtent(layer.extent())
        iface.mapCanvas().waitWhileRendering()
        self.dock.layer_box.setLayer(layer)
        self.dock.scope_box.set_scope("layer")

    def ask(self, expression):
        """Click; returns the seconds until the polygons are in the project, and those that the engine took."""
        ended, start = self.ended, time.perf_counter()
        self.dock.expression_box.setEditText(expression)
        self.dock.ask_button.click()
        wait(lambda: self.ended > ended)
        return time.perf_counter() - start, self.answer.engine_s

    def start(self, expression):
        """Click and return when tiles are being looked at."""
        self.segmenting = False
        self.dock.expression_box.setEditText(expression)
        self.dock.ask_button.click()
        wait(lambda: self.segmenting)

    def until_ended(self, act):
        """Return the seconds from an act to the end of the question."""
        ended, start = self.ended, time.perf_counter()
        act()
        wait(lambda: self.ended > ended)
        return time.perf_counter() - start


def wait(condition, limit_s=300):
    """Run QGIS until a condition holds."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the panel did not come to an end")
        QgsApplication.processEvents()
        time.sleep(0.002)


def measure():
    """Return the figures."""
    panel = Panel()
    panel.show_raster(SCENES[0])
    panel.ask(FIRST)  # loads the model
    firsts, ratios, seconds = [], [], []
    for path in SCENES[1:]:
        panel.show_raster(path)
        total_s, engine_s = panel.ask(FIRST)
        firsts.append(total_s)
        ratios.append(total_s / engine_s)
        seconds.append(panel.ask(SECOND)[0])
    panel.show_raster(LARGE)
    panel.start(FIRST)
    cancel_s = panel.until_ended(panel.dock.cancel_button.click)
    panel.start(FIRST)
    pid = panel.dock._service.pid
    dead_s = panel.until_ended(lambda: os.kill(pid, signal.SIGKILL))
    panel.show_raster(SCENES[0])
    panel.ask(FIRST)
    panel.show_raster(LARGE)
    panel.start(FIRST)
    pid = panel.dock._service.pid
    hung_s = panel.until_ended(lambda: os.kill(pid, signal.SIGSTOP))
    return {
        "firsts_s": firsts, "ratios": ratios, "seconds_s": seconds,
        "cancel_s": cancel_s, "dead_s": dead_s, "hung_s": hung_s,
    }  # fmt: skip


def main():
    """Measure, write, leave."""
    try:
        found = measure()
    except Exception:
        found = {"error": traceback.format_exc()}
    Path(os.environ["REFERENT_BENCH"]).write_text(json.dumps(found), encoding="utf-8")
    QgsProject.instance().clear()
    QgsApplication.instance().quit()


QTimer.singleShot(3000, main)
