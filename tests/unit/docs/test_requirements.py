# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is imported is declared, and what is declared is the same wherever users read it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

import pytest

from tests.support.pages import GUIDES, PLUGIN_PAGES, READMES, ROOT, documented

PLUGINS = "ansible_collections.softlayer.certificates.plugins."
WITH_ANSIBLE = {"ansible", "ansible_collections", "jinja2", "markupsafe", "yaml"}
"""What nobody has to install beside ansible-core."""
DISTRIBUTIONS = {
    **dict.fromkeys(("ibm_cloud_sdk_core", "ibm_secrets_manager_sdk"), "ibm-secrets-manager-sdk"),
    "imap_tools": "imap-tools",
    "prometheus_client": "prometheus-client",
    "sqlalchemy": "SQLAlchemy",
}
"""How the index calls what is imported by another name."""
BY_URL = "psycopg"
"""Imported by SQLAlchemy, for the URL of a ledger."""
CALLS_NOTHING = "ssl_certificate_report"
"""The module that calls no API, as the filters."""
NOT_BY_FILTERS = {"SoftLayer", "requests", "urllib3", "SQLAlchemy", "certifi"}
"""What filters import with others' code and never use: they call no API, and keep no ledger."""
FOR_FEW = {BY_URL, "ibm-secrets-manager-sdk", "prometheus-client"}
"""What pages tell to install only where they tell of what needs it."""
BROUGHT_BY_OTHERS = {"certifi", "idna", "requests", "urllib3"}
"""What `pip install SoftLayer` installs as well."""
REQUIREMENT = re.compile(r"([\w-]+)(?:\[\w+\])? ?>= ?([\d.]+)(?: \(.+\))?")


def required() -> dict[str, str]:
    """The libraries in requirements.txt, and their least versions."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return versions([line for line in lines if line and not line.startswith("#")])


def versions(requirements: list[str]) -> dict[str, str]:
    """What requirements name, each with its least version less zeros at the end."""
    found = [REQUIREMENT.fullmatch(requirement) for requirement in requirements]
    assert all(found), f"no least version, or more than that: {requirements}"
    return {match[1]: re.sub(r"(\.0)+$", "", match[2]) for match in found if match}


@cache
def libraries(path: Path) -> frozenset[str]:
    """The libraries that a file imports, by itself and by way of the collection's own code."""
    found, seen, left = set[str](), set[Path](), [path]
    while left:
        here = left.pop()
        seen.add(here)
        for name in imported(here):
            if name.startswith(PLUGINS):
                there = ROOT / "plugins" / f"{name.removeprefix(PLUGINS).replace('.', '/')}.py"
                left += [there] if there.is_file() and there not in seen else []
            else:
                found.add(name.partition(".")[0])
    return frozenset(DISTRIBUTIONS.get(name, name) for name in found - WITH_ANSIBLE - sys.stdlib_module_names)


@cache
def imported(path: Path) -> tuple[str, ...]:
    """The full names of what a file imports, wherever it does."""
    return tuple(names_in(path))


def names_in(path: Path) -> Iterator[str]:
    """The same, one after the other."""
    package = PLUGINS + ".".join(path.relative_to(ROOT / "plugins").parent.parts)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def test_every_imported_library_is_a_requirement_and_no_other() -> None:
    used = set[str]().union(*map(libraries, ROOT.glob("plugins/**/*.py")))
    assert used | {BY_URL} == required().keys()


@pytest.mark.parametrize(("kind", "name"), PLUGIN_PAGES)
def test_every_module_and_plugin_documents_what_it_imports(kind: str, name: str) -> None:
    needed = set(libraries(source(kind, name)))
    needed |= {BY_URL} if "SQLAlchemy" in needed else set()
    needed -= NOT_BY_FILTERS | {BY_URL} if kind == "filter" or name == CALLS_NOTHING else set()
    told = versions(documented(kind)[name]["requirements"])
    assert told.pop("python") == oldest_python()
    assert told.pop("Jinja2", None) == ("3" if name == CALLS_NOTHING else None)  # on other machines than Ansible's own
    assert told == {library: required()[library] for library in needed}


def source(kind: str, name: str) -> Path:
    """The file that a plugin is in; one filter shares that of another."""
    folder = ROOT / "plugins" / {"module": "modules"}.get(kind, kind)
    path = folder / f"{name}.py"
    return path if path.exists() else folder / "fulfillment_report.py"


def oldest_python() -> str:
    """What ansible-test takes for the oldest Python of the modules."""
    found = re.search(r"python_requires: '>=([\d.]+)'", (ROOT / "tests/config.yml").read_text(encoding="utf-8"))
    assert found
    return found[1]


@pytest.mark.parametrize(
    "path",
    [path for path in (*READMES, *GUIDES) if "pip install 'SoftLayer" in path.read_text(encoding="utf-8")],
    ids=lambda path: path.name,
)
def test_pages_install_what_is_required(path: Path) -> None:
    for command in re.findall(r"pip install ('SoftLayer.*)$", path.read_text(encoding="utf-8"), re.MULTILINE):
        told = versions(re.findall(r"'(.+?)'", command))
        needed = {name: version for name, version in required().items() if name not in FOR_FEW | BROUGHT_BY_OTHERS}
        assert told == needed


def test_pages_tell_no_other_versions() -> None:
    told = [name for path in (*READMES, *GUIDES) for name in re.findall(r"'([\w-]+>=[\d.]+)'", path.read_text("utf-8"))]
    assert set(versions(told)) == required().keys() - {BY_URL, *BROUGHT_BY_OTHERS}
    for requirement in told:
        assert versions([requirement]).items() <= required().items(), requirement


def test_it_is_reported_what_is_required() -> None:
    about = (ROOT / "docs/docsite/rst/guide_about.rst").read_text(encoding="utf-8")
    for text in (about, (ROOT / "README.md").read_text(encoding="utf-8")):
        assert f"Python {oldest_python()} or later" in text
    told = re.findall(r"^   \* - ([\w-]+)\n     - ([\d.]+)\n", about, re.MULTILINE)
    assert versions([f"{name} >= {version}" for name, version in told]) == required()
