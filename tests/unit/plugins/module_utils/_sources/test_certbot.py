# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files of certbot belong together, and what its links say of a renewal. What comes of them: test_clients.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.certbot import list_groups
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.files import File, FileGroup

NAME = "www.example.com"


def lineage(home: Path, **links: str) -> Path:
    """A lineage with links, by what they are called without their ends, to files of the archive."""
    folder = home / "live" / NAME
    folder.mkdir(parents=True)
    for name, target in links.items():
        (folder / f"{name}.pem").symlink_to(f"../../archive/{NAME}/{target}")
    return folder


@pytest.mark.parametrize("issuers", ["chain", "fullchain"])
def test_a_lineage_is_its_links_whatever_they_lead_to(issuers: str, tmp_path: Path) -> None:
    folder = lineage(tmp_path, **{name: f"{name}1.pem" for name in ("cert", "privkey", "fullchain", issuers)})
    (tmp_path / "live/README").write_text("")
    (tmp_path / "live/no.lineage").mkdir()
    files = (
        File("certificate", f"{folder}/cert.pem"),
        File("chain", f"{folder}/{issuers}.pem"),
        File("key", f"{folder}/privkey.pem"),
    )
    for named in (tmp_path, tmp_path / "live", folder):
        assert list_groups(str(named)) == [FileGroup(NAME, f"{folder}/cert.pem", files)]


@pytest.mark.parametrize(
    ("links", "is_renewing"),
    [
        ({"cert": "cert1.pem", "privkey": "privkey1.pem", "chain": "chain1.pem"}, False),
        ({"cert": "cert12.pem", "privkey": "privkey12.pem"}, False),
        ({"cert": "cert2.pem", "privkey": "privkey1.pem", "chain": "chain1.pem"}, True),
        ({"cert": "cert2.pem", "privkey": "privkey2.pem", "chain": "chain1.pem"}, True),
        ({"cert": "cert1.pem", "privkey": "by-hand.pem"}, True),
        ({"cert": "cert1.pem", "privkey": "privkey1.pem", "previous_cert": "cert1.pem"}, True),
        ({"cert": "cert.pem"}, False),
    ],
)
def test_links_to_different_versions_or_former_ones_are_those_of_a_renewal(
    links: dict[str, str], is_renewing: bool, tmp_path: Path
) -> None:
    folder = lineage(tmp_path, **links)
    [found] = list_groups(str(tmp_path))
    renewing = Obstacle("being_renewed", {"lineage": NAME, "folder": str(folder)})
    assert found.renewal_problem == (renewing if is_renewing else None)


def test_files_that_are_no_links_say_nothing_of_a_renewal(tmp_path: Path) -> None:
    folder = lineage(tmp_path)
    for name in ("cert", "privkey"):
        (folder / f"{name}.pem").write_text("")
    assert [one.renewal_problem for one in list_groups(str(tmp_path))] == [None]
