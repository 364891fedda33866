"""How jobs say how far they are. Standard library only: the worker and the command line both listen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far one stage of a job is."""

    stage: str
    """What is being done, one lower-case verb such as ``segment``."""
    done: int
    """Units finished in this stage."""
    total: int
    """Units of this stage; at least 1, never below ``done``."""
    unit: str
    """What is counted, plural, such as ``tiles``."""


ProgressSink = Callable[[Progress], None]
"""Takes every report of a job; called often, so it must return quickly and never raise."""
