# Every target brings what it needs: Python 3.11 or newer, git and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BENCH := .venv-bench
OLDEST := .venv-oldest
FAST := -m 'not slow and not browser and not faults'
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help install demo lab docs test test-marked test-all test-oldest check audit format bench clean

help: ## say what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(INSTALLED): pyproject.toml
	@echo 'Installing into $(VENV): some minutes the first time, with nothing to see.'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[local,train,test,dev]'
	@touch $@

install: $(INSTALLED) ## create .venv with everything

demo: $(INSTALLED) ## run the receipts example in a headless notebook and print its frame
	$(BIN)/ibflow-nb demo

lab: $(INSTALLED) ## open the quickstart in JupyterLab
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) notebooks/01_quickstart.ipynb

docs: $(INSTALLED) ## write the pages of commands and of the Python API from what they tell of
	$(BIN)/ibflow-nb help --markdown > docs/commands.md
	$(BIN)/python docs/reference.py > docs/python.md

test: $(INSTALLED) ## the fast tests
	$(BIN)/pytest $(FAST)

test-marked: $(INSTALLED) ## the others: slow, browser and faults
	$(BIN)/pytest -m 'slow or browser or faults'

test-all: $(INSTALLED) ## all tests
	$(BIN)/pytest

# The lowest versions that pyproject.toml declares, of what it names; only uv resolves to them.
$(OLDEST)/.installed: pyproject.toml
	@test -x $(OLDEST)/bin/python || $(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python -m pip install --quiet uv
	$(OLDEST)/bin/uv pip install --quiet --python $(OLDEST)/bin/python \
		--resolution lowest-direct --editable '.[local,train,test]'
	@touch $@

test-oldest: $(OLDEST)/.installed ## the fast tests with the oldest dependencies that are declared
	$(OLDEST)/bin/pytest $(FAST)

check: $(INSTALLED) ## lint, types, security lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml ibflow_nb

audit: $(INSTALLED) ## look for known vulnerabilities of what is installed
	$(BIN)/python .ci/audit.py

format: $(INSTALLED) ## put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# An environment of its own, so that the tests never lean on what the alternatives bring along.
$(BENCH)/.installed: pyproject.toml
	@test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --editable '.[local,dask,train,test,bench]'
	@touch $@

bench: $(BENCH)/.installed ## the benchmarks, each a ratio to a named alternative
	$(BENCH)/bin/python -m benchmarks

clean: ## remove what make made
	rm -rf $(VENV) $(BENCH) $(OLDEST) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
