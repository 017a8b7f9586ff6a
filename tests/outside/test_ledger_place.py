# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger's place never hangs on the folder that a run is started in: two folders must not mean two emails.

Promise: No email is requested twice, and no certificate is imported twice.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.outside.runs import changes, login, mailed
from tests.simulator.client import Simulator
from tests.support.certificates import Authority
from tests.support.forked import ForkedModule
from tests.support.modules import Run, finish_module, given_to

AUTHORITY = Authority()
ISSUED = AUTHORITY.issue("order12.example.com")
EMAIL = "ssl_fulfillment_email"
IMPORT = "ssl_certificate_import"


@pytest.fixture
def orders(account: Simulator) -> Simulator:
    """An account with an order that can be mailed."""
    account.add_order(id=12, commonName="order12.example.com", certificateSigningRequest=ISSUED.csr_pem)
    return account


def start(sim: Simulator, module: str, env: Mapping[str, str], *, check: bool = False, **more: Any) -> Run:
    """Run a module that sends, or creates, in this folder and with hardly any environment, as `env -i` would."""
    options = {**login(sim), **({"order_ids": [12]} if module == EMAIL else ISSUED.options()), **more}
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH")}
    return finish_module(ForkedModule(module, given_to(module, check=check, **options), environment={**kept, **env}))


@pytest.mark.parametrize(
    ("env", "ledger_url", "said"),
    [
        ({"HOME": ""}, None, "Set HOME"),
        ({"HOME": "/nonexistent", "XDG_STATE_HOME": "state"}, None, "XDG_STATE_HOME"),
        ({"HOME": "/home/me"}, "sqlite:///ledger.db", "current directory"),
    ],
    ids=["no home", "a relative state folder", "a relative file"],
)
def test_what_hangs_on_the_current_folder_is_refused(
    orders: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    env: dict[str, str],
    ledger_url: str | None,
    said: str,
) -> None:
    """Nothing is sent or created and nothing is left behind, and the message says what to write instead."""
    monkeypatch.chdir(tmp_path)
    for module in (EMAIL, IMPORT):
        for check in (False, True):
            run = start(orders, module, env, check=check, **({"ledger_url": ledger_url} if ledger_url else {}))
            assert run.failed and all(word in run["msg"] for word in (said, "ledger_url", "sqlite:////")), run.result
    assert changes(orders) == [] and list(tmp_path.iterdir()) == []


def test_a_default_that_is_not_needed_is_not_missed(
    orders: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the URL is given, and where nothing is to be created."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    assert start(orders, EMAIL, {"HOME": ""}, ledger_url=url)["requested_count"] == 1
    assert start(orders, IMPORT, {"HOME": "", "SOFTLAYER_CERTIFICATES_LEDGER_URL": url})["changed"] is True
    assert start(orders, IMPORT, {"HOME": ""})["certificate"]["outcome"] == "unchanged"
    assert list(folder.iterdir()) == []


def test_runs_in_two_folders_send_one_email(orders: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, reason in (("one", None), ("two", "cooldown")):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        assert start(orders, EMAIL, {"HOME": str(tmp_path)})["emails"][0]["reason"] == reason
    assert mailed(orders) == [12]
