"""From a raster layer in QGIS to a file that the worker can open.

A layer that is a file goes to the worker as its path. What only QGIS can draw (WMS, WMTS, XYZ, virtual and memory
rasters, a layer whose CRS was set by hand, or any layer "as displayed") is written to a temporary GeoTIFF first, for
the extent asked about and at a stated ground resolution. Layers are touched on the main thread only
(:func:`describe`); what follows works on clones and may run on any thread.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

from osgeo import gdal
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsCoordinateTransformContext,
    QgsDistanceArea,
    QgsGeometry,
    QgsMapLayerStyle,
    QgsPointXY,
    QgsProject,
    QgsProviderRegistry,
    QgsRasterBlockFeedback,
    QgsRasterFileWriter,
    QgsRasterLayer,
    QgsRasterPipe,
    QgsRectangle,
)

from .i18n import tr

MAX_EXPORT_PX = 400_000_000
CHECK_PX = 32


class SceneError(Exception):
    """A layer cannot be asked; the message is one sentence with a next step."""


@dataclass(frozen=True)
class Scene:
    """What is known of a layer after one look at it on the main thread."""

    name: str
    crs: QgsCoordinateReferenceSystem
    extent: QgsRectangle
    path: str
    """The file, empty when it has to be exported."""
    pipe: QgsRasterPipe | None
    """A clone of what draws the layer, for the export."""
    pixel_size: float
    """Of the layer itself in its map units; 0 where it has none, as tiles from the web."""
    key: str
    """Text that changes when the layer's source or drawing changes."""
    transform_context: QgsCoordinateTransformContext


def describe(layer: QgsRasterLayer | None, *, as_displayed: bool = False) -> Scene:
    """Return what is needed of a layer to ask it; call it on the main thread.

    Args:
        layer: a raster layer.
        as_displayed: use the colours that QGIS shows instead of the engine's own choice of bands and stretch.

    Raises:
        SceneError: there is no layer, it is broken, or it has no CRS.
    """
    if layer is None:
        raise SceneError(tr("There is no raster layer to ask: add one to the project and choose it."))
    if not layer.isValid():
        raise SceneError(
            tr("The layer “{name}” has lost its file: repair its data source and ask again.").replace(
                "{name}", layer.name()
            )
        )
    if not layer.crs().isValid():
        raise SceneError(
            tr(
                "The layer “{name}” has no CRS: set it with a right click on the layer, Layer CRS, Set Layer CRS, "
                "and ask again."
            ).replace("{name}", layer.name())
        )
    provider = layer.dataProvider()
    path = "" if as_displayed else _file_of(layer)
    is_tiles = provider.name() == "wms" or provider.xSize() <= 0
    drawing = f"{layer.id()}|{layer.source()}|{layer.crs().authid()}"
    if as_displayed:
        drawing += "|" + _style_of(layer)
    return Scene(
        name=layer.name(),
        crs=layer.crs(),
        extent=layer.extent(),
        path=path,
        pipe=None if path else _clone_pipe(layer, as_displayed),
        pixel_size=0.0 if is_tiles else layer.rasterUnitsPerPixelX(),
        key=hashlib.blake2b(drawing.encode(), digest_size=8).hexdigest(),
        transform_context=QgsProject.instance().transformContext(),
    )


def _file_of(layer: QgsRasterLayer) -> str:
    if layer.dataProvider().name() != "gdal":
        return ""
    path = QgsProviderRegistry.instance().decodeUri("gdal", layer.source()).get("path", "")
    if not path or not Path(path).is_file() or layer.dataProvider().crs() != layer.crs():
        return ""
    return str(path)


def _clone_pipe(layer: QgsRasterLayer, as_displayed: bool) -> QgsRasterPipe:
    pipe = QgsRasterPipe()
    pipe.set(layer.dataProvider().clone())
    if as_displayed:
        pipe.set(layer.renderer().clone())
        for part in (layer.brightnessFilter(), layer.hueSaturationFilter()):
            if part is not None:
                pipe.set(part.clone())
    return pipe


def _style_of(layer: QgsRasterLayer) -> str:
    style = QgsMapLayerStyle()
    style.readFromLayer(layer)
    return str(style.xmlData())


def region_in(scene: Scene, geometry: QgsGeometry | None, crs: QgsCoordinateReferenceSystem) -> QgsGeometry | None:
    """Return the asked region in the layer's CRS, cut at the layer's edge; None for the whole layer.

    Args:
        scene: the layer.
        geometry: a polygon, or None for the whole layer.
        crs: of the geometry.

    Raises:
        SceneError: the region does not touch the layer, or cannot be brought into its CRS.
    """
    if geometry is None:
        return None
    inside = QgsGeometry(geometry)
    if crs.isValid() and crs != scene.crs:
        # Straight lines bend in another CRS; more vertices follow the bend.
        inside = inside.densifyByCount(8)
        transform = QgsCoordinateTransform(crs, scene.crs, scene.transform_context)
        try:
            inside.transform(transform)
        except Exception as error:  # QgsCsException; its name differs between versions
            raise SceneError(tr("The area asked about cannot be brought into the layer's CRS.")) from error
    inside = inside.makeValid().intersection(QgsGeometry.fromRect(scene.extent))
    if inside.isEmpty() or inside.area() <= 0:
        raise SceneError(
            tr(
                "The layer “{name}” does not lie in the area asked about: zoom to the layer, or choose another scope."
            ).replace("{name}", scene.name)
        )
    if inside.equals(QgsGeometry.fromRect(scene.extent)):
        return None
    return inside


def units_per_metre(scene: Scene, centre: QgsPointXY) -> float:
    """Return how many map units of the layer are one metre on the ground near a point."""
    measure = QgsDistanceArea()
    measure.setSourceCrs(scene.crs, scene.transform_context)
    measure.setEllipsoid(scene.crs.ellipsoidAcronym() or "EPSG:7030")
    step = 1e-4 if scene.crs.isGeographic() else 10.0
    metres = measure.measureLine(centre, QgsPointXY(centre.x() + step, centre.y()))
    return step / metres if metres > 0 and math.isfinite(metres) else 1.0


def export(
    scene: Scene, region: QgsGeometry | None, gsd_m: float, folder: Path, feedback: QgsRasterBlockFeedback
) -> tuple[str, list[str]]:
    """Write what QGIS draws to a GeoTIFF, or find the one written before for the same view.

    Args:
        scene: a layer without a file.
        region: in the layer's CRS; None for the whole layer.
        gsd_m: ground resolution in metres per pixel, used for layers that have none of their own.
        folder: where the file goes.
        feedback: progress and cancelling.

    Returns:
        The path, and sentences that the person should read.

    Raises:
        SceneError: too large, cancelled, or not written.
    """
    extent = region.boundingBox() if region is not None else scene.extent
    pixel = scene.pixel_size or gsd_m * units_per_metre(scene, extent.center())
    columns, rows = max(1, math.ceil(extent.width() / pixel)), max(1, math.ceil(extent.height() / pixel))
    if columns * rows > MAX_EXPORT_PX:
        raise SceneError(
            tr("The area asked about has {count} million pixels, more than the {limit} million allowed: zoom in.")
            .replace("{count}", str(columns * rows // 1_000_000))
            .replace("{limit}", str(MAX_EXPORT_PX // 1_000_000))
        )
    # From the upper left corner on, whole pixels.
    extent = QgsRectangle(
        extent.xMinimum(), extent.yMaximum() - rows * pixel, extent.xMinimum() + columns * pixel, extent.yMaximum()
    )
    view = f"{scene.key}|{extent.toString(9)}|{columns}x{rows}"
    path = folder / f"view-{hashlib.blake2b(view.encode(), digest_size=8).hexdigest()}.tif"
    if not path.exists():
        _write(scene, extent, columns, rows, path, feedback)
    return str(path), _warn_of_emptiness(path, scene.name)


def _write(
    scene: Scene, extent: QgsRectangle, columns: int, rows: int, path: Path, feedback: QgsRasterBlockFeedback
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.tif")
    writer = QgsRasterFileWriter(str(part))
    writer.setOutputFormat("GTiff")
    writer.setCreateOptions(["TILED=YES", "COMPRESS=LZW", "BIGTIFF=IF_SAFER"])
    result = writer.writeRaster(scene.pipe, columns, rows, extent, scene.crs, scene.transform_context, feedback)
    if feedback.isCanceled():
        part.unlink(missing_ok=True)
        raise SceneError(tr("Cancelled; nothing was changed."))
    if int(result) != 0 or not part.exists():
        part.unlink(missing_ok=True)
        raise SceneError(
            tr("The layer “{name}” could not be written to {folder}: check the connection and the free space.")
            .replace("{name}", scene.name)
            .replace("{folder}", str(path.parent))
        )
    part.replace(path)


def _warn_of_emptiness(path: Path, name: str) -> list[str]:
    """Return a warning if parts of an exported view hold no picture, as when a server did not answer."""
    dataset = gdal.Open(str(path))
    width, height = dataset.RasterXSize, dataset.RasterYSize
    empty = total = 0
    for row in range(0, height, CHECK_PX):
        # Bytes, not arrays: GDAL's arrays need the very NumPy that it was built with.
        size = (width, min(CHECK_PX, height - row))
        # Where there is transparency, that is what tells; elsewhere, one colour throughout.
        numbers = [4] if dataset.RasterCount == 4 else range(1, dataset.RasterCount + 1)
        bands = [dataset.GetRasterBand(number).ReadRaster(0, row, *size) for number in numbers]
        for column in range(0, width, CHECK_PX):
            cells = [_cell(band, width, column) for band in bands]
            empty += not any(cells[0]) if numbers == [4] else all(len(set(cell)) == 1 for cell in cells)
            total += 1
    if empty * 100 < total:
        return []
    return [
        tr("{share} % of the picture of “{name}” is empty: the server may not have answered, or has no picture there.")
        .replace("{share}", str(round(100 * empty / total)))
        .replace("{name}", name)
    ]


def _cell(strip: bytes, width: int, column: int) -> bytes:
    """Return the values of a cell of a strip of bytes."""
    count = min(CHECK_PX, width - column)
    return b"".join(strip[start : start + count] for start in range(column, len(strip), width))
