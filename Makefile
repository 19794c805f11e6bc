# Two commands: `make` builds the environment and every result, `make test` builds the environment and checks them all.

# Any Python from 3.11 to 3.14: make PYTHON=python3.12
PYTHON ?= python3
BIN := .venv/bin

# The stages run `python` as dvc.yaml says it: let that be the environment's.
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: all environment test lock pdf audit-dependencies r-tables coverage change benchmark benchmark-weighting \
	benchmark-waves benchmark-big-wave benchmark-reliability benchmark-pythons
# Settings and codebooks first: DVC itself would say what is wrong with them in many lines, or stages later. Then only
# whether anything has changed, which `dvc status` knows sooner than `dvc repro`; and all pipelines, since that is all
# that there is and DVC then reads dvc.yaml once instead of twice.
all: environment
	$(BIN)/python -m pipeline.app check
	@if $(BIN)/python -m dvc status --quiet; then echo "Nothing has changed: every result is up to date."; \
		else $(BIN)/python -m dvc repro --all-pipelines; fi

environment: .venv/project.stamp

# Every package at the version, and every file with the hash, that requirements.lock says. A changed lock starts an
# empty environment, so that nothing of the former one stays behind.
.venv/lock.stamp: requirements.lock
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 14) or sys.exit("Python 3.11 to 3.14 is needed; this is %d.%d: make PYTHON=python3.12" % v)'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	touch $@

.venv/project.stamp: .venv/lock.stamp pyproject.toml
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Two processes at a time, each file's tests in one of them; the slow files, which rebuild everything, come first.
test: environment
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

# The printed edition of each wave, pdf/YEAR.pdf, from the page that is on the screen. Needs Chromium; not
# kept in git, since it holds the time at which it was made.
CHROMIUM ?= chromium
pdf: environment
	mkdir -p pdf
	for wave in reports/waves/*/; do \
		$(CHROMIUM) --headless --no-sandbox --disable-gpu --no-pdf-header-footer --virtual-time-budget=10000 \
			--print-to-pdf="pdf/$$(basename "$$wave").pdf" "file://$(CURDIR)/$${wave}index.html" || exit 1; \
	done

# After a change of the dependencies in pyproject.toml; needs uv.
lock:
	uv pip compile --quiet --universal --fork-strategy fewest --generate-hashes --python-version 3.11 --extra test \
		--no-emit-index-url --no-header --no-annotate pyproject.toml -o requirements.lock

# Known weaknesses of the locked packages, as of today. Needs the network, and installs pip-audit beside the project.
audit-dependencies:
	$(PYTHON) -m venv --clear .venv-audit
	.venv-audit/bin/python -m pip install --quiet pip-audit
	.venv-audit/bin/python -m pip_audit --require-hashes --disable-pip --requirement requirements.lock

# After a change of the 2014 wave: what R's survey package makes of it, for the tests that hold the estimates to it.
# Needs R and the package (Debian: r-base-core, r-cran-survey); the tests themselves do not.
r-tables: environment
	$(BIN)/python tests/r/wave.py
	$(BIN)/python tests/r/change.py
	cd tests/r && Rscript estimates.R && Rscript api.R && Rscript wave.R && Rscript change.R

# Where the time of a cold run goes, of the contradictions as reports grow, and how near to exact the bounds are: the
# tables of docs/performance.md and a sentence of docs/methodology.md.
benchmark: environment
	$(BIN)/python benchmarks/cold_repro.py
	$(BIN)/python benchmarks/one_process.py
	$(BIN)/python benchmarks/contradictions.py
	$(BIN)/python benchmarks/all_contradictions.py
	$(BIN)/python benchmarks/exact_bounds.py

# Weighting and estimating beside R's survey package: writes a table of docs/performance.md. Needs R and the package.
benchmark-weighting: environment
	$(BIN)/python benchmarks/weighting.py

# How the tests of change do on pairs of waves whose change is known: writes reports/tracker/pairs*.csv and tables of
# docs/methodology.md.
change: environment
	$(BIN)/python -m dvc repro weight
	$(BIN)/python benchmarks/changes.py

# What a wave costs, up to twenty of them: writes a table of docs/performance.md. Some ten minutes.
benchmark-waves: environment
	$(BIN)/python benchmarks/waves.py

# A wave of up to a million respondents, beside plain pandas and R: writes tables of docs/performance.md. Half an hour
# and 8 GB of memory. R's side needs R and its packages survey and data.table, and is left out without them.
benchmark-big-wave: environment
	$(BIN)/python benchmarks/big_wave.py

# What the tests of determinism, faults and `tracker verify` see: writes the tables of docs/reliability.md.
benchmark-reliability: environment
	$(BIN)/python benchmarks/reliability.py

# Whether other Pythons give the same bytes: writes a table of docs/reliability.md. make benchmark-pythons PYTHONS=python3.13
PYTHONS ?= python3.12 python3.13 python3.14
benchmark-pythons: environment
	$(BIN)/python benchmarks/pythons.py $(PYTHONS)

# How often the intervals cover, by simulation: writes reports/2014/coverage*.csv and a table of docs/methodology.md.
coverage: environment
	$(BIN)/python -m dvc repro weight
	$(BIN)/python benchmarks/intervals.py
