"""The options, folded away until somebody needs them."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsRasterLayer
from qgis.gui import QgsCollapsibleGroupBox, QgsDoubleSpinBox, QgsFileWidget
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QSpinBox, QVBoxLayout, QWidget

from .. import settings
from ..i18n import tr
from ..model_list import device_words, model_choices

OWN_FOLDER = "\0folder"


class OptionsBox(QgsCollapsibleGroupBox):
    """How a question is asked."""

    model_changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Options"), parent)
        self.setCollapsed(True)
        self.setFlat(True)
        self._model = QComboBox(self)
        self._model.setToolTip(tr("Which model answers"))
        self._folder = QgsFileWidget(self)
        self._folder.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self._folder.setToolTip(tr("Folder of a model of your own (config.json and model.safetensors)"))
        self._device = _choices(settings.get("device"), *device_words().items())
        self._device.setToolTip(tr("Where the model computes"))
        self._image = _choices(
            settings.get("image"), ("automatic", tr("The engine's choice")), ("displayed", tr("As displayed"))
        )
        self._image.setToolTip(
            tr("Bands and contrast: found by the engine from the whole raster, or exactly as the layer is drawn")
        )
        self._bands = [self._band_box() for _ in range(3)]
        bands = QWidget(self)
        row = QHBoxLayout(bands)
        row.setContentsMargins(0, 0, 0, 0)
        for box in self._bands:
            row.addWidget(box)
        self._min_area = _metres(" m²", 1e7, tr("Smaller polygons are left out; automatic: 16 pixels of the model"))
        self._simplify = _metres(" m", 1e4, tr("How far an outline may be straightened; automatic: by the resolution"))
        self._reading = _choices(
            settings.get("reading"),
            ("auto", tr("Both")),
            ("plan", tr("Geometry of what was found")),
            ("network", tr("The model's own reading")),
        )
        self._reading.setToolTip(tr("Whose reading of “largest”, “north of”, “next to” counts"))
        self._anchor = _choices(
            settings.get("anchor_missing"), ("none", tr("Find nothing")), ("all", tr("Leave it out"))
        )
        self._anchor.setToolTip(tr("What “tanks near the harbour” finds where there is no harbour"))
        self._any_scale = QCheckBox(tr("Ask rasters that are far too coarse, too"), self)
        self._any_scale.setToolTip(tr("Ask at any scale, also where the raster is far too coarse for the model"))
        self._gsd = QgsDoubleSpinBox(self)
        self._gsd.setRange(0.05, 30)
        self._gsd.setDecimals(2)
        self._gsd.setValue(0.3)
        self._gsd.setSuffix(tr(" m per pixel"))
        self._gsd.setShowClearButton(False)
        self._gsd.setToolTip(tr("Resolution at which layers from the web are written for the engine"))

        form = QFormLayout(self)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        model = QVBoxLayout()  # one row: a hidden row of its own would leave a gap
        model.addWidget(self._model)
        model.addWidget(self._folder)
        form.addRow(tr("Model"), model)
        form.addRow(tr("Device"), self._device)
        form.addRow(tr("Colours"), self._image)
        form.addRow(tr("Bands"), bands)
        form.addRow(tr("Relations"), self._reading)
        form.addRow(tr("No such neighbour"), self._anchor)
        form.addRow(tr("Minimum area"), self._min_area)
        form.addRow(tr("Simplification"), self._simplify)
        form.addRow(tr("Web layers"), self._gsd)
        form.addRow("", self._any_scale)
        self._form = form
        self.set_models([])
        self._model.currentIndexChanged.connect(self._on_model)
        self._folder.fileChanged.connect(self.model_changed)
        # Unfolding shows every child, also the one that should stay hidden.
        self.collapsedStateChanged.connect(lambda collapsed: collapsed or self._show_folder())
        self._image.currentIndexChanged.connect(self._on_image)
        self._on_image()

    def set_models(self, models: list[dict[str, Any]]) -> None:
        """Offer models.

        Args:
            models: as the worker's ``models`` lists them.
        """
        chosen = self._model.currentData() if self._model.count() else settings.get("model")
        self._model.blockSignals(True)
        self._model.clear()
        for text, value in model_choices(models):
            self._model.addItem(text, value)
            self._model.setItemData(self._model.count() - 1, value, Qt.ItemDataRole.ToolTipRole)
        self._model.addItem(tr("A folder of your own…"), OWN_FOLDER)
        self._model.setCurrentIndex(max(0, self._model.findData(chosen)))
        self._model.blockSignals(False)
        self._show_folder()

    def choose_model(self, value: str) -> None:
        """Choose a model of the list.

        Args:
            value: name of a bundled model, or folder of one that was trained here.
        """
        self._model.setCurrentIndex(max(0, self._model.findData(value)))

    def set_model_folder(self, folder: str) -> None:
        """Choose a model of the person's own.

        Args:
            folder: a checkpoint.
        """
        self._folder.setFilePath(folder)
        self._model.setCurrentIndex(self._model.findData(OWN_FOLDER))

    def set_layer(self, layer: QgsRasterLayer | None) -> None:
        """Offer the bands of a layer."""
        count = layer.bandCount() if layer is not None and layer.isValid() else 0
        for box in self._bands:
            box.setMaximum(max(count, 1))
            box.setValue(0)
            box.setEnabled(count > 1)

    @property
    def model(self) -> str:
        """Name or folder of the chosen model."""
        if self._model.currentData() == OWN_FOLDER:
            return str(self._folder.filePath())
        return str(self._model.currentData())

    @property
    def as_displayed(self) -> bool:
        """Whether the layer's own drawing is used."""
        return self._image.currentData() == "displayed"

    @property
    def export_gsd_m(self) -> float:
        """Resolution for layers that have none of their own."""
        return float(self._gsd.value())

    def params(self) -> dict[str, Any]:
        """Return the options as params of a ``query``, and keep them for the next time."""
        for name, box in (
            ("device", self._device),
            ("image", self._image),
            ("reading", self._reading),
            ("anchor_missing", self._anchor),
        ):
            settings.put(name, box.currentData())
        if self._model.currentData() != OWN_FOLDER:
            settings.put("model", self.model)
        bands = [box.value() for box in self._bands]
        return {
            "model": self.model,
            "device": self._device.currentData(),
            "reading": self._reading.currentData(),
            "anchor_missing": self._anchor.currentData(),
            "allow_any_scale": self._any_scale.isChecked(),
            "bands": bands if all(bands) and not self.as_displayed else None,
            "min_area_m2": self._min_area.value() if self._min_area.value() >= 0 else None,
            "simplify_m": self._simplify.value() if self._simplify.value() >= 0 else None,
        }

    def _band_box(self) -> QSpinBox:
        box = QSpinBox(self)
        box.setRange(0, 1)
        box.setSpecialValueText(tr("auto"))
        box.setToolTip(tr("Band numbers for red, green and blue"))
        return box

    @property
    def own_folder(self) -> str:
        """Folder of the person's own model; empty for a bundled one."""
        return self.model if self._model.currentData() == OWN_FOLDER else ""

    def _on_model(self) -> None:
        self._show_folder()
        self.model_changed.emit()

    def _show_folder(self) -> None:
        self._folder.setVisible(self._model.currentData() == OWN_FOLDER)

    def _on_image(self) -> None:
        for box in self._bands:
            box.setEnabled(not self.as_displayed and box.maximum() > 1)


def _choices(chosen: str, *items: tuple[str, str]) -> QComboBox:
    box = QComboBox()
    for key, text in items:
        box.addItem(text, key)
    box.setCurrentIndex(max(0, box.findData(chosen)))
    return box


def _metres(suffix: str, maximum: float, tip: str) -> QgsDoubleSpinBox:
    box = QgsDoubleSpinBox()
    box.setRange(-1, maximum)
    box.setDecimals(2 if suffix == " m" else 1)
    box.setSpecialValueText(tr("automatic"))
    box.setValue(-1)
    box.setClearValue(-1, tr("automatic"))
    box.setSuffix(suffix)
    box.setToolTip(tip)
    box.setAlignment(Qt.AlignmentFlag.AlignLeft)
    return box
