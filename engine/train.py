"""Train a model from a configuration: tokenizer, pretext stage, referring stage, calibration, checkpoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from ..core_model.checkpoint import TOKENIZER, WEIGHTS, find_model
from ..core_model.config import ModelConfig
from ..core_model.data.batch import BatchSource, Mix
from ..core_model.data.chips import Chip, ChipSet, read_ucm_refer
from ..core_model.data.sentences import SentenceSource
from ..core_model.device import choose_compute
from ..core_model.expression.lexicon import SAID
from ..core_model.image_encoder import ResidualEncoder
from ..core_model.network import ReferringNetwork, build_network
from ..core_model.presets import read_preset
from ..core_model.tokenizer import ExpressionTokenizer, load_hub_tokenizer, train_tokenizer
from ..core_model.train.loop import LoopConfig, StepReport, fit
from ..core_model.train.objective import (
    PretextNetwork,
    PretextObjective,
    ReferringObjective,
    ReferringTraining,
    TextPretextNetwork,
    TextPretextObjective,
)
from .errors import OptionsError
from .progress import ProgressSink
from .pseudo_labels import with_pseudo_labels
from .train_config import StageConfig, TrainConfig, read_train_config
from .train_finish import finish, validator

OnStep = Callable[[str, StepReport], None]


def train(
    config_path: Path,
    out: Path,
    *,
    seed: int | None = None,
    pretext_from: Path | None = None,
    on_step: OnStep | None = None,
    progress: ProgressSink | None = None,
) -> Path:
    """Train a model and return its checkpoint folder. A run that was stopped goes on when called again.

    Args:
        config_path: TOML file, see ``engine.train_config``.
        out: folder of the run; the checkpoint is ``out/model``.
        seed: instead of the configuration's.
        pretext_from: run folder whose tokenizer, pretext stage and text stage are used instead of own ones.
        on_step: told of every step, with the name of the stage.
        progress: told of every chip that a teacher draws on.

    Raises:
        OptionsError: the configuration is not usable.
        TrainingError: training cannot go on.
        DataError: the data set cannot be read.
        CheckpointError: the model to start from, or the teacher, is missing.
    """
    config = read_train_config(config_path)
    if seed is not None:
        config = dataclasses.replace(config, seed=seed)
    data = read_ucm_refer(Path(config.data), "train")
    for model in filter(None, (config.start_from, config.teacher)):
        find_model(model)  # before anything is made
    out.mkdir(parents=True, exist_ok=True)
    tokenizer, model_config = _prepare(config, data, out, pretext_from)
    if config.teacher:
        data = dataclasses.replace(data, chips=_taught(config, data, out, pretext_from, progress))
    torch.manual_seed(config.seed)
    network = build_network(model_config, pretrained=True)
    if config.start_from:
        _start(network, find_model(config.start_from))
    compute = choose_compute()
    bf16 = compute.dtype == torch.bfloat16
    if config.pretext.steps:
        weights = (pretext_from or out) / "pretext" / "image_side.safetensors"
        if not weights.exists():
            if pretext_from is not None:
                raise OptionsError(f"There is no finished pretext stage in {pretext_from}: {weights} is missing.")
            _pretext(config, data, tokenizer, network, out / "pretext", bf16, on_step)
        image_side = load_file(weights)
        network.load_state_dict(
            {k: v for k, v in image_side.items() if not k.startswith(("labels.", "rebuild."))}, strict=False
        )
    if config.text.steps:
        text_side = (pretext_from or out) / "text" / "text_side.safetensors"
        if not text_side.exists():
            if pretext_from is not None:
                raise OptionsError(f"There is no finished text stage in {pretext_from}: {text_side} is missing.")
            _text_pretext(config, data, tokenizer, network, text_side.parent, bf16, on_step)
        network.load_state_dict(load_file(text_side), strict=False)
    stage = config.referring
    _freeze(network, stage.frozen_stages)
    source = _source(data, tokenizer, stage, config.seed, stage.questions)
    average = fit(
        ReferringTraining(network, tokenizer.vocab_size, source.label_count),
        source,
        ReferringObjective(),
        _loop_config(stage, config.seed),
        out / "referring",
        validate=validator(config, tokenizer, model_config) if stage.validate_every else None,
        on_step=_named("referring", on_step),
        device=str(compute.device),
        bf16=bf16,
    )
    if not isinstance(average, ReferringTraining):
        raise TypeError("the loop returns the kind of network that it was given")
    return finish(config, data, model_config, tokenizer, average.network, out)


def _prepare(
    config: TrainConfig, data: ChipSet, out: Path, pretext_from: Path | None = None
) -> tuple[ExpressionTokenizer, ModelConfig]:
    fields = dict(config.model)
    base = read_preset(str(fields.pop("preset", "small")))
    unknown = set(fields) - {item.name for item in dataclasses.fields(ModelConfig)}
    if unknown:
        raise OptionsError(f"The table [model] of the training configuration holds unknown keys {sorted(unknown)}.")
    path = out / "tokenizer.json"
    text = base.text_encoder
    if config.start_from and not path.exists():
        path.write_bytes((find_model(config.start_from) / TOKENIZER).read_bytes())
    if pretext_from is not None and not path.exists() and (pretext_from / path.name).exists():
        # Its text stage taught word pieces by their numbers.
        path.write_bytes((pretext_from / path.name).read_bytes())
    if path.exists():
        tokenizer = ExpressionTokenizer.read(path, text.max_tokens)
    elif text.kind == "hub" and text.hub_id:
        tokenizer = load_hub_tokenizer(text.hub_id, text.revision, text.max_tokens)
        path.write_text(tokenizer.to_json(), encoding="utf-8")
    else:
        texts = [item.text for chip in data.chips for item in chip.expressions]
        texts += [word for words in SAID.values() for word in words for _ in range(3)]
        for name in config.tokenizer_texts:
            lines = Path(name).read_text(encoding="utf-8").splitlines() if Path(name).is_file() else []
            texts += [line.split("\t")[-1] for line in lines[1:]]
        tokenizer = train_tokenizer(texts, config.vocab_size, text.max_tokens)
        path.write_text(tokenizer.to_json(), encoding="utf-8")
    changed = {"gsd_m": data.gsd_m, **fields, "classes": data.classes}
    if text.kind == "bert":
        changed["text_encoder"] = dataclasses.replace(text, vocab_size=tokenizer.vocab_size)
    return tokenizer, dataclasses.replace(base, **changed)


def _taught(
    config: TrainConfig, data: ChipSet, out: Path, pretext_from: Path | None, progress: ProgressSink | None
) -> tuple[Chip, ...]:
    cache = out / "pseudo_labels.json"
    if pretext_from is not None and not cache.exists() and (pretext_from / cache.name).exists():
        cache.write_bytes((pretext_from / cache.name).read_bytes())
    return with_pseudo_labels(data.chips, data.classes, config.teacher, cache, progress)


def _start(network: ReferringNetwork, folder: Path) -> None:
    """Take the weights of a checkpoint where name and shape agree."""
    own = network.state_dict()
    known = load_file(folder / WEIGHTS)
    fits = {name for name, value in known.items() if name in own and own[name].shape == value.shape}
    # A bias whose weight does not fit belongs to nothing here.
    lone = {name for name in fits if name.endswith(".bias") and f"{name[:-4]}weight" in own.keys() - fits}
    network.load_state_dict({name: known[name] for name in fits - lone}, strict=False)


def _freeze(network: ReferringNetwork, stages: int) -> None:
    encoder = network.image_encoder
    if stages and isinstance(encoder, ResidualEncoder):
        encoder.stem.requires_grad_(False)
        encoder.stages[:stages].requires_grad_(False)


def _pretext(
    config: TrainConfig,
    data: ChipSet,
    tokenizer: ExpressionTokenizer,
    network: ReferringNetwork,
    folder: Path,
    bf16: bool,
    on_step: OnStep | None,
) -> None:
    seed = config.seed + 1000
    source = _source(data, tokenizer, config.pretext, seed, 0)
    training = PretextNetwork(network, source.label_count)
    loop = _loop_config(config.pretext, seed)
    average = fit(training, source, PretextObjective(), loop, folder, on_step=_named("pretext", on_step), bf16=bf16)
    _write(average.state_dict(), folder / "image_side.safetensors")


def _text_pretext(
    config: TrainConfig,
    data: ChipSet,
    tokenizer: ExpressionTokenizer,
    network: ReferringNetwork,
    folder: Path,
    bf16: bool,
    on_step: OnStep | None,
) -> None:
    seed = config.seed + 2000
    chips = [chip for chip in data.chips if chip.annotated]
    source = SentenceSource(chips, tokenizer, batch_size=config.text.batch_size, seed=seed)
    training = TextPretextNetwork(network, len(source.names))
    loop = _loop_config(config.text, seed)
    average = fit(training, source, TextPretextObjective(), loop, folder, on_step=_named("text", on_step), bf16=bf16)
    read = ("text_encoder.", "decoder.text_in.", "decoder.text_norm.", "decoder.sentence_norm.")
    state = {name: value for name, value in average.state_dict().items() if name.startswith(read)}
    _write(state, folder / "text_side.safetensors")


def _named(stage: str, on_step: OnStep | None) -> Callable[[StepReport], None] | None:
    return (lambda report: on_step(stage, report)) if on_step else None


def _write(tensors: dict[str, torch.Tensor], path: Path) -> None:
    part = path.with_suffix(".part")
    save_file({name: value.contiguous() for name, value in tensors.items()}, part)
    part.replace(path)


def _source(
    data: ChipSet, tokenizer: ExpressionTokenizer, stage: StageConfig, seed: int, questions: int
) -> BatchSource:
    mix = Mix(
        size_px=stage.size_px,
        questions=questions,
        upright=stage.upright,
        mosaic=stage.mosaic,
        synthetic=stage.synthetic,
        unannotated=stage.unannotated,
    )
    return BatchSource(data.chips, data.classes, tokenizer, mix, batch_size=stage.batch_size, seed=seed)


def _loop_config(stage: StageConfig, seed: int) -> LoopConfig:
    return LoopConfig(
        steps=stage.steps,
        batch_size=stage.batch_size,
        learning_rate=stage.learning_rate,
        weight_decay=stage.weight_decay,
        text_rate=stage.text_rate,
        image_rate=stage.image_rate,
        decay_share=stage.decay_share,
        validate_every=stage.validate_every,
        seed=seed,
    )
