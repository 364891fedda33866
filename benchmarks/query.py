"""Measure questions: throughput of the network alone and of the whole query, second expressions, memory, size.

    python benchmarks/query.py                    everything, into docs/benchmarks
    python benchmarks/query.py memory --dry-run   one part, printed only

Network and whole query are timed in turns on the same tiles, so that a busy machine slows both alike.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import rasterio
from record import Figure, record

EXPRESSION, SECOND = "storage tank", "tennis court"
ROUNDS = 5
SCENE_PX = (1536, 2048)
MEMORY_SIDES_PX = {"10mpx": 3168, "400mpx": 20_000}
PATCH_PX = 792
"""Both rasters of the memory test hold the same imagery, 16 patches of this side; the larger one is void elsewhere."""


def main() -> None:
    """Run the parts that are asked for, print and record their figures."""
    parts = {"throughput": throughput, "second": second, "memory": memory, "size": size}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(parts)} (default: all)")
    parser.add_argument("--model", default="small", help="bundled model or checkpoint folder (small)")
    parser.add_argument("--dry-run", action="store_true", help="print the figures and record nothing")
    parser.add_argument("--peak-of", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peak_of:
        print(peak_rss_mb(args.peak_of, args.model))
        return
    unknown = set(args.parts) - set(parts)
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}")
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        for name in args.parts or parts:
            found = parts[name](args.model, Path(folder))
            for figure in found:
                aim = f"  (aim {figure.aim})" if figure.aim else ""
                print(f"{figure.name:<34} {figure.value:10.4g} {figure.unit}{aim}", flush=True)
            figures += found
    if not args.dry_run:
        record(figures)


def throughput(model: str, folder: Path) -> list[Figure]:
    """Time the network on the tiles of a scene, and the query from raster to GeoPackage on that scene."""
    from referent.core_model.checkpoint import load_segmenter
    from referent.core_model.synthetic import render_scene
    from referent.engine.query import query
    from referent.engine.synthetic import write_scene
    from referent.geo_io.layer import write_layer

    scene = folder / "scene.tif"
    height, width = SCENE_PX
    write_scene(scene, render_scene(np.random.default_rng(0), height, width))
    segmenter = load_segmenter(model)
    tiles = scene_tiles(scene, segmenter.spec)
    alone, whole = [], []
    for turn in range(ROUNDS + 1):
        start = time.perf_counter()
        run_network(segmenter, tiles, [EXPRESSION])
        middle = time.perf_counter()
        # Each turn is a first question: features of the turn before must not be found again.
        forget_features()
        frame = query(scene, EXPRESSION, model=segmenter)
        write_layer(frame, folder / "found.gpkg", metadata=frame.attrs, overwrite=True)
        stop = time.perf_counter()
        if turn:  # the first turn warms up
            alone.append(middle - start)
            whole.append(stop - middle)
    mpx = height * width / 1e6
    return [
        Figure("network_mpx_per_s", mpx / median(alone), "Mpx/s"),
        Figure("end_to_end_mpx_per_s", mpx / median(whole), "Mpx/s"),
        Figure("end_to_end_over_network", median(alone) / median(whole), "ratio", ">= 0.8"),
    ]


def second(model: str, folder: Path) -> list[Figure]:
    """Time a second expression against the first: in the network for ``small`` and ``base``, and as a whole query."""
    from referent.core_model.checkpoint import load_segmenter
    from referent.core_model.synthetic import render_scene
    from referent.engine.query import query
    from referent.engine.synthetic import write_scene

    segmenter = load_segmenter(model)
    scene = folder / "second.tif"
    write_scene(scene, render_scene(np.random.default_rng(1), 768, 1024))
    first_s, second_s = [], []
    for turn in range(ROUNDS + 1):
        forget_features()
        start = time.perf_counter()
        query(scene, EXPRESSION, model=segmenter)
        middle = time.perf_counter()
        query(scene, SECOND, model=segmenter)
        stop = time.perf_counter()
        if turn:
            first_s.append(middle - start)
            second_s.append(stop - middle)
    return [
        Figure("second_over_first", network_ratio(segmenter, tile_count=16), "ratio", "<= 0.1"),
        Figure("second_query_over_first_query", median(second_s) / median(first_s), "ratio"),
        Figure("second_over_first_base", network_ratio(random_base(), tile_count=8), "ratio", "<= 0.02"),
    ]


def memory(model: str, folder: Path) -> list[Figure]:
    """Measure the peak memory of a query in a process of its own, on a small raster and on one forty times as large."""
    peaks = {}
    for name, side in MEMORY_SIDES_PX.items():
        path = folder / f"{name}.tif"
        write_sparse(path, side)
        command = [sys.executable, __file__, "--model", model, "--peak-of", str(path)]
        peaks[name] = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return [
        Figure("peak_rss_10mpx_mb", peaks["10mpx"], "MB"),
        Figure("peak_rss_400mpx_mb", peaks["400mpx"], "MB"),
        Figure("peak_rss_400mpx_over_10mpx", peaks["400mpx"] / peaks["10mpx"], "ratio", "<= 1.1"),
    ]


def size(model: str, folder: Path) -> list[Figure]:
    """Weigh the checkpoint."""
    from referent.core_model.checkpoint import find_model

    weights = find_model(model) / "model.safetensors"
    return [Figure("checkpoint_mb", weights.stat().st_size / 1e6, "MB", "<= 14")]


def scene_tiles(scene: Path, spec) -> np.ndarray:
    """Return the (B, 3, H, W) uint8 tiles that a query of this scene gives to the network."""
    from referent.geo_io.raster import Raster
    from referent.geo_io.scene import Scene
    from referent.geo_io.stretch import estimate_stretch
    from referent.geo_io.window import WindowPlan

    with Raster.open(scene) as raster:
        bands = raster.choose_bands().bands
        view = Scene(raster, bands, estimate_stretch(raster, bands), spec.gsd_m)
        rows = WindowPlan(view.grid.height, view.grid.width, spec.window_px, spec.stride_px)
        return np.stack([view.read(window)[0] for row in rows for window in row])


def run_network(segmenter, tiles: np.ndarray, expressions: list[str], batch_size: int = 8) -> None:
    """Run the network over tiles as a query does, and throw the scores away."""
    for start in range(0, len(tiles), batch_size):
        segmenter.segment(segmenter.encode_image(tiles[start : start + batch_size]), expressions)


def network_ratio(segmenter, tile_count: int) -> float:
    """Return the time of a further expression over that of the first, on the same tiles."""
    side = segmenter.spec.window_px
    tiles = np.random.default_rng(0).integers(0, 256, (tile_count, 3, side, side), dtype=np.uint8)
    ratios = []
    for turn in range(ROUNDS + 1):
        start = time.perf_counter()
        features = segmenter.encode_image(tiles)
        segmenter.segment(features, [EXPRESSION])
        middle = time.perf_counter()
        segmenter.segment(features, [SECOND])
        stop = time.perf_counter()
        if turn:
            ratios.append((stop - middle) / (middle - start))
    return median(ratios)


def random_base():
    """Return the ``base`` preset, Swin-B and BERT, with random weights: speed does not depend on them."""
    from referent.core_model.device import choose_compute
    from referent.core_model.network import build_network
    from referent.core_model.predictor import NetworkSegmenter
    from referent.core_model.presets import read_preset
    from referent.core_model.tokenizer import train_tokenizer

    config = read_preset("base")
    tokenizer = train_tokenizer([EXPRESSION, SECOND] * 3, 200, config.text_encoder.max_tokens)
    return NetworkSegmenter(build_network(config), tokenizer, config, choose_compute())


def write_sparse(path: Path, side: int) -> None:
    """Write a square raster that holds 16 patches of imagery, spread over it, and nodata elsewhere."""
    from referent.core_model.synthetic import render_scene

    patch = np.moveaxis(render_scene(np.random.default_rng(2), PATCH_PX, PATCH_PX).image, -1, 0)
    profile = {
        "driver": "GTiff",
        "height": side,
        "width": side,
        "count": 3,
        "dtype": "uint8",
        "nodata": 0,
        "crs": "EPSG:32611",
        "transform": rasterio.Affine(0.3, 0, 5e5, 0, -0.3, 4e6),
        "tiled": True,
        "compress": "deflate",
        "sparse_ok": True,
        "bigtiff": "yes",
    }
    step = (side - PATCH_PX) // 3
    with rasterio.open(path, "w", **profile) as target:
        for row in range(4):
            for column in range(4):
                window = rasterio.windows.Window(column * step, row * step, PATCH_PX, PATCH_PX)
                target.write(np.maximum(patch, 1), window=window)


def peak_rss_mb(path: Path, model: str) -> float:
    """Ask one question in this process and return the most memory that it ever held, in MB."""
    from referent.engine.query import query

    query(path, EXPRESSION, model=model)
    # Linux counts in kilobytes, macOS in bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1024)


def forget_features() -> None:
    """Empty the store of image features that all queries of a process share."""
    from referent.engine.features import shared_store

    shared_store().clear()


if __name__ == "__main__":
    main()
