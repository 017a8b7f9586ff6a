# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rotations where an authority has revoked: what is served alarms, what is to come is left out, and a replaced issuer is replaced."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.support.certificates import Issued, new_key, pem_of
from tests.support.deploying import NAME, UPDATE, balancer, placed, store
from tests.support.modules import Run
from tests.support.revoking import Publisher, Revoking, publishing
from tests.support.rotate_runs import CREATE, DELETE, Rotation, alarms, here, ids, places, skipped

__all__ = ["here"]
pytest_plugins = ["tests.support.deploying", "tests.support.haproxy"]

PORT = 8443
WEB = f"web:{PORT}"
KEY = new_key("rsa")
DEFAULTS: dict[str, Any] = {"fail_on": None}
"""The reasons that fail a run where nothing is said."""


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with publishing() as server:
        yield server


@pytest.fixture
def authority(here: Rotation, publisher: Publisher, tmp_path: Path) -> Revoking:
    """An authority that clients know, and that has revoked nothing yet."""
    made = Revoking(f"{publisher.url}/1.crl")
    (tmp_path / "root.pem").write_text(pem_of([made.root]), encoding="ascii")
    publisher.publish(made.published())
    return made


def leaf(authority: Revoking, days: tuple[float, float] = (-1, 90), **how: Any) -> Issued:
    """A certificate that load balancers can serve."""
    return authority.leaf(NAME, key=KEY, days=days, **how)


def revocation(run: Run) -> dict[str, Any]:
    """What is told of the only listener."""
    [listener] = run["listeners"]
    told: dict[str, Any] = listener["revocation"]
    return told


@pytest.mark.parametrize("check", [True, False])
def test_what_is_served_was_revoked(here: Rotation, authority: Revoking, publisher: Publisher, check: bool) -> None:
    served = leaf(authority)
    here.keep("www", served)
    balancer(here.sim, store(here.sim, served), name="web", first_port=PORT)
    publisher.publish(authority.published(served.certificate, reason=x509.ReasonFlags.key_compromise))
    run = here.run(check=check, **DEFAULTS)
    assert run.failed and run.code == "attention_needed" and alarms(run) == {WEB: ["revoked"]}, run.output
    told = revocation(run)
    assert (told["status"], told["certificate"], told["reason"]) == ("revoked", NAME, "keyCompromise")
    assert not here.changes() and here.run(fail_on=["expired"]).failed is False
    assert skipped(run) == {"www": "revoked"}


def test_a_renewal_that_was_revoked_is_not_taken(here: Rotation, authority: Revoking, publisher: Publisher) -> None:
    """Neither from a source nor from the store."""
    present, renewal = leaf(authority, (-70, 20)), leaf(authority)
    balancer(here.sim, store(here.sim, present), name="web", first_port=PORT)
    here.keep("www", renewal)
    publisher.publish(authority.published(renewal.certificate))
    run = here.run()
    assert skipped(run) == {"www": "revoked"} and not here.changes(), run.output
    assert revocation(run)["status"] == "good"
    store(here.sim, renewal)
    run = here.run()
    assert places(run, "skipped_items") == {WEB: ("skipped", "revoked", True)} and not here.changes(), run.output
    assert here.run(check_revocation="off")["deployed"], "which shows that it is for nothing else"


class Crossed:
    """A young root whose own authority signs a chain that an old one, which clients know, has signed; and signs again."""

    def __init__(self, authority: Revoking, publisher: Publisher) -> None:
        self.young = Revoking(f"{publisher.url}/young-1.crl", name="Young")
        self.first, self.second = (authority.cross_sign("Young Root", self.young.levels[0][0]) for _time in "12")
        issued = leaf(self.young)
        self.before = replace(issued, chain=(*issued.chain, self.first), root=authority.root)
        self.after = replace(issued, chain=(*issued.chain, self.second), root=authority.root)
        publisher.publish(self.young.published())


@pytest.mark.parametrize("how", ["in its place", "in one file with it", "beside it", "as an option", "nowhere"])
def test_a_revoked_issuer_is_replaced_under_the_same_certificate(
    here: Rotation, authority: Revoking, publisher: Publisher, how: str, tmp_path: Path
) -> None:
    """By a chain without it, wherever that is."""
    crossed = Crossed(authority, publisher)
    old = store(here.sim, crossed.before)
    balancer(here.sim, old, name="web", first_port=PORT)
    both = replace(crossed.before, chain=(*crossed.before.chain, crossed.second))
    here.keep("www", {"in its place": crossed.after, "in one file with it": both}.get(how, crossed.before))
    if how == "beside it":
        here.keep("newer", crossed.after, ".ca-bundle")
    (tmp_path / "newer.pem").write_text(crossed.after.chain_pem, encoding="ascii")
    given = {**DEFAULTS, "intermediate_path": str(tmp_path / "newer.pem") if how == "as an option" else None}
    before = here.run(**given)
    assert not before.failed and not here.changes(), before.output
    publisher.publish(authority.published(crossed.first))
    forget(here)
    if how == "nowhere":
        run = here.run(**given)
        assert run.failed and alarms(run) == {WEB: ["revoked"]} and not here.changes(), run.output
        assert revocation(run)["certificate"] == "Young Root"
        return
    plan = here.check(**given)
    assert not plan.failed and len(plan["imported"]) == len(plan["deployed"]) == 1, plan.output
    run = here.run(remove_superseded=True, **given)
    assert not run.failed and here.changes() == [CREATE, DELETE, UPDATE], run.output
    assert ids(run, "removed") == [old] and set(placed(here.sim).values()).isdisjoint({old})
    [record] = here.sim.certificates()
    assert record["intermediateCertificate"] == crossed.after.chain_pem
    assert revocation(run)["status"] == "good" and run["attention"] == []
    again = here.run(remove_superseded=True, **given)
    assert not again.failed and not again["changed"]


def forget(here: Rotation) -> None:
    """Have the next run ask anew."""
    for path in (here.folder.parent / "crls").iterdir():
        path.unlink()
