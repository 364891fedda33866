"""Every error that the raster and vector side raises on purpose.

Each message is one sentence for the person: what is wrong, the value, and what to do next.
"""

from __future__ import annotations


class GeoIOError(Exception):
    """Base of the errors of ``geo_io``."""


class RasterError(GeoIOError):
    """A raster cannot be opened, placed or read."""


class LayerError(GeoIOError):
    """A vector layer cannot be read or written."""


class OutputError(GeoIOError):
    """An output cannot be written where it was asked for."""
