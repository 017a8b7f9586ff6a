# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers of this process behind the load balancers, where HAProxy is not needed: each listener answers with HTTP 200."""

from __future__ import annotations

import contextlib
import ipaddress
import random
import socket
import ssl
from collections.abc import Iterable, Iterator

from tests.support.tls_servers import Server, Visit, context_from

from .balancers import Frontend
from .switching import ProxyError

_FIRST_ADDRESSES = (int(ipaddress.ip_address("127.16.0.1")), int(ipaddress.ip_address("127.250.0.1")))
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nOK\n"
_Place = tuple[str, int]


def addresses() -> Iterator[str]:
    """Addresses on loopback that no balancer has, of this process or any other; on systems that have only one, that one."""
    number = random.randint(*_FIRST_ADDRESSES)
    while True:
        address = str(ipaddress.ip_address(number))
        yield address if _is_ours(address) else "127.0.0.1"
        number += 1


def _is_ours(address: str) -> bool:
    try:
        socket.create_server((address, 0)).close()
    except OSError:
        return False
    return True


class Listeners:
    """Each is a server; a change of its certificate is for those who connect after it, and ends no connection."""

    def __init__(self) -> None:
        self._addresses = addresses()
        self._frontends: dict[_Place, Frontend] = {}
        self._contexts: dict[_Place, ssl.SSLContext | None] = {}
        self._servers: dict[_Place, contextlib.ExitStack] = {}

    def next_address(self) -> str:
        """An address on loopback for one more balancer."""
        return next(self._addresses)

    def serve(self, frontends: Iterable[Frontend]) -> None:
        """Serve these and nothing else once this returns; raises ProxyError, and goes on as before."""
        wanted = {(frontend.address, frontend.port): frontend for frontend in frontends}
        contexts = {
            place: self._contexts[place] if self._frontends.get(place) == frontend else _context(frontend)
            for place, frontend in wanted.items()
        }
        with contextlib.ExitStack() as opened:
            servers = {place: self._open(place, opened) for place in wanted.keys() - self._servers.keys()}
            opened.pop_all()
        self._frontends, self._contexts = wanted, contexts
        self._servers |= servers
        for place in self._servers.keys() - wanted.keys():
            self._servers.pop(place).close()

    def stop(self) -> None:
        """End all."""
        self.serve([])

    def _open(self, place: _Place, opened: contextlib.ExitStack) -> contextlib.ExitStack:
        """Listen somewhere; it ends with what it gives, or with all that were opened with it."""
        server = contextlib.ExitStack()
        try:
            server.enter_context(Server(lambda visit: self._answer(visit, place), *place))
        except OSError as error:
            raise ProxyError(f"cannot listen at {place[0]}:{place[1]}: {error.strerror}") from error
        opened.callback(server.close)
        return server

    def _answer(self, visit: Visit, place: _Place) -> None:
        context = self._contexts.get(place)
        if context is not None:
            visit.serve(context, _ANSWER)
            return
        heard = b""
        while b"\r\n\r\n" not in heard:
            piece = visit.hear()
            if not piece:
                return
            heard += piece
        visit.say(_ANSWER)


def _context(frontend: Frontend) -> ssl.SSLContext | None:
    """What a listener is to a client that connects; None where it speaks no TLS."""
    if frontend.pem is None:
        return None
    versions = {"minimum_version": ssl.TLSVersion.TLSv1_2, "maximum_version": ssl.TLSVersion.TLSv1_2}
    try:
        return context_from(frontend.pem, ciphers=":".join(frontend.ciphers), **versions)
    except ssl.SSLError as error:
        raise ProxyError(f"certificate and private key cannot be served: {error.reason}") from error
