"""One chip of a scene with what the layers say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from ..core_model.data.chips import FILL, Chip, ChipObject, WrittenExpression
from ..geo_io.annotation_rings import to_rings
from ..geo_io.region import Region
from ..geo_io.scene import Scene
from ..geo_io.window import Window
from .layer_wording import holds_in_chip

_DRAWN_PX = 2.0
_SPOKEN = 0.6
"""An expression is used in chips that show this share of each object that it is true of."""
_VALID = 0.5
"""An object is used where the raster has data under this share of it, a chip where under this share of it."""


@dataclass(frozen=True)
class PlacedObject:
    """An annotated object in the pixels of a scene."""

    id: int
    class_name: str
    shape: BaseGeometry
    expressions: tuple[str, ...]
    layer: str
    row: int


def build_chip(
    scene: Scene,
    area: Region | None,
    window: Window,
    objects: Sequence[PlacedObject],
    complete: Sequence[str],
    name: str,
) -> tuple[Chip, Window] | None:
    """Return a chip and the part of its window that it shows, or None where the raster has no data.

    Args:
        scene: to cut it from.
        area: the labelled ground; the rest is painted over. None: all of it.
        window: where; may reach beyond the scene.
        objects: of the scene.
        complete: classes of which every instance is among the objects.
        name: of the raster; the chip adds its place.

    Raises:
        RasterError: the raster is damaged there.
    """
    tile, valid = scene.read(window)
    if area is not None:
        valid &= area.mask(window)
        tile = np.where(valid, tile, np.asarray(FILL, dtype=np.uint8)[:, None, None])
    if not valid.any():
        return None
    frame = shapely.box(*window.bounds)
    drawn: list[tuple[PlacedObject, BaseGeometry, float]] = []
    for item in objects:
        if not item.shape.intersects(frame):
            continue
        inside = item.shape.intersection(frame)
        if inside.area >= _DRAWN_PX and _has_data(inside, valid, window):
            drawn.append((item, item.shape, inside.area / item.shape.area))
    if not drawn and valid.mean() < _VALID:
        return None
    chip_objects = tuple(
        ChipObject(item.id, item.class_name, tuple(to_rings(translate(shape, -window.col_off, -window.row_off))))
        for item, shape, _ in drawn
    )
    chip = Chip(
        id=f"{name}@{window.row_off},{window.col_off}",
        image=np.ascontiguousarray(tile.transpose(1, 2, 0)),
        objects=chip_objects,
        complete=frozenset(complete),
        expressions=_expressions(drawn, scene, window),
    )
    return chip, _shown(valid, window)


def _shown(valid: NDArray[np.bool_], window: Window) -> Window:
    rows, columns = np.flatnonzero(valid.any(axis=1)), np.flatnonzero(valid.any(axis=0))
    return Window(
        window.row_off + int(rows[0]),
        window.col_off + int(columns[0]),
        int(rows[-1] - rows[0]) + 1,
        int(columns[-1] - columns[0]) + 1,
    )


def _has_data(inside: BaseGeometry, valid: NDArray[np.bool_], window: Window) -> bool:
    if valid.all():
        return True
    low_x, low_y, high_x, high_y = inside.bounds
    rows = slice(int(low_y) - window.row_off, int(np.ceil(high_y)) - window.row_off)
    columns = slice(int(low_x) - window.col_off, int(np.ceil(high_x)) - window.col_off)
    under = valid[rows, columns]
    return bool(under.size) and bool(under.mean() >= _VALID)


def _expressions(
    drawn: Sequence[tuple[PlacedObject, BaseGeometry, float]], scene: Scene, window: Window
) -> tuple[WrittenExpression, ...]:
    """Return what is said of the objects; a text on several objects of the chip is true of all of them together."""
    said: dict[str, list[tuple[PlacedObject, float]]] = {}
    for item, _, share in drawn:
        for text in item.expressions:
            said.setdefault(text, []).append((item, share))
    return tuple(
        WrittenExpression(text, tuple(item.id for item, _ in of), "layer")
        for text, of in said.items()
        if all(share >= _SPOKEN for _, share in of)
        and holds_in_chip(text, [item.shape for item, _ in of], scene.grid, window)
    )


def keep_once(chips: Sequence[Chip]) -> list[Chip]:
    """Return the chips with each expression in one of them only: where its objects are nearest to the middle.

    Chips overlap; figures must not count the same question twice.
    """
    best: dict[tuple[str, tuple[int, ...]], tuple[float, int]] = {}
    for index, chip in enumerate(chips):
        middle = np.array(chip.image.shape[1::-1]) / 2
        centres = {item.id: np.concatenate(item.rings).mean(axis=0) for item in chip.objects}
        for written in chip.expressions:
            distance = float(np.mean([np.hypot(*(centres[key] - middle)) for key in written.object_ids]))
            key = (written.text, written.object_ids)
            if key not in best or distance < best[key][0]:
                best[key] = (distance, index)
    return [
        replace(
            chip,
            expressions=tuple(
                written for written in chip.expressions if best[(written.text, written.object_ids)][1] == index
            ),
        )
        for index, chip in enumerate(chips)
    ]
