# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin ssl_orders: what it makes of a file, in this process; and what Ansible's commands make of that."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible import constants
from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible_collections.softlayer.certificates.plugins.inventory.ssl_orders import DOCUMENTATION, InventoryModule

from tests.simulator.client import Simulator
from tests.support.modules import options_for, run_module

PLUGIN = "softlayer.certificates.ssl_orders"
CACHE = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": "cache"}
WRONG_KEY = "wr0ng_api-key_of-nobody-0123456789_abcdef"
DAY = timedelta(days=1)


@cache
def definitions() -> dict[str, Any]:
    """The plugin's options and those of its fragments, which Ansible's own loader merges in."""
    documented = yaml.safe_load(DOCUMENTATION)
    options: dict[str, Any] = documented["options"]
    for name in documented["extends_documentation_fragment"]:
        namespace, collection, fragment, *part = name.split(".")
        package = (
            "ansible.plugins" if namespace == "ansible" else f"ansible_collections.{namespace}.{collection}.plugins"
        )
        found = import_module(f"{package}.doc_fragments.{fragment}").ModuleDocFragment
        for option, more in yaml.safe_load(getattr(found, "".join(part).upper() or "DOCUMENTATION"))["options"].items():
            options[option] = {**more, **options.get(option, {})}
    return options


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """All that it printed, with the lines joined that an older ansible-core breaks."""
        return re.sub(r"\s+", " ", self.out + self.err)


@dataclass(frozen=True)
class Listed:
    """What an inventory holds."""

    hosts: dict[str, dict[str, Any]]
    groups: dict[str, set[str]]

    def members(self, group: str) -> set[str]:
        """The common names in a group."""
        return {str(self.hosts[host]["ssl_order_common_name"]) for host in self.groups.get(group, set())}

    @property
    def names(self) -> set[str]:
        """The common names of all hosts."""
        return self.members("ssl_orders")


class Inventory:
    """A folder with an inventory file, and an environment that logs in."""

    def __init__(self, folder: Path, sim: Simulator) -> None:
        self.folder = folder
        self.sim = sim
        self.warnings: list[str] = []
        self.login = {"SL_USERNAME": sim.username, "SL_API_KEY": sim.api_key, "SL_ENDPOINT_URL": sim.xmlrpc_url}

    def write(self, **options: Any) -> None:
        """Write the file; JSON is YAML."""
        self.text(json.dumps({"plugin": PLUGIN, **options}))

    def text(self, text: str) -> None:
        """Write the file as it is given."""
        (self.folder / "ssl_orders.yml").write_text(text, encoding="utf-8")

    def listed(self, **environment: str | None) -> Listed:
        """What the plugin makes of the file; what the environment gives as `None` is left out of it."""
        constants.config.initialize_plugin_configuration_definitions("inventory", PLUGIN, definitions())
        plugin, inventory = InventoryModule(), InventoryData()
        plugin._load_name, plugin._redirected_names = PLUGIN, [PLUGIN]
        plugin.display = SimpleNamespace(warning=self.warnings.append, vvv=lambda _text: None)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name, value in (self.login | environment).items():
                patch.delenv(name, raising=False) if value is None else patch.setenv(name, value)
            plugin.parse(inventory, DataLoader(), str(self.folder / "ssl_orders.yml"))
            if plugin.get_option("cache"):
                plugin.update_cache_if_changed()
        groups = {name: {host.name for host in group.hosts} for name, group in inventory.groups.items()}
        return Listed({name: host.vars for name, host in inventory.hosts.items()}, groups)

    def refused(self, **environment: str | None) -> str:
        """What is said if the plugin cannot use the file, with all that Ansible could show of it."""
        with pytest.raises(AnsibleError) as raised:
            self.listed(**environment)
        return "".join(traceback.format_exception(raised.value))

    def run(self, command: str, *arguments: str, **environment: str | None) -> Ran:
        """Run a command of Ansible's with the file."""
        settings = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "false", **self.login, **environment}
        done = subprocess.run(
            [str(Path(sys.executable).with_name(command)), "-i", "ssl_orders.yml", *arguments],
            env={name: value for name, value in (os.environ | settings).items() if value is not None},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def ok(self, command: str, *arguments: str, **environment: str | None) -> str:
        """What a command prints that succeeds and warns of nothing."""
        ran = self.run(command, *arguments, **environment)
        assert (ran.code, ran.err) == (0, ""), ran
        return ran.out

    @property
    def cached(self) -> list[Path]:
        """The files of the cache."""
        return sorted((self.folder / "cache").iterdir())


def _plain(value: dict[str, Any]) -> Any:
    """ansible-core marks strings that are no templates so that its script plugin knows them."""
    return value["__ansible_unsafe"] if set(value) == {"__ansible_unsafe"} else value


@pytest.fixture
def inventory(tmp_path: Path, sim: Simulator) -> Inventory:
    """An inventory file without an option."""
    inventory = Inventory(tmp_path, sim)
    inventory.write()
    return inventory


def host(sim: Simulator, common_name: str) -> str:
    """The name of the host of an order of the demo fleet."""
    (order,) = (order for order in sim.orders() if order["commonName"] == common_name)
    return f"{common_name}_{order['id']}"


def in_days(days: float) -> str:
    """An instant so many days ahead."""
    return (datetime.now(timezone.utc) + days * DAY).isoformat(timespec="seconds")


# Hosts, variables and groups


def test_every_order_is_a_host_with_what_ssl_order_info_returns(
    inventory: Inventory, sim: Simulator, transport: str
) -> None:
    """As `ansible-inventory` tells it."""
    printed = inventory.ok("ansible-inventory", "--list", SL_ENDPOINT_URL=sim.url(transport))
    groups = json.loads(printed, object_hook=_plain)
    hosts = groups.pop("_meta")["hostvars"]
    assert len(sim.calls()) == 3, "the account, its orders, its certificates"
    told = run_module("ssl_order_info", **options_for(sim, transport), gather_imported=True)
    assert {variables["ssl_order_id"] for variables in hosts.values()} == {order["id"] for order in told["orders"]}
    for order in told["orders"]:
        name = order["common_name"].replace("*", "_")
        variables = {f"ssl_order_{key}": value for key, value in order.items()}
        assert hosts[f"{name}_{order['id']}"] == variables
    assert set(groups["ssl_orders"]["hosts"]) == set(hosts)


def test_groups(inventory: Inventory, sim: Simulator) -> None:
    sim.add_order(commonName="week.example", expirationDate=in_days(7.5), approverEmailAddress="Root@Bücher.Example")
    sim.add_order(commonName="quarter.example", expirationDate=in_days(90.5), approverEmailAddress="root")
    sim.add_order(commonName="past.example", expirationDate=in_days(-0.1), approverEmailAddress=None)
    listed = inventory.listed()
    assert listed.members("status_pending") == {"intranet.example.com", "vpn.example.org"}
    assert listed.members("status_canceled") == {"beta.example.com"}
    assert listed.members("status_unknown") == {"payments.example.net"}
    assert {"mail.example.com", "*.example.org"} < listed.members("status_complete")
    assert {"week.example", "xn--bcher-kva.example.net"} < listed.members("status_approved")
    assert listed.members("expiring_7d") == {"week.example"}
    assert listed.members("expiring_30d") == {"week.example", "mail.example.com"}
    assert listed.members("expiring_90d") == {"week.example", "mail.example.com", "quarter.example"}
    assert listed.members("expired") == {"old.example.net", "past.example"}
    assert listed.members("imported") == {"www.example.com"}
    assert listed.members("not_imported") == listed.names - {"www.example.com"}
    assert listed.members("approver_domain_example_org") == {"*.example.org", "api.example.org", "vpn.example.org"}
    assert listed.members("approver_domain_xn__bcher_kva_example") == {"week.example"}


def test_groups_exist_although_they_are_empty(inventory: Inventory) -> None:
    inventory.write(order_ids=[1])
    assert set(inventory.listed().groups) == {
        *("all", "ungrouped", "ssl_orders", "expired", "expiring_7d", "expiring_30d", "expiring_90d"),
        *("imported", "not_imported", "superseded"),
        *(f"status_{word}" for word in ("pending", "approved", "complete", "canceled", "unknown")),
    }


def test_names_of_hosts(inventory: Inventory, sim: Simulator) -> None:
    names = {
        "münchen.example": "xn--mnchen-3ya.example",
        "*.Shop.Example": "_.shop.example",
        "twin.example": "twin.example",
        "a:b!c,[1:3] {{ 7 * 7 }}/~&": "a_b_c__1_3_____7___7______",
        None: "order",
    }
    ids = {sim.add_order(commonName="to.be.named")["id"]: name for name in [*names, "twin.example"]}
    for identifier, name in ids.items():
        sim.patch_order(identifier, commonName=name)
    inventory.write(order_ids=list(ids))
    listed = inventory.listed()
    assert set(listed.hosts) == {f"{names[name]}_{identifier}" for identifier, name in ids.items()}
    assert {variables["ssl_order_common_name"] for variables in listed.hosts.values()} == set(names)


def test_orders_without_a_common_name(inventory: Inventory, sim: Simulator) -> None:
    """They are named after their first DNS name, and selected by any."""
    identifier = sim.add_order(commonName=None, names=["*.Nameless.example", "other.example"])["id"]
    inventory.write(common_names=["other.*"], **CACHE)
    for _from_the_cache in (False, True):
        listed = inventory.listed()
        assert set(listed.hosts) == {f"_.nameless.example_{identifier}"}
        (variables,) = listed.hosts.values()
        assert variables["ssl_order_common_name"] is None
        assert variables["ssl_order_subject_alt_names"] == ["*.Nameless.example", "other.example"]


def test_nothing_in_an_order_is_a_template(inventory: Inventory, sim: Simulator) -> None:
    order = sim.add_order(commonName="sly.example", product="{{ 6 * 7 }}")["id"]
    inventory.write(order_ids=[order], compose={"composed": "ssl_order_product"}, **CACHE)
    for _repetition in ("from the API", "from the cache"):
        template = "msg=<{{ ssl_order_product }}><{{ composed }}>"
        shown = inventory.ok("ansible", "ssl_orders", "-c", "local", "-m", "ansible.builtin.debug", "-a", template)
        assert "<{{ 6 * 7 }}><{{ 6 * 7 }}>" in shown


def test_names_and_groups_to_taste(inventory: Inventory, sim: Simulator) -> None:
    inventory.write(
        **{"vars_prefix": "", "group": "certificates", "expiry_windows_days": [200, 0]},
        **{"gather_imported": False, "strict": True, "leading_separator": False},
        compose={"owner": "technical_contact_email | default(approver_email, true)"},
        groups={"run by ops": "owner == 'ops@example.org'"},
        keyed_groups=[{"key": "product", "prefix": "product"}, {"key": "status", "parent_group": "by_status"}],
    )
    listed = inventory.listed()
    operated, wildcard = host(sim, "api.example.org"), host(sim, "*.example.org").replace("*", "_")
    assert listed.groups["certificates"] == set(listed.hosts)
    assert listed.hosts[operated]["owner"] == "ops@example.org"
    assert listed.hosts[wildcard]["owner"] == "admin@example.org"
    assert listed.groups["run_by_ops"] == {operated}
    assert listed.groups["product_RapidSSL_Wildcard___1_year"] == {wildcard}
    assert listed.groups["pending"] == listed.groups["status_pending"]
    assert wildcard in listed.groups["expiring_200d"]
    assert not {"ssl_orders", "expiring_30d", "imported", "not_imported"} & set(listed.groups)


def test_strict_names_the_expression_that_fails(inventory: Inventory) -> None:
    inventory.write(strict=True, compose={"owner": "ssl_order_owner.name"})
    assert re.search(r"Could not set owner for host \S+_\d+: .*undefined", inventory.refused(), re.DOTALL)


SHARED = "approver_domain_a_b_example"
APART = {"a-b.example": f"{SHARED}_119c49fe", "a_b.example": f"{SHARED}_ff079886"}
TOLD = (
    f"{PLUGIN}: the group {SHARED} does not exist, because it would represent several domains. Use {APART['a-b.example']} for a-b.example and "
    f"{APART['a_b.example']} for a_b.example."
)


def test_the_name_of_a_group_does_not_depend_on_what_is_selected(inventory: Inventory, sim: Simulator) -> None:
    """What is not selected today may be tomorrow; the cache does not hide it."""
    sim.add_order(commonName="x.example", approverEmailAddress="admin@a-b.example")
    assert inventory.listed().members(SHARED) == {"x.example"}
    assert inventory.warnings == []
    sim.add_order(commonName="y.example", approverEmailAddress="admin@A_B.example", expirationDate=in_days(-9))
    inventory.write(exclude_expired=True, **CACHE)
    for _from_the_cache in (False, True):
        listed = inventory.listed()
        assert listed.members(APART["a-b.example"]) == {"x.example"}
        assert not {SHARED, APART["a_b.example"]} & set(listed.groups)
        assert inventory.warnings.pop() == TOLD
    sim.add_order(commonName="z.example", approverEmailAddress="admin@a.b.example")
    inventory.write(exclude_expired=True)
    assert inventory.listed().members(APART["a-b.example"]) == {"x.example"}, "a third one renames none"


# Which orders


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"common_names": ["*.EXAMPLE.org", "bücher.*"]}, {"*.example.org", "api.example.org", "vpn.example.org", "xn--bcher-kva.example.net"}),
        ({"approver_emails": "hostmaster@*", "exclude_expired": True}, {"shop.example.com", "vpn.example.org"}),
        ({"expires_within_days": 21, "imported": False, "gather_imported": False}, {"mail.example.com"}),
        ({"imported": True, "timeout": "30", "retries": 0}, {"www.example.com"}),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_selection(inventory: Inventory, options: dict[str, Any], names: set[str]) -> None:
    inventory.write(**options)
    assert inventory.listed().names == names


def test_an_id_that_does_not_exist_is_warned_of(inventory: Inventory, sim: Simulator) -> None:
    there = sim.orders()[0]["id"]
    inventory.write(order_ids=[there, 4], account_id=sim.account_id, gather_imported=False)
    listed = inventory.listed()
    assert {name.rpartition("_")[2] for name in listed.hosts} == {str(there)} and "imported" not in listed.groups
    assert inventory.warnings == [f"{PLUGIN}: order 4 does not exist in the account. Check order_ids."]
    assert {call["method"] for call in sim.calls()} == {"getSslCertificateRequests"}


# Logging in


def test_credentials_may_be_templates_and_encrypted(inventory: Inventory, sim: Simulator) -> None:
    password = inventory.folder / "vault-password"
    password.write_text("s3cret", encoding="utf-8")
    vault = str(Path(sys.executable).with_name("ansible-vault"))
    command = [vault, "encrypt_string", "--vault-password-file", str(password), "--name", "api_key", sim.api_key]
    encrypted = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    inventory.text(
        f"plugin: {PLUGIN}\nusername: '{{{{ user }}}}'\nendpoint_url: \"{{{{ lookup('env', 'WHERE') }}}}\"\n{encrypted}"
    )
    chosen = inventory.ok(
        *("ansible", "imported", "--list-hosts", "-e", f"user={sim.username}", "--vault-password-file", str(password)),
        **{"SL_USERNAME": None, "SL_API_KEY": None, "SL_ENDPOINT_URL": None, "WHERE": sim.rest_url},
    )
    assert "www.example.com" in chosen


def test_a_token_instead_of_a_key(inventory: Inventory, sim: Simulator) -> None:
    """As an option before a key in the environment, and in the environment; each token has a cache of its own, which does not hold it."""
    first, other = (sim.secrets_manager.token(sim.viewer_username) for _token in range(2))
    inventory.write(**CACHE, iam_token="{{ lookup('env', 'TOKEN') }}", gather_imported=False)
    for token in (first, first, other):
        assert len(inventory.listed(TOKEN=f"Bearer {token}").names) == 12
    without_key = {"SL_USERNAME": None, "SL_API_KEY": None}
    inventory.write(gather_imported=False)
    inventory.listed(**without_key, IBMCLOUD_IAM_TOKEN=first)
    users = [call["user"] for call in sim.calls() if call["method"] == "getSslCertificateRequests"]
    assert users == [sim.viewer_username] * 3
    texts = [path.read_text() for path in inventory.folder.rglob("*") if path.is_file()]
    assert len(texts) > 2 and not [text for text in texts if first in text or other in text]


# What goes wrong


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"statuse": ["approved"]}, f"Unknown option statuse. `ansible-doc -t inventory {PLUGIN}` lists the valid options."),
        ({"statuses": ["aproved"]}, "statuses"),
        ({"order_ids": [0]}, "order_ids has invalid values: 0. An ID is an integer from 1 to 9223372036854775807."),
        ({"retries": 101}, "retries must be from 0 to 100."),
        ({"expiry_windows_days": [-1]}, "expiry_windows_days must not be negative."),
        ({"vars_prefix": "ssl-"}, "vars_prefix must be the beginning of a variable name"),
        ({"username": "{{ nobody }}"}, "Cannot evaluate the template in the option username: 'nobody' is undefined"),
        ({"endpoint_url": "http://api.example.com/rest/v3.1"}, "Cannot send credentials to api.example.com over plain HTTP"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_options_that_make_no_sense(inventory: Inventory, sim: Simulator, options: dict[str, Any], words: str) -> None:
    inventory.write(**options)
    assert words in inventory.refused()
    assert sim.calls() == []


ENDING = {"ANSIBLE_INVENTORY_UNPARSED_FAILED": "true"}
"""As in AWX: Ansible ends a run in which nothing could be read, with a sentence that names no cause."""


@pytest.mark.parametrize("ending", [ENDING, {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}, {}])
def test_a_run_that_ends_because_of_it_ends_with_the_cause(inventory: Inventory, ending: dict[str, str]) -> None:
    """Whatever the other plugins say of the file before."""
    ran = inventory.run("ansible-inventory", "--list", SL_USERNAME=None, SL_API_KEY=None, **ending)
    last = ran.err.splitlines()[-1]
    cause = "ssl_orders.yml: Missing SoftLayer username and api_key. Set "
    assert (("Cannot read " in last and cause in last) == bool(ending)) and (ran.code == 0) != bool(ending), ran.err
    assert ran.err.count("Cannot read ") == len(ending)


def test_a_user_who_may_not_read_the_store(inventory: Inventory, sim: Simulator) -> None:
    """Nobody knows which orders are imported, so they are in none of the groups that say so."""
    viewer = {"SL_USERNAME": sim.viewer_username, "SL_API_KEY": sim.viewer_api_key}
    inventory.write(**CACHE)
    listed = inventory.listed(**viewer)
    [warning] = inventory.warnings
    assert "does not have the permission SECURITY_CERTIFICATE_MANAGE" in warning
    assert len(listed.hosts) == 12
    unknown = {(host["ssl_order_imported"], host["ssl_order_superseded_by"]) for host in listed.hosts.values()}
    assert unknown == {(None, None)}
    assert not {"imported", "not_imported", "superseded"} & {name for name, hosts in listed.groups.items() if hosts}
    inventory.write(**CACHE, imported=False)
    assert (
        "does not have the permission SECURITY_CERTIFICATE_MANAGE. Grant the permission, or remove imported."
        in inventory.refused(**viewer)
    )
    sim.permit(sim.viewer_username, "SECURITY_CERTIFICATE_VIEW", "SECURITY_CERTIFICATE_MANAGE")
    assert len(inventory.listed(**viewer).names) == 11, "what was not known is not cached"
    inventory.write(gather_imported=False)
    assert len(inventory.listed(**viewer).names) == 12


def test_a_missing_library(inventory: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "SoftLayer", None)
    assert (
        "The inventory plugin ssl_orders needs the Python library SoftLayer 6.2.2 or later, on the control node: pip install "
        "'SoftLayer>=6.2.2'" in inventory.refused()
    )


@pytest.mark.parametrize("name", ["api_key", "iam_token"])
def test_no_secret_in_what_a_failure_says(inventory: Inventory, sim: Simulator, name: str) -> None:
    """As Ansible prints it, with the traceback."""
    secret = WRONG_KEY if name == "api_key" else sim.secrets_manager.token(sim.username)
    sim.secrets_manager.expire_tokens()
    inventory.write(**{name: secret, "retries": 0})
    talkative = {"ANSIBLE_DISPLAY_TRACEBACK": "always", "ANSIBLE_INVENTORY_ENABLED": PLUGIN, **ENDING}
    ran = inventory.run("ansible-inventory", "--list", "-vvvv", SL_API_KEY=None, **talkative)
    words = {
        "api_key": "The API refused the credentials (Access Denied): check username and api_key (SL_USERNAME and",
        "iam_token": "get a new IAM token for iam_token",
    }
    assert words[name] in ran.said and "Unable to parse" in ran.said
    assert secret not in ran.out + ran.err


def test_no_secret_that_an_answer_quotes(inventory: Inventory, sim: Simulator) -> None:
    key = "sh0rt"
    sim.fault("fault", message=f"No luck with {key}!")
    inventory.write(username=sim.username, api_key=key, retries=0)
    said = inventory.refused(SL_API_KEY=None)
    assert "No luck with ********!" in said and key not in said


@pytest.mark.parametrize("name", ["api_key", "iam_token", "proxy"])
@pytest.mark.parametrize("form", [["s3cr3t-zq"], {"s3cr3t-zq": "s3cr3t-zq"}], ids=["list", "dict"])
def test_a_secret_that_is_no_text_is_refused_and_not_shown(inventory: Inventory, name: str, form: object) -> None:
    inventory.write(**{name: form})
    said = inventory.refused()
    assert f"{name} must be text, not a list or a dict." in said
    assert "s3cr3t-zq" not in said


@pytest.mark.parametrize(
    "option",
    [
        {"proxy": "http://me:s3cr-t-zq@127.0.0.1:1"},
        {"proxy": "http://me:s3cr%40t-zq@127.0.0.1:1/{{ there_is_none }}"},
        {"order_ids": ["http://me:s3cr@t-zq@127.0.0.1:1"]},
    ],
    ids=str,
)
def test_no_password_of_a_url_in_what_a_failure_says(inventory: Inventory, option: dict[str, Any]) -> None:
    inventory.write(**{"endpoint_url": "https://127.0.0.1:2/xmlrpc/v3.1", "retries": 0, **option})
    said = inventory.refused()
    for piece in ("s3cr", "t-zq"):
        assert piece not in said + "".join(inventory.warnings)


def test_an_unexpected_error_is_reported_without_its_text(
    inventory: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise ZeroDivisionError("s3cr-t-zq")

    monkeypatch.setattr(InventoryModule, "_fetch_listing", fail)
    said = inventory.refused()
    assert "Unexpected error: ZeroDivisionError in inventory/ssl_orders.py, line " in said
    assert "s3cr-t-zq" not in said


# The cache


def test_all_comes_from_the_cache_with_the_api_switched_off(inventory: Inventory, sim: Simulator) -> None:
    inventory.write(api_key=sim.api_key, **CACHE, keyed_groups=[{"key": "ssl_order_status", "prefix": "is"}])
    first = inventory.listed()
    calls = len(sim.calls())
    (file,) = inventory.cached
    written = file.stat().st_mtime_ns
    sim.stop_listening()
    assert inventory.listed() == first
    assert len(first.groups["is_approved"]) == 4
    assert len(sim.calls()) == calls
    assert file.stat().st_mtime_ns == written, "reading makes it no younger"
    for secret in (sim.api_key, sim.username, "days_until_expiry", "fulfillment_email_available"):
        assert secret not in file.read_text(encoding="utf-8") + file.name


def test_a_cache_that_is_not_as_it_was_written_is_not_believed(inventory: Inventory, sim: Simulator) -> None:
    inventory.write(**CACHE)
    first = inventory.listed()
    (file,) = inventory.cached
    written = json.loads(file.read_text(encoding="utf-8"))
    payload = written.get("__payload__")  # as newer releases of ansible-core write it
    whole = json.loads(payload) if payload else written
    odd = {**whole, "orders": [{**whole["orders"][0], "expires_at": "soon"}]}
    misshapen = [json.dumps({**written, "__payload__": json.dumps(data)} if payload else data) for data in ([], odd)]
    for text in misshapen:
        file.write_text(text, encoding="utf-8")
        sim.clear_calls()
        assert inventory.listed() == first
        assert sim.calls(), f"{text} was believed"


def test_what_the_clock_decides_is_not_cached(inventory: Inventory, sim: Simulator) -> None:
    inventory.write(**CACHE)
    name = host(sim, "mail.example.com")
    first = inventory.listed()
    (file,) = inventory.cached
    passed = (datetime.now(timezone.utc) - DAY / 2).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = file.read_text(encoding="utf-8")
    file.write_text(told.replace(first.hosts[name]["ssl_order_expires_at"], passed), encoding="utf-8")
    sim.stop_listening()
    later = inventory.listed()
    assert later.hosts[name]["ssl_order_days_until_expiry"] == -1
    assert later.hosts[name]["ssl_order_fulfillment_email_available"] is False
    assert later.members("expired") == {"mail.example.com", "old.example.net"}
    assert later.members("expiring_30d") == set()
    inventory.write(**CACHE, exclude_expired=True, statuses=["complete"], expiry_windows_days=[5])
    assert inventory.listed().names == {"www.example.com", "*.example.org"}, "a selection needs no other cache"


def test_inventories_do_not_mix_in_one_cache(inventory: Inventory, sim: Simulator) -> None:
    first = sim.orders()[0]["id"]
    viewer = {"SL_USERNAME": sim.viewer_username, "SL_API_KEY": sim.viewer_api_key}
    cases: list[tuple[Mapping[str, Any], Mapping[str, str]]] = [
        ({}, {}),
        ({"order_ids": [first]}, {}),
        ({"gather_imported": False}, {}),
        ({"gather_imported": False}, viewer),
        ({"gather_imported": False, "account_id": sim.account_id}, {}),
    ]
    for number, (options, login) in enumerate(cases, 1):
        inventory.write(**CACHE, **options)
        inventory.listed(**login)
        assert len(inventory.cached) == number
    sim.stop_listening()
    inventory.write(**CACHE, order_ids=[first, first])
    inventory.listed()
    inventory.write(**CACHE, retries=0)
    assert "Cannot reach" in inventory.refused(SL_API_KEY=WRONG_KEY), "who has no key gets nothing"


def test_the_cache_is_flushed(inventory: Inventory, sim: Simulator) -> None:
    inventory.write(**CACHE)
    (inventory.folder / "play.yml").write_text("- hosts: new.example_*\n  tasks: []\n", encoding="utf-8")
    arguments = ("ansible-playbook", "play.yml", "--list-hosts")
    inventory.listed()
    sim.add_order(commonName="new.example")
    assert "new.example" not in inventory.run(*arguments).out.partition("hosts (")[2]
    assert "hosts (1):" in inventory.ok(*arguments, "--flush-cache")
    sim.stop_listening()
    assert "new.example" in inventory.listed().names


@pytest.mark.parametrize("name", ["order_ids", "common_names", "expires_within_days", "imported"])
def test_a_condition_that_is_null_is_refused(inventory: Inventory, sim: Simulator, name: str) -> None:
    inventory.text(f"plugin: {PLUGIN}\n{name}:\n  # - 1\n")
    assert f"{name} must not be null or empty" in inventory.refused()
    assert sim.calls() == []


# Its files


@pytest.mark.parametrize(
    ("name", "is_for_it"),
    [
        ("ssl_orders.yml", True),
        ("production.ssl_orders.yaml", True),
        ("my_ssl_orders.yml", False),
        ("ssl_orders.yml.j2", False),
    ],
)
def test_files_by_their_names(tmp_path: Path, name: str, is_for_it: bool) -> None:
    path = tmp_path / name
    assert InventoryModule().verify_file(str(path)) is False, "it does not exist"
    path.touch()
    assert InventoryModule().verify_file(str(path)) is is_for_it
