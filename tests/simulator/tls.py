# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server certificate for loopback, so that clients' verification can be tested."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from . import dates, keys

_ADDRESSES = ("127.0.0.1", "::1")


def server_context(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A context with a new self-signed certificate, and the file to verify it by."""
    key, name, moment = keys.generate("ec"), keys.name("localhost"), dates.now()
    names: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address(address)) for address in _ADDRESSES]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), *names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    ca_path = folder / "server-ca.pem"
    ca_path.write_text(keys.pem([certificate]), encoding="ascii")
    key_path = keys.KeyFolder(folder / "server").save("localhost", key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca_path, key_path)
    return context, ca_path
