# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An account over many nights: its certificate authority mails into a Maildir as soon as an email is asked for."""

from __future__ import annotations

import mailbox
from datetime import datetime, timezone
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Any

from cryptography import x509

from tests.outside.pki import DAY, NAME, NOW, Ca, Key, issued_by, pem, public_ca
from tests.outside.stranger import Stranger, time_text
from tests.outside.wire import Call


def day(days: float) -> datetime:
    """An instant so many days from now."""
    return NOW + days * DAY


class Account(Stranger):
    """An account, and what the authority would mail for each of its orders.

    Attributes:
        letters: the certificate in an order's email.
    """

    def __init__(self, maildir: Path, authority: Ca) -> None:
        super().__init__()
        self.maildir = maildir
        self.authority = authority
        self.letters: dict[int, x509.Certificate] = {}
        self.after = self._mail
        self._mailbox = mailbox.Maildir(maildir)

    def issue(
        self, key: Key, name: str | None, begins: float, ends: float, names: list[str] | None = None
    ) -> x509.Certificate:
        """A server's certificate from one day to another, counted from now."""
        return issued_by(self.authority, key, name, (begins, ends), names)

    def order(
        self, identifier: int, csr: str, certificate: x509.Certificate, common_name: str | None = NAME, **row: Any
    ) -> None:
        """Add an order that was issued, whose email would hold a certificate."""
        self.letters[identifier] = certificate
        begins, ends = time_text(certificate.not_valid_before_utc), time_text(certificate.not_valid_after_utc)
        given = {
            "technicalContactEmailAddress": "tech@example.com",
            "certificateSigningRequest": csr,
            "createDate": begins,
            "modifyDate": begins,
            "effectiveDate": begins,
            "expirationDate": ends,
            "order": {"id": 900 + identifier},
            "orderItem": {"id": 800 + identifier, "description": "RapidSSL - 1 year"},
        }
        self.add_order(identifier, common_name, **{**given, **row})

    def keep(self, identifier: int, certificate: x509.Certificate, /, **row: Any) -> None:
        """Put a certificate into the store."""
        given = {"intermediateCertificate": pem(self.authority.certificate), **row}
        self.add_certificate(identifier, pem(certificate), **given)

    def deliver(self, identifier: int) -> None:
        """Write the fulfillment email of an order, as RapidSSL's look, with the intermediate in it."""
        message = EmailMessage()
        message["From"] = "orders@ca.example"
        message["To"] = "admin@example.com"
        message["Subject"] = "Your certificate order is complete"
        message["Date"] = format_datetime(datetime.now(timezone.utc))
        message["Message-ID"] = make_msgid(str(identifier), "ca.example")
        message.set_content(
            "Congratulations! Your certificate is included at the end of this email.\n\n"
            f"Web Server CERTIFICATE\n-----------------\n\n{pem(self.letters[identifier])}\n"
            f"INTERMEDIATE CA:\n---------------------------------------\n\n{pem(self.authority.certificate)}\n"
        )
        self._mailbox.add(bytes(message))

    def _mail(self, call: Call) -> None:
        if call.method == "resendEmail" and call.identifier in self.letters:
            self.deliver(call.identifier)


def nightly_authority() -> Ca:
    """An authority below a root; its keys take long to make."""
    root = public_ca("Nightly Root", path_length=1)
    return public_ca("Nightly CA 1", root, path_length=0)
