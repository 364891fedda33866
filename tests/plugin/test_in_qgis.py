"""Runs ``in_qgis`` in processes of their own: a real QGIS with an empty profile, and no torch from other tests."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).with_name("in_qgis")
ROOT = FOLDER.parents[2]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("qgis") is None, reason="PyQGIS is not installed: apt-get install qgis python3-qgis"
)


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("test_*.py")))
def test_in_a_real_qgis(name, tmp_path, speckled_model, scene_files):
    home = tmp_path / "home"
    plugins = tmp_path / "plugins"
    for folder in (home, plugins, tmp_path / "run"):
        folder.mkdir(mode=0o700)
    (plugins / "referent").symlink_to(ROOT)
    environment = {
        **os.environ,
        "REFERENT_IN_QGIS": "1",
        "REFERENT_PYTHON": sys.executable,
        "REFERENT_TEST_MODEL": str(speckled_model),
        **{f"REFERENT_TEST_{key.upper()}": str(path) for key, path in scene_files.items()},
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "QGIS_PLUGINPATH": str(plugins),
        "QT_QPA_PLATFORM": "offscreen",
        "OMP_NUM_THREADS": "1",
    }
    options = ["-o", "addopts=--import-mode=importlib", "-p", "no:cacheprovider", "-p", "no:doctest", "-q", "-rA"]
    options += ["-o", f"pythonpath={FOLDER}"]
    command = [sys.executable, "-m", "pytest", *options, str(FOLDER / name)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, f"{done.stdout[-12000:]}\n{done.stderr[-4000:]}"
