"""The answers of this session: a list, and what can be done with each."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsCoordinateTransform, QgsProject, QgsVectorLayer
from qgis.gui import QgisInterface
from qgis.PyQt.QtCore import QPoint, QSize, Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ..compat import theme_icon
from ..i18n import tr
from .question import Answer
from .refine import apply_filter

ANSWER = "referent/answer"
"""Custom property of layers that are answers."""
_ENTRY = Qt.ItemDataRole.UserRole


class Entry:
    """An answer, its layer in the project if it is there, and how it is refined."""

    def __init__(self, answer: Answer, threshold: float) -> None:
        self.answer = answer
        self.name = answer.expression
        self.threshold = threshold
        self.min_area_m2 = 0.0
        self.max_area_m2 = 0.0
        self._layer_id = ""

    @property
    def layer(self) -> QgsVectorLayer | None:
        """The layer, None if it was removed from the project or is none because nothing was found."""
        return QgsProject.instance().mapLayer(self._layer_id) if self._layer_id else None

    def add_layer(self) -> QgsVectorLayer | None:
        """Put the layer on top of the project, again if it was removed; None if its file is gone."""
        layer = self.layer
        if layer is not None:
            return layer
        layer = QgsVectorLayer(self.answer.path, self.name, "ogr")
        if not layer.isValid():
            return None
        field = layer.fields().indexOf("area_m2")
        self.max_area_m2 = float(layer.maximumValue(field) or 0.0) if layer.featureCount() else 0.0
        apply_filter(layer, self.threshold, self.min_area_m2)
        layer.setCustomProperty(ANSWER, True)
        project = QgsProject.instance()
        project.addMapLayer(layer, False)
        project.layerTreeRoot().insertLayer(0, layer)
        self._layer_id = layer.id()
        return layer

    def shown_count(self) -> int:
        """Return how many polygons are shown."""
        layer = self.layer
        return int(layer.featureCount()) if layer is not None else 0


class ResultsBox(QWidget):
    """The list and its buttons."""

    selected = pyqtSignal(object)
    """The ``Entry`` that the sliders act on, or None."""
    export_wanted = pyqtSignal()
    said = pyqtSignal(str)
    """A sentence for the person."""

    def __init__(self, iface: QgisInterface, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._iface = iface
        self._tree = QTreeWidget(self)
        self._tree.setHeaderLabels([tr("Question"), tr("Found"), tr("Layer")])
        self._tree.setRootIsDecorated(False)
        self._tree.setAlternatingRowColors(True)
        self._tree.setUniformRowHeights(True)
        self._tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._tree.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self._tree.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._tree.setAccessibleName(tr("Questions of this session"))
        self._tree.setMinimumHeight(6 * self.fontMetrics().height())
        header = self._tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self._actions = (
            ("mActionZoomToLayer.svg", tr("Zoom to"), self.zoom),
            ("mActionEditTable.svg", tr("Rename"), self.rename),
            ("mActionFileSaveAs.svg", tr("Export…"), self.export_wanted.emit),
            ("mActionDeleteSelected.svg", tr("Remove"), self.remove),
        )
        bar = QHBoxLayout()
        bar.setContentsMargins(0, 0, 0, 0)
        bar.setSpacing(2)
        self._buttons = []
        size = self.fontMetrics().height() + 4
        for icon, text, act in self._actions:
            button = QToolButton(self)
            button.setIcon(theme_icon(icon))
            button.setIconSize(QSize(size, size))
            button.setToolTip(text)
            button.setAccessibleName(text)
            button.setAutoRaise(True)
            button.clicked.connect(lambda checked=False, act=act: act())
            bar.addWidget(button)
            self._buttons.append(button)
        bar.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._tree, 1)
        column.addLayout(bar)
        self._tree.currentItemChanged.connect(self._on_current)
        self._tree.itemDoubleClicked.connect(lambda item, column: self.zoom())
        self._tree.itemChanged.connect(self._on_renamed)
        self._tree.customContextMenuRequested.connect(self._on_menu)
        self._on_current()

    def add(self, answer: Answer, threshold: float) -> Entry:
        """Add an answer on top, put its layer into the project and choose it."""
        entry = Entry(answer, threshold)
        if answer.count:
            entry.add_layer()
        item = QTreeWidgetItem([entry.name, "", answer.layer_name])
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        item.setData(0, _ENTRY, entry)
        item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._tree.insertTopLevelItem(0, item)
        self._describe(item)
        self._tree.setCurrentItem(item)
        return entry

    @property
    def entries(self) -> list[Entry]:
        """Every answer, newest first."""
        return [self._tree.topLevelItem(row).data(0, _ENTRY) for row in range(self._tree.topLevelItemCount())]

    @property
    def current(self) -> Entry | None:
        """The chosen answer."""
        item = self._tree.currentItem()
        return item.data(0, _ENTRY) if item is not None else None

    def refresh_counts(self) -> None:
        """Show how many polygons of the chosen answer are visible."""
        if self._tree.currentItem() is not None:
            self._describe(self._tree.currentItem())

    def zoom(self) -> None:
        """Show the chosen answer on the map, adding its layer again if it was removed."""
        entry = self.current
        if entry is None:
            return
        if entry.answer.count == 0:
            self.said.emit(tr("There is nothing to zoom to: nothing was found."))
            return
        layer = entry.add_layer()
        if layer is None:
            self.said.emit(tr("The file {path} is not there any more: ask again.").replace("{path}", entry.answer.path))
            return
        canvas = self._iface.mapCanvas()
        turn = QgsCoordinateTransform(layer.crs(), canvas.mapSettings().destinationCrs(), QgsProject.instance())
        extent = turn.transformBoundingBox(layer.extent())
        extent.scale(1.2)
        canvas.setExtent(extent)
        canvas.refresh()
        self._describe(self._tree.currentItem())

    def rename(self) -> None:
        """Edit the name in place."""
        if self._tree.currentItem() is not None:
            self._tree.editItem(self._tree.currentItem(), 0)

    def remove(self) -> None:
        """Take the chosen answer out of list and project; its file is deleted too."""
        item = self._tree.currentItem()
        if item is None:
            return
        entry = item.data(0, _ENTRY)
        if entry.layer is not None:
            QgsProject.instance().removeMapLayer(entry.layer.id())
        self._tree.takeTopLevelItem(self._tree.indexOfTopLevelItem(item))
        path = Path(entry.answer.path)
        for leftover in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
            try:
                leftover.unlink()
            except OSError:
                continue  # still open somewhere, or gone: nothing that the person has to know
        self._on_current()

    def _describe(self, item: QTreeWidgetItem) -> None:
        entry = item.data(0, _ENTRY)
        answer = entry.answer
        self._tree.blockSignals(True)
        item.setText(0, entry.name)
        item.setText(1, str(entry.shown_count()))
        score = "–" if answer.best_score is None else f"{answer.best_score:.2f}"
        tip = tr("{shown} of {count} polygons shown, best score {score}\n{model} on {device}, {seconds} s\n{path}")
        for name, value in (
            ("shown", str(entry.shown_count())),
            ("count", str(answer.count)),
            ("score", score),
            ("model", answer.model),
            ("device", answer.device),
            ("seconds", f"{answer.total_s:.2f}"),
            ("path", answer.path),
        ):
            tip = tip.replace("{" + name + "}", value)
        for column in range(3):
            item.setToolTip(column, tip)
        self._tree.blockSignals(False)

    def _on_current(self, *items: object) -> None:
        for button in self._buttons:
            button.setEnabled(self.current is not None)
        self.selected.emit(self.current)

    def _on_renamed(self, item: QTreeWidgetItem, column: int) -> None:
        entry = item.data(0, _ENTRY)
        name = item.text(0).strip()
        if name:
            entry.name = name
            if entry.layer is not None:
                entry.layer.setName(name)
        self._describe(item)

    def _on_menu(self, place: QPoint) -> None:
        if self._tree.itemAt(place) is None:
            return
        menu = QMenu(self)
        for icon, text, act in self._actions:
            menu.addAction(theme_icon(icon), text, act)
        menu.exec(self._tree.viewport().mapToGlobal(place))
