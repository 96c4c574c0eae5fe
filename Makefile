# Everything starts from here, from nothing but Python 3.11 and a package registry.
#   make demo    install, curate the embedded sources, train a small model on them, say what came of it
#   make test    install, test (under twelve minutes on two cores)

PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
export DO_NOT_TRACK := 1
export KEDRO_DISABLE_TELEMETRY := 1
export MLFLOW_DISABLE_TELEMETRY := true

.PHONY: demo test proof check format viz viz-site mlflow bench bench-train docs clean

demo: $(VENV)/.installed-train
	@$(BIN)/kedro run --pipeline=curate
	@$(BIN)/kedro run --pipeline=finetune

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not proof" $(ARGS)

proof: $(VENV)/.installed-test  ## the long ones: all kill tests, big data, many ranks (up to an hour)
	$(BIN)/python -m pytest -m proof $(ARGS)

check: $(VENV)/.installed-dev  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

viz: $(VENV)/.installed  ## the DAG in the browser
	$(BIN)/kedro viz run

viz-site: $(VENV)/.installed  ## the DAG as a static site, with previews of what is made: build/viz-site
	rm -rf build
	$(BIN)/kedro viz build --include-previews
	mv build viz-site && mkdir build && mv viz-site build/

mlflow: $(VENV)/.installed  ## the runs in the browser
	MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false $(BIN)/mlflow ui --workers 1 --backend-store-uri sqlite:///mlflow.db

bench: $(VENV)/.installed-bench  ## against the peers, in one run each
	$(BIN)/python -m benchmarks

bench-train: $(VENV)/.installed-bench  ## finetune against TRL's SFTTrainer
	$(BIN)/python -m benchmarks.training

docs: $(VENV)/.installed-docs
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) build dist site

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# One stamp for each set of extras: a changed pyproject.toml installs again, nothing else does.
$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-%: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[$*]"
	@touch $@ $(VENV)/.installed
