"""Fine-tuning on imagery and classes that the bundled model has never seen, against training from scratch.

    python benchmarks/finetune.py --data ../shared/data/banepa --out runs/finetune --seeds 3

One town block in Nepal (drone imagery, 0.13 m): concrete roofs, tin roofs, other buildings. A person is played who
labels every building within a circle that holds 8, 32 or 128 of them, describes 0, 4 or 16, and trains with the
command's defaults but for ``--steps``, which is the same for every cell. Asked is the eastern third of the block,
which no cell trains on. Every cell is a row of ``runs/finetune/rows.jsonl``; a run that was stopped goes on with what
is missing, the cells that matter most first. ``--write`` records what is there in ``docs/benchmarks/finetune.md``.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
from affine import Affine
from record import FOLDER, Figure, record
from shapely.geometry import Point

TILE = 2 * math.pi * 6378137.0 / 2**19
"""Side of a Web Mercator tile of zoom 19, in its metres."""
HALF = math.pi * 6378137.0
TEST_COLUMNS = (386694, 386695)
METRES = "EPSG:32645"
CLASSES = {"concrete": "concrete roof", "concerte": "concrete roof", "tin": "tin roof", "metal": "tin roof"}
OTHER = "other roof"


@dataclass(frozen=True)
class Cell:
    """One training of the grid."""

    objects: int
    expressions: int
    start: str
    """``small`` or ``scratch``."""
    seed: int


def main() -> None:
    """Run what is missing, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/finetune"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--minutes", type=float, default=math.inf, help="start no further cell after so long")
    parser.add_argument("--write", action="store_true", help="write the page of the rows that are there")
    parser.add_argument("--cell", help="one cell as JSON (what this program calls itself with)")
    args = parser.parse_args()
    if args.cell:
        print(json.dumps(run_cell(Cell(**json.loads(args.cell)), args.data, args.out, args.steps)))
        return
    rows_file = args.out / "rows.jsonl"
    if not args.write:
        args.out.mkdir(parents=True, exist_ok=True)
        prepare(args.data, args.out)
        done = {json.dumps(row["cell"]) for row in read_rows(rows_file) if row["steps"] == args.steps}
        began = time.monotonic()
        for cell in plan(args.seeds):
            if json.dumps(cell.__dict__) in done or time.monotonic() - began > 60 * args.minutes:
                continue
            row = _in_process(cell, args)
            with rows_file.open("a", encoding="utf-8") as handle:
                handle.write(json.dumps(row) + "\n")
            print(json.dumps(row), flush=True)
    write(read_rows(rows_file), args.out)


def plan(seeds: int) -> list[Cell]:
    """Return the cells, the ones that the figures need first."""
    cells = [Cell(0, 0, "small", 0)]
    cells += [Cell(32, 4, start, seed) for seed in range(seeds) for start in ("small", "scratch")]
    cells += [Cell(8, 4, "small", 0), Cell(32, 16, "small", 0), Cell(32, 0, "small", 0)]
    cells += [Cell(128, 4, "small", 0), Cell(128, 4, "scratch", 0), Cell(8, 4, "scratch", 0)]
    for seed in range(seeds):
        cells += [Cell(n, e, start, seed) for e in (4, 0, 16) for n in (32, 8, 128) for start in ("small", "scratch")]
    return list(dict.fromkeys(cell for cell in cells if cell.expressions <= max(cell.objects, 0)))


def _in_process(cell: Cell, args: argparse.Namespace) -> dict[str, Any]:
    """Run a cell in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, __file__, "--data", str(args.data), "--out", str(args.out), "--steps", str(args.steps)]
    done = subprocess.run([*command, "--cell", json.dumps(cell.__dict__)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the cell {cell} failed:\n{done.stderr[-2000:]}")
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def run_cell(cell: Cell, data: Path, out: Path, steps: int) -> dict[str, Any]:
    """Train one cell, ask the test ground, and return the row; without objects only the start model is asked."""
    from referent.core_model.checkpoint import find_model, weights_hash
    from referent.engine.layer_evaluation import LayerEvaluation, evaluate_on_layers
    from referent.engine.layer_samples import LayerSource
    from referent.engine.layer_training import LayerTraining, train_on_layers

    raster, row = str(out / "banepa.tif"), {"cell": cell.__dict__, "steps": steps}
    model, began = "small", time.perf_counter()
    if cell.objects:
        labels, area = label(out, cell)
        request = LayerTraining(
            source=LayerSource((raster,), (str(labels),), area=str(area)),
            out=str(out / f"{cell.start}-{cell.objects}-{cell.expressions}-{cell.seed}"),
            from_scratch=cell.start == "scratch",
            steps=steps,
            seed=cell.seed,
            overwrite=True,
        )
        trained = train_on_layers(request)
        model = trained.folder
        row |= {
            "minutes": round((time.perf_counter() - began) / 60, 2),
            "taken": trained.steps,
            "validated": trained.is_validated,
        }
    asked = LayerSource((raster,), (str(out / "test.gpkg"),), area=str(out / "test_area.gpkg"))
    report = evaluate_on_layers(LayerEvaluation(asked, model=model, report=str(out / "last.html")))
    written = [report.groups[name] for name in ("single", "group") if name in report.groups]
    count = sum(item["count"] for item in written)
    return row | {
        "class_iou": round(report.headline["class_iou"], 4),
        "class_interval": [round(value, 4) for value in report.intervals["class_iou"]],
        "expression_iou": round(sum(item["miou"] * item["count"] for item in written) / count, 4),
        "by_class": {name: round(item["class_oiou"], 4) for name, item in report.classes.items()},
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "start": "-".join(re.findall("....", weights_hash(find_model("small")))),  # in groups: a name, no secret
        "test": report.counts,
    }


def everything(out: Path) -> dict[str, float]:
    """Return what the answer "all of it" gets on the test ground, and the answer "all roofs" to each class name."""
    from referent.core_model.checkpoint import find_model, read_spec
    from referent.core_model.chip_evaluation import questions_of, truth_of
    from referent.core_model.data.chips import FILL
    from referent.engine.layer_samples import LayerSource, read_samples

    asked = LayerSource((str(out / "banepa.tif"),), (str(out / "test.gpkg"),), area=str(out / "test_area.gpkg"))
    samples = read_samples(asked, read_spec(find_model("small")), validation_share=0.0)
    all_px, all_roofs = [], []
    for chip in samples.training:
        shown = ~(chip.image == FILL).all(axis=2)
        named = [(item, truth_of(chip, item)) for item in questions_of(chip) if item.group == "class"]
        roofs = np.logical_or.reduce([truth for _, truth in named]) if named else shown
        all_px += [truth.sum() / (shown | truth).sum() for _, truth in named]
        all_roofs += [truth.sum() / roofs.sum() for _, truth in named]
    return {"everything_class_iou": float(np.mean(all_px)), "all_roofs_class_iou": float(np.mean(all_roofs))}


def prepare(data: Path, out: Path) -> None:
    """Write the mosaic, placed by the tiles' names, and the layers of all buildings."""
    if (out / "test_area.gpkg").exists():
        return
    tiles = {tuple(map(int, path.stem.split("-")[1:3])): path for path in (data / "train" / "oam").glob("*.tif")}
    columns, rows = sorted({x for x, _ in tiles}), sorted({y for _, y in tiles})
    picture = np.zeros((3, 512 * len(rows), 512 * len(columns)), dtype=np.uint8)
    for (x, y), path in tiles.items():
        top, left = 512 * (y - rows[0]), 512 * (x - columns[0])
        with rasterio.open(path) as tile:
            picture[:, top : top + 512, left : left + 512] = tile.read()
    west, north = columns[0] * TILE - HALF, HALF - rows[0] * TILE
    transform = Affine(TILE / 512, 0, west, 0, -TILE / 512, north)
    profile = {"driver": "GTiff", "count": 3, "height": picture.shape[1], "width": picture.shape[2], "dtype": "uint8"}
    profile |= {"crs": "EPSG:3857", "transform": transform, "photometric": "RGB", "tiled": True, "compress": "deflate"}
    with rasterio.open(out / "banepa.tif", "w", **profile) as target:
        target.write(picture)
    source = next((data / "train" / "osm").glob("*.geojson"))
    buildings = gpd.read_file(source).to_crs(METRES)
    frame = gpd.GeoDataFrame(
        {
            "class": buildings["roof:material"].map(CLASSES).fillna(OTHER),
            "text": [describe(row) for _, row in buildings.iterrows()],
        },
        geometry=buildings.geometry,
        crs=METRES,
    )
    border = TEST_COLUMNS[0] * TILE - HALF
    east = gpd.GeoSeries.from_wkt(
        [f"POLYGON(({border} {north}, {border + 2 * TILE} {north}, {border + 2 * TILE} {north - len(rows) * TILE},"
         f" {border} {north - len(rows) * TILE}, {border} {north}))"], crs="EPSG:3857"
    ).to_crs(METRES)  # fmt: skip
    is_test = frame.centroid.within(east.iloc[0])
    # A strip of ten metres at the border belongs to neither.
    is_near = frame.distance(east.iloc[0]) < 10
    frame[~is_test & ~is_near].to_file(out / "pool.gpkg", layer="pool")
    frame[is_test].rename(columns={"text": "expression"}).to_file(out / "test.gpkg", layer="test")
    gpd.GeoDataFrame(geometry=east).to_file(out / "test_area.gpkg", layer="area")


def describe(row: Any) -> str:
    """Return what a person could say of a roof, from its size and its tags; empty for one of middling size."""
    area = row.geometry.area
    size = "large" if area > 110 else "small" if area < 30 else ""
    material = CLASSES.get(row["roof:material"], "")
    flat = "flat " if row["roof:shape"] == "flat" and material == "concrete roof" else ""
    if row["roof:water_tank"] == "yes":
        return f"{material or 'roof'} with a water tank"
    return f"{size} {flat}{material}" if size and material else ""


def label(out: Path, cell: Cell) -> tuple[Path, Path]:
    """Write the layer and the labelled area of a person who labels a circle; return both."""
    pool = gpd.read_file(out / "pool.gpkg")
    rng = np.random.default_rng([cell.seed, 11])
    middle = pool.union_all().envelope.buffer(-60)
    inside = pool[pool.centroid.within(middle)]
    start = inside.iloc[int(rng.integers(len(inside)))].geometry.centroid
    distances = pool.centroid.distance(start).sort_values()
    chosen = pool.loc[distances.index[: cell.objects]].copy()
    radius = float(distances.iloc[cell.objects - 1 : cell.objects + 1].mean())
    chosen["expression"] = ""
    left = cell.expressions
    for text, group in sorted(chosen[chosen["text"] != ""].groupby("text"), key=lambda item: len(item[1])):
        if left <= 0:
            break
        # A description is given to all that it is true of.
        if len(group) <= left or left == cell.expressions:
            chosen.loc[group.index, "expression"] = text
            left -= len(group)
    labels, area = out / f"labels-{cell.objects}-{cell.expressions}-{cell.seed}.gpkg", None
    chosen[["class", "expression", "geometry"]].to_file(labels, layer="labels")
    area = out / f"area-{cell.objects}-{cell.seed}.gpkg"
    gpd.GeoDataFrame(geometry=[Point(start.x, start.y).buffer(radius)], crs=pool.crs).to_file(area, layer="area")
    return labels, area


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of finished cells."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def write(rows: list[dict[str, Any]], out: Path) -> None:
    """Write the figures and the page."""
    known = {tuple(row["cell"].values()): row for row in rows}
    raw = FOLDER / "finetune_rows.json"
    raw.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")

    def mean(objects: int, start: str, key: str, expressions: int | None = None) -> tuple[float, float, int]:
        values = [
            row[key]
            for (n, e, s, _), row in known.items()
            if n == objects and s == start and (expressions is None or e == expressions)
        ]
        spread = float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
        return (float(np.mean(values)) if values else math.nan), spread, len(values)

    figures = []
    for name, start in (("finetune_miou_32_objects", "small"), ("scratch_miou_32_objects", "scratch")):
        value, spread, count = mean(32, start, "class_iou", 4)
        if count:
            figures.append(Figure(name, value, f"share, class names, {count} seeds"))
        if count > 1:
            figures.append(Figure(f"{name}_spread", spread, "share, standard deviation over seeds"))
    trained = [row for row in rows if row["cell"]["start"] == "small" and row["cell"]["objects"]]
    if trained:
        figures.append(Figure("finetune_minutes", float(np.median([row["minutes"] for row in trained])), "minutes"))
        figures.append(Figure("finetune_peak_mb", float(max(row["peak_mb"] for row in trained)), "MB"))
    before = known.get((0, 0, "small", 0))
    if before:
        figures.append(Figure("before_class_iou", before["class_iou"], "share, the start model untrained"))
    baselines = everything(out) if (out / "test_area.gpkg").exists() else {}
    figures += [Figure(name, value, "share, without a model") for name, value in baselines.items()]
    table = ["| objects | described | from `small` | from scratch | seeds |", "|---|---|---|---|---|"]
    for objects in (8, 32, 128):
        for expressions in (0, 4, 16):
            cells = [mean(objects, start, "class_iou", expressions) for start in ("small", "scratch")]
            if cells[0][2] + cells[1][2]:
                shown = " | ".join(_shown(*item) for item in cells)
                table.append(f"| {objects} | {expressions} | {shown} | {cells[0][2]} / {cells[1][2]} |")
    asked = ["| objects | described | from `small` | from scratch |", "|---|---|---|---|"]
    for objects in (8, 32, 128):
        for expressions in (0, 4, 16):
            cells = [mean(objects, start, "expression_iou", expressions) for start in ("small", "scratch")]
            if cells[0][2] + cells[1][2]:
                asked.append(f"| {objects} | {expressions} | " + " | ".join(_shown(*item) for item in cells) + " |")
    page = FOLDER / "finetune.md"
    start, stop = "<!-- figures: written by benchmarks/record.py -->", "<!-- /figures -->"
    sections = [_INTRODUCTION, "", start, stop, "", "## Class names on the test ground, mean IoU", "", *table, ""]
    sections += ["## Expressions on the test ground, mean IoU", "", *asked, ""]
    if before:
        sections += [
            f"The start model without training: {before['class_iou']:.3f} on class names, "
            f"{before['expression_iou']:.3f} on expressions.",
        ]
    if baselines:
        sections += [
            f"Without any model: answering every class name with the whole ground gets "
            f"{baselines['everything_class_iou']:.3f}, with exactly all roofs {baselines['all_roofs_class_iou']:.3f}.",
            "",
        ]
    sections += [_READING, ""]
    page.write_text("\n".join(sections), encoding="utf-8")
    record(figures, "finetune")
    # The page of the methods shows these three as well.
    shared = ("finetune_miou_32_objects", "scratch_miou_32_objects", "finetune_minutes")
    record([figure for figure in figures if figure.name in shared], "wrel")
    print(page.read_text(encoding="utf-8"))


def _shown(value: float, spread: float, count: int) -> str:
    if not count:
        return ""
    return f"{value:.3f}" if math.isnan(spread) else f"{value:.3f} ± {spread:.3f}"


_INTRODUCTION = """# Fine-tuning on a place and classes never seen

`benchmarks/finetune.py`: one block of Banepa, Nepal, drone imagery of 0.13 m (OpenAerialMap, CC BY 4.0), placed by the
numbers of its tiles, with footprints and roof material (© OpenStreetMap contributors, ODbL). Three classes that the
bundled model does not have: concrete roof, tin roof, other roof. Every building within a circle is labelled and nothing
outside it is used (`--area`); the described ones carry texts made by rule from tags and size ("large flat concrete
roof"), so expressions here are simpler than a person's. The eastern third of the block is asked and never trained on.
Every training has the same number of steps, whatever it starts from. Raw rows: `finetune_rows.json`."""

_READING = """## How to read this

Read the figures beside the two answers that need no model. Training on 32 roofs for 80 steps teaches a model where
roofs are, and little of what they are made of: it gets somewhat more than "everything" and far less than "exactly all
roofs". The bundled model's start is ahead of random weights (which learn at a three times higher rate) in the mean of
every pair of cells, most where few objects are labelled; for a single pair look at the spread over seeds. Expressions
are hardly answered at all. The command's own default is 150 steps or more; that was not measured here. Cells of the
grid without a row were not run for want of time; minutes are those of two slow cores that other programs used as well,
and no GPU was at hand."""


if __name__ == "__main__":
    main()
