"""Measure whole scenes: where a question's time goes, what a further one costs, kills, and workers.

    python benchmarks/scenes.py                     everything, into docs/benchmarks/scenes.*
    python benchmarks/scenes.py second --dry-run    one part, printed only
    python benchmarks/scenes.py kills --count 200   more kills than by default

What is compared is timed in turns on the same machine, so that a busy one slows both alike.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from unittest.mock import patch

import numpy as np
from record import FOLDER, Figure, record

VIEW_PX = (2048, 2048)
FIRST, FURTHER = "storage tank", ("tennis court", "boat", "swimming pool")
STAGES = ("read", "encode", "decode", "blend", "find objects", "write")
FOLDER_RASTERS = 8
FOLDER_RASTER_PX = (1024, 1024)


def main() -> None:
    """Run the parts that are asked for, print and record their figures."""
    parts = {"second": second, "loss": loss, "kills": kills, "workers": workers}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of {', '.join(parts)} (default: all)")
    parser.add_argument("--model", default="small", help="bundled model or checkpoint folder (small)")
    parser.add_argument("--count", type=int, default=20, help="moments at which to kill (20)")
    parser.add_argument("--rounds", type=int, default=2, help="first questions that are timed (2)")
    parser.add_argument("--dry-run", action="store_true", help="print the figures and record nothing")
    args = parser.parse_args()
    unknown = set(args.parts) - set(parts)
    if unknown:
        parser.error(f"there is no part {', '.join(unknown)}")
    for name in args.parts or parts:
        with tempfile.TemporaryDirectory() as folder:
            found = parts[name](args, Path(folder))
        for figure in found:
            aim = f"  (aim {figure.aim})" if figure.aim else ""
            print(f"{figure.name:<34} {figure.value:10.4g} {figure.unit}{aim}", flush=True)
        if not args.dry_run:
            record(found, "scenes")


def second(args: argparse.Namespace, folder: Path) -> list[Figure]:
    """Time a first question over a 4-megapixel view, further ones from memory and from disk, and their stages."""
    from referent.core_model.checkpoint import load_segmenter
    from referent.engine.feature_disk import open_store
    from referent.engine.features import shared_store
    from referent.engine.query import query
    from referent.geo_io.layer import write_layer

    view = write_view(folder / "view.tif", 1, VIEW_PX)
    segmenter = load_segmenter(args.model)
    store = open_store(folder / "cache")
    kinds: dict[str, list[dict[str, float]]] = defaultdict(list)

    def ask(kind: str, text: str) -> None:
        with stage_times(segmenter) as spent:
            start, cpu = time.perf_counter(), time.process_time()
            frame = query(view, text, model=segmenter, store=store)
            answered, cpu = time.perf_counter(), time.process_time() - cpu
            write_layer(frame, folder / "found.gpkg", metadata=frame.attrs, overwrite=True)
            stop = time.perf_counter()
        kinds[kind].append(
            {**spent, "write": stop - answered, "answer": answered - start, "cpu": cpu, "whole": stop - start}
        )

    query(write_view(folder / "small.tif", 2, (256, 256)), FIRST, model=segmenter)  # warms up
    for _ in range(args.rounds):
        shutil.rmtree(folder / "cache", ignore_errors=True)
        shared_store().clear()
        ask("first", FIRST)
        for text in FURTHER:
            ask("memory", text)
        for text in FURTHER[:2]:
            shared_store().clear()
            ask("disk", text)
    middle = {
        kind: {name: median(turn.get(name, 0.0) for turn in turns) for name in (*STAGES, "answer", "cpu", "whole")}
        for kind, turns in kinds.items()
    }
    if not args.dry_run:
        plot_shares(middle, FOLDER / "scenes_shares.svg")
    network = middle["first"]["encode"] + middle["first"]["decode"]
    figures = [
        Figure("first_ms_4mpx", 1e3 * middle["first"]["answer"], "ms"),
        Figure("second_ms_4mpx", 1e3 * middle["memory"]["answer"], "ms", "<= 200"),
        Figure("second_cpu_ms_4mpx", 1e3 * middle["memory"]["cpu"], "ms of all cores"),
        Figure("second_over_first", middle["memory"]["answer"] / middle["first"]["answer"], "ratio", "<= 0.1"),
        Figure("second_from_disk_ms_4mpx", 1e3 * middle["disk"]["answer"], "ms", "<= 400"),
        Figure("end_to_end_over_network", network / middle["first"]["whole"], "ratio", ">= 0.85"),
        Figure("cached_mb_4mpx", shared_store().nbytes / 1e6, "MB"),
    ]
    for kind, label in (("first", "first"), ("memory", "second")):
        total = sum(middle[kind][stage] for stage in STAGES)
        figures += [
            Figure(f"share_{stage.replace(' ', '_')}_{label}", middle[kind][stage] / total, "share") for stage in STAGES
        ]
    return figures


def loss(args: argparse.Namespace, folder: Path) -> list[Figure]:
    """Measure what keeping features in two bytes does to scores."""
    import torch

    from referent.core_model.checkpoint import load_segmenter
    from referent.core_model.segmenter import Features
    from referent.core_model.synthetic import render_scene

    segmenter = load_segmenter(args.model)
    side = segmenter.spec.window_px
    picture = render_scene(np.random.default_rng(3), side, 8 * side).image
    tiles = np.stack([np.moveaxis(picture[:, x : x + side], -1, 0) for x in range(0, 8 * side, side)])
    kept = segmenter.encode_image(tiles)
    with torch.inference_mode(), segmenter.compute.autocast():
        exact = segmenter.network.encode_image(torch.from_numpy(tiles).to(segmenter.compute.device))
        exact["class_peaks"] = kept.maps["class_peaks"]
    texts = [FIRST, *FURTHER]
    answers = [
        1 / (1 + np.exp(-segmenter.segment(features, texts).logits))
        for features in (kept, Features({name: exact[name] for name in kept.maps}))
    ]
    return [Figure("two_byte_features_score_error", float(np.abs(answers[0] - answers[1]).max()), "score", "<= 0.004")]


def kills(args: argparse.Namespace, folder: Path) -> list[Figure]:
    """Kill a query at random moments, let it go on, and compare the layer with one that was never interrupted.

    Its network is tiny and random, which makes many moments cheap; what is kept and how does not depend on it.
    """
    import geopandas

    from referent.engine import journal
    from referent.engine.cli import main as command

    scene, model = write_view(folder / "scene.tif", 2, (640, 800)), write_tiny_model(folder / "tiny")
    moments, fork = random.Random(0), multiprocessing.get_context("fork")

    def run(output: Path) -> None:
        journal.CHECKPOINT_INTERVAL_S = 0.0
        options = ["--model", str(model), "--batch-size", "1", "--min-area", "0", "--quiet"]
        with Path(os.devnull).open("w") as sys.stdout:
            code = command(["query", str(scene), "house", "-o", str(output), "--no-cache", *options])
        os._exit(code)

    def facts(path: Path) -> list[bytes]:
        return sorted(geopandas.read_file(path, layer=path.stem).geometry.normalize().to_wkb())

    start = time.perf_counter()
    whole = fork.Process(target=run, args=(folder / "whole.gpkg",))
    whole.start()
    whole.join()
    duration_s = time.perf_counter() - start
    expected, output = facts(folder / "whole.gpkg"), folder / "found.gpkg"
    killed = equal = finished = 0
    while killed < args.count or not finished:
        process = fork.Process(target=run, args=(output,))
        process.start()
        process.join(moments.uniform(0, duration_s) if killed < args.count else None)
        if process.is_alive():
            process.kill()
            process.join()
            killed += 1
            continue
        finished += 1
        equal += facts(output) == expected
        output.unlink()
    return [
        Figure("kills", killed, "moments"),
        Figure("kills_polygons_compared", len(expected), "polygons"),
        Figure("same_layer_after_kills", equal / finished, "share of runs", ">= 1"),
    ]


def workers(args: argparse.Namespace, folder: Path) -> list[Figure]:
    """Time a folder of rasters on two workers against one, each with one thread, and on two when one is killed."""
    import psutil

    from referent.engine.archive import ask_archive
    from referent.engine.archive_input import find_rasters
    from referent.engine.archive_task import ArchiveQuestion
    from referent.engine.cluster import ClusterOptions
    from referent.engine.query_options import QueryOptions

    (folder / "rasters").mkdir()
    for index in range(FOLDER_RASTERS):
        write_view(folder / "rasters" / f"scene{index}.tif", index, FOLDER_RASTER_PX)
    sources = find_rasters([str(folder / "rasters")])
    question = ArchiveQuestion((FIRST,), args.model, QueryOptions())
    killed: list[int] = []

    def is_worker(process: psutil.Process) -> bool:
        try:
            return "spawn_main" in " ".join(process.cmdline())
        except psutil.Error:  # it ended meanwhile
            return False

    def kill_one(report: object) -> None:
        if getattr(report, "done", 0) == 1 and not killed:
            children = [process for process in psutil.Process().children(recursive=True) if is_worker(process)]
            killed.append(children[0].pid)
            os.kill(children[0].pid, signal.SIGKILL)

    def ask(count: int, progress: Callable[[object], None] | None = None) -> tuple[float, int]:
        arrivals: list[float] = []

        def note(report: object) -> None:
            arrivals.append(time.perf_counter())
            if progress is not None:
                progress(report)

        # One core a worker; the time begins when they are there, as that is once for any number of rasters.
        with patch("referent.engine.cluster.os.sched_getaffinity", lambda pid: {0}, create=True):
            answer = ask_archive(sources, question, cluster=ClusterOptions(workers=count), progress=note)
        return arrivals[-1] - arrivals[0], len(sources) - len(answer.failed)

    one_s, _ = ask(1)
    two_s, _ = ask(2)
    _, done = ask(2, kill_one)
    return [
        Figure("dask_two_workers_over_one", two_s / one_s, "ratio", "<= 0.6"),
        Figure("dask_cores", len(os.sched_getaffinity(0)), "cores"),
        Figure("dask_rasters_lost_with_a_killed_worker", len(sources) - done, "rasters", "<= 0"),
    ]


@contextmanager
def stage_times(segmenter) -> Iterator[dict[str, float]]:
    """Give the seconds that each stage was at work; stages overlap, so their sum may exceed the whole."""
    from referent.engine.objects import ObjectSearch
    from referent.engine.scan import _Blender
    from referent.engine.tiles import TileReader

    spent: dict[str, float] = defaultdict(float)

    def timed(stage: str, call):
        def run(*args, **settings):
            start = time.perf_counter()
            try:
                return call(*args, **settings)
            finally:
                spent[stage] += time.perf_counter() - start

        return run

    targets = [
        (TileReader, "_read", "read"),
        (type(segmenter), "encode_image", "encode"),
        (type(segmenter), "segment", "decode"),
        (_Blender, "add", "blend"),
        (ObjectSearch, "add_rows", "find objects"),
        (ObjectSearch, "finish", "find objects"),
    ]
    patches = [patch.object(owner, name, timed(stage, getattr(owner, name))) for owner, name, stage in targets]
    for item in patches:
        item.start()
    try:
        within = patch.object(ObjectSearch, "add_rows", timed("within blend", ObjectSearch.add_rows))
        with within:
            yield spent
    finally:
        for item in reversed(patches):
            item.stop()
        spent["blend"] -= spent.pop("within blend", 0.0)  # objects are looked for while rows are blended


def plot_shares(middle: dict[str, dict[str, float]], path: Path) -> None:
    """Draw the stages of each kind of question as one bar."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "referent"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 2.6), layout="constrained")
    labels = {"first": "first question", "memory": "further one, cache in memory", "disk": "further one, cache on disk"}
    left = np.zeros(len(labels))
    colours = ["#9a9a9a", "#1b6ca8", "#e07b39", "#8ab17d", "#6d597a", "#2f2f2f"]
    for stage, colour in zip(STAGES, colours, strict=True):
        seconds = np.array([middle[kind][stage] for kind in labels])
        shares = seconds / np.array([sum(middle[kind][name] for name in STAGES) for kind in labels])
        axes.barh(list(labels.values()), shares, left=left, color=colour, label=stage)
        for row, share in enumerate(shares):
            if share > 0.05:
                axes.text(left[row] + share / 2, row, f"{share:.0%}", ha="center", va="center", color="w", fontsize=8)
        left += shares
    for row, kind in enumerate(labels):
        axes.text(1.01, row, f"{middle[kind]['whole']:.2f} s", va="center", fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of the stages' time (they overlap); beside it the whole, on a 4-megapixel view")
    axes.legend(ncols=len(STAGES), loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def write_tiny_model(folder: Path) -> Path:
    """Write a checkpoint of a tiny network with random weights that takes half of all pixels for a house."""
    import dataclasses

    import torch

    from referent.core_model.checkpoint import save_checkpoint
    from referent.core_model.config import (
        Calibration,
        DecoderConfig,
        ImageEncoderConfig,
        ModelConfig,
        TextEncoderConfig,
    )
    from referent.core_model.network import build_network
    from referent.core_model.tokenizer import train_tokenizer

    torch.set_num_threads(1)  # a process that forks must not have threads of its own
    torch.manual_seed(0)
    config = ModelConfig(
        name="tiny",
        window_px=64,
        stride_px=48,
        classes=("house",),
        image_encoder=ImageEncoderConfig(stem=8, widths=(8, 12, 16, 24), depths=(1, 1, 1, 1)),
        text_encoder=TextEncoderConfig(vocab_size=60, dim=16, layers=1, heads=2, ffn=16, max_tokens=16),
        decoder=DecoderConfig(dim=16, dim8=8, dim4=8, dim2=8, layers=1, heads=2, ffn=16),
    )
    network, tokenizer = build_network(config).eval(), train_tokenizer(["house"] * 5, 60, 16)
    tokens = tokenizer(["house"])
    with torch.inference_mode():
        noise = torch.randint(0, 256, (1, 3, 64, 64), dtype=torch.uint8)
        text = network.encode_text(tokens.ids, tokens.mask)[None]
        middle = float(network.decode(network.encode_image(noise), text, tokens.mask[None]).mask.median())
    config = dataclasses.replace(config, calibration=Calibration(-middle, 0.0, 20.0, 20.0))
    save_checkpoint(folder, network, tokenizer, config, "# Tiny")
    return folder


def write_view(path: Path, seed: int, size_hw: tuple[int, int]) -> Path:
    """Write a synthetic scene."""
    from referent.core_model.synthetic import render_scene
    from referent.engine.synthetic import write_scene

    write_scene(path, render_scene(np.random.default_rng(seed), *size_hw))
    return path


if __name__ == "__main__":
    main()
