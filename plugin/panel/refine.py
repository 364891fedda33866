"""Two sliders that act on the kept scores of an answer at once, without asking the model again."""

from __future__ import annotations

from qgis.core import QgsVectorLayer
from qgis.gui import QgsDoubleSpinBox
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import QGridLayout, QLabel, QSlider, QWidget

from .. import settings
from ..i18n import tr

STEPS = 200
SCORE_STEPS = 100  # as many as the box beside it can show
KEEP_FLOOR = 0.05


class RefineBox(QWidget):
    """Score and area below which polygons are hidden."""

    changed = pyqtSignal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._max_area = 1000.0
        self._score_slider, self._score_box = _pair(1.0, 2, "", SCORE_STEPS)
        self._area_slider, self._area_box = _pair(self._max_area, 1, " m²")
        score_tip = tr("Hide polygons with a lower score; outlines are drawn at the threshold set when asking")
        area_tip = tr("Hide smaller polygons")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        for row, (text, slider, box, tip) in enumerate(
            (
                (tr("Threshold"), self._score_slider, self._score_box, score_tip),
                (tr("Area from"), self._area_slider, self._area_box, area_tip),
            )
        ):
            label = QLabel(text, self)
            label.setBuddy(slider)
            for widget in (slider, box):
                widget.setToolTip(tip)
                widget.setAccessibleName(text)
            grid.addWidget(label, row, 0)
            grid.addWidget(slider, row, 1)
            grid.addWidget(box, row, 2)
        grid.setColumnStretch(1, 1)
        self._score_box.setRange(KEEP_FLOOR, 0.99)
        self._score_box.setSingleStep(0.01)
        self._score_box.setValue(settings.get("threshold"))
        self._score_slider.setValue(self._score_to_step(self._score_box.value()))
        self._score_slider.valueChanged.connect(lambda step: self._score_box.setValue(self._step_to_score(step)))
        self._score_box.valueChanged.connect(self._on_score)
        self._area_slider.valueChanged.connect(lambda step: self._area_box.setValue(self._step_to_area(step)))
        self._area_box.valueChanged.connect(self._on_area)

    @property
    def threshold(self) -> float:
        """Lowest score shown."""
        return float(round(self._score_box.value(), 3))

    @property
    def min_area_m2(self) -> float:
        """Smallest area shown, in square metres."""
        return float(self._area_box.value())

    def set_values(self, threshold: float, min_area_m2: float, max_area_m2: float) -> None:
        """Show other values without telling anybody.

        Args:
            threshold: lowest score shown.
            min_area_m2: smallest area shown.
            max_area_m2: area of the largest polygon, the end of the slider.
        """
        self.blockSignals(True)
        self._max_area = max(max_area_m2, 1.0)
        self._area_box.setMaximum(self._max_area)
        self._score_box.setValue(threshold)
        self._area_box.setValue(min_area_m2)
        self._on_area()
        self.blockSignals(False)

    def _on_score(self) -> None:
        _move(self._score_slider, self._score_to_step(self._score_box.value()))
        settings.put("threshold", self.threshold)
        self.changed.emit()

    def _on_area(self) -> None:
        _move(self._area_slider, self._area_to_step(self._area_box.value()))
        self.changed.emit()

    @staticmethod
    def _score_to_step(score: float) -> int:
        return round(score * SCORE_STEPS)

    @staticmethod
    def _step_to_score(step: int) -> float:
        return step / SCORE_STEPS

    # Areas span orders of magnitude, so the slider is cubic: fine for cars, coarse for buildings.
    def _area_to_step(self, area: float) -> int:
        return round(STEPS * (area / self._max_area) ** (1 / 3))

    def _step_to_area(self, step: int) -> float:
        return float(self._max_area * (step / STEPS) ** 3)


def _pair(maximum: float, decimals: int, suffix: str, steps: int = STEPS) -> tuple[QSlider, QgsDoubleSpinBox]:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(0, steps)
    slider.setPageStep(steps // 20)
    box = QgsDoubleSpinBox()
    box.setRange(0, maximum)
    box.setDecimals(decimals)
    box.setSuffix(suffix)
    box.setShowClearButton(False)
    box.setKeyboardTracking(False)
    return slider, box


def _move(slider: QSlider, step: int) -> None:
    slider.blockSignals(True)
    slider.setValue(step)
    slider.blockSignals(False)


def apply_filter(layer: QgsVectorLayer, threshold: float, min_area_m2: float) -> bool:
    """Hide the polygons of an answer that are below score or area; returns whether the layer allowed it.

    Args:
        layer: an answer; one that is being edited cannot be filtered.
        threshold: lowest score shown.
        min_area_m2: smallest area shown.
    """
    parts = [f'"score" >= {threshold:.3f}']
    if min_area_m2 > 0:
        parts.append(f'"area_m2" >= {min_area_m2:.3f}')
    text = " AND ".join(parts)
    return layer.subsetString() == text or bool(layer.setSubsetString(text))
