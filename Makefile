# Everything a checkout needs: `make demo` and `make test` set up what they use and remember it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# How many processes share the tests.
PROCESSES ?= 2

.PHONY: help demo test test-long test-model browser check gate lock clean
help:
	@echo "make demo        set up, get the model, analyse a real article and show the page"
	@echo "make test        set up and run the tests"
	@echo "make test-long   the tests that kill at random moments, run many processes at once or a whole bench"
	@echo "make test-model  the tests that run the embedded language model end to end"
	@echo "make browser     install Chromium from Debian's packages, for the tests of the pages (skipped without)"
	@echo "make check       formatting, lint and types"
	@echo "make gate        every suite of the evaluation, on recorded answers, held against the gates"
	@echo "make lock        renew the lock files"

$(VENV)/bootstrap: requirements-bootstrap.lock
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "Rhyme needs Python 3.11 to 3.13: set PYTHON=python3.11")'
	@echo "Setting up $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock
	@touch $@

$(VENV)/runtime: $(VENV)/bootstrap requirements.lock pyproject.toml
	@echo "Installing the pinned dependencies …"
	@$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev: $(VENV)/runtime requirements-dev.lock
	@echo "Installing what the tests need …"
	@$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

demo: $(VENV)/runtime
	@$(BIN)/rhyme models pull
	@$(BIN)/rhyme demo

test: $(VENV)/dev
	@$(BIN)/rhyme models pull --embedder
	@$(BIN)/python -m pytest -q -n $(PROCESSES) --dist worksteal

test-long: $(VENV)/dev
	@$(BIN)/rhyme models pull --embedder
	@$(BIN)/python -m pytest -q -m long -n $(PROCESSES) --dist worksteal

test-model: $(VENV)/dev
	@$(BIN)/rhyme models pull
	@$(BIN)/python -m pytest -q -m model

browser:
	@command -v chromium >/dev/null || (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null)

check: $(VENV)/dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

gate: $(VENV)/dev
	@$(BIN)/rhyme models pull --embedder
	@$(BIN)/rhyme eval all --replay --gate --quiet

lock: $(VENV)/bootstrap
	@$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate requirements-bootstrap.in -o requirements-bootstrap.lock
	@$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --extra dev --extra evals --extra postgres pyproject.toml -o requirements-dev.lock
	@$(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate -c requirements-dev.lock pyproject.toml -o requirements.lock

clean:
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
