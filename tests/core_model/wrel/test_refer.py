"""Data sets of the REFER family, masks of COCO, and the one-time conversion of published lists."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from referent.core_model.data.coco_mask import read_mask, unpack_runs
from referent.core_model.data.refer import is_refer, read_refer
from referent.core_model.data.samples import target_mask
from referent.core_model.errors import DataError

ROOT = Path(__file__).resolve().parents[3]


def write_refer(folder: Path, pictures: str = "images") -> Path:
    """Two pictures of 40 x 30 px; the second reference is weak, as the published lists write it."""
    (folder / pictures).mkdir(parents=True)
    for number in (1, 2):
        Image.new("RGB", (40, 30), (10 * number, 0, 0)).save(folder / pictures / f"{number:05d}.png")
    square = [10, 5, 20, 5, 20, 15, 10, 15]
    runs = {"size": [30, 40], "counts": [5, 10, 1185]}
    instances = {
        "images": [{"id": n, "file_name": f"{n:05d}.png", "height": 30, "width": 40} for n in (1, 2)],
        "categories": [{"id": 18, "name": "vehicle"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 18, "segmentation": [square]},
            {"id": 2, "image_id": 2, "category_id": 18, "segmentation": [runs]},
        ],
    }
    refs = [
        {"ref_id": n, "ann_id": n, "image_id": n, "category_id": 18, "split": split, "sent_ids": [n],
         "file_name": f"{n:05d}.png", "sentences": [{"raw": raw, "sent": "the white car on the left", "sent_id": n}]}
        for n, split, raw in ((1, "train", "the white car on the left"), (2, "train", "vehicle"))
    ]  # fmt: skip
    (folder / "instances.json").write_text(json.dumps(instances))
    (folder / "refs.json").write_text(json.dumps(refs))
    return folder


@pytest.mark.parametrize("pictures", ["images", "JPEGImages"])
def test_references_become_samples_read_from_raw(tmp_path: Path, pictures: str):
    folder = write_refer(tmp_path, pictures)
    assert is_refer(folder)
    samples, chips = read_refer(folder, "train")
    assert [(sample.id, sample.text, sample.weak) for sample in samples] == [
        ("1", "the white car on the left", False),
        ("2", "vehicle", True),
    ]
    assert chips[1].image[0, 0].tolist() == [20, 0, 0]
    assert chips[0].objects[0].mask.sum() == 100
    assert chips[1].objects[0].mask[5:15, 0].all()
    assert chips[1].objects[0].mask.sum() == 10
    # Scaled to a square, whatever the shape of the picture.
    assert target_mask(chips[0], (1,), 120, 1)[20:60, 30:60].min() == 255
    assert read_refer(folder, "test")[0] == []


def test_missing_or_foreign_files_are_named(tmp_path: Path):
    with pytest.raises(DataError, match="convert_refs"):
        read_refer(tmp_path, "train")
    folder = write_refer(tmp_path / "set")
    (folder / "images" / "00001.png").unlink()
    with pytest.raises(DataError, match=r"00001\.png cannot be read"):
        read_refer(folder, "train")[1][0]
    refs = json.loads((folder / "refs.json").read_text())
    refs[0]["ann_id"] = 99
    (folder / "refs.json").write_text(json.dumps(refs))
    with pytest.raises(DataError, match="not a whole data set"):
        read_refer(folder, "train")


def test_doubled_reference_ids_are_refused(tmp_path: Path):
    folder = write_refer(tmp_path)
    refs = json.loads((folder / "refs.json").read_text())
    refs[1]["ref_id"] = refs[0]["ref_id"]
    (folder / "refs.json").write_text(json.dumps(refs))
    with pytest.raises(DataError, match="occur more than once"):
        read_refer(folder, "train")


def pack_runs(runs: list[int]) -> str:
    """COCO's packing, written down again from its description."""
    text = ""
    for index, run in enumerate(runs):
        value = run - runs[index - 2] if index > 2 else run
        while True:
            code, value = value & 31, value >> 5
            more = not (value == 0 and not code & 16) and not (value == -1 and code & 16)
            text += chr(48 + (code | 32 if more else code))
            if not more:
                break
    return text


def test_packed_run_lengths_are_read():
    runs = [5, 10, 20, 9, 700, 456]
    assert unpack_runs(pack_runs(runs)) == runs
    mask = read_mask({"size": [30, 40], "counts": pack_runs(runs)}, 30, 40)
    assert mask.shape == (30, 40)
    assert np.flatnonzero(mask.T.ravel()).tolist() == [*range(5, 15), *range(35, 44), *range(744, 1200)]


def test_known_packed_text_is_read():
    # A rectangle of 4 x 3 px at (1, 2) in a picture of 7 x 6 px: runs 8, 3, 3, 3, 3, 3, 3, 3, 13 column by column.
    mask = np.zeros((6, 7), bool)
    mask[2:5, 1:5] = True
    assert unpack_runs("83300000:") == [8, 3, 3, 3, 3, 3, 3, 3, 13]
    assert np.array_equal(read_mask({"size": [6, 7], "counts": "83300000:"}, 6, 7), mask)


@pytest.mark.parametrize("broken", [{"size": [3, 3], "counts": [4, 4]}, "rle", [[1, 2], 3]])
def test_broken_masks_are_sentences(broken: object):
    with pytest.raises(DataError, match="mask"):
        read_mask(broken, 3, 3)


def convert(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, ROOT / "tools" / "convert_refs.py", *words], capture_output=True, text=True)


def test_published_list_is_converted(tmp_path: Path):
    refs = [{"ref_id": 1, "sentences": [{"raw": "a car", "tokens": ["a", "car"]}], "split": "train"}]
    (tmp_path / "refs.p").write_bytes(pickle.dumps(refs))
    done = convert(tmp_path / "refs.p", tmp_path / "refs.json")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "refs.json").read_text()) == refs


class Hostile:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (os.system, (f"touch {self.path}",))


def test_hostile_pickle_is_refused_and_nothing_runs(tmp_path: Path):
    (tmp_path / "refs.p").write_bytes(pickle.dumps([{"sentences": Hostile(tmp_path / "ran")}]))
    done = convert(tmp_path / "refs.p", tmp_path / "refs.json")
    assert done.returncode == 2
    assert "is refused: it asks for posix.system" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["refs.p"]


def test_what_is_no_list_of_references_is_refused(tmp_path: Path):
    for content in (pickle.dumps({"a": 1}), b"no pickle", b""):
        (tmp_path / "refs.p").write_bytes(content)
        assert convert(tmp_path / "refs.p", tmp_path / "refs.json").returncode == 2
    assert not (tmp_path / "refs.json").exists()
    assert "cannot be read" in convert(tmp_path / "none.p", tmp_path / "refs.json").stderr
