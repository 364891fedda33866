"""Answers to files: one GeoPackage with a layer per question or one layer of all, GeoJSON, FlatGeobuf."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsFields,
    QgsProject,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsWkbTypes,
)

from ..i18n import tr
from .results import Entry

DRIVERS = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".fgb": "FlatGeobuf"}


class ExportError(Exception):
    """An answer cannot be written; the message is one sentence with a next step."""


def export_entries(entries: list[Entry], path: str, *, one_layer: bool) -> int:
    """Write the visible polygons of answers to a file; returns how many.

    The file appears when it is whole; what was there before stays until then.

    Args:
        entries: answers with a layer.
        path: its ending says the format.
        one_layer: all in one layer with a column ``expression``, instead of a layer per question (GeoPackage only).

    Raises:
        ExportError: no polygons, an unknown ending, or the file cannot be written.
    """
    target = Path(path)
    driver = DRIVERS.get(target.suffix.lower())
    if driver is None:
        raise ExportError(
            tr("The file name “{name}” must end in .gpkg, .geojson or .fgb.").replace("{name}", target.name)
        )
    filled = [entry for entry in entries if entry.layer is not None]
    if not filled:
        raise ExportError(tr("There is nothing to export: ask something first."))
    part = target.with_name(f".{target.stem}.part{target.suffix}")
    try:
        part.unlink(missing_ok=True)
        if driver == "GPKG" and not one_layer:
            count = _write_layers(filled, part)
        else:
            count = _write_one(filled, part, driver)
        part.replace(target)
    except OSError as error:
        raise ExportError(
            tr("{path} cannot be written ({reason}): choose another folder.")
            .replace("{path}", str(target))
            .replace("{reason}", str(error.strerror or error))
        ) from error
    finally:
        if part.exists():
            part.unlink()
    return count


def _write_layers(entries: list[Entry], part: Path) -> int:
    count, names = 0, set()
    for entry in entries:
        name, number = entry.name[:60], 2
        while name.lower() in names:
            name, number = f"{entry.name[:56]} {number}", number + 1
        names.add(name.lower())
        options = _options("GPKG", name)
        if part.exists():
            options.actionOnExistingFile = QgsVectorFileWriter.ActionOnExistingFile.CreateOrOverwriteLayer
        layer = entry.layer
        context = QgsProject.instance().transformContext()
        result = QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(part), context, options)
        _check(result, part)
        saved = QgsVectorLayer(f"{part}|layername={name}", name, "ogr")
        saved.setRenderer(layer.renderer().clone())
        saved.saveStyleToDatabase(name, "", True, "")
        del saved
        count += layer.featureCount()
    return count


def _write_one(entries: list[Entry], part: Path, driver: str) -> int:
    first = entries[0].layer
    project = QgsProject.instance()
    fields = QgsFields()
    for field in first.fields():
        if field.name() != "fid":  # every answer counts from 1; the new layer counts anew
            fields.append(field)
    crs = QgsCoordinateReferenceSystem("EPSG:4326") if driver == "GeoJSON" else first.crs()
    writer = QgsVectorFileWriter.create(
        str(part),
        fields,
        QgsWkbTypes.Type.MultiPolygon,
        crs,
        project.transformContext(),
        _options(driver, "found"),
    )
    if writer.hasError() != QgsVectorFileWriter.WriterError.NoError:
        raise OSError(writer.errorMessage())
    count = 0
    for entry in entries:
        layer = entry.layer
        turn = QgsCoordinateTransform(layer.crs(), crs, project)
        for found in layer.getFeatures():
            feature = QgsFeature(fields)
            feature.setAttributes([found[field.name()] for field in fields])
            geometry = found.geometry()
            geometry.convertToMultiType()
            geometry.transform(turn)
            feature.setGeometry(geometry)
            if not writer.addFeature(feature):
                raise OSError(writer.errorMessage())
            count += 1
    del writer  # closes the file
    return count


def _options(driver: str, layer: str) -> QgsVectorFileWriter.SaveVectorOptions:
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = driver
    options.layerName = layer
    options.fileEncoding = "UTF-8"
    if driver == "GeoJSON":
        options.layerOptions = ["RFC7946=YES", "WRITE_NAME=NO"]
    return options


def _check(result: tuple, part: Path) -> None:
    if result[0] != QgsVectorFileWriter.WriterError.NoError:
        raise OSError(result[1])
