"""Layers over rasters become chips: placed right in any CRS, split by place, every row accounted for."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from shapely.geometry import box
from town import Town, make_town

from referent.core_model.checkpoint import read_spec
from referent.core_model.data.augment import draw_mask
from referent.engine.errors import OptionsError
from referent.engine.layer_samples import LayerSamples, LayerSource, read_samples
from referent.geo_io.errors import LayerError
from referent.geo_io.grid import chain_transforms


@pytest.fixture
def read(tiny_model: Path):
    def _read(town: Town, labels: Path | None = None, share: float = 0.2, **source: object) -> LayerSamples:
        wanted = LayerSource((str(town.raster),), (str(labels or town.labels),), **source)
        return read_samples(wanted, read_spec(tiny_model), validation_share=share)

    return _read


def colours_agree(samples: LayerSamples) -> float:
    """Return how many of the pixels under the outlines have the colour of their class."""
    right = total = 0
    for chip in (*samples.training, *samples.validation):
        for item in chip.objects:
            pixels = chip.image[draw_mask(list(item.rings), chip.image.shape[0], 1) > 127].astype(int)
            is_red = item.class_name.lower().startswith("red")
            right += int(((pixels[:, 0] > pixels[:, 2]) == is_red).sum())
            total += len(pixels)
    return right / total


def test_outlines_lie_on_their_objects_and_classes_are_words(town: Town, read):
    samples = read(town)
    assert set(samples.classes) == {"red square", "blue square"}
    assert samples.renamed == {"Red_Square": "red square"}
    assert colours_agree(samples) > 0.92
    ids = {item.id for chip in (*samples.training, *samples.validation) for item in chip.objects}
    assert len(ids) == len(town.frame)
    assert not samples.notes
    assert set(read(town, verbatim_classes=True).classes) == {"Red_Square", "blue square"}


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:32634", "ESRI:54009"])
def test_layers_in_any_crs_fit(town: Town, read, tmp_path: Path, crs: str):
    labels = tmp_path / "labels.gpkg"
    town.frame.to_crs(crs).to_file(labels)
    assert colours_agree(read(town, labels)) > 0.9


def test_layers_of_several_crs_and_rasters_at_once(tiny_model: Path, tmp_path: Path):
    first, second = make_town(tmp_path, 1, name="one"), make_town(tmp_path, 2, 501_000.0, name="two")
    half = tmp_path / "half.geojson"
    second.frame.to_crs("EPSG:4326").to_file(half)
    source = LayerSource((str(first.raster), str(second.raster)), (str(first.labels), str(half)))
    samples = read_samples(source, read_spec(tiny_model))
    chips = (*samples.training, *samples.validation)
    assert colours_agree(samples) > 0.9
    assert len({chip.id for chip in chips}) == len(chips)
    assert len({item.id for chip in chips for item in chip.objects}) == len(first.frame) + len(second.frame)


def test_same_raster_given_twice_shares_no_ground_between_the_splits(town: Town, tiny_model: Path, tmp_path: Path):
    copy = tmp_path / "copy.tif"
    copy.write_bytes(town.raster.read_bytes())
    source = LayerSource((str(town.raster), str(copy)), (str(town.labels),))
    samples = read_samples(source, read_spec(tiny_model))
    used, kept = ([box(*item) for item in ground] for ground in (samples.ground, samples.validation_ground))
    assert kept
    assert shapely.union_all(used).intersection(shapely.union_all(kept)).area < 1e-3 * shapely.union_all(kept).area
    pictures = [{chip.image.tobytes() for chip in chips} for chips in (samples.training, samples.validation)]
    assert not pictures[0] & pictures[1]


def test_south_up_and_sixteen_bit_raster(town: Town, read, tmp_path: Path):
    with rasterio.open(town.raster) as source:
        values, transform = source.read(), source.transform
    flipped = tmp_path / "flipped.tif"
    moved = chain_transforms(transform, rasterio.Affine(1, 0, 0, 0, -1, values.shape[1]))
    profile = {"driver": "GTiff", "count": 3, "height": values.shape[1], "width": values.shape[2], "dtype": "uint16"}
    with rasterio.open(flipped, "w", crs="EPSG:32633", transform=moved, **profile) as target:
        target.write(values[:, ::-1].astype(np.uint16) * 40 + 300)
    assert colours_agree(read(Town(flipped, town.labels, town.frame))) > 0.9


def test_text_on_several_objects_of_a_chip_is_a_group(town: Town, read):
    samples = read(town, share=0.0)
    sizes = {len(written.object_ids) for chip in samples.training for written in chip.expressions}
    assert max(sizes) > 1
    described = {key for chip in samples.training for w in chip.expressions for key in w.object_ids}
    assert len(described) <= (town.frame["expression"] == "the square").sum()


def test_what_is_complete_can_be_chosen(town: Town, read):
    assert read(town).training[0].complete == {"red square", "blue square"}
    assert read(town, complete=("none",)).training[0].complete == set()
    assert read(town, complete=("Red_Square",)).training[0].complete == {"red square"}
    with pytest.raises(OptionsError, match="no class 'green' that could be complete; they hold"):
        read(town, complete=("green",))


def test_nothing_outside_the_labelled_area_is_shown(town: Town, read, tmp_path: Path):
    west, south, east, north = town.frame.total_bounds
    area = tmp_path / "area.geojson"
    middle = (west + east) / 2
    half = geopandas.GeoDataFrame(geometry=[box(west - 9, south - 9, middle, north + 9)], crs=town.frame.crs)
    half.to_crs("EPSG:4326").to_file(area)
    samples = read(town, area=str(area))
    assert {str(note).split(": ")[1] for note in samples.notes} == {"it lies outside the labelled area"}
    ids = {item.id for chip in (*samples.training, *samples.validation) for item in chip.objects}
    assert len(ids) == (town.frame.centroid.x < middle).sum()
    assert len(ids) + len(samples.notes) == len(town.frame)
    around = tmp_path / "around.gpkg"
    geopandas.GeoDataFrame(geometry=town.frame.buffer(1.5)).to_file(around)
    for chip in read(town, area=str(around)).training:
        painted = (chip.image == (124, 116, 104)).all(axis=2)
        assert 0.3 < painted.mean() < 1


def test_rows_outside_too_small_or_on_no_data_are_named(town: Town, read, tmp_path: Path):
    frame = town.frame.copy()
    outside, tiny = frame.iloc[[0]].translate(yoff=5000), frame.iloc[[1]].scale(0.05, 0.05)
    extra = geopandas.GeoDataFrame(
        {"class": ["a", "a"], "expression": ["", "?!"]}, geometry=[*outside, *tiny], crs=frame.crs
    )
    labels = tmp_path / "labels.gpkg"
    geopandas.pd.concat([frame, extra]).to_file(labels)
    with rasterio.open(town.raster) as source:
        values, profile = source.read(), source.profile
    values[:, :, :40] = 0
    holes = tmp_path / "holes.tif"
    with rasterio.open(holes, "w", **{**profile, "nodata": 0}) as target:
        target.write(values)
    notes = {note.row: note.reason for note in read(Town(holes, labels, frame), labels).notes}
    assert notes[len(frame) + 1] == "it lies outside the raster"
    assert any("no word" in str(n) for n in read(Town(holes, labels, frame), labels).notes)
    assert "too few to be seen" in notes[len(frame) + 2]
    assert list(notes.values()).count("the raster has no data there") >= 3


def test_coarse_raster_sets_the_ground_resolution_of_the_model(town: Town, read, tmp_path: Path):
    with rasterio.open(town.raster) as source:
        values, profile = source.read(), source.profile
    coarse = tmp_path / "coarse.tif"
    profile["transform"] = rasterio.Affine(10, 0, 500_000, 0, -10, 5_000_000)
    with rasterio.open(coarse, "w", **profile) as target:
        target.write(values)
    scaled = town.frame.copy()
    scaled.geometry = scaled.geometry.scale(100 / 3, 100 / 3, origin=(500_000, 5_000_000))
    labels = tmp_path / "coarse.gpkg"
    scaled.to_file(labels)
    samples = read(Town(coarse, labels, scaled))
    assert samples.gsd_m == pytest.approx(2.5)
    assert any("2.5 m per pixel" in text for text in samples.warnings)
    assert colours_agree(samples) > 0.9


def test_layers_without_place_are_refused(town: Town, read, tmp_path: Path):
    nowhere = tmp_path / "nowhere.gpkg"
    geopandas.GeoDataFrame(town.frame.drop(columns="geometry"), geometry=list(town.frame.geometry)).to_file(nowhere)
    with pytest.raises(LayerError, match=r"nowhere.gpkg has no CRS.*town.tif"):
        read(town, nowhere)


def test_pixel_coordinates_fit_a_raster_without_crs(town: Town, read, tmp_path: Path):
    with rasterio.open(town.raster) as source:
        values = source.read()
    plain = tmp_path / "plain.tif"
    profile = {"driver": "GTiff", "count": 3, "height": values.shape[1], "width": values.shape[2], "dtype": "uint8"}
    with rasterio.open(plain, "w", photometric="RGB", **profile) as target:
        target.write(values)
    shapes = town.frame.geometry.translate(-500_000, -5_000_000).scale(1 / 0.3, 1 / 0.3, origin=(0, 0))
    labels = tmp_path / "plain.gpkg"
    geopandas.GeoDataFrame(town.frame[["class"]], geometry=list(shapes)).to_file(labels)
    assert colours_agree(read(Town(plain, labels, town.frame), allow_no_crs=True)) > 0.92
    with pytest.raises(LayerError, match=r"plain.tif has no CRS but town.gpkg has"):
        read(Town(plain, town.labels, town.frame), allow_no_crs=True)


def test_words_of_place_are_used_where_they_are_true(town: Town, read, tmp_path: Path):
    lonely = town.frame.iloc[[0, -1]].copy()
    # The first lies in the upper left of the raster, so its chip shows it there; the last in the lower right.
    lonely["expression"] = ["the square in the upper left", "the square in the upper left"]
    labels = tmp_path / "labels.gpkg"
    lonely.to_file(labels)
    samples = read(town, labels, share=0.0)
    said = {key for chip in samples.training for written in chip.expressions for key in written.object_ids}
    assert said == {1}
    assert [note.row for note in samples.notes] == [2]
    assert "names a place in the picture" in samples.notes[0].reason
