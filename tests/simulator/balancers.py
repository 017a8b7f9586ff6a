# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cloud load balancers and their listeners, on plain data: what they are, and what tests can make of them."""

from __future__ import annotations

import copy
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import dates
from .metadata import BALANCER, LISTENER, Row

ACTIVE, UPDATE_PENDING, ERROR = "ACTIVE", "UPDATE_PENDING", "ERROR"
HTTPS = "HTTPS"
RSA_SUITES = (
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-SHA384",
    "AES256-GCM-SHA384",
    "AES256-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-SHA256",
    "AES128-GCM-SHA256",
    "AES128-SHA256",
)
"""What a balancer offers unless it is told otherwise: none of them can be used with an EC certificate."""
ECDSA_SUITES = tuple(suite.replace("RSA", "ECDSA") for suite in RSA_SUITES if "RSA" in suite)
CIPHERS: tuple[Row, ...] = tuple(
    {"id": number, "name": name} for number, name in enumerate((*RSA_SUITES, *ECDSA_SUITES), start=1)
)
"""Their ids are undocumented: whoever relies on them shall fail here."""

STALE, OTHER, HANDSHAKE, CLOSED, BARE = "stale", "other", "handshake", "closed", "bare"
_MISBEHAVIOUR = (STALE, OTHER, HANDSHAKE, CLOSED, BARE)
_UUIDS = uuid.UUID("0c1f4b3a-6a0e-4f57-9a53-5d7a3f1f2c44")
_FIRST_ID, _FIRST_LISTENER_ID = 410_001, 520_001


@dataclass(frozen=True)
class Frontend:
    """What a listener is to the traffic: in plain text where it has no ``pem`` (certificate, issuers and key)."""

    address: str
    port: int
    pem: str | None = field(default=None, repr=False)
    certificate_id: int | None = None
    """The record that the certificate is of; None also if it is of none."""
    ciphers: tuple[str, ...] = RSA_SUITES


@dataclass(frozen=True)
class Habit:
    """How a listener misbehaves for the next so many changes of it.

    ``stale`` goes on serving the old certificate, ``other`` serves one that is nowhere in the store, with ``handshake``
    no TLS handshake comes about, with ``closed`` nothing listens, and ``bare`` sends the certificate without its issuers.
    """

    kind: str
    changes: int = 1

    def __post_init__(self) -> None:
        if self.kind not in _MISBEHAVIOUR:
            raise ValueError(f"a listener does not misbehave like that: {self.kind}")


@dataclass
class Balancer:
    """A balancer; ``row`` is what the API shows of it, ``traffic`` what its users meet, by uuid of the listener."""

    row: Row
    habits: dict[str, Habit] = field(default_factory=dict)
    traffic: dict[str, Frontend] = field(default_factory=dict)
    change: object = None
    """The change that is under way."""

    def copy(self) -> Balancer:
        """The balancer as it is now, to come back to; a change under way is left out."""
        return Balancer(copy.deepcopy(self.row), dict(self.habits), dict(self.traffic))

    @property
    def listeners(self) -> list[Row]:
        """Its listeners."""
        return self.row["listeners"]

    @property
    def ciphers(self) -> tuple[str, ...]:
        """The names of the suites it offers."""
        return tuple(cipher["name"] for cipher in self.row.get("sslCiphers") or ()) or RSA_SUITES


class Balancers:
    """All balancers of the account. Listeners are replaced, never changed, so that the index of certificates holds."""

    def __init__(self) -> None:
        self._by_id: dict[int, Balancer] = {}
        self._next, self._next_listener = _FIRST_ID, _FIRST_LISTENER_ID
        self._using: dict[Any, list[Row]] | None = None

    def __iter__(self) -> Iterator[Balancer]:
        return iter(self._by_id.values())

    def __contains__(self, balancer: Balancer) -> bool:
        return self._by_id.get(balancer.row["id"]) is balancer

    def restore(self, balancers: Iterable[Balancer]) -> None:
        """Have these and no others."""
        self._by_id = {balancer.row["id"]: balancer for balancer in balancers}
        self._using = None

    def get(self, identifier: int) -> Balancer:
        """One, by id; raises KeyError if there is none."""
        return self._by_id[identifier]

    def find(self, wanted: object) -> Balancer | None:
        """One, by uuid."""
        return next((balancer for balancer in self if balancer.row.get("uuid") == wanted), None)

    def owner(self, listener_uuid: str) -> tuple[Balancer, Row]:
        """A listener and its balancer; raises KeyError if there is none."""
        for balancer in self:
            for row in balancer.listeners:
                if row.get("uuid") == listener_uuid:
                    return balancer, row
        raise KeyError(listener_uuid)

    def using(self, certificate_id: int) -> list[Row]:
        """The listeners that point to a certificate."""
        if self._using is None:
            self._using = defaultdict(list)
            for balancer in self:
                for row in balancer.listeners:
                    self._using[row.get("tlsCertificateId")].append(row)
        return self._using.get(certificate_id, [])

    def add(self, account: Row, given: Mapping[str, Any], address: str | None) -> Balancer:
        """A new balancer, of API properties; some of them missing, if that is ``given``."""
        given = dict(given)
        listeners, missing = given.pop("listeners", ()), given.pop("missing", ())
        balancer = Balancer(_row(self._next, account, given, address))
        rows = [self.new_listener(properties) for properties in listeners]
        for name in missing:
            balancer.row.pop(name, None)
        self._by_id[self._next] = balancer
        self._next += 1
        self.put(balancer, rows)
        return balancer

    def remove(self, balancer: Balancer) -> None:
        """Delete a balancer with its listeners."""
        del self._by_id[balancer.row["id"]]
        self._using = None

    def put(self, balancer: Balancer, listeners: list[Row]) -> None:
        """Give a balancer other listeners."""
        balancer.row["listeners"] = listeners
        self._using = None

    def new_listener(self, given: Mapping[str, Any]) -> Row:
        """A listener that belongs to no balancer yet, of API properties."""
        identifier, moment = self._next_listener, dates.now()
        self._next_listener += 1
        row = {
            "id": identifier,
            "uuid": _uuid(f"listener {identifier}"),
            "protocol": HTTPS,
            "protocolPort": 443,
            "provisioningStatus": ACTIVE,
            "tlsCertificateId": None,
            "createDate": moment,
            "modifyDate": moment,
        }
        return {**row, **_known(given, LISTENER.local, "listener")}


def patch(row: Row, given: Mapping[str, Any]) -> None:
    """Change properties of a balancer, past the API's checks."""
    row.update(_balancer_properties(given))


def patched_listener(row: Row, given: Mapping[str, Any]) -> Row:
    """A listener with some properties changed, past the API's checks."""
    return {**row, **_known(given, LISTENER.local, "listener")}


def _row(identifier: int, account: Row, given: Mapping[str, Any], address: str | None) -> Row:
    name, moment = given.get("name") or f"balancer{identifier}", dates.now()
    public = address or f"{str(name).lower()}-{account['id']}-dal10.clb.appdomain.cloud"
    row = {
        "id": identifier,
        "uuid": _uuid(f"balancer {identifier}"),
        "accountId": account["id"],
        "name": name,
        "address": public,
        "type": 1,
        "isPublic": 1,
        "provisioningStatus": ACTIVE,
        "operatingStatus": "ONLINE",
        "previousErrorText": None,
        "createDate": moment,
        "modifyDate": moment,
    }
    return {**row, **_balancer_properties({"sslCiphers": RSA_SUITES, **given})}


def _balancer_properties(given: Mapping[str, Any]) -> Row:
    """Properties as the row has them: ciphers are given by name."""
    row = _known(given, BALANCER.local | {"sslCiphers"}, "balancer")
    if "sslCiphers" in row:
        known = {cipher["name"]: cipher for cipher in CIPHERS}
        row["sslCiphers"] = [known.get(name, {"id": 99, "name": name}) for name in row["sslCiphers"]]
    return row


def _known(given: Mapping[str, Any], names: Iterable[str], what: str) -> Row:
    if unknown := given.keys() - set(names):
        raise ValueError(f"a {what} has no {', '.join(sorted(unknown))}")
    return dict(given)


def _uuid(name: str) -> str:
    """The same in each run, and random to look at, as clients expect it."""
    return str(uuid.UUID(bytes=uuid.uuid5(_UUIDS, name).bytes, version=4))
