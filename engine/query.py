"""Ask a raster in words: expressions in, georeferenced polygons out.

Read :func:`query` from top to bottom for the whole of a question; each step is owned by the module that it names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pyproj
from shapely.geometry.base import BaseGeometry

from .progress import ProgressSink

if TYPE_CHECKING:
    from ..core_model.segmenter import Segmenter


@dataclass(frozen=True)
class QueryOptions:
    """How a question is asked; the defaults suit a person who knows nothing of the network."""

    threshold: float = 0.5
    """Score in (0, 1) from which a pixel belongs to the answer."""
    min_area_m2: float | None = None
    """Smallest polygon kept, in square metres; None: 16 pixels at the resolution that the network sees."""
    simplify_m: float | None = None
    """Tolerance of the outlines, in metres; None: half a pixel at the resolution that the network sees, 0: none."""
    bands: tuple[int, ...] | None = None
    """One band or three (red, green, blue), counted from 1; None: by colour interpretation."""
    crs: pyproj.CRS | str | None = None
    """CRS of the answer; None: that of the raster."""
    tile_size_px: int = 1024
    """How much of the scene is read at once; the answer does not depend on it."""
    batch_size: int = 8
    """How many windows the network sees at once; the answer does not depend on it."""
    device: str = "auto"
    """Where the network runs: auto, cpu, cuda or mps."""
    precision: str = "auto"
    """Number format of the network: auto, fp32 or bf16."""
    region: BaseGeometry | None = None
    """Polygon in the raster's CRS that the question is limited to; the answer is cut at its edge."""
    allow_no_crs: bool = False
    """Accept a raster without CRS; lengths and areas are then in pixels."""
    split_touching: bool = True
    """Give touching objects a polygon each; False: one polygon per connected region (roads, water)."""
    max_polygons: int = 200_000
    """Stop with advice when an expression gives more polygons than this."""


def query(
    raster: str | Path,
    expressions: str | Sequence[str],
    *,
    model: str | Path | Segmenter = "small",
    options: QueryOptions = QueryOptions(),
    progress: ProgressSink | None = None,
    is_cancelled: Callable[[], bool] | None = None,
) -> gpd.GeoDataFrame:
    """Return the polygons of a raster that expressions speak of.

    Args:
        raster: a raster file.
        expressions: one text or several; image features are computed once for all.
        model: name of a bundled model, folder of a checkpoint, or a model in memory.
        options: how to ask.
        progress: told how far the job is.
        is_cancelled: asked between batches whether to stop.

    Returns:
        Columns ``fid, expression, class, score, area_m2, model, raster`` and the geometry, in ``options.crs``;
        ``attrs`` holds stretch, model, options, warnings and counts as plain JSON values.
    """
    raise NotImplementedError
