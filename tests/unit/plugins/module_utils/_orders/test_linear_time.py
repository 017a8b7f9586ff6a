# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read from files takes time that grows with them, and not with the square of that."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base import secrets as _secrets
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._http.faults import shorten
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.message_text import (
    detect_topic,
    find_pem_blocks,
    remove_tags,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.keys import (
    list_key_texts,
    read_key_store,
    read_private_key,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.read import read_certificates, read_request

from tests.support.long import only_long

pytestmark = only_long

SIZES = (50_000, 250_000)
"""What is slow fails with the smaller one soon."""
TRIES = 5
MOST = 3
"""Times as long for twice as much; where time grows with the square it is four times."""
QUICK = 0.15
"""Seconds in which nothing of these sizes is read whose time grows with the square."""

READERS: dict[str, Callable[[bytes], object]] = {
    "certificates": read_certificates,
    "request": read_request,
    "private_key": read_private_key,
    "key_texts": list_key_texts,
    "key_store": read_key_store,
    "server_words": lambda data: shorten(data.decode()),
    "message_text": lambda data: list(find_pem_blocks(data.decode())),
    "message_html": lambda data: remove_tags(data.decode()),
    "secrets": lambda data: list(_secrets.find_secrets(data.decode())),
    "key_material": lambda data: _secrets.hide_key_material(data.decode()),
    "message_words": lambda data: detect_topic(data.decode()),
}
PIECES = {
    "first_lines": b"-----BEGIN CERTIFICATE-----\n",
    "last_lines": b"-----END CERTIFICATE-----\n",
    "both": b"-----BEGIN PKCS7-----\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n",
    "requests": b"-----BEGIN CERTIFICATE REQUEST-----\n",
    "keys": b"-----BEGIN RSA PRIVATE KEY-----\n",
    "key_ends": b"-----END RSA PRIVATE KEY-----\n",
    "beginnings": b"-----BEGIN ",
    "hyphens": b"-",
    "label": b"CERTIFICATE ",
    "base64": b"MIIB",
    "ciphers": b"DEK-Info:",
    "digits": b"1",
    "mixed_case": b"Aa",
    "underscores": b"_a",
    "spaces": b" ",
    "line_ends": b"\\n",
    "tags": b"<a ='",
    "key_like": b"MA ",
    "logins": b"://a:b@",
    "parameters": b"?password=;",
    "comments": b"<!--",
    "references": b"&#9",
    "quotes": b"> ",
    "links": b"http://",
}
AROUND = {
    "alone": (b"", b""),
    "in_a_key": (b"-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES", b"\n-----END RSA PRIVATE KEY-----\n"),
}


def spent(read: Callable[[bytes], object], data: bytes) -> float:
    """The seconds of processor time that reading takes, whatever comes of it."""
    before = time.process_time()
    with suppress(CertificatesError):
        read(data)
    return time.process_time() - before


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("reader", READERS)
def test_twice_as_much_takes_about_twice_as_long(reader: str, piece: str, around: str) -> None:
    read, (before, after), unit = READERS[reader], AROUND[around], PIECES[piece]
    for size in SIZES:
        once, twice = (before + unit * (length // len(unit)) + after for length in (size, 2 * size))
        measured = ((spent(read, once), spent(read, twice)) for _try in range(TRIES))
        assert any(second < max(QUICK, MOST * first) for first, second in measured), f"{2 * size} bytes take too long"
