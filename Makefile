# Every target sets up what it needs: a virtual environment in .venv with exactly the versions of
# requirements.lock. It is made again only when the lock or a pyproject.toml changed.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
OLDEST_PYTHON := 3.11
# The python to build .venv with; the first that is new enough, or yours: make PYTHON=/path/python
PYTHON ?= $(shell for each in python3 python3.13 python3.12 python3.11 python; do \
	$$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; \
	done)
ARGS ?=
STACK_DATA ?= .tocsin/stack
QUICK_TESTS := $(wildcard tests/architecture tests/unit tests/contract tests/property tests/scenarios tests/simulation tests/stories)
# The longest first: each of two processes takes whole files, in this order, with servers of its own.
SERVER_TESTS := $(wildcard tests/chaos tests/e2e tests/integration)

CORE_TESTS := tests/unit/scoring tests/property/scoring
# In one process: the last of them compares what the others have shown (docs/reference/indicator-coverage.md).
ONE_PROCESS_TESTS := tests/unit/scoring/domain
# A copy of the sources whose core is machine code; see deploy/compile_core.py.
# Relative: pytest splits its option at blanks, and the path of a clone may have one.
COMPILED := .tocsin/compiled

# The image installs two parts of requirements.lock, each a lock of its own: pip checks the hashes of
# a whole file, and cannot take a part of one.
RESOLVE := $(BIN)/uv pip compile --quiet --generate-hashes --no-header --no-emit-index-url \
	--no-emit-find-links --universal --python-version $(OLDEST_PYTHON)
SITE := .tocsin/docs

.DEFAULT_GOAL := help
.PHONY: help setup format check schemas docs test simulation histories data-torture repeat mutants compiled bench demo delivery-torture torture stack stack-down audit lock clean
# Two targets at a time would build the same environment twice.
.NOTPARALLEL:

help: ## List what can be made
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-15s%s\n", $$1, $$2 }'

setup: $(INSTALLED) ## Make .venv with the locked dependencies

$(INSTALLED): requirements.lock pyproject.toml lab/pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python $(OLDEST_PYTHON) or newer is needed, and none was found on the PATH."; \
		echo "Install one, or name it: make PYTHON=/path/to/python3 ..."; exit 1; }
	@test -x $(BIN)/python || { echo "Making .venv with $$($(PYTHON) --version)"; $(PYTHON) -m venv $(VENV); } || { \
		rm -rf $(VENV); echo "The venv module is missing (on Debian: apt install python3-venv)."; exit 1; }
	@echo "Installing the locked dependencies into .venv (a minute or two the first time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock || { \
		echo "Installing failed. pip uses its own settings for index, proxy and certificates: check the network, then run make again."; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable . --editable ./lab 2>$(VENV)/install.log || { cat $(VENV)/install.log; exit 1; }
	@touch $@

format: $(INSTALLED) ## Rewrite the sources in the project's format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

check: $(INSTALLED) ## Format, lint, types, import contracts, documentation, and the tests that need no server
	@echo "Checking the format" && $(BIN)/ruff format --check --quiet .
	@echo "Checking the style" && $(BIN)/ruff check --quiet .
	@echo "Checking the types" && $(BIN)/mypy
	@echo "Checking who imports whom" && $(BIN)/lint-imports
	@$(MAKE) --no-print-directory docs
	@echo "Running the tests that need no server" && $(BIN)/python -m pytest -q --numprocesses auto --dist worksteal $(addprefix --ignore=,$(ONE_PROCESS_TESTS)) $(QUICK_TESTS) $(ARGS)
	@$(BIN)/python -m pytest -q $(ONE_PROCESS_TESTS)

schemas: $(INSTALLED) ## Write the schemas and the reference pages that are made from the code
	@$(BIN)/python -m tests.contract.event_documents
	@$(BIN)/python -m tests.contract.documents
	@$(BIN)/python -m tests.reference

# From the beginning each time: a page that did not change would not repeat its warnings.
docs: $(INSTALLED) ## Build the documentation as a searchable site in .tocsin/docs
	@echo "Building the documentation"
	@$(BIN)/sphinx-build --quiet --fresh-env --fail-on-warning --keep-going --builder html docs $(SITE)
	@echo "The documentation is in $(SITE)/index.html"

test: check ## Everything: check, the compiled core, then the tests on a real Kafka and PostgreSQL
	@if command -v "$${CC:-cc}" >/dev/null; then $(MAKE) --no-print-directory compiled; \
		else echo "There is no C compiler: the compiled core is not tested"; fi
	@echo "Running the tests on a real Kafka and PostgreSQL (45 MB of jars are fetched the first time)"
	@$(BIN)/python -m pytest -q --numprocesses 2 --dist loadfile $(SERVER_TESTS) $(ARGS)

simulation: $(INSTALLED) ## Ten thousand seeded histories of the machinery; ARGS="--seed N" replays one
	@$(BIN)/python -m tests.simulation --seeds 10000 $(ARGS)

histories: $(INSTALLED) ## Fifty thousand borrowers' histories in disorder; ARGS="--examples 500 --seed 7"
	@$(BIN)/python -m tests.histories --examples 50000 $(ARGS)

data-torture: $(INSTALLED) ## 200,000 events at the edges of the contract; ARGS="--events 2000 --seed 7"
	@$(BIN)/python -m tests.data_torture --events 200000 $(ARGS)

repeat: $(INSTALLED) ## Run a suite on real servers many times; ARGS="--suite servers --times 5 --busy"
	@$(BIN)/python -m tests.repeat $(ARGS)

mutants: $(INSTALLED) ## Remove each safety line in a copy and see a test fail; ARGS="--only NAME" for one
	@$(BIN)/python -m tests.mutants $(ARGS)

compiled: $(INSTALLED) ## Compile the pure core in a copy, and run its tests on it; needs a C compiler
	@$(BIN)/python deploy/compile_core.py $(COMPILED)
	@echo "Running the tests of the core on its compiled copy"
	@TESTED_CORE=compiled $(BIN)/python -m pytest -q --numprocesses auto --dist worksteal -o pythonpath="$(COMPILED) ." $(addprefix --ignore=,$(ONE_PROCESS_TESTS)) $(CORE_TESTS) $(ARGS)
	@TESTED_CORE=compiled $(BIN)/python -m pytest -q -o pythonpath="$(COMPILED) ." $(ONE_PROCESS_TESTS)

bench: $(INSTALLED) ## Measure speed and cost, compiled where there is a C compiler; ARGS="--events 200000"
	@$(BIN)/python deploy/compile_core.py $(COMPILED) && export PYTHONPATH="$(CURDIR)/$(COMPILED)" || echo "Measuring the interpreted core"; $(BIN)/tocsin bench $(ARGS)

demo: $(INSTALLED) ## Play a bank through the whole system; ARGS=--once ends by itself
	@$(BIN)/tocsin demo $(ARGS)

delivery-torture: $(INSTALLED) ## Kill three dispatchers while receivers fail; ARGS="--profile full"
	@$(BIN)/python -m tests.delivery_torture $(ARGS)

torture: $(INSTALLED) ## Kill, pause and crash the system, then hold it to its promises; ARGS="--profile full"
	@$(BIN)/python -m tests.chaos $(ARGS)

stack: $(INSTALLED) ## Start Kafka and PostgreSQL on this machine and leave them running
	@$(BIN)/tocsin stack up --data $(STACK_DATA)

stack-down: $(INSTALLED) ## Stop what `make stack` started; the data stays
	@$(BIN)/tocsin stack down --data $(STACK_DATA)

audit: $(INSTALLED) ## Look the locked dependencies up in the vulnerability database
	@$(BIN)/pip-audit --require-hashes --requirement requirements.lock

lock: $(INSTALLED) ## Resolve the Python dependencies and Kafka's jars again
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(RESOLVE) pyproject.toml lab/pyproject.toml --all-extras --no-emit-package tocsin --upgrade --output-file requirements.lock
	@$(RESOLVE) pyproject.toml --extra tables --constraint requirements.lock --output-file requirements-product.lock
	@$(RESOLVE) --group build --constraint requirements.lock --output-file requirements-build.lock
	@$(BIN)/tocsin stack lock

clean: ## Remove .venv, caches and the local stacks' data; stop the stacks first
	@for each in .tocsin/*/stack.json; do test ! -e "$$each" || $(BIN)/tocsin stack down --data "$${each%/stack.json}"; done
	@rm -rf $(VENV) .tocsin .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
