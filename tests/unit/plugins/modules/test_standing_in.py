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
from tests.support.certificates import Issued, leaks, pem_of
from tests.support.deploying import AUTHORITY, balancer, issue, old, only, outcomes, run_it, store
from tests.support.modules import Run, options_for, run_module

pytest_plugins = ["tests.support.deploying"]

Options = dict[str, Any]
IMPORT = "ssl_certificate_import"


@pytest.fixture(autouse=True)
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This machine trusts the authority."""
    path = tmp_path / "trusted.pem"
    path.write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


@pytest.fixture
def login(account: Simulator) -> Options:
    """The options that log in to the account."""
    return options_for(account)


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
