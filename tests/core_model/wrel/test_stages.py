"""Three stages through files, kills, bad inputs (spec: 32, 33, 35, 36; issue: bad input)."""

from __future__ import annotations

import copy
import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from squares import MIX, chips, mixed_samples, small_network
from tiny import tiny_config, tiny_tokenizer

from referent.core_model.checkpoint import load_checkpoint, load_segmenter
from referent.core_model.errors import DataError, TrainingError, TrainingStopped
from referent.core_model.train.wrel import WrelData, WrelTrainer, train_wrel
from referent.core_model.train.wrel_config import BankConfig, WrelConfig

CONFIG = WrelConfig(
    method="lrb-wrel", steps=6, warmup_steps=2, bank_steps=3, batch_size=4, warmup_rate=0.01, joint_rate=0.01, mix=MIX,
    save_every=1, bank=BankConfig(prompts=4, init_rate=0.05, joint_rate=0.05),
)  # fmt: skip


def train(folder: Path, config: WrelConfig = CONFIG, samples=None, on_step=None, is_cancelled=None, network=None):
    data = WrelData(mixed_samples() if samples is None else samples, chips())
    parts = (network or small_network(), tiny_tokenizer(), data, WrelData([], []), config, folder)
    return WrelTrainer(*parts, on_step, is_cancelled).run()


class KilledError(Exception):
    pass


@pytest.mark.parametrize(
    ("stage", "step", "sparse"), [("warmup", 2, False), ("bank", 2, True), ("joint", 3, False), ("joint", 3, True)]
)
def test_killed_in_any_stage_ends_as_if_it_had_not_been(tmp_path: Path, stage: str, step: int, sparse: bool):
    config = dataclasses.replace(CONFIG, bank=dataclasses.replace(CONFIG.bank, sparse=sparse))

    def kill(name, report):
        if (name, report.step) == (stage, step):
            raise KilledError

    whole = train(tmp_path / "whole", config)
    with pytest.raises(KilledError):
        train(tmp_path / "killed", config, on_step=kill)
    seen: list[tuple[str, int]] = []
    resumed = train(tmp_path / "killed", config, on_step=lambda name, report: seen.append((name, report.step)))
    assert seen[0] == (stage, step)
    for first, second in ((whole.student, resumed.student), (whole.average, resumed.average)):
        for name, value in first.state_dict().items():
            assert torch.equal(second.state_dict()[name], value), name


def test_same_seed_gives_the_same_losses(tmp_path: Path):
    rows: list[list[dict[str, float]]] = [[], []]
    for number, losses in enumerate(rows):
        train(tmp_path / str(number), on_step=lambda stage, report, losses=losses: losses.append(report.losses))
    assert rows[0] == rows[1]
    assert len(rows[0]) == 2 + 3 + 4


def test_every_stage_leaves_a_checkpoint_that_answers(tmp_path: Path):
    config = tiny_config(tiny_tokenizer().vocab_size)
    result = train_wrel(small_network(), tiny_tokenizer(), *_one_weak(), CONFIG, tmp_path, model_config=config)
    for stage in ("warmup", "joint"):
        folder = tmp_path / stage / "model"
        assert {path.suffix for path in folder.iterdir()} == {".safetensors", ".json", ".md"}
        features = load_segmenter(folder, "cpu").encode_image(chips(1)[0].image.transpose(2, 0, 1)[None])
        logits = load_segmenter(folder, "cpu").segment(features, ["red square"]).logits
        assert torch.isfinite(torch.as_tensor(logits)).all()
    network, _, _ = load_checkpoint(tmp_path / "joint" / "model")
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, result.student.state_dict()[name], atol=2e-3, rtol=1e-3)
    assert {"config.json", "environment.json"} <= {path.name for path in tmp_path.iterdir()}
    assert not list(tmp_path.rglob("*.pt")) + list(tmp_path.rglob("*.p*kl*"))


def _one_weak():
    pictures = chips()
    pictures[0] = dataclasses.replace(pictures[0], expressions=())
    return pictures, chips(2)


def test_best_state_is_returned_and_training_stops_early(tmp_path: Path):
    config = CONFIG.changed(method="naive-wrel", steps=40, validate_every=1, patience=2, warmup_rate=0.0,
                            frozen_image=True)  # fmt: skip
    steps: list[int] = []
    network = small_network()
    before = copy.deepcopy(network.state_dict())
    result = train_wrel(
        network, tiny_tokenizer(), *_one_weak(), config, tmp_path, lambda stage, report: steps.append(report.step)
    )
    assert steps[-1] == 3  # step 1 is best, two more do not beat it
    assert result.validation["student"]["count"] == 4
    assert torch.equal(result.network.decoder.kernel.weight, before["decoder.kernel.weight"])


def test_cancelling_keeps_the_state(tmp_path: Path):
    seen: list[int] = []
    with pytest.raises(TrainingStopped, match="stopped after step 2"):
        train(
            tmp_path, CONFIG.changed(method="naive-wrel"), is_cancelled=lambda: len(seen) == 2,
            on_step=lambda stage, report: seen.append(report.step),
        )  # fmt: skip
    train(tmp_path, CONFIG.changed(method="naive-wrel"), on_step=lambda stage, report: seen.append(report.step))
    assert seen == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("method", ["accurate-only", "lrb-wrel"])
def test_no_expression_at_all_offers_naive_wrel(tmp_path: Path, method: str):
    samples = [sample.weakened() for sample in mixed_samples()]
    with pytest.raises(TrainingError, match=r"None of the 8 samples has an expression.*naive-wrel"):
        train(tmp_path, CONFIG.changed(method=method), samples)
    assert not any(tmp_path.iterdir())


def test_no_weak_sample_offers_plain_training(tmp_path: Path):
    with pytest.raises(TrainingError, match="reference bank has nothing to stand for"):
        train(tmp_path, samples=mixed_samples(weak=0))


def test_no_sample_is_a_sentence(tmp_path: Path):
    with pytest.raises(TrainingError, match="There is no object to train on"):
        train(tmp_path, samples=[])


def test_one_sample_trains(tmp_path: Path):
    mix = dataclasses.replace(MIX, size_px=64)
    train(tmp_path, CONFIG.changed(method="naive-wrel", steps=2, mix=mix), mixed_samples()[:1])


def test_doubled_ids_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match="occur more than once"):
        train(tmp_path, samples=[*mixed_samples(), mixed_samples()[0]])


def test_bank_of_other_data_is_refused(tmp_path: Path):
    train(tmp_path)
    other = [dataclasses.replace(sample, id=f"new-{sample.id}") for sample in mixed_samples()]
    with pytest.raises(TrainingError, match="belongs to other data"):
        train(tmp_path, samples=other)


def test_other_settings_need_another_folder(tmp_path: Path):
    train(tmp_path)
    with pytest.raises(TrainingError, match=r"other settings \(joint_rate\)"):
        train(tmp_path, CONFIG.changed(joint_rate=0.5))


def test_loss_that_is_not_finite_stops_names_the_samples_and_keeps_the_last_good(tmp_path: Path):
    def spoil(stage, report):
        if report.step == 2:
            network.decoder.kernel.register_forward_hook(lambda module, given, out: out * float("nan"))

    network = small_network()
    with pytest.raises(TrainingError, match=r"in step 2, whose samples are \d-.*the loss is not finite") as caught:
        train(tmp_path, CONFIG.changed(method="naive-wrel"), network=network, on_step=spoil)
    assert str(tmp_path) in str(caught.value)
    from safetensors.torch import load_file

    kept = load_file(tmp_path / "student" / "state.safetensors")
    assert all(torch.isfinite(value).all() for value in kept.values())


def test_impossible_settings_are_all_named():
    with pytest.raises(TrainingError, match=r"method is 'lrb'.*batch_size"):
        WrelConfig(method="lrb", batch_size=0)  # type: ignore[arg-type]
    with pytest.raises(TrainingError, match="warmup_steps is 9, expected 1 to steps - 1"):
        WrelConfig(steps=9, warmup_steps=9)


def test_full_disk_keeps_the_state_that_was_there(tmp_path: Path):
    # The limit on file size is the operating system's own way to refuse a write, as a full disk does.
    code = """
import resource, signal, sys, torch
from pathlib import Path
from referent.core_model.errors import TrainingError
from referent.core_model.train.state import load_state, save_state
folder, layer = Path(sys.argv[1]), torch.nn.Linear(300, 300)
save_state(folder, 1, {}, [("network", layer, None)])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    save_state(folder, 2, {}, [("network", layer, None)])
except TrainingError as error:
    print(error)
print(load_state(folder, [("network", layer, None)]), sorted(path.name for path in folder.iterdir()))
"""
    pytest.importorskip("resource")
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True)
    assert "cannot be written" in done.stdout, done.stdout + done.stderr
    assert "the one saved before is whole; make room on the disk" in done.stdout
    assert done.stdout.splitlines()[-1] == "(1, {}) ['state.safetensors']"


def test_bank_alone_learns_which_of_two_squares_is_meant_and_a_frozen_one_does_not(tmp_path: Path):
    # Eight pictures with two squares of one class; the text says the class only. A network that knows the class stands
    # at the ambiguous optimum; prompts can say which one, if their rate is high enough.
    true, pictures = mixed_samples(8, 0), chips(8)
    weak = [sample.weakened() for sample in true]
    base = WrelConfig(
        method="naive-wrel", steps=150, batch_size=16, warmup_rate=0.01, coarse=2.0, mix=MIX, save_every=1000,
        bank_steps=50, bank=BankConfig(prompts=6, init_rate=0.1),
    )  # fmt: skip

    def trainer(samples, config, name, network):
        data = WrelData(samples, pictures)
        return WrelTrainer(network, tiny_tokenizer(), data, WrelData([], []), config, tmp_path / name)

    trainer(weak, base, "naive", small_network()).run()
    teacher = small_network()
    trainer(true, base, "taught", teacher).run()
    losses = {name: _last_loss(tmp_path / name / "student") for name in ("naive", "taught")}
    for name, rate in (("frozen", 0.0), ("learned", 0.1)):
        config = base.changed(bank=BankConfig(prompts=6, init_rate=rate))
        stage = trainer(weak, config, name, teacher)
        stage.fit_bank(stage.make_bank())
        losses[name] = _last_loss(tmp_path / name / "bank")
    assert losses["taught"] < 0.1 * losses["naive"]
    assert losses["learned"] < 0.5 * losses["naive"]
    assert losses["frozen"] > losses["naive"]


def _last_loss(folder: Path) -> float:
    from referent.core_model.train.run_folder import read_log

    return read_log(folder / "log.jsonl")[-1]["loss_mask"]


def test_run_folder_that_cannot_be_is_a_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match="cannot be written"):
        train(tmp_path / "file" / "run")
