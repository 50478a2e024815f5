# make train   trains configs/digits.yaml; CONFIG=configs/mnist.yaml is the course's job, ARGS are further words;
#              TORCH=cpu installs PyTorch without CUDA, as is done by itself on Linux where there is no NVIDIA driver;
#              TORCH=cuda installs what the package index has
# make test    the whole suite, a process per core with one torch thread each; FCNET_MNIST names the
#              folder of the four official MNIST files, for the tests on them
# make coverage  the same, and which branches it takes; fails below the floor in pyproject.toml
# make long    the tests that take minutes: fifty kills, a kill at every call that changes the disk, fuzzing, Slurm
# make bench   times fcnet beside other libraries, an hour; SECTIONS="epoch job" runs some of it
# make check   linter, formatter, types, imports, and whether the generated pages and figures are fresh
# make docs    the generated pages, and the figures of docs/figures.yaml in all pages and configs
# make pictures  the pictures of README.md and docs anew, in both languages; five programs train on MNIST

PYTHON ?= python3
CONFIG ?= configs/digits.yaml
ARGS ?=
SECTIONS ?=
TORCH ?=
BIN = .venv/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

ifeq ($(TORCH)$(shell uname -s),Linux)
TORCH := $(if $(shell command -v nvidia-smi),cuda,cpu)
endif

ifeq ($(TORCH),cpu)
CPU_INDEX = https://download.pytorch.org/whl/cpu
CPU_TORCH = @if $(PYTHON) -c 'import urllib.request; urllib.request.urlopen("$(CPU_INDEX)/torch/", timeout=15)' 2>&-; \
	then $(PIP) --index-url $(CPU_INDEX) torch torchvision; \
	else echo "$(CPU_INDEX) cannot be reached: installing PyTorch from the package index, up to 3 GB"; fi
SIZE = without CUDA, about 300 MB to download and 1 GB on disk, one to five minutes
else
CPU_TORCH = @true
SIZE = about 300 MB to download, on Linux with CUDA 3 GB and 6 GB on disk, up to ten minutes
endif

.PHONY: train test coverage long bench check docs pictures clean

train: .venv/installed
	$(BIN)/fcnet train --config $(CONFIG) $(ARGS)

test: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal

coverage: .venv/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered

long: .venv/installed-dev
	$(BIN)/python -m pytest -m long -s

bench: .venv/installed .venv-bench/installed
	$(BIN)/fcnet data mnist
	$(BIN)/python scripts/benchmark.py $(SECTIONS)

check: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/config_reference.py --check
	$(BIN)/python scripts/figures.py --check
	$(BIN)/python scripts/results.py --check

docs: .venv/installed-dev
	$(BIN)/python scripts/config_reference.py
	$(BIN)/python scripts/figures.py
	$(BIN)/python scripts/results.py
	$(BIN)/python scripts/benchmark.py page

pictures: .venv/installed-dev
	for program in scripts/course/*.py; do \
		case $$program in */pages.py | */words.py | */worked_examples.py) continue;; esac; \
		$(BIN)/python $$program --language en zh --out docs/images || exit; \
	done
	$(BIN)/python scripts/example_photos.py
	$(BIN)/python scripts/photos_pictures.py --out docs/images
	$(BIN)/python scripts/readme_pictures.py --out docs/images
	$(BIN)/python scripts/screenshots.py --out docs/images
	$(BIN)/python scripts/recording.py

clean:
	rm -rf .venv .venv-bench .pytest_cache .mypy_cache .ruff_cache

.venv/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fcnet needs Python 3.11 or newer: make PYTHON=python3.12")'
	@echo "installing PyTorch and other libraries into .venv: $(SIZE)"
	$(PYTHON) -m venv .venv
	$(CPU_TORCH)
	$(PIP) --editable .
	@touch $@

.venv-bench/installed: pyproject.toml
	$(PYTHON) -m venv .venv-bench
	@echo "installing PyTorch, JAX and Keras into .venv-bench, some minutes"
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@

.venv/installed-dev: .venv/installed
	@echo "installing the tests' libraries into .venv"
	$(PIP) --editable '.[dev]'
	@touch $@
