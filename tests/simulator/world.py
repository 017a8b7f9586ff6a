# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All that the simulator holds: the account, its users, orders and certificates, the authority and the logs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.support.certificates import key_pem, pem_of

from . import dates, keys, mail, orders, store
from .authority import Authority
from .balancers import Balancer, Balancers
from .calls import CallLog
from .faults import FaultBook
from .metadata import Row
from .orders import Order, Statuses
from .secrets_manager.instance import Instance
from .settings import Settings
from .switching import Proxy, Switching
from .users import Users

_FIRST_ORDER_ID, _FIRST_CERTIFICATE_ID = 100_201, 300_101


@dataclass(frozen=True)
class Send:
    """A message that was asked for and sent."""

    time: str
    order_id: int
    recipient: str | None
    message_id: str
    user: str


@dataclass
class World:
    """The simulator's state. Whoever reads or changes orders, certificates and balancers holds ``lock``."""

    state_dir: Path
    maildir: mail.Maildir
    users: Users
    account: Row
    settings: Settings = field(default_factory=Settings)
    statuses: Statuses = field(default_factory=Statuses)
    authority: Authority = field(default_factory=Authority)
    orders: dict[int, Order] = field(default_factory=dict)
    certificates: dict[int, Row] = field(default_factory=dict)
    balancers: Balancers = field(default_factory=Balancers)
    proxy: Proxy | None = None
    """What the balancers' traffic goes through."""
    place: Callable[[], str | None] = lambda: None
    """The address of the next balancer; None for a name that leads nowhere."""
    unlisted: dict[int, int] = field(default_factory=dict)
    """How many lists still lack a certificate, by its id."""
    secrets_manager: Instance = field(default_factory=Instance)
    sends: list[Send] = field(default_factory=list)
    calls: CallLog = field(default_factory=CallLog)
    faults: FaultBook = field(default_factory=FaultBook)
    lock: threading.RLock = field(default_factory=threading.RLock)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.keys = keys.KeyFolder(self.state_dir / "keys")
        self.switching = Switching(self)
        self._next_order, self._next_certificate = _FIRST_ORDER_ID, _FIRST_CERTIFICATE_ID
        self.remember()

    def remember(self) -> None:
        """Let ``reset`` come back to how things are now."""
        self._seed = (
            [order.copy() for order in self.orders.values()],
            [dict(record) for record in self.certificates.values()],
            self.settings,
            [balancer.copy() for balancer in self.balancers],
        )

    def reset(self) -> None:
        """Back to the beginning: orders, certificates, balancers and settings; no secrets, no mail, no logs, no faults."""
        with self.lock:
            seed_orders, seed_certificates, self.settings, seed_balancers = self._seed
            self.orders = {order.row["id"]: order.copy() for order in seed_orders}
            self.certificates = {record["id"]: dict(record) for record in seed_certificates}
            self.balancers.restore(balancer.copy() for balancer in seed_balancers)
            self.switching.refresh()
            self.users.reset()
            self.secrets_manager.reset()
            self.sends = []
            self.calls.clear()
            self.calls.ignored.clear()
            self.faults.clear()
            self.maildir.clear()

    def add_order(self, given: Mapping[str, Any], *, key_type: str = "ec", names: Sequence[str] = ()) -> Order:
        """A new order; unless its signing request is given, with a new key, which is kept in the folder of keys.

        With ``names`` the signing request asks for these DNS names; its subject is empty if ``commonName`` is None.
        """
        with self.lock:
            name = str(given.get("commonName") or next(iter(names), f"host{self._next_order}.example.com"))
            given = {"commonName": name, "approverEmailAddress": f"admin@{_domain(name)}", **given}
            if "certificateSigningRequest" not in given:
                key = keys.generate(key_type)
                self.keys.save(name, key)
                subject = (name, self.account["companyName"]) if given["commonName"] or not names else (None, None)
                given["certificateSigningRequest"] = keys.signing_request(key, *subject, names=names)
            order = orders.build(self._next_order, self.account, self.statuses, given)
            self.orders[order.row["id"]] = order
            self._next_order = max(self._next_order, order.row["id"]) + 1
            return order

    def add_certificate(self, template: Mapping[str, Any]) -> Row:
        """A new record in the store, checked as the store does."""
        with self.lock:
            checked = store.create(
                self._next_certificate,
                template,
                needs_name=self.settings.refuse_without_common_name,
                needs_rsa=self.settings.refuse_ec_key,
            )
            record = {**checked, **self.services()}
            self.unlisted[record["id"]] = self.settings.list_late
            store.cut_chain(record, self.settings.kept_chain)
            self.certificates[record["id"]] = record
            self._next_certificate += 1
            return record

    def services(self, count: Any = 0, listeners: Any = ()) -> Row:
        """What uses a certificate: the listeners that point to it, and so many services and listeners that are made up."""
        return {
            "associatedServiceCount": lambda row: count + len(self.balancers.using(row["id"])),
            "lbaasListeners": lambda row: [*listeners, *self.balancers.using(row["id"])],
        }

    def add_balancer(self, given: Mapping[str, Any]) -> Balancer:
        """A new load balancer, which serves at once."""
        with self.lock:
            balancer = self.balancers.add(self.account, given, self.place())
            self.switching.apply(balancer, [row["uuid"] for row in balancer.listeners])
            return balancer

    @cached_property
    def stranger(self) -> str:
        """A certificate with its key, in PEM, that is in no store."""
        key, moment = keys.generate("rsa"), dates.now()
        request = keys.signing_request(key, "stranger.example.com")
        leaf = self.authority.issue(request, moment - timedelta(days=1), moment + timedelta(days=90))
        return pem_of([leaf, self.authority.intermediate]) + key_pem(key)

    def issue(self, order: Order) -> mail.Issued | None:
        """The order's certificate, the same each time; None if the signing request cannot be read."""
        if order.issued is None:
            try:
                leaf = self.authority.issue(str(order.row.get("certificateSigningRequest")), *order.validity())
            except ValueError:
                return None
            order.issued = mail.Issued(leaf, self.authority.intermediate, self.authority.root)
        return order.issued

    def send_fulfillment(self, order: Order, username: str) -> None:
        """Have the authority mail the order's certificate."""
        family, letter, issued = order.mail_family, order.letter(), self.issue(order)
        self.maildir.deliver(lambda: mail.fulfillment(family, letter, issued), hold=self.settings.hold_mail)
        order.sends += 1
        self.sends.append(Send(dates.now().isoformat(), order.row["id"], letter.recipient, letter.message_id, username))

    def import_order(self, order: Order) -> Row:
        """Put an order's certificate into the store, as a user would who has its mail and its key."""
        issued = self.issue(order)
        if issued is None:
            raise ValueError("the order has no certificate")
        key_path = self.keys.path(order.name)
        return self.add_certificate(
            {
                "certificate": issued.leaf_pem,
                "privateKey": key_path.read_text(encoding="ascii"),
                "intermediateCertificate": issued.intermediate_pem,
                "certificateSigningRequest": order.row["certificateSigningRequest"],
            }
        )


def _domain(common_name: str) -> str:
    """The domain an administrator's address is at."""
    return ".".join(common_name.split(".")[-2:])
