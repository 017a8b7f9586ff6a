# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates with an empty subject, as ACME authorities issue them, through the modules for the store.

What each kind of subject is called, and what it may stand in for: the pure tests of `_names` and `_plan`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, Issued, new_key, pem_of
from tests.support.modules import Run, options_for, run_module

Options = dict[str, Any]

IMPORT, INFO, DEPLOY = "ssl_certificate_import", "ssl_certificate_info", "ssl_certificate_deploy"
AUTHORITY = Authority()
WWW, SHOP, MUNICH = "www.example.org", "shop.example.org", "xn--mnchen-3ya.example"
OLD = (-300, 10)
"""Days in which an old certificate is valid."""
FORBIDDEN = ("None:", "(None", "'common_name': None", "unknown name", "without a name", "without a common name")
"""What no message says of a certificate that has a name."""


def issue(common_name: str | None, *names: str, **how: Any) -> Issued:
    """A certificate for these names, with an RSA key, as the usual cipher suites of load balancers ask for."""
    return AUTHORITY.issue(common_name, names=names, key=new_key("rsa"), **how)


ISSUED = issue(None, WWW, SHOP)


@pytest.fixture(autouse=True)
def roots(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This machine trusts the authority of the tests."""
    path = tmp_path_factory.mktemp("roots") / "roots.pem"
    path.write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


@pytest.fixture
def login(sim: Simulator) -> Options:
    """How to log in, over one transport."""
    return options_for(sim, "rest")


def imported(login: Options, *issued: Issued, **options: Any) -> list[int]:
    """Import certificates and return their ids."""
    run = run_module(IMPORT, **login, certificates=[one.options(**options) for one in issued])
    assert not run.failed, run.result
    return [entry["id"] for entry in run["certificates"]]


def said(run: Run) -> str:
    """All that a run says to people."""
    return str([run.result.get(name, "") for name in ("msg", "warnings", "diff")])


# ssl_certificate_import


def test_an_import(sim: Simulator, api: Options) -> None:
    done = run_module(IMPORT, diff=True, **api, **ISSUED.options())
    [entry] = done["certificates"]
    assert (entry["outcome"], done["diff"][0]["after_header"]) == ("imported", WWW)
    assert not any(word in said(done) for word in FORBIDDEN)
    assert entry["common_name"] is None
    assert next(one for one in sim.certificates() if one["id"] == entry["id"])["commonName"] is None
    again = run_module(IMPORT, diff=True, **api, **ISSUED.options())
    assert (again["changed"], again["certificate"]["id"]) == (False, entry["id"])
    noted = run_module(IMPORT, diff=True, **api, **ISSUED.options(notes="web"))
    assert (noted["certificate"]["outcome"], noted["diff"][0]["before_header"]) == ("updated", WWW)
    assert not any(word in said(noted) for word in FORBIDDEN)


# ssl_certificate_deploy


def test_a_renewal(sim: Simulator, login: Options) -> None:
    old, new = imported(login, issue(None, WWW, days=OLD), ISSUED)
    sim.add_balancer(name="web", listeners=[{"protocolPort": 443, "tlsCertificateId": old}])
    run = run_module(DEPLOY, **login, verify=False, common_names=["www.*"], wait_interval=0.1, diff=True)
    [listener] = run["listeners"]
    switched = (listener["outcome"], listener["previous_certificate_id"], listener["certificate_id"])
    assert switched == ("switched", old, new)
    assert (listener["common_name"], listener["subject_alt_names"]) == (None, [WWW, SHOP])
    [diff] = run["diff"]
    assert WWW in str(diff["after"]) and "None" not in str(diff["after"])
