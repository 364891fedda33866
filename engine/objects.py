"""Find the objects in the scores of one expression."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import shapely

from ..geo_io.component import find_components
from ..geo_io.polygonize import ScenePolygon, iter_polygons
from ..geo_io.score_file import ScoreFile, threshold_code
from .errors import Cancelled, EngineError
from .progress import Progress, ProgressSink

SAME_OBJECT_SHARE = 0.1
"""Outlines at two thresholds that share more than this part of the smaller one are of one object."""


def find_objects(
    scores: ScoreFile,
    outlines: ScoreFile | None,
    expression: str,
    threshold: float,
    min_area_px: float,
    simplify_px: float,
    max_polygons: int,
    progress: ProgressSink | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> list[ScenePolygon]:
    """Return the objects whose scores reach a threshold, from top to bottom.

    Args:
        scores: codes of the scene.
        outlines: codes of outlines between touching objects, or None for plain regions.
        expression: whose scores these are, for messages.
        threshold: in (0, 1).
        min_area_px: objects of half this area and less are left out, in square pixels.
        simplify_px: tolerance of outlines, in pixels.
        max_polygons: stop when there are more.
        progress: told after each strip of rows and each hundred regions.
        is_cancelled: asked as often.

    Raises:
        Cancelled: the person cancelled.
        EngineError: there are more than ``max_polygons``.
    """

    def report(stage: str, done: int, total: int, unit: str) -> None:
        if is_cancelled is not None and is_cancelled():
            raise Cancelled("The question was cancelled; nothing was written.")
        if progress is not None:
            progress(Progress(stage, done, max(1, total), unit))

    level = threshold_code(threshold)
    height = scores.shape[0]
    # Half of the wanted area: outlines run between pixels, and the exact area on the ground is asked by the caller.
    min_px = max(1, int(min_area_px / 2))
    components = find_components(scores, level, min_px, lambda rows: report("find", rows, height, "rows"))
    _check_count(len(components), expression, max_polygons)
    found: list[ScenePolygon] = []
    for index, component in enumerate(components):
        if index % 100 == 0:
            report("outline", index, len(components), "regions")
        found += [
            item
            for item in iter_polygons(component, scores, outlines, level, simplify_px)
            if item.polygon.area >= min_area_px / 2
        ]
        _check_count(len(found), expression, max_polygons)
    return found


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


def _check_count(count: int, expression: str, max_polygons: int) -> None:
    if count > max_polygons:
        raise EngineError(
            f"'{expression}' gives more than {max_polygons:,} polygons, which is noise rather than objects: "
            "raise the threshold or the minimum area."
        )
