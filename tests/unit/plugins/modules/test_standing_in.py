# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may stand in for what, as users of several modules meet it: what is not switched to, not deleted, and hides nothing.

The rule itself, case by case, and what each caller makes of it: the pure tests of `_replacement`, `_rotation`, and `_store`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, Issued, leaks, new_key, pem_of
from tests.support.deploying import AUTHORITY, NAME, balancer, issue, old, only, outcomes, placed, run_it, store
from tests.support.modules import Run, options_for, run_module

pytest_plugins = ["tests.support.deploying"]

Options = dict[str, Any]
IMPORT, INFO, ORDERS, EMAIL = (
    *("ssl_certificate_import", "ssl_certificate_info"),
    *("ssl_order_info", "ssl_fulfillment_email"),
)
LONG = Authority("Long", intermediates=2)


@pytest.fixture(autouse=True)
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This machine trusts two of the authorities."""
    path = tmp_path / "trusted.pem"
    path.write_text(pem_of([AUTHORITY.root, LONG.root]), encoding="ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


@pytest.fixture
def login(account: Simulator) -> Options:
    """The options that log in to the account."""
    return options_for(account)


def bare(account: Simulator, issued: Issued) -> int:
    """Store a certificate without its chain, as the portal has let people do."""
    identifier = store(account, issued)
    account.patch_certificate(identifier, intermediateCertificate=None)
    return identifier


def do(name: str, **options: Any) -> Run:
    """Run a module that must not fail."""
    run = run_module(name, **options)
    assert not run.failed, run["msg"]
    assert not leaks(run.output)
    return run


def import_it(login: Options, issued: Issued, **options: Any) -> Run:
    """Import a certificate with its chain; check mode says the same."""
    chain = {} if issued.chain else {"intermediate_content": None}
    given = {**login, **issued.options(**chain, **options)}
    check, run = run_module(IMPORT, check=True, **given), run_module(IMPORT, **given)
    assert not leaks(run.output)
    assert (check["changed"], superseded(check)) == (run["changed"], superseded(run))
    return run


def superseded(run: Run) -> dict[int, bool]:
    """Which records it lists as superseded, and whether each was removed."""
    return {one["id"]: one["removed"] for one in run["certificate"]["superseded"]}


def ids(account: Simulator) -> set[int]:
    """What the store holds."""
    return {record["id"] for record in account.certificates()}


# The store


def test_the_certificate_decides_and_not_what_the_api_says_of_it(account: Simulator, login: Options) -> None:
    """Check mode and real run agree, and with an API that tells the truth."""
    lies = {
        "organizationName": "Unspecified",
        "commonName": "other.example.net",
        "validityBegin": "2001-01-01T00:00:00+00:00",
        "validityEnd": "2002-01-01T00:00:00+00:00",
        "keySize": 1,
    }
    present, unused = store(account, old()), store(account, old(days=(-360, 5)))
    other = store(account, old(organization="Example Inc."))
    new = issue()
    balancer(account, present)
    for identifier in (present, unused, other):
        account.patch_certificate(identifier, **lies)
    run = import_it(login, new, remove_superseded=True)
    assert superseded(run) == {present: False, unused: True} and other in ids(account)
    account.patch_certificate(run["certificate"]["id"], **lies)
    switched = run_it(**login)
    assert outcomes(switched) == {"web:443": ("switched", None)}
    assert only(switched)["certificate_id"] == run["certificate"]["id"]
    again = import_it(login, new, remove_superseded=True)
    assert superseded(again) == {present: True} and ids(account) == {other, run["certificate"]["id"]}


# The way out of a missing chain


def test_an_incomplete_record_in_use_is_replaced_by_a_complete_one(account: Simulator, login: Options) -> None:
    """Stored once more, switched to, and then the incomplete one is deleted."""
    issued = LONG.issue(NAME, key=new_key("rsa"))
    incomplete = bare(account, issued)
    balancer(account, incomplete)
    first = import_it(login, issued, remove_superseded=True)
    complete = first["certificate"]["id"]
    assert first["certificate"]["outcome"] == "imported" and superseded(first) == {incomplete: False}
    assert f"certificate {incomplete} is in use, lacks" in first["certificate"]["message"]
    assert {one["id"]: one["superseded_by"] for one in do(INFO, **login)["certificates"]}[incomplete] == [complete]
    assert import_it(login, issued)["certificate"]["outcome"] == "unchanged"
    assert outcomes(run_it(**login)) == {"web:443": ("switched", None)} and placed(account) == {"web:443": complete}
    last = import_it(login, issued, remove_superseded=True)
    assert last["certificate"]["outcome"] == "unchanged" and superseded(last) == {incomplete: True}
    assert ids(account) == {complete}
    assert not import_it(login, issued, remove_superseded=True)["changed"]
