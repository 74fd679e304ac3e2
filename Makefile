# leadflow: `make demo` shows it, `make test` proves it. Everything stays inside this folder.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.DEFAULT_GOAL := help
.PHONY: help setup demo up test suite check bench chaos determinism docs clean

help:  ## what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' Makefile

setup: $(READY)  ## set up .venv from the pinned requirements

$(READY): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "leadflow needs Python 3.11 or newer, and '$(PYTHON)' is older; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 3; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Setting up .venv (a minute the first time) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY)  ## play 120 leads through the whole stack, about three minutes
	@$(BIN)/python starter.py demo

up: $(READY)  ## start Temporal, mail catcher and worker, and stay up
	@$(BIN)/python starter.py up

test: $(READY)  ## lint, types, imports and all tests
	@$(MAKE) --no-print-directory -j2 check suite

# Beside the check, which needs one core for a minute and says at once what it finds.
suite: $(READY)
	@$(BIN)/python -m pytest -n 4 --dist worksteal

check: $(READY)  ## lint, types and imports only
	@$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: $(READY)  ## measure and print a table; never part of the tests
	@$(BIN)/python -m bench

LIVES ?= 2000
SEED ?= 1

determinism: $(READY)  ## play LIVES random lives under faults (SEED), and replay every history
	@$(BIN)/python tests/replay/random_lives.py --lives $(LIVES) --seed $(SEED) --keep .leadflow/histories

AT_ONCE ?= 1

chaos: $(READY)  ## break parts of running stacks for hours, and audit what is left; never part of the tests
	@$(BIN)/python -m tests.chaos.campaign --at-once $(AT_ONCE)

docs: $(READY)  ## make the generated pages of docs/ anew
	@$(BIN)/python docs/generate.py

clean:  ## remove what was set up and what the stack stored
	rm -rf .venv .leadflow
