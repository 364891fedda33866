"""Where to look: the visible map, the whole layer, selected polygons or a drawn rectangle."""

from __future__ import annotations

from qgis.core import QgsCoordinateReferenceSystem, QgsGeometry, QgsPointXY, QgsProject, QgsVectorLayer, QgsWkbTypes
from qgis.gui import QgsMapCanvas, QgsMapToolExtent, QgsRubberBand
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor
from qgis.PyQt.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from .. import settings
from ..compat import theme_icon
from ..i18n import tr
from ..scene import SceneError

VIEW, LAYER, SELECTED, DRAWN = "view", "layer", "selected", "drawn"


class ScopeChooser(QWidget):
    """A list of scopes, and a button that draws the rectangle."""

    changed = pyqtSignal()

    def __init__(self, canvas: QgsMapCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._drawn: QgsGeometry | None = None
        self._drawn_crs = QgsCoordinateReferenceSystem()
        self._former_tool = None
        self._tool = QgsMapToolExtent(canvas)
        self._tool.extentChanged.connect(self._on_drawn)
        self._band = QgsRubberBand(canvas, QgsWkbTypes.GeometryType.PolygonGeometry)
        self._band.setColor(QColor(232, 89, 12))
        self._band.setFillColor(QColor(232, 89, 12, 20))
        self._band.setWidth(2)
        self._band.setLineStyle(Qt.PenStyle.DashLine)

        self._box = QComboBox(self)
        self._box.setToolTip(tr("Where to look"))
        self._box.setAccessibleName(tr("Where to look"))
        for key, icon, text in (
            (VIEW, "mActionViewExtentInCanvas.svg", tr("Visible map")),
            (LAYER, "mActionZoomToLayer.svg", tr("Whole layer")),
            (SELECTED, "mActionZoomToSelected.svg", tr("Selected polygons")),
            (DRAWN, "mActionRectangleExtent.svg", tr("Drawn rectangle")),
        ):
            self._box.addItem(theme_icon(icon), text, key)
        self._box.setCurrentIndex(max(0, self._box.findData(settings.get("scope"))))
        self._draw = QToolButton(self)
        self._draw.setIcon(theme_icon("mActionRectangleExtent.svg"))
        self._draw.setToolTip(tr("Draw a rectangle on the map"))
        self._draw.setAccessibleName(tr("Draw a rectangle on the map"))
        self._draw.setCheckable(True)
        self._draw.setAutoRaise(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._box, 1)
        row.addWidget(self._draw)
        self._box.currentIndexChanged.connect(self._on_chosen)
        self._draw.toggled.connect(self._on_draw)
        canvas.mapToolSet.connect(self._on_tool_set)

    @property
    def scope(self) -> str:
        """One of the four scopes."""
        return str(self._box.currentData())

    def set_scope(self, scope: str) -> None:
        """Choose a scope."""
        self._box.setCurrentIndex(self._box.findData(scope))

    def region(self) -> tuple[QgsGeometry | None, QgsCoordinateReferenceSystem]:
        """Return the polygon to look in and its CRS; None for the whole layer.

        Raises:
            SceneError: nothing is selected or drawn.
        """
        settings.put("scope", self.scope)
        if self.scope == VIEW:
            map_settings = self._canvas.mapSettings()
            corners = [QgsPointXY(corner) for corner in map_settings.visiblePolygon()]
            return QgsGeometry.fromPolygonXY([[*corners, corners[0]]]), map_settings.destinationCrs()
        if self.scope == SELECTED:
            return _selected_polygons(self._canvas.currentLayer())
        if self.scope == DRAWN:
            if self._drawn is None:
                raise SceneError(tr("No rectangle is drawn yet: press the button beside the scope and draw one."))
            return QgsGeometry(self._drawn), self._drawn_crs
        return None, QgsCoordinateReferenceSystem()

    def set_drawn(self, rectangle: QgsGeometry, crs: QgsCoordinateReferenceSystem) -> None:
        """Take a rectangle as drawn."""
        self._drawn, self._drawn_crs = rectangle, crs
        self._band.setToGeometry(rectangle, crs)
        self._band.setVisible(self.scope == DRAWN)
        self.changed.emit()

    def close_tools(self) -> None:
        """Take everything off the map."""
        self._canvas.mapToolSet.disconnect(self._on_tool_set)
        self._stop_drawing()
        self._canvas.scene().removeItem(self._band)
        self._tool.deleteLater()  # it belongs to the canvas and would outlive the panel with a band of its own

    def _on_chosen(self) -> None:
        self._band.setVisible(self.scope == DRAWN and self._drawn is not None)
        if self.scope == DRAWN and self._drawn is None:
            self._draw.setChecked(True)
        elif self.scope != DRAWN:
            self._draw.setChecked(False)
        self.changed.emit()

    def _on_draw(self, on: bool) -> None:
        if not on:
            self._stop_drawing()
        elif self._canvas.mapTool() is not self._tool:
            self._former_tool = self._canvas.mapTool()
            self._canvas.setMapTool(self._tool)
            if self.scope != DRAWN:
                self.set_scope(DRAWN)

    def _stop_drawing(self) -> None:
        if self._canvas.mapTool() is self._tool:
            if self._former_tool is not None:
                self._canvas.setMapTool(self._former_tool)
            else:
                self._canvas.unsetMapTool(self._tool)
        self._former_tool = None

    def _on_tool_set(self, new: object, old: object) -> None:
        if new is not self._tool and self._draw.isChecked():
            self._former_tool = None  # the person took another tool
            self._draw.setChecked(False)

    def _on_drawn(self, extent) -> None:
        if not extent.isEmpty():
            self.set_drawn(QgsGeometry.fromRect(extent), self._canvas.mapSettings().destinationCrs())
        self._tool.clearRubberBand()
        self._draw.setChecked(False)


def _selected_polygons(current: object) -> tuple[QgsGeometry, QgsCoordinateReferenceSystem]:
    layers = [current, *QgsProject.instance().mapLayers().values()]
    for layer in layers:
        if not isinstance(layer, QgsVectorLayer) or layer.selectedFeatureCount() == 0:
            continue
        if layer.geometryType() == QgsWkbTypes.GeometryType.PolygonGeometry:
            shapes = [feature.geometry() for feature in layer.selectedFeatures() if feature.hasGeometry()]
            return QgsGeometry.unaryUnion(shapes), layer.crs()
    raise SceneError(tr("No polygon is selected: select some in a polygon layer, or choose another scope."))
