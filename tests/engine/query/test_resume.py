"""A run that is killed, stopped or disturbed goes on where it was, and ends with the same layer."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import torch

from referent.engine import journal as journal_module
from referent.engine.cli import main
from referent.engine.errors import Cancelled, EngineError, OptionsError
from referent.engine.features import MemoryFeatureStore
from referent.engine.journal import Journal
from referent.engine.query import QueryOptions, query
from referent.engine.sparing import SparingSegmenter
from referent.geo_io.errors import OutputError, RasterError
from referent.geo_io.layer import write_layer

KILLS = 20
FORK = multiprocessing.get_context("fork")  # a new interpreter would spend seconds on imports before each kill


@pytest.fixture(autouse=True)
def _eager_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "CHECKPOINT_INTERVAL_S", 0.0)


def _journal(folder: Path, **settings: Any) -> Journal:
    return Journal(folder / "found.gpkg.unfinished", "found.gpkg", **settings)


def _run(scene: Path, model: Any, journal: Journal | None, texts: tuple[str, ...] = ("red", "blue"), **settings: Any):
    return query(
        scene,
        texts,
        model=model,
        options=QueryOptions(batch_size=1),
        store=MemoryFeatureStore(1),
        journal=journal,
        **settings,
    )


def _stop(scene: Path, model: Any, journal: Journal, tiles: int) -> None:
    with pytest.raises(Cancelled):
        _run(scene, model, journal, is_cancelled=lambda: model.encoded_tiles >= tiles)
    journal.close()


def _facts(frame: gpd.GeoDataFrame) -> list[tuple[object, ...]]:
    """All rows, in an order of their own, to the bit."""
    shapes = frame.geometry.normalize().to_wkb()
    return sorted(zip(shapes, frame["expression"], frame["score"], frame["area_m2"], strict=True))


@pytest.fixture
def whole(scene_file: Path, segmenter: type) -> list[tuple[object, ...]]:
    return _facts(_run(scene_file, segmenter(outlines=True), None))


def _answer(scene: Path, model: Any, output: Path) -> None:
    torch.set_num_threads(1)
    journal = Journal(output.with_name(f"{output.name}.unfinished"), output.name)
    frame = _run(scene, model, journal)
    write_layer(frame, output)
    journal.remove()


def test_run_killed_at_random_moments_ends_with_the_same_layer(
    scene_file: Path, segmenter: type, tmp_path: Path
) -> None:
    reference = tmp_path / "reference.gpkg"
    started = time.monotonic()
    _answer(scene_file, segmenter(outlines=True), reference)
    duration_s = time.monotonic() - started
    expected = _facts(gpd.read_file(reference))
    assert len(expected) > 8
    output, moments = tmp_path / "found.gpkg", random.Random(6)
    kills = went_on = finished = 0
    while kills < KILLS or not finished:
        went_on += (tmp_path / "found.gpkg.unfinished" / "journal.jsonl").exists()
        child = FORK.Process(target=_answer, args=(scene_file, segmenter(outlines=True), output))
        child.start()
        child.join(moments.uniform(0, duration_s) if kills < KILLS else None)
        if child.is_alive():
            os.kill(child.pid or 0, signal.SIGKILL)
            child.join()
            kills += 1
            if output.exists():  # killed between the answer and the end of the process
                assert _facts(gpd.read_file(output)) == expected
                output.unlink()
        else:
            assert child.exitcode == 0
            finished += 1
            assert _facts(gpd.read_file(output)) == expected
            assert not (tmp_path / "found.gpkg.unfinished").exists()
            output.unlink()
    assert went_on > KILLS / 4


def test_stopped_run_goes_on_and_encodes_only_the_rest(
    scene_file: Path, segmenter: type, tmp_path: Path, whole: list[tuple[object, ...]]
) -> None:
    model, told = segmenter(outlines=True), []
    _stop(scene_file, model, _journal(tmp_path), 25)
    rest, journal = segmenter(outlines=True), _journal(tmp_path, tell=told.append)
    frame = _run(scene_file, rest, journal)
    assert _facts(frame) == whole
    assert rest.encoded_tiles < frame.attrs["windows"] - 14
    assert frame.attrs["windows_encoded"] == frame.attrs["windows"]
    assert "Going on where an earlier run stopped" in told[0]
    journal.remove()
    assert not journal.folder.exists()


@pytest.mark.parametrize("damage", ["scores", "carry", "torn line", "garbage"])
def test_damaged_rest_is_noticed_and_never_used(
    scene_file: Path, segmenter: type, tmp_path: Path, whole: list[tuple[object, ...]], damage: str
) -> None:
    journal, told = _journal(tmp_path), []
    _stop(scene_file, segmenter(outlines=True), journal, 25)
    if damage == "scores":
        with (journal.folder / "0.scores").open("r+b") as file:
            file.seek(5000)
            file.write(b"\x99" * 40)
    elif damage == "carry":
        path = next(journal.folder.glob("carry-*.safetensors"))
        path.write_bytes(path.read_bytes()[:-7])
    elif damage == "torn line":
        with (journal.folder / "journal.jsonl").open("a") as file:
            file.write('1234abcd {"window_ro')
    else:
        (journal.folder / "journal.jsonl").write_bytes(os.urandom(300))
    again = _journal(tmp_path, tell=told.append)
    assert _facts(_run(scene_file, segmenter(outlines=True), again)) == whole
    again.remove()
    assert ("starting anew" in " ".join(told)) == (damage in ("scores", "carry"))


def test_other_question_is_refused_by_name_until_restart(
    scene_file: Path, segmenter: type, tmp_path: Path, whole: list[tuple[object, ...]]
) -> None:
    _stop(scene_file, segmenter(outlines=True), _journal(tmp_path), 25)
    with pytest.raises(OptionsError, match=r"expressions: 'red, blue', now 'white'.*--restart"):
        _run(scene_file, segmenter(outlines=True), _journal(tmp_path), ("white",))
    with pytest.raises(OptionsError, match=r"model: 'colour \(colour-70"):
        _run(scene_file, segmenter(outlines=True, radius=60), _journal(tmp_path))
    # The refusals have lost nothing.
    kept = _journal(tmp_path)
    assert _facts(_run(scene_file, segmenter(outlines=True), kept)) == whole
    kept.close()
    anew = _journal(tmp_path, restart=True)
    assert len(_run(scene_file, segmenter(outlines=True), anew, ("white",))) == 0
    anew.remove()


def test_changed_raster_is_not_mixed_with_what_was_kept(
    scene_file: Path, segmenter: type, tmp_path: Path, picture: Any, make_raster: Callable[..., Path]
) -> None:
    _stop(scene_file, segmenter(outlines=True), _journal(tmp_path), 25)
    make_raster("scene.tif", 255 - picture)
    with pytest.raises(OptionsError, match=r"raster: 'scene.tif \("):
        _run(scene_file, segmenter(outlines=True), _journal(tmp_path))


def test_raster_deleted_in_mid_run_keeps_the_journal(scene_file: Path, segmenter: type, tmp_path: Path) -> None:
    model, journal = segmenter(outlines=True), _journal(tmp_path)

    def delete() -> bool:
        if model.encoded_tiles == 25:
            scene_file.unlink()
        return False

    with pytest.raises(RasterError, match="deleted while it was read"):
        _run(scene_file, model, journal, is_cancelled=delete)
    assert 0 < journal.share_done < 1
    journal.close()
    assert (journal.folder / "journal.jsonl").exists()


def test_second_run_to_one_output_names_the_first(scene_file: Path, segmenter: type, tmp_path: Path) -> None:
    first = _journal(tmp_path)
    first.begin({}, (4, 4))
    with pytest.raises(OutputError, match=rf"Another run \(process {os.getpid()}\) is working on found.gpkg"):
        _run(scene_file, segmenter(), _journal(tmp_path))
    first.remove()
    assert not first.folder.exists()


def _answer_with_little_room(scene: Path, model: Any, folder: Path) -> None:
    torch.set_num_threads(1)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))  # a scene takes 307,200 bytes an expression
    try:
        _run(scene, model, _journal(folder))
    except EngineError as error:
        (folder / "said.txt").write_text(str(error))


def test_full_disk_is_a_sentence(scene_file: Path, segmenter: type, tmp_path: Path) -> None:
    child = FORK.Process(target=_answer_with_little_room, args=(scene_file, segmenter(outlines=True), tmp_path))
    child.start()
    child.join()
    said = (tmp_path / "said.txt").read_text()
    assert "The scores could not be kept" in said
    assert "make room there and ask again to go on" in said


def _type_query(words: list[str], said: Path, pause_s: float = 0.0) -> None:
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a suite that runs in the background ignores it
    answer = SparingSegmenter.answer

    def slow(self: SparingSegmenter, tiles: Any, within: Any) -> Any:
        time.sleep(pause_s)
        return answer(self, tiles, within)

    SparingSegmenter.answer = slow  # in this process alone; a person stops what takes long
    with said.open("w") as stream:
        sys.stdout = sys.stderr = stream
        code = main(words)
    os._exit(code)


def _lines(path: Path) -> Iterator[int]:
    while True:
        yield len(path.read_bytes().splitlines()) if path.exists() else 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 5)])
def test_command_stopped_by_a_person_keeps_a_partial_layer_and_goes_on(
    scene_file: Path, eager_model: Path, tmp_path: Path, number: int, code: int
) -> None:
    words = ["query", scene_file, "airplane", "-o", tmp_path / "found.gpkg", "--model", eager_model, "--batch-size", 1]
    command, said = [str(word) for word in words], tmp_path / "said.txt"
    child = FORK.Process(target=_type_query, args=(command, said, 0.05))
    child.start()
    for lines in _lines(tmp_path / "found.gpkg.unfinished" / "journal.jsonl"):
        if lines > 1 or not child.is_alive():
            break
        child.join(0.01)
    os.kill(child.pid or 0, number)
    child.join()
    assert child.exitcode == code, said.read_text()
    assert "is kept in" in said.read_text()
    assert "found.partial.gpkg; the same command goes on" in said.read_text()
    partial = gpd.read_file(tmp_path / "found.gpkg.unfinished" / "found.partial.gpkg")
    assert not (tmp_path / "found.gpkg").exists()
    again = FORK.Process(target=_type_query, args=([*command, "--json"], said))
    said.unlink()
    again.start()
    again.join()
    assert again.exitcode == 0, said.read_text()
    notes, facts = said.read_text().splitlines()[0], json.loads(said.read_text().splitlines()[-1])
    assert "Going on where an earlier run stopped" in notes
    assert facts["found"][0]["count"] == 1
    assert 0 < partial.area.sum() < gpd.read_file(tmp_path / "found.gpkg").area.sum()
    assert not (tmp_path / "found.gpkg.unfinished").exists()
