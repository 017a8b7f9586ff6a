# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate authority's mail: fulfillment messages in the families seen in the field."""

from __future__ import annotations

import io
import mailbox
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from tests.support.certificates import pem_of

from . import dates

DEFAULT_FAMILY = "rapidssl"
WITHOUT_CERTIFICATE = "link_only"
_RULE = "-" * 65


@dataclass(frozen=True)
class Letter:
    """What a message is about."""

    order_id: int
    common_name: str
    product: str
    recipient: str | None
    message_id: str = field(default_factory=lambda: make_msgid(domain="ca.example"))


@dataclass(frozen=True)
class Issued:
    """A certificate and those above it."""

    leaf: x509.Certificate
    intermediate: x509.Certificate
    root: x509.Certificate

    @property
    def leaf_pem(self) -> str:
        """The certificate alone."""
        return pem_of([self.leaf])

    @property
    def intermediate_pem(self) -> str:
        """Its issuer alone."""
        return pem_of([self.intermediate])


class Maildir:
    """Where the messages are delivered; they may be held back for a while."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._box = mailbox.Maildir(path, create=True)
        self._held: list[Callable[[], EmailMessage]] = []

    def deliver(self, write: Callable[[], EmailMessage], *, hold: bool) -> None:
        """Put a message into the Maildir, or aside until ``release``; it is written when it is delivered."""
        self._held.append(write)
        if not hold:
            self.release()

    def release(self) -> int:
        """Deliver what was held back; how many that were."""
        held, self._held = self._held, []
        for write in held:
            self._box.add(write())
        return len(held)

    def clear(self) -> None:
        """Remove every message."""
        self._held.clear()
        self._box.clear()


def fulfillment(family: str, letter: Letter, issued: Issued | None) -> EmailMessage:
    """A fulfillment message of a family; without a certificate it can only be one with a link."""
    message = EmailMessage()
    message["From"] = "Example Trust Orders <orders@ca.example>"
    if letter.recipient:
        message["To"] = letter.recipient
    message["Subject"] = f"{letter.product} Certificate Order {letter.order_id} Complete - {letter.common_name}"
    message["Date"] = format_datetime(dates.now())
    message["Message-ID"] = letter.message_id
    if issued is None:
        _link_only(message, letter)
    else:
        _FAMILIES[family](message, letter, issued)
    return message


def families() -> frozenset[str]:
    """The names of the families of fulfillment messages."""
    return frozenset(_FAMILIES)


def _introduction(letter: Letter) -> str:
    return (
        "Dear Customer,\n\n"
        "Congratulations! Example Trust has approved your request for a\n"
        f"{letter.product} certificate.\n"
        "Your certificate is included at the end of this email.\n\n"
        f"Order number: {letter.order_id}\nCommon name: {letter.common_name}\n\n"
        "INSTALLATION\n"
        "1. Copy the certificate below, BEGIN and END lines included, into a file.\n"
        "2. Install it, together with the intermediate CA certificate, on your\n"
        "   server.\n"
        "3. Check the installation with a browser.\n\n"
    )


def _block(heading: str, pem: str) -> str:
    """A certificate under its heading and a rule of dashes."""
    return f"{heading}\n{_RULE}\n\n{pem}\n"


def _inline_chain(message: EmailMessage, letter: Letter, issued: Issued) -> None:
    message.set_content(
        _introduction(letter)
        + _block("Web Server CERTIFICATE", issued.leaf_pem)
        + _block("INTERMEDIATE CA:", issued.intermediate_pem)
    )


def _sectigo_zip(message: EmailMessage, letter: Letter, issued: Issued) -> None:
    name = f"{_file_name(letter)}.crt"
    message.set_content(
        f"Attached to this email you should find a .zip file containing:\n\nRoot CA Certificate - Root.crt\n"
        f"Intermediate CA Certificate - Intermediate.crt\nYour {letter.product} Certificate - {name}\n\n"
        f"Your certificate in text format:\n\n{issued.leaf_pem}"
    )
    files = {"Root.crt": pem_of([issued.root]), "Intermediate.crt": issued.intermediate_pem, name: issued.leaf_pem}
    _attach(message, f"{_file_name(letter)}.zip", _zip(files), "zip")


def _digicert_pkcs7(message: EmailMessage, letter: Letter, issued: Issued) -> None:
    message.set_content(f"Your certificate for {letter.common_name} has been issued and is attached.\n")
    bundle = pkcs7.serialize_certificates([issued.root, issued.intermediate, issued.leaf], Encoding.DER)
    _attach(message, f"{_file_name(letter)}.p7b", bundle, "x-pkcs7-certificates")


def _link_only(message: EmailMessage, letter: Letter, _issued: Issued | None = None) -> None:
    message.set_content(
        f"Your certificate for {letter.common_name} has been issued.\n\n"
        f"Download it at https://orders.ca.example/{letter.order_id}/certificate\n"
    )


_FAMILIES: Mapping[str, Callable[[EmailMessage, Letter, Issued], None]] = {
    DEFAULT_FAMILY: _inline_chain,
    "sectigo_zip": _sectigo_zip,
    "digicert_pkcs7": _digicert_pkcs7,
    WITHOUT_CERTIFICATE: _link_only,
}


def _file_name(letter: Letter) -> str:
    """A common name as authorities write it in file names."""
    return letter.common_name.replace("*", "star").replace(".", "_")


def _zip(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _attach(message: EmailMessage, name: str, content: bytes, subtype: str) -> None:
    message.add_attachment(content, maintype="application", subtype=subtype, filename=name)
