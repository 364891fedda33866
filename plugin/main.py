"""The plugin object that QGIS holds: what it starts in ``initGui`` it stops in ``unload``."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication, Qt, QUrl
from qgis.PyQt.QtGui import QDesktopServices, QIcon


class ReferentPlugin:
    """Referent inside QGIS: a Processing provider, a panel and a settings page, over one engine.

    ``qgis_process`` calls :meth:`initProcessing` only, so nothing there may need a window.
    """

    def __init__(self, iface):
        """Remember the interface; start nothing.

        Args:
            iface: the ``QgisInterface``; None in ``qgis_process``.
        """
        self._iface = iface
        self._translator = None
        self._service = None
        self._provider = None
        self._options = None
        self._help_action = None
        self._toggle = None
        self._menu_actions = []
        self.dock = None
        self.windows = None

    def initProcessing(self):
        """Register the Processing provider."""
        from .i18n import install_translator
        from .toolbox.provider import ReferentProvider
        from .worker.service import EngineService

        self._translator = install_translator()
        self._service = EngineService()
        self._provider = ReferentProvider(self._service)
        QgsApplication.processingRegistry().addProvider(self._provider)

    def initGui(self):
        """Register everything that has a window."""
        from qgis.PyQt.QtWidgets import QAction

        from .. import __version__
        from .compat import theme_icon
        from .help import help_url
        from .i18n import tr
        from .options_page import ReferentOptionsFactory
        from .panel.dock import ReferentDock
        from .paths import resource
        from .training.windows import TrainingWindows

        self.initProcessing()
        icon = QIcon(resource("icons/referent.svg"))
        self.dock = ReferentDock(self._iface, self._service, self._iface.mainWindow())
        self._iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)
        self._toggle = self.dock.toggleViewAction()
        self._toggle.setIcon(icon)
        self._iface.addRasterToolBarIcon(self._toggle)
        self._iface.addPluginToRasterMenu("Referent", self._toggle)
        self.windows = TrainingWindows(self._iface, self._service, self.dock)
        for icon_name, text, act in (
            ("processingModel.svg", tr("Train a model…"), self.windows.train),
            ("mIconReport.svg", tr("Evaluate a model…"), self.windows.evaluate),
        ):
            action = QAction(theme_icon(icon_name), text, self._iface.mainWindow())
            action.triggered.connect(lambda checked=False, act=act: act())
            self._iface.addPluginToRasterMenu("Referent", action)
            self._menu_actions.append(action)
        self.dock.toolbar.train_wanted.connect(lambda: self.windows.train())
        self.dock.toolbar.evaluate_wanted.connect(lambda: self.windows.evaluate())
        self._options = ReferentOptionsFactory(self._service, __version__, self._refresh, self.dock.repair)
        self._iface.registerOptionsWidgetFactory(self._options)
        self._help_action = self._iface.pluginHelpMenu().addAction(icon, "Referent")
        self._help_action.triggered.connect(lambda: QDesktopServices.openUrl(QUrl(help_url())))

    def unload(self):
        """Take back everything that ``initGui`` put in place."""
        if self._help_action is not None:
            self._iface.pluginHelpMenu().removeAction(self._help_action)
            self._help_action.deleteLater()
            self._help_action = None
        if self._options is not None:
            self._iface.unregisterOptionsWidgetFactory(self._options)
            self._options = None
        for action in self._menu_actions:
            self._iface.removePluginRasterMenu("Referent", action)
            action.deleteLater()
        self._menu_actions = []
        if self.windows is not None:
            self.windows.close()
            self.windows = None
        if self.dock is not None:
            self._iface.removePluginRasterMenu("Referent", self._toggle)
            self._iface.removeRasterToolBarIcon(self._toggle)
            self._toggle = None
            self.dock.shut()
            self._iface.removeDockWidget(self.dock)
            self.dock.deleteLater()
            self.dock = None
        if self._provider is not None:
            QgsApplication.processingRegistry().removeProvider(self._provider)
            self._provider = None
        if self._service is not None:
            self._service.close()
            self._service = None
        if self._translator is not None:
            QCoreApplication.removeTranslator(self._translator)
            self._translator = None

    def _refresh(self):
        if self.dock is not None:
            self.dock.engine_changed()
