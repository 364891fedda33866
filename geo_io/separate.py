"""Bring touching objects of one region apart.

A region is a relief: high in the middle of an object, low where the network draws an outline, where its score sinks and
where the region is narrow. Summits that are cut off by a clear saddle are objects, and a watershed (Beucher and
Lantuéjoul 1979) gives each pixel to one. Saddles are compared by ratio, so that boats and warehouses follow the same
rule. The constants are those that did best on the validation split of ucm_refer (``benchmarks/objects.py --tune``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from skimage.morphology import local_maxima, reconstruction
from skimage.segmentation import watershed

from .score_file import decode_scores, threshold_code

SADDLE_RATIO = 0.75
"""A saddle parts two summits that are both higher than the saddle over this ratio."""
OUTLINE_WEIGHT, SCORE_WEIGHT = 3.0, 2.0
"""How much outlines and scores count beside the logarithm of the distance to the region's edge."""
NECK_RATIO = 0.95
"""A border is narrow where the region is, by this, less wide than in the smaller of the two parts."""
DRAWN_SCORE = 0.4
"""A border is drawn where the outlines along it score this much."""
SMOOTH_PX = 1.0
"""Relief below this size is noise."""
LOWEST_PX = 0.25
"""Least distance to the edge, so that its logarithm is finite."""
MIN_CORE_PX = 4
"""Smaller cores between outlines are noise, not objects."""
OUTLINE_CODE = threshold_code(0.5)

_ALL_AROUND = np.ones((3, 3), dtype=bool)


def separate_objects(
    region: NDArray[np.bool_], codes: NDArray[np.uint8], outline_codes: NDArray[np.uint8] | None
) -> NDArray[np.int32]:
    """Return a number per object of a connected region whose objects are compact, as cars and houses are.

    Args:
        region: (H, W) bool.
        codes: (H, W) uint8 codes of the scores.
        outline_codes: (H, W) uint8 codes of the outlines; None where the model gives none.

    Returns:
        (H, W) int32; 0 outside, 1 everywhere inside where nothing is to be parted.
    """
    if np.count_nonzero(region) < 2 * MIN_CORE_PX or region.all():
        return region.astype(np.int32)
    distance = ndimage.gaussian_filter(ndimage.distance_transform_edt(region).astype(np.float32), SMOOTH_PX)
    relief = np.log(np.maximum(distance, LOWEST_PX))
    relief += SCORE_WEIGHT * _smooth_scores(codes)
    if outline_codes is not None:
        relief -= OUTLINE_WEIGHT * _smooth_scores(outline_codes)
    # What is outside lies below everything inside: reconstruction cannot pass there.
    relief[~region] = relief[region].min() - 10
    flooded = reconstruction(relief + np.float32(np.log(SADDLE_RATIO)), relief)
    summits, count = ndimage.label(local_maxima(flooded, connectivity=2) & region, structure=_ALL_AROUND)
    if count <= 1:
        return region.astype(np.int32)
    parts = np.asarray(watershed(-relief, markers=summits, mask=region), dtype=np.int32)
    return _without_weak_borders(parts, count, distance, outline_codes)


def separate_by_outlines(region: NDArray[np.bool_], outline_codes: NDArray[np.uint8] | None) -> NDArray[np.int32]:
    """Return a number per object of a connected region whose objects have limbs, as airplanes have.

    Only a drawn outline parts them: a narrow place may be where a wing begins. Cores between outlines grow until they
    meet.

    Args:
        region: (H, W) bool.
        outline_codes: (H, W) uint8 codes of the outlines; None where the model gives none.

    Returns:
        (H, W) int32 as :func:`separate_objects`.
    """
    if outline_codes is None:
        return region.astype(np.int32)
    cores, count = ndimage.label(region & (outline_codes < OUTLINE_CODE))
    if count > 1:
        keep = np.bincount(cores.ravel(), minlength=count + 1) >= MIN_CORE_PX
        keep[0] = False
        count = int(keep.sum())
        cores = np.where(keep, np.cumsum(keep), 0)[cores]
    if count <= 1:
        return region.astype(np.int32)
    return np.asarray(watershed(outline_codes, markers=cores, mask=region), dtype=np.int32)


def _without_weak_borders(
    parts: NDArray[np.int32], count: int, distance: NDArray[np.float32], outline_codes: NDArray[np.uint8] | None
) -> NDArray[np.int32]:
    """Join parts whose border is neither narrow nor drawn: one house under a dark roof, not two.

    Args:
        parts: (H, W) int32, 0 outside, else 1 to ``count``.
        count: number of parts.
        distance: (H, W) float32 to the region's edge.
        outline_codes: (H, W) uint8; None where the model gives none.
    """
    ends = []
    for first, second in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        is_border = (parts[first] != parts[second]) & (parts[first] > 0) & (parts[second] > 0)
        drawn = distance if outline_codes is None else decode_scores(outline_codes)
        ends.append(np.stack([grid[side][is_border] for grid in (parts, distance, drawn) for side in (first, second)]))
    one, other, near, nearer, line, liner = np.concatenate(ends, axis=1)
    pairs, which = np.unique(np.sort(np.stack((one, other)), axis=0).astype(np.int64), axis=1, return_inverse=True)
    which = which.ravel()
    widest = np.zeros(pairs.shape[1])
    np.maximum.at(widest, which, np.maximum(near, nearer))
    drawn_share = np.bincount(which, weights=(line + liner) / 2) / np.bincount(which)
    heights = ndimage.maximum(distance, parts, np.arange(count + 1))
    is_narrow = widest < NECK_RATIO * heights[pairs].min(axis=0)
    is_drawn = (drawn_share >= DRAWN_SCORE) & (outline_codes is not None)
    weak = pairs[:, ~(is_narrow | is_drawn)]
    graph = coo_matrix((np.ones(weak.shape[1], dtype=np.int8), (weak[0], weak[1])), shape=(count + 1, count + 1))
    _, owner = connected_components(graph, directed=False)
    _, number = np.unique(owner, return_inverse=True)  # 0 stays 0: nothing joins what is outside
    return number.astype(np.int32)[parts]


def _smooth_scores(codes: NDArray[np.uint8]) -> NDArray[np.float32]:
    scores = np.maximum(decode_scores(codes), 0).astype(np.float32)
    return np.asarray(ndimage.gaussian_filter(scores, SMOOTH_PX), dtype=np.float32)
