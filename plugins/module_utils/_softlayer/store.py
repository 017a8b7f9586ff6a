# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate store of the account: find, create, edit, and delete records. Private to softlayer.certificates.

Uses `SoftLayer_Security_Certificate` and `SoftLayer_Account::getSecurityCertificates`. Without an object mask, the API would return
the private key. Therefore, every read and every `createObject` has a mask without `privateKey`, except in `fetch_with_private_key`.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from .._base.errors import CertificatesError, reword_not_found
from .._base.names import has_matching_name
from .._base.secrets import PRIVATE_KEY_PATTERN
from .._base.text import escape_invisible, make_encodable
from .._base.times import count_days, format_time, parse
from .._http.faults import end_sentence
from .._x509.certificate import FACTS, Certificate, join_pem, normalize_names
from .._x509.chain import Anchors, Chains
from .._x509.lifespan import UNKNOWN_LIFESPAN, Lifespan
from .._x509.read import Csr, read_api_csr, read_certificates
from .client import Client, describe_ignored_rows
from .faults import reports_transient_error
from .values import parse_id, parse_number, read_boolean, require_boolean

SERVICE = "Security_Certificate"
CERTIFICATE_MASK = "mask[id,certificate,intermediateCertificate]"
"""The properties for the comparison with orders."""
RECORD_MASK = (
    "mask[id,commonName,organizationName,certificate,intermediateCertificate,certificateSigningRequest,notes,keySize,validityBegin,validityEnd,"
    "createDate,modifyDate,associatedServiceCount,lbaasListeners[id,uuid]]"
)
CREATED_MASK = "mask[id,intermediateCertificate]"
"""The properties that show whether the complete chain was stored."""
WITH_KEY_MASK = "mask[id,certificate,intermediateCertificate,privateKey]"
"""The properties for exports from the store."""

MISSING_ENTRY_FIELDS = (
    "fingerprint_sha256",
    "public_key_sha256",
    "serial_number",
    "subject_alt_names",
    "key_type",
    "notes",
    "associated_service_count",
    "created_at",
    "modified_at",
    "superseded_by",
    "effective_not_after",
    "limited_by",
)
"""Result fields that `SoftLayer_Security_Certificate_Entry` lacks."""
ENTRY_PROPERTIES = ("commonName", "organizationName", "keySize", "validityBegin", "validityEnd")
"""The properties of a `SoftLayer_Security_Certificate_Entry`, in addition to its `certificateId`."""
STORE_READ_ERROR = (
    "Cannot read the certificate store: the API user does not have the permission SECURITY_CERTIFICATE_MANAGE"
)
PEM_FIELDS = ("certificate", "intermediate_certificate", "certificate_signing_request")
Handle: t.TypeAlias = "int | str"
"""The identity of a certificate: see `StoreCertificate.handle`."""


@dataclass(frozen=True)
class StoreCertificate:
    """A record of the store, without its private key. A record that is not stored yet has no ID."""

    id: int | None
    common_name: str | None
    notes: str
    associated_service_count: int | None
    certificate: Certificate | None
    intermediates: tuple[Certificate, ...]
    request_pem: object = field(repr=False)
    """The CSR as the API returns it."""
    created_at: datetime | None = field(repr=False)
    modified_at: datetime | None = field(repr=False)
    organization_name: str | None = None
    validity_begin: datetime | None = None
    validity_end: datetime | None = None
    key_size: int | None = None
    has_no_listeners: bool = False
    """Whether no listener of a load balancer uses the record; `False` if unknown."""

    @classmethod
    def create_unstored(
        cls,
        certificate: Certificate,
        intermediates: tuple[Certificate, ...],
        request: Csr | None = None,
        notes: str = "",
    ) -> StoreCertificate:
        """Return the unused record of a certificate that is not stored yet."""
        request_pem = request.to_pem() if request else None
        return cls(None, certificate.common_name, notes, 0, certificate, intermediates, request_pem, None, None)

    @property
    def stored_id(self) -> int:
        """The ID of a record that is stored."""
        return t.cast(int, self.id)

    @property
    def handle(self) -> Handle:
        """The ID, or the fingerprint of the certificate if the record is not stored yet."""
        return self.id or t.cast(Certificate, self.certificate).fingerprint_sha256

    @property
    def is_unused(self) -> bool:
        """Whether the number of services that use the record, including listeners, is known to be 0."""
        return self.associated_service_count == 0

    def facts(self) -> dict[str, t.Any]:
        """Return the facts for results, from the certificate if readable, otherwise from the API."""
        if self.certificate:
            facts = self.certificate.facts()
            return {**facts, "key_size": self.key_size if facts["key_size"] is None else facts["key_size"]}
        return {
            **dict.fromkeys(FACTS),
            "common_name": self.common_name,
            "not_before": format_time(self.validity_begin),
            "not_after": format_time(self.validity_end),
            "key_size": self.key_size,
        }

    @cached_property
    def request(self) -> Csr | None:
        """The CSR, which only a few runs read; `None` if it is missing or unreadable."""
        return read_api_csr(self.request_pem)

    @cached_property
    def names(self) -> frozenset[str]:
        """The DNS names and the common name, in ASCII form; the common name of the API for an unreadable certificate."""
        return self.certificate.names if self.certificate else normalize_names(self.common_name, ())

    @property
    def not_after(self) -> datetime | None:
        """Expiry of the certificate; `None` if unknown."""
        return self.certificate.not_after if self.certificate else self.validity_end

    def lifespan(self, at: datetime) -> Lifespan:
        """Return the period in which TLS clients accept the certificate, regardless of their root certificates."""
        leaf = self.certificate
        if leaf is None:
            return Lifespan(self.validity_begin, self.validity_end)
        if all(issuer.not_after >= leaf.not_after for issuer in self.intermediates):  # the usual case, for free
            return Lifespan(leaf.not_before, leaf.not_after)
        return Lifespan.from_path(leaf, Chains(self.intermediates, Anchors(), at).build(leaf).path)

    def as_result(self, at: datetime) -> dict[str, t.Any]:
        """Return the public facts for the result of `ssl_certificate_info`."""
        organization = self.certificate.organization_name if self.certificate else self.organization_name
        lifespan = self.lifespan(at)
        return {
            "id": self.id,
            **self.facts(),
            "notes": self.notes,
            "organization_name": organization,
            "days_until_expiry": count_days(self.not_after, at),
            **(lifespan if self.certificate else UNKNOWN_LIFESPAN).as_result(),
            "renewal_due": lifespan.is_due(at),
            "associated_service_count": self.associated_service_count,
            "created_at": format_time(self.created_at),
            "modified_at": format_time(self.modified_at),
        }

    def pems(self) -> dict[str, str | None]:
        """Return the public parts as PEM, without text around the PEM blocks."""
        return {
            "certificate": self.certificate.to_pem() if self.certificate else None,
            "intermediate_certificate": join_pem(self.intermediates) or None,
            "certificate_signing_request": self.request.to_pem() if self.request else None,
        }


@dataclass(frozen=True)
class StoreCertificateWithKey:
    """A record with its certificates and its private key only."""

    record: StoreCertificate
    private_key: str | None = field(repr=False)
    """The private key in PEM as the store returns it, or `None`."""


@dataclass(frozen=True)
class StoreSelection:
    """The selection of records. A record must match one value of each criterion; `None` means no restriction."""

    certificate_ids: Sequence[int] | None = None
    common_names: Sequence[str] | None = None
    status: t.Literal["all", "valid", "expired"] = "all"
    expires_within_days: int | None = None
    renewal_due: bool | None = None
    unused: bool | None = None

    def matches(self, record: StoreCertificate, at: datetime) -> bool:
        """Return whether a record meets all criteria. An unknown value never meets a criterion."""
        days = count_days(record.not_after, at)
        return (
            (self.certificate_ids is None or record.id in self.certificate_ids)
            and (self.common_names is None or has_matching_name(record.names, self.common_names))
            and (self.status == "all" or (days is not None and (days < 0) == (self.status == "expired")))
            and (self.expires_within_days is None or (days is not None and 0 <= days <= self.expires_within_days))
            and (self.renewal_due is None or record.lifespan(at).is_due(at) is self.renewal_due)
            and (
                self.unused is None
                or (
                    record.associated_service_count is not None
                    and (record.associated_service_count == 0) == self.unused
                )
            )
        )


@dataclass(frozen=True)
class StoreListing:
    """The records that the API returned. If `is_limited`, expired records and the fields in `MISSING_ENTRY_FIELDS` are missing."""

    records: Sequence[StoreCertificate]
    is_limited: bool


def fetch_for_orders(client: Client, otherwise: str) -> list[StoreCertificate]:
    """Return the stored certificates with only their chains, for the comparison with orders.

    Args:
        client: the session.
        otherwise: a remedy for a user without permission, as an imperative clause.

    Raises:
        CertificatesError: as `Client.read_list`.
    """
    records = [
        normalize(row) for row in _fetch_rows(client, CERTIFICATE_MASK, f"Grant the permission, or {otherwise}.")
    ]
    warn_of_unreadable(client, records)
    return records


def warn_of_unreadable(client: Client, records: Iterable[StoreCertificate]) -> None:
    """Warn about records whose certificate is missing or unreadable."""
    ids = [record.id for record in records if record.certificate is None]
    if ids:
        client.warn(
            f"Cannot read these certificates in the store: {', '.join(map(str, ids))}. Unreadable certificates are not compared with "
            "other certificates, and their content counts as missing. Fix or delete the unreadable certificates."
        )


def fetch_stored(client: Client) -> list[StoreCertificate]:
    """Return all records of the store, sorted by ID, including expired certificates.

    Raises:
        CertificatesError: as `Client.read_list`.
    """
    return [normalize(row) for row in _fetch_rows(client, RECORD_MASK, "Grant the permission.")]


def fetch_visible(client: Client) -> StoreListing:
    """Return all records, or the records that a user with view permission only can read.

    Uses `getSecurityCertificates`, then `SoftLayer_Account::getValidSecurityCertificateEntries`, which has no mask, filter, or limit.
    An empty list may mean an empty store or a missing permission, because the API reference does not document the difference.

    Raises:
        CertificatesError: as `Client.read_list`.
    """
    try:
        stored = fetch_stored(client)
    except CertificatesError as error:
        if error.code != "not_found":
            raise
    else:
        seen: list[StoreCertificate] = []
        if not stored:
            with suppress(CertificatesError):
                seen = _fetch_entries(client)
        return StoreListing(stored or seen, is_limited=bool(seen))
    why_not = (
        "Cannot read the certificate store: the API user has neither the permission SECURITY_CERTIFICATE_MANAGE nor "
        "SECURITY_CERTIFICATE_VIEW. Grant one of the permissions."
    )
    with reword_not_found(why_not):
        return StoreListing(_fetch_entries(client), is_limited=True)


def _fetch_entries(client: Client) -> list[StoreCertificate]:
    """Return `SoftLayer_Security_Certificate_Entry` objects with valid IDs as records, each once, sorted by ID.

    Raises:
        CertificatesError: as `Client.call`; `api_error`, if the response is not a list of entries.
    """
    entries = client.call("Account", "getValidSecurityCertificateEntries")
    call = "SoftLayer_Account::getValidSecurityCertificateEntries"
    given = entries if isinstance(entries, list) else [None]
    usable = [entry for entry in given if isinstance(entry, dict) and parse_id(entry.get("certificateId"))]
    if given and not usable:
        raise CertificatesError(
            "api_error",
            f"{call} did not return a list of entries with a certificateId. Check endpoint_url, or grant the API user the permission "
            "SECURITY_CERTIFICATE_MANAGE.",
        )
    if len(usable) < len(given):
        client.warn(describe_ignored_rows(call, len(given) - len(usable)))
    rows = {int(entry["certificateId"]): {name: entry.get(name) for name in ENTRY_PROPERTIES} for entry in usable}
    return [normalize({**rows[identifier], "id": identifier}) for identifier in sorted(rows)]


def _fetch_rows(client: Client, mask: str, remedy: str) -> list[dict[str, t.Any]]:
    with reword_not_found(f"{STORE_READ_ERROR}. {remedy}"):
        return client.read_list("Account", "getSecurityCertificates", mask=mask, root="securityCertificates")


def find_by_common_name(client: Client, common_name: str) -> list[StoreCertificate]:
    """Return the records with a common name (`findByCommonName`).

    Raises:
        CertificatesError: as `Client.call`.
    """
    rows = client.call(SERVICE, "findByCommonName", common_name, mask=RECORD_MASK)
    return [normalize(row) for row in rows if _read_id(row)] if isinstance(rows, list) else []


def fetch_one(client: Client, identifier: int) -> StoreCertificate | None:
    """Return a record (`getObject`), or `None` if the record does not exist.

    Raises:
        CertificatesError: as `Client.call`; `no_answer` if the response is not the record.
    """
    try:
        row = client.call(SERVICE, "getObject", identifier=identifier, mask=RECORD_MASK)
    except CertificatesError as error:
        if error.code != "not_found":
            raise
        return None
    if _read_id(row) != identifier:
        raise CertificatesError(
            "no_answer", f"SoftLayer_{SERVICE}::getObject did not return certificate {identifier}. Check endpoint_url."
        )
    return normalize(row)


def fetch_with_private_key(client: Client, identifier: int, hide: t.Callable[[str], object]) -> StoreCertificateWithKey:
    """Return a record with its private key (`getObject`), for exports.

    Args:
        client: the session.
        identifier: ID of the record.
        hide: hides the key in all output. Called before any other use of the key.

    Raises:
        CertificatesError: as `Client.call`, including `not_found`; `no_answer` if the response is not the record.
    """
    row = client.call(SERVICE, "getObject", identifier=identifier, mask=WITH_KEY_MASK)
    given = row.get("privateKey") if isinstance(row, dict) else None
    private_key = given if isinstance(given, str) and given.strip() else None
    if private_key:
        hide(private_key)
    if _read_id(row) != identifier:
        raise CertificatesError(
            "no_answer", f"SoftLayer_{SERVICE}::getObject did not return certificate {identifier}. Check endpoint_url."
        )
    return StoreCertificateWithKey(normalize(row), private_key)


def create(
    client: Client, template: Mapping[str, str], before_sending: t.Callable[[], None] | None = None
) -> tuple[int, tuple[Certificate, ...] | None]:
    """Store a certificate (`createObject`), without retries after a lost response; return its ID and the stored chain, `None` if unknown.

    Args:
        client: the session.
        template: the properties.
        before_sending: see `Client.call`.

    Raises:
        CertificatesError: as `Client.call`; `refused` if the store rejects the certificate.
    """
    template = dict(template)
    with _convert_rejection():
        answer = client.call(
            SERVICE, "createObject", template, mask=CREATED_MASK, repeatable=False, before_sending=before_sending
        )
    if read_boolean(answer) is False:
        raise CertificatesError(
            "refused",
            "The store rejected the certificate and returned no reason. Ask IBM Cloud support for the reason.",
        )
    identifier = _read_id(answer)
    if identifier is None:
        why = f"SoftLayer_{SERVICE}::createObject returned no ID. The call may have been processed."
        raise CertificatesError("no_answer", why)
    kept = answer.get("intermediateCertificate")
    return identifier, tuple(_parse_certificates(kept)) if isinstance(kept, str) else None


def _read_id(row: object) -> int | None:
    """Return the ID of an object, or `None` if the value is not an object with a valid ID."""
    return parse_id(row.get("id")) if isinstance(row, dict) else None


def edit(client: Client, identifier: int, changes: Mapping[str, str]) -> None:
    """Change a record (`editObject`).

    Raises:
        CertificatesError: as `Client.call`; `refused` if the store rejects the change, `no_answer` if the outcome is unknown.
    """
    with _convert_rejection():
        answer = client.call(SERVICE, "editObject", dict(changes), identifier=identifier, repeatable=False)
    _check_success(answer, "editObject", f"change certificate {identifier}")


def delete(client: Client, identifier: int) -> None:
    """Delete a record (`deleteObject`).

    Raises:
        CertificatesError: as `Client.call`; `refused` if the store rejects the deletion, `no_answer` if the outcome is unknown.
    """
    with _convert_rejection():
        answer = client.call(SERVICE, "deleteObject", identifier=identifier, repeatable=False)
    _check_success(answer, "deleteObject", f"delete certificate {identifier}")


def _check_success(answer: object, method: str, what: str) -> None:
    """Raise an error if the store did not return true; `what` is the action for the message."""
    if not require_boolean(answer, f"SoftLayer_{SERVICE}::{method}"):
        raise CertificatesError(
            "refused", f"The store did not {what} and returned no reason. Ask IBM Cloud support for the reason."
        )


@contextmanager
def _convert_rejection() -> Iterator[None]:
    """Convert an `api_error` about the submitted data to `refused`, or to `no_answer` if the outcome is unknown.

    Raises:
        CertificatesError: as the call; `refused`; `no_answer`.
    """
    try:
        yield
    except CertificatesError as error:
        said = error.details.get("api_message")
        if error.code != "api_error" or not said:
            raise
        if reports_transient_error(said):
            raise CertificatesError("no_answer", error.message, **error.details) from None
        raise CertificatesError(
            "refused", f"The store rejected the request: {end_sentence(said)}", **error.details
        ) from None


def normalize(row: Mapping[str, t.Any]) -> StoreCertificate:
    """Return a record from an API object."""
    used, listeners = parse_number(row.get("associatedServiceCount")), row.get("lbaasListeners")
    if (
        isinstance(listeners, list) and listeners
    ):  # the count may lag behind the listeners, which are only a part of the services
        used = max(used or 0, len(listeners))
    return StoreCertificate(
        id=int(row["id"]),
        common_name=_make_printable(row.get("commonName")),
        notes=PRIVATE_KEY_PATTERN.sub("(private key removed)", make_encodable(str(row.get("notes") or ""))),
        associated_service_count=used,
        certificate=next(iter(_parse_certificates(row.get("certificate"))), None),
        intermediates=tuple(_parse_certificates(row.get("intermediateCertificate"))),
        request_pem=row.get("certificateSigningRequest") or None,
        created_at=parse(row.get("createDate")),
        modified_at=parse(row.get("modifyDate")),
        organization_name=_make_printable(row.get("organizationName")),
        validity_begin=parse(row.get("validityBegin")),
        validity_end=parse(row.get("validityEnd")),
        key_size=parse_number(row.get("keySize")),
        has_no_listeners=listeners == [],
    )


def _make_printable(value: object) -> str | None:
    """Return a name in printable form, or `None` if the name is empty."""
    return escape_invisible(str(value)) if value else None


def _parse_certificates(pem: object) -> Iterable[Certificate]:
    """Return the certificates in a stored PEM; none if the PEM is invalid."""
    try:
        return read_certificates(pem.encode("utf-8", "replace")) if isinstance(pem, str) else []
    except CertificatesError:
        return []


def certificate_of(record: StoreCertificate) -> Certificate:
    """Return the certificate of a record whose certificate is readable."""
    return t.cast(Certificate, record.certificate)
