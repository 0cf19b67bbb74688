# Two targets do all the set-up: `make corpus` and `make test`. Both make their own virtual environment.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The one place that names PyTorch. Where another build is wanted: make TORCH="torch==2.13.0+cu130" …
TORCH ?= torch==2.13.0
SRC := pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help corpus test test-hf lint bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(VENV)/pyvenv.cfg:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip

$(VENV)/.espeak: $(VENV)/pyvenv.cfg $(SRC)
	$(BIN)/pip install --quiet --editable '.[espeak]'
	@touch $@

$(VENV)/.dev: $(VENV)/pyvenv.cfg $(SRC)
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.espeak

corpus: $(VENV)/.espeak ## raw samples to a verified speech corpus in runs/demo/corpus
	$(BIN)/medsynth run pipelines/demo.yaml
	$(BIN)/medsynth verify runs/demo

test: $(VENV)/.dev ## the test suite
	$(BIN)/pytest

# Decoding audio inside datasets needs torch, torchcodec and the FFmpeg libraries: an environment of its own.
$(VENV)-hf/.ready: $(SRC)
	$(PYTHON) -m venv $(VENV)-hf
	$(VENV)-hf/bin/pip install --quiet --upgrade pip
	$(VENV)-hf/bin/pip install --quiet '$(TORCH)'
	$(VENV)-hf/bin/pip install --quiet 'torchcodec==0.13.0' --editable '.[dev]'
	@touch $@

test-hf: $(VENV)-hf/.ready ## load a corpus with datasets, audio decoded by torchcodec (needs FFmpeg libraries)
	$(VENV)-hf/bin/pytest tests/corpus -k datasets -rs

lint: $(VENV)/.dev ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.dev ## records per second, CPU-seconds per second of audio, start-up
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.bench_dedup --rows 20000
	$(BIN)/python -m tests.bench.bench_dedup --growth 10000 100000

clean: ## remove runs, environments and caches
	rm -rf runs $(VENV) $(VENV)-hf build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
