# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files of acme.sh belong together. What comes of them: test_clients.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.acme_sh import list_groups
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.files import File, FileGroup

NAME = "www.example.com"
CER, KEY, CONF, REMOVED = (f"{NAME}{end}" for end in (".cer", ".key", ".conf", ".conf.removed"))


def written(folder: Path, *names: str) -> Path:
    """A folder with empty files."""
    folder.mkdir()
    for name in names:
        (folder / name).write_text("")
    return folder


@pytest.mark.parametrize("folder", [NAME, f"{NAME}_ecc"])
@pytest.mark.parametrize(
    ("names", "read"),
    [
        ([CER, KEY, "ca.cer", "fullchain.cer", CONF], [CER, "ca.cer", KEY]),
        ([CONF], [CER, "fullchain.cer", KEY]),
        (["other.cer", "other.key"], ["other.cer", "fullchain.cer", "other.key"]),
        ([CER, KEY, REMOVED], None),
        ([CER, KEY, REMOVED, CONF], [CER, "fullchain.cer", KEY]),
        (["other.conf", "notes.txt"], None),
    ],
)
def test_a_certificate_has_a_folder_with_its_name(
    names: list[str], read: list[str] | None, folder: str, tmp_path: Path
) -> None:
    """What is missing is looked for where it would be; what was removed from acme.sh is not its any more."""
    home = written(tmp_path / "home")
    own = written(home / folder, *names)
    written(home / "ca", CER, KEY)
    expected = []
    if read:
        kinds = ("certificate", "chain", "key")
        files = tuple(File(kind, f"{own}/{name}") for kind, name in zip(kinds, read, strict=True))  # type: ignore[arg-type]
        expected = [FileGroup(folder, f"{own}/{read[0]}", files)]
    assert list_groups(str(home)) == list_groups(str(own)) == expected
