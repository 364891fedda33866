"""The command line in an empty folder, and a scene to ask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command_line import HEIGHT, WIDTH, Run

from referent.core_model.synthetic import render_scene
from referent.engine.cli import main
from referent.engine.synthetic import write_scene


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scene") / "scene.tif"
    write_scene(path, render_scene(np.random.default_rng(1), HEIGHT, WIDTH, ("tanks",)))
    return path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in an empty folder and return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def _run(*words: object) -> tuple[int, str, str]:
        try:
            code = main([str(word) for word in words])
        except SystemExit as error:  # argparse
            code = int(error.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return _run
