"""Objects that a teacher sees on chips with image-level labels only (Lee 2013, "Pseudo-Label"; the rules are ours).

A class is only drawn where the chip's labels allow it, and counts as complete only where the teacher is sure of nearly
every pixel; what it is not sure of stays unknown. A student then learns classes from twice as many pictures.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio.features
import shapely
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from ..core_model.checkpoint import find_model, load_checkpoint, read_spec
from ..core_model.data.chips import LABEL_CLASSES, Chip, ChipObject
from ..core_model.device import Compute, choose_compute
from ..core_model.network import ReferringNetwork
from ..core_model.tokenizer import Tokens
from .progress import Progress, ProgressSink

SURE, DOUBTED = 0.65, 0.35
"""Scores above the one are of the class and below the other are not; in between nothing is known."""
_SURE_SHARE = 0.55
"""A class is complete where this share of all pixels that may be of it surely is."""
_USUAL = 0.1
"""A class that no label speaks of is looked for in scenes where this share of the drawn chips has it."""
_LEAST_PX = 12
_MOST_HOLES = 0.1
"""Regions with more holes than this share of theirs are left out: a river round an island."""
_SCALES = (1.0, 1.25)
_RIVALS = ({"house", "building", "mobile home"}, {"car", "truck"}, {"sea", "river"})
"""Classes that a pixel belongs to one of."""


def with_pseudo_labels(
    chips: Sequence[Chip], classes: Sequence[str], teacher: str, cache: Path, on_chip: ProgressSink | None = None
) -> tuple[Chip, ...]:
    """Return the chips; those that have image-level labels only now hold what a teacher draws on them.

    Args:
        chips: of one split.
        classes: what is looked for.
        teacher: name or folder of a model that knows the classes.
        cache: JSON file that keeps what was drawn, so that a run that was stopped goes on with the same; what another
            teacher drew is drawn anew.
        on_chip: told of every chip.
    """
    asked = {"teacher": read_spec(find_model(teacher)).weights_hash, "classes": list(classes)}
    kept = json.loads(cache.read_text(encoding="utf-8")) if cache.exists() else {}
    if kept.get("asked") != asked:
        kept = {"asked": asked, "chips": list(_draw(chips, classes, teacher, on_chip))}
        part = cache.with_suffix(".part")
        part.write_text(json.dumps(kept), encoding="utf-8")
        part.replace(cache)
    known = {row["chip"]: row for row in kept["chips"]}
    return tuple(_labelled(chip, known[chip.id]) if chip.id in known else chip for chip in chips)


def candidates(chip: Chip, usual: dict[str, set[str]]) -> list[str]:
    """Return the classes that a chip may show: those that its labels allow, and those that no label speaks of.

    Args:
        chip: with image-level labels only.
        usual: scene to the classes that are often drawn in it.
    """
    spoken = {name for names in LABEL_CLASSES.values() for name in names}
    allowed = {name for label in chip.labels for name in LABEL_CLASSES.get(label, ())}
    return sorted((allowed | (usual.get(chip.scene, set()) - spoken)) - chip.complete)


def usual_classes(chips: Sequence[Chip]) -> dict[str, set[str]]:
    """Return, for every scene, the classes that a good share of its drawn chips has."""
    usual: dict[str, set[str]] = {}
    for scene in {chip.scene for chip in chips if chip.annotated}:
        drawn = [{item.class_name for item in chip.objects} for chip in chips if chip.annotated and chip.scene == scene]
        counts = {name: sum(name in names for names in drawn) for name in set().union(*drawn)}
        usual[scene] = {name for name, count in counts.items() if count >= _USUAL * len(drawn)}
    return usual


def _draw(
    chips: Sequence[Chip], classes: Sequence[str], teacher: str, on_chip: ProgressSink | None
) -> Iterable[dict[str, Any]]:
    network, tokenizer, _ = load_checkpoint(find_model(teacher))
    compute = choose_compute()
    network = network.eval().requires_grad_(False).to(compute.device)
    usual = usual_classes(chips)
    others = [chip for chip in chips if not chip.annotated]
    for index, chip in enumerate(others):
        names = [name for name in candidates(chip, usual) if name in classes]
        if names:
            scores = _scores(network, tokenizer(names), chip.image, compute)
            objects, complete = _judge(names, scores)
            yield {"chip": chip.id, "complete": complete, "objects": objects}
        if on_chip is not None:
            on_chip(Progress("draw", index + 1, len(others), "chips"))


@torch.inference_mode()
def _scores(
    network: ReferringNetwork, tokens: Tokens, image: NDArray[np.uint8], compute: Compute
) -> NDArray[np.float32]:
    """Return (K, H, W) scores of K class names, the mean over turned, mirrored and enlarged views of a picture."""
    picture = torch.from_numpy(image.transpose(2, 0, 1).copy())[None].float().to(compute.device)
    side = picture.shape[-1]
    total = torch.zeros(len(tokens.ids), side, side)
    with compute.autocast():
        mask = tokens.mask.to(compute.device)
        text = network.encode_text(tokens.ids.to(compute.device), mask)[None]
        for scale in _SCALES:
            size = round(scale * side / 64) * 64
            scaled = F.interpolate(picture, size=(size, size), mode="bilinear", align_corners=False)
            views = [torch.rot90(flipped, turns, (2, 3)) for flipped in (scaled, scaled.flip(3)) for turns in range(4)]
            features = network.encode_image(torch.cat(views))
            mask_logits = network.decode(features, text.expand(8, -1, -1, -1), mask[None].expand(8, -1, -1)).mask
            drawn = F.interpolate(mask_logits.float(), size=(side, side), mode="bilinear", align_corners=False)
            for index, view in enumerate(drawn.sigmoid().cpu()):
                back = torch.rot90(view, -(index % 4), (1, 2))
                total += back.flip(2) if index >= 4 else back
    return (total / (8 * len(_SCALES))).numpy()


def _judge(names: Sequence[str], scores: NDArray[np.float32]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the objects that scores (K, H, W) show, and the classes that are complete."""
    scores = scores.copy()
    for rivals in _RIVALS:
        rows = [row for row, name in enumerate(names) if name in rivals]
        if len(rows) > 1:
            scores[rows] = np.where(scores[rows] == scores[rows].max(0), scores[rows], 0)
    objects, complete = [], []
    for name, score in zip(names, scores, strict=True):
        sure, possible = int((score > SURE).sum()), int((score > DOUBTED).sum())
        if sure < _LEAST_PX:
            continue
        rings, is_whole = _rings(score > 0.5)
        objects += [{"class": name, "ring": ring} for ring in rings]
        if rings and is_whole and sure >= _SURE_SHARE * possible:
            complete.append(name)
    return objects, complete


def _rings(mask: NDArray[np.bool_]) -> tuple[list[list[list[float]]], bool]:
    """Return the outlines of regions without large holes, as objects of chips have none, and whether those are all."""
    rings, is_whole = [], True
    for shape, _ in rasterio.features.shapes(mask.astype(np.uint8), mask=mask, connectivity=4):
        outer, *holes = (shapely.Polygon(ring) for ring in shape["coordinates"])
        if outer.area < _LEAST_PX:
            continue
        if sum(hole.area for hole in holes) > _MOST_HOLES * outer.area:
            is_whole = False
            continue
        rings.append([[float(x), float(y)] for x, y in shape["coordinates"][0][:-1]])
    return rings, is_whole


def _labelled(chip: Chip, drawn: dict[str, Any]) -> Chip:
    objects = tuple(
        ChipObject(index, item["class"], (np.array(item["ring"], np.float32),))
        for index, item in enumerate(drawn["objects"])
    )
    return dataclasses.replace(chip, objects=objects, complete=chip.complete | frozenset(drawn["complete"]))
