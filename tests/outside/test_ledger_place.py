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

from tests.outside.runs import login, mailed
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


def test_runs_in_two_folders_send_one_email(orders: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, reason in (("one", None), ("two", "cooldown")):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        assert start(orders, EMAIL, {"HOME": str(tmp_path)})["emails"][0]["reason"] == reason
    assert mailed(orders) == [12]
