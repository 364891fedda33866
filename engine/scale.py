"""Whether a raster's ground resolution is one that a model can work at: refuse beyond reason, warn before that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..geo_io.errors import RasterError
from ..geo_io.raster import Raster
from ..geo_io.scene import MAX_ENLARGEMENT

if TYPE_CHECKING:
    from ..core_model.segmenter import ModelSpec

FAR_GSD_FACTOR = 2.0
"""A raster whose pixels are so many times larger or smaller than the model's is asked with a warning."""


def check_scale(source: Raster, spec: ModelSpec, allow_any_scale: bool = False) -> list[str]:
    """Return warnings about a raster's resolution; refuse one so coarse that objects have no shape left.

    A finer raster is never refused, as it is averaged to the model's resolution and looks to it like any other.

    Args:
        source: the raster.
        spec: of the model that is asked.
        allow_any_scale: warn where an error would be raised.

    Raises:
        RasterError: a pixel is more than ``MAX_ENLARGEMENT`` times as long as the model's.
    """
    size_m, name = source.grid.pixel_size_m, source.path.name
    if size_m is None:
        return [
            f"{name} has no CRS, so lengths and areas are in pixels, which are taken to be {spec.gsd_m:.3g} m "
            "as the model expects."
        ]
    warnings = []
    factor = size_m / spec.gsd_m
    seen = f"{name} has pixels of {size_m:.3g} m and the model '{spec.name}' was trained on {spec.gsd_m:.3g} m"
    if factor > MAX_ENLARGEMENT and not allow_any_scale:
        raise RasterError(
            f"{seen}, {factor:.3g} times finer, so its answer would be noise: take a finer raster or a model made for "
            "this resolution, or ask at any scale (--any-scale) all the same."
        )
    if factor > MAX_ENLARGEMENT:
        warnings.append(f"{seen}, {factor:.3g} times finer, so this answer is a guess.")
    elif factor >= FAR_GSD_FACTOR:
        warnings.append(f"{seen}, so expect it to miss what is small in this raster.")
    elif factor <= 1 / FAR_GSD_FACTOR:
        warnings.append(f"{seen}, to which the raster is averaged, so expect it to miss what is small at that.")
    if source.grid.pixel_size_spread > FAR_GSD_FACTOR:
        warnings.append(
            f"The pixels of {name} differ {source.grid.pixel_size_spread:.1f}-fold in ground area from place to place: "
            "ask smaller parts in a projected CRS."
        )
    return warnings
