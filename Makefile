# The front door. Each target does its own set-up: a virtual environment in .venv with the locked versions.
# Needs Python 3.11 or newer and make, nothing else. `make PYTHON=python3.13 test` picks another interpreter.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.kitaru-installed

# The demo's home: runs and artifacts stay in the tree, the real ZenML configuration is not touched.
DEMO     := $(CURDIR)/.demo
DEMO_ENV := HOME="$(DEMO)" ZENML_CONFIG_PATH="$(DEMO)/zenml" ZENML_ANALYTICS_OPT_IN=false

# Extra arguments for pytest: make test ARGS="-k retries -x". Tests run side by side, each in a home of its own;
# make test ARGS="-n 0" runs them one by one.
ARGS     ?=
# What make test-replay runs: make test-replay REPLAYED=tests/local/test_async.py
REPLAYED ?= tests/local tests/conformance integrations
PARALLEL := -n logical --maxprocesses 4 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: docs help demo test test-replay check bench pictures lock clean

help:  ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(STAMP)  ## Survey the installed zenml with a real flow, twice: the second run comes from the cache
	@mkdir -p $(DEMO)
	@echo "The demo keeps its runs and artifacts in .demo/; your own ZenML configuration is not touched."
	@for run in first second; do \
	  printf '\n=== %s run ===\n' $$run; \
	  $(DEMO_ENV) $(BIN)/python examples/code_survey.py --output survey.md || exit 1; \
	done
	@printf '\nLook at them: ZENML_CONFIG_PATH=.demo/zenml %s/kitaru executions list\n' $(BIN)

test: $(STAMP)  ## Run all tests, in an empty temporary home; what needs Docker or Kubernetes is skipped without them
	@home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && HOME="$$home" $(BIN)/python -m pytest $(PARALLEL) $(ARGS)

test-replay: $(STAMP)  ## Run what needs no engine with each body run again after every outcome: make test-replay ARGS="-k retries"
	@home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && HOME="$$home" KITARU_FORCE_REPLAY=on \
	  $(BIN)/python -m pytest $(PARALLEL) $(REPLAYED) $(ARGS)

check: $(STAMP)  ## Lint, formatting, strict types, and which room may import what
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && HOME="$$home" $(BIN)/python -m pytest -q tests/unit/test_imports.py tests/unit/test_project.py

docs: $(STAMP)  ## Build the documentation into site/, strictly: every link and anchor is checked
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --clean

bench: $(STAMP)  ## Measure Kitaru beside plain ZenML and print the ratios
	@home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && HOME="$$home" $(BIN)/python benchmarks/bench.py $(ARGS)

pictures: $(STAMP)  ## Take the pictures in docs/images anew, by the tests in a browser
	@home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && \
	  HOME="$$home" KITARU_SCREENSHOTS=docs/images KITARU_TESTS_REQUIRE=browser $(BIN)/python -m pytest -q tests/browser

lock:  ## Resolve pyproject.toml anew into requirements/dev.txt
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT && $(PYTHON) -m venv "$$tmp/venv" \
	&& "$$tmp/venv/bin/python" -m pip install --quiet --upgrade pip \
	&& "$$tmp/venv/bin/python" -m pip install --quiet . --group dev \
	&& { echo "# Exact versions for development and CI, for Python 3.11 to 3.13. Written by: make lock"; \
	     "$$tmp/venv/bin/python" -m pip freeze --all --exclude kitaru-zenml --exclude pip; } > "$$tmp/dev.txt" \
	&& cp "$$tmp/dev.txt" requirements/dev.txt && wc -l requirements/dev.txt

clean:  ## Remove everything that make has made
	rm -rf $(VENV) $(DEMO) survey.md site build dist .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An interpreter that fits, locked dependencies, then this tree as an editable install. The stamp comes last, so that
# an interrupted set-up starts again.
$(STAMP): pyproject.toml requirements/dev.txt $(wildcard integrations/*/pyproject.toml)
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v < (3, 14) else \
	  "Kitaru needs Python 3.11 to 3.13, and $(PYTHON) is %d.%d. Name another one: make PYTHON=python3.11" % v)'
	@echo "Setting up $(VENV) (once; about a minute) ..."
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . \
	  $(patsubst %/pyproject.toml,--editable ./%,$(wildcard integrations/*/pyproject.toml))
	@touch $@
