# `make repro` and `make test` do everything on a machine with Python 3.11 to 3.13 and make.
PYTHON ?= python3
EXTRA ?=
PRESET ?=
BASE ?= main
VENV := .venv
LOCK := requirements$(if $(EXTRA),-$(EXTRA)).lock
INSTALLED := $(VENV)/installed-$(LOCK)

# The stages run `python`: the one that has the packages must come first.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# The shell takes it from the environment: a branch's name may hold `;` and `$`, and is no command.
export BASE

.PHONY: help setup repro report app compare test lint bench lock

help:
	@echo "make setup            create $(VENV) and install requirements.lock (EXTRA=gpu: CUDA too)"
	@echo "make repro            run the pipeline that params.yaml defines (PRESET=lenet5: that one)"
	@echo "make report           write report/index.html: what the pipeline gave, on one page"
	@echo "make app              open the classifier as a web page of this machine: drop a picture"
	@echo "make compare          compare the metrics of this commit with BASE=main, in report/"
	@echo "make test             run the tests"
	@echo "make lint             check style, types and workflows"
	@echo "make bench            measure speed against what people use instead (docs/performance.md)"
	@echo "make lock             renew requirements.lock from pyproject.toml"

setup: $(INSTALLED)

$(INSTALLED): $(LOCK)
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "Python 3.11 to 3.13 is needed; try: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation --editable .
	@touch $@

repro: setup
	$(if $(PRESET),convline preset $(PRESET))
	dvc repro
	convline report

report: setup
	convline report

app: setup
	convline app

compare: setup
	convline compare "$$BASE"

test: setup
	python -m pytest -m "not slow" --numprocesses auto --dist loadfile --no-loadscope-reorder

lint: setup
	ruff check
	ruff format --check
	mypy
	actionlint -shellcheck= -pyflakes=

bench: setup
	python -m benchmarks

lock:
	uv pip compile pyproject.toml --group dev --universal --generate-hashes \
		--no-header --output-file requirements.lock
	uv pip compile pyproject.toml --group dev --extra gpu --universal --generate-hashes \
		--no-header --output-file requirements-gpu.lock
