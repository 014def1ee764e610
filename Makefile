# `make repro` and `make test` do everything on a machine with Git, make and Python 3.11 to 3.13.
PYTHON ?= python3
EXTRA ?=
PRESET ?=
IMAGES ?=
BASE ?= main
VENV := .venv
# Recipes find the `python3` of $(VENV) first.
SYSTEM_PYTHON := $(shell command -v $(PYTHON))
LOCK := requirements$(if $(EXTRA),-$(EXTRA)).lock
DEV_LOCK := requirements-dev.lock
SETUP_LOCK := requirements-setup.lock
INSTALLED := $(VENV)/installed-$(LOCK)
DEV_INSTALLED := $(VENV)/installed-$(DEV_LOCK)
PIP := $(VENV)/bin/python -m pip
PIP_INSTALL := $(PIP) install --quiet --disable-pip-version-check
LOCKED := --require-hashes -r
EDITABLE := --no-deps --no-build-isolation --editable .
# uv ignores pip's settings, so it is given pip's index. The first run compiles what it imports, which
# is a third of what pip compiles; where Python may not write bytecode, every run would.
PIP_INDEX := $(PIP) config list 2> /dev/null | sed -n "s/.*\.index-url='\(.*\)'$$/\1/p" | head -n 1
UV_INSTALL := UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$$($(PIP_INDEX))}" uv pip install --quiet \
	--python $(VENV)/bin/python $(if $(PYTHONDONTWRITEBYTECODE),--compile-bytecode)
UV_COMPILE := uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-header \
	--no-emit-index-url
# Disk space in GB: the packages take 3.1 GB (with EXTRA=gpu 9.4), the rest is for downloads and runs.
NEEDED_GB := $(if $(filter gpu,$(EXTRA)),14,6)

# The stages run `python`: the one that has the packages must come first.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# The shell reads them from the environment: names may contain `;`, `$` and blanks.
export BASE IMAGES

.PHONY: help check setup setup-dev repro report app compare test lint bench lock

help:
	@echo "make setup            create $(VENV) with the packages of requirements.lock (EXTRA=gpu: CUDA too)"
	@echo "make repro            run the pipeline that params.yaml defines (PRESET=lenet5: that preset;"
	@echo "                      IMAGES=~/photos.zip: your images, with params that suit them)"
	@echo "make report           write report/index.html, a page about the last run"
	@echo "make app              serve the classifier as a web page on this machine"
	@echo "make compare          compare the metrics of this commit with BASE=main, in report/"
	@echo "make test             run the tests, except the slow ones"
	@echo "make lint             check style, types, imports and workflows"
	@echo "make bench            measure speed (docs/performance.md)"
	@echo "make lock             update the lock files from pyproject.toml (needs uv)"

setup: $(INSTALLED)

setup-dev: $(DEV_INSTALLED)

$(INSTALLED): $(LOCK)
	@$(MAKE) --no-print-directory check
	$(PYTHON) -m venv --without-pip $(VENV)
	@$(VENV)/bin/python -m ensurepip --default-pip > /dev/null 2>&1 \
		|| $(UV_INSTALL) $(LOCKED) $(SETUP_LOCK) 2> /dev/null \
		|| $(SYSTEM_PYTHON) -m pip --python $(VENV)/bin/python install --quiet $(LOCKED) $(SETUP_LOCK) \
		2> /dev/null \
		|| { echo "Python lacks pip, and there is no uv; on Debian and Ubuntu:" \
		"sudo apt install $(notdir $(PYTHON))-venv" >&2; exit 1; }
	$(call install,$(LOCK))
	@$(UV_INSTALL) $(EDITABLE) 2> /dev/null || $(PIP_INSTALL) $(EDITABLE)
	@touch $@

$(DEV_INSTALLED): $(DEV_LOCK) | $(INSTALLED)
	$(call install,$(DEV_LOCK))
	@touch $@

# uv takes 32 to 52 s, pip 167 s; pip does it if its index lacks uv, or if uv fails.
define install
	@echo "Installing the packages of $(1) into $(VENV)"
	@{ uv --version || $(PIP_INSTALL) $(LOCKED) $(SETUP_LOCK); } > $(VENV)/uv.log 2>&1 \
		&& $(UV_INSTALL) $(LOCKED) $(1) 2>> $(VENV)/uv.log \
		|| { echo "pip does it, which takes minutes, because uv failed: see $(VENV)/uv.log" >&2; \
		$(PIP_INSTALL) $(LOCKED) $(1); }
endef

# Before anything is installed: what would fail later, after minutes.
check:
	@command -v git > /dev/null || { \
		echo "Git is not installed, and DVC needs it: https://git-scm.com/downloads" >&2; exit 1; }
	@test -e .git || { \
		echo "This folder is not a Git repository (GitHub's \"Download ZIP\" is not one). Run:" >&2; \
		echo "  git init && git add -A && git commit -m start" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		2> /dev/null || { echo "Python 3.11 to 3.13 is needed, and $(PYTHON) is not one of them;" \
		"try: make PYTHON=python3.12" >&2; exit 1; }
	@df -Pk . | awk 'NR == 2 { exit $$4 < $(NEEDED_GB) * 1000000 }' || { \
		echo "$(NEEDED_GB) GB of free disk space are needed; free some, then try again" >&2; exit 1; }

repro: setup
	$(if $(PRESET),convline preset $(PRESET))
	@if [ -n "$$IMAGES" ]; then convline init "$$IMAGES"; fi
	python -m convline.runtime.repro
	convline report

report: setup
	convline report

app: setup
	convline app

compare: setup
	convline compare "$$BASE"

test: setup-dev
	python -m pytest -m "not slow" --numprocesses auto --dist loadfile --no-loadscope-reorder

lint: setup-dev
	ruff check
	ruff format --check
	mypy
	lint-imports
	actionlint -shellcheck= -pyflakes=

bench: setup
	python -m benchmarks

# One resolution: the next two are compiled with the versions of the first.
lock:
	$(UV_COMPILE) pyproject.toml --output-file requirements.lock
	$(UV_COMPILE) pyproject.toml --extra gpu --constraint requirements.lock \
		--output-file requirements-gpu.lock
	$(UV_COMPILE) --group pyproject.toml:dev --constraint requirements.lock \
		--output-file $(DEV_LOCK)
	$(UV_COMPILE) --group pyproject.toml:setup --output-file $(SETUP_LOCK)
