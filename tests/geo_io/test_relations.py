"""Relations of language on polygons: degrees, exact distances, the picture's left and the Earth's north."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely
from affine import Affine

from referent.geo_io.frame import Frame
from referent.geo_io.grid import Grid
from referent.geo_io.placement import Placement
from referent.geo_io.position import REGIONS, locate, order_by, row_order
from referent.geo_io.relations import RELATIONS, between, nearest, relate, surrounded_by

UTM = pyproj.CRS(32633)
FRAME = Frame.from_bounds((500_000, 5_000_000, 501_000, 5_001_000), UTM)


def place(*boxes: tuple[float, float, float, float], frame: Frame = FRAME) -> Placement:
    """Lay out boxes (x, y, half width, half height) around the middle of the frame, in metres of the map."""
    x0, y0 = (frame.grid.bounds[0] + frame.grid.bounds[2]) / 2, (frame.grid.bounds[1] + frame.grid.bounds[3]) / 2
    return Placement.of([shapely.box(x0 + x - w, y0 + y - h, x0 + x + w, y0 + y + h) for x, y, w, h in boxes], frame)


def degree(name: str, subject: tuple[float, ...], anchor: tuple[float, ...]) -> float:
    return float(relate(name, place(subject), place(anchor))[0][0])


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        ("left", (-60, 0, 5, 5), (60, 0, 5, 5)),
        ("right", (60, 5, 5, 5), (0, 60, 5, 5)),
        ("above", (0, 60, 5, 5), (0, -60, 5, 5)),
        ("below", (5, -60, 5, 5), (60, 0, 5, 5)),
        ("upper left", (-50, 50, 5, 5), (50, 50, 5, 5)),
        ("north", (0, 60, 5, 5), (60, 0, 5, 5)),
        ("southeast", (50, -50, 5, 5), (-50, 50, 5, 5)),
        ("next to", (22, 0, 5, 5), (90, 0, 5, 5)),
        ("near", (50, 0, 5, 5), (250, 0, 5, 5)),
        ("inside", (2, 2, 3, 3), (30, 0, 5, 5)),
        ("containing", (0, 0, 30, 30), (60, 0, 5, 5)),
        ("on", (8, 0, 4, 4), (40, 0, 4, 4)),
        ("at", (18, 0, 4, 4), (90, 0, 4, 4)),
        ("with", (0, 0, 30, 30), (200, 0, 30, 30)),
        ("crossing", (0, 0, 60, 2), (0, 60, 60, 2)),
        ("middle of", (1, 1, 2, 2), (9, 9, 1, 1)),
        ("row", (60, 1, 8, 8), (60, 45, 8, 8)),
    ],
)
def test_relate_says_yes_and_no(name: str, yes: tuple[float, ...], no: tuple[float, ...]) -> None:
    anchor = (0, 0, 10, 10)
    assert degree(name, yes, anchor) > 0.7
    assert degree(name, no, anchor) < 0.3


def test_directions_fade_with_the_angle() -> None:
    angles = np.radians([0, 20, 40, 60, 80, 100])
    degrees = [degree("right", (100 * np.cos(a), 100 * np.sin(a), 4, 4), (0, 0, 4, 4)) for a in angles]
    assert degrees == sorted(degrees, reverse=True)
    assert degrees[0] == pytest.approx(1.0, abs=0.01)
    assert degrees[2] > 0.5 > degrees[3]
    assert degrees[-1] == 0.0


def test_direction_minds_the_extent_of_a_long_anchor() -> None:
    runway = (0, 0, 400, 15)
    assert degree("north", (350, 80, 6, 6), runway) > 0.5
    assert degree("north", (350, 80, 6, 6), (0, 0, 10, 10)) < 0.2


def test_every_relation_and_region_works_on_nothing_and_on_one() -> None:
    nothing, one, two = place(), place((0, 0, 5, 5)), place((0, 0, 9, 9), (60, 0, 9, 9))
    for name in RELATIONS - {"between"}:
        assert len(relate(name, nothing, one)[0]) == 0
        assert relate(name, one, nothing)[0].tolist() == [0.0]
        degrees, which = relate(name, one, two)
        assert 0.0 <= degrees[0] <= 1.0
        assert which[0] in (-1, 0, 1)
    for region in REGIONS:
        assert ((locate(two, region) >= 0) & (locate(two, region) <= 1)).all()


def test_an_object_is_never_its_own_anchor() -> None:
    tanks = place((0, 0, 5, 5), (14, 0, 5, 5), (300, 0, 5, 5))
    degrees, which = relate("next to", tanks, tanks)
    assert which.tolist()[:2] == [1, 0]
    assert degrees[2] == 0.0
    assert relate("left", tanks, tanks)[0].tolist() == pytest.approx([1.0, 1.0, 0.0], abs=0.02)
    assert nearest(place((0, 0, 5, 5)), place((0, 0, 5, 5)))[0].tolist() == [np.inf]


@pytest.mark.parametrize("crs", ["EPSG:32633", "EPSG:4326", "EPSG:3857", "EPSG:3413", "EPSG:2263"])
def test_distances_are_geodesic_in_every_crs(crs: str) -> None:
    geod = pyproj.Geod(ellps="WGS84")
    lon, lat = (15.0, 70.0) if crs == "EPSG:3413" else (-74.0, 40.7) if crs == "EPSG:2263" else (15.3, 59.0)
    to_map = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    ends = [geod.fwd(lon, lat, 65.0, distance)[:2] for distance in (0.0, 3000.0)]
    points = [shapely.Point(to_map.transform(*end)).buffer(1e-9) for end in ends]
    frame = Frame.from_bounds(shapely.total_bounds(points), pyproj.CRS(crs))
    gap = nearest(Placement.of(points[:1], frame), Placement.of(points[1:], frame))[0][0]
    assert gap == pytest.approx(3000.0, abs=0.01)
    within, _ = relate("distance", Placement.of(points[:1], frame), Placement.of(points[1:], frame), None, 3000.5)
    beyond, _ = relate("distance", Placement.of(points[:1], frame), Placement.of(points[1:], frame), None, 2999.5)
    assert (within[0], beyond[0]) == (1.0, 0.0)


def test_left_is_the_pictures_and_north_is_the_earths() -> None:
    # The picture lies on its side: its right is the map's north.
    grid = Grid(UTM, Affine(0, 1, 500_000, 1, 0, 5_000_000), 1000, 1000)
    frame = Frame(grid)
    anchor, north_of_it = place((0, 0, 5, 5), frame=frame), place((0, 100, 5, 5), frame=frame)
    assert relate("north", north_of_it, anchor)[0][0] > 0.95
    assert relate("right", north_of_it, anchor)[0][0] > 0.95
    assert relate("above", north_of_it, anchor)[0][0] == 0.0


def test_north_is_true_where_the_grids_north_is_off() -> None:
    # In polar stereographic coordinates the map's y axis points anywhere but north.
    crs = pyproj.CRS(3413)
    to_map = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    points = [shapely.Point(to_map.transform(60.0, lat)).buffer(20) for lat in (71.0, 71.02)]
    frame = Frame.from_bounds(shapely.total_bounds(points), crs)
    south, north = (Placement.of([point], frame) for point in points)
    assert relate("north", north, south)[0][0] > 0.99
    assert relate("south", south, north)[0][0] > 0.99


def test_between_and_surrounded() -> None:
    subjects = place((50, 0, 4, 4), (50, 60, 4, 4), (150, 0, 4, 4))
    degrees, _ = between(subjects, place((0, 0, 10, 10)), place((100, 0, 10, 10)))
    assert degrees.tolist() == pytest.approx([1.0, 0.0, 0.0])
    pair = place((0, 0, 10, 10), (100, 0, 10, 10))
    assert between(subjects, pair, pair)[0].tolist() == pytest.approx([1.0, 0.0, 0.0])
    ring = place(*[(20 * np.cos(a), 20 * np.sin(a), 8, 8) for a in np.linspace(0, 2 * np.pi, 9)[:-1]])
    degrees = surrounded_by(place((0, 0, 3, 3), (60, 0, 3, 3)), ring)
    assert degrees[0] == 1.0
    assert degrees[1] < 0.3


def test_positions_and_orders_follow_the_picture() -> None:
    things = place((-450, 450, 5, 5), (0, 0, 20, 5), (450, -450, 8, 8))
    assert locate(things, "upper left").tolist() == pytest.approx([1.0, 0.5, 0.0], abs=0.01)
    assert locate(things, "center").argmax() == 1
    assert locate(things, "bottom edge")[2] > 0.7
    assert locate(things, "east edge").argmax() == 2
    assert locate(things, "northwest edge").argmax() == 0
    assert locate(things, "upper left edge").argmax() == 0
    assert locate(things, "southeast").tolist() == pytest.approx([0.0, 0.5, 1.0], abs=0.02)
    assert np.argmax(order_by(things, "area")) == 1
    assert np.argmax(order_by(things, "length")) == 1
    assert np.argmax(order_by(things, "lower right")) == 2
    assert row_order(things).tolist() == [0, 1, 2]
    assert order_by(things, "beauty") is None
