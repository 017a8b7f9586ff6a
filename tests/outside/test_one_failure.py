# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Of many, one fails in each way there is: all others are done, each says what became of it, and the run names the one that failed.

Promise: One failure hides nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.outside.pki import Ca, csr_pem, issued_by, key_pem, new_key, pem
from tests.outside.playing import play
from tests.outside.stranger import Answer, Hook, Stranger
from tests.outside.wire import Call, Fault
from tests.support.modules import Run, run_module

ROOT = Ca("Real Root")
AUTHORITY = Ca("Real CA", above=ROOT)
NUMBERS = range(1, 7)
NAMES = {number: f"n{number}.example.com" for number in NUMBERS}
KEYS = {number: new_key() for number in NUMBERS}
ISSUED = {number: issued_by(AUTHORITY, KEYS[number], NAMES[number], (-1, 300)) for number in NUMBERS}
NUMBER_OF = {pem(certificate): number for number, certificate in ISSUED.items()}


def fault() -> None:
    """Something is wrong with the API, which does not say whether it did what it was asked."""
    raise Fault("SoftLayer_Exception", "Internal Error")


def objection() -> None:
    """The API says what is wrong with this one."""
    raise Fault("SoftLayer_Exception_Public", "There is something about this one.")


def refusal() -> None:
    """The API answers false."""
    raise Answer(False)


def silence() -> None:
    """The connection ends without an answer."""
    raise ConnectionError


def absence() -> None:
    """There is no such thing any more."""
    raise Fault("SoftLayer_Exception_ObjectNotFound", "Unable to find object.", 404)


Way = Callable[[], None]
EMAILS: dict[Way, str] = {
    fault: "outcome_unknown",
    objection: "api_error",
    refusal: "refused",
    silence: "outcome_unknown",
    absence: "not_found",
}
"""The reason that each way has in the result."""
CREATES: dict[Way, str] = {
    fault: "outcome_unknown",
    objection: "refused",
    refusal: "refused",
    silence: "outcome_unknown",
}
CHANGES: dict[Way, str] = {**CREATES, absence: "not_found"}


def number_of(call: Call) -> int | None:
    """The number of the order or certificate that a call sends or creates."""
    if call.method == "createObject":
        return NUMBER_OF[call.arguments[0]["certificate"]]
    return call.identifier if call.method in {"resendEmail", "editObject", "deleteObject"} else None


def failing(ways: dict[int, Way]) -> Hook:
    """A hook that lets the calls about these numbers fail."""

    def fail(call: Call) -> None:
        if (number := number_of(call)) in ways:
            ways[number]()

    return fail


@pytest.fixture
def api() -> Iterator[Stranger]:
    """An account with all orders."""
    stranger = Stranger()
    for number in NUMBERS:
        stranger.add_order(number, NAMES[number], certificateSigningRequest=csr_pem(KEYS[number], NAMES[number]))
    with stranger.serving():
        yield stranger


@pytest.fixture
def options(api: Stranger, tmp_path: Path) -> dict[str, Any]:
    """The login, and a ledger."""
    return {**api.options, "ledger_url": f"sqlite:///{tmp_path / 'ledger.sqlite3'}"}


def item(number: int, **others: Any) -> dict[str, Any]:
    """The options that import one."""
    return {
        "certificate_content": pem(ISSUED[number]),
        "privatekey_content": key_pem(KEYS[number]),
        "intermediate_content": pem(AUTHORITY.certificate),
        **others,
    }


def assert_one_failed(run: Run, entries: list[dict[str, Any]], number: int, reason: str, done: str) -> None:
    """Each has outcome, reason and message; one has failed, and the run with it, which names it."""
    assert [(entry["outcome"], entry["reason"]) for entry in entries] == [
        ("failed", reason) if each == number else (done, None) for each in NUMBERS
    ]
    message = entries[number - 1]["message"]
    assert message.endswith(".") and message.isprintable()
    assert all(isinstance(entry["message"], str | None) for entry in entries)
    assert run.failed and run["msg"].startswith("1 of 6 ")
    assert NAMES[number] in run["msg"] or f"item {number - 1} " in run["msg"]


@pytest.mark.parametrize(("way", "reason"), EMAILS.items())
def test_emails(api: Stranger, options: dict[str, Any], way: Way, reason: str) -> None:
    api.before = failing({3: way})
    run = run_module("ssl_fulfillment_email", order_ids=list(NUMBERS), **options)
    assert_one_failed(run, run["emails"], 3, reason, "requested")
    assert sorted(api.mailed) == [number for number in NUMBERS if number != 3]
    assert (run["requested_count"], run["failed_count"], run["changed"]) == (5, 1, True)


@pytest.mark.parametrize(("way", "reason"), CREATES.items())
def test_imports(api: Stranger, options: dict[str, Any], way: Way, reason: str) -> None:
    api.before = failing({3: way})
    run = run_module("ssl_certificate_import", certificates=[item(number) for number in NUMBERS], **options)
    assert_one_failed(run, run["certificates"], 3, reason, "imported")
    assert len(api.store) == 5 and run["changed"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"privatekey_content": key_pem(KEYS[1])}, "key_mismatch"),
        ({"privatekey_content": "no key"}, "invalid_pem"),
        ({"certificate_content": "no certificate"}, "invalid_pem"),
        ({"csr_content": csr_pem(KEYS[1])}, "csr_mismatch"),
        ({"order_id": 1}, "order_mismatch"),
    ],
    ids=["another key", "no key", "no certificate", "another request", "another order"],
)
def test_imports_of_what_does_not_belong_together(
    api: Stranger, options: dict[str, Any], wrong: dict[str, Any], reason: str
) -> None:
    items = [item(number, **(wrong if number == 3 else {})) for number in NUMBERS]
    run = run_module("ssl_certificate_import", certificates=items, **options)
    assert_one_failed(run, run["certificates"], 3, reason, "imported")
    assert len(api.store) == 5


@pytest.mark.parametrize(("way", "reason"), CHANGES.items())
@pytest.mark.parametrize(("method", "done"), [("editObject", "updated"), ("deleteObject", "removed")])
def test_changes_of_the_store(
    api: Stranger, options: dict[str, Any], method: str, done: str, way: Way, reason: str
) -> None:
    for number in NUMBERS:
        api.add_certificate(number, pem(ISSUED[number]), intermediateCertificate=pem(AUTHORITY.certificate))
    api.before = failing({3: way})
    removed = [{"state": "absent", "certificate_id": number} for number in NUMBERS]
    items = [item(number, notes="new") for number in NUMBERS] if method == "editObject" else removed
    run = run_module("ssl_certificate_import", certificates=items, **options)
    assert_one_failed(run, run["certificates"], 3, reason, done)
    assert api.count(method) == 6
    assert [number for number, row in api.store.items() if row["notes"] != "new"] == [3]


# Rows and records that cannot be used


NO_IDS: list[dict[str, Any]] = [{}, {"id": None}, {"id": "x"}, {"id": 0}, {"id": True}]


def with_rows_without_an_id(method: str, rows: list[dict[str, Any]]) -> Hook:
    """A hook that lets rows without a usable id stand before and behind those of a listing."""

    def list_them(call: Call) -> None:
        if call.method == method:
            offset, limit = call.conditions.get("offset", 0), call.conditions.get("limit", 1000)
            named = dict.fromkeys(("commonName", "certificate"), "www.example.com")
            raise Answer([*({**named, **odd} for odd in NO_IDS[:2]), *rows, *NO_IDS[2:]][offset : offset + limit])

    return list_them


def warnings(run: Run) -> str:
    """All that a run warns of."""
    return " ".join(str(warning) for warning in run.result.get("warnings", []))


@pytest.mark.parametrize("transport", ["rest", "xmlrpc"])
def test_orders_without_an_id_are_left_out(api: Stranger, options: dict[str, Any], transport: str) -> None:
    options |= {"endpoint_url": api.url(transport)}
    api.before = with_rows_without_an_id("getSslCertificateRequests", list(api.orders.values()))
    login = {name: value for name, value in options.items() if name != "ledger_url"}
    run = run_module("ssl_order_info", **login)
    assert [order["id"] for order in run["orders"]] == list(NUMBERS)
    assert "getSslCertificateRequests" in warnings(run) and "without a usable id, which are left out: 5." in warnings(
        run
    )
    run = run_module("ssl_fulfillment_email", common_names=["*"], skip_imported=False, **options)
    assert not run.failed and sorted(api.mailed) == list(NUMBERS)
    assert warnings(run).count("usable id") == 1
    run = run_module("ssl_order_info", **login, order_ids=[2, 99])
    assert [order["id"] for order in run["orders"]] == [2] and run["missing_order_ids"] == [99]


@pytest.mark.parametrize("transport", ["rest", "xmlrpc"])
def test_certificates_without_an_id_are_left_out(api: Stranger, options: dict[str, Any], transport: str) -> None:
    options |= {"endpoint_url": api.url(transport)}
    row = api.add_certificate(1, pem(ISSUED[1]), intermediateCertificate=pem(AUTHORITY.certificate))
    api.before = with_rows_without_an_id("getSecurityCertificates", [row])
    login = {name: value for name, value in options.items() if name != "ledger_url"}
    run = run_module("ssl_certificate_info", **login)
    assert [one["id"] for one in run["certificates"]] == [1]
    assert "getSecurityCertificates" in warnings(run) and "left out: 5." in warnings(run)
    run = run_module("ssl_certificate_import", certificates=[item(1), item(2)], **options)
    assert [one["outcome"] for one in run["certificates"]] == ["unchanged", "imported"]
    assert warnings(run).count("usable id") == 1
    run = run_module("ssl_order_info", gather_imported=True, order_ids=[1, 2], **login)
    assert [order["imported"] for order in run["orders"]] == [True, False]
    assert warnings(run).count("usable id") == 1


def test_entries_without_an_id_are_left_out(api: Stranger, options: dict[str, Any]) -> None:
    api.entries = [{"commonName": "a.example.com"}, {"certificateId": 5, "commonName": "b.example.com"}]
    login = {name: value for name, value in options.items() if name != "ledger_url"}
    run = run_module("ssl_certificate_info", **login)
    assert [one["id"] for one in run["certificates"]] == [5]
    assert "getValidSecurityCertificateEntries" in warnings(run) and "left out: 1." in warnings(run)


def test_where_no_row_has_an_id_the_listing_fails(api: Stranger, options: dict[str, Any]) -> None:
    api.before = with_rows_without_an_id("getSslCertificateRequests", [])
    run = run_module("ssl_fulfillment_email", common_names=["*"], **options)
    assert run.code == "api_error" and "endpoint_url" in run["msg"] and api.mailed == []


@pytest.mark.parametrize("odd", [None, "", "no certificate"])
def test_what_cannot_be_read_of_the_store_is_told(api: Stranger, options: dict[str, Any], odd: str | None) -> None:
    """It may be what is looked for: nobody may take it for compared."""
    for identifier in (11, 12):
        api.add_certificate(identifier, pem(ISSUED[6]), certificate=odd)
    run = run_module("ssl_certificate_import", certificates=[item(1), item(2)], **options)
    assert [one["outcome"] for one in run["certificates"]] == ["imported", "imported"]
    assert warnings(run).count("cannot be read: 11, 12.") == 1
    run = run_module("ssl_fulfillment_email", order_ids=[1, 3], **options)
    assert run.outcomes() == {1: ("skipped", "already_imported"), 3: ("requested", None)}
    assert warnings(run).count("cannot be read: 11, 12.") == 1
    login = {name: value for name, value in options.items() if name != "ledger_url"}
    run = run_module("ssl_order_info", imported=True, **login)
    assert [order["id"] for order in run["orders"]] == [1, 2]
    assert warnings(run).count("cannot be read: 11, 12.") == 1
    assert "warnings" not in run_module("ssl_order_info", **login)
    run = run_module("ssl_certificate_import", state="absent", certificate_id=11, **options)
    assert (run["certificate"]["outcome"], warnings(run)) == ("removed", "")


# In playbooks, all ways at once

TELL = """
- hosts: localhost
  gather_facts: false
  tasks:
    - block:
        - include_role:
            name: softlayer.certificates.ssl_fulfillment
      rescue:
        - copy:
            content: "{{ ssl_fulfillment_result | combine({'message': ansible_failed_result.msg}) | to_json }}"
            dest: result.json
            mode: "0600"
        - fail:
            msg: "{{ ansible_failed_result.msg }}"
"""


def phase(api: Stranger, folder: Path, name: str, **variables: Any) -> dict[str, Any]:
    """Play a phase of the role, which fails; returns its result, and the message with which it failed."""
    (folder / "root.pem").write_text(pem(ROOT.certificate), encoding="ascii")
    given = {
        "ssl_fulfillment_phases": [name],
        "ssl_fulfillment_ledger_url": f"sqlite:///{folder / 'ledger.sqlite3'}",
        "ssl_fulfillment_certificate_dir": str(folder),
        "ssl_fulfillment_privatekey_dir": str(folder),
        "ssl_fulfillment_trusted_ca_path": str(folder / "root.pem"),
        **variables,
    }
    (folder / "vars.json").write_text(json.dumps(given), encoding="utf-8")
    ran = play(folder, TELL, "-e", "@vars.json", env={**api.login, "ANSIBLE_LOCALHOST_WARNING": "false"})
    assert ran.code == 2 and "Traceback" not in ran.output, ran.output
    return dict(json.loads((folder / "result.json").read_text(encoding="utf-8")))


def assert_named(result: dict[str, Any], ways: dict[int, str]) -> None:
    """All that failed have their reason and are named where the play fails, and no other is."""
    failed = {entry["order_id"]: entry for entry in result["failed"]}
    assert {number: entry["reason"] for number, entry in failed.items()} == ways
    assert all(entry["message"].endswith(".") for entry in failed.values())
    assert {number for number in NUMBERS if f"order {number}: " in result["message"]} == set(ways)


def test_a_playbook_that_requests(api: Stranger, tmp_path: Path) -> None:
    api.before = failing(dict(zip(range(2, 7), EMAILS, strict=True)))
    result = phase(api, tmp_path, "request")
    assert_named(result, dict(zip(range(2, 7), EMAILS.values(), strict=True)))
    assert [entry["order_id"] for entry in result["requested"]] == api.mailed == [1]


def test_a_playbook_that_imports(api: Stranger, tmp_path: Path) -> None:
    for number in NUMBERS:
        certificate = tmp_path / f"{NAMES[number]}.crt"
        certificate.write_text(pem(ISSUED[number], AUTHORITY.certificate), encoding="ascii")
        certificate.with_suffix(".key").write_text(key_pem(KEYS[number]), encoding="ascii")
    (tmp_path / f"{NAMES[6]}.crt").write_text("no certificate", encoding="ascii")
    api.before = failing(dict(zip(range(2, 6), CREATES, strict=True)))
    result = phase(api, tmp_path, "import")
    assert_named(result, {**dict(zip(range(2, 6), CREATES.values(), strict=True)), 6: "invalid_pem"})
    assert f"{tmp_path}/{NAMES[6]}.crt: There is no certificate" in result["message"]
    assert [entry["order_id"] for entry in result["imported"]] == [1]
    assert len(api.store) == 1


def test_a_key_that_cannot_be_read_is_named_and_so_is_the_variable(api: Stranger, tmp_path: Path) -> None:
    certificate = tmp_path / f"{NAMES[1]}.crt"
    certificate.write_text(pem(ISSUED[1], AUTHORITY.certificate), encoding="ascii")
    certificate.with_suffix(".key").write_text(key_pem(KEYS[1], b"a phrase"), encoding="ascii")
    result = phase(api, tmp_path, "import")
    assert f"{certificate.with_suffix('.key')}: The private key is encrypted" in result["message"]
    assert "give privatekey_passphrase" in result["message"]


def test_an_outcome_that_a_short_secret_hides_is_a_failure(api: Stranger, tmp_path: Path) -> None:
    certificate = tmp_path / f"{NAMES[1]}.crt"
    certificate.write_text(pem(ISSUED[1], AUTHORITY.certificate), encoding="ascii")
    certificate.with_suffix(".key").write_text(key_pem(KEYS[1]), encoding="ascii")
    result = phase(api, tmp_path, "import", ssl_fulfillment_privatekey_passphrase="port")
    assert [entry["order_id"] for entry in result["failed"]] == [1] and result["imported"] == []
    assert NAMES[1] in result["message"]
