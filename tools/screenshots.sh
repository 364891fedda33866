#!/bin/bash
# Pictures of the panel in a real QGIS without a screen: tools/screenshots.sh FOLDER [RASTER]
# MODEL names a checkpoint folder instead of the bundled model, QUESTIONS holds one expression per line.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
shots=$(mkdir -p "$1" && cd "$1" && pwd)
scene=${2:-}
work=$(mktemp -d)
trap 'kill "$display" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir -m 700 "$work/run" "$work/home" "$work/plugins"
ln -s "$root" "$work/plugins/referent"
if [[ -z $scene ]]; then
    scene=$work/scene.tif
    "$root/.venv/bin/python" "$root/tools/make_demo_scene.py" "$scene"
fi
Xvfb -displayfd 3 -screen 0 1600x1000x24 3>"$work/display" 2>/dev/null &
display=$!
until [[ -s $work/display ]]; do sleep 0.1; done
export DISPLAY=:$(<"$work/display") HOME=$work/home XDG_RUNTIME_DIR=$work/run XDG_DATA_HOME=$work/home/data
unset QT_QPA_PLATFORM
export QGIS_PLUGINPATH=$work/plugins REFERENT_PYTHON=$root/.venv/bin/python
export REFERENT_SHOTS=$shots REFERENT_SCENE=$scene REFERENT_MODEL=${MODEL:-}
[[ -n ${QUESTIONS:-} ]] && export REFERENT_QUESTIONS=$QUESTIONS
qgis_process.bin plugins enable referent >/dev/null 2>&1
timeout "${LIMIT_S:-300}" qgis --nologo --noversioncheck --code "$root/tools/screenshots.py"
ls "$shots"
