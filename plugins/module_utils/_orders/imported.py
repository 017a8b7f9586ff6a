# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find an order's certificate, or a certificate that can replace the order's certificate, in the store. Private to softlayer.certificates.

Pure. The public key alone is not enough: a renewal may keep the key, and a stored certificate may have expired. So the code
compares the key, term, and names of orders and certificates.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from .._base.times import MAX_DATE_DIFFERENCE, find_term, is_in_term
from .._replacement.can_replace import PresentCertificate, find_replacement_obstacle, get_age
from .._replacement.index import StoreIndex
from .._replacement.trust import TrustView
from .._softlayer.orders import STORE_KEYS, Order, Selection
from .._softlayer.store import StoreCertificate, certificate_of


def is_imported(order: Order, record: StoreCertificate, at: datetime) -> bool:
    """Return whether a certificate in the store has an order's public key and term.

    Before the CA issues the certificate, the store may contain a self-signed certificate with the same key.
    """
    certificate = certificate_of(record)
    term = find_term(order.effective_at, order.created_at, order.expires_at)
    validity = certificate.not_before, certificate.not_after
    has_key = certificate.public_key_sha256 == order.public_key_sha256
    return has_key and is_in_term(term, validity, at) and not certificate.is_root


def can_replace_order(record: StoreCertificate, order: Order, view: TrustView) -> bool:
    """Return whether a certificate in the store can replace an order's certificate, whose content is unknown.

    The stored certificate must have another key or term, and be newer: issued later, or at the same time with a later expiry. An order without
    known dates cannot be replaced.
    """
    certificate, begins_at = certificate_of(record), order.effective_at or order.created_at
    is_newer = ends_later = (
        order.expires_at is not None and certificate.not_after > order.expires_at + MAX_DATE_DIFFERENCE
    )
    if begins_at is not None and certificate.not_before > begins_at + MAX_DATE_DIFFERENCE:
        is_newer = ends_later or order.public_key_sha256 not in {None, certificate.public_key_sha256}
    elif begins_at is not None:
        is_newer = ends_later and certificate.not_before >= begins_at - MAX_DATE_DIFFERENCE
    incumbent = PresentCertificate(order.names, order.names, frozenset(), order.key_type)
    return is_newer and find_replacement_obstacle(record, incumbent, view) is None


@dataclass(frozen=True)
class StoreState:
    """The state of an order in the store."""

    same_key_records: tuple[StoreCertificate, ...]
    """Certificates with the public key in the order's CSR."""
    own_records: tuple[StoreCertificate, ...]
    """Records of the order's own certificate."""
    successors: tuple[StoreCertificate, ...]
    """Certificates that can replace the order's certificate; empty if the store contains the order's certificate."""

    def as_result(self) -> dict[str, t.Any]:
        """Return the state in the form of `ssl_order_info`."""
        return {
            "certificate_ids": [record.id for record in self.same_key_records],
            "imported": bool(self.own_records),
            "superseded_by": [record.id for record in self.successors],
        }


def find_store_state(order: Order, index: StoreIndex, view: TrustView) -> StoreState:
    """Return the state of an order in the store: the records with the order's key, the order's own records, and replacements."""
    same_key_records = tuple(index.find_by_key(order.public_key_sha256))
    imported_as = tuple(record for record in same_key_records if is_imported(order, record, view.at))
    if imported_as:
        return StoreState(same_key_records, imported_as, ())
    candidates = index.select_valid(view.at).find_covering(order.names)
    successors = [record for record in candidates if can_replace_order(record, order, view)]
    # An earlier certificate with the same key contains more requirements, if it is for the order's names: several orders may share a key.
    earlier = [record for record in same_key_records if certificate_of(record).names >= order.names]
    before = max(earlier, key=get_age, default=None)
    if before is not None:
        successors = [
            record
            for record in successors
            if find_replacement_obstacle(record, PresentCertificate.of(before), view) is None
        ]
    return StoreState(same_key_records, (), tuple(successors))


def find_related(orders: Iterable[Order], index: StoreIndex) -> list[StoreCertificate]:
    """Return the certificates in the store with the key or all names of one of these orders, sorted by ID."""
    wanted = {
        record.stored_id: record
        for order in orders
        for record in (*index.find_by_key(order.public_key_sha256), *index.find_covering(order.names))
    }
    return [wanted[identifier] for identifier in sorted(wanted)]


def select_with_state(
    selection: Selection, orders: Iterable[Order], index: StoreIndex | None, view: TrustView
) -> list[tuple[Order, StoreState | None]]:
    """Return the selected orders, each with the state in the store, or `None` without `index`. For the arguments, see `list_results`."""
    taken = (order for order in orders if selection.matches(order, view.at))
    states = [(order, find_store_state(order, index, view) if index is not None else None) for order in taken]
    if selection.imported is None:
        return states
    return [(order, state) for order, state in states if state and bool(state.own_records) is selection.imported]


def list_results(
    selection: Selection, orders: Iterable[Order], index: StoreIndex | None, view: TrustView
) -> list[dict[str, t.Any]]:
    """Return the selected orders as the modules return orders.

    Args:
        selection: the conditions.
        orders: all orders to select from.
        index: the certificates in the store; `None` if unknown. Results have fields about the store only if `selection` requires them.
        view: the TLS clients that must trust a replacement of an order's certificate.
    """
    taken = select_with_state(selection, orders, index, view)
    if not selection.needs_store:
        return [order.as_result(view.at) for order, _state in taken]
    unknown = dict.fromkeys(STORE_KEYS)
    return [{**order.as_result(view.at), **(state.as_result() if state else unknown)} for order, state in taken]
