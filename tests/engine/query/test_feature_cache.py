"""The cache of image features on disk: found again by the right key only, bounded, and never in the way."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from referent.core_model.segmenter import Features
from referent.engine import feature_disk
from referent.engine.cli import main
from referent.engine.encode import encode
from referent.engine.errors import OptionsError
from referent.engine.feature_disk import DiskFeatureStore, default_folder, open_store
from referent.engine.features import FeatureKey, MemoryFeatureStore, TileRecord, shared_store
from referent.engine.query import QueryOptions, query
from referent.geo_io.stretch import Stretch
from referent.geo_io.window import Window

FORK = multiprocessing.get_context("fork")


def _key(column: int = 0, **changes: Any) -> FeatureKey:
    values: dict[str, Any] = {
        "raster": "0123456789abcdef",
        "window": Window(0, column, 64, 64),
        "gsd_m": 0.3,
        "bands": (1, 2, 3),
        "stretch": Stretch((0.0,) * 3, (255.0,) * 3, "as stored"),
        "weights_hash": "feed",
        "precision": "fp32",
    }
    return FeatureKey(**{**values, **changes})


def _record(seed: int = 0, dtype: torch.dtype = torch.float16) -> TileRecord:
    values = torch.randn(1, 8, 16, 16, generator=torch.Generator().manual_seed(seed)).to(dtype)
    return TileRecord(Features({"p16": values, "p8": values[:, :2]}), np.arange(16, dtype=np.uint8))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.safetensors"))


@pytest.fixture(autouse=True)
def _no_memory() -> Iterator[None]:
    shared_store().clear()
    yield
    shared_store().clear()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_record_comes_back_to_the_bit_in_another_store(tmp_path: Path, dtype: torch.dtype) -> None:
    DiskFeatureStore(tmp_path).put(_key(), _record(dtype=dtype), 1)
    found, expected = DiskFeatureStore(tmp_path).get(_key()), _record(dtype=dtype)
    assert found is not None
    for name, values in expected.features.maps.items():
        assert found.features.maps[name].dtype == dtype
        assert torch.equal(found.features.maps[name], values)
    assert np.array_equal(found.valid_bits, expected.valid_bits)


@pytest.mark.parametrize(
    "changes",
    [
        {"raster": "fedcba9876543210"},
        {"window": Window(0, 1, 64, 64)},
        {"gsd_m": 0.31},
        {"bands": (3, 2, 1)},
        {"stretch": Stretch((0.0,) * 3, (254.0,) * 3, "as stored")},
        {"weights_hash": "beef"},
        {"precision": "bf16"},
    ],
)
def test_any_other_key_is_not_found(tmp_path: Path, changes: dict[str, Any]) -> None:
    store = DiskFeatureStore(tmp_path)
    store.put(_key(), _record(), 1)
    assert store.get(_key(**changes)) is None
    assert store.get(_key()) is not None


def test_file_under_a_wrong_name_is_stale(tmp_path: Path) -> None:
    store = DiskFeatureStore(tmp_path)
    store.put(_key(0), _record(0), 1)
    [first] = _files(tmp_path)
    store.put(_key(1), _record(1), 1)
    [second] = [path for path in _files(tmp_path) if path != first]
    shutil.copy(first, second)
    assert store.get(_key(1)) is None
    assert store.get(_key(0)) is not None


@pytest.mark.parametrize("position", [0, 7, 40, 700, -3])
def test_damaged_file_is_removed_and_computed_again(tmp_path: Path, position: int) -> None:
    store = DiskFeatureStore(tmp_path)
    store.put(_key(), _record(), 1)
    [path] = _files(tmp_path)
    content = bytearray(path.read_bytes())
    content[position] ^= 0xFF
    path.write_bytes(content)
    assert store.get(_key()) is None
    assert not path.exists()
    store.put(_key(), _record(), 1)
    path.write_bytes(path.read_bytes()[:100])
    assert store.get(_key()) is None


def test_files_are_this_users_alone(tmp_path: Path) -> None:
    DiskFeatureStore(tmp_path).put(_key(), _record(), 1)
    [path] = _files(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_least_recently_used_goes_first_and_the_bound_holds(tmp_path: Path) -> None:
    DiskFeatureStore(tmp_path / "one").put(_key(), _record(), 1)
    nbytes = _files(tmp_path)[0].stat().st_size
    store = DiskFeatureStore(tmp_path / "many", 40 * nbytes)
    for column in range(100):
        store.put(_key(column), _record(column), 1)
        if column:
            assert store.get(_key(0)) is not None, column  # in use all the time
        for index, path in enumerate(_files(tmp_path / "many")):  # clocks of file systems are coarse
            if path.stat().st_mtime_ns > 10**18:
                os.utime(path, ns=(column * 10**9 + index, column * 10**9 + index))
    facts = store.facts()
    assert 30 * nbytes < facts.nbytes <= 43 * nbytes
    assert store.get(_key(99)) is not None
    assert store.get(_key(1)) is None
    assert store.clear().files == facts.files
    assert store.facts().files == 0


def test_scene_that_does_not_fit_is_not_begun(tmp_path: Path) -> None:
    store = DiskFeatureStore(tmp_path, 1 << 20)
    store.put(_key(), _record(), 10_000)
    assert _files(tmp_path) == []


def _fill(folder: Path, capacity: int, start: int) -> None:
    torch.set_num_threads(1)
    store = DiskFeatureStore(folder, capacity)
    for column in range(start, start + 60):
        store.put(_key(column), _record(column), 1)
        found = store.get(_key(column % 60))
        assert found is None or torch.equal(found.features.maps["p16"], _record(column % 60).features.maps["p16"])


def test_two_processes_fill_one_cache(tmp_path: Path) -> None:
    _fill(tmp_path / "one", 1 << 30, 0)
    nbytes = _files(tmp_path)[0].stat().st_size
    children = [FORK.Process(target=_fill, args=(tmp_path / "both", 50 * nbytes, start)) for start in (0, 30)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0]
    assert list(tmp_path.rglob("*.part")) == []
    assert DiskFeatureStore(tmp_path / "both").facts().nbytes <= 56 * nbytes


@pytest.mark.parametrize("reason", ["read-only", "full"])
def test_folder_that_cannot_be_written_is_one_warning(
    tmp_path: Path, scene_file: Path, segmenter: type, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    told: list[str] = []
    folder = tmp_path / "cache"
    if reason == "full":
        monkeypatch.setattr(feature_disk, "KEPT_FREE_BYTES", 1 << 60)
    else:
        folder.write_text("a file where the folder should be; works for root, whom no permission stops")
    frame = query(scene_file, "red", model=segmenter(), store=open_store(folder, tell=told.append))
    assert len(frame) > 3
    assert len(told) == 1
    assert "nothing more is kept there: choose another folder with --cache-dir, or --no-cache." in told[0]
    assert _files(tmp_path) == []


def test_answer_from_disk_is_that_of_a_fresh_run(tmp_path: Path, scene_file: Path, segmenter: type) -> None:
    first = query(scene_file, "red", model=segmenter(), store=open_store(tmp_path))
    shared_store().clear()  # as after a restart
    again = segmenter()
    second = query(scene_file, "red", model=again, store=open_store(tmp_path))
    assert again.encoded_tiles == 0
    assert second.attrs["windows_encoded"] == 0
    assert first.geometry.to_wkb().tolist() == second.geometry.to_wkb().tolist()
    assert shared_store().nbytes > 0


def test_changed_raster_is_encoded_again(
    tmp_path: Path, picture: Any, make_raster: Callable[..., Path], segmenter: type
) -> None:
    query(make_raster("same.tif", picture), "red", model=segmenter(), store=open_store(tmp_path))
    other, model = make_raster("same.tif", np.roll(picture, 100, axis=2)), segmenter()
    fresh = query(other, "red", model=segmenter(), store=MemoryFeatureStore(1))
    found = query(other, "red", model=model, store=open_store(tmp_path))
    assert model.encoded_tiles > 0
    assert fresh.geometry.to_wkb().tolist() == found.geometry.to_wkb().tolist()


def test_encode_ahead_spares_the_first_question(tmp_path: Path, scene_file: Path, segmenter: type) -> None:
    store, seen = DiskFeatureStore(tmp_path), []
    done = encode(scene_file, segmenter(), QueryOptions(), store, 1 << 30, progress=seen.append)
    assert done.encoded == done.tiles > 20
    assert {report.stage for report in seen} == {"encode"}
    assert encode(scene_file, segmenter(), QueryOptions(), store, 1 << 30).encoded == 0
    model = segmenter()
    assert len(query(scene_file, "red", model=model, store=open_store(tmp_path))) > 3
    assert model.encoded_tiles == 0


def test_encode_refuses_what_the_cache_cannot_hold(tmp_path: Path, scene_file: Path, segmenter: type) -> None:
    model = segmenter()
    with pytest.raises(OptionsError, match=r"features of scene\.tif take 0\.0 GB.*--cache-size"):
        encode(scene_file, model, QueryOptions(), DiskFeatureStore(tmp_path), 1 << 20)
    assert model.encoded_tiles <= 8


def test_environment_chooses_the_folder(tmp_path: Path) -> None:
    assert default_folder({"REFERENT_CACHE_DIR": str(tmp_path)}) == tmp_path
    assert default_folder({"REFERENT_CACHE_DIR": "off"}) is None
    if os.name == "posix":
        assert default_folder({"XDG_CACHE_HOME": "/x"}) == Path("/x/referent")
    assert open_store(None) is shared_store()


def test_commands_encode_query_info_and_clear(
    scene_file: Path, eager_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--model", str(eager_model), "--cache-dir", str(tmp_path / "cache"), "--json"]

    def run(*command: str) -> dict[str, Any]:
        assert main([*command]) == 0
        facts: dict[str, Any] = json.loads(capsys.readouterr().out)
        return facts

    encoded = run("encode", str(scene_file), *words)["encoded"][0]
    assert encoded["encoded"] == encoded["tiles"] > 20
    info = run("cache", "info", *words[2:])
    assert (info["tiles"], info["rasters"]) == (encoded["tiles"], 1)
    assert run("query", str(scene_file), "airplane", *words)["metadata"]["windows_encoded"] == 0
    (tmp_path / "cache" / "mine.txt").write_text("not the cache's")
    assert run("cache", "clear", *words[2:])["tiles"] == encoded["tiles"]
    assert run("cache", "info", *words[2:])["tiles"] == 0
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["mine.txt"]
    shared_store().clear()
    uncached = run("query", str(scene_file), "airplane", *words[:2], "--no-cache", "--json")
    assert uncached["metadata"]["windows_encoded"] > 0


def test_encode_without_a_cache_says_so(scene_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["encode", str(scene_file), "--no-cache"]) == 2
    assert "The cache is off" in capsys.readouterr().err
    assert main(["encode", str(scene_file), "--cache-size", "0", "--cache-dir", "/tmp"]) == 2
    assert "must be above 0" in capsys.readouterr().err
