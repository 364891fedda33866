"""A real, deterministic segmenter that finds pixels by colour, and a picture whose objects lie on every seam."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from referent.core_model.segmenter import Features, ModelSpec, Segmentation

COLOURS = {"red": (200, 40, 40), "blue": (40, 60, 200), "white": (250, 250, 250), "yellow": (220, 200, 40)}


class ColourSegmenter:
    """Logits fall with the distance to the colour that the expression names; context plays no part."""

    def __init__(
        self,
        gsd_m: float = 0.5,
        window_px: int = 128,
        stride_px: int = 96,
        outlines: bool = False,
        classes: tuple[str, ...] = (),
        radius: float = 70.0,
        name: str = "colour",
    ) -> None:
        self.spec = ModelSpec(name, f"{name}-{radius:g}", gsd_m, window_px, stride_px, classes, 40)
        self.outlines = outlines
        self.radius = radius
        self.encoded_tiles = 0
        self.batches: list[int] = []

    def encode_image(self, tiles: NDArray[np.uint8]) -> Features:
        assert tiles.dtype == np.uint8
        assert tiles.shape[1:] == (3, self.spec.window_px, self.spec.window_px)
        self.encoded_tiles += len(tiles)
        self.batches.append(len(tiles))
        return Features({"rgb": F.avg_pool2d(torch.from_numpy(tiles).float(), 3, 1, 1, count_include_pad=False)})

    def segment(self, features: Features, expressions: Sequence[str], within=None) -> Segmentation:
        rgb = features.maps["rgb"]
        parts = []
        for text in expressions:
            colour = next((value for word, value in COLOURS.items() if word in text), (1000, 0, 1000))
            distance = (rgb - torch.tensor(colour, dtype=torch.float32)[None, :, None, None]).norm(dim=1)
            parts.append((self.radius - distance) / 10)
        dark = (60 - rgb.amax(dim=1)) / 10
        return Segmentation(
            torch.stack(parts, dim=1).clamp(-8, 8).numpy(), dark.clamp(-8, 8).numpy() if self.outlines else None
        )


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def segmenter() -> type[ColourSegmenter]:
    return ColourSegmenter


def paint_picture(height: int = 480, width: int = 640) -> NDArray[np.uint8]:
    """Return (3, H, W): soft ground with red and blue objects on window seams (96 px), corners and raster edges."""
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[:height, :width] + 0.5
    picture = np.empty((3, height, width))
    for band, value in enumerate((95, 115, 85)):
        picture[band] = value + 12 * np.sin(rows / 37 + band) + 10 * np.cos(columns / 53)
    picture += rng.normal(0, 3, picture.shape)

    def disk(row: float, column: float, radius: float, colour: tuple[int, int, int]) -> None:
        cover = np.clip(radius - np.hypot(rows - row, columns - column) + 0.5, 0, 1)
        picture[:] = picture * (1 - cover) + np.array(colour)[:, None, None] * cover

    def bar(top: int, left: int, bottom: int, right: int, colour: tuple[int, int, int]) -> None:
        picture[:, top:bottom, left:right] = np.array(colour)[:, None, None]

    red, blue = COLOURS["red"], COLOURS["blue"]
    disk(96, 96, 14, red)  # corner of four windows
    disk(96, 250, 11, red)  # row seam
    disk(40, 192, 10, red)  # column seam
    disk(288, 384, 34, red)  # larger than an overlap
    bar(180, 30, 190, 600, red)  # across every column of windows
    bar(200, 500, 470, 512, red)  # across several rows of windows
    disk(0, 320, 16, red)  # cut by the raster's edge
    disk(480, 640, 20, red)  # cut by its corner
    disk(400, 120, 22, blue)
    disk(400, 120, 9, (95, 115, 85))  # a hole
    disk(330, 600, 8, blue)
    return picture.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def picture() -> NDArray[np.uint8]:
    return paint_picture()


def match_iou(first: gpd.GeoDataFrame, second: gpd.GeoDataFrame) -> list[float]:
    """Return the IoU of each polygon of the first frame with its best partner; frames of unequal length fail."""
    assert len(first) == len(second), (len(first), len(second))
    second = second.to_crs(first.crs) if first.crs is not None else second
    ious = []
    for shape in first.geometry:
        ious.append(max(shape.intersection(o).area / shape.union(o).area for o in second.geometry))
    return ious


@pytest.fixture(scope="session")
def ious() -> Callable[[gpd.GeoDataFrame, gpd.GeoDataFrame], list[float]]:
    return match_iou


@pytest.fixture
def scene_file(picture: NDArray[np.uint8], make_raster: Callable[..., Path]) -> Path:
    return make_raster("scene.tif", picture)
