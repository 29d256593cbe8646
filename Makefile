# Every target brings what it needs: Python 3.11 or newer, git and make are enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.DEFAULT_GOAL := help
.PHONY: help install demo lab test test-all check format bench clean

help: ## say what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(INSTALLED): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[local,train,test,dev]'
	@touch $@

install: $(INSTALLED) ## create .venv with everything

demo: $(INSTALLED) ## run the receipts example in a headless notebook and print its frame
	$(BIN)/ibflow-nb demo

lab: $(INSTALLED) ## open the quickstart in JupyterLab
	$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) notebooks/01_quickstart.ipynb

test: $(INSTALLED) ## the fast tests
	$(BIN)/pytest -m 'not slow and not browser and not faults'

test-all: $(INSTALLED) ## all tests: also slow, browser and faults
	$(BIN)/pytest

check: $(INSTALLED) ## lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(INSTALLED) ## put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(INSTALLED) ## the benchmarks, each a ratio to a named alternative
	$(BIN)/python -m benchmarks

clean: ## remove what make made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
