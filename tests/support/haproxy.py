# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: a simulator whose load balancers serve, by way of HAProxy. Tests that need it are skipped where it cannot be had."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import pytest
from cryptography import x509

from tests.simulator.client import Simulator
from tests.simulator.haproxy import OLDEST, find_haproxy, version_of

SECONDS = 20


def reason_to_skip() -> str | None:
    """Why there is no HAProxy; None if there is."""
    binary = find_haproxy()
    if binary is None:
        return "no HAProxy: install the system's package haproxy"
    if version_of(binary) < OLDEST:
        return f"HAProxy is too old: {'.'.join(map(str, OLDEST))} or later is needed"
    return None


def served(address: str, port: int, context: ssl.SSLContext | None = None) -> x509.Certificate:
    """The certificate that a TLS server shows; it is not verified, unless by a context. Raises OSError if there is none."""
    if context is None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # it takes long to read whom the machine trusts
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((address, port), timeout=SECONDS) as plain,
        context.wrap_socket(plain, server_hostname="www.example.com") as secured,
    ):
        return x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")


def trusting(root: str) -> ssl.SSLContext:
    """A client that trusts one root, in PEM, and verifies as browsers do."""
    context = ssl.create_default_context(cadata=root)
    # Python 3.13 and later want key identifiers, which the certificates of tests do not have.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


@pytest.fixture(scope="session")
def demo_balancing_simulator() -> Iterator[Simulator]:
    """One simulator with HAProxy for all tests of a worker; use `balancing_sim` instead."""
    if reason := reason_to_skip():
        pytest.skip(reason)
    with Simulator.start(fleet="demo", haproxy=True) as simulator:
        yield simulator


@pytest.fixture
def balancing_sim(demo_balancing_simulator: Simulator) -> Simulator:
    """The simulator with the demo fleet and HAProxy, as if it had just been started: without load balancers."""
    demo_balancing_simulator.reset()
    return demo_balancing_simulator
