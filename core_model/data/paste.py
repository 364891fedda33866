"""Objects of one view pasted into another (in the manner of Ghiasi et al. 2021, "Simple Copy-Paste").

Pasted objects never cover others, and only classes are pasted of which every instance of the view is known; so what
was known of its classes stays true; written expressions and image-level labels speak of the view before.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from .augment import draw_mask
from .items import ViewedChip

COMPACT = frozenset(
    {"airplane", "storage tank", "tennis court", "basketball court", "baseball diamond", "bunker", "boat", "house"}
    | {"building", "mobile home", "swimming pool", "car", "truck"}
)
"""Classes whose instances stand by themselves, on any ground."""
_TRIES = 4


def paste(viewed: ViewedChip, donor: ViewedChip, rng: np.random.Generator, most: int = 4) -> ViewedChip:
    """Return a view with up to ``most`` whole objects of another view in it.

    Args:
        viewed: what is added to.
        donor: a view of the same size; its objects keep their scale and are moved to a free place.
        rng: source of which and where.
        most: how many objects at most.
    """
    size = viewed.image.shape[0]
    options = [key for key in donor.rings if _is_whole(donor, key, size) and donor.classes[key] in viewed.complete]
    rng.shuffle(options)
    taken = draw_mask([ring for rings in viewed.rings.values() for ring in rings], size, 1) > 0
    image = viewed.image.copy()
    made = dataclasses.replace(
        viewed, image=image, rings=dict(viewed.rings), classes=dict(viewed.classes), colors=dict(viewed.colors)
    )
    seen = set(viewed.seen)
    for key in options[: int(rng.integers(1, most + 1))]:
        shape = draw_mask(donor.rings[key], size, 1)
        for _ in range(_TRIES):
            shift = _free_place(shape, taken, rng)
            if shift is None:
                continue
            _blend(image, donor.image, shape, shift)
            new = 10_000 + key
            made.rings[new] = [ring + np.array(shift, np.float32) for ring in donor.rings[key]]
            made.classes[new], made.colors[new] = donor.classes[key], donor.colors[key]
            seen.add(new)
            taken |= _moved(shape, shift) > 0
            break
    return dataclasses.replace(made, seen=frozenset(seen))


def _is_whole(donor: ViewedChip, key: int, size: int) -> bool:
    points = np.concatenate(donor.rings[key])
    inside = points.min() > 1 and points.max() < size - 1
    return donor.classes[key] in COMPACT and key in donor.seen and bool(inside)


def _free_place(shape: NDArray[np.uint8], taken: NDArray[np.bool_], rng: np.random.Generator) -> tuple[int, int] | None:
    size = len(shape)
    rows, cols = np.flatnonzero(shape.any(1)), np.flatnonzero(shape.any(0))
    if not len(rows):
        return None
    dx = int(rng.integers(-cols[0], size - cols[-1]))
    dy = int(rng.integers(-rows[0], size - rows[-1]))
    part = taken[rows[0] + dy : rows[-1] + dy + 1, cols[0] + dx : cols[-1] + dx + 1]
    drawn = shape[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1] > 0
    return None if (part & drawn).any() else (dx, dy)


def _moved(picture: NDArray[np.uint8], shift: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a picture moved by (x, y) pixels; what leaves on one side is gone."""
    dx, dy = shift
    height, width = picture.shape[:2]
    moved = np.zeros_like(picture)
    moved[max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)] = picture[
        max(0, -dy) : height + min(0, -dy), max(0, -dx) : width + min(0, -dx)
    ]
    return moved


def _blend(
    image: NDArray[np.uint8], donor: NDArray[np.uint8], shape: NDArray[np.uint8], shift: tuple[int, int]
) -> None:
    """Lay an object over a picture, in place, with a border that fades over some two pixels."""
    soft = np.asarray(Image.fromarray(shape).filter(ImageFilter.GaussianBlur(0.8)))
    weight = _moved(soft, shift)[..., None].astype(np.float32) / 255
    mixed = image * (1 - weight) + _moved(donor, shift) * weight
    np.copyto(image, mixed.round().astype(np.uint8))
