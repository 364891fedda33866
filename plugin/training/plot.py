"""A live plot of a training: the loss above, the IoU on validation chips below."""

from __future__ import annotations

import math

from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPainterPath, QPalette, QPen
from qgis.PyQt.QtWidgets import QSizePolicy, QWidget

from ..i18n import tr

LOSS = QColor(59, 130, 196)
IOU = QColor(46, 160, 96)
SMOOTHING = 0.9
"""Weight of what was, in the running mean that the thick line shows."""
IOU_PARTS = ("written_miou", "group_miou", "class_iou")
"""What models are chosen by is the mean of those that there are."""


class TrainingPlot(QWidget):
    """Two curves over the same steps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.losses: list[tuple[int, float]] = []
        self.ious: list[tuple[int, float]] = []
        self._total = 1
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Loss and IoU while training"))

    def sizeHint(self) -> QSize:
        """Return a size that shows both curves well."""
        return QSize(24 * self.fontMetrics().height(), 18 * self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        """Return the size below which nothing could be read."""
        return QSize(14 * self.fontMetrics().height(), 10 * self.fontMetrics().height())

    def clear(self) -> None:
        """Begin anew."""
        self.losses, self.ious, self._total = [], [], 1
        self.update()

    def add(self, step: int, total: int, values: dict[str, float]) -> None:
        """Add the figures of a step.

        Args:
            step: counted from 1.
            total: steps planned.
            values: as the worker's ``metrics``.
        """
        self._total = max(total, step, 1)
        if "loss" in values:
            self.losses.append((step, values["loss"]))
        parts = [values[name] for name in IOU_PARTS if name in values]
        if parts:
            self.ious.append((step, sum(parts) / len(parts)))
        self.update()

    @property
    def best_iou(self) -> float | None:
        """The highest IoU so far."""
        return max((value for _, value in self.ious), default=None)

    def paintEvent(self, event) -> None:
        """Draw both curves."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), self._paper())
        metrics = self.fontMetrics()
        line = metrics.height()
        left = metrics.boundingRect("0.000").width() + line
        width = self.width() - left - line
        height = (self.height() - 4.6 * line) / 2
        if width < 20 or height < 20:
            return
        latest = f"{smoothed(self.losses)[-1][1]:.3f}" if self.losses else "–"
        top = QRectF(left, 1.4 * line, width, height)
        self._draw_axes(painter, top, tr("Loss") + f"  {latest}", *_loss_range(self.losses), LOSS)
        best = "–" if self.best_iou is None else f"{self.best_iou:.3f}"
        bottom = QRectF(left, top.bottom() + 1.8 * line, width, height)
        title = tr("IoU on validation chips, best {value}").replace("{value}", best)
        self._draw_axes(painter, bottom, title, 0.0, _iou_top(self.ious), IOU)
        self._draw_steps(painter, bottom)
        low, high = _loss_range(self.losses)
        faint = QColor(LOSS)
        faint.setAlpha(90)
        self._draw_curve(painter, top, self.losses, low, high, QPen(faint, 1.0))
        self._draw_curve(painter, top, smoothed(self.losses), low, high, QPen(LOSS, 2.0))
        self._draw_curve(painter, bottom, self.ious, 0.0, _iou_top(self.ious), QPen(IOU, 2.0), dots=True)
        if not self.losses:
            painter.setPen(self._ink(170))
            painter.drawText(top, Qt.AlignmentFlag.AlignCenter, tr("The curves appear when training begins."))

    def _draw_axes(self, painter: QPainter, area: QRectF, title: str, low: float, high: float, colour: QColor) -> None:
        line = self.fontMetrics().height()
        font = painter.font()
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(colour)
        painter.drawText(QPointF(area.left(), area.top() - 0.35 * line), title)
        font.setBold(False)
        painter.setFont(font)
        grid = self._ink(36)
        for value in ticks(low, high):
            y = area.bottom() - (value - low) / (high - low) * area.height()
            painter.setPen(QPen(grid, 1.0))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(self._ink(170))
            box = QRectF(0, y - line / 2, area.left() - 0.4 * line, line)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{value:g}")

    def _draw_steps(self, painter: QPainter, area: QRectF) -> None:
        line = self.fontMetrics().height()
        painter.setPen(self._ink(170))
        for value in ticks(0, self._total):
            x = area.left() + value / self._total * area.width()
            box = QRectF(x - 3 * line, area.bottom() + 0.2 * line, 6 * line, line)
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, f"{value:g}")

    def _draw_curve(
        self,
        painter: QPainter,
        area: QRectF,
        points: list[tuple[int, float]],
        low: float,
        high: float,
        pen: QPen,
        dots: bool = False,
    ) -> None:
        if not points:
            return
        places = []
        for step, value in points:
            share = min(max((value - low) / (high - low), 0.0), 1.0)
            places.append(
                QPointF(area.left() + step / self._total * area.width(), area.bottom() - share * area.height())
            )
        path = QPainterPath(places[0])
        for place in places[1:]:
            path.lineTo(place)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)
        if dots or len(places) == 1:
            painter.setBrush(pen.color())
            for place in places:
                painter.drawEllipse(place, 2.5, 2.5)

    def _paper(self) -> QColor:
        return self.palette().color(QPalette.ColorRole.Base)

    def _ink(self, alpha: int) -> QColor:
        # QGIS's dark themes colour texts by style sheet and leave the palette's text dark, so the paper decides.
        level = 235 if self._paper().lightness() < 128 else 30
        return QColor(level, level, level, alpha)


def smoothed(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return a running mean that starts without a bias towards its first point."""
    mean = weight = 0.0
    out = []
    for step, value in points:
        mean = SMOOTHING * mean + (1 - SMOOTHING) * value
        weight = SMOOTHING * weight + (1 - SMOOTHING)
        out.append((step, mean / weight))
    return out


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Return about ``count`` round numbers between two others, both ends included where they are round."""
    raw = (high - low) / count
    if raw <= 0 or not math.isfinite(raw):
        return [low]
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * unit for factor in (1, 2, 2.5, 5, 10) if factor * unit >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 10) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def _loss_range(points: list[tuple[int, float]]) -> tuple[float, float]:
    values = [value for _, value in points] or [0.0, 1.0]
    # A few wild first steps must not flatten the rest.
    ordered = sorted(values)
    high = ordered[min(len(ordered) - 1, int(0.98 * len(ordered)))]
    low = min(0.0, ordered[0]) if ordered[0] < 0.5 * high else ordered[0] * 0.9
    return (low, high * 1.05) if high > low else (low - 0.5, low + 0.5)


def _iou_top(points: list[tuple[int, float]]) -> float:
    best = max((value for _, value in points), default=0.0)
    return next(top for top in (0.2, 0.4, 0.6, 0.8, 1.0) if best <= 0.95 * top or top == 1.0)
