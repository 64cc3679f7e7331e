# Longwatch: `make demo` and `make test` need Python 3.11+, make and a C library; each makes its own environment.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := runtime/requirements.lock
DEV_LOCK := runtime/requirements-dev.lock

.PHONY: help demo pictures test statistics simulate properties check lint types imports docs errors states fuzz tamper faults bench lock clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

# The environment to run: only what Longwatch needs. Hashes are checked, no address is named.
$(VENV)/.run: $(LOCK) pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(LOCK)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# The environment to test: the same, and the test tools.
$(VENV)/.dev: $(DEV_LOCK) pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(DEV_LOCK)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@ $(VENV)/.run

demo: $(VENV)/.run ## the whole job on the bundled study
	$(BIN)/longwatch demo

test: $(VENV)/.dev ## the tests
	$(BIN)/pytest -n 2 --dist loadgroup

statistics: $(VENV)/.dev ## the statistics against other programs, all random cases
	STATISTICS_CASES=1000 $(BIN)/pytest -q tests/spec/stats

simulate: $(VENV)/.dev ## 500 trials of known truth: do intervals hold it; goes on where it stopped; writes docs/simulation.md
	$(BIN)/python -m tools.simulate

properties: $(VENV)/.dev ## the same data in another order is no news: 1,000 cases
	LONGWATCH_PROPERTY_CASES=1000 $(BIN)/pytest -n 2 -q --durations=0 tests/integration/validations/test_no_false_news.py

check: lint types imports docs test ## everything that must hold before a commit

lint: $(VENV)/.dev ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev ## strict typing
	$(BIN)/mypy

imports: $(VENV)/.dev ## the import contract
	$(BIN)/lint-imports

docs: $(VENV)/.dev ## the documents say what the code does
	$(BIN)/pytest -q tests/architecture/test_documents.py

errors: $(VENV)/.dev ## docs/errors.md from the code
	$(BIN)/python -m tools.error_catalogue

fuzz: $(VENV)/.dev ## broken files given to the readers; writes docs/fuzz.md
	$(BIN)/python -m tools.fuzz

tamper: $(VENV)/.dev ## ten thousand tamperings with audit trail and archive; writes docs/tampering.md
	$(BIN)/python -m tools.tampering

faults: $(VENV)/.dev ## killed at every step, stores and disks that fail at every call; writes docs/faults.md
	$(BIN)/python -m tools.faults
	LONGWATCH_FAULTS=all $(BIN)/pytest -q tests/faults

states: $(VENV)/.dev ## docs/finding-states.md from the code
	$(BIN)/python -m tools.finding_states

pictures: $(VENV)/.dev ## pictures of the demo's pages for the README (needs pdftoppm)
	$(BIN)/python -m tools.pictures

bench: $(VENV)/.dev ## times and memory, side by side with the floor
	$(BIN)/python -m bench

lock: ## resolve the lock files anew (needs uv)
	cd runtime && uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras requirements.in -o requirements.lock
	cd runtime && uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras -c requirements.lock requirements-dev.in -o requirements-dev.lock

clean: ## remove the environment and what the tools leave
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
