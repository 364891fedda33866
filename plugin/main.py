"""The plugin object that QGIS holds: what it starts in ``initGui`` it stops in ``unload``."""

from __future__ import annotations

from qgis.core import QgsApplication


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

    def initProcessing(self):
        """Register the Processing provider."""
        from .toolbox.provider import ReferentProvider

        self._provider = ReferentProvider()
        QgsApplication.processingRegistry().addProvider(self._provider)

    def initGui(self):
        """Register everything that has a window."""
        self.initProcessing()

    def unload(self):
        """Take back everything that ``initGui`` put in place."""
        if self._provider is not None:
            QgsApplication.processingRegistry().removeProvider(self._provider)
            self._provider = None
