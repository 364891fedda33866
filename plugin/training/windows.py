"""The two dialogs as the rest of the plugin sees them: opened, raised, closed."""

from __future__ import annotations

from qgis.gui import QgisInterface
from qgis.PyQt.QtWidgets import QDialog

from ..panel.dock import ReferentDock
from ..worker.service import EngineService
from .evaluate_dialog import EvaluateDialog
from .train_dialog import TrainDialog


class TrainingWindows:
    """At most one dialog of each kind."""

    def __init__(self, iface: QgisInterface, service: EngineService, dock: ReferentDock) -> None:
        """Remember what the dialogs need; open nothing."""
        self._iface = iface
        self._service = service
        self._dock = dock
        self._open: dict[type[QDialog], QDialog] = {}

    def train(self) -> TrainDialog:
        """Open the dialog that trains, or bring it to the front."""
        if TrainDialog not in self._open:
            dialog = TrainDialog(self._iface, self._service, self._dock.models, self._iface.mainWindow())
            dialog.trained.connect(self._dock.add_model)
            self._show(dialog)
        return self._raised(TrainDialog)

    def evaluate(self) -> EvaluateDialog:
        """Open the dialog that evaluates, or bring it to the front."""
        if EvaluateDialog not in self._open:
            chosen = self._dock.options.model
            self._show(EvaluateDialog(self._iface, self._service, self._dock.models, chosen, self._iface.mainWindow()))
        return self._raised(EvaluateDialog)

    def close(self) -> None:
        """Close both, stopping what they run."""
        for dialog in list(self._open.values()):
            dialog.close()

    def _show(self, dialog: TrainDialog | EvaluateDialog) -> None:
        kind = type(dialog)
        self._open[kind] = dialog
        dialog.choose_layers(self._dock.layer_box.currentLayer())
        dialog.closed.connect(lambda: self._on_closed(kind))
        dialog.show()

    def _on_closed(self, kind: type[QDialog]) -> None:
        self._open.pop(kind, None)
        if not self._open:
            self._service.end_long()

    def _raised(self, kind: type[QDialog]) -> QDialog:
        dialog = self._open[kind]
        dialog.raise_()
        dialog.activateWindow()
        return dialog
