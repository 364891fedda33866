#!/bin/bash
# Pictures of the panel in a real QGIS without a screen: tools/screenshots.sh FOLDER [RASTER]
# MODEL names a checkpoint folder instead of the bundled model, QUESTIONS holds one expression per line.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
shots=$(mkdir -p "$1" && cd "$1" && pwd)
scene=${2:-$shots/scene.tif}
[[ -e $scene ]] || "$root/.venv/bin/python" "$root/tools/make_demo_scene.py" "$scene"
export REFERENT_SHOTS=$shots REFERENT_SCENE=$scene REFERENT_MODEL=${MODEL:-}
[[ -n ${QUESTIONS:-} ]] && export REFERENT_QUESTIONS=$QUESTIONS
"$root/tools/run_qgis.sh" "$root/tools/screenshots.py"
ls "$shots"
