.DEFAULT_GOAL := help
.PHONY: help install format lint types test test-all docs bench

help:  ## show what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  %-10s %s\n", $$1, $$2}'

install:  ## install the locked environment and the commit hooks
	uv sync --locked
	uv run --frozen pre-commit install

format:  ## format the code and mend what the linter can
	uv run --frozen ruff check --fix .
	uv run --frozen ruff format .

lint:  ## check formatting and lint, changing nothing
	uv run --frozen ruff format --check .
	uv run --frozen ruff check .

types:  ## check types
	uv run --frozen mypy

test:  ## run the tests (minutes)
	uv run pytest

test-all:  ## run the slow tests too
	uv run pytest -m ""

docs:  ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 uv run --frozen mkdocs build --strict

bench:  ## run every benchmark, one after the other
	@set -e; for benchmark in benchmarks/*.py; do echo "== $$benchmark"; uv run --frozen python "$$benchmark"; done
