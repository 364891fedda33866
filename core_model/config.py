"""Model configuration: the JSON schema of ``config.json`` in a checkpoint, validated before anything is built.

Own schema, plain data: nothing in it names code to run, and unknown keys are refused.
"""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import CheckpointError

FORMAT = "referent-model/2"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_REVISION = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class ImageEncoderConfig:
    """A text-free image encoder with maps at strides 4, 8, 16 and 32."""

    kind: str = "residual"
    """``residual`` (own plain residual network) or ``hub`` (any ``transformers`` backbone with four stages)."""
    stem: int = 32
    """Channels of the stem (residual)."""
    widths: tuple[int, ...] = (32, 64, 160, 288)
    """Channels of the four stages (residual)."""
    depths: tuple[int, ...] = (2, 2, 3, 2)
    """Residual blocks of the four stages (residual)."""
    fine: bool = False
    """Whether the stem's map at stride 2 goes straight to the pixel embeddings (residual)."""
    hub_id: str = ""
    """Hub repository or local folder whose weights a training starts from (hub)."""
    revision: str = ""
    """40-digit commit of the hub repository; weights of an unpinned one are never loaded (hub)."""
    settings: dict[str, Any] = field(default_factory=dict)
    """``model_type`` and sizes, as ``transformers`` names them, so that a checkpoint loads without the hub (hub)."""


@dataclass(frozen=True)
class TextEncoderConfig:
    """A BERT-family text encoder that also accepts input embeddings."""

    kind: str = "bert"
    """``bert`` (a BERT of the sizes below) or ``hub`` (a BERT-family model of ``transformers``)."""
    vocab_size: int = 1500
    """Size of the WordPiece vocabulary (bert)."""
    dim: int = 160
    """Width of the hidden states (bert)."""
    layers: int = 3
    """Transformer layers (bert)."""
    heads: int = 4
    """Attention heads (bert)."""
    ffn: int = 480
    """Width of the feed-forward part (bert)."""
    dropout: float = 0.1
    """Dropout while training (bert)."""
    max_tokens: int = 32
    """Longest token sequence, special tokens included."""
    hub_id: str = ""
    """Hub repository or local folder whose weights a training starts from (hub)."""
    revision: str = ""
    """40-digit commit of the hub repository; weights of an unpinned one are never loaded (hub)."""
    settings: dict[str, Any] = field(default_factory=dict)
    """``model_type`` and sizes, as ``transformers`` names them, so that a checkpoint loads without the hub (hub)."""


@dataclass(frozen=True)
class DecoderConfig:
    """The pyramid that mixes image maps and the fusion decoder that joins image and text."""

    dim: int = 128
    """Width of the tokens at stride 16, where text and image meet."""
    dim8: int = 64
    """Channels of the pyramid at stride 8."""
    dim4: int = 48
    """Channels of the pyramid at stride 4."""
    dim2: int = 24
    """Width of the pixel embeddings at stride 2, which text-made kernels read."""
    layers: int = 3
    """Fusion layers: cross-attention to the text, self-attention, feed-forward."""
    heads: int = 4
    """Attention heads of the fusion layers."""
    ffn: int = 256
    """Width of the feed-forward part of the fusion layers."""


@dataclass(frozen=True)
class Calibration:
    """Where the decision lies, fitted on validation data so that a score of 0.5 is the right threshold.

    Plain class names, which are easier than expressions, have numbers of their own (``name_...``).
    """

    mask_bias: float = 0.0
    """Added to the mask logits."""
    peak_weight: float = 0.0
    """How much the highest mask logit of a tile adds to its presence logit."""
    presence_bias: float = 0.0
    """Added to the presence logit, whose sign decides between a referent and none."""
    name_mask_bias: float = 0.0
    name_peak_weight: float = 0.0
    name_presence_bias: float = 0.0
    class_gate: float = -1e4
    """A tile in which no pixel of the classes that an expression names has a dense logit above this is not read: it
    holds no referent. The default reads every tile."""


@dataclass(frozen=True)
class ModelConfig:
    """Everything that is needed to rebuild a network before its weights are loaded."""

    name: str = "small"
    """Name of the model, shown in results."""
    gsd_m: float = 0.3
    """Ground resolution of the training imagery, in metres per pixel."""
    window_px: int = 256
    """Side of the square tiles, in pixels; a multiple of 32."""
    stride_px: int = 192
    """Step between tiles of a scene, in pixels."""
    classes: tuple[str, ...] = ()
    """Class names known, lower case."""
    image_encoder: ImageEncoderConfig = field(default_factory=ImageEncoderConfig)
    text_encoder: TextEncoderConfig = field(default_factory=TextEncoderConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    calibration: Calibration = field(default_factory=Calibration)
    training: dict[str, Any] = field(default_factory=dict)
    """Free facts on the training (data, steps, metrics), for people; nothing reads it."""

    def __post_init__(self) -> None:
        """Refuse sizes that cannot be built.

        Raises:
            CheckpointError: with all problems in one sentence.
        """
        problems = list(_problems(self))
        if problems:
            raise CheckpointError(f"The model configuration '{self.name}' is not usable: {'; '.join(problems)}.")

    def to_json(self) -> str:
        """Return the configuration as JSON text."""
        return json.dumps({"format": FORMAT, **dataclasses.asdict(self)}, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, source: str = "config.json") -> ModelConfig:
        """Return the configuration of a JSON text.

        Args:
            text: JSON, as ``to_json`` writes it.
            source: what to call the text in messages.

        Raises:
            CheckpointError: not JSON, another format, unknown or ill-typed keys, impossible sizes.
        """
        try:
            data = json.loads(text)
        except ValueError as error:
            raise CheckpointError(
                f"{source} is not JSON ({error}); take the file from the original checkpoint."
            ) from error
        if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
            raise CheckpointError(
                f"{source} is not a '{FORMAT}' configuration; this version reads no other: "
                "a model of an earlier version must be trained again."
            )
        config: ModelConfig = _build(cls, data, source)
        return config

    @classmethod
    def read(cls, path: Path) -> ModelConfig:
        """Return the configuration in a file.

        Raises:
            CheckpointError: the file is missing or not usable.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CheckpointError(f"The model configuration {path} cannot be read: {error}.") from error
        return cls.from_json(text, str(path))


_PARTS: dict[str, type] = {
    "image_encoder": ImageEncoderConfig,
    "text_encoder": TextEncoderConfig,
    "decoder": DecoderConfig,
    "calibration": Calibration,
}


def _build(cls: type, data: dict[str, Any], source: str) -> Any:
    fields = {item.name: item for item in dataclasses.fields(cls)}
    unknown = sorted(set(data) - set(fields))
    if unknown:
        raise CheckpointError(f"{source} holds unknown keys {unknown}; nothing of it is used.")
    values: dict[str, Any] = {}
    for name, value in data.items():
        if name in _PARTS and cls is ModelConfig:
            if not isinstance(value, dict):
                raise CheckpointError(f"'{name}' in {source} must be an object, not {type(value).__name__}.")
            values[name] = _build(_PARTS[name], value, source)
            continue
        default: Any = getattr(cls(), name)
        if isinstance(default, tuple) and isinstance(value, list):
            value = tuple(value)
        if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not type(default):
            raise CheckpointError(
                f"'{name}' in {source} must be {type(default).__name__}, not {type(value).__name__} ({value!r:.40})."
            )
        values[name] = value
    return cls(**values)


def _problems(config: ModelConfig) -> list[str]:
    """Return every reason why ``config`` cannot be built."""
    image, text, decoder = config.image_encoder, config.text_encoder, config.decoder
    found = []
    if not 0.001 <= config.gsd_m <= 10_000:
        found.append(f"gsd_m is {config.gsd_m}, expected 0.001 to 10000")
    if config.window_px % 32 or not 32 <= config.window_px <= 4096:
        found.append(f"window_px is {config.window_px}, expected a multiple of 32 from 32 to 4096")
    if not 1 <= config.stride_px <= config.window_px:
        found.append(f"stride_px is {config.stride_px}, expected 1 to window_px")
    if not all(isinstance(name, str) and name.strip() for name in config.classes):
        found.append("classes holds a name that is empty or no text")
    if image.kind == "residual":
        sizes = (image.stem, *image.widths, *image.depths)
        if len(image.widths) != 4 or len(image.depths) != 4 or not all(1 <= _int(n) <= 4096 for n in sizes):
            found.append("image_encoder needs 4 widths and 4 depths from 1 to 4096")
    if text.kind == "bert":
        sizes = (text.vocab_size, text.dim, text.layers, text.heads, text.ffn)
        if not all(1 <= n <= 200_000 for n in sizes) or text.dim % text.heads:
            found.append("text_encoder sizes must be positive and dim a multiple of heads")
    for part, kinds in ((image, ("residual", "hub")), (text, ("bert", "hub"))):
        if part.kind not in kinds:
            found.append(f"encoder kind '{part.kind}' is none of {kinds}")
        if part.kind == "hub":
            if not isinstance(part.settings.get("model_type"), str):
                found.append("settings of a hub encoder must name a 'model_type' of transformers, such as 'swin'")
            if part.hub_id and not _HUB_ID.fullmatch(part.hub_id) and not Path(part.hub_id).is_dir():
                found.append(f"hub_id '{part.hub_id}' is neither a folder nor 'owner/name'")
            if part.revision and not _REVISION.fullmatch(part.revision):
                found.append(f"revision '{part.revision}' must be the 40 hexadecimal digits of a commit")
    if not 4 <= text.max_tokens <= 4096:
        found.append(f"max_tokens is {text.max_tokens}, expected 4 to 4096")
    if min(decoder.dim, decoder.dim8, decoder.dim4, decoder.dim2, decoder.layers, decoder.heads, decoder.ffn) < 1:
        found.append("decoder sizes must be positive")
    elif decoder.dim % decoder.heads or decoder.dim % 4:
        found.append(f"decoder dim {decoder.dim} must be a multiple of heads ({decoder.heads}) and of 4")
    return found


def _int(value: object) -> int:
    return value if isinstance(value, int) else -1
