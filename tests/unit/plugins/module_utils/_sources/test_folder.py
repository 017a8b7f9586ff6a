# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A folder in which people keep certificates and keys: every form that these may have, and everything else that may be there."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.files import MAX_FILE_SIZE
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.files import File, FileGroup
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.folder import list_groups, list_key_files
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs12

from tests.support.certificates import (
    PASSPHRASE,
    Issued,
    certificate_of,
    key_bytes,
    key_pem,
    name_of,
    new_key,
    pem_of,
    pkcs7_of,
    pkcs12_of,
)
from tests.support.client_trees import CLIENTS
from tests.support.sources import AUTHORITY, Found, Reader, path_of_key

pytest_plugins = ["tests.support.sources"]

ONE, OTHER = AUTHORITY.issue("www.example.com"), AUTHORITY.issue("other.example.com")


def write(folder: Path, files: dict[str, bytes | str]) -> None:
    """Write files."""
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


# What is taken


def test_what_a_file_is_for_is_reported_by_the_end_of_its_name(tmp_path: Path) -> None:
    """FileCache of one name are together. Only some of them may be keys, for which a mailbox is searched."""
    kinds: dict[str] = {
        **dict.fromkeys(("a.CRT", "a.ca-bundle", "a.cer", "a.chain.pem"), "certificate"),
        **{"a.key": "key", "a.p12": "store", "a.pem": "any", "a.pfx": "store"},
    }
    write(tmp_path, dict.fromkeys((*kinds, "a", "a.csr", "b.KEY", ".c.key"), ""))
    a = tuple(File(kind, f"{tmp_path}/{name}") for name, kind in kinds.items())
    b = FileGroup("b", f"{tmp_path}/b.KEY", (File("key", f"{tmp_path}/b.KEY"),), is_entry=False)
    assert list_groups(str(tmp_path)) == [FileGroup("a", a[0].path, a, is_entry=False), b]
    keys = {"a.chain.pem": "any", "a.key": "key", "a.pem": "any", "b.KEY": "key"}
    assert [(one.name, one.path, one.is_entry) for one in list_key_files(str(tmp_path))] == [
        (os.path.splitext(name)[0], f"{tmp_path}/{name}", False) for name in keys
    ]
    assert [one.files[0].kind for one in list_key_files(str(tmp_path))] == list(keys.values())


@pytest.mark.parametrize(
    ("files", "key"),
    [
        ({"a.crt": ONE.pem, "a.key": ONE.key_pem}, "a.key"),
        ({"a.crt": ONE.pem, "b.key": ONE.key_pem}, "b.key"),
        ({"a.cer": ONE.der, "a.key": key_bytes(ONE.key)}, "a.key"),
        ({"cert.pem": ONE.pem, "chain.pem": ONE.chain_pem, "privkey.pem": ONE.key_pem}, "privkey.pem"),
        ({"all.pem": ONE.key_pem + ONE.pem + ONE.chain_pem}, "all.pem"),
        ({"a.crt": ONE.pem + ONE.key_pem}, "a.crt"),
        ({"a.ca-bundle": ONE.pem + ONE.chain_pem, "a.key": ONE.key_pem}, "a.key"),
        ({"a.chain.pem": pem_of(reversed(ONE.all)), "a.key": ONE.key_pem}, "a.key"),
        ({"a.pem": pkcs7_of(ONE.all, Encoding.DER), "a.key": ONE.key_pem}, "a.key"),
        ({"a.crt": ONE.pem, "a.key": key_pem(ONE.key, passphrase=PASSPHRASE)}, "a.key"),
        ({"a.p12": pkcs12_of(ONE, PASSPHRASE)}, "a.p12"),
        ({"a.pfx": pkcs12_of(ONE, None)}, "a.pfx"),
        ({"a.p12": pkcs12_of(ONE, PASSPHRASE), "a.crt": ONE.pem}, "a.p12"),
        ({"a.p12": pkcs12_of(ONE, PASSPHRASE), "a.crt": ONE.pem, "a.key": ONE.key_pem}, "a.key"),
        ({"a.crt": ONE.pem, "b.key": ONE.key_pem, "a.p12": pkcs12_of(ONE, PASSPHRASE)}, "a.p12"),
        ({"b.crt": ONE.pem, "b.key": ONE.key_pem, "a.key": ONE.key_pem}, "b.key"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else value,
)
def test_the_files_of_one_certificate(files: dict[str, bytes | str], key: str, tmp_path: Path, read: Reader) -> None:
    write(tmp_path, files)
    found = read("folder", tmp_path, passphrase=PASSPHRASE)
    assert found == Found(found.entries) and found.keys == {ONE.fingerprint: key}


@pytest.mark.parametrize(
    ("certificate", "key"),
    [
        ("www.example.com.crt", "WWW.EXAMPLE.COM.Key"),
        ("M\u00fcller.example.PEM", "Mu\u0308ller.example.key"),
        ("xn--mller-kva.example.crt", "M\u00dcLLER.EXAMPLE.KEY"),
    ],
)
def test_files_of_one_name_are_together_in_whatever_spelling(
    certificate: str, key: str, tmp_path: Path, read: Reader
) -> None:
    """So a key that cannot be read is what is wrong with its certificate."""
    write(tmp_path, {certificate: ONE.pem, key: key_pem(ONE.key, passphrase=PASSPHRASE)})
    assert read("folder", tmp_path).reasons == {certificate: "bad_passphrase"}
    assert read("folder", tmp_path, passphrase=PASSPHRASE).keys == {ONE.fingerprint: key}
    assert f"{tmp_path}/{key}" in [bundle.path for bundle in list_key_files(str(tmp_path))]


def test_links_as_kubernetes_makes_them(tmp_path: Path, read: Reader) -> None:
    (tmp_path / "..2026_01_31").mkdir()
    write(tmp_path / "..2026_01_31", {"tls.crt": ONE.pem, "tls.key": ONE.key_pem})
    (tmp_path / "..data").symlink_to("..2026_01_31")
    for name in ("tls.crt", "tls.key"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    assert path_of_key(read("folder", tmp_path).entries[0]) == f"{tmp_path}/..2026_01_31/tls.key"


def test_a_key_store_is_the_key_only_of_the_certificate_in_it(tmp_path: Path, read: Reader) -> None:
    """An import would take that one."""
    renewed = AUTHORITY.issue("www.example.com", key=ONE.key)
    write(tmp_path, {"www.p12": pkcs12_of(ONE, PASSPHRASE), "www.crt": renewed.pem})
    found = read("folder", tmp_path, passphrase=PASSPHRASE)
    assert found.fingerprints == [ONE.fingerprint] and found.reasons == {"www.crt": "key_missing"}
    write(tmp_path, {"www.p12": pkcs12_of(ONE, PASSPHRASE, [renewed.certificate])})
    found = read("folder", tmp_path, passphrase=PASSPHRASE)
    assert found.entries == [] and {record["reason"] for record in found.skipped} == {"key_missing"}


def test_a_store_of_certificates_alone_has_issuers(tmp_path: Path, read: Reader) -> None:
    store = pkcs12.serialize_key_and_certificates(None, None, None, ONE.chain, NoEncryption())
    write(tmp_path, {"a.crt": ONE.pem, "a.key": ONE.key_pem, "b.p12": store})
    found = read("folder", tmp_path)
    assert found == Found(found.entries) and found.entries[0].chain.trust == "trusted"


# What is not taken


def test_a_cas_own_key_stays_where_it_is(tmp_path: Path, read: Reader) -> None:
    """Its certificate is a part of chains; a self-signed one for a host is what it seems."""
    write(tmp_path, {"ca.crt": pem_of(AUTHORITY.chain), "ca.key": key_pem(AUTHORITY.key)})
    write(tmp_path, {"www.crt": ONE.pem, "www.key": ONE.key_pem})
    key, host = new_key(), name_of("host.example.com")
    own = Issued(key, certificate_of(host, host, key, key, ca=True))
    write(tmp_path, {"host.crt": own.pem, "host.key": own.key_pem})
    found = read("folder", tmp_path)
    assert found == Found(found.entries)
    assert [(one.name, one.chain.trust) for one in found.entries] == [("host", "untrusted"), ("www", "trusted")]


def test_what_is_passed_over(tmp_path: Path, read: Reader) -> None:
    """Keys that no certificate has come for yet, requests, parameters, and files that are none of these."""
    write(
        tmp_path,
        {
            "next.key": OTHER.key_pem,
            "www.csr": ONE.csr_pem,
            "request.pem": ONE.csr_pem,
            "dhparam.pem": "-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----\n",
            "issuers.pem": ONE.chain_pem,
            "readme.txt": "-----BEGIN CERTIFICATE-----",
            "nothing.pem": b"",
            ".hidden.crt": "garbage",
            "._a.key": b"\x00\x05\x16\x07",
            "a.crt.bak": "garbage",
            "crt": "garbage",
        },
    )
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub", {"a.crt": ONE.pem, "a.key": ONE.key_pem})
    found = read("folder", tmp_path)
    assert found.entries == found.skipped == []


HALF = ONE.pem[: len(ONE.pem) // 2]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.crt", HALF, "malformed"),
        ("a.crt", ONE.csr_pem, "malformed"),
        ("a.pem", ONE.key_pem[:150], "malformed"),
        ("a.key", ONE.key_pem[:150], "malformed"),
        ("a.key", ONE.key_pem + OTHER.key_pem, "malformed"),
        ("a.p12", pkcs12_of(ONE, PASSPHRASE)[:200], "malformed"),
        ("a.ca-bundle", "garbage", "malformed"),
        ("a.pem", b"x" * (MAX_FILE_SIZE + 1), "too_large"),
    ],
    ids=map(str, itertools.count()),  # what they hold is another thing in each process
)
def test_files_that_cannot_be_used(name: str, content: str | bytes, reason: str, tmp_path: Path, read: Reader) -> None:
    write(tmp_path, {name: content, "www.crt": OTHER.pem, "www.key": OTHER.key_pem})
    found = read("folder", tmp_path)
    assert found.fingerprints == [OTHER.fingerprint] and found.reasons == {name: reason}


def _fifo(path: Path) -> None:
    os.mkfifo(path)


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "folder": (Path.mkdir, "not_a_file"),
    "pipe": (_fifo, "not_a_file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "not_a_file"),
    "broken_link": (lambda path: path.symlink_to("gone"), "broken_link"),
    "through_a_file": (lambda path: path.symlink_to("/etc/hostname/inner"), "unreadable"),
    "long_link": (lambda path: path.symlink_to("/" + "x" * 300), "unreadable"),
    "sparse": (lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 1 << 40), "too_large"),
}
"""What may be where a file is expected, none of which may keep the reader."""


@pytest.mark.parametrize("part", ["certificate", "key"])
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("kind", ODD)
def test_things_that_are_no_files(kind: str, client: str, part: str, tmp_path: Path, read: Reader) -> None:
    """There is one record; if the certificate can be read, with its facts."""
    kept = CLIENTS[client](tmp_path, "www.example.com", ONE)
    CLIENTS[client](tmp_path, "other.example.com", OTHER)
    path: Path = getattr(kept, part)
    path.unlink()
    make, reason = ODD[kind]
    make(path)
    found = read(client, tmp_path)
    assert found.fingerprints == [OTHER.fingerprint]
    [record] = found.skipped
    assert (record["reason"], record["common_name"]) == (reason, "www.example.com" if part == "key" else None)
    assert record["path"] == str(kept.certificate) and str(path) in record["message"]


def test_a_folder_of_a_certificate_that_may_not_be_read(
    tmp_path: Path, read: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    for client in ("certbot", "acme_sh"):
        CLIENTS[client](tmp_path / client, "www.example.com", ONE)
        closed = CLIENTS[client](tmp_path / client, "other.example.com", OTHER).own
        listing = os.listdir

        def refuse(path: str, closed: Path = closed, listing: Callable[[str], list[str]] = listing) -> list[str]:
            if path in {str(closed), str(tmp_path / "acme_sh/ca")}:
                raise PermissionError(13, "Permission denied", path)
            return listing(path)

        with monkeypatch.context() as patch:
            patch.setattr(os, "listdir", refuse)
            found = read(client, tmp_path / client)
        assert found.fingerprints == [ONE.fingerprint] and found.reasons == {closed.name: "unreadable"}
