"""The Learnable Reference Bank of LRB-WREL (Ye et al., arXiv 2510.22760): prompts that stand for unwritten expressions.

A plain table with one strip of prompt vectors per weak sample. The strip is written into the positions that the class
name leaves free in the text encoder's input, and their mask is opened. Nothing of it is used after training.

Where the published code has a fault, ours differs on purpose:

* rows are gathered at once, not sample by sample, and an unknown id is a sentence, not a ``KeyError``;
* the option front, middle or end, which its forward pass ignores, is left out: prompts follow the text;
* every process of a data-parallel training takes the same step (theirs lets four copies drift apart and saves one);
* the file names its samples, so that a bank of other data is refused.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from ..errors import TrainingError
from .state import write_tensors

INIT_STD = 0.02


class ReferenceBank(nn.Module):
    """Prompt vectors by sample id."""

    def __init__(
        self,
        ids: Sequence[str],
        prompts: int,
        dim: int,
        *,
        groups: Sequence[str] | None = None,
        init_std: float = INIT_STD,
        sparse: bool = False,
    ) -> None:
        """Make a bank with normally distributed rows.

        Args:
            ids: of the weak samples.
            prompts: vectors per sample (P).
            dim: width of the text encoder's input (D).
            groups: one name per id; samples of one name share a row. None: each has its own.
            init_std: standard deviation of the first values; 0 for zero prompts.
            sparse: give gradients of the touched rows only (for ``torch.optim.SparseAdam``).

        Raises:
            TrainingError: ids are doubled or there are none.
        """
        super().__init__()
        if not ids or len(set(ids)) != len(ids):
            raise TrainingError(
                f"A reference bank needs weak samples with ids of their own; it was given {len(ids)} ids, "
                f"{len(set(ids))} of them different."
            )
        names = list(groups) if groups is not None else list(ids)
        numbers = {name: row for row, name in enumerate(dict.fromkeys(names))}
        self.row_of = {key: numbers[name] for key, name in zip(ids, names, strict=True)}
        self.prompts, self.dim, self.sparse = prompts, dim, sparse
        self.table = nn.Embedding(len(numbers), prompts * dim, sparse=sparse)
        nn.init.normal_(self.table.weight, std=init_std) if init_std else nn.init.zeros_(self.table.weight)

    @property
    def ids(self) -> list[str]:
        """Ids of the samples, in the order of their rows."""
        return list(self.row_of)

    @property
    def rows(self) -> Tensor:
        """(N_w, P, D) prompts."""
        return self.table.weight.view(-1, self.prompts, self.dim)

    def rows_of(self, ids: Sequence[str]) -> Tensor:
        """Return the rows of samples, (N,) int64.

        Raises:
            TrainingError: an id is not in the bank.
        """
        try:
            return torch.tensor([self.row_of[key] for key in ids], dtype=torch.long, device=self.table.weight.device)
        except KeyError as error:
            raise TrainingError(
                f"The sample {error} has no row in the reference bank ({len(self.row_of)} ids); "
                "the bank was made for other data or for another ratio."
            ) from error

    def fill(
        self, embeddings: Tensor, mask: Tensor, ids: Sequence[str], weak: Tensor, *, detach: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Return the text encoder's input with the prompts of the weak samples in their free positions.

        Args:
            embeddings: (N, L, D) word embeddings; not changed.
            mask: (N, L) 1 on tokens, 0 on free positions at the end; not changed.
            ids: N sample ids; those of samples that are not weak are not looked at.
            weak: (N,) bool.
            detach: let no gradient reach the bank.

        Returns:
            Embeddings and mask. Of k = min(free positions, P) positions; further free ones stay masked. Rows that are
            not weak are the same numbers as before.
        """
        chosen = weak.nonzero()[:, 0]
        if not len(chosen):
            return embeddings, mask
        strips = self.table(self.rows_of([ids[row] for row in chosen.tolist()])).view(-1, self.prompts, self.dim)
        if detach:
            strips = strips.detach()
        free = mask[chosen] == 0
        order = free.cumsum(1) - 1
        taken = free & (order < self.prompts)
        at = order.clamp(0, self.prompts - 1)[..., None].expand(-1, -1, self.dim)
        filled = torch.where(taken[..., None], strips.gather(1, at).to(embeddings.dtype), embeddings[chosen])
        opened = torch.where(taken, torch.ones_like(mask[chosen]), mask[chosen])
        return embeddings.index_copy(0, chosen, filled), mask.index_copy(0, chosen, opened)


def save_bank(path: Path, bank: ReferenceBank) -> None:
    """Write a bank with the ids of its rows, whole or not at all.

    Raises:
        TrainingError: it cannot be written.
    """
    write_tensors(path, {"rows": bank.rows.detach()}, {"row_of": json.dumps(bank.row_of)})


def load_bank(path: Path, bank: ReferenceBank) -> None:
    """Put the rows of a file into a bank that was made for the data at hand.

    Raises:
        TrainingError: the file is damaged, or its ids or sizes are not those of the bank.
    """
    try:
        with safe_open(path, "pt") as handle:
            row_of = json.loads((handle.metadata() or {})["row_of"])
            rows = handle.get_tensor("rows")
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise TrainingError(f"The reference bank {path} cannot be read ({error}); train it again.") from error
    if row_of != bank.row_of:
        missing, extra = set(bank.row_of) - set(row_of), set(row_of) - set(bank.row_of)
        raise TrainingError(
            f"The reference bank {path} belongs to other data: {len(missing)} weak samples have no row in it and "
            f"{len(extra)} of its rows no sample (such as {sorted(missing | extra)[:2]}); train the bank again."
        )
    if rows.shape != bank.rows.shape:
        raise TrainingError(
            f"The reference bank {path} has rows of shape {tuple(rows.shape)}, expected {tuple(bank.rows.shape)}; "
            "train it again with this text encoder."
        )
    with torch.no_grad():
        bank.rows.copy_(rows)
