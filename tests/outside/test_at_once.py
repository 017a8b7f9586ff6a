# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs at the same time, killed runs and lost answers: each certificate is stored once, each email is asked for once.

Promise: No certificate twice.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._api.client import Client
from ansible_collections.softlayer.certificates.plugins.module_utils._api.settings import Settings
from ansible_collections.softlayer.certificates.plugins.module_utils._ledger.ledger import (
    Claim,
    CreateKey,
    Ledger,
    lease_for,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.imports import About, Creation
from ansible_collections.softlayer.certificates.plugins.module_utils._plan.material import Content
from ansible_collections.softlayer.certificates.plugins.module_utils._run.creates import LONGEST_PAUSE, Creator
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate

from tests.outside.playing import play
from tests.outside.stranger import ACCOUNT, API_KEY, USERNAME, Stranger, answering, go_on
from tests.outside.wire import Call, Fault
from tests.support.certificates import Authority
from tests.support.modules import Run, finish_module, run_module, start_module

pytest_plugins = ["tests.support.postgresql"]

IMPORT = "ssl_certificate_import"
EMAIL = "ssl_fulfillment_email"
AUTHORITY = Authority()
ISSUED = AUTHORITY.issue("www.example.com")
LONG_AGO = "2026-01-01 00:00:00.000000"


@pytest.fixture
def api() -> Iterator[Stranger]:
    """The API."""
    with Stranger().serving() as api:
        yield api


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """The file of a ledger that does not exist yet."""
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
def options(api: Stranger, ledger: Path) -> dict[str, Any]:
    """The options of an import of one certificate."""
    return {**api.options, **ISSUED.options(), "ledger_url": f"sqlite:///{ledger}"}


@pytest.fixture
def bulk(api: Stranger, ledger: Path) -> dict[str, Any]:
    """The options of an import of several."""
    return {**api.options, "ledger_url": f"sqlite:///{ledger}"}


@pytest.fixture
def mailing(api: Stranger, ledger: Path) -> dict[str, Any]:
    """The options of a request of an email."""
    name = "order12.example.com"
    api.add_order(12, name, certificateSigningRequest=AUTHORITY.issue(name).csr_pem)
    return {**api.options, "order_ids": [12], "ledger_url": f"sqlite:///{ledger}"}


def let_the_lease_pass(ledger: Path) -> None:
    """As if every claim had been made long ago."""
    with sqlite3.connect(ledger) as connection:
        for table in ("softlayer_ssl_email_requests", "softlayer_ssl_certificate_creates"):
            connection.execute(f"UPDATE {table} SET lease_until = '{LONG_AGO}'")
    connection.close()


def leave_a_claim(ledger_url: str, fingerprint: str, at: datetime) -> None:
    """As a run does that dies while it stores a certificate."""
    ledger = Ledger(ledger_url)
    assert isinstance(ledger.claim(CreateKey(ACCOUNT, fingerprint), at, None, lease_for(60)), Claim)
    ledger.close()


def outcomes(runs: list[Run]) -> Counter[str]:
    """How often each outcome came."""
    return Counter(entry["outcome"] for run in runs for entry in run["certificates"])


def of(run: Run) -> tuple[str, str | None]:
    """Outcome and reason of a run with one item."""
    [entry] = run["emails"] if "emails" in run else run["certificates"]
    return entry["outcome"], entry["reason"]


# Imports at the same time


@pytest.mark.parametrize("ledger_url", ["sqlite", "postgresql"], indirect=True)
def test_three_imports_at_once_store_one_record(api: Stranger, options: dict[str, Any], ledger_url: str) -> None:
    """All three have listed the store before the first of them creates anything: on one controller, and on three."""
    with api.hold("getSecurityCertificates") as listed:
        processes = [start_module(IMPORT, **{**options, "ledger_url": ledger_url}) for _ in range(3)]
        api.wait_for(lambda: api.count("getSecurityCertificates") == 3)
        listed.set()
        runs = [finish_module(process) for process in processes]
    assert [run["msg"] for run in runs if run.failed] == []
    assert api.creates == {ISSUED.fingerprint: 1}
    assert outcomes(runs) == {"imported": 1, "unchanged": 2}
    assert {run["certificate"]["id"] for run in runs} == set(api.store)
    assert [run["changed"] for run in runs].count(True) == 1
    assert [len(run.result.get("diff", [])) for run in runs].count(1) == 1


def test_many_imports_of_many_at_once(api: Stranger, bulk: dict[str, Any]) -> None:
    fleet = [AUTHORITY.issue(f"n{number}.example.com") for number in range(12)]
    given = {**bulk, "certificates": [one.options() for one in fleet], "concurrency": 12}
    with api.hold("getSecurityCertificates") as listed:
        processes = [start_module(IMPORT, **given) for _ in range(4)]
        api.wait_for(lambda: api.count("getSecurityCertificates") == 4)
        listed.set()
        runs = [finish_module(process) for process in processes]
    assert [run["msg"] for run in runs if run.failed] == []
    assert api.creates == {one.fingerprint: 1 for one in fleet}
    assert outcomes(runs) == {"imported": 12, "unchanged": 36}


def test_a_run_that_wants_other_notes_changes_what_the_other_run_stored(api: Stranger, options: dict[str, Any]) -> None:
    """As it would have, had it come later."""
    with api.hold("getSecurityCertificates") as listed, api.hold("createObject") as created:
        processes = [start_module(IMPORT, **options, notes=notes) for notes in ("one", "two")]
        api.wait_for(lambda: api.count("getSecurityCertificates") == 2)
        listed.set()
        api.wait_for(lambda: api.count("createObject"))
        created.set()
        runs = [finish_module(process) for process in processes]
    assert outcomes(runs) == {"imported": 1, "updated": 1}
    assert api.creates == {ISSUED.fingerprint: 1}


PLAY = """
- hosts: all
  strategy: {strategy}
  gather_facts: false
  serial: {serial}
  tasks:
    - softlayer.certificates.ssl_certificate_import:
        certificate_path: "{{{{ playbook_dir }}}}/leaf.pem"
        privatekey_path: "{{{{ playbook_dir }}}}/key.pem"
        intermediate_path: "{{{{ playbook_dir }}}}/chain.pem"
        ledger_url: "sqlite:///{{{{ playbook_dir }}}}/ledger.sqlite3"
      delegate_to: localhost
      vars:
        ansible_python_interpreter: "{{{{ ansible_playbook_python }}}}"
"""


@pytest.mark.parametrize(("strategy", "serial"), [("free", "100%"), ("host_pinned", "100%"), ("linear", "5")])
def test_ten_hosts_that_each_import_the_same(api: Stranger, tmp_path: Path, strategy: str, serial: str) -> None:
    for name, text in (("leaf", ISSUED.pem), ("key", ISSUED.key_pem), ("chain", ISSUED.chain_pem)):
        (tmp_path / f"{name}.pem").write_text(text, encoding="ascii")
    (tmp_path / "hosts").write_text("\n".join(f"host{number}" for number in range(10)), encoding="ascii")
    played = play(
        tmp_path, PLAY.format(strategy=strategy, serial=serial), "-i", "hosts", "--forks", "10", env=api.login
    )
    assert played.code == 0, played.output
    assert api.creates == {ISSUED.fingerprint: 1}
    assert played.output.count("changed=1") == 1 and played.output.count("failed=0") == 10


# Killed runs


@pytest.mark.parametrize("stored", [True, False], ids=["after it was stored", "before it was stored"])
def test_a_run_that_is_killed_while_it_stores(
    api: Stranger, options: dict[str, Any], ledger: Path, stored: bool
) -> None:
    with api.hold("createObject", before=not stored):
        process = start_module(IMPORT, **options)
        api.wait_for(lambda: api.store if stored else api.count("createObject"))
        process.kill()
        process.communicate()
        if not stored:
            api.before = answering(createObject=ConnectionError)
    api.wait_for(lambda: "createObject" in api.answered)
    api.before = go_on
    if not stored:
        let_the_lease_pass(ledger)
    run = run_module(IMPORT, **options)
    assert of(run) == (("unchanged", None) if stored else ("imported", None))
    assert api.creates == {ISSUED.fingerprint: 1}


def test_a_run_waits_for_one_that_may_still_be_at_it(api: Stranger, options: dict[str, Any], ledger: Path) -> None:
    """It was killed, which nobody can know before its lease is over; its certificate arrives meanwhile."""
    with api.hold("createObject", before=True) as held:
        first = start_module(IMPORT, **options)
        api.wait_for(lambda: api.count("createObject"))
        first.kill()
        first.communicate()
        second = start_module(IMPORT, **options)
        api.wait_for(lambda: api.count("getSecurityCertificates") == 2 and api.count("getObject") >= 2)
        assert api.count("createObject") == 1
        held.set()
        api.wait_for(lambda: api.store)
        let_the_lease_pass(ledger)
        run = finish_module(second)
    assert of(run) == ("unchanged", None)
    assert api.creates == {ISSUED.fingerprint: 1}


def test_a_run_that_waits_can_be_told_to_stop(api: Stranger, options: dict[str, Any]) -> None:
    with api.hold("createObject", before=True):
        first = start_module(IMPORT, **options)
        api.wait_for(lambda: api.count("createObject"))
        second = start_module(IMPORT, **options)
        api.wait_for(lambda: api.count("getSecurityCertificates") == 2 and api.count("getObject") >= 2)
        second.terminate()
        run = finish_module(second)
    assert of(run) == ("failed", "api_error") and "stop" in run["msg"]
    assert run.code == "interrupted"
    assert of(finish_module(first)) == ("imported", None)
    assert api.creates == {ISSUED.fingerprint: 1}


def test_a_run_of_many_that_is_told_to_stop(api: Stranger, bulk: dict[str, Any]) -> None:
    """As it waits for another one: what was done and what failed before is told of as it is."""
    fleet = [AUTHORITY.issue(f"n{number}.example.com") for number in range(3)]
    items = [{"certificate_content": "none", "privatekey_content": "none"}, *(one.options() for one in fleet)]
    leave_a_claim(bulk["ledger_url"], fleet[1].fingerprint, datetime.now(timezone.utc))
    process = start_module(IMPORT, **bulk, certificates=items, concurrency=1)
    api.wait_for(lambda: api.store)
    process.terminate()
    run = finish_module(process)
    assert run.code == "interrupted" and run["msg"].startswith("The run was told to stop. 3 of 4 certificates failed")
    assert [entry["reason"] for entry in run["certificates"]] == ["invalid_pem", None, "api_error", "api_error"]
    assert [one["reason"] for one in run["failure"]["details"]["items"]] == ["invalid_pem", "api_error", "api_error"]
    assert run["changed"] and api.creates == {fleet[0].fingerprint: 1}


def test_a_certificate_that_was_deleted_since_is_stored_again(api: Stranger, options: dict[str, Any]) -> None:
    for _ in range(2):
        assert of(run_module(IMPORT, **options)) == ("imported", None)
        api.store.clear()
    assert api.creates == {ISSUED.fingerprint: 2}


def test_a_certificate_that_was_refused_is_tried_again(api: Stranger, options: dict[str, Any]) -> None:
    api.before = answering(createObject=False)
    assert of(run_module(IMPORT, **options)) == ("failed", "refused")
    api.before = go_on
    assert of(run_module(IMPORT, **options)) == ("imported", None)


def test_nothing_to_create_needs_no_ledger(api: Stranger, options: dict[str, Any], ledger: Path) -> None:
    assert of(run_module(IMPORT, check=True, **options)) == ("imported", None)
    assert not ledger.exists()
    assert of(run_module(IMPORT, **options)) == ("imported", None)
    ledger.unlink()
    before = api.count("getObject")
    assert of(run_module(IMPORT, **options)) == ("unchanged", None)
    assert not ledger.exists() and api.count("getObject") == before


def test_without_a_ledger_nothing_is_created(api: Stranger, options: dict[str, Any], ledger: Path) -> None:
    """What needs none is done all the same."""
    old = AUTHORITY.issue("old.example.com")
    assert of(run_module(IMPORT, **{**options, **old.options()})) == ("imported", None)
    ledger.write_bytes(b"no database at all, but long enough to be taken for one\n" * 100)
    del options["certificate_content"], options["privatekey_content"], options["intermediate_content"]
    run = run_module(IMPORT, **options, certificates=[ISSUED.options(), old.options(notes="new")])
    assert [(entry["outcome"], entry["reason"]) for entry in run["certificates"]] == [
        ("failed", "api_error"),
        ("updated", None),
    ]
    assert "ledger_url" in run["certificates"][0]["message"]
    assert api.creates == {old.fingerprint: 1}


class Clock(threading.Event):
    """What a run waits by, which is told the time: here waiting takes none."""

    def __init__(self) -> None:
        super().__init__()
        self.at = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)

    def wait(self, timeout: float | None = None) -> bool:
        self.at += timedelta(seconds=timeout or 0)
        return self.is_set()


def test_a_run_waits_once_for_all_that_died_runs_have_left(api: Stranger, ledger: Path) -> None:
    """From its beginning on, and not anew whenever the turn of the next one comes."""
    clock = Clock()
    settings = Settings(USERNAME, API_KEY, api.url(), timeout=60, proxy=None, verify=True, retries=0)
    fleet = [AUTHORITY.issue(f"n{number}.example.com") for number in range(5)]
    contents = [Content(Certificate(one.der), one.key_pem, (), request=None, notes=None) for one in fleet]
    creations = [Creation(About(certificate=one.certificate), "", one, superseded=()) for one in contents]
    url, lease = f"sqlite:///{ledger}", lease_for(settings.timeout)
    for creation in creations:
        leave_a_claim(url, creation.fingerprint, clock.at)
    begun = clock.at
    creator = Creator(Client(settings, stop=clock), url, creations, clock=lambda: clock.at)
    for creation in creations:
        creator.create(creation)
    creator.close()
    assert list(api.creates.values()) == [1] * len(fleet)
    assert api.count("getSecurityCertificates") == 1, "one look tells of all that is not there"
    assert lease <= clock.at - begun < lease + timedelta(seconds=2 * LONGEST_PAUSE)


# Lost and odd answers


def test_an_import_without_an_answer_is_not_made_again_at_once(
    api: Stranger, options: dict[str, Any], ledger: Path
) -> None:
    """The store may still be at it: the next run waits until that cannot be any more, and looks again."""
    api.before = answering(createObject=ConnectionError)
    assert of(run_module(IMPORT, **options)) == ("failed", "outcome_unknown")
    api.before = go_on
    second = start_module(IMPORT, **options)
    api.wait_for(lambda: api.count("getSecurityCertificates") == 3 and api.count("getObject") >= 2)
    assert api.count("createObject") == 1
    let_the_lease_pass(ledger)
    assert of(finish_module(second)) == ("imported", None)
    assert api.creates == {ISSUED.fingerprint: 1}


ODD_ANSWERS: list[Any] = [
    {"id": None},
    {"id": "abc"},
    {"id": True},
    {"id": 1.5},
    {"id": -1},
    {"id": 0},
    {"id": []},
    {},
    [],
    None,
    True,
    "4711",
    "maintenance",
]


@pytest.mark.parametrize("stored", [True, False])
def test_an_odd_answer_to_a_create(api: Stranger, bulk: dict[str, Any], ledger: Path, stored: bool) -> None:
    """The store says what became of it, not the answer; and others of the bulk are not kept from going on."""
    fleet = [AUTHORITY.issue(f"odd{number}.example.com") for number in range(len(ODD_ANSWERS) + 1)]
    odd = {one.pem: answer for one, answer in zip(fleet, ODD_ANSWERS, strict=False)}

    def answer(call: Call) -> Any:
        return odd.get(call.arguments[0]["certificate"], {"id": max(api.store, default=1001)})

    setattr(api, "after" if stored else "before", answering(createObject=answer))
    run = run_module(IMPORT, **bulk, certificates=[one.options() for one in fleet], concurrency=1)
    *entries, last = run["certificates"]
    assert last["outcome"] == "imported"
    for entry, one in zip(entries, fleet, strict=False):
        if stored:
            assert entry["outcome"] == "imported" and api.store[entry["id"]]["certificate"] == one.pem
        else:
            assert (entry["outcome"], entry["reason"]) == ("failed", "outcome_unknown")
    api.before = api.after = go_on
    let_the_lease_pass(ledger)
    again = run_module(IMPORT, **bulk, certificates=[one.options() for one in fleet[:-1]])
    assert outcomes([again]) == {"unchanged" if stored else "imported": len(ODD_ANSWERS)}
    assert all(api.creates[one.fingerprint] == 1 for one in fleet[:-1])


NO = [False, "false", "False", 0, "0"]
NEITHER: list[Any] = [None, "", "maintenance", {}, [], 2, -1, 1.5, {"id": 1}]


def changes(api: Stranger, bulk: dict[str, Any], method: str, number: int) -> tuple[dict[str, Any], list[int]]:
    """The options of a run that edits or deletes so many records, and their ids."""
    fleet = [AUTHORITY.issue(f"n{one}.example.com") for one in range(number)]
    run = run_module(IMPORT, **bulk, certificates=[one.options() for one in fleet])
    ids = [entry["id"] for entry in run["certificates"]]
    if method == "editObject":
        return {**bulk, "certificates": [one.options(notes="new") for one in fleet]}, ids
    return {**bulk, "certificates": [{"state": "absent", "certificate_id": identifier} for identifier in ids]}, ids


@pytest.mark.parametrize("method", ["editObject", "deleteObject"])
def test_a_no_in_any_spelling_is_one(api: Stranger, bulk: dict[str, Any], method: str) -> None:
    options, ids = changes(api, bulk, method, len(NO))
    api.before = answering(**{method: lambda call: NO[ids.index(call.identifier)]})
    run = run_module(IMPORT, **options)
    assert {(entry["outcome"], entry["reason"]) for entry in run["certificates"]} == {("failed", "refused")}


@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
@pytest.mark.parametrize("method", ["editObject", "deleteObject"])
def test_after_an_answer_that_says_nothing_the_store_is_read(
    api: Stranger, bulk: dict[str, Any], method: str, done: bool
) -> None:
    answers = [*NEITHER, ConnectionError, Fault("SoftLayer_Exception_Public", "Internal Error")]
    options, ids = changes(api, bulk, method, len(answers))

    def answer(call: Call) -> Any:
        said = answers[ids.index(call.identifier)]
        if isinstance(said, Fault):
            raise said
        return said

    odd = answering(**{method: answer})
    setattr(api, "after" if done else "before", odd)
    run = run_module(IMPORT, **options)
    outcome = "updated" if method == "editObject" else "removed"
    expected = (outcome, None) if done else ("failed", "outcome_unknown")
    assert {(entry["outcome"], entry["reason"]) for entry in run["certificates"]} == {expected}


NOT_TOLD: dict[str, dict[str, Any]] = {
    "no count and no listeners": {"associatedServiceCount": None, "lbaasListeners": None},
    "a count that is none": {"associatedServiceCount": "many", "lbaasListeners": None},
    "no count, but listeners": {"associatedServiceCount": None, "lbaasListeners": [{"id": 1, "uuid": "listener"}]},
}


@pytest.mark.parametrize("told", NOT_TOLD)
def test_nothing_is_deleted_whose_use_is_not_known(api: Stranger, bulk: dict[str, Any], told: str) -> None:
    api.add_certificate(7, ISSUED.pem, **NOT_TOLD[told])
    run = run_module(IMPORT, **bulk, state="absent", certificate_id=7)
    assert of(run) == ("failed", "in_use") and api.count("deleteObject") == 0
    assert ("listener" if "but" in told else "portal") in run["msg"]


def test_what_no_listener_uses_may_be_deleted_without_a_count(api: Stranger, bulk: dict[str, Any]) -> None:
    api.add_certificate(7, ISSUED.pem, associatedServiceCount=None, lbaasListeners=[])
    assert of(run_module(IMPORT, **bulk, state="absent", certificate_id=7)) == ("removed", None)


OLDER = AUTHORITY.issue("www.example.com", days=(-300, 10))
SINCE: dict[str, tuple[dict[str, Any], str, str]] = {
    "in use by its count": ({"associatedServiceCount": 1}, "in_use", "in use by 1 service"),
    "in use by a listener": ({"lbaasListeners": [{"id": 1, "uuid": "listener"}]}, "in_use", "in use by 1 service"),
    "use not told": ({"associatedServiceCount": None, "lbaasListeners": None}, "in_use", "does not tell"),
    "renewed in place": ({"certificate": ISSUED.pem}, "ambiguous", "another certificate"),
    "not readable": ({"certificate": "-----BEGIN"}, "ambiguous", "another certificate"),
}
"""What becomes of a record between its listing and its deletion: the reason, and what is said."""


def change_after_the_listing(api: Stranger, change: dict[str, Any] | None) -> None:
    """Let somebody else change record 7, or delete it, right after it was listed; this server deletes what is in use."""

    def after(call: Call) -> None:
        if call.method == "getSecurityCertificates" and 7 in api.store:
            if change is None:
                del api.store[7]
            else:
                api.store[7].update(change)

    def before(call: Call) -> None:
        if call.method == "deleteObject":
            api.store[call.identifier].update(associatedServiceCount=0, lbaasListeners=[])

    api.after, api.before = after, before


@pytest.mark.parametrize("since", SINCE)
def test_what_was_changed_since_it_was_listed_is_not_deleted(api: Stranger, bulk: dict[str, Any], since: str) -> None:
    change, reason, said = SINCE[since]
    api.add_certificate(7, OLDER.pem)
    change_after_the_listing(api, change)
    run = run_module(IMPORT, **bulk, state="absent", certificate_id=7)
    assert of(run) == ("failed", reason) and api.count("deleteObject") == 0
    assert said in run["msg"]


@pytest.mark.parametrize("since", SINCE)
def test_what_was_changed_since_it_was_listed_is_not_superseded(
    api: Stranger, options: dict[str, Any], since: str
) -> None:
    change, _reason, said = SINCE[since]
    api.add_certificate(7, OLDER.pem)
    change_after_the_listing(api, change)
    run = run_module(IMPORT, **options, remove_superseded=True)
    assert of(run) == ("imported", None) and api.count("deleteObject") == 0
    assert [(old["id"], old["removed"]) for old in run["certificate"]["superseded"]] == [(7, False)]
    warned = str(run["warnings"])
    assert "The certificate 7, which is superseded, was not removed: " in warned and said in warned


def test_what_is_gone_since_it_was_listed_is_as_good_as_deleted(api: Stranger, options: dict[str, Any]) -> None:
    for wish in ({**options, "remove_superseded": True}, {**api.options, "state": "absent", "certificate_id": 7}):
        api.add_certificate(7, OLDER.pem)
        change_after_the_listing(api, None)
        run = run_module(IMPORT, **wish)
        assert not run.failed and api.count("deleteObject") == 0
        assert [old["removed"] for old in run["certificate"]["superseded"]] in ([True], [])
        api.after = go_on


@pytest.mark.parametrize("way", ["not found", "no answer"])
def test_what_cannot_be_read_again_is_not_deleted(api: Stranger, bulk: dict[str, Any], way: str) -> None:
    api.add_certificate(7, OLDER.pem)
    lost = Fault("SoftLayer_Exception_ObjectNotFound", "Unable to find object with id of '7'.", 404)

    def before(call: Call) -> None:
        if call.name == "SoftLayer_Security_Certificate::getObject":
            raise lost if way == "not found" else ConnectionError

    api.before = before
    run = run_module(IMPORT, **{**bulk, "retries": 0}, state="absent", certificate_id=7)
    assert of(run) == ("failed", "not_found" if way == "not found" else "api_error")
    assert api.count("deleteObject") == 0 and 7 in api.store


def test_an_answer_to_a_request_that_says_nothing(api: Stranger, mailing: dict[str, Any]) -> None:
    order_ids = list(range(100, 100 + len(NEITHER)))
    for identifier in order_ids:
        csr = AUTHORITY.issue("any.example.com").csr_pem
        api.add_order(identifier, "any.example.com", certificateSigningRequest=csr)
    api.after = answering(resendEmail=lambda call: NEITHER[call.identifier - 100])
    run = run_module(EMAIL, **{**mailing, "order_ids": order_ids})
    assert set(run.outcomes().values()) == {("failed", "outcome_unknown")}
    assert sorted(api.mailed) == order_ids


# Repeating a task until it succeeds

UNTIL = """
- hosts: localhost
  gather_facts: false
  tasks:
    - softlayer.certificates.ssl_fulfillment_email:
        order_ids: [12]
        ledger_url: "{{ ledger_url }}"
        retries: 0
      register: result
      until: result is succeeded
      retries: 2
      delay: 0
"""


def test_until_it_succeeds_after_a_lost_answer(api: Stranger, mailing: dict[str, Any], tmp_path: Path) -> None:
    """The email may not have been sent: that must not end as a success, and not as a second email."""
    api.before = answering(resendEmail=ConnectionError)
    extra = ("-e", f"ledger_url={mailing['ledger_url']}")
    played = play(tmp_path, UNTIL, *extra, env=api.login)
    assert played.code == 2, played.output
    assert api.count("resendEmail") == 1
    assert "outcome_unknown" in played.output
    api.before = go_on
    assert of(run_module(EMAIL, **mailing)) == ("failed", "outcome_unknown")
    assert of(run_module(EMAIL, **mailing, min_interval_hours=0)) == ("requested", None)
    api.before = answering(resendEmail=ConnectionError)
    assert of(run_module(EMAIL, **mailing, force=True)) == ("failed", "outcome_unknown")
    api.before = go_on
    assert of(run_module(EMAIL, **mailing, force=True)) == ("requested", None)
    assert of(run_module(EMAIL, **mailing)) == ("skipped", "cooldown")


def test_a_request_that_is_under_way_is_no_failure_and_one_that_was_given_up_is(
    api: Stranger, mailing: dict[str, Any], ledger: Path
) -> None:
    with api.hold("resendEmail"):
        first = start_module(EMAIL, **mailing)
        api.wait_for(lambda: api.mailed)
        meanwhile = run_module(EMAIL, **mailing)
        assert of(meanwhile) == ("skipped", "outcome_unknown")
        assert "under way" in meanwhile["emails"][0]["message"]
        first.kill()
        first.communicate()
    assert of(run_module(EMAIL, **mailing)) == ("skipped", "outcome_unknown"), "nobody can know yet"
    let_the_lease_pass(ledger)
    assert of(run_module(EMAIL, **mailing)) == ("failed", "outcome_unknown")
    assert api.mailed == [12]


# Notes


NOTES = ["two\n\n", "one\n", "\n", "a\r\nb\r\n\r\n", "plain", "", " spaces "]


@pytest.mark.parametrize("strips", [True, False], ids=["strips", "keeps"])
def test_notes_are_not_changed_by_every_run(api: Stranger, bulk: dict[str, Any], strips: bool) -> None:

    def strip(_call: Call) -> None:
        for record in list(api.store.values()):
            record["notes"] = record["notes"].rstrip("\n")

    api.after = strip if strips else go_on
    items = [AUTHORITY.issue(f"notes{number}.example.com").options(notes=notes) for number, notes in enumerate(NOTES)]
    assert outcomes([run_module(IMPORT, **bulk, certificates=items)]) == {"imported": len(NOTES)}
    assert outcomes([run_module(IMPORT, **bulk, certificates=items)]) == {"unchanged": len(NOTES)}
    for record in api.store.values():
        record["notes"] += "\n\n"
    assert outcomes([run_module(IMPORT, **bulk, certificates=items)]) == {"unchanged": len(NOTES)}


NO_XML = [0x00, 0x01, 0x07, 0x0B, 0x0C, 0x1B, 0x1F, 0xFFFE, 0xFFFF]


def test_notes_that_xml_cannot_carry_are_refused(api: Stranger, bulk: dict[str, Any]) -> None:
    """Over REST they would be stored, and nobody could read the store over XML-RPC any more. The others go on."""
    other = AUTHORITY.issue("other.example.com")
    items = [AUTHORITY.issue(f"c{code}.example.com").options(notes=f"a{chr(code)}b") for code in NO_XML]
    run = run_module(IMPORT, **bulk, certificates=[*items, other.options(notes="tab\tand\nline")])
    *refused, last = run["certificates"]
    assert {(entry["outcome"], entry["reason"]) for entry in refused} == {("failed", "refused")}
    assert all("notes" in entry["message"] for entry in refused)
    assert last["outcome"] == "imported" and last["notes"] == "tab\tand\nline"
    assert api.creates == {other.fingerprint: 1}


@pytest.mark.parametrize("concurrency", [0, 257])
def test_concurrency_has_bounds(api: Stranger, options: dict[str, Any], concurrency: int) -> None:
    run = run_module(IMPORT, **options, concurrency=concurrency)
    assert run.code == "invalid_argument" and "concurrency" in run["msg"]
    assert api.calls == []
