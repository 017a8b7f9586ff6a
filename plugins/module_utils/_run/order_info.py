# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `ssl_order_info` does between its options and its result. Private to softlayer.certificates."""

from __future__ import annotations

import typing as t

from .._api.client import connect
from .._api.orders import Selection, fetch_orders
from .._api.store import fetch_shelf
from .._argspec import api_options, selection_options
from .._libraries import FOR_API, FOR_CERTIFICATES
from .._module import Module
from .._names import any_matches
from .._times import now

SPEC = api_options() + selection_options()
LIBRARIES = (*FOR_API, *FOR_CERTIFICATES)


def run(module: Module) -> dict[str, t.Any]:
    """Return the module's result."""
    selection = Selection.from_options(module.params)
    client = connect(module)
    account_id = client.account_id(module.params["account_id"])
    at = now()
    found = fetch_orders(client, account_id, selection.order_ids)
    shelf = fetch_shelf(client, "leave out imported and gather_imported") if selection.needs_store else None
    results = selection.results(found, at, shelf)
    return {
        "changed": False,
        "orders": results,
        "order_count": len(results),
        "missing_order_ids": sorted(set(selection.order_ids or ()) - {order.id for order in found}),
        "unmatched_common_names": [
            pattern
            for pattern in selection.common_names or ()
            if not any(any_matches(order.names, [pattern]) for order in found)
        ],
        "api_calls": client.api_calls,
    }
