"""Real checkpoints of a tiny random network, and the command line in an empty folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Run

from referent.engine.cli import main

CLASSES = ("storage tank", "airplane", "tennis court")


def _save(folder: Path, bias: float) -> Path:
    import torch

    from referent.core_model.checkpoint import save_checkpoint
    from referent.core_model.config import (
        Calibration,
        DecoderConfig,
        ImageEncoderConfig,
        ModelConfig,
        TextEncoderConfig,
    )
    from referent.core_model.network import build_network
    from referent.core_model.tokenizer import train_tokenizer

    torch.manual_seed(0)
    config = ModelConfig(
        name=folder.name,
        window_px=64,
        stride_px=48,
        classes=CLASSES,
        image_encoder=ImageEncoderConfig(stem=8, widths=(8, 12, 16, 24), depths=(1, 1, 1, 1)),
        text_encoder=TextEncoderConfig(vocab_size=200, dim=16, layers=1, heads=2, ffn=16, max_tokens=32),
        decoder=DecoderConfig(dim=16, dim8=8, dim4=8, dim2=8, layers=1, heads=2, ffn=16),
        calibration=Calibration(bias, 0.0, bias, bias, 0.0, bias),
    )
    tokenizer = train_tokenizer([*CLASSES, "the white airplane in the upper left"] * 3, 200, 32)
    save_checkpoint(folder, build_network(config), tokenizer, config, "# A tiny random network\n")
    return folder


@pytest.fixture(scope="session")
def eager_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that takes every pixel for what was asked."""
    return _save(tmp_path_factory.mktemp("models") / "eager", 200.0)


@pytest.fixture(scope="session")
def silent_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that finds nothing anywhere."""
    return _save(tmp_path_factory.mktemp("models") / "silent", -200.0)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in an empty folder and return exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def _run(*words: object) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            code = main([str(word) for word in words])
        except SystemExit as error:  # argparse
            code = int(error.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return _run
