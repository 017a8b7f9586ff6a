# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the certificates that a client keeps, as the role does: name this module in ``pytest_plugins``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._run.sources import read_sources

from tests.support.certificates import NOW, Authority, leaks, pem_of

AUTHORITY = Authority()
"""The one whose root is trusted."""
Record = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """What was read, with the warnings."""

    entries: list[Record] = field(default_factory=list)
    skipped: list[Record] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def fingerprints(self) -> list[str]:
        """The certificates that can be used."""
        return [record["fingerprint_sha256"] for record in self.entries]

    @property
    def keys(self) -> dict[str, str]:
        """The names of the files with their keys, by fingerprint."""
        return {
            record["fingerprint_sha256"]: Path(record.get("privatekey_path") or record["pkcs12_path"]).name
            for record in self.entries
        }

    @property
    def reasons(self) -> dict[str, str]:
        """Why the others cannot be used, by the names of their files."""
        found = {Path(record["path"]).name: record["reason"] for record in self.skipped}
        assert len(found) == len(self.skipped), "two records of one file"
        return found


class Reader:
    """Reads one source. Whatever comes of it is fit for JSON, has no key in it, and sentences for people."""

    def __init__(self, roots: Path) -> None:
        self.roots = roots

    def __call__(
        self,
        kind: str,
        path: Path | str,
        *,
        passphrase: str | None = None,
        mail: Mapping[str, Any] | None = None,
        roots: Path | str | None = "",
        **others: object,
    ) -> Found:
        warnings: list[str] = []
        trusted = self.roots if roots == "" else roots
        source = {kind: str(path) if mail is None else {"paths": []}, **others}
        read = read_sources(
            [source], [mail], passphrase, None if trusted is None else str(trusted), NOW, warnings.append
        )
        found = Found(read.entries, read.skipped, warnings)
        text = json.dumps([found.entries, found.skipped, warnings], ensure_ascii=False)
        text.encode()
        assert not leaks(text) and (passphrase is None or passphrase not in text)
        assert [one for one in found.skipped if not one["message"].endswith(".") or one["outcome"] != "skipped"] == []
        return found


@pytest.fixture
def read(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """Reads one source; `AUTHORITY` is trusted."""
    roots = tmp_path_factory.mktemp("roots") / "root.pem"
    roots.write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    return Reader(roots)
