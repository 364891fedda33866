"""The page under Settings, Options, Referent."""

from __future__ import annotations

import shutil

from qgis.core import QgsApplication
from qgis.gui import QgsDoubleSpinBox, QgsFileWidget, QgsOptionsPageWidget, QgsOptionsWidgetFactory
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QIcon
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ..engine.protocol import Failure, Message, Result
from . import diagnostics, messages, settings
from .i18n import tr
from .paths import resource
from .worker.environment import engine_folder, read_state, remove
from .worker.service import EngineService, engine_python

PAGE = "mOptionsPageReferent"
"""By this name QGIS opens its options on this page."""


class ReferentOptionsFactory(QgsOptionsWidgetFactory):
    """Makes the page whenever QGIS opens its options."""

    def __init__(self, service: EngineService, version: str, on_changed, on_repair) -> None:
        super().__init__("Referent", QIcon(resource("icons/referent.svg")))
        self.setTitle("Referent")
        self._arguments = (service, version, on_changed, on_repair)

    def icon(self):
        """Return the plugin's icon."""
        return QIcon(resource("icons/referent.svg"))

    def createWidget(self, parent):
        """Return a new page."""
        return OptionsPage(*self._arguments, parent)


class OptionsPage(QgsOptionsPageWidget):
    """Which Python computes, where data lies, and what to do when something is wrong."""

    _verified = pyqtSignal(object)

    def __init__(
        self, service: EngineService, version: str, on_changed, on_repair, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName(PAGE)
        self._service = service
        self._version = version
        self._on_changed = on_changed
        self._on_repair = on_repair
        self._verified.connect(self._on_verified, Qt.ConnectionType.QueuedConnection)

        self._python = QgsFileWidget(self)
        self._python.setFilePath(settings.get("python"))
        self._python.setDialogTitle(tr("A Python that has the engine's libraries"))
        self._python.lineEdit().setPlaceholderText(tr("The engine that Referent prepares itself"))
        self._profile = QComboBox(self)
        for key, text in (
            ("auto", tr("By what this computer has")),
            ("cpu", tr("Processor only (small)")),
            ("cuda", tr("With NVIDIA graphics card (large)")),
        ):
            self._profile.addItem(text, key)
        self._profile.setCurrentIndex(max(0, self._profile.findData(settings.get("profile"))))
        self._data = _folder_widget(settings.get("data_folder"), str(settings.data_folder()))
        self._wheels = _folder_widget(settings.get("wheel_folder"), tr("Install from the network"))
        self._wheels.setToolTip(tr("A folder of wheels, for computers without network: pip download -r the lock there"))
        self._idle = QSpinBox(self)
        self._idle.setRange(0, 24 * 60)
        self._idle.setSuffix(" min")
        self._idle.setSpecialValueText(tr("never"))
        self._idle.setValue(settings.get("idle_unload_min"))
        self._cache = QgsDoubleSpinBox(self)
        self._cache.setRange(0, 1000)
        self._cache.setDecimals(1)
        self._cache.setSuffix(" GB")
        self._cache.setSpecialValueText(tr("none"))
        self._cache.setShowClearButton(False)
        self._cache.setValue(settings.get("cache_gb"))
        self._cache.setToolTip(
            tr("What was seen of a picture is kept, so that questions about it are quick tomorrow too")
        )
        self._clear_cache = QPushButton(self)
        self._clear_cache.setToolTip(tr("Delete what was seen; nothing is lost but time"))
        self._verify = QPushButton(tr("Verify"), self)
        self._verify.setToolTip(tr("Compute something real with this Python and name device and versions"))
        self._verdict = QLabel(self)
        self._verdict.setWordWrap(True)
        self._verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        repair = QPushButton(tr("Repair"), self)
        repair.setToolTip(tr("Make the engine's environment anew"))
        remove_button = QPushButton(tr("Remove"), self)
        remove_button.setToolTip(tr("Delete the engine's environment; results stay"))
        report = QPushButton(tr("Copy diagnostics"), self)
        report.setToolTip(tr("Copy a report for a bug ticket, without private paths and names"))

        engine = QGroupBox(tr("Engine"), self)
        form = QFormLayout(engine)
        form.addRow(tr("Use this Python instead"), self._python)
        form.addRow(tr("What to install"), self._profile)
        form.addRow(tr("Wheel folder"), self._wheels)
        row = QHBoxLayout()
        for button in (self._verify, repair, remove_button, report):
            row.addWidget(button)
        row.addStretch(1)
        form.addRow(row)
        form.addRow(self._verdict)
        storage = QGroupBox(tr("Storage"), self)
        form = QFormLayout(storage)
        form.addRow(tr("Data folder"), self._data)
        form.addRow(tr("Free the model's memory after"), self._idle)
        cache = QHBoxLayout()
        cache.addWidget(self._cache, 1)
        cache.addWidget(self._clear_cache)
        form.addRow(tr("Cache of pictures"), cache)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(engine)
        column.addWidget(storage)
        column.addStretch(1)
        self._verify.clicked.connect(self.verify)
        repair.clicked.connect(self._repair)
        remove_button.clicked.connect(self._remove)
        report.clicked.connect(self._copy_report)
        self._clear_cache.clicked.connect(self.clear_cache)
        self._say_state()
        self._say_cache()

    def apply(self) -> None:
        """Keep what was chosen; the next question uses it."""
        before = (engine_python(), settings.data_folder())
        settings.put("python", self._python.filePath().strip())
        settings.put("profile", self._profile.currentData())
        settings.put("data_folder", self._data.filePath().strip())
        settings.put("wheel_folder", self._wheels.filePath().strip())
        settings.put("idle_unload_min", self._idle.value())
        settings.put("cache_gb", self._cache.value())
        if before != (engine_python(), settings.data_folder()):
            self._service.restart()
        self._on_changed()

    def verify(self) -> None:
        """Compute something real and show who computed it."""
        self.apply()
        self._verify.setEnabled(False)
        self._verdict.setText(tr("Computing…"))
        self._service.submit("verify", {}, self._relay)

    @property
    def verdict(self) -> str:
        """What the last verification said."""
        return str(self._verdict.text())

    def _relay(self, message: Message) -> None:
        if isinstance(message, (Result, Failure)):
            try:
                self._verified.emit(message)
            except RuntimeError:
                return  # the options were closed meanwhile

    def _on_verified(self, message: object) -> None:
        self._verify.setEnabled(True)
        if isinstance(message, Failure):
            self._verdict.setText("✗ " + messages.sentence(message))
            return
        value = message.value
        versions = ", ".join(f"{name} {version}" for name, version in value["versions"].items())
        text = tr("✓ The engine computes on {device} ({seconds} s). {versions}")
        self._verdict.setText(
            text.replace("{device}", value["device"])
            .replace("{seconds}", f"{value['seconds']:.1f}")
            .replace("{versions}", versions)
        )

    def _say_state(self) -> None:
        python = engine_python()
        if python is None:
            self._verdict.setText(tr("There is no engine yet."))
        else:
            self._verdict.setText(tr("Engine: {path}").replace("{path}", str(python)))

    def _repair(self) -> None:
        self.apply()
        self._on_repair()
        self._verdict.setText(tr("The engine is being prepared; the Referent panel shows how far it is."))

    def _remove(self) -> None:
        folder = settings.data_folder()
        if read_state(folder) is None and not engine_folder(folder).exists():
            self._verdict.setText(tr("There is no environment to remove."))
            return
        question = tr("Delete the engine's environment in {path}?").replace("{path}", str(engine_folder(folder)))
        if QMessageBox.question(self, "Referent", question) != QMessageBox.StandardButton.Yes:
            return
        self._service.restart()
        try:
            remove(folder)
        except OSError as error:
            self._verdict.setText(
                tr("It cannot be deleted ({reason}): close programs that use it and try again.").replace(
                    "{reason}", str(error)
                )
            )
            return
        self._say_state()
        self._on_changed()

    def clear_cache(self) -> None:
        """Delete what was kept of pictures."""
        shutil.rmtree(settings.cache_folder(), ignore_errors=True)  # what is in use stays, and is counted below
        self._say_cache()

    def _say_cache(self) -> None:
        files = [path for path in settings.cache_folder().rglob("*") if path.is_file()]
        size = f"{sum(path.stat().st_size for path in files) / 1e9:.2f}"
        self._clear_cache.setText(tr("Clear ({size} GB)").replace("{size}", size))
        self._clear_cache.setEnabled(bool(files))

    def _copy_report(self) -> None:
        QgsApplication.clipboard().setText(diagnostics.report(self._service, self._version))
        self._verdict.setText(tr("The report is on the clipboard; look it over before you share it."))


def _folder_widget(path: str, placeholder: str) -> QgsFileWidget:
    widget = QgsFileWidget()
    widget.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
    widget.setFilePath(path)
    widget.lineEdit().setPlaceholderText(placeholder)
    return widget
