# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate store through the module: what is created, edited and deleted there, and what is not.

What may be imported, what replaces what, and what is refused before anything is sent: the pure tests of `_plan`; claims and
answers that are lost: those of `_store.apply`; encodings: those of `_x509`.
"""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import SoftLayer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat

from tests.simulator.client import Simulator
from tests.support.certificates import (
    DISORDER,
    PASSPHRASE,
    Authority,
    Issued,
    key_bytes,
    key_pem,
    leaks,
    new_key,
    pem_of,
    pkcs7_of,
    pkcs12_of,
)
from tests.support.modules import TRANSPORTS, Run, options_for, run_module

Options = dict[str, Any]
Snapshot = dict[int, dict[str, Any]]

MODULE = "ssl_certificate_import"
WRITES = {"createObject", "editObject", "deleteObject"}
CHANGES = {"imported", "updated", "removed"}
NAME = "new.example.com"
ACTS = "softlayer_ssl_acts"
AUTHORITY = Authority(intermediates=2)
OTHER_AUTHORITY = Authority("Another")
TRADITIONAL = PrivateFormat.TraditionalOpenSSL


@pytest.fixture(autouse=True)
def roots(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine trusts the authorities of the tests."""
    path = tmp_path_factory.mktemp("roots") / "roots.pem"
    path.write_text(pem_of([AUTHORITY.root, OTHER_AUTHORITY.root]), encoding="ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


def run(api: Options, *items: Options, check: bool = False, **options: Any) -> Run:
    """Run the module and check what holds for every run of it; ``items`` are given in `certificates`."""
    if items:
        options["certificates"] = list(items)
    done = run_module(MODULE, check=check, diff=True, **{"retries": 0, **api, **options})
    assert "traceback" not in done.output.lower()
    assert not leaks(done.output)
    if "certificates" not in done:
        assert done.failed and done["failure"]["message"] == done["msg"]
        return done
    entries = done["certificates"]
    assert len(entries) == max(1, len(items))
    for entry in entries:
        assert (entry["reason"] is None) == (entry["outcome"] != "failed")
        assert entry["message"] and "\n" not in entry["message"]
    assert ("certificate" in done) >= (not items)
    if "certificate" in done:
        assert [done["certificate"]] == entries
    assert done.failed == any(entry["outcome"] == "failed" for entry in entries)
    if not any(entry["reason"] == "chain_cut" for entry in entries):  # which a record may be of that is new
        assert done["changed"] == any(
            entry["outcome"] in CHANGES or any(old["removed"] for old in entry["superseded"]) for entry in entries
        )
    return done


def predicted(sim: Simulator, api: Options, *items: Options, **options: Any) -> Run:
    """Run in check mode, which changes nothing, and then for real; both must say the same, each in its tense. Gives the real run."""
    before = sim.certificates()
    sim.clear_calls()
    check = run(api, *items, check=True, **options)
    assert sim.certificates() == before
    assert not [call for call in sim.calls() if call["method"] in WRITES]
    real = run(api, *items, **options)
    assert real["changed"] == check["changed"]
    assert real.failed == check.failed and real.result.get("msg") == check.result.get("msg")
    for part in real["diff"]:
        state = part["after"].get("state")
        part["after"] |= {"state": f"To be {state[0].lower()}{state[1:]}"} if state else {}
    assert real["diff"] == check["diff"]
    for planned, done in zip(check["certificates"], real["certificates"], strict=True):
        if done["outcome"] == "imported":
            assert planned.pop("id") is None
            planned["id"] = done["id"]
        if done["outcome"] == "unchanged" and planned["id"] is None and done["fingerprint_sha256"]:
            planned["id"] = done["id"]  # the same as another one, which had no id yet
        would_be = f"Would be {done['message'][0].lower()}{done['message'][1:]}"
        assert planned.pop("message") == (would_be if done["outcome"] in CHANGES else done["message"])
        assert planned == {name: value for name, value in done.items() if name != "message"}
    return real


def let_the_lease_pass(home: Path) -> None:
    """As if every create had been claimed long ago; until then the next run would wait."""
    with sqlite3.connect(home / ".local/state/softlayer.certificates/ledger.sqlite3") as ledger:
        ledger.execute(f"UPDATE {ACTS} SET lease_until = '2026-01-01 00:00:00.000000'")
    ledger.close()


@pytest.fixture
def any_api(sim: Simulator, request: pytest.FixtureRequest) -> Options:
    """One of the transports, by the test's name: for what does not depend on it."""
    return options_for(sim, TRANSPORTS[zlib.crc32(request.node.name.encode()) % 2])


def outcome(done: Run) -> tuple[str, str | None]:
    """Outcome and reason of the only certificate."""
    [entry] = done["certificates"]
    return entry["outcome"], entry["reason"]


def snapshot(sim: Simulator) -> Snapshot:
    """The store's records by id."""
    return {record["id"]: record for record in sim.certificates()}


def store(sim: Simulator, *issued: Issued, chain: str | None = None, notes: str = "") -> list[int]:
    """Put certificates into the store past the module, and give their ids."""
    client = SoftLayer.create_client_from_env(sim.username, sim.api_key, endpoint_url=sim.rest_url)
    ids = []
    for one in issued:
        template = {
            "certificate": one.pem,
            "privateKey": one.key_pem,
            "intermediateCertificate": one.chain_pem if chain is None else chain,
            "notes": notes,
        }
        ids.append(client.call("Security_Certificate", "createObject", template, mask="mask[id]")["id"])
    sim.clear_calls()
    return ids


def methods(sim: Simulator) -> Counter[str]:
    """How often which API method was called."""
    return Counter(call["method"] for call in sim.calls())


# All that people have: each form imports the same content


@dataclass(frozen=True)
class Files:
    """Writes files whose names do not clash."""

    folder: Path

    def __call__(self, content: bytes | str) -> str:
        path = self.folder / f"{len(list(self.folder.iterdir()))}.file"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)


Form = Callable[[Issued, Files], Options]


FORMS: dict[str, Form] = {
    "content_crlf": lambda one, _file: {
        "certificate_content": DISORDER["crlf"](one.pem),
        "privatekey_content": DISORDER["crlf"](one.key_pem),
        "intermediate_content": DISORDER["crlf"](one.chain_pem),
    },
    "with_its_key": lambda one, file: dict.fromkeys(
        ("certificate_path", "privatekey_path"), file(one.key_pem + one.pem + one.chain_pem)
    ),
    "pkcs7_der": lambda one, file: {
        "certificate_path": file(pkcs7_of(one.all, Encoding.DER)),
        "privatekey_content": one.key_pem,
    },
    "pkcs12": lambda one, file: {
        "pkcs12_path": file(pkcs12_of(one, PASSPHRASE, [*one.chain, AUTHORITY.root])),
        "pkcs12_passphrase": PASSPHRASE,
    },
    "key_traditional_encrypted": lambda one, file: {
        "certificate_path": file(one.der),
        "intermediate_path": file(one.chain_pem),
        "privatekey_path": file(key_bytes(one.key, TRADITIONAL, PASSPHRASE, Encoding.PEM)),
        "privatekey_passphrase": PASSPHRASE,
    },
}
RSA_FORM = "key_traditional_encrypted"
"""The form that is tried with an RSA key; all others have EC keys."""
FLEET = {
    name: AUTHORITY.issue(f"{name.replace('_', '-')}.example.com", key=new_key("rsa" if name == RSA_FORM else "ec"))
    for name in FORMS
}


@dataclass(frozen=True)
class Bulk:
    """One run that imported the fleet, and the store after it."""

    done: Run
    stored: Snapshot
    calls: list[dict[str, Any]]


@pytest.fixture(scope="module")
def bulk(demo_simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Bulk:
    """The fleet, imported in one run, each certificate in another form."""
    demo_simulator.reset()
    folder = tmp_path_factory.mktemp("forms")
    options = options_for(demo_simulator, "rest") | {"ledger_url": f"sqlite:///{folder}/ledger.sqlite3"}
    done = run(options, *(form(FLEET[name], Files(folder)) for name, form in FORMS.items()))
    return Bulk(done, snapshot(demo_simulator), demo_simulator.calls())


def test_every_form_is_imported_as_canonical_pem(bulk: Bulk) -> None:
    for form, entry in zip(FORMS, bulk.done["certificates"], strict=True):
        issued = FLEET[form]
        assert (entry["outcome"], entry["reason"], entry["message"]) == ("imported", None, "Imported."), form
        record = bulk.stored[entry["id"]]
        assert (record["certificate"], record["intermediateCertificate"]) == (issued.pem, issued.chain_pem), form
        container = TRADITIONAL if form == RSA_FORM else PrivateFormat.PKCS8
        assert record["privateKey"] == key_pem(issued.key, container), form


def test_the_facts_of_a_certificate(bulk: Bulk) -> None:
    form = RSA_FORM
    issued, entry = FLEET[form], bulk.done["certificates"][list(FORMS).index(form)]
    certificate = issued.certificate
    request = x509.load_pem_x509_csr(issued.csr_pem.encode())
    assert {name: value for name, value in entry.items() if name not in {"id", "message"}} == {
        "common_name": f"{form.replace('_', '-')}.example.com",
        "fingerprint_sha256": issued.fingerprint,
        "public_key_sha256": _spki_sha256(request),
        "serial_number": certificate.serial_number,
        "not_before": f"{certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
        "not_after": f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        "subject_alt_names": [f"{form.replace('_', '-')}.example.com"],
        "key_type": "RSA",
        "key_size": 2048,
        "trust": "incomplete",  # the fleet is imported where only the machine's own roots are trusted
        "notes": "",
        "order_id": None,
        "outcome": "imported",
        "reason": None,
        "superseded": [],
    }


def _spki_sha256(request: x509.CertificateSigningRequest) -> str:
    der = request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def test_an_import_of_many_costs_few_calls(bulk: Bulk) -> None:
    counts = Counter(call["method"] for call in bulk.calls)
    assert counts["createObject"] == len(FORMS) == len(bulk.stored) - 1
    assert len(bulk.calls) == bulk.done["api_calls"] <= len(FORMS) + 1 + 3 + 8  # the answers to the first are checked


def test_no_call_asks_for_a_private_key(bulk: Bulk) -> None:
    for call in bulk.calls:
        assert call["mask"].startswith("mask[") and "privateKey" not in call["mask"]


def test_one_at_top_level(sim: Simulator, any_api: Options, tmp_path: Path) -> None:
    options = FORMS["pkcs12"](FLEET["pkcs12"], Files(tmp_path))
    done = predicted(sim, any_api, **options, notes="web frontend")
    assert outcome(done) == ("imported", None)
    record = snapshot(sim)[done["certificate"]["id"]]
    assert (record["certificate"], record["notes"]) == (FLEET["pkcs12"].pem, "web frontend")
    again = predicted(sim, any_api, **options)
    assert outcome(again) == ("unchanged", None)
    assert (again["certificate"]["id"], again["certificate"]["notes"]) == (record["id"], "web frontend")


# What is refused, before anything is sent


GOOD, OTHER = AUTHORITY.issue(NAME), OTHER_AUTHORITY.issue("other.example.com")
LOCAL: list[tuple[str, Options]] = [
    ("invalid_pem", GOOD.options(certificate_content="text")),
    ("key_mismatch", GOOD.options(privatekey_content=OTHER.key_pem)),
    ("csr_mismatch", GOOD.options(csr_content=OTHER.csr_pem)),
    ("chain_invalid", GOOD.options(intermediate_content=pem_of(GOOD.chain[1:]))),
    ("expired", AUTHORITY.issue(NAME, days=(-90, -1)).options()),
    ("not_yet_valid", AUTHORITY.issue(NAME, days=(1, 90)).options()),
    ("bad_passphrase", GOOD.options(privatekey_content=key_pem(GOOD.key, passphrase=PASSPHRASE))),
    ("not_found", GOOD.options(csr_path="/nonexistent/file.csr")),
    ("ambiguous", GOOD.options(privatekey_content=GOOD.key_pem + OTHER.key_pem)),
    ("refused", AUTHORITY.issue(NAME, key=new_key("ed25519")).options()),
]


def test_refused_before_anything_is_sent(sim: Simulator, any_api: Options) -> None:
    done = predicted(sim, any_api, *(options for _reason, options in LOCAL))
    assert [(one["outcome"], one["reason"], one["id"], one["superseded"]) for one in done["certificates"]] == [
        ("failed", reason, None, []) for reason, _options in LOCAL
    ]
    assert done.code == "certificates_failed" and len(done["failure"]["details"]["items"]) == len(LOCAL)
    assert sim.calls() == [] and done["api_calls"] == 0


def test_refused_at_top_level(sim: Simulator, any_api: Options) -> None:
    done = predicted(sim, any_api, **GOOD.options(privatekey_content=OTHER.key_pem))
    assert outcome(done) == ("failed", "key_mismatch")
    assert done.code == "key_mismatch" and done["msg"] == done["certificate"]["message"]
    assert sim.calls() == []


def test_one_failure_stops_no_other(sim: Simulator, api: Options) -> None:
    more = [AUTHORITY.issue(f"more{number}.example.com") for number in range(3)]
    sim.fault("fault", method="createObject", nth=2, code="SoftLayer_Exception_InvalidValue", message="It is odd.")
    bad = GOOD.options(privatekey_content=OTHER.key_pem)
    done = run(api, more[0].options(), bad, more[1].options(), more[2].options(), concurrency=1)
    assert [(entry["outcome"], entry["reason"]) for entry in done["certificates"]] == [
        ("imported", None),
        ("failed", "key_mismatch"),
        ("failed", "refused"),
        ("imported", None),
    ]
    assert done["changed"] and done.code == "certificates_failed"
    assert "2 of 4" in done["msg"] and "more1.example.com" in done["msg"] and "It is odd." in done["msg"]
    assert [item["item"] for item in done["failure"]["details"]["items"]] == [1, 2]


# Orders


def of_order(sim: Simulator, name: str) -> tuple[int, Options]:
    """An order's id, and the options that import its certificate."""
    order_id = next(order["id"] for order in sim.orders() if order["commonName"] == name)
    issued = sim.issue(order_id)
    return order_id, {
        "certificate_content": issued["certificate"],
        "intermediate_content": issued["intermediateCertificate"],
        "privatekey_path": str(sim.key_path(name)),
    }


def test_the_certificate_of_an_order(sim: Simulator, api: Options) -> None:
    name = "*.example.org"
    order_id, options = of_order(sim, name)
    done = predicted(sim, api, **options, order_id=order_id)
    assert outcome(done) == ("imported", None)
    assert (done["certificate"]["order_id"], done["certificate"]["common_name"]) == (order_id, name)
    assert done["api_calls"] <= 1 + 1 + 3


def test_not_the_certificate_of_an_order(sim: Simulator, api: Options) -> None:
    order_id, options = of_order(sim, "shop.example.com")
    other_id, _options = of_order(sim, "api.example.org")
    sim.patch_order(other_id + 1, missing=["certificateSigningRequest"])
    items = [
        {**options, "order_id": other_id},
        {**options, "order_id": other_id + 1},
        {**options, "order_id": 999_999},
        {**options, "order_id": order_id},
    ]
    done = predicted(sim, api, *items)
    assert [(entry["outcome"], entry["reason"], entry["order_id"]) for entry in done["certificates"]] == [
        ("failed", "order_mismatch", other_id),
        ("failed", "order_mismatch", other_id + 1),
        ("failed", "not_found", 999_999),
        ("imported", None, order_id),
    ]
    assert "999999" in done["certificates"][2]["message"]
    assert done["api_calls"] <= 1 + 1 + 3


def test_without_orders_what_has_none_is_still_imported(sim: Simulator, api: Options) -> None:
    """The orders' service may be gone for good, and the store lives on."""
    order_id, options = of_order(sim, "shop.example.com")
    sim.fault("unknown_method", method="getSslCertificateRequests")
    done = run(api, {**options, "order_id": order_id}, GOOD.options())
    assert "certificates" in done, done["msg"]
    assert done["certificates"][0]["outcome"] == "failed"
    assert done["certificates"][1]["outcome"] == "imported"


# In the store already


def test_updates(sim: Simulator, api: Options) -> None:
    [identifier] = store(sim, GOOD, notes="old")
    sim.patch_certificate(identifier, associatedServiceCount=2)
    done = predicted(sim, api, **GOOD.options(notes="new", csr_content=GOOD.csr_pem))
    assert outcome(done) == ("updated", None)
    assert (done["certificate"]["id"], done["certificate"]["notes"]) == (identifier, "new")
    record = snapshot(sim)[identifier]
    assert (record["notes"], record["certificateSigningRequest"]) == ("new", GOOD.csr_pem)
    assert (record["certificate"], record["privateKey"]) == (GOOD.pem, GOOD.key_pem)
    [edit] = [call for call in sim.calls() if call["method"] == "editObject"]
    assert set(edit["arguments"][0]) == {"notes", "certificateSigningRequest"}
    assert outcome(run(api, **GOOD.options(notes="new", csr_content=GOOD.csr_pem))) == ("unchanged", None)


CSR_STAYS = (
    "new.example.com: The CSR of certificate {} stays as it is. The store refused it: The certificate has associated services and may not be "
    "modified."
)


@pytest.mark.parametrize(
    ("given", "first", "message", "calls"),
    [
        ({}, "unchanged", "The store holds it already.", 1),
        ({"notes": "new"}, "updated", "Updated: notes.", 2),
    ],
    ids=["alone", "with notes"],
)
def test_a_csr_that_is_refused_fails_no_import(
    sim: Simulator, any_api: Options, given: Options, first: str, message: str, calls: int
) -> None:
    """The store may take none for a certificate that is in use. It is the same the next time, when the notes are there."""
    [identifier] = store(sim, GOOD, notes="old")
    sim.patch_certificate(identifier, associatedServiceCount=2)
    sim.settings(refuse_used_csr=True)
    options = GOOD.options(csr_content=GOOD.csr_pem, **given)
    for expected, said, tried in ((first, message, calls), ("unchanged", "The store holds it already.", 1)):
        sim.clear_calls()
        done = run(any_api, **options)
        assert outcome(done) == (expected, None) and done["certificate"]["message"] == said
        assert done["certificate"]["notes"] == given.get("notes", "old")
        assert CSR_STAYS.format(identifier) in done.warnings and methods(sim)["editObject"] == tried
        assert [part["after"]["state"] for part in done["diff"]] == ([said] if expected == "updated" else [])
        record = snapshot(sim)[identifier]
        assert (record["notes"], record["certificateSigningRequest"]) == (given.get("notes", "old"), None)


def test_what_is_refused_with_and_without_a_csr_fails(sim: Simulator, any_api: Options) -> None:
    store(sim, GOOD)
    sim.fault("fault", method="editObject", message="The notes are too long.")
    for given, tried in (({"csr_content": GOOD.csr_pem}, 2), ({}, 1)):
        sim.clear_calls()
        done = run(any_api, **GOOD.options(notes="new", **given))
        assert outcome(done) == ("failed", "refused") and "The notes are too long." in done["msg"]
        assert methods(sim)["editObject"] == tried and "warnings" not in done


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_notes_come_out_as_they_went_in(sim: Simulator, api: Options) -> None:
    notes = " Grüße & <tags> 😀,\r\nand spaces around "
    assert outcome(run(api, **GOOD.options(notes=notes))) == ("imported", None)
    assert outcome(run(api, **GOOD.options(notes=notes))) == ("unchanged", None)


UNCLEAR = {"reset_after": True, "html_500": False}
"""Faults whose answer leaves open whether the call was carried out, and whether it was."""


@pytest.mark.parametrize(("fault", "is_done"), UNCLEAR.items())
@pytest.mark.parametrize(
    ("method", "given", "outcomes"),
    [
        ("editObject", GOOD.options(notes="new"), ("updated", "unchanged")),
        ("deleteObject", {"state": "absent"}, ("removed", "unchanged")),
    ],
    ids=["edit", "deletion"],
)
def test_a_change_whose_answer_is_lost_is_looked_for(
    sim: Simulator, api: Options, method: str, given: Options, outcomes: tuple[str, str], fault: str, is_done: bool
) -> None:
    """It is not made again: somebody else may have changed the record meanwhile."""
    [number] = store(sim, GOOD)
    options = given | ({"certificate_id": number} if "state" in given else {})
    sim.fault(fault, method=method, times=1)
    done = run(api, **options, retries=1)
    assert outcome(done) == ((outcomes[0], None) if is_done else ("failed", "outcome_unknown"))
    assert methods(sim)[method] == 1
    again = run(api, **options)
    assert (outcome(again)[0], again["changed"]) == (outcomes[is_done], not is_done)
    notes = {record["id"]: record["notes"] for record in sim.certificates()}
    assert notes.get(number) == (None if "state" in given else "new")


# A store that keeps less than it was given


LEFT = {"first": GOOD.chain[:1], "last": GOOD.chain[1:], "none": ()}


@pytest.mark.parametrize("kept", LEFT)
def test_a_chain_that_the_store_cuts(sim: Simulator, any_api: Options, kept: str) -> None:
    """It is said each night, and the store has one record of it. Check mode cannot know what the store will keep."""
    [old] = store(sim, AUTHORITY.issue(NAME, days=(-300, 20)))
    sim.settings(kept_chain=kept)
    options = GOOD.options(remove_superseded=True)
    assert outcome(run(any_api, check=True, **options)) == ("imported", None)
    first = run(any_api, **options)
    assert outcome(first) == ("failed", "chain_cut") and first["changed"] and first.code == "chain_cut"
    [new] = snapshot(sim).keys() - {old, min(snapshot(sim))}
    assert first["certificate"]["id"] == new and first["certificate"]["superseded"] == []
    assert snapshot(sim)[new]["intermediateCertificate"] == (pem_of(LEFT[kept]) or None)
    assert methods(sim)["createObject"] == 1
    for _night in range(3):
        before = snapshot(sim)
        sim.clear_calls()
        again = run(any_api, **options)
        assert (outcome(again), again["changed"]) == (("failed", "chain_cut"), False)
        assert again["certificate"]["id"] == new and again["msg"] == first["msg"]
        assert methods(sim)["createObject"] == methods(sim)["deleteObject"] == 0
        assert snapshot(sim).keys() == before.keys()
    foreseen = run(any_api, check=True, **options)
    assert outcome(foreseen) == ("updated", None)
    sim.settings(kept_chain="all")
    mended = run(any_api, **options)
    assert outcome(mended) == ("updated", None) and mended["certificate"]["superseded"][0]["id"] == old
    assert snapshot(sim)[new]["intermediateCertificate"] == GOOD.chain_pem


def test_where_no_record_has_as_many_issuers_it_is_not_tried_again(sim: Simulator, any_api: Options) -> None:
    """Check mode and a real run say the same each night; the way out, if another client has stored it so, is in the message."""
    sim.settings(kept_chain="first")
    first = run(any_api, **GOOD.options())
    identifier = first["certificate"]["id"]
    for check in (True, False):
        sim.clear_calls()
        again = run(any_api, check=check, **GOOD.options())
        assert (outcome(again), again["changed"], again["certificate"]["id"]) == (
            ("failed", "chain_cut"),
            False,
            identifier,
        )
        assert methods(sim)["editObject"] == methods(sim)["createObject"] == 0
    sim.settings(kept_chain="all")
    assert outcome(run(any_api, state="absent", certificate_id=identifier)) == ("removed", None)
    assert outcome(run(any_api, **GOOD.options())) == ("imported", None)


def test_what_was_kept_is_read_once(sim: Simulator, api: Options) -> None:
    """A store whose answer to createObject says truly what it has kept is believed from then on."""
    given = [AUTHORITY.issue(f"{number}.example.com").options() for number in range(3)]
    run(api, *given, concurrency=1)
    creates = sim.calls(method="createObject")
    assert [create["mask"] for create in creates] == ["mask[id,intermediateCertificate]"] * 3
    assert len(sim.calls(method="getObject", service="SoftLayer_Security_Certificate")) == 1


def test_what_was_kept_is_read_each_time_from_a_store_that_says_what_it_was_sent(sim: Simulator, api: Options) -> None:
    sim.settings(kept_chain="first", tell_given_chain=True)
    given = [AUTHORITY.issue(f"{number}.example.com").options() for number in range(3)]
    done = run(api, *given, concurrency=1)
    assert [entry["reason"] for entry in done["certificates"]] == ["chain_cut"] * 3
    assert len(sim.calls(method="getObject", service="SoftLayer_Security_Certificate")) == 3


@pytest.mark.parametrize("kept", LEFT)
def test_what_is_in_use_is_stored_once_more_and_never_again(sim: Simulator, api: Options, kept: str) -> None:
    [used] = store(sim, GOOD, chain=pem_of(GOOD.chain[:1]))
    sim.patch_certificate(used, associatedServiceCount=1)
    sim.settings(kept_chain=kept)
    for _night in range(3):
        done = run(api, **GOOD.options(remove_superseded=True))
        assert outcome(done) == ("failed", "chain_cut")
        copies = [number for number, record in snapshot(sim).items() if record["certificate"] == GOOD.pem]
        assert copies == [used, done["certificate"]["id"]]
    assert snapshot(sim)[used]["intermediateCertificate"] == pem_of(GOOD.chain[:1])


def test_what_clients_do_not_need_may_be_left_out(
    sim: Simulator, api: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here they know the second issuer, too, as they know a root that an older one has signed."""
    roots = tmp_path / "roots.pem"
    roots.write_text(pem_of([AUTHORITY.root, *GOOD.chain[1:]]), encoding="ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(roots))
    sim.settings(kept_chain="first")
    done = run(api, **GOOD.options())
    assert outcome(done) == ("imported", None) and "which clients here do not need" in str(done["warnings"])
    for services in (0, 1):
        sim.patch_certificate(done["certificate"]["id"], associatedServiceCount=services)
        again = predicted(sim, api, **GOOD.options())
        assert outcome(again) == ("unchanged", None) and "which clients here do not need" in str(again["warnings"])
    assert len(sim.certificates()) == 2


# Renewal


RENEWED = "renewed.example.com"
OLD = AUTHORITY.issue(RENEWED, organization="Example Inc.", days=(-300, 20))
OLDER = AUTHORITY.issue(RENEWED, organization="Example Inc.", days=(-600, -240))
NEW = AUTHORITY.issue(RENEWED, organization="Example Inc.", names=[RENEWED, "alias.example.com"])


def superseded(done: Run) -> dict[int, bool]:
    """Ids of the superseded records, and whether they were removed."""
    return {old["id"]: old["removed"] for old in done["certificate"]["superseded"]}


def test_what_nothing_uses_is_removed_after_the_new_one_is_stored(sim: Simulator, api: Options) -> None:
    old, older, other = store(sim, OLD, OLDER, GOOD)
    sim.patch_certificate(old, associatedServiceCount=1)
    done = predicted(sim, api, **NEW.options(), remove_superseded=True)
    assert superseded(done) == {old: False, older: True}
    assert {old, other, done["certificate"]["id"]} <= set(snapshot(sim)) and older not in snapshot(sim)
    assert [call["method"] for call in sim.calls() if call["method"] in WRITES] == ["createObject", "deleteObject"]


@pytest.mark.parametrize("kind", ["fault", "reset_before"])
def test_nothing_is_removed_unless_the_new_one_is_stored(sim: Simulator, api: Options, home: Path, kind: str) -> None:
    [old] = store(sim, OLD)
    sim.fault(kind, method="createObject")
    done = run(api, **NEW.options(), remove_superseded=True)
    assert done.failed and old in snapshot(sim) and methods(sim)["deleteObject"] == 0
    sim.clear_faults()
    let_the_lease_pass(home)
    assert superseded(run(api, **NEW.options(), remove_superseded=True)) == {old: True}


def test_a_removal_that_is_refused_is_not_told_as_done(sim: Simulator, api: Options) -> None:
    [old] = store(sim, OLD)
    sim.fault("false", method="deleteObject")
    done = run(api, **NEW.options(), remove_superseded=True)
    assert outcome(done) == ("imported", None)
    assert superseded(done) == {old: False} and old in snapshot(sim)
    assert f"The certificate {old}, which is superseded, was not removed: " in str(done["warnings"])
    again = run(api, **NEW.options(), remove_superseded=True)
    assert outcome(again) == ("unchanged", None) and again["changed"] is False


# Absent


def test_absent(sim: Simulator, api: Options) -> None:
    """By the fingerprint as OpenSSL prints it."""
    good, other = store(sim, GOOD, OTHER)
    colons = ":".join(GOOD.fingerprint[start : start + 2] for start in range(0, 64, 2)).upper()
    options = {"fingerprint_sha256": colons}
    done = predicted(sim, api, state="absent", **options)
    assert outcome(done) == ("removed", None)
    assert (done["certificate"]["id"], done["certificate"]["fingerprint_sha256"]) == (good, GOOD.fingerprint)
    assert good not in snapshot(sim) and other in snapshot(sim)
    again = predicted(sim, api, state="absent", **options)
    assert outcome(again) == ("unchanged", None) and again["changed"] is False


def test_absent_but_in_use(sim: Simulator, any_api: Options) -> None:
    [identifier] = store(sim, GOOD)
    sim.patch_certificate(identifier, associatedServiceCount=2)
    done = predicted(sim, any_api, state="absent", certificate_id=identifier)
    assert outcome(done) == ("failed", "in_use")
    assert "2" in done["msg"] and identifier in snapshot(sim)


# Diff mode


def test_a_diff_shows_public_facts_only(sim: Simulator, any_api: Options) -> None:
    old, _unchanged, gone = store(sim, OLD, OTHER, FLEET["pkcs7_der"], notes="before")
    done = predicted(
        sim,
        any_api,
        NEW.options(remove_superseded=True),
        OTHER.options(),
        GOOD.options(privatekey_content=key_pem(GOOD.key, passphrase=PASSPHRASE), privatekey_passphrase=PASSPHRASE),
        {"state": "absent", "certificate_id": gone},
    )
    imported, other, removed = done["diff"]
    assert "-----" not in str(done["diff"]) and PASSPHRASE not in str(done["diff"])
    assert (imported["before"]["superseded"], imported["after"]["superseded"]) == ([old], [])
    assert imported["after"]["fingerprint_sha256"] == NEW.fingerprint
    assert (other["before"], other["after"]["common_name"]) == ({}, NAME)
    assert (removed["before"]["id"], removed["after"]) == (gone, {})


# Answers that are lost, and calls that fail


@pytest.mark.parametrize("kind", ["hang_after", "empty_body"])
def test_a_lost_answer_is_looked_up(sim: Simulator, api: Options, kind: str) -> None:
    fleet = [GOOD, OLD, NEW, OTHER]
    sim.fault(kind, method="createObject", nth=2)
    done = run(api, *(one.options() for one in fleet), concurrency=1, timeout=0.5 if kind == "hang_after" else 60)
    assert [entry["outcome"] for entry in done["certificates"]] == ["imported"] * 4
    stored = snapshot(sim)
    assert [stored[entry["id"]]["certificate"] for entry in done["certificates"]] == [one.pem for one in fleet]
    assert len(stored) == 5 and methods(sim)["createObject"] == 4


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"kind": "false"}, "refused"),
        ({"kind": "fault", "message": "Internal Error"}, "outcome_unknown"),
        ({"kind": "rate_limit"}, "api_error"),
        ({"kind": "not_found"}, "not_found"),
    ],
    ids=lambda value: value["kind"] + value.get("message", "")[:2] if isinstance(value, dict) else value,
)
def test_a_create_that_fails(sim: Simulator, api: Options, rule: Options, reason: str) -> None:
    sim.fault(method="createObject", **rule)
    done = run(api, **GOOD.options())
    assert outcome(done) == ("failed", reason)
    assert done.code == reason and done["changed"] is False
    if "message" in rule:
        assert rule["message"] in done["msg"]
    assert methods(sim)["createObject"] == 1 and len(sim.certificates()) == 1


# Options that make no sense


BAD_OPTIONS: dict[str, tuple[Options, str]] = {
    "no_key_in_a_list": ({"certificates": [GOOD.options(), {"certificate_content": GOOD.pem}]}, "privatekey_path"),
    "absent_without_a_name": ({"state": "absent", **GOOD.options()}, "certificate_id"),
    "list_and_beside_it": ({"remove_superseded": True, "certificates": [GOOD.options()]}, "remove_superseded"),
    "concurrency": ({**GOOD.options(), "concurrency": 0}, "concurrency must be from 1 to 256"),
    "mistyped_in_a_list": (
        {"certificates": [{**GOOD.options(), "note": "x"}]},
        "module: certificates.note. Supported parameters include: ",
    ),
    "sha1": ({"state": "absent", "fingerprint_sha256": "ab" * 20}, "fingerprint_sha256"),
}


@pytest.mark.parametrize("case", list(BAD_OPTIONS))
def test_bad_options(sim: Simulator, case: str) -> None:
    options, needle = BAD_OPTIONS[case]
    done = run_module(MODULE, **options_for(sim), **options)
    assert done.failed and done.code == "invalid_argument"
    assert needle in done["msg"] and done["msg"] == done["failure"]["message"]
    assert sim.calls() == []


def test_odd_characters_make_no_traceback(sim: Simulator) -> None:
    assert outcome(run(options_for(sim), **GOOD.options(certificate_content="\udcff"))) == ("failed", "invalid_pem")
