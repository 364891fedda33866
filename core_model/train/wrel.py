"""Train on referring samples of which few have an expression: ``accurate-only``, ``naive-wrel`` and ``lrb-wrel``.

One code path. ``accurate-only`` and ``naive-wrel`` are one stage on the accurate or on all samples. ``lrb-wrel`` (Ye et
al., arXiv 2510.22760) is three, each a run of the same loop in a folder of its own:

1. ``warmup``: student on the accurate samples;
2. ``bank``: the reference bank on the weak samples, against the student of stage 1 in eval mode, standing still;
3. ``joint``: in every step the bank, against the teacher; then the student on all samples, with detached prompts; then
   the teacher, which is the student's moving average.

Stages find each other through files, so that a training that was killed goes on in the stage where it was.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ..checkpoint import save_checkpoint
from ..config import ModelConfig
from ..data.chips import Chip
from ..data.sample_source import SampleSource
from ..data.samples import Sample, samples_of, unique
from ..errors import TrainingError
from ..network import ReferringNetwork
from ..tokenizer import ExpressionTokenizer
from .bank import ReferenceBank, load_bank, save_bank
from .ema import WeightAverage, scheduled_momentum
from .loop import Fitted, StepReport, network_turn, run_loop
from .parallel import Peers, build_accelerator
from .run_folder import draw_curves, make_folder, write_environment, write_settings
from .schedule import poly_rate
from .turn import Turn
from .wrel_config import WrelConfig
from .wrel_objective import BankObjective, Consistency, LossWeights, StudentObjective
from .wrel_score import Scorer

OnStep = Callable[[str, StepReport], None]


@dataclass(frozen=True)
class WrelData:
    """What is trained on, and what is known of it beforehand."""

    samples: Sequence[Sample]
    chips: Sequence[Chip]
    features: dict[str, Tensor] | None = None
    """Text-free features of every chip, (chips, ...); None to compute them from the pictures in every step."""


@dataclass(frozen=True)
class WrelResult:
    """A trained network, both ways, and what validation said of them."""

    student: ReferringNetwork
    average: ReferringNetwork
    network: ReferringNetwork
    """The one of the two that the settings ask for."""
    validation: dict[str, dict[str, float]]
    """Metrics of ``student`` and ``average``; empty without validation samples."""


def train_wrel(
    network: ReferringNetwork,
    tokenizer: ExpressionTokenizer,
    train_chips: Sequence[Chip],
    val_chips: Sequence[Chip],
    config: WrelConfig,
    folder: Path,
    on_step: OnStep | None = None,
    is_cancelled: Callable[[], bool] | None = None,
    *,
    device: str = "cpu",
    bf16: bool = False,
    model_config: ModelConfig | None = None,
) -> WrelResult:
    """Train a network on chips: objects with an expression are accurate samples, the others weak ones.

    Args:
        network: to train; changed in place.
        tokenizer: of the network.
        train_chips: at least one object.
        val_chips: what is validated on; may be empty.
        config: method and lengths.
        folder: of the run; a run that was stopped goes on from it.
        on_step: told of every step, with the name of the stage.
        is_cancelled: asked after every step.
        device: ``cpu``, ``cuda`` or ``mps``.
        bf16: compute in bfloat16.
        model_config: of the network; given, every finished stage leaves a checkpoint in ``<stage>/model``.

    Raises:
        TrainingError: nothing to train on, a loss that is not finite, a damaged or foreign run folder, a full disk.
        TrainingStopped: ``is_cancelled`` said so.
        DataError: two samples have the same id.
    """
    train = WrelData(samples_of(train_chips), train_chips)
    validation = WrelData(samples_of(val_chips), val_chips)
    trainer = WrelTrainer(
        network, tokenizer, train, validation, config, folder, on_step, is_cancelled,
        device=device, bf16=bf16, model_config=model_config,
    )  # fmt: skip
    return trainer.run()


class WrelTrainer:
    """One training by one method, see ``train_wrel``; for callers that have samples rather than chips."""

    def __init__(
        self,
        network: ReferringNetwork,
        tokenizer: ExpressionTokenizer,
        train: WrelData,
        validation: WrelData,
        config: WrelConfig,
        folder: Path,
        on_step: OnStep | None = None,
        is_cancelled: Callable[[], bool] | None = None,
        *,
        device: str = "cpu",
        bf16: bool = False,
        model_config: ModelConfig | None = None,
    ) -> None:
        check_samples(train.samples, config)
        self.network, self.tokenizer, self.config, self.folder = network, tokenizer, config, folder
        self.train, self.on_step, self.is_cancelled, self.model_config = train, on_step, is_cancelled, model_config
        self.accelerator = build_accelerator(device, bf16=bf16)
        self.peers = Peers(self.accelerator)
        self.weights = LossWeights(config.dice, config.coarse, config.presence)
        self.scorer = (
            Scorer(validation.samples, validation.chips, tokenizer, config.mix, features=validation.features)
            if validation.samples
            else None
        )
        freeze(network, config)

    def run(self) -> WrelResult:
        """Train, and return student and average."""
        config, samples = self.config, self.train.samples
        self._write_settings()
        accurate = [sample for sample in samples if not sample.weak]
        if config.method == "lrb-wrel":
            bank = self.make_bank()
            self.stage("warmup", accurate, config.warmup_steps, config.warmup_rate)
            if not config.bank.frozen and config.bank_steps:
                self.fit_bank(bank)
            fitted = self.joint(bank)
        else:
            chosen = accurate if config.method == "accurate-only" else samples
            fitted = self.stage("student", chosen, config.steps, config.warmup_rate)
        average = fitted.average.network if fitted.average is not None else self.network
        if not isinstance(average, ReferringNetwork):
            raise TypeError("the average of a ReferringNetwork is one")
        scores = (
            {name: self.scorer(net) for name, net in (("student", self.network), ("average", average))}
            if (self.scorer)
            else {}
        )
        if self.peers.rank == 0:
            draw_curves(self.folder)
        return WrelResult(self.network, average, self.network if config.result == "student" else average, scores)

    def make_bank(self) -> ReferenceBank:
        """Return a new bank for the weak samples."""
        weak, settings = [sample for sample in self.train.samples if sample.weak], self.config.bank
        torch.manual_seed(self.config.seed)
        return ReferenceBank(
            [sample.id for sample in weak],
            settings.prompts,
            self.network.text_encoder.dim,
            groups=[sample.class_name for sample in weak] if settings.shared_by_class else None,
            init_std=settings.init_std,
            sparse=settings.sparse,
        )

    def stage(
        self,
        name: str,
        samples: Sequence[Sample],
        steps: int,
        rate: float,
        bank: ReferenceBank | None = None,
        bank_turn: Callable[[WeightAverage, SampleSource], Turn] | None = None,
    ) -> Fitted:
        """Train the student on samples, after the bank's turn if there is one; keep its moving average."""
        config, source = self.config, self.source(samples)
        loop = config.loop(steps, rate)
        average = WeightAverage(self.network, scheduled_momentum(source.epoch_steps), config.average_buffers)
        if config.teacher == "frozen" and bank is not None:
            average.momentum = lambda step: 1.0
        objective = StudentObjective(
            self.weights,
            bank=bank,
            text_dropout=config.text_dropout,
            frozen_image=config.frozen_image,
            prompt_dropout=config.bank.prompt_dropout,
            peers=self.peers,
        )
        student = network_turn(self.network, objective, loop)
        if config.consistency and bank is not None:
            objective.teach = Consistency(
                _referring(average.network), bank, config.consistency, source.epoch_steps, lambda: student.taken
            )
        turns = [("network", student)]
        if bank_turn is not None:
            turns.insert(0, ("bank", bank_turn(average, source)))
        fitted = run_loop(
            turns, source, loop, self.folder / name, accelerator=self.accelerator, average=average,
            validate=self._validate if self.scorer else None, on_step=self._tell(name), is_cancelled=self.is_cancelled,
        )  # fmt: skip
        self._leave_checkpoint(name)
        return fitted

    def fit_bank(self, bank: ReferenceBank) -> None:
        """Stage 2: fit the bank to the weak samples against the network as it is; a finished bank is read."""
        path = self.folder / "bank" / "bank.safetensors"
        if path.exists():
            load_bank(path, bank)
            return
        config = self.config
        weak = [sample for sample in self.train.samples if sample.weak]
        source, loop = self.source(weak), config.loop(config.bank_steps, config.bank.init_rate)
        loop = dataclasses.replace(loop, validate_every=0, best_by="", patience=0)
        teacher = copy.deepcopy(self.network).eval().requires_grad_(False)
        teacher.to(self.accelerator.device)
        objective = BankObjective(teacher, self.weights, peers=self.peers)
        turn = self._bank_turn(bank, objective, loop.learning_rate, lambda step: poly_rate(step, config.bank_steps))
        run_loop(
            [("bank", turn)], source, loop, self.folder / "bank",
            accelerator=self.accelerator, on_step=self._tell("bank"), is_cancelled=self.is_cancelled,
        )  # fmt: skip
        if self.peers.rank == 0:
            save_bank(path, bank)

    def joint(self, bank: ReferenceBank) -> Fitted:
        """Stage 3: bank, student and teacher together."""
        config, settings = self.config, self.config.bank
        steps = config.steps - config.warmup_steps

        def bank_turn(average: WeightAverage, source: SampleSource) -> Turn:
            teacher = _referring(average.network)
            live = self.network.text_encoder if config.teacher_text == "live" else None
            objective = BankObjective(teacher, self.weights, text_encoder=live, peers=self.peers)
            due = [step for step in range(0, steps, settings.every) if source.has_weak(step)]
            total, chosen = len(due) * settings.inner_steps, frozenset(due)
            turn = self._bank_turn(bank, objective, settings.joint_rate, lambda step: poly_rate(step, total))
            turn.is_due, turn.repeats = chosen.__contains__, settings.inner_steps
            return turn

        bank.to(self.accelerator.device)
        fitted = self.stage(
            "joint", self.train.samples, steps, config.joint_rate, bank, None if settings.frozen else bank_turn
        )
        if self.peers.rank == 0:
            save_bank(self.folder / "joint" / "bank.safetensors", bank)
        return fitted

    def source(self, samples: Sequence[Sample]) -> SampleSource:
        """Return the batches of samples."""
        config = self.config
        return SampleSource(
            samples, self.train.chips, self.tokenizer, config.mix,
            batch_size=config.batch_size, seed=config.seed, features=self.train.features,
        )  # fmt: skip

    def _bank_turn(
        self, bank: ReferenceBank, objective: BankObjective, rate: float, share: Callable[[int], float]
    ) -> Turn:
        parameters = list(bank.parameters())
        optimizer: torch.optim.Optimizer
        if self.config.bank.sparse:
            optimizer = torch.optim.SparseAdam(parameters, lr=rate)
        else:
            optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=self.config.bank.weight_decay)
        return Turn(bank, objective, optimizer, rate, share)

    def _validate(self, network: torch.nn.Module) -> dict[str, float]:
        if self.scorer is None:
            raise TypeError("there is nothing to validate on")
        return self.scorer(_referring(network))

    def _tell(self, stage: str) -> Callable[[StepReport], None] | None:
        listener = self.on_step
        return None if listener is None else lambda report: listener(stage, report)

    def _write_settings(self) -> None:
        if self.peers.rank == 0:
            make_folder(self.folder)
            write_settings(self.folder / "config.json", dataclasses.asdict(self.config))
            write_environment(self.folder / "environment.json", str(self.accelerator.device))

    def _leave_checkpoint(self, stage: str) -> None:
        if self.model_config is not None and self.peers.rank == 0:
            card = f"# {self.model_config.name}: stage {stage} of {self.config.method}\n"
            save_checkpoint(self.folder / stage / "model", self.network, self.tokenizer, self.model_config, card)


def check_samples(samples: Sequence[Sample], config: WrelConfig) -> None:
    """Refuse samples that a method cannot be trained on.

    Raises:
        TrainingError: none at all, no accurate one where one is needed, no weak one for a bank.
        DataError: two samples have the same id.
    """
    unique(list(samples))
    accurate = sum(not sample.weak for sample in samples)
    if not samples:
        raise TrainingError("There is no object to train on; check the layer and its class field.")
    if not accurate and config.method != "naive-wrel":
        raise TrainingError(
            f"None of the {len(samples)} samples has an expression, so there is nothing for the first stage of "
            f"'{config.method}' to learn from; write a few expressions, or train with the method naive-wrel, "
            "which needs class names only."
        )
    if accurate == len(samples) and config.method == "lrb-wrel":
        raise TrainingError(
            f"All {len(samples)} samples have an expression, so a reference bank has nothing to stand for; "
            "train with the method naive-wrel, which is then plain training."
        )


def freeze(network: ReferringNetwork, config: WrelConfig) -> None:
    """Let the parts of a network that the settings name stand still."""
    if config.frozen_image:
        network.image_encoder.requires_grad_(False)
        network.pyramid.requires_grad_(False)
    if config.frozen_text_from:
        for name, value in network.text_encoder.bert.named_parameters():
            parts = name.split(".")
            layer = int(parts[parts.index("layer") + 1]) if "layer" in parts else -1
            if "embeddings" in parts or layer >= config.frozen_text_from:
                value.requires_grad_(False)


def _referring(network: torch.nn.Module) -> ReferringNetwork:
    if not isinstance(network, ReferringNetwork):
        raise TypeError(f"expected a ReferringNetwork, not a {type(network).__name__}")
    return network
