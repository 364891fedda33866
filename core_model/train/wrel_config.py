"""Settings of the three methods, which are one code path with different settings."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Literal, get_args

from ..data.sample_source import SampleMix
from ..errors import TrainingError
from .bank import INIT_STD
from .ema import Buffers
from .loop import LoopConfig
from .wrel_losses import Dice

Method = Literal["accurate-only", "naive-wrel", "lrb-wrel"]
METHODS: tuple[Method, ...] = get_args(Method)


@dataclass(frozen=True)
class BankConfig:
    """The reference bank of ``lrb-wrel``."""

    prompts: int = 20
    """Prompt vectors per weak sample; a text uses as many as it leaves positions free."""
    init_std: float = INIT_STD
    """Standard deviation of the first values; 0 for zero prompts."""
    shared_by_class: bool = False
    """One row per class instead of one per sample (a control)."""
    frozen: bool = False
    """Leave the bank as it was initialised: no stage 2, no bank step (a control)."""
    sparse: bool = False
    """Move only the rows of a batch (SparseAdam, which has no decay). Dense AdamW, as published, moves all rows."""
    init_rate: float = 1e-5
    """Learning rate of stage 2."""
    joint_rate: float = 1e-6
    """Learning rate of the bank in stage 3."""
    weight_decay: float = 0.01
    """Of the dense optimizer."""
    every: int = 1
    """Steps of stage 3 between bank steps."""
    inner_steps: int = 1
    """Bank steps in each of those."""
    prompt_dropout: float = 0.0
    """Share of weak samples that the student sees without their prompts (ours; 0 as published)."""


@dataclass(frozen=True)
class WrelConfig:
    """One training by one method.

    Rates, batch and schedule are the published ones; lengths are given in steps, so that rows of a comparison can have
    the same. The published lengths are 16 epochs of stage 1 (of a longer schedule) and 40 of stages 2 and 3.
    """

    method: Method = "lrb-wrel"
    seed: int = 0
    """Of the bank, the batches and dropout."""
    batch_size: int = 8
    """Samples per step, over all processes."""
    steps: int = 2000
    """Student steps in all; ``lrb-wrel`` takes ``warmup_steps`` of them in stage 1."""
    warmup_steps: int = 500
    """Steps of stage 1 (``lrb-wrel``)."""
    bank_steps: int = 500
    """Steps of stage 2 (``lrb-wrel``)."""
    warmup_rate: float = 3e-5
    """Learning rate of stage 1, and of ``accurate-only`` and ``naive-wrel``."""
    joint_rate: float = 2e-5
    """Learning rate of the student in stage 3."""
    text_rate: float = 1.0
    """Learning rate of the text encoder, as a share."""
    weight_decay: float = 0.01
    clip_norm: float = 0.0
    """Greatest norm of the student's gradient; 0 for none, as published."""
    bank: BankConfig = field(default_factory=BankConfig)
    mix: SampleMix = field(default_factory=SampleMix)
    dice: Dice = "mean"
    """``sum`` is the published one, whose weight grows with the batch."""
    coarse: float = 0.0
    """Weight of the same loss on the decoder's coarse maps (ours; the paper's network has none)."""
    presence: float = 0.0
    """Weight of the presence output (ours); needed wherever the model shall answer "there is none"."""
    text_dropout: bool = False
    """Whether dropout of the text encoder is active. The published code never puts its BERT into training mode."""
    frozen_image: bool = False
    """Keep image encoder and pyramid as they are, statistics included."""
    frozen_text_from: int = 0
    """First text layer that is not trained, nor are word embeddings; 10 as published for BERT. 0: all train."""
    average_buffers: Buffers = "average"
    """Running statistics of the average; see ``train.ema``."""
    teacher: Literal["average", "frozen"] = "average"
    """Of stage 3: the moving average of the student, or the network of stage 1 as it was (a control)."""
    teacher_text: Literal["average", "live"] = "average"
    """Text encoder of the teacher in stage 3. The published teacher reads with the student's (``live``)."""
    consistency: float = 0.0
    """Weight of the consistency between student and teacher; the published stage 3 has it at 0."""
    result: Literal["student", "average"] = "student"
    """Which weights are the model: the student, as published, or its moving average."""
    validate_every: int = 0
    """Steps between validations; the best state is returned. 0: none, the last is returned."""
    patience: int = 0
    """Validations without a new best after which a stage stops; 0 for never."""
    save_every: int = 250
    """Steps between saved states."""
    loader_processes: int = 0
    """Processes that prepare batches."""

    def __post_init__(self) -> None:
        """Refuse what cannot be trained.

        Raises:
            TrainingError: with all problems in one sentence.
        """
        problems = []
        if self.method not in METHODS:
            problems.append(f"method is '{self.method}', expected one of {', '.join(METHODS)}")
        if self.batch_size < 1 or self.steps < 1:
            problems.append(f"batch_size ({self.batch_size}) and steps ({self.steps}) must be 1 or more")
        if self.method == "lrb-wrel" and not 0 < self.warmup_steps < self.steps:
            problems.append(f"warmup_steps is {self.warmup_steps}, expected 1 to steps - 1 ({self.steps - 1})")
        if self.bank.every < 1 or self.bank.inner_steps < 1 or self.bank.prompts < 1:
            problems.append("every, inner_steps and prompts of the bank must be 1 or more")
        if not 0 <= self.bank.prompt_dropout <= 1:
            problems.append(f"prompt_dropout is {self.bank.prompt_dropout}, expected 0 to 1")
        if problems:
            raise TrainingError(f"The training cannot start: {'; '.join(problems)}.")

    def loop(self, steps: int, rate: float) -> LoopConfig:
        """Return the settings of one stage."""
        return LoopConfig(
            steps=steps,
            batch_size=self.batch_size,
            learning_rate=rate,
            schedule="poly",
            weight_decay=self.weight_decay,
            betas=(0.9, 0.999),
            text_rate=self.text_rate,
            clip_norm=self.clip_norm or float("inf"),
            validate_every=self.validate_every,
            validated="network" if self.result == "student" else "average",
            best_by="miou" if self.validate_every else "",
            patience=self.patience,
            save_every=self.save_every,
            loader_processes=self.loader_processes,
            seed=self.seed,
        )

    def changed(self, **values: object) -> WrelConfig:
        """Return the settings with some of them changed."""
        return dataclasses.replace(self, **values)  # type: ignore[arg-type]
