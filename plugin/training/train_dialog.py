"""The dialog that trains a model on labelled layers."""

from __future__ import annotations

import html
import time
from pathlib import Path
from typing import Any

from qgis.core import QgsProcessingUtils
from qgis.gui import QgisInterface, QgsCollapsibleGroupBox, QgsFileWidget
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGroupBox,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)

from ...engine.protocol import Code, Metrics
from .. import settings
from ..compat import theme_icon
from ..figures import figure_words
from ..i18n import tr
from ..model_list import device_words, model_choices
from ..worker.service import EngineService
from .expression_editor import ExpressionEditor
from .layer_dialog import LayerDialog
from .pages import Page, figure, table, warning_lines
from .plot import TrainingPlot
from .understanding import understanding_page


class TrainDialog(LayerDialog):
    """Look at the data, train, see how it goes."""

    help_section = "train"
    trained = pyqtSignal(str)
    """Folder of a new model."""

    def __init__(
        self,
        iface: QgisInterface,
        service: EngineService,
        models: list[dict[str, Any]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(iface, service, tr("Train a model"), tr("Train"), parent)
        self.editor = ExpressionEditor(iface.mapCanvas(), self)
        self.form.addWidget(self.editor)
        self._boxes = (self._model_box(models), self._options_box())
        for box in self._boxes:
            self.form.addWidget(box)
        self.form.addStretch(1)
        self.look_button = QPushButton(theme_icon("mActionZoomIn.svg"), tr("Look at the data"), self)
        self.look_button.setToolTip(tr("Say what would be trained on, without training"))
        self.look_button.setAutoDefault(False)
        self.buttons.insertWidget(2, self.look_button)
        self.data_page = Page(tr("“Look at the data” shows here what the layers are understood to hold."), self)
        self.plot = TrainingPlot(self)
        self.result_page = Page(tr("The figures of the new model come here."), self)
        self.tabs.addTab(self.data_page, tr("Data"))
        self.tabs.addTab(self.plot, tr("Training"))
        self.tabs.addTab(self.result_page, tr("Result"))
        self._started_at = 0.0
        self._sheet = Path()
        self.align_forms()

        self.look_button.clicked.connect(self.look)
        self.start_button.clicked.connect(self.train)
        self.job.succeeded.connect(self._on_succeeded)
        self.job.measured.connect(self._on_measured)
        self.sources.labels_changed.connect(self._on_labels)
        self.editor.field_added.connect(self.sources.choose_expression_field)
        self.editor.said.connect(self.say)
        self._on_labels()

    def _model_box(self, models: list[dict[str, Any]]) -> QGroupBox:
        box = QGroupBox(tr("Model"), self)
        self.start_box = QComboBox(box)
        self.start_box.setToolTip(tr("What it knows already is kept; the classes of the labels are added"))
        for text, value in model_choices(models):
            self.start_box.addItem(text, value)
        self.name_line = QLineEdit(_free_name(settings.data_folder() / "models"), box)
        self.name_line.setToolTip(tr("Name of the new model, and of its folder"))
        form = QFormLayout(box)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("Start from"), self.start_box)
        form.addRow(tr("Name"), self.name_line)
        return box

    def _options_box(self) -> QgsCollapsibleGroupBox:
        box = QgsCollapsibleGroupBox(tr("Options"), self)
        box.setCollapsed(True)
        self.folder_box = QgsFileWidget(box)
        self.folder_box.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.folder_box.lineEdit().setPlaceholderText(str(settings.data_folder() / "models"))
        self.folder_box.setToolTip(tr("Where the folder of the new model is made"))
        self.steps_box = QSpinBox(box)
        self.steps_box.setRange(0, 1_000_000)
        self.steps_box.setSpecialValueText(tr("by the amount of data"))
        self.share_box = QSpinBox(box)
        self.share_box.setRange(0, 50)
        self.share_box.setValue(20)
        self.share_box.setSuffix(" %")
        self.share_box.setToolTip(tr("Share of the objects, by place, that are kept to choose the best model by"))
        self.device_box = QComboBox(box)
        for key, text in device_words().items():
            self.device_box.addItem(text, key)
        self.method_box = QComboBox(box)
        for key, text in (
            ("product", tr("All questions: one, all, none")),
            ("accurate-only", tr("Expressions only")),
            ("naive-wrel", tr("Expressions, else class names")),
            ("lrb-wrel", tr("The same with a reference bank")),
        ):
            self.method_box.addItem(text, key)
        self.method_box.setToolTip(
            tr("The first suits a map; the others are the published ways to mix expressions and class names")
        )
        self.overwrite_box = QCheckBox(tr("Start anew where a model of this name exists"), box)
        form = QFormLayout(box)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("Folder"), self.folder_box)
        form.addRow(tr("Steps"), self.steps_box)
        form.addRow(tr("Validation"), self.share_box)
        form.addRow(tr("Method"), self.method_box)
        form.addRow(tr("Device"), self.device_box)
        form.addRow("", self.overwrite_box)
        return box

    @property
    def out(self) -> Path:
        """The folder of the run."""
        parent = self.folder_box.filePath().strip()
        return (Path(parent) if parent else settings.data_folder() / "models") / self.name_line.text().strip()

    def params(self) -> dict[str, Any]:
        """Return what the form says, as params of a ``train`` besides the sources."""
        return {
            "out": str(self.out),
            "start": self.start_box.currentData(),
            "method": self.method_box.currentData(),
            "steps": self.steps_box.value() or None,
            "validation_share": self.share_box.value() / 100,
            "device": self.device_box.currentData(),
            "overwrite": self.overwrite_box.isChecked(),
        }

    def look(self) -> None:
        """Show what would be trained on."""
        self._sheet = Path(QgsProcessingUtils.generateTempFilename("contact-sheet.png"))
        if self.run("describe_training", {**self.params(), "contact_sheet": str(self._sheet)}):
            self.tabs.setCurrentWidget(self.data_page)

    def train(self) -> None:
        """Train; a training of the same name and data that was stopped goes on."""
        name = self.name_line.text().strip()
        if not name or name in (".", "..") or "/" in name or "\\" in name:
            self.say(tr("The model needs a name that can be the name of a folder, such as “my-model”."), True)
            return
        self._started_at = time.time()
        if self.run("train", self.params()):
            self.plot.clear()
            self.tabs.setCurrentWidget(self.plot)

    def stop(self) -> None:
        """Stop; a training keeps the best model that it has."""
        if self.job.method == "train":
            self.say(
                tr("Stopping after this step; the best model so far is kept. Press Stop again not to wait for it.")
            )
        super().stop()

    def shut(self) -> None:
        """Stop everything."""
        self.editor.close_editor()
        super().shut()

    def _on_succeeded(self, method: str, value: dict[str, Any]) -> None:
        if method == "describe_training":
            self.data_page.show_page(understanding_page(value), self._sheet)
            return
        self.result_page.show_page(_result_page(value))
        self.tabs.setCurrentWidget(self.result_page)
        text = tr("The model “{name}” is trained and stands in the panel's list of models.")
        self.say(text.replace("{name}", self.name_line.text().strip()))
        self.trained.emit(value["folder"])

    def on_failed(self, method: str, code: str, sentence: str) -> None:
        """Say what is left of a stopped training."""
        model = self.out / "model"
        config = model / "config.json"
        if code != Code.CANCELLED or method != "train":
            super().on_failed(method, code, sentence)
        elif config.exists() and config.stat().st_mtime >= self._started_at:
            self.say(tr("Stopped; the best model so far is in the panel's list. Press Train to go on from here."))
            self.trained.emit(str(model))
        else:
            self.say(tr("Stopped before a model was chosen. Press Train to go on from the last saved step."))

    def _on_measured(self, metrics: Metrics) -> None:
        self.plot.add(metrics.step, metrics.total, metrics.values)

    def _on_labels(self) -> None:
        self.editor.set_layer(self.sources.labels, self.sources.class_field, self.sources.expression_field)

    def _set_busy(self, busy: bool) -> None:
        super()._set_busy(busy)
        self.look_button.setVisible(not busy)
        for box in self._boxes:
            box.setEnabled(not busy)


def _result_page(value: dict[str, Any]) -> str:
    before, after = value["before"], value["after"]
    rows = [
        [text, figure(before.get(name)), figure(after.get(name))]
        for name, text in figure_words().items()
        if after.get(name) is not None
    ]
    where = (
        tr("Measured on the chips kept for validation.")
        if value["is_validated"]
        else tr("Measured on the training chips themselves, since no ground was left: these figures flatter.")
    )
    steps = tr("The weights of step {best} of {steps} were kept.")
    steps = steps.replace("{best}", str(value["best_step"])).replace("{steps}", str(value["steps"]))
    parts = [warning_lines(value["warnings"])]
    parts.append(table([tr("Questions"), tr("Before"), tr("After")], rows))
    parts.append(f"<p>{html.escape(where)} {html.escape(steps)}</p><p>{html.escape(value['folder'])}</p>")
    return "".join(parts)


def _free_name(folder: Path) -> str:
    name, number = "my-model", 2
    while (folder / name).exists():
        name, number = f"my-model-{number}", number + 1
    return name
