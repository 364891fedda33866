"""Views of a chip: any rotation, scale, mirror and colour, with the objects moved along."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from .chips import FILL


@dataclass(frozen=True)
class View:
    """How a picture is looked at: an affine map of pixels, and what it does to words of direction."""

    matrix: NDArray[np.float64]
    """(2, 3) float64: source pixel (x, y, 1) to view pixel (x, y)."""
    mirrored_x: bool = False
    mirrored_y: bool = False
    upright: bool = True
    """True: no rotation and little zoom, so that words of direction hold (after mirroring them)."""

    def apply(self, ring: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (N, 2) float32 points of the view."""
        moved = ring.astype(np.float64) @ self.matrix[:, :2].T + self.matrix[:, 2]
        return moved.astype(np.float32)


def sample_view(rng: np.random.Generator, source_px: int, view_px: int, *, upright: bool) -> View:
    """Return a random view.

    Args:
        rng: source of randomness.
        source_px: side of the picture.
        view_px: side of the view.
        upright: show all of it, only mirrored and shifted a little; otherwise any rotation and a scale
            from 0.75 to 1.6 too.
    """
    mirrored_x = bool(rng.random() < 0.5)
    mirrored_y = bool(rng.random() < 0.5)
    if upright:
        angle, scale = 0.0, float(rng.uniform(0.93, 1.07)) * view_px / source_px
        reach = 0.03 * view_px
    else:
        angle = float(rng.uniform(0, 2 * math.pi))
        scale = float(np.exp(rng.uniform(math.log(0.75), math.log(1.6))))
        reach = 0.15 * source_px
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]]) @ np.diag([-1.0 if mirrored_x else 1.0, -1.0 if mirrored_y else 1.0])
    centre = np.full(2, source_px / 2)
    shift = rng.uniform(-reach, reach, 2)
    offset = np.full(2, view_px / 2) - linear @ centre + shift
    return View(np.column_stack([linear, offset]), mirrored_x, mirrored_y, upright)


def identity_view(source_px: int, view_px: int) -> View:
    """Return the view that shows a picture as it is, scaled to ``view_px``."""
    return View(np.array([[view_px / source_px, 0, 0], [0, view_px / source_px, 0]], dtype=np.float64))


def warp(image: NDArray[np.uint8], view: View, view_px: int) -> NDArray[np.uint8]:
    """Return the picture as the view shows it.

    Args:
        image: (H, W, 3) uint8.
        view: where its pixels go.
        view_px: side of the result.

    Returns:
        (view_px, view_px, 3) uint8; ``FILL`` outside the picture.
    """
    full = np.vstack([view.matrix, [0, 0, 1]])
    inverse = np.linalg.inv(full)[:2].ravel()
    # Pillow maps pixel centres, as this product's coordinates do.
    picture = Image.fromarray(image).transform(
        (view_px, view_px), Image.Transform.AFFINE, tuple(inverse), Image.Resampling.BILINEAR, fillcolor=FILL
    )
    return np.asarray(picture)


def draw_mask(rings: list[NDArray[np.float32]], size_px: int, stride: int = 2) -> NDArray[np.uint8]:
    """Return how much of each cell the rings cover.

    Args:
        rings: (N, 2) float32 exterior rings in view pixels.
        size_px: side of the view.
        stride: side of a cell, in pixels.

    Returns:
        (size_px / stride, size_px / stride) uint8 in [0, 255].
    """
    canvas = Image.new("L", (size_px, size_px))
    draw = ImageDraw.Draw(canvas)
    for ring in rings:
        # Pillow fills by pixel centres at whole numbers; ours lie at halves.
        draw.polygon([(x - 0.5, y - 0.5) for x, y in ring.tolist()], fill=255)
    return np.asarray(canvas.reduce(stride)) if stride > 1 else np.asarray(canvas)


def draw_outlines(rings: list[NDArray[np.float32]], size_px: int, stride: int = 2) -> NDArray[np.uint8]:
    """Return the borders of the rings, about two pixels wide, see ``draw_mask``."""
    canvas = Image.new("L", (size_px, size_px))
    draw = ImageDraw.Draw(canvas)
    for ring in rings:
        points = [(x - 0.5, y - 0.5) for x, y in ring.tolist()]
        draw.line([*points, points[0]], fill=255, width=2)
    return np.asarray(canvas.reduce(stride))


def jitter_colour(rng: np.random.Generator, image: NDArray[np.uint8], *, keep_hue: bool) -> NDArray[np.uint8]:
    """Return the picture in another light, through another lens.

    Args:
        rng: source of randomness.
        image: (H, W, 3) uint8.
        keep_hue: do not tint strongly, because the texts name colours.
    """
    if rng.random() < 0.2:
        blurred = Image.fromarray(image).filter(ImageFilter.GaussianBlur(float(rng.uniform(0.4, 1.1))))
        image = np.asarray(blurred)
    pixels = image.astype(np.float32)
    grey = pixels.mean(axis=2, keepdims=True)
    pixels = grey + (pixels - grey) * rng.uniform(0.6, 1.3)
    mean = pixels.mean()
    pixels = (pixels - mean) * rng.uniform(0.7, 1.35) + mean * rng.uniform(0.75, 1.25)
    tint = 0.05 if keep_hue else 0.2
    pixels *= rng.uniform(1 - tint, 1 + tint, 3).astype(np.float32)
    if rng.random() < 0.3:
        pixels += rng.normal(0, rng.uniform(1, 8), pixels.shape).astype(np.float32)
    if rng.random() < 0.3:
        pixels = 255 * (np.clip(pixels, 0, 255) / 255) ** np.float32(np.exp(rng.uniform(-0.35, 0.35)))
    clipped: NDArray[np.uint8] = np.clip(pixels, 0, 255).astype(np.uint8)
    return clipped
