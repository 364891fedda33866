import sys
import threading

import psutil
from qgis.core import QgsApplication
from qgis.gui import QgsRubberBand
from qgis.PyQt.QtWidgets import QDockWidget


def leftovers(iface):
    """Everything that a plugin can leave behind."""
    return {
        "docks": len(iface.mainWindow().findChildren(QDockWidget, "ReferentDock")),
        "providers": len([p for p in QgsApplication.processingRegistry().providers() if p.id() == "referent"]),
        "bands": len([item for item in iface.mapCanvas().items() if isinstance(item, QgsRubberBand)]),
        "threads": len([t for t in threading.enumerate() if t.name.startswith("referent_")]),
        "children": len(psutil.Process().children(recursive=True)),
        "help": len(iface.pluginHelpMenu().actions()) if iface.pluginHelpMenu() else 0,
    }


def test_plugin_loads_with_provider_and_panel(plugin):
    provider = QgsApplication.processingRegistry().providerById("referent")
    names = {"query", "querybatch", "train", "evaluate", "modelinfo"}
    assert {algorithm.name() for algorithm in provider.algorithms()} == names
    assert plugin.dock.windowTitle() == "Referent"
    for algorithm in provider.algorithms():
        assert algorithm.shortHelpString()
        assert algorithm.helpUrl().startswith("file:")
        assert not algorithm.icon().isNull()


def test_loading_brings_no_heavy_library_into_qgis(plugin):
    heavy = {"torch", "rasterio", "geopandas", "transformers", "shapely", "pyogrio"}
    assert heavy & set(sys.modules) == set()


def test_reloading_leaves_nothing(plugin, load_plugin, unload_plugin, qgis_iface):
    unload_plugin()
    before = leftovers(qgis_iface)
    for _ in range(3):
        load_plugin()
        unload_plugin()
        assert leftovers(qgis_iface) == before
