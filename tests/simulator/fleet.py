# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fleets to begin with: a small one that has one of everything, and large ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import cycle
from typing import Any

from . import dates
from .balancers import ECDSA_SUITES, RSA_SUITES
from .orders import APPROVED, CANCELED, COMPLETE, PENDING
from .world import World

UNDER_REVIEW = "Under Organization Review"
"""A status that the documentation does not know."""

_GEOTRUST = "GeoTrust QuickSSL Premium - 1 year"
_WILDCARD = "RapidSSL Wildcard - 1 year"
_SEED = 20180222
_DOMAINS = ("example.com", "example.org", "example.net")
_YEAR = 365
_FIRST_PORT = 8443


def seed(
    world: World, fleet: str, stored: int = 0, *, key_type: str = "ec", balancers: int = 0, listeners: int = 1
) -> None:
    """Fill a world: ``demo``, ``empty`` or so many orders, of which the first ``stored`` are in the store already.

    A number of orders has keys of ``key_type``. ``balancers`` load balancers have so many ``listeners`` each, which share
    the certificates of the store.
    """
    if fleet == "demo":
        _demo(world)
    elif fleet != "empty":
        _generated(world, int(fleet), key_type)
    for order in list(world.orders.values())[:stored]:
        world.import_order(order)
    _balance(world, balancers, listeners, (*RSA_SUITES, *ECDSA_SUITES) if key_type == "ec" else RSA_SUITES)
    world.remember()


def _balance(world: World, balancers: int, listeners: int, suites: Sequence[str]) -> None:
    """Load balancers whose listeners serve one certificate of the store after the other."""
    if balancers and not world.certificates:
        raise ValueError("there is no certificate that a load balancer could serve")
    certificates = cycle(world.certificates)
    for number in range(1, balancers + 1):
        ports = range(_FIRST_PORT, _FIRST_PORT + listeners)
        rows = [{"protocolPort": port, "tlsCertificateId": next(certificates)} for port in ports]
        world.add_balancer({"name": f"balancer{number:03d}", "listeners": rows, "sslCiphers": suites})


def _demo(world: World) -> None:
    """A dozen orders of every status, with all kinds of keys, names and addresses."""
    order = _adder(world)
    imported = order(
        "www.example.com", COMPLETE, days_left=210, key_type="rsa", technicalContactEmailAddress="web@example.com"
    )
    order("shop.example.com", APPROVED, days_left=363, approverEmailAddress="hostmaster@example.com")
    order("*.example.org", COMPLETE, days_left=150, key_type="rsa", product=_WILDCARD)
    order("xn--bcher-kva.example.net", APPROVED, days_left=360)
    order("mail.example.com", COMPLETE, days_left=21, key_type="rsa", product=_GEOTRUST)
    order("old.example.net", COMPLETE, days_left=-40, key_type="rsa")
    order("api.example.org", APPROVED, days_left=364, product=_GEOTRUST, technicalContactEmailAddress="ops@example.org")
    order("partner.example.net", APPROVED, days_left=300, approverEmailAddress="webmaster@agency.example")
    order("intranet.example.com", PENDING, days_left=None)
    order("vpn.example.org", PENDING, days_left=None, approverEmailAddress="hostmaster@example.org")
    order("beta.example.com", CANCELED, days_left=None, key_type="rsa")
    order("payments.example.net", UNDER_REVIEW, days_left=None, product=_GEOTRUST)
    world.import_order(world.orders[imported])


def _adder(world: World) -> Callable[..., int]:
    """A function that adds an order of one year with so many days left, or one that was not issued yet."""

    def add(common_name: str, status: str, *, days_left: int | None, key_type: str = "ec", **properties: Any) -> int:
        issued = days_left is not None
        effective = dates.now() + timedelta(days=(days_left or 0) - _YEAR, hours=1)
        created = effective - timedelta(days=2) if issued else dates.now() - timedelta(days=3)
        given = {
            "commonName": common_name,
            "status": status,
            "createDate": created,
            "modifyDate": effective if issued else created,
            "effectiveDate": effective if issued else None,
            "expirationDate": effective + timedelta(days=_YEAR) if issued else None,
            "technicalContactEmailAddress": None,
            **properties,
        }
        return world.add_order(given, key_type=key_type).row["id"]

    return add


def _generated(world: World, count: int, key_type: str) -> None:
    """Approved and complete orders with keys of their own; all but the keys is the same in each run."""
    chance, add = random.Random(_SEED), _adder(world)
    for number in range(count):
        add(
            f"host{number:05d}.{chance.choice(_DOMAINS)}",
            chance.choice((APPROVED, COMPLETE)),
            days_left=chance.randint(1, 364),
            key_type=key_type,
        )
