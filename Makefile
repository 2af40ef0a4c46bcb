# Two commands do everything: `make demo` and `make test`. Each works alone on a machine with Python 3.11+ and make.

PYTHON ?= python3
BIN := .venv/bin
PLUGINS := plugins/tkcore-network plugins/tkcore-monopoly plugins/tkcore-process
DIST ?= dist
JOBS := $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)

.PHONY: demo test setup slow lint types imports schemas reference messages screenshots bench bundle check

demo: setup
	$(BIN)/tk demo

test: setup
	$(BIN)/python -m pytest -q -n $(JOBS)

slow: setup
	$(BIN)/python -m pytest -q -n $(JOBS) -m slow

setup: .venv/ready

.venv/ready: pyproject.toml $(PLUGINS:%=%/pyproject.toml)
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON). On Debian: apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is `$(PYTHON) -V 2>&1`; tkcore needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "$(PYTHON) has no venv. On Debian: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[test]' $(PLUGINS:%=-e %)
	touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy
	DENO_NO_UPDATE_CHECK=1 $(BIN)/deno check --quiet --config tests/browser/deno.json \
		$(filter-out %/sw.js,$(wildcard src/tkcore/web/static/*.js))

imports: setup
	$(BIN)/lint-imports

schemas: setup
	$(BIN)/python -m tkcore.schemas schemas

reference: setup
	$(BIN)/python -m tkcore.reference docs
	$(BIN)/python -m tkcore.coverage docs/handbook-coverage.md

messages: setup
	$(BIN)/python tests/messages.py --write

screenshots: setup
	$(BIN)/python tests/browser/walkthrough.py

bench:
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install -q -e '.[bench]' $(PLUGINS:%=-e %)
	.venv-bench/bin/python benchmarks/run.py

bundle: setup
	$(BIN)/python release/bundle.py --into $(DIST)

check: lint types imports
