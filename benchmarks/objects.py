"""Measure how touching objects come apart: real boats, cars and houses against connected components.

    python benchmarks/objects.py --data ../shared/data/ucm_refer             measure on the test split and record
    python benchmarks/objects.py --data ../shared/data/ucm_refer --tune      try other constants on the validation split

Three kinds of class masks, each with the outlines that the model draws: ``grown`` are the drawn objects, each 2 px
(0.6 m, one cell of the network's masks) wider, as generous as networks draw them, so that neighbours touch; ``drawn``
are the objects as the data set has them; ``own`` are the model's own scores for the class name. The truth of ``grown``
gives each pixel to the nearest object. An instance is found when a polygon covers it with IoU 0.5 or more.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from rasterio.features import rasterize
from record import Figure, record
from scipy import ndimage

from referent.core_model.checkpoint import load_segmenter
from referent.core_model.data.chips import CHIP_PX, Chip, read_ucm_refer
from referent.engine.kinds import parting_of
from referent.engine.objects import ObjectFinder, ObjectRules
from referent.geo_io import separate
from referent.geo_io.polygonize import ShapeRules
from referent.geo_io.score_file import ScoreFile, encode_scores

CLASSES = ("boat", "car", "house")
GROWN_PX = 2.0
MIN_PX = 16
CONSTANTS = ("SADDLE_RATIO", "OUTLINE_WEIGHT", "SCORE_WEIGHT", "NECK_RATIO", "DRAWN_SCORE")
SURE = 6.0
"""Logit of a perfect mask."""


@dataclass(frozen=True)
class Case:
    """One class in one chip."""

    class_name: str
    truth: list[np.ndarray]
    """Masks of its instances."""
    logits: np.ndarray
    outlines: np.ndarray


@dataclass
class Tally:
    """Counts over many chips."""

    hits: int = 0
    found: int = 0
    wanted: int = 0
    miscounted: int = 0

    @property
    def f1(self) -> float:
        """Return the F1 of instances."""
        return 2 * self.hits / max(1, self.found + self.wanted)

    @property
    def count_error(self) -> float:
        """Return by how many objects the counts of the chips are off, per object."""
        return self.miscounted / max(1, self.wanted)


def main() -> None:
    """Measure and record, or try constants."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of ucm_refer")
    parser.add_argument("--model", default="small", help="bundled model or checkpoint folder (small)")
    parser.add_argument("--tune", action="store_true", help="try constants on the validation split; records nothing")
    parser.add_argument("--dry-run", action="store_true", help="print the figures and record nothing")
    args = parser.parse_args()
    cases = read_cases(args.data, "val" if args.tune else "test", args.model)
    if args.tune:
        tune(cases)
        return
    figures = measure(cases)
    for figure in figures:
        print(f"{figure.name:<36} {figure.value:8.4f} {figure.unit}")
    if not args.dry_run:
        record(figures, "scenes")


def measure(cases: dict[str, list[Case]]) -> list[Figure]:
    """Return the figures of all kinds of masks."""
    figures = []
    for kind, suffix in (("grown", ""), ("drawn", "_drawn"), ("own", "_own_scores")):
        for method, ending in (("objects", ""), ("components", "_components")):
            tally, by_class = count(cases[kind], method)
            figures.append(Figure(f"touching_f1{suffix}{ending}", tally.f1, "F1 at IoU 0.5"))
            figures.append(Figure(f"touching_count_error{suffix}{ending}", tally.count_error, "objects per object"))
            print(kind, method, {name: round(item.f1, 3) for name, item in by_class.items()}, flush=True)
    figures.append(Figure("touching_share", touching_share(cases["grown"]), "share of the grown objects that touch"))
    return figures


def tune(cases: dict[str, list[Case]]) -> None:
    """Print the F1 of every kind of mask for a grid of constants."""
    print("saddle outline score neck drawn:  grown  drawn  own")
    for constants in itertools.product((0.5, 0.6, 0.7, 0.75), (2.0, 3.0), (1.0, 2.0), (0.9, 0.95), (0.25, 0.4)):
        for name, value in zip(CONSTANTS, constants, strict=True):
            setattr(separate, name, value)
        scores = [count(cases[kind], "objects")[0].f1 for kind in ("grown", "drawn", "own")]
        print(*constants, ": ", *(f"{score:.3f}" for score in scores), f" mean {np.mean(scores):.4f}", flush=True)


def read_cases(data: Path, split: str, model: str) -> dict[str, list[Case]]:
    """Return the cases of a split by kind of mask."""
    segmenter = load_segmenter(model)
    cases: dict[str, list[Case]] = {"grown": [], "drawn": [], "own": []}
    for chip in read_ucm_refer(data, split).chips:
        names = [name for name in CLASSES if name in chip.complete and any(o.class_name == name for o in chip.objects)]
        if not chip.annotated or not names:
            continue
        answer = segmenter.segment(segmenter.encode_image(chip.image.transpose(2, 0, 1)[None]), names)
        for name, own in zip(names, answer.logits[0], strict=True):
            for kind, truth, logits in chip_cases(chip, name, own):
                cases[kind].append(Case(name, truth, logits, answer.outlines[0]))
    return cases


def chip_cases(chip: Chip, name: str, own: np.ndarray) -> Iterator[tuple[str, list[np.ndarray], np.ndarray]]:
    """Yield kind of mask, true instances and logits of one class in one chip."""
    drawn = []
    for item in chip.objects:
        if item.class_name == name:
            shape = shapely.union_all([shapely.Polygon(ring).buffer(0) for ring in item.rings])
            drawn.append(burn(shape))
    labels = np.zeros((CHIP_PX, CHIP_PX), np.int32)
    for number, mask in enumerate(drawn, start=1):
        labels[mask] = number
    distance, nearest = ndimage.distance_transform_edt(labels == 0, return_indices=True)
    wide = np.where(distance <= GROWN_PX, labels[tuple(nearest)], 0)
    grown = [wide == number for number in range(1, len(drawn) + 1)]
    for kind, masks in (("grown", grown), ("drawn", drawn)):
        inside = np.any(masks, axis=0)
        yield kind, large_enough(masks), np.where(inside, SURE, -SURE).astype(np.float32)
    yield "own", large_enough(drawn), own


def count(cases: list[Case], method: str) -> tuple[Tally, dict[str, Tally]]:
    """Return the counts of all cases and of each class, as the product parts objects or by connected components."""
    total, by_class = Tally(), {name: Tally() for name in CLASSES}
    for case in cases:
        masks = large_enough(find(case, parting_of(case.class_name, None) if method == "objects" else "none"))
        for tally in (total, by_class[case.class_name]):
            tally.hits += hits(masks, case.truth)
            tally.found += len(masks)
            tally.wanted += len(case.truth)
            tally.miscounted += abs(len(masks) - len(case.truth))
    return total, by_class


def find(case: Case, parting: str) -> list[np.ndarray]:
    """Return the masks of the polygons that the product makes of scores."""
    codes = encode_scores(case.logits)
    with ScoreFile(*codes.shape) as scores, ScoreFile(*codes.shape) as outlines:
        scores.write_rows(0, codes)
        outlines.write_rows(0, encode_scores(case.outlines))
        rules = ObjectRules(case.class_name, 0.5, ShapeRules(parting), MIN_PX, 10_000)
        finder = ObjectFinder(scores, outlines, rules)
        finder.add_rows(0, codes)
        return [burn(item.polygon) for item in finder.finish()]


def hits(found: list[np.ndarray], truth: list[np.ndarray]) -> int:
    """Return how many true masks are found with IoU 0.5 or more; no mask can serve two."""
    count = 0
    for mask in truth:
        area = mask.sum()
        count += any(2 * (shared := (mask & other).sum()) >= area + other.sum() - shared for other in found)
    return count


def touching_share(cases: list[Case]) -> float:
    """Return the share of objects that share a connected component with another."""
    touching = total = 0
    for case in cases:
        labels, _ = ndimage.label(np.any(case.truth, axis=0))
        owners = np.array([labels[mask].max() for mask in case.truth])
        touching += int((np.bincount(owners)[owners] > 1).sum())
        total += len(owners)
    return touching / max(1, total)


def burn(shape: shapely.Geometry) -> np.ndarray:
    """Return the (H, W) bool mask of a shape in pixels of a chip."""
    if shape.is_empty:
        return np.zeros((CHIP_PX, CHIP_PX), bool)
    return rasterize([(shape, 1)], out_shape=(CHIP_PX, CHIP_PX), dtype=np.uint8).astype(bool)


def large_enough(masks: list[np.ndarray]) -> list[np.ndarray]:
    """Return the masks that are no specks."""
    return [mask for mask in masks if mask.sum() >= MIN_PX]


if __name__ == "__main__":
    main()
