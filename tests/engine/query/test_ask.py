"""Whole sentences asked of a raster: the segmenter finds colours, everything else is decided on the map."""

from __future__ import annotations

import json

import geopandas
import numpy as np
import pyproj
import pytest
import rasterio
import shapely

from referent.core_model.errors import ExpressionError
from referent.core_model.expression.parse import parse
from referent.engine.answer import explain
from referent.engine.ask import ask
from referent.engine.errors import OptionsError
from referent.engine.features import MemoryFeatureStore
from referent.engine.query import COLUMNS, query
from referent.engine.query_options import QueryOptions
from referent.engine.question import Decision, Question
from referent.engine.resolve import Resolution
from referent.engine.weighing import Weighing
from referent.geo_io.frame import Frame
from referent.geo_io.grid import Grid


def _only(answer):
    assert len(answer.frame) == 1, answer.explanations
    return answer.frame.iloc[0]


@pytest.fixture
def model(segmenter):
    return segmenter()


@pytest.fixture
def pixel(scene_file):
    """Return where a polygon's middle lies in the picture (480 rows, 640 columns)."""
    with rasterio.open(scene_file) as source:
        inverse = ~source.transform
    return lambda shape: inverse * (shape.centroid.x, shape.centroid.y)


def test_ask_finds_the_largest_of_the_scene_not_of_each_tile(scene_file, model):
    everything = query(scene_file, "red tank", model=model, store=MemoryFeatureStore())
    answer = ask(scene_file, "the largest red tank", model=model, store=MemoryFeatureStore())
    assert tuple(answer.frame.columns) == (*COLUMNS, "rank", "anchor", "distance_m", "geometry")
    found = _only(answer)
    assert found["area_m2"] == pytest.approx(everything["area_m2"].max())
    assert found["rank"] == 1
    tile_wise = ask(scene_file, "the largest red tank", model=model, reading="network", store=MemoryFeatureStore())
    assert len(tile_wise.frame) == len(everything)


@pytest.mark.parametrize(
    ("text", "column", "row"),
    [
        ("the leftmost red tank", 96, 96),
        ("the red tank closest to the top left corner", 96, 96),
        ("the second red tank from the left", 192, 40),
        ("the red tank farthest down", 634, 474),
        ("the smaller of the two blue tanks", 600, 330),
        ("the blue tank on the left", 120, 400),
        ("the northernmost red tank", 320, 6),
        ("the red tank nearest to the leftmost blue tank", 315, 185),
    ],
)
def test_ask_reads_order_and_place(scene_file, model, pixel, text, column, row):
    found = _only(ask(scene_file, text, model=model, reading="plan", store=MemoryFeatureStore()))
    if text.endswith("blue tank"):
        assert found["anchor"] == "blue tank"
    assert np.hypot(*np.subtract(pixel(found.geometry), (column, row))) < 12, pixel(found.geometry)


def test_ask_measures_distances_in_metres(scene_file, model):
    text = "red tanks within 40 m of the smallest blue tank"
    answer = ask(scene_file, text, model=model, store=MemoryFeatureStore())
    assert 0 < len(answer.frame) < 8
    assert (answer.frame["distance_m"] <= 40).all()
    anchor = answer.anchors.geometry.iloc[0]
    assert answer.frame["distance_m"].to_numpy() == pytest.approx(
        shapely.distance(answer.frame.geometry.to_numpy(), anchor), rel=2e-3, abs=0.02
    )
    far = ask(scene_file, text.replace("within 40 m of", "at least 40 m from"), model=model, store=MemoryFeatureStore())
    assert len(far.frame) + len(answer.frame) == 8


def test_ask_encodes_the_picture_once_for_all_phrases(scene_file, model):
    store = MemoryFeatureStore()
    ask(scene_file, ["red tanks left of the blue tank", "white boats next to yellow cars"], model=model, store=store)
    once = model.encoded_tiles
    ask(scene_file, "the red tank between the blue tanks", model=model, store=store)
    assert model.encoded_tiles == once


def test_ask_explains_what_became_of_every_candidate(scene_file, model):
    text = "the second largest red tank"
    answer = ask(scene_file, text, model=model, store=MemoryFeatureStore())
    explanation = answer.explanations[text]
    assert "second largest" in explanation
    assert "rank 2 of 8" in explanation
    assert explanation.count("dropped:") == 7
    assert json.dumps(answer.frame.attrs)


def test_ask_says_that_an_anchor_is_missing(scene_file, model):
    answer = ask(scene_file, "red tanks next to the green tank", model=model, store=MemoryFeatureStore())
    assert len(answer.frame) == 0
    assert any("No 'green tank' was found" in warning for warning in answer.frame.attrs["warnings"])


@pytest.mark.parametrize(
    "text", ["red tanks next to the green tank", "the red tank nearest to the green tank", "red tanks larger than the "
             "green tank"]
)  # fmt: skip
def test_ask_shows_all_without_a_missing_anchor_only_if_asked(scene_file, model, text):
    nothing = ask(scene_file, text, model=model, store=MemoryFeatureStore())
    assert len(nothing.frame) == 0
    assert nothing.frame.attrs["missing_anchors"] == {text: ["green tank"]}
    answer = ask(scene_file, text, model=model, anchor_missing="all", store=MemoryFeatureStore())
    assert len(answer.frame) == 8
    note = "No 'green tank' was found; showing every 'red tank"
    assert any(note in warning for warning in answer.frame.attrs["warnings"])
    assert note in answer.explanations[text]


def test_ask_leaves_only_the_missing_anchor_out(scene_file, model):
    text = "the largest red tank next to the green tank"
    answer = ask(scene_file, text, model=model, anchor_missing="all", store=MemoryFeatureStore())
    assert _only(answer)["rank"] == 1


def test_ask_falls_back_to_the_network_where_the_plan_finds_nothing(scene_file, segmenter):
    model = segmenter(window_px=1024, stride_px=768)
    text = "the leftmost tank left of the red wall"  # 'tank' says no colour to this model, the whole text does
    asked = {"model": model, "store": MemoryFeatureStore()}
    plan = ask(scene_file, text, reading="plan", **asked)
    assert len(plan.frame) == 0
    answer = ask(scene_file, text, **asked)
    assert answer.frame.attrs["decided_by"] == {text: "network"}
    assert len(answer.frame) == 1  # one was asked for
    explanation = answer.explanations[text]
    assert "No 'tank' was found; the network's reading of the whole expression is shown." in explanation
    assert "decided by the network's reading" in explanation


def test_ask_reads_loosely_where_an_anchor_is_missing_but_the_network_sees_the_whole(scene_file, segmenter):
    asked = {"model": segmenter(window_px=1024, stride_px=768), "store": MemoryFeatureStore()}
    text = "the leftmost red tank next to the green pier"
    answer = ask(scene_file, text, **asked)
    leftmost = ask(scene_file, "the leftmost red tank", reading="plan", **asked)
    assert _only(answer).geometry.equals(_only(leftmost).geometry)
    assert "No 'green pier' was found; the network's reading of the whole" in answer.explanations[text]
    assert len(ask(scene_file, text, reading="plan", **asked).frame) == 0


def test_what_only_the_whole_expression_shows_is_a_candidate_too():
    """The noun finds the tank on the right twice as surely; the whole expression also one on the left."""
    left, right = shapely.box(500_010, 10, 500_020, 20), shapely.box(500_060, 10, 500_070, 20)
    grid = Grid(pyproj.CRS("EPSG:32633"), rasterio.Affine(0.3, 0, 500_000, 0, -0.3, 77), 256, 256)
    text = "the leftmost tank"
    question = Question.of([text], Frame(grid, is_one_view=True), True, ("tank",))

    def table(*found: tuple[shapely.Polygon, float]) -> geopandas.GeoDataFrame:
        shapes, scores = zip(*found, strict=True)
        return geopandas.GeoDataFrame({"score": scores}, geometry=list(shapes), crs=grid.crs)

    wide = right.buffer(0.5)
    for whole, expected in ((table((wide, 0.6), (left, 0.8)), left), (table((wide, 0.8)), wide)):
        decision = question.decide(text, {"tank": table((right, 0.9)), text: whole}, Weighing(), "none")
        # The outline is the one that was drawn with the whole expression in mind.
        assert [item.geometry for item in decision.resolution.found] == [expected]


def test_ask_stays_strict_about_metres(scene_file, segmenter):
    asked = {"model": segmenter(window_px=1024, stride_px=768), "store": MemoryFeatureStore()}
    assert len(ask(scene_file, "the red tank within 40 m of the green pier", **asked).frame) == 0
    assert len(ask(scene_file, "red tanks larger than 9 ha", **asked).frame) == 0


def test_ask_leaves_what_the_model_does_not_know_to_the_network(scene_file, segmenter):
    model = segmenter(classes=("airplane",))
    options = QueryOptions(allow_unknown=True)
    text = "the largest red tank"
    asked = {"model": model, "options": options, "store": MemoryFeatureStore()}
    answer = ask(scene_file, text, **asked)
    assert answer.frame.attrs["decided_by"] == {text: "network"}
    assert "The model does not know 'red tank'" in answer.explanations[text]
    assert ask(scene_file, text, reading="plan", **asked).frame.attrs["decided_by"] == {text: "plan"}


def test_ask_left_is_that_of_the_region(scene_file, model, pixel):
    with rasterio.open(scene_file) as source:
        grid = Grid(source.crs, source.transform, source.height, source.width)
    region = grid.to_map([shapely.box(150, 0, 640, 130)])[0]
    options = QueryOptions(region=region)
    found = _only(ask(scene_file, "the leftmost red tank", model=model, options=options, store=MemoryFeatureStore()))
    assert pixel(found.geometry)[0] == pytest.approx(192, abs=3)
    right = ask(scene_file, "red tanks in the right half", model=model, options=options, store=MemoryFeatureStore())
    assert all(pixel(shape)[0] > 395 for shape in right.frame.geometry)


def test_ask_gives_the_crs_asked_for(scene_file, model):
    options = QueryOptions(crs="EPSG:4326")
    answer = ask(
        scene_file, "red tanks left of the smallest blue tank", model=model, options=options, store=MemoryFeatureStore()
    )
    assert answer.frame.crs.to_epsg() == answer.anchors.crs.to_epsg() == 4326
    assert -180 <= answer.frame.total_bounds[0] <= 180


def test_ask_uses_the_whole_expression_where_one_tile_sees_all(scene_file, segmenter):
    model = segmenter(window_px=1024, stride_px=768)
    answer = ask(scene_file, "the leftmost red tank", model=model, store=MemoryFeatureStore())
    assert set(answer.frame.attrs["best_scores"]) == {"the leftmost red tank"}
    assert _only(answer)["rank"] == 1


def test_ask_refuses_what_cannot_be_meant(scene_file, model):
    with pytest.raises(ExpressionError, match="names no object"):
        ask(scene_file, "the largest", model=model)
    with pytest.raises(OptionsError, match="reading"):
        ask(scene_file, "the largest red tank", model=model, reading="both")
    with pytest.raises(OptionsError, match="missing anchor"):
        ask(scene_file, "the largest red tank", model=model, anchor_missing="some")


def test_an_explanation_tells_of_as_many_candidates_as_a_person_reads():
    reasons = tuple(f"tank {number} (score 0.90, chance 0.90) kept: nothing else was asked" for number in range(100))
    told = explain(parse("tanks"), Decision(Resolution((), reasons=reasons), "plan"))
    assert told.count(" kept: ") == 40
    assert "... and 60 more candidates, 60 of them kept" in told
