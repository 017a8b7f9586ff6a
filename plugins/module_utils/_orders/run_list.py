# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the module `ssl_order_info`. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from .._base.errors import CertificatesError
from .._base.libraries import API_LIBRARIES, CERTIFICATE_LIBRARIES
from .._base.module import Module
from .._base.names import has_matching_name
from .._base.options import ArgumentSpec
from .._replacement.index import StoreIndex
from .._replacement.roots import create_trust_view
from .._replacement.trust import TrustView
from .._softlayer.client import Client, connect
from .._softlayer.options import build_api_options, build_selection_options, select_option
from .._softlayer.orders import DERIVED_FACTS, PROPERTIES, STORE_KEYS, Order, Selection, fetch_orders
from .._softlayer.store import STORE_READ_ERROR, fetch_for_orders
from .imported import list_results, select_with_state

FIELDS = ("id", *PROPERTIES, *DERIVED_FACTS, *STORE_KEYS)
"""The keys of an order's record."""
CONDITIONS = ("common_names", "statuses", "approver_emails", "expires_within_days", "imported")
"""Options that are valid within `select` or at the top level, but not in both places."""
SPEC = (
    build_api_options()
    + build_selection_options()
    + select_option()
    + ArgumentSpec(
        options={"fields": {"type": "list", "elements": "str", "choices": list(FIELDS)}},
        mutually_exclusive=[("select", name) for name in CONDITIONS],
    )
)
LIBRARIES = (*API_LIBRARIES, *CERTIFICATE_LIBRARIES)


def run(module: Module) -> dict[str, t.Any]:
    """Return the module's result."""
    params = module.params
    selection, fields = narrow_selection(Selection.from_module(params), params["fields"])
    facts = {
        fact for name in fields for fact in DERIVED_FACTS.get(name, {name}) if fact in PROPERTIES
    }  # of the records
    client = connect(module)
    account_id = client.fetch_account_id(find_account_id(params))
    orders = fetch_orders(client, account_id, selection.order_ids, selection.facts | facts)
    results = list_results(selection, orders, read_index(client, selection), create_trust_view(None))
    if set(fields) < set(FIELDS):
        results = [{name: value for name, value in result.items() if name in fields} for result in results]
    return {
        "changed": False,
        "orders": results,
        "order_count": len(results),
        "missing_order_ids": sorted(set(selection.order_ids or ()) - {order.id for order in orders}),
        "unmatched_common_names": [
            pattern
            for pattern in selection.common_names or ()
            if not any(has_matching_name(order.names, [pattern]) for order in orders)
        ],
        "api_calls": client.api_calls,
    }


def find_account_id(params: Mapping[str, t.Any]) -> int | None:
    """Return the ID of the specified account, or `None`.

    Raises:
        CertificatesError: `invalid_argument` for two different accounts.
    """
    named = {params["account_id"], (params["select"] or {}).get("account_id")} - {None}
    if len(named) > 1:
        raise CertificatesError(
            "invalid_argument",
            "account_id and select.account_id specify different accounts. Remove account_id or select.account_id.",
        )
    account: int | None = next(iter(named), None)
    return account


def select_orders(
    client: Client, account_id: int, selection: Selection, view: TrustView, facts: Collection[str]
) -> tuple[dict[int, Order], frozenset[int], StoreIndex | None]:
    """Return the selected orders by ID, with the requested facts.

    The second value has the specified IDs without an order in the account, and the third value the certificates in the store, or `None` if
    the selection does not depend on the store.

    Raises:
        CertificatesError: as `Client.read_list`.
    """
    orders = fetch_orders(client, account_id, selection.order_ids, {*facts, *selection.facts})
    index = None if selection.imported is None else StoreIndex(fetch_for_orders(client, "remove imported"))
    taken = {order.id: order for order, _state in select_with_state(selection, orders, index, view)}
    return taken, frozenset(selection.order_ids or ()) - {order.id for order in orders}, index


def read_index(client: Client, selection: Selection) -> StoreIndex | None:
    """Return the stored certificates for the comparison with orders, or `None` if the selection does not need the store.

    Without permission to read the store, the function warns and returns `None`, unless the selection depends on the store.

    Raises:
        CertificatesError: as `Client.read_list`.
    """
    if not selection.needs_store:
        return None
    try:
        return StoreIndex(fetch_for_orders(client, "remove imported"))
    except CertificatesError as error:
        if error.code != "not_found" or selection.imported is not None:
            raise
    client.warn(
        f"{STORE_READ_ERROR}, so certificate_ids, imported, and superseded_by are null. Grant the permission to compare the orders with the store."
    )
    return None


def narrow_selection(selection: Selection, fields: Sequence[str] | None) -> tuple[Selection, frozenset[str]]:
    """Return a selection that reads the store only if needed, and the keys of the records.

    Args:
        selection: the conditions.
        fields: the option `fields`; `None` means all keys.

    Raises:
        CertificatesError: `invalid_argument` for a key about the store if the store is not read.
    """
    if fields is None:
        return selection, frozenset(FIELDS)
    of_the_store = [name for name in fields if name in STORE_KEYS]
    if of_the_store and not selection.needs_store:
        raise CertificatesError(
            "invalid_argument",
            f"fields: {', '.join(of_the_store)} can only be returned with gather_imported: true. Set gather_imported, or shorten fields.",
        )
    return replace(selection, gather_imported=bool(of_the_store)), frozenset({"id", *fields})
