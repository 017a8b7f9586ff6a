# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account's certificate store: find, create, edit, delete. Private to softlayer.certificates.

Rests on `SoftLayer_Security_Certificate` and `SoftLayer_Account::getSecurityCertificates`. Only allow-listed fields are returned.
Every read and every `createObject` carries an object mask without `privateKey`: without a mask the API would send the key. Only
`fetch_with_private_key` asks for it.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from .._base.errors import CertificatesError, if_not_found
from .._base.names import any_matches
from .._base.secrets import PRIVATE_KEY
from .._base.text import encodable, printable
from .._base.times import days_until, iso, parse
from .._http.faults import as_sentence
from .._x509.certificate import FACTS, Certificate, name_set, pem_bundle
from .._x509.chain import Anchors, Chains
from .._x509.lifespan import NOT_KNOWN, Lifespan
from .._x509.read import Csr, read_certificates, requested
from .client import Client, describe_ignored_rows
from .faults import reports_transient_error
from .values import parse_id, parse_number, read_boolean, require_boolean

SERVICE = "Security_Certificate"
CERTIFICATE_MASK = "mask[id,certificate,intermediateCertificate]"
"""The properties that orders are compared with."""
RECORD_MASK = (
    "mask[id,commonName,organizationName,certificate,intermediateCertificate,certificateSigningRequest,notes,keySize,validityBegin,validityEnd,"
    "createDate,modifyDate,associatedServiceCount,lbaasListeners[id,uuid]]"
)
CREATED_MASK = "mask[id,intermediateCertificate]"
"""The properties that show whether the complete chain was stored."""
WITH_KEY_MASK = "mask[id,certificate,intermediateCertificate,privateKey]"
"""For what takes a certificate out of the store, and for nothing else."""

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
"""Result fields that `SoftLayer_Security_Certificate_Entry` does not have."""
ENTRY_PROPERTIES = ("commonName", "organizationName", "keySize", "validityBegin", "validityEnd")
"""The properties read from such an entry, in addition to its `certificateId`."""
STORE_READ_ERROR = (
    "Cannot read the certificate store: the API user does not have the permission SECURITY_CERTIFICATE_MANAGE"
)
PEM_FIELDS = ("certificate", "intermediate_certificate", "certificate_signing_request")
Handle: t.TypeAlias = "int | str"
"""See `StoreCertificate.handle`."""


@dataclass(frozen=True)
class StoreCertificate:
    """A record of the store, without its private key.

    One that is yet to be stored has no id.
    """

    id: int | None
    common_name: str | None
    notes: str
    associated_service_count: int | None
    certificate: Certificate | None
    intermediates: tuple[Certificate, ...]
    request: Csr | None
    created_at: datetime | None = field(repr=False)
    modified_at: datetime | None = field(repr=False)
    organization_name: str | None = None
    validity_begin: datetime | None = None
    validity_end: datetime | None = None
    key_size: int | None = None
    has_no_listeners: bool = False
    """Whether the API says that no load balancer's listener uses it; `False` if the API does not say."""

    @classmethod
    def create_unstored(
        cls,
        certificate: Certificate,
        intermediates: tuple[Certificate, ...],
        request: Csr | None = None,
        notes: str = "",
    ) -> StoreCertificate:
        """Return the record, unused, that a certificate will have."""
        return cls(None, certificate.common_name, notes, 0, certificate, intermediates, request, None, None)

    @property
    def stored_id(self) -> int:
        """The id of one that is known to be stored."""
        return t.cast(int, self.id)

    @property
    def handle(self) -> Handle:
        """Its identity: its ID, or the fingerprint of its certificate if it is not stored yet."""
        return self.id or t.cast(Certificate, self.certificate).fingerprint_sha256

    @property
    def is_unused(self) -> bool:
        """Whether it is known that no service uses it. That no listener does is not enough, as other services use certificates, too."""
        return self.associated_service_count == 0

    def facts(self) -> dict[str, t.Any]:
        """Return the certificate's facts for results: from the certificate itself, else from the API."""
        if self.certificate:
            facts = self.certificate.facts()
            return {**facts, "key_size": self.key_size if facts["key_size"] is None else facts["key_size"]}
        return {
            **dict.fromkeys(FACTS),
            "common_name": self.common_name,
            "not_before": iso(self.validity_begin),
            "not_after": iso(self.validity_end),
            "key_size": self.key_size,
        }

    @cached_property
    def names(self) -> frozenset[str]:
        """The names it is for: its DNS names and its common name, in ASCII form; the API's word counts only if it cannot be read."""
        return self.certificate.names if self.certificate else name_set(self.common_name, ())

    @property
    def not_after(self) -> datetime | None:
        """End of validity."""
        return self.certificate.not_after if self.certificate else self.validity_end

    def lifespan(self, at: datetime) -> Lifespan:
        """Return when TLS clients accept it, as far as known without their root certificates."""
        leaf = self.certificate
        if leaf is None:
            return Lifespan(self.validity_begin, self.validity_end)
        if all(issuer.not_after >= leaf.not_after for issuer in self.intermediates):  # the usual case, for free
            return Lifespan(leaf.not_before, leaf.not_after)
        return Lifespan.of(leaf, Chains(self.intermediates, Anchors(), at).of(leaf).path)

    def as_result(self, at: datetime) -> dict[str, t.Any]:
        """Return it in the form of `ssl_certificate_info`: public facts only."""
        organization = self.certificate.organization_name if self.certificate else self.organization_name
        lifespan = self.lifespan(at)
        return {
            "id": self.id,
            **self.facts(),
            "notes": self.notes,
            "organization_name": organization,
            "days_until_expiry": days_until(self.not_after, at),
            **(lifespan if self.certificate else NOT_KNOWN).as_result(),
            "renewal_due": lifespan.is_due(at),
            "associated_service_count": self.associated_service_count,
            "created_at": iso(self.created_at),
            "modified_at": iso(self.modified_at),
        }

    def pems(self) -> dict[str, str | None]:
        """Return the public parts as canonical PEM, without text around the blocks."""
        return {
            "certificate": self.certificate.pem() if self.certificate else None,
            "intermediate_certificate": pem_bundle(self.intermediates) or None,
            "certificate_signing_request": self.request.pem() if self.request else None,
        }


@dataclass(frozen=True)
class StoreCertificateWithKey:
    """A record with its certificates and its private key, and nothing else."""

    record: StoreCertificate
    private_key: str | None = field(repr=False)
    """PEM, as the store gives it; `None` if it gives none."""


@dataclass(frozen=True)
class StoreSelection:
    """The selection of records. Criteria combine with AND, values within one with OR; `None` means no restriction."""

    certificate_ids: Sequence[int] | None = None
    common_names: Sequence[str] | None = None
    status: t.Literal["all", "valid", "expired"] = "all"
    expires_within_days: int | None = None
    renewal_due: bool | None = None
    unused: bool | None = None

    def matches(self, record: StoreCertificate, at: datetime) -> bool:
        """Return whether a record meets all criteria; an unknown value never meets one.

        A record with an unknown end of validity is neither valid nor expired; one with unknown services is neither used nor unused.
        """
        days = days_until(record.not_after, at)
        return (
            (self.certificate_ids is None or record.id in self.certificate_ids)
            and (self.common_names is None or any_matches(record.names, self.common_names))
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
    """The records that a user may see.

    If `is_limited`, only those that have not expired were returned, and without the fields in `MISSING_ENTRY_FIELDS`.
    """

    records: Sequence[StoreCertificate]
    is_limited: bool


def fetch_for_orders(client: Client, otherwise: str) -> list[StoreCertificate]:
    """Return the stored certificates with their chains alone, which is what orders are compared with.

    Args:
        client: the session.
        otherwise: advice for a user who may not read the store.

    Raises:
        CertificatesError: as `Client.read_list`.
    """
    records = [
        normalize(row) for row in _fetch_rows(client, CERTIFICATE_MASK, f"Grant the permission, or {otherwise}.")
    ]
    warn_of_unreadable(client, records)
    return records


def warn_of_unreadable(client: Client, records: Iterable[StoreCertificate]) -> None:
    """Warn about records that nothing can be compared with, because their certificate is missing or unreadable."""
    ids = [record.id for record in records if record.certificate is None]
    if ids:
        client.warn(
            f"Cannot read these certificates in the store: {', '.join(map(str, ids))}. Unreadable certificates are not compared with "
            "other certificates, and their content counts as missing. Fix or delete the unreadable certificates."
        )


def fetch_stored(client: Client) -> list[StoreCertificate]:
    """Return all records of the store, sorted by id, of every key type and validity.

    Raises:
        CertificatesError: as `Client.read_list`.
    """
    return [normalize(row) for row in _fetch_rows(client, RECORD_MASK, "Grant the permission.")]


def fetch_visible(client: Client) -> StoreListing:
    """Return all records, or those that a user with only the view permission can see.

    Rests on `getSecurityCertificates`, then on `SoftLayer_Account::getValidSecurityCertificateEntries`. The latter takes no
    mask, filter or limit: it returns its whole list at once. An empty list is what an empty store has, or what such a user gets:
    the API reference does not document it.

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
    with if_not_found(why_not):
        return StoreListing(_fetch_entries(client), is_limited=True)


def _fetch_entries(client: Client) -> list[StoreCertificate]:
    """Return `SoftLayer_Security_Certificate_Entry` objects as records, each once, sorted by id; those without an id are left out.

    Raises:
        CertificatesError: as `Client.call`; `api_error`, if the answer is not such a list.
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
    with if_not_found(f"{STORE_READ_ERROR}. {remedy}"):
        return client.read_list("Account", "getSecurityCertificates", mask=mask, root="securityCertificates")


def find_by_common_name(client: Client, common_name: str) -> list[StoreCertificate]:
    """Return the records with this common name (`findByCommonName`).

    Raises:
        CertificatesError: as `Client.call`.
    """
    rows = client.call(SERVICE, "findByCommonName", common_name, mask=RECORD_MASK)
    return [normalize(row) for row in rows if _read_id(row)] if isinstance(rows, list) else []


def fetch_one(client: Client, identifier: int) -> StoreCertificate | None:
    """Return a record (`getObject`), or `None` if the store does not have it.

    Raises:
        CertificatesError: as `Client.call`; `no_answer` if the answer is not a record.
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
    """Return a record with its private key (`getObject`), for what takes it out of the store.

    Args:
        client: the session.
        identifier: its id.
        hide: keeps the key out of all output; it is called before anything else is done with the key.

    Raises:
        CertificatesError: as `Client.call`, `not_found` among them; `no_answer` if the answer is not the record.
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
    """Store a certificate (`createObject`) and return its id, and the stored chain, `None` if unknown; never retried after a lost response.

    Args:
        client: the session.
        template: the properties.
        before_sending: see `Client.call`.

    Raises:
        CertificatesError: as `Client.call`; `refused` if the store rejects it.
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
    return identifier, tuple(_certificates(kept)) if isinstance(kept, str) else None


def _read_id(row: object) -> int | None:
    """Return an object's id, or `None` if the value is not an object with a valid ID."""
    return parse_id(row.get("id")) if isinstance(row, dict) else None


def edit(client: Client, identifier: int, changes: Mapping[str, str]) -> None:
    """Change a record (`editObject`).

    Raises:
        CertificatesError: as `Client.call`; `refused` if the store rejects it, `no_answer` if the store does not say.
    """
    with _convert_rejection():
        answer = client.call(SERVICE, "editObject", dict(changes), identifier=identifier, repeatable=False)
    _check_success(answer, "editObject", f"change certificate {identifier}")


def delete(client: Client, identifier: int) -> None:
    """Delete a record (`deleteObject`).

    Raises:
        CertificatesError: as `Client.call`; `refused` if the store does not delete it, `no_answer` if the store does not say.
    """
    with _convert_rejection():
        answer = client.call(SERVICE, "deleteObject", identifier=identifier, repeatable=False)
    _check_success(answer, "deleteObject", f"delete certificate {identifier}")


def _check_success(answer: object, method: str, what: str) -> None:
    """Raise if the store returned anything but true; `what` is what the method does."""
    if not require_boolean(answer, f"SoftLayer_{SERVICE}::{method}"):
        raise CertificatesError(
            "refused", f"The store did not {what} and returned no reason. Ask IBM Cloud support for the reason."
        )


@contextmanager
def _convert_rejection() -> Iterator[None]:
    """Distinguish a refusal by the store, which is about the submitted data, from the API's other faults.

    Raises:
        CertificatesError: as the call; `refused`, or `no_answer` if the outcome is unknown.
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
            "refused", f"The store rejected the request: {as_sentence(said)}", **error.details
        ) from None


def normalize(row: Mapping[str, t.Any]) -> StoreCertificate:
    """Return an API object as a record, with only the fields named here."""
    used, listeners = parse_number(row.get("associatedServiceCount")), row.get("lbaasListeners")
    if (
        isinstance(listeners, list) and listeners
    ):  # the count may lag behind the listeners, which are only a part of the services
        used = max(used or 0, len(listeners))
    return StoreCertificate(
        id=int(row["id"]),
        common_name=_make_printable(row.get("commonName")),
        notes=PRIVATE_KEY.sub("(private key removed)", encodable(str(row.get("notes") or ""))),
        associated_service_count=used,
        certificate=next(iter(_certificates(row.get("certificate"))), None),
        intermediates=tuple(_certificates(row.get("intermediateCertificate"))),
        request=requested(row.get("certificateSigningRequest")),
        created_at=parse(row.get("createDate")),
        modified_at=parse(row.get("modifyDate")),
        organization_name=_make_printable(row.get("organizationName")),
        validity_begin=parse(row.get("validityBegin")),
        validity_end=parse(row.get("validityEnd")),
        key_size=parse_number(row.get("keySize")),
        has_no_listeners=listeners == [],
    )


def _make_printable(value: object) -> str | None:
    """Return a name in printable form."""
    return printable(str(value)) if value else None


def _certificates(pem: object) -> Iterable[Certificate]:
    """Yield the certificates in a stored PEM; one that does not parse cannot be compared with anything."""
    try:
        return read_certificates(pem.encode("utf-8", "replace")) if isinstance(pem, str) else []
    except CertificatesError:
        return []


def certificate_of(record: StoreCertificate) -> Certificate:
    """Return the certificate of a record that is known to have one."""
    return t.cast(Certificate, record.certificate)
