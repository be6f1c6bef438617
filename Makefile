# Each target sets up what it needs in .venv; a second call reuses it. See `make help`.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
CORES ?= all
# The first interpreter that is new enough; set PYTHON to choose another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)

.PHONY: help demo test slurm-test hats lint format rulegraph reference locks bench clean

help: ## Say what can be made
	@echo "starloom: from raw stellar surveys to catalogues, figures and numbers"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14 | sed 's/^/  make /'
	@echo "Environment: $(VENV), Python from '$(PYTHON)' (needs 3.11 to 3.13)."

demo: $(VENV)/.base ## Simulate a small sky and make catalogues, figures and numbers from it
	$(BIN)/snakemake --cores $(CORES)
	@echo
	@echo "Done. Open results/index.html; catalogues are in results/catalogs, figures in results/figures."
	@echo "Where does a number come from?  $(BIN)/starloom audit xpvae.val_loss"

test: $(VENV)/.dev ## Run all tests, the tiny sky through the whole workflow included
	$(BIN)/python -m pytest -n auto --no-loadscope-reorder

slurm-test: $(VENV)/.dev ## Run the tiny sky on a real Slurm on this machine (Debian's packages, root)
	tests/cluster/install_slurm.sh
	$(BIN)/python -m pytest -rs tests/cluster

lint: $(VENV)/.dev ## Check style and the workflow's lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

format: $(VENV)/.dev ## Format Python and Snakemake files
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

hats: $(VENV)/.base ## Set up LSDB for the whole-sky match in an environment of its own, .venv-hats
	@test -x .venv-hats/bin/python || $(PYTHON) -m venv .venv-hats
	@VIRTUAL_ENV=$(CURDIR)/.venv-hats UV_HTTP_TIMEOUT=180 $(BIN)/uv pip install --quiet --require-hashes -r envs/hats.lock \
		|| .venv-hats/bin/python -m pip install --quiet --require-hashes -r envs/hats.lock

rulegraph: $(VENV)/.base ## Draw the graphs of stages and of rules again (docs/rulegraph.svg, docs/rules.svg)
	$(BIN)/python -m starloom.figures.rulegraph docs/rulegraph.svg

bench: $(VENV)/.dev ## Measure our speed against the peers', in one run (no GPU needed)
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(BIN)/python -m pip install --quiet 'torch==2.13.0' \
		|| echo "no PyTorch: its rows are skipped"
	@$(BIN)/python -c 'import astroNN.apogee' 2>/dev/null \
		|| $(BIN)/python -m pip install --quiet --no-deps 'astroNN==1.1.0' h5py 'setuptools<81' \
		|| echo "no astroNN: its row is skipped"
	$(BIN)/python benchmarks/run.py

reference: $(VENV)/.base ## Write the reference pages of docs again, from the schema and the columns
	$(BIN)/python -m starloom.reference configuration docs/configuration.md
	$(BIN)/python -m starloom.reference data-model docs/data_model.md

locks: $(VENV)/.base ## Resolve envs/*.in anew into the locks, with hashes and without addresses
	cd envs && for name in base dev; do ../$(BIN)/uv pip compile $$name.in --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --upgrade -o $$name.lock; done

clean: ## Remove results and caches; the environment stays
	rm -rf results .test .cache .snakemake

# uv installs in seconds; where it finds no index of its own, pip (with its configuration) does it.
define install
	@test -n "$(PYTHON)" || { echo "starloom needs Python 3.11, 3.12 or 3.13: none found; set PYTHON=/path/to/python"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Setting up $(VENV) from envs/$(1).lock (about 1.6 GB, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r envs/uv.lock
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) UV_HTTP_TIMEOUT=180 $(BIN)/uv pip install --quiet --require-hashes -r envs/$(1).lock \
		|| { echo "uv could not; trying pip"; $(BIN)/python -m pip install --quiet --require-hashes -r envs/$(1).lock; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
endef

$(VENV)/.base: envs/base.lock pyproject.toml
	$(call install,base)

$(VENV)/.dev: envs/dev.lock pyproject.toml
	$(call install,dev)
	@touch $(VENV)/.base
