"""Learning rates as shares of the highest one: pure functions of the step."""

from __future__ import annotations

import math

POLY_POWER = 0.9


def cosine_rate(step: int, steps: int, warmup_steps: int, decay_share: float = 1.0) -> float:
    """Return a linear rise, then half a cosine down to 1 %.

    Args:
        step: from 0.
        steps: of the whole run.
        warmup_steps: over which the rate rises.
        decay_share: share of the steps, at the end, over which the rate falls. Below 1 it is held in between, so that a
            run can be made longer as long as it is held.
    """
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    start = max(warmup_steps, steps * (1 - decay_share))
    progress = max(0.0, step - start) / max(1.0, steps - start)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def poly_rate(step: int, steps: int) -> float:
    """Return (1 - step / steps)^0.9: 1 at the first step, towards 0 at the last, 0 beyond.

    The published LRB-WREL code counts the bank's steps wrongly when the bank does not move in every step; its base then
    falls below zero and the power turns complex. Here the base stops at 0, and ``steps`` is counted exactly.
    """
    return float(max(0.0, 1 - step / max(1, steps)) ** POLY_POWER)
