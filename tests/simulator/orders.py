# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""SSL orders: the rows the API shows, and what the certificate authority knows beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from . import authority, dates, mail
from .metadata import REQUEST, Row

PENDING, APPROVED, COMPLETE, CANCELED = "Pending CA Approval", "Approved", "Complete", "Canceled"
_ON_THE_CERTIFICATE = frozenset({"certificateSigningRequest", "createDate", "effectiveDate", "expirationDate"})
ISSUED = frozenset({APPROVED, COMPLETE})
"""In these, the authority has a certificate to send."""

_DESCRIPTIONS = {
    PENDING: "The order has been forwarded to the certificate authority and awaits its approval.",
    APPROVED: "The certificate authority has approved the order and sent the fulfillment email.",
    COMPLETE: "The order has been approved and paid.",
    CANCELED: "The order was rejected by the certificate authority or canceled.",
}
_FIRST_STATUS_ID = 43
"""Status ids are undocumented: whoever relies on them shall fail here."""

DEFAULT_PRODUCT = "RapidSSL - 1 year"


@dataclass
class Order:
    """An order; ``row`` is what the API shows of it, and may lack anything but ``id``."""

    row: Row
    mail_family: str = mail.DEFAULT_FAMILY
    sends: int = 0
    issued: mail.Issued | None = field(default=None, repr=False)

    @property
    def status(self) -> str | None:
        """The name of the status."""
        status: Row | None = self.row.get("status")
        return status["name"] if status else None

    @property
    def product(self) -> str:
        """The name of the product, as the billing item has it."""
        return str((self.row.get("orderItem") or {}).get("description") or DEFAULT_PRODUCT)

    @property
    def name(self) -> str:
        """What people call it: its common name, else the first name in its signing request."""
        common_name = self.row.get("commonName")
        return str(common_name or authority.name_in(self.row.get("certificateSigningRequest")))

    def letter(self) -> mail.Letter:
        """What the authority's messages about this order say."""
        return mail.Letter(
            order_id=self.row["id"],
            common_name=self.name,
            product=self.product.partition(" - ")[0],
            recipient=self.row.get("approverEmailAddress"),
        )

    def validity(self) -> tuple[datetime, datetime]:
        """The span of its certificate: that of the order, or a year from its creation."""
        start = self.row.get("effectiveDate") or self.row.get("createDate") or dates.now()
        return start, self.row.get("expirationDate") or start + timedelta(days=365)

    def copy(self) -> Order:
        """The order as it is now, to come back to; the rows that relations lead to are shared, and never changed."""
        return Order(dict(self.row), self.mail_family, self.sends, self.issued)


class Statuses:
    """The statuses, and those that only turn up on orders."""

    def __init__(self) -> None:
        self._by_name: dict[str, Row] = {}
        for name in _DESCRIPTIONS:
            self.named(name)

    def named(self, name: str) -> Row:
        """The row of a status; an unknown name becomes one more status."""
        if name not in self._by_name:
            identifier = _FIRST_STATUS_ID + len(self._by_name)
            self._by_name[name] = {"id": identifier, "name": name, "description": _DESCRIPTIONS.get(name, name)}
        return self._by_name[name]


def build(identifier: int, account: Row, statuses: Statuses, given: Mapping[str, Any]) -> Order:
    """A new order: ``given`` over what an order usually has; see ``change`` for what may be given."""
    created = dates.now() - timedelta(days=30)
    order = Order(
        {
            "id": identifier,
            "accountId": account["id"],
            "createDate": created,
            "modifyDate": created,
            "effectiveDate": created,
            "expirationDate": created + timedelta(days=365),
            "order": {"id": identifier + 5_000_000, "accountId": account["id"], "createDate": created},
            "account": account,
        }
    )
    change(order, statuses, {"status": APPROVED, "product": DEFAULT_PRODUCT, **given})
    return order


def change(order: Order, statuses: Statuses, given: Mapping[str, Any], missing: Iterable[str] = ()) -> None:
    """Set properties of an order.

    Given may be any local property (a date as a date or as text), a ``status`` by its name, the ``product``, the
    ``mail_family``, and any of them may be None; ``missing`` names properties that the row shall
    not have at all. Raises ValueError for what is none of these.
    """
    if given.keys() & _ON_THE_CERTIFICATE:
        order.issued = None
    for name, value in given.items():
        if name == "status":
            order.row["status"] = statuses.named(value) if value else None
            order.row["statusId"] = order.row["status"]["id"] if value else None
        elif name == "product":
            order.row["orderItem"] = {"id": order.row["id"] + 7_000_000, "description": value} if value else None
        elif name == "mail_family":
            if value not in mail.families():
                raise ValueError(f"no such family of mail: {value}")
            order.mail_family = value
        elif name in REQUEST.local:
            order.row[name] = _property(name, value)
        else:
            raise ValueError(f"an order has no {name}")
    for name in missing:
        order.row.pop(name, None)


def _property(name: str, value: Any) -> Any:
    if not name.endswith("Date") or not isinstance(value, str):
        return value
    moment = dates.parse(value)
    if moment is None:
        raise ValueError(f"{name} is no date: {value}")
    return moment
