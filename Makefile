# Every path here is relative and every tool is called as .venv/bin/python -m tool, so a clone whose path holds a
# space works: make cannot quote names, and scripts in .venv/bin name their interpreter by its full path.

PYTHON ?= python3
python := .venv/bin/python
# tests/conftest.py orders the files; xdist waits for ever once it has replaced a worker.
pytest := $(python) -m pytest -n 2 --dist loadfile --no-loadscope-reorder --max-worker-restart 0
sources_in_c := $(wildcard augkit/compiled/*.[ch]) # pip compiles them; `make library` does for the tests
install := $(python) -m pip install --quiet -c constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo library check test test-fast planted outages mutations soak bench bench-check clean

help: ## say what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile

setup: library ## make .venv with everything the tests need (a second time takes no time)

demo: .venv/.demo ## install augkit alone and show what it does, in demo/
	$(python) -m augkit demo

library: .venv/.installed ## compile the library in C again if it is older than its sources (CC=clang takes another compiler)
	@$(python) augkit/compiled/build_library.py

check: .venv/.installed ## ruff and mypy
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy

test: check library ## check, then every test, two files at a time
	$(pytest)

test-fast: library ## the tests of the inner loop: all that takes no second and breaks nothing on purpose
	$(pytest) -m "not slow and not faults"

planted: library ## plant faults in a copy, one after the other, and see that the tests catch each
	$(python) tests/planted_faults.py

outages: library ## disturb jobs of every format by 1,000 seeded outages of disks and stores: more than an hour
	$(python) -m benchmarks outages

mutations: library ## damage files of every kind 10,000 times each: some hours; it goes on where it was ended
	$(python) -m benchmarks mutations

soak: library ## expand 100,000 pictures under an hour of kills and outages
	$(python) -m benchmarks soak

bench: .venv/.bench ## measure against other packages, into benchmarks/results/ and docs/speed.md
	$(python) -m benchmarks

bench-check: .venv/.bench ## race again and compare with the committed figures; fails where something became slower
	$(python) -m benchmarks check

clean: ## remove caches and builds; .venv stays, and with it the library in C
	rm -rf build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find augkit tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON): must be Python 3.11 or newer. Install one and run: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "$(PYTHON): must be able to make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	@touch $@

.venv/.installed: .venv/.made pyproject.toml constraints.txt
	$(install) -e ".[test]"
	$(install) --no-deps ultralytics # AGPL-3.0, for tests alone; what it needs is here, and opencv-python must not be
	@touch $@

.venv/.demo: .venv/.made pyproject.toml constraints.txt $(sources_in_c)
	$(install) -e ".[data]"
	@touch $@

.venv/.bench: .venv/.made pyproject.toml constraints.txt $(sources_in_c)
	$(install) -e ".[bench]"
	@touch $@
