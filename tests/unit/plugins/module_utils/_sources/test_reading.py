# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in a file, whatever it is: damage is said, and never keeps anything else from being read."""

from __future__ import annotations

from typing import get_args

from ansible_collections.softlayer.certificates.plugins.module_utils._sources.base import FileKind
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.reading import Parsed, parse
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.keys import read_private_key
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from tests.support.certificates import PASSPHRASE, Authority, key_bytes, key_pem, leaks, pkcs7_of, pkcs12_of

ONE, OTHER = (Authority().issue(f"{name}.example.com") for name in ("one", "other"))
SEEDS = [
    ONE.pem.encode(),
    ONE.der,
    (ONE.pem + ONE.key_pem + ONE.chain_pem).encode(),
    ONE.key_pem.encode(),
    key_bytes(ONE.key),
    key_pem(ONE.key, passphrase=PASSPHRASE).encode(),
    pkcs7_of(ONE.all, Encoding.DER),
    pkcs12_of(ONE, None),
]
KINDS: tuple[FileKind, ...] = get_args(FileKind)
PUBLIC_KEYS = {read_private_key(one.key_pem.encode()).public_key_sha256: one for one in (ONE, OTHER)}


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """One of the seeds, cut, joined with another, or with other bytes in it."""
    data = draw(st.sampled_from(SEEDS))
    start, length = draw(st.integers(0, len(data))), draw(st.integers(0, 40))
    put = draw(st.binary(max_size=40) | st.sampled_from([b"-----BEGIN CERTIFICATE-----\n", b"\xff\xfe", *SEEDS]))
    return data[:start] + put + data[start + length :]


@given(st.binary(max_size=200) | damaged(), st.sampled_from(KINDS), st.sampled_from([None, "", PASSPHRASE]))
def test_whatever_a_file_has(data: bytes, kind: FileKind, passphrase: str | None) -> None:
    found = parse(data, kind, passphrase)
    assert isinstance(found, Parsed) and not leaks(repr(found))
    for one in found.certificates:
        assert isinstance(one, Certificate) and one.facts()
    if found.wrong is not None:
        assert found.wrong.message.endswith(".") and not leaks(found.wrong.message)
    if kind == "certificate" and found.wrong is None:
        assert found.certificates or found.public_key_sha256
    if kind == "key" and found.wrong is None:
        assert found.public_key_sha256 is not None


def test_one_damaged_part_does_not_hide_the_other() -> None:
    half = ONE.key_pem[: len(ONE.key_pem) // 2]
    locked = key_pem(OTHER.key, passphrase=PASSPHRASE)
    broken: list[tuple[str, FileKind]] = [(half, "any"), (locked, "any"), (locked, "certificate"), (half, "key")]
    for text, kind in broken:
        found = parse((ONE.pem + text).encode(), kind, None)
        assert [one.der for one in found.certificates] == [ONE.der] and found.wrong is not None
    found = parse((ONE.key_pem + ONE.pem[:300]).encode(), "any", None)
    assert PUBLIC_KEYS[found.public_key_sha256 or ""] is ONE and found.wrong is not None


def test_a_chain_has_no_key() -> None:
    found = parse((ONE.chain_pem + ONE.key_pem).encode(), "chain", None)
    assert found.public_key_sha256 is None and found.wrong is None and len(found.certificates) == 1
