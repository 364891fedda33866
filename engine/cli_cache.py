"""``referent cache``: what the cache of image features holds, and how to empty it; the options that choose it."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..geo_io.errors import OutputError
from .cli_progress import warn

if TYPE_CHECKING:
    from .features import FeatureStore

_EPILOG = """A further question of a raster that was asked or encoded before skips the image encoder, also tomorrow.
Nothing is lost by clearing the cache but time. It lies in the folder that --cache-dir or REFERENT_CACHE_DIR names
(REFERENT_CACHE_DIR=off: no cache), else where the system keeps such files."""


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "cache",
        parents=[common],
        help="show or clear what is kept of rasters asked before",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=("info", "clear"), help="show what is kept, or remove it")
    _add_folder(parser)
    parser.set_defaults(run=run)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the cache to another command."""
    group = parser.add_argument_group("cache of image features")
    choice = group.add_mutually_exclusive_group()
    _add_folder(choice)
    choice.add_argument("--no-cache", action="store_true", help="keep no image features on disk")
    group.add_argument("--cache-size", type=float, default=8.0, metavar="GB", help="how much it may take (8)")


def _add_folder(group: Any) -> None:
    group.add_argument("--cache-dir", type=Path, metavar="FOLDER", help="where the cache lies (REFERENT_CACHE_DIR)")


def folder_of(args: argparse.Namespace) -> Path | None:
    """Return the folder that the options and the environment choose; None where the cache is off."""
    from .feature_disk import default_folder

    if getattr(args, "no_cache", False):
        return None
    folder: Path | None = args.cache_dir
    return folder if folder is not None else default_folder(os.environ)


def store_of(args: argparse.Namespace, *, in_memory: bool = True) -> FeatureStore:
    """Return the store that the options choose; what it cannot keep is said once.

    Raises:
        OptionsError: the size is out of range.
    """
    from .feature_disk import open_store

    return open_store(folder_of(args), args.cache_size, lambda sentence: warn(args, sentence), in_memory=in_memory)


def run(args: argparse.Namespace) -> None:
    """Show or clear.

    Raises:
        OutputError: a file cannot be removed.
    """
    from .feature_disk import DiskFeatureStore

    folder = folder_of(args)
    if folder is None:
        print(json.dumps({"folder": None}) if args.json else "the cache is off (REFERENT_CACHE_DIR=off)")
        return
    store = DiskFeatureStore(folder)
    try:
        facts = store.clear() if args.action == "clear" else store.facts()
    except OSError as error:
        raise OutputError(f"The cache in {folder} cannot be cleared ({error.strerror or error}).") from error
    if args.json:
        print(
            json.dumps(
                {"folder": str(facts.folder), "tiles": facts.files, "bytes": facts.nbytes, "rasters": facts.rasters}
            )
        )
        return
    what = f"{facts.files:,} tiles of {facts.rasters:,} rasters, {facts.nbytes / 1e9:.2f} GB"
    print(f"{'removed' if args.action == 'clear' else 'kept'} {what}, in {facts.folder}")
