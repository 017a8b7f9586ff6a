# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said about the certificates of sources: the records, their chains and trust. What is no source: `_sources/test_source.py`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError, Obstacle
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.options import build_mailbox_options
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.messages_import import why_empty
from ansible_collections.softlayer.certificates.plugins.module_utils._rotation.read_sources import (
    MAX_BATCH_SIZE,
    MailContent,
    read_mail,
    read_sources,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._sources.source import Source
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.bundle import Bundle, Origin
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from cryptography import x509

from tests.support.certificates import (
    DAY,
    NOW,
    PASSPHRASE,
    Authority,
    Issued,
    certificate_of,
    key_pem,
    name_of,
    new_key,
    pem_of,
    pkcs12_of,
)
from tests.support.client_trees import CLIENTS, Kept
from tests.support.sources import AUTHORITY, Found, Reader, chain_of, no_secrets, path_of_key
from tests.support.stored import view_with

pytest_plugins = ["tests.support.sources"]

NAME = "www.example.com"
ONE = AUTHORITY.issue(NAME, organization="Example Inc.")
OTHER = AUTHORITY.issue("other.example.com")


def iso(days: float) -> str:
    """A day from now, as it stands in results."""
    return (NOW + days * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")


def kept(folder: Path, issued: Issued, name: str = "one", chain: str | None = None) -> None:
    """Keep a certificate with its key in a plain folder."""
    (folder / f"{name}.crt").write_text(issued.pem + (issued.chain_pem if chain is None else chain))
    (folder / f"{name}.key").write_text(issued.key_pem)


# Records


def about(client: str, place: Kept) -> dict[str, Any]:
    """What is told of `ONE`, whether it can be used or not."""
    where = {"name": f"{NAME}_ecc" if client == "acme_sh" else NAME, "path": str(place.certificate)}
    names = {"common_name": NAME, "subject_alt_names": [NAME]}
    return {"source": client, **where, **names, "not_before": iso(-1), "not_after": iso(90)}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_certificate_with_its_key(client: str, tmp_path: Path, read: Reader) -> None:
    """It is a record that could be stored, with where it is; where its key is is told to nobody."""
    place = CLIENTS[client](tmp_path, NAME, ONE)
    found = read(client, tmp_path)
    [entry] = found.entries
    assert found == Found([entry])
    assert (entry.certificate.der, chain_of(entry)) == (ONE.der, ONE.chain_pem)
    assert (entry.record.id, entry.record.associated_service_count) == (None, 0)
    assert entry.key and (entry.key.real_path, entry.key.is_pkcs12) == (os.path.realpath(place.key), False)
    about_it = about(client, place)
    assert entry.as_location() == {name: about_it[name] for name in ("source", "name", "path")}
    assert entry.chain.trust == "trusted"
    assert entry.key.real_path not in repr(entry)


@pytest.mark.parametrize("client", CLIENTS)
def test_the_record_of_what_cannot_be_used(client: str, tmp_path: Path, read: Reader) -> None:
    place = CLIENTS[client](tmp_path, NAME, ONE)
    place.key.unlink()
    [record] = read(client, tmp_path).skipped
    assert str(place.certificate) in record.pop("message")
    assert record == {**about(client, place), "outcome": "skipped", "reason": "key_missing"}


def read_several(
    sources: Sequence[dict[str, Any]],
    read_mailbox: Callable[[int, Mapping[str, str]], MailContent] | None = None,
    warn: Callable[[str], object] = print,
) -> Any:
    """What several sources hold; where `AUTHORITY` is trusted."""
    view = view_with(AUTHORITY.root)
    look = read_mailbox or (lambda _position, _keys: MailContent())
    return read_sources([Source.of(one) for one in sources], look, no_secrets, None, (), view, warn, print)


# Chains and trust


def judged(read: Reader, folder: Path, **others: Any) -> tuple[str, str]:
    """Trust and chain of the one certificate of a folder."""
    [entry] = read("folder", folder, **others).entries
    return entry.chain.trust, chain_of(entry)


def test_an_issuer_that_only_other_files_have(tmp_path: Path, read: Reader) -> None:
    kept(tmp_path, ONE, chain="")
    assert judged(read, tmp_path) == ("incomplete", "")
    (tmp_path / "issuers.ca-bundle").write_text(pem_of([*Authority("Stranger").chain, *ONE.chain]))
    assert judged(read, tmp_path) == ("trusted", ONE.chain_pem)


def test_certificates_of_other_entries_do_not_change_a_chain_that_is_complete(tmp_path: Path, read: Reader) -> None:
    """Here another root has signed the trusted root's name and key, so that a longer chain would do, too."""
    key = new_key()
    elder = certificate_of(name_of("Elder"), name_of("Elder"), key, key, ca=True)
    crossed = certificate_of(AUTHORITY.root.subject, elder.subject, AUTHORITY._above[0], key, ca=True)
    both = tmp_path / "both.pem"
    both.write_text(pem_of([AUTHORITY.root, elder]))
    kept(tmp_path, ONE)
    kept(tmp_path, OTHER, "other", pem_of([*OTHER.chain, crossed]))
    chains = {one.name: chain_of(one) for one in read("folder", tmp_path, roots=both).entries}
    assert chains == {"one": ONE.chain_pem, "other": pem_of([*OTHER.chain, crossed])}


def test_the_issuers_of_a_key_store_are_those_in_it(tmp_path: Path, read: Reader) -> None:
    """An import takes no others."""
    (tmp_path / "one.p12").write_bytes(pkcs12_of(ONE, PASSPHRASE, []))
    (tmp_path / "issuers.pem").write_text(ONE.chain_pem)
    assert judged(read, tmp_path, passphrase=PASSPHRASE) == ("incomplete", "")
    (tmp_path / "one.p12").write_bytes(pkcs12_of(ONE, PASSPHRASE))
    assert judged(read, tmp_path, passphrase=PASSPHRASE) == ("trusted", ONE.chain_pem)


def test_many_certificates_of_one_issuer_are_all_judged(tmp_path: Path, read: Reader) -> None:
    """The work for one pile of certificates is limited; a source has several piles."""
    key = new_key()
    for number in range(2 * MAX_BATCH_SIZE + 1):
        kept(tmp_path, AUTHORITY.issue(f"{number}.example.com", key=key), str(number), chain="")
    (tmp_path / "issuers.pem").write_text(ONE.chain_pem)
    found = read("folder", tmp_path)
    assert len(found.entries) == 2 * MAX_BATCH_SIZE + 1
    assert {one.chain.trust for one in found.entries} == {"trusted"}


# Mail


def letter(issued: Issued, issuers: Sequence[x509.Certificate] = (), name: str = NAME) -> Bundle:
    """What an email has."""
    return Bundle(
        (Certificate(issued.der),),
        tuple(map(Certificate.from_library, issuers)),
        origin=Origin(name, "<1@example.com>"),
    )


def mail(*found: Issued) -> MailContent:
    """What a mailbox has."""
    return MailContent([letter(one, one.chain if number == 0 else ()) for number, one in enumerate(found)])


def test_certificates_from_mail(tmp_path: Path, read: Reader) -> None:
    """They are called by their keys; the issuers in one email are good for all."""
    (tmp_path / "one.key").write_text(ONE.key_pem)
    (tmp_path / "two.pem").write_text(key_pem(OTHER.key, passphrase=PASSPHRASE))
    (tmp_path / "waiting.key").write_text(key_pem(new_key()))
    (tmp_path / "readme.txt").write_text("not read")
    asked: list[str] = []

    def read_mailbox(keys: Sequence[str]) -> MailContent:
        asked.extend(keys)
        return mail(ONE, OTHER)

    found = read("mail", "", mail=read_mailbox, privatekey_dir=str(tmp_path), passphrase=PASSPHRASE)
    assert found == Found(found.entries)
    assert sorted(asked) == [str(tmp_path / name) for name in ("one.key", "two.pem", "waiting.key")]
    shown = [(one.as_location(), path_of_key(one), one.certificate.der, one.chain.trust) for one in found.entries]
    assert shown == [
        ({"source": "mail", "name": path.stem, "path": str(path)}, str(path), issued.der, "trusted")
        for path, issued in ((tmp_path / "one.key", ONE), (tmp_path / "two.pem", OTHER))
    ]


def test_a_mailbox_is_searched_for_keys(tmp_path: Path, read: Reader) -> None:
    """What is found is called as its certificate; of what is not found it is said which key waits for it."""
    keys = {Certificate(one.der).public_key_sha256: f"/keys/{name}.key" for name, one in (("a", ONE), ("b", OTHER))}
    warned: list[str] = []
    params = {"trust": "require", "trusted_ca_path": str(read.roots)}
    module: Any = SimpleNamespace(params=params, warn=warned.append)
    options: dict[str, Any] = {name: option.get("default") for name, option in build_mailbox_options().options.items()}

    def look() -> MailContent:
        return read_mail(module, {**options, "paths": [str(tmp_path / "mails")]}, keys, ())

    assert look() == MailContent(why_empty=Obstacle("not_found", {"path": f"{tmp_path}/mails"}))
    (tmp_path / "mails").mkdir()
    why = look().why_empty
    assert why and why.reason == "no_messages" and f"last 30 days in {tmp_path}" in why.facts["error"]
    message = f"Message-ID: <1@example.com>\nSubject: Issued\n\n{ONE.pem}{ONE.chain_pem}"
    (tmp_path / "mails/a.eml").write_text(message)
    there = look()
    assert [(one.certificate, one.origin) for one in there.bundles] == [
        (Certificate(ONE.der), Origin(NAME, f"{tmp_path}/mails/a.eml"))
    ]
    assert there.bundles[0].issuers == tuple(map(Certificate.from_library, ONE.chain)) and there.bundles[0].key is None
    assert [(one["path"], one["reason"]) for one in there.missing_keys] == [("/keys/b.key", "waiting_for_email")]
    assert there.why_empty is None and warned == []


def test_without_a_key_no_mailbox_is_opened(tmp_path: Path, read: Reader) -> None:
    """One that cannot be read is no key."""
    (tmp_path / "garbage.key").write_text("garbage")

    def read_mailbox(_keys: Sequence[str]) -> MailContent:
        raise AssertionError("there is nothing to look for")

    assert read("mail", "", mail=read_mailbox, privatekey_dir=str(tmp_path)).reasons == {"garbage.key": "malformed"}


def test_a_mailbox_that_cannot_be_read_stops_no_other_source(tmp_path: Path) -> None:
    """It is a failure of its own, with its reason."""
    kept(tmp_path, ONE)

    def read_mailbox(position: int, _keys: Mapping[str, str]) -> MailContent:
        assert position == 1
        raise CertificatesError("authentication_failed", "Wrong password.", host="mail.example.com")

    mailbox = {"mail": {}, "privatekey_dir": str(tmp_path)}
    found = read_several([{"folder": str(tmp_path)}, mailbox, {"folder": str(tmp_path)}], read_mailbox)
    assert [one.source for one in found.entries] == ["folder", "folder"]
    [failed] = found.failed_records
    about = ("the mailbox", "authentication_failed", "Wrong password.")
    assert tuple(failed[name] for name in ("common_name", "reason", "message")) == about


def test_keys_that_cannot_be_read_are_said_whatever_the_mail_has(tmp_path: Path, read: Reader) -> None:
    (tmp_path / "locked.key").write_text(key_pem(new_key(), passphrase=PASSPHRASE))
    (tmp_path / "chain.pem").write_text(ONE.chain_pem)
    found = read("mail", "", mail=mail(), privatekey_dir=str(tmp_path))
    assert found == Found(skipped=found.skipped) and found.reasons == {"locked.key": "bad_passphrase"}


def test_a_certificate_from_mail_is_called_as_its_email_says(tmp_path: Path, read: Reader) -> None:
    """If its key is missing."""
    (tmp_path / "other.key").write_text(key_pem(new_key()))
    answer = MailContent([letter(ONE, name="b.example.com")])
    (skipped,) = read("mail", "", mail=answer, privatekey_dir=str(tmp_path)).skipped
    assert (skipped["name"], skipped["path"]) == ("b.example.com", "<1@example.com>")
    assert skipped["reason"] == "key_missing"


def test_a_certificate_from_mail_that_cannot_be_used(tmp_path: Path, read: Reader) -> None:
    """Keys that no email has come for are of no interest: emails are deleted, keys are kept."""
    about = {"order_id": None, "common_name": None, "subject_alt_names": [], "public_key_sha256": "00"}
    about |= {"not_before": None, "not_after": None}
    refused = ("untrusted", "chain_incomplete")
    missing = [
        {**about, "path": f"/keys/{reason}.key", "reason": reason, "message": f"It is {reason}."}
        for reason in (*refused, "waiting_for_email", "no_public_key")
    ]
    for name, days in {"expired": -1, "not_yet_valid": 1}.items():
        came = {"not_after": iso(days), "reason": "waiting_for_email", "message": "It is not valid now."}
        missing.append({**about, "path": f"/keys/{name}.key", **came})
    (tmp_path / "any.key").write_text(key_pem(new_key()))
    found = read("mail", "", mail=MailContent(missing_keys=missing), privatekey_dir=str(tmp_path))
    assert found.reasons == {f"{reason}.key": reason for reason in (*refused, "expired", "not_yet_valid")}
    told = {"source": "mail", "name": "untrusted", "outcome": "skipped", **missing[0]}
    assert found.skipped[0] == {name: told[name] for name in told if name not in {"order_id", "public_key_sha256"}}


# What is there, and no certificate


@pytest.mark.parametrize("kind", [*CLIENTS, "folder"])
@pytest.mark.parametrize(
    ("what", "why"), [("empty", "empty"), ("other", "nothing"), ("missing", "not_found"), ("unmounted", "not_found")]
)
def test_a_source_that_brings_nothing(kind: str, what: str, why: str, tmp_path: Path, read: Reader) -> None:
    """It does not fail, nor is it a warning: a client may have nothing yet."""
    path = tmp_path / "source"
    if what == "unmounted":
        path.symlink_to(tmp_path / "disk")
    elif what != "missing":
        path.mkdir()
    if what == "other":
        (path / "sub").mkdir()
        (path / "sub/readme.txt").write_text("")
        (path / "readme.txt").write_text("")
    message = why_empty(Obstacle(why, {"path": str(path)}), kind)
    assert read(kind, path) == Found(empty=[{"source": kind, "path": str(path), "message": message}])


@pytest.mark.parametrize("kind", ["lego", "acme_sh", "folder"])
def test_a_source_that_is_of_another_kind(kind: str, tmp_path: Path, read: Reader) -> None:
    CLIENTS["certbot"](tmp_path, NAME, ONE)
    [empty] = read(kind, tmp_path).empty
    assert empty["message"] == why_empty(Obstacle("other_kind", {"path": str(tmp_path), "kind": "certbot"}), kind)


def test_mail_brings_nothing_without_keys_or_messages(tmp_path: Path, read: Reader) -> None:
    keys = tmp_path / "keys"
    missing = read("mail", "", mail=MailContent(), privatekey_dir=str(keys))
    keys.mkdir()
    (keys / "readme.txt").write_text("")
    none = read("mail", "", mail=MailContent(), privatekey_dir=str(keys))
    (keys / "one.key").write_text(ONE.key_pem)
    no_messages = Obstacle[str]("no_messages", {"error": "No messages."})
    empty = read("mail", "", mail=MailContent(why_empty=no_messages), privatekey_dir=str(keys))
    why = (*(Obstacle(reason, {"path": str(keys)}) for reason in ("not_found", "nothing")), no_messages)
    assert [found.empty[0]["message"] for found in (missing, none, empty)] == [why_empty(one, "mail") for one in why]
    assert not read("mail", "", mail=mail(), privatekey_dir=str(keys)).empty, "emails have come, for other keys"


def test_a_source_that_is_missing_or_cannot_be_read_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("good", "locked"):
        CLIENTS["certbot"](tmp_path / name, NAME, ONE)
    listed = os.listdir

    def refuse(path: str) -> list[str]:
        if "locked" in str(path):
            raise PermissionError(13, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr(os, "listdir", refuse)
    found = read_several([{"certbot": str(tmp_path / name)} for name in ("gone", "locked", "good")])
    assert [one["path"] for one in found.empty_records] == [str(tmp_path / "gone")]
    [failed] = found.failed_records
    assert (failed["common_name"], failed["reason"]) == ("the source certbot", "not_found")
    assert f"{tmp_path}/locked/live: Permission denied" in failed["message"]
    assert len(found.entries) == 1


def test_a_folder_of_which_nothing_can_be_used_is_reported(tmp_path: Path, read: Reader) -> None:
    """As with a mistyped passphrase. One that can be used means that the folder is the right one."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.p12").write_bytes(pkcs12_of(AUTHORITY.issue(f"{name}.example.com"), PASSPHRASE, []))
    [warning] = read("folder", tmp_path, passphrase="mistyped").warnings
    assert f"Cannot use any of the 2 certificates in {tmp_path}. one" in warning
    kept(tmp_path, ONE, "good")
    assert read("folder", tmp_path, passphrase="mistyped").warnings == []
