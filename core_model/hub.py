"""Parts from the hub: settings that are plain data, and weights at a pinned commit only."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from .errors import CheckpointError

_COMMIT = re.compile(r"[0-9a-f]{40}")


def hub_settings(settings: dict[str, Any]) -> Any:
    """Return the ``transformers`` configuration of a plain dictionary; nothing is fetched and no code is named.

    Args:
        settings: ``model_type``, one that this ``transformers`` knows, and sizes.

    Raises:
        CheckpointError: the type or a size is not known.
    """
    from transformers import AutoConfig

    values = {name: value for name, value in settings.items() if name not in ("model_type", "auto_map")}
    try:
        return AutoConfig.for_model(settings["model_type"], **values)
    except (ValueError, TypeError, KeyError) as error:
        raise CheckpointError(f"The encoder settings {settings} are not usable: {error}.") from error


def pinned_source(hub_id: str, revision: str) -> dict[str, Any]:
    """Return where ``from_pretrained`` shall load from: a local folder, or a hub repository at a commit.

    Raises:
        CheckpointError: the repository is not pinned to a commit.
    """
    if Path(hub_id).is_dir():
        return {"pretrained_model_name_or_path": hub_id}
    if not _COMMIT.fullmatch(revision):
        raise CheckpointError(
            f"The weights of '{hub_id}' are not pinned: set 'revision' to the 40-digit commit that its hub page shows, "
            "or 'hub_id' to a local copy."
        )
    return {"pretrained_model_name_or_path": hub_id, "revision": revision}
