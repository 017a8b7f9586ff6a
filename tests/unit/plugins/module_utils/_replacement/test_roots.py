# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the roots of a machine come from, and what is said where there are none."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._http import network
from ansible_collections.softlayer.certificates.plugins.module_utils._replacement.roots import (
    create_trust_view,
    find_roots,
    read_trusted_roots,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.certificates import Authority, pem_of
from tests.support.failing import fails
from tests.support.rootless import take_roots_away

ROOT, OTHER, THIRD = (Authority(name).root for name in ("One", "Other", "Third"))


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without any roots, and a folder to put some into."""
    take_roots_away(monkeypatch)
    monkeypatch.setattr(network, "ROOT_BUNDLES", (str(tmp_path / "ca-certificates.crt"),))
    return tmp_path


def trusted(path: str | None = None) -> int:
    return len(list(read_trusted_roots(path)))


def test_a_machine_without_roots() -> None:
    with fails("not_found", "trusted_ca_path", "ca-certificates"):
        trusted()


def test_the_bundle_of_a_distribution(bare_machine: Path) -> None:
    (bare_machine / "ca-certificates.crt").write_text(pem_of([ROOT, OTHER]), encoding="ascii")
    assert trusted() == 2


def test_what_is_named_is_added_to_the_machines_roots(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also to those of the environment, which stand for the machine's; without either, it is alone."""
    for name, root in (("own.pem", OTHER), ("env.pem", THIRD)):
        (bare_machine / name).write_text(pem_of([root]), encoding="ascii")
    own = str(bare_machine / "own.pem")
    assert names(own) == {OTHER}
    take_roots_away(monkeypatch)
    monkeypatch.setattr(network, "ROOT_BUNDLES", (str(bare_machine / "ca-certificates.crt"),))
    (bare_machine / "ca-certificates.crt").write_text(pem_of([ROOT, OTHER]), encoding="ascii")
    assert names(own) == names(None) == {ROOT, OTHER}
    assert set(create_trust_view(own).anchors()) == {Certificate.from_library(ROOT), Certificate.from_library(OTHER)}
    read_trusted_roots.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(bare_machine / "env.pem"))
    assert names(own) == {THIRD, OTHER}


def names(path: str | None) -> set[x509.Certificate]:
    """What is trusted."""
    return {anchor.library_object for anchor in read_trusted_roots(path)}


def test_clients_without_any_roots_have_what_is_named(bare_machine: Path) -> None:
    assert list(create_trust_view(None).anchors()) == []
    with fails("not_found"):
        create_trust_view(str(bare_machine / "nowhere"))


def test_a_variable_that_names_no_roots_is_no_machine_without_roots(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bare_machine / "ca-certificates.crt").write_text(pem_of([ROOT]), encoding="ascii")
    monkeypatch.setenv("SSL_CERT_FILE", str(bare_machine / "nowhere.pem"))
    warnings: list[str] = []
    with fails("invalid_argument", "SSL_CERT_FILE"):
        find_roots(None, warnings.append)
    assert warnings == []


def test_a_machine_without_roots_is_warned_about() -> None:
    warnings: list[str] = []
    assert find_roots(None, warnings.append) is None
    assert len(warnings) == 1 and "ca-certificates" in warnings[0]


def test_one_damaged_root_hides_no_other(bare_machine: Path) -> None:
    damaged = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    path = bare_machine / "roots.pem"
    path.write_text(damaged + pem_of([ROOT]), encoding="ascii")
    assert trusted(str(path)) == 1
    folder = bare_machine / "roots"
    folder.mkdir()
    for name, text in (("README", "no certificate"), ("damaged.pem", damaged), ("root.pem", pem_of([ROOT]))):
        (folder / name).write_text(text, encoding="ascii")
    (folder / "1a2b3c4d.0").symlink_to("root.pem")
    (folder / "5e6f7a8b.0").symlink_to("nowhere")
    assert trusted(str(folder)) == 1


def with_damaged_key(root: x509.Certificate) -> bytes:
    """A root's PEM in which all is as it was but for the first byte of its public key."""
    key = root.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    der = root.public_bytes(Encoding.DER).replace(point, b"\x05" + point[1:])
    return b"-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % base64.encodebytes(der)


@pytest.mark.parametrize("is_named", [True, False])
def test_nothing_but_damaged_roots(bare_machine: Path, is_named: bool) -> None:
    path = bare_machine / "ca-certificates.crt"
    path.write_bytes(with_damaged_key(ROOT))
    with fails("invalid_argument" if is_named else "not_found"):
        trusted(str(path) if is_named else None)


def test_roots_that_no_one_looks_for_are_not_read(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authorities = [Authority(f"Authority {number}").root for number in range(10)]
    (bare_machine / "ca-certificates.crt").write_text(pem_of(authorities), encoding="ascii")
    read: list[Certificate] = []
    monkeypatch.setattr(Certificate, "check", lambda self: read.append(self))
    anchors = read_trusted_roots(None)
    wanted = Certificate.from_library(authorities[5])
    assert anchors.find_by_subject(wanted.subject) == [wanted]
    assert read == [Certificate.from_library(authorities[0]), wanted]  # the first shows that there are any


@pytest.mark.parametrize("path", ["", "empty", "nowhere"])
def test_what_names_no_roots(bare_machine: Path, path: str) -> None:
    (bare_machine / "empty").mkdir()
    with fails("not_found" if path == "nowhere" else "invalid_argument"):
        trusted(str(bare_machine / path) if path else path)
