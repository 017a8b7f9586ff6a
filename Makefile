# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Each target creates the virtual environments that it needs: .venv for nox, and the environments of nox in .nox.

# If this is set, as in many containers, each process compiles Ansible again.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
RUN := $(VENV)/bin/python tests/tools/run.py

.DELETE_ON_ERROR:
.PHONY: help test test-all packages test-long mutants lint sanity unit outside browser molecule docs artefact walk awx awx_jobs image ee changelog demo demo-acme simulator bench clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z]/ && NF == 2 {printf "%-10s %s\n", $$1, $$2}' Makefile

test: $(VENV)/bin/nox ## Run the tests for each change, in five minutes on two idle cores. Lists the tests that were not run.
	$(RUN) --session test

test-all: packages test ## Run all tests, also those that start containers or a browser, in 15 minutes.
	REST=1 $(RUN)

packages: $(VENV)/bin/nox ## Install the servers that tests start. Requires root, and lists them otherwise.
	$(VENV)/bin/nox --session $@

test-long: $(VENV)/bin/nox ## Run all tests on each version of ansible-core, with all cases and mutants. Takes hours.
	LONG=1 $(RUN)

mutants: $(VENV)/bin/nox ## Run the mutation tests of the code that makes decisions. FILES="_store/apply.py" selects files.
	$(VENV)/bin/nox --session $@ -- $(FILES)

lint: ## Check style, types, licenses, the changelog, and the workflows.
sanity: ## Run ansible-test sanity. CORE=2.18 selects a version of ansible-core, also for the targets below.
unit: ## Run the unit tests, and the tests of the modules against the simulator.
outside: ## Test the promises to users through playbooks.
browser: ## Test the HTML report in a browser.
molecule: ## Run the roles and playbooks end to end with Molecule.
docs: ## Check the documentation, and build the site in .docs.
artefact: ## Test the built artifact of the collection.
walk: ## Run the commands of the README as a new user.
awx: ## Test the playbooks that set up AWX.
awx_jobs: ## Test the playbooks of playbooks/awx the way AWX runs them.
image: ## Build and test the execution environment. Requires root.
lint sanity unit outside browser molecule docs artefact walk awx awx_jobs image: $(VENV)/bin/nox
	$(RUN) --session $@

ee: $(VENV)/bin/nox ## Build the execution environment without a registry, and list the orders of a simulated account in it.
	$(VENV)/bin/nox --session $@

changelog: $(VENV)/bin/nox ## Generate the changelog of a release from the changelog fragments.
	$(VENV)/bin/nox --session $@

demo: $(VENV)/simulator ## Demonstrate the whole workflow on a simulated account.
	$(VENV)/bin/python -m examples.demo

demo-acme: $(VENV)/bin/nox ## Demonstrate how a certificate that certbot renewed gets to a load balancer. As root, installs the required packages.
	$(VENV)/bin/nox --session $@

simulator: $(VENV)/simulator ## Start a simulated account for your own trials, and print the settings to use it. Ctrl-C stops it.
	$(VENV)/bin/python -m tests.simulator --serve

bench: $(VENV)/simulator ## Measure the performance with large accounts. BENCH="--profile quick" takes less time.
	$(VENV)/bin/python -m tests.tools.benchmark $(BENCH)

clean: ## Remove all files that the other targets created.
	rm -rf .venv .nox .bench .demo .demo-acme .docs .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache tests/output

$(VENV)/bin/python:
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --upgrade pip

$(VENV)/bin/nox: | $(VENV)/bin/python
	@echo "Installing nox into $(VENV). This happens once and takes about 20 seconds."
	$(VENV)/bin/pip install --quiet 'nox[uv]>=2026.10.20'

$(VENV)/simulator: requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing Ansible and the libraries into $(VENV). This happens once and takes about 20 seconds."
	$(VENV)/bin/pip install --quiet --requirement requirements.txt --group simulator ansible-core
	touch $@
