# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Endpoints as users write them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._probe.endpoint import (
    Endpoint,
    ExpectedCertificate,
    has_expected_record,
    read_endpoint,
)

from tests.support.failing import fails

UNDERSTOOD: list[tuple[Any, tuple[str, int]]] = [
    ("www.example.com", ("www.example.com", 443)),
    (" www.example.com:8443\n", ("www.example.com", 8443)),
    ("münchen.example:443", ("münchen.example", 443)),
    ("192.0.2.1:25", ("192.0.2.1", 25)),
    ("2001:db8::1", ("2001:db8::1", 443)),
    ("[2001:db8::1]:8443", ("2001:db8::1", 8443)),
    ("[fe80::1%eth0]:8443", ("fe80::1%eth0", 8443)),
    ("https://www.example.com/path?query#part", ("www.example.com", 443)),
    ("https://[2001:db8::1]:8443/", ("2001:db8::1", 8443)),
    ({"host": "www.example.com"}, ("www.example.com", 443)),
    ({"host": "www.example.com", "port": 25, "server_name": None}, ("www.example.com", 25)),
    ({"host": "www.example.com", "port": "8443", "server_name": ""}, ("www.example.com", 8443)),
]


@pytest.mark.parametrize(("written", "meant"), UNDERSTOOD, ids=[str(written) for written, _meant in UNDERSTOOD])
def test_what_is_understood(written: Any, meant: tuple[str, int]) -> None:
    host, port = meant
    assert read_endpoint(written, "endpoints[0]") == Endpoint(host, port, host)


NAMED, OF_STORE = ExpectedCertificate(("www.example.com",)), ExpectedCertificate(certificate_id=4711)
EXPECTED: list[tuple[Any, ExpectedCertificate | None]] = [
    (None, None),
    ("WWW.example.com", NAMED),
    (["www.example.com", "www.example.com"], NAMED),
    (
        "*.example.com, 192.0.2.1 münchen.example",
        ExpectedCertificate(("*.example.com", "192.0.2.1", "xn--mnchen-3ya.example")),
    ),
    (4711, OF_STORE),
    (" 4711", OF_STORE),
    ({"certificate_id": "4711"}, OF_STORE),
]


@pytest.mark.parametrize(("written", "meant"), EXPECTED, ids=[str(written) for written, _meant in EXPECTED])
def test_what_is_expected_of_an_endpoint(written: Any, meant: ExpectedCertificate | None) -> None:
    whole = {"host": "vpc.example.net", "expected": written}
    assert read_endpoint(whole, "endpoints[0]").expected == meant
    assert has_expected_record(whole) == (meant == OF_STORE)


@pytest.mark.parametrize(
    "written",
    [
        *("", " ", True, 0, -1, 1.5, [], [4711], ["www.example.com", None], {}, {"names": []}, {"names": None}),
        *({"names": 4711}, {"certificate_id": "www"}, {"certificate_id": 1, "names": ["www.example.com"]}),
        *({"id": 4711}, "www.example.com:443", "https://www.example.com", ["*"]),
    ],
    ids=str,
)
def test_what_no_one_can_expect(written: Any) -> None:
    with fails("invalid_argument") as failure:
        read_endpoint({"host": "vpc.example.net", "expected": written}, "endpoints[2]")
    assert failure.value.message.startswith("endpoints[2].expected: ")
    assert 'Set DNS names, such as ["www.example.com"], or the ID of a certificate' in failure.value.message


REFUSED: list[tuple[Any, str]] = [
    ("", "not a valid host name or address"),
    (":443", "not a valid host name or address"),
    ("www.example.com:0", "not a valid port"),
    ("www.example.com:65536", "not a valid port"),
    ("www.example.com:https", "not a valid port"),
    ("www.example.com:" + "4" * 5000, "not a valid port"),
    ("user@www.example.com", "not a valid host name or address"),
    ("*.example.com", "not a valid host name or address"),
    ("-www.example.com", "not a valid host name or address"),
    ("[www.example.com", "not a valid host name or address"),
    ("http://www.example.com", "https URL"),
    ("https://user:password@www.example.com", "https URL"),
    ("https://www.example.com:port/", "not a valid URL"),
    (443, "must be text or a dict"),
    ({}, ".host is missing"),
    ({"host": 1}, "host: 1 must be text"),
    (
        {"host": "www.example.com", "prot": 443},
        '"prot" is not a valid key of an endpoint. Valid keys are host, port, server_name',
    ),
    ({"host": "www.example.com", "port": True}, "not a valid port"),
    ({"host": "www.example.com", "server_name": "*.example.com"}, "server_name"),
    ({"host": "www.example.com", "server_name": 1}, "server_name: 1 must be text"),
]


@pytest.mark.parametrize(("written", "said"), REFUSED, ids=[str(written)[:40] for written, _said in REFUSED])
def test_what_is_refused(written: Any, said: str) -> None:
    with fails("invalid_argument", said) as error:
        read_endpoint(written, "endpoints[7]")
    assert error.value.message.startswith("endpoints[7]") and error.value.message.endswith(".")
    assert len(error.value.message) < 250
