"""What one worker does with one raster of many, and how its answer travels and is kept: as Parquet and JSON."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import geopandas as gpd
import numpy as np
import pyproj

from ..core_model.errors import ModelError
from ..core_model.segmenter import ModelSpec, Segmenter
from ..geo_io.errors import GeoIOError
from ..geo_io.frame import Frame
from ..geo_io.raster import Raster
from .ask import Reading, ask
from .errors import EngineError
from .feature_disk import open_store
from .query import COLUMNS, query
from .query_options import QueryOptions
from .question import Question
from .region import read_region
from .resolve import AnchorMissing

Over = Literal["each", "all"]


class RasterFailedError(EngineError):
    """One raster of many could not be asked; the message says why."""


@dataclass(frozen=True)
class ArchiveQuestion:
    """What every raster is asked."""

    expressions: tuple[str, ...]
    model: str
    options: QueryOptions
    """How; ``region`` is not used, as every raster may have a CRS of its own."""
    reading: Reading = "auto"
    anchor_missing: AnchorMissing = "none"
    over: Over = "each"
    """Whether words of meaning hold per raster or over all of them."""
    region: Path | None = None
    """Layer of polygons that the question is limited to; a raster outside it holds nothing."""
    cache_dir: Path | None = None
    """Where workers keep image features, each on its own machine; None: nowhere."""
    cache_gb: float = 8.0

    def understood(self, spec: ModelSpec, view: Frame | None = None) -> Question:
        """Return the expressions, understood for an answer over all rasters.

        Raises:
            ExpressionError: an expression names nothing, contradicts itself, or is too long or too deeply nested.
        """
        view = view or Frame.from_bounds((0.0, 0.0, 1.0, 1.0), None)
        return Question.of(self.expressions, view, False, spec.classes)

    def facts(self, weights_hash: str) -> dict[str, object]:
        """Return what the answers depend on, as JSON values by the names that messages use."""
        options = {name: value for name, value in self.options.to_dict().items() if name not in ("crs", "region")}
        crs = self.options.crs
        return {
            "expressions": list(self.expressions),
            "model": f"{self.model} ({weights_hash})",
            "reading": self.reading,
            "missing anchors": self.anchor_missing,
            "over": self.over,
            "region": None if self.region is None else f"{self.region.name} {zlib.crc32(self.region.read_bytes()):08x}",
            "crs": None if crs is None else pyproj.CRS.from_user_input(crs).name,
            "options": json.dumps(options, sort_keys=True),
        }


@dataclass(frozen=True)
class Part:
    """The answer of one raster."""

    content: bytes
    """The polygons, as Parquet."""
    facts: str
    """Metadata of the answer, as JSON."""
    explanations: dict[str, str]

    @staticmethod
    def of(frame: gpd.GeoDataFrame, explanations: dict[str, str]) -> Part:
        """Return the part that holds a frame."""
        facts = json.dumps(frame.attrs)
        plain = frame.copy(deep=False)
        plain.attrs = {}
        buffer = io.BytesIO()
        plain.to_parquet(buffer, index=False)
        return Part(buffer.getvalue(), facts, explanations)

    def frame(self) -> gpd.GeoDataFrame:
        """Return the polygons, with their metadata."""
        frame = gpd.read_parquet(io.BytesIO(self.content))
        frame.attrs = json.loads(self.facts)
        return frame


def ask_one(path: str, question: ArchiveQuestion) -> Part:
    """Ask one raster; runs on a worker.

    Raises:
        RasterFailedError: it could not be asked.
    """
    try:
        return _ask_one(Path(path), question)
    except (GeoIOError, EngineError, ModelError) as error:
        # One kind with one sentence travels back safely, whatever fields the error had.
        raise RasterFailedError(str(error)) from error


def _ask_one(path: Path, question: ArchiveQuestion) -> Part:
    options = question.options
    if question.region is not None:
        with Raster.open(path, allow_no_crs=options.allow_no_crs) as raster:
            region = read_region(question.region, raster.grid.crs)
            if not region.intersects(raster.grid.footprint):
                return Part.of(_nothing(options.crs, raster), {})
        options = replace(options, region=region)
    told: list[str] = []
    store = open_store(question.cache_dir, question.cache_gb, told.append)
    model = _model(question)
    if question.over == "all":
        frame = query(path, question.understood(model.spec).asked, model=model, options=options, store=store)
        explanations: dict[str, str] = {}
    else:
        answer = ask(
            path,
            question.expressions,
            model=model,
            options=options,
            reading=question.reading,
            anchor_missing=question.anchor_missing,
            store=store,
        )
        frame, explanations = answer.frame, dict(answer.explanations)
    frame.attrs["warnings"] = [*frame.attrs["warnings"], *told]
    return Part.of(frame, explanations)


_models: dict[tuple[str, str, str, bool, str], Segmenter] = {}


def _model(question: ArchiveQuestion) -> Segmenter:
    """Return the model, kept for the next raster of this worker."""
    from ..core_model.checkpoint import find_model, load_segmenter, read_spec

    options = question.options
    weights = read_spec(find_model(question.model)).weights_hash
    key = (question.model, options.device, options.precision, options.compiled, weights)
    if key not in _models:
        _models.clear()
        _models[key] = load_segmenter(question.model, options.device, options.precision, compiled=options.compiled)
    return _models[key]


def _nothing(crs: pyproj.CRS | str | None, raster: Raster) -> gpd.GeoDataFrame:
    columns: dict[str, Callable[[], object]] = {name: lambda: np.zeros(0, dtype=object) for name in COLUMNS}
    frame = gpd.GeoDataFrame({name: make() for name, make in columns.items()}, geometry=[], crs=crs or raster.grid.crs)
    frame.attrs = {"warnings": [], "best_scores": {}, "raster": {"name": raster.path.name}}
    return frame
