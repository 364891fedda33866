"""How a question is asked: every choice of a query in one place, checked before anything is opened."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from .errors import OptionsError


@dataclass(frozen=True)
class QueryOptions:
    """How a question is asked; the defaults suit a person who knows nothing of the network."""

    threshold: float = 0.5
    """Score in (0, 1) from which a pixel belongs to the answer."""
    keep_from: float | None = None
    """Keep weaker objects too, from this score on, for a later choice; what reaches ``threshold`` stays the same."""
    min_area_m2: float | None = None
    """Smallest polygon kept, in square metres; None: 16 pixels at the resolution that the network sees."""
    simplify_m: float | None = None
    """Tolerance of the outlines, in metres; None: 0.3 pixels at the resolution that the network sees, 0: none."""
    bands: tuple[int, ...] | None = None
    """One band or three (red, green, blue), counted from 1; None: by colour interpretation."""
    crs: pyproj.CRS | str | None = None
    """CRS of the answer; None: that of the raster."""
    tile_size_px: int = 1024
    """Width of the scene that is read at once; the answer does not depend on it."""
    batch_size: int = 8
    """How many windows the network sees at once; the answer does not depend on it."""
    device: str = "auto"
    """Where the network runs: auto, cpu, cuda or mps."""
    precision: str = "auto"
    """Number format of the network: auto, fp32 or bf16."""
    compiled: bool = False
    """Compile the image encoder (``torch.compile``) where that works; pays on long jobs only."""
    skip_damaged: bool = False
    """Leave damaged parts of the raster out, and list them, instead of stopping at them."""
    region: BaseGeometry | None = None
    """Polygon in the raster's CRS that the question is limited to; the answer is cut at its edge."""
    allow_no_crs: bool = False
    """Accept a raster without CRS; lengths and areas are then in pixels."""
    allow_unknown: bool = False
    """Ask for classes that the model was not trained on, with a warning instead of an error."""
    allow_any_scale: bool = False
    """Ask a raster that is far too coarse for the model, with a warning instead of an error."""
    regions: tuple[str, ...] | None = None
    """Classes that get one polygon per connected region, where others get one per object, even of those that touch;
    None: roads, water and the like, as ``resources/objects.json`` lists them; ("all",): every class."""
    regularize: bool = False
    """Give buildings right angles and tanks circles where that fits the outline."""
    max_polygons: int = 200_000
    """Stop with advice when an expression gives more polygons than this."""

    def __post_init__(self) -> None:
        """Check every field.

        Raises:
            OptionsError: one or more are out of range; all are named.
        """
        problems = []
        if not 0 < self.threshold < 1:
            problems.append(f"threshold {self.threshold:g} must lie between 0 and 1")
        if self.keep_from is not None and not 0 < self.keep_from < 1:
            problems.append(f"keep_from {self.keep_from:g} must lie between 0 and 1")
        for name in ("min_area_m2", "simplify_m"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                problems.append(f"{name} {value:g} must be 0 or more")
        for name in ("tile_size_px", "batch_size", "max_polygons"):
            if getattr(self, name) < 1:
                problems.append(f"{name} {getattr(self, name)} must be 1 or more")
        if problems:
            raise OptionsError(f"The options of the question do not fit: {'; '.join(problems)}.")

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON values, to be stored with the answer."""
        values: dict[str, object] = {field.name: getattr(self, field.name) for field in fields(self)}
        values["bands"] = None if self.bands is None else list(self.bands)
        values["regions"] = None if self.regions is None else list(self.regions)
        values["crs"] = self.crs.to_string() if isinstance(self.crs, pyproj.CRS) else self.crs
        values["region"] = None if self.region is None else shapely.to_wkt(self.region)
        return values
