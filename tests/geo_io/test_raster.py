"""Opening rasters of every kind, and refusing those that cannot be trusted or placed."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp

from referent.geo_io import guard
from referent.geo_io.errors import RasterError
from referent.geo_io.raster import Raster
from referent.geo_io.stretch import estimate_stretch
from referent.geo_io.window import Window

RGB = np.arange(3 * 40 * 50, dtype=np.uint32).reshape(3, 40, 50).astype(np.uint8)
ALL = Window(0, 0, 40, 50)


def _read_all(path, **options):
    with Raster.open(path, **options) as raster:
        raster.choose_bands()
        raster.read(Window(0, 0, *raster.grid.shape), (1,))


def refused(path, *words, **options):
    """Check that opening fails with one sentence that holds all words."""
    with pytest.raises(RasterError) as caught:
        _read_all(path, **options)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    for word in words:
        assert word in text, text


def test_read_returns_what_was_written(make_raster):
    with Raster.open(make_raster("a.tif", RGB)) as raster:
        assert raster.choose_bands().bands == (1, 2, 3)
        assert raster.choose_bands().warning is None
        values, valid = raster.read(Window(3, 5, 10, 20), (3, 1, 1))
        assert np.array_equal(values, RGB[[2, 0, 0], 3:13, 5:25])
        assert valid.all()


def test_nodata_is_invalid_only_where_all_bands_have_it(make_raster):
    picture = RGB.copy()
    picture[:, 0, 0] = 0
    picture[:, 0, 1] = (0, 7, 9)
    with Raster.open(make_raster("a.tif", picture, nodata=0)) as raster:
        valid = raster.read(ALL, (1, 2, 3))[1]
    assert not valid[0, 0]
    assert valid[0, 1]


def test_alpha_is_a_mask_and_no_colour(make_raster):
    alpha = np.full((1, 40, 50), 255, np.uint8)
    alpha[0, :10] = 0
    path = make_raster("a.tif", np.concatenate((RGB, alpha)), alpha="YES")
    with Raster.open(path) as raster:
        assert raster.choose_bands().bands == (1, 2, 3)
        valid = raster.read(ALL, (1, 2, 3))[1]
    assert not valid[:10].any()
    assert valid[10:].all()


@pytest.mark.parametrize("internal", ["YES", "NO"])
def test_mask_bands_inside_and_beside_the_file(make_raster, internal):
    path = make_raster("a.tif", RGB)
    mask = np.ones((40, 50), bool)
    mask[:, 25:] = False
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=internal), rasterio.open(path, "r+") as target:
        target.write_mask(mask)
    with Raster.open(path) as raster:
        assert np.array_equal(raster.read(ALL, (1, 2, 3))[1], mask)


@pytest.mark.parametrize("nodata", [None, np.nan])
def test_nan_and_infinity_are_invalid_and_never_come_out(make_raster, nodata):
    values = RGB.astype(np.float32)
    values[0, 1, 1], values[1, 2, 2], values[:, 3, 3] = np.nan, np.inf, np.nan
    with Raster.open(make_raster("a.tif", values, nodata=nodata)) as raster:
        read, valid = raster.read(ALL, (1, 2, 3))
    assert np.isfinite(read).all()
    assert [bool(valid[i, i]) for i in range(5)] == [True, False, False, False, True]


def test_invalid_pixels_do_not_bleed_into_valid_ones(make_raster):
    values = np.full((3, 40, 50), 100, np.uint16)
    values[:, :, 25:] = 65535
    with Raster.open(make_raster("a.tif", values, nodata=65535)) as raster:
        read, valid = raster.read_resampled((0, 0, 40, 50), (1, 2, 3), (13, 17))
    assert set(read[:, valid].ravel()) == {100}


def test_palette_becomes_colours(make_raster):
    indices = np.zeros((1, 40, 50), np.uint8)
    indices[0, :, 20:] = 3
    indices[0, 30:] = 9
    path = make_raster("a.tif", indices, photometric="palette", nodata=9)
    with rasterio.open(path, "r+") as target:
        target.write_colormap(1, {0: (10, 20, 30, 255), 3: (200, 100, 50, 255), 9: (0, 0, 0, 255)})
    with Raster.open(path) as raster:
        assert raster.choose_bands().bands == (1, 2, 3)
        values, valid = raster.read(ALL, (1, 2, 3))
        assert list(values[:, 0, 0]) == [10, 20, 30]
        assert list(values[:, 0, 49]) == [200, 100, 50]
        assert not valid[30:].any()
        assert valid[:30].all()
        half, _ = raster.read_resampled((0, 10, 30, 20), (1, 2, 3), (15, 10))
        assert list(half[:, 0, 0]) == [10, 20, 30]
        assert list(half[:, 0, -1]) == [200, 100, 50]


def test_one_bit_raster_uses_its_whole_range(make_raster):
    from referent.geo_io.stretch import estimate_stretch

    bits = (RGB[:1] > 100).astype(np.uint8)
    with Raster.open(make_raster("a.tif", bits, nbits=1)) as raster:
        bands = raster.choose_bands().bands
        shown = estimate_stretch(raster, bands).apply(raster.read(ALL, bands)[0])
    assert np.array_equal(shown[0], bits[0] * 255)
    with Raster.open(make_raster("b.tif", RGB[:1] >> 4, nbits=4)) as raster:
        choice = raster.choose_bands()
        assert choice.bands == (1,)
        assert "grey" in str(choice.warning)
        shown = estimate_stretch(raster, choice.bands).apply(raster.read(ALL, (1,))[0])
    assert np.array_equal(shown, (RGB[:1] >> 4) * 17)


def test_bands_follow_colour_interpretation_then_descriptions(make_raster):
    path = make_raster("a.tif", np.repeat(RGB, 2, axis=0)[:4], photometric=None)
    with rasterio.open(path, "r+") as target:
        target.colorinterp = (ColorInterp.undefined, ColorInterp.blue, ColorInterp.green, ColorInterp.red)
    with Raster.open(path) as raster:
        assert raster.choose_bands().bands == (4, 3, 2)
        assert raster.choose_bands((2,)).bands == (2,)
        with pytest.raises(RasterError, match="has no band 7: choose from 1 to 4"):
            raster.choose_bands((1, 2, 7))
        with pytest.raises(RasterError, match="2 bands were chosen"):
            raster.choose_bands((1, 2))
    path = make_raster("b.tif", RGB, photometric=None)
    with rasterio.open(path, "r+") as target:
        target.descriptions = ("B2", "B3", "B4")
    with Raster.open(path) as raster:
        assert raster.choose_bands().bands == (3, 2, 1)


@pytest.mark.parametrize(("count", "bands"), [(4, (1, 2, 3)), (13, (4, 3, 2)), (12, (4, 3, 2))])
def test_many_bands_are_chosen_with_a_warning(make_raster, count, bands):
    values = np.zeros((count, 40, 50), np.uint16)
    with Raster.open(make_raster("a.tif", values, photometric="MINISBLACK", alpha="NO")) as raster:
        choice = raster.choose_bands()
    assert choice.bands == bands
    assert "taken" in str(choice.warning)


def test_two_bands_are_asked_about(make_raster):
    refused(make_raster("a.tif", RGB[:2], photometric="MINISBLACK"), "has 2 bands", "choose one")


def test_no_crs_is_refused_unless_allowed(make_raster):
    path = make_raster("a.tif", RGB, crs=None)
    refused(path, "a.tif has no CRS", "allow pixel units")
    with Raster.open(path, allow_no_crs=True) as raster:
        assert raster.grid.crs is None
        assert raster.grid.pixel_size_m is None
        assert raster.grid.transform.a == 0.5


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_picture_without_place_lies_where_qgis_shows_it(make_raster):
    path = make_raster("a.png", RGB, driver="PNG", crs=None, transform=None)
    refused(path, "has no CRS")
    with Raster.open(path, allow_no_crs=True) as raster:
        assert raster.grid.bounds == (0, -40, 50, 0)


def test_ground_control_points_only_are_refused(make_raster):
    path = make_raster("a.tif", RGB, transform=None, crs=None)
    points = [GroundControlPoint(r, c, 5e5 + c, 5e6 - r) for r, c in ((0, 0), (0, 50), (40, 0))]
    with rasterio.open(path, "r+") as target:
        target.gcps = (points, "EPSG:32633")
    refused(path, "ground control points only", "gdalwarp", allow_no_crs=True)


def test_rpc_only_is_refused(make_raster):
    from rasterio.rpc import RPC

    path = make_raster("a.tif", RGB, transform=None, crs=None)
    with rasterio.open(path, "r+") as target:
        target.rpcs = RPC(
            height_off=0,
            height_scale=500,
            lat_off=45,
            lat_scale=1,
            line_den_coeff=[1.0] * 20,
            line_num_coeff=[1.0] * 20,
            line_off=20,
            line_scale=20,
            long_off=15,
            long_scale=1,
            samp_den_coeff=[1.0] * 20,
            samp_num_coeff=[1.0] * 20,
            samp_off=25,
            samp_scale=25,
            err_bias=1,
            err_rand=1,
        )
    refused(path, "RPC coefficients only", allow_no_crs=True)


def test_degenerate_geotransform_is_refused(make_raster):
    path = make_raster("a.tif", RGB, driver="ENVI", transform=Affine(0.5, 0.5, 5e5, 0.5, 0.5, 5e6))
    with rasterio.open(path) as source:
        if source.transform.determinant != 0:
            pytest.skip("this GDAL repairs such a geotransform")
    refused(path, "squeezes all pixels onto a line")


def test_missing_file_folder_empty_and_remote_paths(tmp_path):
    refused(tmp_path / "none.tif", "none.tif does not exist")
    refused(tmp_path, "is a folder")
    (tmp_path / "empty.tif").write_bytes(b"")
    refused(tmp_path / "empty.tif", "is empty")
    (tmp_path / "noise.tif").write_bytes(bytes(range(256)) * 4)
    refused(tmp_path / "noise.tif", "damaged or in a format")
    for remote in ("/vsicurl/https://example.org/a.tif", "https://example.org/a.tif", "s3://bucket/a.tif"):
        refused(remote, "is not on this machine")
    refused("a\0b.tif", "does not exist")


@pytest.mark.parametrize("tiled", [False, True])
def test_truncated_geotiff_is_found_at_open(make_raster, tiled):
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (3, 256, 256), np.uint8)
    layout = {"tiled": True, "blockxsize": 64, "blockysize": 64} if tiled else {}
    path = make_raster("cut.tif", picture, **layout)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    refused(path, "cut.tif is truncated", "copy or download it again")


def damage_block(path: Path) -> None:
    """Spoil the block of rows 128 to 192 and columns 64 to 128."""
    with rasterio.open(path) as source:
        offset = int(source.get_tag_item("BLOCK_OFFSET_1_2", "TIFF", bidx=1))
    content = bytearray(path.read_bytes())
    content[offset : offset + 400] = b"\xaa" * 400
    path.write_bytes(content)


def test_corrupt_block_in_the_middle_names_the_rows(make_raster):
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (3, 256, 256), np.uint8)
    path = make_raster("hole.tif", picture, compress="deflate", tiled=True, blockxsize=64, blockysize=64)
    damage_block(path)
    with Raster.open(path) as raster:
        raster.read(Window(0, 0, 64, 256), (1, 2, 3))
        with pytest.raises(RasterError, match=r"hole\.tif is damaged: its rows 128 to 192 cannot be read"):
            raster.read(Window(128, 64, 64, 64), (1, 2, 3))


def test_complex_numbers_are_refused(make_raster):
    refused(make_raster("sar.tif", np.ones((1, 40, 50), np.complex64)), "complex numbers (complex64)")


def test_ink_colours_are_refused_by_name(make_raster):
    inks = ("Cyan", "Magenta", "Yellow", "Black")
    bands = "".join(
        f'<VRTRasterBand dataType="Byte" band="{number}"><ColorInterp>{ink}</ColorInterp>'
        f"{source('a.tif', 1)}</VRTRasterBand>"
        for number, ink in enumerate(inks, start=1)
    )
    path = vrt(make_raster("a.tif", RGB).parent, source("a.tif", 1))
    path.write_text(re.sub("<VRTRasterBand.*</VRTRasterBand>", bands, path.read_text()))
    refused(path, "colour space cyan-magenta-yellow-black", "convert it to RGB")


def test_cmyk_geotiff_is_read_as_rgb(make_raster):
    path = make_raster("ink.tif", np.zeros((4, 40, 50), np.uint8), photometric="CMYK")
    with Raster.open(path) as raster:
        assert raster.choose_bands().bands == (1, 2, 3)
        assert (raster.read(ALL, (1, 2, 3))[0] == 255).all()


def test_ycbcr_jpeg_is_read_as_rgb(make_raster):
    picture = np.zeros((3, 64, 64), np.uint8)
    picture[0] = 200
    path = make_raster("j.tif", picture, compress="JPEG", photometric="YCBCR")
    with Raster.open(path) as raster:
        values, _ = raster.read(Window(0, 0, 64, 64), raster.choose_bands().bands)
    assert np.abs(values.astype(int) - picture).max() < 10


def _header(width: int, height: int, bands: int = 1, rows_per_strip: int | None = None) -> bytes:
    """Return a TIFF that claims a size and holds nothing."""
    tags = [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8),
        (277, 3, 1, bands), (278, 4, 1, rows_per_strip or 1), (279, 4, 1, 4),
    ]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<I", 16) + b"\0" * 8 + struct.pack("<H", len(tags)) + entries + b"\0\0\0\0"


@pytest.mark.parametrize(("width", "height", "bands"), [(10**6, 10**6, 1), (1000, 1000, 60_000), (2**31 - 1, 2**20, 3)])
def test_absurd_headers_are_refused_before_allocation(tmp_path, width, height, bands):
    path = tmp_path / "liar.tif"
    path.write_bytes(_header(width, height, bands))
    refused(path, "liar.tif")


def test_huge_blocks_are_refused(make_raster, monkeypatch):
    monkeypatch.setattr(guard, "MAX_BLOCK_BYTES", 10_000)
    path = make_raster("block.tif", np.zeros((3, 256, 256), np.uint8), tiled=True, blockxsize=128, blockysize=128)
    refused(path, "stores blocks of 128 x 128 pixels", "TILED=YES")


def vrt(tmp_path: Path, band: str, name: str = "a.vrt", kind: str = "") -> Path:
    path = tmp_path / name
    path.write_text(
        '<VRTDataset rasterXSize="50" rasterYSize="40"><SRS>EPSG:32633</SRS>'
        "<GeoTransform>500000,0.5,0,5000000,0,-0.5</GeoTransform>"
        f'<VRTRasterBand dataType="Byte" band="1" {kind}>{band}</VRTRasterBand></VRTDataset>'
    )
    return path


def source(name: str, relative: int = 0) -> str:
    return (
        f'<SimpleSource><SourceFilename relativeToVRT="{relative}">{name}</SourceFilename>'
        "<SourceBand>1</SourceBand></SimpleSource>"
    )


def test_honest_vrt_is_opened_and_follows_its_source(make_raster, tmp_path):
    make_raster("a.tif", RGB)
    path = vrt(tmp_path, source("a.tif", 1))
    with Raster.open(path) as raster:
        assert np.array_equal(raster.read(ALL, (1,))[0][0], RGB[0])
        before = raster.fingerprint
    make_raster("a.tif", RGB + 1)
    with Raster.open(path) as raster:
        assert raster.fingerprint != before


def test_vrt_that_is_broken_remote_or_runs_code_is_refused(make_raster, tmp_path):
    make_raster("a.tif", RGB)
    refused(vrt(tmp_path, source("gone.tif", 1)), "reads from 'gone.tif', which does not exist")
    refused(vrt(tmp_path, source("/vsicurl/http://example.org/a.tif")), "not a plain file on this machine")
    refused(
        vrt(tmp_path, source("/vsicurl/http://example.org/a.tif"), name="disguised.tif"), "disguised.tif reads from"
    )
    refused(vrt(tmp_path, source("&#x2F;vsicurl/http://example.org/a.tif")), "not a plain file")
    refused(vrt(tmp_path, source("<![CDATA[/vsicurl/http://example.org/a.tif]]>")), "not a plain file")
    refused(vrt(tmp_path, source("WMS:http://example.org")), "not a plain file")
    python = "<PixelFunctionType>x.f</PixelFunctionType><PixelFunctionLanguage>Python</PixelFunctionLanguage>"
    refused(vrt(tmp_path, python + source("a.tif", 1), kind='subClass="VRTDerivedRasterBand"'), "runs code")
    (tmp_path / "service.xml").write_text("<GDAL_WMS><Service name='TMS'/></GDAL_WMS>")
    refused(tmp_path / "service.xml", "describes a service")
    refused(vrt(tmp_path, source("service.xml", 1)), "describes a service")
    loop = vrt(tmp_path, source("loop.vrt", 1), name="loop.vrt")
    refused(loop, "nested more than 4 deep")


def test_change_and_deletion_meanwhile_are_noticed(make_raster):
    path = make_raster("a.tif", RGB)
    with Raster.open(path) as raster:
        raster.check_unchanged()
        path.write_bytes(path.read_bytes() + b"x")
        with pytest.raises(RasterError, match="was changed while it was read"):
            raster.check_unchanged()
        path.unlink()
        with pytest.raises(RasterError, match="was deleted while it was read"):
            raster.check_unchanged()


def test_flipped_and_cut_bytes_give_a_result_or_a_sentence(make_raster):
    """A short fuzz; each open and read ends in pixels or a RasterError."""
    path = make_raster("f.tif", RGB, compress="lzw")
    content = path.read_bytes()
    rng = np.random.default_rng(1)
    for _ in range(150):
        broken = bytearray(content)
        for place in rng.integers(0, len(content), 3):
            broken[place] = rng.integers(256)
        path.write_bytes(broken[: rng.integers(len(content) // 2, len(content) + 1)])
        try:
            with Raster.open(path, allow_no_crs=True) as raster:
                shape = raster.grid.shape
                if shape[0] * shape[1] < 10**7:
                    raster.read(Window(0, 0, *shape), raster.choose_bands().bands)
        except RasterError:
            continue


def test_stretch_of_a_damaged_raster_is_judged_by_its_other_parts_on_request(make_raster):
    picture = np.random.default_rng(0).integers(300, 900, (3, 256, 256)).astype(np.uint16)
    path = make_raster("hole16.tif", picture, compress="deflate", tiled=True, blockxsize=64, blockysize=64)
    with Raster.open(path) as raster:
        whole = estimate_stretch(raster, (1, 2, 3))
    damage_block(path)
    with Raster.open(path) as raster:
        with pytest.raises(RasterError, match="is damaged"):
            estimate_stretch(raster, (1, 2, 3))
        rest = estimate_stretch(raster, (1, 2, 3), skip_damaged=True)
    np.testing.assert_allclose(rest.lows + rest.highs, whole.lows + whole.highs, atol=6)
