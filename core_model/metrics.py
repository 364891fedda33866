"""Metrics of referring segmentation, as the field defines them (Yuan et al. 2024, RRSIS-D; Yu et al. 2016, RefCOCO)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
RESAMPLES = 2000


@dataclass(frozen=True)
class Overlap:
    """One answer against its truth, in pixels."""

    intersection: int
    union: int

    @property
    def iou(self) -> float:
        """Intersection over union; 0 when the union is empty."""
        return self.intersection / self.union if self.union else 0.0


def overlap(predicted: NDArray[np.bool_], truth: NDArray[np.bool_]) -> Overlap:
    """Return the overlap of two (H, W) bool masks."""
    return Overlap(int((predicted & truth).sum()), int((predicted | truth).sum()))


def mean_iou(overlaps: Sequence[Overlap]) -> float:
    """Return the mean of the IoU of each expression (mIoU); NaN for none."""
    return float(np.mean([item.iou for item in overlaps])) if overlaps else float("nan")


def overall_iou(overlaps: Iterable[Overlap]) -> float:
    """Return the sum of intersections over the sum of unions (oIoU); NaN for none."""
    items = list(overlaps)
    union = sum(item.union for item in items)
    return sum(item.intersection for item in items) / union if union else float("nan")


def precision_at(overlaps: Sequence[Overlap], threshold: float) -> float:
    """Return the share of expressions with IoU of at least ``threshold`` (Pr@X); NaN for none."""
    return float(np.mean([item.iou >= threshold for item in overlaps])) if overlaps else float("nan")


def summarise(overlaps: Sequence[Overlap]) -> dict[str, float]:
    """Return ``count``, ``miou``, ``oiou`` and ``pr50`` to ``pr90``."""
    row = {"count": float(len(overlaps)), "miou": mean_iou(overlaps), "oiou": overall_iou(overlaps)}
    return row | {f"pr{round(100 * value)}": precision_at(overlaps, value) for value in THRESHOLDS}


def cluster_interval(
    clusters: Sequence[str], numerators: Sequence[float], denominators: Sequence[float], seed: int = 0
) -> tuple[float, float] | None:
    """Return the 95 % interval of a ratio of sums, by resampling whole clusters (Efron 1979; Davison and Hinkley 1997).

    Answers about one picture are alike, so that pictures are drawn anew, not answers: intervals are wider and honest.

    Args:
        clusters: N names, such as of the picture that an answer is about.
        numerators: N values.
        denominators: N weights; with 1 each the ratio is a mean.
        seed: of the resampling.

    Returns:
        (low, high), or None with fewer than two clusters.
    """
    names = {name: index for index, name in enumerate(dict.fromkeys(clusters))}
    if len(names) < 2:
        return None
    rows = np.array([names[name] for name in clusters])
    above = np.bincount(rows, np.asarray(numerators, dtype=np.float64), len(names))
    below = np.bincount(rows, np.asarray(denominators, dtype=np.float64), len(names))
    drawn = np.random.default_rng(seed).integers(len(names), size=(RESAMPLES, len(names)))
    weights = below[drawn].sum(1)
    ratios = above[drawn].sum(1)[weights > 0] / weights[weights > 0]
    if not len(ratios):
        return None
    low, high = np.percentile(ratios, (2.5, 97.5))
    return float(low), float(high)
