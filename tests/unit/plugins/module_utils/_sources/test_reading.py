# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in a file, whatever it is: damage is said, and never keeps anything else from being read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._files import LARGEST_FILE
from ansible_collections.softlayer.certificates.plugins.module_utils._sources import reading
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.base import File, FileContent, FileKind
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.reading import (
    Files,
    Parsed,
    parse,
    stamp_of,
)
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


NO_CERTIFICATE, CUT_OFF, LOCKED = "There is no certificate in", "A PEM block is cut off", "is encrypted"
DAMAGED_CERTIFICATE, DAMAGED_KEY = "neither an X.509 certificate nor PKCS#7", "no private key in PEM or DER form"
NO_KEY, OTHER_THING = "There is no private key", "What was given as private key is a certificate"
BAD = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (ONE.pem, ("certificate", "certificate", f"certificate {OTHER_THING}", "certificate")),
        (ONE.der, ("certificate", "certificate", DAMAGED_KEY, "certificate")),
        (ONE.key_pem, ("key", "", "key", "key")),
        (key_bytes(ONE.key), (DAMAGED_CERTIFICATE, DAMAGED_CERTIFICATE, "key", "key")),
        (key_pem(ONE.key, passphrase=PASSPHRASE), (LOCKED, "", LOCKED, LOCKED)),
        (ONE.key_pem + ONE.pem, ("certificate key", "certificate", "certificate key", "certificate key")),
        (BAD, (DAMAGED_CERTIFICATE, DAMAGED_CERTIFICATE, OTHER_THING, DAMAGED_CERTIFICATE)),
        (ONE.key_pem + BAD, (f"key {DAMAGED_CERTIFICATE}", DAMAGED_CERTIFICATE, *[f"key {DAMAGED_CERTIFICATE}"] * 2)),
        (ONE.pem[:300], (CUT_OFF, CUT_OFF, OTHER_THING, CUT_OFF)),
        ("garbage", (NO_CERTIFICATE, "", NO_KEY, "")),
    ],
    ids=["pem", "der", "key", "key_der", "locked", "both", "bad", "key_and_bad", "cut_off", "garbage"],
)
def test_what_a_file_has_depends_on_what_it_is_for(data: str | bytes, found: tuple[str, ...]) -> None:
    """The certificate, a chain, the key, or any of these; of what is wrong, what it should have is said."""
    kinds: tuple[FileKind, ...] = ("certificate", "chain", "key", "any")
    for kind, expected in zip(kinds, found, strict=True):
        parsed = parse(data if isinstance(data, bytes) else data.encode(), kind, None)
        there = {"certificate": bool(parsed.certificates), "key": bool(parsed.public_key_sha256)}
        rest = expected
        for name, is_there in there.items():
            assert rest.startswith(name) == is_there, (kind, name)
            rest = rest.removeprefix(name).lstrip()
        assert bool(parsed.wrong) == bool(rest), kind
        assert parsed.wrong is None or rest in parsed.wrong.message, kind


# Files


def test_what_is_kept_of_a_file(tmp_path: Path) -> None:
    """The key by its hash and its real path; when the file was written, to know whether it is another one later."""
    (tmp_path / "real.pem").write_text(ONE.key_pem + ONE.pem)
    (tmp_path / "link.pem").symlink_to("real.pem")
    (tmp_path / "a.crt").write_text(ONE.pem)
    files, [key] = Files(), [key for key, one in PUBLIC_KEYS.items() if one is ONE]
    link, plain = (File("any", f"{tmp_path}/link.pem"), File("certificate", f"{tmp_path}/a.crt"))
    leaf = (Certificate(ONE.der),)
    stamp = stamp_of(link.path)
    assert stamp and files.content(link) == FileContent(link, leaf, key, f"{tmp_path}/real.pem", stamp=stamp)
    assert files.content(plain) == FileContent(plain, leaf, real_path=plain.path, stamp=stamp_of(plain.path))
    assert repr(Files(PASSPHRASE)) == "Files()"


def test_a_file_is_read_once_until_it_is_forgotten(tmp_path: Path) -> None:
    file, files = File("certificate", f"{tmp_path}/a.crt"), Files()
    assert files.content(file) == FileContent(file)
    (tmp_path / "a.crt").write_text(ONE.pem)
    assert files.content(file) == FileContent(file)
    files.forget([file, File("key", "/never/read")])
    assert [one.der for one in files.content(file).certificates] == [ONE.der]


def test_a_chain_that_many_have_is_parsed_once(tmp_path: Path) -> None:
    files, chains = Files(), [File("chain", f"{tmp_path}/{number}.pem") for number in range(2)]
    for chain in chains:
        Path(chain.path).write_text(ONE.chain_pem)
    first, second = (files.content(chain).certificates for chain in chains)
    assert first and first is second


@pytest.mark.parametrize(
    ("what", "reason", "words"),
    [
        ("folder", "not_a_file", "it is a folder, not a plain file"),
        ("large", "too_large", "is larger than 10 MiB"),
        ("refused", "unreadable", "Permission denied. Let the user who runs this read it, and check the disk."),
        ("broken_link", "broken_link", "is a link to something that is not there: restore that, or remove the link"),
        ("through_a_file", "unreadable", "The file {path} cannot be read: Not a directory. Let the user"),
        ("garbage", "malformed", "{path}: "),
        ("locked", "bad_passphrase", "privatekey_passphrase"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_the_reason_and_a_remedy(
    what: str, reason: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has a stamp all the same: if it is another file at the next look, it is just being written."""
    path = tmp_path / ("a.key/inner" if what == "through_a_file" else "a.key")
    if what == "folder":
        path.mkdir()
    elif what == "broken_link":
        path.symlink_to("gone")
    else:
        locked = key_pem(ONE.key, passphrase=PASSPHRASE)
        (tmp_path / "a.key").write_text({"garbage": "garbage", "locked": locked}.get(what, ONE.key_pem))
    if what == "large":
        os.truncate(path, LARGEST_FILE + 1)
    if what == "refused":

        def refuse(_path: str, *_flags: int) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", refuse)
    found = Files().content(File("key", str(path)))
    assert found.trouble and found.trouble.reason == reason
    assert words.format(path=path) in found.trouble.message and str(path) in found.trouble.message
    assert found.public_key_sha256 is None and found.stamp == stamp_of(str(path))


def test_a_file_that_is_written_while_it_is_read_has_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read may be half of one and half of another."""
    file, read_file = File("any", f"{tmp_path}/a.pem"), reading.read_file
    Path(file.path).write_text(ONE.key_pem)
    before = stamp_of(file.path)

    def read(path: str) -> bytes:
        data = read_file(path)
        Path(path).write_text(OTHER.key_pem + OTHER.pem)
        return data

    monkeypatch.setattr(reading, "read_file", read)
    found = Files().content(file)
    assert found == FileContent(file, trouble=found.trouble, stamp=before, is_changing=True)
    assert found.trouble and found.trouble.reason == "unreadable"
    assert found.trouble.message == f"{file.path} was being written: run this again when that has ended."


def test_a_key_whose_path_no_result_could_carry_is_told_to_be_renamed(tmp_path: Path) -> None:
    """Its certificate is known all the same."""
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.pem")
    Path(path).write_text(ONE.key_pem + ONE.pem)
    found = Files().content(File("any", path))
    assert [one.der for one in found.certificates] == [ONE.der] and found.public_key_sha256 is None
    assert found.trouble and found.trouble.reason == "unreadable" and "is not in UTF-8: rename" in found.trouble.message
    assert found.stamp == stamp_of(path)
    Path(path).write_text(ONE.pem)
    assert Files().content(File("any", path)).trouble is None, "what has no key is not imported by its path"
