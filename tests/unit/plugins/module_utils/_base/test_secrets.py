# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is found to be secret in a text, and how texts are shown without it."""

from __future__ import annotations

import base64
import json
import re
from pathlib import PurePath
from urllib.parse import quote

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.secrets import (
    HIDDEN_TEXT,
    find_secrets,
    hide_key_material,
    hide_secrets,
    list_quoted_forms,
    select_contained,
)
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.certificates import Authority, key_pem, new_key

AUTHORITY = Authority()


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("postgresql://me:p@ss@host/db", "p@ss"),
        ("postgresql://me:p?a=b@host/db", "p?a=b"),
        ("postgresql://me:p%40ss@host:1/db", "p@ss"),
        ("postgresql://host/db?user=u&password=S3cr&x=y", "S3cr"),
        ("sqlite:///ledger.db?key=S3cr", "S3cr"),
        ("http://me:pass@proxy:3128", "pass"),
        ("http://token:@proxy:3128", "token"),
        ("http://host/x password='a b c'", "a b c"),
        ("see https://me:pass@host/x, or mail me: me@example.com", "pass"),
        ("password = 'a b c'", "a b c"),
        ("https://me:S3cr'\"\\et-zq@host:port", "S3cr'\"\\et-zq"),
    ],
)
def test_passwords_in_urls(text: str, password: str) -> None:
    assert password in set(find_secrets({"url": [text]}))
    assert password not in hide_secrets(text, find_secrets(text))


@pytest.mark.parametrize(
    "text",
    [
        *("postgresql://host/db?passfile=/a&sslkey=/b&service=c", "postgresql://user@host/database"),
        *("sqlite:////srv/a:b@c/ledger.db", "https://api.softlayer.com/rest/v3.1/", "http://:8080/", "*@example.com"),
        *("call me: me@example.com", "public_key=abcdef"),
    ],
)
def test_what_is_no_password(text: str) -> None:
    assert hide_secrets(text, find_secrets(text)) == text


@pytest.mark.parametrize("kind", ["ec", "rsa"])
@pytest.mark.parametrize("passphrase", [None, "a-phrase"])
def test_private_keys_in_texts(kind: str, passphrase: str | None) -> None:
    pem = key_pem(new_key(kind), passphrase=passphrase) if passphrase else key_pem(new_key(kind))
    one = AUTHORITY.issue("www.example.com")
    for text in (pem, pem.replace("\n", "\\n"), f"key: |\n  {pem}".replace("\n", "\n  "), one.pem + pem, pem[:-80]):
        shown = hide_secrets(text, find_secrets(text))
        assert not any(line in shown for line in pem.splitlines()[1:-1]), text
    assert [*find_secrets([one.pem, one.csr_pem, one.chain_pem])] == []


@pytest.mark.parametrize(
    "text",
    [
        "SoftLayer_Exception_Public: 0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e is MAINTENANCE_PENDING, see getSslCertificateRequests",
        'Function ("getSslCertificateRequests") is not a valid method for this service.',
        "SoftLayer_Exception_WebService_RateLimitExceeded",
    ],
)
def test_words_that_a_server_says(text: str) -> None:
    assert hide_key_material(text) == text


@given(st.text(min_size=4, max_size=40, alphabet=st.characters(codec="utf-8")), st.sampled_from(["", "'", '"', "'\""]))
def test_a_password_is_found_in_whatever_quotes(password: str, beside: str) -> None:
    words = f"it is {beside}<{password}>{beside}!"
    for text in (words, repr([words]), json.dumps(words), json.dumps(words, ensure_ascii=False), repr({"a": [words]})):
        assert f"<{HIDDEN_TEXT}>" in hide_secrets(text, {password})


def test_of_passwords_in_one_another_the_whole_one_is_hidden() -> None:
    assert (
        hide_secrets("it is abwxyzcd, or wxyz", {"", "wxyz", "abwxyzcd", "abwx"})
        == f"it is {HIDDEN_TEXT}, or {HIDDEN_TEXT}"
    )


def test_a_very_short_password_is_left_to_ansible() -> None:
    """Looked for in all texts, it would make an output that nobody can read."""
    assert list_quoted_forms({"", "abc", "abcd"}) == {"abcd"} and hide_secrets("abc", {"abc"}) == "abc"


def test_only_what_a_result_contains_is_searched_for() -> None:
    password, key = "x" * 8, key_pem(new_key())
    assert select_contained({"a": ["b", 1, None]}, [password, key]) == set()
    assert select_contained({"a": [f"b{key}"]}, [password, key]) == {key}
    assert select_contained({f"b{key}": [f"{password}!"]}, [password, key]) == {password, key}
    assert select_contained(({"a": 12345},), ["234"]) == {"234"}
    assert select_contained({"a": [PurePath("/srv/S3cret"), "schl\u00fcssel"]}, ["S3cret", "schl\u00fcssel"]) == {
        *("S3cret", "schl\u00fcssel")
    }


def armoured(body: str) -> str:
    return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"


ECHOES = {
    "PEM": armoured,
    "PEM with CRLF": lambda body: armoured(body).replace("\n", "\r\n"),
    "PEM with escaped line ends": lambda body: armoured(body).replace("\n", "\\n"),
    "PEM without its end": lambda body: armoured(body).partition("-----END")[0],
    "PEM without its beginning": lambda body: armoured(body).partition("KEY-----\n")[2],
    "lines without armour": lambda body: body,
    "one line without armour": lambda body: body.replace("\n", ""),
    "URL-safe": lambda body: body.replace("\n", "").replace("+", "-").replace("/", "_"),
    "in a URL": lambda body: quote(armoured(body), safe=""),
}


LONGEST_PIECE = 16
"""Characters in a row of a key that would be too many to read."""


@pytest.mark.parametrize("echo", ECHOES)
@given(der=st.binary(min_size=118, max_size=700))
@example(der=bytes(range(251, 5, -1)))
@example(der=bytes(96) + base64.b64decode("xhwIlsnPaMmPneko"))  # a last line that looks like words joined
def test_no_piece_of_an_echoed_key_is_left(echo: str, der: bytes) -> None:
    body = re.sub("(.{64})", "\\1\n", base64.b64encode(der).decode()).strip()
    said = hide_key_material(f"Invalid value provided for 'privateKey': {ECHOES[echo](body)}")
    assert "Invalid value provided for 'privateKey'" in said, "what matters is still said"
    line = "".join(said.split()).replace("\\n", "")
    for plain in (body.replace("\n", ""), body.replace("\n", "").replace("+", "-").replace("/", "_")):
        pieces = (plain[start : start + LONGEST_PIECE] for start in range(len(plain) - LONGEST_PIECE + 1))
        assert not [piece for piece in pieces if piece in line]
