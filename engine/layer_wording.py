"""Whether an expression that names a place in the picture is true in the picture of a chip.

A person who writes "the tank in the upper left" sees a map, not our chips. Words of place are taken as said of the
chip, so they are kept in chips where they are true and left out of those where they are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from affine import Affine
from shapely.geometry.base import BaseGeometry

from ..core_model.errors import ExpressionError
from ..core_model.expression.parse import parse
from ..core_model.expression.plan import Position
from ..geo_io.frame import Frame
from ..geo_io.grid import Grid, chain_transforms
from ..geo_io.placement import Placement
from ..geo_io.position import locate
from ..geo_io.window import Window

ENOUGH = 0.35
"""Degree from which an object lies in a place, see ``geo_io.position``."""


def holds_in_chip(text: str, shapes_px: Sequence[BaseGeometry], grid: Grid, window: Window) -> bool:
    """Return whether the places that an expression names are where its objects lie in a chip.

    Args:
        text: the expression; one without words of place always holds.
        shapes_px: polygons of its objects, in pixels of the scene.
        grid: of the scene.
        window: of the chip.
    """
    positions = positions_of(text)
    if not positions or not shapes_px:
        return True
    corner = Affine.translation(window.col_off, window.row_off)
    chip = Grid(grid.crs, chain_transforms(grid.transform, corner), window.height, window.width)
    placement = Placement.of(grid.to_map(list(shapes_px)), Frame(chip, is_one_view=True))
    for position in positions:
        degrees = locate(placement, position.region)
        if float(np.min(1 - degrees if position.is_negated else degrees)) < ENOUGH:
            return False
    return True


@lru_cache(maxsize=4096)
def positions_of(text: str) -> tuple[Position, ...]:
    """Return the places in the picture that the referents of an expression are said to lie in."""
    try:
        return tuple(position for target in parse(text).targets for position in target.positions)
    except ExpressionError:
        return ()
