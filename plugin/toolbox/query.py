"""``referent:query``: one expression over one raster."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)

from ..i18n import tr
from ..scene import SceneError, describe
from . import parameters
from .base import ReferentAlgorithm


class QueryAlgorithm(ReferentAlgorithm):
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
        )

    def tags(self):
        """Return words for the search."""
        return tr("referring expression,segmentation,detection,text,prompt,deep learning,objects,imagery").split(",")

    def initAlgorithm(self, configuration=None):
        """Declare parameters and outputs."""
        self.addParameter(QgsProcessingParameterRasterLayer("INPUT", tr("Raster")))
        self.addParameter(QgsProcessingParameterString("EXPRESSION", tr("Expression")))
        parameters.add_area(self)
        parameters.add_options(self)
        self.addParameter(
            QgsProcessingParameterFeatureSink("OUTPUT", tr("Found"), QgsProcessing.SourceType.TypeVectorPolygon)
        )
        self.addOutput(QgsProcessingOutputNumber("COUNT", tr("Number of polygons")))
        self.addOutput(QgsProcessingOutputNumber("BEST_SCORE", tr("Best score")))
        self.addOutput(QgsProcessingOutputString("PLAN", tr("What the model was asked")))

    def checkParameterValues(self, values, context):
        """Refuse what can be seen to be wrong without any work."""
        if "EXPRESSION" in values and not self.parameterAsString(values, "EXPRESSION", context).strip():
            return False, tr("The expression is empty: type what to look for, such as “storage tank”.")
        try:
            text = self.parameterAsString(values, "BANDS", context)
            if text.strip():
                parameters.parse_bands(text)
        except ValueError as error:
            return False, str(error)
        return super().checkParameterValues(values, context)

    def prepareAlgorithm(self, values, context, feedback):
        """Look at the layer on the main thread."""
        layer = self.parameterAsRasterLayer(values, "INPUT", context)
        as_displayed = self.parameterAsEnumString(values, "IMAGE", context) == "displayed"
        try:
            self._scene = describe(layer, as_displayed=as_displayed)
        except SceneError as error:
            feedback.reportError(str(error), True)
            return False
        return True

    def processAlgorithm(
        self, values: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Ask the worker and copy what it found."""
        scene = self._scene
        try:
            region = parameters.region_of(self, values, context, scene)
        except SceneError as error:
            raise QgsProcessingException(str(error)) from error
        sink, destination = self.parameterAsSink(
            values, "OUTPUT", context, parameters.result_fields(), parameters.polygon_type(), scene.crs
        )
        if sink is None:
            raise QgsProcessingException(self.invalidSinkError(values, "OUTPUT"))
        output = parameters.scratch_file("found.gpkg")
        value = self.run_job(
            "query",
            {
                "raster": self.scene_file(scene, region, parameters.EXPORT_GSD_M, feedback),
                "expressions": [self.parameterAsString(values, "EXPRESSION", context)],
                "output": output,
                "region": region.asWkt(9) if region is not None else None,
                **parameters.options_of(self, values, context),
            },
            feedback,
            (0, 95),
        )
        self.report(value, feedback)
        count = parameters.copy_polygons(output, sink, feedback)
        return {
            "OUTPUT": destination,
            "COUNT": count,
            "BEST_SCORE": value["best_scores"][0],
            "PLAN": value["plans"][0],
        }
