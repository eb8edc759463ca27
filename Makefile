# Everything a developer or the continuous integration runs. `make` lists it.
#
# SALEOR_ROOT=~/saleor-3.22 make test     another Saleor checkout (default: ~/saleor)
# DATABASE_URL=… CACHE_URL=… make test    given servers instead of private ones
# make test-core ARGS="-k rollover -x"    arguments for pytest
# PROGRAM_BUDGETS_FAULTS=all make test-core ARGS=tests/faults    every fault at every point: minutes

MAKEFLAGS += --no-print-directory
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON := .venv/bin/python
READY := .venv/ready
ARGS ?=
ONCE ?=
export ONCE

# Compiled modules are kept out of the source trees, ours and Saleor's.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/bytecode
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup web demo test test-core test-host test-browser check static bench lock schema migrations format clean

help: ## List these targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1|\2/p' Makefile | column -t -s '|'

setup: $(READY) ## Make .venv from the lock

$(READY): requirements.lock pyproject.toml setup.py plugin.toml dev/bootstrap.sh
	@dev/bootstrap.sh
	@touch $@

web: $(READY) ## Build the Dashboard pages, if their source has changed
	@$(PYTHON) -m dev.web

demo: web ## Trade through a program in a running Saleor (ONCE=1: and stop)
	@$(PYTHON) -m dev.demo

test: web ## Run all tests
	@$(PYTHON) -m dev.test core host browser -- $(ARGS)

test-core: $(READY) ## Run the tests that need no Saleor
	@$(PYTHON) -m dev.test core -- $(ARGS)

test-host: web ## Run the tests inside Saleor
	@$(PYTHON) -m dev.test host -- $(ARGS)

test-browser: web ## Run the Dashboard pages in a browser, against a running Saleor
	@$(PYTHON) -m dev.test browser -- $(ARGS)

check: static web ## Run everything that has to pass before a change lands
	@$(PYTHON) -m dev.test core host browser

static: $(READY) ## Lint, types, layers, migrations and schema, each with its time
	@$(PYTHON) -m dev.check

bench: $(READY) ## Measure the ledger (ARGS="hot --quick"), and gateway and codes beside Saleor's own
	@$(PYTHON) -m dev.bench $(ARGS)
	@$(PYTHON) -m dev.bench.hosted

lock: $(READY) ## Resolve requirements.lock again
	@.venv/bin/uv pip compile pyproject.toml --group dev --group web --group saleor --universal \
	    --python-version 3.12 --generate-hashes --no-emit-index-url --no-annotate --quiet \
	    --custom-compile-command "make lock" --output-file requirements.lock

schema: $(READY) ## Write the GraphQL extension's schema
	@$(PYTHON) -m dev.schema

migrations: $(READY) ## Write migrations for changed models
	@$(PYTHON) -m dev.run -- python -m django makemigrations program_budgets

format: $(READY) ## Format, and repair what can be repaired
	@$(PYTHON) -m ruff check --fix-only --quiet .
	@$(PYTHON) -m ruff format .

clean: ## Remove environments, caches and builds
	@rm -rf .venv .venvs .cache build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@rm -rf saleor_program_budgets/interfaces/dashboard/static saleor_program_budgets/interfaces/dashboard/web/{node_modules,src/gql}
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
