"""How much memory a scan takes at most, known before it starts: it grows with the width, never with the height."""

from __future__ import annotations

import logging

from ..geo_io.component import LABEL_BYTES, STRIP_PX
from ..geo_io.guard import GDAL_OPTIONS
from ..geo_io.mosaic import Mosaic
from .scan import BATCHES_BEHIND
from .scan_plan import ScanPlan
from .tiles import GROUPS_AHEAD, READERS

logger = logging.getLogger(__name__)


def memory_bound_mb(plan: ScanPlan) -> int:
    """Return what reading, blending and the search for objects hold at most, in MB, and log it.

    Libraries, the model at work, image features that are kept and the polygons found come on top.

    Args:
        plan: what will be scanned.
    """
    spec, width = plan.segmenter.spec, plan.scene.grid.width
    window, channels = spec.window_px, len(plan.expressions) + 1
    width = max(width, window)
    strip_px = width * window
    blending = Mosaic.strip_nbytes(channels, width, window)
    # Final rows as codes, of this strip and as they are handed on.
    final = 2 * channels * strip_px
    labels = LABEL_BYTES * min(strip_px, max(STRIP_PX, width))
    # Pixels and validity, as read, resampled and cut into tiles that overlap.
    reading = (GROUPS_AHEAD + READERS + 1) * 4 * 4 * window * (max(plan.tile_size_px, window) + window)
    batches = (BATCHES_BEHIND + 2) * plan.known_at_once * (2 * 4 * channels + 4) * window**2
    cache = int(str(GDAL_OPTIONS["GDAL_CACHEMAX"])) << 20
    bound = round((blending + final + labels + reading + batches + cache) / 1e6)
    logger.info(
        "%s: reading, blending and finding objects take at most %d MB beside the model, whatever the scene's height.",
        plan.scene.raster.path.name,
        bound,
    )
    return bound
