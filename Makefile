# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Each target makes what it needs: a virtual environment in .venv for nox, and nox's own in .nox.

# Where this is set, as containers like to, every process would compile all of Ansible anew.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
RUN := $(VENV)/bin/python tests/tools/run.py

.DELETE_ON_ERROR:
.PHONY: help test test-fast test-long mutants lint sanity unit outside browser molecule docs artefact walk awx awx_jobs image ee changelog demo demo-acme bench clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z]/ && NF == 2 {printf "%-10s %s\n", $$1, $$2}' Makefile

test: $(VENV)/bin/nox ## Run everything.
	$(RUN)

test-fast: $(VENV)/bin/nox ## Run what is quick, for while one works: lint, types, pure code.
	$(RUN) --session fast

test-long: $(VENV)/bin/nox ## Run everything, on every version of ansible-core, and once with all cases, more kills and fuzzing, vectors and mutants: hours.
	LONG=1 $(RUN)

mutants: $(VENV)/bin/nox ## See which slips in the code that decides about harm the pure tests notice; FILES="_store/apply.py" for some.
	$(VENV)/bin/nox --session $@ -- $(FILES)

lint: ## Check style, types, licenses, the changelog and the workflows.
sanity: ## Run ansible-test sanity; CORE=2.18, here and below, for one version of ansible-core.
unit: ## Run the unit tests, and the modules against the simulator.
outside: ## Attack the promises to users through playbooks.
browser: ## Test the report in a browser.
molecule: ## Run the roles and the playbooks, end to end.
docs: ## Check the documentation site, and build it in .docs.
artefact: ## Test the built collection.
walk: ## Follow the README as a newcomer.
awx: ## Test the playbooks that set up AWX.
awx_jobs: ## Run the playbooks of playbooks/awx as AWX runs them.
image: ## Build and test the execution environment, as root.
lint sanity unit outside browser molecule docs artefact walk awx awx_jobs image: $(VENV)/bin/nox
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
