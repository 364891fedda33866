"""Average the weights of runs that started from one model ("model soup", Wortsman et al. 2022), and calibrate.

    python tools/average_models.py runs/small runs/small-1 runs/small-2 -o runs/average --data ../shared/data/ucm_refer

Seeds of one leg lie in one valley, so the mean of their weights answers about as well as all of them together, at the
price of one. Weights of runs that started apart do not: the figures on the validation split tell.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

import torch
from calibrate_model import recalibrate

from referent.core_model.checkpoint import CARD, TOKENIZER, load_checkpoint, save_checkpoint
from referent.core_model.config import Calibration
from referent.core_model.data.chips import read_ucm_refer
from referent.core_model.errors import ModelError
from referent.engine.train_finish import model_card


def main() -> None:
    """Average, save, calibrate, and tell the figures on the validation split."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", help="run folders; each holds a model")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the averaged checkpoint")
    parser.add_argument("--data", type=Path, required=True, help="folder of ucm_refer")
    args = parser.parse_args()
    folders = [run / "model" if (run / "model").is_dir() else run for run in args.runs]
    loaded = [load_checkpoint(folder) for folder in folders]
    plain = [dataclasses.replace(config, calibration=Calibration(), training={}) for _, _, config in loaded]
    if any(config != plain[0] for config in plain):
        sys.exit("The runs are of different networks or classes, so their weights cannot be averaged.")
    if len({(folder / TOKENIZER).read_bytes() for folder in folders}) > 1:
        sys.exit("The runs have different vocabularies, so their weights cannot be averaged.")
    network, tokenizer, config = loaded[0]
    states = [other.state_dict() for other, _, _ in loaded]
    mean = {
        name: torch.stack([state[name] for state in states]).mean(0) if value.is_floating_point() else value
        for name, value in states[0].items()
    }
    network.load_state_dict(mean)
    facts = config.training | {"averaged_seeds": [other.training.get("seed") for _, _, other in loaded]}
    config = dataclasses.replace(config, training=facts)
    save_checkpoint(args.output, network, tokenizer, config, f"# Model card: {config.name}\n")
    figures = recalibrate(args.output, args.data)
    card = model_card(config, read_ucm_refer(args.data, "train"), figures)
    (args.output / CARD).write_text(card, encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except ModelError as error:
        sys.exit(str(error))
