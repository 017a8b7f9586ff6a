# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate store's own checks, on create, edit and delete."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes, PublicKeyTypes
from cryptography.x509.oid import NameOID

from tests.support.certificates import pem_of

from . import authority, dates, errors
from .errors import ApiFault
from .metadata import CERTIFICATE, Row, value_of

_KEY_MATERIAL = ("certificate", "privateKey", "intermediateCertificate")
_FREE = ("notes", "certificateSigningRequest")
WRITABLE = (*_KEY_MATERIAL, *_FREE)
"""All else is derived, and silently ignored when it is given."""
_LISTENERS = uuid.UUID("5a6f0c6e-8a3c-4c1c-9d0b-2f3d1b9f7e10")


def create(identifier: int, template: Mapping[str, Any], *, needs_name: bool = False, needs_rsa: bool = False) -> Row:
    """A new record that nothing uses; raises the API's fault if the parts do not belong together.

    With ``needs_name``, also if the certificate has no common name, and with ``needs_rsa`` if its key is of another type.
    """
    given = {name: template.get(name) or None for name in WRITABLE}
    for name in ("certificate", "privateKey"):
        if not given[name]:
            raise errors.missing_property(name, CERTIFICATE.name)
    derived, moment = _derived(given), dates.now()
    if needs_rsa and not isinstance(_certificates("certificate", given["certificate"])[0].public_key(), RSAPublicKey):
        raise errors.invalid_value("certificate", "Its key is not an RSA key.")
    if needs_name and not derived["commonName"]:
        raise errors.invalid_value("certificate", "Its subject has no common name.")
    return {"id": identifier, **given, **derived, "createDate": moment, "modifyDate": moment}


def edit(record: Row, template: Mapping[str, Any], *, keeps_request: bool = False) -> None:
    """Change a record; while a service uses it, only its notes and, unless it ``keeps_request``, its signing request."""
    changes = {name: template[name] or None for name in WRITABLE if name in template and template[name] != record[name]}
    fixed = {*_KEY_MATERIAL, *(["certificateSigningRequest"] if keeps_request else [])}
    if value_of(record, "associatedServiceCount") and changes.keys() & fixed:
        raise _in_use("modified")
    derived = _derived({**record, **changes}) if changes.keys() & set(_KEY_MATERIAL) else {}
    record.update(changes, **derived)
    record["modifyDate"] = dates.now()


def cut_chain(record: Row, kept: str) -> None:
    """Keep the first, the last or none of several intermediate certificates, whatever was given."""
    chain = record["intermediateCertificate"] and _certificates(
        "intermediateCertificate", record["intermediateCertificate"]
    )
    if chain and len(chain) > 1 and kept != "all":
        left = {"first": chain[:1], "last": chain[-1:], "none": []}[kept]
        record["intermediateCertificate"] = pem_of(left) or None


def check_deletable(record: Row) -> None:
    """A certificate that a service uses stays."""
    if value_of(record, "associatedServiceCount"):
        raise _in_use("removed")


def facts(certificate: x509.Certificate) -> Row:
    """What a record says about its certificate."""
    organizations = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return {
        "commonName": authority.common_name(certificate.subject),
        "organizationName": str(organizations[0].value) if organizations else None,
        "keySize": getattr(certificate.public_key(), "key_size", None),
        "validityBegin": certificate.not_valid_before_utc,
        "validityEnd": certificate.not_valid_after_utc,
        "validityDays": _validity_days,
    }


def listeners(identifier: int, count: int) -> list[Row]:
    """So many listeners that serve a certificate, of balancers that there are not."""
    moment = dates.now()
    return [
        {
            "id": identifier * 100 + number,
            "uuid": str(uuid.uuid5(_LISTENERS, f"{identifier}/{number}")),
            "protocol": "HTTPS",
            "protocolPort": 443 + number,
            "provisioningStatus": "ACTIVE",
            "tlsCertificateId": identifier,
            "createDate": moment,
            "modifyDate": moment,
        }
        for number in range(count)
    ]


def _validity_days(row: Row) -> int:
    """Days until a certificate expires; negative once it has."""
    return (row["validityEnd"] - dates.now()).days


def _derived(given: Mapping[str, Any]) -> Row:
    """Check key against certificate and certificate against intermediate, then derive the facts."""
    certificate = _certificates("certificate", given["certificate"])[0]
    if _spki(_private_key(given["privateKey"]).public_key()) != _spki(certificate.public_key()):
        raise errors.invalid_value("privateKey", "The private key does not match the certificate.")
    if given["intermediateCertificate"]:
        _check_chain([certificate, *_certificates("intermediateCertificate", given["intermediateCertificate"])])
    elif certificate.issuer != certificate.subject:
        raise errors.invalid_value("intermediateCertificate", "The issuer's certificate is required.")
    return facts(certificate)


def _check_chain(chain: list[x509.Certificate]) -> None:
    for certificate, issuer in pairwise(chain):
        try:
            certificate.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
            raise errors.invalid_value(
                "intermediateCertificate", "The certificate was not issued by the intermediate certificate."
            ) from error


def _certificates(name: str, pem: Any) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(str(pem).encode())
    except ValueError as error:
        raise errors.invalid_value(name, "It is not a certificate in PEM format.") from error


def _private_key(pem: Any) -> Any:
    try:
        # Whether an RSA key's numbers are prime takes longer to find out than all else; whether it is the certificate's is looked at by the caller.
        return serialization.load_pem_private_key(str(pem).encode(), None, unsafe_skip_rsa_key_validation=True)
    except TypeError as error:
        raise errors.invalid_value("privateKey", "A private key with a passphrase is not supported.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise errors.invalid_value("privateKey", "It is not a private key in PEM format.") from error


def _spki(public_key: PublicKeyTypes | CertificatePublicKeyTypes) -> bytes:
    return public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _in_use(verb: str) -> ApiFault:
    return ApiFault("SoftLayer_Exception_Public", f"The certificate has associated services and may not be {verb}.")
