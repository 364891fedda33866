"""Every algorithm through ``qgis_process``, without a display, from the zip unpacked under another folder name."""

import importlib.util
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
# On Debian the wrapper /usr/bin/qgis_process passes an option that the program refuses.
PROGRAM = shutil.which("qgis_process.bin") or shutil.which("qgis_process")

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="qgis_process is not installed: apt-get install qgis")


@pytest.fixture(scope="module")
def qgis_process(tmp_path_factory):
    """A function that runs qgis_process with an empty profile; returns what it printed."""
    folder = tmp_path_factory.mktemp("qgis_process")
    spec = importlib.util.spec_from_file_location("package", ROOT / "tools" / "package.py")
    package = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(package)
    with zipfile.ZipFile(package.build(folder / "dist")) as zipped:
        zipped.extractall(folder / "unpacked")
    for name in ("plugins", "home", "run"):
        (folder / name).mkdir(mode=0o700)
    (folder / "unpacked" / "referent").rename(folder / "plugins" / "ask_in_words")
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ("DISPLAY", "PYTHONPATH")},
        "HOME": str(folder / "home"),
        "XDG_DATA_HOME": str(folder / "home" / "data"),
        "XDG_RUNTIME_DIR": str(folder / "run"),
        "QGIS_PLUGINPATH": str(folder / "plugins"),
        "QT_QPA_PLATFORM": "offscreen",
        "REFERENT_PYTHON": sys.executable,
    }

    def run(*arguments):
        command = [PROGRAM, *arguments]
        done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=600)
        return done.stdout + done.stderr

    assert "ask_in_words" in run("plugins", "enable", "ask_in_words")
    yield run
    # They leave by themselves; on a busy machine a Python full of libraries takes its time.
    deadline = time.monotonic() + 60
    while workers_in(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert workers_in(folder) == []


def workers_in(folder):
    """Return the processes that were started from a folder."""
    return [p for p in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(p.info["cmdline"] or [])]


def test_query(qgis_process, scene_files, speckled_model, tmp_path):
    output = tmp_path / "found.gpkg"
    printed = qgis_process(
        "run", "referent:query", f"--INPUT={scene_files['scene']}", "--EXPRESSION=storage tank",
        f"--MODEL={speckled_model}", f"--OUTPUT={output}",
    )  # fmt: skip
    assert "COUNT:" in printed, printed
    import pyogrio

    frame = pyogrio.read_dataframe(output)
    assert len(frame) == int(printed.split("COUNT:")[1].split()[0]) > 0
    assert frame.crs.to_epsg() == 32611
    assert set(frame["expression"]) == {"storage tank"}


def test_querybatch(qgis_process, scene_files, speckled_model, tmp_path):
    output = tmp_path / "found.gpkg"
    printed = qgis_process(
        "run", "referent:querybatch", f"--LAYERS={scene_files['scene']}", "--EXPRESSIONS=storage tank\nairplane",
        f"--MODEL={speckled_model}", f"--OUTPUT={output}",
    )  # fmt: skip
    assert output.exists(), printed
    import pyogrio

    assert set(pyogrio.read_dataframe(output)["expression"]) == {"storage tank", "airplane"}


def test_modelinfo(qgis_process, speckled_model):
    printed = qgis_process("run", "referent:modelinfo", f"--MODEL={speckled_model}")
    assert "storage tank, airplane, tennis court" in printed


def test_train_and_evaluate(qgis_process, scene_files, speckled_model, tmp_path):
    sources = (f"--RASTERS={scene_files['scene']}", f"--LABELS={scene_files['labels']}|layername=things")
    run, sheet, report = tmp_path / "mein Lauf", tmp_path / "sheet.png", tmp_path / "report.html"
    printed = qgis_process(
        "run", "referent:train", *sources, f"--MODEL={speckled_model}", "--STEPS=2", "--BATCH_SIZE=1",
        f"--CONTACT_SHEET={sheet}", f"--OUTPUT={run}",
    )  # fmt: skip
    assert "car" in printed.split("CLASSES:")[1].splitlines()[0], printed
    assert (run / "model" / "model.safetensors").exists()
    assert sheet.stat().st_size > 1000
    printed = qgis_process(
        "run", "referent:evaluate", *sources, f"--MODEL={run / 'model'}", f"--REPORT={report}"
    )  # fmt: skip
    assert 0 <= float(printed.split("CLASS_IOU:")[1].split()[0]) <= 1, printed
    assert "<table" in report.read_text(encoding="utf-8")


def test_dry_run_trains_nothing(qgis_process, scene_files, speckled_model, tmp_path):
    run = tmp_path / "run"
    printed = qgis_process(
        "run", "referent:train", f"--RASTERS={scene_files['scene']}", f"--LABELS={scene_files['labels']}",
        f"--MODEL={speckled_model}", "--DRY_RUN=true", f"--OUTPUT={run}",
    )  # fmt: skip
    assert "objects" in printed, printed
    assert not (run / "model").exists()


def test_failure_is_one_sentence_with_a_next_step(qgis_process, scene_files, tmp_path):
    printed = qgis_process(
        "run", "referent:query", f"--INPUT={scene_files['scene']}", "--EXPRESSION=storage tank",
        "--MODEL=/nonexistent", f"--OUTPUT={tmp_path / 'found.gpkg'}",
    )  # fmt: skip
    assert "There is no model '/nonexistent'" in printed
    assert "Traceback" not in printed
