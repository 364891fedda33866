"""Measure that memory stays where it was on large scenes, and that cost is linear in area.

python benchmarks/scene_memory.py                10 Mpx and 1 Gpx, into docs/benchmarks/scenes.*
python benchmarks/scene_memory.py --dry-run      printed only
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from query import EXPRESSION, forget_features, write_sparse
from record import Figure, record

SIDES_PX = {"10mpx": 3168, "1gpx": 31_624}
DENSE_PX = ((768, 1024), (1536, 1024), (1536, 2048))
"""Scenes full of imagery, each twice as large as the one before."""


def main() -> None:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="small", help="bundled model or checkpoint folder (small)")
    parser.add_argument("--dry-run", action="store_true", help="print the figures and record nothing")
    parser.add_argument("--peak-of", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peak_of:
        print(json.dumps(peak_of(args.peak_of, args.model)))
        return
    for part in (memory, cost):
        with tempfile.TemporaryDirectory() as folder:
            figures = part(args.model, Path(folder))
        for figure in figures:
            print(f"{figure.name:<34} {figure.value:10.4g} {figure.unit}", flush=True)
        if not args.dry_run:
            record(figures, "scenes")


def memory(model: str, folder: Path) -> list[Figure]:
    """Measure the peak memory of a question in a process of its own, on rasters that hold the same imagery."""
    peaks, figures = {}, []
    for name, side in SIDES_PX.items():
        path = folder / f"{name}.tif"
        write_sparse(path, side)
        command = [sys.executable, __file__, "--model", model, "--peak-of", str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        peaks[name] = json.loads(done.stdout.splitlines()[-1])
        figures.append(Figure(f"peak_rss_{name}_mb", peaks[name]["peak_mb"], "MB"))
        path.unlink()
    ratio = peaks["1gpx"]["peak_mb"] / peaks["10mpx"]["peak_mb"]
    return [
        *figures,
        Figure("peak_rss_1gpx_over_10mpx", ratio, "ratio", "<= 1.1"),
        Figure("memory_bound_1gpx_mb", peaks["1gpx"]["bound_mb"], "MB, stated before the start"),
    ]


def cost(model: str, folder: Path) -> list[Figure]:
    """Measure how processor time grows with area on scenes that are full of imagery."""
    from referent.core_model.checkpoint import load_segmenter
    from referent.core_model.synthetic import render_scene
    from referent.engine.query import query
    from referent.engine.synthetic import write_scene

    segmenter = load_segmenter(model)
    areas, seconds = [], []
    for height, width in (DENSE_PX[0], *DENSE_PX):
        path = folder / "dense.tif"
        write_scene(path, render_scene(np.random.default_rng(0), height, width))
        forget_features()
        start = time.process_time()
        query(path, EXPRESSION, model=segmenter)
        areas.append(height * width / 1e6)
        seconds.append(time.process_time() - start)
    # The first question warms up.
    slope = np.polyfit(np.log(areas[1:]), np.log(seconds[1:]), 1)[0]
    return [
        Figure("cpu_seconds_over_area_exponent", float(slope), "exponent, 1 is linear"),
        Figure("cpu_seconds_per_mpx", seconds[-1] / areas[-1], "s of all cores per Mpx"),
    ]


def peak_of(path: Path, model: str) -> dict[str, float]:
    """Ask one question in this process; return the most memory that it ever held, and what was stated before."""
    from referent.engine.query import query

    frame = query(path, EXPRESSION, model=model)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in kilobytes, macOS in bytes.
    return {
        "peak_mb": peak / (1e6 if sys.platform == "darwin" else 1024),
        "bound_mb": frame.attrs["memory_bound_mb"],
    }


if __name__ == "__main__":
    main()
