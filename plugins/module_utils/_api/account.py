# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the API answers where its reference says nothing, as far as reading tells. Private to softlayer.certificates.

Nothing that is read here names the account: ids only, to compare them.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .._errors import if_not_found
from .balancers import UNLISTED
from .client import BY_ID, Client
from .store import UNREADABLE
from .values import as_id, dicts_in, number, text

ID_MASK = "mask[id]"
NO_ORDERS = "SSL orders cannot be listed: the API user lacks the permission SECURITY_CERTIFICATE_VIEW. Grant it, if there are orders to look after."
USAGE_MASK = "mask[id,associatedServiceCount,lbaasListeners[id,uuid]]"


@dataclass(frozen=True)
class Paging:
    """What a list does with a limit of one row; `None` where too few rows are there to tell."""

    keeps_limit: bool | None
    gives_total: bool | None


@dataclass(frozen=True)
class Usage:
    """What a record of the store says of who uses it."""

    id: int
    services: int | None
    listeners: frozenset[str] | None
    """Their uuids; `None` if the API does not say."""


def look_at_orders(client: Client) -> Paging:
    """Return how orders come in pages; their list takes no limit, by the reference.

    Raises:
        CertificatesError: as `Client.call`.
    """
    with if_not_found(NO_ORDERS):
        account_id = client.account_id()
        return _paging(
            lambda offset: client.call(
                "Security_Certificate_Request",
                "getSslCertificateRequests",
                account_id,
                mask=ID_MASK,
                filter=BY_ID,
                limit=1,
                offset=offset,
            )
        )


def look_at_store(client: Client) -> Paging:
    """Return how the store comes in pages.

    Raises:
        CertificatesError: as `Client.call`.
    """
    by_id = {"securityCertificates": BY_ID}
    with if_not_found(f"{UNREADABLE}. Grant it."):
        return _paging(
            lambda offset: client.call(
                "Account", "getSecurityCertificates", mask=ID_MASK, filter=by_id, limit=1, offset=offset
            )
        )


def look_at_balancers(client: Client) -> Paging:
    """Return how load balancers come in pages.

    Raises:
        CertificatesError: as `Client.call`.
    """
    with if_not_found(UNLISTED):
        return _paging(
            lambda offset: client.call(
                "Network_LBaaS_LoadBalancer", "getAllObjects", mask=ID_MASK, filter=BY_ID, limit=1, offset=offset
            )
        )


def _paging(fetch: Callable[[int], object]) -> Paging:
    first = fetch(0)
    rows = dicts_in(first)
    if not rows:
        return Paging(None, None)
    gives_total = bool(getattr(first, "total_count", 0))
    if len(rows) > 1:
        return Paging(False, gives_total)
    following = dicts_in(fetch(1))
    is_next = len(following) == 1 and as_id(following[0].get("id")) != as_id(rows[0].get("id"))
    return Paging(True if is_next else None, gives_total)


def fetch_usage(client: Client) -> list[Usage]:
    """Return who uses each record of the store, as the records themselves say, sorted by id.

    Raises:
        CertificatesError: as `Client.read_list`.
    """
    rows = client.read_list("Account", "getSecurityCertificates", mask=USAGE_MASK, root="securityCertificates")
    return [Usage(int(row["id"]), number(row.get("associatedServiceCount")), _uuids(row)) for row in rows]


def _uuids(row: Mapping[str, t.Any]) -> frozenset[str] | None:
    listeners = row.get("lbaasListeners")
    if not isinstance(listeners, list):
        return None
    return frozenset(filter(None, (text(listener.get("uuid")) for listener in dicts_in(listeners))))


def fetch_certificate_ids(client: Client) -> set[int]:
    """Return the ids of all records of the store.

    Raises:
        CertificatesError: as `Client.read_list`.
    """
    rows = client.read_list("Account", "getSecurityCertificates", mask=ID_MASK, root="securityCertificates")
    return {int(row["id"]) for row in rows}
