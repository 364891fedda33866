"""Layers that GDAL cannot open by their path: tiles from a server, a CRS set by hand."""

import math
import os

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsGeometry,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QColor, QImage, QPainter
from steps import wait_until

WORLD = 20037508.342789244
ZOOM = 18


def write_tiles(folder, centre_xy, missing=()):
    """Write 3 x 3 XYZ tiles of a chequered picture around a point in EPSG:3857; returns their extent."""
    side = 2 * WORLD / 2**ZOOM
    column, row = math.floor((centre_xy[0] + WORLD) / side), math.floor((WORLD - centre_xy[1]) / side)
    for x in range(column - 1, column + 2):
        for y in range(row - 1, row + 2):
            if (x - column, y - row) in missing:
                continue
            image = QImage(256, 256, QImage.Format.Format_RGB32)
            image.fill(QColor(90, 110, 90))
            painter = QPainter(image)
            for n in range(8):
                painter.fillRect(32 * n, 32 * ((3 * n + x + y) % 8), 24, 24, QColor(200, 60 + 20 * n, 60))
            painter.end()
            path = folder / str(ZOOM) / str(x)
            path.mkdir(parents=True, exist_ok=True)
            assert image.save(str(path / f"{y}.png"))
    left, top = (column - 1) * side - WORLD, WORLD - (row - 1) * side
    return QgsRectangle(left, top - 3 * side, left + 3 * side, top)


def add_tiles(folder):
    url = QUrl.fromLocalFile(str(folder)).toString() + "/{z}/{x}/{y}.png"
    source = f"type=xyz&url={url}&zmin={ZOOM}&zmax={ZOOM}&http-header:referer="
    layer = QgsRasterLayer(source, "tiles", "wms")
    assert layer.isValid()
    QgsProject.instance().addMapLayer(layer)
    return layer


def test_tiles_are_exported_at_the_stated_resolution_and_asked(dock, heard, ask, tmp_path, qgis_app):
    extent = write_tiles(tmp_path, (-13042000.0, 3858000.0))
    layer = add_tiles(tmp_path)
    dock.layer_box.setLayer(layer)
    dock.scope_box.set_drawn(QgsGeometry.fromRect(extent.buffered(-20)), layer.crs())
    dock.scope_box.set_scope("drawn")
    ask()
    assert heard.failures == []
    assert heard.answers[0].count > 0
    found = QgsVectorLayer(heard.answers[0].path, "found", "ogr")
    assert found.crs().authid() == "EPSG:3857"
    assert extent.contains(found.extent())


def test_resolution_is_metres_on_the_ground(plugin, tmp_path):
    from qgis.core import QgsProcessingUtils, QgsRasterBlockFeedback

    from referent.plugin.scene import describe, export, region_in

    extent = write_tiles(tmp_path, (-13042000.0, 3858000.0))
    layer = add_tiles(tmp_path)
    scene = describe(layer)
    region = region_in(scene, QgsGeometry.fromRect(extent.buffered(-30)), layer.crs())
    path, warnings = export(scene, region, 0.5, tmp_path / "views", QgsRasterBlockFeedback())
    picture = QgsRasterLayer(path, "view")
    to_degrees = QgsCoordinateTransform(layer.crs(), QgsCoordinateReferenceSystem("EPSG:4326"), QgsProject.instance())
    latitude = to_degrees.transform(extent.center()).y()
    ground = picture.rasterUnitsPerPixelX() * math.cos(math.radians(latitude))
    assert abs(ground - 0.5) < 0.005
    assert warnings == []
    assert export(scene, region, 0.5, tmp_path / "views", QgsRasterBlockFeedback())[0] == path
    assert QgsProcessingUtils.tempFolder()


def test_missing_tiles_are_told(plugin, tmp_path):
    from qgis.core import QgsRasterBlockFeedback

    from referent.plugin.scene import describe, export, region_in

    extent = write_tiles(tmp_path, (-13042000.0, 3858000.0), missing={(1, 1), (1, 0), (1, -1)})
    layer = add_tiles(tmp_path)
    scene = describe(layer)
    region = region_in(scene, QgsGeometry.fromRect(extent), layer.crs())
    _, warnings = export(scene, region, 0.5, tmp_path / "views", QgsRasterBlockFeedback())
    assert len(warnings) == 1
    assert "is empty" in warnings[0]
    assert 28 <= int(warnings[0].split()[0]) <= 38


def test_crs_set_by_hand_counts(dock, heard, ask):
    layer = QgsRasterLayer(os.environ["REFERENT_TEST_NO_CRS"], "no crs")
    layer.setCrs(QgsCoordinateReferenceSystem("EPSG:32611"))
    QgsProject.instance().addMapLayer(layer)
    dock.layer_box.setLayer(layer)
    dock.scope_box.set_scope("layer")
    ask()
    assert heard.failures == []
    found = QgsVectorLayer(heard.answers[0].path, "found", "ogr")
    assert found.crs().authid() == "EPSG:32611"
    assert layer.extent().buffered(1).contains(found.extent())
    wait_until(lambda: not dock.session.is_busy)
