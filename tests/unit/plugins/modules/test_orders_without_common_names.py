# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Orders whose signing request has DNS names only, through the modules for orders and their emails.

What hides such an order, and which certificate is its own: the pure tests of `_orders.imported` and `_mail`. The whole way of one, from
its email to the store: `playbooks/test_fulfillment`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, Issued, pem_of
from tests.support.messages import fulfillment, mail, text_part
from tests.support.modules import Run, options_for, run_module

Options = dict[str, Any]

EMAIL, EMAILS, IMPORT = "ssl_fulfillment_email", "ssl_fulfillment_email_info", "ssl_certificate_import"
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


# ssl_fulfillment_email


def test_an_email_is_requested_by_one_of_the_names(sim: Simulator, requesting: Options) -> None:
    identifier = order(sim, WWW, SHOP)
    run = run_module(EMAIL, diff=True, **requesting, common_names=[SHOP])
    email = only(run, "emails")
    assert (email["order_id"], email["outcome"]) == (identifier, "requested")
    assert (email["common_name"], email["subject_alt_names"]) == (None, [WWW, SHOP])
    assert run["diff"][0]["before_header"] == run["diff"][0]["after_header"] == f"order {identifier} ({WWW})"


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


def test_a_certificate_is_found_by_the_names_of_the_order(sim: Simulator, login: Options, tmp_path: Path) -> None:
    """Whoever has got hold of a signing request can have it signed for a name of his own."""
    identifier = order(sim, WWW, SHOP)
    key = key_of(sim, WWW)
    forged, right = (AUTHORITY.issue(None, names=names, key=key) for names in (["attacker.example"], [SHOP, WWW]))
    wanted: Options = {"order_ids": [identifier], **login}
    (tmp_path / "1.eml").write_bytes(letter(forged))
    run = run_module(EMAILS, paths=[str(tmp_path)], **wanted)
    missing = only(run, "missing")
    assert (missing["reason"], missing["common_name"], missing["subject_alt_names"]) == ("untrusted", None, [WWW, SHOP])
    assert "The certificate attacker.example has the right public key, but not " in missing["message"]
    (tmp_path / "2.eml").write_bytes(letter(right))
    found = only(run_module(EMAILS, paths=[str(tmp_path)], **wanted), "certificates")
    assert (found["fingerprint_sha256"], found["common_name"]) == (right.fingerprint, None)
    assert (found["order_id"], found["subject_alt_names"]) == (identifier, [SHOP, WWW])
