# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no client would trust gets onto no listener, and deletes nothing: by the playbooks `rotate` and `deploy`, in check mode, too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.simulator.client import Simulator
from tests.support.balanced import AUTHORITY, UPDATE, account, balanced, balancer, have, ids, put
from tests.support.certificates import Authority, Issued, new_key, self_signed
from tests.unit.playbooks.test_rotate import CREATE, DELETE, changes, keep, reasons, renewed, rotate

__all__ = ["account", "balanced"]

NAMES = ("self.example.com", "staging.example.com", "bare.example.com")
EXPECTED = {"self": "untrusted", "staging": "chain_incomplete", "bare": "chain_incomplete"}


def served(name: str) -> Issued:
    """What a listener has, and clients trust: nothing about it is urgent."""
    return AUTHORITY.issue(name, key=new_key("rsa"), days=(-20, 70))


def untrusted() -> Iterator[Issued]:
    """Newer certificates for the same names: by itself, of an authority with a root of its own, and without its intermediate."""
    own, staging, bare = NAMES
    yield self_signed(own, new_key("rsa"), days=(-1, 90))
    yield Authority("Staging").issue(staging, key=new_key("rsa"))
    yield replace(AUTHORITY.issue(bare, key=new_key("rsa")), chain=())


def put_bare(sim: Simulator, issued: Issued) -> int:
    """Store a certificate of the authority without its chain, as it lies there since before the store asked for one."""
    record = put(sim, replace(issued, chain=AUTHORITY.chain))
    sim.patch_certificate(record, intermediateCertificate=None)
    return record


@pytest.mark.parametrize("playbook", ["rotate", "deploy"])
def test_what_the_store_holds(account: Simulator, tmp_path: Path, playbook: str) -> None:
    for name in NAMES:
        balancer(account, name.partition(".")[0], p443=put(account, served(name)))
    own, staging, bare = untrusted()
    put(account, own)
    put(account, staging)
    put_bare(account, bare)
    before, held = have(account), ids(account)
    keep(tmp_path / "keys", "other", renewed("other.example.com"))
    for options in (["--check"], []):
        told = rotate(account, tmp_path, *options, playbook=playbook, remove_superseded=True)
        assert (told.ran.code, told.ran.changed, changes(told)) == (0, 0, Counter()), told.ran.output
        assert (have(account), ids(account), told.result["removed"]) == (before, held, [])
        found = {one["load_balancer"]: one["reason"] for one in told.result["skipped"] if one.get("load_balancer")}
        assert found == EXPECTED, told.ran.output
        assert len(told.result["verified"]) == len(NAMES)
        for name, reason in EXPECTED.items():
            assert f"NEEDS A PERSON: {name}:443 ({name}.example.com): held_back: " in told.ran.output, reason


def test_what_the_sources_have(account: Simulator, tmp_path: Path) -> None:
    """They are not imported; and if they are because `trust` is `warn`, they are not served."""
    for name in NAMES:
        balancer(account, name.partition(".")[0], p443=put(account, served(name)))
    for name, issued in zip(EXPECTED, untrusted(), strict=True):
        keep(tmp_path / "keys", name, issued, ".crt", ".key", *([".ca-bundle"] if issued.chain else []))
    before, held = have(account), ids(account)
    for options in (["--check"], []):
        told = rotate(account, tmp_path, *options, remove_superseded=True)
        assert (told.ran.code, told.ran.changed, changes(told)) == (0, 0, Counter()), told.ran.output
        assert {name: reason for name, reason in reasons(told).items() if name in EXPECTED} == EXPECTED
    (tmp_path / "keys/bare.crt").unlink()  # the store itself does not take one without its chain
    told = rotate(account, tmp_path, trust="warn", import_new=True, remove_superseded=True)
    assert (told.ran.code, changes(told)) == (0, Counter({CREATE: 2})), told.ran.output
    assert (have(account), set(held) < set(ids(account))) == (before, True)


def test_the_chain_that_was_lacking(account: Simulator, tmp_path: Path) -> None:
    """A listener has a certificate without its chain: stored once more with it, switched, looked at, and the other one deleted."""
    whole = AUTHORITY.issue("www.example.com", key=new_key("rsa"), days=(-20, 70))
    bare = put_bare(account, whole)
    balancer(account, "web", p443=bare)
    keep(tmp_path / "keys", "www", whole)
    for options, called in ((["--check"], {}), ([], {CREATE: 1, UPDATE: 1, DELETE: 1})):
        told = rotate(account, tmp_path, *options, remove_superseded=True)
        assert (told.ran.code, changes(told)) == (0, Counter(called)), told.ran.output
        assert [len(told.result[name]) for name in ("imported", "deployed", "removed")] == [1, 1, 1], told.ran.output
    assert ids(account) == [*have(account).values()] != [bare]
    again = rotate(account, tmp_path, remove_superseded=True)
    assert (again.ran.code, again.ran.changed, changes(again)) == (0, 0, Counter()), again.ran.output
