"""Run a network in smaller portions when memory runs out: fewer windows, fewer expressions, then the CPU.

A window itself is never cut: the network was trained on windows of that size, and its answer would change.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from .errors import EngineError
from .tiles import Tile

if TYPE_CHECKING:
    from ..core_model.segmenter import Features, Segmentation, Segmenter

logger = logging.getLogger(__name__)


@runtime_checkable
class Movable(Protocol):
    """A model that can leave a device."""

    def move_to_cpu(self) -> bool:
        """Go on computing on the CPU; False where it computes there already."""
        ...


class SparingSegmenter:
    """Answers tiles with as many windows and expressions at once as memory allows."""

    def __init__(
        self, segmenter: Segmenter, expressions: Sequence[str], batch_size: int, known_at_once: int | None = None
    ) -> None:
        """Begin with everything at once.

        Args:
            segmenter: the model.
            expressions: what is asked of every tile.
            batch_size: windows at once, at most, where some must be encoded.
            known_at_once: the same where none must; None: as many.
        """
        self.notes: list[str] = []
        """What had to be given up, one sentence each, for the person."""
        self._segmenter, self._expressions = segmenter, tuple(expressions)
        self._wanted = batch_size
        self._windows, self._texts = known_at_once or batch_size, len(self._expressions)
        self._is_on_cpu = False

    def answer(
        self, tiles: Sequence[Tile], within: NDArray[np.bool_] | None = None
    ) -> tuple[Segmentation | None, list[Features]]:
        """Return the scores (None where nothing is asked) and the features of tiles, in order.

        Args:
            tiles: one or more.
            within: (B, H, W) bool: what a person asks about; None: all of it.

        Raises:
            EngineError: there is not memory enough even for one window and one expression.
        """
        from ..core_model.segmenter import Segmentation

        if len(tiles) > self._windows:
            step = self._windows  # it may shrink on the way
            parts = [
                self.answer(tiles[start : start + step], None if within is None else within[start : start + step])
                for start in range(0, len(tiles), step)
            ]
            features = [item for _, own in parts for item in own]
            answers = [part for part, _ in parts if part is not None]
            if not answers:
                return None, features
            outlines = [part.outlines for part in answers if part.outlines is not None]
            logits = np.concatenate([part.logits for part in answers])
            return Segmentation(logits, np.concatenate(outlines) if outlines else None), features
        try:
            return self._answer(tiles, within)
        except (MemoryError, RuntimeError) as error:  # torch.OutOfMemoryError is a RuntimeError
            if not is_out_of_memory(error):
                raise
            reason = str(error)
        # Out here the error no longer keeps the tensors of the failed attempt alive.
        self._retreat(len(tiles), reason)
        return self.answer(tiles, within)

    def _answer(
        self, tiles: Sequence[Tile], within: NDArray[np.bool_] | None
    ) -> tuple[Segmentation | None, list[Features]]:
        from ..core_model.segmenter import Features, Segmentation

        fresh = [tile.pixels for tile in tiles if tile.features is None and tile.pixels is not None]
        joint = self._segmenter.encode_image(np.stack(fresh)) if fresh else None
        encoded = iter([] if joint is None else [joint.select(index, index + 1) for index in range(len(fresh))])
        parts = [tile.features if tile.features is not None else next(encoded) for tile in tiles]
        if not self._expressions:
            return None, parts
        if joint is None or len(fresh) < len(tiles):
            joint = Features.join([part.to("cpu") for part in parts] if self._is_on_cpu else parts)
        answers = [
            self._segmenter.segment(joint, self._expressions[start : start + self._texts], within)
            for start in range(0, len(self._expressions), self._texts)
        ]
        logits = (
            np.concatenate([answer.logits for answer in answers], axis=1) if len(answers) > 1 else answers[0].logits
        )
        return Segmentation(logits, answers[0].outlines), parts

    def _retreat(self, count: int, reason: str) -> None:
        """Give something up, the cheapest first."""
        import torch

        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if count > 1:
            self._windows = (count + 1) // 2
            note = f"{self._windows} windows at a time instead of {self._wanted}"
        elif self._texts > 1:
            self._texts = (self._texts + 1) // 2
            note = f"{self._texts} expressions at a time instead of {len(self._expressions)}"
        elif isinstance(self._segmenter, Movable) and self._segmenter.move_to_cpu():
            self._windows, self._texts, self._is_on_cpu = self._wanted, len(self._expressions), True
            note = "the CPU instead of the device, which takes longer"
        else:
            raise EngineError(
                f"There is not enough memory even for one window of the network ({reason.splitlines()[0][:120]}): "
                "close other programs, choose another device, or take a smaller model."
            )
        self.notes.append(f"Memory ran short, so the network went on with {note}; the answer is the same.")
        logger.warning(self.notes[-1])


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory ran out, on whatever device."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(
        words in text for words in ("out of memory", "can't allocate memory", "not enough memory")
    )
