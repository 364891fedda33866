"""A scene to ask on the command line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command_line import HEIGHT, WIDTH

from referent.core_model.synthetic import render_scene
from referent.engine.synthetic import write_scene


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scene") / "scene.tif"
    write_scene(path, render_scene(np.random.default_rng(1), HEIGHT, WIDTH, ("tanks",)))
    return path
