# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The account's certificate store: find, create, edit, delete. Private to softlayer.certificates.

Rests on C(SoftLayer_Security_Certificate) and C(SoftLayer_Account::getSecurityCertificates). What leaves here is an allow-list,
and every read and every C(createObject) carries an object mask without C(privateKey): the API would send it otherwise.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.softlayer.certificates.plugins.module_utils._client import Client
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._times import parse
from ansible_collections.softlayer.certificates.plugins.module_utils._x509 import (
    Certificate,
    Request,
    read_certificates,
    read_request,
)

SERVICE = "Security_Certificate"
KEYS_MASK = "mask[id,certificate]"
RECORD_MASK = (
    "mask[id,commonName,organizationName,certificate,intermediateCertificate,certificateSigningRequest,notes,validityBegin,validityEnd,"
    "createDate,modifyDate,associatedServiceCount]"
)
CREATED_MASK = "mask[id]"


@dataclass(frozen=True)
class Stored:
    """A record of the store, without its private key."""

    id: int
    common_name: str | None
    notes: str
    associated_service_count: int
    certificate: Certificate | None
    intermediates: tuple[Certificate, ...]
    request: Request | None
    created_at: datetime | None = field(repr=False)
    modified_at: datetime | None = field(repr=False)


def fetch_certificate_ids_by_key(client: Client, otherwise: str) -> dict[str, list[int]]:
    """Return the ids of the stored certificates by the SHA-256 of their public key.

    Args:
        client: the session.
        otherwise: what a user can do who may not read the store.

    Raises:
        CertificatesError: as C(Client.read_list).
    """
    found: dict[str, list[int]] = {}
    for row in _list(client, KEYS_MASK, f"Grant it, or {otherwise}."):
        certificate = _certificate(row)
        if certificate is not None:
            found.setdefault(certificate.public_key_sha256, []).append(int(row["id"]))
    return found


def fetch_stored(client: Client) -> list[Stored]:
    """Return all records of the store, sorted by id, whatever their key type or validity.

    Raises:
        CertificatesError: as C(Client.read_list).
    """
    return [normalise(row) for row in _list(client, RECORD_MASK, "Grant it.")]


def _list(client: Client, mask: str, remedy: str) -> list[dict[str, t.Any]]:
    try:
        return client.read_list("Account", "getSecurityCertificates", mask=mask, root="securityCertificates")
    except CertificatesError as error:
        if error.code != "not_found":
            raise
        raise CertificatesError(
            "not_found",
            "The certificate store cannot be read: the API user lacks the permission SECURITY_CERTIFICATE_MANAGE. "
            + remedy,
            **error.details,
        ) from None


def find_by_common_name(client: Client, common_name: str) -> list[Stored]:
    """Return the records with a common name (C(findByCommonName)).

    Raises:
        CertificatesError: as C(Client.call).
    """
    rows = client.call(SERVICE, "findByCommonName", common_name, mask=RECORD_MASK)
    return [normalise(row) for row in rows if isinstance(row, dict) and "id" in row] if isinstance(rows, list) else []


def create(client: Client, template: Mapping[str, str]) -> int:
    """Store a certificate (C(createObject)) and return its id; never repeated after an answer was lost.

    Raises:
        CertificatesError: as C(Client.call); C(refused) where the store does not take it.
    """
    answer = _unless_refused(
        lambda: client.call(SERVICE, "createObject", dict(template), mask=CREATED_MASK, repeatable=False),
    )
    if answer is False:
        raise CertificatesError("refused", "The store did not take the certificate and gave no reason.")
    if not isinstance(answer, dict) or "id" not in answer:
        raise CertificatesError(
            "no_answer", "SoftLayer_Security_Certificate::createObject gave no id. It may have been processed."
        )
    return int(answer["id"])


def edit(client: Client, identifier: int, changes: Mapping[str, str]) -> None:
    """Change a record (C(editObject)).

    Raises:
        CertificatesError: as C(Client.call); C(refused) where the store does not take it.
    """
    if not _unless_refused(lambda: client.call(SERVICE, "editObject", dict(changes), identifier=identifier)):
        raise CertificatesError("refused", f"The store did not change certificate {identifier} and gave no reason.")


def delete(client: Client, identifier: int) -> None:
    """Delete a record (C(deleteObject)).

    Raises:
        CertificatesError: as C(Client.call); C(refused) where the store does not do it.
    """
    if not _unless_refused(lambda: client.call(SERVICE, "deleteObject", identifier=identifier)):
        raise CertificatesError("refused", f"The store did not delete certificate {identifier} and gave no reason.")


def _unless_refused(call: t.Callable[[], t.Any]) -> t.Any:
    """Tell the store's own no, which is about what it was given, from the API's other faults."""
    try:
        return call()
    except CertificatesError as error:
        said = str(error.details.get("api_message", ""))
        if error.code != "api_error" or not said or "internal error" in said.lower():
            raise
        raise CertificatesError("refused", f"The store refused it: {said}", **error.details) from None


def normalise(row: Mapping[str, t.Any]) -> Stored:
    """Return an API object as a record, taking over only what is named here."""
    return Stored(
        id=int(row["id"]),
        common_name=row.get("commonName") or None,
        notes=row.get("notes") or "",
        associated_service_count=int(row.get("associatedServiceCount") or 0),
        certificate=_certificate(row),
        intermediates=tuple(_certificates(row.get("intermediateCertificate"))),
        request=_request(row.get("certificateSigningRequest")),
        created_at=parse(row.get("createDate")),
        modified_at=parse(row.get("modifyDate")),
    )


def _certificate(row: Mapping[str, t.Any]) -> Certificate | None:
    return next(iter(_certificates(row.get("certificate"))), None)


def _certificates(pem: object) -> Iterable[Certificate]:
    """Return the certificates in a stored PEM; one that does not parse is not comparable to anything."""
    try:
        return read_certificates(pem.encode()) if isinstance(pem, str) else []
    except CertificatesError:
        return []


def _request(pem: object) -> Request | None:
    try:
        return read_request(pem.encode()) if isinstance(pem, str) and pem.strip() else None
    except CertificatesError:
        return None
