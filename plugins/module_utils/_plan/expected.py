# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that the store will hold by the time of a real run. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import dataclass

from .._errors import CertificatesError
from .._secrets import PRIVATE_KEY
from .._x509.certificate import Certificate
from .._x509.read import read_certificates


@dataclass(frozen=True)
class Expected:
    """A certificate that is not stored yet; it takes the place of a record of the store, but has no id."""

    certificate: Certificate

    id: t.ClassVar[None] = None
    intermediates: t.ClassVar[tuple[Certificate, ...]] = ()

    @property
    def fingerprint(self) -> str:
        """What tells it from others in messages: the SHA-256 of its DER, in hex."""
        return self.certificate.fingerprint_sha256

    def facts(self) -> dict[str, t.Any]:
        """Return the certificate's facts for results."""
        return self.certificate.facts()


def read_expected(option: str, texts: Sequence[str]) -> list[Expected]:
    """Return the certificate in each text, which may be followed by its chain.

    Args:
        option: the name of the option, for messages.
        texts: PEM.

    Raises:
        CertificatesError: `invalid_argument`; the message does not quote the text.
    """
    found = []
    for position, text in enumerate(texts):
        try:
            found.append(Expected(_leaf(text)))
        except CertificatesError as error:
            raise CertificatesError("invalid_argument", f"{option}[{position}]: {error.message}") from None
    return found


def _leaf(text: str) -> Certificate:
    """Return the one certificate in a text that is not there to issue others."""
    if PRIVATE_KEY.search(text):
        raise CertificatesError("invalid_pem", "It holds a private key: give the certificate without it.")
    certificates = read_certificates(text.encode("utf-8", "replace"))
    leaves = [one for one in certificates if not one.may_issue] or certificates
    if not leaves:
        raise CertificatesError("invalid_pem", "There is no certificate in it: give the certificate's PEM.")
    if len(leaves) > 1:
        raise CertificatesError(
            "ambiguous",
            "It holds several certificates: give one text for each, with its intermediate certificates or alone.",
        )
    return leaves[0]
