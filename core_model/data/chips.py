"""Annotated chips in memory: pictures, objects, expressions, and what is known to be absent."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import DataError

CHIP_PX = 256
"""Side of the chips of ucm_refer, in pixels."""
FILL = (124, 116, 104)
"""Colour outside pictures: the mean that networks subtract, so that it reads as nothing."""

LABEL_CLASSES = {
    "airplane": ("airplane",),
    "buildings": ("building", "house"),
    "cars": ("car", "truck", "parking lot"),
    "court": ("tennis court", "basketball court"),
    "dock": ("dock",),
    "mobile-home": ("mobile home",),
    "sea": ("sea",),
    "ship": ("boat",),
    "tanks": ("storage tank",),
}
"""What an image-level label of the 17 speaks of; a missing one says that these are absent (Chaudhuri et al. 2018)."""


@dataclass(frozen=True)
class ChipObject:
    """One annotated object."""

    id: int
    class_name: str
    rings: tuple[NDArray[np.float32], ...]
    """Exterior rings of its parts, each (N, 2) float32 pixels, x right, y down, (0, 0) the first pixel's corner."""
    color: str | None = None
    mask: NDArray[np.bool_] | None = None
    """(H, W) bool, for data sets that have masks instead of rings."""


@dataclass(frozen=True)
class WrittenExpression:
    """An expression that a person wrote, and the objects it is true of (none: true of nothing in the chip)."""

    text: str
    object_ids: tuple[int, ...]
    kind: str = ""


@dataclass(frozen=True)
class Chip:
    """A picture with what is known of it."""

    id: str
    image: NDArray[np.uint8]
    """(H, W, 3) uint8."""
    objects: tuple[ChipObject, ...] = ()
    complete: frozenset[str] = frozenset()
    """Classes of which every instance is in ``objects``; a complete class without an object is absent."""
    expressions: tuple[WrittenExpression, ...] = ()
    annotated: bool = True
    """False: only image-level labels are known for sure; objects, if any, were drawn by a teacher."""
    scene: str = ""
    labels: frozenset[str] = field(default_factory=frozenset)
    """Image-level labels."""

    @property
    def absent(self) -> frozenset[str]:
        """Classes that are known not to occur in the chip."""
        return self.complete - {item.class_name for item in self.objects}


@dataclass(frozen=True)
class ChipSet:
    """Chips of one split with the class names of the data set."""

    chips: tuple[Chip, ...]
    classes: tuple[str, ...]
    gsd_m: float


def read_ucm_refer(folder: Path, split: str) -> ChipSet:
    """Return one split of the ``ucm_refer`` data set.

    Args:
        folder: holds ``instances.json``, ``expressions.jsonl`` and ``images/``.
        split: ``train``, ``val`` or ``test``.

    Raises:
        DataError: a file is missing or damaged.
    """
    data = _read_json(folder / "instances.json")
    try:
        names = {item["id"]: item["name"] for item in data["categories"]}
        objects: dict[str, list[ChipObject]] = defaultdict(list)
        for item in data["annotations"]:
            objects[item["image_id"]].append(_object(item, names))
        expressions: dict[str, list[WrittenExpression]] = defaultdict(list)
        with (folder / "expressions.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                expressions[row["image_id"]].append(
                    WrittenExpression(row["text"], tuple(row["annotation_ids"]), row.get("kind") or "")
                )
        used = {item.class_name for items in objects.values() for item in items}
        classes = tuple(name for name in names.values() if name in used)
        chips = tuple(
            _chip(folder, item, objects[item["id"]], expressions[item["id"]])
            for item in data["images"]
            if item["split"] == split
        )
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise DataError(
            f"{folder} is not a whole ucm_refer data set ({error!r}); see its README for the layout."
        ) from error
    gsd_m = float(data["images"][0]["gsd_m"])
    return ChipSet(chips, classes, gsd_m)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}); point 'data' at a folder in COCO layout.") from error
    return data


def _object(item: dict[str, Any], names: dict[int, str]) -> ChipObject:
    rings = tuple(np.asarray(ring, dtype=np.float32).reshape(-1, 2) for ring in item["segmentation"] if len(ring) >= 6)
    return ChipObject(item["id"], names[item["category_id"]], rings, item.get("attributes", {}).get("color"))


def _chip(
    folder: Path, item: dict[str, Any], objects: Iterable[ChipObject], expressions: Iterable[WrittenExpression]
) -> Chip:
    with Image.open(folder / item["file_name"]) as picture:
        # A few pictures are some pixels off; the tile is cut or filled at its right and lower edge.
        tile = Image.new("RGB", (CHIP_PX, CHIP_PX), FILL)
        tile.paste(picture.convert("RGB"), (0, 0))
        image = np.asarray(tile)
    labels = frozenset(item["image_labels"])
    complete = set(item["complete"])
    if not item["annotated"]:
        # Nothing is drawn, so a class is only known where its label says that it is absent.
        complete |= {name for label, names in LABEL_CLASSES.items() if label not in labels for name in names}
    return Chip(
        id=item["id"],
        image=image,
        objects=tuple(objects),
        complete=frozenset(complete),
        expressions=tuple(expressions),
        annotated=item["annotated"],
        scene=item["scene"],
        labels=labels,
    )
