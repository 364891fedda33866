"""Whole way, raster to GeoPackage, over real imagery in its own CRS."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from torch.nn import functional as F

from referent.core_model.segmenter import Segmentation
from referent.engine.answer import as_read
from referent.engine.preview import write_preview
from referent.engine.query import query
from referent.engine.query_options import QueryOptions
from referent.geo_io.layer import read_metadata, write_layer


def bright(segmenter, level=130.0, **settings):
    """A segmenter for which an object is what is brighter than a level of the stretched picture."""

    class Bright(segmenter):
        def segment(self, features, expressions, within=None):
            grey = F.avg_pool2d(features.maps["rgb"].mean(dim=1), 3, 1, 1)
            logits = ((grey - level) / 12).clamp(-8, 8)[:, None].expand(-1, len(expressions), -1, -1)
            return Segmentation(logits.contiguous().numpy(), None)

    return Bright(name=f"bright{level:g}", **settings)


def test_ships_of_sentinel2_in_web_mercator(shared_data, segmenter, tmp_path):
    """16 bits, 10 m, EPSG:3857 at 44 degrees north, where a metre of the CRS is 0.72 m on the ground."""
    raster = shared_data / "sen2ships" / "genoa_rgb16.tif"
    vessels = gpd.read_file(shared_data / "sen2ships" / "genoa_vessels.geojson").to_crs("EPSG:3857")
    with rasterio.open(raster) as source:
        inside = vessels[vessels.within(shapely.box(*source.bounds))]
    sea = shapely.union_all(inside.geometry.centroid.buffer(400)).intersection(shapely.box(*source.bounds))
    options = QueryOptions(region=sea, min_area_m2=300)
    model = bright(segmenter, gsd_m=7.2, window_px=128, stride_px=96)
    frame = query(raster, "vessel", model=model, options=options)
    assert frame.crs == pyproj.CRS(3857)
    assert frame.attrs["stretch"]["method"] == "percentiles 1-99"
    assert frame.attrs["windows_skipped"] > 0
    assert frame.attrs["gsd_m"] == 7.2
    hit = inside.geometry.buffer(10).intersects(frame.union_all())
    assert hit.mean() > 0.6
    assert frame["area_m2"].sum() == pytest.approx(frame.area.sum() * 0.51, rel=0.02)
    path = tmp_path / "ships.gpkg"
    write_layer(frame, path, metadata=frame.attrs)
    back = gpd.read_file(path, layer="ships")
    assert len(back) == len(frame)
    assert read_metadata(path)["stretch"] == frame.attrs["stretch"]
    write_preview(raster, as_read(frame), tmp_path / "ships.png")
    assert (tmp_path / "ships.png").stat().st_size > 50_000


def test_one_band_16_bit_with_nodata_in_utm(shared_data, segmenter):
    raster = shared_data / "solaris" / "sample_geotiff.tif"
    frame = query(raster, "roof", model=bright(segmenter, 180, gsd_m=0.5))
    assert frame.crs.to_epsg() == 32616
    assert len(frame) > 10
    with rasterio.open(raster) as source:
        assert frame.within(shapely.box(*source.bounds).buffer(0.01)).all()
        truth = source.read(1)
        centre = frame.loc[frame["area_m2"].idxmax(), "geometry"].representative_point()
        value = truth[source.index(centre.x, centre.y)]
    assert value > np.percentile(truth[truth > 0], 60)
    assert any("one image band" in text for text in frame.attrs["warnings"])


def test_custom_crs_without_code_and_coarse_pixels(shared_data, segmenter):
    raster = shared_data / "solaris" / "sample_geotiff_custom_proj.tif"
    frame = query(raster, "field", model=bright(segmenter, gsd_m=30.0))
    with rasterio.open(raster) as source:
        assert frame.crs == pyproj.CRS.from_wkt(source.crs.to_wkt())
    assert len(frame)
    assert frame["area_m2"].to_numpy() == pytest.approx(frame.area.to_numpy(), rel=0.011)


def test_degrees_with_alpha_at_30_cm(shared_data, segmenter, tmp_path):
    raster = shared_data / "apls_vegas" / "RGB-PanSharpen_AOI_2_Vegas_img0.tif"
    frame = query(raster, "road", model=bright(segmenter, 150, gsd_m=0.3))
    assert frame.crs.to_epsg() == 4326
    metric = frame.to_crs(frame.estimate_utm_crs())
    assert frame["area_m2"].to_numpy() == pytest.approx(metric.area.to_numpy(), rel=0.005)
    write_layer(frame, tmp_path / "a.geojson")
    assert len(gpd.read_file(tmp_path / "a.geojson")) == len(frame)
