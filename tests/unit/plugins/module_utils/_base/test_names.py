# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and addresses against shell patterns."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.names import (
    build_diff_name,
    build_listener_sort_key,
    build_safe_stem,
    choose_name,
    choose_record_name,
    choose_server_name,
    encode_name,
    has_matching_name,
    is_loopback,
    is_matching_address,
    is_matching_name,
    normalize_file_name,
    sort_by_similarity,
)
from hypothesis import given
from hypothesis import strategies as st

UNICODE, PUNYCODE = "bücher.example.net", "xn--bcher-kva.example.net"
LABELS = st.text("abcdefghijklmnopqrstuvwxyz0123456789äöüéñçжщ", min_size=1, max_size=12)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)


@pytest.mark.parametrize(
    ("name", "pattern", "matches"),
    [
        ("www.example.com", "www.example.com", True),
        ("www.example.com", "WWW.Example.COM", True),
        ("www.example.com", " www.example.com. ", True),
        ("www.example.com", "*.example.com", True),
        ("a.b.example.com", "*.example.com", True),
        ("example.com", "*.example.com", False),
        ("www.example.com", "", False),
        ("*.example.org", "[*].example.org", True),
        ("www.example.org", "[*].example.org", False),
        (UNICODE, PUNYCODE, True),
        (PUNYCODE, UNICODE, True),
        (PUNYCODE, "büch*.example.net", True),
        (UNICODE, "xn--b*.example.net", True),
        (f"*.{PUNYCODE}", f"[*].{UNICODE}", True),
        ("straße.example", "xn--strae-oqa.example", True),
        ("xn--not-punycode-\N{SNOWMAN}.example", "*", True),
        (None, "*", False),
    ],
)
def test_names(name: str | None, pattern: str, matches: bool) -> None:
    assert is_matching_name(name, [pattern]) is matches


@pytest.mark.parametrize(
    ("address", "pattern", "matches"),
    [
        ("Admin@Example.COM", "admin@example.com", True),
        ("admin@sub.example.com", "*@example.com", False),
        ("admin@example.com", "example.com", False),
        ("admin@example.com.attacker.example", "*@example.com", False),
        (f"admin@{PUNYCODE}", f"*@{UNICODE}", True),
        (f"admin@{PUNYCODE}", "*@büch*.example.net", True),
        ("admin@example.com", "", False),
        (None, "*", False),
    ],
)
def test_addresses(address: str | None, pattern: str, matches: bool) -> None:
    assert is_matching_address(address, [pattern]) is matches


@pytest.mark.parametrize(
    "address",
    [
        *("a@evil.net, admin@example.com", "a@evil.net\nadmin@example.com", "a@evil.net\x00admin@example.com"),
        *("a@evil.net\N{NO-BREAK SPACE}admin@example.com", "a@evil.net\N{FULLWIDTH COMMA}admin@example.com"),
        *("a\N{FULLWIDTH COMMERCIAL AT}evil.net@example.com", "a@evil.net\N{ZERO WIDTH SPACE}@example.com"),
        *("a@b@example.com", "<admin@example.com>", '"admin"@example.com', "admin@[192.0.2.1]", "@example.com"),
        *("admin@", "admin", "\ud800@example.com"),
    ],
)
def test_what_is_not_exactly_one_address_matches_nothing(address: str) -> None:
    assert not is_matching_address(address, ["*", "*@*", "*@example.com", address])


@pytest.mark.parametrize(
    ("address", "looks_like"),
    [
        ("\N{KELVIN SIGN}ay@example.com", "kay@example.com"),
        ("\N{FULLWIDTH LATIN SMALL LETTER A}dmin@example.com", "admin@example.com"),
        ("admin@example\N{IDEOGRAPHIC FULL STOP}com", "admin@example.com"),
        ("admin@example\N{VARIATION SELECTOR-16}.com", "admin@example.com"),
        ("\N{CYRILLIC SMALL LETTER A}dmin@example.com", "admin@example.com"),
        ("admin@xn--example-.com", "admin@example.com"),
        ("admin@example.com.", "admin@example.com"),
        ("admin@.example.com", "admin@example.com"),
        ("admin@a..example.com", "admin@a.example.com"),
        ("admin@\N{SNOWMAN}.example", "admin@\N{SNOWMAN WITHOUT SNOW}.example"),
    ],
)
def test_what_only_looks_like_an_address_matches_neither_it_nor_wildcards(address: str, looks_like: str) -> None:
    domain = looks_like.partition("@")[2]
    assert is_matching_address(looks_like, [looks_like]) or "\N{SNOWMAN WITHOUT SNOW}" in looks_like
    assert not is_matching_address(address, [looks_like, looks_like.upper(), f"*@{domain}"])
    if not address.isascii() or address.endswith(".") or ".." in address:
        assert not is_matching_address(address, ["*", "*@*", "?*@*.*"])


def test_a_local_part_that_is_not_ascii_is_allowed_by_itself() -> None:
    assert is_matching_address("jürgen@Example.com", ["jürgen@example.com"])
    assert is_matching_address(f"jürgen@{PUNYCODE}", [f"jürgen@*{UNICODE}"])
    assert not is_matching_address("jürgen@example.com", ["j*@example.com", "jurgen@example.com", "*"])


@given(NAMES)
def test_a_name_matches_itself_in_either_form_and_case(name: str) -> None:
    assert is_matching_name(name, [encode_name(name)])
    assert is_matching_name(encode_name(name), [name])
    assert is_matching_name(name.upper(), [name])
    assert is_matching_name(name, [encode_name(name).upper()])
    assert is_matching_address(f"admin@{name}", [f"admin@{encode_name(name)}"])


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.255.255.254", True), ("::1", True), ("localhost", True), ("128.0.0.1", False)],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_any_of_several_names() -> None:
    names = ["a.example", "b.example"]
    assert has_matching_name(names, ["c.*", "b.*"]) and not has_matching_name(names, ["c.*"])


ODD = ["192.0.2.1", "2001:db8::1", "admin@example.com", "https://example.com", "urn:example", "CN=x"]


@pytest.mark.parametrize(
    ("common_name", "others", "shown"),
    [
        ("www.example.com", ["a.example.com"], "www.example.com"),
        ("Example Shop", ["a.example.com"], "Example Shop"),
        (None, ["b.example.com", "a.example.com"], "b.example.com"),
        ("", ["*.example.com", "a.example.com"], "*.example.com"),
        (None, ODD, "192.0.2.1"),
        (None, [], None),
    ],
)
def test_what_people_are_shown_as_a_name(common_name: str | None, others: list[str], shown: str | None) -> None:
    assert choose_name(common_name, others) == shown
    assert choose_record_name({"common_name": common_name, "subject_alt_names": others}) == shown


def test_only_a_common_name_is_called_so() -> None:
    assert build_diff_name("www.example.com", "www.example.com") == {"common_name": "www.example.com"}
    assert build_diff_name(None, "www.example.com") == {"name": "www.example.com"}


@pytest.mark.parametrize(
    ("names", "addresses", "asked"),
    [
        (["*.b.example", "c.example", "a.example"], ["192.0.2.1"], "a.example"),
        (["*.b.example"], ["192.0.2.1"], "www.b.example"),
        ([], ["192.0.2.2", "192.0.2.1"], "192.0.2.1"),
        ([], [], None),
    ],
)
def test_what_is_asked_for(names: list[str], addresses: list[str], asked: str | None) -> None:
    assert choose_server_name(names, addresses) == asked


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        (".Hidden.example.", "_hidden.example"),
        ("a b\n\0\u202e/c", "a_b____c"),
        ("*.*.example", "_._.example"),
        ("M\u00fcnchen.example", "xn--mnchen-3ya.example"),
        ("x" * 199 + ".y", "x" * 199 + "."),
        (".", ""),
    ],
)
def test_the_name_of_a_file_is_safe(name: str, stem: str) -> None:
    assert build_safe_stem(name) == stem


def test_what_is_most_like_a_mistyped_name_comes_first_and_nothing_is_left_out() -> None:
    names = {"web:8443", "api:443", "web:443", *(f"b{number}.example.com" for number in range(3))}
    others = ["b0.example.com", "b1.example.com", "b2.example.com"]
    assert sort_by_similarity("web:43", names) == ["web:443", "web:8443", "api:443", *others]
    assert sort_by_similarity("?", names) == sorted(names)


def test_listeners_stand_in_the_order_of_balancers_and_ports() -> None:
    names = ["", "older", "web:443", "web:8443", "web:10443", "web-2:443"]
    jumbled = sorted(names)
    assert jumbled != names == sorted(jumbled, key=build_listener_sort_key)


@given(NAMES, st.sampled_from(["NFC", "NFD"]), st.sampled_from([str.lower, str.upper, str.title, encode_name]))
def test_all_spellings_of_a_file_are_one(name: str, form: str, change: Callable[[str], str]) -> None:
    written = unicodedata.normalize(form, change(name))  # type: ignore[arg-type]
    assert normalize_file_name(f"{written}.Key") == f"{encode_name(name)}.key"
