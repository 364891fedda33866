"""What is surely true, surely false or doubtful of the objects of one chip, in pixels.

Owns the predicates that the generator builds expressions from; knows nothing of words. Boxes and centres are enough,
because doubtful cases are given up, not decided; the exact relations on polygons are in ``geo_io.relations``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .lexicon import SAID, concepts_of

SURE, UNSURE, FALSE = 1, 0, -1


@dataclass(frozen=True)
class SceneObject:
    """One object of a chip, in pixels: x to the right, y down."""

    class_name: str
    """Class, lower case, singular."""
    center_xy: tuple[float, float]
    """Centroid (x, y)."""
    area_px: float
    """Area in pixels."""
    length_px: float
    """Longer side of the smallest rectangle around the object."""
    width_px: float
    """Shorter side of the same rectangle."""
    color: str | None
    """Colour word, None if unknown."""
    bbox: tuple[float, float, float, float]
    """(min_x, min_y, max_x, max_y)."""


Judge = Callable[[SceneObject], int]
"""Says SURE, UNSURE or FALSE of an object."""

REGIONS = (
    "left", "right", "top", "bottom", "upper left", "upper right", "lower left", "lower right", "center", "far left",
    "far right", "left edge", "right edge", "top edge", "bottom edge",
)  # fmt: skip
SIDES = ("left", "right", "top", "bottom", "upper left", "upper right", "lower left", "lower right", "center")
DIRECTIONS = {
    "left": (-1, 0), "right": (1, 0), "above": (0, -1), "below": (0, 1),
    "upper left": (-1, -1), "upper right": (1, -1), "lower left": (-1, 1), "lower right": (1, 1),
}  # fmt: skip
_SIDE_UV = {
    "left": (0.0, None), "right": (1.0, None), "top": (None, 0.0), "bottom": (None, 1.0), "center": (0.5, 0.5),
    "upper left": (0.0, 0.0), "upper right": (1.0, 0.0), "lower left": (0.0, 1.0), "lower right": (1.0, 1.0),
}  # fmt: skip
_BOX_SIDE = {"left": 0, "top": 1, "right": 2, "bottom": 3}
_WIDE_NOUN = {
    "car": "vehicle", "truck": "vehicle", "tennis court": "court", "basketball court": "court", "house": "home",
    "mobile home": "home", "building": "roof", "boat": "watercraft", "ship": "vessel",
}  # fmt: skip
_NEEDED = {"vehicle": ("car", "truck"), "court": ("tennis court", "basketball court")}
_CUT_PX = 1.5


class Chip:
    """The objects of one chip and which of its classes are completely drawn."""

    def __init__(self, objects: Sequence[SceneObject], size_wh: tuple[int, int], complete: Iterable[str]) -> None:
        self.objects = objects
        self.width, self.height = size_wh
        self.complete = {name.lower() for name in complete}
        self.present = {item.class_name for item in objects}
        self.nouns = self._nouns()
        """Class -> its usable nouns, each with the indices of all objects that it names."""
        self.cut = {index for index, item in enumerate(objects) if self._is_cut(item)}
        """Objects that the chip's edge cuts: their size is not known."""

    def _is_cut(self, item: SceneObject) -> bool:
        min_x, min_y, max_x, max_y = item.bbox
        return min(min_x, min_y) <= _CUT_PX or max_x >= self.width - _CUT_PX or max_y >= self.height - _CUT_PX

    def _nouns(self) -> dict[str, list[tuple[str, list[int]]]]:
        table: dict[str, list[tuple[str, list[int]]]] = {}
        for name in sorted(self.complete & self.present):
            said = list(SAID.get(name, (name,)))
            wide = _WIDE_NOUN.get(name)
            if wide and all(need in self.complete for need in _NEEDED.get(wide, ())):
                said.append(wide)
            for noun in said:
                classes = set(concepts_of(noun)) | {name}
                if (classes & self.present) <= self.complete:
                    ids = [index for index, item in enumerate(self.objects) if item.class_name in classes]
                    table.setdefault(name, []).append((noun, ids))
        return table

    def judged(self, ids: Iterable[int], judge: Judge) -> list[int] | None:
        """Return the objects that a predicate surely holds of, or None if it is unsure of any."""
        found = []
        for index in ids:
            verdict = judge(self.objects[index])
            if verdict == UNSURE:
                return None
            if verdict == SURE:
                found.append(index)
        return found

    def outermost(self, side: str, ids: Sequence[int]) -> int | None:
        """Return the object clearly nearest to a side, a corner or the centre; None if there is no clear one."""
        if len(ids) < 2:
            return None
        x, y = _SIDE_UV[side]
        far = []
        for index in ids:
            u, v = self.objects[index].center_xy
            dx = 0.0 if x is None else abs(u / self.width - x)
            dy = 0.0 if y is None else abs(v / self.height - y)
            far.append((math.hypot(dx, dy), index))
        far.sort()
        if far[1][0] - far[0][0] < (0.035 if x is None or y is None else 0.05 + 0.2 * far[0][0]):
            return None
        edge = _BOX_SIDE.get(side)
        if edge is not None:  # the object's own edge must be outermost too, not its centre alone
            best, *others = [self.objects[index].bbox[edge] for _, index in far]
            if not (best <= min(others) if edge < 2 else best >= max(others)):
                return None
        return far[0][1]

    def in_region(self, region: str) -> Judge:
        """Return the predicate ``lies in a region of the chip``; a corner is a quarter, an edge is nearly touched."""
        words = set(region.split())
        is_left, is_upper = "left" in words, bool(words & {"upper", "top"})
        is_sideways, is_upright = is_left or "right" in words, is_upper or bool(words & {"lower", "bottom"})

        def judge(item: SceneObject) -> int:
            u, v = item.center_xy[0] / self.width, item.center_xy[1] / self.height
            if "edge" in words:
                box, side = item.bbox, _BOX_SIDE[region.split()[0]]
                size = self.width if side % 2 == 0 else self.height
                return _three_way(box[side] / size if side < 2 else 1 - box[side] / size, 0.02, 0.1)
            if region == "center":
                return _three_way(max(abs(u - 0.5), abs(v - 0.5)), 0.15, 0.25)
            depth = [u if is_left else 1 - u] if is_sideways else []
            depth += [v if is_upper else 1 - v] if is_upright else []
            if "far" in words:
                return _three_way(depth[0], 0.2, 0.36)
            return _three_way(max(depth), 0.4 if len(depth) == 2 else 0.38, 0.53)

        return judge

    def related(self, name: str, anchor: int) -> Judge:
        """Return the predicate ``stands in a relation to the anchor``: a direction, close or not, or nearness."""
        target = self.objects[anchor]
        close = name.startswith("just")
        direction = DIRECTIONS.get(name.removeprefix("just "))

        def judge(item: SceneObject) -> int:
            gap, side = box_gap(item.bbox, target.bbox), math.sqrt(item.area_px)
            if direction is None:
                if box_gap(target.bbox, (*item.center_xy, *item.center_xy)) == 0.0:
                    return UNSURE
                limits = (0.5 * side + 3, 1.6 * side + 10) if name == "next to" else (side + 5, 3 * side + 25)
                return _three_way(gap, *limits)
            off, diagonal = _angle_off(item, target, direction), all(direction)
            verdict = _three_way(off, *((25, 52) if diagonal else (20, 60) if close else (33, 65)))
            beyond = diagonal or _is_beyond(item, target, direction)
            if verdict == SURE and (gap <= 0.0 or not beyond):
                return UNSURE
            if verdict != FALSE and close:
                verdict = min(verdict, _three_way(gap, 0.8 * side + 4, 2.2 * side + 12))
            if verdict == FALSE and not diagonal and beyond and off < 75:
                return UNSURE
            return verdict

        return judge

    def lies_between(self, first: int, second: int) -> Judge:
        """Return the predicate ``lies between two objects``."""
        (ax, ay), (bx, by) = self.objects[first].center_xy, self.objects[second].center_xy
        span = math.hypot(bx - ax, by - ay)
        ends = self.objects[first].bbox, self.objects[second].bbox

        def judge(item: SceneObject) -> int:
            if span < 1.0 or min(box_gap(item.bbox, end) for end in ends) <= 0.0:
                return UNSURE
            x, y = item.center_xy[0] - ax, item.center_xy[1] - ay
            along = (x * (bx - ax) + y * (by - ay)) / span**2
            across = abs(x * (by - ay) - y * (bx - ax)) / span
            return min(_three_way(abs(along - 0.5), 0.3, 0.55), _three_way(across, 0.2 * span, 0.45 * span + 10))

        return judge


def box_gap(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the distance between two boxes in pixels, 0 if they touch."""
    return math.hypot(max(a[0] - b[2], b[0] - a[2], 0.0), max(a[1] - b[3], b[1] - a[3], 0.0))


def _three_way(value: float, sure_below: float, false_above: float) -> int:
    return SURE if value <= sure_below else FALSE if value >= false_above else UNSURE


def _angle_off(item: SceneObject, target: SceneObject, direction: tuple[int, int]) -> float:
    """Return by how many degrees the item lies off a direction, as seen from the target's centre."""
    dx, dy = item.center_xy[0] - target.center_xy[0], item.center_xy[1] - target.center_xy[1]
    return math.degrees(abs(math.atan2(dx * direction[1] - dy * direction[0], dx * direction[0] + dy * direction[1])))


def _is_beyond(item: SceneObject, target: SceneObject, direction: tuple[int, int]) -> bool:
    """Return whether a box lies wholly on one side of another."""
    a, b = item.bbox, target.bbox
    dx, dy = direction
    return a[2] <= b[0] if dx < 0 else a[0] >= b[2] if dx > 0 else a[3] <= b[1] if dy < 0 else a[1] >= b[3]
