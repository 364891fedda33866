"""How far a question is: stage, rate and time left."""

from __future__ import annotations

import time

from qgis.PyQt.QtWidgets import QProgressBar, QWidget

from ...engine.protocol import Progress
from .. import messages
from ..i18n import tr


class Pace:
    """Rate and time left of one stage, from the reports so far."""

    def __init__(self) -> None:
        self._stage = ""
        self._start_s = 0.0
        self._start_done = 0

    def describe(self, progress: Progress, now_s: float) -> str:
        """Return one line such as ``Finding · 12 of 40 tiles · 8.1/s · 4 s left``.

        Args:
            progress: the latest report.
            now_s: a clock that only goes forward.
        """
        if progress.stage != self._stage:
            self._stage, self._start_s, self._start_done = progress.stage, now_s, progress.done
        parts = [messages.stage(progress.stage)]
        if progress.total > 1:
            count = tr("{done} of {total} {unit}").replace("{done}", str(progress.done))
            parts.append(count.replace("{total}", str(progress.total)).replace("{unit}", messages.unit(progress.unit)))
        elapsed, done = now_s - self._start_s, progress.done - self._start_done
        if elapsed > 0.5 and done > 0:
            rate = done / elapsed
            parts.append(f"{rate:.3g}/s")
            left = (progress.total - progress.done) / rate
            if left >= 1:
                parts.append(tr("{time} left").replace("{time}", _duration(left)))
        return " · ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


class QuestionProgress(QProgressBar):
    """A bar that shows the reports of a question."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pace = Pace()
        self.setAccessibleName(tr("Progress"))
        self.setTextVisible(True)
        self.clear()

    def clear(self) -> None:
        """Show that something has begun of which nothing is known yet."""
        self._pace = Pace()
        self.setRange(0, 0)
        self.setFormat(tr("Starting"))

    def show_report(self, report: Progress | str) -> None:
        """Show a report of the worker, or a text while nothing can be counted."""
        if isinstance(report, str):
            self.setRange(0, 0)
            self.setFormat(report)
            return
        # One thing to do, or nobody knows how many: a moving bar says more than an empty one.
        self.setRange(0, report.total if report.total > 1 else 0)
        self.setValue(report.done)
        self.setFormat(self._pace.describe(report, time.monotonic()))
