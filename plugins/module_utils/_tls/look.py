# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Look at what endpoints serve. Private to softlayer.certificates.

A connection is made for the handshake alone. Nothing is verified here: what is served is to be seen, whatever it is.
"""

from __future__ import annotations

import threading
import typing as t
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from .._codes import NotSeen
from .._errors import CertificatesError
from .._x509.certificate import Certificate
from .._x509.read import checked_certificate
from .endpoint import Endpoint, Look
from .handshake import shake_hands
from .starttls import begin_tls
from .wire import Step, Target, connect, resolve

T = t.TypeVar("T")

RESOLVING = "has a name that did not resolve within {} seconds: check this machine's name servers"
CONNECTING = "did not accept a connection within {} seconds: check host, port, and the firewalls on the way"
BEGINNING = "did not get to STARTTLS within {} seconds: check port, and whether it speaks TLS from the start"
SHAKING = "did not finish the TLS handshake within {} seconds: check whether TLS is spoken there, and why it is slow"
"""What is said of a step that took too long."""
CONCURRENCY = 32
"""Endpoints that are looked at at the same time, unless the caller says otherwise."""


def look_at(endpoint: Endpoint, timeout: float, stop: threading.Event | None = None) -> Look:
    """Return what an endpoint serves at the first of its addresses that accepts a connection; never raises because of it.

    Args:
        endpoint: what to look at.
        timeout: seconds for each step: to resolve the name, to connect, to begin TLS, and for the handshake.
        stop: once it is set, the look ends, with the reason `timeout`.
    """
    try:
        targets = resolve(_resolving(endpoint, timeout, stop))
    except CertificatesError as error:
        return _unseen(endpoint, error)
    return _look(endpoint, targets, timeout, stop)


def look_at_all(
    endpoints: Sequence[Endpoint],
    timeout: float,
    concurrency: int = CONCURRENCY,
    stop: threading.Event | None = None,
) -> list[Look]:
    """Return what endpoints serve, in their order, at most `concurrency` at the same time; see `look_at`."""
    return _each(lambda endpoint: look_at(endpoint, timeout, stop), endpoints, concurrency)


def look_at_addresses(endpoint: Endpoint, timeout: float, stop: threading.Event | None = None) -> list[Look]:
    """Return what each address of an endpoint's host serves, or one look without success if its name does not resolve.

    The machines of a load balancer share a name, and may serve different certificates for a while.
    """
    try:
        targets = resolve(_resolving(endpoint, timeout, stop))
    except CertificatesError as error:
        return [_unseen(endpoint, error)]
    return _each(lambda target: _look(endpoint, [target], timeout, stop), targets)


def _each(look: t.Callable[[T], Look], places: Sequence[T], concurrency: int = CONCURRENCY) -> list[Look]:
    """Look at some places, at most `concurrency` at the same time."""
    if len(places) < 2:  # the usual case, without the price of a thread
        return [look(place) for place in places]
    with ThreadPoolExecutor(max_workers=min(concurrency, len(places))) as pool:
        return list(pool.map(look, places))


def _resolving(endpoint: Endpoint, timeout: float, stop: threading.Event | None) -> Step:
    return Step(endpoint, RESOLVING, timeout, stop)


def _unseen(
    endpoint: Endpoint, error: CertificatesError, ip_address: str | None = None, *, is_connected: bool = False
) -> Look:
    reason = t.cast(NotSeen, error.code)
    return Look(endpoint, ip_address, reason=reason, message=error.message, is_connected=is_connected)


def _look(endpoint: Endpoint, targets: Sequence[Target], timeout: float, stop: threading.Event | None) -> Look:
    """Look at the first address that accepts a connection."""
    ip_address = targets[0].ip_address if len(targets) == 1 else None
    is_connected = False
    try:
        connection, ip_address = connect(targets, Step(endpoint, CONNECTING, timeout, stop))
        is_connected = True
        with connection:
            begin_tls(connection, Step(endpoint, BEGINNING, timeout, stop))
            seen = shake_hands(connection, Step(endpoint, SHAKING, timeout, stop))
    except CertificatesError as error:
        return _unseen(endpoint, error, ip_address, is_connected=is_connected)
    reason, message = seen.reason, seen.message
    chain = _readable(seen.ders)
    if seen.ders and not chain:
        reason = reason or "handshake_failed"
        message = message or f"{endpoint.shown} sent a certificate that cannot be read: have it replaced."
    return Look(endpoint, ip_address, chain, seen.tls_version, seen.cipher, reason, message, is_connected=True)


def _readable(ders: Iterable[bytes]) -> tuple[Certificate, ...]:
    """Return the certificates that can be read; none if the server's own cannot, since then nothing is known of the others."""
    found: list[Certificate] = []
    for number, der in enumerate(ders):
        with suppress(CertificatesError):
            found.append(checked_certificate(der))
        if number == 0 and not found:
            break
    return tuple(found)
