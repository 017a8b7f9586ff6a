# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate store through the module: what is created, edited and deleted there, and what is not.

What may be imported, what replaces what, and what is refused before anything is sent: the pure tests of `_store.plan_import`; claims
and answers that are lost: those of `_store.apply`; encodings: those of `_x509`.
"""

from __future__ import annotations

import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import SoftLayer
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

from tests.simulator.client import Simulator
from tests.support.certificates import (
    PASSPHRASE,
    Authority,
    Issued,
    key_bytes,
    key_pem,
    leaks,
    new_key,
    pem_of,
    pkcs12_of,
)
from tests.support.modules import TRANSPORTS, Run, options_for, run_module

Options = dict[str, Any]
Snapshot = dict[int, dict[str, Any]]

MODULE = "ssl_certificate_import"
WRITES = {"createObject", "editObject", "deleteObject"}
CHANGES = {"imported", "updated", "removed"}
NAME = "new.example.com"
AUTHORITY = Authority(intermediates=2)


@pytest.fixture(autouse=True)
def roots(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine trusts the authorities of the tests."""
    path = tmp_path_factory.mktemp("roots") / "roots.pem"
    path.write_text(pem_of([AUTHORITY.root]), encoding="ascii")
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
    if not any(entry["reason"] == "chain_truncated" for entry in entries):  # which a record may be of that is new
        assert done["changed"] == any(
            entry["outcome"] in CHANGES or any(old["removed"] for old in entry["superseded"]) for entry in entries
        )
        changed = [
            entry
            for entry in entries
            if entry["outcome"] in CHANGES or any(old["removed"] for old in entry["superseded"])
        ]
        for part, entry in zip(done["diff"], changed, strict=True):
            assert (part["after"] or part["before"])["id"] == entry["id"]
            removed = [old["id"] for old in entry["superseded"] if old["removed"]]
            assert part["before"].get("superseded", []) == removed
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
        if not part["before"].get("id"):
            part["after"]["id"] = None
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


def store(sim: Simulator, *issued: Issued, notes: str = "") -> list[int]:
    """Put certificates into the store past the module, and give their ids."""
    client = SoftLayer.create_client_from_env(sim.username, sim.api_key, endpoint_url=sim.rest_url)
    ids = []
    for one in issued:
        template = {
            "certificate": one.pem,
            "privateKey": one.key_pem,
            "intermediateCertificate": one.chain_pem,
            "notes": notes,
        }
        ids.append(client.call("Security_Certificate", "createObject", template, mask="mask[id]")["id"])
    sim.clear_calls()
    return ids


def methods(sim: Simulator) -> Counter[str]:
    """How often which API method was called."""
    return Counter(call["method"] for call in sim.calls())


# What is imported


GOOD, OTHER = AUTHORITY.issue(NAME), AUTHORITY.issue("other.example.com", key=new_key("rsa"))


def test_one_at_top_level(sim: Simulator, any_api: Options, tmp_path: Path) -> None:
    path = tmp_path / "good.p12"
    path.write_bytes(pkcs12_of(GOOD, PASSPHRASE, [*GOOD.chain, AUTHORITY.root]))
    options = {"pkcs12_path": str(path), "pkcs12_passphrase": PASSPHRASE}
    done = predicted(sim, any_api, **options, notes="web frontend")
    record = snapshot(sim)[done["certificate"]["id"]]
    assert (record["certificate"], record["intermediateCertificate"]) == (GOOD.pem, GOOD.chain_pem)
    assert (record["privateKey"], record["notes"]) == (GOOD.key_pem, "web frontend")
    assert done["certificate"] == {
        **Certificate(GOOD.der).facts(),
        **{"id": record["id"], "trust": "trusted", "notes": "web frontend", "order_id": None, "superseded": []},
        **{"outcome": "imported", "reason": None, "message": "Imported."},
    }
    again = predicted(sim, any_api, **options)
    assert outcome(again) == ("unchanged", None)
    assert (again["certificate"]["id"], again["certificate"]["notes"]) == (record["id"], "web frontend")


def test_an_import_of_many_costs_few_calls(sim: Simulator, any_api: Options, tmp_path: Path) -> None:
    """The answers to the first are checked, too."""
    paths = {name: tmp_path / name for name in ("certificate_path", "intermediate_path", "privatekey_path")}
    key = key_bytes(OTHER.key, PrivateFormat.TraditionalOpenSSL, PASSPHRASE, Encoding.PEM)
    for path, content in zip(paths.values(), (OTHER.der, OTHER.chain_pem.encode(), key), strict=True):
        path.write_bytes(content)
    of_files = {name: str(path) for name, path in paths.items()} | {"privatekey_passphrase": PASSPHRASE}
    more = [AUTHORITY.issue(f"more{number}.example.com") for number in range(3)]
    done = run(any_api, of_files, *(one.options() for one in more))
    assert [entry["outcome"] for entry in done["certificates"]] == ["imported"] * 4
    record = snapshot(sim)[done["certificates"][0]["id"]]
    assert (record["certificate"], record["intermediateCertificate"]) == (OTHER.pem, OTHER.chain_pem)
    assert record["privateKey"] == key_pem(OTHER.key, PrivateFormat.TraditionalOpenSSL)
    assert methods(sim)["createObject"] == 4 and len(sim.calls()) == done["api_calls"] <= 4 + 1 + 3 + 8


# What is refused, before anything is sent


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
    assert [item["item"] for item in done["failure"]["details"]["failed_items"]] == [1, 2]


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


def test_only_the_certificate_of_its_order(sim: Simulator, api: Options) -> None:
    order_id, options = of_order(sim, "shop.example.com")
    other_id, _options = of_order(sim, "api.example.org")
    expected = {other_id: ("failed", "order_mismatch"), 999_999: ("failed", "not_found"), order_id: ("imported", None)}
    done = predicted(sim, api, *({**options, "order_id": identifier} for identifier in expected))
    assert done.outcomes("certificates", "order_id") == expected and done["api_calls"] <= 1 + 1 + 3


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


# A store that keeps less than it was given


@pytest.mark.parametrize(
    ("settings", "reads", "reason"),
    [({}, 1, None), ({"kept_chain": "first", "tell_given_chain": True}, 3, "chain_truncated")],
    ids=["what it has kept", "what it was sent"],
)
def test_what_was_kept_is_read_until_the_store_is_known_to_say_it(
    sim: Simulator, api: Options, settings: Options, reads: int, reason: str | None
) -> None:
    sim.settings(**settings)
    given = [AUTHORITY.issue(f"{number}.example.com").options() for number in range(3)]
    done = run(api, *given, concurrency=1)
    assert [entry["reason"] for entry in done["certificates"]] == [reason] * 3
    assert len(sim.calls(method="getObject", service="SoftLayer_Security_Certificate")) == reads


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


# Absent


def test_absent(sim: Simulator, api: Options) -> None:
    good, other = store(sim, GOOD, OTHER)
    done = predicted(sim, api, state="absent", fingerprint_sha256=GOOD.fingerprint)
    assert outcome(done) == ("removed", None)
    assert (done["certificate"]["id"], done["certificate"]["fingerprint_sha256"]) == (good, GOOD.fingerprint)
    assert good not in snapshot(sim) and other in snapshot(sim)
    again = predicted(sim, api, state="absent", fingerprint_sha256=GOOD.fingerprint)
    assert outcome(again) == ("unchanged", None) and again["changed"] is False


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
