# Everyday commands; `make help` lists them. Every recipe can be killed and run again.
PYTHON ?= python3
STACK  ?= dev
VENV   := .venv
PY     := $(VENV)/bin/python
# Where tests are marked `integration`: to look through the others takes longer than some of them.
REAL   := tests/integration tests/conformance tests/cluster

# Each of the hundreds of commands that these start would compile the project again.
unit integration bench: export PYTHONDONTWRITEBYTECODE :=

# Inside another make, `make env` must still print nothing but what the shell is to evaluate.
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help up preview down clean env status test lint unit integration bench

help:  ## list the commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

up: $(VENV)/run  ## local cluster and registry where the stack asks for them, image, deployment; prints the URL
	@$(PY) -m deploy up $(STACK) --yes

preview: $(VENV)/run  ## what `make up` would change
	@$(PY) -m deploy preview $(STACK)

status: $(VENV)/run  ## the local cluster: each part, its health, its log
	@$(PY) -m cluster status

down: $(VENV)/run  ## stop the local cluster; data is kept
	@$(PY) -m cluster down

clean: $(VENV)/run  ## delete the local cluster and dev's state, together
	@$(PY) -m deploy clean dev

env: $(VENV)/run  ## what `pulumi` and `kubectl` need: eval "$$(make env)"
	@$(PY) -m deploy env $(STACK)

test: lint unit integration  ## every check and every test, on real parts

lint: $(VENV)/test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports --no-cache
	$(VENV)/bin/mypy

unit: $(VENV)/test
	$(PY) -m pytest -q -n 3 --dist worksteal -m "not integration"

integration: $(VENV)/test
	$(PY) -m pytest -v -n 4 --dist loadfile --no-loadscope-reorder -m "integration and not alone" --durations=12 $(REAL)
	$(PY) -m pytest -v -m "integration and alone" $(REAL)

bench: $(VENV)/test  ## time the everyday commands
	$(PY) -m bench

# A virtual environment is ready when its stamp is newer than what it was made from.
$(VENV)/run: requirements.txt
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "python3-venv is missing; installing it with apt-get" >&2; \
		export DEBIAN_FRONTEND=noninteractive; install="apt-get install -y --no-install-recommends python3-venv"; \
		{ $$install || { apt-get update && $$install; }; } >&2; }
	@echo "Preparing Python packages in $(VENV) ..." >&2
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/test: $(VENV)/run requirements-dev.txt app/requirements.txt
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -r app/requirements.txt
	@touch $@
