"""``referent benchmark wrel`` through its own door, on a data set and a network that are tiny."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from squares import two_squares
from tiny import write_tiny_checkpoint

from referent.engine.benchmark_protocol import PROTOCOL, Protocol, cells_of, equal_steps, read_protocol, rows_of
from referent.engine.cli import main
from referent.engine.errors import OptionsError


def write_data(folder: Path) -> Path:
    """The layout of ucm_refer: squares of 256 px chips, six of them to train on."""
    from PIL import Image

    (folder / "images").mkdir(parents=True)
    images, annotations, lines = [], [], []
    for number in range(10):
        chip, key = two_squares(number, 256), f"pair{number:02d}"
        split = "train" if number < 6 else "val" if number < 8 else "test"
        Image.fromarray(chip.image).save(folder / "images" / f"{key}.png")
        images.append({"id": key, "file_name": f"images/{key}.png", "gsd_m": 0.3, "scene": "pair", "split": split,
                       "annotated": True, "complete": ["red square"], "image_labels": []})  # fmt: skip
        for item, written in zip(chip.objects, chip.expressions, strict=True):
            row = 10 * number + item.id
            ring = [float(value) for value in item.rings[0].ravel()]
            annotations.append({"id": row, "image_id": key, "category_id": 1, "segmentation": [ring]})
            lines.append({"image_id": key, "split": split, "text": written.text, "annotation_ids": [row]})
    data = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "red square"}]}
    (folder / "instances.json").write_text(json.dumps(data))
    (folder / "expressions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return folder


def write_protocol(path: Path, model: Path, **changes: object) -> Path:
    values = {"model": str(model), "image_from": str(model), "pool": 2, "base_steps": 2, "min_area_px": 600} | changes
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    lines += ["[training]", "steps = 3", "warmup_steps = 1", "bank_steps = 1", "batch_size = 4"]
    path.write_text("\n".join([*lines, "[training.mix]", "text_tokens = 10", "[training.bank]", "prompts = 4"]))
    return path


def test_benchmark_runs_resumes_and_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    protocol = write_protocol(tmp_path / "p.toml", write_tiny_checkpoint(tmp_path / "tiny"))
    out = tmp_path / "out"
    words = ["benchmark", "wrel", "--data", str(write_data(tmp_path / "data")), "--ratios", "30", "100", "--seeds", "1",
             "--protocol", str(protocol), "-o", str(out), "--json", "--quiet"]  # fmt: skip
    assert main(words) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    names = {(row["row"], row["ratio"]) for row in rows}
    assert {("lrb-wrel", 30), ("zero prompts", 30), ("naive-wrel, equal compute", 30), ("all expressions", 100)} < names
    lrb = next(row for row in rows if row["row"] == "lrb-wrel")
    assert (lrb["accurate"], lrb["weak"]) == (4, 8)
    assert lrb["student"]["count"] == 4
    assert lrb["student"]["ambiguous_count"] == 4
    assert set(lrb["theory"]) == {"class name", "new bank", "trained bank"}
    for gap in lrb["theory"].values():
        assert gap["risk"] == pytest.approx(gap["weak_share"] * abs(gap["paired"]), abs=1e-6)
    assert not list((out / "cells").rglob("*.safetensors"))
    assert {"rows.json", "report.md", "weak_ids_published_0.json"} <= {path.name for path in out.iterdir()}
    report = (out / "report.md").read_text()
    assert "| lrb-wrel | 30 % | 1 |" in report
    assert "bound (standard, ours)" in report

    # A second call trains only what is missing, and says the same.
    before = {path: path.stat().st_mtime_ns for path in (out / "cells").glob("*/cell.json")}
    gone = out / "cells" / "shared_prompt-30-0" / "cell.json"
    lost = json.loads(gone.read_text())
    gone.unlink()
    assert main(words) == 0
    again = next(row for row in json.loads(capsys.readouterr().out)["rows"] if row["row"] == "shared prompt")
    assert again["student"] == lost["student"]
    after = {path: path.stat().st_mtime_ns for path in (out / "cells").glob("*/cell.json")}
    assert {path for path in before if before[path] != after[path]} == {gone}

    # Cells of another protocol would not be comparable.
    protocol.write_text(protocol.read_text().replace("steps = 3\n", "steps = 4\n"))
    assert main(words) == 2
    assert "started with other settings (training)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--ratios", "0"], "cannot use the ratio 0"),
        (["--seeds", "0"], "cannot use 0 seeds"),
        (["--protocol", "nowhere.toml"], "nowhere.toml cannot be read"),
        (["--data", "nowhere"], "nowhere/instances.json cannot be read"),
    ],
)
def test_bad_input_is_a_sentence(tmp_path: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]):
    data = write_data(tmp_path / "data")
    assert main(["benchmark", "wrel", "--data", str(data), "-o", str(tmp_path / "out"), *words]) == 2
    assert sentence in capsys.readouterr().err


def test_protocol_names_all_its_problems(tmp_path: Path):
    path = tmp_path / "p.toml"
    path.write_text("pool = 'two'\nwords = 1\n[training]\nstep = 1\n[training.bank]\nprompts = 1.5\n")
    with pytest.raises(OptionsError, match=r"'prompts' must be int.*'step' in \[training\].*'pool' must be.*'words'"):
        read_protocol(path)


def test_shipped_protocol_is_read_and_holds_every_row_equal():
    protocol = read_protocol(PROTOCOL)
    rows = rows_of(protocol, 30)
    assert {config.batch_size for config in rows.values()} == {protocol.training.batch_size}
    assert {config.steps for name, config in rows.items() if "equal compute" not in name} == {protocol.training.steps}
    assert rows["zero prompts"].bank.frozen
    assert rows["zero prompts"].bank.init_std == 0
    assert rows["frozen bank"].bank.init_std == 0.02
    assert list(rows_of(protocol, 100)) == ["all expressions"]
    assert len({cell.name for cell in cells_of(protocol, [10, 30, 50, 100], 3)}) == 3 * (3 * 5 + len(rows) - 5 + 1)


def test_equal_compute_counts_the_bank_steps():
    training = Protocol().training.changed(steps=100, warmup_steps=20, bank_steps=30)
    assert equal_steps(training, 0.7) == 20 + 30 + 80 * 1.7
