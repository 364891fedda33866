"""Find the rasters that a person names: files, folders, patterns, and STAC items, collections and lists of items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..geo_io.errors import RasterError

ENDINGS = (
    ".tif",
    ".tiff",
    ".vrt",
    ".jp2",
    ".img",
    ".png",
    ".jpg",
    ".jpeg",
    ".gpkg",
    ".ecw",
    ".ntf",
    ".json",
    ".geojson",
)
"""A word that ends so is a raster, not an expression, also where no such file exists."""
_IN_FOLDERS = (".tif", ".tiff", ".vrt", ".jp2", ".img")
_STAC = (".json", ".geojson")


@dataclass(frozen=True)
class Source:
    """One raster of many."""

    path: Path
    label: str
    """The shortest end of its path that no other raster shares; goes into the column ``raster``."""


def split_words(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the leading words that name rasters, and the rest, which are expressions.

    The first word is a raster whatever it looks like. A later one is where it ends like a raster file, is a pattern, or
    is a path (with a separator) that exists; so a folder named as an expression never swallows it.
    """
    count = 1
    while count < len(words) and _is_raster(words[count]):
        count += 1
    return list(words[:count]), list(words[count:])


def find_rasters(words: Sequence[str]) -> list[Source]:
    """Return the rasters that words name, each once, in order.

    Args:
        words: files, folders (searched with all below them), patterns such as ``archive/*.tif``, STAC files.

    Raises:
        RasterError: a word names nothing, or a STAC file cannot be read or points to another machine.
    """
    paths: dict[Path, Path] = {}
    for word in words:
        for path in _iter_paths(word):
            paths.setdefault(path.resolve(), path)
    return [Source(path, label) for path, label in zip(paths.values(), _labels(list(paths)), strict=True)]


def _is_raster(word: str) -> bool:
    if word.lower().endswith(ENDINGS):
        return True
    return ("/" in word or "\\" in word) and (any(c in word for c in "*?[") or Path(word).exists())


def _iter_paths(word: str) -> Iterator[Path]:
    path = Path(word)
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.suffix.lower() in _IN_FOLDERS and p.is_file())
        if not found:
            raise RasterError(f"The folder {word} holds no raster ({', '.join(_IN_FOLDERS)}): name another.")
        yield from found
    elif not path.exists() and any(character in word for character in "*?["):
        # The shell of Windows, and quotes elsewhere, leave patterns to us.
        anchor = Path(path.anchor) if path.is_absolute() else Path()
        found = sorted(anchor.glob(str(path.relative_to(path.anchor)) if path.is_absolute() else word))
        if not found:
            raise RasterError(f"Nothing matches {word}: check the pattern.")
        yield from found
    elif path.suffix.lower() in _STAC and path.is_file():
        yield from _iter_stac(path)
    else:
        yield path


def _iter_stac(path: Path) -> Iterator[Path]:
    """Yield the imagery of a STAC item, of a list of items, or of all items below a catalogue or collection."""
    from .stac import iter_imagery

    yield from iter_imagery(path)


def _labels(paths: Sequence[Path]) -> list[str]:
    """Return for each path its shortest end that no other has."""
    labels = [""] * len(paths)
    count = 1
    while not all(labels):
        ends = ["/".join(path.parts[-count:]) for path in paths]
        seen = Counter(ends)
        for index, end in enumerate(ends):
            if not labels[index] and (seen[end] == 1 or count >= len(paths[index].parts)):
                labels[index] = end
        count += 1
    return labels
