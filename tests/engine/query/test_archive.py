"""Many rasters: found in files, folders, patterns and STAC, asked on Dask workers, merged, and nothing lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import psutil
import pyproj
import pytest

from referent.engine.archive_input import find_rasters, split_words
from referent.engine.cli import main
from referent.geo_io.errors import RasterError

distributed = pytest.importorskip("distributed")
Run = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """A real scheduler with two workers that are threads of this process: starting processes takes long."""
    settings = {"processes": False, "protocol": "tcp://", "dashboard_address": None}
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, **settings) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def archive(make_raster: Callable[..., Path], tmp_path: Path) -> Path:
    """Four rasters with names in two folders, two of them alike."""
    rng = np.random.default_rng(4)
    for index, name in enumerate(("a/scene.tif", "b/scene.tif", "b/other.tif", "b/last.tif")):
        (tmp_path / "archive" / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 255, (3, 40 + index, 50), dtype=np.uint8)
        make_raster(f"archive/{name}", pixels)
    return tmp_path / "archive"


@pytest.fixture
def run(eager_model: Path, scheduler: str, capsys: pytest.CaptureFixture[str], monkeypatch: Any, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)

    def _run(*words: object, on: str | None = scheduler) -> tuple[int, dict[str, Any], str]:
        place = [] if on is None else ["--scheduler", on]
        code = main(["query", *map(str, words), "--model", str(eager_model), "--json", *place])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else {}, said.err

    return _run


def _read(path: str = "found.gpkg") -> gpd.GeoDataFrame:
    return gpd.read_file(path, layer=Path(path).stem)


def _break(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:3000])


def test_words_are_told_apart_from_rasters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "boats").mkdir()
    (tmp_path / "scenes").mkdir()
    assert split_words(["a.tif", "boats"]) == (["a.tif"], ["boats"])
    assert split_words(["a.tif", "b.TIF", "c.vrt", "the car at 3.5 m"]) == (
        ["a.tif", "b.TIF", "c.vrt"],
        ["the car at 3.5 m"],
    )
    assert split_words(["scenes", "scenes/", "a/*.tif", "houses and/or cars"]) == (
        ["scenes", "scenes/", "a/*.tif"],
        ["houses and/or cars"],
    )
    assert split_words(["items.json", "ship", "x.tif"]) == (["items.json"], ["ship", "x.tif"])


def test_folders_patterns_and_repetitions_give_each_raster_once(archive: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(archive.parent)
    found = find_rasters(["archive", "archive/b/*.tif", "archive/a/scene.tif"])
    assert [source.label for source in found] == ["a/scene.tif", "last.tif", "other.tif", "b/scene.tif"]
    assert [s.label for s in find_rasters([str(archive / "b" / "*.tif")])] == ["last.tif", "other.tif", "scene.tif"]
    with pytest.raises(RasterError, match=r"Nothing matches archive/\*\.jp2"):
        find_rasters(["archive/*.jp2"])
    (archive / "empty").mkdir()
    with pytest.raises(RasterError, match="holds no raster"):
        find_rasters([str(archive / "empty")])


def _item(href: str, name: str = "one", **asset: Any) -> dict[str, Any]:
    return {
        "type": "Feature", "stac_version": "1.0.0", "id": name, "geometry": None, "links": [],
        "properties": {"datetime": "2024-01-01T00:00:00Z"},
        "assets": {
            "thumbnail": {"href": "t.png", "type": "image/png", "roles": ["thumbnail"]},
            "picture": {"href": href, "type": "image/tiff; application=geotiff", "roles": ["data"], **asset},
        },
    }  # fmt: skip


def test_stac_items_lists_and_collections_give_their_imagery(archive: Path) -> None:
    one, several = archive / "one.json", archive / "items.json"
    one.write_text(json.dumps(_item("./a/scene.tif")))
    items = [_item("b/other.tif"), _item((archive / "b" / "last.tif").as_uri(), "two")]
    several.write_text(json.dumps({"type": "FeatureCollection", "features": items}))
    collection = {
        "type": "Collection", "stac_version": "1.0.0", "id": "all", "description": "d", "license": "other",
        "extent": {"spatial": {"bbox": [[0, 0, 1, 1]]}, "temporal": {"interval": [[None, None]]}},
        "links": [{"rel": "item", "href": "./one.json"}],
    }  # fmt: skip
    (archive / "collection.json").write_text(json.dumps(collection))
    assert [s.path.resolve() for s in find_rasters([str(one)])] == [archive / "a" / "scene.tif"]
    assert [s.label for s in find_rasters([str(several)])] == ["other.tif", "last.tif"]
    assert [s.label for s in find_rasters([str(archive / "collection.json")])] == ["scene.tif"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (_item("https://example.com/scene.tif"), "not on this machine: download it"),
        (_item("s3://bucket/scene.tif"), "not on this machine"),
        (_item("x.txt", type="text/plain", roles=["metadata"]), "has no asset with imagery"),
        ({"type": "FeatureCollection", "features": []}, "holds no STAC items"),
        ({"type": "Polygon"}, "is no STAC item"),
        ([1, 2], "is no STAC item"),
        ("{broken", "is no STAC item"),
        (
            {
                "type": "Catalog", "stac_version": "1.0.0", "id": "c", "description": "d",
                "links": [{"rel": "item", "href": "http://127.0.0.1:9/never.json"}],
            },
            "not on this machine",
        ),
    ],
)  # fmt: skip
def test_stac_that_cannot_be_used_is_a_sentence_and_nothing_is_fetched(
    tmp_path: Path, content: Any, words: str
) -> None:
    path = tmp_path / "items.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(RasterError, match=words):
        find_rasters([str(path)])


def test_all_rasters_are_merged_under_names_that_differ(run: Run, archive: Path) -> None:
    code, facts, _ = run("archive", "airplane", "storage tank", "-o", "found.gpkg")
    assert code == 0
    assert (facts["rasters"], facts["failed"]) == (4, {})
    assert [item["count"] for item in facts["found"]] == [4, 4]
    found = _read()
    assert sorted(set(found["raster"])) == ["a/scene.tif", "b/scene.tif", "last.tif", "other.tif"]
    assert list(found["expression"]) == ["airplane"] * 4 + ["storage tank"] * 4
    assert not Path("found.gpkg.unfinished").exists()


def test_failed_raster_is_listed_and_only_it_is_asked_again(run: Run, archive: Path) -> None:
    whole = (archive / "b" / "other.tif").read_bytes()
    _break(archive / "b" / "other.tif")
    code, facts, said = run("archive", "airplane", "-o", "found.gpkg")
    assert code == 6
    assert list(facts["failed"]) == ["other.tif"]
    assert "1 of 4 rasters failed: other.tif (" in said
    assert "asks only these again" in said
    assert len(_read()) == 3
    (archive / "b" / "other.tif").write_bytes(whole)
    code, facts, said = run("archive", "airplane", "-o", "found.gpkg", "--overwrite")
    assert code == 0
    assert "Going on where an earlier run stopped: 3 of 4 rasters are done" in said
    assert len(_read()) == 4
    assert not Path("found.gpkg.unfinished").exists()


def test_nothing_is_written_when_all_fail(run: Run, archive: Path, tmp_path: Path) -> None:
    for path in archive.rglob("*.tif"):
        _break(path)
    code, facts, said = run("archive", "airplane", "-o", "found.gpkg")
    assert code == 2
    assert "None of the 4 rasters could be asked: a/scene.tif (" in said
    assert facts["error"]["exit_code"] == 2
    assert not (tmp_path / "found.gpkg").exists()


def test_meaning_holds_in_each_raster_or_over_all(run: Run, archive: Path) -> None:
    _, each, _ = run("archive", "the largest airplane", "-o", "each.gpkg", "--reading", "plan")
    _, over, _ = run("archive", "the largest airplane", "-o", "all.gpkg", "--over", "all")
    assert each["found"][0]["count"] == 4
    assert over["found"][0]["count"] == 1
    [largest] = _read("all.gpkg").itertuples()
    assert largest.raster == "last.tif"  # 43 rows, the others have fewer


def test_rasters_of_several_crs_meet_in_one(run: Run, archive: Path, make_raster: Callable[..., Path]) -> None:
    make_raster("archive/b/last.tif", np.zeros((3, 40, 40), np.uint8) + 90, crs="EPSG:32634")
    _, facts, said = run("archive", "airplane", "-o", "found.gpkg")
    assert pyproj.CRS(facts["crs"]) == pyproj.CRS("EPSG:32633")
    assert "The rasters are in 2 CRSs; the answer is in that of the first" in said
    x = _read().set_index("raster").geometry.centroid.x
    assert x["last.tif"] > x["other.tif"] + 400_000  # the next zone lies to the east


def test_region_elsewhere_finds_nothing_and_fails_nothing(run: Run, archive: Path) -> None:
    shape = gpd.GeoSeries.from_wkt(["POLYGON ((0 0, 10 0, 10 10, 0 0))"], crs="EPSG:32633")
    shape.to_file("region.gpkg")
    code, facts, said = run("archive", "airplane", "-o", "found.gpkg", "--region", "region.gpkg")
    assert code == 0
    assert facts["found"][0]["count"] == 0
    assert "Nothing found for 'airplane' in any raster" in said
    assert len(_read()) == 0


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["archive", "airplane", "--preview", "p.png"], 2, "--preview is for one raster, and 4 are asked"),
        (["archive", "airplane", "--over", "all", "--reading", "network"], 2, "--over all is decided by geometry"),
        (["archive", "spaceship"], 2, "spaceship"),
        (["archive/a/scene.tif", "archive/b/last.tif"], 2, "There is no expression"),
        (["archive", "airplane", "-o", "nowhere/found.gpkg"], 4, "does not exist"),
    ],
)
def test_what_cannot_work_is_refused_before_work(
    run: Run, archive: Path, words: list[str], code: int, sentence: str
) -> None:
    got, _, said = run(*words)
    assert got == code
    assert sentence in said


def test_scheduler_that_is_not_there_is_a_sentence(run: Run, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from referent.engine import cluster

    monkeypatch.setattr(cluster, "_CONNECT_TIMEOUT_S", 0.5)
    code, _, said = run("archive", "airplane", on="tcp://127.0.0.1:9")
    assert code == 2
    assert "The scheduler tcp://127.0.0.1:9 does not answer" in said
    code, _, said = run("archive", "airplane", "--workers", "2")
    assert "--workers starts workers here" in said


def test_one_raster_never_imports_dask(archive: Path, eager_model: Path) -> None:
    program = (
        "import sys; from referent.engine.cli import main; "
        f"code = main(['query', {str(archive / 'a' / 'scene.tif')!r}, 'airplane', '--model', {str(eager_model)!r}]); "
        "sys.exit(code or ('distributed' in sys.modules) or ('pystac' in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_worker_killed_in_the_middle_loses_nothing(run: Run, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from referent.engine import cli_archive

    killed: list[int] = []

    class Killer(cli_archive.ProgressBar):
        def __call__(self, report: Any) -> None:
            super().__call__(report)
            if report.done == 1 and not killed:
                workers = [
                    p for p in psutil.Process().children(recursive=True) if "spawn_main" in " ".join(p.cmdline())
                ]
                killed.extend(process.pid for process in workers)
                for pid in killed:
                    os.kill(pid, signal.SIGKILL)

    monkeypatch.setattr(cli_archive, "ProgressBar", Killer)
    code, facts, _ = run("archive", "airplane", "-o", "found.gpkg", "--workers", "1", on=None)
    assert len(killed) == 1
    assert code == 0
    assert facts["failed"] == {}
    assert sorted(set(_read()["raster"])) == ["a/scene.tif", "b/scene.tif", "last.tif", "other.tif"]
