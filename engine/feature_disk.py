"""Image features on disk: a question asked tomorrow, or by another process, needs no image encoder either.

One safetensors file per tile, in a folder of this user alone. Every file names the key that it belongs to and a
checksum of its tensors; what does not match is computed again, never trusted. Files appear by rename, so readers need
no lock; only the one process that makes room holds one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from filelock import FileLock, Timeout

from .. import __version__
from .errors import OptionsError
from .features import FeatureKey, FeatureStore, LayeredFeatureStore, TileRecord, shared_store

if TYPE_CHECKING:
    import torch

FORMAT = "referent-features/1"
FOLDER_NAME = "referent-features-1"
"""Made inside whatever folder a person names: only this is ever emptied."""
ENVIRONMENT_NAME = "REFERENT_CACHE_DIR"
OFF = "off"
CAPACITY_GB = 8.0
"""How much the cache may take unless the person says otherwise; a 4-megapixel view of ``small`` takes 0.12."""
KEPT_FREE_BYTES = 1 << 30
"""Nothing is added to a disk with less room than this."""
_CHECK_SHARE = 0.05
"""Room is made each time that this process has added so much of the capacity."""
_MAP = "map."


@dataclass(frozen=True)
class CacheFacts:
    """What is in the cache."""

    folder: Path
    files: int
    nbytes: int
    rasters: int


class DiskFeatureStore:
    """Keeps records in files and removes the least recently used; safe between threads and processes."""

    def __init__(
        self,
        folder: Path,
        capacity_bytes: int = int(CAPACITY_GB * 1e9),
        tell: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        """Name the folder; it is made with the first record.

        Args:
            folder: where the cache's own folder lies, or will.
            capacity_bytes: how much it may hold.
            tell: given one sentence when the folder cannot be written; work goes on without.
        """
        self.folder = folder / FOLDER_NAME
        self._capacity_bytes = capacity_bytes
        self._tell = tell
        self._is_writable = True
        self._added_bytes = capacity_bytes  # so that the first record looks how much is there
        self._lock = threading.Lock()

    def get(self, key: FeatureKey) -> TileRecord | None:
        """Return the record of a tile, or None if it is not known or its file is damaged."""
        text = _text(key)
        path = self._path(key, text)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        record = _decoded(content, text)
        if record is None:
            _try(path.unlink)
        else:
            _try(lambda: os.utime(path))  # the time of last use, for making room
        return record

    def put(self, key: FeatureKey, record: TileRecord, tiles: int) -> None:
        """Keep the record of a tile with data, as far as its scene fits; see ``FeatureStore``."""
        # Tiles without data are quicker read again than kept: sparse scenes have millions.
        if record.features is None or not self._is_writable:
            return
        if record.nbytes * tiles > self._capacity_bytes:
            return
        text = _text(key)
        path = self._path(key, text)
        if path.exists():
            return
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not self._has_room(record.nbytes):
                return
            _write_whole(path, _encoded(record, text))
        except OSError as error:
            self._stop(f"cannot be written ({error.strerror or error})")

    def facts(self) -> CacheFacts:
        """Return what is in the cache now."""
        sizes = [status.st_size for _, status in self._files()]
        rasters = sum(path.is_dir() for path in self.folder.iterdir()) if self.folder.is_dir() else 0
        return CacheFacts(self.folder, len(sizes), sum(sizes), rasters)

    def clear(self) -> CacheFacts:
        """Remove everything and return what there was.

        Raises:
            OSError: a file cannot be removed.
        """
        facts = self.facts()
        if self.folder.is_dir():
            shutil.rmtree(self.folder)
        return facts

    def _stop(self, reason: str) -> None:
        with self._lock:
            is_first, self._is_writable = self._is_writable, False
        if is_first:
            self._tell(
                f"The cache of image features in {self.folder.parent} {reason}, so nothing more is kept there: "
                "choose another folder with --cache-dir, or --no-cache."
            )

    def _has_room(self, nbytes: int) -> bool:
        """Make room from time to time, and tell whether there is any."""
        with self._lock:
            self._added_bytes += nbytes
            is_due = self._added_bytes > _CHECK_SHARE * self._capacity_bytes
            if is_due:
                self._added_bytes = 0
        if not is_due:
            return True
        self._make_room()
        if shutil.disk_usage(self.folder).free >= KEPT_FREE_BYTES:
            return True
        self._stop(f"is on a disk with less than {KEPT_FREE_BYTES >> 30} GB free")
        return False

    def _make_room(self) -> None:
        try:
            with FileLock(self.folder / "lock", timeout=0, mode=0o600):
                files = sorted(self._files(), key=lambda item: item[1].st_mtime_ns)
                surplus = sum(status.st_size for _, status in files) - (1 - _CHECK_SHARE) * self._capacity_bytes
                for path, status in files:
                    if surplus <= 0:
                        break
                    _try(path.unlink)
                    surplus -= status.st_size
        except Timeout:
            return  # another process is at it

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        for folder in self.folder.iterdir() if self.folder.is_dir() else ():
            for entry in os.scandir(folder) if folder.is_dir() else ():
                try:
                    yield Path(entry.path), entry.stat()
                except OSError:  # removed meanwhile by another process
                    continue

    def _path(self, key: FeatureKey, text: str) -> Path:
        return self.folder / key.raster / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.safetensors"


def default_folder(environment: Mapping[str, str]) -> Path | None:
    """Return the folder of the cache: the environment's, else where the system keeps what can be made again.

    Args:
        environment: of the process; ``REFERENT_CACHE_DIR`` names the folder, or is ``off``.

    Returns:
        The folder; None where the cache is off.
    """
    named = environment.get(ENVIRONMENT_NAME)
    if named:
        return None if named == OFF else Path(named).expanduser()
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "referent" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "referent"
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "referent"


def open_store(
    folder: Path | None,
    capacity_gb: float = CAPACITY_GB,
    tell: Callable[[str], None] = lambda sentence: None,
    *,
    in_memory: bool = True,
) -> FeatureStore:
    """Return a store that asks memory first and then the disk.

    Args:
        folder: of the cache on disk; None for memory alone.
        capacity_gb: how much it may hold, in gigabytes.
        tell: given a sentence when the folder cannot be written.
        in_memory: keep features in memory too; needless where nothing is asked of them.

    Raises:
        OptionsError: ``capacity_gb`` is not above 0.
    """
    if not capacity_gb > 0:
        raise OptionsError(f"The size of the cache, {capacity_gb:g} GB, must be above 0; turn it off with --no-cache.")
    if folder is None:
        return shared_store()
    disk = DiskFeatureStore(folder, int(capacity_gb * 1e9), tell)
    return LayeredFeatureStore(shared_store(), disk) if in_memory else disk


def _text(key: FeatureKey) -> str:
    """Return all that features depend on; the program's version stands for the code that computes them."""
    return json.dumps({"format": FORMAT, "version": __version__, **asdict(key)}, sort_keys=True)


def _encoded(record: TileRecord, text: str) -> bytes:
    import torch
    from safetensors.torch import save

    tensors = {} if record.features is None else {f"{_MAP}{n}": t.cpu() for n, t in record.features.maps.items()}
    tensors = {name: tensor.contiguous().clone() for name, tensor in tensors.items()}
    if record.valid_bits is not None:
        tensors["valid"] = torch.from_numpy(record.valid_bits)
    content: bytes = save(tensors, {"key": text, "checksum": str(_checksum(tensors))})
    return content


def _decoded(content: bytes, text: str) -> TileRecord | None:
    from safetensors import SafetensorError
    from safetensors.torch import load

    from ..core_model.segmenter import Features

    try:
        tensors = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        facts = header["__metadata__"]
        if facts["key"] != text or int(facts["checksum"]) != _checksum(tensors):
            return None
    except (SafetensorError, ValueError, KeyError, TypeError):
        return None
    maps = {name.removeprefix(_MAP): tensor for name, tensor in tensors.items() if name.startswith(_MAP)}
    valid = tensors["valid"].numpy() if "valid" in tensors else None
    return TileRecord(Features(maps), valid) if maps else None


def _checksum(tensors: Mapping[str, torch.Tensor]) -> int:
    import torch

    checksum = 0
    for name in sorted(tensors):
        checksum = zlib.crc32(name.encode(), checksum)
        # As bytes: numpy knows no bfloat16.
        flat = tensors[name].reshape(-1).view(torch.uint8).numpy()
        checksum = zlib.crc32(np.ascontiguousarray(flat).data, checksum)
    return checksum


def _write_whole(path: Path, content: bytes) -> None:
    handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")  # readable by this user only
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(part).replace(path)
    except BaseException:
        _try(Path(part).unlink)
        raise


def _try(action: Callable[[], object]) -> None:
    try:
        action()
    except OSError:
        return
