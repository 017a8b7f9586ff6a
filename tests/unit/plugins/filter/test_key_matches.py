# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter key_matches: every form of a key, and errors that do not quote it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.softlayer.certificates.plugins.filter import key_matches as plugin
from cryptography.hazmat.primitives.serialization import PrivateFormat

from tests.support.certificates import (
    PASSPHRASE,
    Authority,
    encrypted_fragments,
    key_bytes,
    key_pem,
    leaks,
    new_key,
    pem_of,
)

AUTHORITY = Authority()
KEY = new_key()
ISSUED, OTHER = AUTHORITY.issue("www.example.com", key=KEY), AUTHORITY.issue("www.example.com")
RSA = AUTHORITY.issue("rsa.example.com", key=new_key("rsa"))
ENCRYPTED = key_pem(KEY, passphrase=PASSPHRASE)
PANIC = re.sub(
    r"(DEK-Info: [^,]+,)\w+", r"\g<1>0011223344556677", key_pem(KEY, PrivateFormat.TraditionalOpenSSL, PASSPHRASE)
)
key_matches = plugin.FilterModule().filters()["key_matches"]


FORMS: dict[str, tuple[str, str | bytes, str | None]] = {
    "traditional, encrypted": (ISSUED.pem, key_pem(KEY, PrivateFormat.TraditionalOpenSSL, PASSPHRASE), PASSPHRASE),
    "der": (ISSUED.pem, key_bytes(KEY).decode("utf-8", "surrogateescape"), None),
    "rsa": (RSA.pem, RSA.key_pem, None),
    "leaf is not the first": (pem_of(reversed(ISSUED.all)), ISSUED.key_pem, None),
    "one file": (ISSUED.key_pem + ISSUED.pem, ISSUED.key_pem + ISSUED.pem, None),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms(form: str) -> None:
    certificate, key, passphrase = FORMS[form]
    assert key_matches(certificate, key, passphrase=passphrase) is True
    assert key_matches(OTHER.pem, key, passphrase) is False


BAD: dict[str, tuple[Any, Any, str | None, str]] = {
    "no passphrase": (ISSUED.pem, ENCRYPTED, None, "Set passphrase"),
    "wrong passphrase": (ISSUED.pem, ENCRYPTED, "wr0ng-phrase", "Check passphrase"),
    "no key": (ISSUED.pem, ISSUED.pem, None, "private key is a certificate. Specify"),
    "damaged key": (ISSUED.pem, ISSUED.key_pem.replace("MIG", "AAA"), None, "not a private key"),
    "one at which the library panics": (ISSUED.pem, PANIC, PASSPHRASE, "damaged"),
    "two keys": (ISSUED.pem, ISSUED.key_pem + OTHER.key_pem, None, "more than one"),
    "swapped": (ISSUED.key_pem, ISSUED.pem, None, "no certificate"),
    "path": ("/etc/ssl/www.example.com.crt", ISSUED.key_pem, None, "not its path"),
    "no text": (ISSUED.pem, {"content": ISSUED.key_pem}, None, "dict"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_an_error_that_quotes_nothing(case: str) -> None:
    certificate, key, passphrase, words = BAD[case]
    with pytest.raises(AnsibleFilterError, match=words) as error:
        key_matches(certificate, key, passphrase)
    said = f"{error.value} {error.value.__cause__!r}"
    assert not leaks(said)
    assert not leaks(said, encrypted_fragments(ENCRYPTED))
    assert PASSPHRASE not in said and "wr0ng" not in said and "privatekey_passphrase" not in said
