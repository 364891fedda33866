"""``referent query`` over many rasters: options, progress, and what is said when some of them fail."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from .cli_cache import folder_of
from .cli_found import in_words, summarise
from .cli_progress import ProgressBar, warn
from .cli_resume import journal_of, keeping
from .errors import OptionsError

if TYPE_CHECKING:
    from .archive import ArchiveAnswer
    from .archive_input import Source
    from .query_options import QueryOptions

EXIT_PARTIAL = 6


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to the parser."""
    group = parser.add_argument_group("several rasters")
    group.add_argument(
        "--over",
        default="each",
        choices=("each", "all"),
        help="whether 'the largest' and other words of meaning hold in each raster, or over all together (each)",
    )
    group.add_argument("--workers", type=int, metavar="N", help="processes (one per GPU, else one per four cores)")
    group.add_argument(
        "--scheduler", metavar="ADDRESS", help="Dask scheduler that is there, as tcp://host:8786; trust its network"
    )


def run_many(args: argparse.Namespace, sources: Sequence[Source], options: QueryOptions) -> int:
    """Ask, write, and say what was found; returns the exit code.

    Raises:
        OptionsError: an option is for one raster only.
        OutputError: the output cannot be written; nothing was written.
        EngineError: no raster could be asked.
    """
    single = [name for name in ("preview", "scores") if getattr(args, name) is not None]
    if single:
        raise OptionsError(f"--{single[0]} is for one raster, and {len(sources)} are asked: leave it out.")
    if args.over == "all" and args.reading == "network":
        raise OptionsError("--over all is decided by geometry: leave --reading network out.")
    from ..geo_io.layer import check_layer_output, write_layer
    from .archive import ArchiveJournal, ask_archive
    from .archive_task import ArchiveQuestion
    from .cluster import ClusterOptions

    cluster = ClusterOptions(args.scheduler, args.workers)
    inputs = tuple(source.path for source in sources) + (() if args.region is None else (args.region,))
    journal = None
    if args.output is not None:
        # What failed may be asked again into the layer that has the rest.
        journal = journal_of(args, ArchiveJournal)
        check_layer_output(args.output, inputs=inputs, overwrite=args.overwrite)
    start = time.perf_counter()
    cache = folder_of(args)
    question = ArchiveQuestion(
        expressions=tuple(dict.fromkeys(args.expressions)),
        model=str(args.model),
        options=options,
        reading=args.reading,
        anchor_missing=args.anchor_missing,
        over=args.over,
        region=None if args.region is None else args.region.resolve(),
        cache_dir=None if cache is None else cache.absolute(),
        cache_gb=args.cache_size,
    )
    put = partial(ask_archive, sources, question, cluster=cluster, journal=journal)
    with keeping(journal, lambda: put().answer) as keep:
        with ProgressBar(args.quiet) as bar:
            result = put(progress=bar)
        frame = result.answer.frame
        for message in frame.attrs["warnings"]:
            warn(args, message)
        if args.output is not None:
            write_layer(frame, args.output, metadata=frame.attrs, inputs=inputs, overwrite=args.overwrite)
        if result.failed:
            keep()
    _say(args, result, len(sources), time.perf_counter() - start)
    return EXIT_PARTIAL if result.failed else os.EX_OK if hasattr(os, "EX_OK") else 0


def _say(args: argparse.Namespace, result: ArchiveAnswer, total: int, seconds: float) -> None:
    frame = result.answer.frame
    found = [summarise(frame, text) for text in dict.fromkeys(args.expressions)]
    if result.failed:
        warn(args, failure_sentence(result, total, args.output is not None and not args.no_resume))
    if args.json:
        facts: dict[str, Any] = {
            "rasters": total,
            "failed": dict(result.failed),
            "output": None if args.output is None else str(args.output),
            "crs": None if frame.crs is None else frame.crs.to_string(),
            "found": found,
            "seconds": round(seconds, 3),
            "metadata": frame.attrs,
        }
        print(json.dumps(facts, ensure_ascii=False))
        return
    for item in found:
        rasters = frame.loc[frame["expression"] == item["expression"], "raster"].nunique()
        where = f", in {rasters} of {total} rasters" if item["count"] else ""
        print(f"{item['expression']}: {in_words(item)}{where}")
        if args.explain:
            print(result.answer.explanations.get(item["expression"], "read by the network as it stands"))
    if args.output is not None:
        print(f"wrote {args.output}")
    elif len(frame):
        print("add -o found.gpkg to keep the polygons")


def failure_sentence(result: ArchiveAnswer, total: int, is_kept: bool) -> str:
    """Return what failed and what to do."""
    from .archive import list_failures

    again = " The same command with --overwrite asks only these again." if is_kept else ""
    return f"{len(result.failed)} of {total} rasters failed: {list_failures(result.failed)}{again}"
