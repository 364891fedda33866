"""What the network sees: upright, one stretch, one resolution, and the same whatever is read at once."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from affine import Affine

from referent.geo_io.mosaic import Mosaic, edge_weights
from referent.geo_io.raster import Raster
from referent.geo_io.scene import MAX_ENLARGEMENT, Scene, read_overview
from referent.geo_io.stretch import Stretch, estimate_stretch
from referent.geo_io.window import Window, WindowPlan

PICTURE = np.random.default_rng(3).integers(0, 255, (3, 150, 170), np.uint8)


def scene_of(raster, gsd_m=0.5):
    bands = raster.choose_bands().bands
    return Scene(raster, bands, estimate_stretch(raster, bands), gsd_m)


@pytest.mark.parametrize("gsd_m", [0.5, 0.8, 0.3])
def test_tiles_do_not_depend_on_what_is_read_together(make_raster, gsd_m):
    with Raster.open(make_raster("a.tif", PICTURE)) as raster:
        scene = scene_of(raster, gsd_m)
        windows = [Window(0, 0, 64, 64), Window(0, 48, 64, 64), Window(30, 20, 64, 64)]
        together = scene.read_many(windows)
        for window, (tile, valid) in zip(windows, together, strict=True):
            alone, valid_alone = scene.read(window)
            assert np.abs(tile.astype(int) - alone).max() <= 1  # GDAL rounds halves by where it starts
            assert np.array_equal(valid, valid_alone)


def test_window_beyond_the_edge_is_filled_without_an_edge(make_raster):
    with Raster.open(make_raster("a.tif", PICTURE)) as raster:
        tile, valid = scene_of(raster).read(Window(100, 120, 64, 64))
    assert tile.shape == (3, 64, 64)
    assert valid[:50, :50].all()
    assert not valid[50:].any()
    assert not valid[:, 50:].any()
    mean = PICTURE[:, 100:, 120:].mean(axis=(1, 2))
    assert np.abs(tile[:, 60, 60] - mean).max() <= 1


def test_one_band_is_repeated(make_raster):
    with Raster.open(make_raster("a.tif", PICTURE[:1])) as raster:
        tile, _ = scene_of(raster).read(Window(0, 0, 64, 64))
    assert np.array_equal(tile, np.repeat(PICTURE[:1, :64, :64], 3, axis=0))


def test_coarse_raster_is_not_blown_up_beyond_reason(make_raster):
    path = make_raster("a.tif", PICTURE, transform=Affine(10, 0, 5e5, 0, -10, 5e6))
    with Raster.open(path) as raster:
        assert scene_of(raster, 0.3).grid.shape == (150 * MAX_ENLARGEMENT, 170 * MAX_ENLARGEMENT)


def test_overview_is_upright_and_shows_nodata_black(make_raster):
    picture = np.maximum(PICTURE, 1)
    picture[:, :10] = 0
    path = make_raster("a.tif", picture[:, ::-1].copy(), transform=Affine(0.5, 0, 5e5, 0, 0.5, 5e6), nodata=0)
    with Raster.open(path) as raster:
        stretch = estimate_stretch(raster, (1, 2, 3))
        pixels, grid = read_overview(raster, (1, 2, 3), stretch, 64, 1600)
    assert np.array_equal(pixels, picture)
    assert grid.transform.e < 0


def test_stretch_is_one_for_the_whole_raster_and_survives_json(make_raster):
    values = np.random.default_rng(0).gamma(4, 300, (3, 200, 200)).astype(np.float32)
    values[:, :20] = -9999
    with Raster.open(make_raster("a.tif", values, nodata=-9999)) as raster:
        stretch = estimate_stretch(raster, (1, 2, 3))
    assert stretch.method == "percentiles 1-99"
    assert stretch.lows == pytest.approx(np.percentile(values[:, 20:], 1, axis=(1, 2)), rel=0.1)
    assert Stretch.from_dict(stretch.to_dict()) == stretch
    shown = stretch.apply(values)
    assert shown.min() == 0
    assert shown.max() == 255
    with pytest.raises(ValueError, match="not a stretch"):
        Stretch.from_dict({"lows": [1.0]})


@pytest.mark.parametrize("dtype", ["uint16", "int16", "float32"])
def test_constant_and_empty_rasters_have_a_stretch(make_raster, dtype):
    for fill, nodata in ((7, None), (0, 0)):
        values = np.full((3, 30, 30), fill, dtype)
        with Raster.open(make_raster("a.tif", values, nodata=nodata)) as raster:
            shown = estimate_stretch(raster, (1, 2, 3)).apply(values)
        assert shown.dtype == np.uint8


def test_stretch_of_a_large_raster_reads_probes_only(tmp_path):
    path = tmp_path / "large.tif"
    profile = {"driver": "GTiff", "width": 30_000, "height": 30_000, "count": 1, "dtype": "uint16", "crs": "EPSG:32633"}
    with rasterio.open(
        path,
        "w",
        **profile,
        tiled=True,
        blockxsize=256,
        blockysize=256,
        transform=Affine(1, 0, 5e5, 0, -1, 5e6),
        SPARSE_OK=True,
        nodata=0,
    ) as target:
        for place in (0, 29_744):
            block = np.linspace(1000, 30_000, 256 * 256).astype(np.uint16).reshape(1, 256, 256)
            target.write(block, window=((place, place + 256), (place, place + 256)))
    with Raster.open(path) as raster:
        stretch = estimate_stretch(raster, (1,))
    assert stretch.method == "percentiles 1-99"
    assert 1000 <= stretch.lows[0] < 6000
    assert stretch.highs[0] > stretch.lows[0]


def blend(height, width, window_px, stride_px, logits_of, valid=None):
    plan = WindowPlan(height, width, window_px, stride_px)
    mosaic = Mosaic(1, height, width, window_px, stride_px)
    out = np.full((height, width), np.nan, np.float32)
    full = np.ones((window_px, window_px), bool)
    for index, row in enumerate(plan):
        for window in row:
            mosaic.add(window, logits_of(window), full if valid is None else valid(window))
        strip = mosaic.take(plan.row_end(index))
        if strip is not None:
            out[strip.row_off : strip.row_off + strip.logits.shape[1]] = strip.logits[0]
    return out


@pytest.mark.parametrize(("height", "width"), [(1, 1), (63, 200), (64, 64), (65, 300), (257, 129)])
def test_mosaic_gives_back_what_all_windows_agree_on(height, width):
    truth = np.random.default_rng(0).normal(size=(height + 64, width + 64)).astype(np.float32)

    def logits_of(window):
        return truth[window.row_off : window.row_end, window.col_off : window.col_end][None]

    assert np.allclose(blend(height, width, 64, 48, logits_of), truth[:height, :width], atol=1e-5)


def test_mosaic_changes_smoothly_between_windows_that_disagree():
    def logits_of(window):
        return np.full((1, 64, 64), 1.0 if window.col_off else -1.0, np.float32)

    line = blend(64, 112, 64, 48, logits_of)[32]
    assert line[0] == -1
    assert line[-1] == 1
    steps = np.diff(line)
    assert (steps >= -1e-6).all()
    assert steps.max() <= 0.15
    assert edge_weights(64, 16)[32, 0] < edge_weights(64, 16)[32, 20] == 1


def test_mosaic_ignores_invalid_pixels_even_nan():
    def logits_of(window):
        logits = np.ones((1, 64, 64), np.float32)
        logits[:, :5] = np.nan
        return logits

    def valid(window):
        mask = np.ones((64, 64), bool)
        mask[:5] = False
        return mask

    out = blend(64, 112, 64, 48, logits_of, valid)
    assert np.isnan(out[:5]).all()
    assert (out[5:] == 1).all()
