"""Layers appear whole or not at all, carry their metadata, and open styled in QGIS."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from referent.geo_io.errors import LayerError, OutputError
from referent.geo_io.layer import FORMATS, check_layer_output, parse_crs, read_metadata, write_layer

METADATA = {"stretch": {"lows": [0.0], "method": "as stored"}, "warnings": ["Größe, 大きさ, '; DROP TABLE x"]}


@pytest.fixture
def frame():
    left, bottom = 500_000, 5_000_000
    shapes = [shapely.box(left + i * 20, bottom, left + i * 20 + 10, bottom + 10) for i in range(3)]
    shapes[1] = shapely.Polygon(
        shapes[1].exterior, [shapely.box(left + 22, bottom + 2, left + 25, bottom + 5).exterior]
    )
    return gpd.GeoDataFrame(
        {
            "fid": np.arange(1, 4),
            "expression": ["'; DROP TABLE x --", "<b>{0} %s</b> \U0001f6a2", "بركة سباحة"],
            "class": ["", "boat", "swimming pool"],
            "score": [0.55, 0.75, 0.95],
            "area_m2": [100.0, 91.0, 100.0],
            "model": "small",
            "raster": "scene.tif",
        },
        geometry=shapes,
        crs="EPSG:32633",
    )


def read(path):
    if path.suffix == ".parquet":
        return gpd.read_parquet(path)
    return gpd.read_file(path, layer=str(pyogrio.list_layers(path)[0][0]))


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_gives_back_what_was_written(frame, tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    write_layer(frame, path, metadata=METADATA)
    back = read(path).sort_values("score")
    assert list(back["expression"]) == list(frame["expression"])
    assert list(back["area_m2"]) == list(frame["area_m2"])
    assert back.crs.to_epsg() == (4326 if suffix in (".geojson", ".json") else 32633)
    same = back.to_crs(frame.crs).geometry.symmetric_difference(frame.geometry, align=False)
    assert same.area.max() < 0.5
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", FORMATS)
def test_empty_answer_is_a_valid_layer_with_crs(frame, tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    write_layer(frame.iloc[:0], path, metadata=METADATA)
    back = read(path)
    assert len(back) == 0
    assert back.crs is not None
    if suffix in (".gpkg", ".fgb", ".parquet"):
        assert {"expression", "class", "score", "area_m2", "model", "raster"} <= set(back.columns)


def test_geopackage_keeps_fid_metadata_and_style(frame, tmp_path):
    path = tmp_path / "found.gpkg"
    write_layer(frame, path, metadata=METADATA)
    assert read_metadata(path) == METADATA
    with sqlite3.connect(path) as connection:
        assert [row[0] for row in connection.execute("SELECT fid FROM found")] == [1, 2, 3]
        ((name, default, qml),) = connection.execute("SELECT f_table_name, useAsDefault, styleQML FROM layer_styles")
    assert (name, default) == ("found", 1)
    assert 'attr="score"' in qml


def test_multipolygons_and_broken_rings_are_written(frame, tmp_path):
    frame.loc[0, "geometry"] = shapely.MultiPolygon(
        [frame.geometry[0], shapely.affinity.translate(frame.geometry[0], 0, 50)]
    )
    frame.loc[2, "geometry"] = shapely.Polygon(
        [(500_000, 5e6), (500_010, 5_000_010), (500_010, 5e6), (500_000, 5_000_010)]
    )
    write_layer(frame, tmp_path / "a.gpkg")
    back = read(tmp_path / "a.gpkg")
    assert len(back) == 3
    assert back.geometry.is_valid.all()


def test_antimeridian_is_cut_in_geojson(tmp_path):
    shape = shapely.box(830_000, 5_000_000, 870_000, 5_040_000)
    frame = gpd.GeoDataFrame({"fid": [1], "score": [0.9]}, geometry=[shape], crs="EPSG:32660")
    write_layer(frame, tmp_path / "a.geojson")
    back = read(tmp_path / "a.geojson")
    widths = [part.bounds[2] - part.bounds[0] for part in shapely.get_parts(back.geometry.iloc[0])]
    assert max(widths) < 1


def test_layer_without_crs_is_written(frame, tmp_path):
    for suffix in FORMATS:
        write_layer(frame.set_crs(None, allow_override=True), tmp_path / f"a{suffix}")
        assert len(read(tmp_path / f"a{suffix}")) == 3


def test_odd_names_are_safe(frame, tmp_path):
    folder = tmp_path / "größe und 'zitat'"
    folder.mkdir()
    path = folder / "a; drop! table \U0001f6a2.gpkg"
    write_layer(frame, path)
    assert [p.name for p in folder.iterdir()] == [path.name]
    path.rename(tmp_path / "plain.gpkg")  # pyogrio, not the file, minds the name
    assert len(read(tmp_path / "plain.gpkg")) == 3


def sentence(caught, *words):
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    for word in words:
        assert word in text, text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.shp", ("'.shp'", "use one of .gpkg")),
        ("noending", ("(none)",)),
        ("missing/a.gpkg", ("does not exist", "make it first")),
        ("folder.gpkg", ("is a folder",)),
        ("there.gpkg", ("exists already", "overwriting")),
        ("x" * 300 + ".gpkg", ("cannot be written", "choose another folder or name")),
    ],
)
def test_bad_outputs_are_found_before_work(tmp_path, name, words):
    (tmp_path / "folder.gpkg").mkdir()
    (tmp_path / "there.gpkg").write_text("precious")
    with pytest.raises(OutputError) as caught:
        check_layer_output(tmp_path / name)
    sentence(caught, *words)
    assert (tmp_path / "there.gpkg").read_text() == "precious"


def test_input_is_never_overwritten(tmp_path):
    path = tmp_path / "scene.gpkg"
    path.write_text("pixels")
    link = tmp_path / "link.gpkg"
    link.symlink_to(path)
    for output in (path, link):
        with pytest.raises(OutputError) as caught:
            check_layer_output(output, inputs=(path,), overwrite=True)
        sentence(caught, "is the input itself")


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_read_only_folder_is_found_before_work(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    folder.chmod(0o555)
    code = textwrap.dedent(
        """
        import os, sys
        if os.getuid() == 0:
            os.setuid(65534)
        from referent.geo_io.errors import OutputError
        from referent.geo_io.layer import check_layer_output
        try:
            check_layer_output(sys.argv[1])
        except OutputError as error:
            print(error)
        """
    )
    for parent in tmp_path.parents:
        if parent.name.startswith("pytest"):
            parent.chmod(0o755)
    tmp_path.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", code, folder / "a.gpkg"], capture_output=True, text=True, check=False)
    if "Permission denied" in done.stderr:
        pytest.skip("this checkout cannot be read by another user")
    assert "cannot be written (Permission denied)" in done.stdout, done


def test_full_disk_leaves_the_old_layer_as_it_was(frame, tmp_path):
    """RLIMIT_FSIZE stands for a full disk: writes fail in the middle."""
    path = tmp_path / "a.gpkg"
    write_layer(frame, path)
    before = path.read_bytes()
    big = gpd.GeoDataFrame(
        {"fid": range(1, 3001), "expression": "x" * 300}, geometry=[frame.geometry[0]] * 3000, crs=frame.crs
    )
    big.to_parquet(tmp_path / "big.parquet")
    code = textwrap.dedent(
        """
        import resource, signal, sys
        import geopandas as gpd
        from referent.geo_io.errors import OutputError
        from referent.geo_io.layer import write_layer
        frame = gpd.read_parquet(sys.argv[1])
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        try:
            write_layer(frame, sys.argv[2], overwrite=True)
        except OutputError as error:
            print(error)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "big.parquet", path], capture_output=True, text=True, check=False
    )
    assert "could not be written" in done.stdout, done
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.gpkg", "big.parquet"]


def test_layer_open_elsewhere_is_not_replaced(frame, tmp_path):
    path = tmp_path / "a.gpkg"
    write_layer(frame, path)
    (tmp_path / "a.gpkg-wal").write_bytes(b"")
    with pytest.raises(OutputError) as caught:
        write_layer(frame, path, overwrite=True)
    sentence(caught, "open in another program", "a.gpkg-wal")


def test_unknown_crs_is_refused():
    with pytest.raises(LayerError, match="'EPSG:999999' is not a CRS"):
        parse_crs("EPSG:999999")


def test_qgis_opens_the_layer_styled(frame, tmp_path):
    python = shutil.which("python3", path="/usr/bin")
    if (
        python is None
        or subprocess.run([python, "-c", "import qgis.core"], capture_output=True, check=False).returncode
    ):
        pytest.skip("no PyQGIS on this machine")
    path = tmp_path / "found.gpkg"
    write_layer(frame, path, metadata=METADATA)
    code = textwrap.dedent(
        """
        import sys
        from qgis.core import QgsApplication, QgsVectorLayer
        app = QgsApplication([], False)
        app.initQgis()
        layer = QgsVectorLayer(sys.argv[1], "found", "ogr")
        renderer = layer.renderer()
        print(layer.isValid(), layer.featureCount(), layer.crs().authid(), renderer.type(), renderer.classAttribute())
        ranges = renderer.ranges()
        symbol = ranges[0].symbol()
        print(len(ranges), symbol.symbolLayer(0).fillColor().alpha(), bool(layer.mapTipTemplate()))
        """
    )
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path)}
    done = subprocess.run([python, "-c", code, path], capture_output=True, text=True, check=False, env=environment)
    lines = done.stdout.splitlines()
    assert lines[:2] == ["True 3 EPSG:32633 graduatedSymbol score", "5 40 True"], done
    assert "partially supported" not in done.stderr
