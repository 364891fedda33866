"""Which bands of a raster are its red, green and blue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .errors import RasterError

_DESCRIPTIONS = {
    "red": {"red", "r", "b04", "b4", "band 4 (red)"},
    "green": {"green", "g", "b03", "b3", "band 3 (green)"},
    "blue": {"blue", "b", "b02", "b2", "band 2 (blue)"},
}

SENTINEL2_BANDS = (12, 13)
"""Band counts that say Sentinel-2, whose red, green and blue are the bands 4, 3 and 2."""


@dataclass(frozen=True)
class BandChoice:
    """Bands to read and what the person should know about the choice."""

    bands: tuple[int, ...]
    """One band or three (red, green, blue), counted from 1."""
    warning: str | None = None


def choose_bands(
    interpretations: Sequence[str],
    descriptions: Sequence[str | None],
    wanted: Sequence[int] | None,
    name: str,
) -> BandChoice:
    """Return the bands to read.

    Args:
        interpretations: colour interpretation of each band, in GDAL's lower-case words.
        descriptions: description of each band, or None.
        wanted: the person's choice, or None.
        name: how messages call the raster.

    Raises:
        RasterError: the choice does not fit the raster, or two bands leave it open.
    """
    count = len(interpretations)
    if wanted is not None:
        return BandChoice(_checked(tuple(wanted), count, name))
    # Descriptions were written by somebody; three 8-bit bands are called red, green, blue by GDAL whatever they are.
    for words in ([_colour_of(description) for description in descriptions], interpretations):
        if {"red", "green", "blue"} <= set(words):
            index = list(words).index
            return BandChoice((index("red") + 1, index("green") + 1, index("blue") + 1))
    usable = [number for number, word in enumerate(interpretations, start=1) if word != "alpha"]
    if not usable:
        raise RasterError(f"{name} holds an alpha band only: choose a raster with image bands.")
    if len(usable) == 1:
        return BandChoice(
            (usable[0],), f"{name} has one image band, shown to the network as grey; colour words mean nothing in it"
        )
    if len(usable) == 2:
        raise RasterError(
            f"{name} has 2 bands and does not say which is which: choose one (bands 1) or three (bands 1,2,2)."
        )
    if len(usable) in SENTINEL2_BANDS:
        return BandChoice(
            (4, 3, 2), f"{name} has {len(usable)} bands; taken as Sentinel-2, so red, green, blue are 4,3,2"
        )
    if len(usable) > 3 or interpretations[0] not in {"gray", "undefined"}:
        taken = ",".join(str(number) for number in usable[:3])
        return BandChoice(
            tuple(usable[:3]), f"{name} does not say which of its {count} bands are red, green and blue; taken {taken}"
        )
    return BandChoice(tuple(usable))


def _checked(bands: tuple[int, ...], count: int, name: str) -> tuple[int, ...]:
    if len(bands) not in (1, 3):
        raise RasterError(f"{len(bands)} bands were chosen for {name}: choose one, or three for red, green and blue.")
    outside = [band for band in bands if not 1 <= band <= count]
    if outside:
        raise RasterError(f"{name} has no band {outside[0]}: choose from 1 to {count}.")
    return bands


def _colour_of(description: str | None) -> str:
    text = (description or "").strip().lower()
    for colour, names in _DESCRIPTIONS.items():
        if text in names:
            return colour
    return ""
