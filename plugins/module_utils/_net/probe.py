# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probe endpoints: what do they serve? Private to softlayer.certificates.

A connection is made for the handshake alone. What is served is to be seen, whatever it is: where a client refuses it, a second
connection looks at it without verifying anything.
"""

from __future__ import annotations

import ssl
import threading
import typing as t
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from .._codes import NotSeen
from .._errors import CertificatesError
from .connection import Deadline, SocketAddress, connect, resolve
from .endpoint import Endpoint, ProbeResult
from .handshake import shake_hands

T = t.TypeVar("T")

RESOLVING = "has a name that did not resolve within {} seconds: check this machine's name servers"
CONNECTING = "did not accept a connection within {} seconds: check host, port, and the firewalls on the way"
SHAKING = "did not finish the TLS handshake within {} seconds: check whether TLS is spoken there, and why it is slow"
"""What is said of a step that took too long."""
CONCURRENCY = 32
"""Endpoints that are probed at the same time, unless the caller says otherwise."""


def probe(
    endpoint: Endpoint, timeout: float, stop: threading.Event | None = None, client: ssl.SSLContext | None = None
) -> ProbeResult:
    """Return what an endpoint serves at the first of its addresses that accepts a connection; never raises because of it.

    Args:
        endpoint: what to probe.
        timeout: seconds for each step: to resolve the name, to connect, and for the handshake.
        stop: once it is set, the probe ends, with the reason `timeout`.
        client: the settings of the client who is asked whether it accepts what is served; `None` if none is asked.
    """
    try:
        addresses = _resolve(endpoint, timeout, stop)
    except CertificatesError as error:
        return _unseen(endpoint, error)
    return _probe(endpoint, addresses, timeout, stop, client)


def probe_all(
    endpoints: Sequence[Endpoint],
    timeout: float,
    concurrency: int = CONCURRENCY,
    stop: threading.Event | None = None,
    client: ssl.SSLContext | None = None,
) -> list[ProbeResult]:
    """Return what endpoints serve, in their order, at most `concurrency` at the same time; see `probe`."""
    return _each(lambda endpoint: probe(endpoint, timeout, stop, client), endpoints, concurrency)


def probe_addresses(
    endpoint: Endpoint, timeout: float, stop: threading.Event | None = None, client: ssl.SSLContext | None = None
) -> list[ProbeResult]:
    """Return what each address of an endpoint's host serves, or one result without success if its name does not resolve.

    The machines of a load balancer share a name, and may serve different certificates for a while.
    """
    try:
        addresses = _resolve(endpoint, timeout, stop)
    except CertificatesError as error:
        return [_unseen(endpoint, error)]
    return _each(lambda address: _probe(endpoint, [address], timeout, stop, client), addresses)


def _each(
    probed: t.Callable[[T], ProbeResult], places: Sequence[T], concurrency: int = CONCURRENCY
) -> list[ProbeResult]:
    """Probe some places, at most `concurrency` at the same time."""
    if len(places) < 2:  # the usual case, without the price of a thread
        return [probed(place) for place in places]
    with ThreadPoolExecutor(max_workers=min(concurrency, len(places))) as pool:
        return list(pool.map(probed, places))


def _deadline(endpoint: Endpoint, step: str, timeout: float, stop: threading.Event | None) -> Deadline:
    def overdue() -> CertificatesError:
        if stop is not None and stop.is_set():
            return CertificatesError("timeout", f"The run was told to stop before {endpoint.shown} had been seen.")
        return CertificatesError("timeout", f"{endpoint.shown} {step.format(f'{timeout:g}')}.")

    return Deadline(timeout, overdue, stop)


def _resolve(endpoint: Endpoint, timeout: float, stop: threading.Event | None) -> list[SocketAddress]:
    """Return the addresses of an endpoint's host.

    Raises:
        CertificatesError: `unreachable` if there is none, `timeout`.
    """
    try:
        return resolve(endpoint.network_host, endpoint.port, _deadline(endpoint, RESOLVING, timeout, stop))
    except ValueError:
        message = f"{endpoint.shown} has no valid host name: correct it."
    except OSError as error:
        said = error.strerror or str(error)
        message = f"The name of {endpoint.shown} does not resolve ({said}): check it, and this machine's name servers."
    raise CertificatesError("unreachable", message)


def _unseen(
    endpoint: Endpoint, error: CertificatesError, ip_address: str | None = None, *, is_connected: bool = False
) -> ProbeResult:
    reason = t.cast(NotSeen, error.code)
    return ProbeResult(endpoint, ip_address, reason=reason, message=error.message, is_connected=is_connected)


def _why_unreachable(endpoint: Endpoint, error: OSError) -> CertificatesError:
    if isinstance(error, ConnectionRefusedError):
        return CertificatesError("unreachable", f"{endpoint.shown} refuses connections: check host and port.")
    code: NotSeen = "timeout" if isinstance(error, TimeoutError) else "unreachable"
    why = error.strerror
    return CertificatesError(code, f"{endpoint.shown} cannot be reached ({why}): check host, port and the network.")


def _probe(
    endpoint: Endpoint,
    addresses: Sequence[SocketAddress],
    timeout: float,
    stop: threading.Event | None,
    client: ssl.SSLContext | None,
) -> ProbeResult:
    """Probe the first address that accepts a connection; if a client refuses what it serves, see what that is."""
    asked = _shake_hands(endpoint, addresses, timeout, stop, client)
    if client is None:
        return asked
    same = [address for address in addresses if address.ip_address == asked.ip_address] or addresses
    if asked.accepted is None and asked.reason == "handshake_failed":  # the connection broke, which happens
        asked = _shake_hands(endpoint, same, timeout, stop, client)
    if asked.accepted is not False:
        return asked
    seen = _shake_hands(endpoint, same, timeout, stop, None)
    return replace(seen, accepted=False, refusal=asked.refusal, is_for_other_name=asked.is_for_other_name)


def _shake_hands(
    endpoint: Endpoint,
    addresses: Sequence[SocketAddress],
    timeout: float,
    stop: threading.Event | None,
    client: ssl.SSLContext | None,
) -> ProbeResult:
    """Connect to the first address that accepts a connection, and shake hands with it."""
    ip_address = addresses[0].ip_address if len(addresses) == 1 else None
    try:
        connected, address = connect(addresses, _deadline(endpoint, CONNECTING, timeout, stop))
    except CertificatesError as error:
        return _unseen(endpoint, error, ip_address)
    except ConnectionResetError as error:  # it was accepted, or else there would be nothing to reset
        broken = f"{endpoint.shown} broke the connection off ({error.strerror})."
        return _unseen(endpoint, CertificatesError("handshake_failed", broken), ip_address, is_connected=True)
    except OSError as error:
        return _unseen(endpoint, _why_unreachable(endpoint, error), ip_address)
    with connected:
        deadline = _deadline(endpoint, SHAKING, timeout, stop)
        return shake_hands(connected, endpoint, address.ip_address, deadline, client)
