# Everything runs in a virtual environment that is made on first use; see `make help`.

# The folder of the environment.
VENV = .venv
# The Python to make it with; empty: a Python 3.10 is looked for, the only one that Lava runs on.
# (`=`, not `?=`: a variable PYTHON of the shell is not meant for us, only `make PYTHON=…` is.)
PYTHON =

BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test notebooks docs fuzz loops nightly test-dl check lint format clean venv

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1  /p' Makefile
	@echo "  options: PYTHON=/path/to/python VENV=folder (another Python, in an environment of its own)"

demo: $(VENV)/.installed ## install lava-ed and run its demonstration
	$(BIN)/lava-ed demo
	@echo "To use the command lava-ed in this shell:  . $(BIN)/activate"

test: lint ## lint, check types, run the tests (about ten minutes on two cores)
	@echo "Running all tests, notebooks included: about ten minutes on two cores"
	$(BIN)/python -m pytest -n 2 --dist worksteal --nbmake --nbmake-timeout=600

notebooks: $(VENV)/.installed-notebooks ## open the tutorials in JupyterLab
	$(BIN)/jupyter lab tutorials

# Links into the repository, as mkdocs.yml says.
SITE_SOURCE = build/site-source
docs: $(VENV)/.installed-docs ## build the documentation site, build/site; warnings are errors
	rm -rf $(SITE_SOURCE) && mkdir -p $(SITE_SOURCE)
	for part in README.md CONTRIBUTING.md CHANGELOG.md docs tutorials results deploy; do ln -s ../../$$part $(SITE_SOURCE)/$$part; done
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "open build/site/index.html"

nightly: SEED = $(shell date +%s)
nightly: $(VENV)/.installed-dev ## compare thousands of random graphs with Lava's own models; SEED=n repeats a night
	NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=$(VENV)/checked-kernels $(BIN)/python -m pytest tests/engine/test_bounds.py --timeout 0
	@echo "seed $(SEED)"
	$(BIN)/python -m pytest tests/engine/test_stock_parity.py -k stock_models \
	  --hypothesis-profile nightly --hypothesis-seed $(SEED) --timeout 0

loops: $(VENV)/.installed-dev ## make the engine's loops from the ops that its families declare
	$(BIN)/python tools/make_loops.py

fuzz: MUTANTS = 10000
fuzz: $(VENV)/.installed-dev ## read thousands of damaged files of every format; MUTANTS=n FORMATS="config.json …"
	PYTHONPATH=tests $(BIN)/python -m fuzz.run --mutants $(MUTANTS) $(FORMATS)

test-dl: $(VENV)-dl/.installed ## run the tests that compare with lava-dl, in an environment of its own (several GB)
	$(VENV)-dl/bin/python -m pytest -m dl -p no:cacheprovider

check: format ## as test, after formatting
	@$(MAKE) --no-print-directory test

lint: $(VENV)/.installed-dev ## lint and check types, changing nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-dev ## format the sources
	$(BIN)/ruff format .

# lava-dl pins an older pytest than the other tests need, so it gets an environment of its own.
$(VENV)-dl/.installed: pyproject.toml
	@sh tools/make-venv.sh "$(VENV)-dl" "$(PYTHON)"
	$(VENV)-dl/bin/python -m pip install --quiet --disable-pip-version-check -e ".[dl]" hypothesis pytest-timeout
	@touch $@

clean: ## remove caches and build products; the environment stays
	rm -rf build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find lava_ed tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Phony, so that the environment is checked in every run, not only before an installation.
venv:
	@sh tools/make-venv.sh "$(VENV)" "$(PYTHON)"

# The stamps record what is installed; pip runs again only after a change of pyproject.toml.
# `| venv` means: check the environment first, but do not reinstall because of that.
$(VENV)/.installed: pyproject.toml | venv
	$(PIP) -e .
	@touch $@

# The development tools come on top of the package, so this installation counts for both.
$(VENV)/.installed-dev: pyproject.toml | venv
	$(PIP) -e ".[dev]"
	@touch $(VENV)/.installed $@

$(VENV)/.installed-docs: pyproject.toml | venv
	$(PIP) -e ".[docs]"
	@touch $(VENV)/.installed $@

$(VENV)/.installed-notebooks: pyproject.toml | venv
	$(PIP) -e ".[notebooks]"
	@touch $(VENV)/.installed $@
