# Two commands for the demo's visitor and the developer; `make help` lists all.
.DEFAULT_GOAL := help
.PHONY: help demo test chaos check lock build clean

PYTHON ?= python3
BIN := .venv/bin
OUT ?= dist
UV := $(PYTHON) infra/uv.py
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header $(LOCK_OPTIONS)

help: ## List what can be made
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8

demo: ## Start the whole platform with simulated bins and open the live map
	@$(PYTHON) infra/bootstrap.py demo
	@$(BIN)/angkut demo

test: ## Run every test: page, unit, integration, end to end
	@$(PYTHON) infra/bootstrap.py dev
	@bash infra/test-parts.sh
	@bash infra/test-page.sh
	@bash infra/test-python.sh $(BIN)/pytest

chaos: ## Kill ingest, broker, database 30 times each, and jobs in every phase; KILLS=, SEED=
	@$(PYTHON) infra/bootstrap.py dev
	ANGKUT_TEST_KILLS=$(or $(KILLS),30) ANGKUT_TEST_SEED=$(or $(SEED),1) $(BIN)/pytest tests/chaos \
		tests/integration/backend/jobs/test_phases.py

check: ## Lint, formatting, types and import rules
	@$(PYTHON) infra/bootstrap.py dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

lock: ## Renew requirements/*.txt; LOCK_OPTIONS=--upgrade takes newer versions
	@$(PYTHON) infra/bootstrap.py dev
	$(LOCK) requirements/tools.in --output-file requirements/tools.txt
	$(LOCK) pyproject.toml --extra demo --output-file requirements/demo.txt
	$(LOCK) pyproject.toml --extra demo --group dev --constraints requirements/demo.txt \
		--output-file requirements/dev.txt

build: ## Make the wheel and the source archive in dist/
	@$(PYTHON) infra/bootstrap.py dev
	$(UV) build --build-constraints requirements/tools.txt --out-dir $(OUT)

clean: ## Remove what was made here; the data in angkut-data stays
	rm -rf .venv .test-parts dist build backend/angkut_backend/static backend/web/node_modules
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
