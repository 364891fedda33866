"""The environment variables of another Python than QGIS's."""

from __future__ import annotations

from collections.abc import Mapping

FOREIGN = ("PYTHON", "VIRTUAL_ENV", "CONDA_", "GDAL_", "PROJ_", "QT_", "OSGEO", "GISBASE", "QGIS")
LOADER = ("LD_LIBRARY_PATH", "LD_PRELOAD", "SSL_CERT_FILE", "SSL_CERT_DIR")


def clean_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return environment variables without those by which QGIS would lead another Python astray."""
    kept = {name: value for name, value in variables.items() if not name.startswith((*FOREIGN, "DYLD_"))}
    for name in LOADER:
        kept.pop(name, None)
    kept["PYTHONNOUSERSITE"] = "1"
    return kept
