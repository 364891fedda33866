"""The reference bank (spec: bank, 7 to 14)."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from squares import bank_for, mixed_samples, small_network, source_of
from torch import nn

from referent.core_model.errors import TrainingError
from referent.core_model.train.bank import ReferenceBank, load_bank, save_bank
from referent.core_model.train.parallel import ALONE
from referent.core_model.train.turn import Turn
from referent.core_model.train.wrel_objective import BankObjective, LossWeights, StudentObjective, answer, read_texts

MASK = torch.tensor([[1, 1, 1, 0, 0, 0]])


def turn_of(bank: ReferenceBank, teacher: nn.Module, optimizer: torch.optim.Optimizer, rate: float = 0.1) -> Turn:
    return Turn(bank, BankObjective(teacher, LossWeights()), optimizer, rate, lambda step: 1.0)  # type: ignore[arg-type]


def autocast():
    return torch.autocast("cpu", enabled=False)


def test_rows_have_the_published_shape_and_spread():
    torch.manual_seed(0)
    bank = ReferenceBank([str(i) for i in range(50)], 20, 64)
    assert bank.rows.shape == (50, 20, 64)
    assert bank.rows.std().item() == pytest.approx(0.02, rel=0.05)
    assert sorted(bank.row_of.values()) == list(range(50))


def test_doubled_or_missing_ids_are_refused():
    for ids in (["a", "a"], []):
        with pytest.raises(TrainingError, match="weak samples with ids of their own"):
            ReferenceBank(ids, 4, 8)


def test_prompts_fill_the_free_positions_and_open_them():
    bank = ReferenceBank(["x", "y"], 8, 4)
    embeddings, mask = torch.randn(1, 6, 4), MASK.clone()
    before = embeddings.clone()
    filled, opened = bank.fill(embeddings, mask, ["y"], torch.tensor([True]))
    assert torch.equal(filled[0, 3:], bank.rows[1, :3])
    assert torch.equal(filled[0, :3], before[0, :3])
    assert opened.tolist() == [[1, 1, 1, 1, 1, 1]]
    assert torch.equal(embeddings, before)
    assert torch.equal(mask, MASK)


def test_more_free_positions_than_prompts_stay_masked():
    bank = ReferenceBank(["x"], 2, 4)
    embeddings = torch.randn(1, 6, 4)
    filled, opened = bank.fill(embeddings, MASK, ["x"], torch.tensor([True]))
    assert opened.tolist() == [[1, 1, 1, 1, 1, 0]]
    assert torch.equal(filled[0, 5], embeddings[0, 5])


def test_text_without_free_positions_is_left_alone():
    embeddings, mask = torch.randn(1, 6, 4), torch.ones(1, 6, dtype=torch.long)
    filled, opened = ReferenceBank(["x"], 8, 4).fill(embeddings, mask, ["x"], torch.tensor([True]))
    assert torch.equal(filled, embeddings)
    assert torch.equal(opened, mask)


def test_unknown_sample_is_named():
    with pytest.raises(TrainingError, match="'z' has no row in the reference bank"):
        ReferenceBank(["x"], 8, 4).fill(torch.randn(1, 6, 4), MASK, ["z"], torch.tensor([True]))


def test_samples_of_one_class_differ_and_accurate_ones_are_the_same_bits():
    bank = ReferenceBank(["x", "y"], 8, 4)
    embeddings = torch.randn(1, 6, 4).expand(3, 6, 4)
    filled, opened = bank.fill(embeddings, MASK.expand(3, 6), ["x", "y", "?"], torch.tensor([True, True, False]))
    assert not torch.equal(filled[0], filled[1])
    assert torch.equal(filled[2], embeddings[2])
    assert opened[2].tolist() == MASK[0].tolist()


def test_shared_rows_belong_to_a_class():
    bank = ReferenceBank(["a", "b", "c"], 4, 8, groups=["car", "car", "boat"])
    assert bank.rows.shape[0] == 2
    assert bank.row_of == {"a": 0, "b": 0, "c": 1}


def test_bank_step_reaches_the_used_prompts_of_the_batch_only():
    samples = mixed_samples(weak=4)
    bank, network = bank_for(samples, prompts=9), small_network().eval()
    batch = source_of(samples).batch(0)
    sum(BankObjective(network, LossWeights())(bank, batch).values()).backward()
    gradient = bank.table.weight.grad.view(bank.rows.shape)
    used = {bank.row_of[name] for name, weak in zip(batch.ids, batch.weak.tolist(), strict=True) if weak}
    free = 10 - int(batch.tokens.mask[batch.weak][0].sum())
    assert used
    for row in range(4):
        assert bool(gradient[row, :free].any(-1).all()) == (row in used)
        assert not gradient[row, free:].any()


def test_bank_step_changes_no_network_and_leaves_no_gradient_behind():
    samples = mixed_samples(weak=4)
    bank, network = bank_for(samples), small_network().eval()  # a teacher is in eval mode: its statistics stand still
    before, rows = copy.deepcopy(network.state_dict()), bank.rows.clone()
    turn_of(bank, network, torch.optim.AdamW(bank.parameters())).take(source_of(samples).batch(0), ALONE, autocast)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(value.grad is None and value.requires_grad for value in network.parameters())
    assert not torch.equal(bank.rows, rows)


def test_student_step_leaves_the_bank_alone():
    samples = mixed_samples(weak=4)
    bank, network = bank_for(samples), small_network()
    losses = StudentObjective(LossWeights(), bank=bank)(network, source_of(samples).batch(0))
    sum(losses.values()).backward()
    assert bank.table.weight.grad is None
    assert network.text_encoder.words[1].weight.grad.any()


def test_bank_is_not_on_the_way_to_an_answer():
    # The network that answers has no bank at all: texts are read without one.
    samples = mixed_samples(weak=4)
    bank, network, batch = bank_for(samples), small_network().eval(), source_of(samples).batch(0)
    with torch.no_grad():
        first = answer(network, batch, *read_texts(network.text_encoder, batch, None, detach=True)).mask
        bank.rows.add_(100)
        second = answer(network, batch, *read_texts(network.text_encoder, batch, None, detach=True)).mask
        hinted = answer(network, batch, *read_texts(network.text_encoder, batch, bank, detach=True)).mask
    assert torch.equal(first, second)
    assert not torch.equal(first, hinted)
    assert not any("bank" in name or "table" in name for name in network.state_dict())


@pytest.mark.parametrize("sparse", [False, True])
def test_dense_updates_move_rows_outside_the_batch_and_sparse_ones_do_not(sparse: bool):
    samples = mixed_samples(weak=4)
    bank, network, source = bank_for(samples, sparse=sparse), small_network().eval(), source_of(samples, batch_size=2)
    kind = torch.optim.SparseAdam if sparse else torch.optim.AdamW
    turn = turn_of(bank, network, kind(bank.parameters(), lr=0.1))
    steps = [step for step in range(8) if source.has_weak(step)]
    turn.take(source.batch(steps[0]), ALONE, autocast)
    rows, second = bank.rows.clone(), source.batch(steps[1])
    turn.take(second, ALONE, autocast)
    touched = {bank.row_of[name] for name, weak in zip(second.ids, second.weak.tolist(), strict=True) if weak}
    moved = {row for row in range(4) if not torch.equal(rows[row], bank.rows[row])}
    assert touched <= moved
    assert (moved == touched) == sparse


def test_bank_file_goes_back_to_the_same_samples_only(tmp_path: Path):
    bank, path = ReferenceBank(["a", "b"], 4, 8), tmp_path / "bank.safetensors"
    save_bank(path, bank)
    again = ReferenceBank(["a", "b"], 4, 8)
    load_bank(path, again)
    assert torch.equal(again.rows, bank.rows)
    with pytest.raises(TrainingError, match=r"1 weak samples have no row in it and 1 of its rows no sample"):
        load_bank(path, ReferenceBank(["a", "c"], 4, 8))
    with pytest.raises(TrainingError, match=r"rows of shape \(2, 4, 8\), expected \(2, 5, 8\)"):
        load_bank(path, ReferenceBank(["a", "b"], 5, 8))
    path.write_bytes(b"nothing")
    with pytest.raises(TrainingError, match="cannot be read"):
        load_bank(path, again)
