# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate store through the module, over both transports."""

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
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, pkcs12

from tests.simulator.client import Simulator
from tests.support.certificates import (
    BYTES,
    DAY,
    DISORDER,
    NOW,
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
    self_signed,
)
from tests.support.modules import TRANSPORTS, Run, finish_module, options_for, run_module, start_module
from tests.support.waiting import until

Options = dict[str, Any]
Snapshot = dict[int, dict[str, Any]]

MODULE = "ssl_certificate_import"
KEYS = {
    *("id", "common_name", "fingerprint_sha256", "public_key_sha256", "serial_number", "not_before", "not_after"),
    *("subject_alt_names", "key_type", "key_size", "notes", "order_id", "outcome", "reason", "superseded", "message"),
    "trust",
}
SUPERSEDED_KEYS = {"id", "not_after", "associated_service_count", "removed"}
WRITES = {"createObject", "editObject", "deleteObject"}
CHANGES = {"imported", "updated", "removed"}
NAME = "new.example.com"
CREATES = "softlayer_ssl_certificate_creates"
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
        assert set(entry) == KEYS
        assert (entry["reason"] is None) == (entry["outcome"] != "failed")
        assert entry["message"] and "\n" not in entry["message"]
        assert all(set(old) == SUPERSEDED_KEYS for old in entry["superseded"])
    assert ("certificate" in done) >= (not items)
    if "certificate" in done:
        assert [done["certificate"]] == entries
    assert done.failed == any(entry["outcome"] == "failed" for entry in entries)
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
        ledger.execute(f"UPDATE {CREATES} SET lease_until = '2026-01-01 00:00:00.000000'")
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


def _text(name: str) -> Form:
    change = DISORDER[name]
    return lambda one, _file: {
        "certificate_content": change(one.pem),
        "privatekey_content": change(one.key_pem),
        "intermediate_content": change(one.chain_pem),
    }


def _bytes(change: Callable[[str], bytes]) -> Form:
    return lambda one, file: {
        "certificate_path": file(change(one.pem)),
        "privatekey_path": file(change(one.key_pem)),
        "intermediate_path": file(change(one.chain_pem)),
    }


def _key(container: PrivateFormat, passphrase: str | None, encoding: Encoding) -> Form:
    return lambda one, file: {
        "certificate_path": file(one.pem + one.chain_pem),
        "privatekey_path": file(key_bytes(one.key, container, passphrase, encoding)),
        "privatekey_passphrase": passphrase or "not needed",
    }


def _bundle(pile: Callable[[Issued], str | bytes], rest: Callable[[Issued], str] | None = None) -> Form:
    return lambda one, file: {
        "certificate_path": file(pile(one)),
        "privatekey_content": one.key_pem,
        **({} if rest is None else {"intermediate_path": file(rest(one))}),
    }


def _key_store(passphrase: str | None, order: int = 1) -> Form:
    return lambda one, file: {
        "pkcs12_path": file(pkcs12_of(one, passphrase, [*one.chain, AUTHORITY.root][::order])),
        **({} if passphrase is None else {"pkcs12_passphrase": passphrase}),
    }


FORMS: dict[str, Form] = {
    **{f"content_{name}": _text(name) for name in DISORDER},
    **{
        f"path_{name}": _bytes(lambda text, change=DISORDER[name]: change(text).encode()) for name in ("crlf", "quoted")
    },
    **{f"path_{name}": _bytes(BYTES[name]) for name in BYTES},
    "one_file": _bundle(lambda one: one.pem + one.chain_pem),
    "one_file_backwards": _bundle(lambda one: pem_of(one.all[::-1])),
    "one_file_leaf_in_the_middle": _bundle(lambda one: pem_of([one.chain[1], one.certificate, one.chain[0]])),
    "one_content": lambda one, _file: {
        "certificate_content": pem_of(one.all),
        "privatekey_content": one.key_pem,
    },
    "with_its_key": lambda one, file: dict.fromkeys(
        ("certificate_path", "privatekey_path"), file(one.key_pem + one.pem + one.chain_pem)
    ),
    "chain_backwards_and_doubled": _bundle(
        lambda one: one.pem, lambda one: pem_of([*one.all[::-1], *one.chain]) + one.pem
    ),
    "der": _bundle(lambda one: one.der, lambda one: one.chain_pem),
    "pkcs7_pem": _bundle(lambda one: pkcs7_of(one.all, Encoding.PEM)),
    "pkcs7_der": _bundle(lambda one: pkcs7_of(one.all, Encoding.DER)),
    "pkcs7_chain": _bundle(lambda one: one.pem, lambda one: pkcs7_of(one.chain, Encoding.PEM).decode()),
    "pkcs12": _key_store(PASSPHRASE),
    "pkcs12_backwards": _key_store(PASSPHRASE, -1),
    "pkcs12_open": _key_store(None),
    "key_traditional": _key(TRADITIONAL, None, Encoding.PEM),
    "key_pkcs8_encrypted": _key(PrivateFormat.PKCS8, PASSPHRASE, Encoding.PEM),
    "key_traditional_encrypted": _key(TRADITIONAL, PASSPHRASE, Encoding.PEM),
    "key_der": _key(PrivateFormat.PKCS8, None, Encoding.DER),
    "key_traditional_der": _key(TRADITIONAL, None, Encoding.DER),
    "key_der_encrypted": _key(PrivateFormat.PKCS8, PASSPHRASE, Encoding.DER),
}
RSA_FORM = "key_traditional_encrypted"
"""The form that is tried with an RSA key; all others have EC keys."""
FLEET = {
    name: AUTHORITY.issue(f"{name.replace('_', '-')}.example.com", key=new_key("rsa" if name == RSA_FORM else "ec"))
    for name in FORMS
}


def in_all_forms(files: Files, turn: int = 0) -> list[Options]:
    """Every certificate of the fleet in one form, and in another one with each turn."""
    names = list(FORMS)
    return [FORMS[names[(number + turn) % len(names)]](FLEET[name], files) for number, name in enumerate(names)]


@dataclass(frozen=True)
class Bulk:
    """One run that imported the fleet, and the store after it."""

    done: Run
    stored: Snapshot
    calls: list[dict[str, Any]]


@pytest.fixture(scope="module", params=TRANSPORTS)
def bulk(request: pytest.FixtureRequest, demo_simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Bulk:
    """The fleet, imported in one run, each certificate in another form."""
    demo_simulator.reset()
    folder = tmp_path_factory.mktemp("forms")
    options = options_for(demo_simulator, request.param) | {"ledger_url": f"sqlite:///{folder}/ledger.sqlite3"}
    done = run(options, *in_all_forms(Files(folder)))
    return Bulk(done, snapshot(demo_simulator), demo_simulator.calls())


@pytest.mark.parametrize("form", list(FORMS))
def test_every_form_is_imported_as_canonical_pem(bulk: Bulk, form: str) -> None:
    issued, entry = FLEET[form], bulk.done["certificates"][list(FORMS).index(form)]
    assert (entry["outcome"], entry["reason"], entry["message"]) == ("imported", None, "Imported.")
    record = bulk.stored[entry["id"]]
    assert (record["certificate"], record["intermediateCertificate"]) == (issued.pem, issued.chain_pem)
    container = TRADITIONAL if form == RSA_FORM or form == "key_traditional" else PrivateFormat.PKCS8
    assert record["privateKey"] == key_pem(issued.key, container)


@pytest.mark.parametrize("form", ["one_file", RSA_FORM])
def test_the_facts_of_a_certificate(bulk: Bulk, form: str) -> None:
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
        "key_type": "RSA" if form == RSA_FORM else "EC",
        "key_size": 2048 if form == RSA_FORM else 256,
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
    assert len(bulk.calls) == bulk.done["api_calls"] <= len(FORMS) + 1 + 3


def test_no_call_asks_for_a_private_key(bulk: Bulk) -> None:
    for call in bulk.calls:
        assert call["mask"].startswith("mask[") and "privateKey" not in call["mask"]


def test_the_same_in_other_encodings_changes_nothing(sim: Simulator, tmp_path: Path) -> None:
    """At least 40 certificates, twice over each transport."""
    assert len(FORMS) >= 40
    for turn, transport in enumerate([*TRANSPORTS, *TRANSPORTS]):
        done = run(options_for(sim, transport), *in_all_forms(Files(tmp_path), turn * 7))
        assert done["changed"] is (turn == 0)
        assert {entry["outcome"] for entry in done["certificates"]} == {"imported" if turn == 0 else "unchanged"}
        assert len(sim.certificates()) == 1 + len(FORMS)


@pytest.mark.parametrize("form", ["content_crlf", "path_utf_16_le", "pkcs7_der", "pkcs12", "key_pkcs8_encrypted"])
def test_one_at_top_level(sim: Simulator, any_api: Options, tmp_path: Path, form: str) -> None:
    options = FORMS[form](FLEET[form], Files(tmp_path))
    done = predicted(sim, any_api, **options, notes="web frontend")
    assert outcome(done) == ("imported", None)
    record = snapshot(sim)[done["certificate"]["id"]]
    assert (record["certificate"], record["notes"]) == (FLEET[form].pem, "web frontend")
    again = predicted(sim, any_api, **options)
    assert outcome(again) == ("unchanged", None)
    assert (again["certificate"]["id"], again["certificate"]["notes"]) == (record["id"], "web frontend")


def test_a_self_signed_one(sim: Simulator, any_api: Options) -> None:
    issued = self_signed(NAME)
    done = predicted(sim, any_api, **issued.options(intermediate_content=None))
    assert outcome(done) == ("imported", None) and "signed by itself" in str(done["warnings"])
    assert not snapshot(sim)[done["certificate"]["id"]]["intermediateCertificate"]


# What is refused, before anything is sent


def _expired_chain() -> str:
    return pem_of([AUTHORITY.reissue(not_after=NOW - DAY), *AUTHORITY.chain[1:]])


GOOD, OTHER = AUTHORITY.issue(NAME), OTHER_AUTHORITY.issue("other.example.com")
LOCAL: dict[str, tuple[str, Form]] = {
    "no_certificate": ("invalid_pem", lambda one, _file: one.options(certificate_content="text")),
    "empty_certificate": ("invalid_pem", lambda one, _file: one.options(certificate_content="")),
    "damaged_certificate": (
        "invalid_pem",
        lambda one, _file: one.options(certificate_content=one.pem.replace("MII", "MIJ", 1)),
    ),
    "key_as_certificate": (
        "invalid_pem",
        lambda one, file: {"certificate_path": file(one.key_pem), "privatekey_path": file(one.key_pem)},
    ),
    "truncated_der": (
        "invalid_pem",
        lambda one, file: one.options(certificate_content=None, certificate_path=file(one.der[:-9])),
    ),
    "no_key": ("invalid_pem", lambda one, _file: one.options(privatekey_content=one.pem)),
    "no_key_but_a_passphrase": (
        "invalid_pem",
        lambda one, _file: one.options(privatekey_content=one.pem, privatekey_passphrase=PASSPHRASE),
    ),
    "no_intermediate": ("invalid_pem", lambda one, _file: one.options(intermediate_content="text")),
    "no_csr": ("invalid_pem", lambda one, _file: one.options(csr_content="text")),
    "no_pkcs12": ("invalid_pem", lambda one, file: {"pkcs12_path": file(one.pem), "pkcs12_passphrase": PASSPHRASE}),
    "pkcs12_without_key": (
        "invalid_pem",
        lambda one, file: {"pkcs12_path": file(_key_store_of_certificates(one))},
    ),
    "other_key": ("key_mismatch", lambda one, _file: one.options(privatekey_content=OTHER.key_pem)),
    "other_csr": ("csr_mismatch", lambda one, _file: one.options(csr_content=OTHER.csr_pem)),
    "other_chain": ("chain_invalid", lambda one, _file: one.options(intermediate_content=OTHER.chain_pem)),
    "gap_in_chain": ("chain_invalid", lambda one, _file: one.options(intermediate_content=pem_of(one.chain[1:]))),
    "expired_chain": ("chain_invalid", lambda one, _file: one.options(intermediate_content=_expired_chain())),
    "expired": ("expired", lambda _one, _file: AUTHORITY.issue(NAME, days=(-90, -1)).options()),
    "not_yet_valid": ("not_yet_valid", lambda _one, _file: AUTHORITY.issue(NAME, days=(1, 90)).options()),
    "passphrase_missing": (
        "bad_passphrase",
        lambda one, _file: one.options(privatekey_content=key_pem(one.key, passphrase=PASSPHRASE)),
    ),
    "passphrase_wrong": (
        "bad_passphrase",
        lambda one, file: {
            "certificate_path": file(one.pem),
            "privatekey_path": file(key_pem(one.key, TRADITIONAL, PASSPHRASE)),
            "privatekey_passphrase": "wrong one",
        },
    ),
    "pkcs12_passphrase_missing": (
        "bad_passphrase",
        lambda one, file: {"pkcs12_path": file(pkcs12_of(one, PASSPHRASE))},
    ),
    "pkcs12_passphrase_wrong": (
        "bad_passphrase",
        lambda one, file: {"pkcs12_path": file(pkcs12_of(one, PASSPHRASE)), "pkcs12_passphrase": "wrong one"},
    ),
    "file_missing": ("not_found", lambda one, _file: one.options(csr_path="/nonexistent/file.csr")),
    "folder": ("not_found", lambda one, file: one.options(csr_path=str(Path(file("x")).parent))),
    "two_keys": ("ambiguous", lambda one, _file: one.options(privatekey_content=one.key_pem + OTHER.key_pem)),
    "two_of_one_key": (
        "ambiguous",
        lambda one, _file: one.options(certificate_content=one.pem + AUTHORITY.issue(NAME, key=one.key).pem),
    ),
    "ed25519": ("refused", lambda _one, _file: AUTHORITY.issue(NAME, key=new_key("ed25519")).options()),
}


def _key_store_of_certificates(issued: Issued) -> bytes:
    return pkcs12.serialize_key_and_certificates(None, None, issued.certificate, None, NoEncryption())


@pytest.fixture(scope="module", params=TRANSPORTS)
def refusals(
    request: pytest.FixtureRequest, demo_simulator: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Bulk:
    """One run, in check mode, with everything that is refused, and nothing else."""
    demo_simulator.reset()
    files = Files(tmp_path_factory.mktemp("refused"))
    items = [build(GOOD, files) for _reason, build in LOCAL.values()]
    done = run(options_for(demo_simulator, request.param), *items, check=True)
    return Bulk(done, snapshot(demo_simulator), demo_simulator.calls())


@pytest.mark.parametrize("case", list(LOCAL))
def test_refused_locally(refusals: Bulk, case: str) -> None:
    entry = refusals.done["certificates"][list(LOCAL).index(case)]
    assert (entry["outcome"], entry["reason"], entry["id"], entry["superseded"]) == ("failed", LOCAL[case][0], None, [])


def test_a_version_that_does_not_exist(sim: Simulator, any_api: Options, tmp_path: Path) -> None:
    der = GOOD.der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x06", 1)
    done = run(any_api, **GOOD.options(certificate_content=None, certificate_path=Files(tmp_path)(der)))
    assert outcome(done) == ("failed", "invalid_pem")


def test_nothing_is_sent_if_all_are_refused_locally(refusals: Bulk) -> None:
    assert refusals.calls == [] and refusals.done["api_calls"] == 0
    assert refusals.done.code == "certificates_failed"
    assert len(refusals.done["failure"]["details"]["items"]) == len(LOCAL)


@pytest.mark.parametrize("case", ["no_certificate", "passphrase_wrong", "other_key", "expired", "file_missing"])
def test_refused_at_top_level(sim: Simulator, case: str, tmp_path: Path) -> None:
    reason, build = LOCAL[case]
    done = predicted(sim, options_for(sim), **build(GOOD, Files(tmp_path)))
    assert outcome(done) == ("failed", reason)
    assert done.code == reason and done["msg"] == done["certificate"]["message"]
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


def test_an_incomplete_chain_is_a_warning(sim: Simulator, any_api: Options) -> None:
    done = predicted(sim, any_api, **GOOD.options(intermediate_content=pem_of(GOOD.chain[:1])))
    assert outcome(done) == ("imported", None)
    alone = run(any_api, check=True, **OTHER.options(intermediate_content=None))
    assert "other.example.com: The chain is incomplete" in str(alone["warnings"])
    assert outcome(alone) == ("imported", None)


def test_a_wrong_chain_in_the_same_file(sim: Simulator, any_api: Options) -> None:
    done = predicted(
        sim, any_api, **GOOD.options(certificate_content=GOOD.pem + OTHER.chain_pem, intermediate_content=None)
    )
    assert outcome(done) == ("failed", "chain_invalid")


@pytest.mark.parametrize(
    ("wish", "options"),
    [
        ("allow_expired", AUTHORITY.issue(NAME, days=(-90, -1)).options()),
        ("allow_expired", GOOD.options(intermediate_content=_expired_chain())),
    ],
    ids=["certificate", "chain"],
)
def test_expired_but_wanted(sim: Simulator, any_api: Options, wish: str, options: Options) -> None:
    assert outcome(predicted(sim, any_api, **options, **{wish: True})) == ("imported", None)


def test_a_root_is_never_uploaded(sim: Simulator, any_api: Options) -> None:
    options = GOOD.options(intermediate_content=pem_of(GOOD.all[1:]), verify_chain=False)
    done = run(any_api, **options)
    assert outcome(done) == ("imported", None)
    assert snapshot(sim)[done["certificate"]["id"]]["intermediateCertificate"] == GOOD.chain_pem
    assert outcome(run(any_api, **options)) == ("unchanged", None)


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


@pytest.mark.parametrize("name", ["shop.example.com", "*.example.org", "xn--bcher-kva.example.net"])
def test_the_certificate_of_an_order(sim: Simulator, api: Options, name: str) -> None:
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


@pytest.mark.parametrize("services", [0, 2])
def test_updates(sim: Simulator, api: Options, services: int) -> None:
    [identifier] = store(sim, GOOD, notes="old")
    sim.patch_certificate(identifier, associatedServiceCount=services)
    done = predicted(sim, api, **GOOD.options(notes="new", csr_content=GOOD.csr_pem))
    assert outcome(done) == ("updated", None)
    assert (done["certificate"]["id"], done["certificate"]["notes"]) == (identifier, "new")
    record = snapshot(sim)[identifier]
    assert (record["notes"], record["certificateSigningRequest"]) == ("new", GOOD.csr_pem)
    assert (record["certificate"], record["privateKey"]) == (GOOD.pem, GOOD.key_pem)
    [edit] = [call for call in sim.calls() if call["method"] == "editObject"]
    assert set(edit["arguments"][0]) == {"notes", "certificateSigningRequest"}
    assert outcome(run(api, **GOOD.options(notes="new", csr_content=GOOD.csr_pem))) == ("unchanged", None)


def test_intermediates_are_updated(sim: Simulator, api: Options) -> None:
    [identifier] = store(sim, GOOD, chain=pem_of(GOOD.chain[:1]))
    done = predicted(sim, api, **GOOD.options())
    assert outcome(done) == ("updated", None)
    assert snapshot(sim)[identifier]["intermediateCertificate"] == GOOD.chain_pem


def test_intermediates_in_use_are_stored_with_a_second_record(sim: Simulator, any_api: Options) -> None:
    """The store does not allow to change them; so the certificate is stored once more, for its listeners to be switched to."""
    [identifier] = store(sim, GOOD, chain=pem_of(GOOD.chain[:1]))
    before = sim.patch_certificate(identifier, associatedServiceCount=3)
    done = predicted(sim, any_api, **GOOD.options(notes="new"))
    assert outcome(done) == ("imported", None) and superseded(done) == {identifier: False}
    assert f"certificate {identifier} lacks" in done["certificate"]["message"]
    assert snapshot(sim)[identifier] == before
    assert snapshot(sim)[done["certificate"]["id"]]["intermediateCertificate"] == GOOD.chain_pem
    assert outcome(run(any_api, **GOOD.options())) == ("unchanged", None)


def test_intermediates_in_use_that_lack_nothing_are_left(sim: Simulator, any_api: Options) -> None:
    [identifier] = store(sim, GOOD)
    before = sim.patch_certificate(identifier, associatedServiceCount=3)
    done = predicted(sim, any_api, **GOOD.options(intermediate_content=pem_of(GOOD.chain[:1])))
    assert outcome(done) == ("failed", "in_use")
    assert str(identifier) in done["msg"] and "3 services" in done["msg"]
    assert snapshot(sim) == {**snapshot(sim), identifier: before}


@pytest.mark.parametrize("notes", ["", "two\nlines", "two\r\nlines", "Grüße & <tags> 😀", " spaces around "])
def test_notes_come_out_as_they_went_in(sim: Simulator, api: Options, notes: str) -> None:
    assert outcome(run(api, **GOOD.options(notes=notes))) == ("imported", None)
    assert outcome(run(api, **GOOD.options(notes=notes))) == ("unchanged", None)


def test_an_edit_that_is_refused(sim: Simulator, api: Options) -> None:
    store(sim, GOOD)
    sim.fault("false", method="editObject")
    assert outcome(run(api, **GOOD.options(notes="new"))) == ("failed", "refused")


UNCLEAR = {"reset_after": True, "html_502_after": True, "reset_before": False, "html_500": False}
"""Faults whose answer leaves open whether the call was carried out, and whether it was."""


@pytest.mark.parametrize(("fault", "is_done"), UNCLEAR.items())
def test_an_edit_whose_answer_is_lost_is_looked_for(sim: Simulator, api: Options, fault: str, is_done: bool) -> None:
    """It is not made again: somebody else may have changed the record meanwhile."""
    [number] = store(sim, GOOD)
    sim.fault(fault, method="editObject", times=1)
    done = run(api, **GOOD.options(notes="new"), retries=1)
    assert outcome(done) == (("updated", None) if is_done else ("failed", "outcome_unknown"))
    assert methods(sim)["editObject"] == 1
    again = run(api, **GOOD.options(notes="new"))
    assert (outcome(again)[0], again["changed"]) == (("unchanged", False) if is_done else ("updated", True))
    assert sim.certificates()[-1]["notes"] == "new" and sim.certificates()[-1]["id"] == number


@pytest.mark.parametrize(("fault", "is_done"), UNCLEAR.items())
def test_a_deletion_whose_answer_is_lost_is_looked_for(sim: Simulator, api: Options, fault: str, is_done: bool) -> None:
    """It is not made again either."""
    [number] = store(sim, GOOD)
    sim.fault(fault, method="deleteObject", times=1)
    done = run(api, state="absent", certificate_id=number, retries=1)
    assert outcome(done) == (("removed", None) if is_done else ("failed", "outcome_unknown"))
    assert methods(sim)["deleteObject"] == 1
    again = run(api, state="absent", certificate_id=number)
    assert again["changed"] is not is_done
    assert number not in [record["id"] for record in sim.certificates()]


@pytest.mark.parametrize("setting", [{"page_size_cap": 2}, {"ignore_limits": True}, {"omit_total": True}])
def test_a_listing_in_pages_hides_nothing(sim: Simulator, api: Options, setting: Options) -> None:
    fleet = [AUTHORITY.issue(f"page{number}.example.com") for number in range(5)]
    store(sim, *fleet)
    sim.settings(**setting)
    done = run(api, *(one.options() for one in fleet))
    assert done["changed"] is False and len(sim.certificates()) == 6


def test_stored_twice_and_none_is_as_wanted(sim: Simulator, any_api: Options) -> None:
    first, second = store(sim, GOOD, OTHER)
    sim.patch_certificate(second, certificate=GOOD.pem, intermediateCertificate=GOOD.chain_pem, notes="second")
    done = predicted(sim, any_api, **GOOD.options(notes="third"))
    assert outcome(done) == ("failed", "ambiguous")
    assert str(first) in done["msg"] and str(second) in done["msg"]


# The same certificate several times in one run


@pytest.mark.parametrize("form", ["content_crlf", "pkcs12", "pkcs7_der", "key_traditional"])
def test_twice_in_one_run_is_once(sim: Simulator, any_api: Options, tmp_path: Path, form: str) -> None:
    done = predicted(sim, any_api, GOOD.options(), OTHER.options(), FORMS[form](GOOD, Files(tmp_path)))
    first, _other, again = done["certificates"]
    assert [entry["outcome"] for entry in done["certificates"]] == ["imported", "imported", "unchanged"]
    assert first["id"] == again["id"] and len(sim.certificates()) == 3


def test_twice_in_one_run_but_not_the_same(sim: Simulator, any_api: Options) -> None:
    done = predicted(sim, any_api, GOOD.options(notes="a"), GOOD.options(notes="b"))
    assert [entry["reason"] for entry in done["certificates"]] == [None, "ambiguous"]


def test_twice_in_one_run_and_refused(sim: Simulator, any_api: Options) -> None:
    sim.fault("fault", method="createObject", code="SoftLayer_Exception_InvalidValue", message="It is odd.")
    done = run(any_api, GOOD.options(), GOOD.options())
    assert [entry["reason"] for entry in done["certificates"]] == ["refused", "refused"]
    assert methods(sim)["createObject"] == 1


# Renewal


RENEWED = "renewed.example.com"
OLD = AUTHORITY.issue(RENEWED, organization="Example Inc.", days=(-300, 20))
OLDER = AUTHORITY.issue(RENEWED, organization="Example Inc.", days=(-600, -240))
NEW = AUTHORITY.issue(RENEWED, organization="Example Inc.", names=[RENEWED, "alias.example.com"])


def superseded(done: Run) -> dict[int, bool]:
    """Ids of the superseded records, and whether they were removed."""
    return {old["id"]: old["removed"] for old in done["certificate"]["superseded"]}


def test_a_renewal_lists_what_it_supersedes(sim: Simulator, any_api: Options) -> None:
    old, older, _other = store(sim, OLD, OLDER, GOOD)
    sim.patch_certificate(old, associatedServiceCount=4)
    done = predicted(sim, any_api, **NEW.options())
    assert outcome(done) == ("imported", None)
    assert done["certificate"]["superseded"] == [
        {
            "id": old,
            "not_after": f"{NOW + 20 * DAY:%Y-%m-%dT%H:%M:%SZ}",
            "associated_service_count": 4,
            "removed": False,
        },
        {
            "id": older,
            "not_after": f"{NOW - 240 * DAY:%Y-%m-%dT%H:%M:%SZ}",
            "associated_service_count": 0,
            "removed": False,
        },
    ]
    assert len(sim.certificates()) == 5


def test_what_nothing_uses_is_removed_after_the_new_one_is_stored(sim: Simulator, api: Options) -> None:
    old, older, other = store(sim, OLD, OLDER, GOOD)
    sim.patch_certificate(old, associatedServiceCount=1)
    done = predicted(sim, api, **NEW.options(), remove_superseded=True)
    assert superseded(done) == {old: False, older: True}
    assert {old, other, done["certificate"]["id"]} <= set(snapshot(sim)) and older not in snapshot(sim)
    assert [call["method"] for call in sim.calls() if call["method"] in WRITES] == ["createObject", "deleteObject"]


def test_it_is_removed_later_too(sim: Simulator, any_api: Options) -> None:
    old, new = store(sim, OLD, NEW)
    done = predicted(sim, any_api, **NEW.options(), remove_superseded=True)
    assert outcome(done) == ("unchanged", None) and done["changed"] is True
    assert superseded(done) == {old: True} and new in snapshot(sim)
    again = predicted(sim, any_api, **NEW.options(), remove_superseded=True)
    assert again["changed"] is False and superseded(again) == {}


KEPT = {
    "other_organization": AUTHORITY.issue(RENEWED, organization="Someone Else", days=(-300, 20)),
    "other_key_type": AUTHORITY.issue(RENEWED, organization="Example Inc.", key=new_key("rsa"), days=(-300, 20)),
    "more_names": AUTHORITY.issue(
        RENEWED, organization="Example Inc.", names=[RENEWED, "gone.example.com"], days=(-300, 20)
    ),
}


def test_what_the_new_one_cannot_stand_in_for_is_kept(sim: Simulator, any_api: Options) -> None:
    kept = store(sim, *KEPT.values())
    done = predicted(sim, any_api, **NEW.options(), remove_superseded=True)
    assert superseded(done) == {}
    assert set(kept) <= set(snapshot(sim))


@pytest.mark.parametrize("kind", ["fault", "reset_before"])
def test_nothing_is_removed_unless_the_new_one_is_stored(sim: Simulator, api: Options, home: Path, kind: str) -> None:
    [old] = store(sim, OLD)
    sim.fault(kind, method="createObject")
    done = run(api, **NEW.options(), remove_superseded=True)
    assert done.failed and old in snapshot(sim) and methods(sim)["deleteObject"] == 0
    sim.clear_faults()
    let_the_lease_pass(home)
    assert superseded(run(api, **NEW.options(), remove_superseded=True)) == {old: True}


@pytest.mark.parametrize("kind", ["false", "fault", "access_denied"])
def test_a_removal_that_is_refused_is_not_told_as_done(sim: Simulator, api: Options, kind: str) -> None:
    [old] = store(sim, OLD)
    sim.fault(kind, method="deleteObject")
    done = run(api, **NEW.options(), remove_superseded=True)
    assert outcome(done) == ("imported", None)
    assert superseded(done) == {old: False} and old in snapshot(sim)
    assert f"The certificate {old}, which is superseded, was not removed: " in str(done["warnings"])
    again = run(api, **NEW.options(), remove_superseded=True)
    assert outcome(again) == ("unchanged", None) and again["changed"] is False


def test_what_the_same_run_wants_to_be_there_is_not_removed(sim: Simulator, any_api: Options) -> None:
    """Otherwise it would go with every other run and come back with the next."""
    items = [OLD.options(), NEW.options(remove_superseded=True)]
    assert run(any_api, *items)["changed"] is True
    again = run(any_api, *items)
    assert (again["changed"], len(sim.certificates())) == (False, 3)


# Absent


def colons(fingerprint: str) -> str:
    """As OpenSSL prints it."""
    return ":".join(fingerprint[start : start + 2] for start in range(0, 64, 2)).upper()


@pytest.mark.parametrize(
    "identity",
    [
        lambda record: {"certificate_id": record["id"]},
        lambda _record: {"fingerprint_sha256": GOOD.fingerprint},
        lambda _record: {"fingerprint_sha256": colons(GOOD.fingerprint)},
        lambda _record: {"common_name": NAME.upper()},
    ],
    ids=["id", "fingerprint", "colons", "common_name"],
)
def test_absent(sim: Simulator, api: Options, identity: Callable[[Options], Options]) -> None:
    good, other = store(sim, GOOD, OTHER)
    options = identity(snapshot(sim)[good])
    done = predicted(sim, api, state="absent", **options)
    assert outcome(done) == ("removed", None)
    assert (done["certificate"]["id"], done["certificate"]["fingerprint_sha256"]) == (good, GOOD.fingerprint)
    assert good not in snapshot(sim) and other in snapshot(sim)
    again = predicted(sim, api, state="absent", **options)
    assert outcome(again) == ("unchanged", None) and again["changed"] is False


def test_absent_but_ambiguous(sim: Simulator, any_api: Options) -> None:
    ids = store(sim, OLD, NEW)
    done = predicted(sim, any_api, state="absent", common_name=RENEWED)
    assert outcome(done) == ("failed", "ambiguous")
    assert all(str(identifier) in done["msg"] for identifier in ids)
    assert set(ids) <= set(snapshot(sim))


def test_absent_but_in_use(sim: Simulator, any_api: Options) -> None:
    [identifier] = store(sim, GOOD)
    sim.patch_certificate(identifier, associatedServiceCount=2)
    done = predicted(sim, any_api, state="absent", certificate_id=identifier)
    assert outcome(done) == ("failed", "in_use")
    assert "2" in done["msg"] and identifier in snapshot(sim)


def test_where_to_see_what_uses_it(sim: Simulator, api: Options) -> None:
    [identifier] = store(sim, GOOD)
    listeners = [{"id": 12, "uuid": "5c1a", "tlsCertificateId": identifier}, {"id": 13, "uuid": None}]
    sim.patch_certificate(identifier, associatedServiceCount=2, lbaasListeners=listeners)
    done = predicted(sim, api, state="absent", certificate_id=identifier)
    assert outcome(done) == ("failed", "in_use")
    assert "ssl_certificate_info with gather_services" in done["msg"]


def test_absent_but_refused(sim: Simulator, api: Options) -> None:
    [identifier] = store(sim, GOOD)
    sim.fault("fault", method="deleteObject", message="The certificate has associated services.")
    done = run(api, state="absent", certificate_id=identifier)
    assert outcome(done) == ("failed", "refused") and "associated services" in done["msg"]


def test_absent_and_someone_else_was_faster(sim: Simulator, api: Options) -> None:
    [identifier] = store(sim, GOOD)
    sim.fault("reset_after", method="deleteObject", times=1)
    assert outcome(run(api, state="absent", certificate_id=identifier, retries=1)) == ("removed", None)


@pytest.mark.parametrize("identity", ["fingerprint_sha256", "common_name"])
@pytest.mark.parametrize("value", ["", " ", "."])
def test_an_empty_name_removes_nothing(sim: Simulator, identity: str, value: str) -> None:
    """The store of the fleet holds one certificate, and a variable that is not set names it least of all."""
    before = sim.certificates()
    assert len(before) == 1
    run(options_for(sim), state="absent", **{identity: value})
    assert sim.certificates() == before


def test_present_and_absent_in_one_run(sim: Simulator, api: Options) -> None:
    [identifier] = store(sim, GOOD)
    done = predicted(sim, api, OTHER.options(), {"state": "absent", "certificate_id": identifier})
    assert [entry["outcome"] for entry in done["certificates"]] == ["imported", "removed"]
    assert done["api_calls"] == 5


def test_present_and_absent_at_once(sim: Simulator, api: Options) -> None:
    """Whichever came last would win, and a second run of a renewal would remove what the first one stored."""
    items = [GOOD.options(), {"state": "absent", "fingerprint_sha256": GOOD.fingerprint}]
    store(sim, GOOD)
    done = predicted(sim, api, *items)
    assert [entry["reason"] for entry in done["certificates"]] == [None, "ambiguous"]
    assert len(sim.certificates()) == 2


def test_absent_twice(sim: Simulator, api: Options) -> None:
    [identifier] = store(sim, GOOD)
    items = [{"state": "absent", "certificate_id": identifier}, {"state": "absent", "common_name": NAME}]
    done = predicted(sim, api, *items)
    assert [(entry["outcome"], entry["id"]) for entry in done["certificates"]] == [
        ("removed", identifier),
        ("unchanged", identifier),
    ]
    assert methods(sim)["deleteObject"] == 1


# Diff mode


def test_a_diff_shows_public_facts_only(sim: Simulator, any_api: Options) -> None:
    old, _unchanged, gone = store(sim, OLD, OTHER, FLEET["der"], notes="before")
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


def test_a_diff_of_notes_shows_both(sim: Simulator, any_api: Options) -> None:
    store(sim, GOOD, notes="old words")
    [diff] = predicted(sim, any_api, **GOOD.options(notes="new words"))["diff"]
    assert "old words" in str(diff["before"]) and "new words" in str(diff["after"])


# Answers that are lost, and calls that fail


LOST = ["reset_after", "hang_after", "html_502_after", "truncated", "cut", "empty_body"]


@pytest.mark.parametrize("kind", LOST)
def test_a_lost_answer_is_looked_up(sim: Simulator, api: Options, kind: str) -> None:
    fleet = [GOOD, OLD, NEW, OTHER]
    sim.fault(kind, method="createObject", nth=2)
    done = run(api, *(one.options() for one in fleet), concurrency=1, timeout=0.5 if kind == "hang_after" else 60)
    assert [entry["outcome"] for entry in done["certificates"]] == ["imported"] * 4
    stored = snapshot(sim)
    assert [stored[entry["id"]]["certificate"] for entry in done["certificates"]] == [one.pem for one in fleet]
    assert len(stored) == 5 and methods(sim)["createObject"] == 4


def test_a_lost_answer_for_one_without_a_common_name(sim: Simulator, api: Options) -> None:
    nameless = AUTHORITY.issue(None, names=["nameless.example.com"])
    sim.fault("reset_after", method="createObject")
    done = run(api, **nameless.options())
    assert outcome(done) == ("imported", None)
    assert snapshot(sim)[done["certificate"]["id"]]["certificate"] == nameless.pem


@pytest.mark.parametrize("kind", ["fault", "false"])
def test_a_lost_answer_where_the_name_is_not_found(sim: Simulator, api: Options, kind: str) -> None:
    sim.fault("reset_after", method="createObject")
    sim.fault(kind, method="findByCommonName")
    assert outcome(run(api, **GOOD.options())) == ("imported", None)
    assert len(sim.certificates()) == 2


def test_a_lost_answer_that_cannot_be_looked_up(sim: Simulator, api: Options) -> None:
    sim.fault("reset_after", method="createObject")
    sim.fault("fault", method="findByCommonName")
    sim.fault("fault", method="getSecurityCertificates", nth=2, message="It is odd.")
    done = run(api, **GOOD.options())
    assert outcome(done) == ("failed", "outcome_unknown") and done.code == "outcome_unknown"
    assert methods(sim)["createObject"] == 1
    sim.clear_faults()
    assert outcome(run(api, **GOOD.options())) == ("unchanged", None)
    assert len(sim.certificates()) == 2


@pytest.mark.parametrize("text", ["", GOOD.pem.replace("M", "N")], ids=["nothing", "damaged"])
def test_what_the_store_does_not_show_any_more_is_not_stored_again(sim: Simulator, api: Options, text: str) -> None:
    """The ledger knows the record, which is still there."""
    done = run(api, **GOOD.options())
    identifier = done["certificate"]["id"]
    sim.patch_certificate(identifier, certificate=text)
    again = run(api, **GOOD.options())
    assert outcome(again) == ("failed", "api_error")
    assert f"It was stored as certificate {identifier}" in again["msg"]
    assert methods(sim)["createObject"] == 1


NOT_PROCESSED = ["reset_before", "hang_before", "html_500", "html_200"]


@pytest.mark.parametrize("kind", NOT_PROCESSED)
def test_no_answer_and_not_stored(sim: Simulator, api: Options, home: Path, kind: str) -> None:
    sim.fault(kind, method="createObject")
    done = run(api, **GOOD.options(), timeout=0.5 if kind == "hang_before" else 60, retries=2)
    assert outcome(done) == ("failed", "outcome_unknown")
    assert done["changed"] is False and methods(sim)["createObject"] == 1
    sim.clear_faults()
    let_the_lease_pass(home)
    assert outcome(run(api, **GOOD.options())) == ("imported", None)
    assert len(sim.certificates()) == 2


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"kind": "false"}, "refused"),
        ({"kind": "fault", "code": "SoftLayer_Exception_InvalidValue", "message": "It is odd."}, "refused"),
        ({"kind": "fault", "message": "Internal Error"}, "outcome_unknown"),
        ({"kind": "fault", "message": "Request timed out"}, "outcome_unknown"),
        ({"kind": "access_denied"}, "api_error"),
        ({"kind": "rate_limit"}, "api_error"),
        ({"kind": "unknown_method"}, "api_error"),
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


@pytest.mark.parametrize("kind", ["rate_limit", "rate_limit_429"])
def test_a_rate_limit_is_waited_out(sim: Simulator, api: Options, kind: str) -> None:
    sim.fault(kind, method="createObject", times=1, retry_after=0)
    assert outcome(run(api, **GOOD.options(), retries=1)) == ("imported", None)
    assert methods(sim)["createObject"] == 2 and len(sim.certificates()) == 2


@pytest.mark.parametrize("taken", [False, True], ids=["renewed", "taken over"])
def test_a_claim_is_held_for_as_long_as_its_call_waits(
    sim: Simulator, any_api: Options, tmp_path: Path, taken: bool
) -> None:
    """It is renewed before the call is made again, or claimed anew if another run has taken it for a dead one's."""
    ledger = tmp_path / "ledger.sqlite3"
    url = f"sqlite:///{ledger}"
    sim.fault("rate_limit", method="createObject", times=1, retry_after=4)
    options = {**any_api, **GOOD.options(), "ledger_url": url, "timeout": 1, "retries": 1}
    process = start_module(MODULE, **options)
    until(lambda: sim.calls(method="createObject", outcome="rate_limit"), process)
    with sqlite3.connect(ledger) as connection:
        [(before,)] = connection.execute(f"SELECT requested_at FROM {CREATES}").fetchall()
        if taken:
            connection.execute(f"UPDATE {CREATES} SET state = 'released'")
    connection.close()
    assert outcome(finish_module(process)) == ("imported", None)
    with sqlite3.connect(ledger) as connection:
        rows = connection.execute(f"SELECT state, requested_at > '{before}' FROM {CREATES} ORDER BY number").fetchall()
    connection.close()
    assert rows == ([("released", 0), ("confirmed", 1)] if taken else [("confirmed", 1)])
    assert len(sim.certificates()) == 2


def test_a_store_that_refuses_what_is_incomplete(sim: Simulator, any_api: Options) -> None:
    """The store's own check, as the real one's documentation has it."""
    done = run(any_api, **GOOD.options(intermediate_content=None))
    assert outcome(done) == ("failed", "refused") and "issuer" in done["msg"]


@pytest.mark.parametrize(
    ("rule", "code"),
    [({"kind": "access_denied"}, "authentication_failed"), ({"kind": "reset_before"}, "no_answer")],
    ids=["denied", "reset"],
)
def test_a_listing_that_fails_imports_nothing(sim: Simulator, api: Options, rule: Options, code: str) -> None:
    sim.fault(method="getSecurityCertificates", **rule)
    done = run(api, **GOOD.options())
    assert done.failed and done.code == code
    assert methods(sim)["createObject"] == 0


def test_a_user_who_may_only_look(sim: Simulator, api: Options) -> None:
    viewer = {"username": sim.viewer_username, "api_key": sim.viewer_api_key}
    done = run({**api, **viewer}, **GOOD.options())
    assert done.code == "not_found" and "SECURITY_CERTIFICATE_MANAGE" in done["msg"]
    assert "skip_imported" not in done["msg"], "an option of another module"


# Options that make no sense


BAD_OPTIONS: dict[str, tuple[Options, str]] = {
    "nothing": ({}, "one of the following is required"),
    "no_key": ({"certificate_content": GOOD.pem}, "privatekey_path"),
    "no_key_in_a_list": ({"certificates": [GOOD.options(), {"certificate_content": GOOD.pem}]}, "privatekey_path"),
    "absent_without_a_name": ({"state": "absent", **GOOD.options()}, "certificate_id"),
    "present_without_a_certificate": ({"common_name": NAME}, "certificate_path"),
    "path_and_content": ({**GOOD.options(), "certificate_path": "x"}, "mutually exclusive"),
    "pkcs12_and_key": ({"pkcs12_path": "x", "privatekey_content": GOOD.key_pem}, "mutually exclusive"),
    "list_and_single": ({**GOOD.options(), "certificates": [GOOD.options()]}, "mutually exclusive"),
    "list_and_beside_it": ({"remove_superseded": True, "certificates": [GOOD.options()]}, "remove_superseded"),
    "concurrency": ({**GOOD.options(), "concurrency": 0}, "concurrency must be from 1 to 256"),
    "order_id": ({**GOOD.options(), "order_id": 0}, "order id"),
    "unknown": ({**GOOD.options(), "certificat": "x"}, "certificat"),
    "unknown_in_a_list": ({"certificates": [{**GOOD.options(), "certificat": "x"}]}, "certificat"),
    "mistyped": ({"certificat_path": "x"}, "There is no option certificat_path; certificate_path is meant."),
    "mistyped_in_a_list": (
        {"certificates": [{**GOOD.options(), "note": "x"}]},
        "There is no option certificates[0].note; notes is meant.",
    ),
    "state": ({**GOOD.options(), "state": "gone"}, "state"),
    "sha1": ({"state": "absent", "fingerprint_sha256": "ab" * 20}, "fingerprint_sha256"),
}


@pytest.mark.parametrize("case", list(BAD_OPTIONS))
def test_bad_options(sim: Simulator, case: str) -> None:
    options, needle = BAD_OPTIONS[case]
    done = run_module(MODULE, **options_for(sim), **options)
    assert done.failed and done.code == "invalid_argument"
    assert needle in done["msg"] and done["msg"] == done["failure"]["message"]
    assert sim.calls() == []


def test_which_one_of_several_lacks_its_key(sim: Simulator) -> None:
    done = run_module(MODULE, **options_for(sim), certificates=[GOOD.options(), {"certificate_content": OTHER.pem}])
    assert "1" in done["msg"] or "second" in done["msg"]


@pytest.mark.parametrize(
    "options",
    [
        GOOD.options(certificate_content="\udcff"),
        GOOD.options(privatekey_content=key_pem(GOOD.key, passphrase=PASSPHRASE), privatekey_passphrase="\udcff"),
        GOOD.options(csr_path="a\x00b"),
    ],
    ids=["content", "passphrase", "path"],
)
def test_odd_characters_make_no_traceback(sim: Simulator, options: Options) -> None:
    done = run(options_for(sim), **options)
    if done.code != "invalid_argument":  # newer releases of ansible-core refuse such a path by themselves
        assert outcome(done)[0] == "failed"


@pytest.mark.parametrize("secret", ["api_key", "username"])
def test_wrong_credentials(sim: Simulator, api: Options, secret: str) -> None:
    done = run({**api, secret: "not-the-one-0123456789"}, **GOOD.options())
    assert done.code == "authentication_failed"
    assert "api_key" in done["msg"]


def test_an_empty_list(sim: Simulator) -> None:
    done = run_module(MODULE, **options_for(sim), certificates=[])
    assert (done["changed"], done["certificates"]) == (False, [])
    assert sim.calls() == []
