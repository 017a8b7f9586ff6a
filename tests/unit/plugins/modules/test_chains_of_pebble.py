# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What certbot gets of an ACME authority with two intermediate certificates and several roots, through a rotation to a client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from tests.simulator.client import Simulator
from tests.support import acme_clients
from tests.support.acme_clients import Certbot
from tests.support.certificates import pem_of
from tests.support.deploying import NAME, balancer, old, store
from tests.support.haproxy import served, trusting
from tests.support.pebble import Pebble
from tests.support.rotate_runs import Rotation, ids, skipped

pytest_plugins = ["tests.support.deploying", "tests.support.haproxy"]

PORT = 8443
REASON = acme_clients.reason_to_skip(Certbot)
pytestmark = [
    pytest.mark.later,
    pytest.mark.skipif(bool(REASON), reason=str(REASON)),
    pytest.mark.xdist_group("pebble"),
]


@pytest.fixture(scope="module")
def pebble() -> Iterator[Pebble]:
    """An authority with two roots."""
    with Pebble(other_roots=1) as pebble:
        yield pebble


@pytest.fixture
def certbot(pebble: Pebble, tmp_path: Path) -> Certbot:
    """A client with a certificate."""
    certbot = Certbot(pebble, tmp_path / "certbot")
    certbot.issue(NAME, key_type="rsa")
    return certbot


@pytest.fixture
def here(serving: Simulator, tmp_path: Path) -> Rotation:
    """Runs where a listener has an old certificate of another authority."""
    rotation = Rotation(serving, tmp_path)
    balancer(serving, store(serving, old()), name="web", first_port=PORT)
    return rotation


def options(certbot: Certbot, *roots: Path) -> dict[str, object]:
    """The client as source, and whom clients trust besides the authority of the old certificate."""
    path = certbot.folder / "roots.pem"
    path.write_text("".join(root.read_text("ascii") for root in roots), encoding="ascii")
    return {"sources": [{"certbot": str(certbot.home)}], "trusted_ca_path": str(path), "remove_superseded": True}


def chain_of(certbot: Certbot) -> list[x509.Certificate]:
    """The intermediate certificates that the client has got."""
    return x509.load_pem_x509_certificates((certbot.source / NAME / "chain.pem").read_bytes())


def client_gets(here: Rotation, root: Path) -> x509.Certificate:
    """The certificate that a client accepts that knows a root; it raises, if it accepts none."""
    (one,) = here.sim.balancers()
    return served(one["address"], PORT, trusting(root.read_text()))


def test_the_chain_goes_through_whole(here: Rotation, certbot: Certbot, pebble: Pebble) -> None:
    done = here.run(**options(certbot, pebble.root_path))
    assert not done.failed and len(ids(done, "imported")) == 1, done.output
    (record,) = [one for one in here.sim.certificates() if one["id"] == ids(done, "imported")[0]]
    assert record["intermediateCertificate"] == pem_of(chain_of(certbot)) and len(chain_of(certbot)) == 2
    assert client_gets(here, pebble.root_path) == x509.load_pem_x509_certificate(record["certificate"].encode())


def test_a_chain_to_another_root(here: Rotation, certbot: Certbot, pebble: Pebble) -> None:
    """It is what `--preferred-chain` is for: here clients know only one of the two roots."""
    (other,) = pebble.other_root_paths
    assert skipped(here.run(**options(certbot, other))) == {NAME: "chain_incomplete"}
    root = x509.load_pem_x509_certificate(other.read_bytes()).subject
    name = str(root.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value)
    certbot.renew(NAME, options=["--preferred-chain", name])
    done = here.run(**options(certbot, other))
    assert not done.failed and len(ids(done, "imported")) == 1, done.output
    assert chain_of(certbot)[-1].issuer == root
    assert client_gets(here, other).issuer == chain_of(certbot)[0].subject
