"""The parameters that several algorithms share, and what their values mean to the worker."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsFeature,
    QgsFeatureSink,
    QgsFields,
    QgsGeometry,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
    QgsProcessingUtils,
    QgsVectorLayer,
    QgsWkbTypes,
)

from ..compat import number_field, text_field
from ..i18n import tr
from ..scene import Scene, region_in

DEVICES = ["auto", "cpu", "cuda", "mps"]
READINGS = ["auto", "network", "plan"]
ANCHOR_MISSING = ["none", "all"]
IMAGES = ["automatic", "displayed"]
EXPORT_GSD_M = 0.3
"""Resolution at which layers without one of their own, such as tiles from the web, are written for the engine."""


def advanced(parameter: QgsProcessingParameterDefinition) -> QgsProcessingParameterDefinition:
    """Return the parameter, folded away."""
    parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
    return parameter


def add_area(algorithm: QgsProcessingAlgorithm) -> None:
    """Add EXTENT and MASK."""
    algorithm.addParameter(QgsProcessingParameterExtent("EXTENT", tr("Only in this extent"), optional=True))
    algorithm.addParameter(
        QgsProcessingParameterFeatureSource(
            "MASK", tr("Only inside these polygons"), [QgsProcessing.SourceType.TypeVectorPolygon], optional=True
        )
    )


def add_options(algorithm: QgsProcessingAlgorithm) -> None:
    """Add how a question is asked."""
    number = QgsProcessingParameterNumber
    double = QgsProcessingParameterNumber.Type.Double
    algorithm.addParameter(number("THRESHOLD", tr("Threshold (score)"), double, 0.5, False, 0.01, 0.99))
    algorithm.addParameter(number("MIN_AREA", tr("Minimum area (m²)"), double, None, True, 0.0))
    folded = [
        number("SIMPLIFY", tr("Simplification tolerance (m)"), double, None, True, 0.0),
        QgsProcessingParameterString("MODEL", tr("Model (name or folder)"), "small"),
        QgsProcessingParameterString("BANDS", tr("Bands for red, green, blue (such as 4,3,2)"), "", optional=True),
    ]
    for name, text, values in (
        ("IMAGE", tr("Colours: the engine's own choice, or as displayed"), IMAGES),
        ("DEVICE", tr("Device"), DEVICES),
        ("READING", tr("Whose reading of relations counts"), READINGS),
        ("ANCHOR_MISSING", tr("What “tanks near the harbour” finds where there is no harbour"), ANCHOR_MISSING),
    ):
        folded.append(QgsProcessingParameterEnum(name, text, values, False, values[0], False, usesStaticStrings=True))
    text = tr("Ask at any scale, also where the raster is far too coarse for the model")
    folded.append(QgsProcessingParameterBoolean("ANY_SCALE", text, False))
    for parameter in folded:
        algorithm.addParameter(advanced(parameter))


def options_of(algorithm: QgsProcessingAlgorithm, values: dict, context: QgsProcessingContext) -> dict[str, Any]:
    """Return the values of :func:`add_options` as params of a ``query``."""

    def number(name: str) -> float | None:
        return algorithm.parameterAsDouble(values, name, context) if values.get(name) is not None else None

    return {
        "threshold": algorithm.parameterAsDouble(values, "THRESHOLD", context),
        "min_area_m2": number("MIN_AREA"),
        "simplify_m": number("SIMPLIFY"),
        "model": algorithm.parameterAsString(values, "MODEL", context),
        "bands": parse_bands(algorithm.parameterAsString(values, "BANDS", context)),
        "device": algorithm.parameterAsEnumString(values, "DEVICE", context),
        "anchor_missing": algorithm.parameterAsEnumString(values, "ANCHOR_MISSING", context),
        "reading": algorithm.parameterAsEnumString(values, "READING", context),
        "allow_unknown": True,
        "allow_any_scale": algorithm.parameterAsBool(values, "ANY_SCALE", context),
    }


def parse_bands(text: str) -> list[int] | None:
    """Return band numbers from text such as ``4,3,2``, None from an empty one.

    Raises:
        ValueError: it is not one number or three, each at least 1.
    """
    parts = text.replace(";", " ").replace(",", " ").split()
    if not parts:
        return None
    bands = [int(part) for part in parts] if all(part.isdecimal() for part in parts) else []
    if len(bands) not in (1, 3) or min(bands) < 1:
        raise ValueError(
            tr("Bands are one number or three, counted from 1, such as 4,3,2; “{text}” is not.").replace("{text}", text)
        )
    return bands


def region_of(
    algorithm: QgsProcessingAlgorithm, values: dict, context: QgsProcessingContext, scene: Scene
) -> QgsGeometry | None:
    """Return the region that EXTENT and MASK leave, in the scene's CRS; None for the whole raster.

    Raises:
        SceneError: it does not touch the scene.
    """
    region = None
    source = algorithm.parameterAsSource(values, "MASK", context)
    if source is not None:
        parts = [feature.geometry() for feature in source.getFeatures() if feature.hasGeometry()]
        region = region_in(scene, QgsGeometry.unaryUnion(parts), source.sourceCrs())
    if values.get("EXTENT"):
        extent = algorithm.parameterAsExtentGeometry(values, "EXTENT", context, scene.crs)
        box = region_in(scene, extent, scene.crs)
        if box is not None:
            region = box if region is None else region_in(scene, region.intersection(box), scene.crs)
    return region


def result_fields() -> QgsFields:
    """Return the attributes of found polygons."""
    fields = QgsFields()
    for field in (
        text_field("expression"),
        text_field("class"),
        number_field("score"),
        number_field("area_m2"),
        text_field("model"),
        text_field("raster"),
    ):
        fields.append(field)
    return fields


def polygon_type() -> QgsWkbTypes.Type:
    """Return the geometry type of found polygons: one polygon may be cut into parts by a region's edge."""
    return QgsWkbTypes.Type.MultiPolygon


def scratch_file(name: str) -> str:
    """Return a path for a file that the worker writes and Processing reads, in a new folder of its own."""
    folder = tempfile.mkdtemp(prefix="referent-", dir=QgsProcessingUtils.tempFolder())
    return str(Path(folder) / name)


def copy_polygons(path: str, sink: QgsFeatureSink, feedback: QgsProcessingFeedback, transform: Any = None) -> int:
    """Copy the worker's polygons into a sink; returns how many.

    Args:
        path: GeoPackage of the worker.
        sink: with the attributes of :func:`result_fields`.
        feedback: asked for cancelling.
        transform: to the CRS of the sink, or None.
    """
    layer = QgsVectorLayer(path, "found", "ogr")
    fields = result_fields()
    names = [field.name() for field in fields]

    def features() -> Iterable[QgsFeature]:
        for found in layer.getFeatures():
            if feedback.isCanceled():
                return
            feature = QgsFeature(fields)
            geometry = found.geometry()
            geometry.convertToMultiType()
            if transform is not None:
                geometry.transform(transform)
            feature.setGeometry(geometry)
            feature.setAttributes([found[name] for name in names])
            yield feature

    count = 0
    for feature in features():
        sink.addFeature(feature, QgsFeatureSink.Flag.FastInsert)
        count += 1
    return count
