# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An option is declared once, in an argument spec; documentation, role and playbooks have the same, no fewer and no more."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.softlayer.certificates.plugins.module_utils._base.options import (
    ArgumentSpec,
    build_concurrency_options,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.place import build_ledger_options
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.options import (
    build_api_options,
    build_selection_options,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.source import CLIENTS, SECRETS_MANAGER
from ansible_collections.softlayer.certificates.plugins.module_utils._store.options import build_import_options

from tests.support.pages import INVENTORIES, MODULES, PLUGINS, PREFIX, ROOT, documented_options, role_options

Options = Mapping[str, Mapping[str, Any]]

SPECS: dict[str, ArgumentSpec] = {
    name: importlib.import_module(f"{PLUGINS}.{folder}.{name}").SPEC
    for folder, names in (("modules", MODULES), ("inventory", INVENTORIES))
    for name in names
}
SHARED = (
    build_api_options()
    + build_ledger_options()
    + build_concurrency_options()
    + build_selection_options()
    + build_import_options()
)
OF_THEIR_OWN = {
    ("ssl_endpoint_info", "concurrency"): "of looks at endpoints, not of API calls",
    ("ssl_endpoint_info", "timeout"): "of the steps of a look",
    ("ssl_fulfillment_email_info", "trust"): "takes only what it can vouch for: no ignore, and require by default",
    ("ssl_certificate_deploy", "concurrency"): "of load balancers, not of calls",
    ("ssl_certificate_rotate", "trust"): "nobody looks at what it imports at night: no ignore, and require by default",
    ("secrets_manager_certificate", "certificates"): "have secrets' options, not those of the store",
    ("secrets_manager_certificate", "state"): "deletes nothing",
    ("ssl_certificate_report", "state"): "writes files, or only sees whether it could",
    ("ssl_orders", "gather_imported"): "groups are made of it, so it is looked up by default",
}
"""Options that differ from the shared ones of their name, and why."""


def kind(option: Mapping[str, Any]) -> tuple[Any, ...]:
    """What of an option has to be the same wherever it stands."""
    return option["type"], option.get("elements"), option.get("choices"), bool(option.get("no_log"))


def different(declared: Options, documented: Options, path: str = "") -> Iterator[str]:
    """In which options an argument spec differs from its documentation."""
    yield from (f"{path}{name} is not documented" for name in declared.keys() - documented.keys())
    yield from (f"{path}{name} is not declared" for name in documented.keys() - declared.keys())
    for name in sorted(declared.keys() & documented.keys()):
        one, other = declared[name], documented[name]
        for key in ("type", "elements", "choices", "default", "required"):
            if (one.get(key) or None) != (other.get(key) or None):
                yield f"{path}{name} has another {key}"
        inner = other.get("suboptions") or other.get("options") or {}
        yield from different(one.get("options", {}), inner, f"{path}{name}.")


@pytest.mark.parametrize("name", MODULES)
def test_a_module_documents_the_options_that_it_declares(name: str) -> None:
    assert list(different(SPECS[name].options, documented_options("module")[name])) == []


@pytest.mark.parametrize("name", INVENTORIES)
def test_the_inventory_plugin_documents_the_options_that_it_declares(name: str) -> None:
    """It has those of Ansible beside its own: of caches, and of what is constructed."""
    documented = documented_options("inventory")[name]
    own = SPECS[name].options
    assert list(different(own, {option: documented[option] for option in own.keys() & documented.keys()})) == []
    assert sorted(build_selection_options().options.keys() - own.keys()) == []


def test_what_lists_orders_takes_every_selection_option() -> None:
    shared = {**build_api_options().options, **build_selection_options().options}
    assert {name: SPECS["ssl_order_info"].options.get(name) for name in shared} == shared


@pytest.mark.parametrize("name", sorted(SPECS))
def test_options_of_one_name_are_one_option(name: str) -> None:
    others = {
        option: argument
        for option, argument in SPECS[name].options.items()
        if option in SHARED.options and argument != SHARED.options[option]
    }
    assert sorted(others) == [option for where, option in OF_THEIR_OWN if where == name]


# The role, and its tasks


SELECT, MAIL = "ssl_fulfillment_select", "ssl_fulfillment_mail"


def test_the_role_selects_by_every_selection_option() -> None:
    declared = {name: kind(option) for name, option in build_selection_options().options.items()}
    assert {name: kind(option) for name, option in role_options()[SELECT]["options"].items()} == declared


def test_the_role_reads_mailboxes_by_options_of_the_module() -> None:
    declared, given = SPECS["ssl_fulfillment_email_info"].options, role_options()[MAIL]["options"]
    wanted = {name: kind(declared[name])[:3] for name in given}
    assert {name: kind(option)[:3] for name, option in given.items()} == wanted


@dataclass(frozen=True)
class Call:
    """A task that calls a module of this collection."""

    file: str
    name: str
    module: str
    arguments: Mapping[str, Any]

    def passes(self, option: str) -> bool:
        """Whether it passes an option, if not in the dict that says which orders are meant."""
        return option in self.arguments or ("select" in self.arguments and option in build_selection_options().options)


class Loader(yaml.SafeLoader):
    """Reads what playbooks have in them, tags of Ansible included."""


Loader.add_multi_constructor("!", lambda _loader, _tag, node: node.value)  # type: ignore[no-untyped-call]


def calls() -> list[Call]:
    """All of the roles and the playbooks."""
    files = sorted([*ROOT.glob("roles/*/tasks/**/*.yml"), *ROOT.glob("playbooks/**/*.yml")])
    return [
        Call(str(path.relative_to(ROOT)), task["name"], name.removeprefix(PREFIX), task[name] or {})
        for path in files
        for task in tasks_in(yaml.load(path.read_text(encoding="utf-8"), Loader))
        for name in task
        if name.removeprefix(PREFIX) in MODULES
    ]


def tasks_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every task in a file of tasks or plays, also in blocks; what is in plays' variables is none, and calls no module."""
    if isinstance(value, list):
        for part in value:
            yield from tasks_in(part)
    elif isinstance(value, dict):
        yield value
        for key in ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"):
            yield from tasks_in(value.get(key))


ROLE_CALLS = [call for call in calls() if call.file.startswith("roles/")]
NOT_MEANT: dict[str, set[str]] = {
    "ssl_certificate_info": {"common_names", "expires_within_days"},  # of orders; the store is listed whole
    "ssl_fulfillment_email_info": {
        "order_ids",
        "account_id",
        "privatekey_passphrase",
    },  # it gets orders, as they were listed
}
"""Options of modules with names that the role's variables have, which these do not stand for."""
NOT_THERE = {
    "Check the mailbox before any email is requested": {
        *("max_age_days", "max_message_bytes", "trust", "wait", "wait_interval", "wait_timeout"),
    },  # it looks for nothing in it
    "Read the times of earlier requests from the ledger": {"force"},  # the report tells of the plan without it
}
"""Tasks of roles, and options that they do not need, though there are variables for these."""
IN_NO_ROLE = {
    "ssl_certificate_deploy",
    "ssl_endpoint_info",
    "ssl_certificate_export",
    "secrets_manager_certificate",
}
"""Modules that no role calls: what the first two do is a part of what ssl_certificate_rotate does, and each other is one task."""
OF_THE_ROLE_ALONE = {"report_path", "report_language", "metrics_path", "notify_command"}
"""Variables of the role ssl_rotation that are no options of its module."""
OF_THE_MODULE_ALONE = {"gather_certificates"}
"""Options of its module that the role sets by itself."""


def of_the_role(role: str) -> set[str]:
    """The names of all options that a role's variables may stand for."""
    variables = role_options(role=role)
    inner = [variables[name]["options"] for name in (SELECT, MAIL) if name in variables]
    return {name.removeprefix(f"{role}_") for name in variables}.union(*inner)


@pytest.mark.parametrize("call", ROLE_CALLS, ids=lambda call: call.name)
def test_the_role_hands_on_every_option_that_its_variables_stand_for(call: Call) -> None:
    role = Path(call.file).parts[1]
    meant = (of_the_role(role) & SPECS[call.module].options.keys()) - NOT_MEANT.get(call.module, set()) - {"select"}
    assert {option for option in meant if not call.passes(option)} == NOT_THERE.get(call.name, set())


def test_the_roles_call_every_module() -> None:
    assert {call.module for call in ROLE_CALLS} == set(MODULES) - IN_NO_ROLE


def test_each_kind_of_source_is_known_where_the_options_are_not_asked() -> None:
    """Which sources AWX may show, and which the role documents."""
    checks = yaml.safe_load((ROOT / "playbooks/awx/tasks/require.yml").read_text(encoding="utf-8"))
    [kinds] = [check["vars"]["kinds"] for check in checks if "kinds" in check.get("vars", {})]
    assert kinds == [*CLIENTS, SECRETS_MANAGER]
    declared = SPECS["ssl_certificate_rotate"].options["sources"]["options"]
    documented = role_options(role="ssl_rotation")["ssl_rotation_sources"]["options"]
    assert {name: option["type"] for name, option in documented.items()} == {
        name: option["type"] for name, option in declared.items()
    }


def test_a_rotation_has_the_same_options_and_defaults_as_a_role_and_as_a_module() -> None:
    """The role has one phase more, the report."""
    others = build_api_options().options.keys() | OF_THE_MODULE_ALONE
    module = {name: one for name, one in SPECS["ssl_certificate_rotate"].options.items() if name not in others}
    role = {name.removeprefix("ssl_rotation_"): one for name, one in role_options(role="ssl_rotation").items()}
    assert role.keys() - module.keys() == OF_THE_ROLE_ALONE and module.keys() <= role.keys()
    defaults = {name: module[name].get("default") for name in module} | {
        "phases": [*module["phases"]["default"], "report"]
    }
    assert {name: role[name].get("default") for name in module} == defaults


ASKS_FOR_NO_ACCOUNT = "playbooks/check_account.yml"
"""It checks the account of the API key."""


@pytest.mark.parametrize(
    "call",
    [call for call in calls() if call.file != ASKS_FOR_NO_ACCOUNT],
    ids=lambda call: f"{Path(call.file).stem}-{call.name}",
)
def test_nothing_is_done_in_another_account_than_was_asked_for(call: Call) -> None:
    options = SPECS[call.module].options.keys() - NOT_MEANT.get(call.module, set())
    assert "account_id" not in options or call.passes("account_id")
