# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Twice as many certificates take about twice as long to read, whatever they have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.trust import TrustView
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.read_sources import (
    MailContent,
    read_sources,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.files import File, FileContent, FileGroup
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.source import Source, pair
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.bundle import Bundle, KeyRef, Kind
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.chain import Anchors

from tests.support.certificates import NOW, Issued, certificate_of, name_of, new_key
from tests.support.long import grows_no_faster, only_long, spent
from tests.support.sources import AUTHORITY, no_secrets

pytest_plugins = ["tests.support.sources"]

pytestmark = only_long

COUNT = 100
MANY = 2_000
KEY = new_key()


# Pairing alone


class Light(Certificate):
    """A certificate that is only compared."""

    common_name, subject_alt_names, can_issue = None, [], False  # type: ignore[assignment]


def light(number: int, key: int) -> Light:
    """A certificate with a key, both told apart by numbers."""
    certificate = Light(b"%d" % number)
    certificate.__dict__["public_key_sha256"] = str(key)
    return certificate


def content(kind: Kind, certificates: Sequence[Certificate] = (), key: int | None = None) -> FileContent:
    """A file."""
    ref = None if key is None else KeyRef(str(key), is_pkcs12=kind == "store")
    return FileContent(File(kind, f"/{key}"), Bundle(tuple(certificates), key=ref))


def one_each(count: int) -> list[list[FileContent]]:
    """Each certificate beside its key."""
    return [[content("certificate", [light(one, one)]), content("key", key=one)] for one in range(count)]


def one_key(count: int) -> list[list[FileContent]]:
    """All have one key, which lies beside each."""
    return [[content("certificate", [light(one, 0)]), content("key", key=0)] for one in range(count)]


def one_key_apart(count: int) -> list[list[FileContent]]:
    """All have one key, which lies elsewhere, often."""
    return [
        *([content("certificate", [light(one, 0)])] for one in range(count)),
        *([content("key", key=0)] for _one in range(count)),
    ]


def one_file(count: int) -> list[list[FileContent]]:
    """All certificates are in one file, without keys."""
    return [[content("any", [light(one, one) for one in range(count)])]]


def copies(count: int) -> list[list[FileContent]]:
    """One certificate is in all files, and its key, too."""
    return [[content("any", [light(0, 0)], key=0)] for _one in range(count)]


def stores(count: int) -> list[list[FileContent]]:
    """PKCS#12 files of one key, each with its own certificate."""
    return [[content("store", [light(one, 0)], key=0)] for one in range(count)]


@pytest.mark.parametrize(
    "make", [one_each, one_key, one_key_apart, one_file, copies, stores], ids=lambda one: one.__name__
)
def test_pairing_twice_as_many(make: Callable[[int], list[list[FileContent]]]) -> None:
    def spend(count: int) -> float:
        groups = [FileGroup(str(number), "/", contents=tuple(contents)) for number, contents in enumerate(make(count))]
        return spent(lambda: pair(groups))

    assert grows_no_faster(spend, MANY)


# All of it


@cache
def fleet(kind: str) -> list[Issued]:
    """Certificates with keys of their own, one key, one name, or with issuers of their own."""
    numbers = range(2 * COUNT)
    if kind == "one_key":
        return [AUTHORITY.issue(f"{number}.example.com", key=KEY) for number in numbers]
    if kind == "one_name":
        return [AUTHORITY.issue("www.example.com") for _number in numbers]
    if kind == "other_issuers":
        return [_with_own_issuer(number) for number in numbers]
    return [AUTHORITY.issue(f"{number}.example.com") for number in numbers]


def _with_own_issuer(number: int) -> Issued:
    subject = name_of(f"CA {number}")
    issuer = certificate_of(subject, AUTHORITY.issuer.subject, KEY, AUTHORITY.key, ca=True)
    leaf = certificate_of(name_of(None), subject, key := new_key(), KEY, names=[f"{number}.example.com"])
    return Issued(key, leaf, (issuer, *AUTHORITY.chain))


def _in_folder(home: Path, fleet: Sequence[Issued]) -> None:
    for number, issued in enumerate(fleet):
        (home / f"{number}.crt").write_text(issued.pem)
        (home / f"{number}.ca-bundle").write_text(issued.chain_pem)
        (home / f"{number}.key").write_text(issued.key_pem)


def _in_one_file(home: Path, fleet: Sequence[Issued]) -> None:
    (home / "all.pem").write_text("".join(issued.pem + issued.chain_pem for issued in fleet))
    for number, issued in enumerate(fleet):
        (home / f"key{number}.key").write_text(issued.key_pem)


@pytest.mark.parametrize("keep", [_in_folder, _in_one_file])
@pytest.mark.parametrize("kind", ["own", "one_key", "one_name", "other_issuers"])
def test_reading_twice_as_many(keep: Callable[[Path, Sequence[Issued]], None], kind: str, tmp_path: Path) -> None:
    for count in (COUNT, 2 * COUNT):
        (tmp_path / str(count)).mkdir()
        keep(tmp_path / str(count), fleet(kind)[:count])
    anchors = Anchors([Certificate.from_library(AUTHORITY.root)])

    def read(count: int) -> object:
        sources, view = [Source.of({"folder": str(tmp_path / str(count))})], TrustView(lambda: anchors, NOW)
        return read_sources(sources, lambda _position, _keys: MailContent(), no_secrets, None, (), view, str, print)

    assert grows_no_faster(lambda count: spent(lambda: read(count)), COUNT)
