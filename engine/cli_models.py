"""``referent models``: the models that can be asked, with what they know."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("models", parents=[common], help="list the models that can be asked")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Print the models.

    Raises:
        CheckpointError: a bundled model is damaged.
    """
    from ..core_model.checkpoint import list_models

    models = list_models()
    if args.json:
        print(json.dumps([{"folder": str(folder), **asdict(spec)} for folder, spec in models]))
        return
    for folder, spec in models:
        print(f"{spec.name}  {spec.gsd_m} m per pixel, expressions of up to {spec.max_words} words")
        print(f"  knows: {', '.join(spec.classes) or 'any word'}")
        print(f"  in {folder}, weights {spec.weights_hash}")
    if not models:
        print("No model is bundled; train one with 'referent train', or give --model the folder of a checkpoint.")
