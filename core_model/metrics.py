"""Metrics of referring segmentation, as the field defines them (Yuan et al. 2024, RRSIS-D; Yu et al. 2016, RefCOCO)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


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
