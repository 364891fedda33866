"""Annotation layers: every row is used or accounted for, whatever the format, the geometry and the field names."""

from __future__ import annotations

import json
import sqlite3
import struct
import warnings
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from referent.geo_io.annotation import read_annotations, split_source
from referent.geo_io.annotation_rings import to_rings
from referent.geo_io.errors import LayerError

CRS = "EPSG:32633"


def write(path: Path, geometries: list, **columns: list) -> Path:
    geopandas.GeoDataFrame(columns, geometry=geometries, crs=CRS).to_file(path)
    return path


@pytest.mark.parametrize("ending", [".gpkg", ".geojson", ".shp", ".fgb", ".parquet"])
def test_reads_every_format(tmp_path: Path, ending: str):
    frame = geopandas.GeoDataFrame(
        {"class": ["tank", "pier"], "expression": ["the tank", None]},
        geometry=[box(0, 0, 4, 4), box(10, 0, 14, 2)],
        crs="EPSG:4326",
    )
    path = tmp_path / f"labels{ending}"
    frame.to_parquet(path) if ending == ".parquet" else frame.to_file(path)
    layer = read_annotations(path, "class", "expression"[: 10 if ending == ".shp" else None])
    assert {(row.class_name, row.expressions) for row in layer.annotations} == {("tank", ("the tank",)), ("pier", ())}
    assert layer.crs.to_epsg() == 4326
    assert not layer.notes
    assert sum(row.polygon.area for row in layer.annotations) == pytest.approx(24)


def test_field_names_may_differ_in_case_only(tmp_path: Path):
    path = write(tmp_path / "a.gpkg", [box(0, 0, 1, 1)], Class=["tank"], EXPRESSION=["the tank"])
    assert read_annotations(path).annotations[0].expressions == ("the tank",)


def test_missing_field_is_named_with_those_that_are_there(tmp_path: Path):
    path = write(tmp_path / "a.gpkg", [box(0, 0, 1, 1)], kind=["tank"])
    with pytest.raises(LayerError, match=r"no field 'class'; its fields are 'kind': .*--class-field"):
        read_annotations(path)
    with pytest.raises(LayerError, match=r"no field 'text'.*--expression-field"):
        read_annotations(path, "kind", "text")
    assert read_annotations(path, "kind").annotations[0].expressions == ()
    assert read_annotations(path, class_name="silo").annotations[0].class_name == "silo"


def test_rows_that_cannot_be_used_are_named_one_by_one(tmp_path: Path):
    geometries = [
        box(0, 0, 2, 2),
        None,
        Polygon(),
        Polygon([(0, 0), (5, 0), (0, 0)]),
        Point(1, 1),
        LineString([(0, 0), (1, 1)]),
        box(5, 5, 6, 6),
        box(7, 7, 8, 8),
    ]
    path = write(tmp_path / "a.gpkg", geometries, **{"class": ["a", "a", "a", "a", "a", "a", None, "  "]})
    layer = read_annotations(path)
    assert [row.row for row in layer.annotations] == [1]
    assert [(note.row, note.outcome) for note in layer.notes] == [(row, "skipped") for row in range(2, 9)]
    reasons = [note.reason for note in layer.notes]
    assert reasons[0] == "it has no geometry"
    assert "empty" in reasons[1]
    assert "no area" in reasons[2]
    assert "Point" in reasons[3]
    assert "LineString" in reasons[4]
    assert reasons[5] == reasons[6] == "the field 'class' is empty"
    assert layer.row_count == 8


def test_broken_outlines_are_mended_and_said(tmp_path: Path):
    bow_tie = Polygon([(0, 0), (4, 4), (4, 0), (0, 4)])
    path = write(tmp_path / "a.gpkg", [bow_tie, box(9, 9, 10, 10)], **{"class": ["a", "a"]})
    layer = read_annotations(path)
    assert layer.annotations[0].polygon.is_valid
    assert layer.annotations[0].polygon.area == pytest.approx(8)
    assert [(note.row, note.outcome) for note in layer.notes] == [(1, "mended")]
    assert "self-intersection" in str(layer.notes[0])


def test_z_and_many_parts_are_one_flat_object(tmp_path: Path):
    solid = Polygon([(0, 0, 7), (2, 0, 7), (2, 2, 7), (0, 2, 7)])
    pair = MultiPolygon([box(5, 0, 6, 1), box(8, 0, 9, 1)])
    path = write(tmp_path / "a.gpkg", [solid, pair], **{"class": ["a", "b"]})
    first, second = read_annotations(path).annotations
    assert not first.polygon.has_z
    assert second.polygon.geom_type == "MultiPolygon"
    assert second.polygon.area == pytest.approx(2)


def test_curves_become_straight(tmp_path: Path):
    path = tmp_path / "curves.gpkg"
    frame = geopandas.GeoDataFrame({"class": ["disc"]}, geometry=[box(0, 0, 1, 1)], crs=CRS)
    frame.to_file(path, layer="curves", SPATIAL_INDEX="NO")
    # A full circle of radius 5 around (10, 10) as a CURVEPOLYGON of one CIRCULARSTRING, in a GeoPackage blob.
    points = [(5, 10), (10, 15), (15, 10), (10, 5), (5, 10)]
    arc = struct.pack("<BII", 1, 8, len(points)) + b"".join(struct.pack("<dd", *point) for point in points)
    blob = b"GP\0\x01" + struct.pack("<i", 32633) + struct.pack("<BII", 1, 10, 1) + arc
    with sqlite3.connect(path) as base:
        base.execute("UPDATE gpkg_geometry_columns SET geometry_type_name='CURVEPOLYGON'")
        base.execute("UPDATE curves SET geom=?", (blob,))
    (disc,) = read_annotations(path).annotations
    assert disc.polygon.geom_type == "Polygon"
    assert disc.polygon.area == pytest.approx(np.pi * 25, rel=0.01)


def test_ring_too_short_to_read_is_a_row_not_a_crash(tmp_path: Path):
    path = tmp_path / "a.geojson"
    rings = [[[0, 0], [1, 0], [0, 0]], [[0, 0], [1, 0], [1, 1], [0, 0]]]
    features = [
        {"type": "Feature", "properties": {"class": "a"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for ring in rings
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    layer = read_annotations(path)
    assert len(layer.annotations) == 1
    assert len(layer.notes) == 1


def test_rows_with_one_id_stay_two_objects(tmp_path: Path):
    path = tmp_path / "a.geojson"
    features = [
        {
            "type": "Feature",
            "id": 7,
            "properties": {"id": 7, "class": "a"},
            "geometry": shapely.geometry.mapping(box(x, 0, x + 1, 1)),
        }
        for x in (0, 5)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(read_annotations(path).annotations) == 2


def test_polygon_drawn_twice_is_one_object_with_both_expressions(tmp_path: Path):
    twice = [box(0, 0, 2, 2), Polygon([(2, 2), (0, 2), (0, 0), (2, 0)]), box(0, 0, 2, 2)]
    path = write(tmp_path / "a.gpkg", twice, **{"class": ["a", "a", "b"]}, expression=["one", "two", "three"])
    layer = read_annotations(path)
    assert [(row.class_name, row.expressions) for row in layer.annotations] == [
        ("a", ("one", "two")),
        ("b", ("three",)),
    ]
    assert [str(note) for note in layer.notes] == ["a.gpkg row 2 mended: it repeats row 1; they are one object"]


def test_texts_are_cleaned_and_nulls_of_all_kinds_are_empty(tmp_path: Path):
    texts = ["  the \n red\ttank\0 ", "NULL", "nan", "", None, "x" * 501]
    path = write(tmp_path / "a.gpkg", [box(x, 0, x + 1, 1) for x in range(6)], **{"class": [1.0] * 6}, expression=texts)
    layer = read_annotations(path)
    assert [row.expressions for row in layer.annotations] == [("the red tank",), (), (), (), (), ()]
    assert {row.class_name for row in layer.annotations} == {"1"}
    assert [note.row for note in layer.notes] == [6]


def test_layer_of_a_file_with_several(tmp_path: Path):
    path = tmp_path / "many.gpkg"
    for name in ("roofs", "trees"):
        frame = geopandas.GeoDataFrame({"class": [name]}, geometry=[box(0, 0, 1, 1)], crs=CRS)
        frame.to_file(path, layer=name)
    with pytest.raises(LayerError, match=r"holds the layers roofs, trees: say which, as 'many.gpkg\|layername=roofs'"):
        read_annotations(path)
    assert read_annotations(f"{path}|layername=trees").annotations[0].class_name == "trees"
    assert split_source(f"{path}|layername=trees|subset=x") == (path, "trees")
    with pytest.raises(LayerError, match="no layer 'cars' but roofs, trees"):
        read_annotations(f"{path}|layername=cars")


def test_styles_stored_by_qgis_are_no_layer(tmp_path: Path):
    path = write(tmp_path / "a.gpkg", [box(0, 0, 1, 1)], **{"class": ["a"]})
    pyogrio.write_dataframe(
        geopandas.pd.DataFrame({"styleName": ["a"]}), path, layer="layer_styles", driver="GPKG", append=True
    )
    assert len(read_annotations(path).annotations) == 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("nothing.gpkg", None, "does not exist"),
        ("labels.vrt", "<OGRVRTDataSource/>", "ending '.vrt'"),
        ("broken.gpkg", "no geopackage", "cannot be read"),
        ("broken.geojson", "{", "cannot be read"),
        ("broken.parquet", "PAR", "cannot be read"),
    ],
)
def test_files_that_are_no_layers(tmp_path: Path, name: str, content: str | None, words: str):
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(LayerError, match=words):
        read_annotations(tmp_path / name)


def test_rings_keep_area_and_holes():
    from referent.core_model.data.augment import draw_mask
    from referent.core_model.data.polygon import ring_area

    holes = [[(10, 10), (20, 10), (20, 30), (10, 30)], [(30, 12), (38, 12), (38, 20), (30, 20)]]
    yard = Polygon([(4, 4), (60, 4), (60, 40), (4, 40)], holes)
    rings = to_rings(MultiPolygon([yard, box(4, 50, 14, 60)]))
    assert len(rings) == 2
    assert ring_area(rings[0]) == pytest.approx(yard.area)
    drawn = draw_mask(rings, 64, 1) > 127
    assert not drawn[20, 15]
    assert not drawn[16, 34]
    assert drawn[35, 15]
    assert drawn[55, 9]
    # Pillow also fills the pixels under the lines.
    assert abs(drawn.sum() - yard.area - 100) < 0.6 * (yard.length + 40)
