"""Ask a raster in words and have the words understood: parse, segment every noun phrase once, resolve on the map.

The network reads noun phrases; quantity, order, place, size and relations are decided on the polygons of the whole
extent (``reading="plan"``). Where a person sees the extent at once, the network's own reading of the full expression
counts beside that (``auto``, see ``question``). ``network`` gives the network's reading alone, tile by tile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..geo_io.frame import Frame
from ..geo_io.grid import Grid, chain_transforms
from ..geo_io.layer import parse_crs
from ..geo_io.orientation import find_orientation
from ..geo_io.raster import Raster
from .answer import Answer, as_read, build_answer
from .errors import OptionsError
from .expressions import check_texts
from .features import FeatureStore
from .journal import Journal
from .progress import ProgressSink
from .query import QueryOptions, query
from .question import Question
from .resolve import ANCHOR_MISSING, AnchorMissing
from .weighing import Weighing, weighing_of

if TYPE_CHECKING:
    import geopandas as gpd
    from affine import Affine

    from ..core_model.segmenter import ModelSpec, Segmenter

Reading = Literal["auto", "network", "plan"]
READINGS = ("auto", "network", "plan")


def ask(
    raster: str | Path,
    expressions: str | Sequence[str],
    *,
    model: str | Path | Segmenter = "small",
    options: QueryOptions | None = None,
    reading: Reading = "auto",
    anchor_missing: AnchorMissing = "none",
    weighing: Weighing | None = None,
    progress: ProgressSink | None = None,
    is_cancelled: Callable[[], bool] | None = None,
    store: FeatureStore | None = None,
    scores_path: Path | None = None,
    journal: Journal | None = None,
) -> Answer:
    """Return the polygons that expressions refer to, over the whole extent asked about.

    Image features are computed once, whatever the number of expressions and of noun phrases in them.

    Args:
        raster: a raster file.
        expressions: one text or several.
        model: name of a bundled model, folder of a checkpoint, or a model in memory.
        options: how to ask; ``left`` and ``top`` are those of ``options.region`` where there is one.
        reading: who decides what the words mean: see the module.
        anchor_missing: what "tanks near the harbour" means where no harbour is found: ``none`` of the tanks, or
            ``all`` of them, with a note.
        weighing: how scores and readings are weighed; None: as fitted for the model.
        progress: told how far the job is.
        is_cancelled: asked between batches whether to stop.
        store: where image features are kept between questions.
        scores_path: GeoTIFF to write the scores to, a band per noun phrase that the network was asked.
        journal: keeps finished work for a later run that asks the same.

    Raises:
        ExpressionError: an expression is empty, names nothing, contradicts itself, or only names an unknown class.
        OptionsError: ``reading`` or ``anchor_missing`` is none of the choices.
        RasterError, LayerError, CheckpointError, DeviceError, EngineError, Cancelled: as ``query``.
    """
    if reading not in READINGS:
        raise OptionsError(f"'{reading}' is no reading: use one of {', '.join(READINGS)}.")
    if anchor_missing not in ANCHOR_MISSING:
        raise OptionsError(
            f"'{anchor_missing}' does not say what a missing anchor means: use one of {', '.join(ANCHOR_MISSING)}."
        )
    options = options or QueryOptions()
    texts = tuple(dict.fromkeys((expressions,) if isinstance(expressions, str) else expressions))
    check_texts(texts)
    crs = None if options.crs is None else parse_crs(options.crs)
    run = partial(
        query,
        raster,
        model=model,
        progress=progress,
        is_cancelled=is_cancelled,
        store=store,
        scores_path=scores_path,
        journal=journal,
    )
    if reading == "network":
        return as_read(run(texts, options=options))
    spec = spec_of(model)
    question = Question.of(texts, view_of(raster, options, spec), reading == "auto", spec.classes)
    found = run(question.asked, options=replace(options, crs=None))
    answer = decide_found(
        question, found, weighing or weighing_of(spec.name), anchor_missing, options.threshold, reading
    )
    answer.frame.attrs |= {"options": options.to_dict()}
    return answer if crs is None or crs == answer.frame.crs else answer.to_crs(crs)


def decide_found(
    question: Question,
    found: gpd.GeoDataFrame,
    weighing: Weighing,
    anchor_missing: AnchorMissing,
    threshold: float,
    reading: Reading,
) -> Answer:
    """Return what expressions refer to among the polygons that were found for everything asked of the network.

    Args:
        question: the expressions, understood.
        found: what ``query`` returned for ``question.asked``.
        weighing: how scores and readings are weighed.
        anchor_missing: as for :func:`ask`.
        threshold: score that every polygon of ``found`` has at least.
        reading: for the facts.
    """
    tables = {text: found[found["expression"] == text] for text in question.asked}
    decisions = {text: question.decide(text, tables, weighing, anchor_missing) for text in question.plans}
    return build_answer(question, decisions, found, threshold, reading)


def spec_of(model: str | Path | Segmenter) -> ModelSpec:
    """Return what a model needs and knows, without loading its weights.

    Raises:
        CheckpointError: the model is missing or damaged.
    """
    if not isinstance(model, str | Path):
        return model.spec
    from ..core_model.checkpoint import find_model, read_spec

    return read_spec(find_model(model))


def view_of(raster: str | Path, options: QueryOptions, spec: ModelSpec) -> Frame:
    """Return the picture that a question is about: the upright raster, or the part of it around the region.

    Raises:
        RasterError: the raster cannot be opened or placed.
    """
    with Raster.open(raster, allow_no_crs=options.allow_no_crs) as source:
        stored = source.grid
    grid = find_orientation(stored).upright_grid(stored)
    if options.region is not None:
        left, top, right, bottom = grid.to_pixel([options.region])[0].bounds
        left, top = max(0.0, left), max(0.0, top)
        height, width = max(1, round(min(bottom, grid.height) - top)), max(1, round(min(right, grid.width) - left))
        grid = Grid(grid.crs, chain_transforms(grid.transform, _shift(grid.transform, left, top)), height, width)
    seen = grid.resampled(spec.gsd_m)
    return Frame(grid, is_one_view=max(seen.shape) <= spec.window_px)


def _shift(like: Affine, left: float, top: float) -> Affine:
    return type(like)(1.0, 0.0, left, 0.0, 1.0, top)
