# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Orders whose signing request has DNS names only, through the modules for orders and their emails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, Issued, new_key, pem_of
from tests.support.messages import fulfillment, mail, text_part
from tests.support.modules import Run, options_for, run_module

Options = dict[str, Any]

ORDERS, EMAIL, EMAILS, IMPORT = (
    "ssl_order_info",
    "ssl_fulfillment_email",
    "ssl_fulfillment_email_info",
    "ssl_certificate_import",
)
AUTHORITY = Authority()
WWW, SHOP = "www.names.example", "shop.names.example"


@pytest.fixture(autouse=True)
def roots(tmp_path_factory: pytest.TempPathFactory, sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine trusts the authority of the tests and the simulator's."""
    path = tmp_path_factory.mktemp("roots") / "roots.pem"
    path.write_text(pem_of([AUTHORITY.root]) + sim.authority_root.read_text(encoding="ascii"), encoding="ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


@pytest.fixture
def login(sim: Simulator) -> Options:
    """How to log in, over one transport."""
    return options_for(sim)


@pytest.fixture
def requesting(login: Options, tmp_path: Path) -> Options:
    """The same for a module with a ledger."""
    return {**login, "ledger_url": f"sqlite:///{tmp_path}/ledger.sqlite3"}


def order(sim: Simulator, *names: str, **properties: Any) -> int:
    """Add an order without a common name; return its id."""
    return int(sim.add_order(commonName=None, names=names, **properties)["id"])


def key_of(sim: Simulator, name: str) -> Any:
    """The private key of an order."""
    return load_pem_private_key(sim.key_path(name).read_bytes(), None)


def only(run: Run, key: str) -> dict[str, Any]:
    """The one entry of a list in a result."""
    assert not run.failed, run.result
    [entry] = run[key]
    return dict(entry)


# ssl_order_info


@pytest.mark.parametrize("pattern", ["shop.names.example", "SHOP.NAMES.*", "*.names.example"])
def test_patterns_match_any_name(sim: Simulator, api: Options, pattern: str) -> None:
    identifier = order(sim, WWW, SHOP)
    run = run_module(ORDERS, **api, common_names=[pattern, "gone.names.example"])
    found = only(run, "orders")
    assert (found["id"], found["common_name"], found["subject_alt_names"]) == (identifier, None, [WWW, SHOP])
    assert run["unmatched_common_names"] == ["gone.names.example"]


def test_patterns_match_the_other_names_of_an_order_with_a_common_name(sim: Simulator, login: Options) -> None:
    identifier = int(sim.add_order(commonName=WWW, names=[WWW, SHOP])["id"])
    assert only(run_module(ORDERS, **login, common_names=[SHOP]), "orders")["id"] == identifier


def test_where_it_stands_in_the_store(sim: Simulator, login: Options) -> None:
    identifier = order(sim, WWW, SHOP)
    selected = {**login, "order_ids": [identifier], "gather_imported": True}
    found = only(run_module(ORDERS, **selected), "orders")
    assert (found["imported"], found["certificate_ids"], found["superseded_by"]) == (False, [], [])
    too_few = AUTHORITY.issue(None, names=[WWW], days=(-1, 600))
    newer = AUTHORITY.issue(None, names=[SHOP, WWW, "more.example.org"], days=(-1, 600))
    ids = [run_module(IMPORT, **login, **one.options())["certificate"]["id"] for one in (too_few, newer)]
    found = only(run_module(ORDERS, **selected), "orders")
    assert (found["imported"], found["certificate_ids"], found["superseded_by"]) == (False, [], ids[1:])
    own = sim.import_order(identifier)["id"]
    found = only(run_module(ORDERS, **selected), "orders")
    assert (found["imported"], found["certificate_ids"], found["superseded_by"]) == (True, [own], [])


def test_an_order_without_any_name_is_never_superseded(sim: Simulator, login: Options) -> None:
    identifier = int(sim.add_order(commonName=None, missing=["certificateSigningRequest"])["id"])
    run_module(IMPORT, **login, **AUTHORITY.issue(None, names=[WWW], days=(-1, 600)).options())
    assert (
        only(run_module(ORDERS, **login, order_ids=[identifier], gather_imported=True), "orders")["superseded_by"] == []
    )


def test_names_in_a_request_are_printable(sim: Simulator, login: Options) -> None:
    identifier = order(sim, "bell\x07.example.org")
    assert only(run_module(ORDERS, **login, order_ids=[identifier]), "orders")["subject_alt_names"] == [
        "bell\\x07.example.org"
    ]


def test_the_certificate_of_another_order(sim: Simulator, login: Options) -> None:
    identifier = order(sim, WWW, SHOP)
    run = run_module(IMPORT, **login, **AUTHORITY.issue(None, names=[WWW]).options(order_id=identifier))
    assert run["certificate"]["reason"] == "order_mismatch" and f"order {identifier} ({WWW})" in run["msg"]


# ssl_fulfillment_email


def test_an_email_is_requested_by_one_of_the_names(sim: Simulator, requesting: Options) -> None:
    identifier = order(sim, WWW, SHOP)
    run = run_module(EMAIL, diff=True, **requesting, common_names=[SHOP])
    email = only(run, "emails")
    assert (email["order_id"], email["outcome"]) == (identifier, "requested")
    assert (email["common_name"], email["subject_alt_names"]) == (None, [WWW, SHOP])
    assert run["diff"][0]["before_header"] == run["diff"][0]["after_header"] == f"order {identifier} ({WWW})"


@pytest.mark.parametrize(
    ("names", "shown"), [([WWW, SHOP], f" ({WWW})"), ([], "")], ids=["with other names", "with none"]
)
def test_a_failure_names_the_order(sim: Simulator, requesting: Options, names: list[str], shown: str) -> None:
    missing = [] if names else ["certificateSigningRequest"]
    identifier = int(sim.add_order(commonName=None, names=names, status="Canceled", missing=missing)["id"])
    run = run_module(EMAIL, **requesting, order_ids=[identifier])
    assert f": order {identifier}{shown}: canceled." in run["msg"]
    sim.patch_order(identifier, status="Approved")
    run = run_module(EMAIL, diff=True, **requesting, order_ids=[identifier])
    assert run["diff"][0]["after_header"] == f"order {identifier}{shown}"


def test_what_is_in_the_store_already(sim: Simulator, requesting: Options) -> None:
    superseded, imported = order(sim, WWW), order(sim, SHOP)
    sim.import_order(imported)
    run_module(IMPORT, **requesting, **AUTHORITY.issue(None, names=[WWW, SHOP], days=(-1, 600)).options())
    run = run_module(EMAIL, **requesting, order_ids=[superseded, imported])
    assert run.outcomes() == {superseded: ("skipped", "superseded"), imported: ("skipped", "already_imported")}


# ssl_fulfillment_email_info


def letter(issued: Issued) -> bytes:
    """A mail with the certificate and its issuers in its text."""
    return mail(text_part(fulfillment(issued)))


@pytest.mark.parametrize("by_id", [True, False], ids=["order_ids", "orders"])
def test_a_certificate_is_found_by_the_names_of_the_order(
    sim: Simulator, login: Options, tmp_path: Path, by_id: bool
) -> None:
    """Whoever has got hold of a signing request can have it signed for a name of his own."""
    identifier = order(sim, WWW, SHOP)
    key = key_of(sim, WWW)
    forged, right = (AUTHORITY.issue(None, names=names, key=key) for names in (["attacker.example"], [SHOP, WWW]))
    wanted: Options = {"order_ids": [identifier], **login}
    if not by_id:
        wanted = {"orders": run_module(ORDERS, **login, order_ids=[identifier])["orders"]}
    (tmp_path / "1.eml").write_bytes(letter(forged))
    run = run_module(EMAILS, paths=[str(tmp_path)], **wanted)
    missing = only(run, "missing")
    assert (missing["reason"], missing["common_name"], missing["subject_alt_names"]) == ("untrusted", None, [WWW, SHOP])
    assert "The certificate attacker.example has the right public key, but not " in missing["message"]
    (tmp_path / "2.eml").write_bytes(letter(right))
    found = only(run_module(EMAILS, paths=[str(tmp_path)], **wanted), "certificates")
    assert (found["fingerprint_sha256"], found["common_name"]) == (right.fingerprint, None)
    assert (found["order_id"], found["subject_alt_names"]) == (identifier, [SHOP, WWW])


def test_two_orders_of_the_same_key_have_their_own_certificates(sim: Simulator, login: Options, tmp_path: Path) -> None:
    first = order(sim, WWW)
    key = key_of(sim, WWW)
    request = AUTHORITY.issue(None, names=[SHOP], key=key).csr_pem
    second = int(sim.add_order(commonName=None, certificateSigningRequest=request)["id"])
    issued = {first: AUTHORITY.issue(None, names=[WWW], key=key), second: AUTHORITY.issue(None, names=[SHOP], key=key)}
    for number, one in issued.items():
        (tmp_path / f"{number}.eml").write_bytes(letter(one))
    run = run_module(EMAILS, paths=[str(tmp_path)], **login, order_ids=[first, second])
    assert {one["order_id"]: one["fingerprint_sha256"] for one in run["certificates"]} == {
        number: one.fingerprint for number, one in issued.items()
    }


def test_the_common_name_of_an_order_decides_if_it_has_one(sim: Simulator, login: Options, tmp_path: Path) -> None:
    identifier = int(sim.add_order(commonName=WWW, names=[WWW, SHOP])["id"])
    issued = AUTHORITY.issue(None, names=[SHOP], key=key_of(sim, WWW))
    (tmp_path / "1.eml").write_bytes(letter(issued))
    run = run_module(EMAILS, paths=[str(tmp_path)], **login, order_ids=[identifier])
    assert only(run, "missing")["reason"] == "untrusted"


def test_a_key_and_a_request_without_a_common_name(login: Options, tmp_path: Path) -> None:
    issued = AUTHORITY.issue(None, names=[WWW], key=new_key())
    (tmp_path / "mail.eml").write_bytes(letter(issued))
    (tmp_path / "www.csr").write_text(issued.csr_pem)
    (tmp_path / "www.key").write_text(issued.key_pem)
    for option, name in (("csr_paths", "www.csr"), ("privatekey_paths", "www.key")):
        run = run_module(EMAILS, paths=[str(tmp_path / "mail.eml")], **{option: [str(tmp_path / name)]})
        found = only(run, "certificates")
        assert (found["fingerprint_sha256"], found["common_name"]) == (issued.fingerprint, None)


def test_what_the_simulator_sends_is_found_and_imported(sim: Simulator, requesting: Options, api: Options) -> None:
    """The whole way of such an order."""
    identifier = order(sim, WWW, SHOP)
    assert only(run_module(EMAIL, **requesting, order_ids=[identifier]), "emails")["outcome"] == "requested"
    found = only(run_module(EMAILS, **api, maildir=str(sim.maildir), order_ids=[identifier]), "certificates")
    leaf = x509.load_pem_x509_certificate(found["certificate"].encode())
    assert not list(leaf.subject) and found["trust"] == "trusted"
    run = run_module(
        IMPORT,
        **api,
        order_id=identifier,
        certificate_content=found["certificate"],
        intermediate_content=found["intermediate_certificate"],
        privatekey_path=str(sim.key_path(WWW)),
    )
    assert run["certificate"]["outcome"] == "imported"
    assert only(run_module(ORDERS, **api, common_names=[SHOP], imported=True), "orders")["id"] == identifier
