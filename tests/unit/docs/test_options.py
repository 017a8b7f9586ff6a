# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every option is described, and shown in an example; every returned key is described."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import jinja2
import pytest
from jinja2 import nodes

from tests.support.pages import (
    FILTERS,
    GUIDES,
    INVENTORIES,
    MODULES,
    PLUGIN_PAGES,
    PREFIX,
    READMES,
    ROOT,
    Page,
    documented_options,
    page_of_file,
    page_of_plugin,
    pages,
    plugin_source,
    role_entry_points,
    role_options,
)

ROLES = ("ssl_fulfillment", "ssl_rotation", "ssl_rotation_schedule")
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
CALLBACKS = sorted(path.stem for path in (ROOT / "plugins/callback").glob("*.py"))
NAMES = {*MODULES, *FILTERS, *INVENTORIES, *CALLBACKS, *ROLES, *PLAYBOOKS, "softlayer"}
"""What a name that begins with the collection's may stand for; the last is the action group."""


SCHEDULED = {
    f"ssl_rotation_schedule_{name}" for name in ("scheduler", "overwrite", "bin", "collections", "credentials")
}
"""Variables of the role that the playbook `schedule` has no short name for."""


def variables_of(role: str, *phases: str) -> set[str]:
    """Return the variables of a role, or of some of its phases, without the prefix."""
    return {name.removeprefix(f"{role}_") for phase in phases or ["main"] for name in role_options(phase, role)}


@pytest.mark.parametrize(("kind", "name"), PLUGIN_PAGES)
def test_every_option_is_described(kind: str, name: str) -> None:
    assert list(undescribed(documented_options(kind)[name])) == []


@pytest.mark.parametrize("name", MODULES)
def test_every_returned_key_is_described(name: str) -> None:
    assert list(undescribed_keys(plugin_source("module", name)["RETURN"])) == []


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_of_a_role_is_described(role: str) -> None:
    for entry_point in role_entry_points(role):
        assert list(undescribed(role_options(entry_point, role))) == [], entry_point


@pytest.mark.parametrize("name", MODULES)
def test_every_option_of_the_module_has_an_example(name: str) -> None:
    own = plugin_source("module", name)["DOCUMENTATION"].get("options", {})
    assert sorted(paths(own) - shown_by_module(name)) == []


def test_every_shared_option_has_an_example() -> None:
    own = set[str]().union(*(plugin_source("module", name)["DOCUMENTATION"].get("options", {}) for name in MODULES))
    shared = set[str]().union(*(documented_options("module")[name] for name in MODULES)) - own
    assert sorted(shared - set[str]().union(*map(shown_by_module, MODULES))) == []


@pytest.mark.parametrize("name", INVENTORIES)
def test_every_option_of_the_inventory_plugin_has_an_example(name: str) -> None:
    shown = {option for document in page_of_plugin("inventory", name).documents() for option in document}
    assert sorted(documented_options("inventory")[name].keys() - shown) == []


@pytest.mark.parametrize("name", FILTERS)
def test_every_option_of_the_filter_has_an_example(name: str) -> None:
    source = plugin_source("filter", name)["DOCUMENTATION"]
    positions = [part.strip() for part in source.get("positional", "").split(",")]
    shown = {"_input"}
    for text in texts(list(page_of_plugin("filter", name).documents())):
        for call in filters_in(text):
            if call.name == PREFIX + name:
                shown |= {*positions[: len(call.args)], *(argument.key for argument in call.kwargs)}
    assert sorted(source["options"].keys() - shown) == []


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_of_a_role_has_an_example(role: str) -> None:
    everything = "\n".join(block.text for path in (*READMES, *GUIDES) for block in page_of_file(path).blocks)
    shown = set(re.findall(rf"\b({role}_\w+)[:=]", everything))
    assert sorted(role_options(role=role).keys() - shown) == []


@pytest.mark.parametrize(
    ("guide", "heading", "names"),
    [
        (
            "guide_lets_encrypt",
            "Variables of the rotation",
            {"source", *(f"ssl_rotation_{name}" for name in variables_of("ssl_rotation"))},
        ),
        ("guide_lets_encrypt", "Deploy the first certificate", {"source", "common_name", "listener", "listeners"}),
        (
            "guide_lets_encrypt",
            "Schedule the rotation",
            {"source", "target", "state", "time", "prefix", *SCHEDULED},
        ),
        ("guide_deploy", "Deploy and verify daily", variables_of("ssl_rotation", "deploy", "verify", "clean_up")),
        (
            "guide_request_email",
            "Variables of the playbooks",
            variables_of("ssl_fulfillment") - {"phases", "wait"},  # which the playbooks set
        ),
        ("guide_check_account", "Check an account before you trust it", {"test_store", "wait_timeout"}),
    ],
)
def test_a_guide_has_a_table_of_the_variables_of_each_playbook(guide: str, heading: str, names: set[str]) -> None:
    text = (ROOT / f"docs/docsite/rst/{guide}.rst").read_text(encoding="utf-8")
    [tables] = re.findall(rf"^{heading}\n[=~-]+\n(.*?)(?=^\S[^\n]*\n[=~-]{{3,}}$|\Z)", text, re.MULTILINE | re.DOTALL)
    rows = "\n".join(re.findall(r"^ {3}\* - .*\n(?: {5,}.*\n)*", tables, re.MULTILINE))
    assert sorted(names - set(re.findall(r"``(\w+)``", rows))) == []


@pytest.mark.parametrize("page", [page for page in pages() if " _" not in page.name], ids=lambda page: page.name)
def test_a_page_names_nothing_that_there_is_not(page: Page) -> None:
    """Plugins, roles and playbooks; options, and the variables of the roles."""
    text = "\n".join(block.text for block in page.blocks)
    assert set(re.findall(rf"\b{re.escape(PREFIX)}(\w+)", text)) <= NAMES
    known = set[str]().union(*(role_options(role=role) for role in ROLES)) | {f"{role}_result" for role in ROLES}
    assert set(re.findall(rf"\b(?<!\.)(?:{'|'.join(ROLES)})_\w+", text)) <= known
    for name, options in tasks_in(list(page.documents())):
        own = {option for option in set_in(options) if option in options or "." in option}  # the others stand in lists
        assert own <= paths(documented_options("module")[name]), name


def tasks_in(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Modules and the options that they are given, wherever they stand in a document."""
    if isinstance(value, dict):
        for name, part in value.items():
            if (module := name.removeprefix(PREFIX)) in MODULES and isinstance(part, dict):
                yield module, part
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from tasks_in(part)


def undescribed(options: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Options, and options of options, without a description."""
    for name, option in options.items():
        if not "".join(option.get("description") or ()).strip():
            yield path + name
        yield from undescribed(option.get("suboptions") or option.get("options") or {}, f"{path}{name}.")


def undescribed_keys(returned: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Returned keys without a description, and without a sample or a description of each key that they contain.

    A list or dict may instead refer to the module that describes it.
    """
    for name, entry in returned.items():
        is_dict = "dict" in {entry["type"], entry.get("elements")}
        description = "".join(entry.get("description") or ())
        is_complete = entry.get("contains") or "as M(" in description if is_dict else "sample" in entry
        if not description.strip() or not is_complete:
            yield path + name
        yield from undescribed_keys(entry.get("contains") or {}, f"{path}{name}.")


def paths(options: Mapping[str, Any], path: str = "") -> set[str]:
    """The names of options, those of options as in `imap.host`; what is in a list is named by itself."""
    found = set()
    for name, option in options.items():
        found.add(path + name)
        below = f"{path}{name}." if option["type"] == "dict" else path
        found |= paths(option.get("suboptions") or {}, below)
    return found


def shown_by_module(name: str) -> set[str]:
    """The options that a module's examples set."""
    found = set()
    for tasks in page_of_plugin("module", name).documents():
        for task in tasks:
            found |= set(set_in(task.get(PREFIX + name) or {}))
    return found


def set_in(options: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The names of options that are set, in the manner of `paths`."""
    for name, value in options.items():
        yield path + name
        if isinstance(value, dict):
            yield from set_in(value, f"{path}{name}.")
        elif isinstance(value, list):
            for part in value:
                if isinstance(part, dict):
                    yield from set_in(part, path)


def texts(value: Any) -> Iterator[str]:
    """All strings in a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts(part)


def filters_in(text: str) -> Iterator[nodes.Filter]:
    """The filters in a template, or in an expression as `that` takes one."""
    environment = jinja2.Environment()
    try:
        parsed = environment.parse(text if "{{" in text else f"{{{{ {text} }}}}")
    except jinja2.TemplateSyntaxError:  # words
        return
    yield from parsed.find_all(nodes.Filter)
