"""Data sets of the REFER family (RRSIS-D, RIS-LAD, RefSegRS): pictures, ``instances.json``, a list of references.

Layout of a folder::

    instances.json   COCO: images, annotations (polygons or run lengths), categories
    refs.json        references, one expression each: ref_id, ann_id, image_id, category_id, split,
                     sentences [{"raw": ...}]; the published lists are pickles, made JSON by tools/convert_refs.py
    images/          or JPEGImages/, with the file names of instances.json

An expression is read from ``raw`` and from nowhere else: in the published weak lists ``raw`` is the class name while
``sent`` still holds the true expression, which would give the answer away.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from PIL import Image

from ..errors import DataError
from .chips import Chip, ChipObject
from .coco_mask import read_mask
from .samples import Sample, unique

INSTANCES, REFS = "instances.json", "refs.json"


def is_refer(folder: Path) -> bool:
    """Tell whether a folder has this layout."""
    return (folder / REFS).is_file()


class PictureFolder(Sequence[Chip]):
    """The pictures of a split with the objects that are referred to; each is read when it is asked for.

    Objects that no reference means are not known, so no class is complete.
    """

    def __init__(self, root: Path, images: list[dict[str, Any]], annotations: dict[int, list[dict[str, Any]]]) -> None:
        self.root, self.images, self.annotations = root, images, annotations

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.images)

    @overload
    def __getitem__(self, index: int) -> Chip: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Chip]: ...

    def __getitem__(self, index: int | slice) -> Chip | Sequence[Chip]:
        """Return a picture with its objects.

        Raises:
            DataError: the picture or a mask cannot be read.
        """
        if isinstance(index, slice):
            return PictureFolder(self.root, self.images[index], self.annotations)
        item = self.images[index]
        path = self.root / str(item["file_name"])
        try:
            with Image.open(path) as picture:
                image = np.asarray(picture.convert("RGB"))
        except OSError as error:
            raise DataError(
                f"The picture {path} cannot be read ({error}); put the data set's pictures there."
            ) from error
        height, width = image.shape[:2]
        objects = tuple(
            ChipObject(row["id"], row["name"], (), mask=read_mask(row["segmentation"], height, width))
            for row in self.annotations.get(item["id"], [])
        )
        return Chip(str(item["id"]), image, objects)

    def __iter__(self) -> Iterator[Chip]:
        """Yield every picture."""
        return (self[index] for index in range(len(self)))


def read_refer(folder: Path, split: str, *, verbatim_names: bool = True) -> tuple[list[Sample], PictureFolder]:
    """Return the samples and pictures of a split.

    Args:
        folder: see the top of this module.
        split: ``train``, ``val`` or ``test``.
        verbatim_names: use class names as the data set spells them, as the paper does; else as words.

    Raises:
        DataError: a file is missing or damaged, a reference has no annotation, or two have one id.
    """
    from .samples import readable_name

    instances, refs = _read_json(folder / INSTANCES), _read_json(folder / REFS)
    try:
        names = {item["id"]: str(item["name"]) for item in instances["categories"]}
        annotations = {item["id"]: {**item, "name": names[item["category_id"]]} for item in instances["annotations"]}
        chosen = [ref for ref in refs if ref["split"] == split]
        wanted = dict.fromkeys(ref["image_id"] for ref in chosen)
        images = {item["id"]: item for item in instances["images"] if item["id"] in wanted}
        numbers = {image_id: number for number, image_id in enumerate(wanted)}
        referred: dict[int, list[dict[str, Any]]] = {}
        samples = []
        for ref in chosen:
            item = annotations[ref["ann_id"]]
            if item not in referred.setdefault(ref["image_id"], []):
                referred[ref["image_id"]].append(item)
            name = item["name"] if verbatim_names else readable_name(item["name"])
            for number, sentence in enumerate(ref["sentences"]):
                raw = str(sentence["raw"]).strip()
                key = str(ref["ref_id"]) if len(ref["sentences"]) == 1 else f"{ref['ref_id']}/{number}"
                # In a published weak list the text is the class name already.
                text = "" if raw == item["name"] else raw
                samples.append(Sample(key, numbers[ref["image_id"]], (ref["ann_id"],), name, text))
        root = next((folder / name for name in ("images", "JPEGImages") if (folder / name).is_dir()), folder)
        return unique(samples), PictureFolder(root, [images[image_id] for image_id in wanted], referred)
    except (KeyError, TypeError) as error:
        raise DataError(
            f"{folder} is not a whole data set of the REFER family ({error!r} is missing); "
            f"it needs {INSTANCES}, {REFS} and images/."
        ) from error


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path} cannot be read ({error}); make it with tools/convert_refs.py from the published list."
        ) from error
