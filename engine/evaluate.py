"""Measure a model on annotated chips: written expressions, class names, and what is not there."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..core_model.checkpoint import load_segmenter
from ..core_model.chip_evaluation import Answer, TextMode, ask_chips, headline, headline_intervals
from ..core_model.data.chips import Chip, read_ucm_refer
from ..core_model.errors import DataError
from ..core_model.metrics import overall_iou, summarise
from ..core_model.segmenter import Segmenter
from .progress import Progress, ProgressSink

NOTHING = "nothing drawn"
"""Where an answer lies that lies on no drawn object."""


@dataclass(frozen=True)
class EvaluationReport:
    """The figures of one model on one set of chips."""

    model: str
    split: str
    """Name of the split, or of the raster and layer."""
    text_mode: TextMode
    headline: dict[str, float]
    """See ``core_model.chip_evaluation.headline``."""
    groups: dict[str, dict[str, float]]
    """``single``, ``group``, ``class``: count, mIoU, oIoU, Pr@0.5 to 0.9."""
    classes: dict[str, dict[str, float]]
    """Class: ``written_miou`` of its single referents, ``class_oiou`` over all instances, and the counts."""
    kinds: dict[str, dict[str, float]]
    """Kind of written expression: count and mIoU of single referents."""
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    """95 % interval of each headline figure, over chips."""
    confusion: dict[str, dict[str, float]] = field(default_factory=dict)
    """Asked class to where its answers lie: share of their pixels on each true class, and on ``nothing drawn``."""
    counts: dict[str, int] = field(default_factory=dict)
    """``chips``, and questions by group."""
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return dict(self.__dict__)

    def to_text(self) -> str:
        """Return the report as a few tables for a person."""
        lines = [f"{self.model} on {self.split} ({self.text_mode}; masks at the resolution of the chips)", ""]
        for name, value in self.headline.items():
            low_high = self.intervals.get(name)
            spread = f"  ({low_high[0]:.3f} to {low_high[1]:.3f})" if low_high else ""
            lines.append(f"  {name:32s} {_shown(value)}{spread}")
        lines += ["", f"  {'':16s} {'count':>6s} {'mIoU':>6s} {'oIoU':>6s} {'Pr@.5':>6s} {'Pr@.7':>6s} {'Pr@.9':>6s}"]
        for name, row in self.groups.items():
            cells = " ".join(_shown(row[key]) for key in ("miou", "oiou", "pr50", "pr70", "pr90"))
            lines.append(f"  {name:16s} {row['count']:6.0f} {cells}")
        lines += ["", f"  {'class':16s} {'written':>8s} {'mIoU':>6s} {'chips':>8s} {'oIoU':>6s}"]
        for name, row in self.classes.items():
            lines.append(
                f"  {name:16s} {row['written_count']:8.0f} {_shown(row['written_miou'])} "
                f"{row['class_count']:8.0f} {_shown(row['class_oiou'])}"
            )
        lines += ["", f"  {'kind':16s} {'written':>8s} {'mIoU':>6s}"]
        lines += [f"  {name:16s} {row['count']:8.0f} {_shown(row['miou'])}" for name, row in self.kinds.items()]
        return "\n".join(lines)


def _shown(value: float) -> str:
    return f"{value:6.3f}" if math.isfinite(value) else f"{'-':>6s}"


OnAnswers = Callable[[EvaluationReport, Sequence[Answer], Sequence[Chip], Segmenter], None]


def evaluate(
    model: str | Path | Segmenter,
    data: Path,
    split: str = "test",
    *,
    text_mode: TextMode = "expression",
    device: str = "auto",
    on_answers: OnAnswers | None = None,
    progress: ProgressSink | None = None,
) -> EvaluationReport:
    """Return how well a model answers on a split of ``ucm_refer``.

    Args:
        model: name, checkpoint folder, or a model that is loaded already.
        data: folder of the data set.
        split: ``train``, ``val`` or ``test``.
        text_mode: ``class-name`` asks the class of each referent instead of the written expression.
        device: where to compute, if the model is to be loaded.
        on_answers: given the figures, the answers, the chips and the model, such as ``engine.report.write_report``.
        progress: told of every chip.

    Raises:
        DataError: the data set cannot be read, or the split is empty.
        CheckpointError: the model is missing or damaged.
    """
    chips = [chip for chip in read_ucm_refer(data, split).chips if chip.annotated]
    if not chips:
        raise DataError(f"The data set {data} has no annotated chips in the split '{split}'; use train, val or test.")
    segmenter = load_segmenter(model, device) if isinstance(model, str | Path) else model
    on_chip: Callable[[int, int], None] | None = None
    if progress is not None:
        sink = progress

        def tell(done: int, total: int) -> None:
            sink(Progress("evaluate", done, total, "chips"))

        on_chip = tell

    answers = list(ask_chips(segmenter, chips, text_mode, on_chip))
    result = report_of(answers, segmenter.spec.name, split, text_mode)
    if on_answers is not None:
        on_answers(result, answers, chips, segmenter)
    return result


def report_of(
    answers: Sequence[Answer], model: str, split: str, text_mode: TextMode, warnings: Sequence[str] = ()
) -> EvaluationReport:
    """Return the figures of answers."""
    groups: dict[str, list[Answer]] = defaultdict(list)
    written: dict[str, list[Answer]] = defaultdict(list)
    named: dict[str, list[Answer]] = defaultdict(list)
    kinds: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        question = answer.question
        groups[question.group].append(answer)
        if question.group == "single":
            written[question.class_name].append(answer)
            for kind in (question.kind or "unnamed").split("+"):
                kinds[kind].append(answer)
        elif question.group == "class":
            named[question.class_name].append(answer)
    classes = {}
    for name in sorted({*written, *named} - {""}):
        single = summarise([item.overlap for item in written[name]])
        classes[name] = {
            "written_count": single["count"],
            "written_miou": single["miou"],
            "class_count": float(len(named[name])),
            "class_oiou": overall_iou(item.overlap for item in named[name]),
        }
    return EvaluationReport(
        model=model,
        split=split,
        text_mode=text_mode,
        headline=headline(answers),
        groups={
            name: summarise([item.overlap for item in groups[name]])
            for name in ("single", "group", "class")
            if groups[name]
        },
        classes=classes,
        kinds={name: summarise([item.overlap for item in items]) for name, items in sorted(kinds.items())},
        intervals=headline_intervals(answers),
        confusion=confusion_of(answers),
        counts={"chips": len({item.question.chip_id for item in answers})}
        | {name: sum(item.question.group == name for item in answers) for name in sorted(groups)},
        warnings=tuple(warnings),
    )


def confusion_of(answers: Sequence[Answer]) -> dict[str, dict[str, float]]:
    """Return where the answers to class names lie, as shares of their pixels by true class."""
    landed: dict[str, Counter[str]] = defaultdict(Counter)
    for answer in answers:
        if answer.question.group in ("class", "class-absent") and answer.predicted_px:
            row = landed[answer.question.class_name]
            row.update(answer.landed)
            row[NOTHING] += max(0, answer.predicted_px - sum(answer.landed.values()))
    return {
        name: {to: count / max(1, sum(row.values())) for to, count in row.most_common() if count}
        for name, row in sorted(landed.items())
    }
