"""A report for a bug ticket: what is installed, what was set, what the engine said last; nothing private."""

from __future__ import annotations

import getpass
import platform
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from qgis.core import Qgis
from qgis.PyQt.QtCore import QT_VERSION_STR

from . import settings
from .worker.environment import is_outdated, read_state
from .worker.service import EngineService, engine_python

HIDDEN_SETTINGS = ("history",)
"""What people have asked is theirs."""


def report(service: EngineService, plugin_version: str) -> str:
    """Return the report as plain text.

    Args:
        service: its last lines of standard error are included.
        plugin_version: of this plugin.
    """
    state = read_state(settings.data_folder())
    python = engine_python()
    lines = [
        f"Referent {plugin_version}",
        f"QGIS {Qgis.QGIS_VERSION}, Qt {QT_VERSION_STR}, Python {sys.version.split()[0]}",
        f"{platform.platform()}, {platform.machine()}",
        f"engine Python: {python or 'none'}",
        f"environment: {state.profile + (', outdated' if is_outdated(state) else '') if state else 'none'}",
        "",
        "settings:",
        *(f"  {name} = {settings.get(name)}" for name in settings.DEFAULTS if name not in HIDDEN_SETTINGS),
        "",
        "last lines of the engine:",
        *(f"  {line}" for line in service.last_words[-100:]),
    ]
    return redact("\n".join(lines))


def redact(text: str, private: Iterable[str] | None = None) -> str:
    """Return a text without home folder, account and computer name, passwords in addresses, and keys.

    Args:
        text: any text.
        private: words to hide; None for those of this computer.
    """
    home = str(Path.home())
    for spelling in {home, home.replace("\\", "/"), home.replace("\\", "\\\\")}:
        if len(spelling) > 1:
            text = text.replace(spelling, "~")
    text = re.sub(r"(/home/|/Users/|[A-Za-z]:[\\/]+Users[\\/]+)[^\\/\s:'\"]+", r"\1…", text)
    text = re.sub(r"(\w+://)[^/\s:@]+:[^/\s@]+@", r"\1…:…@", text)
    text = re.sub(r"(?i)\b((?:api[_-]?)?(?:key|token|password|passwd|secret))(\s*[=:]\s*)\S+", r"\1\2…", text)
    words = private if private is not None else (_account(), platform.node())
    for word in words:
        if len(word) > 2:
            text = re.sub(rf"\b{re.escape(word)}\b", "…", text)
    return text


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
