"""Memory is bounded by a strip of windows, not by the scene."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from referent.engine.features import MemoryFeatureStore
from referent.engine.query import query

CODE = """
import importlib.util, json, resource, sys
spec = importlib.util.spec_from_file_location("segmenters", sys.argv[1])
segmenters = importlib.util.module_from_spec(spec)
spec.loader.exec_module(segmenters)
import torch
torch.set_num_threads(1)
from referent.engine.query import query
frame = query(sys.argv[2], "red", model=segmenters.ColourSegmenter(window_px=256, stride_px=192))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"peak_kb": peak, "found": len(frame), "encoded": frame.attrs["windows_encoded"]}))
"""


def sparse_scene(path: Path, height: int) -> Path:
    """A scene of 2,048 columns in which a few blocks hold data, at the top, the middle and the bottom."""
    profile = {
        "driver": "GTiff", "width": 2048, "height": height, "count": 3, "dtype": "uint8", "crs": "EPSG:32633",
        "transform": Affine(0.5, 0, 500_000, 0, -0.5, 5_000_000), "nodata": 0, "tiled": True, "blockxsize": 256,
        "blockysize": 256, "SPARSE_OK": True, "photometric": "RGB",
    }  # fmt: skip
    block = np.full((3, 512, 2048), 110, np.uint8)
    block[:, 200:260, ::] = np.where(np.arange(2048) % 100 < 60, np.array((200, 40, 40))[:, None, None], 110)
    with rasterio.open(path, "w", **profile) as target:
        for row in (0, (height // 2) // 256 * 256, height - 512):
            target.write(block, window=((row, row + 512), (0, 2048)))
    return path


def measure(path: Path) -> dict[str, int]:
    conftest = str(Path(__file__).with_name("conftest.py"))
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CODE), conftest, path], capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_bound_is_stated_holds_and_does_not_grow_with_height(tmp_path, segmenter):
    facts = []
    for height in (2560, 10_240):
        path = sparse_scene(tmp_path / f"{height}.tif", height)
        tracemalloc.start()
        frame = query(path, ["red", "blue"], model=segmenter(), store=MemoryFeatureStore(1))
        peak_mb = tracemalloc.get_traced_memory()[1] / 1e6  # arrays of numpy; GDAL's cache and PyTorch are not seen
        tracemalloc.stop()
        facts.append((frame.attrs["memory_bound_mb"], peak_mb))
    (small, small_peak), (large, large_peak) = facts
    assert small == large
    assert max(small_peak, large_peak) < small - 128


@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is asked the POSIX way")
def test_peak_memory_of_100_mpx_is_that_of_5_mpx(tmp_path):
    small = measure(sparse_scene(tmp_path / "small.tif", 2560))
    large = measure(sparse_scene(tmp_path / "large.tif", 50_176))
    assert small["found"] == large["found"] == 63
    assert large["encoded"] <= small["encoded"] * 1.2
    assert large["peak_kb"] < small["peak_kb"] * 1.1
