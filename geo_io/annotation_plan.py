"""Where to cut training chips around annotated objects, and which ground is kept for validation.

Ground is divided into blocks (spatial blocks in the sense of Roberts et al. 2017, "Cross-validation strategies for data
with ... spatial structure"). A chip lies wholly inside one block, and a block belongs to training or to validation, so
the two never share a pixel. Blocks of different rasters that show the same ground go the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from .grid import Grid
from .window import Window

MIN_BLOCKS = 5
"""Fewer blocks with objects than this, and blocks are made smaller: one block alone cannot be split."""
_DRAWS = 200
_MARGIN = 1 / 32
_SHOWN = 0.75
# Where a chip shows the object that it is made for; the middle comes first, and stays where nothing is gained.
_SIDES = [(0, 0), *((x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if (x, y) != (0, 0))]
_ENOUGH, _ENOUGH_OF_CHIP = 0.4, 0.2
"""A block holds an object that shows this share of its area there, or fills this share of a chip."""


@dataclass(frozen=True)
class Block:
    """A piece of one raster's ground."""

    raster: int
    """Index of the raster."""
    window: Window
    """In pixels of the scene."""
    objects: tuple[int, ...]
    """Indices of the objects that lie in it to a good part."""


def plan_blocks(grids: Sequence[Grid], shapes_px: Sequence[Sequence[BaseGeometry]], chip_px: int) -> list[Block]:
    """Return the blocks of all rasters that part the extent of their objects; some may hold none.

    Args:
        grids: of R scenes.
        shapes_px: per scene the polygons that touch it, in its pixels.
        chip_px: side of a chip.
    """
    blocks: list[Block] = []
    for chips_per_side in (4, 2, 1):
        blocks = [
            Block(index, window, tuple(inside))
            for index, (grid, shapes) in enumerate(zip(grids, shapes_px, strict=True))
            for window, inside in _blocks_of(grid, shapes, chips_per_side * chip_px, chip_px)
        ]
        if sum(bool(block.objects) for block in blocks) >= MIN_BLOCKS:
            break
    return blocks


def _blocks_of(
    grid: Grid, shapes: Sequence[BaseGeometry], side_px: int, chip_px: int
) -> list[tuple[Window, list[int]]]:
    if not len(shapes):
        return []
    low_x, low_y, high_x, high_y = shapely.total_bounds(list(shapes))
    rows, columns = _edges(low_y, high_y, grid.height, side_px), _edges(low_x, high_x, grid.width, side_px)
    found: dict[tuple[int, int], list[int]] = {}
    for index, shape in enumerate(shapes):
        for place in _places_of(shape, rows, columns, chip_px):
            found.setdefault(place, []).append(index)
    used_rows, used_columns = [row for row, _ in found], [column for _, column in found]
    return [
        (_window(rows, columns, r, c), found.get((r, c), []))
        for r in range(min(used_rows), max(used_rows) + 1)
        for c in range(min(used_columns), max(used_columns) + 1)
    ]


def _places_of(shape: BaseGeometry, rows: list[int], columns: list[int], chip_px: int) -> list[tuple[int, int]]:
    """Return (row, column) of the blocks that show enough of a shape; a river lies in many."""
    low_x, low_y, high_x, high_y = shape.bounds
    cells = [
        (r, c)
        for r in range(_slot(rows, low_y), _slot(rows, high_y) + 1)
        for c in range(_slot(columns, low_x), _slot(columns, high_x) + 1)
    ]
    if len(cells) == 1:
        return cells
    areas = [shapely.clip_by_rect(shape, *_window(rows, columns, r, c).bounds).area for r, c in cells]
    enough = min(_ENOUGH * sum(areas), _ENOUGH_OF_CHIP * chip_px**2, max(areas))
    return [cell for cell, area in zip(cells, areas, strict=True) if area >= enough and area > 0]


def _window(rows: list[int], columns: list[int], r: int, c: int) -> Window:
    return Window(rows[r], columns[c], rows[r + 1] - rows[r], columns[c + 1] - columns[c])


def _slot(edges: list[int], value: float) -> int:
    return min(max(int(np.searchsorted(edges, value, "right")) - 1, 0), len(edges) - 2)


def _edges(low: float, high: float, length_px: int, side_px: int) -> list[int]:
    """Return where blocks begin and end along one axis: they part the extent of the objects evenly.

    The outermost reach to the ends of the scene, so that objects at the border of the extent keep their surroundings.
    """
    low, high = max(0.0, low), min(float(length_px), high)
    count = max(1, int((high - low) // side_px))
    return [0, *(round(edge) for edge in np.linspace(low, high, count + 1)[1:-1]), length_px]


def join_places(blocks: Sequence[Block], grids: Sequence[Grid]) -> list[int]:
    """Return the number of the place that each block lies in; blocks that share ground lie in one place.

    Args:
        blocks: of all rasters.
        grids: of the scenes, by ``Block.raster``. Ground without a CRS is shared with nothing.
    """
    places = list(range(len(blocks)))
    if len({block.raster for block in blocks}) < 2:
        return places
    ground = [_ground(block, grids[block.raster]) for block in blocks]
    tree = shapely.STRtree([shape if shape is not None else shapely.Polygon() for shape in ground])
    for index, shape in enumerate(ground):
        if shape is None:
            continue
        for other in tree.query(shape, predicate="intersects"):
            mate = ground[other]
            if other <= index or mate is None or blocks[other].raster == blocks[index].raster:
                continue
            if shape.intersection(mate).area > 1e-4 * min(shape.area, mate.area):
                old, new = places[other], places[index]
                places = [new if place == old else place for place in places]
    return places


def ground_box(window: Window, grid: Grid) -> tuple[float, float, float, float] | None:
    """Return (west, south, east, north) of a window in degrees; None without a CRS."""
    shape = _lonlat(window, grid)
    return None if shape is None else tuple(shape.bounds)


def _ground(block: Block, grid: Grid) -> BaseGeometry | None:
    return _lonlat(block.window, grid)


def _lonlat(window: Window, grid: Grid) -> BaseGeometry | None:
    if grid.crs is None:
        return None
    outline = shapely.box(*window.bounds)
    placed = grid.to_map([outline])[0]
    turn = pyproj.Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    return shapely.transform(placed, lambda xy: np.column_stack(turn.transform(xy[:, 0], xy[:, 1])))


def choose_validation(
    places: Sequence[int], labels: Sequence[Sequence[str]], share: float, seed: int
) -> frozenset[int]:
    """Return the places that are kept for validation.

    Of many random choices the one is taken that leaves every class in training, shows as many classes as it can in
    validation, and comes nearest to the share. The same seed gives the same places.

    Args:
        places: place of each block.
        labels: what each block holds: one text per object, such as its class, with repetition. Places that hold
            nothing are never chosen.
        share: wanted share of the objects, 0 to 0.5.
        seed: of the choice.
    """
    held: dict[int, dict[str, int]] = {}
    for place, inside in zip(places, labels, strict=True):
        for label in inside:
            counts = held.setdefault(place, {})
            counts[label] = counts.get(label, 0) + 1
    names = sorted(held)
    if len(names) < 2 or share <= 0:
        return frozenset()
    kinds = sorted({label for counts in held.values() for label in counts})
    table = np.array([[held[name].get(label, 0) for label in kinds] for name in names], dtype=np.float64)
    total = table.sum()
    rng = np.random.default_rng([seed, 57])
    best: tuple[float, ...] | None = None
    chosen: frozenset[int] = frozenset()
    for _ in range(_DRAWS):
        order = rng.permutation(len(names))
        size = int(np.searchsorted(np.cumsum(table[order].sum(1)), share * total)) + 1
        for count in {max(1, size - 1), min(size, len(names) - 1)}:
            kept, rest = table[order[:count]].sum(0), table[order[count:]].sum(0)
            score = (
                -float((rest == 0).sum()),
                float((kept > 0).sum()),
                -abs(float(kept.sum() / total) - share),
            )
            if best is None or score > best:
                best, chosen = score, frozenset(names[index] for index in order[:count])
    return chosen


def plan_chips(block: Block, grid: Grid, shapes: Sequence[BaseGeometry], chip_px: int) -> list[Window]:
    """Return chips that together show every object of a block, each with as much around it as the block allows.

    Args:
        block: the ground that no chip may leave, unless the scene itself is smaller than a chip.
        grid: of the scene.
        shapes: polygons in pixels of the scene, by ``Block.objects``.
        chip_px: side of a chip.
    """
    boxes = np.array([_inside(shapes[index].bounds, block.window) for index in block.objects])
    waiting = np.ones(len(boxes), dtype=bool)
    chips: list[Window] = []
    margin = chip_px * _MARGIN
    while waiting.any():
        best: tuple[int, Window, np.ndarray] | None = None
        candidates = [
            (index, _chip_at(boxes[index], block.window, chip_px, margin, side_xy))
            for side_xy in _SIDES
            for index in np.flatnonzero(waiting)[:16]
        ]
        for index, window in candidates:
            covered = waiting & _covered(boxes, window)
            covered[index] = True
            if best is None or covered.sum() > best[0]:
                best = (int(covered.sum()), window, covered)
        if best is None:  # pragma: no cover - something waits, so something was tried
            break
        _, window, covered = best
        chips.append(window)
        for index in np.flatnonzero(covered):
            chips += _rest_of(boxes[index], window, block.window, chip_px)
        waiting &= ~covered
    return list(dict.fromkeys(chips))


def plan_empty(block: Block, shapes: Sequence[BaseGeometry], chip_px: int) -> list[Window]:
    """Return chips of a block, on a regular grid, that show none of the polygons."""
    if not len(shapes):
        return []
    tree = shapely.STRtree(list(shapes))
    outer = block.window
    found = []
    for row in range(outer.row_off, outer.row_end - chip_px + 1, chip_px):
        for column in range(outer.col_off, outer.col_end - chip_px + 1, chip_px):
            window = Window(row, column, chip_px, chip_px)
            box = shapely.box(column, row, column + chip_px, row + chip_px)
            if not len(tree.query(box, predicate="intersects")):
                found.append(window)
    return found


def _inside(box: tuple[float, float, float, float], window: Window) -> tuple[float, float, float, float]:
    low_x, low_y = max(box[0], window.col_off), max(box[1], window.row_off)
    return (
        min(low_x, window.col_end),
        min(low_y, window.row_end),
        max(min(box[2], window.col_end), low_x),
        max(min(box[3], window.row_end), low_y),
    )


def _chip_at(box: np.ndarray, outer: Window, chip_px: int, margin: float, side_xy: tuple[int, int]) -> Window:
    """Return the chip with an object in its middle (0) or at its low (-1) or high (1) side, moved into the block."""
    starts = []
    for axis, (low, high) in enumerate(((outer.col_off, outer.col_end), (outer.row_off, outer.row_end))):
        reach = max(0.0, (chip_px - (box[2 + axis] - box[axis])) / 2 - margin)
        starts.append(_start((box[axis] + box[2 + axis]) / 2 - side_xy[axis] * reach, low, high, chip_px))
    return Window(starts[1], starts[0], chip_px, chip_px)


def _start(middle: float, low: int, high: int, chip_px: int) -> int:
    if high - low <= chip_px:
        return low + (high - low - chip_px) // 2
    return int(min(max(round(middle - chip_px / 2), low), high - chip_px))


def _covered(boxes: np.ndarray, window: Window) -> np.ndarray:
    """Tell which boxes a chip shows for the most part."""
    low_x, low_y, high_x, high_y = window.bounds
    wide = np.minimum(boxes[:, 2], high_x) - np.maximum(boxes[:, 0], low_x)
    high = np.minimum(boxes[:, 3], high_y) - np.maximum(boxes[:, 1], low_y)
    whole = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    shown: np.ndarray = (wide >= 0) & (high >= 0) & (wide * high >= _SHOWN * whole)
    return shown


def _rest_of(box: np.ndarray, window: Window, outer: Window, chip_px: int) -> list[Window]:
    """Return further chips along an object that is larger than one."""
    if box[2] - box[0] <= chip_px and box[3] - box[1] <= chip_px:
        return []
    columns = np.arange(box[0] + chip_px / 2, max(box[2], box[0] + chip_px), chip_px)
    rows = np.arange(box[1] + chip_px / 2, max(box[3], box[1] + chip_px), chip_px)
    chips = [
        Window(_start(row, outer.row_off, outer.row_end, chip_px), _start(col, outer.col_off, outer.col_end, chip_px),
               chip_px, chip_px)
        for row in rows for col in columns
    ]  # fmt: skip
    return [chip for chip in chips if chip != window][:16]
