"""``referent:modelinfo``: what a model knows."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterString,
)

from ..i18n import tr
from .base import ReferentAlgorithm


class ModelInfoAlgorithm(ReferentAlgorithm):
    """Says what a model knows and at which resolution it looks."""

    def name(self):
        """Return the stable name."""
        return "modelinfo"

    def displayName(self):
        """Return the name that people see."""
        return tr("What a model knows")

    def shortDescription(self):
        """Return one line."""
        return tr("Classes, ground resolution and model card of a model.")

    def shortHelpString(self):
        """Return the help beside the parameters."""
        return tr(
            "<p>Classes, ground resolution and model card of a model: a bundled one by its name (“small”), or the "
            "folder of a checkpoint.</p>"
        )

    def tags(self):
        """Return words for the search."""
        return tr("model,classes,checkpoint,card").split(",")

    def initAlgorithm(self, configuration=None):
        """Declare parameters and outputs."""
        self.addParameter(QgsProcessingParameterString("MODEL", tr("Model (name or folder)"), "small"))
        self.addOutput(QgsProcessingOutputString("NAME", tr("Name")))
        self.addOutput(QgsProcessingOutputNumber("GSD", tr("Ground resolution (m per pixel)")))
        self.addOutput(QgsProcessingOutputString("CLASSES", tr("Classes")))
        self.addOutput(QgsProcessingOutputString("CARD", tr("Model card")))

    def processAlgorithm(
        self, values: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Ask the worker."""
        name = self.parameterAsString(values, "MODEL", context).strip()
        models = self.run_job("models", {"folder": name}, feedback)["models"]
        if not models:
            raise QgsProcessingException(tr("There is no model “{name}”.").replace("{name}", name))
        model = models[-1]
        feedback.pushInfo(
            tr("{name}: {gsd} m per pixel, expressions of up to {words} words; knows {classes}")
            .replace("{name}", model["name"])
            .replace("{gsd}", f"{model['gsd_m']:g}")
            .replace("{words}", str(model["max_words"]))
            .replace("{classes}", ", ".join(model["classes"]))
        )
        return {
            "NAME": model["name"],
            "GSD": model["gsd_m"],
            "CLASSES": ", ".join(model["classes"]),
            "CARD": model["card"],
        }
