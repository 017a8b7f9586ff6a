# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a file that has not what it is given for."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.pem import (
    why_invalid_der,
    why_missing,
)


def block(label: str) -> str:
    """A PEM block; what is in it does not matter here."""
    return f"-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n"


CERTIFICATE, KEY, REQUEST = block("CERTIFICATE"), block("EC PRIVATE KEY"), block("CERTIFICATE REQUEST")


@pytest.mark.parametrize(
    ("text", "kind", "facts"),
    [
        (KEY, "certificate", {"found": "private key"}),
        (REQUEST, "certificate", {"found": "certificate signing request"}),
        (CERTIFICATE, "private key", {"found": "certificate"}),
        (CERTIFICATE[:40], "certificate", {"cut_off": "CERTIFICATE"}),
        (KEY + CERTIFICATE[:40], "certificate", {"cut_off": "CERTIFICATE"}),
        (KEY[:40], "private key", {"cut_off": "EC PRIVATE KEY"}),
        (KEY[:40], "certificate", {"found": "private key"}),
        ("?", "certificate", {"found": None}),
    ],
)
@pytest.mark.parametrize("encoding", ["ascii", "utf-16"])
def test_why_there_is_nothing_of_a_kind(text: str, kind: str, facts: dict[str, Any], encoding: str) -> None:
    more = {"kind": kind} if "found" in facts else {}
    assert why_missing(text.encode(encoding), kind, "this") == Obstacle(
        "invalid_pem", {"given_as": "this", **more, **facts}
    )


def test_what_is_empty_is_called_so() -> None:
    assert why_missing(b"", "certificate", "this").facts["is_empty"]
    assert why_missing(b"\n \n", "certificate", "this").facts["is_empty"]


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
    assert why_invalid_der(data, "private key").facts == {"is_pkcs12": is_pkcs12, "not_der_of": "private key"}
