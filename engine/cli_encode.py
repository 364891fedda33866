"""``referent encode``: compute the image features of rasters ahead, so that already the first question is quick."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .cli_cache import add_options as add_cache_options
from .cli_cache import folder_of, store_of
from .cli_compute import add_compute_options
from .cli_progress import ProgressBar, warn
from .cli_query import parse_bands
from .errors import OptionsError

_EPILOG = """examples:
  referent encode scene.tif
  referent encode archive/*.tif --cache-size 50
stopping it loses nothing that is done: the same command encodes the rest"""


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "encode",
        parents=[common],
        help="prepare rasters for quick questions",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("rasters", nargs="+", type=Path, metavar="RASTER", help="georeferenced rasters")
    parser.add_argument("--bands", type=parse_bands, metavar="R,G,B", help="as for query (default: by colour)")
    parser.add_argument("--allow-no-crs", action="store_true", help="take rasters without CRS, in pixel units")
    parser.add_argument("--model", default="small", metavar="NAME", help="bundled model or checkpoint folder (small)")
    add_compute_options(parser)
    parser.add_argument("--batch-size", type=int, default=8, metavar="N", help="windows per computation (8)")
    add_cache_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Encode what is not in the cache yet.

    Raises:
        OptionsError: the cache is off or too small for a raster.
        RasterError: a raster cannot be opened, placed or read.
        CheckpointError: the model is missing or damaged.
    """
    if folder_of(args) is None:
        raise OptionsError("The cache is off, so there is nowhere to put the features: leave --no-cache out.")
    store = store_of(args, in_memory=False)
    from ..core_model.checkpoint import load_segmenter
    from .encode import encode
    from .query_options import QueryOptions

    options = QueryOptions(
        bands=args.bands,
        allow_no_crs=args.allow_no_crs,
        device=args.device,
        precision=args.precision,
        compiled=args.compile,
        batch_size=args.batch_size,
    )
    model = load_segmenter(args.model, args.device, options.precision, compiled=options.compiled)
    capacity_bytes = int(args.cache_size * 1e9)
    facts = []
    for raster in args.rasters:
        start = time.perf_counter()
        with ProgressBar(args.quiet) as bar:
            done = encode(raster, model, options, store, capacity_bytes, progress=bar)
        for message in done.warnings:
            warn(args, message)
        seconds = time.perf_counter() - start
        facts.append({"raster": str(raster), **asdict(done), "seconds": round(seconds, 3)})
        if not args.json:
            rest = "" if done.encoded == done.tiles else ", the others were there or hold no data"
            print(f"{raster}: {done.encoded} of {done.tiles} tiles encoded in {seconds:.0f} s{rest}")
    if args.json:
        print(json.dumps({"encoded": facts}))
