"""A small town of red and blue squares, as a raster and as the layer of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas
import numpy as np
import rasterio
from affine import Affine
from shapely.geometry import box

from referent.geo_io.grid import apply_transform

CRS = "EPSG:32633"
SIDE_PX = 320
SQUARE_PX = 14


@dataclass(frozen=True)
class Town:
    """A raster of 0.3 m pixels with a square in most cells of 40 px, and the layer of all of them."""

    raster: Path
    labels: Path
    frame: geopandas.GeoDataFrame


def make_town(folder: Path, seed: int = 0, west: float = 500_000.0, name: str = "town") -> Town:
    rng = np.random.default_rng(seed)
    image = np.full((SIDE_PX, SIDE_PX, 3), 120, np.uint8) + rng.integers(0, 12, (SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    to_map = Affine(0.3, 0, west, 0, -0.3, 5_000_000)
    rows = []
    for row in range(0, SIDE_PX, 40):
        for column in range(0, SIDE_PX, 40):
            if rng.random() < 0.15:
                continue
            y, x = row + int(rng.integers(3, 20)), column + int(rng.integers(3, 20))
            is_red = rng.random() < 0.5
            image[y : y + SQUARE_PX, x : x + SQUARE_PX] = (200, 30, 30) if is_red else (30, 30, 200)
            low, high = apply_transform(to_map, x, y + SQUARE_PX), apply_transform(to_map, x + SQUARE_PX, y)
            shape = box(*low, *high)
            rows.append(("Red_Square" if is_red else "blue square", "" if len(rows) % 4 else "the square", shape))
    raster = folder / f"{name}.tif"
    profile = {"driver": "GTiff", "count": 3, "height": SIDE_PX, "width": SIDE_PX, "dtype": "uint8"}
    with rasterio.open(raster, "w", crs=CRS, transform=to_map, photometric="RGB", **profile) as target:
        target.write(image.transpose(2, 0, 1))
    frame = geopandas.GeoDataFrame(
        {"class": [row[0] for row in rows], "expression": [row[1] for row in rows]},
        geometry=[row[2] for row in rows],
        crs=CRS,
    )
    labels = folder / f"{name}.gpkg"
    frame.to_file(labels)
    return Town(raster, labels, frame)
