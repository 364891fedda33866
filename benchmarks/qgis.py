"""Measure what a person at the panel waits for, in a real QGIS: ``python benchmarks/qgis.py [--dry-run]``.

Needs QGIS and Xvfb (apt-get install qgis xvfb). The engine's own time is what the worker says it took for the same
question; every first question is about a raster that was not asked before, with the model in memory.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np
import rasterio
from record import Figure, record

from referent.core_model.synthetic import render_scene
from referent.engine.synthetic import write_scene

ROOT = Path(__file__).resolve().parent.parent
VIEW_PX = 1000
LARGE_PX = 6000
ROUNDS = 5


def main() -> None:
    """Measure, print and record."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="print the figures and record nothing")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        figures = [*panel_figures(Path(name)), *package_figures(Path(name))]
    for figure in figures:
        print(f"{figure.name:<28} {figure.value:10.4g} {figure.unit}  (aim {figure.aim})")
    if not options.dry_run:
        record(figures, topic="qgis")


def panel_figures(folder: Path) -> list[Figure]:
    """Ask from the panel."""
    found = _measure(_scenes(folder), folder / "found.json")
    return [
        Figure("first_question_over_engine", median(found["ratios"]), "ratio", "<= 1.5"),
        Figure("first_question_ms", 1000 * median(found["firsts_s"]), "ms"),
        Figure("second_question_ms", 1000 * median(found["seconds_s"]), "ms", "<= 300"),
        Figure("cancel_ms", 1000 * found["cancel_s"], "ms", "<= 1000"),
        Figure("dead_worker_noticed_ms", 1000 * found["dead_s"], "ms", "<= 2000"),
        Figure("hung_worker_noticed_ms", 1000 * found["hung_s"], "ms", "<= 2000"),
    ]


def package_figures(folder: Path) -> list[Figure]:
    """Build the zip and count what the plugin site's robot would find."""
    subprocess.run([sys.executable, str(ROOT / "tools" / "package.py"), str(folder)], check=True, capture_output=True)
    path = next(folder.glob("*.zip"))
    command = [sys.executable, str(ROOT / "tools" / "check_package.py"), str(path)]
    printed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    count = re.search(r"^(\d+) findings", printed, re.MULTILINE)
    if count is None:
        sys.exit(f"The package check did not end:\n{printed}")
    return [
        Figure("zip_mb", path.stat().st_size / 1e6, "MB", "<= 25"),
        Figure("robot_findings", int(count.group(1)), "findings", "<= 0"),
    ]


def _scenes(folder: Path) -> list[str]:
    paths = []
    for number in range(ROUNDS + 1):
        paths.append(folder / f"view {number}.tif")
        write_scene(paths[-1], render_scene(np.random.default_rng(number), VIEW_PX, VIEW_PX))
    large = folder / "large.tif"
    with rasterio.open(paths[0]) as source:
        picture, profile = source.read(), source.profile
    profile.update(width=LARGE_PX, height=LARGE_PX)
    with rasterio.open(large, "w", **profile) as sink:
        sink.write(np.tile(picture, (1, LARGE_PX // VIEW_PX, LARGE_PX // VIEW_PX)))
    return [str(path) for path in (*paths, large)]


def _measure(scenes: list[str], output: Path) -> dict:
    environment = {**os.environ, "REFERENT_SCENES": json.dumps(scenes), "REFERENT_BENCH": str(output)}
    environment.setdefault("LIMIT_S", "1200")
    command = [str(ROOT / "tools" / "run_qgis.sh"), str(ROOT / "benchmarks" / "qgis_inside.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if not output.exists():
        sys.exit(f"QGIS did not come to an end:\n{done.stdout}\n{done.stderr}")
    found = json.loads(output.read_text(encoding="utf-8"))
    if "error" in found:
        sys.exit(found["error"])
    return found


if __name__ == "__main__":
    main()
