# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An endpoint on the network, and what was seen when it was looked at. Private to softlayer.certificates. Pure."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import dataclass

from .._codes import NotSeen
from .._names import ascii_name
from .._text import printable
from .._x509.certificate import Certificate

StartTls = t.Literal["smtp", "imap"]
"""Protocols that begin in the clear and change to TLS by their command STARTTLS."""
Address: t.TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"


@dataclass(frozen=True)
class Endpoint:
    """What to connect to.

    `server_name` is the name that is asked for in the handshake (SNI, RFC 6066, 3), `None` for none. `starttls` names the
    protocol that is spoken before TLS.
    """

    host: str
    port: int = 443
    server_name: str | None = None
    starttls: StartTls | None = None

    @property
    def shown(self) -> str:
        """Host and port in a sentence."""
        host = printable(self.host)
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @property
    def network_host(self) -> str:
        """The host as the resolver takes it: a name in ASCII form, an address as it is."""
        return self.host if as_address(self.host) else ascii_name(self.host)

    @property
    def sni(self) -> str | None:
        """The name to send; an address must not be sent (RFC 6066, 3)."""
        return None if not self.server_name or as_address(self.server_name) else ascii_name(self.server_name)


@dataclass(frozen=True)
class Look:
    """What was seen at an endpoint.

    `chain` has the certificates as they were sent, the server's own first; it may hold some even where `reason` is set.
    `message` is one sentence wherever `reason` is set. `is_connected` says whether a connection was accepted.
    """

    endpoint: Endpoint
    ip_address: str | None = None
    chain: tuple[Certificate, ...] = ()
    tls_version: str | None = None
    cipher: str | None = None
    reason: NotSeen | None = None
    message: str | None = None
    is_connected: bool = False


def as_address(host: str) -> Address | None:
    """Return the address that a text is, or `None` if it is a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
