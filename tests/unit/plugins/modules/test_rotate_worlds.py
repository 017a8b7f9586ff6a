# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts and folders of all sorts: what check mode announces is what a run does, and a second run does nothing.

With `LONG=1` in the environment there are 500 of them.
"""

from __future__ import annotations

import random
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.can_replace import can_supersede
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import StoreCertificate, normalize

from tests.simulator.client import Simulator
from tests.support.certificates import pem_of
from tests.support.deploying import balancer, placed, store
from tests.support.long import LONG
from tests.support.modules import Run
from tests.support.rotate_runs import Rotation
from tests.support.stored import TRUSTED, Made, view_with
from tests.support.tls_servers import HOST, Server, free_port, serving

pytest_plugins = ["tests.support.deploying"]

WORLDS = 500 if LONG else 5
PORT = 8443
NAMES = (("a.example.com",), ("b.example.com",), ("a.example.com", "b.example.com"))
DAYS = ((-80.0, 10.0), (-80.0, 10.0), (-2.0, 89.0), (-1.0, 90.0), (-0.5, 91.0), (5.0, 95.0), (-90.0, -1.0))
LISTS = {"imported": "fingerprint_sha256", "removed": "id", "deployed": "fingerprint_sha256"}


class World:
    """What a seed makes: a store, load balancers, a folder, and the options of a run."""

    def __init__(self, seed: int, rotation: Rotation) -> None:
        self._chance = random.Random(seed)
        self.rotation = rotation
        self.sim = rotation.sim
        self.sim.settings(tell_otherwise=self._chance.random() < 0.5)
        self._made: list[Made] = []
        self._ids = [self._store() for _one in range(self._chance.randint(0, 6))]
        for number in range(self._chance.randint(0, 2)):
            self._add_balancer(f"lb{number}")
        self.options: dict[str, Any] = {
            "remove_superseded": True,
            "remove_unverified": self._chance.random() < 0.3,
            "import_new": self._chance.random() < 0.2,
            "trust": self._chance.choice(["require", "require", "warn"]),
            "max_listeners": self._chance.choice([1, 20, 20, 20]),
            "verify_timeout": 1,
        }
        for number in range(self._chance.randint(0, 5)):
            self._keep(str(number))
        names = {name for made in self._made for name in made.names}
        if names and self._chance.random() < 0.2:
            self.options["common_names"] = [self._chance.choice(sorted(names))]
        self.elsewhere: list[tuple[Made, Server]] = []
        drawn = [self._endpoint() for _one in range(self._chance.choice([0, 0, 1, 2])) if self._made]
        self.options["endpoints"] = [one for number, one in enumerate(drawn) if one not in drawn[:number]]

    def _certificate(self) -> Made:
        """A certificate; now and then one that was made already."""
        if self._made and self._chance.random() < 0.25:
            again = self._chance.choice(self._made)
            return replace(again, chain=self._chance.choice(["whole", "none"])) if again.by != "itself" else again
        made = Made(
            common_name=None,
            names=self._chance.choice(NAMES),
            organization=self._chance.choice([None, None, None, "Example Ltd"]),
            key=self._chance.choice(["rsa", "rsa", "rsa", "ec"]),
            days=self._chance.choice(DAYS),
            by=self._chance.choice(["trusted", "trusted", "trusted", "own", "itself"]),
            chain=self._chance.choice(["whole", "whole", "whole", "none"]),
            copy=self._chance.randint(0, 1),
        )
        self._made.append(made)
        return made

    def _store(self) -> int:
        made = self._certificate()
        identifier = store(self.sim, made.issued)
        if made.by != "itself" and made.chain == "none":
            self.sim.patch_certificate(identifier, intermediateCertificate=None)
        if self._chance.random() < 0.1:
            self.sim.patch_certificate(identifier, associatedServiceCount=1)
        return identifier

    def _add_balancer(self, name: str) -> None:
        """A load balancer, some of whose listeners cannot be reached, serve something else or complete no handshake."""
        suites = ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"] if self._chance.random() < 0.3 else []
        has = [self._chance.choice(self._ids) for _one in range(self._chance.randint(1, 3)) if self._ids]
        row = balancer(self.sim, *has, name=name, first_port=PORT, **({"sslCiphers": suites} if suites else {}))
        for listener in row["listeners"]:
            if self._chance.random() < 0.2:
                self.sim.patch_listener(listener["uuid"], misbehaves="closed", changes=99, at_once=True)

    def _endpoint(self) -> dict[str, Any]:
        """A listener by its address and port, a server that is none, or a place where there is nothing."""
        rows, made = self.sim.balancers(), self._chance.choice(self._made)
        kind = self._chance.choice(["listener", "elsewhere", "elsewhere", "closed"])
        host, port = HOST, free_port()
        if kind == "listener" and rows:
            row = self._chance.choice(rows)
            host, port = row["address"], PORT
        elif kind == "elsewhere":
            server = serving(made.issued)
            port = server.port
            self.elsewhere.append((made, server))
        return {"host": host, "port": port, "server_name": self._chance.choice(made.names)}

    def _keep(self, name: str) -> None:
        """Put a certificate into the folder; the store takes none without its chain, so there is one if trust does not matter."""
        made = self._certificate()
        has_chain = made.chain == "whole" or self.options["trust"] == "warn"
        self.rotation.keep(name, made.issued, ".crt", ".key", *([".ca-bundle"] if has_chain else []))


@pytest.fixture
def rotation(serving: Simulator, tmp_path: Path) -> Rotation:
    """Runs where HAProxy serves the listeners."""
    found = Rotation(serving, tmp_path)
    (tmp_path / "root.pem").write_text(pem_of([TRUSTED.root]), encoding="ascii")
    return found


def records(sim: Simulator) -> dict[int, StoreCertificate]:
    """What the store holds, as the collection sees it but for who uses it."""
    rows = [{**row, "associatedServiceCount": 0, "lbaasListeners": []} for row in sim.certificates()]
    return {row["id"]: normalize(row) for row in rows}


def told(run: Run) -> dict[str, Any]:
    """What a run did, or would do; ids of what is not stored yet are not known. Endpoints are looked at as they are, in check mode, too."""
    found: dict[str, Any] = {name: sorted(one[key] for one in run[name]) for name, key in LISTS.items()}
    found["switched"] = sorted((one["load_balancer"], one["port"]) for one in run["deployed"])
    found["failed"] = sorted(
        (one.get("load_balancer") or "", one.get("port") or 0, one["reason"])
        for one in run["failed_items"]
        if one.get("load_balancer_uuid") or not one.get("port")
    )
    found["attention"] = sorted(
        (one["load_balancer"], one["port"], one["reason"]) for one in run["attention"] if one["load_balancer_uuid"]
    )
    found["source"] = {(one["source"], one["name"]): one["reason"] for one in run["skipped_items"] if one.get("source")}
    found["kept"] = {
        one["id"]: one["reason"] for one in run["skipped_items"] if one.get("id") and not one.get("source")
    }
    return found


@pytest.mark.parametrize("seed", range(WORLDS))
def test_what_check_mode_announces_is_what_a_run_does(rotation: Rotation, seed: int) -> None:
    """And nothing is worse than before: what a listener gets, and what remains of what was deleted, may stand in for that."""
    world = World(seed, rotation)
    with ExitStack() as stack:
        for _made, server in world.elsewhere:
            stack.enter_context(server)
        nights(world, rotation)


def nights(world: World, rotation: Rotation) -> None:
    """A run in check mode, a real one, and another real one."""
    before, held = placed(world.sim), records(world.sim)
    plan = rotation.check(**world.options)
    assert placed(world.sim) == before and records(world.sim) == held
    done = rotation.run(**world.options)
    assert told(done) == told(plan)
    after, left, view = placed(world.sim), records(world.sim), view_with(at=datetime.now(timezone.utc))
    for place, identifier in after.items():
        old = held[before[place] or 0]
        assert identifier == old.id or can_supersede(left[identifier or 0], old, view)
    for identifier in held.keys() - left.keys():
        assert any(can_supersede(left[one or 0], held[identifier], view) for one in after.values())
        served = {made.issued.fingerprint for made, _server in world.elsewhere}
        there = held[identifier].certificate
        assert (
            not there or there.fingerprint_sha256 not in served or there in {one.certificate for one in left.values()}
        )
    again = rotation.run(**world.options)
    assert not rotation.changes() and not again["changed"], again.output
