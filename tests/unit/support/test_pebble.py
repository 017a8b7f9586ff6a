# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ACME authority and the clients that other tests stand on do what those rely on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.verification import PolicyBuilder, Store

from tests.support.acme_clients import CLIENTS, AcmeSh, Certbot, Client, Lego, reason_to_skip
from tests.support.pebble import Pebble, Settings

NAMES = ("www.example.com", "example.com")
FORBIDDEN = "forbidden.example"
KEYS = {"ec": ec.EllipticCurvePrivateKey, "rsa": rsa.RSAPrivateKey}
FILES: dict[type[Client], tuple[str, str]] = {
    Certbot: ("{name}/fullchain.pem", "{name}/privkey.pem"),
    Lego: ("{name}.crt", "{name}.key"),
    AcmeSh: ("{name}{ecc}/fullchain.cer", "{name}{ecc}/{name}.key"),
}
"""Where each client has a certificate with its chain, and the key."""

pytestmark = pytest.mark.skipif(bool(reason_to_skip()), reason=str(reason_to_skip()))


@pytest.fixture(scope="module")
def pebble() -> Iterator[Pebble]:
    """One authority for all tests of this file that want nothing special."""
    with Pebble(Settings(blocked=(FORBIDDEN,))) as authority:
        yield authority


def client_of(kind: type[Client], pebble: Pebble, folder: Path, env: Mapping[str, str] | None = None) -> Client:
    """A client whose hooks get variables, or the test is skipped."""
    if reason := reason_to_skip(kind):
        pytest.skip(reason)
    return kind(pebble, folder, env or {})


def chain_of(client: Client, key_type: str, name: str = NAMES[0]) -> list[x509.Certificate]:
    """A certificate with its chain; its key is the one that is beside it."""
    paths = [
        client.source / path.format(name=name, ecc="_ecc" if key_type == "ec" else "") for path in FILES[type(client)]
    ]
    chain = x509.load_pem_x509_certificates(paths[0].read_bytes())
    key = load_pem_private_key(paths[1].read_bytes(), None)
    assert isinstance(key, KEYS[key_type]) and key.public_key() == chain[0].public_key()
    return chain


@pytest.mark.parametrize(("kind", "key_type"), [(Certbot, "ec"), (Certbot, "rsa"), (Lego, "ec"), (AcmeSh, "rsa")])
def test_a_certificate_is_issued_and_renewed(kind: type[Client], key_type: str, pebble: Pebble, tmp_path: Path) -> None:
    """Its subject is empty, it leads to the authority's root, and a hook is run each time."""
    said, hook = tmp_path / "said", tmp_path / "hook"
    hook.write_text(f'#!/bin/sh\necho "$GREETING" >> {said}\n', encoding="utf-8")
    hook.chmod(0o755)
    client = client_of(kind, pebble, tmp_path / "client", {"GREETING": "hello"})
    client.issue(*NAMES, key_type=key_type, hook=str(hook))
    first = chain_of(client, key_type)
    client.renew(*NAMES, key_type=key_type, hook=str(hook))
    second = chain_of(client, key_type)
    assert said.read_text(encoding="utf-8") == "hello\n" * 2
    assert first[0].serial_number != second[0].serial_number

    root = x509.load_pem_x509_certificate(pebble.root_path.read_bytes())
    verifier = PolicyBuilder().store(Store([root])).build_server_verifier(x509.DNSName(NAMES[0]))
    for certificate, *issuers in (first, second):
        assert len(certificate.subject) == 0
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert sorted(names.get_values_for_type(x509.DNSName)) == sorted(NAMES)
        assert issuers == x509.load_pem_x509_certificates(pebble.intermediate_path.read_bytes())
        assert verifier.verify(certificate, issuers)[-1] == root


@pytest.mark.parametrize("kind", CLIENTS, ids=lambda kind: kind.command)
def test_what_a_client_leaves_of_a_certificate_that_is_refused(
    kind: type[Client], pebble: Pebble, tmp_path: Path
) -> None:
    client = client_of(kind, pebble, tmp_path)
    assert client.issue(FORBIDDEN, may_fail=True).code == 1
    left = (
        {path.name for path in client.source.rglob("*") if FORBIDDEN in path.name} if client.source.exists() else set()
    )
    private = {f"{FORBIDDEN}{end}" for end in ("_ecc", ".key", ".csr", ".csr.conf", ".conf")}
    assert left == (private if kind is AcmeSh else set())


@pytest.mark.parametrize("settings", [Settings(always_valid=False), Settings(rejected_nonces=100)])
def test_nothing_is_issued_if_the_authority_does_not_want_to(settings: Settings, tmp_path: Path) -> None:
    with Pebble(settings) as pebble:
        client = client_of(Lego, pebble, tmp_path)
        with pytest.raises(AssertionError, match=r"badNonce|During secondary validation|DNS|lookup"):
            client.issue(NAMES[0])
        assert list(client.source.glob("*")) == []


def test_an_authority_with_a_longer_chain_whose_certificates_are_short_lived(tmp_path: Path) -> None:
    with Pebble(Settings(intermediates=2, validity_days=6)) as pebble:
        client = client_of(Lego, pebble, tmp_path)
        client.issue(NAMES[0])
        [certificate, *issuers] = chain_of(client, "ec")
    assert len(issuers) == 2
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days in (5, 6)
