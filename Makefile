# `make` alone shows what there is.
PYTHON ?= python3
BIN := $(CURDIR)/.venv/bin
DEMO := demo/my-adaptive-moe

# cookiecutter copies whatever lies in the template's folder, so what runs there must leave nothing behind.
export PYTHONDONTWRITEBYTECODE := 1
export MYPY_CACHE_DIR := $(CURDIR)/.venv/cache/mypy
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/.venv/cache/hypothesis
export RUFF_NO_CACHE := true
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test soak lint docs

help: ## show this
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

demo: .venv/ready ## scaffold the default project into demo/ and train it: replaces demo/, takes about five minutes
	rm -rf demo
	"$(BIN)/cookiecutter" . --no-input --default-config --output-dir demo > /dev/null
	cd $(DEMO) && "$(BIN)/python" train.py fit
	@echo
	@echo "The project is in $(DEMO). From here, its curves: .venv/bin/tensorboard --logdir $(DEMO)/runs"

test: .venv/ready lint ## check and test the template, and the project that it holds in place
	cd template && OMP_NUM_THREADS=1 "$(BIN)/python" -m pytest -p no:cacheprovider -n 2 --dist worksteal -m "not soak"
	OMP_NUM_THREADS=1 "$(BIN)/python" -m pytest -p no:cacheprovider -n 2 --dist worksteal

soak: .venv/ready ## what takes hours: resumes, kills, every task, policy and order; five hundred bakes, and all tests of one
	cd template && "$(BIN)/python" -m pytest -p no:cacheprovider -m soak
	cd template && "$(BIN)/python" -m pytest -p no:cacheprovider $$(find tests -name "soak_*.py")
	"$(BIN)/python" -m pytest -p no:cacheprovider --hypothesis-profile soak tests/test_answers.py tests/soak_bake.py tests/soak_config.py

lint: .venv/ready ## format, style and types
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	cd template && "$(BIN)/mypy"
	"$(BIN)/mypy"

docs: .venv/ready ## the pages of docs/ as a site, on http://127.0.0.1:8000
	NO_MKDOCS_2_WARNING=1 "$(BIN)/mkdocs" serve

.venv/ready: constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else \
	  f"Python is {v[0]}.{v[1]}, and 3.11 or newer is needed: name one, for example make demo PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	"$(BIN)/pip" install -r constraints.txt
	touch $@
