# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger's place never hangs on the folder that a run is started in: two folders must not mean two emails.

Promise: No email is requested twice, and no certificate is imported twice.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.outside.runs import login, mailed
from tests.simulator.client import Simulator
from tests.support.forked import ForkedModule
from tests.support.modules import finish_module, given_to

EMAIL = "ssl_fulfillment_email"


def test_runs_in_two_folders_send_one_email(
    account: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.add_order(id=12, commonName="order12.example.com")
    for folder, reason in (("one", None), ("two", "cooldown")):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        bare = {name: os.environ[name] for name in ("PATH", "PYTHONPATH")} | {"HOME": str(tmp_path)}  # as with `env -i`
        process = ForkedModule(EMAIL, given_to(EMAIL, **login(account), order_ids=[12]), environment=bare)
        assert finish_module(process)["emails"][0]["reason"] == reason
    assert mailed(account) == [12]
