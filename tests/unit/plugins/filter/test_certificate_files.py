# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter certificate_files: what lies beside each other on the controller, and what is waited for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.filter import certificate_files as plugin
from ansible_collections.softlayer.certificates.plugins.module_utils._orders import import_files as order_files
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.read import read_certificates

from tests.support.certificates import PASSPHRASE, Authority, Issued, key_pem

certificate_files = plugin.FilterModule().filters()["certificate_files"]

ALL = ("www.example.com.crt", "www.example.com.ca-bundle", "www.example.com.key")


def order(**others: Any) -> dict[str, Any]:
    """An order as `ssl_order_info` returns it."""
    return {"id": 1, "common_name": "www.example.com", "status": "approved", "days_until_expiry": 30, **others}


def found(folder: Path, *names: str, **others: Any) -> dict[str, Any]:
    """What the filter finds for one order where these files are."""
    for name in names:
        (folder / name).touch()
    result: dict[str, Any] = certificate_files([order(**others)], str(folder), str(folder))
    return result


def test_all_that_belongs_to_an_order(tmp_path: Path) -> None:
    certificate, chain, key = (str(tmp_path / name) for name in ALL)
    options = {"certificate_path": certificate, "intermediate_path": chain, "privatekey_path": key}
    assert found(tmp_path, *ALL) == {"ready": [{"order_id": 1, **options}], "skipped": []}


@pytest.mark.parametrize(
    ("missing", "reason"), [(".crt", "waiting_for_certificate"), (".key", "waiting_for_key"), (".ca-bundle", None)]
)
def test_what_is_waited_for(tmp_path: Path, missing: str, reason: str | None) -> None:
    """The intermediate certificates alone are no certificate."""
    there = (name.replace("www", "_") for name in ALL if not name.endswith(missing))
    result = found(tmp_path, *there, common_name="*.example.com")
    assert [entry["reason"] for entry in result["skipped"]] == ([reason] if reason else [])
    expected = f" The expected path is {tmp_path}/_.example.com{missing}."
    assert [entry["message"].endswith(expected) for entry in result["skipped"]] == ([True] if reason else [])
    assert len(result["ready"]) == (0 if reason else 1)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"status": "pending"}, "pending"),
        ({"status": "canceled"}, "canceled"),
        ({"status": "unknown"}, "unknown_status"),
        ({"expires_at": "2020-01-31T00:00:00Z"}, "expired"),
    ],
)
def test_an_order_without_a_certificate_is_left_alone_whatever_lies_there(
    tmp_path: Path, facts: dict[str, str], reason: str
) -> None:
    assert [entry["reason"] for entry in found(tmp_path, *ALL, **facts)["skipped"]] == [reason]


NFC, NFD = "m\u00fcnchen.example", "mu\u0308nchen.example"


@pytest.mark.parametrize("name", [NFC, NFD, NFD.upper(), "xn--mnchen-3ya.example", "XN--MNCHEN-3YA.Example"])
@pytest.mark.parametrize(
    "stem", [NFC, NFD, NFC.upper(), NFD.title(), "xn--mnchen-3ya.example", "XN--MNCHEN-3YA.EXAMPLE"]
)
@pytest.mark.parametrize("endings", [(".crt", ".ca-bundle", ".key"), (".CRT", ".Chain.PEM", ".Key")])
def test_names_of_files_in_whatever_spelling(tmp_path: Path, name: str, stem: str, endings: tuple[str, ...]) -> None:
    """As macOS, memory sticks and some archives write them."""
    certificate, chain, key = (str(tmp_path / f"{stem}{ending}") for ending in endings)
    options = {"certificate_path": certificate, "intermediate_path": chain, "privatekey_path": key}
    files = (os.path.basename(path) for path in options.values())
    assert found(tmp_path, *files, common_name=name) == {"ready": [{"order_id": 1, **options}], "skipped": []}


def test_the_exact_name_goes_before_what_is_like_it(tmp_path: Path) -> None:
    """In the form that the order has, then in the others."""
    files = [*ALL, *(name.upper() for name in ALL), *(name.title() for name in ALL)]
    (ready,) = found(tmp_path, *files)["ready"]
    assert [os.path.basename(ready[f"{kind}_path"]) for kind in ("certificate", "intermediate", "privatekey")] == [*ALL]
    unicode, ascii = f"{NFC}.key", "xn--mnchen-3ya.example.key"
    for name, exact in (NFC, unicode), ("xn--mnchen-3ya.example", ascii):
        given = [f"{NFC}.crt", unicode, ascii, f"{NFD}.key"]
        assert found(tmp_path, *given, common_name=name)["ready"][0]["privatekey_path"] == str(tmp_path / exact)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (".crt", "waiting_for_certificate"),
        (".ca-bundle", "waiting_for_certificate"),
        (".key", "waiting_for_key"),
    ],
)
def test_of_two_names_that_are_only_alike_none_is_taken(tmp_path: Path, kind: str, reason: str) -> None:
    alike = [f"{name}{kind.upper()}" for name in ("WWW.EXAMPLE.COM", "Www.example.com")]
    result = found(tmp_path, *alike, *(name for name in ALL if not name.endswith(kind)))
    [skipped] = result["skipped"]
    assert (result["ready"], skipped["reason"], skipped["needs_attention"]) == ([], reason, True)
    assert all(name in skipped["message"] for name in (*alike, str(tmp_path), f"www.example.com{kind}"))
    assert found(tmp_path, status="canceled")["skipped"][0]["reason"] == "canceled", "what matters more is said"
    assert len(found(tmp_path, f"www.example.com{kind}")["ready"]) == 1, "the remedy helps"


def test_only_spellings_of_its_own_name_are_an_orders(tmp_path: Path) -> None:
    """Neither names that look alike, nor ones that are equal in other rules than those of host names."""
    others = [
        *("strasse.example", "xstraße.example", "straße.example.com", "stra\u00dfe.exampl", "STRASSE.EXAMPLE"),
        "straße.example.old",
    ]
    given = [f"{stem}{ending}" for stem in others for ending in (".crt", ".key")]
    (waiting,) = found(tmp_path, *given, "straße.example.csr", common_name="straße.example")["skipped"]
    assert waiting["reason"] == "waiting_for_certificate"


def test_a_folder_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what is not in it is not asked for: ten thousand orders take seconds."""
    listed, asked = [], []
    listdir, exists = os.listdir, os.path.exists
    monkeypatch.setattr(os, "listdir", lambda path: listed.append(path) or listdir(path))
    monkeypatch.setattr(os.path, "exists", lambda path: asked.append(path) or exists(path))
    folders = [tmp_path / name for name in ("certificates", "keys")]
    for folder in folders:
        folder.mkdir()
    (folders[0] / "7.EXAMPLE.crt").touch()
    (folders[1] / "7.example.KEY").touch()
    orders = [order(id=number, common_name=f"{number}.example") for number in range(1, 1001)]
    result = certificate_files(orders, *map(str, folders))
    assert [one["order_id"] for one in result["ready"]] == [7]
    assert sorted(path for path in listed if str(tmp_path) in str(path)) == sorted(map(str, folders))
    assert len([path for path in asked if str(tmp_path) in str(path)]) == 2


def test_a_folder_that_may_not_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files in it are found by their exact names, as the permission `--x` means it."""
    for name in ALL:
        (tmp_path / name).touch()

    def refuse(_path: str) -> list[str]:
        raise PermissionError

    monkeypatch.setattr(os, "listdir", refuse)
    assert len(certificate_files([order()], str(tmp_path), str(tmp_path))["ready"]) == 1


def test_names_of_files_that_are_no_text(tmp_path: Path) -> None:
    """Bytes that are no UTF-8, and labels that no host may have, hide nothing else."""
    odd = (b"\xff\xfe.key", b"\xff", b"x" * 250, "é".encode() * 120, b". ..", b"[a-\xc3\xa9].key")
    for name in (*odd, "\u0301.\u200d.key".encode()):
        (tmp_path / os.fsdecode(name)).touch()
    assert len(found(tmp_path, *(name.upper() for name in ALL))["ready"]) == 1


def test_files_of_an_order_without_a_common_name(tmp_path: Path) -> None:
    """They have the first of its names; nothing is found for one that has none."""
    names = ["*.example.org", "example.org"]
    given = ["_.example.org.crt", "_.example.org.key", "example.org.crt", ".crt", ".key"]
    result = found(tmp_path, *given, common_name=None, subject_alt_names=names)
    assert [entry["privatekey_path"] for entry in result["ready"]] == [str(tmp_path / "_.example.org.key")]
    (waiting,) = found(tmp_path, common_name=None, subject_alt_names=["b.example.org"])["skipped"]
    assert (waiting["reason"], waiting["common_name"]) == ("waiting_for_certificate", None)
    assert waiting["subject_alt_names"] == ["b.example.org"]
    (nameless,) = found(tmp_path, common_name=None)["skipped"]
    assert (nameless["reason"], nameless["subject_alt_names"]) == ("waiting_for_certificate", [])
    assert nameless["message"].endswith("manually with ssl_certificate_import.")


def test_an_order_with_a_common_name_and_one_without_may_share_a_name(tmp_path: Path) -> None:
    """Then a file is the order's that has its public key."""
    orders = [
        order(id=1, public_key_sha256=key_of(OLD)),
        order(id=2, public_key_sha256=key_of(NEW), common_name=None, subject_alt_names=["WWW.example.com"]),
    ]
    (tmp_path / "www.example.com.crt").write_text(NEW.pem)
    (tmp_path / "www.example.com.key").write_text(NEW.key_pem)
    result = certificate_files(orders, str(tmp_path), str(tmp_path))
    assert [entry["order_id"] for entry in result["ready"]] == [2]
    assert [(entry["order_id"], entry["reason"]) for entry in result["skipped"]] == [(1, "waiting_for_certificate")]


OLD, NEW, STRANGER = (Authority().issue("www.example.com") for _ in range(3))


def key_of(issued: Issued) -> str:
    """The SHA-256 of a certificate's public key."""
    [certificate] = read_certificates(issued.pem.encode())
    return certificate.public_key_sha256


def in_mail(issued: Issued, order_id: int | None) -> dict[str, Any]:
    """A certificate as `ssl_fulfillment_email_info` returns it."""
    certificate = read_certificates(issued.pem.encode())[0]
    return {
        **certificate.facts(),
        "order_id": order_id,
        "certificate": issued.pem,
        "intermediate_certificate": issued.chain_pem,
    }


def renewed(folder: Path, certificate: Issued, key: Issued, **others: Any) -> dict[int, str]:
    """What is said of an order and of its successor of the same name, with one file of each kind; empty if it is ready."""
    orders = [
        order(**{"id": 1, "public_key_sha256": key_of(OLD), **others}),
        order(id=2, public_key_sha256=key_of(NEW)),
    ]
    (folder / "www.example.com.crt").write_text(certificate.pem)
    (folder / "www.example.com.key").write_text(key_pem(key.key, passphrase=PASSPHRASE))
    result = certificate_files(orders, str(folder), str(folder), privatekey_passphrase=PASSPHRASE)
    return {entry["order_id"]: entry.get("reason", "") for entry in [*result["ready"], *result["skipped"]]}


def test_after_a_renewal_files_belong_to_the_order_with_their_public_key(tmp_path: Path) -> None:
    assert renewed(tmp_path, NEW, NEW) == {1: "waiting_for_certificate", 2: ""}
    assert renewed(tmp_path, OLD, NEW) == {1: "waiting_for_key", 2: "waiting_for_certificate"}
    assert renewed(tmp_path, OLD, OLD) == {1: "", 2: "waiting_for_certificate"}


def test_after_a_renewal_the_old_order_is_done_if_it_was_imported(tmp_path: Path) -> None:
    assert renewed(tmp_path, NEW, NEW, imported=True) == {1: "already_imported", 2: ""}


def test_an_order_that_was_replaced_is_left_alone_whatever_lies_there(tmp_path: Path) -> None:
    assert renewed(tmp_path, OLD, OLD, superseded_by=[7, 9]) == {1: "superseded", 2: "waiting_for_certificate"}
    facts = order(public_key_sha256=key_of(OLD), superseded_by=[7, 9])
    forced = certificate_files([facts], str(tmp_path), str(tmp_path), privatekey_passphrase=PASSPHRASE, force=True)
    assert [entry["order_id"] for entry in forced["ready"]] == [1]


def test_the_key_of_an_order_that_is_not_selected_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "www.example.com.crt").write_text(OLD.pem)
    (tmp_path / "www.example.com.key").write_text(NEW.key_pem)
    facts = order(public_key_sha256=key_of(OLD))
    from_file = certificate_files([facts], str(tmp_path), str(tmp_path))
    mail = in_mail(OLD, 1) | {"intermediate_certificate": None}
    from_mail = certificate_files([facts], None, str(tmp_path), [mail])
    for result in (from_file, from_mail):
        assert [(entry["order_id"], entry["reason"]) for entry in result["skipped"]] == [(1, "waiting_for_key")]
        assert result["skipped"][0]["needs_attention"]
    (tmp_path / "www.example.com.key").unlink()
    (waiting,) = certificate_files([facts], str(tmp_path), str(tmp_path))["skipped"]
    assert waiting["reason"] == "waiting_for_key" and not waiting["needs_attention"], "it may still come"
    (tmp_path / "www.example.com.key").write_text(OLD.key_pem)
    assert certificate_files([facts], str(tmp_path), str(tmp_path))["skipped"] == []


def test_several_certificates_of_one_key_are_each_taken_or_reported(tmp_path: Path) -> None:
    """Two signing requests may have been made with one key."""
    key = Authority().issue("a.example.com").key
    mails = [
        in_mail(Authority().issue(name, key=key), None) for name in ("a.example.com", "b.example.com", "c.example.com")
    ]
    for name in ("a", "b"):
        (tmp_path / f"{name}.example.com.key").write_text(key_pem(key))
    found = order_files.find_certificate_files(None, None, str(tmp_path), [*mails, mails[0]])
    assert [entry["certificate_content"] for entry in found["ready"]] == [mail["certificate"] for mail in mails[:2]]
    assert [(one["order_id"], one["common_name"]) for one in found["skipped"]] == [(None, "c.example.com")]


def test_of_an_orders_certificates_from_several_mailboxes_the_newest_is_taken(tmp_path: Path) -> None:
    """Also of an order without a name, which has that of its certificate."""
    key = tmp_path / "www.example.com.key"
    key.touch()
    old, new = in_mail(OLD, 1) | {"not_before": "2026-01-01T00:00:00Z"}, in_mail(NEW, 1)
    for mails, name in (([old, new], "www.example.com"), ([new, old], None)):
        [ready] = certificate_files([order(id="1", common_name=name)], None, str(tmp_path), mails)["ready"]
        assert (ready["order_id"], ready["certificate_content"]) == (1, NEW.pem)
        assert ready["privatekey_path"] == str(key)


def test_a_key_that_is_no_file_is_left_to_the_import_to_refuse(tmp_path: Path) -> None:
    (tmp_path / "www.example.com.crt").touch()
    os.mkfifo(tmp_path / "www.example.com.key")
    assert certificate_files([order()], str(tmp_path), str(tmp_path))["skipped"] == []


def test_files_of_none_of_the_orders_are_left_to_the_import_to_refuse(tmp_path: Path) -> None:
    assert renewed(tmp_path, STRANGER, STRANGER) == {1: "", 2: ""}
    (tmp_path / "www.example.com.key").write_text("no key")
    assert renewed(tmp_path, NEW, NEW, public_key_sha256=None)[2] == ""


def test_issuers_that_were_not_saved_beside_the_certificate(tmp_path: Path) -> None:
    """Of the known ones those are taken that issued it."""
    known = tmp_path / "known.pem"
    known.write_text(STRANGER.chain_pem + NEW.chain_pem, encoding="ascii")
    (tmp_path / "www.example.com.crt").write_text(NEW.pem)
    (tmp_path / "www.example.com.key").write_text(NEW.key_pem)
    result = certificate_files([order()], str(tmp_path), str(tmp_path), intermediate_path=str(known))
    assert [entry["intermediate_content"] for entry in result["ready"]] == [NEW.chain_pem]


def test_lists_that_are_none_are_empty(tmp_path: Path) -> None:
    nothing: dict[str, Any] = {"ready": [], "skipped": []}
    assert certificate_files(None, str(tmp_path), str(tmp_path)) == nothing
    assert certificate_files([], None, str(tmp_path), []) == nothing
