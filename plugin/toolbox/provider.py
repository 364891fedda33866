"""The Processing provider ``referent``."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from ..i18n import tr
from ..paths import resource
from ..worker.service import EngineService
from .evaluate import EvaluateAlgorithm
from .modelinfo import ModelInfoAlgorithm
from .query import QueryAlgorithm
from .querybatch import QueryBatchAlgorithm
from .train import TrainAlgorithm


class ReferentProvider(QgsProcessingProvider):
    """Registers the algorithms always, with or without an engine: a missing engine is a sentence at run time."""

    def __init__(self, service: EngineService):
        """Keep the engine that the algorithms of this provider use."""
        super().__init__()
        self.service = service

    def id(self):
        """Return the stable identifier."""
        return "referent"

    def name(self):
        """Return the short name, the same in every language."""
        return "Referent"

    def longName(self):
        """Return the name shown with more room."""
        return tr("Referent: ask a map in words")

    def icon(self):
        """Return the plugin's icon."""
        return QIcon(resource("icons/referent.svg"))

    def loadAlgorithms(self):
        """Register every algorithm."""
        kinds = (QueryAlgorithm, QueryBatchAlgorithm, TrainAlgorithm, EvaluateAlgorithm, ModelInfoAlgorithm)
        for algorithm in kinds:
            self.addAlgorithm(algorithm())
