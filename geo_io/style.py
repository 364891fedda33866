"""How an answer looks on a map: the style that travels inside the GeoPackage."""

from __future__ import annotations

import sqlite3
from pathlib import Path

ANSWER_STYLE = Path(__file__).parent.parent / "resources" / "styles" / "answer.qml"
"""Outlines graduated by score over an almost transparent fill, for use over imagery."""

_CREATE_TABLE = """
CREATE TABLE layer_styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
    f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
    useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
    update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))
"""

_REGISTER_TABLE = """
INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change, srs_id)
VALUES ('layer_styles', 'attributes', 'layer_styles', '', strftime('%Y-%m-%dT%H:%M:%fZ','now'), 0)
"""

_INSERT_STYLE = """
INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML,
    styleSLD, useAsDefault, description, owner) VALUES ('', '', ?, ?, 'answer', ?, '', 1, 'Score of each object', '')
"""


def embed_style(geopackage: Path, layer: str, geometry_column: str) -> None:
    """Make QGIS open a layer of a GeoPackage with the style of answers.

    Args:
        geopackage: the file, changed in place.
        layer: name of the layer.
        geometry_column: name of its geometry column.

    Raises:
        sqlite3.Error: the file cannot be changed.
    """
    qml = ANSWER_STYLE.read_text(encoding="utf-8")
    connection = sqlite3.connect(geopackage)
    try:
        with connection:
            connection.execute(_CREATE_TABLE)
            connection.execute(_REGISTER_TABLE)
            connection.execute(_INSERT_STYLE, (layer, geometry_column, qml))
    finally:
        connection.close()
