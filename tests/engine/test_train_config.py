"""The training configuration: what a file leaves out is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from referent.engine.train_config import read_train_config

CONFIGS = Path(__file__).parents[2] / "resources" / "configs"


def test_a_file_without_a_pretext_table_has_no_pretext_stage(tmp_path: Path):
    path = tmp_path / "train.toml"
    path.write_text('data = "somewhere"\n[referring]\nsteps = 7\n')
    config = read_train_config(path)
    assert config.pretext.steps == 0
    assert config.referring.steps == 7


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("small*.toml")), ids=lambda path: path.stem)
def test_shipped_configurations_are_usable(path: Path):
    config = read_train_config(path)
    assert config.referring.steps > 0
    # A run starts from something: pretext stages of its own or a model; the baseline from nothing.
    assert bool(config.pretext.steps > 0 or config.start_from) == ("no_pretext" not in path.stem)
    assert bool(config.teacher) == bool(config.start_from)
