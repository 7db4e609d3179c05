# Two commands do everything: `make run` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
export PYTHONPATH := $(CURDIR)
PYTEST_ARGS ?=
# The invented unit of the demonstration; DEMO=0 runs your own (see docs/operators.md).
export DEMO ?= 1

.PHONY: run test setup setup-test check bench pictures plans lock clean

run: setup
	@$(BIN)/flask --app app run-planroom

setup:
	@$(PYTHON) tools/setup.py

setup-test:
	@$(PYTHON) tools/setup.py --test

# The checks run beside what the set-up waits for.
test:
	@$(PYTHON) tools/setup.py --test --check
	@$(BIN)/python tools/test.py $(PYTEST_ARGS)

check:
	@echo "[planroom] ruff, mypy, import-linter"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q . || { echo "run: $(BIN)/ruff format ."; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup-test
	@$(BIN)/python -m tests.benchmarks

# The pictures of README.md and docs/, taken from the running demonstration.
pictures: setup-test
	@$(BIN)/python -m tools.pictures

# The fifteen texts as a table, with every fault of the library; also build/plans.json.
plans: setup
	@$(BIN)/python -m tools.plans

lock: setup-test
	@$(BIN)/python -m pip install -q --require-hashes -r requirements-tools.lock
	@$(BIN)/python tools/lock.py

clean:
	rm -rf .venv node_modules build static/build workflows/_bundle
