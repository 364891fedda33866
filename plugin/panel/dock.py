"""The panel: puts the parts together and passes what they say to each other."""

from __future__ import annotations

import html

from qgis.core import QgsMapLayerProxyModel, QgsRasterLayer
from qgis.gui import QgisInterface, QgsDockWidget, QgsMapLayerComboBox
from qgis.PyQt.QtCore import Qt, QUrl, pyqtSignal
from qgis.PyQt.QtGui import QDesktopServices, QIcon
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QCompleter,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ...engine.protocol import Code, Result
from .. import messages, settings
from ..compat import theme_icon
from ..help import help_url
from ..i18n import tr
from ..options_page import PAGE as OPTIONS_PAGE
from ..paths import resource
from ..scene import SceneError
from ..worker.service import EngineService
from .engine_bar import EngineBar
from .export_dialog import ask_and_export
from .notice import Notice
from .options import OptionsBox
from .progress import QuestionProgress
from .question import Answer, Question
from .refine import RefineBox, apply_filter
from .results import Entry, ResultsBox
from .scope import ScopeChooser
from .session import Session
from .toolbar import PanelToolbar

EXAMPLES_SHOWN = 8


class ReferentDock(QgsDockWidget):
    """Ask a raster layer in words."""

    _models_listed = pyqtSignal(object)

    def __init__(self, iface: QgisInterface, service: EngineService, parent: QWidget | None = None) -> None:
        super().__init__("Referent", parent)
        self.setObjectName("ReferentDock")
        self.setWindowIcon(QIcon(resource("icons/referent.svg")))
        self._iface = iface
        self._service = service
        self.models: list[dict] = []
        """What the engine lists, see ``models`` in the protocol; empty until it has."""
        self._wanted_model = ""
        self.session = Session(service, self)
        self._build()
        self._connect()
        self._show_layer(self.layer_box.currentLayer())
        self._on_engine(self.engine_bar.refresh())

    # What it is made of.

    def _build(self) -> None:
        body = QWidget()
        self.notice = Notice(body)
        self.engine_bar = EngineBar(self._service, body)

        self.layer_box = QgsMapLayerComboBox(body)
        self.layer_box.setFilters(QgsMapLayerProxyModel.Filter.RasterLayer)
        self.layer_box.setToolTip(tr("Which raster layer to ask"))
        self.layer_box.setAccessibleName(tr("Which raster layer to ask"))
        self.scope_box = ScopeChooser(self._iface.mapCanvas(), body)

        self.expression_box = QComboBox(body)
        self.expression_box.setEditable(True)
        self.expression_box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.expression_box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.expression_box.setAccessibleName(tr("What to look for"))
        self.expression_box.setToolTip(tr("What to look for, in words; Enter asks, the arrow shows earlier questions"))
        line = self.expression_box.lineEdit()
        line.setPlaceholderText(tr("the largest storage tank near the harbour"))
        line.setClearButtonEnabled(True)
        self.expression_box.completer().setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.expression_box.completer().setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._fill_history(settings.get("history"))
        self.ask_button = QPushButton(theme_icon("mActionStart.svg"), tr("Ask"), body)
        self.ask_button.setDefault(True)
        self.ask_button.setToolTip(tr("Look for it (Enter)"))
        self.cancel_button = QPushButton(theme_icon("mTaskCancel.svg"), tr("Cancel"), body)
        self.cancel_button.setToolTip(tr("Stop looking (Esc)"))
        self.cancel_button.hide()

        self.examples = QLabel(body)
        self.examples.setWordWrap(True)
        self.examples.setTextInteractionFlags(Qt.TextInteractionFlag.LinksAccessibleByMouse)
        self.examples.setToolTip(tr("Classes that the model knows; click one to ask for it"))
        self.examples.hide()
        self.options = OptionsBox(body)
        self.progress = QuestionProgress(body)
        self.progress.hide()
        self.why = QLabel(body)
        self.why.setWordWrap(True)
        self.why.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.why.hide()
        self.refine = RefineBox(body)
        self.results = ResultsBox(self._iface, body)

        self.toolbar = PanelToolbar(body)

        question = QGridLayout()
        question.setColumnStretch(1, 1)
        for row, (text, widget) in enumerate(((tr("Layer"), self.layer_box), (tr("Where"), self.scope_box))):
            label = QLabel(text, body)
            label.setBuddy(widget)
            question.addWidget(label, row, 0)
            question.addWidget(widget, row, 1)
        ask = QHBoxLayout()
        ask.addWidget(self.expression_box, 1)
        ask.addWidget(self.ask_button)
        ask.addWidget(self.cancel_button)

        column = QVBoxLayout(body)
        column.addWidget(self.toolbar)
        column.addWidget(self.notice)
        column.addWidget(self.engine_bar)
        column.addLayout(question)
        column.addLayout(ask)
        column.addWidget(self.examples)
        column.addWidget(self.progress)
        column.addWidget(self.options)
        column.addWidget(_heading(tr("Answers"), body))
        column.addWidget(self.results, 1)
        column.addWidget(self.refine)
        column.addWidget(self.why)
        area = QScrollArea()
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(body)
        self.setWidget(area)

    def _connect(self) -> None:
        self.layer_box.layerChanged.connect(self._show_layer)
        self.expression_box.lineEdit().returnPressed.connect(self.ask)
        self.ask_button.clicked.connect(self.ask)
        self.cancel_button.clicked.connect(self.session.cancel)
        self.options.model_changed.connect(self._on_model)
        self.examples.linkActivated.connect(self._on_example)
        self.refine.changed.connect(self._on_refined)
        self.results.selected.connect(self._on_selected)
        self.results.said.connect(self.say)
        self.results.export_wanted.connect(self._on_export)
        self.engine_bar.ready.connect(self._on_engine)
        self.engine_bar.failed.connect(lambda sentence: self.say(sentence, is_problem=True))
        self.engine_bar.settings_wanted.connect(self.open_settings)
        self.toolbar.help_wanted.connect(lambda: QDesktopServices.openUrl(QUrl(help_url("panel"))))
        self.toolbar.settings_wanted.connect(self.open_settings)
        self.session.started.connect(self._on_started)
        self.session.progressed.connect(self.progress.show_report)
        self.session.warned.connect(self.say)
        self.session.answered.connect(self._on_answer)
        self.session.failed.connect(self._on_failed)
        self.session.finished.connect(self._on_finished)
        self._models_listed.connect(self._on_models, Qt.ConnectionType.QueuedConnection)

    # What it does.

    def ask(self) -> None:
        """Ask what the expression line says."""
        if self.session.is_busy:
            return
        if not self.engine_bar.refresh():
            self.say(messages.sentence_for(Code.ENGINE_MISSING), is_problem=True)
            return
        expression = self.expression_box.currentText().strip()
        try:
            region, crs = self.scope_box.region()
        except SceneError as error:
            self.say(str(error), is_problem=True)
            return
        params = self.options.params()
        params["threshold"] = self.refine.threshold
        # Weaker finds are kept, so that the slider can show them without asking again.
        params["keep_from"] = settings.get("keep_from")
        layer = self.layer_box.currentLayer()
        self.session.ask(
            Question(layer, expression, region, crs, self.options.as_displayed, self.options.export_gsd_m, params)
        )

    def say(self, sentence: str, is_problem: bool = False) -> None:
        """Show a sentence at the top of the panel."""
        self.notice.show_text(sentence, is_problem)

    def open_settings(self) -> None:
        """Open the settings page."""
        self._iface.showOptionsDialog(self._iface.mainWindow(), OPTIONS_PAGE)
        self.engine_changed()

    def add_model(self, folder: str) -> None:
        """Put a model that was trained here into the list, and choose it."""
        settings.remember_model(folder)
        self._wanted_model = folder
        self._list_models()

    def repair(self) -> None:
        """Make the engine's environment anew."""
        self.show()
        self.engine_bar.prepare()

    def shut(self) -> None:
        """Stop everything and take everything off the map, before the panel is deleted."""
        self.session.close()
        self.engine_bar.close_task()
        self.scope_box.close_tools()

    def engine_changed(self) -> None:
        """Look again whether there is an engine, and ask it what it knows."""
        self.models = []
        self._on_engine(self.engine_bar.refresh())

    def showEvent(self, event) -> None:
        """Get the engine ready when somebody looks at the panel."""
        super().showEvent(event)
        self._on_engine(self.engine_bar.refresh())

    def keyPressEvent(self, event) -> None:
        """Cancel with the Escape key."""
        if event.key() == Qt.Key.Key_Escape and self.session.is_busy:
            self.session.cancel()
        else:
            super().keyPressEvent(event)

    # What it hears.

    def _show_layer(self, layer: QgsRasterLayer | None) -> None:
        self.options.set_layer(layer)

    def _on_engine(self, is_there: bool = True) -> None:
        self.ask_button.setEnabled(is_there)
        # Listing starts the worker too, so that the first question need not wait for it; a panel that nobody looks at
        # starts nothing.
        if is_there and not self.models and not self.isHidden():
            self._list_models()

    def _list_models(self) -> None:
        params = {"folder": self.options.own_folder, "also": settings.get("trained_models")}
        self._service.submit("models", params, self._relay_models)

    def _on_model(self) -> None:
        if self.engine_bar.refresh():
            self._list_models()

    def _relay_models(self, message: object) -> None:
        if isinstance(message, Result):
            try:
                self._models_listed.emit(message.value["models"])
            except RuntimeError:
                return  # the panel was deleted meanwhile

    def _on_models(self, models: list[dict]) -> None:
        self.models = models
        self.options.set_models([model for model in models if model["folder"] != self.options.own_folder])
        if self._wanted_model:
            self.options.choose_model(self._wanted_model)
            self._wanted_model = ""
        self._show_examples(EXAMPLES_SHOWN)

    def _show_examples(self, limit: int) -> None:
        chosen = [model for model in self.models if self.options.model in (model["name"], model["folder"])]
        classes = chosen[-1]["classes"] if chosen else []
        links = [f'<a href="{html.escape(name)}">{html.escape(name)}</a>' for name in classes[:limit]]
        if len(classes) > limit:
            links.append('<a href="#all">…</a>')
        self.examples.setText(tr("Try:") + " " + " · ".join(links))
        self.examples.setVisible(bool(classes))

    def _on_example(self, name: str) -> None:
        if name == "#all":
            self._show_examples(1000)
        else:
            self.expression_box.setEditText(name)
            self.ask()

    def _on_started(self) -> None:
        self.notice.clear()
        self.progress.clear()
        self._set_busy(True)

    def _on_answer(self, answer: Answer) -> None:
        self._fill_history(settings.remember_expression(answer.expression))
        entry = self.results.add(answer, self.refine.threshold)
        for text in answer.warnings:
            self.say(text)
        if answer.count == 0:
            score = "–" if answer.best_score is None else f"{answer.best_score:.2f}"
            self.say(
                tr("Nothing found for “{expression}”; the best score was {score}.")
                .replace("{expression}", answer.expression)
                .replace("{score}", score)
            )
        elif entry.shown_count() == 0:
            text = tr("All {count} finds have low scores: lower the threshold to see them.")
            self.say(text.replace("{count}", str(answer.count)))

    def _on_failed(self, code: str, sentence: str) -> None:
        self.say(sentence, is_problem=code != Code.CANCELLED)
        if code == Code.ENGINE_MISSING:
            self.engine_bar.refresh()

    def _on_finished(self) -> None:
        self._set_busy(False)

    def _on_selected(self, entry: Entry | None) -> None:
        has_layer = entry is not None and entry.answer.count > 0
        self.refine.setEnabled(has_layer)
        self.why.setVisible(entry is not None)
        if entry is None:
            return
        answer = entry.answer
        asked = html.escape(answer.plan or answer.expression)
        seconds = f"{answer.total_s:.1f}" if answer.total_s >= 1 else f"{answer.total_s:.2f}"
        detail = tr("{model} on {device}, {seconds} s").replace("{model}", answer.model)
        self.why.setToolTip(f"<pre>{html.escape(answer.explanation)}</pre>" if answer.explanation else "")
        detail = html.escape(detail.replace("{device}", answer.device).replace("{seconds}", seconds))
        self.why.setText(f"{html.escape(tr('Asked:'))} <b>{asked}</b><br><small>{detail}</small>")
        if has_layer:
            self.refine.set_values(entry.threshold, entry.min_area_m2, entry.max_area_m2)

    def _on_refined(self) -> None:
        entry = self.results.current
        if entry is None:
            return
        entry.threshold, entry.min_area_m2 = self.refine.threshold, self.refine.min_area_m2
        if entry.layer is not None and not apply_filter(entry.layer, entry.threshold, entry.min_area_m2):
            self.say(
                tr("“{name}” is being edited: save or discard the edits before filtering it.").replace(
                    "{name}", entry.name
                )
            )
        elif entry.threshold < entry.answer.kept_from:
            self.say(tr("Weaker finds were not kept for this answer: ask again to see them."))
        self.results.refresh_counts()

    def _on_export(self) -> None:
        sentence, is_problem = ask_and_export(self, self.results.current, self.results.entries)
        if sentence:
            self.say(sentence, is_problem)

    def _set_busy(self, busy: bool) -> None:
        self.progress.setVisible(busy)
        self.ask_button.setVisible(not busy)
        self.cancel_button.setVisible(busy)
        self.expression_box.lineEdit().setReadOnly(busy)

    def _fill_history(self, history: list[str]) -> None:
        text = self.expression_box.currentText()
        self.expression_box.blockSignals(True)
        self.expression_box.clear()
        self.expression_box.addItems(history)
        self.expression_box.setEditText(text)
        self.expression_box.blockSignals(False)


def _heading(text: str, parent: QWidget) -> QLabel:
    label = QLabel(text, parent)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    return label
