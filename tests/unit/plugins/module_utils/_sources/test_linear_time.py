# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Twice as many certificates take about twice as long to pair with their keys, whatever they have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.files import File, FileContent, FileGroup
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.source import pair
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.bundle import Bundle, KeyRef, Kind
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate

from tests.support.long import grows_no_faster, only_long, spent

pytestmark = only_long

MANY = 2_000


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
