"""Two processes take the step that one takes (spec: 34); the published code lets its copies of the bank drift apart."""

from __future__ import annotations

import dataclasses
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from squares import MIX, chips, mixed_samples
from tiny import tiny_config, tiny_tokenizer

from referent.core_model.data.sample_source import SampleSource
from referent.core_model.network import build_network
from referent.core_model.tokenizer import ExpressionTokenizer
from referent.core_model.train.wrel import WrelData, WrelTrainer
from referent.core_model.train.wrel_config import BankConfig, WrelConfig
from referent.core_model.train.wrel_objective import answer, read_texts

# The image side stands still: its statistics would be those of half a batch on each of two processes.
CONFIG = WrelConfig(
    method="lrb-wrel", steps=6, warmup_steps=2, bank_steps=3, batch_size=4, warmup_rate=0.01, joint_rate=0.01,
    mix=dataclasses.replace(MIX, class_questions=1), frozen_image=True, coarse=0.5, presence=0.5,
    bank=BankConfig(prompts=4, init_rate=0.05, joint_rate=0.05),
)  # fmt: skip


def train(folder: Path, sparse: bool) -> None:
    torch.set_num_threads(1)
    config = dataclasses.replace(CONFIG, bank=dataclasses.replace(CONFIG.bank, sparse=sparse))
    # Two weak samples in eight: some batches have one on one process only.
    data = WrelData(mixed_samples(weak=2), chips())
    # Training a vocabulary breaks ties at random, so all processes read the same one.
    tokenizer = ExpressionTokenizer.read(folder.parent / "tokenizer.json", 16)
    torch.manual_seed(0)
    network = build_network(tiny_config(tokenizer.vocab_size))
    WrelTrainer(network, tokenizer, data, WrelData([], []), config, folder).run()


@contextmanager
def double_precision() -> Iterator[None]:
    """Compute in double precision: Adam makes whole steps of gradients that are nothing but rounding."""
    single = torch.Tensor.float
    torch.set_default_dtype(torch.double)
    torch.Tensor.float = torch.Tensor.double
    try:
        yield
    finally:
        torch.Tensor.float = single
        torch.set_default_dtype(torch.float)


def one_of_two(rank: int, port: int, folder: str) -> None:
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1",
                   "MASTER_PORT": str(port), "ACCELERATE_USE_CPU": "true"}  # fmt: skip
    with double_precision():
        for sparse in (False, True):
            train(Path(folder) / f"two-{sparse}", sparse)
    torch.distributed.destroy_process_group()


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="torch was built without gloo")
def test_two_processes_give_the_bank_and_the_student_of_one(tmp_path: Path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "tokenizer.json").write_text(tiny_tokenizer().to_json())
    torch.multiprocessing.spawn(one_of_two, (port, str(tmp_path)), nprocs=2)
    with double_precision():
        for sparse in (False, True):
            train(tmp_path / f"one-{sparse}", sparse)
            one, two = (tmp_path / f"{name}-{sparse}" for name in ("one", "two"))
            for file in ("bank/bank.safetensors", "joint/bank.safetensors"):
                rows = load_file(one / file)["rows"]
                torch.testing.assert_close(load_file(two / file)["rows"], rows, atol=1e-5, rtol=1e-4)
            torch.testing.assert_close(answers(two), answers(one), atol=1e-5, rtol=0)


def answers(folder: Path) -> torch.Tensor:
    """What the trained student says. Its weights may differ where only rounding moves them, such as a key's bias."""
    tokenizer = ExpressionTokenizer.read(folder.parent / "tokenizer.json", 16)
    network = build_network(tiny_config(tokenizer.vocab_size)).eval()
    state = load_file(folder / "joint" / "state.safetensors")
    prefix = "network/"
    network.load_state_dict({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
    batch = SampleSource(mixed_samples(weak=0), chips(), tokenizer, MIX, batch_size=8, seed=0).batch(0)
    with torch.no_grad():
        return answer(network, batch, *read_texts(network.text_encoder, batch, None, detach=True)).mask
