"""The interpreter from which the engine's environment is made."""

from __future__ import annotations

import os
import re
import shutil
import subprocess  # nosec B404 - an interpreter is asked for its version
import sys
from collections.abc import Iterable
from pathlib import Path

from .build import NO_WINDOW, EnvironmentFailedError
from .variables import clean_variables

PYTHONS = tuple((3, minor) for minor in range(10, 15))
"""Versions of Python for which the locks have wheels."""
LINUX_CPU_PYTHONS = ((3, 11),)
"""Versions for which PyTorch without CUDA is locked on Linux; the others take the larger one with CUDA."""
PROBE = "import sys, venv, ensurepip; print(sys.maxsize > 2**32, *sys.version_info[:2])"


def find_base_python(profile: str, candidates: Iterable[str] | None = None) -> tuple[str, str]:
    """Return an interpreter from which an environment can be made, and the profile that suits it.

    Args:
        profile: wanted; on Linux ``cpu`` becomes ``cuda``, which computes on processors too, where nothing else fits.
        candidates: programs to try, best first; None for QGIS's own interpreter and those on the path.

    Raises:
        EnvironmentFailedError: none is suitable.
    """
    found = {}
    for program in _candidates() if candidates is None else candidates:
        version = probe(program)
        if version is not None:
            found.setdefault(version, program)
    best = LINUX_CPU_PYTHONS if profile == "cpu" and sys.platform.startswith("linux") else PYTHONS
    for versions, name in ((best, profile), (PYTHONS, "cuda")):
        program = next((program for version, program in found.items() if version in versions), None)
        if program is not None:
            return program, name
    seen = "found " + ", ".join(f"{major}.{minor}" for major, minor in found) if found else "found none with venv"
    raise EnvironmentFailedError(
        f"No suitable Python on this computer ({seen}): install Python 3.11 with its venv module, "
        "or choose a Python that has the engine on the settings page."
    )


def probe(program: str) -> tuple[int, int] | None:
    """Return the version of a 64-bit interpreter with venv and pip; None if the program is no such thing."""
    try:
        text = subprocess.check_output(  # nosec B603 - a fixed argument list, no shell
            [program, "-I", "-c", PROBE],
            env=clean_variables(os.environ),
            timeout=30,
            text=True,
            creationflags=NO_WINDOW,
        )
        wide, major, minor = text.split()
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return (int(major), int(minor)) if wide == "True" else None


def _candidates() -> Iterable[str]:
    name = "python.exe" if sys.platform == "win32" else "python3"
    # sys.executable may be QGIS itself: starting that would open a second QGIS.
    for own in (Path(sys.executable), Path(sys.exec_prefix) / name, Path(sys.exec_prefix) / "bin" / name):
        if re.fullmatch(r"python[\d.]*(\.exe)?", own.name, re.IGNORECASE) and own.exists():
            yield str(own)
    for _, minor in PYTHONS:
        found = shutil.which(f"python3.{minor}")
        if found:
            yield found
