"""Questions over a raster, answered by a segmenter that can be checked by eye."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyproj
import pytest
import shapely

from referent.core_model.errors import ExpressionError
from referent.engine.errors import Cancelled, EngineError, OptionsError
from referent.engine.features import MemoryFeatureStore
from referent.engine.progress import Progress
from referent.engine.query import COLUMNS, query
from referent.engine.query_options import QueryOptions
from referent.geo_io.layer import read_metadata, write_layer


def test_query_gives_the_schema_and_true_areas(scene_file, segmenter):
    frame = query(scene_file, ["red", "blue"], model=segmenter(), store=MemoryFeatureStore())
    assert tuple(frame.columns) == (*COLUMNS, "geometry")
    assert frame.crs == pyproj.CRS(32633)
    assert list(frame["fid"]) == list(range(1, len(frame) + 1))
    assert (frame["expression"] == "red").sum() == 8
    assert set(frame["raster"]) == {"scene.tif"}
    assert frame["score"].between(0.5, 1).all()
    assert frame["area_m2"].to_numpy() == pytest.approx(frame.area.to_numpy(), rel=1e-3)
    ring = frame[(frame["expression"] == "blue") & (frame["area_m2"] > 100)].iloc[0]
    assert len(ring.geometry.interiors) == 1
    assert ring["area_m2"] == pytest.approx(np.pi * (22**2 - 9**2) * 0.25, rel=0.05)
    for _, part in frame.groupby("expression"):
        assert (np.diff(part["score"]) <= 0).all()


def test_query_places_an_object_where_it_is(scene_file, segmenter):
    frame = query(scene_file, "blue", model=segmenter(), store=MemoryFeatureStore())
    centre = shapely.Point(500_000 + 120 * 0.5, 5_000_000 - 400 * 0.5)
    ring = frame.loc[frame["area_m2"].idxmax(), "geometry"]
    assert shapely.Polygon(ring.exterior).centroid.distance(centre) < 0.1


def test_second_question_never_touches_the_image_encoder(scene_file, segmenter):
    store = MemoryFeatureStore()
    model = segmenter()
    first = query(scene_file, "red", model=model, store=store)
    encoded = model.encoded_tiles
    assert encoded == first.attrs["windows_encoded"] == first.attrs["windows"]
    second = query(scene_file, ["blue", "red"], model=model, store=store)
    assert model.encoded_tiles == encoded
    assert second.attrs["windows_encoded"] == 0
    again = second[second["expression"] == "red"]
    assert shapely.equals_exact(list(again.geometry), list(first.geometry), 1e-9).all()


def test_several_expressions_encode_each_window_once(scene_file, segmenter):
    model = segmenter()
    frame = query(scene_file, ["red", "blue", "white", "yellow"], model=model, store=MemoryFeatureStore(1))
    assert model.encoded_tiles == frame.attrs["windows"]


def test_store_forgets_when_the_raster_changes(scene_file, segmenter, picture, make_raster):
    store = MemoryFeatureStore()
    query(scene_file, "red", model=segmenter(), store=store)
    make_raster("scene.tif", np.roll(picture, 5, axis=2))
    model = segmenter()
    query(scene_file, "red", model=model, store=store)
    assert model.encoded_tiles > 0


def test_store_keeps_nothing_of_a_scene_that_does_not_fit(scene_file, segmenter):
    store = MemoryFeatureStore(capacity_bytes=1 << 20)
    query(scene_file, "red", model=segmenter(), store=store)
    assert store.nbytes == 0


def test_region_cuts_the_answer_and_skips_windows(scene_file, segmenter, ious):
    model = segmenter()
    left, top = 500_000, 5_000_000
    region = shapely.box(left + 150, top - 180, left + 230, top - 110)
    whole = query(scene_file, "red", model=model, store=MemoryFeatureStore())
    part = query(scene_file, "red", model=model, options=QueryOptions(region=region), store=MemoryFeatureStore())
    assert part.attrs["windows_skipped"] > part.attrs["windows"] / 2
    disk = whole[whole.distance(shapely.Point(left + 192, top - 144)) == 0]
    assert ious(disk, part[part.distance(shapely.Point(left + 192, top - 144)) == 0])[0] > 0.999
    assert part.within(region.buffer(0.3)).all()


def test_plain_region_and_split_objects(make_raster, segmenter):
    picture = np.full((3, 200, 300), 110, np.uint8)
    colour = np.array((200, 40, 40), np.uint8)[:, None, None]
    picture[:, 60:120, 40:100] = colour
    picture[:, 60:120, 103:163] = colour
    picture[:, 60:120, 100:103] = np.array((150, 50, 50), np.uint8)[:, None, None]
    path = make_raster("boats.tif", picture)

    class Seamed(segmenter):
        """The line between the two has the colour's hue, so that it belongs to both, and is darker."""

        def segment(self, features, expressions, within=None):
            answer = super().segment(features, expressions)
            red = features.maps["rgb"][:, 0].numpy()
            seam = np.where((red > 140) & (red < 190), 6.0, -6.0).astype(np.float32)
            return type(answer)(answer.logits, seam)

    apart = query(path, "red", model=Seamed(radius=80), store=MemoryFeatureStore())
    together = query(path, "red", model=Seamed(radius=80), options=QueryOptions(regions=("all",)))
    assert len(together) == 1
    assert len(apart) == 2
    first, second = apart.geometry
    assert first.intersection(second).area < 0.5
    assert first.distance(second) < 0.3
    assert apart["area_m2"].sum() == pytest.approx(together["area_m2"].sum(), rel=0.01)


def test_nothing_found_is_an_empty_answer_with_the_best_score(scene_file, segmenter, tmp_path):
    frame = query(scene_file, "white", model=segmenter(), store=MemoryFeatureStore())
    assert len(frame) == 0
    assert frame.crs == pyproj.CRS(32633)
    (warning,) = frame.attrs["warnings"]
    assert warning == "Nothing found for 'white', best score 0.00."
    write_layer(frame, tmp_path / "none.gpkg", metadata=frame.attrs)
    assert read_metadata(tmp_path / "none.gpkg")["warnings"] == [warning]


def test_class_column_names_the_class_of_the_model(scene_file, segmenter):
    model = segmenter(classes=("storage tank", "tennis court"))
    frame = query(scene_file, ["the red storage tanks"], model=model)
    assert set(frame["class"]) == {"storage tank"}


def test_unknown_class_is_refused_and_guessed_on_request(scene_file, segmenter):
    model = segmenter(classes=("storage tank",))
    with pytest.raises(ExpressionError, match="has not seen 'helipad'; it knows: storage tank"):
        query(scene_file, "helipad", model=model)
    frame = query(scene_file, "helipad", model=model, options=QueryOptions(allow_unknown=True))
    assert any("helipad" in warning for warning in frame.attrs["warnings"])


def test_min_area_simplify_threshold_and_crs_are_obeyed(scene_file, segmenter):
    every = query(scene_file, "red", model=segmenter())
    large = query(scene_file, "red", model=segmenter(), options=QueryOptions(min_area_m2=200))
    assert len(large) == (every["area_m2"] >= 200).sum() < len(every)
    fine = query(scene_file, "red", model=segmenter(), options=QueryOptions(simplify_m=0))
    coarse = query(scene_file, "red", model=segmenter(), options=QueryOptions(simplify_m=2))
    assert (
        shapely.get_num_coordinates(list(fine.geometry)).sum()
        > 3 * shapely.get_num_coordinates(list(coarse.geometry)).sum()
    )
    strict = query(scene_file, "red", model=segmenter(), options=QueryOptions(threshold=0.99))
    assert strict["area_m2"].sum() < every["area_m2"].sum()
    lonlat = query(scene_file, "red", model=segmenter(), options=QueryOptions(crs="EPSG:4326"))
    assert lonlat.crs == pyproj.CRS(4326)
    assert list(lonlat["area_m2"]) == list(every["area_m2"])


def test_progress_runs_to_its_end_in_every_stage(scene_file, segmenter):
    seen: list[Progress] = []
    query(scene_file, "red", model=segmenter(), progress=seen.append, store=MemoryFeatureStore())
    assert list(dict.fromkeys(item.stage for item in seen)) == ["segment", "polygonize"]
    tiles = [item for item in seen if item.stage == "segment"]
    assert [item.done for item in tiles] == sorted(item.done for item in tiles)
    assert tiles[-1].done == tiles[-1].total


def test_cancel_stops_within_one_batch(scene_file, segmenter):
    model = segmenter()
    with pytest.raises(Cancelled):
        query(scene_file, "red", model=model, is_cancelled=lambda: model.encoded_tiles >= 8, store=MemoryFeatureStore())
    assert model.encoded_tiles == 8


def test_noise_is_refused_with_advice(make_raster, segmenter):
    rng = np.random.default_rng(0)
    spots = (rng.random((1, 300, 300)) < 0.5).repeat(9, axis=1).repeat(9, axis=2)[:, :300, :300]
    picture = np.where(spots, np.array((200, 40, 40))[:, None, None], 110).astype(np.uint8)
    path = make_raster("noise.tif", picture)
    with pytest.raises(EngineError, match="raise the threshold or the minimum area"):
        query(path, "red", model=segmenter(), options=QueryOptions(max_polygons=20))


def test_everything_matches_gives_one_polygon(make_raster, segmenter):
    picture = np.empty((3, 300, 260), np.uint8)
    picture[:] = np.array((200, 40, 40))[:, None, None]
    frame = query(make_raster("all.tif", picture), "red", model=segmenter())
    assert len(frame) == 1
    assert frame["area_m2"].iloc[0] == pytest.approx(300 * 260 * 0.25, rel=1e-3)


def test_options_name_every_problem_at_once():
    with pytest.raises(OptionsError, match=r"threshold 1\.5 .*; min_area_m2 -1 .*; batch_size 0"):
        QueryOptions(threshold=1.5, min_area_m2=-1, batch_size=0)


def test_importing_query_loads_no_torch():
    code = "import sys, referent.engine.query; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path.home()).returncode == 0
