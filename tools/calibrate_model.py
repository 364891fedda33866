"""Fit the decision biases of a checkpoint anew, on the validation split, and write them into its configuration.

    python tools/calibrate_model.py runs/small/model --data ../shared/data/ucm_refer

Training does this at its end; this tool is for checkpoints that were calibrated by an earlier version.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from referent.core_model.calibrate import calibrate
from referent.core_model.checkpoint import CONFIG, load_checkpoint
from referent.core_model.chip_evaluation import ask_chips, headline
from referent.core_model.data.chips import read_ucm_refer
from referent.core_model.device import choose_compute
from referent.core_model.errors import ModelError
from referent.core_model.predictor import NetworkSegmenter
from referent.engine.train_finish import FALSE_ALARMS


def main() -> None:
    """Calibrate, write, and tell the figures on the validation split."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="checkpoint folder")
    parser.add_argument("--data", type=Path, required=True, help="folder of ucm_refer")
    args = parser.parse_args()
    recalibrate(args.model, args.data)


def recalibrate(model: Path, data: Path) -> dict[str, float]:
    """Fit the biases of a checkpoint, print its figures and return them, all on the validation split of a data set."""
    network, tokenizer, config = load_checkpoint(model)
    chips = read_ucm_refer(data, "val").chips
    compute = choose_compute()
    fitted = calibrate(network.eval(), tokenizer, chips, compute, classes=config.classes, false_alarms=FALSE_ALARMS)
    config = dataclasses.replace(config, calibration=fitted)
    part = model / f"{CONFIG}.part"
    part.write_text(config.to_json(), encoding="utf-8")
    part.replace(model / CONFIG)
    print(fitted)
    figures = headline(list(ask_chips(NetworkSegmenter(network, tokenizer, config, compute), chips)))
    for name, value in figures.items():
        print(f"{name:32s} {value:.3f}")
    return figures


if __name__ == "__main__":
    try:
        main()
    except ModelError as error:
        sys.exit(str(error))
