"""Measure how expressions are understood: reading, resolving, and answers of network, plan and both.

python benchmarks/meaning.py                    what needs no model, into docs/benchmarks
python benchmarks/meaning.py tune chips scene   with new weights of the bundled model, on ../shared/data
python benchmarks/meaning.py chips --split val --dry-run
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from record import Figure, record

from referent.core_model.expression.parse import parse
from referent.engine.resolve import resolve
from referent.geo_io.frame import Frame

if TYPE_CHECKING:
    from referent.core_model.segmenter import Segmenter

ROOT = Path(__file__).resolve().parent.parent
PLANS = ROOT / "tests" / "core_model" / "expression" / "plans.json"
CANDIDATES = 10_000
SCENES = 40


def main() -> None:
    """Run the parts that are asked for, print and record their figures."""
    parts: dict[str, Callable[[argparse.Namespace], list[Figure]]] = {
        "reading": reading, "resolving": resolving, "perfect": perfect, "tune": tune, "chips": chips,
        "scene": scene,
    }  # fmt: skip
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(parts)}")
    parser.add_argument("--model", default="small", help="bundled model or checkpoint folder (small)")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "ucm_refer")
    parser.add_argument("--split", default="test", choices=("val", "test"), help="of chips and scene; tune takes val")
    parser.add_argument("--limit", type=int, help="use the first N chips or scenes only")
    parser.add_argument("--pictures", type=Path, help="folder for pictures of the scenes' answers")
    parser.add_argument("--dry-run", action="store_true", help="print the figures and record nothing")
    args = parser.parse_args()
    if unknown := set(args.parts) - set(parts):
        parser.error(f"there is no part {', '.join(unknown)}")
    figures: list[Figure] = []
    for name in args.parts or ("reading", "resolving", "perfect"):
        found = parts[name](args)
        for figure in found:
            aim = f"  (aim {figure.aim})" if figure.aim else ""
            print(f"{figure.name:<44} {figure.value:10.4g} {figure.unit}{aim}", flush=True)
        figures += found
    if not args.dry_run and args.split == "test":
        record(figures, "meaning")


def reading(_: argparse.Namespace) -> list[Figure]:
    """Read the sentences with plans written by hand, and time it."""
    notation = _load(PLANS.parent / "plan_notation.py")
    known = json.loads(PLANS.read_text(encoding="utf-8"))
    sentences = known["sentences"]
    right = {True: [], False: []}  # by whether a published data set has the sentence
    for item in sentences:
        right[not item["part"].startswith("unseen")].append(
            float(notation.reads_rightly(parse(item["text"]), item["accepted"]))
        )
    seconds = []
    for _round in range(5):
        start = time.process_time()
        for item in sentences:
            parse(item["text"])
        seconds.append((time.process_time() - start) / len(sentences))
    first = known["first_reading"]
    return [
        Figure("read_rightly_share", float(np.mean(right[True])), "share", ">= 0.95"),
        Figure("read_rightly_share_own_sentences", float(np.mean(right[False])), "share"),
        *(Figure(f"read_rightly_first_{part.replace('-', '_')}", share, "share") for part, share in first.items()),
        Figure("read_sentences", float(len(right[True])), "sentences"),
        Figure("read_own_sentences", float(len(right[False])), "sentences"),
        Figure("parse_ms", 1000 * min(seconds), "ms", "<= 5"),
    ]


def resolving(_: argparse.Namespace) -> list[Figure]:
    """Time a relation, an order and a distance over ten thousand candidates; the slowest counts."""
    rng = np.random.default_rng(1)
    crs = pyproj.CRS(32633)
    frame = Frame.from_bounds((500_000, 5_300_000, 520_000, 5_320_000), crs)

    def table(count: int, seed_side: float) -> gpd.GeoDataFrame:
        x, y = rng.uniform(500_000, 520_000, count), rng.uniform(5_300_000, 5_320_000, count)
        side = rng.uniform(0.5, 1.5, count) * seed_side
        corners = np.stack([(np.cos(a), np.sin(a)) for a in np.linspace(0, 2 * np.pi, 25)])
        rings = np.stack((x, y), axis=1)[:, None] + side[:, None, None] * corners[None]
        return gpd.GeoDataFrame({"score": rng.uniform(0.5, 1, count)}, geometry=shapely.polygons(rings), crs=crs)

    ships, harbours, piers = table(CANDIDATES, 10), table(200, 40), table(CANDIDATES, 15)
    worst = 0.0
    for text in (
        "ships next to a harbour",
        "ships north of the harbours",
        "ships within 200 m of a harbour",
        "the largest ship left of a pier",
        "ships next to piers",
    ):
        plan = parse(text)
        known = {"harbour": harbours, "harbours": harbours, "pier": piers, "piers": piers}
        tables = {phrase: known.get(phrase, ships) for phrase in plan.phrases}
        resolve(plan, tables, frame)
        start = time.process_time()
        resolve(plan, tables, frame)
        seconds = time.process_time() - start
        print(f"  {text}: {seconds:.2f} s")
        worst = max(worst, seconds)
    return [Figure("resolve_10k_s", worst, "s", "<= 1")]


def perfect(_: argparse.Namespace) -> list[Figure]:
    """Ask known scenes with perfect masks."""
    known = _load(ROOT / "tests" / "engine" / "known_scenes.py")
    right, kinds = [], set()
    for seed in range(SCENES):
        scene_ = known.build_scene(seed)
        things = {thing.shape: thing.id for thing in scene_.things}
        for kind, text, truth in known.questions(scene_, random.Random(seed)):
            if truth is not None:
                plan = parse(text)
                found = resolve(plan, scene_.candidates(plan), scene_.frame).found
                right.append({things[item.geometry] for item in found} == truth)
                kinds.add(kind)
    return [
        Figure("perfect_mask_right_share", float(np.mean(right)), "share", ">= 1"),
        Figure("perfect_mask_expressions", float(len(right)), "expressions"),
        Figure("perfect_mask_kinds", float(len(kinds)), "kinds", ">= 30"),
    ]


def tune(args: argparse.Namespace) -> list[Figure]:
    """Fit on the validation split how much to believe, and write it beside the bundled models."""
    import meaning_tune
    from meaning_chips import gather

    segmenter = _segmenter(args.model)
    finds = gather(segmenter, args.data, "val", args.limit)
    return meaning_tune.tune(finds, args.data, segmenter.spec, is_dry=args.dry_run)


def chips(args: argparse.Namespace) -> list[Figure]:
    """Ask the written expressions of annotated chips: network alone, plan alone, both."""
    from meaning_chips import NAMES, Judge, figures_of, gather

    from referent.engine.weighing import weighing_of

    segmenter = _segmenter(args.model)
    judge = Judge(gather(segmenter, args.data, args.split, args.limit, only_annotated=True))
    weighing = weighing_of(segmenter.spec.name)
    return figures_of({reading: list(judge.answer(reading, weighing)) for reading in NAMES})


def scene(args: argparse.Namespace) -> list[Figure]:
    """Ask scenes of 4096 x 4096 px made of chips: tile by tile, and planned."""
    from meaning_scene import ask_scenes

    return ask_scenes(_segmenter(args.model), args.data, args.split, args.pictures, args.limit)


def _segmenter(model: str) -> Segmenter:
    from referent.core_model.checkpoint import load_segmenter

    return load_segmenter(model)


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is missing: run from a whole checkout.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
