# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account's cloud load balancers: list them, read one, point listeners to certificates. Private to softlayer.certificates.

Rests on `SoftLayer_Network_LBaaS_LoadBalancer` and `SoftLayer_Network_LBaaS_Listener`. A balancer that is being changed refuses
further changes until it is ACTIVE again; its traffic goes on.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from .._base.codes import Code
from .._base.errors import CertificatesError, if_not_found
from .._base.times import parse
from .._http.faults import as_sentence, shorten
from .client import Client
from .values import parse_id, parse_number, parse_text, select_dicts

BALANCER = "Network_LBaaS_LoadBalancer"
LISTENER = "Network_LBaaS_Listener"
BALANCER_MASK = (
    "mask[id,uuid,name,address,provisioningStatus,previousErrorText,sslCiphers[id,name],"
    "listeners[id,uuid,protocol,protocolPort,tlsCertificateId,modifyDate]]"
)
CHANGED_MASK = "mask[id,uuid,provisioningStatus]"

ACTIVE = "ACTIVE"
FINAL_STATUSES = frozenset({"ERROR", "DELETE_PENDING"})
"""Provisioning statuses after which a balancer does not become active again by itself."""
HTTPS = "HTTPS"
MANAGE_ADVICE = (
    "The load balancer does not exist, or the API user cannot change the load balancer. Grant the API user the permission "
    "LOADBALANCER_MANAGE and access to the device."
)
LISTING_ERROR = (
    "Cannot list the load balancers: the API user does not have the permission LOADBALANCER_MANAGE, which also allows changes, or "
    "access to the devices. Grant the API user the permission and the access."
)
BUSY_PATTERN = re.compile(
    r"\b(?:CREATE|UPDATE|MAINTENANCE)_PENDING\b|\b(?:not|be)\W+(?:in\W+)?(?:an?\W+)?ACTIVE\b", re.IGNORECASE
)
"""Messages about a balancer that is being changed; the API documents none."""
ENDED_PATTERN = re.compile(r"\bDELETE_PENDING\b|\b(?:status|state) (?:is |of )?\W?ERROR\b", re.IGNORECASE)
ECDSA = re.compile(r"ECDSA", re.IGNORECASE)
TLS13 = re.compile(r"TLS_(AES|CHACHA20)", re.IGNORECASE)
"""Cipher suites for EC keys, and those that go with any key; all others are for RSA keys."""
CONFLICT_STATUS = 409
"""The HTTP status with which other IBM Cloud load balancers reject a change during another change."""


@dataclass(frozen=True)
class Listener:
    """A port on which a balancer accepts connections."""

    uuid: str
    protocol: str
    """TCP, HTTP or HTTPS; only HTTPS has a certificate."""
    port: int
    certificate_id: int | None
    modified_at: datetime | None = None
    """When anything about it was changed last; `None` if the API does not say so."""

    @property
    def is_https(self) -> bool:
        """Whether it may have a certificate."""
        return self.protocol == HTTPS


@dataclass(frozen=True)
class Balancer:
    """A cloud load balancer with its listeners."""

    id: int
    uuid: str
    name: str
    address: str | None
    """Its host name."""
    provisioning_status: str
    previous_error: str | None
    """The error of its previous change, as the API returns it."""
    ciphers: tuple[str, ...]
    """Names of the cipher suites that were chosen for it; empty for the standard ones."""
    listeners: tuple[Listener, ...]

    def has_name(self, name: str) -> bool:
        """Return whether a user means it by a name: its own, its uuid in any case, or its id."""
        return name in {self.name, str(self.id)} or name.lower() == self.uuid.lower()

    @property
    def is_active(self) -> bool:
        """Whether it can be changed now."""
        return self.provisioning_status == ACTIVE

    @property
    def is_final(self) -> bool:
        """Whether it is in a state that it does not leave by itself, so that waiting is in vain."""
        return self.provisioning_status in FINAL_STATUSES

    def has_ciphers_for(self, key_type: str) -> bool:
        """Return whether a listener has a cipher suite for a key type; the standard cipher suites are all for RSA keys."""
        if any(TLS13.match(name) for name in self.ciphers):
            return True
        for_ecdsa = {bool(ECDSA.search(name)) for name in self.ciphers} or {False}
        return (key_type != "RSA") in for_ecdsa

    @property
    def final_status_message(self) -> str:
        """Why it accepts no change, for one that has ended."""
        return (
            f"Load balancer {self.name} is in the state {self.provisioning_status}, which does not change automatically. Fix the load "
            f"balancer in the console.{self.error_sentence}"
        )

    def find_listener(self, uuid: str) -> Listener | None:
        """Return one of its listeners, or `None` if it is gone."""
        return next((listener for listener in self.listeners if listener.uuid == uuid), None)

    @property
    def error_sentence(self) -> str:
        """A sentence about its previous error, with a leading space; empty if there is none."""
        return (
            f" The API reports about the previous change of the load balancer: {as_sentence(self.previous_error)}"
            if self.previous_error
            else ""
        )


def fetch_balancers(client: Client) -> list[Balancer]:
    """Return all load balancers, sorted by id (`getAllObjects`).

    Raises:
        CertificatesError: as `Client.read_list`.
    """
    with if_not_found(LISTING_ERROR):
        rows = client.read_list(BALANCER, "getAllObjects", mask=BALANCER_MASK)
    return [balancer for balancer in map(normalize, rows) if balancer is not None]


def fetch_balancer(client: Client, uuid: str) -> Balancer:
    """Return a load balancer as it is now (`getLoadBalancer`).

    Raises:
        CertificatesError: as `Client.call`; `not_found`; `no_answer` if the answer is not that balancer.
    """
    with if_not_found(f"Cannot read load balancer {uuid} anymore. {MANAGE_ADVICE}"):
        row = client.call(BALANCER, "getLoadBalancer", uuid, mask=BALANCER_MASK)
    balancer = normalize(row) if isinstance(row, dict) else None
    if balancer is None or balancer.uuid != uuid:
        why = f"SoftLayer_{BALANCER}::getLoadBalancer did not return load balancer {uuid}. Check endpoint_url."
        raise CertificatesError("no_answer", why)
    return balancer


def switch_listeners(
    client: Client,
    balancer: Balancer,
    certificate_ids: Mapping[str, int],
    before_sending: t.Callable[[], None] | None = None,
) -> None:
    """Switch listeners of one balancer to certificates of the store, in one call (`updateLoadBalancerProtocols`).

    Only the two properties are sent: an element without the listener's uuid would create a listener. It is not repeated after a
    lost answer.

    Args:
        client: the session.
        balancer: the balancer.
        certificate_ids: ids in the store, by the uuid of the listener.
        before_sending: see `Client.call`.

    Raises:
        CertificatesError: as `Client.call`; `balancer_busy` if it is being changed and so nothing was done, `balancer_error` if it
            accepts no more changes, `refused` if the API rejects the change, `no_answer` if it may have been carried out.
    """
    configurations = [
        {"listenerUuid": uuid, "tlsCertificateId": certificate_id} for uuid, certificate_id in certificate_ids.items()
    ]
    try:
        client.call(
            LISTENER,
            "updateLoadBalancerProtocols",
            balancer.uuid,
            configurations,
            mask=CHANGED_MASK,
            repeatable=False,
            before_sending=before_sending,
        )
    except CertificatesError as error:
        raise _explain_change(error, balancer) from None


def _explain_change(error: CertificatesError, balancer: Balancer) -> CertificatesError:
    """Return the error of a failed change."""
    words = str(error.details.get("api_message") or "")
    said = as_sentence(words) if words else ""
    if error.code == "not_found":
        return CertificatesError("not_found", f"Load balancer {balancer.name}: {said} {MANAGE_ADVICE}", **error.details)
    if error.code not in {"api_error", "no_answer"} or not said:
        return error
    code: Code = "refused"
    if ENDED_PATTERN.search(said):
        code = "balancer_error"
    elif BUSY_PATTERN.search(said) or (
        error.code == "api_error" and error.details.get("http_status") == CONFLICT_STATUS
    ):
        code = "balancer_busy"
    elif error.code == "no_answer":
        return error
    return CertificatesError(
        code, f"The API rejected the change of load balancer {balancer.name}: {said}", **error.details
    )


def normalize(row: Mapping[str, t.Any]) -> Balancer | None:
    """Return an API object as a balancer, with only the fields named here; `None` if it has no uuid, by which it could be changed."""
    uuid = parse_text(row.get("uuid"))
    if uuid is None:
        return None
    return Balancer(
        id=parse_id(row.get("id")) or 0,
        uuid=uuid,
        name=parse_text(row.get("name")) or uuid,
        address=parse_text(row.get("address")),
        provisioning_status=(parse_text(row.get("provisioningStatus")) or "unknown").upper(),
        previous_error=shorten(str(row.get("previousErrorText") or "")) or None,
        ciphers=tuple(filter(None, (parse_text(cipher.get("name")) for cipher in select_dicts(row.get("sslCiphers"))))),
        listeners=tuple(filter(None, map(_normalize_listener, select_dicts(row.get("listeners"))))),
    )


def _normalize_listener(row: Mapping[str, t.Any]) -> Listener | None:
    uuid, port = parse_text(row.get("uuid")), parse_number(row.get("protocolPort"))
    if uuid is None or port is None:
        return None
    return Listener(
        uuid=uuid,
        protocol=(parse_text(row.get("protocol")) or "").upper(),
        port=port,
        certificate_id=parse_id(row.get("tlsCertificateId")),  # -1 has been seen where there is none
        modified_at=parse(row.get("modifyDate")),
    )
