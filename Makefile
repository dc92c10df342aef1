# Every target sets the project up first (quick when nothing changed); `make` alone lists them.

PYTHON ?= python3
SIM ?= icarus verilator
TESTS ?=

VENV := .venv/bin
VIT2RTL := $(VENV)/vit2rtl
PYTEST = OMP_NUM_THREADS=1 $(VENV)/python -m pytest -n $(or $(JOBS),2) --dist loadfile \
	-W error::DeprecationWarning
SIMULATE_OPTIONS = $(foreach name,$(SIM),--simulator $(name)) $(if $(SEED),--seed $(SEED)) \
	$(if $(JOBS),--jobs $(JOBS)) $(if $(filter-out 0 no,$(WAVES)),--waves)

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all lint verilog vectors sim ops area components prove mutate mutate-python dist bench clean distclean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
		while IFS='|' read -r name text; do printf '  %-14s %s\n' "$$name" "$$text"; done

setup: ## Create .venv, install the pinned packages and the simulators [PYTHON=python3.12]
	@$(PYTHON) -m tools.bootstrap

demo: setup ## Run the whole flow on the embedded model: results in demo/
	$(VIT2RTL) demo --out demo

test: setup ## Run the tests, a sample of those that take long [TESTS=tests/rtl JOBS=4]
	$(PYTEST) $(TESTS)

test-all: setup ## Run all of those that take long, too: an hour and more [TESTS=tests/sim JOBS=4]
	VIT2RTL_EVERY_TEST=1 $(PYTEST) $(TESTS)

lint: setup ## Check style, and the types in the built wheel
	$(VENV)/python -m ruff check .
	rm -rf build out/wheel
	$(VENV)/python -m pip wheel -q --no-deps --no-build-isolation --wheel-dir out/wheel .
	$(VENV)/python -m zipfile -e out/wheel/*.whl out/wheel
	$(VENV)/python -m mypy --check-untyped-defs out/wheel/vit2rtl

verilog: setup ## Generate the Verilog of every unit: out/verilog/
	$(VIT2RTL) verilog --all --out out/verilog

out/model: | setup
	$(VIT2RTL) quantize mnist_vit --out out/model

vectors: setup out/model ## Record golden vectors of the embedded model: out/vectors/
	$(VIT2RTL) vectors out/model --out out/vectors

sim: vectors ## Replay them: results in out/simulation/ [SIM=icarus SEED=1 WAVES=1 JOBS=2]
	$(VIT2RTL) simulate out/vectors --out out/simulation $(SIMULATE_OPTIONS)

ops: setup out/model ## Replay every op of the embedded model through its unit: results in out/ops/ [SIM=icarus]
	$(VIT2RTL) lower out/model --variant integer --out out/program
	$(VIT2RTL) vectors out/program --count 1 --out out/program-vectors
	$(VIT2RTL) simulate out/program-vectors --engine small --out out/ops $(SIMULATE_OPTIONS)

area: setup ## Measure cells and clocks again: docs/area.md (a quarter of an hour)
	$(VIT2RTL) synthesize --table --out out/area
	cp out/area/area.json rtl/synthesis/area.json
	cp out/area/area.md out/area/area.png docs/

components: setup ## Measure again what areas in an exploration are made of (an hour)
	$(VIT2RTL) synthesize components --table --out out/components
	cp out/components/components.json rtl/synthesis/components.json

prove: setup ## Prove the Verilog of every unit: out/proofs/
	$(VIT2RTL) prove --out out/proofs

mutate: setup ## Mutation-test the benches of every unit: out/mutation/ [SEED=1 JOBS=2]
	$(VIT2RTL) mutate --out out/mutation $(if $(SEED),--seed $(SEED)) $(if $(JOBS),--jobs $(JOBS))
	$(VIT2RTL) mutate --top axi --out out/mutation-axi $(if $(SEED),--seed $(SEED)) $(if $(JOBS),--jobs $(JOBS))
	VIT2RTL_EVERY_TEST=1 $(PYTEST) -q tests/sim/axi

mutate-python: setup ## Mutation-test the tests of golden/ and the quantizers [COUNT=300 SEED=1 JOBS=2]
	OMP_NUM_THREADS=1 $(VENV)/python -m tools.mutate_python $(if $(COUNT),--count $(COUNT)) \
		$(if $(SEED),--seed $(SEED)) $(if $(JOBS),--jobs $(JOBS))

dist: setup ## Build what goes to PyPI, and check it: dist/
	rm -rf build dist
	$(VENV)/python -m build --no-isolation --outdir dist .
	test -x out/twine/bin/twine || { $(VENV)/python -m venv out/twine && out/twine/bin/pip install -q twine; }
	out/twine/bin/twine check --strict dist/*

bench: setup ## Run the timed comparisons in benchmarks/
	$(foreach script,$(sort $(wildcard benchmarks/[a-z]*.py)),$(VENV)/python $(script) --json &&) true

clean: ## Remove what the other targets wrote, all but .venv
	rm -rf out demo build dist vit2rtl.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find benchmarks golden python rtl sim tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## Remove .venv as well
	rm -rf .venv
