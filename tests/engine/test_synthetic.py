from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pyproj
import pytest
import rasterio
import rasterio.features

from referent.core_model.synthetic import GSD_M, render_chip
from referent.engine.errors import OptionsError
from referent.engine.synthetic import Placement, truth_layer, write_scene, write_truth

PICTURE = render_chip(np.random.default_rng(5), 128, "tanks")

PLACEMENTS = [
    Placement(),
    Placement(crs="EPSG:4326"),
    Placement(crs="EPSG:2230"),
    Placement(crs="EPSG:3857", center_lonlat=(0.0, 0.0)),
    Placement(rotation_deg=30.0),
    Placement(south_up=True),
    Placement(rotation_deg=-75.0, south_up=True, dtype="uint16"),
    Placement(dtype="float32"),
]


@pytest.mark.parametrize("placement", PLACEMENTS, ids=repr)
def test_objects_lie_on_their_pixels_whatever_the_placement(tmp_path: Path, placement: Placement) -> None:
    path = tmp_path / "scene.tif"
    to_map = write_scene(path, PICTURE, placement)
    truth = truth_layer(PICTURE, to_map, placement.crs)
    with rasterio.open(path) as source:
        values = source.read().astype(float)
        inside = rasterio.features.geometry_mask(truth.geometry, source.shape, source.transform, invert=True)
    pixels = PICTURE.image[::-1] if placement.south_up else PICTURE.image
    in_picture = rasterio.features.geometry_mask(
        truth_layer(PICTURE, rasterio.Affine.identity(), "EPSG:32611").geometry,
        (128, 128),
        rasterio.Affine.identity(),
        invert=True,
    )
    expected = in_picture[::-1] if placement.south_up else in_picture
    assert (inside == expected).mean() > 0.995
    assert np.corrcoef(values.ravel(), np.moveaxis(pixels, -1, 0).ravel())[0, 1] > 0.999


@pytest.mark.parametrize("placement", PLACEMENTS, ids=repr)
def test_areas_on_the_ground_are_the_same_whatever_the_placement(placement: Placement, tmp_path: Path) -> None:
    to_map = write_scene(tmp_path / "scene.tif", PICTURE, placement)
    truth = truth_layer(PICTURE, to_map, placement.crs)
    geod = pyproj.Geod(ellps="WGS84")
    on_ground = [abs(geod.geometry_area_perimeter(shape)[0]) for shape in truth.to_crs("EPSG:4326").geometry]
    in_pixels = truth_layer(PICTURE, rasterio.Affine.identity(), "EPSG:32611").area * GSD_M**2
    assert np.allclose(on_ground, in_pixels, rtol=0.01)


def test_nodata_strip_is_masked(tmp_path: Path) -> None:
    write_scene(tmp_path / "scene.tif", PICTURE, Placement(nodata=0, nodata_margin_px=10))
    with rasterio.open(tmp_path / "scene.tif") as source:
        mask = source.read_masks(1)
    assert not mask[:, :10].any()
    assert mask[:, 10:].any()


def test_truth_comes_back_from_its_file(tmp_path: Path) -> None:
    to_map = write_scene(tmp_path / "scene.tif", PICTURE)
    written = write_truth(tmp_path / "truth.gpkg", PICTURE, to_map, "EPSG:32611")
    read = geopandas.read_file(tmp_path / "truth.gpkg")
    assert list(read["class"]) == list(written["class"])
    assert read.crs == pyproj.CRS("EPSG:32611")


@pytest.mark.parametrize("placement", [Placement(crs="EPSG:0"), Placement(dtype="int8")])  # type: ignore[arg-type]
def test_impossible_placements_are_refused_in_words(tmp_path: Path, placement: Placement) -> None:
    with pytest.raises(OptionsError, match=r"EPSG:0|int8"):
        write_scene(tmp_path / "scene.tif", PICTURE, placement)
