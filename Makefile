# Every target installs what it needs first, into .venv, and does nothing twice.
PYTHON ?= python3
PORT ?= 8000
RESET ?=
BIN := .venv/bin
RUN := .venv/.installed-run
DEV := .venv/.installed-dev
SEMGREP := .venv-semgrep/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test check fuzz bench guards characteristics fairness screenshots pins sbom format messages

help: ## Say what there is to do
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 22

demo: $(RUN) ## Run it on invented data, at http://127.0.0.1:8000 (PORT=…, RESET=1 begins anew)
	@DEMO=1 VAR=var/demo exec $(BIN)/python manage.py demo --port $(PORT) $(if $(filter 1,$(RESET)),--reset)

test: $(DEV) ## Run all tests: SQLite, PostgreSQL, and a real browser
	@$(BIN)/python tests/run.py

check: $(DEV) $(SEMGREP) ## Look at style, types, floors, templates, migrations, and for known mistakes
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@DEBUG=1 $(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/djlint --check --lint --quiet templates
	@DEBUG=1 $(BIN)/python manage.py makemigrations --check --dry-run
	@DEBUG=1 $(BIN)/python manage.py check --fail-level WARNING
	@$(BIN)/bandit --quiet --configfile pyproject.toml --recursive alliance sessions_app manage.py gunicorn.conf.py
	@$(BIN)/python checks/own_rules.py
	@$(BIN)/python checks/no_secrets.py
	@echo "All checks are clean."

format: $(DEV) ## Lay out Python and templates as the checks want them
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .
	@-$(BIN)/djlint --reformat --quiet templates

fuzz: $(DEV) ## Give bad input to every address, and bend those of the clients' pages (FUZZ_CASES=…)
	@$(BIN)/python tests/public_paths.py 10000
	@$(BIN)/python -m tests.fuzz

bench: $(RUN) ## Measure the caseload at 14 and at 1,400 episodes, and the detector
	@$(BIN)/python bench/caseload.py
	@$(BIN)/python bench/detector.py

guards: $(RUN) ## Measure what guards hold: twenty answers at once, who has an account
	@$(BIN)/python bench/guards.py sends
	@$(BIN)/python bench/guards.py accounts

characteristics: $(RUN) ## Simulate how often the rules are right and wrong: docs/method/*.md
	@$(BIN)/python bench/characteristics.py
	@$(BIN)/python bench/evidence.py

fairness: $(RUN) ## Simulate how often a therapist is marked where all are alike: docs/method/fairness.md
	@$(BIN)/python bench/fairness.py

screenshots: $(DEV) ## Take the pictures of every page anew
	@$(BIN)/python tests/screenshots.py

messages: $(DEV) ## Gather the words to translate, and compile the translations
	@$(BIN)/python locale/messages.py

sbom: $(DEV) ## List what runs, with versions and digests, in CycloneDX: sbom.json
	@$(BIN)/cyclonedx-py requirements --output-reproducible --of JSON -o sbom.json requirements.txt
	@echo "sbom.json lists what runs."

pins: ## Resolve requirements*.in into pinned requirements with hashes
	@$(PYTHON) -m venv .venv-pins && .venv-pins/bin/pip -q install uv
	@for name in requirements requirements-dev requirements-semgrep; do \
	  .venv-pins/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	    --generate-hashes --no-emit-index-url --custom-compile-command "make pins" \
	    $$name.in -o $$name.txt; done
	@rm -rf .venv-pins

.venv/.made:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "There is no $(PYTHON): install Python 3.11 or later." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is older than Python 3.11: name a newer one, as in make PYTHON=python3.12." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python cannot make a virtual environment here: on Debian, apt-get install python3-venv." >&2; exit 1; }
	@echo "Making .venv …" >&2
	@$(PYTHON) -m venv --clear .venv
	@touch $@

$(RUN): requirements.txt | .venv/.made
	@echo "Installing what runs (about 60 MB) …" >&2
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(DEV): requirements-dev.txt $(RUN)
	@echo "Installing what tests (about 400 MB) …" >&2
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# Apart, because what semgrep pins would hold back the rest.
$(SEMGREP): requirements-semgrep.txt | .venv/.made
	@echo "Installing semgrep (about 250 MB) …" >&2
	@$(PYTHON) -m venv --clear .venv-semgrep
	@.venv-semgrep/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-semgrep.txt
	@touch $@
