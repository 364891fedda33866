"""Find the objects of one expression while the rows of its scores come in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from ..geo_io.component import Component, ComponentTracker
from ..geo_io.polygonize import ScenePolygon, ShapeRules, iter_polygons
from ..geo_io.score_file import ScoreFile, threshold_code
from .errors import Cancelled, EngineError
from .progress import Progress, ProgressSink

SAME_OBJECT_SHARE = 0.1
"""Outlines at two thresholds that share more than this part of the smaller one are of one object."""

_CHECK_EVERY = 100
"""Regions between two looks at whether the person cancelled."""


@dataclass(frozen=True)
class ObjectRules:
    """Which objects of an expression are wanted."""

    expression: str
    """Whose scores these are, for messages."""
    threshold: float
    """Score in (0, 1) from which a pixel belongs to an object."""
    shape: ShapeRules
    min_area_px: float
    """Objects of half this area and less are left out, in square pixels: outlines run between pixels, and the exact
    area on the ground is asked by the caller."""
    max_polygons: int
    """Stop when there are more."""


class ObjectFinder:
    """Turns regions into objects as soon as no further row can belong to them."""

    def __init__(
        self,
        scores: ScoreFile,
        outlines: ScoreFile,
        rules: ObjectRules,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> None:
        """Start above the first row.

        Args:
            scores: codes of the scene; rows must be in it before they are given to :meth:`add_rows`.
            outlines: codes of outlines between touching objects, filled likewise.
            rules: which objects are wanted.
            is_cancelled: asked now and then.
        """
        self._scores, self._outlines, self._rules = scores, outlines, rules
        self._is_cancelled = is_cancelled
        self._level = threshold_code(rules.threshold)
        self._tracker = ComponentTracker(scores.shape[1], self._level, max(1, int(rules.min_area_px / 2)))
        self._found: list[ScenePolygon] = []

    def add_rows(self, row_off: int, codes: NDArray[np.uint8]) -> None:
        """Take the next rows of codes.

        Args:
            row_off: first row, at or below the end of the last rows; rows in between hold nothing.
            codes: (H, W) uint8.

        Raises:
            Cancelled: the person cancelled.
            EngineError: there are too many objects.
        """
        self._outline(self._tracker.add(row_off, codes))

    def finish(self, progress: ProgressSink | None = None) -> list[ScenePolygon]:
        """Return all objects, from top to bottom; no rows follow.

        Args:
            progress: told how many of the regions that were still open are done.

        Raises:
            Cancelled: the person cancelled.
            EngineError: there are too many objects.
        """
        self._outline(self._tracker.finish(), progress)
        return sorted(self._found, key=lambda item: item.polygon.bounds[1::-1])

    def _outline(self, components: list[Component], progress: ProgressSink | None = None) -> None:
        self._check_count(len(self._found) + len(components))
        for index, component in enumerate(components):
            if index % _CHECK_EVERY == 0:
                if self._is_cancelled is not None and self._is_cancelled():
                    raise Cancelled("The question was cancelled; nothing was written.")
                if progress is not None:
                    progress(Progress("polygonize", index, len(components), "objects"))
            polygons = iter_polygons(component, self._scores, self._outlines, self._level, self._rules.shape)
            self._found += [item for item in polygons if item.polygon.area >= self._rules.min_area_px / 2]
            self._check_count(len(self._found))

    def _check_count(self, count: int) -> None:
        if count > self._rules.max_polygons:
            raise EngineError(
                f"'{self._rules.expression}' gives more than {self._rules.max_polygons:,} polygons, which is noise "
                "rather than objects: raise the threshold or the minimum area."
            )


class ObjectSearch:
    """Finds the objects of one expression at a threshold, and weaker ones where they are to be kept."""

    def __init__(
        self,
        scores: ScoreFile,
        outlines: ScoreFile,
        rules: ObjectRules,
        keep_from: float | None,
        is_cancelled: Callable[[], bool] | None = None,
    ) -> None:
        """Start above the first row.

        Args:
            scores: as for :class:`ObjectFinder`.
            outlines: as for :class:`ObjectFinder`.
            rules: which objects are wanted.
            keep_from: weaker objects are kept from this threshold on; None: none.
            is_cancelled: asked now and then.
        """
        self._threshold = rules.threshold
        self._finders = [ObjectFinder(scores, outlines, rules, is_cancelled)]
        if keep_from is not None and keep_from < rules.threshold:
            self._finders.append(ObjectFinder(scores, outlines, replace(rules, threshold=keep_from), is_cancelled))

    def add_rows(self, row_off: int, codes: NDArray[np.uint8]) -> None:
        """Take the next rows, see :meth:`ObjectFinder.add_rows`."""
        for finder in self._finders:
            finder.add_rows(row_off, codes)

    def finish(self, progress: ProgressSink | None = None) -> list[ScenePolygon]:
        """Return all objects, the weaker ones last, see :meth:`ObjectFinder.finish`."""
        strong, *loose = [finder.finish(progress) for finder in self._finders]
        return strong + [item for items in loose for item in find_weaker(strong, items, self._threshold)]


def find_weaker(strong: Sequence[ScenePolygon], loose: Sequence[ScenePolygon], threshold: float) -> list[ScenePolygon]:
    """Return the objects that only a lower threshold finds, leaving out wider outlines of those found already.

    Args:
        strong: objects at the threshold.
        loose: objects of the same scores at a lower one.
        threshold: every score returned is below it, so that what reaches it is exactly ``strong``.
    """
    weak = [item for item in loose if item.score < threshold]
    if not strong or not weak:
        return weak
    shapes, taken = [np.array([item.polygon for item in items], dtype=object) for items in (weak, strong)]
    i, j = shapely.STRtree(taken).query(shapes, predicate="intersects")
    shared = shapely.area(shapely.intersection(shapes[i], taken[j]))
    same = i[shared > SAME_OBJECT_SHARE * np.minimum(shapely.area(shapes[i]), shapely.area(taken[j]))]
    return [item for index, item in enumerate(weak) if index not in set(same.tolist())]
