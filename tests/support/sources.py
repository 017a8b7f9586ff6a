# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the certificates that a client keeps, as `ssl_certificate_rotate` does: name this module in ``pytest_plugins``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.roots import create_trust_view
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.read_sources import (
    MailContent,
    read_sources,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.world import SourceCertificate
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.source import Source
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate, join_pem

from tests.support.certificates import Authority, leaks, pem_of

AUTHORITY = Authority()
"""The one whose root is trusted."""
Record = Mapping[str, Any]
Mail = Callable[[Sequence[str]], MailContent]
"""Looks for certificates of the private keys in files."""


@dataclass(frozen=True)
class Found:
    """What was read, with the warnings."""

    entries: list[SourceCertificate] = field(default_factory=list)
    skipped: list[Record] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failed: list[Record] = field(default_factory=list)
    empty: list[Record] = field(default_factory=list)

    @property
    def fingerprints(self) -> list[str]:
        """The certificates that can be used."""
        return [entry.certificate.fingerprint_sha256 for entry in self.entries]

    @property
    def keys(self) -> dict[str, str]:
        """The names of the files with their keys, by fingerprint."""
        return {entry.certificate.fingerprint_sha256: Path(path_of_key(entry)).name for entry in self.entries}

    @property
    def reasons(self) -> dict[str, str]:
        """Why the others cannot be used, by the names of their files."""
        found = {Path(record["path"]).name: record["reason"] for record in self.skipped}
        assert len(found) == len(self.skipped), "two records of one file"
        return found


def no_secrets(_position: int) -> NoReturn:
    """Nothing is asked of Secrets Manager."""
    raise AssertionError


def chain_of(entry: SourceCertificate) -> str:
    """The chain that was built, as PEM."""
    return join_pem(entry.record.intermediates)


def path_of_key(entry: SourceCertificate) -> str:
    """The file that an import reads its key from."""
    assert entry.key is not None
    return entry.key.real_path


class Reader:
    """Reads one source. Whatever comes of it is fit for JSON, has no key in it, and sentences for people."""

    def __init__(self, roots: Path) -> None:
        self.roots = roots
        self.hidden: set[str] = set()

    def __call__(
        self,
        kind: str,
        path: Path | str,
        *,
        passphrase: str | None = None,
        mail: MailContent | Mail | None = None,
        roots: Path | str | None = "",
        known: Sequence[Certificate] = (),
        **others: object,
    ) -> Found:
        warnings: list[str] = []
        trusted = self.roots if roots == "" else roots
        source = Source.of({kind: str(path) if mail is None else {"paths": []}, **others})
        view = create_trust_view(None if trusted is None else str(trusted))

        def read_mailbox(_position: int, keys: Mapping[str, str]) -> MailContent:
            assert mail is not None
            return mail(list(keys.values())) if callable(mail) else mail

        read = read_sources(
            [source],
            read_mailbox,
            no_secrets,
            passphrase,
            known,
            view,
            warnings.append,
            lambda *texts: self.hidden.update(texts),
        )
        found = Found(read.entries, read.unusable_records, warnings, read.failed_records, read.empty_records)
        shown = [found.skipped, warnings, found.failed, found.empty]
        text = json.dumps(shown, ensure_ascii=False)
        text.encode()
        assert not leaks(text + repr(read)) and (passphrase is None or passphrase not in text)
        assert [one for one in found.skipped if not one["message"].endswith(".") or one["outcome"] != "skipped"] == []
        assert not any(one.record.id for one in found.entries)
        return found


@pytest.fixture
def read(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """Reads one source; `AUTHORITY` is trusted."""
    roots = tmp_path_factory.mktemp("roots") / "root.pem"
    roots.write_text(pem_of([AUTHORITY.root]), encoding="ascii")
    return Reader(roots)
