"""Connected regions of a scene that is larger than memory, found while its rows come in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from .window import Window

STRIP_PX = 1 << 21
"""Pixels that are looked at at once."""
LABEL_BYTES = 34
"""Memory per pixel that is looked at: labels, their renumbering, masks."""


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


class ComponentTracker:
    """Follows regions down a scene, strip by strip; a region leaves as soon as no later row can belong to it.

    Pieces of neighbouring strips that touch are nodes and links of a graph whose connected parts are the regions.
    Memory is bounded by one strip and the regions that are still open.
    """

    def __init__(self, width: int, level: int, min_px: int) -> None:
        """Start above the first row.

        Args:
            width: columns of the scene.
            level: lowest code that belongs to a region.
            min_px: smaller regions are left out.
        """
        self._level, self._min_px = level, min_px
        self._open = np.zeros((8, 0), dtype=np.int64)
        self._above = np.zeros(width, dtype=np.int64)
        """Number of the open piece in each column of the last row; 0: none."""
        self._row_end = 0

    def add(self, row_off: int, codes: NDArray[np.uint8]) -> list[Component]:
        """Take the next rows and return the regions that ended above or in them.

        Args:
            row_off: first row, at or below the end of the last strip; rows in between hold nothing.
            codes: (H, W) uint8, W the width of the scene.
        """
        closed = self.finish() if row_off != self._row_end else []
        step = max(1, STRIP_PX // max(1, codes.shape[1]))
        for start in range(0, len(codes), step):
            closed += self._add(row_off + start, codes[start : start + step])
        self._row_end = row_off + len(codes)
        return closed

    def finish(self) -> list[Component]:
        """Return the regions that are still open; nothing follows them."""
        pieces, self._open = self._open, np.zeros((8, 0), dtype=np.int64)
        self._above[:] = 0
        return self._components(pieces)

    def _add(self, row_off: int, codes: NDArray[np.uint8]) -> list[Component]:
        labels, found = _label_strip(codes, self._level, self._min_px)
        if not found:
            return self.finish()
        known = self._open.shape[1]
        pieces = np.concatenate((self._open, _measure(labels, codes, found, row_off)), axis=1)
        below = np.where(labels[0] > 0, labels[0] + known, 0)
        links = np.stack((self._above, below))[:, (self._above > 0) & (below > 0)] - 1
        regions, owner = _merge(pieces, links)
        last = labels[-1]
        is_open = np.zeros(regions.shape[1], dtype=bool)
        is_open[owner[last[last > 0] + known - 1]] = True
        number = np.concatenate(([0], np.cumsum(is_open)))
        self._above = np.where(last > 0, number[1:][owner[np.maximum(last + known - 1, 0)]], 0)
        self._open = regions[:, is_open]
        return self._components(regions[:, ~is_open])

    def _components(self, regions: NDArray[np.int64]) -> list[Component]:
        return [
            Component(Window(top, left, bottom - top, right - left), area, total, (row, column))
            for top, left, bottom, right, area, total, row, column in regions.T.tolist()
            if area >= self._min_px
        ]


def _label_strip(codes: NDArray[np.uint8], level: int, min_px: int) -> tuple[NDArray[np.int32], int]:
    """Label the regions of a strip that are large enough or may go on in a neighbouring strip."""
    if not codes.size or codes.max() < level:
        return np.zeros(codes.shape, dtype=np.int32), 0
    mask = codes >= level
    labels, found = ndimage.label(mask)
    inside = np.flatnonzero(mask)  # objects cover little of most strips
    keep = np.bincount(labels.ravel()[inside], minlength=found + 1) >= min_px
    keep[labels[0]] = True
    keep[labels[-1]] = True
    keep[0] = False
    renumbered = np.where(keep, np.cumsum(keep), 0).astype(np.int32)
    labels.ravel()[inside] = renumbered[labels.ravel()[inside]]
    return labels, int(keep.sum())


def _measure(labels: NDArray[np.int32], codes: NDArray[np.uint8], found: int, row_off: int) -> NDArray[np.int64]:
    """Return (8, found): top, left, bottom, right, area, sum of codes, seed row, seed column."""
    inside = np.flatnonzero(labels)
    numbers = labels.ravel()[inside]
    areas = np.bincount(numbers, minlength=found + 1)[1:]
    sums = np.bincount(numbers, weights=codes.ravel()[inside], minlength=found + 1)[1:]
    columns = np.empty((8, found), dtype=np.int64)
    columns[4], columns[5] = areas, np.rint(sums)
    for index, (rows, cols) in enumerate(ndimage.find_objects(labels)):
        seed_col = cols.start + int(np.argmax(labels[rows.start, cols] == index + 1))
        columns[:4, index] = (rows.start + row_off, cols.start, rows.stop + row_off, cols.stop)
        columns[6:, index] = (rows.start + row_off, seed_col)
    return columns


def _merge(pieces: NDArray[np.int64], links: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Join pieces that are linked.

    Args:
        pieces: (8, N) as :func:`_measure`.
        links: (2, L) numbers of pieces that touch.

    Returns:
        regions: (8, M) as ``pieces``.
        owner: (N,) number of each piece's region.
    """
    count = pieces.shape[1]
    graph = coo_matrix((np.ones(links.shape[1], dtype=np.int8), (links[0], links[1])), shape=(count, count))
    found, owner = connected_components(graph, directed=False)
    regions = np.zeros((8, found), dtype=np.int64)
    regions[:2] = np.iinfo(np.int64).max
    for row, join in enumerate((np.minimum, np.minimum, np.maximum, np.maximum, np.add, np.add)):
        join.at(regions[row], owner, pieces[row])
    _, first = np.unique(owner, return_index=True)
    regions[6:] = pieces[6:, first]
    return regions, owner
