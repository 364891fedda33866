"""Learning rates as shares of the highest one: pure functions of the step."""

from __future__ import annotations

import math

POLY_POWER = 0.9


def cosine_rate(step: int, steps: int, warmup_steps: int) -> float:
    """Return a linear rise, then half a cosine down to 1 %."""
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    progress = (step - warmup_steps) / max(1, steps - warmup_steps)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def poly_rate(step: int, steps: int) -> float:
    """Return (1 - step / steps)^0.9: 1 at the first step, towards 0 at the last, 0 beyond.

    The published LRB-WREL code counts the bank's steps wrongly when the bank does not move in every step; its base then
    falls below zero and the power turns complex. Here the base stops at 0, and ``steps`` is counted exactly.
    """
    return float(max(0.0, 1 - step / max(1, steps)) ** POLY_POWER)
