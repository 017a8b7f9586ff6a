# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate authority: a root, an intermediate, and the certificates it issues."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.support.certificates import Key, certificate_of, identifiers, name_of, usage_of

from . import keys

_ORGANIZATION = "Example Trust Services"


class Authority:
    """Signs with its intermediate, whose own issuer is the root; both are made anew with each authority."""

    def __init__(self) -> None:
        root_key, self._key = keys.generate("ec"), keys.generate("ec")
        root_name = name_of("Example Trust Root CA", _ORGANIZATION)
        self.root = _authority_certificate(root_name, root_name, root_key, root_key)
        own_name = name_of("Example Trust TLS CA", _ORGANIZATION)
        self.intermediate = _authority_certificate(own_name, root_name, self._key, root_key)

    def issue(self, signing_request: str, not_before: datetime, not_after: datetime) -> x509.Certificate:
        """A server certificate for a PEM signing request; raises ValueError if that cannot be read."""
        request: Any = x509.load_pem_x509_csr(signing_request.encode())  # it gives its public key as a private key does
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        return certificate_of(
            *(request.subject, self.intermediate.subject, request, self._key),
            names=_alternative_names(request),
            not_before=not_before,
            not_after=not_after,
            extensions=[usage, *identifiers(request, self._key)],
        )


def name_in(signing_request: object) -> str | None:
    """What people call the order of a PEM signing request: its common name, else the first DNS name that it asks for."""
    try:
        request = x509.load_pem_x509_csr(str(signing_request).encode())
        return common_name(request.subject) or _alternative_names(request)[0]
    except (ValueError, IndexError):
        return None


def common_name(subject: x509.Name) -> str | None:
    """The common name in a subject, if there is one."""
    attributes = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(attributes[0].value) if attributes else None


def _alternative_names(request: x509.CertificateSigningRequest) -> list[str]:
    """The DNS names asked for, else the common name, with and without ``www.``."""
    try:
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return names.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        host = common_name(request.subject) or "unnamed.invalid"
        return [host, host.removeprefix("www.")] if host.startswith("www.") else [host]


def _authority_certificate(subject: x509.Name, issuer: x509.Name, key: Key, issuer_key: Key) -> x509.Certificate:
    extensions = [usage_of(), *identifiers(key, issuer_key)]
    return certificate_of(subject, issuer, key, issuer_key, ca=True, extensions=extensions)
