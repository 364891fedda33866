#!/bin/bash
# Give Debian's Python the module venv, which Debian keeps in a package of its own; say what to do where we may not.
set -euo pipefail
if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    echo "Installing python3-venv ..."
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null
    apt-get install -y -qq --no-install-recommends python3-venv </dev/null >/dev/null
else
    echo "Python's venv module is missing: run 'sudo apt-get install python3-venv' (or your system's like), then make again." >&2
    exit 1
fi
