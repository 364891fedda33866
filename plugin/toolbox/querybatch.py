"""``referent:querybatch``: many expressions over many rasters, into one layer."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsCoordinateTransform,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterString,
)

from ..i18n import tr
from ..scene import SceneError, describe
from . import parameters
from .base import ReferentAlgorithm


class QueryBatchAlgorithm(ReferentAlgorithm):
    """Asks every raster every expression; the picture of each raster is looked at once."""

    def name(self):
        """Return the stable name."""
        return "querybatch"

    def displayName(self):
        """Return the name that people see."""
        return tr("Ask many rasters many things")

    def shortDescription(self):
        """Return one line."""
        return tr("Every expression over every raster, in one layer with the columns “expression” and “raster”.")

    def shortHelpString(self):
        """Return the help beside the parameters."""
        return tr(
            "<p>Asks every raster every expression. Write one expression per line; each raster is looked at once, "
            "whatever the number of expressions.</p>"
            "<p>The result is one layer in the CRS of the first raster, with the columns “expression” and “raster”.</p>"
        )

    def tags(self):
        """Return words for the search."""
        return tr("batch,many,expressions,rasters,mosaic,detection,segmentation,text").split(",")

    def initAlgorithm(self, configuration=None):
        """Declare parameters and outputs."""
        self.addParameter(
            QgsProcessingParameterMultipleLayers("LAYERS", tr("Rasters"), QgsProcessing.SourceType.TypeRaster)
        )
        self.addParameter(QgsProcessingParameterString("EXPRESSIONS", tr("Expressions, one per line"), multiLine=True))
        parameters.add_options(self)
        self.addParameter(
            QgsProcessingParameterFeatureSink("OUTPUT", tr("Found"), QgsProcessing.SourceType.TypeVectorPolygon)
        )
        self.addOutput(QgsProcessingOutputNumber("COUNT", tr("Number of polygons")))
        self.addOutput(QgsProcessingOutputString("COUNTS", tr("Number of polygons per expression")))

    def checkParameterValues(self, values, context):
        """Refuse what can be seen to be wrong without any work."""
        if "EXPRESSIONS" in values and not self._expressions(values, context):
            return False, tr("There is no expression: write one per line, such as “storage tank”.")
        return super().checkParameterValues(values, context)

    def prepareAlgorithm(self, values, context, feedback):
        """Look at the layers on the main thread."""
        as_displayed = self.parameterAsEnumString(values, "IMAGE", context) == "displayed"
        try:
            layers = self.parameterAsLayerList(values, "LAYERS", context)
            self._scenes = [describe(layer, as_displayed=as_displayed) for layer in layers]
        except SceneError as error:
            feedback.reportError(str(error), True)
            return False
        return True

    def processAlgorithm(
        self, values: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Ask the worker raster by raster."""
        if not self._scenes:
            raise QgsProcessingException(tr("There is no raster to ask: choose at least one."))
        crs = self._scenes[0].crs
        sink, destination = self.parameterAsSink(
            values, "OUTPUT", context, parameters.result_fields(), parameters.polygon_type(), crs
        )
        if sink is None:
            raise QgsProcessingException(self.invalidSinkError(values, "OUTPUT"))
        expressions = self._expressions(values, context)
        options = parameters.options_of(self, values, context)
        counts = dict.fromkeys(expressions, 0)
        share = 100 / len(self._scenes)
        for number, scene in enumerate(self._scenes):
            feedback.pushInfo(scene.name)
            output = parameters.scratch_file("found.gpkg")
            params = {
                "raster": self.scene_file(scene, None, parameters.EXPORT_GSD_M, feedback),
                "expressions": expressions,
                "output": output,
                **options,
            }
            value = self.run_job("query", params, feedback, (number * share, (number + 1) * share))
            self.report(value, feedback)
            turn = None if scene.crs == crs else QgsCoordinateTransform(scene.crs, crs, context.transformContext())
            parameters.copy_polygons(output, sink, feedback, turn)
            for text, count in zip(expressions, value["counts"]):
                counts[text] += count
        for text, count in counts.items():
            feedback.pushInfo(f"{text}: {count}")
        return {
            "OUTPUT": destination,
            "COUNT": sum(counts.values()),
            "COUNTS": "\n".join(f"{text}\t{count}" for text, count in counts.items()),
        }

    def _expressions(self, values: dict[str, Any], context: QgsProcessingContext) -> list[str]:
        lines = self.parameterAsString(values, "EXPRESSIONS", context).replace("\\n", "\n").splitlines()
        return list(dict.fromkeys(line.strip() for line in lines if line.strip()))
