"""What may be opened: files on this machine, in formats that hold pixels and run nothing.

GDAL opens far more than pictures: service descriptions that fetch from the network, virtual files that point anywhere
or carry Python. A raster from an untrusted place must be none of these, and must not make GDAL allocate what its
header merely claims.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import RasterError

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

ALLOWED_DRIVERS = (
    *("GTiff", "VRT", "JP2OpenJPEG", "PNG", "JPEG", "WEBP", "BMP", "GIF", "GPKG", "MBTiles", "HFA", "ENVI", "EHdr"),
    *("ERS", "AAIGrid", "RST", "SAGA", "NITF", "PCIDSK", "RMF", "SRTMHGT", "GSBG", "GS7BG", "netCDF", "BSB", "SGI"),
)
"""GDAL drivers that read pixels from a local file and do nothing else."""

GDAL_OPTIONS = {
    "GDAL_CACHEMAX": 128,  # MB; the default is a share of the machine's memory, which a bounded job must not take
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".nothing-is-fetched",
    "GDAL_HTTP_MAX_RETRY": 0,
    "GDAL_MAX_DATASET_POOL_SIZE": 64,
}
"""Set around every open and read."""

MAX_BANDS = 4096
MAX_PIXELS = 500_000 * 500_000
MAX_BLOCK_BYTES = 1 << 30
MAX_VRT_BYTES = 64 << 20
MAX_VRT_DEPTH = 4

_ADVICE_VRT = "open the rasters that it points to, or make a GeoTIFF of it with gdal_translate where it is trusted"


def check_source(path: Path) -> list[Path]:
    """Check that a path is a plain local raster file, following virtual rasters to what they read.

    Args:
        path: what the person named.

    Returns:
        The file and every file that it reads from.

    Raises:
        RasterError: the path is not a file, or a virtual raster is broken, remote or runs code.
    """
    return _check_source(path, depth=0)


def _check_source(path: Path, depth: int) -> list[Path]:
    text = str(path)
    if text.startswith(("/vsi", "\\vsi")) or re.match(r"^[a-zA-Z][a-zA-Z0-9+.-]+:/", text):
        raise RasterError(f"{text} is not on this machine: download the raster and give the path of the file.")
    try:
        if path.is_dir():
            raise RasterError(f"{text} is a folder: give the path of a raster file in it.")
        if not path.is_file():
            raise RasterError(f"{text} does not exist: check the path of the raster.")
        with path.open("rb") as file:
            head = file.read(4096)
    except (OSError, ValueError) as error:
        raise RasterError(f"{text!r} cannot be read ({_reason(error)}): check the path and its permissions.") from error
    if not head:
        raise RasterError(f"{path.name} is empty (0 bytes): copy it again.")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith((b"<", b"{")):
        return [path]
    if b"<VRTDataset" not in head:
        raise RasterError(f"{path.name} describes a service and holds no pixels: download the imagery as a GeoTIFF.")
    return [path, *_check_vrt(path, depth)]


def _check_vrt(path: Path, depth: int) -> list[Path]:
    """Check a virtual raster by its text: opening it would already touch what it points to."""
    if depth >= MAX_VRT_DEPTH:
        raise RasterError(f"{path.name} is a virtual raster nested more than {MAX_VRT_DEPTH} deep: {_ADVICE_VRT}.")
    if path.stat().st_size > MAX_VRT_BYTES:
        raise RasterError(f"{path.name} is a virtual raster of more than {MAX_VRT_BYTES >> 20} MB: {_ADVICE_VRT}.")
    text = path.read_text(encoding="utf-8", errors="replace")
    # Entities and CDATA could hide a name from the patterns below; honest writers do not need them.
    text = html.unescape(text.replace("<![CDATA[", "").replace("]]>", ""))
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise RasterError(f"{path.name} is a virtual raster with XML entities, which is not opened: {_ADVICE_VRT}.")
    if re.search(r"<\s*(PixelFunctionLanguage|PixelFunctionCode|Expression)\b|VRTProcessedDataset", text):
        raise RasterError(f"{path.name} is a virtual raster that runs code on its pixels: {_ADVICE_VRT}.")
    files = []
    for match in re.finditer(r"<\s*(SourceFilename|SourceDataset)\b([^>]*)>([^<]*)<", text):
        attributes, name = match[2], match[3].strip()
        if not name or name.startswith(("/vsi", "<")) or re.match(r"^[a-zA-Z][a-zA-Z0-9+.-]+:(?![\\/][^/])", name):
            raise RasterError(
                f"{path.name} reads from {name[:80]!r}, which is not a plain file on this machine: {_ADVICE_VRT}."
            )
        is_relative = re.search(r"relativeToVRT\s*=\s*[\"']\s*1", attributes) is not None
        source = path.parent / name if is_relative else Path(name)
        if not source.is_file():
            raise RasterError(f"{path.name} reads from {name[:200]!r}, which does not exist: bring that file back.")
        files += _check_source(source, depth + 1)
    return files


def check_header(dataset: DatasetReader, name: str) -> None:
    """Check what a raster claims to be before any pixel of it is allocated.

    Args:
        dataset: the opened raster.
        name: how messages call it.

    Raises:
        RasterError: no bands, absurd size, complex numbers, an ink colour space, or fewer bytes than the header claims.
    """
    if dataset.count == 0:
        inside = ", ".join(subdataset.rsplit(":", 1)[-1] for subdataset in dataset.subdatasets[:4])
        raise RasterError(
            f"{name} holds no bands of its own ({f'but {inside}' if inside else 'and nothing inside'}): "
            "export the wanted part as a GeoTIFF with gdal_translate."
        )
    if dataset.count > MAX_BANDS:
        raise RasterError(f"{name} claims {dataset.count:,} bands, more than {MAX_BANDS:,}: export the bands you need.")
    if dataset.width * dataset.height > MAX_PIXELS:
        raise RasterError(
            f"{name} claims {dataset.width:,} x {dataset.height:,} pixels, more than any imagery holds: "
            "the header is damaged, or the raster must be cut into parts."
        )
    dtype = dataset.dtypes[0]
    if dtype.startswith("complex"):
        raise RasterError(f"{name} holds complex numbers ({dtype}): export amplitude or intensity as real numbers.")
    block_height, block_width = dataset.block_shapes[0]
    block_bands = dataset.count if str(dataset.interleaving or "").lower().endswith("pixel") else 1
    block_bytes = block_height * block_width * block_bands * _item_bytes(dtype)
    if block_bytes > MAX_BLOCK_BYTES:
        raise RasterError(
            f"{name} stores blocks of {block_width:,} x {block_height:,} pixels ({block_bytes / 1e9:.1f} GB each): "
            "rewrite it with gdal_translate -co TILED=YES."
        )
    inks = {"cyan", "magenta", "yellow", "black", "Y", "Cb", "Cr", "hue", "saturation", "lightness"}
    found = [interpretation.name for interpretation in dataset.colorinterp if interpretation.name in inks]
    if len(found) >= 3:
        raise RasterError(
            f"{name} is in the colour space {'-'.join(found)}, not red-green-blue: convert it to RGB first."
        )
    _check_length(dataset, name)


def _check_length(dataset: DatasetReader, name: str) -> None:
    """Find a truncated GeoTIFF by the place of its first and last blocks, without reading them."""
    if dataset.driver != "GTiff":
        return
    size = Path(dataset.name).stat().st_size
    block_height, block_width = dataset.block_shapes[0]
    last_x = (dataset.width - 1) // block_width
    last_y = (dataset.height - 1) // block_height
    for band in {1, dataset.count}:
        for x, y in {(0, 0), (last_x, last_y)}:
            offset = dataset.get_tag_item(f"BLOCK_OFFSET_{x}_{y}", "TIFF", bidx=band)
            length = dataset.get_tag_item(f"BLOCK_SIZE_{x}_{y}", "TIFF", bidx=band)
            if offset is not None and length is not None and int(offset) + int(length) > size:
                raise RasterError(
                    f"{name} is truncated: it has {size:,} bytes but its pixels end at byte "
                    f"{int(offset) + int(length):,}; copy or download it again."
                )


def _item_bytes(dtype: str) -> int:
    digits = re.sub(r"\D", "", dtype)
    return max(1, int(digits) // 8) if digits else 8


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error)
