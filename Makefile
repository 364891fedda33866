# One command per job, for people and for CI alike. The first run makes .venv and installs; later runs start at once.
#
#   make demo                                  ask the bundled model about a generated scene
#   make demo RASTER=mine.tif EXPRESSION="the largest storage tank"
#   make test | lint | bench | clean
#
# PYTHON      which Python makes .venv (default: Debian's own, which sees PyQGIS, else python3)
# TORCH       what pip installs as PyTorch; TORCH_FLAGS and PIP_FLAGS are handed to pip, for example --index-url ...
# TEST_FLAGS  handed to pytest

SHELL := /bin/bash
PYTHON ?= $(if $(wildcard /usr/bin/python3),/usr/bin/python3,python3)
TORCH ?= torch==2.13.0
TORCH_FLAGS ?=
PIP_FLAGS ?=
TEST_FLAGS ?=
RASTER ?=
EXPRESSION ?= boats

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet $(PIP_FLAGS)
# PyQGIS lives in the system's packages; without it they are better left out.
SITE := $(shell $(PYTHON) -c 'import qgis.core' >/dev/null 2>&1 && echo --system-site-packages)

.PHONY: demo test lint bench clean
.DEFAULT_GOAL := demo

.venv/venv.stamp:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Referent needs Python 3.11 or newer; name one with make PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || tools/install_venv.sh
	@echo "Making .venv with $(PYTHON) ..."
	@$(PYTHON) -m venv $(SITE) .venv
	@mkdir -p .venv/typing && ln -sfn "$(CURDIR)" .venv/typing/referent
	@touch $@

.venv/run.stamp: .venv/venv.stamp pyproject.toml
	@echo "Installing PyTorch and the other libraries (once; some minutes) ..."
	@$(PIP) $(TORCH_FLAGS) "$(TORCH)"
	@$(PIP) --editable .
	@touch $@

.venv/dev.stamp: .venv/run.stamp
	@$(PIP) --editable '.[dev]'
	@touch $@

demo: export RASTER := $(RASTER)
demo: export EXPRESSION := $(EXPRESSION)
demo: .venv/run.stamp
	@mkdir -p demo-out
	@[[ -n "$$RASTER" || -e demo-out/scene.tif ]] || $(BIN)/python tools/make_demo_scene.py demo-out/scene.tif
	@$(BIN)/referent query "$${RASTER:-demo-out/scene.tif}" "$$EXPRESSION" \
	  --output demo-out/found.gpkg --preview demo-out/found.png --overwrite

test: .venv/dev.stamp
	@$(BIN)/python -m pytest $(TEST_FLAGS)

lint: .venv/dev.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/bandit --quiet --recursive core_model engine geo_io plugin 2>/dev/null

bench: .venv/dev.stamp
	@$(BIN)/python benchmarks/query.py
	@$(BIN)/python benchmarks/meaning.py reading resolving

clean:
	rm -rf demo-out build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

include package.mk
