"""Which rasters, which labels, and which of their fields hold class and expression."""

from __future__ import annotations

from qgis.core import (
    QgsFieldProxyModel,
    QgsMapLayer,
    QgsMapLayerProxyModel,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.gui import QgsFieldComboBox, QgsMapLayerComboBox
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFormLayout,
    QGroupBox,
    QListWidget,
    QListWidgetItem,
    QSizePolicy,
    QWidget,
)

from ..i18n import tr
from ..panel.results import ANSWER

CLASS_NAMES = ("class", "class_name", "classname", "label", "category", "type", "kind", "klasse", "name")
EXPRESSION_NAMES = ("expression", "expressions", "description", "caption", "text", "ausdruck")
_LAYER_ID = Qt.ItemDataRole.UserRole
ROWS_SHOWN = 4


class SourceBox(QGroupBox):
    """The choice of rasters, labels and fields; knows what is missing."""

    labels_changed = pyqtSignal()
    """Another layer of labels, or another of its fields."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Rasters and labels"), parent)
        self.rasters_list = QListWidget(self)
        self.rasters_list.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.rasters_list.setToolTip(tr("The rasters that show the labelled objects"))
        self.rasters_list.setAccessibleName(tr("Rasters"))
        self.rasters_list.setFixedHeight(ROWS_SHOWN * (self.fontMetrics().height() + 6))
        self.labels_box = QgsMapLayerComboBox(self)
        self.labels_box.setFilters(QgsMapLayerProxyModel.Filter.PolygonLayer)
        self.labels_box.setToolTip(tr("Polygons, one per object"))
        self.class_box = QgsFieldComboBox(self)
        self.class_box.setFilters(QgsFieldProxyModel.Filter.String | QgsFieldProxyModel.Filter.Int)
        self.class_box.setToolTip(tr("The field that names what each object is, such as “storage tank”"))
        self.expression_box = QgsFieldComboBox(self)
        self.expression_box.setFilters(QgsFieldProxyModel.Filter.String)
        self.expression_box.setAllowEmptyFieldName(True)
        self.expression_box.setToolTip(
            tr("The field with words that mean one object, such as “the largest tank”; most may be empty")
        )
        self.complete_box = QCheckBox(tr("Every object of these classes is drawn"), self)
        self.complete_box.setChecked(True)
        self.complete_box.setToolTip(
            tr("Then the model also learns what “all tanks” and “no tank here” mean, within the extent of the labels")
        )
        for box in (self.labels_box, self.class_box, self.expression_box):
            box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        form = QFormLayout(self)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("Rasters"), self.rasters_list)
        form.addRow(tr("Labels"), self.labels_box)
        form.addRow(tr("Class field"), self.class_box)
        form.addRow(tr("Expression field"), self.expression_box)
        form.addRow("", self.complete_box)
        self.labels_box.layerChanged.connect(self._on_labels)
        self.class_box.fieldChanged.connect(lambda name: self.labels_changed.emit())
        self.expression_box.fieldChanged.connect(lambda name: self.labels_changed.emit())
        project = QgsProject.instance()
        project.layersAdded.connect(self._list_rasters)
        project.layersRemoved.connect(self._list_rasters)
        self._list_rasters()
        self._on_labels()

    def close_box(self) -> None:
        """Stop listening to the project."""
        project = QgsProject.instance()
        project.layersAdded.disconnect(self._list_rasters)
        project.layersRemoved.disconnect(self._list_rasters)

    @property
    def rasters(self) -> list[QgsRasterLayer]:
        """The ticked rasters that are still in the project."""
        project = QgsProject.instance()
        items = [self.rasters_list.item(row) for row in range(self.rasters_list.count())]
        ticked = [item.data(_LAYER_ID) for item in items if item.checkState() == Qt.CheckState.Checked]
        return [project.mapLayer(layer_id) for layer_id in ticked if project.mapLayer(layer_id) is not None]

    @property
    def labels(self) -> QgsVectorLayer | None:
        """The layer of labels."""
        return self.labels_box.currentLayer()

    @property
    def class_field(self) -> str:
        """Name of the class field, empty if none is chosen."""
        return str(self.class_box.currentField())

    @property
    def expression_field(self) -> str:
        """Name of the expression field, empty for none."""
        return str(self.expression_box.currentField())

    @property
    def problem(self) -> str:
        """One sentence about what is missing, empty when all is there."""
        if self.labels is None:
            return tr("There is no layer of polygons: add one, or draw one, with a field that names the classes.")
        if not self.rasters:
            return tr("No raster is chosen: tick the one that shows the labelled objects.")
        if not self.class_field:
            text = tr("The layer “{name}” has no class field: add a text field that says what each polygon is.")
            return text.replace("{name}", self.labels.name())
        if self.labels.featureCount() == 0:
            return tr("The layer “{name}” has no polygons: draw some first.").replace("{name}", self.labels.name())
        return ""

    def params(self) -> dict[str, object]:
        """Return what the worker needs to know besides the files."""
        return {
            "class_field": self.class_field,
            "expression_field": self.expression_field or None,
            "complete": None if self.complete_box.isChecked() else [],
        }

    def tick(self, layer: QgsRasterLayer | None) -> None:
        """Choose one raster."""
        for row in range(self.rasters_list.count()):
            item = self.rasters_list.item(row)
            is_it = layer is not None and item.data(_LAYER_ID) == layer.id()
            item.setCheckState(Qt.CheckState.Checked if is_it else Qt.CheckState.Unchecked)

    def choose_labels(self, active: QgsMapLayer | None) -> None:
        """Choose the layer that the person works on, else one that is no answer of a model.

        Args:
            active: QGIS's active layer.
        """
        layers = [self.labels_box.layer(row) for row in range(self.labels_box.count())]
        drawn = [layer for layer in layers if layer is not None and not layer.customProperty(ANSWER)]
        chosen = active if active in layers else next(iter(drawn), None)
        if chosen is not None:
            self.labels_box.setLayer(chosen)

    def choose_expression_field(self, name: str) -> None:
        """Choose a field that may just have been added."""
        self.expression_box.setLayer(None)
        self.expression_box.setLayer(self.labels)
        self.expression_box.setField(name)

    def _list_rasters(self, *changed: object) -> None:
        ticked = {layer.id() for layer in self.rasters}
        layers = [layer for layer in QgsProject.instance().mapLayers().values() if isinstance(layer, QgsRasterLayer)]
        self.rasters_list.clear()
        for layer in sorted(layers, key=lambda layer: layer.name().lower()):
            item = QListWidgetItem(layer.name())
            item.setToolTip(layer.source())
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            item.setData(_LAYER_ID, layer.id())
            is_on = layer.id() in ticked or len(layers) == 1
            item.setCheckState(Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked)
            self.rasters_list.addItem(item)

    def _on_labels(self, *layer: object) -> None:
        labels = self.labels
        for box, names in ((self.class_box, CLASS_NAMES), (self.expression_box, EXPRESSION_NAMES)):
            box.blockSignals(True)
            box.setLayer(labels)
            known = {field.name().lower(): field.name() for field in labels.fields()} if labels is not None else {}
            wanted = next((known[name] for name in names if name in known), "")
            if wanted:
                box.setField(wanted)
            elif box is self.expression_box:
                box.setField("")
            box.blockSignals(False)
        self.labels_changed.emit()
