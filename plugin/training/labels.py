"""From an annotated layer in QGIS to a file that the worker can open. Main thread only."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from qgis.core import QgsProject, QgsProviderRegistry, QgsVectorFileWriter, QgsVectorLayer

from .. import settings
from ..i18n import tr
from ..scene import SceneError

ENDINGS = (".gpkg", ".geojson", ".json", ".shp", ".fgb", ".parquet", ".kml", ".gml", ".tab")
"""Files that the engine reads itself."""


def labels_file(layer: QgsVectorLayer) -> str:
    """Return where the worker finds the features of a layer as they are now: filtered, and with unsaved edits.

    A layer that is a plain file goes as its path; any other is written to the data folder, always under the same name,
    so that an interrupted training on it is known again.

    Args:
        layer: of polygons.

    Raises:
        SceneError: the copy cannot be written.
    """
    own = _own_file(layer)
    return own or _copy(layer)


def _own_file(layer: QgsVectorLayer) -> str:
    if layer.providerType() != "ogr" or layer.subsetString() or layer.isModified() or layer.vectorJoins():
        return ""
    parts = QgsProviderRegistry.instance().decodeUri("ogr", layer.source())
    path = str(parts.get("path") or "")
    if layer.dataProvider().crs() != layer.crs() or not Path(path).is_file():
        return ""
    if Path(path).suffix.lower() not in ENDINGS:
        return ""
    name = parts.get("layerName")
    return f"{path}|layername={name}" if name else path


def _copy(layer: QgsVectorLayer) -> str:
    digest = hashlib.blake2b(f"{layer.id()}|{layer.source()}".encode(), digest_size=4).hexdigest()
    name = re.sub(r"[^\w-]+", "_", layer.name()).strip("_")[:40] or "labels"
    path = settings.data_folder() / "labels" / f"{name}-{digest}.gpkg"
    part = path.with_name(f".{path.stem}.part.gpkg")
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName = "GPKG"
    options.layerName = "labels"
    options.fileEncoding = "UTF-8"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        context = QgsProject.instance().transformContext()
        result = QgsVectorFileWriter.writeAsVectorFormatV3(layer, str(part), context, options)
        if result[0] != QgsVectorFileWriter.WriterError.NoError:
            raise OSError(result[1])
        part.replace(path)
    except OSError as error:
        raise SceneError(
            tr("The layer “{name}” cannot be copied to {folder} ({reason}): choose another data folder.")
            .replace("{name}", layer.name())
            .replace("{folder}", str(path.parent))
            .replace("{reason}", str(error.strerror or error))
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return str(path)
