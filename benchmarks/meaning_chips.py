"""Written expressions of annotated chips: what the network finds, gathered once, and what is decided from it.

Gathering runs the network; deciding takes milliseconds, so that readings and weighings are compared on the same finds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize
from record import Figure

from referent.core_model.chip_evaluation import Question as Written
from referent.core_model.chip_evaluation import questions_of, truth_of
from referent.core_model.data.chips import Chip, read_ucm_refer
from referent.core_model.errors import ExpressionError
from referent.core_model.segmenter import Segmenter
from referent.engine.ask import view_of
from referent.engine.features import MemoryFeatureStore
from referent.engine.query import query
from referent.engine.query_options import QueryOptions
from referent.engine.question import Question
from referent.engine.weighing import Weighing

GSD_M = 0.3048
CRS = "EPSG:32611"
CHIP_PX = 256
KINDS = ("position", "relation", "order", "size", "colour", "group", "absent")
NAMES = {"network": "network", "plan": "plan", "auto": "both"}
"""Reading -> its name in the figures."""


@dataclass(frozen=True)
class Finds:
    """What the network finds in one chip."""

    chip: Chip
    written: tuple[Written, ...]
    """What people ask of it."""
    questions: Mapping[str, Question]
    """Reading (``plan``, ``auto``) -> the readable ones understood."""
    tables: Mapping[str, gpd.GeoDataFrame]
    """Text -> polygons with their score; for noun phrases, whole expressions and names of complete classes."""


def gather(
    segmenter: Segmenter, data: Path, split: str, limit: int | None = None, only_annotated: bool = False
) -> list[Finds]:
    """Run the network over the chips of a split: each is encoded once and asked everything.

    Args:
        segmenter: the model.
        data: folder of ucm_refer.
        split: ``val`` or ``test``.
        limit: use the first N chips only.
        only_annotated: ask no class names, and leave out chips of which only those are known.
    """
    options = QueryOptions(allow_unknown=True)
    found = []
    with TemporaryDirectory() as folder:
        for chip in list(read_ucm_refer(data, split).chips)[:limit]:
            if only_annotated and not chip.annotated:
                continue
            path = Path(folder) / "chip.tif"
            write_picture(path, chip.image)
            view = view_of(path, options, segmenter.spec)
            kinds = ("single", "group", "absent")
            written = tuple(item for item in questions_of(chip) if item.group in kinds) if chip.annotated else ()
            readable = [item.text for item in written if _is_readable(item.text)]
            questions = {
                reading: Question.of(readable, view, reading == "auto", segmenter.spec.classes)
                for reading in ("plan", "auto")
            }
            texts = dict.fromkeys(text for question in questions.values() for text in question.asked)
            texts |= dict.fromkeys([item.text for item in written])
            texts |= dict.fromkeys([] if only_annotated else sorted(chip.complete))
            if not texts:
                continue
            store = MemoryFeatureStore()  # the path is used again for another picture
            frame = query(path, list(texts), model=segmenter, options=options, store=store)
            frame.attrs = {}  # copied at every step otherwise
            tables = {text: frame[frame["expression"] == text] for text in texts}
            found.append(Finds(chip, written, questions, tables))
            path.unlink()
    return found


def _is_readable(text: str) -> bool:
    try:
        Question.of([text], None, False, ())  # type: ignore[arg-type]
    except ExpressionError:
        return False
    return True


@dataclass(frozen=True)
class Outcome:
    """How one written expression was answered."""

    question: Written
    iou: float
    """Of the union of all polygons with the referents; 1 where both are empty."""

    @property
    def is_right(self) -> bool:
        """Return whether the answer is right: IoU of at least 0.5, or nothing found where nothing is."""
        return self.iou >= (0.5 if self.question.object_ids else 1.0)


class Judge:
    """Answers from gathered finds, and compares with the truth; overlaps are computed once per polygon."""

    def __init__(self, finds: Sequence[Finds]) -> None:
        self.finds = finds
        self._masks: dict[int, NDArray[np.bool_]] = {}
        self._truths: dict[tuple[str, tuple[int, ...]], NDArray[np.bool_]] = {}

    def answer(self, reading: str, weighing: Weighing) -> Iterator[Outcome]:
        """Yield the outcome of every written expression.

        Args:
            reading: ``network``, ``plan`` or ``auto``.
            weighing: how scores and readings are weighed.
        """
        for item in self.finds:
            for written in item.written:
                shapes: Iterable[shapely.Geometry] = ()
                if reading == "network":
                    shapes = item.tables[written.text].geometry
                elif written.text in item.questions[reading].plans:
                    decision = item.questions[reading].decide(written.text, item.tables, weighing, "none")
                    shapes = [found.geometry for found in decision.resolution.found]
                mask = np.zeros((CHIP_PX, CHIP_PX), dtype=bool)
                for shape in shapes:
                    mask |= self._mask(shape)
                key = (item.chip.id, written.object_ids)
                if key not in self._truths:
                    self._truths[key] = truth_of(item.chip, written)
                truth = self._truths[key]
                union = int((mask | truth).sum())
                yield Outcome(written, int((mask & truth).sum()) / union if union else 1.0)

    def _mask(self, shape: shapely.Geometry) -> NDArray[np.bool_]:
        if id(shape) not in self._masks:  # the finds keep every shape alive
            self._masks[id(shape)] = mask_of([shape])
        return self._masks[id(shape)]


def figures_of(outcomes: Mapping[str, Sequence[Outcome]]) -> list[Figure]:
    """Return the figures of readings, by kind of expression."""
    figures = []
    for reading, name in NAMES.items():
        right: dict[str, list[float]] = defaultdict(list)
        for outcome in outcomes[reading]:
            kinds = {kind for kind in KINDS if kind in outcome.question.kind}
            for kind in ("all", outcome.question.group, *kinds):
                right[kind].append(float(outcome.is_right))
        ious = [outcome.iou for outcome in outcomes[reading] if outcome.question.group == "single"]
        figures.append(Figure(f"{name}_right_share", float(np.mean(right["all"])), "share"))
        figures.append(Figure(f"{name}_single_miou", float(np.mean(ious)), "IoU"))
        for kind in ("single", *KINDS):
            if right[kind]:
                figures.append(Figure(f"{name}_right_share_{kind}", float(np.mean(right[kind])), "share"))
    return figures


def write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write an (H, W, 3) picture as a GeoTIFF at a made-up place."""
    height, width = picture.shape[:2]
    profile = {"driver": "GTiff", "dtype": "uint8", "count": 3, "height": height, "width": width, "crs": CRS}
    with rasterio.open(
        path, "w", transform=transform_of(height), tiled=height > 512, photometric="RGB", **profile
    ) as target:
        target.write(picture.transpose(2, 0, 1))


def transform_of(height: int) -> Affine:
    """Return pixels to map coordinates of a picture of so many rows."""
    return Affine(GSD_M, 0, 500_000.0, 0, -GSD_M, 4_000_000.0 + height * GSD_M)


def mask_of(shapes: Iterable[shapely.Geometry], side: int = CHIP_PX) -> NDArray[np.bool_]:
    """Return the (side, side) mask of polygons in map coordinates."""
    return np.asarray(rasterize(list(shapes), (side, side), transform=transform_of(side)), dtype=bool)


def shape_of(chip: Chip, index: int, left: int = 0, top: int = 0, height: int = CHIP_PX) -> shapely.Geometry:
    """Return an object of a chip that lies at some place of a picture, in map coordinates."""
    parts = [shapely.Polygon(ring).buffer(0) for ring in chip.objects[index].rings if len(ring) >= 3]
    transform = transform_of(height)
    matrix = np.array([[transform.a, 0.0], [0.0, transform.e]])
    offset = np.array([transform.c + left * transform.a, transform.f + top * transform.e])
    return shapely.transform(shapely.union_all(parts), lambda xy: xy @ matrix + offset)
