"""Imagery that STAC items point to, on this machine only: nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ..geo_io.errors import RasterError
from .errors import EngineError

ASSETS = ("visual", "image", "data")
"""Names of assets that are taken first, before those whose role or type says that they are imagery."""
MAX_BYTES = 256 << 20


def iter_imagery(path: Path) -> Iterator[Path]:
    """Yield the imagery of a STAC item, of a list of items, or of all items below a collection or catalogue.

    Args:
        path: a JSON file.

    Raises:
        RasterError: it is no such file, or points to another machine or to nothing that is imagery.
        EngineError: the library that reads it is not installed.
    """
    try:
        import pystac
    except ImportError as error:
        raise EngineError("Reading STAC files needs pystac: pip install 'referent[archive]'.") from error

    class LocalFiles(pystac.StacIO):  # type: ignore[misc]
        """Reads files of this machine."""

        def read_text(self, source: Any, *args: Any, **kwargs: Any) -> str:
            local = _local(str(source), path.name)
            if local.stat().st_size > MAX_BYTES:
                raise RasterError(f"{local.name} is larger than {MAX_BYTES >> 20} MB: give the items in parts.")
            return local.read_text(encoding="utf-8")

        def write_text(self, dest: Any, txt: str, *args: Any, **kwargs: Any) -> None:
            raise NotImplementedError

    files = LocalFiles()
    try:
        value = files.json_loads(files.read_text(path))
        kind = value.get("type") if isinstance(value, dict) else None
        if kind == "FeatureCollection":
            items = list(pystac.ItemCollection.from_dict(value).items)
            for item in items:
                item.set_self_href(item.get_self_href() or str(path.resolve()))
        else:
            found = files.stac_object_from_dict(value, href=str(path.resolve()))
            items = [found] if isinstance(found, pystac.Item) else []
            if isinstance(found, pystac.Catalog):
                items = list(found.get_items(recursive=True))
    except _unreadable(pystac) as error:
        _raise_cause(error)
        raise RasterError(f"{path.name} is no STAC item, collection or list of items ({error}).") from error
    if not items:
        raise RasterError(f"{path.name} holds no STAC items: give a list of items or a collection that links to them.")
    for item in items:
        yield _imagery_of(item, path.name)


def _unreadable(pystac: Any) -> tuple[type[Exception], ...]:
    """Return what reading a malformed file may raise."""
    ours = (OSError, ValueError, KeyError, TypeError, AttributeError)
    return (*ours, pystac.STACError, pystac.errors.STACTypeError)


def _raise_cause(error: BaseException) -> None:
    """Raise the error of ours that the library has wrapped, if there is one."""
    cause = error.__cause__ or error.__context__
    if isinstance(cause, RasterError):
        raise cause
    if cause is not None:
        _raise_cause(cause)


def _imagery_of(item: Any, name: str) -> Path:
    images = {
        key: asset
        for key, asset in item.assets.items()
        if re.search(r"image/(tiff|jp2|vnd)", asset.media_type or "") or "data" in (asset.roles or ())
    }
    for key in (*(key for key in ASSETS if key in images), *images):
        return _local(images[key].get_absolute_href() or images[key].href, name)
    raise RasterError(
        f"The item '{item.id}' of {name} has no asset with imagery (assets: {', '.join(item.assets) or 'none'}): "
        "name the raster itself."
    )


def _local(href: str, name: str) -> Path:
    """Return the path of an address on this machine."""
    parts = urlsplit(href)
    if len(parts.scheme) > 1 and parts.scheme != "file":  # one letter is a drive
        raise RasterError(
            f"{name} points to {href[:120]}, which is not on this machine: download it and point to the file."
        )
    return Path(unquote(parts.path)) if parts.scheme == "file" else Path(href)
