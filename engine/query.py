"""Ask a raster in words: expressions in, georeferenced polygons out.

Read :func:`query` from top to bottom for the whole of a question; each step is owned by the module that it names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from ..geo_io.errors import LayerError
from ..geo_io.grid import measure_areas_m2
from ..geo_io.layer import parse_crs
from ..geo_io.polygonize import ScenePolygon, ShapeRules
from ..geo_io.raster import Raster
from ..geo_io.region import Region
from ..geo_io.scene import Scene
from ..geo_io.score_raster import check_score_output, write_score_raster
from ..geo_io.stretch import estimate_stretch
from .expressions import check_known, check_texts
from .features import FeatureStore, shared_store
from .journal import Journal
from .kinds import check_regions, form_of, parting_of
from .memory import memory_bound_mb
from .objects import ObjectRules, ObjectSearch
from .progress import ProgressSink
from .query_options import QueryOptions as QueryOptions
from .scale import check_scale
from .scan import scan_scene
from .scan_plan import ScanPlan, SceneScores, open_scores

if TYPE_CHECKING:
    from ..core_model.segmenter import ModelSpec, Segmenter

MIN_OBJECT_PX = 16
"""Smallest polygon kept unless the person says otherwise, in pixels of the scene: below it, shape is chance."""
OUTLINE_TOLERANCE_PX = 0.3
"""Simplification unless the person says otherwise: outlines run between pixels and have no stairs to remove."""

COLUMNS = ("fid", "expression", "class", "score", "area_m2", "model", "raster")


def query(
    raster: str | Path,
    expressions: str | Sequence[str],
    *,
    model: str | Path | Segmenter = "small",
    options: QueryOptions | None = None,
    progress: ProgressSink | None = None,
    is_cancelled: Callable[[], bool] | None = None,
    store: FeatureStore | None = None,
    scores_path: Path | None = None,
    journal: Journal | None = None,
) -> gpd.GeoDataFrame:
    """Return the polygons of a raster that expressions speak of.

    Args:
        raster: a raster file.
        expressions: one text or several; image features are computed once for all.
        model: name of a bundled model, folder of a checkpoint, or a model in memory.
        options: how to ask; None: the defaults of ``QueryOptions``.
        progress: told how far the job is.
        is_cancelled: asked between batches whether to stop.
        store: where image features are kept between questions; None: the one of this process.
        scores_path: GeoTIFF to write the scores to, a band per expression; one that is there is replaced.
        journal: keeps finished work for a later run that asks the same; the caller removes it after success.

    Returns:
        Columns ``fid, expression, class, score, area_m2, model, raster`` and the geometry, in ``options.crs``, by
        expression and falling score; ``attrs`` holds stretch, model, options, warnings and counts as JSON values.

    Raises:
        ExpressionError: an expression is empty, too long, or only names a class that the model does not know.
        RasterError: the raster cannot be opened, placed or read, or is far too coarse for the model.
        LayerError: the region is not a polygon over the raster.
        CheckpointError: the model is missing or damaged.
        DeviceError: the asked device is not there.
        EngineError: there are too many polygons, or no room for temporary files.
        OutputError: the raster of scores cannot be written.
        Cancelled: the person cancelled.
    """
    options = options or QueryOptions()
    texts = (expressions,) if isinstance(expressions, str) else tuple(expressions)
    check_texts(texts)
    crs = None if options.crs is None else parse_crs(options.crs)
    if scores_path is not None:
        check_score_output(scores_path, inputs=(Path(raster),), overwrite=True)
    with Raster.open(raster, allow_no_crs=options.allow_no_crs) as source:
        choice = source.choose_bands(options.bands)
        if crs is not None and source.grid.crs is None:
            raise LayerError(
                f"{source.path.name} has no CRS to turn to {crs.name} from: leave the CRS of the answer out."
            )
        if options.region is not None:
            Region(options.region, source.grid)
        segmenter = _loaded(model, texts, options, source)
        spec = segmenter.spec
        check_regions(options.regions or (), spec.classes)
        warnings = check_known(texts, spec.classes, options.allow_unknown)
        warnings += [choice.warning + "."] if choice.warning else []
        warnings += check_scale(source, spec, options.allow_any_scale)
        stretch = estimate_stretch(source, choice.bands, skip_damaged=options.skip_damaged)
        scene = Scene(source, choice.bands, stretch, spec.gsd_m)
        region = None if options.region is None else Region(options.region, scene.grid)
        plan = ScanPlan(
            scene,
            segmenter,
            texts,
            region,
            options.tile_size_px,
            options.batch_size,
            store or shared_store(),
            journal,
            options.skip_damaged,
        )
        pixel_m2 = (scene.grid.pixel_size_m or 1.0) ** 2
        min_area_m2 = MIN_OBJECT_PX * pixel_m2 if options.min_area_m2 is None else options.min_area_m2
        tolerance_px = OUTLINE_TOLERANCE_PX if options.simplify_m is None else options.simplify_m / pixel_m2**0.5
        bound_mb = memory_bound_mb(plan)
        with open_scores(plan) as scores:
            searches = [
                ObjectSearch(
                    scores.scores[index],
                    scores.outlines,
                    _rules(text, options, min_area_m2 / pixel_m2, tolerance_px),
                    options.keep_from,
                    is_cancelled,
                )
                for index, text in enumerate(texts)
            ]

            def on_rows(row_off: int, codes: NDArray[np.uint8]) -> None:
                for search, rows in zip(searches, codes, strict=True):
                    search.add_rows(row_off, rows)

            scan_scene(plan, scores, on_rows, progress, is_cancelled)
            objects = [search.finish(progress) for search in searches]
            if scores_path is not None:
                write_score_raster(scores_path, scores.scores, texts, scene.grid)
        holes = _holes(scores, scene)
        warnings += scores.notes + _hole_warnings(holes, scene)
        frame = _frame(objects, texts, scene, spec, min_area_m2)
        warnings += _emptiness_warnings(frame, texts, scores, scene, options.threshold, min_area_m2)
    if crs is not None and crs != frame.crs:
        frame = frame.to_crs(crs)
    frame.attrs = {
        "model": {"name": spec.name, "weights_hash": spec.weights_hash, "gsd_m": spec.gsd_m},
        "raster": {"name": source.path.name, "fingerprint": source.fingerprint, "bands": list(choice.bands)},
        "stretch": scene.stretch.to_dict(),
        "gsd_m": scene.gsd_m,
        "options": options.to_dict() | {"min_area_m2": min_area_m2},
        "warnings": warnings,
        "best_scores": {text: round(best, 4) for text, best in zip(texts, scores.best, strict=True)},
        "valid_share": round(scores.valid_px / (scene.grid.height * scene.grid.width), 6),
        "memory_bound_mb": bound_mb,
        "damaged": [list(hole.bounds) for hole in holes],
        "windows": scores.windows,
        "windows_skipped": scores.windows_skipped,
        "windows_encoded": scores.windows_encoded,
    }
    return frame


def _loaded(model: str | Path | Segmenter, texts: tuple[str, ...], options: QueryOptions, source: Raster) -> Segmenter:
    """Return the model; where it must be loaded, what its configuration forbids is found first."""
    if not isinstance(model, str | Path):
        check_texts(texts, model.spec.max_words)
        return model
    from ..core_model.checkpoint import find_model, load_segmenter, read_spec

    spec = read_spec(find_model(model))
    check_texts(texts, spec.max_words)
    check_known(texts, spec.classes, options.allow_unknown)
    check_scale(source, spec, options.allow_any_scale)
    return load_segmenter(model, options.device, options.precision, compiled=options.compiled)


def _rules(text: str, options: QueryOptions, min_area_px: float, simplify_px: float) -> ObjectRules:
    """Return which objects of an expression are wanted, and in which form."""
    form = form_of(text) if options.regularize else None
    shape = ShapeRules(parting_of(text, options.regions), simplify_px, form)
    return ObjectRules(text, options.threshold, shape, min_area_px, options.max_polygons)


def _holes(scores: SceneScores, scene: Scene) -> list[shapely.Polygon]:
    """Return the damaged parts that were left out as disjoint polygons in the raster's CRS."""
    boxes = [shapely.box(*hole.bounds) for hole in scores.holes]
    parts = [part for part in shapely.get_parts(shapely.union_all(boxes)) if isinstance(part, shapely.Polygon)]
    return scene.grid.to_map(parts)


def _hole_warnings(holes: list[shapely.Polygon], scene: Scene) -> list[str]:
    if not holes:
        return []
    share = sum(hole.area for hole in holes) / scene.grid.footprint.area
    west, south, east, north = holes[0].bounds
    return [
        f"{scene.raster.path.name} is damaged in {len(holes)} places ({share:.2%} of it), which were left out; "
        f"the first lies at {west:.6g}, {south:.6g} to {east:.6g}, {north:.6g}."
    ]


def _frame(
    objects: list[list[ScenePolygon]], texts: tuple[str, ...], scene: Scene, spec: ModelSpec, min_area_m2: float
) -> gpd.GeoDataFrame:
    from ..core_model.expression.lexicon import class_of

    rows: dict[str, list[object]] = {name: [] for name in COLUMNS[1:]}
    geometries = []
    for text, found in zip(texts, objects, strict=True):
        polygons = scene.grid.to_map([item.polygon for item in found])
        areas = measure_areas_m2(polygons, scene.grid.crs)
        kept = [
            index for index in np.argsort([-item.score for item in found], kind="stable") if areas[index] >= min_area_m2
        ]
        class_name = class_of(text, spec.classes) or ""
        for index in kept:
            geometries.append(polygons[index])
            values = (text, class_name, round(found[index].score, 4), round(float(areas[index]), 3))
            for name, value in zip(COLUMNS[1:], (*values, spec.name, scene.raster.path.name), strict=True):
                rows[name].append(value)
    types = {"score": "float64", "area_m2": "float64"}
    columns = {"fid": np.arange(1, len(geometries) + 1, dtype=np.int64)}
    columns |= {name: np.asarray(values, dtype=types.get(name, object)) for name, values in rows.items()}
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(geometries, crs=scene.grid.crs), crs=scene.grid.crs)


def _emptiness_warnings(
    frame: gpd.GeoDataFrame,
    texts: tuple[str, ...],
    scores: SceneScores,
    scene: Scene,
    threshold: float,
    min_area_m2: float,
) -> list[str]:
    if not scores.valid_px:
        return [f"{scene.raster.path.name} has no valid pixels there: everything is nodata."]
    found = set(frame["expression"])
    warnings = []
    for text, best in zip(texts, scores.best, strict=True):
        if text not in found:
            small = f"; what was found is smaller than {min_area_m2:.3g} m²" if best >= threshold else ""
            warnings.append(f"Nothing found for '{text}', best score {best:.2f}{small}.")
    return warnings
