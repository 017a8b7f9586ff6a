# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Add every SSL certificate order to the inventory as a host."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ssl_orders
short_description: Add every SSL certificate order to the inventory as a host
version_added: 1.0.0
description:
  - Adds each SSL certificate order of a SoftLayer (IBM Cloud Classic Infrastructure) account to the inventory as a host, so that patterns
    such as V(expiring_30d:&status_approved) select orders.
  - The plugin reads a YAML file whose name is C(ssl_orders.yml) or ends with C(.ssl_orders.yml). The extension C(.yaml) is also possible.
  - The name of a host consists of the common name and the ID of its order, as in V(www.example.com_1234). For an order without a common name, the
    first DNS name of its CSR is used, or else V(order), as in V(order_1236). The name is in lower case and in its ASCII form. Every character
    other than a letter, digit, dot, or hyphen becomes V(_), so the name for V(*.example.com) is V(_.example.com_1235).
  - The facts of an order, as M(softlayer.certificates.ssl_order_info) returns them, are variables of its host. The names of these variables start
    with O(vars_prefix).
  - The groups V(status_pending), V(status_approved), V(status_complete), V(status_canceled), and V(status_unknown) contain the orders with this
    status. V(expired) contains the expired orders. V(imported) contains the orders whose certificate is in the certificate store, and
    V(not_imported) the others. V(superseded) contains the orders of V(not_imported) for which the store contains a newer certificate (see
    O(gather_imported)). O(expiry_windows_days) defines the groups of orders that expire soon. All of these groups exist even if they are empty.
  - A group such as V(approver_domain_example_com) contains the orders whose emails go to an address in this domain. Every character other than a
    letter, digit, or underscore becomes V(_).
  - Each of these groups contains the orders of one domain only. If the account has orders for both V(a-b.example) and V(a_b.example), the group
    V(approver_domain_a_b_example) does not exist, so a limit to this group matches nothing. Instead, each domain has a group whose name ends with
    the first eight digits of the SHA-256 hash of the domain. A warning names both groups.
  - Options are combined with AND, and values in one list with OR. A list or condition that is empty or null is rejected.
author:
  - softlayer.certificates contributors (@softlayer)
extends_documentation_fragment:
  - softlayer.certificates.api
  - softlayer.certificates.requirements
  - softlayer.certificates.requirements.certificates
  - softlayer.certificates.requirements.roots
  - softlayer.certificates.selection
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description:
      - Name of the plugin, which marks the file as a configuration file of the plugin.
    type: str
    required: true
    choices: [softlayer.certificates.ssl_orders]
  vars_prefix:
    description:
      - Prefix of the names of the host variables.
      - Templates in O(compose), O(groups), and O(keyed_groups) use the names with the prefix.
    type: str
    default: ssl_order_
  group:
    description:
      - Name of the group that contains all orders.
    type: str
    default: ssl_orders
  expiry_windows_days:
    description:
      - Numbers of days for groups of orders. For each number, a group contains the orders that expire within the number of days and have not
        expired yet. For V(30), the group is V(expiring_30d).
    type: list
    elements: int
    default: [7, 30, 90]
  gather_imported:
    description:
      - Whether to read the certificate store. The variables C(certificate_ids), C(imported), and C(superseded_by), and the groups V(imported),
        V(not_imported), and V(superseded) require the store. O(imported) implies this option.
      - This option requires the permission C(SECURITY_CERTIFICATE_MANAGE). Without the permission, the variables are null and the groups are
        empty, with a warning.
    default: true
  # The fragment documents the options below, except for their environment variables.
  username:
    env:
      - name: SL_USERNAME
  api_key:
    env:
      - name: SL_API_KEY
  iam_token:
    env:
      - name: IBMCLOUD_IAM_TOKEN
  endpoint_url:
    env:
      - name: SL_ENDPOINT_URL
  # transport has none here: Ansible would refuse an empty one, as a credential of AWX leaves it. The argument spec reads it.
notes:
  - O(username), O(api_key), O(iam_token), O(endpoint_url), O(config_file), O(proxy), and O(ca_path) can be Jinja2 templates, with lookups and
    the extra variables of the command line, or strings that are encrypted with Ansible Vault.
  - The hosts are orders, and Ansible cannot connect to them. Run tasks on V(localhost).
  - If this plugin cannot read a file, Ansible tries its other inventory plugins and also shows their errors. To see only the errors of this
    plugin, set E(ANSIBLE_INVENTORY_ENABLED) to its name only. If an unreadable file ends the run (E(ANSIBLE_INVENTORY_UNPARSED_FAILED), as in
    AWX, or E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED)), the last line of the output contains the cause.
  - The cache contains the facts of orders and no credentials. The plugin computes the days until expiry, the selection, and the groups in each
    run. Each combination of API user, endpoint, O(account_id), O(order_ids), and whether the store is read has a separate cache. Each
    O(iam_token) counts as a separate API user.
"""

EXAMPLES = r"""
# ssl_orders.yml: all orders, with the credentials of the environment or of ~/.softlayer
#
#   ansible-inventory -i ssl_orders.yml --graph
#   ansible -i ssl_orders.yml 'expiring_30d:&status_approved' --list-hosts
plugin: softlayer.certificates.ssl_orders

---
# production.ssl_orders.yml: thousands of orders, which REST lists faster, an IBM Cloud API key from the environment of the job, and a cache
# that is valid for one hour
plugin: softlayer.certificates.ssl_orders
username: apikey
api_key: "{{ lookup('ansible.builtin.env', 'IBMCLOUD_API_KEY') }}"
transport: rest
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/ansible-inventory
cache_timeout: 3600
cache_prefix: production_

---
# An IAM token from the environment of the job, instead of an API key
plugin: softlayer.certificates.ssl_orders
iam_token: "{{ lookup('ansible.builtin.env', 'IAM_TOKEN') }}"

---
# Only some orders: not imported yet and about to expire
plugin: softlayer.certificates.ssl_orders
common_names:
  - example.com
  - "*.example.com"
statuses: [approved, complete]
approver_emails: ["*@example.com"]
exclude_expired: true
expires_within_days: 60
imported: false

---
# Two orders of another account, over the private network and through a proxy with its own CA, without reading the certificate store
plugin: softlayer.certificates.ssl_orders
order_ids: [1234, 5678]
account_id: 307608
gather_imported: false
config_file: ~/.softlayer-production
endpoint_url: https://api.service.softlayer.com/rest/v3.1/
proxy: http://proxy.example.com:3128
validate_certs: true
ca_path: /etc/ssl/certs/proxy-ca.pem
timeout: 120
retries: 10

---
# Custom groups, names and variables
plugin: softlayer.certificates.ssl_orders
group: certificates
vars_prefix: certificate_
expiry_windows_days: [14, 45]
strict: true
compose:
  owner: certificate_technical_contact_email | default(certificate_approver_email, true)
groups:
  wildcard: certificate_common_name is match('[*]')
keyed_groups:
  - key: certificate_product
    prefix: product
  - key: (certificate_expires_at or '')[:7]
    prefix: ends
    default_value: never
  - key: certificate_status_name
leading_separator: false
use_extra_vars: true
"""

import atexit
import hashlib
import hmac
import json
import os
import re
import typing as t
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from ansible import constants as C
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable, to_safe_group_name
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import (
    CertificatesError,
    convert_unexpected_error,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._base.libraries import (
    API_LIBRARIES,
    CERTIFICATE_LIBRARIES,
    require_libraries,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._base.names import choose_record_name, encode_name
from ansible_collections.softlayer.certificates.plugins.module_utils._base.options import ArgumentSpec
from ansible_collections.softlayer.certificates.plugins.module_utils._base.secrets import find_secrets, hide_secrets
from ansible_collections.softlayer.certificates.plugins.module_utils._base.times import has_passed, now, parse
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.imported import find_related, list_results
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.run_list import read_index
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.index import StoreIndex
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.roots import create_trust_view
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.client import Client
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.options import (
    STATUS_CHOICES,
    build_api_options,
    build_selection_options,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.orders import (
    Order,
    Selection,
    fetch_orders,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.settings import (
    Settings,
    resolve_settings,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import StoreCertificate, normalize

if t.TYPE_CHECKING:
    from ansible.inventory.data import InventoryData
    from ansible.parsing.dataloader import DataLoader

SPEC = (
    build_api_options()
    + build_selection_options()
    + ArgumentSpec(
        options={
            "vars_prefix": {"type": "str", "default": "ssl_order_"},
            "group": {"type": "str", "default": "ssl_orders"},
            "expiry_windows_days": {"type": "list", "elements": "int", "default": [7, 30, 90]},
            "gather_imported": {"type": "bool", "default": True},
        }
    )
)
CACHE_VERSION = 3
"""Version of the cached data. Increase it when the format changes."""


@dataclass(frozen=True)
class OrderListing:
    """The orders and certificates that the API returned."""

    orders: tuple[Order, ...]
    store: tuple[StoreCertificate, ...] | None
    """The records in the store for these orders; `None` if the store was not read."""

    def as_facts(self) -> dict[str, t.Any]:
        """Return the listing in the format of the cache."""
        return {
            "orders": [order.as_facts() for order in self.orders],
            "store": None if self.store is None else [{"id": record.id, **record.pems()} for record in self.store],
        }

    @classmethod
    def from_facts(cls, facts: t.Any, *, with_store: bool) -> OrderListing | None:
        """Return the cached listing; `None` if the format differs, or the required store is missing."""
        try:
            orders = tuple(Order.from_facts(order) for order in facts["orders"])
            pems = {"certificate": "certificate", "intermediateCertificate": "intermediate_certificate"}
            store = tuple(
                normalize({"id": record["id"], **{name: record[pem] for name, pem in pems.items()}})
                for record in (facts["store"] if with_store else ())
            )
            listing = cls(orders, store if with_store else None)
            return listing if listing.as_facts() == facts else None
        except (LookupError, TypeError, ValueError, AttributeError):
            return None


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """The inventory plugin. Ansible requires this class name."""

    NAME = "softlayer.certificates.ssl_orders"

    def verify_file(self, path: str) -> bool:
        """Return whether a file name is valid for this plugin."""
        named = re.fullmatch(r"(.*\.)?ssl_orders\.ya?ml", os.path.basename(path))
        return bool(named) and super().verify_file(path)

    def set_options(
        self, task_keys: t.Any = None, var_options: t.Any = None, direct: Mapping[str, t.Any] | None = None
    ) -> None:
        """Reject lists and dicts for text options, such as an API key in a list: Ansible would show the value in a warning."""
        for name, option in SPEC.options.items():
            if option["type"] == "str" and isinstance((direct or {}).get(name), list | dict):
                raise AnsibleParserError(f"{name} must be text, not a list or a dict.")
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        """Add the orders of a file to the inventory."""
        try:
            self._parse(inventory, loader, path, cache)
        except AnsibleError as error:
            self._report_at_exit(path, error.message)
            raise
        except Exception as error:  # Ansible would show its text, which may quote a secret
            self._report_at_exit(path, convert_unexpected_error(error).message)
            raise AnsibleParserError(convert_unexpected_error(error).message) from None

    def _report_at_exit(self, path: str, why: str) -> None:
        """Print the cause at the end of the run, because the last message of Ansible does not contain the cause."""
        if any(map(C.config.get_config_value, ("INVENTORY_UNPARSED_IS_FAILED", "INVENTORY_ANY_UNPARSED_IS_FAILED"))):
            atexit.register(self.display.error, f"Cannot read {path}: {why}", wrap_text=False)

    def _parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool) -> None:
        super().parse(inventory, loader, path, cache)
        try:
            require_libraries(
                (*API_LIBRARIES, *CERTIFICATE_LIBRARIES), "The inventory plugin ssl_orders", "on the control node"
            )
        except CertificatesError as error:
            raise AnsibleParserError(error.message) from None
        config = self._read_config_data(path)
        params = self._validate(config)
        given = frozenset(name for name, value in config.items() if value is not None)
        secrets = _collect_secrets(params)
        try:
            selection = Selection.from_options(params)
            settings = resolve_settings(params, given)
            secrets |= settings.secrets
            listing = self._fetch_listing(settings, params["account_id"], selection, may_be_cached=cache)
        except CertificatesError as error:
            raise AnsibleParserError(hide_secrets(error.message, secrets)) from None
        self._populate(inventory, listing, selection, params)

    def _validate(self, config: Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Return the plugin's own options with the types, environment variables, and defaults of the argument spec."""
        unknown = sorted(str(name) for name in set(config) - set(self.option_definitions))
        if unknown:
            raise AnsibleParserError(
                f"Unknown option {', '.join(unknown)}. `ansible-doc -t inventory {self.NAME}` lists the valid options."
            )
        self.templar.available_variables = self._vars or {}
        templates = build_api_options().options
        given = {name: config[name] for name in SPEC.options if name in config}
        try:
            SPEC.check_limits(given)
            given = {
                name: self._evaluate(name, value) if name in templates else value
                for name, value in given.items()
                if value is not None
            }
            # Through JSON, as on the way to a module: values are decrypted and lose the tags of ansible-core.
            given = json.loads(json.dumps(given, default=str))
            params = SPEC.read(given)
        except CertificatesError as error:
            raise AnsibleParserError(hide_secrets(error.message, _collect_secrets(given))) from None
        if not f"{params['vars_prefix']}id".isidentifier():
            raise AnsibleParserError("vars_prefix must be the beginning of a variable name: letters, digits, and _.")
        if any(days < 0 for days in params["expiry_windows_days"]):
            raise AnsibleParserError("expiry_windows_days must not be negative.")
        return params

    def _evaluate(self, name: str, value: t.Any) -> t.Any:
        try:
            return self.templar.template(value)
        except AnsibleError as error:
            said = hide_secrets(str(error), _collect_secrets({name: value}))
            raise AnsibleParserError(f"Cannot evaluate the template in the option {name}: {said}") from None

    def _fetch_listing(
        self, settings: Settings, account_id: int | None, selection: Selection, may_be_cached: bool
    ) -> OrderListing:
        """Return the orders before the selection, from the cache if possible."""
        key, facts = _compute_cache_key(settings, account_id, selection), None
        if self.get_option("cache") and may_be_cached:
            with suppress(Exception):  # cache plugins raise many kinds of errors for damaged data; then the API is read
                facts = self._cache.get(key)
        listing = OrderListing.from_facts(facts, with_store=selection.needs_store)
        if listing is None:
            client = Client(settings, warn=lambda text: self.display.warning(f"{self.NAME}: {text}"))
            orders = fetch_orders(client, client.fetch_account_id(account_id), selection.order_ids)
            index = read_index(client, selection)
            self.display.vvv(f"{self.NAME}: {len(orders)} orders in {client.api_calls} API calls")
            listing = OrderListing(tuple(orders), None if index is None else tuple(find_related(orders, index)))
            if self.get_option("cache"):
                self._cache[key] = listing.as_facts()
        return listing

    def _populate(
        self, inventory: InventoryData, listing: OrderListing, selection: Selection, params: Mapping[str, t.Any]
    ) -> None:
        """Add the selected orders with their variables and groups."""
        missing = sorted(set(selection.order_ids or ()) - {order.id for order in listing.orders})
        if missing:
            self.display.warning(
                f"{self.NAME}: order {', '.join(map(str, missing))} does not exist in the account. Check order_ids."
            )
        # Groups of orders that are not selected now may be needed later.
        approver_groups, shared = _separate_groups(order.approver_email for order in listing.orders)
        for name, domains in shared.items():
            own = " and ".join(f"{approver_groups[domain]} for {domain}" for domain in domains)
            self.display.warning(
                f"{self.NAME}: the group {name} does not exist, because it would represent several domains. Use {own}."
            )
        windows, strict = params["expiry_windows_days"], self.get_option("strict")
        main_group = self._add_group(inventory, params["group"])
        for name in _list_permanent_groups(windows, with_store=selection.needs_store):
            self._add_group(inventory, name)
        at = now()
        index = None if listing.store is None else StoreIndex(listing.store)
        for result in list_results(selection, listing.orders, index, create_trust_view(None)):
            # The name is unique by its id, and contains no characters with a meaning in patterns.
            stem = re.sub(r"[^a-z0-9.-]", "_", encode_name(choose_record_name(result) or "order"))
            host = inventory.add_host(f"{stem}_{result['id']}", group=main_group)
            variables = {  # even ansible-core 2.18 must not evaluate a text as a template, whoever wrote it into an order
                f"{params['vars_prefix']}{name}": wrap_var(value) if isinstance(value, str) and "{" in value else value
                for name, value in result.items()
            }
            for name, value in variables.items():
                inventory.set_variable(host, name, value)
            own_groups = [approver_groups[domain] for domain in _extract_domain(result["approver_email"])]
            for name in (*_list_groups(result, windows, at), *own_groups):
                inventory.add_child(self._add_group(inventory, name), host)
            self._set_composite_vars(self.get_option("compose"), variables, host, strict=strict)
            self._add_host_to_composed_groups(self.get_option("groups"), variables, host, strict=strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, host, strict=strict)

    def _add_group(self, inventory: InventoryData, name: str) -> str:
        """Add a group if it does not exist, and return its name."""
        added: str = inventory.add_group(self._sanitize_group_name(name))
        return added


def _separate_groups(emails: Iterable[str | None]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the group of each email domain, and the domains of each ambiguous group name.

    An ambiguous name is not used for any domain, so that a limit to the name never selects orders of another domain.
    """
    by_name: dict[str, list[str]] = {}
    for domain in sorted({domain for email in emails for domain in _extract_domain(email)}):
        by_name.setdefault(to_safe_group_name(f"approver_domain_{domain}"), []).append(domain)
    shared = {name: domains for name, domains in by_name.items() if len(domains) > 1}
    alone = {domain: name for name, (domain, *others) in by_name.items() if not others}
    apart = {
        domain: f"{name}_{hashlib.sha256(domain.encode()).hexdigest()[:8]}"
        for name, domains in shared.items()
        for domain in domains
    }
    return alone | apart, shared


def _collect_secrets(params: Mapping[str, t.Any]) -> set[str]:
    """Return the secrets that must not appear in any message."""
    return {*SPEC.list_secrets(params), *find_secrets(params)}


def _compute_cache_key(settings: Settings, account_id: int | None, selection: Selection) -> str:
    """Return the cache key of the data that `InventoryModule._fetch_listing` fetches.

    All IBM Cloud API keys share one user name, so the API key or the token distinguishes accounts. The cache key does not reveal it.
    """
    ids = None if selection.order_ids is None else sorted(set(selection.order_ids))
    what = [CACHE_VERSION, settings.endpoint_url, settings.username, account_id, ids, selection.needs_store]
    digest = hmac.new(
        (settings.api_key or settings.iam_token).encode(), json.dumps(what).encode(), "sha256"
    ).hexdigest()
    return f"{InventoryModule.NAME}_{digest[:32]}"


def _list_permanent_groups(windows: list[int], *, with_store: bool) -> list[str]:
    """Return the names of the groups that exist even without orders."""
    imported = ["imported", "not_imported", "superseded"] if with_store else []
    return [*(f"status_{word}" for word in STATUS_CHOICES), "expired", *map(_name_window_group, windows), *imported]


def _list_groups(result: Mapping[str, t.Any], windows: list[int], at: datetime) -> list[str]:
    """Return the names of the groups of an order, except approver groups."""
    groups = [f"status_{result['status']}"]
    days = result["days_until_expiry"]
    if has_passed(parse(result["expires_at"]), at):
        groups.append("expired")
    elif days is not None:
        groups += [_name_window_group(window) for window in windows if days <= window]
    if result.get("imported") is not None:
        groups.append("imported" if result["imported"] else "not_imported")
        groups += ["superseded"] if result["superseded_by"] else []
    return groups


def _extract_domain(email: str | None) -> list[str]:
    """Return the domain of an email address in ASCII form, as a list that is empty without a domain."""
    _local, at_sign, domain = (email or "").rpartition("@")
    return [encode_name(domain)] if at_sign and domain else []


def _name_window_group(days: int) -> str:
    return f"expiring_{days}d"
