"""The same objects whatever the tiles, the batches and the way in which the raster is stored."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from affine import Affine
from rasterio.enums import Resampling
from rasterio.warp import calculate_default_transform, reproject

from referent.engine.features import MemoryFeatureStore
from referent.engine.query import query
from referent.engine.query_options import QueryOptions
from referent.geo_io import component, polygonize

NORTH_UP = Affine(0.5, 0, 500_000, 0, -0.5, 5_000_000)


def ask(path, model, **options):
    options.setdefault("min_area_m2", 5)
    return query(path, ["red", "blue"], model=model, options=QueryOptions(**options), store=MemoryFeatureStore(1))


@pytest.fixture
def reference(scene_file, segmenter):
    return ask(scene_file, segmenter())


@pytest.mark.parametrize("tile_size_px", [256, 300, 512, 1024])
@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_answer_does_not_depend_on_tile_and_batch_size(
    reference, scene_file, segmenter, ious, tile_size_px, batch_size
):
    model = segmenter()
    frame = ask(scene_file, model, tile_size_px=tile_size_px, batch_size=batch_size)
    assert min(ious(reference, frame)) > 0.9999
    assert max(model.batches) <= batch_size


@pytest.mark.parametrize(("window_px", "stride_px"), [(64, 48), (256, 192), (640, 480)])
def test_answer_of_a_context_free_network_does_not_depend_on_windows(
    reference, scene_file, segmenter, ious, window_px, stride_px
):
    """Seams leave no trace: the same scene as one window and as many gives the same objects."""
    frame = ask(scene_file, segmenter(window_px=window_px, stride_px=stride_px))
    assert min(ious(reference, frame)) >= 0.99


def test_answer_does_not_depend_on_strips_and_blocks(reference, scene_file, segmenter, ious, monkeypatch):
    monkeypatch.setattr(component, "STRIP_PX", 640 * 37)
    assert min(ious(reference, ask(scene_file, segmenter()))) == 1.0
    whole = ask(scene_file, segmenter(), simplify_m=0)
    monkeypatch.setattr(polygonize, "LARGE_PX", 50)
    monkeypatch.setattr(polygonize, "BLOCK_PX", 41)
    frame = ask(scene_file, segmenter(), simplify_m=0)
    assert min(ious(whole, frame)) >= 0.999
    assert sorted(map(len, frame.geometry.apply(lambda g: g.interiors))) == [0] * (len(frame) - 1) + [1]


@pytest.mark.parametrize(
    ("name", "turn"),
    [
        ("south-up", lambda a: a[:, ::-1]),
        ("west-east mirrored", lambda a: a[:, :, ::-1]),
        ("turned by 180 degrees", lambda a: a[:, ::-1, ::-1]),
        ("transposed", lambda a: a.transpose(0, 2, 1)),
        ("turned by 90 degrees", lambda a: np.rot90(a, 1, (1, 2))),
    ],
)
def test_stored_orientation_changes_nothing(reference, picture, make_raster, segmenter, ious, name, turn):
    _, height, width = picture.shape
    rows, columns = np.mgrid[:height, :width]
    index = turn(np.stack((rows, columns)))
    # Where the stored pixels (0, 0), (0, 1) and (1, 0) come from gives the transform of the stored raster.
    (r0, c0), (rc, cc), (rr, cr) = index[:, 0, 0], index[:, 0, 1], index[:, 1, 0]
    step_x, step_y = (cc - c0, rc - r0), (cr - c0, rr - r0)
    corner = (c0 + 0.5 - (step_x[0] + step_y[0]) / 2, r0 + 0.5 - (step_x[1] + step_y[1]) / 2)
    t = NORTH_UP
    transform = Affine(
        *(t.a * step_x[0], t.a * step_y[0], t.a * corner[0] + t.c),
        *(t.e * step_x[1], t.e * step_y[1], t.e * corner[1] + t.f),
    )
    path = make_raster("turned.tif", np.ascontiguousarray(turn(picture)), transform=transform)
    frame = ask(path, segmenter())
    assert min(ious(reference, frame)) == pytest.approx(1.0, abs=1e-9)
    for shape in frame.geometry:
        assert shape.exterior.is_ccw


def test_rotated_geotransform_moves_the_polygons_with_it(reference, picture, make_raster, segmenter):
    turn = Affine.rotation(23.0)
    transform = Affine(
        *(0.5 * turn.a, -0.5 * turn.b, 500_000.0),
        *(0.5 * turn.d, -0.5 * turn.e, 5_000_000.0),
    )
    frame = ask(make_raster("rotated.tif", picture, transform=transform), segmenter())
    back = shapely.affinity.rotate(shapely.GeometryCollection(list(frame.geometry)), -23.0, origin=(500_000, 5_000_000))
    for shape, turned in zip(reference.geometry, back.geoms, strict=True):
        assert shape.intersection(turned).area / shape.union(turned).area > 0.9999


@pytest.mark.parametrize(
    ("name", "convert"),
    [
        ("16 bits", lambda a: a.astype(np.uint16) * 257),
        ("8 bits in 16", lambda a: a.astype(np.uint16)),
        ("float 0 to 1", lambda a: a.astype(np.float32) / 255),
        ("float 0 to 255", lambda a: a.astype(np.float64)),
        ("signed", lambda a: a.astype(np.int16)),
    ],
)
def test_finished_pictures_of_any_type_give_the_same(reference, picture, make_raster, segmenter, ious, name, convert):
    values = convert(picture)
    values[:, 5, 5] = np.iinfo(values.dtype).max if values.dtype == np.uint16 and "16 bits" in name else values.max()
    frame = ask(make_raster("typed.tif", values), segmenter())
    assert frame.attrs["stretch"]["method"] == "full range"
    assert min(ious(reference, frame)) >= 0.99


def test_paletted_copy_gives_the_same(make_raster, segmenter, ious):
    colours = np.array([[95, 115, 85], [200, 40, 40], [40, 60, 200]], np.uint8)
    rows, columns = np.mgrid[:300, :400]
    indices = np.zeros((1, 300, 400), np.uint8)
    indices[0, np.hypot(rows - 96, columns - 192) < 20] = 1
    indices[0, 200:260, 90:210] = 2
    plain = ask(make_raster("plain.tif", np.ascontiguousarray(colours[indices[0]].transpose(2, 0, 1))), segmenter())
    path = make_raster("paletted.tif", indices, photometric="palette")
    with rasterio.open(path, "r+") as target:
        target.write_colormap(1, {i: (*map(int, colour), 255) for i, colour in enumerate(colours)})
    frame = ask(path, segmenter())
    assert len(frame) == 2
    assert min(ious(plain, frame)) == 1.0


def warped(path, target, crs, transform=None, size=None):
    """Write a reprojected copy: cubic, with nodata around it."""
    with rasterio.open(path) as source:
        if transform is None:
            transform, width, height = calculate_default_transform(
                source.crs, crs, source.width, source.height, *source.bounds
            )
        else:
            height, width = size
        profile = source.profile | {
            "crs": crs,
            "transform": transform,
            "width": width,
            "height": height,
            "nodata": 0,
        }
        pixels = np.zeros((source.count, height, width), source.dtypes[0])
        reproject(
            source.read(),
            pixels,
            src_transform=source.transform,
            src_crs=source.crs,
            dst_transform=transform,
            dst_crs=crs,
            resampling=Resampling.cubic,
            dst_nodata=0,
        )
        with rasterio.open(target, "w", **profile) as out:
            out.write(pixels)
    return target


def inner(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Leave out what the raster's edge cuts: the warped copy ends elsewhere by a pixel."""
    left, top = 500_000, 5_000_000
    return frame[frame.within(shapely.box(left + 2, top - 238, left + 318, top - 2))]


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:32632", "EPSG:3035"])
def test_reprojected_copies_give_the_same_within_resampling(reference, scene_file, tmp_path, segmenter, ious, crs):
    """0.95: a second resampling moves the edge of an 8 m disk by about 0.1 m; areas stay within 3 %."""
    frame = ask(warped(scene_file, tmp_path / "warped.tif", crs), segmenter())
    same = inner(frame.to_crs(reference.crs))
    expected = inner(reference)
    assert min(ious(expected, same)) >= 0.95
    areas = expected.sort_values("area_m2")["area_m2"].to_numpy()
    assert same.sort_values("area_m2")["area_m2"].to_numpy() == pytest.approx(areas, rel=0.03)


def test_copy_warped_to_a_rotated_grid_gives_the_same(reference, scene_file, tmp_path, segmenter, ious):
    turn = Affine.rotation(-17.0)
    transform = Affine(*(0.5 * turn.a, -0.5 * turn.b, 499_960.0), *(0.5 * turn.d, -0.5 * turn.e, 5_000_010.0 + 100))
    path = warped(scene_file, tmp_path / "turned.tif", "EPSG:32633", transform, (900, 900))
    frame = ask(path, segmenter())
    assert min(ious(inner(reference), inner(frame))) >= 0.95


def test_other_resolutions_give_the_same_within_a_pixel(reference, scene_file, tmp_path, segmenter, ious):
    """Finer pixels are averaged, coarser ones enlarged, to the resolution that the network sees."""
    for factor, least in ((2.0, 0.97), (0.75, 0.9)):
        size = (round(480 * factor), round(640 * factor))
        transform = Affine(0.5 * 640 / size[1], 0, 500_000, 0, -0.5 * 480 / size[0], 5_000_000)
        path = warped(scene_file, tmp_path / "scaled.tif", "EPSG:32633", transform, size)
        large = [frame[frame["area_m2"] > 70] for frame in (inner(reference), inner(ask(path, segmenter())))]
        assert min(ious(*large)) >= least


def test_non_square_pixels_and_feet(picture, make_raster, segmenter, reference):
    """Pixels of 1.64 x 0.82 feet are 0.5 x 0.25 m: rows are shrunk by two, columns stay."""
    foot = 1200 / 3937
    doubled = picture.repeat(2, axis=1)
    transform = Affine(0.5 / foot, 0, 980_000, 0, -0.25 / foot, 200_000)
    frame = ask(make_raster("feet.tif", doubled, crs="EPSG:2263", transform=transform), segmenter())
    assert frame.attrs["gsd_m"] == 0.5
    expected = reference.sort_values("area_m2")["area_m2"].to_numpy()
    assert frame.sort_values("area_m2")["area_m2"].to_numpy() == pytest.approx(expected, rel=0.02)
    assert frame.area.sum() * foot**2 == pytest.approx(expected.sum(), rel=0.02)


def test_degrees_give_geodesic_areas(picture, make_raster, segmenter, reference):
    geod = pyproj.Geod(ellps="WGS84")
    lon, lat = 85.5, 61.0
    east = geod.fwd(lon, lat, 90, 0.5)[0] - lon
    south = lat - geod.fwd(lon, lat, 180, 0.5)[1]
    path = make_raster("degrees.tif", picture, crs="EPSG:4326", transform=Affine(east, 0, lon, 0, -south, lat))
    frame = ask(path, segmenter())
    expected = reference.sort_values("area_m2")["area_m2"].to_numpy()
    assert frame.sort_values("area_m2")["area_m2"].to_numpy() == pytest.approx(expected, rel=0.005)
