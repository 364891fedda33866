#!/bin/bash
# Pictures of panel and dialogs in a real QGIS without a screen: tools/screenshots.sh FOLDER [RASTER LABELS]
# MODEL names a checkpoint folder instead of the bundled model, QUESTIONS holds one expression per line, STEPS those of
# the training. LOCALE (de), THEME ("Night Mapping") and QT_SCALE_FACTOR (2) show QGIS as other people have it.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
shots=$(mkdir -p "$1" && cd "$1" && pwd)
scene=${2:-$shots/scene.tif}
labels=${3:-}
if [[ $# -lt 2 ]]; then
    [[ -e $scene ]] || "$root/.venv/bin/python" "$root/tools/make_demo_scene.py" "$scene"
    labels=$shots/scene_truth.gpkg
fi
export REFERENT_SHOTS=$shots REFERENT_SCENE=$scene REFERENT_LABELS=$labels REFERENT_MODEL=${MODEL:-}
export REFERENT_STEPS=${STEPS:-30}
if [[ -n ${QUESTIONS:-} ]]; then export REFERENT_QUESTIONS=$QUESTIONS; fi
"$root/tools/run_qgis.sh" "$root/tools/screenshots.py"
ls "$shots"
