# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key of a certificate that a source has is read when it is stored: what its files have become by then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._store.check import ImportOptions
from ansible_collections.softlayer.certificates.plugins.module_utils._store.plan_import import (
    ImportAction,
    check_bundle,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._store.read_files import load_key, read_item
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.bundle import Bundle, KeyRef
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.keys import list_key_texts, read_private_key

from tests.support.certificates import PASSPHRASE, Authority, Issued, key_pem, pem_of, pkcs12_of
from tests.support.failing import fails
from tests.support.stored import view_with

AUTHORITY = Authority()
ONE, OTHER = AUTHORITY.issue("www.example.com"), AUTHORITY.issue("www.example.com")
SAME_KEY = AUTHORITY.issue("www.example.com", key=ONE.key)
CLIENTS = view_with(AUTHORITY.root)


class Hidden(set[str]):
    """What is kept out of all output."""

    def __call__(self, *texts: str) -> None:
        self.update(texts)


def found(path: Path, *, is_pkcs12: bool = False) -> Bundle:
    """What a source had when it was read."""
    leaf = Certificate(ONE.der)
    key = KeyRef(leaf.public_key_sha256, real_path=str(path), is_pkcs12=is_pkcs12)
    return Bundle((leaf,), tuple(map(Certificate.from_library, ONE.chain)), key)


def checked(bundle: Bundle) -> ImportAction:
    """What becomes of it."""
    known = ImportAction("imported", None, {}, certificate=Certificate(ONE.der))
    return check_bundle(known, bundle, ImportOptions(trust="require"), CLIENTS.anchors(), CLIENTS)


@pytest.mark.parametrize(
    "content",
    [ONE.key_pem, key_pem(ONE.key, passphrase=PASSPHRASE), ONE.key_pem + ONE.pem, ONE.pem + ONE.key_pem],
    ids=["plain", "locked", "before a certificate", "after a certificate"],
)
def test_a_key_is_read_from_its_file(content: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(content)
    hidden = Hidden()
    action = checked(load_key(found(tmp_path / "key"), PASSPHRASE, hidden))
    assert (action.outcome, action.reason, action.warnings) == ("imported", None, ())
    assert action.expected_content.as_template() == {
        "certificate": ONE.pem,
        "privateKey": ONE.key_pem,
        "intermediateCertificate": ONE.chain_pem,
    }
    assert hidden >= list_key_texts(content.encode()) | list_key_texts(ONE.key_pem.encode())


def test_a_key_that_is_held_is_not_searched_for() -> None:
    held = Bundle((Certificate(ONE.der),), key=KeyRef.from_key(read_private_key(ONE.key_pem.encode())))
    hidden = Hidden()
    assert load_key(held, None, hidden) == held and hidden == list_key_texts(ONE.key_pem.encode())


def test_what_is_in_pkcs12_comes_with_the_key(tmp_path: Path) -> None:
    """What the chain does not need is told."""
    path = tmp_path / "one.p12"
    path.write_bytes(pkcs12_of(ONE, PASSPHRASE, [*ONE.chain, AUTHORITY.root]))
    hidden = Hidden()
    action = checked(load_key(found(path, is_pkcs12=True), PASSPHRASE, hidden))
    assert action.outcome == "imported" and action.expected_content.intermediates == tuple(
        map(Certificate.from_library, ONE.chain)
    )
    assert [warning.reason for warning in action.warnings] == ["left_out"]
    assert hidden == list_key_texts(ONE.key_pem.encode())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (OTHER.key_pem.encode(), "key_mismatch"),
        (ONE.key_pem[:60].encode(), "invalid_pem"),
        (b"", "invalid_pem"),
        (key_pem(ONE.key, passphrase="another").encode(), "bad_passphrase"),
        (None, "not_found"),
    ],
    ids=["another", "half", "empty", "locked", "gone"],
)
def test_a_key_that_was_replaced_meanwhile(content: bytes | None, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    hidden = Hidden()
    action = checked(load_key(found(path), PASSPHRASE, hidden))
    assert (action.outcome, action.reason) == ("failed", reason) and str(path) in action.message
    assert action.certificate == Certificate(ONE.der)
    assert hidden >= list_key_texts(content or b"")


@pytest.mark.parametrize(
    ("becomes", "passphrase", "reason"),
    [
        (OTHER, PASSPHRASE, "key_mismatch"),
        (SAME_KEY, PASSPHRASE, "key_mismatch"),
        (ONE, "another", "bad_passphrase"),
        (None, "", "invalid_pem"),
    ],
    ids=["another", "another of the key", "locked", "half"],
)
def test_pkcs12_that_was_replaced_meanwhile(
    becomes: Issued | None, passphrase: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "one.p12"
    path.write_bytes(pkcs12_of(becomes, passphrase) if becomes else pkcs12_of(ONE, PASSPHRASE)[:99])
    action = checked(load_key(found(path, is_pkcs12=True), PASSPHRASE, Hidden()))
    assert (action.outcome, action.reason) == ("failed", reason) and str(path) in action.message
    assert action.certificate == Certificate(ONE.der)


# What a user gives


def item(**given: Any) -> dict[str, Any]:
    """The options of one certificate."""
    names = ("certificate", "privatekey", "intermediate", "csr")
    unset = {f"{name}_{form}": None for name in names for form in ("content", "path")}
    return {**unset, "pkcs12_path": None, "pkcs12_passphrase": None, "privatekey_passphrase": None, **given}


def test_the_parts_may_be_files_or_texts(tmp_path: Path) -> None:
    (tmp_path / "all.pem").write_text(pem_of(ONE.all))
    given = item(certificate_path=str(tmp_path / "all.pem"), privatekey_content=ONE.key_pem, csr_content=ONE.csr_pem)
    hidden = Hidden()
    there = read_item(given, hidden)
    assert (
        there.problem is None
        and there.matching_certificates == (Certificate(ONE.der),)
        and len(there.certificates) == 3
    )
    assert there.request and there.request.to_pem() == ONE.csr_pem and there.key and there.key.path == ""
    assert hidden == list_key_texts(ONE.key_pem.encode())
    with fails("not_found"):
        read_item(item(certificate_path=str(tmp_path / "none")), hidden)


def test_what_is_wrong_is_said_of_the_first_part(tmp_path: Path) -> None:
    """A key that was not given is one that is empty; a CSR may come with PKCS#12, too."""
    for missing in ("certificate", "private key"):
        parts = {"private key": {"certificate_content": ONE.pem}}.get(missing, {"privatekey_content": ONE.key_pem})
        problem = read_item(item(**parts), Hidden()).problem
        assert problem and problem.reason == "invalid_pem" and missing in str(problem.facts)
    path = tmp_path / "one.p12"
    path.write_bytes(pkcs12_of(ONE, PASSPHRASE))
    of_store = {"pkcs12_path": str(path), "pkcs12_passphrase": PASSPHRASE}
    there = read_item(item(**of_store, csr_content=ONE.csr_pem), Hidden())
    assert there.problem is None and there.request and there.matching_certificates == (Certificate(ONE.der),)
    there = read_item(item(**of_store, csr_content="none"), Hidden())
    assert there.problem and there.problem.facts["error"].startswith(
        "The content specified as CSR contains no certificate"
    )
    there = read_item(item(**{**of_store, "pkcs12_passphrase": None}, csr_content="none"), Hidden())
    assert there.problem and (there.problem.reason, there.problem.facts["path"]) == ("bad_passphrase", str(path))
