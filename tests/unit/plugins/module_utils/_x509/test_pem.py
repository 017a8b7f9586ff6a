# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a file that has not what it is given for."""

from __future__ import annotations

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.pem import (
    begun_blocks,
    why_none,
    why_not_der,
)


def block(label: str) -> str:
    """A PEM block; what is in it does not matter here."""
    return f"-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n"


CERTIFICATE, KEY, REQUEST = block("CERTIFICATE"), block("EC PRIVATE KEY"), block("CERTIFICATE REQUEST")
CUT_OFF = "What was given as this is cut off: its last line, -----END {}-----, is missing. Take the file anew from its source."


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        (KEY, "certificate", "What was given as this is a private key: give a certificate, PEM, DER or PKCS#7."),
        (REQUEST, "certificate", "What was given as this is a certificate signing request: give a certificate"),
        (CERTIFICATE, "private key", "What was given as this is a certificate: give a private key, PEM or DER."),
        (KEY, "certificate signing request", "What was given as this is a private key: give a certificate signing req"),
        (CERTIFICATE[:40], "certificate", CUT_OFF.format("CERTIFICATE")),
        (CERTIFICATE + CERTIFICATE[:40], "certificate", CUT_OFF.format("CERTIFICATE")),
        (KEY + CERTIFICATE[:40], "certificate", CUT_OFF.format("CERTIFICATE")),
        (KEY[:40], "private key", CUT_OFF.format("EC PRIVATE KEY")),
        (KEY[:40], "certificate", "What was given as this is a private key"),
        ("?", "certificate", "There is no certificate in what was given as this: give PEM, DER or PKCS#7."),
        ("/etc/ssl/a.key", "private key", "There is no private key in what was given as this: give PEM or DER."),
        (block("DH PARAMETERS"), "private key", "There is no private key in what was given as this"),
    ],
)
@pytest.mark.parametrize("encoding", ["ascii", "utf-16"])
def test_why_there_is_nothing_of_a_kind(text: str, kind: str, said: str, encoding: str) -> None:
    assert why_none(text.encode(encoding), kind, "this").startswith(said)


def test_blocks_that_do_not_end() -> None:
    text = CERTIFICATE + KEY[:40] + REQUEST
    assert begun_blocks(text.encode()) == (
        {b"CERTIFICATE", b"EC PRIVATE KEY", b"CERTIFICATE REQUEST"},
        {b"EC PRIVATE KEY"},
    )


@pytest.mark.parametrize("data", [b"", b"\n \n"])
def test_what_is_empty_is_called_so(data: bytes) -> None:
    assert (
        why_none(data, "certificate", "this") == "What was given as this is empty: take the file anew from its source."
    )


@pytest.mark.parametrize(
    ("data", "is_pkcs12"),
    [
        (b"\x30\x82\x01\x00\x02\x01\x03\x30", True),
        (b"\x30\x80\x02\x01\x03\x30", True),
        (b"\x30\x82\x01\x00\x02\x01\x00\x30", False),
        (b"\x02\x01\x03", False),
        (b"", False),
    ],
)
def test_pkcs12_is_named_as_such(data: bytes, is_pkcs12: bool) -> None:
    said = why_not_der(data, "no key")
    assert said.startswith("This is a PKCS#12 file: give it as pkcs12_path" if is_pkcs12 else "This is no key, or")
