"""Where to export, and how: one question to the person."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtWidgets import QFileDialog, QWidget

from .. import settings
from ..i18n import tr
from .export import ExportError, export_entries
from .results import Entry


def ask_and_export(parent: QWidget, current: Entry | None, entries: list[Entry]) -> tuple[str, bool]:
    """Ask for a file and write answers to it.

    Args:
        parent: of the dialog.
        current: the chosen answer.
        entries: every answer.

    Returns:
        A sentence for the person, empty if nothing was chosen, and whether it tells of a problem.
    """
    filters = {
        tr("GeoPackage, this question (*.gpkg)"): (".gpkg", False, False),
        tr("GeoPackage, a layer per question (*.gpkg)"): (".gpkg", True, False),
        tr("GeoPackage, one layer of all questions (*.gpkg)"): (".gpkg", True, True),
        tr("GeoJSON, this question (*.geojson)"): (".geojson", False, True),
        tr("GeoJSON, all questions (*.geojson)"): (".geojson", True, True),
        tr("FlatGeobuf, this question (*.fgb)"): (".fgb", False, True),
        tr("FlatGeobuf, all questions (*.fgb)"): (".fgb", True, True),
    }
    start = settings.get("export_folder") or str(Path.home())
    path, chosen = QFileDialog.getSaveFileName(parent, tr("Export answers"), start, ";;".join(filters))
    if not path:
        return "", False
    suffix, is_all, one_layer = filters[chosen]
    if Path(path).suffix.lower() != suffix:
        path += suffix
    settings.put("export_folder", str(Path(path).parent))
    wanted = entries if is_all else [current] if current is not None else []
    try:
        count = export_entries(wanted, path, one_layer=one_layer)
    except ExportError as error:
        return str(error), True
    return tr("{count} polygons written to {path}.").replace("{count}", str(count)).replace("{path}", path), False
