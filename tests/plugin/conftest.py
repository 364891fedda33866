"""Models and scenes for the tests in QGIS, made in this process so that QGIS's own stays free of torch."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]

# Those tests need a process of their own; test_in_qgis.py starts it.
collect_ignore = [] if os.environ.get("REFERENT_IN_QGIS") else ["in_qgis"]


@pytest.fixture(scope="session")
def speckled_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of a tiny random network that finds many small things with scores from low to high."""
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

    folder = tmp_path_factory.mktemp("models") / "speckled"
    classes = ("storage tank", "airplane", "tennis court")
    torch.manual_seed(0)
    config = ModelConfig(
        name="speckled",
        window_px=64,
        stride_px=48,
        classes=classes,
        image_encoder=ImageEncoderConfig(stem=8, widths=(8, 12, 16, 24), depths=(1, 1, 1, 1)),
        text_encoder=TextEncoderConfig(vocab_size=200, dim=16, layers=1, heads=2, ffn=16, max_tokens=32),
        decoder=DecoderConfig(dim=16, dim8=8, dim4=8, dim2=8, layers=1, heads=2, ffn=16),
        calibration=Calibration(-2.0, 0.0, 4.0, -2.0, 0.0, 4.0),
    )
    network = build_network(config)
    with torch.no_grad():
        network.decoder.kernel.weight.mul_(10)
    tokenizer = train_tokenizer([*classes, "the white airplane in the upper left"] * 3, 200, 32)
    save_checkpoint(folder, network, tokenizer, config, "# A tiny random network\n")
    return folder


@pytest.fixture(scope="session")
def scene_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A synthetic scene in UTM with labels, a large one that takes seconds, and one without CRS.

    Names with space and umlaut.
    """
    import rasterio

    from referent.core_model.synthetic import render_scene
    from referent.engine.synthetic import Placement, truth_layer, write_scene

    folder = tmp_path_factory.mktemp("Bilder aus Köln")
    paths = {name: folder / f"{name}.tif" for name in ("scene", "large", "no_crs")}
    truth = render_scene(np.random.default_rng(3), 400, 400)
    to_map = write_scene(paths["scene"], truth)
    # A handful of objects, every third described.
    labels = truth_layer(truth, to_map, Placement().crs).iloc[::8].reset_index(drop=True)
    labels["expression"] = [f"the {row.color} car number {row.Index}" if row.Index % 3 == 0 else None
                            for row in labels.itertuples()]  # fmt: skip
    paths["labels"] = folder / "labels.gpkg"
    labels.to_file(paths["labels"], layer="things", driver="GPKG")
    with rasterio.open(paths["scene"]) as source:
        picture, profile = source.read(), source.profile
    profile.update(width=4000, height=4000)
    with rasterio.open(paths["large"], "w", **profile) as sink:
        sink.write(np.tile(picture, (1, 10, 10)))
    profile.update(width=400, height=400)
    profile.pop("crs")
    with rasterio.open(paths["no_crs"], "w", **profile) as sink:
        sink.write(picture)
    return paths
