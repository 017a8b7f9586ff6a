# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Each target makes what it needs: a virtual environment in .venv for nox, and nox's own in .nox.

# Where this is set, as containers like to, every process would compile all of Ansible anew.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
RUN := $(VENV)/bin/python tests/tools/run.py

.DELETE_ON_ERROR:
.PHONY: test test-fast test-long mutants lint sanity unit outside browser molecule docs artefact walk awx awx_jobs image ee changelog demo demo-acme bench clean

test: $(VENV)/bin/nox ## Run everything.
	$(RUN)

test-fast: $(VENV)/bin/nox ## Run what is quick, for while one works: lint, types, pure code.
	$(RUN) --session fast

test-long: $(VENV)/bin/nox ## Run everything, on every version of ansible-core, and once with all cases, more kills and fuzzing, vectors and mutants: hours.
	LONG=1 $(RUN)

mutants: $(VENV)/bin/nox ## See which slips in the code that decides about harm the pure tests notice; FILES="_apply/creates.py" for some.
	$(VENV)/bin/nox --session $@ -- $(FILES)

lint sanity unit outside browser molecule docs artefact walk awx awx_jobs image: $(VENV)/bin/nox ## Run one kind of test; CORE=2.18 for one version of ansible-core. docs leaves the site in .docs.
	$(RUN) --session $@

ee: $(VENV)/bin/nox ## Build the execution environment, with no registry, and list the orders of a simulated account in it.
	$(VENV)/bin/nox --session $@

changelog: $(VENV)/bin/nox ## Turn changelog fragments into the changelog of a release.
	$(VENV)/bin/nox --session $@

demo: $(VENV)/simulator ## Show the whole job on a simulated fleet.
	$(VENV)/bin/python -m examples.demo

demo-acme: $(VENV)/bin/nox ## Show how a certificate that certbot renews gets to a load balancer; as root, install what it needs.
	$(VENV)/bin/nox --session $@

bench: $(VENV)/simulator ## Measure what large fleets cost; BENCH="--profile quick" for less.
	$(VENV)/bin/python -m tests.tools.benchmark $(BENCH)

clean: ## Remove all that the other targets made.
	rm -rf .venv .nox .bench .demo .demo-acme .docs .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache tests/output

$(VENV)/bin/python:
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --upgrade pip

$(VENV)/bin/nox: | $(VENV)/bin/python
	@echo "Installing what runs the targets into $(VENV): once, and it takes some 20 seconds"
	$(VENV)/bin/pip install --quiet 'nox[uv]'

$(VENV)/simulator: requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing Ansible and the libraries into $(VENV): once, and it takes some 20 seconds"
	$(VENV)/bin/pip install --quiet --requirement requirements.txt --group simulator ansible-core
	touch $@
