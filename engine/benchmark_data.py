"""Data sets of the benchmark: their samples by split, whatever their layout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..core_model.data.chips import read_ucm_refer
from ..core_model.data.refer import is_refer, read_refer
from ..core_model.data.samples import samples_of
from ..core_model.errors import DataError
from ..core_model.train.wrel import WrelData

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class BenchmarkData:
    """Samples of a data set, all with their true expressions."""

    name: str
    splits: dict[str, WrelData]


def read_benchmark_data(folder: Path) -> BenchmarkData:
    """Return the samples of single objects with an expression, by split.

    Two layouts are read: ``ucm_refer`` (``instances.json``, ``expressions.jsonl``, ``images/``), and that of the REFER
    family (RRSIS-D, RIS-LAD, RefSegRS), see ``core_model.data.refer``.

    Raises:
        DataError: the folder holds neither, or a file is damaged, or a split is empty.
    """
    if is_refer(folder):
        splits = {}
        for name in SPLITS:
            splits[name] = WrelData(*read_refer(folder, name))
    else:
        splits = {}
        for name in SPLITS:
            chips = [chip for chip in read_ucm_refer(folder, name).chips if chip.annotated]
            splits[name] = WrelData([sample for sample in samples_of(chips) if not sample.weak], chips)
    empty = [name for name, data in splits.items() if not data.samples]
    if empty:
        raise DataError(f"The data set {folder} has no expression of a single object in {', '.join(empty)}.")
    return BenchmarkData(folder.resolve().name, splits)
