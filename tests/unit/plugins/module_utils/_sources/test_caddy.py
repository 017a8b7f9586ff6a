# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files of Caddy belong together, and which CA issued a certificate. What comes of the files: test_clients.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.caddy import (
    find_acme_directory,
    list_groups,
)

CA = "https://acme-v02.api.letsencrypt.org/directory"


def test_each_certificate_of_each_ca_is_a_group(tmp_path: Path) -> None:
    """A new key may be there before its certificate; other files are not read."""
    for name in [
        *("one/a/a.crt", "one/a/a.key", "one/a/a.json", "two/a/a.crt", "two/a/a.key"),
        *("one/wildcard_.b/wildcard_.b.crt", "one/c/c.key", "one/d/e.crt", "f.crt", "one/g.crt"),
    ]:
        path = tmp_path / "certificates" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = {group.path: [file.kind for file in group.files] for group in list_groups(str(tmp_path))}
    folder = f"{tmp_path}/certificates"
    both = ["certificate", "key"]
    assert found == {
        f"{folder}/{name}.crt": both for name in ("one/a/a", "two/a/a", "one/wildcard_.b/wildcard_.b", "one/c/c")
    }


@pytest.mark.parametrize(
    ("text", "ca"),
    [
        (json.dumps({"sans": ["a"], "issuer_data": {"url": "https://x/cert/1", "ca": CA}}, indent="\t"), CA),
        (json.dumps({"issuer_data": {"ca": CA}}), CA),
        (json.dumps({"sans": ["a"], "issuer_data": {"url": "https://x/cert/1"}}), None),
        ("", None),
        (None, None),
    ],
)
def test_from_which_ca_a_certificate_is(tmp_path: Path, text: str | None, ca: str | None) -> None:
    if text is not None:
        (tmp_path / "a.json").write_text(text)
    assert find_acme_directory(f"{tmp_path}/a.crt") == ca
