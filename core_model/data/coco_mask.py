"""Masks as COCO stores them: polygons, or run lengths as numbers or as a packed text."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon

from ..errors import DataError


def read_mask(segmentation: Any, height: int, width: int) -> NDArray[np.bool_]:
    """Return the mask of an annotation.

    Args:
        segmentation: list of polygons ``[x, y, ...]``, or ``{"size": [h, w], "counts": numbers or text}``, or a list of
            one such object.
        height: of the picture.
        width: of the picture.

    Returns:
        (height, width) bool.

    Raises:
        DataError: it is none of these, or its runs do not fill the picture.
    """
    if isinstance(segmentation, list) and len(segmentation) == 1 and isinstance(segmentation[0], dict):
        segmentation = segmentation[0]
    if isinstance(segmentation, list) and all(isinstance(ring, list) for ring in segmentation):
        mask = np.zeros((height, width), bool)
        for ring in segmentation:
            # Pixels count whose centre is inside; centres lie at halves in COCO's coordinates, at whole numbers here.
            points = np.asarray(ring, float).reshape(-1, 2) - 0.5
            mask[polygon(points[:, 1], points[:, 0], mask.shape)] = True
        return mask
    if isinstance(segmentation, dict) and "counts" in segmentation:
        counts = segmentation["counts"]
        runs = unpack_runs(counts) if isinstance(counts, str) else [int(value) for value in counts]
        rows, cols = (int(value) for value in segmentation.get("size", (height, width)))
        if sum(runs) != rows * cols or min(runs, default=0) < 0:
            raise DataError(f"The run lengths of a mask cover {sum(runs)} pixels, expected {rows} x {cols}.")
        values = np.zeros(len(runs), bool)
        values[1::2] = True
        return np.repeat(values, runs).reshape(cols, rows).T
    raise DataError(
        f"A mask is stored as {str(segmentation)[:40]!r}, which is neither polygons nor run lengths of COCO."
    )


def unpack_runs(text: str) -> list[int]:
    """Return the run lengths in COCO's packed text: 6-bit characters, and from the third run on differences."""
    runs: list[int] = []
    value, shift = 0, 0
    for letter in text:
        code = ord(letter) - 48
        value |= (code & 0x1F) << shift
        shift += 5
        if code & 0x20:
            continue
        if code & 0x10:
            value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
        value, shift = 0, 0
    return runs
