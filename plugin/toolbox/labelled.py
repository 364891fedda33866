"""What the algorithms on labelled layers share: rasters, labels and their fields, as parameters and as params."""

from __future__ import annotations

from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterEnum,
    QgsProcessingParameterField,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorLayer,
)

from ..i18n import tr
from ..scene import SceneError, describe, region_in
from . import parameters
from .base import ReferentAlgorithm


class LabelledAlgorithm(ReferentAlgorithm):
    """Works on rasters and a layer of labelled polygons."""

    def add_sources(self) -> None:
        """Add rasters, labels, fields and bands."""
        field = QgsProcessingParameterField
        self.addParameter(
            QgsProcessingParameterMultipleLayers("RASTERS", tr("Rasters"), QgsProcessing.SourceType.TypeRaster)
        )
        self.addParameter(
            QgsProcessingParameterVectorLayer(
                "LABELS", tr("Labels (polygons, one per object)"), [QgsProcessing.SourceType.TypeVectorPolygon]
            )
        )
        # Optional only so that qgis_process takes the default.
        self.addParameter(field("CLASS_FIELD", tr("Class field"), "class", "LABELS", optional=True))
        self.addParameter(
            field("EXPRESSION_FIELD", tr("Expression field"), None, "LABELS", field.DataType.String, optional=True)
        )
        self.addParameter(QgsProcessingParameterBoolean("COMPLETE", tr("Every object of these classes is drawn"), True))

    def add_device(self) -> None:
        """Add bands and device, folded away."""
        devices = parameters.DEVICES
        for parameter in (
            QgsProcessingParameterString("BANDS", tr("Bands for red, green, blue (such as 4,3,2)"), "", optional=True),
            QgsProcessingParameterEnum(
                "DEVICE", tr("Device"), devices, False, devices[0], False, usesStaticStrings=True
            ),
        ):
            self.addParameter(parameters.advanced(parameter))

    def checkParameterValues(self, values, context):
        """Refuse what can be seen to be wrong without any work."""
        try:
            parameters.parse_bands(self.parameterAsString(values, "BANDS", context))
        except ValueError as error:
            return False, str(error)
        return super().checkParameterValues(values, context)

    def prepareAlgorithm(self, values, context, feedback):
        """Look at the layers on the main thread."""
        try:
            layers = self.parameterAsLayerList(values, "RASTERS", context)
            self._scenes = [describe(layer) for layer in layers]
            self._labels_crs = self.parameterAsVectorLayer(values, "LABELS", context).crs()
            # The layer's own file where it is one, else a copy in Processing's temporary folder.
            path, name = self.parameterAsCompatibleSourceLayerPathAndLayerName(
                values, "LABELS", context, ["gpkg"], "gpkg", feedback
            )
        except SceneError as error:
            feedback.reportError(str(error), True)
            return False
        self._labels = f"{path}|layername={name}" if name else path
        return True

    def source_params(
        self, values: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> dict[str, Any]:
        """Return the sources as params of the worker, writing rasters first that are no files.

        Raises:
            QgsProcessingException: there is no raster, or one cannot be written.
        """
        if not self._scenes:
            raise QgsProcessingException(tr("There is no raster: choose the one that shows the labelled objects."))
        ground = self.parameterAsExtentGeometry(values, "LABELS", context)
        rasters = []
        for scene in self._scenes:
            try:
                region = None if scene.path else region_in(scene, ground, self._labels_crs)
            except SceneError as error:
                raise QgsProcessingException(str(error)) from error
            rasters.append(self.scene_file(scene, region, parameters.EXPORT_GSD_M, feedback))
        return {
            "rasters": rasters,
            "layers": [self._labels],
            "class_field": self.parameterAsString(values, "CLASS_FIELD", context) or "class",
            "expression_field": self.parameterAsString(values, "EXPRESSION_FIELD", context) or None,
            "complete": None if self.parameterAsBoolean(values, "COMPLETE", context) else [],
            "bands": parameters.parse_bands(self.parameterAsString(values, "BANDS", context)),
            "device": self.parameterAsEnumString(values, "DEVICE", context),
        }
