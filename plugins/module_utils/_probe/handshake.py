# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Probe endpoints with a TLS handshake. Private to softlayer.certificates.

If a TLS client rejects the served certificate, a second connection reads the certificate without verification, with all protocols of OpenSSL.

A broken connection or a handshake that times out is repeated once, because busy servers and hosts cause such errors. A refused connection, or a
connection that times out, is not repeated: within 10 seconds, the system has already tried to connect four times (RFC 6298, 2 and 5.5).
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import typing as t
import warnings
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import cache

from .._base.codes import ProbeFailureReason
from .._base.errors import CertificatesError
from .._base.text import escape_invisible
from .._http.connection import Deadline, SocketAddress, connect, receive, resolve, send
from .._x509.certificate import Certificate
from .._x509.read import parse_certificate
from .._x509.tls_client import get_chain
from .endpoint import Endpoint, ProbeResult

T = t.TypeVar("T")

RESOLUTION_TIMEOUT_MESSAGE = "The name of {} did not resolve within {} seconds. Check the name servers of this host."
CONNECTION_TIMEOUT_MESSAGE = "{} did not accept a connection within {} seconds. Check host, port, and the firewalls between this host and the endpoint."
HANDSHAKE_TIMEOUT_MESSAGE = (
    "{} did not finish the TLS handshake within {} seconds. Check that the endpoint supports TLS and is not overloaded."
)
"""Messages about the steps of a probe that timed out: endpoint, seconds."""
DEFAULT_CONCURRENCY = 32
"""Default number of endpoints to probe at the same time."""


def probe(endpoint: Endpoint, timeout: float, client: ssl.SSLContext | None = None) -> ProbeResult:
    """Probe the first address of an endpoint that accepts a connection, and return the result; never raise.

    Args:
        endpoint: the endpoint to probe.
        timeout: seconds for each step: name resolution, connection, and handshake.
        client: the settings of the TLS client that evaluates the certificate; `None` for no evaluation.
    """
    try:
        addresses = _resolve(endpoint, timeout, None)
    except CertificatesError as error:
        return _create_failure(endpoint, error)
    return _probe(endpoint, addresses, timeout, None, client)


def probe_all(
    endpoints: Sequence[Endpoint],
    timeout: float,
    concurrency: int = DEFAULT_CONCURRENCY,
    client: ssl.SSLContext | None = None,
) -> list[ProbeResult]:
    """Probe at most `concurrency` endpoints at the same time, and return the results in the given order; see `probe`."""
    return _probe_concurrently(lambda endpoint: probe(endpoint, timeout, client), endpoints, concurrency)


def probe_addresses(
    endpoint: Endpoint, timeout: float, stop: threading.Event | None = None, client: ssl.SSLContext | None = None
) -> list[ProbeResult]:
    """Probe each address of an endpoint, and return the results; one failed result if the name does not resolve.

    The hosts of a load balancer share a name, and may temporarily serve different certificates. If `stop` is set, the probe ends with the reason
    `timeout`.
    """
    try:
        addresses = _resolve(endpoint, timeout, stop)
    except CertificatesError as error:
        return [_create_failure(endpoint, error)]
    return _probe_concurrently(lambda address: _probe(endpoint, [address], timeout, stop, client), addresses)


def _probe_concurrently(
    probed: t.Callable[[T], ProbeResult], places: Sequence[T], concurrency: int = DEFAULT_CONCURRENCY
) -> list[ProbeResult]:
    """Return the results of a probe of several endpoints or addresses, at most `concurrency` at the same time."""
    if len(places) < 2:  # the usual case, without the cost of a thread
        return [probed(place) for place in places]
    with ThreadPoolExecutor(max_workers=min(concurrency, len(places))) as pool:
        return list(pool.map(probed, places))


def _create_deadline(endpoint: Endpoint, step: str, timeout: float, stop: threading.Event | None) -> Deadline:
    def create_error() -> CertificatesError:
        if stop is not None and stop.is_set():
            return CertificatesError("timeout", f"The run was interrupted before it probed {endpoint.address_text}.")
        return CertificatesError("timeout", step.format(endpoint.address_text, f"{timeout:g}"))

    return Deadline(timeout, create_error, stop)


def _resolve(endpoint: Endpoint, timeout: float, stop: threading.Event | None) -> list[SocketAddress]:
    """Return the addresses of an endpoint's host.

    Raises:
        CertificatesError: `unreachable` without an address, or `timeout`.
    """
    try:
        return resolve(
            endpoint.network_host, endpoint.port, _create_deadline(endpoint, RESOLUTION_TIMEOUT_MESSAGE, timeout, stop)
        )
    except ValueError:
        message = f"The host name of {endpoint.address_text} is not valid. Correct the host name."
    except OSError as error:
        said = error.strerror or str(error)
        message = f"The name of {endpoint.address_text} does not resolve ({said}). Check the name, and the name servers of this host."
    raise CertificatesError("unreachable", message)


def _create_failure(
    endpoint: Endpoint, error: CertificatesError, ip_address: str | None = None, *, is_cut: bool = False
) -> ProbeResult:
    reason = t.cast(ProbeFailureReason, error.code)
    return ProbeResult(endpoint, ip_address, reason=reason, message=error.message, is_connected=is_cut, is_cut=is_cut)


def _probe(
    endpoint: Endpoint,
    addresses: Sequence[SocketAddress],
    timeout: float,
    stop: threading.Event | None,
    client: ssl.SSLContext | None,
) -> ProbeResult:
    """Probe the first address that accepts a connection. If a TLS client rejects the certificate, probe again without verification."""

    def shake_with_retry(places: Sequence[SocketAddress], client: ssl.SSLContext | None) -> ProbeResult:
        """Return the result of a handshake, or of a second handshake if the connection broke."""
        result = _shake_hands(endpoint, places, timeout, stop, client)
        return (
            _shake_hands(endpoint, _select_address(places, result), timeout, stop, client) if result.is_cut else result
        )

    asked = shake_with_retry(addresses, client)
    if asked.is_accepted is not False:
        return asked
    seen = shake_with_retry(_select_address(addresses, asked), None)
    return replace(seen, is_accepted=False, rejection=asked.rejection, has_name_mismatch=asked.has_name_mismatch)


def _select_address(addresses: Sequence[SocketAddress], result: ProbeResult) -> Sequence[SocketAddress]:
    """Return the address of a result, or all addresses if the address is unknown."""
    return [address for address in addresses if address.ip_address == result.ip_address] or addresses


def _shake_hands(
    endpoint: Endpoint,
    addresses: Sequence[SocketAddress],
    timeout: float,
    stop: threading.Event | None,
    client: ssl.SSLContext | None,
) -> ProbeResult:
    """Connect to the first address that accepts a connection, and return the result of the handshake."""
    ip_address = addresses[0].ip_address if len(addresses) == 1 else None
    try:
        connected, address = connect(addresses, _create_deadline(endpoint, CONNECTION_TIMEOUT_MESSAGE, timeout, stop))
    except CertificatesError as error:
        return _create_failure(endpoint, error, ip_address)
    except ConnectionResetError as error:  # it was accepted, or else there would be nothing to reset
        broken = f"{endpoint.address_text} aborted the connection ({error.strerror})."
        return _create_failure(endpoint, CertificatesError("handshake_failed", broken), ip_address, is_cut=True)
    except ConnectionRefusedError:
        refused = f"{endpoint.address_text} refuses connections. Check host and port."
        return _create_failure(endpoint, CertificatesError("unreachable", refused), ip_address)
    except OSError as error:
        code: ProbeFailureReason = "timeout" if isinstance(error, TimeoutError) else "unreachable"
        why = f"Cannot connect to {endpoint.address_text} ({error.strerror}). Check host, port, and the network."
        return _create_failure(endpoint, CertificatesError(code, why), ip_address)
    with connected:
        deadline = _create_deadline(endpoint, HANDSHAKE_TIMEOUT_MESSAGE, timeout, stop)
        return shake_hands(connected, endpoint, address.ip_address, deadline, client)


# The handshake

CIPHERS = "ALL:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0"
"""All cipher suites that authenticate the server by a certificate. Anonymous ones are excluded, because the server would send no certificate."""
LEGACY_SERVER_CONNECT = 0x4
"""OpenSSL's option for servers without secure renegotiation (RFC 5746). Python 3.12 and later have a name for it."""
TLS_RECORDS = (0x15, 0x16)
"""Content types of an alert and of a handshake message, with which a server's response begins (RFC 8446, 5.1)."""
TLS_MAJOR = b"\x03"
"""First byte of the version in a record, from SSL 3.0 to TLS 1.3."""
ALERT_PATTERN = re.compile(r"(?:SSLV3|TLSV1|TLSV13)_(?:ALERT_)?(\w+)")
"""OpenSSL's names of the alerts that a server sends."""
ALERT_MEANINGS = {
    "handshake_failure": ", usually because it requires a client certificate, does not recognize the server name, or supports none of the offered ciphers",
    "protocol_version": ", because it supports none of the TLS versions of this host's OpenSSL",
    "unrecognized_name": ", because it does not recognize the server name",
    "bad_certificate": ", usually because it requires a client certificate",
    "certificate_required": ", because it requires a client certificate",
}
"""Meaning of the most common alerts (RFC 8446, 6.2; RFC 6066, 3), as part of a sentence."""
MAX_QUOTE_LENGTH = 80
"""Maximum number of characters of a server's text in a message."""
MISMATCH_ERRORS = (62, 64)
"""OpenSSL's error numbers for a mismatch of the host name or address."""


@cache
def get_unverified_settings() -> ssl.SSLContext:
    """Return the settings for handshakes without verification, which threads may share."""
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    settings.check_hostname = False
    settings.verify_mode = ssl.CERT_NONE
    settings.options |= LEGACY_SERVER_CONNECT
    with suppress(ssl.SSLError):  # other libraries than OpenSSL keep their own choice
        settings.set_ciphers(CIPHERS)
    with warnings.catch_warnings(), suppress(ValueError):  # OpenSSL may be built without the old versions
        warnings.simplefilter("ignore", DeprecationWarning)
        settings.minimum_version = ssl.TLSVersion.TLSv1
    return settings


def shake_hands(
    connected: socket.socket, endpoint: Endpoint, ip_address: str, deadline: Deadline, client: ssl.SSLContext | None
) -> ProbeResult:
    """Shake hands, and return the result; send no other data.

    The result of a failed handshake contains the certificates that arrived before the failure.

    Args:
        connected: an open connection without TLS.
        endpoint: the connected endpoint.
        ip_address: the connected address.
        deadline: the deadline of the whole handshake.
        client: the settings of the TLS client that evaluates the certificate; `None` for no verification.
    """
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    shown = endpoint.address_text
    try:
        if client is None:
            tls = get_unverified_settings().wrap_bio(incoming, outgoing, server_hostname=endpoint.sni)
        else:
            tls = client.wrap_bio(incoming, outgoing, server_hostname=endpoint.checked_name)
    except (ValueError, TypeError):  # such as UnicodeError; TypeError for NUL characters
        name = escape_invisible(endpoint.server_name or "")
        why = f"Cannot probe {shown}: {name} is not a valid host name. Correct server_name."
        return ProbeResult(endpoint, ip_address, reason="handshake_failed", message=why, is_connected=True)
    reason: ProbeFailureReason | None = None
    message: str | None = None
    refusal: str | None = None
    is_for_other_name = is_cut = False
    beginning = b""
    try:
        while not _continue_handshake(tls, outgoing, connected, deadline):
            data = receive(connected, deadline)
            if len(beginning) < 2:
                beginning += data
                _check_beginning(beginning, endpoint)
            if not data:
                is_cut = True
                raise CertificatesError("handshake_failed", f"{shown} closed the connection during the TLS handshake.")
            incoming.write(data)
    except ssl.SSLError as error:
        refusal = _explain_error(error)
        is_for_other_name = getattr(error, "verify_code", None) in MISMATCH_ERRORS
        reason, message = "handshake_failed", f"The TLS handshake with {shown} failed: {refusal}."
    except OSError as error:
        reason, is_cut = "handshake_failed", True
        message = f"{shown} aborted the connection during the TLS handshake ({error.strerror})."
    except CertificatesError as error:
        reason, message = t.cast(ProbeFailureReason, error.code), error.message
        is_cut = is_cut or reason == "timeout"
    ders = _get_certificates(tls)
    chain = _parse_certificates(ders)
    if reason is None and not chain:
        problem = "sent an unreadable certificate. Replace the certificate" if ders else "did not send a certificate"
        reason, message = "handshake_failed", f"{shown} {problem}."
    used = tls.cipher()
    cipher = used[0] if used else None
    known = ProbeResult(
        endpoint, ip_address, chain, tls.version(), cipher, reason, message, is_connected=True, is_cut=is_cut
    )
    if client is None or (reason is not None and refusal is None):  # a broken connection does not count as a rejection
        return known
    return replace(known, is_accepted=reason is None, rejection=refusal, has_name_mismatch=is_for_other_name)


def _continue_handshake(
    tls: ssl.SSLObject, outgoing: ssl.MemoryBIO, connected: socket.socket, deadline: Deadline
) -> bool:
    """Continue the handshake, send pending data including alerts, and return whether the handshake is complete."""
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return False
    else:
        return True
    finally:
        with suppress(OSError):  # if the server no longer reads, its last data may still be readable
            send(connected, outgoing.read(), deadline)


def _check_beginning(data: bytes, endpoint: Endpoint) -> None:
    """Reject a response that cannot be TLS.

    Raises:
        CertificatesError: `no_tls`.
    """
    if not data or (data[0] in TLS_RECORDS and data[1:2] in (b"", TLS_MAJOR)):
        return
    line = data[:MAX_QUOTE_LENGTH].partition(b"\n")[0].strip()
    is_text = line.isascii() and line.decode("ascii").isprintable()
    said = f": {line.decode('ascii')}" if line and is_text else ""
    what = "does not respond with TLS"
    if line.startswith(b"HTTP/"):
        what = "responds with plain HTTP"
    elif is_text:
        what = "starts the connection without TLS"
    raise CertificatesError("no_tls", f"{endpoint.address_text} {what}{said}.")


def _explain_error(error: ssl.SSLError) -> str:
    """Return OpenSSL's error text, as the end of a sentence."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return escape_invisible(error.verify_message).rstrip(".")
    reason = error.reason or ""
    alert = ALERT_PATTERN.fullmatch(reason)
    if alert:
        name = alert[1].lower()
        return f"the server sent the alert {name}{ALERT_MEANINGS.get(name, '')}"
    return reason.replace("_", " ").lower() or "OpenSSL reports no reason"


def _get_certificates(tls: ssl.SSLObject) -> tuple[bytes, ...]:
    """Return the DER of the sent certificates, the server's own certificate first."""
    sent = get_chain(tls, "get_unverified_chain")
    if sent is not None:
        return sent
    with suppress(ValueError):  # the handshake is not done
        own = tls.getpeercert(True)
        return (own,) if own else ()
    return ()


def _parse_certificates(ders: Iterable[bytes]) -> tuple[Certificate, ...]:
    """Return the readable certificates; empty if the server's own certificate is unreadable."""
    certificates: list[Certificate] = []
    for number, der in enumerate(ders):
        with suppress(CertificatesError):
            certificates.append(parse_certificate(der))
        if number == 0 and not certificates:
            break
    return tuple(certificates)
