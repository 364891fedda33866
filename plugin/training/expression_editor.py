"""Type expressions for the features that are selected on the map, one after the other."""

from __future__ import annotations

from qgis.core import NULL, QgsCoordinateTransform, QgsFeature, QgsFeatureRequest, QgsProject, QgsVectorLayer
from qgis.gui import QgsMapCanvas
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ..compat import text_field, theme_icon
from ..i18n import tr

FIELD = "expression"
FLASHES = 2


class ExpressionEditor(QGroupBox):
    """One line for one feature at a time; Enter keeps it and goes on to the next."""

    field_added = pyqtSignal(str)
    said = pyqtSignal(str)
    """A sentence for the person."""

    def __init__(self, canvas: QgsMapCanvas, parent: QWidget | None = None) -> None:
        super().__init__(tr("Expressions"), parent)
        self._canvas = canvas
        self._layer: QgsVectorLayer | None = None
        self._class_field = self._field = ""
        self._ids: list[int] = []
        self._place = 0
        self._described = self._total = 0
        self.about = QLabel(self)
        self.about.setWordWrap(True)
        self.about.setTextFormat(Qt.TextFormat.PlainText)
        self.line = QLineEdit(self)
        self.line.setPlaceholderText(tr("the largest tank beside the road"))
        self.line.setToolTip(
            tr("Words that mean this object and no other; Enter keeps them and goes to the next object")
        )
        self.line.setClearButtonEnabled(True)
        self.back = self._button("mActionArrowLeft.svg", tr("Previous object"), lambda: self._step(-1))
        self.forth = self._button("mActionArrowRight.svg", tr("Next object"), lambda: self._step(1))
        self.next_empty = QPushButton(tr("Next without"), self)
        self.next_empty.setToolTip(tr("Select and show the next object that has no expression"))
        self.next_empty.clicked.connect(self.select_next_empty)
        self.add_field = QPushButton(tr("Add a field for expressions"), self)
        self.add_field.clicked.connect(self.make_field)
        row = QHBoxLayout()
        row.addWidget(self.line, 1)
        row.addWidget(self.back)
        row.addWidget(self.forth)
        foot = QHBoxLayout()
        foot.addWidget(self.about, 1)
        foot.addWidget(self.next_empty)
        foot.addWidget(self.add_field)
        column = QVBoxLayout(self)
        column.addLayout(row)
        column.addLayout(foot)
        self.line.returnPressed.connect(self.keep)
        self._show()

    def set_layer(self, layer: QgsVectorLayer | None, class_field: str, expression_field: str) -> None:
        """Work on a layer.

        Args:
            layer: of labels.
            class_field: shown beside the line.
            expression_field: written to; empty if the layer has none yet.
        """
        if layer is not self._layer:
            self._forget()
            self._layer = layer
            if layer is not None:
                layer.selectionChanged.connect(self._on_selected)
                layer.willBeDeleted.connect(self._on_deleted)
        self._class_field, self._field = class_field, expression_field
        self._count()
        self._on_selected()

    def close_editor(self) -> None:
        """Stop listening to the layer."""
        self._forget()

    @property
    def current(self) -> QgsFeature | None:
        """The feature that the line is about."""
        if self._layer is None or not self._ids:
            return None
        feature = self._layer.getFeature(self._ids[self._place])
        return feature if feature.isValid() else None

    def keep(self) -> None:
        """Write the line into the feature, and go on to the next of the selection."""
        feature = self.current
        if feature is None or self._layer is None or not self._field:
            return
        text = self.line.text().strip()
        index = self._layer.fields().indexOf(self._field)
        was_editing = self._layer.isEditable()
        if not was_editing and not self._layer.startEditing():
            self.said.emit(
                tr("The layer “{name}” cannot be edited: export it to a GeoPackage and use that.").replace(
                    "{name}", self._layer.name()
                )
            )
            return
        self._layer.changeAttributeValue(feature.id(), index, text or None)
        if not was_editing and not self._layer.commitChanges():
            reason = "; ".join(self._layer.commitErrors())
            self._layer.rollBack()
            self.said.emit(tr("The expression could not be saved: {reason}").replace("{reason}", reason))
            return
        self._count()
        if self._place + 1 < len(self._ids):
            self._step(1)
        else:
            self._show()

    def select_next_empty(self) -> None:
        """Select the next feature without an expression, and show it on the map."""
        layer = self._layer
        if layer is None or not self._field:
            return
        last = self._ids[self._place] if self._ids else -1
        empty = [feature.id() for feature in self._features() if not _text(feature[self._field])]
        if not empty:
            self.said.emit(tr("Every object has an expression."))
            return
        chosen = next((number for number in empty if number > last), empty[0])
        layer.selectByIds([chosen])
        extent = layer.getFeature(chosen).geometry().boundingBox()
        turn = QgsCoordinateTransform(layer.crs(), self._canvas.mapSettings().destinationCrs(), QgsProject.instance())
        extent = turn.transformBoundingBox(extent)
        if not self._canvas.extent().contains(extent):
            self._canvas.setCenter(extent.center())
            self._canvas.refresh()
        self._flash()
        self.line.setFocus()

    def make_field(self) -> None:
        """Give the layer a text field for expressions."""
        if self._layer is None:
            return
        provider = self._layer.dataProvider()
        if self._layer.fields().indexOf(FIELD) < 0 and not provider.addAttributes([text_field(FIELD)]):
            self.said.emit(
                tr("The layer “{name}” takes no new field: add a text field “expression” yourself.").replace(
                    "{name}", self._layer.name()
                )
            )
            return
        self._layer.updateFields()
        self.field_added.emit(FIELD)

    def _button(self, icon: str, text: str, act) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(theme_icon(icon))
        button.setToolTip(text)
        button.setAccessibleName(text)
        button.setAutoRaise(True)
        button.clicked.connect(lambda checked=False: act())
        return button

    def _forget(self) -> None:
        if self._layer is not None:
            self._layer.selectionChanged.disconnect(self._on_selected)
            self._layer.willBeDeleted.disconnect(self._on_deleted)
        self._layer, self._ids = None, []

    def _on_deleted(self) -> None:
        self._layer, self._ids = None, []
        self._show()

    def _on_selected(self, *changed: object) -> None:
        self._ids = sorted(self._layer.selectedFeatureIds()) if self._layer is not None else []
        self._place = 0
        self._show()

    def _step(self, by: int) -> None:
        if self._ids:
            self._place = (self._place + by) % len(self._ids)
            self._show()
            self._flash()

    def _flash(self) -> None:
        if self._layer is not None and self._ids:
            self._canvas.flashFeatureIds(self._layer, [self._ids[self._place]], flashes=FLASHES)

    def _features(self):
        request = QgsFeatureRequest()
        request.setFlags(QgsFeatureRequest.Flag.NoGeometry)
        return self._layer.getFeatures(request)

    def _count(self) -> None:
        """Count once per change: a layer may hold many features."""
        texts = [_text(feature[self._field]) for feature in self._features()] if self._layer and self._field else []
        self._described, self._total = sum(map(bool, texts)), len(texts)

    def _show(self) -> None:
        feature = self.current
        can_write = feature is not None and bool(self._field)
        self.line.setEnabled(can_write)
        self.line.setText(_text(feature[self._field]) if can_write else "")
        for button in (self.back, self.forth):
            button.setEnabled(can_write and len(self._ids) > 1)
        self.next_empty.setVisible(bool(self._field))
        self.next_empty.setEnabled(self._layer is not None)
        self.add_field.setVisible(self._layer is not None and not self._field)
        if can_write:
            self.line.selectAll()
        self._show_count()

    def _show_count(self) -> None:
        if self._layer is None:
            self.about.setText("")
            return
        if not self._field:
            self.about.setText(tr("Some expressions beside the class names make a model that understands sentences."))
            return
        count = tr("{done} of {total} described")
        parts = [count.replace("{done}", str(self._described)).replace("{total}", str(self._total))]
        feature = self.current
        if feature is None:
            parts.insert(0, tr("Select objects on the map to describe them"))
        else:
            name = _text(feature[self._class_field]) if self._class_field else ""
            place = tr("{place} of {count} selected").replace("{place}", str(self._place + 1))
            place = place.replace("{count}", str(len(self._ids)))
            parts.insert(0, f"{name}, {place}" if name else place)
        self.about.setText(" · ".join(parts))


def _text(value: object) -> str:
    return "" if value is None or value == NULL else str(value).strip()
