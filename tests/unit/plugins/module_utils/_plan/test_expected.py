# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificate a text means that the store will hold."""

from __future__ import annotations

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.expected import read_expected

from tests.support.certificates import Authority, pem_of, self_signed

OPTION = "expected_certificates"
AUTHORITY = Authority()
ISSUED = AUTHORITY.issue("www.example.com")


@pytest.mark.parametrize(
    "text",
    [
        ISSUED.pem,
        ISSUED.pem + ISSUED.chain_pem,
        pem_of([AUTHORITY.root]) + ISSUED.chain_pem + ISSUED.pem,
        ISSUED.pem + ISSUED.pem,
        f"Subject: CN=www.example.com\r\n{ISSUED.pem}\r\n".replace("\n", "\r\n"),
    ],
    ids=["alone", "with its chain", "in another order", "twice", "with text around it"],
)
def test_the_certificate_that_is_meant(text: str) -> None:
    (found,) = read_expected(OPTION, [text])
    assert found.fingerprint == ISSUED.fingerprint and found.id is None
    assert found.facts()["common_name"] == "www.example.com"


def test_one_that_may_issue_is_taken_where_it_is_alone() -> None:
    own = pem_of([AUTHORITY.root])
    assert read_expected(OPTION, [own])[0].certificate.pem() == own
    assert read_expected(OPTION, []) == []


OTHER = self_signed("api.example.com")
BAD: dict[str, tuple[str, str]] = {
    "nothing": ("hello", "no certificate"),
    "damaged": (ISSUED.pem.replace("MII", "AAA", 1), "anew"),
    "cut": (ISSUED.pem[:200], "no certificate"),
    "cut, and another one": (ISSUED.pem[:200] + "\n" + ISSUED.pem, "last line"),
    "two": (ISSUED.pem + AUTHORITY.issue("www.example.com").pem, "several"),
    "only issuers": (ISSUED.chain_pem + pem_of([AUTHORITY.root]), "several"),
    "a key, too": (ISSUED.pem + ISSUED.key_pem, "private key"),
    "only a key": (ISSUED.key_pem, "private key"),
    "half a key": (ISSUED.pem + ISSUED.key_pem[:100], "private key"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_refused(case: str) -> None:
    """In words that name the text by its place and quote nothing of it."""
    text, said = BAD[case]
    with pytest.raises(CertificatesError) as caught:
        read_expected(OPTION, [ISSUED.pem, text])
    assert caught.value.code == "invalid_argument"
    assert caught.value.message.startswith("expected_certificates[1]: ") and said in caught.value.message
    assert text not in caught.value.message and caught.value.details == {}
