# The course as a pipeline: chapters are executed once, and the book, the results page, the Colab editions and
# the second run of the tests are all made from that execution. make and file dates decide what is out of date.
# Kept to what make 3.81 knows, which is what macOS ships.

PYTHON       ?= python3
COLAB_PYTHON ?= python3.12
JOBS         ?= $(shell $(PYTHON) -c 'import os; print(os.cpu_count() or 1)' 2>/dev/null)
PORT         ?= 8000
CONSTRAINTS  ?= constraints.txt

BIN        := .venv/bin
INSTALLED  := .venv/installed
BENCH      := .venv-bench
LIKE_COLAB := .venv-colab
SLUGS      := $(sort $(basename $(notdir $(wildcard chapters/*.ipynb))))
EXECUTED   := $(SLUGS:%=_build/executed/%.ipynb)
COLAB      := $(SLUGS:%=_build/colab/%.ipynb)
PAGES      := $(filter-out README.md CONTRIBUTING.md,$(wildcard *.md generated/*.md)) _config.yml _toc.yml
HELPERS    := $(shell find helpers apps -name '*.py' 2>/dev/null)
# One build at a time: a second one waits for its turn, and then finds done what the first has done.
LOCKED     := $(BIN)/python -m book.lock
# A run in a chapter's own process uses one thread, so that chapters run side by side without disturbing each
# other and print the same numbers on any number of cores.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: help venv execute book colab pdf test test-corners test-peers run preview lint format strip lock links \
    try-colab bench weigh clean distclean

help: ## Show this list
	@echo "Executable PyTorch. What make can do:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# --- the environment -------------------------------------------------------------------------------------------

venv: $(INSTALLED) ## Create .venv with everything the course needs (the other targets do it by themselves)

$(INSTALLED): requirements.txt constraints.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else "Python 3.11 or newer is needed, and $(PYTHON) is %d.%d. Name another one: make PYTHON=/path/to/python3" % v[:2])'
	@echo "Installing the packages of requirements.txt into .venv (once; a minute or two)"
	@CONSTRAINTS=$(CONSTRAINTS) $(PYTHON) -m book.lock sh book/running/install.sh $(PYTHON)
	@touch $@

lock: ## Resolve both requirements.txt anew and write constraints.txt
	@$(PYTHON) -m venv _build/lock
	@_build/lock/bin/python -m pip install --quiet --disable-pip-version-check uv
	@_build/lock/bin/uv pip compile --quiet --universal --upgrade --python-version 3.11 --no-annotate --no-header \
	    --no-emit-package course-helpers requirements.txt benchmarks/requirements.txt --output-file _build/lock/resolved.txt
	@{ echo "# Every package at one version, for Linux and macOS, Python 3.11 to 3.13. Written by: make lock"; \
	   cat _build/lock/resolved.txt; } > constraints.txt
	@echo "constraints.txt holds $$(grep -c == constraints.txt) pins"

# --- the book --------------------------------------------------------------------------------------------------

execute: $(INSTALLED) # every chapter that is out of date, several at once
	@$(LOCKED) $(MAKE) --silent --keep-going -j$(JOBS) $(EXECUTED)

_build/executed/%.ipynb: chapters/%.ipynb constraints.txt book/execute.py book/notebooks.py book/running/imports.py | $(INSTALLED)
	@$(ONE_THREAD) $(BIN)/python -m book.execute $*

# Which files of helpers a chapter uses: written by each execution, so a change there reruns those chapters alone.
-include $(wildcard _build/executed/*.d)

book: execute ## Run the chapters and render the book to _build/html/index.html
	@$(LOCKED) $(MAKE) --silent -j$(JOBS) _build/html/index.html
	@echo "The book is at _build/html/index.html"

_build/html/index.html: $(EXECUTED) $(COLAB) $(PAGES) references.bib \
    $(wildcard _static/* _static/fonts/* book/*.py book/*/*.* results/*.json results/benchmarks/*.json)
	@$(BIN)/python -m book.build

colab: execute ## Make the Colab edition of every chapter in _build/colab/
	@$(LOCKED) $(MAKE) --silent $(COLAB)
	@echo "The Colab editions are in _build/colab/: upload one to Colab, and choose Runtime, Run all"

_build/colab/%.ipynb: _build/executed/%.ipynb book/colab.py book/notebooks.py book/sphinx_extensions/folds.py pyproject.toml $(HELPERS)
	@$(BIN)/python -m book.colab $*

pdf: book ## Print the book with Chromium to _build/book.pdf
	@$(BIN)/python -m book.pdf

preview: book ## Serve the book on 127.0.0.1 (PORT=8000)
	@echo "http://127.0.0.1:$(PORT)/ (Ctrl-C stops it)"
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

run: $(INSTALLED) ## Run one chapter with your parameters: make run CHAPTER=concepts ARGS="-p seed 1"
	@$(BIN)/python -m book.run "$(CHAPTER)" $(ARGS)

# --- checks ----------------------------------------------------------------------------------------------------

TEST_ARGS ?=
# In the order given, the longest files first: by itself xdist would leave those of few but long tests to the end.
PYTEST := $(ONE_THREAD) $(BIN)/python -m pytest -p tests.strict_nbval -n $(JOBS) --dist loadfile --no-loadscope-reorder \
    --nbval --nbval-current-env --nbval-sanitize-with tests/sanitize.cfg --nbval-cell-timeout 300

test: book colab ## Run the tests, and every chapter a second time, as on Colab, comparing all it prints and draws
	@$(PYTEST) $(COLAB) tests -m "not corners" $(TEST_ARGS)

# Apart from the others: they would take a third more time with this third run of every chapter.
test-corners: $(INSTALLED) ## Run every chapter with each of its numbers at the lowest value that it allows
	@$(PYTEST) --dist load tests/chapters/test_corners.py $(TEST_ARGS)

test-peers: $(BENCH)/installed ## Run the tests that need Lightning and transformers, in the environment of make bench
	@PEERS=required $(ONE_THREAD) $(BENCH)/bin/python -m pytest -p tests.strict_nbval tests/helpers/doctor/frameworks $(TEST_ARGS)

lint: $(INSTALLED) ## Check style, formatting, types of helpers, and that notebooks carry no outputs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/nbstripout --verify --keep-id $(wildcard chapters/*.ipynb) </dev/null

format: $(INSTALLED) ## Format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

strip: $(INSTALLED) ## Remove outputs from the notebooks, keeping the cells' ids
	@$(BIN)/nbstripout --keep-id $(wildcard chapters/*.ipynb) </dev/null

links: book ## Ask the other hosts that the pages name whether their links are alive (needs a network)
	@$(BIN)/python -m book.external_links

try-colab: colab $(LIKE_COLAB)/installed ## Run every Colab edition in a Python that holds only what Colab brings (5 GB)
	@$(BIN)/python -m book.try_colab $(LIKE_COLAB)/bin/python

$(LIKE_COLAB)/installed: book/running/colab-runtime.txt
	@echo "Installing what Colab brings into $(LIKE_COLAB)"
	@$(COLAB_PYTHON) -m venv $(LIKE_COLAB)
	@$(LIKE_COLAB)/bin/python -m pip install --quiet --disable-pip-version-check -r book/running/colab-runtime.txt
	@touch $@

BENCHMARKS := batches training_loop cnn_step augmentation text_batches attention_step unet_step reinforcement service doctor scaling

bench: $(BENCH)/installed ## Time what the course builds beside its peers; the tables go to results/benchmarks/
	@set -e; for name in $(BENCHMARKS); do $(ONE_THREAD) $(BENCH)/bin/python benchmarks/$$name.py; done

weigh: book ## Measure size, speed and layout shift of every page; the table goes to results/benchmarks/
	@PYTHONPATH=. $(BIN)/python benchmarks/pages.py

# The peers see the course's packages through a path file, so torch is installed once.
$(BENCH)/installed: $(INSTALLED) benchmarks/requirements.txt
	@echo "Installing the benchmark's peers into $(BENCH)"
	@$(PYTHON) -m venv $(BENCH)
	@$(BIN)/python -c 'import os, sysconfig; print(sysconfig.get_path("purelib"), os.getcwd(), sep="\n")' \
	    > "$$($(BENCH)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/course.pth"
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt -c $(CONSTRAINTS)
	@touch $@

clean: ## Remove all that was built, and keep .venv
	@rm -rf _build

distclean: clean ## Remove .venv too
	@rm -rf .venv $(BENCH) $(LIKE_COLAB) .pytest_cache .mypy_cache .ruff_cache .hypothesis
