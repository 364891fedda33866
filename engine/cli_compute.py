"""The options that say where and how precisely a network runs."""

from __future__ import annotations

from typing import Any


def add_compute_options(group: Any) -> None:
    """Add ``--device``, ``--precision`` and ``--compile`` to a group of options."""
    group.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"), help="where to compute")
    group.add_argument(
        "--precision",
        default="auto",
        choices=("auto", "fp32", "bf16"),
        help="number format of the network (auto: bf16 where it is fast)",
    )
    group.add_argument(
        "--compile", action="store_true", help="compile the image encoder where that works; pays on long jobs only"
    )
