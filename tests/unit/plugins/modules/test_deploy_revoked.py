# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of ssl_certificate_deploy where an authority has revoked: nothing is switched to that, and what cannot be found out blocks nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.certificates import Issued, new_key, pem_of
from tests.support.deploying import NAME, balancer, changes, only, outcomes, placed, run_it, store
from tests.support.modules import options_for
from tests.support.revoking import Publisher, Revoking, publishing

pytest_plugins = ["tests.support.deploying"]

KEY = new_key("rsa")
DUE, NEW = (-70, 20), (-1, 90)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with publishing() as server:
        yield server


@pytest.fixture
def authority(publisher: Publisher) -> Revoking:
    """An authority that clients know, and that has revoked nothing yet."""
    made = Revoking(f"{publisher.url}/1.crl")
    publisher.publish(made.published())
    return made


@pytest.fixture
def login(account: Simulator, authority: Revoking, tmp_path: Path) -> dict[str, Any]:
    """The options of runs whose clients know the authority."""
    (tmp_path / "root.pem").write_text(pem_of([authority.root]), encoding="ascii")
    ledger_url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    return {**options_for(account), "trusted_ca_path": str(tmp_path / "root.pem"), "ledger_url": ledger_url}


def leaf(authority: Revoking, days: tuple[float, float] = NEW) -> Issued:
    """A certificate that load balancers can serve."""
    return authority.leaf(NAME, key=KEY, days=days)


def naming(certificate_id: int, how: str) -> dict[str, Any]:
    """The options that have a listener get a certificate, in each way in which that can be said."""
    named = {"certificate_id": certificate_id, "listeners": [{"load_balancer": "web", "port": 443}]}
    return {"renewal": {}, "certificate_id": named, "deployments": {"deployments": [named]}}[how]


WAYS = {"renewal": "skipped", "certificate_id": "failed", "deployments": "failed"}
"""What becomes of a listener whose new certificate was revoked, by how that is chosen."""


@pytest.mark.parametrize("how", WAYS)
def test_what_was_revoked_is_put_nowhere(
    account: Simulator, login: dict[str, Any], authority: Revoking, publisher: Publisher, how: str
) -> None:
    present, renewal = leaf(authority, DUE), leaf(authority)
    first, second = store(account, present), store(account, renewal)
    balancer(account, first)
    publisher.publish(authority.published(renewal.certificate))
    for check in (False, True):
        run = run_it(**login, **naming(second, how), check=check)
        assert outcomes(run) == {"web:443": (WAYS[how], "revoked")}, run.output
        assert f"ertificate {second}: The certificate was revoked at " in only(run)["message"]
        assert run.failed == (how != "renewal") and not run["changed"] and not changes(account)
    assert sorted(publisher.asked) == ["/0.crl", "/1.crl"], "check mode knows it from the run before"
    off = run_it(**login, **naming(second, how), check_revocation="off")
    assert off["switched_count"] == 1 and placed(account) == {"web:443": second}, off.output
    assert len(publisher.asked) == 2
