# Every target makes what it needs: on a fresh machine, the virtual environment from the pinned requirements.
# PYTHON=/path/to/python chooses the interpreter of a new environment.

.DEFAULT_GOAL := help
.PHONY: help demo demos test quick check format coverage mutation bench docs reference notebooks pictures requirements soak clean
export PYTHON
# A network is many processes, and its tests start thousands: each would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
BUILD := build
QUICK := base exact kernel modules engines drivers store sdk tidy test_micro.py test_wire.py

help: ## these lines
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## four hospitals train a diagnosis model together; then anyone checks it
	@tools/environment run
	@$(BIN)/consortia demo health

demos: ## every story, one after the other, each checked; NAME=fraud runs one
	@tools/environment test
	@tools/environment traffic
	@$(BIN)/python -m tools.demos $(NAME)

# More workers than the smallest machine has cores: many tests wait for the clocks of the processes they started.
test: ## every test, on a fresh machine too
	@tools/environment test
	@tools/axe
	@$(PYTEST) -q -n 3 --dist worksteal --durations=25

quick: ## the inner loop, under a minute: the law, the arithmetic, the store and the house rules
	@tools/environment test
	@CONSORTIA_TESTS=quick $(PYTEST) -q -x -m "not slow" $(addprefix tests/,$(QUICK))

check: ## style, types, layers and house rules
	@tools/environment test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(PYTEST) -q tests/tidy

format: ## put the code into its one form
	@tools/environment test
	@$(BIN)/ruff check --fix --exit-zero --quiet .
	@$(BIN)/ruff format --quiet .

coverage: ## which branches the tests leave out, by package; OF="base kernel" asks their own tests alone
	@tools/environment test
	@mkdir -p $(BUILD)/coverage && rm -f $(BUILD)/coverage/data*
	@$(BIN)/python -m coverage run -m pytest -q $(foreach room,$(OF),tests/$(room))
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m tools.coverage $(OF)

mutation: ## small faults put into the law, and how many the tests notice; half an hour; SAMPLE=40 tries fewer
	@tools/environment test
	@$(BIN)/python -m tools.mutation --write $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED))

bench: ## the figures, each beside its peer; ONLY=ledger.full_path runs one
	@tools/environment test
	@tools/environment traffic
	@tools/peers
	@$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY))

docs: reference ## the documentation, as pages under site/
	@tools/environment docs
	@$(BIN)/zensical build --clean

reference: ## the reference pages, from the declarations
	@tools/environment test
	@$(BIN)/python -m tools.reference

notebooks: ## run the notebooks of the docs and keep what they give
	@tools/environment test
	@$(BIN)/python -m tools.notebooks

pictures: ## the pictures of the console in docs/pictures, taken anew; needs Chromium
	@tools/environment test
	@CONSORTIA_TESTS_PICTURES=$(CURDIR)/docs/pictures $(PYTEST) -q tests/node/console/test_pictures.py

requirements: ## pin the requirements anew
	@tools/environment test
	@tools/requirements

soak: ## the long programmes; hours
	@tools/environment test
	@CONSORTIA_TESTS=nightly $(PYTEST) -q -m "soak or not soak"

clean: ## remove what was made, the environment included
	@rm -rf .venv $(BUILD) dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
