# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store that keeps only the first of two intermediate certificates, through the playbook: no night is green, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

from tests.simulator.client import Simulator
from tests.support.balanced import UPDATE, account, balanced, balancer, have, ids, put, run
from tests.support.certificates import Authority, leaks, new_key, pem_of
from tests.support.haproxy import served, trusting

__all__ = ["account", "balanced"]

PORT = 8443
NAME = "www.example.com"
AUTHORITY = Authority("Two", intermediates=2)


def test_three_nights(account: Simulator, tmp_path: Path) -> None:
    good = AUTHORITY.issue(NAME, key=new_key("rsa"), days=(-300, 60))
    renewed = AUTHORITY.issue(NAME, key=new_key("rsa"))
    record = put(account, good)
    web = balancer(account, "web", **{f"p{PORT}": record})
    account.settings(kept_chain="first")
    keys, root = tmp_path / "keys", tmp_path / "two.pem"
    keys.mkdir()
    root.write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    for ending, text in {".crt": renewed.pem, ".key": renewed.key_pem, ".ca-bundle": renewed.chain_pem}.items():
        (keys / f"{NAME}{ending}").write_text(text, encoding="ascii")
    given = {"sources": [{"folder": str(keys)}], "remove_superseded": True, "trusted_ca_path": str(root)}
    stored: set[tuple[int, ...]] = set()
    for _night in range(3):
        night = run(account, tmp_path, "rotate", **{f"ssl_rotation_{name}": value for name, value in given.items()})
        assert night.ran.code != 0 and not leaks(night.ran.output), night.ran.output
        assert "The store kept 1 of the 2 intermediate certificates" in night.ran.output
        assert "--preferred-chain" in night.ran.output and "held_back" not in night.ran.output
        assert {UPDATE, "deleteObject"}.isdisjoint(night.calls) and have(account) == {f"web:{PORT}": record}
        assert served(web["address"], PORT, trusting(root.read_text())) == good.certificate
        stored.add(tuple(ids(account)))
    assert len(stored) == 1 and len(ids(account)) == 2, "one record of each"
