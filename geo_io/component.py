"""Connected regions of a scene that is larger than memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from .score_file import ScoreFile
from .window import Window

_STRIP_PX = 1 << 23


@dataclass(frozen=True)
class Component:
    """One region of pixels that touch along their sides."""

    window: Window
    """The smallest window that holds it."""
    area_px: int
    code_sum: int
    """Sum of the codes of its pixels."""
    seed_rc: tuple[int, int]
    """One of its pixels."""


def find_components(
    scores: ScoreFile, level: int, min_px: int, on_rows: Callable[[int], None] | None = None
) -> list[Component]:
    """Return the regions whose codes reach a level, from top to bottom, holding one strip of rows at a time.

    Args:
        scores: codes of the scene.
        level: lowest code that belongs to a region.
        min_px: smaller regions are left out.
        on_rows: told after each strip how many rows are done.
    """
    height, width = scores.shape
    strip_rows = max(1, _STRIP_PX // width)
    pieces: list[NDArray[np.int64]] = []
    links: list[NDArray[np.int64]] = []
    count = 0
    above = np.zeros(width, dtype=np.int64)
    for row_off in range(0, height, strip_rows):
        rows = min(strip_rows, height - row_off)
        codes = scores.read(row_off, 0, rows, width)
        labels, found = _label_strip(codes, level, min_px)
        if found:
            pieces.append(_measure(labels, codes, found, row_off))
            top = np.where(labels[0] > 0, labels[0].astype(np.int64) + count, 0)
            links.append(np.stack((above, top))[:, (above > 0) & (top > 0)])
        above = np.where(labels[-1] > 0, labels[-1].astype(np.int64) + count, 0)
        count += found
        if on_rows is not None:
            on_rows(row_off + rows)
    if not count:
        return []
    return _merge(np.concatenate(pieces, axis=1), np.concatenate(links, axis=1) - 1, count, min_px)


def _label_strip(codes: NDArray[np.uint8], level: int, min_px: int) -> tuple[NDArray[np.int32], int]:
    """Label the regions of a strip that are large enough or may go on in a neighbouring strip."""
    if not codes.size or codes.max() < level:
        return np.zeros(codes.shape, dtype=np.int32), 0
    labels, found = ndimage.label(codes >= level)
    keep = np.bincount(labels.ravel(), minlength=found + 1) >= min_px
    keep[labels[0]] = True
    keep[labels[-1]] = True
    keep[0] = False
    renumbered = np.where(keep, np.cumsum(keep), 0).astype(np.int32)
    return renumbered[labels], int(keep.sum())


def _measure(labels: NDArray[np.int32], codes: NDArray[np.uint8], found: int, row_off: int) -> NDArray[np.int64]:
    """Return (8, found): top, left, bottom, right, area, sum of codes, seed row, seed column."""
    flat = labels.ravel()
    areas = np.bincount(flat, minlength=found + 1)[1:]
    sums = np.bincount(flat, weights=codes.ravel(), minlength=found + 1)[1:]
    columns = np.empty((8, found), dtype=np.int64)
    columns[4], columns[5] = areas, np.rint(sums)
    for index, (rows, cols) in enumerate(ndimage.find_objects(labels)):
        seed_col = cols.start + int(np.argmax(labels[rows.start, cols] == index + 1))
        columns[:4, index] = (rows.start + row_off, cols.start, rows.stop + row_off, cols.stop)
        columns[6:, index] = (rows.start + row_off, seed_col)
    return columns


def _merge(pieces: NDArray[np.int64], links: NDArray[np.int64], count: int, min_px: int) -> list[Component]:
    """Join the pieces of regions that go on from strip to strip."""
    graph = coo_matrix((np.ones(links.shape[1], dtype=np.int8), (links[0], links[1])), shape=(count, count))
    found, owner = connected_components(graph, directed=False)
    top, left = np.full(found, np.iinfo(np.int64).max), np.full(found, np.iinfo(np.int64).max)
    bottom, right, area, total = (np.zeros(found, dtype=np.int64) for _ in range(4))
    np.minimum.at(top, owner, pieces[0])
    np.minimum.at(left, owner, pieces[1])
    np.maximum.at(bottom, owner, pieces[2])
    np.maximum.at(right, owner, pieces[3])
    np.add.at(area, owner, pieces[4])
    np.add.at(total, owner, pieces[5])
    _, first = np.unique(owner, return_index=True)
    return [
        Component(
            Window(int(top[i]), int(left[i]), int(bottom[i] - top[i]), int(right[i] - left[i])),
            int(area[i]),
            int(total[i]),
            (int(pieces[6, first[i]]), int(pieces[7, first[i]])),
        )
        for i in np.flatnonzero(area >= min_px)
    ]
