"""Time our ``small`` model against what a person would run instead, on one raster, with one and with ten expressions.

    python benchmarks/rivals.py                 measure what is missing, then record it in docs/benchmarks/scenes
    python benchmarks/rivals.py --dry-run       the same, printed only
    python benchmarks/rivals.py --afresh        forget what was measured before

All systems answer through ``engine.query.query``, from the raster to the GeoPackage, with one thread, and ``small``
answers right before and right after every rival in the same process. What counts is the processor's time, so that other
programs on the machine slow nobody down. Every measurement is kept in ``runs/rivals.json``: a run that is stopped goes
on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, median

import numpy as np
from record import Figure, record

EXPRESSIONS = (
    "storage tank",
    "the white boat at the dock",
    "the large building",
    "tennis court next to the road",
    "a red car",
    "swimming pool",
    "the longest runway",
    "house with a grey roof",
    "the airplane in the upper left",
    "baseball diamond",
)
RIVALS = ("early_fusion", "grounding_sam")
COUNTS = (1, len(EXPRESSIONS))
SIDE_PX, WARM_UP_PX = 975, 400
"""Sides of the scenes; to ``small`` the first has 960 pixels: 4 windows of one rival, 1 of the other."""
ROWS = Path(__file__).resolve().parent.parent / "runs" / "rivals.json"


def main() -> None:
    """Measure what is missing, print and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1, help="how often each question is timed (1)")
    parser.add_argument("--dry-run", action="store_true", help="print the figures and record nothing")
    parser.add_argument("--afresh", action="store_true", help="forget what was measured before")
    parser.add_argument("--measure", nargs="+", metavar="WORD", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        system, *counts = args.measure
        print(json.dumps(measure(system, int(counts[0])) if counts else measure_small()))
        return
    if args.afresh:
        ROWS.unlink(missing_ok=True)
    figures = figures_of(measure_all(args.rounds))
    for figure in figures:
        print(f"{figure.name:<40} {figure.value:10.4g} {figure.unit}" + (f"  (aim {figure.aim})" * bool(figure.aim)))
    if not args.dry_run:
        record(figures, topic="scenes")


def measure_all(rounds: int) -> list[dict]:
    """Return one row per question and one per system's memory, measuring those that are not known yet."""
    rows = json.loads(ROWS.read_text(encoding="utf-8")) if ROWS.exists() else []
    wanted = [({"system": "small"}, ["small"])]
    for turn in range(rounds):
        for count in COUNTS:
            for rival in RIVALS:
                wanted.append(({"system": rival, "expressions": count, "round": turn}, [rival, str(count)]))
    for name, words in wanted:
        if any(name.items() <= row.items() for row in rows):
            continue
        command = [sys.executable, __file__, "--measure", *words]
        one_thread = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=one_thread).stdout
        rows.append(name | json.loads(printed.splitlines()[-1]))
        print(rows[-1], flush=True)
        ROWS.parent.mkdir(exist_ok=True)
        ROWS.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return rows


def measure(rival: str, count: int) -> dict[str, float]:
    """Ask a rival, and ``small`` before and after it; return seconds of both, and the most memory ever held, in MB."""
    with tempfile.TemporaryDirectory() as name:
        warm_up, scene = write_scenes(Path(name))
        small, other = build("small"), build(rival)
        ask(small, warm_up, 1)
        if other.spec.window_px < SIDE_PX / 2:  # where one window is the whole scene, its first moments hardly count
            ask(other, warm_up, 1)
        before, own, after = ask(small, scene, count), ask(other, scene, count), ask(small, scene, count)
        return {"seconds": own, "small_seconds": mean((before, after)), "peak_mb": peak_mb()}


def measure_small() -> dict[str, float]:
    """Ask ``small`` ten expressions and return the most memory ever held, in MB."""
    with tempfile.TemporaryDirectory() as name:
        ask(build("small"), write_scenes(Path(name))[1], COUNTS[-1])
    return {"peak_mb": peak_mb()}


def peak_mb() -> float:
    """Return the most memory that this process ever held, in MB."""
    # Linux counts in kilobytes, macOS in bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1024)


def ask(segmenter, scene: Path, count: int) -> float:
    """Ask the first ``count`` expressions as a first question and return how many seconds of a processor it took."""
    from query import forget_features

    from referent.engine.query import query
    from referent.engine.query_options import QueryOptions
    from referent.geo_io.layer import write_layer

    forget_features()
    # Four windows of a rival are all that the scene has.
    options = QueryOptions(batch_size=8 if segmenter.spec.window_px < 480 else 4)
    start = time.process_time()
    frame = query(scene, EXPRESSIONS[:count], model=segmenter, options=options)
    write_layer(frame, scene.with_suffix(".gpkg"), metadata=frame.attrs, overwrite=True)
    return time.process_time() - start


def write_scenes(folder: Path) -> tuple[Path, Path]:
    """Write the scene to warm up with and the one to measure on."""
    from referent.core_model.synthetic import render_scene
    from referent.engine.synthetic import write_scene

    paths = folder / "warm_up.tif", folder / "scene.tif"
    for path, side in zip(paths, (WARM_UP_PX, SIDE_PX), strict=True):
        write_scene(path, render_scene(np.random.default_rng(5), side, side))
    return paths


def build(system: str):
    """Return a system behind the two calls of ``Segmenter``; the rivals at the resolution of ``small``."""
    from referent.core_model.checkpoint import find_model, load_segmenter, read_spec

    gsd_m = read_spec(find_model("small")).gsd_m
    if system == "early_fusion":
        from early_fusion import EarlyFusionSegmenter

        return EarlyFusionSegmenter(gsd_m)
    if system == "grounding_sam":
        from grounded_sam import GroundedSamSegmenter

        return GroundedSamSegmenter(gsd_m)
    return load_segmenter("small")


def figures_of(rows: list[dict]) -> list[Figure]:
    """Return ratios and seconds, medians over the rounds, and memory."""
    figures = []
    for count in COUNTS:
        what = f"{count}_expression{'s' * (count > 1)}"
        own = [row for row in rows if row.get("expressions") == count]
        figures.append(Figure(f"small_{what}_s", median(row["small_seconds"] for row in own), "s"))
        for rival in RIVALS:
            timed = [row for row in own if row["system"] == rival]
            ratio = median(row["seconds"] / row["small_seconds"] for row in timed)
            figures.append(Figure(f"{rival}_{what}_s", median(row["seconds"] for row in timed), "s"))
            figures.append(Figure(f"speedup_{what}_{rival}", ratio, "ratio", ">= 10" if count == 1 else ">= 100"))
    for system in ("small", *RIVALS):
        peak = max(row["peak_mb"] for row in rows if row["system"] == system)
        figures.append(Figure(f"{system}_peak_rss_mb", peak, "MB"))
    return figures


if __name__ == "__main__":
    main()
