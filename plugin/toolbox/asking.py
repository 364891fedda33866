"""What the algorithms that ask share: rasters looked at on the main thread, one sink, one question per raster."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeatureSink,
    QgsGeometry,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterFeatureSink,
    QgsRasterLayer,
)

from .. import settings
from ..i18n import tr
from ..scene import Scene, SceneError, describe
from . import parameters
from .base import ReferentAlgorithm, Span


class AskingAlgorithm(ReferentAlgorithm):
    """Asks rasters and puts what it finds into OUTPUT."""

    def add_answer(self) -> None:
        """Add how a question is asked, and where its polygons go."""
        parameters.add_options(self)
        self.addParameter(
            QgsProcessingParameterFeatureSink("OUTPUT", tr("Found"), QgsProcessing.SourceType.TypeVectorPolygon)
        )
        self.addOutput(QgsProcessingOutputNumber("COUNT", tr("Number of polygons")))

    def checkParameterValues(self, values, context):
        """Refuse what can be seen to be wrong without any work."""
        try:
            parameters.parse_bands(self.parameterAsString(values, "BANDS", context))
        except ValueError as error:
            return False, str(error)
        return super().checkParameterValues(values, context)

    def look_at(
        self,
        layers: Iterable[QgsRasterLayer],
        values: dict[str, Any],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
    ) -> bool:
        """Note what is to be asked, on the main thread; returns whether it can be asked."""
        as_displayed = self.parameterAsEnumString(values, "IMAGE", context) == "displayed"
        try:
            self.scenes = [describe(layer, as_displayed=as_displayed) for layer in layers]
        except SceneError as error:
            feedback.reportError(str(error), True)
            return False
        return True

    def open_output(
        self, values: dict[str, Any], context: QgsProcessingContext, crs: QgsCoordinateReferenceSystem
    ) -> tuple[QgsFeatureSink, str]:
        """Return the sink of OUTPUT and its identifier.

        Raises:
            QgsProcessingException: it cannot be written.
        """
        sink, destination = self.parameterAsSink(
            values, "OUTPUT", context, parameters.result_fields(), parameters.polygon_type(), crs
        )
        if sink is None:
            raise QgsProcessingException(self.invalidSinkError(values, "OUTPUT"))
        return sink, destination

    def ask(
        self,
        scene: Scene,
        expressions: list[str],
        options: dict[str, Any],
        feedback: QgsProcessingFeedback,
        region: QgsGeometry | None = None,
        span: Span = (0, 100),
    ) -> dict[str, Any]:
        """Ask one raster; returns the value of the ``query``, its polygons in the file ``output``.

        Raises:
            QgsProcessingException: the question failed or was cancelled.
        """
        params = {
            "raster": self.scene_file(scene, region, parameters.EXPORT_GSD_M, feedback),
            "expressions": expressions,
            "output": parameters.scratch_file("found.gpkg"),
            "region": region.asWkt(9) if region is not None else None,
            **settings.cache_params(),
            **options,
        }
        value = self.run_job("query", params, feedback, span)
        for text in value["warnings"]:
            feedback.pushWarning(text)
        for plan, count, best in zip(value["plans"], value["counts"], value["best_scores"]):
            if plan:
                feedback.pushInfo(tr("The model was asked: {plan}").replace("{plan}", plan))
            if count == 0:
                score = "–" if best is None else f"{best:.2f}"
                feedback.pushInfo(tr("Nothing found; the best score was {score}.").replace("{score}", score))
        return value

    @staticmethod
    def turn(
        scene: Scene, crs: QgsCoordinateReferenceSystem, context: QgsProcessingContext
    ) -> QgsCoordinateTransform | None:
        """Return the transform from a scene's CRS to another one, None where they are the same."""
        return None if scene.crs == crs else QgsCoordinateTransform(scene.crs, crs, context.transformContext())
