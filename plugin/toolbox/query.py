"""``referent:query``: one expression over one raster."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)

from ..i18n import tr
from ..scene import SceneError
from . import parameters
from .asking import AskingAlgorithm


class QueryAlgorithm(AskingAlgorithm):
    """Finds what an expression speaks of."""

    def name(self):
        """Return the stable name."""
        return "query"

    def displayName(self):
        """Return the name that people see."""
        return tr("Ask a raster in words")

    def shortDescription(self):
        """Return one line."""
        return tr("Polygons of what an expression speaks of, such as “the largest storage tank near the harbour”.")

    def shortHelpString(self):
        """Return the help beside the parameters."""
        return tr(
            "<p>Finds what an expression speaks of in aerial or satellite imagery and returns polygons with score and "
            "area, in the CRS of the raster.</p>"
            "<p><b>Expression</b>: a class (“storage tank”), or words about size, position and neighbours: “the "
            "largest storage tank”, “tennis courts within 200 m of a school”.</p>"
            "<p><b>Threshold</b>: pixels with at least this score belong to a polygon. <b>Minimum area</b> and "
            "<b>simplification</b>: left empty, they follow the resolution that the model sees.</p>"
            "<p><b>Colours</b>: “displayed” uses bands and stretch as the layer is drawn.</p>"
            "<p><b>Scores</b>: a raster of the scores in [0, 1] at the resolution that the model sees, one band per "
            "noun phrase of the expression.</p>"
        )

    def tags(self):
        """Return words for the search."""
        return tr("referring expression,segmentation,detection,text,prompt,deep learning,objects,imagery").split(",")

    def initAlgorithm(self, configuration=None):
        """Declare parameters and outputs."""
        self.addParameter(QgsProcessingParameterRasterLayer("INPUT", tr("Raster")))
        self.addParameter(QgsProcessingParameterString("EXPRESSION", tr("Expression")))
        parameters.add_area(self)
        self.add_answer()
        self.addParameter(
            QgsProcessingParameterRasterDestination("SCORES", tr("Scores"), optional=True, createByDefault=False)
        )
        self.addOutput(QgsProcessingOutputNumber("BEST_SCORE", tr("Best score")))
        self.addOutput(QgsProcessingOutputString("PLAN", tr("What the model was asked")))

    def checkParameterValues(self, values, context):
        """Refuse what can be seen to be wrong without any work."""
        if "EXPRESSION" in values and not self.parameterAsString(values, "EXPRESSION", context).strip():
            return False, tr("The expression is empty: type what to look for, such as “storage tank”.")
        return super().checkParameterValues(values, context)

    def prepareAlgorithm(self, values, context, feedback):
        """Look at the layer on the main thread."""
        return self.look_at([self.parameterAsRasterLayer(values, "INPUT", context)], values, context, feedback)

    def processAlgorithm(
        self, values: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Ask the worker and copy what it found."""
        scene = self.scenes[0]
        try:
            region = parameters.region_of(self, values, context, scene)
        except SceneError as error:
            raise QgsProcessingException(str(error)) from error
        sink, destination = self.open_output(values, context, scene.crs)
        options = parameters.options_of(self, values, context)
        scores = self.parameterAsOutputLayer(values, "SCORES", context) if values.get("SCORES") else None
        expression = self.parameterAsString(values, "EXPRESSION", context)
        value = self.ask(scene, [expression], {**options, "scores": scores}, feedback, region, (0, 95))
        return {
            "OUTPUT": destination,
            "COUNT": parameters.copy_polygons(value["output"], sink, feedback),
            "SCORES": scores,
            "BEST_SCORE": value["best_scores"][0],
            "PLAN": value["plans"][0],
        }
