"""The engine's Python environment: made, checked, repaired and removed, never touching QGIS's own Python.

A virtual environment in the person's data folder, filled from a committed lock whose every file has a hash. It is built
aside (``engine.new``) and renamed when it is whole, so a cancelled or failed build leaves what was there. Knows no
QGIS: network settings arrive as environment variables, progress and cancelling as callables.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess  # nosec B404 - venv and pip are programs
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Callable

from ..paths import resource
from .variables import clean_variables

PYTHONS = tuple((3, minor) for minor in range(10, 15))
"""Versions of Python for which the lock has wheels."""
NEEDED_BYTES = {"cpu": 3_000_000_000, "cuda": 12_000_000_000}
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
"""Linux only: the package index offers PyTorch for Linux with CUDA alone."""
STATE_FILE = "referent.json"
NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)
PROBE = "import sys, venv, ensurepip; print(*sys.version_info[:2]); print(sys.maxsize > 2**32)"


class EnvironmentFailedError(Exception):
    """The environment cannot be made; the message is one sentence with a next step."""


class CancelledError(Exception):
    """The person cancelled."""


@dataclass(frozen=True)
class State:
    """What an environment was made from."""

    profile: str
    """``cpu`` or ``cuda``."""
    lock: str
    """SHA-256 of the lock."""
    python: str
    """The interpreter that it was made with."""


@dataclass(frozen=True)
class Request:
    """How to make an environment."""

    folder: Path
    """The data folder; the environment is its child ``engine``."""
    profile: str
    base_python: str
    variables: Mapping[str, str]
    """Environment variables for pip: proxy, certificates, the person's own pip settings."""
    wheel_folder: Path | None = None
    """Install from here and never from a network."""


def engine_folder(folder: Path) -> Path:
    """Return where the environment lies in the data folder."""
    return folder / "engine"


def python_of(environment: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def lock_files(profile: str) -> list[Path]:
    """Return the locks of a profile, in the order in which they are installed."""
    locks = [Path(resource(f"locks/{profile}.txt"))]
    if profile == "cpu" and sys.platform.startswith("linux"):
        locks.insert(0, Path(resource("locks/torch-cpu-linux.txt")))
    return locks


def lock_hash(profile: str) -> str:
    """Return the SHA-256 of the locks of a profile."""
    digest = hashlib.sha256()
    for path in lock_files(profile):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def read_state(folder: Path) -> State | None:
    """Return what the environment was made from, None if there is no whole one."""
    environment = engine_folder(folder)
    try:
        body = json.loads((environment / STATE_FILE).read_text(encoding="utf-8"))
        state = State(body["profile"], body["lock"], body["python"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return state if python_of(environment).exists() else None


def is_outdated(state: State) -> bool:
    """Return whether the plugin's lock has changed since the environment was made."""
    return state.profile not in NEEDED_BYTES or state.lock != lock_hash(state.profile)


def find_base_python(profile: str, candidates: Iterable[str] | None = None) -> str:
    """Return an interpreter from which the environment can be made.

    Args:
        profile: on Linux the CPU lock has PyTorch for Python 3.11 only.
        candidates: programs to try, best first; None for QGIS's own interpreter and those on the path.

    Raises:
        EnvironmentFailedError: none is suitable.
    """
    versions = ((3, 11),) if profile == "cpu" and sys.platform.startswith("linux") else PYTHONS
    seen = []
    for program in candidates if candidates is not None else _candidates():
        version = probe(program)
        if version in versions:
            return program
        if version is not None:
            seen.append(".".join(map(str, version)))
    wanted = " or ".join(f"{major}.{minor}" for major, minor in versions)
    found = f"found {', '.join(dict.fromkeys(seen))}" if seen else "found none with venv and pip"
    raise EnvironmentFailedError(
        f"No suitable Python on this computer ({found}): install Python {wanted} with its venv module, "
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
        version, wide = text.split("\n")[:2]
        major, minor = version.split()
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return (int(major), int(minor)) if wide.strip() == "True" else None


def _candidates() -> Iterable[str]:
    name = "python.exe" if sys.platform == "win32" else "python3"
    # sys.executable may be QGIS itself: starting that would open a second QGIS.
    for own in (Path(sys.executable), Path(sys.exec_prefix) / name, Path(sys.exec_prefix) / "bin" / name):
        if re.fullmatch(r"python[\d.]*(\.exe)?", own.name, re.IGNORECASE) and own.exists():
            yield str(own)
    for minor in (12, 11, 13, 10, 14):
        found = shutil.which(f"python3.{minor}")
        if found:
            yield found


def prepare(request: Request, report: Callable[[float, str], None], is_cancelled: Callable[[], bool]) -> State:
    """Make the environment, replacing the one that is there.

    Args:
        request: how.
        report: told the share done in [0, 1] and one line about what is going on.
        is_cancelled: asked several times a second.

    Raises:
        EnvironmentFailedError: no space, no network, a damaged download: the sentence says which.
        CancelledError: ``is_cancelled`` said so.
    """
    folder, fresh = request.folder, request.folder / "engine.new"
    _check_space(folder, NEEDED_BYTES[request.profile])
    _delete(fresh)
    try:
        report(0.0, "venv")
        _follow(
            [request.base_python, "-I", "-m", "venv", str(fresh)], request.variables, lambda line: None, is_cancelled
        )
        count = _counter(lock_files(request.profile), report)
        for lock in lock_files(request.profile):
            _follow(_pip_command(fresh, lock, request.wheel_folder), request.variables, count, is_cancelled)
        state = State(request.profile, lock_hash(request.profile), request.base_python)
        (fresh / STATE_FILE).write_text(json.dumps(asdict(state)), encoding="utf-8")
        _swap(fresh, engine_folder(folder))
    except OSError as error:
        raise EnvironmentFailedError(f"The engine cannot be written to {folder}: {error}.") from error
    finally:
        _delete(fresh)
    report(1.0, "")
    return state


def remove(folder: Path) -> None:
    """Delete the environment and what an interrupted build left."""
    for name in ("engine", "engine.new", "engine.old"):
        _delete(folder / name)


def _check_space(folder: Path, needed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise EnvironmentFailedError(
            f"The engine needs {needed / 1e9:.0f} GB in {folder}, where {free / 1e9:.1f} GB are free: "
            "make room, or choose another folder on the settings page."
        )


def _pip_command(environment: Path, lock: Path, wheel_folder: Path | None) -> list[str]:
    command = [str(python_of(environment)), "-I", "-X", "utf8", "-m", "pip", "install", "--no-input", "--no-deps"]
    command += ["--disable-pip-version-check", "--no-warn-script-location", "--progress-bar", "off"]
    command += ["--require-hashes", "--only-binary", ":all:", "--retries", "2", "-r", str(lock)]
    if wheel_folder is not None:
        command += ["--no-index", "--find-links", str(wheel_folder)]
    elif lock.name.startswith("torch-cpu"):
        command += ["--index-url", TORCH_CPU_INDEX]
    return command


def _counter(locks: list[Path], report: Callable[[float, str], None]) -> Callable[[str], None]:
    """Return a function that turns pip's lines into a share done."""
    names = {name for path in locks for name in re.findall(r"^([\w.-]+)==", path.read_text("utf-8"), re.MULTILINE)}
    seen: set[str] = set()

    def read(line: str) -> None:
        verb, _, rest = line.strip().partition(" ")
        if verb in ("Collecting", "Ignoring"):
            seen.add(re.split(r"[=<>:; ]", rest)[0].lower())
        if verb in ("Collecting", "Downloading", "Using", "Installing"):
            report(0.85 if verb == "Installing" else 0.8 * min(len(seen) / max(len(names), 1), 1.0), line.strip())

    return read


def _follow(
    command: list[str], variables: Mapping[str, str], read: Callable[[str], None], is_cancelled: Callable[[], bool]
) -> None:
    process = subprocess.Popen(  # nosec B603 - a fixed argument list, no shell
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(variables),
        creationflags=NO_WINDOW,
    )
    lines: list[str] = []

    def drain() -> None:
        for raw in process.stdout or ():
            lines.append(raw.decode("utf-8", "replace").rstrip())
            read(lines[-1])

    reader = threading.Thread(target=drain, daemon=True)
    reader.start()
    while process.poll() is None:
        if is_cancelled():
            process.kill()
            process.wait()
            raise CancelledError
        reader.join(0.1)
    reader.join(5)
    if process.returncode != 0:
        raise EnvironmentFailedError(explain(lines))


TROUBLES = (
    (
        r"do not match the hashes|hash mismatch",
        "A downloaded file is not the one that the lock names (wrong SHA-256): try again, or on another network.",
    ),
    (r"No space left|Errno 28|not enough space", "The disk is full: make room and press Prepare engine again."),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "The package index presents a certificate that this computer does not trust: "
        "add your organisation's certificate under Settings, Options, Authentication.",
    ),
    (r"ProxyError|407 Proxy", "The proxy refuses the connection: check it under Settings, Options, Network."),
    (
        r"NewConnectionError|Name or service not known|getaddrinfo|ReadTimeout|ConnectTimeout|Connection refused",
        "The package index cannot be reached: connect to the internet, or install from a wheel folder.",
    ),
)


def explain(lines: list[str]) -> str:
    """Return one sentence for a failed step, from what it printed."""
    text = "\n".join(lines)
    for pattern, sentence in TROUBLES:
        if re.search(pattern, text, re.IGNORECASE):
            return sentence
    errors = [line for line in lines if line.lower().startswith("error")] or lines[-1:] or ["no output"]
    return f"The engine could not be prepared: {errors[0][:300]}"


def _swap(fresh: Path, target: Path) -> None:
    old = target.with_name("engine.old")
    _delete(old)
    if target.exists():
        target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    _delete(old)


def _delete(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
