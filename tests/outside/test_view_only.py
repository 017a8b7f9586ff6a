# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A user with the permission to view alone, against an API that offers what the reference's metadata says and no more.

Promise: Users with view permission see what the API returns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.outside.playing import Played, play
from tests.outside.stranger import API_KEY, TYPES, USERNAME, Hook, Stranger, answering
from tests.outside.wire import TRANSPORTS

ENTRIES = "SoftLayer_Account::getValidSecurityCertificateEntries"


def entry(identifier: object, name: str, *, days: int = 90) -> dict[str, Any]:
    """A SoftLayer_Security_Certificate_Entry; the year is far enough for it to be valid."""
    return {
        "certificateId": identifier,
        "commonName": name,
        "keySize": 2048,
        "organizationName": "Example Inc.",
        "validityBegin": "2026-01-01T18:00:00-06:00",
        "validityDays": days,
        "validityEnd": "2099-01-01T18:00:00-06:00",
    }


STORED = [
    entry(30, "shop.example.com"),
    entry(7, "www.example.com"),
    entry(30, "shop.example.com"),
    entry(12, "a.example.org"),
]


@pytest.fixture
def api() -> Iterator[Stranger]:
    """The API, whose user may view."""
    stranger = Stranger()
    stranger.entries = STORED
    stranger.add_order(501, "www.example.com", status="Complete")
    with stranger.serving():
        yield stranger


@pytest.fixture(params=TRANSPORTS)
def url(api: Stranger, request: pytest.FixtureRequest) -> str:
    """Its endpoint, over each transport."""
    return api.url(request.param)


def instead_of_entries(answers: list[Any]) -> Hook:
    """What entries the next calls give, which are taken from the list; all that are stored, once these are used up."""
    return lambda call: answering(**{call.method: answers.pop(0)})(call) if call.name == ENTRIES and answers else None


def results(folder: Path, url: str, *tasks: str, api_key: str = API_KEY) -> list[dict[str, Any]]:
    """What each task gives, a module with its options in one line of YAML, whether it fails or not."""
    lines = ["- hosts: localhost", "  gather_facts: false", "  tasks:"]
    for number, task in enumerate(tasks):
        lines += [
            f"    - softlayer.certificates.{task}",
            "      ignore_errors: true",
            f"      register: result{number}",
        ]
    listed = ", ".join(f"result{number}" for number in range(len(tasks)))
    lines += [
        "    - ansible.builtin.copy:",
        "        dest: results.json",
        f'        content: "{{{{ [{listed}] | to_json }}}}"',
    ]
    played: Played = play(
        folder,
        "\n".join(lines),
        env={
            "SL_USERNAME": USERNAME,
            "SL_API_KEY": api_key,
            "SL_ENDPOINT_URL": url,
            "ANSIBLE_LOCALHOST_WARNING": "false",
        },
    )
    assert played.code == 0, played.output
    assert "Traceback" not in played.output and API_KEY not in played.output
    found: list[dict[str, Any]] = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return found


def ids(result: dict[str, Any]) -> list[int]:
    return [certificate["id"] for certificate in result["certificates"]]


def test_the_store_is_listed_as_far_as_entries_tell(tmp_path: Path, api: Stranger, url: str) -> None:
    assert set(entry(1, "")) == set(TYPES["SoftLayer_Security_Certificate_Entry"]["properties"])
    (listed,) = results(tmp_path, url, "ssl_certificate_info: {include_pem: true}")
    assert not listed["failed"], listed
    assert [call.name for call in api.calls] == ["SoftLayer_Account::getSecurityCertificates", ENTRIES]
    assert (ids(listed), listed["limited_to_view"]) == ([7, 12, 30], True)
    first = listed["certificates"][0]
    told = {name: value for name, value in first.items() if value is not None}
    assert told.pop("days_until_expiry") > 20_000
    assert told == {
        "id": 7,
        "common_name": "www.example.com",
        "organization_name": "Example Inc.",
        "key_size": 2048,
        "not_before": "2026-01-02T00:00:00Z",
        "not_after": "2099-01-02T00:00:00Z",
        "renewal_due": False,
    }
    assert set(listed["missing_fields"]) == set(first) - {*told, "days_until_expiry"}
    assert "associated_service_count" in listed["missing_fields"]


def test_what_is_not_known_meets_no_criterion(tmp_path: Path, url: str) -> None:
    named, numbered, unused, used, expired, soon, due, not_due = results(
        tmp_path,
        url,
        'ssl_certificate_info: {common_names: ["*.EXAMPLE.com"], status: valid}',
        "ssl_certificate_info: {certificate_ids: [12, 99]}",
        "ssl_certificate_info: {unused: true}",
        "ssl_certificate_info: {unused: false}",
        "ssl_certificate_info: {status: expired}",
        "ssl_certificate_info: {expires_within_days: 30}",
        "ssl_certificate_info: {renewal_due: true}",
        "ssl_certificate_info: {renewal_due: false}",
    )
    assert ids(named) == [7, 30]
    assert (ids(numbered), numbered["missing_certificate_ids"]) == ([12], [99])
    assert ids(unused) == ids(used) == ids(expired) == ids(soon) == ids(due) == []
    assert ids(not_due) == [7, 12, 30]
    assert "unused" in str(unused["warnings"]) and "unused" in str(used["warnings"])
    assert "expired" in str(expired["warnings"])


MISSHAPEN: list[Any] = [
    [{**entry(1, "www.example.com"), "certificateId": None}],
    [{"id": 5, "commonName": "www.example.com"}],
    [entry("abc", "www.example.com"), {}],
    [entry(0, "www.example.com")],
    [entry(True, "www.example.com")],
    [None],
    None,
    False,
    {"certificateId": 5},
]


def test_entries_without_an_id_are_a_clear_failure(tmp_path: Path, api: Stranger, url: str) -> None:
    answers = list(MISSHAPEN)
    api.before = instead_of_entries(answers)
    for listed in results(tmp_path, url, *["ssl_certificate_info:"] * len(MISSHAPEN)):
        assert listed["failed"] and listed["failure"]["code"] == "api_error"
        assert "getValidSecurityCertificateEntries" in listed["msg"] and "SECURITY_CERTIFICATE_MANAGE" in listed["msg"]
    assert answers == []


def test_an_entry_may_lack_everything_but_its_id(tmp_path: Path, api: Stranger, url: str) -> None:
    api.before = instead_of_entries([[{"certificateId": "5"}, {**dict.fromkeys(entry(1, "")), "certificateId": 6}]])
    (listed,) = results(tmp_path, url, "ssl_certificate_info:")
    assert ids(listed) == [5, 6]
    assert {value for found in listed["certificates"] for name, value in found.items() if name != "id"} == {None}


OF_THE_STORE = ("certificate_ids", "imported", "superseded_by")


def test_whether_orders_are_imported_is_not_known(tmp_path: Path, url: str) -> None:
    """No entry has the key of its certificate; what was not asked for is not missed."""
    unasked, asked, some = results(
        tmp_path,
        url,
        "ssl_order_info:",
        "ssl_order_info: {gather_imported: true}",
        "ssl_order_info: {gather_imported: true, fields: [imported]}",
    )
    assert "warnings" not in unasked and not set(OF_THE_STORE) & set(unasked["orders"][0])
    assert asked["orders"] == [{**order, **dict.fromkeys(OF_THE_STORE)} for order in unasked["orders"]]
    assert some["orders"] == [{"id": 501, "imported": None}]
    (warning,) = asked["warnings"]
    assert "SECURITY_CERTIFICATE_MANAGE" in warning and all(name in warning for name in OF_THE_STORE)


def test_what_needs_the_keys_of_the_store_says_what_to_do(tmp_path: Path, url: str) -> None:
    imported, others, email = results(
        tmp_path,
        url,
        "ssl_order_info: {imported: true}",
        "ssl_order_info: {imported: false}",
        "ssl_fulfillment_email: {order_ids: [501]}",
    )
    for failed, remedy in (
        (imported, "leave out imported"),
        (others, "leave out imported"),
        (email, "set skip_imported: false"),
    ):
        assert failed["failure"]["code"] == "not_found"
        assert f"SECURITY_CERTIFICATE_MANAGE. Grant it, or {remedy}." in failed["msg"]


def test_a_wrong_key_is_no_missing_permission(tmp_path: Path, api: Stranger, url: str) -> None:
    (listed,) = results(tmp_path, url, "ssl_certificate_info:", api_key="wrong")
    assert listed["failure"]["code"] == "authentication_failed"
    assert api.calls == []
