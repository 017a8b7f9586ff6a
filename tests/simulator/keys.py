# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private keys and certificate signing requests, and the folder the keys are kept in."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.support.certificates import key_pem, name_of

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def generate(key_type: str) -> PrivateKey:
    """A new ``rsa`` (2048 bit) or ``ec`` (P-256) key."""
    if key_type == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if key_type == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    raise ValueError(f"no such key type: {key_type}")


def signing_request(
    key: PrivateKey, common_name: str | None, organization: str | None = None, names: Sequence[str] = ()
) -> str:
    """A certificate signing request in PEM; ``names`` are the DNS names it asks for."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(name_of(common_name, organization))
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(one) for one in names])
        builder = builder.add_extension(alternatives, critical=common_name is None)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


class KeyFolder:
    """Private keys as ``<common name>.key`` with mode 0600; ``*`` is written ``_``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, common_name: str) -> Path:
        """Where the key of that name is, or would be."""
        return self.folder / f"{common_name.replace('*', '_').replace('/', '_')}.key"

    def save(self, common_name: str, key: PrivateKey) -> Path:
        """Write a key over the one of that name, if there is any."""
        path = self.path(common_name)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key_pem(key))
        return path
