"""What the worker can be asked to do: each method of the protocol as one function, and what failures mean.

The heavy libraries are imported here, at the top, so that the worker's ``hello`` means that they are loaded.
"""

from __future__ import annotations

import errno
import gc
import importlib.metadata
import logging
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import geopandas as gpd
import numpy as np
import shapely
import torch

from ..core_model import errors as model_errors
from ..core_model.checkpoint import find_model, list_models, load_segmenter, read_spec
from ..core_model.expression.parse import parse
from ..core_model.segmenter import ModelSpec, Segmenter
from ..core_model.synthetic import render_chip
from ..geo_io import errors as geo_errors
from ..geo_io.layer import check_layer_output, write_layer
from .ask import Reading, ask
from .errors import Cancelled, EngineError, OptionsError
from .expressions import check_texts
from .feature_disk import default_folder, open_store
from .features import shared_store
from .job import Job, JobContext
from .params import QueryParams, from_params
from .progress import Progress
from .protocol import Code, ProtocolError
from .query import QueryOptions
from .resolve import AnchorMissing
from .synthetic import write_scene
from .training_jobs import TRAINING_JOBS

logger = logging.getLogger(__name__)

_models: dict[tuple[str, str, str], Segmenter] = {}

CODES: tuple[tuple[type[BaseException], str], ...] = (
    (Cancelled, Code.CANCELLED),
    (InterruptedError, Code.CANCELLED),
    (model_errors.ExpressionError, Code.EXPRESSION),
    (model_errors.DeviceError, Code.DEVICE),
    (model_errors.ModelError, Code.MODEL),
    (geo_errors.RasterError, Code.RASTER),
    (geo_errors.LayerError, Code.LAYER),
    (geo_errors.OutputError, Code.OUTPUT),
    (EngineError, Code.OPTIONS),
    (ProtocolError, Code.BAD_REQUEST),
)


def explain(error: BaseException) -> tuple[str, str]:
    """Return failure code and sentence for an exception of a job."""
    for kind, code in CODES:
        if isinstance(error, kind):
            return code, str(error) or "Cancelled."
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "out of memory" in str(error).lower():
        return Code.MEMORY, "There is not enough memory for this question: ask a smaller area, or choose the CPU."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return Code.OUTPUT, "The disk is full: make room and ask again."
    return Code.INTERNAL, f"The engine failed on this ({type(error).__name__}: {error}); its log has the details."


def answer_query(params: Mapping[str, Any], context: JobContext) -> dict[str, Any]:
    """Ask a raster, write the polygons; see ``query`` in the protocol."""
    asked = from_params(QueryParams, params)
    start = time.perf_counter()
    check_texts(asked.expressions)
    output = check_layer_output(asked.output, inputs=(Path(asked.raster),), overwrite=True)
    spec = read_spec(find_model(asked.model))
    check_texts(asked.expressions, spec.max_words)
    keep_from = _keep_from(asked)
    options = QueryOptions(
        threshold=asked.threshold,
        keep_from=keep_from,
        min_area_m2=asked.min_area_m2,
        simplify_m=asked.simplify_m,
        bands=tuple(asked.bands) if asked.bands else None,
        device=asked.device,
        region=_region(asked.region),
        allow_no_crs=asked.allow_no_crs,
        allow_unknown=asked.allow_unknown,
        allow_any_scale=asked.allow_any_scale,
    )
    model = _load(asked.model, asked.device, spec.weights_hash, context)
    answer = ask(
        asked.raster,
        asked.expressions,
        model=model,
        options=options,
        reading=cast(Reading, asked.reading),
        anchor_missing=cast(AnchorMissing, asked.anchor_missing),
        progress=_reporter(context),
        is_cancelled=context.is_cancelled,
        store=open_store(_cache_folder(asked), asked.cache_gb, logger.warning),
        scores_path=None if asked.scores is None else Path(asked.scores),
    )
    frame, facts = answer.frame, answer.frame.attrs
    context.progress("write", 0, 1, "files")
    write_layer(frame, output, metadata=facts, inputs=(Path(asked.raster),), overwrite=True)
    counts = frame["expression"].value_counts()
    return {
        "output": str(output),
        "counts": [int(counts.get(text, 0)) for text in asked.expressions],
        "best_scores": [_best_score(frame, text) for text in asked.expressions],
        "plans": [str(facts.get("plans", {}).get(text, "")) for text in asked.expressions],
        "explanations": [answer.explanations.get(text, "") for text in asked.expressions],
        "kept_from": keep_from or asked.threshold,
        "warnings": [str(text) for text in facts.get("warnings", ())],
        "model": spec.name,
        "device": device_name(model),
        "seconds": time.perf_counter() - start,
    }


def _cache_folder(asked: QueryParams) -> Path | None:
    if asked.cache_folder is None:
        return default_folder(os.environ)
    return Path(asked.cache_folder) if asked.cache_folder else None


def _keep_from(asked: QueryParams) -> float | None:
    """Return the score from which weaker polygons are kept, None if none are.

    Weak finds may be kept for a later choice only where the expression means all that it names: "the largest" of what
    is above the threshold is not the largest of everything.
    """
    if asked.keep_from is None or asked.keep_from >= asked.threshold:
        return None
    is_plain = asked.reading == "network" or all(parse(text).is_plain for text in asked.expressions)
    return asked.keep_from if is_plain else None


def _best_score(frame: gpd.GeoDataFrame, text: str) -> float | None:
    scores = frame.loc[frame["expression"] == text, "score"]
    best = float(scores.max()) if len(scores) else frame.attrs.get("best_scores", {}).get(text)
    return None if best is None else float(best)


def _region(text: str | None) -> shapely.Geometry | None:
    if text is None:
        return None
    try:
        region = shapely.from_wkt(text)
    except shapely.errors.ShapelyError as error:
        raise OptionsError(f"The region is no well-known text ({error}); choose the area again.") from error
    return shapely.make_valid(region)


def _reporter(context: JobContext) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        context.progress(progress.stage, progress.done, progress.total, progress.unit)

    return report


def _load(name: str, device: str, weights_hash: str, context: JobContext) -> Segmenter:
    """Return a model, kept in memory for the next question; one at a time."""
    key = (name, device, weights_hash)
    if key not in _models:
        context.progress("load", 0, 1, "models")
        _models.clear()
        _models[key] = load_segmenter(name, device)
        context.progress("load", 1, 1, "models")
    return _models[key]


def device_name(model: Segmenter) -> str:
    """Return words for where a model computes."""
    compute = getattr(model, "compute", None)
    return str(getattr(compute, "name", "")) or "CPU"


def answer_models(params: Mapping[str, Any], context: JobContext) -> dict[str, Any]:
    """List the bundled models, those of ``also`` that are still there, and the one named in ``folder`` if any."""
    bundled = list(list_models())
    found = [*bundled, *_still_there(params.get("also", []))]
    if params.get("folder"):
        folder = find_model(str(params["folder"]))
        found.append((folder, read_spec(folder)))
    return {
        "models": [
            {
                "name": spec.name,
                "folder": str(folder),
                "is_bundled": (folder, spec) in bundled,
                "gsd_m": spec.gsd_m,
                "classes": list(spec.classes),
                "max_words": spec.max_words,
                "card": _card(folder),
            }
            for folder, spec in found
        ]
    }


def _still_there(names: Sequence[str]) -> Iterator[tuple[Path, ModelSpec]]:
    for name in names:
        try:
            folder = find_model(name)
            yield folder, read_spec(folder)
        except model_errors.ModelError:
            continue  # deleted or damaged since; asking for it by name says so


def _card(folder: Path) -> str:
    try:
        return (folder / "model_card.md").read_text(encoding="utf-8")
    except OSError:
        return ""


def answer_verify(params: Mapping[str, Any], context: JobContext) -> dict[str, Any]:
    """Compute with every part once: make a scene, ask it, write the answer; name device and versions."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="referent-verify-") as name:
        folder = Path(name)
        raster = folder / "scene.tif"
        write_scene(raster, render_chip(np.random.default_rng(7), 256, "tanks"))
        value = answer_query(
            {"raster": str(raster), "expressions": ["storage tank"], "output": str(folder / "found.gpkg")}, context
        )
    return {"device": value["device"], "versions": versions(), "seconds": time.perf_counter() - start}


def versions() -> dict[str, str]:
    """Return the versions that a diagnosis needs."""
    names = ("torch", "transformers", "numpy", "rasterio", "shapely", "pyproj", "geopandas", "pyogrio")
    found = {name: importlib.metadata.version(name) for name in names}
    return {"python": sys.version.split()[0], "platform": platform.platform(), **found}


def answer_unload(params: Mapping[str, Any], context: JobContext) -> dict[str, Any]:
    """Give memory back."""
    give_memory_back()
    return {}


def give_memory_back() -> None:
    """Drop models and what they keep."""
    _models.clear()
    shared_store().clear()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


JOBS: dict[str, Job] = {
    "query": answer_query,
    "models": answer_models,
    "verify": answer_verify,
    "unload": answer_unload,
    **TRAINING_JOBS,
}
