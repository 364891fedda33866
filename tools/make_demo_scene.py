"""Write the scene that ``make demo`` asks about: generated from a seed, so that nothing has to be stored."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from referent.core_model.synthetic import render_scene
from referent.engine.synthetic import Placement, write_scene, write_truth

SEED = 3
HEIGHT_PX, WIDTH_PX = 1024, 1536


def main() -> None:
    """Write the scene, and its truth beside it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scene", type=Path, help="GeoTIFF to write")
    path = parser.parse_args().scene
    picture = render_scene(np.random.default_rng(SEED), HEIGHT_PX, WIDTH_PX)
    placement = Placement()
    to_map = write_scene(path, picture, placement)
    write_truth(path.with_name(f"{path.stem}_truth.gpkg"), picture, to_map, placement.crs)
    print(f"Generated {path}: {WIDTH_PX} x {HEIGHT_PX} pixels of 0.3 m with {len(picture.objects)} objects.")


if __name__ == "__main__":
    main()
