"""Teacher and student (spec: 15 to 21)."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from squares import bank_for, chips, mixed_samples, small_network, source_of
from tiny import tiny_tokenizer

from referent.core_model.train.ema import WeightAverage, scheduled_momentum
from referent.core_model.train.wrel import WrelData, WrelTrainer
from referent.core_model.train.wrel_config import BankConfig, WrelConfig
from referent.core_model.train.wrel_objective import BankObjective, LossWeights

CONFIG = WrelConfig(
    method="lrb-wrel", steps=6, warmup_steps=2, bank_steps=3, batch_size=4, warmup_rate=0.01, joint_rate=0.01,
    bank=BankConfig(prompts=4, init_rate=0.05, joint_rate=0.05),
)  # fmt: skip


def trainer_of(folder: Path, samples=None, config: WrelConfig = CONFIG, on_step=None, **more: object) -> WrelTrainer:
    import dataclasses

    from squares import MIX

    samples = mixed_samples() if samples is None else samples
    config = dataclasses.replace(config, mix=MIX)
    return WrelTrainer(
        small_network(), tiny_tokenizer(), WrelData(samples, chips()), WrelData([], []), config, folder, on_step, **more
    )


@pytest.mark.parametrize(
    ("epoch", "momentum"),
    [(0, 0.95), (0.5, 0.97), (1, 0.99), (2, 0.9945), (2.99, 0.998955), (3, 0.9995), (40, 0.9995)],
)
def test_momentum_follows_the_published_schedule(epoch: float, momentum: float):
    assert scheduled_momentum(100)(round(epoch * 100)) == pytest.approx(momentum, abs=1e-9)


def test_momentum_never_falls_and_needs_no_epoch():
    values = [scheduled_momentum(7)(step) for step in range(60)]
    assert values == sorted(values)
    assert values[20] < 0.999 < values[21]
    assert scheduled_momentum(0)(0) == 0.95


def test_average_is_the_formula_for_every_weight():
    network = small_network().double()  # float32 rounds at 1e-7
    average = WeightAverage(network, lambda step: 0.97)
    before = copy.deepcopy(average.network.state_dict())
    with torch.no_grad():
        for value in network.parameters():
            value.add_(torch.randn_like(value))
    average.update(network, 0)
    for name, value in average.network.named_parameters():
        expected = 0.97 * before[name] + 0.03 * dict(network.named_parameters())[name]
        torch.testing.assert_close(value, expected, atol=1e-7, rtol=0)


@pytest.mark.parametrize(("policy", "mean"), [("average", 0.03), ("copy", 1.0), ("keep", 0.0)])
def test_running_statistics_follow_the_policy(policy: str, mean: float):
    network = small_network()
    average = WeightAverage(network, lambda step: 0.97, policy)  # type: ignore[arg-type]
    norm = network.image_encoder.stem[0][1]
    norm.running_mean.fill_(1.0)
    average.update(network, 0)
    assert average.network.image_encoder.stem[0][1].running_mean[0].item() == pytest.approx(mean)
    assert norm.running_mean[0].item() == 1


def test_teacher_is_still_the_same_twice_and_hands_gradients_to_the_prompts():
    network, samples = small_network(), mixed_samples()
    teacher = WeightAverage(network, 0.9).network
    assert not teacher.training
    assert not any(value.requires_grad for value in teacher.parameters())
    bank, batch = bank_for(samples), source_of(samples).batch(0)
    objective = BankObjective(teacher, LossWeights())  # type: ignore[arg-type]
    first, second = objective(bank, batch)["mask"], objective(bank, batch)["mask"]
    assert torch.equal(first, second)
    first.backward()
    assert bank.table.weight.grad.abs().sum() > 0


class Watcher:
    """Looks at a training between the turns of its first joint step."""

    def __init__(self, trainer: WrelTrainer, monkeypatch: pytest.MonkeyPatch) -> None:
        from referent.core_model.train import loop, turn

        self.taken: list[tuple[str, torch.Tensor]] = []
        self.average: list[WeightAverage] = []
        bank_rows: list[torch.Tensor] = []
        plain = turn.Turn.take

        def take(this, batch, peers, autocast):
            kind = type(this.network).__name__
            if kind == "ReferenceBank":
                bank_rows.append(this.network.rows.detach().clone())
            losses = plain(this, batch, peers, autocast)
            rows = this.network.rows if kind == "ReferenceBank" else getattr(this.objective.bank, "rows", None)
            self.taken.append((kind, None if rows is None else rows.detach().clone()))
            return losses

        monkeypatch.setattr(turn.Turn, "take", take)
        self.bank_rows, self.loop = bank_rows, loop
        trainer.run()


def test_bank_moves_before_the_student_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    seen = Watcher(trainer_of(tmp_path), monkeypatch)
    joint = seen.taken[2 + 3 :]
    assert [kind for kind, _ in joint] == ["ReferenceBank", "ReferringNetwork"] * 4
    after_bank, read_by_student = joint[0][1], joint[1][1]
    before = seen.bank_rows[3]
    assert torch.equal(after_bank, read_by_student)
    assert not torch.equal(before, after_bank)


def test_student_and_teacher_start_from_stage_1_and_average_from_the_first_step(tmp_path: Path):
    from safetensors.torch import load_file

    trainer = trainer_of(tmp_path, config=CONFIG.changed(steps=3))
    trainer.run()
    states = [load_file(tmp_path / stage / "state.safetensors") for stage in ("warmup", "joint")]
    for name in ("decoder.kernel.weight", "text_encoder.words.1.weight"):
        start, student = states[0][f"network/{name}"], states[1][f"network/{name}"]
        torch.testing.assert_close(states[1][f"average/{name}"], 0.95 * start + 0.05 * student, atol=1e-7, rtol=0)
        assert not torch.equal(start, student)


def test_bank_step_count_is_exact_and_its_rate_ends_at_0_whatever_the_rhythm(tmp_path: Path):
    samples = mixed_samples(weak=2)
    for every, inner in ((1, 1), (2, 1), (3, 2)):
        settings = BankConfig(prompts=4, every=every, inner_steps=inner, joint_rate=0.01)
        config = CONFIG.changed(steps=9, bank=settings)
        folder = tmp_path / f"{every}-{inner}"
        trainer = trainer_of(folder, samples, config)
        trainer.run()
        due = [step for step in range(0, 7, every) if trainer.source(samples).has_weak(step)]
        from safetensors import safe_open

        with safe_open(folder / "joint" / "state.safetensors", "pt") as handle:
            import json

            taken = json.loads(handle.metadata()["facts"])["taken"]
        assert taken == [len(due) * inner, 7]


def test_without_weak_samples_the_joint_stage_is_plain_training_bit_for_bit(tmp_path: Path):
    samples = mixed_samples(weak=0)
    plain = trainer_of(tmp_path / "plain", samples, CONFIG.changed(method="naive-wrel"))
    bank = bank_for(mixed_samples(weak=4))
    joint = trainer_of(tmp_path / "joint", samples, CONFIG.changed(method="naive-wrel"))
    first = plain.stage("student", samples, 4, 0.01)
    second = joint.stage("student", samples, 4, 0.01, bank)
    for name, value in first.network.state_dict().items():
        assert torch.equal(second.network.state_dict()[name], value), name


def test_optional_consistency_is_added_and_nothing_else_changes_at_weight_0(tmp_path: Path):
    losses: dict[float, list[dict[str, float]]] = {0.0: [], 0.6: []}
    for weight, rows in losses.items():
        tell = lambda stage, report, rows=rows: rows.append(report.losses) if stage == "joint" else None  # noqa: E731
        trainer_of(tmp_path / str(weight), config=CONFIG.changed(consistency=weight), on_step=tell).run()
    assert "consistency" not in losses[0.0][0]
    assert losses[0.6][0]["consistency"] >= 0
    assert losses[0.6][0]["mask"] == losses[0.0][0]["mask"]
