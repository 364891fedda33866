"""What the benchmark of ``referent benchmark wrel`` holds equal for every row, and the rows themselves."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core_model.data.sample_source import SampleMix
from ..core_model.train.wrel_config import BankConfig, WrelConfig
from .errors import OptionsError

PROTOCOL = Path(__file__).resolve().parent.parent / "resources" / "configs" / "wrel.toml"
MAIN_ROWS = ("accurate-only", "naive-wrel", "lrb-wrel", "frozen bank", "shared prompt")
FULL = 100
"""The ratio at which every expression is there."""


@dataclass(frozen=True)
class Protocol:
    """Settings of all cells. A cell is one training: a row at a ratio with a seed."""

    model: str = "small"
    """Preset or checkpoint whose sizes the network has."""
    image_from: str = ""
    """Checkpoint (name or folder) whose image side every cell starts from; empty for random weights."""
    text: dict[str, Any] = field(default_factory=dict)
    """Sizes of the text encoder that differ from the model's."""
    decoder: dict[str, Any] = field(default_factory=dict)
    """Sizes of the decoder that differ from the model's."""
    pool: int = 0
    """0: pictures are encoded in every step. Else the image side stands still, and its features are computed once,
    averaged over ``pool`` x ``pool`` cells, and kept in memory."""
    min_area_px: int = 0
    """Smallest object that is asked about, in training and test alike: masks may be too coarse for smaller ones."""
    train_samples: int = 0
    """Training samples, drawn once for all rows; 0 for all. Few give each several visits in few steps."""
    base_steps: int = 0
    """Steps of a first teaching by rule-made expressions, once for all cells, see ``benchmark_base``; 0 for none."""
    base_rate: float = 1e-3
    """Its learning rate."""
    training: WrelConfig = field(default_factory=WrelConfig)
    """Of ``lrb-wrel``; rows change a few of its fields."""
    swept_rates: tuple[tuple[float, float], ...] = ()
    """Further learning rates of the bank, (stage 2, stage 3)."""
    control_ratios: tuple[int, ...] = (30,)
    """Ratios at which the controls that the tables do not need at every ratio are run."""

    @property
    def mix(self) -> SampleMix:
        """How samples become batches: masks as coarse as the features, no blackout on features that stand still."""
        mix = self.training.mix
        if not self.pool:
            return mix
        return dataclasses.replace(mix, stride=2 * self.pool, blackout=0.0)


@dataclass(frozen=True)
class Cell:
    """One training of the benchmark."""

    row: str
    ratio: int
    seed: int
    config: WrelConfig

    @property
    def name(self) -> str:
        """Name of its folder."""
        return f"{self.row.replace(' ', '_').replace(',', '')}-{self.ratio}-{self.seed}"


def rows_of(protocol: Protocol, ratio: int) -> dict[str, WrelConfig]:
    """Return the rows that are run at a ratio of accurate expressions, in percent."""
    base = dataclasses.replace(protocol.training, mix=protocol.mix, frozen_image=bool(protocol.pool))
    naive = base.changed(method="naive-wrel")
    if ratio == FULL:
        return {"all expressions": naive}

    def lrb(**bank: Any) -> WrelConfig:
        return base.changed(method="lrb-wrel", bank=dataclasses.replace(base.bank, **bank))

    rows = {
        "accurate-only": base.changed(method="accurate-only"),
        "naive-wrel": naive,
        "lrb-wrel": lrb(),
        "frozen bank": lrb(frozen=True),
        "shared prompt": lrb(shared_by_class=True),
    }
    if ratio in protocol.control_ratios:
        rows["naive-wrel, equal compute"] = naive.changed(steps=equal_steps(base, 1 - ratio / 100))
        rows["zero prompts"] = lrb(frozen=True, init_std=0.0)
        for first, second in protocol.swept_rates:
            rows[f"bank rates {first:g} {second:g}"] = lrb(init_rate=first, joint_rate=second)
        # Ours, against hints that the student lacks at test time: fewer prompts, and prompts that are often missing.
        rows["4 prompts"] = lrb(prompts=4)
        rows["prompt drop-out 0.5"] = lrb(prompt_dropout=0.5)
        rows["frozen teacher"] = lrb().changed(teacher="frozen")
    return rows


def equal_steps(config: WrelConfig, weak_share: float) -> int:
    """Return the student steps that cost as much as ``lrb-wrel``; a bank step counts by its share of weak samples."""
    joint = config.steps - config.warmup_steps
    return round(config.warmup_steps + config.bank_steps + joint * (1 + weak_share))


def cells_of(protocol: Protocol, ratios: list[int], seeds: int) -> list[Cell]:
    """Return all cells: rows that are run at every ratio first, seed by seed; then the other controls, row by row."""
    main: list[Cell] = []
    controls: list[Cell] = []
    for ratio in ratios:
        for row, config in rows_of(protocol, ratio).items():
            cells = [Cell(row, ratio, seed, config.changed(seed=seed)) for seed in range(seeds)]
            (main if ratio == FULL or row in MAIN_ROWS else controls).extend(cells)
    return sorted(main, key=lambda cell: cell.seed) + controls


def read_protocol(path: Path) -> Protocol:
    """Return the protocol in a TOML file.

    Raises:
        OptionsError: the file is missing, is not TOML, or holds unknown or ill-typed keys; all problems are named.
        TrainingError: it cannot be trained as it says.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionsError(f"The protocol {path} cannot be read: {error}.") from error
    problems: list[str] = []
    training = dict(data.pop("training", {}))
    for name, kind in (("bank", BankConfig), ("mix", SampleMix)):
        training[name] = _build(kind, training.pop(name, {}), f"training.{name}", problems)
    data["training"] = _build(WrelConfig, training, "training", problems)
    if "swept_rates" in data:
        data["swept_rates"] = tuple(tuple(float(rate) for rate in pair) for pair in data["swept_rates"])
    if "control_ratios" in data:
        data["control_ratios"] = tuple(data["control_ratios"])
    made = _build(Protocol, data, "", problems)
    if problems:
        raise OptionsError(f"The protocol {path} is not usable: {'; '.join(problems)}.")
    if not isinstance(made, Protocol):
        raise TypeError("a protocol was asked for")
    return made


def _build(kind: type, data: dict[str, Any], where: str, problems: list[str]) -> Any:
    default, values = kind(), {}
    for name, value in data.items():
        if not hasattr(default, name) or name not in {item.name for item in dataclasses.fields(kind)}:
            problems.append(f"'{name}' in [{where}] is not known" if where else f"'{name}' is not known")
            continue
        expected = type(getattr(default, name))
        if expected is float and type(value) is int:
            value = float(value)
        if type(value) is not expected:
            problems.append(f"'{name}' must be {expected.__name__}, not {value!r}")
            continue
        values[name] = value
    return default if problems else kind(**values)
