# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The authority's messages: every family holds the order's certificate in its own way."""

from __future__ import annotations

import email
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
import SoftLayer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs7

from tests.simulator import mail
from tests.simulator.client import Simulator

PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def read(path: Path) -> EmailMessage:
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def contents(message: EmailMessage) -> Iterator[bytes]:
    """Everything in a message that may be a certificate, unpacked."""
    for part in message.walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if part.get_content_subtype() == "zip":
            archive = zipfile.ZipFile(io.BytesIO(content))
            yield from (archive.read(name) for name in archive.namelist())
        else:
            yield content


def certificates(message: EmailMessage) -> set[x509.Certificate]:
    found = set()
    for content in contents(message):
        if content.startswith(b"0"):
            try:
                found.update(pkcs7.load_der_pkcs7_certificates(content))
            except ValueError:
                found.add(x509.load_der_x509_certificate(content))
        found.update(x509.load_pem_x509_certificate(pem) for pem in PEM.findall(content))
    return found


def send(sim: Simulator, sdk: SoftLayer.BaseClient, order_id: int) -> EmailMessage:
    """Ask for the fulfillment email and take it out of the Maildir."""
    before = set(sim.messages())
    assert sdk.call("Security_Certificate_Request", "resendEmail", "FulfillmentEmail", id=order_id) is True
    (path,) = set(sim.messages()) - before
    return read(path)


@pytest.mark.parametrize("family", sorted(mail.families()))
def test_families(sim: Simulator, sdk: SoftLayer.BaseClient, family: str) -> None:
    order = sim.add_order(commonName="*.example.com", mail_family=family)
    message = send(sim, sdk, order["id"])
    assert message["To"] == "admin@example.com"
    issued = sim.issue(order["id"])
    found = {certificate.public_bytes(Encoding.PEM).decode() for certificate in certificates(message)}
    assert (issued["certificate"] in found) == (family != "link_only")
    assert (issued["intermediateCertificate"] in found) == (family != "link_only")


@pytest.mark.parametrize("key_type", ["rsa", "ec"])
def test_the_certificate_is_the_orders_own_and_the_same_each_time(
    sim: Simulator, sdk: SoftLayer.BaseClient, key_type: str
) -> None:
    order = sim.add_order(commonName="www.example.org", key_type=key_type, technicalContactEmailAddress="t@example.org")
    first, second = send(sim, sdk, order["id"]), send(sim, sdk, order["id"])
    assert first["Cc"] == "t@example.org"
    assert first["Message-ID"] != second["Message-ID"]
    assert certificates(first) == certificates(second)
    assert [entry["message_id"] for entry in sim.sends()] == [first["Message-ID"], second["Message-ID"]]

    leaf = x509.load_pem_x509_certificate(sim.issue(order["id"])["certificate"].encode())
    request = x509.load_pem_x509_csr(order["certificateSigningRequest"].encode())
    spki = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert leaf.public_key().public_bytes(*spki) == request.public_key().public_bytes(*spki)
    assert leaf.not_valid_before_utc == datetime.fromisoformat(order["effectiveDate"])
    assert leaf.not_valid_after_utc == datetime.fromisoformat(order["expirationDate"])
    intermediate = x509.load_pem_x509_certificate(sim.authority_intermediate.read_bytes())
    leaf.verify_directly_issued_by(intermediate)
    intermediate.verify_directly_issued_by(x509.load_pem_x509_certificate(sim.authority_root.read_bytes()))
