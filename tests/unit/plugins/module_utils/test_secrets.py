# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is found to be secret in a text, and how values are shown without it."""

from __future__ import annotations

import json
from pathlib import PurePath
from textwrap import wrap

import pytest
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets import (
    HIDDEN,
    LONGEST_PASSWORD,
    MANY,
    PIECE,
    STARS,
    contained_in,
    hidden_texts,
    in_each_text,
    masked,
    redacted,
    secrets_in,
    without_key_material,
    without_secrets,
)
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.certificates import Authority, key_pem, new_key

AUTHORITY = Authority()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:p@ss@host/db", "postgresql://me:********@host/db"),
        ("postgresql://me:p/ss@host/db?name=a@b", "postgresql://me:********@host/db?name=a@b"),
        ("postgresql://me:p?a=b@host/db", "postgresql://me:********@host/db"),
        ("postgresql://host/db?user=u&password=S&x=y", "postgresql://host/db?user=u&password=********&x=y"),
        ("postgresql://host/db?password=a&b&x=y", "postgresql://host/db?password=********&x=y"),
        (
            "postgresql://host/db?passfile=/a&sslkey=/b&service=c",
            "postgresql://host/db?passfile=/a&sslkey=/b&service=c",
        ),
        ("sqlite:////srv/a:b@c/ledger.db", "sqlite:////srv/a:b@c/ledger.db"),
        ("sqlite:///ledger.db?key=S", "sqlite:///ledger.db?key=********"),
        ("me:pass@proxy:3128", "me:********@proxy:3128"),
        ("http://token:@proxy:3128", "http://********:@proxy:3128"),
        ("token:@proxy:3128", "********:@proxy:3128"),
        ("http://:8080/", "http://:8080/"),
        ("http://host/x password='a b'", "http://host/x password='********'"),
        ("http://host/?key=x-----BEGIN PRIVATE KEY-----abc", "http://host/?key=********"),
        ("http//me:pass@proxy:3128", "http//me:********@proxy:3128"),
        ("postgresql://host/db?options=-c%20password%3DS&x=y", "postgresql://host/db?options=********&x=y"),
        ("postgresql://host/db?options=-cpassword=S&x=y", "postgresql://host/db?options=********&x=y"),
        ("postgresql://host/db?pass%77ord=S&x=y", "postgresql://host/db?pass%77ord=********&x=y"),
        ("host/db?user=u&Password=S", "host/db?user=u&Password=********"),
        ("see http://host/?key=S for more", "see http://host/?key=******** for more"),
        ("jdbc:postgresql://h/db?user=u&password=S", "jdbc:postgresql://h/db?user=u&password=********"),
        ("password = 'a b'", "password = '********'"),
        (
            "see https://me:pw@host/x, or mail me: me@example.com",
            "see https://me:********@host/x, or mail me: me@example.com",
        ),
        ("host=there password='a b' user=me", "host=there password='********' user=me"),
        ("https://api.softlayer.com/rest/v3.1/", "https://api.softlayer.com/rest/v3.1/"),
        ("*@example.com", "*@example.com"),
        ("call me: me@example.com", "call me: me@example.com"),
    ],
)
def test_passwords_in_urls(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


def test_the_spellings_of_a_password() -> None:
    assert set(secrets_in({"url": ["postgresql://me:p%40ss+x@host/db"]})) == {
        "p%40ss+x",
        "p@ss+x",
        "p@ss x",
        "p%40ss%2Bx",
    }
    assert set(secrets_in("http://me:p/ss@host")) == {"p/ss", "p%2Fss"}


@pytest.mark.parametrize(
    "text",
    [
        "http:/usr:S3cret@host",
        "http:usr:S3cret@host",
        "postgresql://h/db?options=-c%20password%3DS3cret",
        "postgresql://h/db?options=-c%20password%3D%27S3cret%27",
        "jdbc:sqlserver://h;user=u;password=S3cret",
    ],
)
def test_a_password_is_known_without_what_stands_before_it(text: str) -> None:
    """What goes on in the text is also told of in parts, by other programs."""
    assert "S3cret" in set(secrets_in(text)) and "S3cret" not in without_secrets(text)


@pytest.mark.parametrize("scheme", ["postgresql", "http", "https", "socks5h", "postgresql+none", "mysql"])
@pytest.mark.parametrize("password", ["S3cr%40et-zq", *(f"S3cr{odd}et-zq" for odd in "@/:#? %'\"\\")])
@pytest.mark.parametrize("rest", ["host:1/db?name=me@work", "host:port", "host"])
def test_a_login_that_is_written_as_people_write_it(scheme: str, password: str, rest: str) -> None:
    shown = without_secrets(f"{scheme}://me:{password}@{rest}")
    assert "S3cr" not in shown and "et-zq" not in shown and "host" in shown


@pytest.mark.parametrize(
    "text",
    [
        *(f"postgresql://h:1/db?user=me&{name}=S3cret-zq" for name in ("PASSWORD", "Password", "sslpassword")),
        "postgresql://h:1/db?user=me&password=S3cret-zq&sslmode=disable",
        *("postgresql://h:1/host=there password=S3cret-zq", "postgresql:me:S3cret-zq@h/ledger"),
        *("host=h port=1 password=S3cret-zq", "host=h password = 'a S3cret-zq'", "password = 'a S3cret-zq'"),
        *("h:1/db?password=S3cret-zq", "jdbc:postgresql://h:1/db?user=u&password=S3cret-zq"),
        *("me:S3cret-zq@h:1", "me:S3cret-zq@h:port", "//me:S3cret-zq@h:1", "http://S3cret-zq:@h:1"),
        *("http:/me:S3cret-zq@h", "http:me:S3cret-zq@h:1", "http//me:S3cret-zq@h:1"),
    ],
)
def test_a_password_in_whatever_is_taken_for_a_url(text: str) -> None:
    assert "S3cret-zq" not in without_secrets(text)
    assert any("S3cret-zq" in secret for secret in secrets_in(text)), "or others would tell it"


def test_a_very_short_password_is_hidden_only_where_it_stands() -> None:
    """Looked for everywhere, it would make an output that nobody can read."""
    assert (
        list(secrets_in("http://me:a@host")) == [] and without_secrets("http://me:a@host") == "http://me:********@host"
    )


@pytest.mark.parametrize(
    ("password", "known"),
    [
        ("abc", set()),
        ("abcd", {"abcd"}),
        ("x" * (LONGEST_PASSWORD - 5) + ":abcd", {"abcd"}),
        ("x" * (LONGEST_PASSWORD - 4) + ":abcd", set()),
    ],
    ids=["too short", "short", "long", "too long"],
)
def test_how_long_passwords_and_their_parts_are(password: str, known: set[str]) -> None:
    assert {one for one in secrets_in(f"http://me:{password}@host") if len(one) < 5} == known
    if len(password) < 5:
        assert hidden_texts({"word": password}, OPTIONS) == known


def test_a_key_is_known_without_its_indentation() -> None:
    pem = key_pem(new_key())
    indented = f"key: |\n  {pem}".replace("\n", "\n  ")
    assert {pem.strip(), "".join(pem.split())} <= set(secrets_in(indented))


@given(
    st.text(min_size=1).filter(lambda password: "=" not in password),
    st.sampled_from(["", "?application_name=me@work", "?sslmode=disable"]),
)
def test_a_password_may_hold_anything(password: str, query: str) -> None:
    assert (
        without_secrets(f"postgresql://user:{password}@host/db{query}") == f"postgresql://user:********@host/db{query}"
    )


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_any_text_can_be_shown(text: str) -> None:
    shown = without_secrets(text)
    assert STARS in shown or shown == text
    list(secrets_in(text))


@pytest.mark.parametrize("kind", ["ec", "rsa"])
@pytest.mark.parametrize("passphrase", [None, "a-phrase"])
def test_keys_are_found_by_their_looks(kind: str, passphrase: str | None) -> None:
    pem = key_pem(new_key(kind), passphrase=passphrase) if passphrase else key_pem(new_key(kind))
    lines = pem.splitlines()[1:-1]
    body = "".join(lines)
    for text in (
        pem,
        pem.replace("\n", "\\n"),
        body,
        "\r\n".join(lines),
        f"My key: {body}",
        f"{'My key ' * 30}: {body}",
        pem[:-80],
        json.dumps(pem),
    ):
        shown = without_secrets(text)
        assert not any(line in shown for line in lines), text
    for end in ("\n", "\r\n", "\\n", "\\r\\n"):
        assert without_secrets(end.join(wrap(body, 4))) == STARS


def test_what_is_public_is_shown() -> None:
    one = AUTHORITY.issue("www.example.com")
    for pem in (one.pem, one.csr_pem, one.chain_pem):
        body = "".join(pem.splitlines()[1:-1])
        assert (without_secrets(pem), without_secrets(body)) == (pem, body)


def test_pieces_of_a_key_that_a_server_quotes() -> None:
    lines = key_pem(new_key("rsa")).splitlines()
    for first, last in ((0, None), (0, 5), (4, None), (3, 4)):
        piece = "\n".join(lines[first:last])
        shown = without_key_material(f"Invalid privateKey: {piece}")
        assert shown.startswith(f"Invalid privateKey: {STARS}")
        assert not any(line in shown for line in lines[1:-1])


def test_words_that_a_server_says() -> None:
    text = "SoftLayer_Exception_Public: 0f8b4a5e-93c1-4a57-9d55-3f0a8c1f6f0e is MAINTENANCE_PENDING, see getSslCertificateRequests"
    assert without_key_material(text) == text


OPTIONS = {
    "open": {"type": "str"},
    "word": {"type": "str", "no_log": True},
    "one": {"type": "dict", "options": {"word": {"type": "str", "no_log": True}, "port": {"type": "int"}}},
    "many": {"type": "list", "elements": "dict", "options": {"word": {"type": "str", "no_log": True}}},
}


def test_what_is_hidden_at_any_depth() -> None:
    values = {
        "open": "http://me:pass@host",
        "word": "secret",
        "one": {"word": 12345, "port": 7, "wrod": "misspelt"},
        "many": [{"word": "x", "other": True}, "no dictionary", None],
        "none": ["unknown"],
    }
    assert redacted(values, OPTIONS) == {
        "open": "http://me:********@host",
        "word": HIDDEN,
        "one": {"word": HIDDEN, "port": 7, "wrod": HIDDEN},
        "many": [{"word": HIDDEN, "other": True}, HIDDEN, HIDDEN],
        "none": HIDDEN,
    }
    assert redacted({"word": None, "one": None}, OPTIONS) == {"word": None, "one": None}
    assert hidden_texts(values, OPTIONS) == {"secret", "misspelt", "no dictionary", "unknown"}


@given(st.text(min_size=4, max_size=40, alphabet=st.characters(codec="utf-8")), st.sampled_from(["", "'", '"', "'\""]))
def test_a_password_is_found_in_whatever_quotes(password: str, beside: str) -> None:
    words = f"it is {beside}<{password}>{beside}!"
    for text in (words, repr([words]), json.dumps(words), json.dumps(words, ensure_ascii=False), repr({"a": [words]})):
        assert f"<{STARS}>" in masked(text, {password})


def test_of_passwords_in_one_another_the_whole_one_is_hidden() -> None:
    assert masked("it is abwxyzcd, or wxyz", {"", "wxyz", "abwxyzcd", "abwx"}) == f"it is {STARS}, or {STARS}"
    assert masked("PIN 7", {"7"}) == f"PIN {STARS}"


@pytest.mark.parametrize(
    ("password", "text", "shown"),
    [
        ("b", "some messages could not be fetched", "some messages could not be fetched"),
        ("b", "imap.b.example, /srv/b/x, a-b, b_c", "imap.b.example, /srv/b/x, a-b, b_c"),
        ("b", "LOGIN user b failed", "LOGIN user ******** failed"),
        ("b", "it is b.", "it is ********."),
        ("b", "(b), [b]: b!", "(********), [********]: ********!"),
        ("b", "b", STARS),
        ("b", "-c password=b host=db", "-c password=******** host=db"),
        ("b", 'LOGIN "user" "b"', 'LOGIN "user" "********"'),
        ("b", "['a', 'b']", "['a', '********']"),
        ("b", '{"a":"b","c":1}', '{"a":"********","c":1}'),
        ("b", '"{\\"a\\":\\"b\\"}"', '"{\\"a\\":\\"********\\"}"'),
        ("s", "the order's certificate", "the order's certificate"),
        ("com", "www.example.com and .com", "www.example.com and .com"),
        ("993", "imap.example.com:993 after 993 ms", "imap.example.com:993 after ******** ms"),
        ("05", "2026-01-31T00:05:05Z", "2026-01-31T00:05:05Z"),
        ("RSA", "-----BEGIN RSA PRIVATE KEY-----abc", STARS),
        (" ", "a b   c ' '", "a b   c '********'"),
        ("'", "it's \"'\"", 'it\'s "********"'),
        ("ü", 'Müller "\\u00fc" ü', 'Müller "********" ********'),
        ("", "a ''", "a ''"),
    ],
)
def test_a_short_password_is_hidden_where_it_stands_alone(password: str, text: str, shown: str) -> None:
    assert masked(text, {password}) == shown


def test_a_short_password_hides_no_part_of_a_longer_one() -> None:
    assert masked("it is correct b horse", {"correct b horse", "b"}) == f"it is {STARS}"


def test_of_two_short_passwords_the_longer_one_is_hidden_as_a_whole() -> None:
    assert masked("it is 'b''", {"b", "b'"}) == f"it is '{STARS}'"


def test_a_value_keeps_its_form() -> None:
    assert in_each_text({"a": ["b", 1, None, {"c": "b"}]}, str.upper) == {"a": ["B", 1, None, {"c": "B"}]}


SOME_TEXT = st.text("ab\n1", min_size=1, max_size=4)
SOME_VALUE = st.recursive(
    SOME_TEXT | st.integers(0, 1111) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SOME_TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(SOME_VALUE, st.sets(SOME_TEXT, max_size=6))
@example(["aaa\n", "b"], {"aaa", "aa\n", "11"})
def test_nothing_more_has_to_be_looked_for_than_is_contained(value: object, secrets: set[str]) -> None:
    """ansible-core hides the same whether it looks for all keys or for those that a result contains.

    Of two that overlap it hides the one that it looks for first, so they are given in an order.
    """
    keys = {secret * LONGEST_PASSWORD for secret in secrets} | {secret for secret in secrets if len(secret) > 1}
    longer = in_each_text(value, lambda text: text * LONGEST_PASSWORD)
    for shown in (value, longer):
        found = contained_in(shown, keys)
        assert found <= keys
        assert remove_values(shown, sorted(found)) == remove_values(shown, sorted(keys))


def test_only_what_a_result_contains_is_looked_for() -> None:
    password, key = "x" * 8, "y" * (LONGEST_PASSWORD + 1)
    assert contained_in({"a": ["b", 1, None]}, [password, key]) == set()
    assert contained_in({"a": [f"b{key}"]}, [password, key]) == {key}
    assert contained_in({f"b{key}": [f"{password}!"]}, [password, key]) == {password, key}
    assert contained_in(({"a": 12345},), ["234"]) == {"234"}
    assert contained_in({"a": [PurePath("/srv/S3cret"), "schl\u00fcssel"]}, ["S3cret", "schl\u00fcssel"]) == {
        *("S3cret", "schl\u00fcssel")
    }


OTHERS = {f"-----BEGIN PRIVATE KEY-----{number:040}-----END PRIVATE KEY-----" for number in range(MANY)}
"""So many that each piece of a text is looked at, and not each secret."""


@pytest.mark.parametrize("length", [1, 4, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 1, 900])
def test_a_secret_is_found_among_many(length: int) -> None:
    secret = "".join(chr(ord("A") + number % 53) for number in range(length))
    assert contained_in({"a": [f"before{secret}after"]}, {secret, *OTHERS}) == {secret}
    assert contained_in({"a": [f"before{secret[: length // 2]}!{secret[length // 2 :]}"]}, {secret, *OTHERS}) == (
        {secret} if length == 1 else set()
    )


@given(st.lists(st.text(max_size=70), min_size=1, max_size=8), st.text(max_size=200), st.data())
def test_among_many_the_same_are_found_as_among_few(secrets: list[str], around: str, data: st.DataObject) -> None:
    shown = {"a": [f"{around}{data.draw(st.sampled_from(secrets))}{around}"]}
    assert contained_in(shown, {*secrets, *OTHERS}) == contained_in(shown, secrets)


def test_a_password_at_the_end_of_a_block_text() -> None:
    """The driver of the database knows it without the line end."""
    assert "sesame" in set(secrets_in("postgresql://db.example.com/ledger?password=sesame\n"))
