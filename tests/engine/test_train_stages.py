"""The first trainer from its configuration to a checkpoint: stages, what another run lends, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from referent.core_model.checkpoint import load_segmenter
from referent.core_model.errors import CheckpointError
from referent.engine.errors import OptionsError
from referent.engine.train import train

CONFIG = """
data = "{data}"
seed = 0
[model]
name = "small"
preset = "small"
[pretext]
steps = {pretext}
batch_size = 2
size_px = 64
[text]
steps = {text}
batch_size = 4
[referring]
steps = 2
batch_size = 2
size_px = 64
questions = 2
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six chips in the layout of ucm_refer, each with two boats."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "images").mkdir()
    images, annotations, expressions = [], [], []
    for index in range(6):
        name, split = f"harbor{index:02d}", "train" if index < 4 else "val"
        picture = np.full((256, 256, 3), (40, 70, 110), np.uint8)
        for number, (x, y) in enumerate([(40 + 10 * index, 60), (150, 160)]):
            picture[y : y + 24, x : x + 40] = 230
            ring = [x, y, x + 40, y, x + 40, y + 24, x, y + 24]
            annotations.append(
                {"id": 2 * index + number + 1, "image_id": name, "category_id": 1, "segmentation": [ring],
                 "attributes": {"color": "white"}}
            )  # fmt: skip
        Image.fromarray(picture).save(folder / "images" / f"{name}.png")
        images.append(
            {"id": name, "file_name": f"images/{name}.png", "split": split, "gsd_m": 0.3048, "annotated": True,
             "scene": "harbor", "complete": ["boat", "car"], "image_labels": ["ship", "water"]}
        )  # fmt: skip
        for text, ids in (("the upper boat", [2 * index + 1]), ("the boat on the right", [2 * index + 2]), ("car", [])):
            expressions.append({"image_id": name, "split": split, "text": text, "annotation_ids": ids})
    categories = [{"id": 1, "name": "boat"}, {"id": 2, "name": "car"}]
    whole = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "instances.json").write_text(json.dumps(whole))
    (folder / "expressions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in expressions))
    return folder


def run(data: Path, folder: Path, name: str, *, pretext: int = 2, text: int = 3, lender: Path | None = None) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(CONFIG.format(data=data, pretext=pretext, text=text))
    return train(path, folder / name, pretext_from=lender)


def test_all_stages_lead_to_a_model_and_can_be_lent_to_another_seed(data: Path, tmp_path: Path):
    model = run(data, tmp_path, "first")
    assert load_segmenter(model, "cpu").spec.classes == ("boat",)
    first = tmp_path / "first"
    assert (first / "pretext" / "image_side.safetensors").exists()
    assert (first / "text" / "text_side.safetensors").exists()
    run(data, tmp_path, "second", lender=first)
    second = tmp_path / "second"
    assert not (second / "pretext").exists()
    assert not (second / "text").exists()
    assert (second / "tokenizer.json").read_bytes() == (first / "tokenizer.json").read_bytes()


def test_a_run_that_lacks_a_stage_cannot_lend_it(data: Path, tmp_path: Path):
    run(data, tmp_path, "wordless", text=0)
    with pytest.raises(OptionsError, match="no finished text stage"):
        run(data, tmp_path, "second", lender=tmp_path / "wordless")


def test_a_missing_teacher_is_told_before_anything_is_made(data: Path, tmp_path: Path):
    path = tmp_path / "second.toml"
    path.write_text(CONFIG.format(data=data, pretext=0, text=0).replace("[model]", 'teacher = "nosuch"\n[model]'))
    with pytest.raises(CheckpointError, match="nosuch"):
        train(path, tmp_path / "second")
    assert not (tmp_path / "second").exists()


def test_a_second_run_goes_on_from_a_model_and_learns_from_what_it_draws(data: Path, tmp_path: Path):
    teacher = run(data, tmp_path, "first")
    folder = tmp_path / "blank"
    shutil.copytree(data, folder)
    whole = json.loads((folder / "instances.json").read_text())
    whole["images"][0] |= {"annotated": False, "complete": []}
    whole["annotations"] = [item for item in whole["annotations"] if item["image_id"] != "harbor00"]
    (folder / "instances.json").write_text(json.dumps(whole))
    path = tmp_path / "second.toml"
    text = CONFIG.format(data=folder, pretext=0, text=0)
    path.write_text(text.replace("[model]", f'start_from = "{teacher}"\nteacher = "{teacher}"\n[model]'))
    assert load_segmenter(train(path, tmp_path / "second"), "cpu").spec.classes == ("boat",)
    drawn = json.loads((tmp_path / "second" / "pseudo_labels.json").read_text())
    assert [row["chip"] for row in drawn["chips"]] == ["harbor00"]
    drawn["chips"][0]["complete"] = ["boat"]
    (tmp_path / "second" / "pseudo_labels.json").write_text(json.dumps(drawn))
    train(path, tmp_path / "third", seed=1, pretext_from=tmp_path / "second")
    assert json.loads((tmp_path / "third" / "pseudo_labels.json").read_text()) == drawn
