"""Annotation layers over rasters as training material: chips at a model's ground resolution, split by place.

The product is what every other data set gives too (``core_model.data.chips``), so that one training loop and one
evaluation serve all. Read :func:`read_samples` from top to bottom.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from ..core_model.data.chips import Chip
from ..core_model.expression.class_name import plain_class_name
from ..core_model.segmenter import ModelSpec
from ..geo_io.annotation import Annotation, AnnotationLayer, RowNote, read_annotations
from ..geo_io.annotation_plan import (
    Block,
    choose_validation,
    ground_box,
    join_places,
    plan_blocks,
    plan_chips,
    plan_empty,
)
from ..geo_io.errors import LayerError
from ..geo_io.raster import Raster
from ..geo_io.region import Region
from ..geo_io.scene import MAX_ENLARGEMENT, Scene
from ..geo_io.stretch import estimate_stretch
from ..geo_io.window import Window, hull
from .errors import OptionsError
from .layer_chips import PlacedObject, build_chip, keep_once
from .layer_placement import all_outside, place_objects
from .layer_wording import positions_of
from .progress import Progress, ProgressSink
from .region import read_region

MAX_CHIPS = 3000
"""More chips than this are not held in memory; a random choice of the blocks is."""
EMPTY_SHARE = 0.35
"""Chips without any object, as a share of those with some."""
_ALL = "all"
_NONE = "none"


@dataclass(frozen=True)
class LayerSource:
    """Which rasters and layers, and how they are to be read."""

    rasters: tuple[str, ...]
    """Raster files."""
    layers: tuple[str, ...]
    """Vector files with polygons; ``file|layername=name`` where a file holds several."""
    class_field: str = "class"
    """Field with the class names."""
    class_name: str | None = None
    """Class of every row, for layers of one kind of object that have no such field."""
    expression_field: str | None = None
    """Field with the expressions; None: ``expression`` where a layer has it."""
    verbatim_classes: bool = False
    """Keep class names as they are spelled, instead of turning ``Storage_Tank`` into ``storage tank``."""
    complete: tuple[str, ...] | None = None
    """Classes of which every instance is drawn, within the extent of the layers or within ``area``; None: all of them,
    () none."""
    area: str | None = None
    """Layer of polygons that hold the labelled ground: what lies outside is neither shown nor asked about."""
    bands: tuple[int, ...] | None = None
    """Red, green and blue, counted from 1; None: chosen by the raster."""
    allow_no_crs: bool = False
    """Accept rasters without CRS; the layers' coordinates are then pixels, y up, as QGIS shows them."""


@dataclass(frozen=True)
class LayerSamples:
    """Training material and how it came about."""

    training: tuple[Chip, ...]
    validation: tuple[Chip, ...]
    classes: tuple[str, ...]
    """By falling number of objects."""
    gsd_m: float
    """Ground resolution of the chips."""
    renamed: dict[str, str]
    """Class names of the layers that were changed, and into what."""
    complete: tuple[str, ...]
    notes: tuple[RowNote, ...]
    warnings: tuple[str, ...]
    row_count: int
    ground: tuple[tuple[float, float, float, float], ...]
    """(west, south, east, north) in degrees of what the training chips of each block show."""
    validation_ground: tuple[tuple[float, float, float, float], ...]
    sources: tuple[str, ...]
    """Fingerprint of each raster."""


@dataclass(frozen=True)
class _Cut:
    raster: int
    window: Window
    block: int


def read_samples(
    source: LayerSource,
    spec: ModelSpec,
    *,
    validation_share: float = 0.2,
    seed: int = 0,
    progress: ProgressSink | None = None,
) -> LayerSamples:
    """Return the chips of layers over rasters.

    Args:
        source: what to read.
        spec: of the model: ground resolution, side of a chip, longest expression.
        validation_share: share of the objects kept for validation; 0 puts all of them into ``training``.
        seed: of the split and of what is left out.
        progress: told of every chip that is read.

    Raises:
        LayerError: a layer cannot be read, has no place on Earth, or none of its rows can be used.
        RasterError: a raster cannot be read or placed.
        OptionsError: there is no raster or no layer, or ``complete`` names a class that is not there.
    """
    if not source.rasters or not source.layers:
        raise OptionsError("Give at least one raster and one layer of polygons.")
    layers = [
        read_annotations(name, source.class_field, source.expression_field, class_name=source.class_name)
        for name in source.layers
    ]
    notes = [note for layer in layers for note in layer.notes]
    warnings: list[str] = []
    rows = [annotation for layer in layers for annotation in layer.annotations]
    if not rows:
        raise LayerError(_nothing_usable(layers, notes))
    names, renamed = _class_names(rows, source.verbatim_classes, warnings)
    with ExitStack() as stack:
        rasters = [stack.enter_context(Raster.open(name, allow_no_crs=source.allow_no_crs)) for name in source.rasters]
        gsd_m = _ground_resolution(rasters, spec, warnings)
        scenes = [_scene(raster, source, gsd_m, warnings) for raster in rasters]
        areas = [_area(source, scene) for scene in scenes]
        placed = place_objects(layers, scenes, areas, names, spec, notes)
        if not any(placed):
            raise LayerError(all_outside(layers, rasters, notes))
        counts = Counter(item.class_name for item in {item.id: item for items in placed for item in items}.values())
        classes = tuple(name for name, _ in counts.most_common())
        complete = _complete(source, classes)
        grids = [scene.grid for scene in scenes]
        shapes = [[item.shape for item in items] for items in placed]
        blocks = plan_blocks(grids, shapes, spec.window_px)
        places = join_places(blocks, grids)
        held = [[placed[block.raster][index].class_name for index in block.objects] for block in blocks]
        kept = choose_validation(places, held, validation_share, seed)
        if validation_share > 0 and not kept:
            warnings.append(
                f"All objects lie on one piece of ground of about {spec.window_px * gsd_m:.0f} m, so none can be kept "
                "for validation: figures are those of the training data and flatter; label a second place."
            )
        cuts = _thinned(_cuts(blocks, scenes, shapes, spec.window_px, bool(complete), seed), seed, warnings)
        trees = [shapely.STRtree(inside) for inside in shapes]
        chips: list[tuple[bool, Chip]] = []
        shown: dict[int, list[Window]] = {}
        for number, cut in enumerate(cuts):
            near = sorted(trees[cut.raster].query(shapely.box(*cut.window.bounds)))
            objects = [placed[cut.raster][index] for index in near]
            name = rasters[cut.raster].path.stem + (f"#{cut.raster + 1}" if len(rasters) > 1 else "")
            built = build_chip(scenes[cut.raster], areas[cut.raster], cut.window, objects, complete, name)
            if built is not None:
                chips.append((places[cut.block] in kept, built[0]))
                shown.setdefault(cut.block, []).append(built[1])
            if progress is not None:
                progress(Progress("read", number + 1, len(cuts), "chips"))
        notes += _unseen(placed, [chip for _, chip in chips])
        notes += _unsaid(placed, [chip for _, chip in chips])
        ground: dict[bool, list[tuple[float, float, float, float]]] = {True: [], False: []}
        for number, windows in shown.items():
            box = ground_box(hull(windows), grids[blocks[number].raster])
            if box is not None:
                ground[places[number] in kept].append(box)
        fingerprints = tuple(raster.fingerprint for raster in rasters)
    return LayerSamples(
        training=tuple(chip for is_kept, chip in chips if not is_kept),
        validation=tuple(keep_once([chip for is_kept, chip in chips if is_kept])),
        classes=classes,
        gsd_m=gsd_m,
        renamed=renamed,
        complete=complete,
        notes=tuple(notes),
        warnings=tuple(dict.fromkeys(warnings)),
        row_count=sum(layer.row_count for layer in layers),
        ground=tuple(ground[False]),
        validation_ground=tuple(ground[True]),
        sources=fingerprints,
    )


def _class_names(
    rows: Sequence[Annotation], verbatim: bool, warnings: list[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the name of every class as the model shall know it, and those that were changed."""
    raw = list(dict.fromkeys(row.class_name for row in rows))
    names = {name: name if verbatim else plain_class_name(name) or name for name in raw}
    if not verbatim and all(name.isdigit() for name in names.values()):
        warnings.append(
            f"The classes are numbers ({', '.join(list(names.values())[:5])}), which the model will answer to as they "
            "are: name the field with words by --class-field if there is one."
        )
    if len(set(names.values())) == 1:
        warnings.append(
            f"There is one class only, '{next(iter(names.values()))}': the model learns to tell it from the ground "
            "around it, not from other objects."
        )
    return names, {old: new for old, new in names.items() if old != new}


def _ground_resolution(rasters: Sequence[Raster], spec: ModelSpec, warnings: list[str]) -> float:
    sizes = [size for raster in rasters if (size := raster.grid.pixel_size_m) is not None]
    coarsest = max(sizes, default=0.0)
    if coarsest / MAX_ENLARGEMENT <= spec.gsd_m:
        return spec.gsd_m
    gsd_m = coarsest / MAX_ENLARGEMENT
    warnings.append(
        f"The pixels are {coarsest:.3g} m, far coarser than the {spec.gsd_m:.3g} m of the model '{spec.name}': chips "
        f"and the new model have {gsd_m:.3g} m per pixel."
    )
    return gsd_m


def _scene(raster: Raster, source: LayerSource, gsd_m: float, warnings: list[str]) -> Scene:
    choice = raster.choose_bands(source.bands)
    if choice.warning:
        warnings.append(f"{choice.warning}.")
    return Scene(raster, choice.bands, estimate_stretch(raster, choice.bands), gsd_m)


def _area(source: LayerSource, scene: Scene) -> Region | None:
    if source.area is None:
        return None
    try:
        return Region(read_region(source.area, scene.grid.crs), scene.grid)
    except LayerError as error:
        raise LayerError(f"The labelled area cannot be used: {error}") from error


def _complete(source: LayerSource, classes: tuple[str, ...]) -> tuple[str, ...]:
    if source.complete is None or tuple(source.complete) == (_ALL,):
        return classes
    if not source.complete or tuple(source.complete) == (_NONE,):
        return ()
    wanted = [name if name in classes else plain_class_name(name) for name in source.complete]
    unknown = [name for name, plain in zip(source.complete, wanted, strict=True) if plain not in classes]
    if unknown:
        raise OptionsError(
            f"The layers hold no class {unknown[0]!r} that could be complete; they hold {', '.join(classes)}."
        )
    return tuple(name for name in classes if name in wanted)


def _cuts(
    blocks: Sequence[Block],
    scenes: Sequence[Scene],
    shapes: Sequence[Sequence[BaseGeometry]],
    chip_px: int,
    with_empty: bool,
    seed: int,
) -> list[_Cut]:
    found: list[_Cut] = []
    empty: list[_Cut] = []
    for number, block in enumerate(blocks):
        inside = shapes[block.raster]
        if block.objects:
            windows = plan_chips(block, scenes[block.raster].grid, inside, chip_px)
            found += [_Cut(block.raster, window, number) for window in windows]
        if with_empty:
            empty += [_Cut(block.raster, window, number) for window in plan_empty(block, inside, chip_px)]
    order = np.random.default_rng([seed, 3]).permutation(len(empty))
    count = max(1, round(EMPTY_SHARE * len(found)))
    return found + [empty[index] for index in sorted(order[:count])]


def _thinned(cuts: list[_Cut], seed: int, warnings: list[str]) -> list[_Cut]:
    if len(cuts) <= MAX_CHIPS:
        return cuts
    warnings.append(f"Of {len(cuts)} chips a random {MAX_CHIPS} are used: more do not fit into memory.")
    order = np.random.default_rng([seed, 4]).permutation(len(cuts))[:MAX_CHIPS]
    return [cuts[index] for index in sorted(order)]


def _unseen(placed: Sequence[Sequence[PlacedObject]], chips: Sequence[Chip]) -> list[RowNote]:
    seen = {item.id for chip in chips for item in chip.objects}
    lost = {item.id: item for items in placed for item in items if item.id not in seen}
    return [RowNote(item.layer, item.row, "skipped", "the raster has no data there") for item in lost.values()]


def _unsaid(placed: Sequence[Sequence[PlacedObject]], chips: Sequence[Chip]) -> list[RowNote]:
    """Return the rows whose expression is true in no chip."""
    said = {(written.text, key) for chip in chips for written in chip.expressions for key in written.object_ids}
    rows = {(text, item.id): item for items in placed for item in items for text in item.expressions}
    notes = []
    for (text, key), item in rows.items():
        if (text, key) in said:
            continue
        reason = f"its expression '{text[:60]}' was left out: "
        if positions_of(text):
            reason += "it names a place in the picture where the object does not lie in its chip"
        else:
            reason += "no chip shows enough of all that it is true of"
        notes.append(RowNote(item.layer, item.row, "mended", reason))
    return notes


def _nothing_usable(layers: Sequence[AnnotationLayer], notes: Sequence[RowNote]) -> str:
    names = ", ".join(layer.name for layer in layers)
    count = sum(layer.row_count for layer in layers)
    if not count:
        return f"{names} has no rows: draw polygons with a class first."
    reasons = Counter(note.reason for note in notes if note.outcome == "skipped").most_common(1)
    return f"None of the {count} rows of {names} can be used ({reasons[0][0]}): mend the layer first."
