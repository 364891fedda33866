"""``torch.compile`` where it works, the plain call where it does not."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

import torch

logger = logging.getLogger(__name__)
T = TypeVar("T")


class CompiledCall(Generic[T]):
    """Calls a function compiled; what cannot be compiled on a machine (no C++ compiler, no Triton) is called as it is.

    The first call takes the compiler's time, up to a minute, so this pays on long jobs only.
    """

    def __init__(self, plain: Callable[[torch.Tensor], T]) -> None:
        self._plain = plain
        self._fast: Callable[[torch.Tensor], T] | None = None
        self.is_working = True
        """Whether calls go the compiled way."""

    def __call__(self, tensor: torch.Tensor) -> T:
        """Return what the function returns.

        Raises:
            torch.OutOfMemoryError: memory is short, whichever way; the caller knows what to do about it.
        """
        if self.is_working:
            try:
                self._fast = self._fast or torch.compile(self._plain, dynamic=True)
                return self._fast(tensor)
            except torch.OutOfMemoryError:
                raise
            except Exception as error:  # compilers fail in many ways
                self.is_working = False
                reason = str(error).strip().splitlines()
                logger.info("torch.compile does not work here (%s); going on without.", reason[0] if reason else error)
        return self._plain(tensor)
