"""``referent info``: what a raster is and how a model would see it; without a raster, what this installation is."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .. import __version__

_PARTS = ("torch", "transformers", "rasterio", "shapely", "pyproj", "geopandas", "numpy")


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("info", parents=[common], help="describe a raster, or this installation")
    parser.add_argument("raster", nargs="?", type=Path, help="a raster; without it the installation is described")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Print what is known.

    Raises:
        RasterError: the raster cannot be opened or placed.
    """
    facts = describe_installation() if args.raster is None else describe_raster(args.raster)
    if args.json:
        print(json.dumps(facts))
        return
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else "none" if value is None else value
        print(f"{name:<{width}}  {shown}")


def describe_installation() -> dict[str, Any]:
    """Return versions and devices, as a report of a fault needs them."""
    facts: dict[str, Any] = {"referent": __version__, "python": sys.version.split()[0], "system": platform.platform()}
    for name in _PARTS:
        try:
            facts[name] = version(name)
        except PackageNotFoundError:
            facts[name] = None
    import rasterio
    import torch

    facts["gdal"] = rasterio.__gdal_version__
    facts["cuda"] = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return facts


def describe_raster(path: Path) -> dict[str, Any]:
    """Return what a query would find out about a raster before it starts.

    Raises:
        RasterError: the raster cannot be opened or placed.
    """
    from ..geo_io.raster import Raster
    from ..geo_io.stretch import estimate_stretch

    with Raster.open(path, allow_no_crs=True) as raster:
        grid, choice = raster.grid, raster.choose_bands()
        size_m = grid.pixel_size_m
        facts: dict[str, Any] = {
            "raster": str(path),
            "width_px": grid.width,
            "height_px": grid.height,
            "crs": None if grid.crs is None else grid.crs.to_string() if grid.crs.to_epsg() else grid.crs.name,
            "bounds": [round(value, 6) for value in grid.bounds],
            "pixel_size_m": None if size_m is None else round(size_m, 4),
            "dtype": str(raster.dtype),
            "bands": list(choice.bands),
            "overviews": raster.overview_levels,
            "stretch": estimate_stretch(raster, choice.bands).to_dict(),
            "fingerprint": raster.fingerprint,
        }
        if choice.warning:
            facts["warning"] = choice.warning
    return facts
