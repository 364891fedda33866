"""The engine's Python environment as it lies on disk: where, from which lock, and whether it is still the right one.

A virtual environment in the person's data folder; QGIS's own Python is never touched. ``build`` makes it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from ..paths import resource

NEEDED_BYTES = {"cpu": 3_000_000_000, "cuda": 12_000_000_000}
"""Profile to the disk space that it takes."""
STATE_FILE = "referent.json"


@dataclass(frozen=True)
class State:
    """What an environment was made from."""

    profile: str
    """``cpu`` or ``cuda``."""
    lock: str
    """SHA-256 of the locks."""


def engine_folder(folder: Path) -> Path:
    """Return where the environment lies in the data folder."""
    return folder / "engine"


def python_of(environment: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def lock_files(profile: str) -> list[Path]:
    """Return the locks of a profile, in the order in which they are installed."""
    names = [profile]
    if profile == "cpu" and sys.platform.startswith("linux"):
        names.insert(0, "torch-cpu-linux")  # the package index offers PyTorch for Linux with CUDA alone
    return [Path(resource(f"locks/{name}.txt")) for name in names]


def lock_hash(profile: str) -> str:
    """Return the SHA-256 of the locks of a profile."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in lock_files(profile))).hexdigest()


def read_state(folder: Path) -> State | None:
    """Return what the environment was made from, None if there is no whole one."""
    environment = engine_folder(folder)
    try:
        body = json.loads((environment / STATE_FILE).read_text(encoding="utf-8"))
        state = State(str(body["profile"]), str(body["lock"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return state if python_of(environment).exists() else None


def is_outdated(state: State) -> bool:
    """Return whether the plugin's lock has changed since the environment was made."""
    return state.profile not in NEEDED_BYTES or state.lock != lock_hash(state.profile)


def remove(folder: Path) -> None:
    """Delete the environment and what an interrupted build left."""
    for name in ("engine", "engine.new", "engine.old"):
        delete(folder / name)


def delete(folder: Path) -> None:
    """Delete a folder if it is there; of a link only the link."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
