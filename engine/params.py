"""The parameters of the worker's methods, and how they are read from JSON: part of the protocol, for the worker's side.

Standard library only. The client sends plain objects; what it leaves out has the defaults that stand here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from .protocol import ProtocolError


@dataclass(frozen=True)
class QueryParams:
    """What a ``query`` asks for."""

    raster: str
    """Path of a raster that GDAL opens."""
    expressions: list[str]
    """One or more texts."""
    output: str
    """Path of the GeoPackage to write; an existing file is replaced."""
    layer: str = "results"
    """Name of the layer inside the GeoPackage."""
    scores: str | None = None
    """Path of the GeoTIFF to write the scores to, a band per noun phrase; null for none."""
    model: str = "small"
    """Name or folder of a model."""
    device: str = "auto"
    """``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps``."""
    threshold: float = 0.5
    """Pixels with at least this score belong to a polygon."""
    keep_from: float | None = None
    """Keep weaker polygons too, from this score on, where the expression means all that it names; null for none.
    The polygons with at least ``threshold`` are the same either way."""
    min_area_m2: float | None = None
    """Polygons smaller than this are left out, in square metres; null for the engine's own rule."""
    simplify_m: float | None = None
    """Tolerance of simplification in metres; null for the engine's own rule."""
    bands: list[int] | None = None
    """Three band numbers, from 1, for red, green and blue; null to choose by colour interpretation."""
    region: str | None = None
    """Well-known text of a polygon in the raster's CRS; null for the whole raster."""
    reading: str = "auto"
    """Whose reading of relations counts: ``auto``, ``network`` or ``plan``."""
    anchor_missing: str = "none"
    """What "tanks near the harbour" means where no harbour is found: ``none`` of the tanks, or ``all`` of them."""
    cache_folder: str | None = None
    """Folder of the cache of image features; null for the engine's own choice, empty for none on disk."""
    cache_gb: float = 8.0
    """How much the cache may take, in gigabytes."""
    allow_unknown: bool = False
    """Guess, with a warning, when the expression is nothing but a class that the model has not seen."""
    allow_no_crs: bool = False
    """Answer in pixel units for a raster without CRS instead of failing."""
    allow_any_scale: bool = False
    """Guess, with a warning, where the raster is far too coarse for the model."""


@dataclass(frozen=True)
class TrainParams:
    """What a ``train`` or ``describe_training`` asks for."""

    rasters: list[str]
    """Paths of rasters."""
    layers: list[str]
    """Vector files with polygons; ``file|layername=name`` where a file holds several."""
    out: str
    """Folder of the run, new or empty or with the same run; the model is its subfolder ``model``."""
    class_field: str = "class"
    """Field with the class names."""
    expression_field: str | None = None
    """Field with the expressions; null: ``expression`` where a layer has it."""
    start: str = "small"
    """Name or folder of the model to start from."""
    from_scratch: bool = False
    """Take only sizes and tokenizer from ``start``."""
    method: str = "product"
    """How class names and expressions are trained together; see ``engine.layer_fit.METHODS``."""
    complete: list[str] | None = None
    """Classes of which every instance is drawn; null for all."""
    steps: int | None = None
    """Null: by the amount of data."""
    batch_size: int = 4
    learning_rate: float | None = None
    """Null: by how the training starts."""
    validation_share: float = 0.2
    """Share of the objects, by place, that models are chosen by."""
    seed: int = 0
    bands: list[int] | None = None
    """Three band numbers, from 1; null to choose by colour interpretation."""
    device: str = "auto"
    overwrite: bool = False
    """Start anew where ``out`` holds another run."""


@dataclass(frozen=True)
class EvaluateParams:
    """What an ``evaluate`` asks for."""

    rasters: list[str]
    """As of a training."""
    layers: list[str]
    class_field: str = "class"
    expression_field: str | None = None
    complete: list[str] | None = None
    bands: list[int] | None = None
    model: str = "small"
    """Name or folder of a model."""
    text_mode: str = "expression"
    """``class-name`` asks the class of each object instead of the written expression: the baseline."""
    report: str | None = None
    """Path of the HTML page to write; null for none."""
    device: str = "auto"


Params = TypeVar("Params")


def from_params(cls: type[Params], body: Mapping[str, Any]) -> Params:
    """Return the dataclass of parameters for a JSON object.

    Raises:
        ProtocolError: a field is unknown or a required one is missing.
    """
    names = {item.name for item in fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(body) - names)
    if unknown:
        raise ProtocolError(f"Unknown parameters: {', '.join(unknown)}.")
    try:
        return cls(**body)
    except TypeError as error:
        raise ProtocolError(f"A parameter is missing: {error}.") from error
