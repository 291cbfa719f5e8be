# Everything is run through bin/uv, which brings uv and picks the interpreter; `make help` lists the targets.
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

UV := bin/uv
RUN := $(UV) run --frozen
PACKAGES := streamscore adapters producer scorer trainer embedded cli
PYTHON_FILES := $(PACKAGES) tests benchmarks

# One after another, so that the messages of one check are not mixed with those of the next.
.NOTPARALLEL:

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

.PHONY: demo
demo: .venv/installed ## The whole path on this machine, live. DATA=FILE, SOURCE=NAME, ARGS='...'
	@$(RUN) streamscore demo $(if $(DATA),--data "$(DATA)") $(if $(SOURCE),--source "$(SOURCE)") $(ARGS)

.PHONY: test
test: .venv/installed ## The tests. ARGS='tests/unit -k name'
	@$(RUN) pytest -n 2 --dist loadfile $(ARGS)

.PHONY: check
check: format-check lint types imports docs lock ## Format, lint, types, layers, documents, lock file

.PHONY: fmt
fmt: .venv/installed ## Format, and mend what the linter can
	@$(RUN) ruff check --fix --quiet .
	@$(RUN) ruff format .

.PHONY: bench
bench: .venv/installed ## Benchmarks: all, or NAME=x. Exits 1 where a bar is missed
	@$(RUN) python -m benchmarks $(NAME) $(ARGS)

.PHONY: torture
torture: .venv/installed ## The long fault tests
	@$(RUN) pytest -m torture --timeout=1800 $(ARGS)

.PHONY: format-check lint types imports docs lock
format-check: .venv/installed
	@$(RUN) ruff format --check .

lint: .venv/installed
	@$(RUN) ruff check .

types: .venv/installed
	@$(RUN) mypy

imports: .venv/installed
	@$(RUN) lint-imports --no-logo

docs: .venv/installed
	@$(RUN) pytest --quiet -m "not e2e" tests/docs

lock: .venv/installed
	@$(UV) lock --check --quiet || { echo "uv.lock is not what pyproject.toml asks for: run bin/uv lock" >&2; exit 1; }

# The packages, with their bytecode: several processes start at once later, and each would compile them.
.venv/installed: pyproject.toml uv.lock bin/uv
	@echo "Installing the locked packages and compiling them; on a new machine this takes some minutes"
	@$(UV) sync --frozen --compile-bytecode
	@touch $@
