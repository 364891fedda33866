"""The dialog that measures a model on labelled layers."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from qgis.gui import QgisInterface, QgsFileWidget
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import QComboBox, QFormLayout, QGroupBox, QPushButton, QWidget

from .. import settings
from ..compat import theme_icon
from ..figures import figure_words
from ..i18n import tr
from ..model_list import model_choices
from ..worker.service import EngineService
from .layer_dialog import LayerDialog
from .pages import Page, figure, table, warning_lines


class EvaluateDialog(LayerDialog):
    """Ask a model about objects whose truth is drawn, and show how often it is right."""

    help_section = "evaluate"

    def __init__(
        self,
        iface: QgisInterface,
        service: EngineService,
        models: list[dict[str, Any]],
        chosen: str,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(iface, service, tr("Evaluate a model"), tr("Evaluate"), parent)
        box = QGroupBox(tr("Model"), self)
        self.model_box = QComboBox(box)
        for text, value in model_choices(models):
            self.model_box.addItem(text, value)
        self.model_box.setCurrentIndex(max(0, self.model_box.findData(chosen)))
        self.text_box = QComboBox(box)
        self.text_box.addItem(tr("Expressions and class names"), "expression")
        self.text_box.addItem(tr("Class names only"), "class-name")
        self.text_box.setToolTip(tr("Class names only: what the model would reach if it ignored all other words"))
        self.report_box = QgsFileWidget(box)
        self.report_box.setStorageMode(QgsFileWidget.StorageMode.SaveFile)
        self.report_box.setFilter("HTML (*.html)")
        self.report_box.lineEdit().setPlaceholderText(str(settings.data_folder() / "reports"))
        self.report_box.setToolTip(tr("A page with all tables, and the best and worst examples as pictures"))
        form = QFormLayout(box)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("Model"), self.model_box)
        form.addRow(tr("Ask for"), self.text_box)
        form.addRow(tr("Report"), self.report_box)
        self.form.addWidget(box)
        self.form.addStretch(1)
        self.page = Page(tr("The figures come here."), self)
        self.tabs.addTab(self.page, tr("Result"))
        self.open_button = QPushButton(theme_icon("mActionOpenTable.svg"), tr("Open the report"), self)
        self.open_button.setAutoDefault(False)
        self.open_button.hide()
        self.buttons.insertWidget(2, self.open_button)
        self._report = Path()
        self.align_forms()
        self.job.succeeded.connect(self._on_succeeded)
        self.start_button.clicked.connect(self.evaluate)
        self.open_button.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._report))))

    def evaluate(self) -> None:
        """Measure."""
        chosen = self.report_box.filePath().strip()
        try:
            self._report = Path(chosen) if chosen else _report_file(self.model_box.currentText())
        except OSError as error:
            text = tr("The report cannot be written ({reason}): choose another file.")
            self.say(text.replace("{reason}", str(error.strerror)), True)
            return
        self.open_button.hide()
        self.run(
            "evaluate",
            {
                "model": self.model_box.currentData(),
                "text_mode": self.text_box.currentData(),
                "report": str(self._report),
            },
        )

    def _on_succeeded(self, method: str, value: dict[str, Any]) -> None:
        self.page.show_page(_figures_page(value))
        self.open_button.setVisible(self._report.exists())


def _figures_page(value: dict[str, Any]) -> str:
    parts = [warning_lines(value["warnings"])]
    rows = []
    for name, text in figure_words().items():
        number, interval = value["headline"].get(name), value["intervals"].get(name)
        if number is not None:
            spread = f"{interval[0]:.3f} – {interval[1]:.3f}" if interval else "–"
            rows.append([text, figure(number), spread])
    parts.append(table([tr("Questions"), tr("Figure"), tr("95 % interval")], rows))
    head = [tr("Class"), tr("Expressions"), tr("Mean IoU"), tr("Chips"), tr("IoU of all")]
    rows = [
        [
            name,
            f"{row['written_count']:.0f}",
            figure(row["written_miou"]),
            f"{row['class_count']:.0f}",
            figure(row["class_oiou"]),
        ]
        for name, row in value["classes"].items()
    ]
    parts.append(table(head, rows))
    if len(value["kinds"]) > 1:
        rows = [[name, f"{row['count']:.0f}", figure(row["miou"])] for name, row in value["kinds"].items()]
        parts.append(table([tr("Kind of expression"), tr("Expressions"), tr("Mean IoU")], rows))
    return "".join(parts)


def _report_file(model: str) -> Path:
    folder = settings.data_folder() / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^\w-]+", "_", model).strip("_") or "model"
    return folder / f"{name}-{time.strftime('%Y-%m-%d-%H%M%S')}.html"
