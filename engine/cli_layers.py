"""Options that ``referent train`` and ``referent evaluate`` share: rasters, layers, and how they are read."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .cli_query import parse_bands
from .errors import OptionsError

if TYPE_CHECKING:
    from .layer_samples import LayerSource


def add_layer_options(parser: argparse.ArgumentParser) -> None:
    """Add the files and the options that say how they are read."""
    parser.add_argument(
        "files",
        nargs="*",
        metavar="FILE",
        help="rasters and layers of polygons, in any order and CRS; 'labels.gpkg|layername=trees' where a file holds "
        "several layers",
    )
    group = parser.add_argument_group("layers")
    group.add_argument("--class-field", default="class", metavar="NAME", help="field with the class names (class)")
    group.add_argument("--class-name", metavar="NAME", help="class of every row, where the layers have no such field")
    group.add_argument(
        "--expression-field", metavar="NAME", help="field with the expressions (expression, where there is one)"
    )
    group.add_argument(
        "--complete",
        metavar="CLASSES",
        help="classes of which every instance is drawn within the extent of the layers: names with commas, 'all' or "
        "'none' (all)",
    )
    group.add_argument(
        "--area", metavar="FILE", help="polygons around the labelled ground; nothing outside them is used"
    )
    group.add_argument(
        "--verbatim-classes", action="store_true", help="keep class names as spelled (Storage_Tank stays Storage_Tank)"
    )
    group.add_argument("--bands", type=parse_bands, metavar="R,G,B", help="bands that show red, green and blue")
    group.add_argument("--allow-no-crs", action="store_true", help="rasters and layers without CRS, in pixels")


def sort_files(files: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return rasters and layers, told apart by their endings.

    Raises:
        OptionsError: one of the two is missing.
    """
    from ..geo_io.annotation import ENDINGS, split_source

    def is_layer(name: str) -> bool:
        path, layer = split_source(name)
        return layer is not None or path.suffix.lower() in ENDINGS

    layers = tuple(name for name in files if is_layer(name))
    rasters = tuple(name for name in files if not is_layer(name))
    if not rasters or not layers:
        missing = "raster (such as scene.tif)" if not rasters else f"layer of polygons ({', '.join(ENDINGS[:4])}, ...)"
        given = f" among {', '.join(Path(name).name for name in files)}" if files else ""
        raise OptionsError(f"There is no {missing}{given}: give rasters and layers, as in 'scene.tif labels.gpkg'.")
    return rasters, layers


def source_of(args: argparse.Namespace, rasters: tuple[str, ...], layers: tuple[str, ...]) -> LayerSource:
    """Return what the options of :func:`add_layer_options` ask for."""
    from .layer_samples import LayerSource

    complete = None
    if args.complete is not None:
        names = tuple(name.strip() for name in args.complete.split(",") if name.strip())
        complete = None if names == ("all",) else () if names == ("none",) else names
    return LayerSource(
        rasters=rasters,
        layers=layers,
        class_field=args.class_field,
        class_name=args.class_name,
        expression_field=args.expression_field,
        verbatim_classes=args.verbatim_classes,
        complete=complete,
        area=args.area,
        bands=args.bands,
        allow_no_crs=args.allow_no_crs,
    )
