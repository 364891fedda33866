#!/bin/bash
# A real QGIS with the plugin as its zip has it, without a screen and with an empty profile: tools/run_qgis.sh SCRIPT
# SCRIPT runs inside QGIS (qgis --code) and ends it. LIMIT_S: seconds after which QGIS is ended (600).
# LOCALE and THEME: QGIS's language and its look.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'kill "$display" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir -m 700 "$work/run" "$work/home" "$work/plugins"
"$root/.venv/bin/python" "$root/tools/package.py" "$work" >/dev/null
"$root/.venv/bin/python" -m zipfile -e "$work"/referent-*.zip "$work/plugins"
Xvfb -displayfd 3 -screen 0 1600x1000x24 3>"$work/display" 2>/dev/null &
display=$!
until [[ -s $work/display ]]; do sleep 0.1; done
export DISPLAY=:$(<"$work/display") HOME=$work/home XDG_RUNTIME_DIR=$work/run XDG_DATA_HOME=$work/home/data
export QGIS_PLUGINPATH=$work/plugins REFERENT_PYTHON=${REFERENT_PYTHON:-$root/.venv/bin/python}
unset QT_QPA_PLATFORM PYTHONPATH
# A virtual environment at the head of PATH lets QGIS's own Python look for its library there, and QGIS crashes.
PATH=$(tr : '\n' <<<"$PATH" | grep -v "^$root/.venv/" | paste -sd :)
qgis_process.bin plugins enable referent >/dev/null 2>&1
profile=$(find "$work/home" -name QGIS3.ini | head -1)
if [[ -n ${LOCALE:-} ]]; then
    printf '\n[locale]\noverrideFlag=true\nuserLocale=%s\n' "$LOCALE" >>"$profile"
fi
if [[ -n ${THEME:-} ]]; then
    printf '\n[UI]\nUITheme=%s\n' "$THEME" >>"$profile"
fi
timeout "${LIMIT_S:-600}" qgis --nologo --noversioncheck --code "$1"
