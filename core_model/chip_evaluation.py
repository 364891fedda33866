"""Ask a model about annotated chips: written expressions, class names, and things that are not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .data.augment import draw_mask
from .data.chips import Chip
from .metrics import Overlap, cluster_interval, overlap
from .segmenter import Segmenter

Group = Literal["single", "group", "absent", "class", "class-absent"]
TextMode = Literal["expression", "class-name"]


@dataclass(frozen=True)
class Question:
    """One thing asked of a chip, with the truth."""

    chip_id: str
    text: str
    group: Group
    class_name: str
    """Class of the referent; empty when there is none or they differ."""
    kind: str
    """Kind of the written expression, as annotated."""
    object_ids: tuple[int, ...]


@dataclass(frozen=True)
class Answer:
    """What the model said to a question."""

    question: Question
    overlap: Overlap
    predicted_px: int
    best_logit: float
    landed: Mapping[str, int] = field(default_factory=dict)
    """Class to the pixels of the answer that lie on its drawn objects."""


def questions_of(chip: Chip, text_mode: TextMode = "expression") -> list[Question]:
    """Return everything that can fairly be asked of a chip.

    Args:
        chip: annotated.
        text_mode: ``class-name`` replaces each written expression by the class of its referent: the baseline that
            tells how far class names alone go.
    """
    classes = {item.id: item.class_name for item in chip.objects}
    found = []
    for written in chip.expressions:
        names = {classes[key] for key in written.object_ids}
        name = names.pop() if len(names) == 1 else ""
        group: Group = "absent" if not written.object_ids else "single" if len(written.object_ids) == 1 else "group"
        if text_mode == "class-name" and not name:
            continue
        text = name if text_mode == "class-name" else written.text
        found.append(Question(chip.id, text, group, name, written.kind, written.object_ids))
    for name in sorted(chip.complete):
        ids = tuple(key for key, value in classes.items() if value == name)
        found.append(Question(chip.id, name, "class" if ids else "class-absent", name, "", ids))
    return found


def truth_of(chip: Chip, question: Question) -> NDArray[np.bool_]:
    """Return the (H, W) mask of what a question refers to."""
    rings = [ring for item in chip.objects if item.id in question.object_ids for ring in item.rings]
    return draw_mask(rings, chip.image.shape[0], 1) > 127


def ask_chips(
    segmenter: Segmenter,
    chips: Sequence[Chip],
    text_mode: TextMode = "expression",
    on_chip: Callable[[int, int], None] | None = None,
) -> Iterator[Answer]:
    """Yield the answer to every question about annotated chips of the model's window size."""
    annotated = [chip for chip in chips if chip.annotated]
    for index, chip in enumerate(annotated):
        questions = questions_of(chip, text_mode)
        if questions:
            features = segmenter.encode_image(chip.image.transpose(2, 0, 1)[None])
            logits = segmenter.segment(features, [item.text for item in questions]).logits[0]
            ground = _class_masks(chip)
            for question, row in zip(questions, logits, strict=True):
                predicted = row > 0
                landed = {name: int((predicted & mask).sum()) for name, mask in ground.items()}
                matched = overlap(predicted, truth_of(chip, question))
                yield Answer(question, matched, int(predicted.sum()), float(row.max()), landed)
        if on_chip is not None:
            on_chip(index + 1, len(annotated))


def _class_masks(chip: Chip) -> dict[str, NDArray[np.bool_]]:
    """Return the (H, W) mask of each class that is drawn."""
    rings: dict[str, list[NDArray[np.float32]]] = {}
    for item in chip.objects:
        rings.setdefault(item.class_name, []).extend(item.rings)
    return {name: draw_mask(of, chip.image.shape[0], 1) > 127 for name, of in rings.items()}


_HEADLINE: dict[str, tuple[tuple[Group, ...], Callable[[Answer], float]]] = {
    "written_miou": (("single",), lambda answer: answer.overlap.iou),
    "written_pr50": (("single",), lambda answer: float(answer.overlap.iou >= 0.5)),
    "group_miou": (("group",), lambda answer: answer.overlap.iou),
    "class_iou": (("class",), lambda answer: answer.overlap.iou),
    "absent_expression_false_alarm": (("absent",), lambda answer: float(answer.predicted_px > 0)),
    "absent_class_false_alarm": (("class-absent",), lambda answer: float(answer.predicted_px > 0)),
    "absent_false_alarm": (("absent", "class-absent"), lambda answer: float(answer.predicted_px > 0)),
}


def headline(answers: Sequence[Answer]) -> dict[str, float]:
    """Return the figures that a model is judged by; NaN where nothing of the kind was asked.

    ``written_miou`` and ``written_pr50`` are over written expressions of single objects, ``class_iou`` is the mean over
    (chip, class) of all instances together, ``absent_false_alarm`` the share of absent expressions and classes
    that were answered with any pixel.
    """
    figures = {}
    for name, (groups, value) in _HEADLINE.items():
        values = [value(item) for item in answers if item.question.group in groups]
        figures[name] = float(np.mean(values)) if values else float("nan")
    return figures


def headline_intervals(answers: Sequence[Answer]) -> dict[str, tuple[float, float]]:
    """Return the 95 % interval of each figure of ``headline``, over chips; those without one are left out."""
    intervals = {}
    for name, (groups, value) in _HEADLINE.items():
        items = [item for item in answers if item.question.group in groups]
        found = cluster_interval(
            [item.question.chip_id for item in items], [value(item) for item in items], [1.0] * len(items)
        )
        if found is not None:
            intervals[name] = found
    return intervals
