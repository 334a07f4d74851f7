# Everything runs in .venv, made on first use. PYTHON=python3.12 picks another interpreter.
PYTHON ?= python3
BIN := .venv/bin
MARK := .venv/.installed
# Pages whose examples are run; with two processes on two cores more threads only wait for each other.
PAGES := $(addprefix docs/,$(addsuffix .rst,index should_i_distil guide omics paired unpaired survival ecosystem data))

.PHONY: demo install test lint types docs readme doctest site wheel oldest newest audit figures clean

demo: $(MARK)
	$(BIN)/python -m skcmkd

install: $(MARK)

test: $(MARK)
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

lint: $(MARK)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(MARK)
	$(BIN)/mypy skcmkd

docs: $(MARK)
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

# README.md from its template and the stored results.
readme: $(MARK)
	$(BIN)/python docs/_ext/stored_results.py

doctest: $(MARK)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -q -p no:cacheprovider --doctest-glob='*.rst' $(PAGES)

# Links, figures, search and two screen widths of the built pages, in Chromium.
site: $(MARK)
	$(BIN)/python docs/check_site.py

wheel: $(MARK)
	rm -rf dist
	$(BIN)/python -m build --installer pip --outdir dist .
	$(BIN)/python -m twine check --strict dist/*

# The packed sources, unpacked, with the lower bounds of pyproject.toml; with the newest releases.
oldest: wheel
	.ci/with_versions oldest

newest: wheel
	.ci/with_versions newest

audit: $(MARK)
	$(BIN)/pip-audit --progress-spinner off --no-deps --disable-pip --requirement constraints.txt

figures: $(MARK)
	$(BIN)/python benchmarks/remake_figures.py

clean:
	rm -rf .venv dist docs/_build docs/generated docs/examples

$(MARK): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("skcmkd needs Python 3.11 or newer; this is %s. Try: make PYTHON=python3.12" % sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python cannot make virtual environments here. On Debian: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[tests,docs,dev]'
	touch $@
