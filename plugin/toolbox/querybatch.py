"""``referent:querybatch``: many expressions over many rasters, into one layer."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputString,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterString,
)

from ..i18n import tr
from . import parameters
from .asking import AskingAlgorithm


class QueryBatchAlgorithm(AskingAlgorithm):
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
        self.add_answer()
        self.addOutput(QgsProcessingOutputString("COUNTS", tr("Number of polygons per expression")))

    def checkParameterValues(self, values, context):
        """Refuse what can be seen to be wrong without any work."""
        if "EXPRESSIONS" in values and not self._expressions(values, context):
            return False, tr("There is no expression: write one per line, such as “storage tank”.")
        return super().checkParameterValues(values, context)

    def prepareAlgorithm(self, values, context, feedback):
        """Look at the layers on the main thread."""
        return self.look_at(self.parameterAsLayerList(values, "LAYERS", context), values, context, feedback)

    def processAlgorithm(
        self, values: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Ask the worker raster by raster."""
        if not self.scenes:
            raise QgsProcessingException(tr("There is no raster to ask: choose at least one."))
        crs = self.scenes[0].crs
        sink, destination = self.open_output(values, context, crs)
        expressions = self._expressions(values, context)
        options = parameters.options_of(self, values, context)
        counts = dict.fromkeys(expressions, 0)
        share = 100 / len(self.scenes)
        for number, scene in enumerate(self.scenes):
            feedback.pushInfo(scene.name)
            value = self.ask(scene, expressions, options, feedback, span=(number * share, (number + 1) * share))
            parameters.copy_polygons(value["output"], sink, feedback, self.turn(scene, crs, context))
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
