# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cloud load balancers of the account: list, read, and switch listeners to certificates. Private to softlayer.certificates.

Uses `SoftLayer_Network_LBaaS_LoadBalancer` and `SoftLayer_Network_LBaaS_Listener`. During a change, a load balancer rejects other
changes until its status is ACTIVE, without an interruption of its traffic.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from .._base.codes import Code
from .._base.errors import CertificatesError, reword_not_found
from .._base.times import parse
from .._http.faults import end_sentence, shorten
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
"""Provisioning statuses that do not change automatically."""
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
"""Messages about a load balancer during a change. The API reference does not document the messages."""
ENDED_PATTERN = re.compile(r"\bDELETE_PENDING\b|\b(?:status|state) (?:is |of )?\W?ERROR\b", re.IGNORECASE)
ECDSA = re.compile(r"ECDSA", re.IGNORECASE)
TLS13 = re.compile(r"TLS_(AES|CHACHA20)", re.IGNORECASE)
"""Cipher suites of TLS 1.3, which support any key type. Older cipher suites without ECDSA support RSA keys only."""
CONFLICT_STATUS = 409
"""The HTTP status of other IBM Cloud load balancers that reject a change during another change."""


@dataclass(frozen=True)
class Listener:
    """A port of a load balancer."""

    uuid: str
    protocol: str
    """TCP, HTTP, or HTTPS; only HTTPS has a certificate."""
    port: int
    certificate_id: int | None
    modified_at: datetime | None = None
    """Time of the last change of the listener; `None` if unknown."""

    @property
    def is_https(self) -> bool:
        """Whether the protocol is HTTPS, so that the listener may have a certificate."""
        return self.protocol == HTTPS


@dataclass(frozen=True)
class Balancer:
    """A cloud load balancer with its listeners."""

    id: int
    uuid: str
    name: str
    address: str | None
    """Host name of the load balancer."""
    provisioning_status: str
    previous_error: str | None
    """The error of the previous change, as the API returns it."""
    ciphers: tuple[str, ...]
    """Names of the configured cipher suites; empty for the standard cipher suites."""
    listeners: tuple[Listener, ...]

    def has_name(self, name: str) -> bool:
        """Return whether a user-specified name is the name, the ID, or the UUID (in any case) of the load balancer."""
        return name in {self.name, str(self.id)} or name.lower() == self.uuid.lower()

    @property
    def is_active(self) -> bool:
        """Whether the load balancer accepts changes."""
        return self.provisioning_status == ACTIVE

    @property
    def is_final(self) -> bool:
        """Whether the provisioning status does not change automatically."""
        return self.provisioning_status in FINAL_STATUSES

    def has_ciphers_for(self, key_type: str) -> bool:
        """Return whether there is a cipher suite for a key type. All standard cipher suites are for RSA keys."""
        if any(TLS13.match(name) for name in self.ciphers):
            return True
        for_ecdsa = {bool(ECDSA.search(name)) for name in self.ciphers} or {False}
        return (key_type != "RSA") in for_ecdsa

    @property
    def final_status_message(self) -> str:
        """The message about a final provisioning status, with a remedy."""
        return (
            f"Load balancer {self.name} is in the state {self.provisioning_status}, which does not change automatically. Fix the load "
            f"balancer in the console.{self.error_sentence}"
        )

    def find_listener(self, uuid: str) -> Listener | None:
        """Return the listener with a UUID, or `None` if the listener does not exist."""
        return next((listener for listener in self.listeners if listener.uuid == uuid), None)

    @property
    def error_sentence(self) -> str:
        """A sentence about the previous error, with a leading space; empty without an error."""
        return (
            f" The API reports about the previous change of the load balancer: {end_sentence(self.previous_error)}"
            if self.previous_error
            else ""
        )


def fetch_balancers(client: Client) -> list[Balancer]:
    """Return all load balancers, sorted by ID (`getAllObjects`).

    Raises:
        CertificatesError: as `Client.read_list`.
    """
    with reword_not_found(LISTING_ERROR):
        rows = client.read_list(BALANCER, "getAllObjects", mask=BALANCER_MASK)
    return [balancer for balancer in map(normalize, rows) if balancer is not None]


def fetch_balancer(client: Client, uuid: str) -> Balancer:
    """Return the current state of a load balancer (`getLoadBalancer`).

    Raises:
        CertificatesError: as `Client.call`; `not_found`; `no_answer` if the response is not the load balancer.
    """
    with reword_not_found(f"Cannot read load balancer {uuid} anymore. {MANAGE_ADVICE}"):
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
    """Switch listeners of one load balancer to certificates in the store, in one call (`updateLoadBalancerProtocols`).

    The call is not repeated after a lost response. An element without the UUID of a listener would create a listener.

    Args:
        client: the session.
        balancer: the load balancer.
        certificate_ids: IDs of certificates in the store, by the UUID of the listener.
        before_sending: see `Client.call`.

    Raises:
        CertificatesError: as `Client.call`; `balancer_busy` during another change, `balancer_error` for a final status,
            `refused` if the API rejects the change, `no_answer` if the change may have been made.
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
    """Return the error of a failed change, with a code for a busy or failed load balancer."""
    words = str(error.details.get("api_message") or "")
    said = end_sentence(words) if words else ""
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
    """Return a load balancer from an API object; `None` for an object without a UUID, which cannot be changed."""
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
