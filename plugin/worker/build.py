"""Making the engine's environment: aside, from a lock whose every file has a hash, renamed when it is whole.

A cancelled or failed build leaves what was there. Knows no QGIS: network settings arrive as environment variables,
progress and cancelling as callables.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess  # nosec B404 - venv and pip are programs
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Callable

from . import environment
from .environment import STATE_FILE, State, delete, engine_folder, python_of

TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)
INSTALLING_SHARE = 0.85
"""Share of the work that is done when pip begins to unpack."""


class EnvironmentFailedError(Exception):
    """The environment cannot be made; the message is one sentence with a next step."""


class CancelledError(Exception):
    """The person cancelled."""


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
    fresh = request.folder / "engine.new"
    locks = environment.lock_files(request.profile)
    try:
        _check_space(request.folder, environment.NEEDED_BYTES[request.profile])
        delete(fresh)
        report(0.0, "venv")
        command = [request.base_python, "-I", "-m", "venv", str(fresh)]
        _follow(command, request.variables, lambda line: None, is_cancelled)
        read = _reader(locks, report)
        for lock in locks:
            _follow(_pip_command(fresh, lock, request.wheel_folder), request.variables, read, is_cancelled)
        state = State(request.profile, environment.lock_hash(request.profile))
        (fresh / STATE_FILE).write_text(json.dumps(asdict(state)), encoding="utf-8")
        _swap(fresh, engine_folder(request.folder))
    except OSError as error:
        raise EnvironmentFailedError(f"The engine cannot be written to {request.folder}: {error}.") from error
    finally:
        delete(fresh)
    report(1.0, "")
    return state


def _check_space(folder: Path, needed: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise EnvironmentFailedError(
            f"The engine needs {needed / 1e9:.0f} GB in {folder}, where {free / 1e9:.1f} GB are free: "
            "make room, or choose another folder on the settings page."
        )


def _pip_command(fresh: Path, lock: Path, wheel_folder: Path | None) -> list[str]:
    command = [str(python_of(fresh)), "-I", "-X", "utf8", "-m", "pip", "install", "--no-input", "--no-deps"]
    command += ["--disable-pip-version-check", "--no-warn-script-location", "--progress-bar", "off"]
    command += ["--require-hashes", "--only-binary", ":all:", "--retries", "2", "-r", str(lock)]
    if wheel_folder is not None:
        command += ["--no-index", "--find-links", str(wheel_folder)]
    elif lock.name.startswith("torch-cpu"):
        command += ["--index-url", TORCH_CPU_INDEX]
    return command


def _reader(locks: list[Path], report: Callable[[float, str], None]) -> Callable[[str], None]:
    """Return a function that turns pip's lines into a share done."""
    total = sum(len(re.findall(r"^[\w.-]+==", lock.read_text("utf-8"), re.MULTILINE)) for lock in locks)
    done = 0

    def read(line: str) -> None:
        nonlocal done
        verb = line.strip().partition(" ")[0]
        done += verb in ("Collecting", "Ignoring")
        if verb in ("Collecting", "Downloading", "Using", "Installing"):
            report(INSTALLING_SHARE * min(done / max(total, 1), 1.0), line.strip())

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


TROUBLES = {
    r"do not match the hashes|hash mismatch": "A downloaded file is not the one that the lock names (wrong SHA-256): "
    "try again, or on another network.",
    r"No space left|Errno 28|not enough space": "The disk is full: make room and press Prepare engine again.",
    r"CERTIFICATE_VERIFY_FAILED|SSLError": "The package index presents a certificate that this computer does not "
    "trust: add your organisation's certificate under Settings, Options, Authentication.",
    r"ProxyError|407 Proxy": "The proxy refuses the connection: check it under Settings, Options, Network.",
    r"NewConnectionError|Name or service not known|getaddrinfo|ReadTimeout|ConnectTimeout|Connection refused": "The "
    "package index cannot be reached: connect to the internet, or install from a wheel folder.",
}
"""What pip prints, and the sentence for it."""


def explain(lines: list[str]) -> str:
    """Return one sentence for a failed step, from what it printed."""
    text = "\n".join(lines)
    for pattern, sentence in TROUBLES.items():
        if re.search(pattern, text, re.IGNORECASE):
            return sentence
    errors = [line for line in lines if line.lower().startswith("error")] or lines[-1:] or ["no output"]
    return f"The engine could not be prepared: {errors[0][:300]}"


def _swap(fresh: Path, target: Path) -> None:
    old = target.with_name("engine.old")
    delete(old)
    if target.exists():
        target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    delete(old)
