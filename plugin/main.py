"""The plugin object that QGIS holds: what it starts in ``initGui`` it stops in ``unload``."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QCoreApplication


class ReferentPlugin:
    """Referent inside QGIS: a Processing provider and a panel.

    ``qgis_process`` calls :meth:`initProcessing` only, so nothing there may need a window.
    """

    def __init__(self, iface):
        """Remember the interface; start nothing.

        Args:
            iface: the ``QgisInterface``; None in ``qgis_process``.
        """
        self._iface = iface
        self._provider = None
        self._service = None
        self._translator = None

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
        self.initProcessing()

    def unload(self):
        """Take back everything that ``initGui`` put in place."""
        if self._provider is not None:
            QgsApplication.processingRegistry().removeProvider(self._provider)
            self._provider = None
        if self._service is not None:
            self._service.close()
            self._service = None
        if self._translator is not None:
            QCoreApplication.removeTranslator(self._translator)
            self._translator = None
