"""What large, damaged or odd scenes and short memory do to a question: a right answer or one sentence, nothing lost."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
import torch
from affine import Affine
from rasterio.windows import Window as RasterioWindow

from referent.engine.errors import EngineError
from referent.engine.features import MemoryFeatureStore
from referent.engine.query import query
from referent.engine.query_options import QueryOptions
from referent.geo_io import polygonize
from referent.geo_io.errors import RasterError

RED = np.array((200, 40, 40), np.uint8)[:, None, None]


def ask(path, model, texts=("red", "blue"), **options):
    options.setdefault("min_area_m2", 5)
    return query(path, texts, model=model, options=QueryOptions(**options), store=MemoryFeatureStore(1))


def short_of_memory(base, windows, expressions=99, device="cuda"):
    """A segmenter that raises what PyTorch raises when more than so many windows or expressions come at once."""

    class Short(base):
        where = device

        def _check(self, count, limit):
            if self.where == "cuda" and count > limit:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

        def encode_image(self, tiles):
            self._check(len(tiles), windows)
            return super().encode_image(tiles)

        def segment(self, features, texts, within=None):
            self._check(len(texts), expressions)
            return super().segment(features, texts)

        def move_to_cpu(self):
            was, self.where = self.where, "cpu"
            return was != "cpu"

    return Short()


@pytest.mark.parametrize(
    ("windows", "expressions", "words"),
    [
        (3, 99, ["4 windows at a time instead of 8", "2 windows at a time"]),
        (99, 1, ["1 windows at a time", "1 expressions at a time instead of 2"]),
        (0, 0, ["1 windows at a time", "1 expressions at a time instead of 2", "the CPU instead of the device"]),
    ],
)
def test_short_device_memory_gives_the_same_answer_and_says_so(
    scene_file, segmenter, ious, windows, expressions, words
):
    expected = ask(scene_file, segmenter())
    frame = ask(scene_file, short_of_memory(segmenter, windows, expressions))
    assert min(ious(expected, frame)) == 1.0
    said = " ".join(frame.attrs["warnings"])
    for part in words:
        assert part in said
    assert "the answer is the same" in said


def test_no_memory_at_all_is_one_sentence(scene_file, segmenter):
    model = short_of_memory(segmenter, 0)
    model.move_to_cpu = lambda: False
    with pytest.raises(EngineError, match=r"not enough memory even for one window .* choose another device"):
        ask(scene_file, model)


def test_other_errors_of_the_network_are_not_taken_for_short_memory(scene_file, segmenter):
    class Broken(segmenter):
        def encode_image(self, tiles):
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        ask(scene_file, Broken())


def test_real_network_moves_to_the_cpu():
    from tiny import tiny_network

    from referent.core_model.device import Compute
    from referent.core_model.predictor import NetworkSegmenter

    network, tokenizer, config = tiny_network()
    model = NetworkSegmenter(network, tokenizer, config, Compute(torch.device("cpu"), torch.float32))
    tiles = np.zeros((2, 3, 64, 64), np.uint8)
    before = model.segment(model.encode_image(tiles), ["red square"])
    assert not model.move_to_cpu()
    model.compute = Compute(torch.device("meta"), torch.bfloat16)  # any other device
    assert model.move_to_cpu()
    after = model.segment(model.encode_image(tiles), ["red square"])
    assert np.abs(before.logits - after.logits).max() < 1e-4


@pytest.fixture
def damaged(make_raster, picture):
    """The scene with one block that cannot be decoded: columns 256 to 320, rows 320 to 384."""
    path = make_raster("hole.tif", picture, compress="deflate", tiled=True, blockxsize=64, blockysize=64)
    with rasterio.open(path) as source:
        offset = int(source.get_tag_item("BLOCK_OFFSET_4_5", "TIFF", bidx=1))
    content = bytearray(path.read_bytes())
    content[offset : offset + 300] = b"\x55" * 300
    path.write_bytes(content)
    return path


def test_damaged_block_stops_by_default_and_is_left_out_on_request(damaged, scene_file, segmenter, ious):
    with pytest.raises(RasterError, match="is damaged: its rows"):
        ask(damaged, segmenter())
    frame = ask(damaged, segmenter(), skip_damaged=True)
    hole = shapely.box(500_000 + 128, 5_000_000 - 192, 500_000 + 160, 5_000_000 - 160)
    (found,) = frame.attrs["damaged"]
    assert shapely.box(*found).buffer(0.01).contains(hole)
    assert shapely.box(*found).area < 2 * hole.area
    (warning,) = (text for text in frame.attrs["warnings"] if "damaged in 1 places" in text)
    assert "left out" in warning
    # What the hole does not touch is as it was.
    whole = ask(scene_file, segmenter())
    assert len(frame) == len(whole)
    assert min(ious(whole[whole.disjoint(hole)], frame[frame.disjoint(hole)])) > 0.999


def test_damaged_parts_are_never_remembered_as_empty(damaged, segmenter):
    store = MemoryFeatureStore()
    options = QueryOptions(skip_damaged=True)
    query(damaged, "red", model=segmenter(), options=options, store=store)
    again = query(damaged, "red", model=segmenter(), options=options, store=store)
    assert len(again.attrs["damaged"]) == 1
    with pytest.raises(RasterError, match="is damaged"):
        query(damaged, "red", model=segmenter(), store=store)


def sparse_raster(path: Path, side: int, **profile) -> Path:
    profile = {
        "driver": "GTiff", "width": side, "height": side, "count": 3, "dtype": "uint8", "crs": "EPSG:32633",
        "transform": Affine(0.5, 0, 500_000, 0, -0.5, 5_000_000), "nodata": 0, "tiled": True, "blockxsize": 512,
        "blockysize": 512, "SPARSE_OK": True, "BIGTIFF": "YES", "photometric": "RGB",
    } | profile  # fmt: skip
    patch = np.full((3, 300, 300), 110, np.uint8)
    patch[:, 100:150, 120:200] = RED
    with rasterio.open(path, "w", **profile) as target:
        for corner in (0, side // 2, side - 300):
            target.write(patch, window=RasterioWindow(corner, corner, 300, 300))
    return path


def test_giant_sparse_raster_is_answered_in_seconds(tmp_path, segmenter):
    path = sparse_raster(tmp_path / "giant.tif", 200_000)
    model = segmenter(window_px=256, stride_px=192)
    frame = ask(path, model, texts="red")
    assert list(frame["area_m2"]) == pytest.approx([50 * 80 / 4] * 3, rel=0.01)
    tops = sorted(round((5_000_000 - top) * 2) for top in frame.bounds["maxy"])
    assert tops == [100, 100_100, 199_800]
    assert frame.attrs["windows"] > 1_000_000
    assert model.encoded_tiles < 60


@pytest.mark.parametrize("shape", [(1, 100_000), (100_000, 1)])
def test_very_thin_raster(make_raster, segmenter, shape):
    picture = np.full((3, *shape), 110, np.uint8)
    along = (slice(None), 0, slice(40_000, 70_000)) if shape[0] == 1 else (slice(None), slice(40_000, 70_000), 0)
    picture[along] = RED[..., 0]
    frame = ask(make_raster("thin.tif", picture), segmenter(window_px=512, stride_px=480), texts="red", min_area_m2=0)
    assert len(frame) == 1
    assert frame["area_m2"].iloc[0] == pytest.approx(30_000 / 4, rel=0.01)


def test_everything_matches_is_one_polygon_outlined_in_blocks(make_raster, segmenter, monkeypatch):
    monkeypatch.setattr(polygonize, "LARGE_PX", 100_000)
    monkeypatch.setattr(polygonize, "BLOCK_PX", 128)
    picture = np.broadcast_to(RED, (3, 700, 900)).copy()
    frame = ask(make_raster("all.tif", picture), segmenter(), texts="red")
    assert len(frame) == 1
    assert frame["area_m2"].iloc[0] == pytest.approx(700 * 900 / 4, rel=1e-3)
    assert len(frame.geometry.iloc[0].exterior.coords) < 30


def test_salt_and_pepper_stops_early_with_advice(make_raster, segmenter):
    rng = np.random.default_rng(0)
    spots = (rng.random((1, 160, 100)) < 0.5).repeat(6, axis=1).repeat(6, axis=2)
    picture = np.where(spots, RED, 110).astype(np.uint8)
    model = segmenter()
    with pytest.raises(EngineError, match=r"more than 50 polygons, .*: raise the threshold or the minimum area"):
        ask(make_raster("noise.tif", picture), model, texts="red", max_polygons=50, batch_size=1)
    assert model.encoded_tiles < 60  # of some 70: the rest of the scene is not computed in vain


def test_raster_deleted_in_mid_run(make_raster, segmenter, picture):
    path = make_raster("live.tif", picture)

    class Deleting(segmenter):
        def segment(self, features, expressions, within=None):
            path.unlink(missing_ok=True)
            return super().segment(features, expressions)

    with pytest.raises(RasterError, match=r"live.tif was deleted while it was read"):
        ask(path, Deleting(), batch_size=1)


FULL_DISK = """
import importlib.util, resource, sys
spec = importlib.util.spec_from_file_location("segmenters", sys.argv[1])
segmenters = importlib.util.module_from_spec(spec)
spec.loader.exec_module(segmenters)
from referent.engine.query import query
from referent.geo_io.layer import write_layer
frame = query(sys.argv[2], "red", model=segmenters.ColourSegmenter())
if sys.argv[4] == "output":
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
    write_layer(frame, sys.argv[3], metadata=frame.attrs, overwrite=True)
else:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
    query(sys.argv[2], "blue", model=segmenters.ColourSegmenter())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the limit on file sizes is POSIX")
@pytest.mark.parametrize(
    ("where", "words"),
    [("output", "could not be written"), ("scores", "set TMPDIR to a larger disk")],
)
def test_full_disk_is_one_sentence_and_the_former_answer_stays(scene_file, tmp_path, where, words):
    output = tmp_path / "found.gpkg"
    output.write_bytes(b"former answer")
    conftest = str(Path(__file__).with_name("conftest.py"))
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL_DISK), conftest, scene_file, output, where],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert words in done.stderr.splitlines()[-1], done.stderr
    assert output.read_bytes() == b"former answer"
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []
