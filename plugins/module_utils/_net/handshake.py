# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TLS handshake: as a client that accepts a certificate or not, or only to look at what is served. Private to softlayer.certificates.

Who only looks verifies nothing, and takes all that OpenSSL can still speak.
"""

from __future__ import annotations

import re
import socket
import ssl
import typing as t
import warnings
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import cache

from .._codes import NotSeen
from .._errors import CertificatesError
from .._text import printable
from .._x509.certificate import Certificate
from .._x509.client import certificates_of
from .._x509.read import checked_certificate
from .connection import Deadline, receive, send
from .endpoint import Endpoint, ProbeResult

CIPHERS = "ALL:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0"
"""All that prove the server by a certificate. A server that also offers anonymous ones must not choose these, as it would show none."""
LEGACY_SERVER_CONNECT = 0x4
"""OpenSSL's option for servers without secure renegotiation (RFC 5746); Python names it from 3.12 on."""
TLS_RECORDS = (0x15, 0x16)
"""Content types of an alert and of a handshake message, one of which a server's answer begins with (RFC 8446, 5.1)."""
TLS_MAJOR = b"\x03"
"""First byte of the version in a record, from SSL 3.0 to TLS 1.3."""
ALERT = re.compile(r"(?:SSLV3|TLSV1|TLSV13)_(?:ALERT_)?(\w+)")
"""OpenSSL's names of the alerts that a server sends."""
ALERTS_MEAN = {
    "handshake_failure": ", as one does that wants a client certificate, does not know the server name, or has no cipher in common",
    "protocol_version": ", as none of the TLS versions of this machine's OpenSSL suits it",
    "unrecognized_name": ", as it does not know the server name",
    "bad_certificate": ", as one does that wants a client certificate",
    "certificate_required": ", as it wants a client certificate",
}
"""What the commonest alerts mean (RFC 8446, 6.2; RFC 6066, 3), for a sentence."""
SHOWN = 80
"""Characters of a server's words in a message."""
MISMATCHES = (62, 64)
"""OpenSSL's numbers for a certificate that is for another host name or address."""


@cache
def looking() -> ssl.SSLContext:
    """Return the settings of handshakes that only look; threads may share them."""
    settings = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    settings.check_hostname = False
    settings.verify_mode = ssl.CERT_NONE
    settings.options |= LEGACY_SERVER_CONNECT
    with suppress(ssl.SSLError):  # a library that is not quite OpenSSL keeps its own choice
        settings.set_ciphers(CIPHERS)
    with warnings.catch_warnings(), suppress(ValueError):  # OpenSSL may be built without the old versions
        warnings.simplefilter("ignore", DeprecationWarning)
        settings.minimum_version = ssl.TLSVersion.TLSv1
    return settings


def shake_hands(
    connected: socket.socket, endpoint: Endpoint, ip_address: str, deadline: Deadline, client: ssl.SSLContext | None
) -> ProbeResult:
    """Return what the server shows in a handshake; nothing else is sent.

    A failure stands in the result, so that certificates which came before it are not lost.

    Args:
        connected: a connection on which TLS is to begin.
        endpoint: what was connected to.
        ip_address: likewise.
        deadline: of the handshake as a whole.
        client: the settings of a client, which accepts what is served or does not; `None` to only look.
    """
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    shown = endpoint.shown
    try:
        if client is None:
            tls = looking().wrap_bio(incoming, outgoing, server_hostname=endpoint.sni)
        else:
            tls = client.wrap_bio(incoming, outgoing, server_hostname=endpoint.checked_name)
    except (ValueError, TypeError):  # such as UnicodeError; TypeError for NUL characters
        name = printable(endpoint.server_name or "")
        why = f"{shown} cannot be asked for the name {name}, which is no valid host name: correct server_name."
        return ProbeResult(endpoint, ip_address, reason="handshake_failed", message=why, is_connected=True)
    reason: NotSeen | None = None
    message: str | None = None
    refusal: str | None = None
    is_for_other_name = False
    beginning = b""
    try:
        while not _advance(tls, outgoing, connected, deadline):
            data = receive(connected, deadline)
            if len(beginning) < 2:
                beginning += data
                _check_beginning(beginning, endpoint)
            if not data:
                raise CertificatesError("handshake_failed", f"{shown} closed the connection during the TLS handshake.")
            incoming.write(data)
    except ssl.SSLError as error:
        refusal = _why(error)
        is_for_other_name = getattr(error, "verify_code", None) in MISMATCHES
        reason, message = "handshake_failed", f"The TLS handshake with {shown} failed: {refusal}."
    except OSError as error:
        reason = "handshake_failed"
        message = f"{shown} broke the connection off during the TLS handshake ({error.strerror})."
    except CertificatesError as error:
        reason, message = t.cast(NotSeen, error.code), error.message
    ders = _certificates(tls)
    chain = _readable(ders)
    if reason is None and not chain:
        sent = "a certificate that cannot be read: have it replaced" if ders else "no certificate"
        reason, message = "handshake_failed", f"{shown} sent {sent}."
    used = tls.cipher()
    cipher = used[0] if used else None
    known = ProbeResult(endpoint, ip_address, chain, tls.version(), cipher, reason, message, is_connected=True)
    if client is None or (reason is not None and refusal is None):  # a connection that breaks is no refusal
        return known
    return replace(known, accepted=reason is None, refusal=refusal, is_for_other_name=is_for_other_name)


def _advance(tls: ssl.SSLObject, outgoing: ssl.MemoryBIO, connected: socket.socket, deadline: Deadline) -> bool:
    """Go on with the handshake as far as what was received allows, and send what is due, also an alert; return whether it is done."""
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return False
    else:
        return True
    finally:
        with suppress(OSError):  # if the server no longer reads, what it had to say may still be there to be read
            send(connected, outgoing.read(), deadline)


def _check_beginning(data: bytes, endpoint: Endpoint) -> None:
    """Refuse an answer that cannot be one of TLS.

    Raises:
        CertificatesError: `no_tls`.
    """
    if not data or (data[0] in TLS_RECORDS and data[1:2] in (b"", TLS_MAJOR)):
        return
    line = data[:SHOWN].partition(b"\n")[0].strip()
    is_text = line.isascii() and line.decode("ascii").isprintable()
    said = f", and says: {line.decode('ascii')}" if line and is_text else ""
    what = "answers something else than TLS"
    if line.startswith(b"HTTP/"):
        what = "answers in plain HTTP"
    elif is_text:
        what = "speaks a protocol that does not begin with TLS"
    raise CertificatesError("no_tls", f"{endpoint.shown} {what}{said}.")


def _why(error: ssl.SSLError) -> str:
    """Return what OpenSSL says, as the end of a sentence."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return printable(error.verify_message).rstrip(".")
    reason = error.reason or ""
    alert = ALERT.fullmatch(reason)
    if alert:
        name = alert[1].lower()
        return f"the server sent the alert {name}{ALERTS_MEAN.get(name, '')}"
    return reason.replace("_", " ").lower() or "OpenSSL does not say why"


def _certificates(tls: ssl.SSLObject) -> tuple[bytes, ...]:
    """Return the certificates that the server sent, in DER, its own first."""
    sent = certificates_of(tls, "get_unverified_chain")
    if sent is not None:
        return sent
    with suppress(ValueError):  # the handshake is not done
        own = tls.getpeercert(True)
        return (own,) if own else ()
    return ()


def _readable(ders: Iterable[bytes]) -> tuple[Certificate, ...]:
    """Return the certificates that can be read; none if the server's own cannot, since then nothing is known of the others."""
    certificates: list[Certificate] = []
    for number, der in enumerate(ders):
        with suppress(CertificatesError):
            certificates.append(checked_certificate(der))
        if number == 0 and not certificates:
            break
    return tuple(certificates)
