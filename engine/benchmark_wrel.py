"""Run the benchmark of the three methods: one cell after the other, each kept, so that a stop costs one at most."""

from __future__ import annotations

import dataclasses
import json
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from ..core_model.checkpoint import find_model, load_checkpoint, weights_hash
from ..core_model.config import ModelConfig
from ..core_model.data.sample_source import SampleSource
from ..core_model.data.samples import Sample, large_enough, weaken
from ..core_model.data.weakening import nested_weak_ids, published_weak_ids, read_ratios, write_ratios
from ..core_model.expression.lexicon import SAID
from ..core_model.feature_cache import chip_features, read_or_make
from ..core_model.metrics import mean_iou, summarise
from ..core_model.network import ReferringNetwork, build_network
from ..core_model.presets import preset_names, read_preset
from ..core_model.tokenizer import ExpressionTokenizer, train_tokenizer
from ..core_model.train.bank import load_bank
from ..core_model.train.run_folder import make_folder, write_settings
from ..core_model.train.state import write_tensors
from ..core_model.train.theory import measure_gap, view_texts
from ..core_model.train.wrel import WrelData, WrelTrainer
from ..core_model.train.wrel_config import WrelConfig
from ..core_model.train.wrel_score import Scorer
from .benchmark_base import rule_samples
from .benchmark_data import BenchmarkData
from .benchmark_protocol import FULL, Cell, Protocol, cells_of
from .errors import Cancelled
from .progress import Progress, ProgressSink

CELL_FILE = "cell.json"
COMPARED = ("accurate-only", "naive-wrel", "lrb-wrel", "all expressions")
"""Rows of which the average and the theory are measured as well."""
_MEASURED = 256
_ROWS_ONLY = ("swept_rates", "control_ratios")


@dataclass(frozen=True)
class BenchmarkJob:
    """What is asked of a benchmark."""

    data: BenchmarkData
    protocol: Protocol
    ratios: tuple[int, ...]
    seeds: int
    out: Path
    nested: bool = False
    """Subsets of smaller ratios lie in those of larger ones; else they are drawn by the published recipe."""
    device: str = "cpu"


class WrelBenchmark:
    """All cells of a benchmark over one data set."""

    def __init__(self, job: BenchmarkJob, progress: ProgressSink | None = None) -> None:
        self.job, self.progress = job, progress
        make_folder(job.out)
        shared = {name: value for name, value in dataclasses.asdict(job.protocol).items() if name not in _ROWS_ONLY}
        source = job.protocol.image_from
        weights = weights_hash(find_model(source)) if source else ""
        facts = {"data": job.data.name, "nested": job.nested, "image_weights": weights}
        write_settings(job.out / "protocol.json", {**shared, **facts})
        self.tokenizer, self.model_config = _model(job)
        self.image_side = self._image_side()
        self.base: dict[str, Tensor] = {}
        self.data = self._with_features()
        self.splits = self.data.splits
        self.ambiguous = _ambiguous(self.splits["test"])
        """Of each test sample, whether its chip shows another object of the class, so that a class name cannot do."""
        self.base = self._taught_base()

    def cells(self) -> list[Cell]:
        """Return all cells in the order in which they are run."""
        return cells_of(self.job.protocol, [*self.job.ratios], self.job.seeds)

    def run(self, is_cancelled: Callable[[], bool] | None = None) -> list[dict[str, Any]]:
        """Run the cells that have no result yet and return all results.

        Raises:
            Cancelled: ``is_cancelled`` said so between two cells.
        """
        cells, rows = self.cells(), []
        for number, cell in enumerate(cells):
            if is_cancelled is not None and is_cancelled():
                raise Cancelled(f"The benchmark was stopped after {number} of {len(cells)} cells; start it again.")
            rows.append(self.run_cell(cell))
            self._tell("cells done", number + 1, len(cells), "cells")
        return rows

    def _tell(self, stage: str, done: int, total: int, unit: str) -> None:
        if self.progress is not None:
            self.progress(Progress(stage, done, total, unit))

    def run_cell(self, cell: Cell) -> dict[str, Any]:
        """Return the result of a cell, from its file if it was run before."""
        folder = self.job.out / "cells" / cell.name
        path = folder / CELL_FILE
        if path.exists():
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return found
        samples = self.mixed_samples(cell.ratio, cell.seed)
        self._borrow_warmup(cell, folder)
        began = time.monotonic()
        train, empty = self.splits["train"], WrelData([], [])
        trainer = WrelTrainer(
            self.new_network(cell.seed), self.tokenizer, dataclasses.replace(train, samples=samples),
            self.splits["val"] if cell.config.validate_every else empty, cell.config, folder,
            lambda stage, report: self._tell(f"{cell.name} {stage}", report.step, report.steps, "steps"),
            device=self.job.device,
        )  # fmt: skip
        result = trainer.run()
        seconds = time.monotonic() - began
        row: dict[str, Any] = {
            "row": cell.row, "ratio": cell.ratio, "seed": cell.seed, "seconds": round(seconds, 1),
            "accurate": sum(not sample.weak for sample in samples), "weak": sum(sample.weak for sample in samples),
        }  # fmt: skip
        row["student"] = self.scores(result.student, cell.config)
        if cell.row in COMPARED:
            row["average"] = self.scores(result.average, cell.config)
            row["class_name"] = self.scores(result.student, cell.config, named=True)
            row["theory"] = self.theory(cell, samples, trainer, result.student)
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(row) + "\n", encoding="utf-8")
        part.replace(path)
        self._keep_light(cell, folder)
        return row

    def scores(self, network: ReferringNetwork, config: WrelConfig, *, named: bool = False) -> dict[str, float]:
        """Return the metrics of a network on the test split; ``named``: when it is told class names only."""
        test = self.splits["test"]
        samples = [sample.weakened() for sample in test.samples] if named else test.samples
        overlaps = Scorer(samples, test.chips, self.tokenizer, config.mix, features=test.features).overlaps(network)
        hard = [item for item, ambiguous in zip(overlaps, self.ambiguous, strict=True) if ambiguous]
        return summarise(overlaps) | {"ambiguous_miou": mean_iou(hard), "ambiguous_count": float(len(hard))}

    def theory(
        self, cell: Cell, samples: list[Sample], trainer: WrelTrainer, network: ReferringNetwork
    ) -> dict[str, Any]:
        """Return gap, distance and bound under class names, under a new bank and under the trained one.

        Measured on training samples evenly spread over the mixed set, see ``train.theory``.
        """
        if cell.ratio == FULL:
            return {}
        known = {sample.id: sample for sample in self.splits["train"].samples}
        mixed = samples[:: max(1, len(samples) // _MEASURED)]
        weak_rows = np.array([sample.weak for sample in mixed])
        accurate = view_texts(network, self._plain([known[sample.id] for sample in mixed], trainer))
        source = self._plain(mixed, trainer)
        found = {"class name": measure_gap(view_texts(network, source), accurate, weak_rows)}
        if cell.config.method == "lrb-wrel":
            bank = trainer.make_bank()
            found["new bank"] = measure_gap(view_texts(network, source, bank), accurate, weak_rows)
            load_bank(trainer.folder / "joint" / "bank.safetensors", bank)
            found["trained bank"] = measure_gap(view_texts(network, source, bank), accurate, weak_rows)
        return {name: dataclasses.asdict(gap) for name, gap in found.items()}

    def mixed_samples(self, ratio: int, seed: int) -> list[Sample]:
        """Return the training samples, of which ``ratio`` percent keep their expression; the ids are written out."""
        samples = list(self.splits["train"].samples)
        if ratio == FULL:
            return samples
        kind = "nested" if self.job.nested else "published"
        path = self.job.out / f"weak_ids_{kind}_{seed}.json"
        share = round(1 - ratio / 100, 6)
        lists = read_ratios(path) if path.exists() else {}
        if share not in lists:
            others = {round(1 - other / 100, 6) for other in self.job.ratios if other != FULL}
            drawn = published_weak_ids(samples, 42 + seed) if not self.job.nested else {}
            missing = sorted({share, *others} - set(drawn))
            lists |= drawn | nested_weak_ids(samples, missing, 42 + seed)
            write_ratios(path, lists)
        return weaken(samples, lists[share])

    def new_network(self, seed: int) -> ReferringNetwork:
        """Return the network that a cell starts from: taught by rules, or new but for its image side."""
        torch.manual_seed(seed)
        network = build_network(self.model_config)
        if self.base:
            network.load_state_dict(self.base)
            return network
        if self.image_side:
            missing = network.load_state_dict(self.image_side, strict=False).unexpected_keys
            if missing:
                raise TypeError(f"the image side has unknown weights {missing[:3]}")
        return network

    def _plain(self, samples: list[Sample], trainer: WrelTrainer) -> SampleSource:
        train, mix = self.splits["train"], dataclasses.replace(trainer.config.mix, blackout=0.0)
        return SampleSource(samples, train.chips, self.tokenizer, mix, batch_size=1, seed=0, features=train.features)

    def _borrow_warmup(self, cell: Cell, folder: Path) -> None:
        """Let all ``lrb-wrel`` rows of a ratio and seed share one stage 1, which is the same for them."""
        if cell.config.method != "lrb-wrel" or (folder / "warmup").exists():
            return
        for other in sorted((self.job.out / "warmups").glob(f"{cell.ratio}-{cell.seed}")):
            shutil.copytree(other, folder / "warmup")

    def _keep_light(self, cell: Cell, folder: Path) -> None:
        """Keep logs and results, drop states: 60 cells would fill a disk."""
        kept = self.job.out / "warmups" / f"{cell.ratio}-{cell.seed}"
        if (folder / "warmup").exists() and not kept.exists():
            shutil.copytree(folder / "warmup", kept)
        for path in folder.rglob("*.safetensors"):
            path.unlink()

    def _image_side(self) -> dict[str, Tensor]:
        source = self.job.protocol.image_from
        if not source:
            return {}
        network, _, _ = load_checkpoint(find_model(source))
        return {
            name: value
            for name, value in network.state_dict().items()
            if name.startswith(("image_encoder.", "pyramid."))
        }

    def _taught_base(self) -> dict[str, Tensor]:
        protocol, train = self.job.protocol, self.splits["train"]
        if not protocol.base_steps:
            return {}
        path = self.job.out / "base.safetensors"
        if not path.exists():
            config = dataclasses.replace(
                protocol.training, method="accurate-only", mix=protocol.mix, frozen_image=bool(protocol.pool),
                steps=protocol.base_steps, warmup_rate=protocol.base_rate, save_every=250, validate_every=0,
            )  # fmt: skip

            samples = large_enough(rule_samples(train.chips, 24, 0), train.chips, protocol.min_area_px)
            trainer = WrelTrainer(
                self.new_network(0), self.tokenizer, dataclasses.replace(train, samples=samples), WrelData([], []),
                config, self.job.out / "base",
                lambda stage, report: self._tell(f"teach {stage}", report.step, report.steps, "steps"),
                device=self.job.device,
            )  # fmt: skip
            write_tensors(path, trainer.run().student.state_dict(), {"samples": str(len(samples))})
        loaded: dict[str, Tensor] = load_file(path)
        return loaded

    def _with_features(self) -> BenchmarkData:
        protocol, data = self.job.protocol, self.job.data
        kept = {
            name: dataclasses.replace(split, samples=large_enough(split.samples, split.chips, protocol.min_area_px))
            for name, split in data.splits.items()
        }
        data = BenchmarkData(data.name, kept)
        train, few = kept["train"], protocol.train_samples
        if 0 < few < len(train.samples):
            coin = random.Random(0)  # nosec B311 - a choice of training data, no secret
            kept["train"] = dataclasses.replace(train, samples=coin.sample(list(train.samples), few))
        if not protocol.pool:
            return data
        network = self.new_network(0).eval().to(self.job.device)
        splits = {}
        for name, split in data.splits.items():
            features = read_or_make(
                self.job.out / f"features_{name}.safetensors",
                lambda split=split: chip_features(  # type: ignore[misc]
                    network, split.chips, protocol.pool, lambda done, total: self._tell("encode", done, total, "chips")
                ),
            )
            splits[name] = dataclasses.replace(split, features=features)
        return BenchmarkData(data.name, splits)


def _ambiguous(data: WrelData) -> list[bool]:
    count = Counter((number, item.class_name) for number, chip in enumerate(data.chips) for item in chip.objects)
    classes = [{item.id: item.class_name for item in chip.objects} for chip in data.chips]
    return [count[sample.chip, classes[sample.chip][sample.object_ids[0]]] > 1 for sample in data.samples]


def _model(job: BenchmarkJob) -> tuple[ExpressionTokenizer, ModelConfig]:
    """Return tokenizer and configuration; a vocabulary of its own is made from the training split's words."""
    protocol = job.protocol
    if protocol.model in preset_names():
        config = read_preset(protocol.model)
    else:
        config = ModelConfig.read(find_model(protocol.model) / "config.json")
    if protocol.image_from:
        classes = ModelConfig.read(find_model(protocol.image_from) / "config.json").classes
        config = dataclasses.replace(config, classes=classes)
    path = job.out / "tokenizer.json"
    text = dataclasses.replace(config.text_encoder, **protocol.text)
    if not path.exists():
        samples = job.data.splits["train"].samples
        words = [sample.expression for sample in samples] + [sample.class_name for sample in samples]
        words += [word for group in SAID.values() for word in group for _ in range(3)]
        made = train_tokenizer(words, text.vocab_size, text.max_tokens)
        path.write_text(made.to_json(), encoding="utf-8")
    tokenizer = ExpressionTokenizer.read(path, text.max_tokens)
    text = dataclasses.replace(text, vocab_size=tokenizer.vocab_size)
    decoder = dataclasses.replace(config.decoder, **protocol.decoder)
    return tokenizer, dataclasses.replace(config, text_encoder=text, decoder=decoder)
