PYTHON ?= python3
BIN    := .venv/bin
LISTS  := $(wildcard tests/colab-*.txt)

# An environment that was made in another folder, or by another Python than it finds or than is named, is made anew.
VERSION := import sys; print("%d.%d" % sys.version_info[:2], end=" ")
MADE    := $(shell sed -n 's/^version = \([0-9]*\.[0-9]*\).*/\1/p; s/^command = .* -m venv \(--clear \)*//p' .venv/pyvenv.cfg 2>/dev/null)
FOUND   := $(shell $(BIN)/python -c '$(VERSION); print(sys.prefix)' 2>/dev/null)
NAMED   := $(if $(filter file,$(origin PYTHON)),$(firstword $(FOUND)),$(strip $(shell $(PYTHON) -c '$(VERSION)' 2>/dev/null)))
ifneq "$(MADE) $(NAMED)" "$(FOUND) $(firstword $(FOUND))"
CLEAR   := --clear
.PHONY: .venv/.ready
endif

.PHONY: lab test test-colab book notebooks address absorb wheel bench

lab: .venv/.ready        ## open JupyterLab on the lessons
	$(BIN)/jupyter lab --notebook-dir=notebooks

test: .venv/.ready       ## run every test: library, notebooks in both languages, site
	$(BIN)/python -m pytest

test-colab: .venv/.ready ## run every lesson with the versions of Colab: the published list, the oldest, the newest
	$(BIN)/python tests/twin.py $(LISTS)

book: .venv/.ready       ## build the site into book/_build/html
	$(BIN)/jupyter-book build book -W -n --keep-going

notebooks: .venv/.ready  ## rebuild ja/ and en/ from lessons/ on the full MNIST, and every link from pyproject.toml
	$(BIN)/python notebooks/address.py
	$(BIN)/python notebooks/build.py

address: .venv/.ready    ## move the course: make address URL=https://github.com/OWNER/NAME/tree/BRANCH
	$(BIN)/python notebooks/address.py $(if $(URL),"$(URL)")
	$(BIN)/python notebooks/build.py

absorb: .venv/.ready     ## take an edited notebook back into its lesson: make absorb NOTEBOOK=path [OPTIONS=--check]
	$(BIN)/python notebooks/absorb.py "$(NOTEBOOK)" $(OPTIONS)

wheel: .venv/.ready      ## build dist/*.whl, the same bytes from the same commit
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m pip wheel -q --no-deps --wheel-dir dist .

bench: book              ## measure the site in Chromium, and the course beside the original notebook (OPTIONS=--full: three seeds); write the book's tables
	$(BIN)/python tests/benchmarks/site.py
	$(BIN)/python tests/benchmarks/speed.py $(OPTIONS)

.venv/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "$(PYTHON): $$($(PYTHON) -V 2>&1). \
	Python 3.11 以上を入れ、それを指定してください / Install Python 3.11 or newer, and name it: PYTHON=python3.12 make $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(CLEAR) .venv
	@if $(BIN)/python -m pip install -q uv; then $(BIN)/uv pip install -q --python $(BIN)/python -e '.[dev]'; \
	else $(BIN)/python -m pip install -q -e '.[dev]'; fi
	@touch $@
