# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person does with fulfillment emails: open each, and save the certificate in it under its name."""

from __future__ import annotations

import mailbox
import re
import sys
from email import message_from_binary_file, policy
from email.message import EmailMessage
from pathlib import Path
from typing import BinaryIO

from cryptography import x509
from cryptography.x509.oid import NameOID

FIRST_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n?", re.DOTALL)


def _read(file: BinaryIO) -> EmailMessage:
    return message_from_binary_file(file, policy=policy.default)


def save_certificates(maildir: Path, folder: Path) -> list[str]:
    """Save the certificates of the emails in a Maildir as C(<common_name>.crt), the rest of each as C(.ca-bundle).

    Returns:
        A line for each email.
    """
    lines = []
    for message in mailbox.Maildir(maildir, factory=_read, create=False):
        body = message.get_body(("plain",))
        blocks = FIRST_CERTIFICATE.findall(body.get_content()) if body else []
        if blocks:
            name = _common_name(blocks[0]).replace("*", "_")
            (folder / f"{name}.crt").write_text(blocks[0], encoding="ascii")
            (folder / f"{name}.ca-bundle").write_text("".join(blocks[1:]), encoding="ascii")
            lines.append(f"To {message['to']}: {message['subject']} -> {name}.crt")
    return sorted(lines)


def _common_name(pem: str) -> str:
    subject = x509.load_pem_x509_certificate(pem.encode("ascii")).subject
    return str(subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


if __name__ == "__main__":
    print("\n".join(save_certificates(Path(sys.argv[1]), Path(sys.argv[2]))))
