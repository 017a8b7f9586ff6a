# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Chains of two intermediate certificates, as Let's Encrypt's are since May 2026, which the store cuts; whole: test_chains_of_pebble.py.

A client has the last word: OpenSSL, which knows the root, at what HAProxy serves.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509

from tests.simulator.client import Simulator
from tests.support.certificates import Authority, new_key, pem_of
from tests.support.deploying import NAME, UPDATE, balancer, placed
from tests.support.deploying import store as put
from tests.support.haproxy import served, trusting
from tests.support.modules import Run, options_for, run_module
from tests.support.rotate_runs import CREATE, DELETE, Rotation, skipped

pytestmark = pytest.mark.later

pytest_plugins = ["tests.support.deploying", "tests.support.haproxy"]

PORT = 8443
AUTHORITY = Authority("Two", intermediates=2)
GOOD = AUTHORITY.issue(NAME, key=new_key("rsa"), days=(-300, 20))


@pytest.fixture
def here(serving: Simulator, tmp_path: Path) -> Rotation:
    """Runs where HAProxy serves, with a root that clients know; one listener has a good record."""
    rotation = Rotation(serving, tmp_path)
    (tmp_path / "root.pem").write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    balancer(serving, put(serving, GOOD), name="web", first_port=PORT)
    return rotation


def accepted(here: Rotation) -> x509.Certificate:
    """What a client gets that checks it: it raises, if it does not trust that."""
    context = trusting(pem_of([AUTHORITY.root]))
    (one,) = here.sim.balancers()
    return served(one["address"], PORT, context)


def test_what_is_served_incomplete_is_stored_once_more_and_never_a_third_time(here: Rotation) -> None:
    [used] = [one["id"] for one in here.sim.certificates()]
    here.sim.patch_certificate(used, intermediateCertificate=pem_of(GOOD.chain[:1]))
    here.sim.settings(kept_chain="first")
    here.keep("www", GOOD)
    for changes in ([CREATE], [], []):
        done = here.run(remove_superseded=True)
        assert [one["reason"] for one in done["failed_items"]] == ["chain_truncated"], done.output
        assert here.changes() == changes and set(placed(here.sim).values()) == {used}
        assert len(here.sim.certificates()) == 2
    here.sim.settings(kept_chain="all")
    delete_last(here.sim)
    mended: Run = here.run(remove_superseded=True)
    assert not mended.failed and here.changes() == [CREATE, DELETE, UPDATE] and accepted(here) == GOOD.certificate
    assert skipped(mended) == {}


def delete_last(sim: Simulator) -> None:
    """Delete the last record, as the message says if another client has stored it so."""
    identifier = sim.certificates()[-1]["id"]
    gone = run_module("ssl_certificate_import", **options_for(sim), state="absent", certificate_id=identifier)
    assert gone["certificate"]["outcome"] == "removed", gone.output
