# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A forked run of a module, which most tests use, comes to the same as one of a new interpreter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, pem_of
from tests.support.long import LONG
from tests.support.modules import options_for, run_measured, run_module

MODULES = sorted(path.stem for path in Path(__file__).resolve().parents[4].glob("plugins/modules/[!_]*.py"))
FEW = ("ssl_certificate_import", "ssl_fulfillment_email")
"""Those that are tried without `LONG`: most of what modules import, and a ledger."""
AUTHORITY = Authority()
ISSUED = AUTHORITY.issue("www.example.com")


def read_options(sim: Simulator, name: str, folder: Path) -> dict[str, Any]:
    """What each module does something with."""
    api = options_for(sim)
    ledger = {"ledger_url": f"sqlite:///{folder}/ledger.sqlite3"}
    (folder / "root.pem").write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    (folder / "www.csr").write_text(ISSUED.csr_pem, encoding="ascii")
    instance = {"iam_url": sim.secrets_manager.iam_url, "iam_api_key": sim.api_key}
    return {
        "secrets_manager_certificate": {
            "instance_url": sim.secrets_manager.instance_url,
            **instance,
            "name": "www",
            **ISSUED.options(),
        },
        "ssl_certificate_export": {**api, "all": True, "dest": str(folder / "exported")},
        "ssl_order_info": api,
        "ssl_certificate_deploy": {**api, "trusted_ca_path": str(folder / "root.pem")},
        "ssl_certificate_info": api,
        "ssl_certificate_report": {"path": str(folder / "report.html"), "state": "checked"},
        "ssl_certificate_rotate": {**api, **ledger, "phases": ["deploy"], "trusted_ca_path": str(folder / "root.pem")},
        "ssl_certificate_import": {**api, **ledger, **ISSUED.options()},
        "ssl_fulfillment_email": {**api, **ledger, "order_ids": [sim.orders()[0]["id"]]},
        "ssl_fulfillment_email_info": {"paths": [str(folder)], "csr_paths": [str(folder / "www.csr")]},
        "ssl_endpoint_info": {**api, "endpoints": ["127.0.0.1:1"], "gather_stored": True},
    }[name]


@pytest.mark.parametrize("name", MODULES if LONG else FEW)
def test_it_comes_to_the_same(sim: Simulator, tmp_path: Path, name: str) -> None:
    forked = run_module(name, check=True, **read_options(sim, name, tmp_path))
    alone, peak = run_measured(name, check=True, **read_options(sim, name, tmp_path))
    assert not alone.failed
    assert forked.result == alone.result
    assert peak > 0


def test_a_refusal_does_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of what the environment of the moment says."""
    monkeypatch.setenv("SL_ENDPOINT_URL", "ftp://nowhere")
    monkeypatch.chdir(home)
    forked = run_module("ssl_order_info", nonsense=1)
    alone, _peak = run_measured("ssl_order_info", nonsense=1)
    assert alone.failed
    assert forked.result == alone.result
