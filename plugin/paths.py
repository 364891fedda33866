"""Where the plugin's own files and the person's data lie."""

from __future__ import annotations

from pathlib import Path

PLUGIN_FOLDER = Path(__file__).resolve().parent.parent


def resource(name: str) -> str:
    """Return the path of a file under ``resources``, as text for Qt.

    Args:
        name: path below ``resources``, with forward slashes.
    """
    return str(PLUGIN_FOLDER / "resources" / name)
