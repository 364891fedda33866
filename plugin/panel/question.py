"""What a person asks, as plain values that can cross threads and outlive the widgets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from qgis.core import QgsCoordinateReferenceSystem, QgsGeometry, QgsRasterLayer


@dataclass
class Question:
    """One expression about one layer."""

    layer: QgsRasterLayer | None
    expression: str
    region: QgsGeometry | None
    """Polygon asked about, in ``region_crs``; None for the whole layer."""
    region_crs: QgsCoordinateReferenceSystem
    as_displayed: bool = False
    export_gsd_m: float = 0.3
    """Ground resolution of the temporary picture of a layer that has none of its own."""
    options: dict[str, Any] = field(default_factory=dict)
    """Further params of a ``query``."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    expression: str
    layer_name: str
    path: str
    """GeoPackage with every kept polygon."""
    count: int
    best_score: float | None
    plan: str
    model: str
    device: str
    engine_s: float
    """Seconds that the engine took."""
    total_s: float
    """Seconds from the click."""
    explanation: str = ""
    """The plan as a tree, and what became of each candidate."""
    kept_from: float = 0.0
    """Lowest score of the kept polygons."""
    warnings: tuple[str, ...] = ()
