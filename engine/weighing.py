"""How much to believe: a candidate's chance to be what the network says, and the network's word against geometry's.

The numbers belong to a model. Those of a bundled model were fitted on validation chips by ``benchmarks/meaning.py
tune`` and lie in ``resources/weighing``; a model that has none is taken at its scores.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "weighing"


@dataclass(frozen=True)
class Chance:
    """A logistic model of whether a polygon is an object of the class that was asked for."""

    bias: float = 0.0
    score_weight: float = 1.0
    """Of the log odds of the polygon's mean score."""
    size_weight: float = 0.0
    """Taken off for each squared standard deviation by which the size is out of the ordinary, see ``misfit``."""
    class_biases: Mapping[str, float] = field(default_factory=dict)
    """Class -> what is added: some classes are found by mistake more often than others."""
    sizes_m2: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Class -> median area of its training objects in m², and the standard deviation of the natural logarithm."""

    def of(self, scores: NDArray[np.float64], areas_m2: NDArray[np.float64], name: str | None) -> NDArray[np.float64]:
        """Return the chance of each polygon to be an object of a class.

        Args:
            scores: (N,) mean scores in [0, 1].
            areas_m2: (N,) areas.
            name: the class; None where it is not known, or several are meant: size then says nothing.

        Returns:
            (N,) in (0, 1), rising with the score.
        """
        bias = self.bias + (self.class_biases.get(name, 0.0) if name else 0.0)
        logits = bias + self.score_weight * log_odds(scores) - self.size_weight * self.misfit(areas_m2, name)
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30.0, 30.0))), dtype=np.float64)

    def misfit(self, areas_m2: NDArray[np.float64], name: str | None) -> NDArray[np.float64]:
        """Return by how much sizes are out of the ordinary: squared standard deviations beyond the first, at most 16.

        One deviation is free, so that the largest and the smallest of a kind are not doubted for being that.
        """
        if name is None or name not in self.sizes_m2:
            return np.zeros(len(areas_m2))
        median, spread = self.sizes_m2[name]
        off = np.abs(np.log(np.maximum(areas_m2, 1e-6) / median)) / spread
        return np.asarray(np.minimum(np.maximum(off - 1.0, 0.0) ** 2, 16.0), dtype=np.float64)


@dataclass(frozen=True)
class Weighing:
    """The numbers by which candidates are believed and readings combined."""

    chance: Chance = field(default_factory=Chance)
    least: float = 0.0
    """Candidates with less of a chance are noise, however few others there are."""
    barely: float = 0.42
    """Degree that the best candidate must have when one object is asked for and none is fully fit."""
    evidence: float = 0.5
    """How much of a candidate's weight the network's reading of the full expression may take away."""
    trust: float = 0.0
    """The network's answer replaces the plan's when the plan's best fit is below this share of the network's score."""

    def to_json(self) -> dict[str, object]:
        """Return plain JSON values."""
        return asdict(self)

    @staticmethod
    def from_json(value: Mapping[str, object]) -> Weighing:
        """Return what ``to_json`` gave.

        Raises:
            TypeError: a field is unknown.
        """
        chance = dict(value["chance"])  # type: ignore[call-overload]
        sizes = {name: (float(median), float(spread)) for name, (median, spread) in chance.pop("sizes_m2").items()}
        numbers = {name: float(str(number)) for name, number in value.items() if name != "chance"}
        return Weighing(Chance(**chance, sizes_m2=sizes), **numbers)


def log_odds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the log odds of scores, which are kept away from 0 and 1."""
    kept = np.clip(scores, 1e-3, 1.0 - 1e-3)
    return np.asarray(np.log(kept / (1.0 - kept)), dtype=np.float64)


def presupposed(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the chances of several objects of which a question says that there is one, as "the largest boat" does.

    Where all are doubted, their odds rise together until the likeliest is as likely as not; how much one is doubted
    beside another stays. Else a question about twenty doubted boats would be answered with the clearest one, whatever
    its size.

    Args:
        chances: (N,) of being real.
    """
    odds = np.clip(chances, 1e-9, 1 - 1e-9)
    odds = odds / (1 - odds)
    odds = odds * max(1.0, 1.0 / float(odds.max(initial=0.0) or 1.0))
    return np.asarray(odds / (1 + odds), dtype=np.float64)


def chances_of_place(chances: NDArray[np.float64], place: int, count: int) -> NDArray[np.float64]:
    """Return how likely each of several doubtful objects is one of those that an order means.

    The i-th is the third largest if it is real and exactly two of those before it are: the number of real ones among
    doubtful ones is Poisson binomial. With no doubt, that is 1 for the third and 0 for all others.

    Args:
        chances: (N,) of being real, in the order that is asked for.
        place: 1 for the first.
        count: how many from there on are meant.

    Returns:
        (N,) in [0, 1].
    """
    stop = place + count - 1
    real_before = np.zeros(stop + 1)  # how likely 0, 1, ... are real; the last stands for all higher numbers
    real_before[0] = 1.0
    found = np.zeros(len(chances))
    for index, chance in enumerate(chances):
        if real_before[:-1].sum() < 1e-9:
            break  # so many before it are real that no further one can be meant
        found[index] = chance * real_before[place - 1 : stop].sum()
        kept, moved = real_before * (1.0 - chance), real_before[:-1] * chance
        kept[-1] = real_before[-1]
        real_before = kept
        real_before[1:] += moved
    return found


def likely_ones(chances: NDArray[np.float64], areas: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the set of doubtful objects whose union has the highest expected IoU with the real ones.

    It is always the likeliest ones down to some chance, at most a half: one more object is worth it if its odds exceed
    the IoU without it.

    Args:
        chances: (N,) of being real.
        areas: (N,) areas.
    """
    order = np.argsort(-chances, kind="stable")
    real = np.cumsum((chances * areas)[order])
    missed = real[-1] - real if len(real) else real
    ious = real / np.maximum(np.cumsum(areas[order]) + missed, 1e-12)
    keep = np.zeros(len(chances), dtype=bool)
    if len(order):
        keep[order[: len(ious) - int(np.argmax(ious[::-1]))]] = True  # of equally good sets the largest
    return keep


def weighing_of(model: str, folder: Path = FOLDER) -> Weighing:
    """Return the weighing that was fitted for a model; one that believes its scores where there is none.

    Args:
        model: name of the model, such as ``small``.
        folder: where the fitted ones lie.
    """
    path = folder / f"{model}.json"
    if not re.fullmatch(r"[\w-]+", model) or not path.is_file():
        return Weighing()
    return Weighing.from_json(json.loads(path.read_text(encoding="utf-8"))["weighing"])
