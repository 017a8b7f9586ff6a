# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter certificate_facts: every encoding, and what it says of bad input."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.softlayer.certificates.plugins.filter import certificate_facts as plugin
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import FACTS
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.certificates import DISORDER, Authority, leaks, pem_of, pkcs7_of

ISSUED = Authority().issue("www.example.com", names=["www.example.com", "example.com"])
certificate_facts = plugin.FilterModule().filters()["certificate_facts"]


def as_ansible_text(data: bytes) -> str:
    """Bytes as Ansible's b64decode and its file lookup hand them to a template."""
    return data.decode("utf-8", "surrogateescape")


FORMS: dict[str, str | bytes] = {
    "chain": DISORDER["crlf"](pem_of(ISSUED.all)),
    "with_its_key": ISSUED.key_pem + ISSUED.pem,
    "der": as_ansible_text(ISSUED.der),
    "bytes": ISSUED.der,
    "pkcs7_der": as_ansible_text(pkcs7_of([ISSUED.certificate], Encoding.DER)),
}


@pytest.mark.parametrize("form", FORMS)
def test_facts(form: str) -> None:
    facts = certificate_facts(FORMS[form])
    assert tuple(facts) == FACTS
    assert facts["fingerprint_sha256"] == ISSUED.fingerprint
    assert facts["common_name"] == "www.example.com"
    assert facts["subject_alt_names"] == ["www.example.com", "example.com"]
    assert (facts["key_type"], facts["key_size"]) == ("EC", 256)


BAD: dict[str, tuple[Any, str]] = {
    "empty": ("", "no certificate"),
    "path": ("/etc/ssl/www.example.com.crt", "not its path"),
    "key": (ISSUED.key_pem, "no certificate"),
    "damaged": (ISSUED.pem.replace("MII", "AAA"), "damaged"),
    "half": (as_ansible_text(ISSUED.der[:200]), "neither"),
    "surrogate": ("\ud800", "no certificate"),
    "none": (None, "NoneType"),
    "dict": ({"content": ISSUED.key_pem}, "dict"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str) -> None:
    value, words = BAD[case]
    with pytest.raises(AnsibleFilterError, match=words) as error:
        certificate_facts(value)
    assert not leaks(str(error.value))
