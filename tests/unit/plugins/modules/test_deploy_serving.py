# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ssl_certificate_deploy where the listeners serve: what is seen after a change, and what is pointed back.

How long is looked and what counts as broken: the pure tests of `_rotation.watch`, `_rotation.switch` and `_probe.evaluate`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes

from tests.simulator.client import Simulator
from tests.support.deploying import balancer, changes, elements, issue, old, only, outcomes, run_it, store
from tests.support.haproxy import served
from tests.support.modules import options_for

pytest_plugins = ["tests.support.haproxy", "tests.support.deploying"]

PORT = 8443
Row = dict[str, Any]


@pytest.fixture
def login(serving: Simulator, roots: Path, transport: str) -> Row:
    """The options that log in to the account over one of the transports, and look at what is served."""
    return {**options_for(serving, transport), "verify": True, "verify_timeout": 2, "trusted_ca_path": str(roots)}


class Web:
    """A balancer whose listeners can be renewed."""

    def __init__(self, sim: Simulator, listeners: int = 1, **properties: Any) -> None:
        self.old, self.new = old(), issue()
        self.first, self.second = store(sim, self.old), store(sim, self.new)
        self.row = balancer(sim, *[self.first] * listeners, first_port=PORT, **properties)
        self.uuids = [one["uuid"] for one in self.row["listeners"]]

    def shows(self, number: int = 0) -> str:
        """The fingerprint of what a listener serves; raises OSError if it serves nothing."""
        return served(self.row["address"], PORT + number).fingerprint(hashes.SHA256()).hex()

    def call(self, certificate_id: int, *numbers: int) -> list[Any]:
        """The arguments of the call that points listeners to a certificate."""
        return elements(self.row, certificate_id, [PORT + number for number in numbers or (0,)])


def test_it_is_served(serving: Simulator, login: Row) -> None:
    """After the change of one, and where nothing is to be changed."""
    web = Web(serving, 2)
    serving.patch_listener(web.uuids[1], tlsCertificateId=web.second)
    planned = run_it(**login, check=True)
    assert all(one["served"] is None for one in planned["listeners"])
    run = run_it(**login)
    assert outcomes(run) == {f"web:{PORT}": ("switched", None), f"web:{PORT + 1}": ("unchanged", None)}
    for number, one in enumerate(run["listeners"]):
        assert one["served"] is True and "served" in one["message"]
        assert one["served_fingerprint_sha256"] == web.new.fingerprint == web.shows(number)
    assert not run.failed and not run.result.get("warnings")
    again = run_it(**login)
    assert not again["changed"] and [one["served"] for one in again["listeners"]] == [True, True]


@pytest.mark.parametrize(
    ("how", "reason"), [("other", "not_served"), ("closed", "not_served"), ("bare", "not_accepted")]
)
def test_what_is_broken_is_pointed_back(serving: Simulator, login: Row, how: str, reason: str) -> None:
    """Once, and only that listener; the run fails, and the old certificate works again."""
    web = Web(serving, 2)
    serving.patch_listener(web.uuids[0], misbehaves=how)
    run = run_it(**login)
    assert outcomes(run) == {f"web:{PORT}": ("rolled_back", reason), f"web:{PORT + 1}": ("switched", None)}
    broken, fine = run["listeners"]
    assert (broken["served"], fine["served"], fine["accepted"]) == (how == "bare", True, True)
    assert (broken["previous_certificate_id"], broken["certificate_id"]) == (web.first, web.second)
    assert str(web.first) in broken["message"] and "works again" in broken["message"]
    assert (broken["served_fingerprint_sha256"] is None) == (how == "closed")
    assert run.failed and run["changed"] and run["failed_count"] == 1 and f"web:{PORT}" in run["msg"]
    assert changes(serving) == [web.call(web.second, 0, 1), web.call(web.first)]
    assert [web.shows(), web.shows(1)] == [web.old.fingerprint, web.new.fingerprint]


def test_a_missing_intermediate(serving: Simulator, login: Row) -> None:
    """A listener does not get it by itself; one that a user accepts is served, with a warning and the remedy."""
    web = Web(serving)
    serving.patch_certificate(web.second, intermediateCertificate=None)
    run = run_it(**login)
    assert (only(run)["outcome"], only(run)["reason"], only(run)["served"]) == ("skipped", "chain_incomplete", True)
    listeners = [{"load_balancer": "web", "port": PORT}]
    run = run_it(**login, certificate_id=web.second, listeners=listeners, allow_untrusted=True)
    assert (only(run)["outcome"], only(run)["served"]) == ("switched", True) and not run.failed
    warning = str(run["warnings"])
    assert f"web:{PORT}" in warning and "TLS clients reject" in warning and "intermediate" in warning
