"""``referent query``: ask a raster in words and write the polygons."""

from __future__ import annotations

import argparse
import json
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .archive_input import ENDINGS as RASTER_ENDINGS
from .archive_input import find_rasters, split_words
from .cli_archive import add_options as add_archive_options
from .cli_archive import run_many
from .cli_cache import add_options as add_cache_options
from .cli_cache import store_of
from .cli_compute import add_compute_options
from .cli_found import in_words, summarise
from .cli_progress import ProgressBar, warn
from .cli_resume import add_options as add_resume_options
from .cli_resume import journal_of, keeping
from .errors import OptionsError
from .expressions import check_texts

if TYPE_CHECKING:
    from .answer import Answer
    from .query_options import QueryOptions

_EPILOG = """examples:
  referent query scene.tif "the white airplane in the upper left" -o found.gpkg --preview found.png
  referent query scene.tif "storage tank" "tennis court" -o found.gpkg
  referent query scene.tif "tennis courts within 200 m of the swimming pool" --explain --preview found.png
  referent query archive/*.tif "the largest storage tank" --over all -o found.gpkg
finding nothing is success: the layer is valid and empty"""


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "query",
        parents=[common],
        help="ask a raster in words, get polygons",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "raster",
        type=Path,
        help="a georeferenced raster; several, a folder, 'archive/*.tif' or a STAC file (JSON) as well",
    )
    parser.add_argument("expressions", nargs="+", metavar="EXPRESSION", help="what to look for, in quotes")
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="layer to write: .gpkg .geojson .fgb .parquet"
    )
    output.add_argument("--preview", type=Path, metavar="PNG", help="picture of the polygons over the imagery")
    output.add_argument("--scores", type=Path, metavar="TIF", help="raster of the scores, a band per noun phrase")
    output.add_argument("--overwrite", action="store_true", help="replace files that are there")
    add_resume_options(output)
    output.add_argument("--crs", metavar="CRS", help="CRS of the answer, such as EPSG:4326 (default: the raster's)")
    answer = parser.add_argument_group("answer")
    answer.add_argument(
        "--threshold", type=float, default=0.5, metavar="S", help="score from which a pixel counts (0.5)"
    )
    answer.add_argument("--min-area", type=float, metavar="M2", help="smallest polygon in m² (16 pixels of the model)")
    answer.add_argument(
        "--simplify", type=float, metavar="M", help="tolerance of outlines in m, 0: none (half a pixel)"
    )
    answer.add_argument(
        "--regions",
        type=_names,
        metavar="CLASSES",
        help="classes with a polygon per connected region instead of one per object, as road,river; 'all' or 'none' "
        "(default: roads, water and the like)",
    )
    answer.add_argument(
        "--regularize", action="store_true", help="right angles for buildings and circles for tanks where they fit"
    )
    answer.add_argument("--region", type=Path, metavar="FILE", help="layer of polygons that the question is limited to")
    answer.add_argument("--allow-unknown", action="store_true", help="guess at classes that the model has not seen")
    answer.add_argument(
        "--reading",
        default="auto",
        choices=("auto", "network", "plan"),
        help="who decides what words such as 'largest' or 'next to' mean: geometry over the whole extent (plan), "
        "the network tile by tile, or geometry with the network's opinion where one tile shows all (auto)",
    )
    answer.add_argument(
        "--anchor-missing",
        default="none",
        choices=("none", "all"),
        help="what 'tanks near the harbour' means where no harbour is found: none of the tanks, or all of them (none)",
    )
    answer.add_argument("--explain", action="store_true", help="tell how the expression was understood")
    source = parser.add_argument_group("raster and model")
    source.add_argument("--bands", type=parse_bands, metavar="R,G,B", help="bands, counted from 1 (default: by colour)")
    source.add_argument(
        "--skip-damaged", action="store_true", help="leave damaged parts of the raster out and list them"
    )
    source.add_argument("--allow-no-crs", action="store_true", help="take a raster without CRS, in pixel units")
    source.add_argument("--any-scale", action="store_true", help="ask a raster that is far too coarse for the model")
    source.add_argument("--model", default="small", metavar="NAME", help="bundled model or checkpoint folder (small)")
    add_compute_options(source)
    source.add_argument("--tile-size", type=int, default=1024, metavar="PX", help="how much is read at once (1024)")
    source.add_argument("--batch-size", type=int, default=8, metavar="N", help="windows per computation (8)")
    add_cache_options(parser)
    add_archive_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask, write, and say what was found; everything that can be checked is checked before the network runs.

    Raises:
        ExpressionError: an expression is empty, too long or names a class that the model has not seen.
        OptionsError: an option is out of range.
        RasterError: the raster cannot be opened, placed or read.
        LayerError: the region cannot be read.
        OutputError: an output cannot be written; nothing was written.
        CheckpointError: the model is missing or damaged.
    """
    words, args.expressions = split_words([str(args.raster), *args.expressions])
    if not args.expressions:
        raise OptionsError("There is no expression: write what to look for behind the rasters, in quotes.")
    for text in args.expressions:
        if text.lower().endswith(RASTER_ENDINGS):
            raise OptionsError(f"'{text}' is a raster, not an expression: write rasters before the expressions.")
    check_texts(args.expressions)
    sources = find_rasters(words)
    if len(sources) > 1:
        return run_many(args, sources, _options(args, None))
    args.raster = sources[0].path
    from ..geo_io.layer import check_layer_output, check_output, parse_crs, write_layer

    inputs = tuple(path for path in (args.raster, args.region) if path is not None)
    if args.output is not None:
        check_layer_output(args.output, inputs=inputs, overwrite=args.overwrite)
    if args.preview is not None:
        check_output(args.preview, inputs=inputs, overwrite=args.overwrite)
    if args.scores is not None:
        from ..geo_io.score_raster import check_score_output

        check_score_output(args.scores, inputs=inputs, overwrite=args.overwrite)
    if args.crs is not None:
        parse_crs(args.crs)
    options = _options(args, args.raster)

    from .ask import ask
    from .journal import Journal

    start = time.perf_counter()
    journal = journal_of(args, Journal)
    put = partial(
        ask,
        args.raster,
        args.expressions,
        model=args.model,
        options=options,
        reading=args.reading,
        anchor_missing=args.anchor_missing,
        store=store_of(args),
        journal=journal,
    )
    with keeping(journal, put):
        with ProgressBar(args.quiet) as bar:
            answer = put(progress=bar, scores_path=args.scores)
        frame = answer.frame
        for message in frame.attrs["warnings"]:
            warn(args, message)
        if args.output is not None:
            write_layer(frame, args.output, metadata=frame.attrs, inputs=inputs, overwrite=args.overwrite)
    if args.preview is not None:
        from .preview import write_preview

        write_preview(args.raster, answer, args.preview, inputs=inputs, overwrite=args.overwrite)
    _say(args, answer, time.perf_counter() - start)
    return 0


def _options(args: argparse.Namespace, raster_path: Path | None) -> QueryOptions:
    """Return the options, with the region in the CRS of the raster if there is one."""
    from .query_options import QueryOptions

    region = None
    if args.region is not None and raster_path is not None:
        from ..geo_io.raster import Raster
        from .region import read_region

        with Raster.open(raster_path, allow_no_crs=args.allow_no_crs) as raster:
            region = read_region(args.region, raster.grid.crs)
    return QueryOptions(
        threshold=args.threshold,
        min_area_m2=args.min_area,
        simplify_m=args.simplify,
        bands=args.bands,
        crs=args.crs,
        precision=args.precision,
        compiled=args.compile,
        tile_size_px=args.tile_size,
        batch_size=args.batch_size,
        device=args.device,
        region=region,
        regions=args.regions,
        regularize=args.regularize,
        skip_damaged=args.skip_damaged,
        allow_no_crs=args.allow_no_crs,
        allow_unknown=args.allow_unknown,
        allow_any_scale=args.any_scale,
    )


def _say(args: argparse.Namespace, answer: Answer, seconds: float) -> None:
    frame = answer.frame
    found = [summarise(frame, text) for text in dict.fromkeys(args.expressions)]
    if args.json:
        facts = {
            "raster": str(args.raster),
            "output": None if args.output is None else str(args.output),
            "preview": None if args.preview is None else str(args.preview),
            "scores": None if args.scores is None else str(args.scores),
            "crs": None if frame.crs is None else frame.crs.to_string(),
            "found": found,
            "seconds": round(seconds, 3),
            "metadata": frame.attrs,
        }
        print(json.dumps(facts, ensure_ascii=False))
        return
    for item in found:
        print(f"{item['expression']}: {in_words(item, 'px' if frame.crs is None else 'm²')}")
        if args.explain:
            print(answer.explanations.get(item["expression"], "read by the network as it stands"))
        missing = frame.attrs.get("missing_anchors", {}).get(item["expression"])
        if missing and not item["count"] and args.anchor_missing == "none":
            print(f"add --anchor-missing all to see what there is without '{missing[0]}'")
    for path in (args.output, args.preview, args.scores):
        if path is not None:
            print(f"wrote {path}")
    if args.output is None and len(frame):
        print("add -o found.gpkg to keep the polygons")


def _names(text: str) -> tuple[str, ...]:
    """Return the class names of a list such as ``road,river``; none for ``none``."""
    return tuple(name.strip() for name in text.split(",") if name.strip() and name.strip() != "none")


def parse_bands(text: str) -> tuple[int, ...]:
    """Return the bands of a list such as ``4,3,2``."""
    try:
        bands = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no list of bands; write it as 4,3,2") from error
    if len(bands) not in (1, 3) or min(bands) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' must name one band or three, counted from 1, as 4,3,2")
    return bands
