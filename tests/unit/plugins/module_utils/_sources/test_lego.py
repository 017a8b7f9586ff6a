# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files of lego belong together. What comes of them: test_clients.py."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.softlayer.certificates.plugins.module_utils._sources.files import File, FileGroup
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.lego import list_groups


def test_a_certificate_its_issuers_and_its_key_have_one_name(tmp_path: Path) -> None:
    """Without `--no-bundle` there may be no issuers; copies and others are not read."""
    folder = tmp_path / "certificates"
    folder.mkdir()
    for name in (
        *("a.crt", "a.issuer.crt", "a.key", "a.json", "a.pem", "a.pfx"),
        *("b.key", "c.crt", "d.issuer.crt", "e.json", "f.pem"),
    ):
        (folder / name).write_text("")

    def group(name: str, *kinds: str) -> FileGroup:
        """What lego calls so."""
        ends = {"certificate": ".crt", "chain": ".issuer.crt", "key": ".key"}
        files = tuple(File(kind, f"{folder}/{name}{ends[kind]}") for kind in kinds)  # type: ignore[arg-type]
        return FileGroup(name, f"{folder}/{name}.crt", files)

    expected = [group("a", "certificate", "chain", "key"), *(group(name, "certificate", "key") for name in "bc")]
    assert list_groups(str(tmp_path)) == list_groups(str(folder)) == expected
