"""Checkpoints: a folder of weights (safetensors), configuration, tokenizer and model card. No pickle."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from .config import ModelConfig
from .device import choose_compute
from .errors import CheckpointError
from .network import ReferringNetwork, build_network
from .predictor import NetworkSegmenter
from .segmenter import ModelSpec, Segmenter
from .tokenizer import ExpressionTokenizer

WEIGHTS, CONFIG, TOKENIZER, CARD = "model.safetensors", "config.json", "tokenizer.json", "model_card.md"
MODELS_FOLDER = Path(__file__).resolve().parent.parent / "resources" / "models"


def save_checkpoint(
    folder: Path, network: ReferringNetwork, tokenizer: ExpressionTokenizer, config: ModelConfig, card: str
) -> None:
    """Write a checkpoint, whole or not at all; an old one in the same place is replaced.

    Args:
        folder: of the checkpoint.
        network: its weights are stored as float16, statistics too.
        tokenizer: of the network.
        config: of the network.
        card: text of the model card, Markdown.

    Raises:
        CheckpointError: a weight is not finite, or the folder cannot be written.
    """
    tensors = {}
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            value = value.detach().to("cpu", torch.float16)
            if not torch.isfinite(value).all():
                raise CheckpointError(
                    f"The weights '{name}' are not finite in float16; the checkpoint {folder} was not written."
                )
        tensors[name] = value.cpu().contiguous()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.part-", dir=folder.parent))
        try:
            save_file(tensors, part / WEIGHTS, {"format": "pt"})
            (part / CONFIG).write_text(config.to_json(), encoding="utf-8")
            (part / TOKENIZER).write_text(tokenizer.to_json(), encoding="utf-8")
            (part / CARD).write_text(card, encoding="utf-8")
            for item in part.iterdir():
                with item.open("rb+") as handle:
                    os.fsync(handle.fileno())
            part.chmod(0o755)
            _swap(part, folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except (OSError, SafetensorError) as error:
        kept = "the old one is whole; " if folder.exists() else ""
        raise CheckpointError(
            f"The checkpoint {folder} cannot be written ({error}); {kept}make room on the disk or choose "
            "another folder."
        ) from error


def _swap(part: Path, folder: Path) -> None:
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    part.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def find_model(name_or_folder: str | Path) -> Path:
    """Return the folder of a bundled model's name, the folder itself, or the model of a training run's folder.

    Raises:
        CheckpointError: neither is there.
    """
    for folder in (Path(name_or_folder), Path(name_or_folder) / "model", MODELS_FOLDER / str(name_or_folder)):
        if (folder / CONFIG).is_file():
            return folder
    known = ", ".join(path.name for path in _bundled()) or "none"
    raise CheckpointError(
        f"There is no model '{name_or_folder}': give a bundled name ({known}) "
        f"or a folder that holds {CONFIG} and {WEIGHTS}."
    )


def load_checkpoint(folder: Path) -> tuple[ReferringNetwork, ExpressionTokenizer, ModelConfig]:
    """Return network, tokenizer and configuration of a checkpoint folder.

    Raises:
        CheckpointError: a file is missing or damaged, or a tensor is missing, too much, of a wrong shape or not finite.
    """
    config = ModelConfig.read(folder / CONFIG)
    tokenizer = ExpressionTokenizer.read(folder / TOKENIZER, config.text_encoder.max_tokens)
    if config.text_encoder.kind == "bert" and tokenizer.vocab_size > config.text_encoder.vocab_size:
        raise CheckpointError(
            f"The tokenizer in {folder} has {tokenizer.vocab_size} tokens but the network only "
            f"{config.text_encoder.vocab_size}; take both files from the same checkpoint."
        )
    network = build_network(config)
    network.load_state_dict(_read_weights(folder / WEIGHTS, network))
    return network, tokenizer, config


def load_segmenter(
    name_or_folder: str | Path = "small", device: str = "auto", precision: str = "auto", *, compiled: bool = False
) -> Segmenter:
    """Return a model ready to answer.

    Args:
        name_or_folder: ``small`` (bundled) or a checkpoint folder.
        device: see ``choose_compute``.
        precision: see ``choose_compute``.
        compiled: compile the image encoder where that works; worth it on long jobs only.

    Raises:
        CheckpointError: there is no such model, or it is damaged.
        DeviceError: the asked device is not there.
    """
    folder = find_model(name_or_folder)
    compute = choose_compute(device, precision)
    network, tokenizer, config = load_checkpoint(folder)
    return NetworkSegmenter(network, tokenizer, config, compute, weights_hash(folder), compiled=compiled)


def read_spec(folder: Path) -> ModelSpec:
    """Return what a caller must know of a checkpoint, without building the network.

    Raises:
        CheckpointError: the configuration is missing or not usable.
    """
    config = ModelConfig.read(folder / CONFIG)
    return ModelSpec(
        name=config.name,
        weights_hash=weights_hash(folder),
        gsd_m=config.gsd_m,
        window_px=config.window_px,
        stride_px=config.stride_px,
        classes=config.classes,
        max_words=config.text_encoder.max_tokens - 2,
    )


def list_models() -> list[tuple[Path, ModelSpec]]:
    """Return folder and facts of every bundled model."""
    return [(folder, read_spec(folder)) for folder in _bundled()]


def weights_hash(folder: Path) -> str:
    """Return the first 16 hex digits of the SHA-256 of weights, configuration and tokenizer.

    Raises:
        CheckpointError: a file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        for name in (CONFIG, TOKENIZER, WEIGHTS):
            digest.update((folder / name).read_bytes())
    except OSError as error:
        raise CheckpointError(
            f"The model {folder} is not whole ({error}); copy the checkpoint folder again."
        ) from error
    return digest.hexdigest()[:16]


def _bundled() -> list[Path]:
    return sorted(path.parent for path in MODELS_FOLDER.glob(f"*/{CONFIG}"))


def _read_weights(path: Path, network: ReferringNetwork) -> dict[str, torch.Tensor]:
    expected = network.state_dict()
    advice = "copy the checkpoint folder again"
    tensors: dict[str, torch.Tensor] = {}
    try:
        with safe_open(path, "pt") as handle:
            names = set(handle.keys())
            missing, extra = sorted(set(expected) - names), sorted(names - set(expected))
            if missing or extra:
                raise CheckpointError(
                    f"{path} does not fit its configuration: {len(missing)} tensors are missing "
                    f"(such as {missing[:2]}), "
                    f"{len(extra)} are not known (such as {extra[:2]}); {advice}."
                )
            for name, like in expected.items():
                shape = tuple(handle.get_slice(name).get_shape())
                if shape != tuple(like.shape):
                    raise CheckpointError(
                        f"The tensor '{name}' in {path} has shape {shape}, expected {tuple(like.shape)}; {advice}."
                    )
                value = handle.get_tensor(name)
                if value.is_floating_point() != like.is_floating_point():
                    raise CheckpointError(
                        f"The tensor '{name}' in {path} is {value.dtype}, expected {like.dtype}; {advice}."
                    )
                if value.is_floating_point() and value.numel() and not torch.isfinite(value.float().sum()):
                    raise CheckpointError(f"The tensor '{name}' in {path} holds NaN or infinite values; {advice}.")
                tensors[name] = value.to(like.dtype)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"The weights {path} cannot be read ({error}); {advice}.") from error
    return tensors
