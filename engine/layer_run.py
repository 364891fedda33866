"""One training run on layer samples: resume, validation, early stop, the best model kept, the folder written whole."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import platform
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..core_model.calibrate import calibrate
from ..core_model.checkpoint import load_checkpoint, save_checkpoint, weights_hash
from ..core_model.chip_evaluation import ask_chips, headline, questions_of
from ..core_model.class_head import change_classes
from ..core_model.config import ModelConfig
from ..core_model.data.chips import Chip
from ..core_model.device import Compute, choose_compute
from ..core_model.errors import CheckpointError, TrainingError, TrainingStopped
from ..core_model.network import ReferringNetwork, build_network
from ..core_model.predictor import NetworkSegmenter
from ..core_model.tokenizer import ExpressionTokenizer
from ..core_model.train.loop import StepReport
from ..core_model.train.run_folder import draw_curves
from ..geo_io.errors import OutputError
from .errors import Cancelled, OptionsError
from .layer_fit import BEST, FitSettings, IsCancelled, OnStep, best_so_far, fit_network, load_best
from .layer_samples import LayerSamples

FALSE_ALARMS = (0.04, 0.04)
_REQUEST = "request.json"
_RESULT = "result.json"
_MAX_VALIDATION = 60
"""Chips that models are chosen by; more cost more time than they add certainty."""
_MAX_GROUND = 400


@dataclass(frozen=True)
class TrainedModel:
    """A finished training."""

    folder: str
    """Of the model; ``referent query --model`` takes it."""
    classes: tuple[str, ...]
    """All that the model answers to."""
    steps: int
    """Steps taken."""
    best_step: int
    """Step whose weights were kept."""
    before: dict[str, float]
    """Headline figures of the start model on the validation chips; empty from scratch."""
    after: dict[str, float]
    """The same of the new model."""
    is_validated: bool
    """False: the figures are those of the training chips, because no ground was left to validate on."""
    warnings: tuple[str, ...]
    seconds_per_step: float

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values; figures that do not exist are null."""
        data = dataclasses.asdict(self)
        for key in ("before", "after"):
            data[key] = {name: None if math.isnan(value) else value for name, value in data[key].items()}
        return data


@dataclass(frozen=True)
class _Work:
    """What finishing a run needs, whole or stopped."""

    out: Path
    samples: LayerSamples
    tokenizer: ExpressionTokenizer
    start: tuple[ReferringNetwork, ModelConfig] | None
    """Where old classes' rows of the head come from; None from scratch."""
    config: ModelConfig
    facts: dict[str, Any]
    compute: Compute

    @property
    def chips(self) -> list[Chip]:
        """Chips that models are measured on."""
        chips = self.samples.validation or self.samples.training
        return list(chips[:: -(-len(chips) // _MAX_VALIDATION)])

    def measure(self, network: ReferringNetwork) -> tuple[ModelConfig, dict[str, float]]:
        """Return the configuration with its calibration, and the headline figures; the network is left as it was."""
        trained = [value for value in network.parameters() if value.requires_grad]
        was_training = network.training
        chips = self.chips
        # No class gate: it would be fitted on the classes of the layers, while rows of old classes have moved.
        calibration = calibrate(network.eval(), self.tokenizer, chips, self.compute, false_alarms=FALSE_ALARMS)
        config = dataclasses.replace(self.config, calibration=calibration)
        figures = headline(list(ask_chips(NetworkSegmenter(network, self.tokenizer, config, self.compute), chips)))
        for value in trained:
            value.requires_grad_(True)
        network.train(was_training)
        return config, figures

    def finish(self, network: ReferringNetwork, best_step: int) -> tuple[ModelConfig, dict[str, float]]:
        """Write the checkpoint of a trained network."""
        config, figures = self.measure(network)
        old = self.start[1].classes if self.start else ()
        whole, config = change_classes(network, config, dict.fromkeys([*old, *self.samples.classes]), self.start)
        facts = self.facts | {"best_step": best_step, "validation": _plain(figures)}
        config = dataclasses.replace(config, name=self.out.resolve().name, training=facts)
        save_checkpoint(self.out / "model", whole, self.tokenizer, config, _card(config, self.samples, figures))
        return config, figures


def run_training(
    request: dict[str, Any],
    out: Path,
    samples: LayerSamples,
    understanding: dict[str, Any],
    settings: FitSettings,
    *,
    start: Path,
    device: str,
    overwrite: bool,
    on_step: OnStep | None,
    is_cancelled: IsCancelled | None,
) -> TrainedModel:
    """Train; see ``layer_training.train_on_layers``, which calls this with everything decided."""
    compute = choose_compute(device)
    _open_folder(out, _identity(request, samples, settings, start), request, understanding, overwrite)
    finished = _read_result(out)
    if finished is not None:
        return finished
    base, tokenizer, config = load_checkpoint(start)
    config = dataclasses.replace(config, gsd_m=samples.gsd_m)
    torch.manual_seed(settings.seed)
    if settings.from_scratch:
        fresh = dataclasses.replace(config, classes=samples.classes)
        network, kept, config = build_network(fresh), None, fresh
    else:
        kept = (base, config)
        network, config = change_classes(base, config, samples.classes)
    facts = {
        "start": "random weights" if settings.from_scratch else start.name,
        "method": settings.method,
        "steps": settings.steps,
        "seed": settings.seed,
        "learning_rate": settings.learning_rate,
        "objects": sum(item["objects"] for item in understanding["classes"]),
        "expressions": sum(understanding["kinds"]["training"][name] for name in ("expression", "group")),
        "ground": [[round(value, 7) for value in box] for box in samples.ground[:_MAX_GROUND]],
    }
    work = _Work(out, samples, tokenizer, kept, config, facts, compute)
    before = work.measure(network.to(compute.device))[1] if kept else {}
    is_validated = bool(samples.validation) and _can_judge(samples.validation)
    last: list[StepReport] = []

    def tell(stage: str, report: StepReport) -> None:
        last[:] = [report]
        if on_step is not None:
            on_step(stage, report)

    def measure(judged: ReferringNetwork) -> dict[str, float]:
        figures = work.measure(judged)[1]
        return figures | {BEST: score_of(figures)}

    folder = out / "training"
    try:
        fitted = fit_network(
            network,
            tokenizer,
            samples.training,
            samples.validation,
            samples.classes,
            settings,
            folder,
            compute,
            measure if is_validated else None,
            tell,
            is_cancelled,
        )
    except TrainingStopped as stop:
        raise Cancelled(_stopped(work, folder, network, last)) from stop
    except TrainingError as error:
        best = _rescue(work, folder, network)
        if not best:
            raise
        where = f"the best model so far (step {best}) is in {out / 'model'}"
        raise TrainingError(f"{str(error).rstrip('.')}; {where}.") from error
    config, after = work.finish(fitted.network, fitted.best_step)
    result = TrainedModel(
        folder=str(out / "model"),
        classes=config.classes,
        steps=last[0].step if last else settings.steps,
        best_step=fitted.best_step,
        before=before,
        after=after,
        is_validated=is_validated,
        warnings=samples.warnings,
        seconds_per_step=last[0].seconds_per_step if last else 0.0,
    )
    text = json.dumps(result.to_dict(), indent=1, ensure_ascii=False) + "\n"
    _write_whole(out / _RESULT, lambda part: part.write_text(text, encoding="utf-8"))
    if (folder / "log.jsonl").exists():  # the methods of stages draw their own
        draw_curves(out)
    for leftover in folder.rglob("*.safetensors"):
        leftover.unlink(missing_ok=True)
    return result


def _can_judge(chips: Sequence[Chip]) -> bool:
    """Tell whether anything that is there can be asked of chips."""
    return any(question.object_ids for chip in chips for question in questions_of(chip))


def _read_result(out: Path) -> TrainedModel | None:
    """Return the result of a run that is finished."""
    try:
        data = json.loads((out / _RESULT).read_text(encoding="utf-8"))
        for key in ("before", "after"):
            data[key] = {name: math.nan if value is None else value for name, value in data[key].items()}
        data["folder"] = str(out / "model")
        result = TrainedModel(**{**data, "classes": tuple(data["classes"]), "warnings": tuple(data["warnings"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return result if (out / "model" / "config.json").is_file() else None


def score_of(figures: dict[str, float]) -> float:
    """Return what models are chosen by: the mean IoU over expressions, groups and class names, as far as there are any.

    NaN where there are none.
    """
    values = [figures[name] for name in ("written_miou", "group_miou", "class_iou") if not math.isnan(figures[name])]
    return sum(values) / len(values) if values else math.nan


def _rescue(work: _Work, folder: Path, network: ReferringNetwork) -> int:
    """Leave the best model of a training that failed, and return its step; 0 where there is none or no room for it."""
    best = best_so_far(folder)
    try:
        if best:
            load_best(folder, network)
            work.finish(network, best)
    except (CheckpointError, OSError):
        return 0
    return best


def _stopped(work: _Work, folder: Path, network: ReferringNetwork, last: list[StepReport]) -> str:
    """Leave the best model so far, if there is one, and say what there is."""
    step, best = (last[0].step if last else 0), best_so_far(folder)
    again = "give the same command again to go on"
    if not best:
        return f"Stopped after step {step}, before a model was chosen; {again}."
    load_best(folder, network)
    work.finish(network, best)
    return f"Stopped after step {step}; the best model so far (step {best}) is in {work.out / 'model'}; {again}."


def _identity(request: dict[str, Any], samples: LayerSamples, settings: FitSettings, start: Path) -> str:
    """Return a hash of all that a run depends on: a state is only taken up by the same run."""
    wish = {key: value for key, value in request["source"].items() if key not in ("rasters", "layers")}
    digest = hashlib.sha256(
        json.dumps([wish, dataclasses.asdict(settings), weights_hash(start)], sort_keys=True).encode()
    )
    for chip in (*samples.training, *samples.validation):
        digest.update(_chip_bytes(chip))
    return digest.hexdigest()


def _chip_bytes(chip: Chip) -> bytes:
    rings = b"".join(ring.tobytes() for item in chip.objects for ring in item.rings)
    words = json.dumps([chip.id, [item.class_name for item in chip.objects], [e.text for e in chip.expressions]])
    return chip.image.tobytes() + rings + words.encode()


def _open_folder(
    out: Path, identity: str, request: dict[str, Any], understanding: dict[str, Any], overwrite: bool
) -> None:
    try:
        if out.exists() and not out.is_dir():
            raise OutputError(f"The output {out} is a file: give the name of a folder.")
        known = out / _REQUEST
        if known.exists():
            if _read_identity(known) != identity:
                if not overwrite:
                    raise OptionsError(
                        f"The folder {out} holds a run with other settings or other data: choose another folder, or "
                        "add --overwrite to start anew (the old model stays until the new one is whole)."
                    )
                _clear(out)
        elif out.exists() and any(out.iterdir()):
            raise OptionsError(f"The folder {out} holds other files: choose a new or an empty one.")
        out.mkdir(parents=True, exist_ok=True)
        facts = {
            "identity": identity,
            "request": request,
            "understanding": understanding,
            "environment": {"python": platform.python_version(), "torch": torch.__version__, "cpus": os.cpu_count()},
        }
        text = json.dumps(facts, indent=1, ensure_ascii=False, default=str) + "\n"
        _write_whole(known, lambda part: part.write_text(text, encoding="utf-8"))
    except OSError as error:
        raise OutputError(f"The folder {out} cannot be written ({error}): choose another one.") from error


def _read_identity(path: Path) -> str:
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["identity"])
    except (ValueError, KeyError, TypeError):
        return ""


def _clear(out: Path) -> None:
    for name in (_REQUEST, _RESULT):
        (out / name).unlink(missing_ok=True)
    for folder in (out / "training", *out.glob(".model.part-*")):
        shutil.rmtree(folder, ignore_errors=True)


def _write_whole(path: Path, write: Callable[[Path], object]) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        write(part)
        part.replace(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error}): make room on the disk and start again.") from error
    finally:
        part.unlink(missing_ok=True)


def _plain(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in figures.items() if not math.isnan(value)}


def _card(config: ModelConfig, samples: LayerSamples, figures: dict[str, float]) -> str:
    where = "validation ground" if samples.validation else "its own training ground (nothing was left to validate on)"
    facts = config.training
    return "\n".join(
        [
            f"# Model card: {config.name}",
            "",
            f"Trained on layers: {', '.join(samples.classes)}. Start: {facts['start']}.",
            f"Ground resolution: {config.gsd_m:.4g} m per pixel; tiles of {config.window_px} px.",
            f"{facts['objects']} objects and {facts['expressions']} expressions; {facts['steps']} steps, the best of "
            f"which ({facts['best_step']}) was kept. Seed {facts['seed']}.",
            "Classes that the start model knew and the layers do not hold may be answered worse than before.",
            "",
            f"| measured on {where} | value |",
            "|---|---|",
            *(f"| {name} | {value:.3f} |" for name, value in _plain(figures).items()),
            "",
        ]
    )
