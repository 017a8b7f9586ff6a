# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get lists of revoked certificates from the URLs that certificates name, and keep them. Private to softlayer.certificates.

Certificates come from strangers, and so do the URLs in them, and where those lead on to. So an address counts that is really connected
to, not what its name resolved to before; there is one time limit and one limit of bytes for all; and whatever goes wrong is a sentence,
not a failure. What is kept is a copy of what a server sent, which who reads it verifies as if it came from there.
"""

from __future__ import annotations

import base64
import http.client
import ipaddress
import os
import re
import socket
import ssl
import threading
import time
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent import futures
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import SplitResult, unquote, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

from .._errors import CertificatesError
from .._files import UNFINISHED_NAME, open_plain_file, put_in_place
from .._names import is_loopback
from .._text import printable
from .connection import PIECE, Deadline, SocketAddress, connect, resolve

LARGEST = 16 * 1024 * 1024
LARGEST_SUM = 64 * 1024 * 1024
"""Bytes of one list, and of all that a run gets."""
AT_ONCE = 32
MOST_OF_A_SERVER = 4
"""Lists that are got at the same time, in all and from one server: one that never answers keeps nobody from the others."""
MOST_REDIRECTS = 3
PORTS = {"http": 80, "https": 443}
REDIRECTS = frozenset({301, 302, 303, 307, 308})
SENDABLE = re.compile(r"[!-~]+")
BEHIND_PROXY_SECONDS = 3.0
"""How long a name is asked for that the proxy will ask for itself: name servers may know nothing of the world outside."""
OF_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv6 addresses that lead to the IPv4 address at their end (RFC 6052)."""


class NotGot(Exception):
    """Why a list was not got, as the end of a sentence."""


@dataclass(frozen=True)
class Egress:
    """How servers outside are reached: as the API is.

    Attributes:
        proxy: the URL of the proxy for everything; without one, what the environment says.
        verify: the path of a CA bundle, or whether servers are verified at all; only where http leads on to https.
    """

    proxy: str | None
    verify: bool | str

    def proxy_for(self, scheme: str, host: str) -> str | None:
        """Return the proxy for a server, if there is one; a machine whose API is behind a proxy has no other way out."""
        if self.proxy:
            return self.proxy
        named = getproxies()
        if is_loopback(host) or proxy_bypass(host):
            return None
        return named.get(scheme) or named.get("https") or named.get("all")

    def tls(self) -> ssl.SSLContext:
        """Return the settings of a TLS client."""
        if self.verify is False:
            settings = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            settings.check_hostname, settings.verify_mode = False, ssl.CERT_NONE
            return settings
        if self.verify is True:
            return ssl.create_default_context()
        is_folder = os.path.isdir(self.verify)
        return ssl.create_default_context(
            cafile=None if is_folder else self.verify, capath=self.verify if is_folder else None
        )


def why_not_connected(address: str, *, may_be_private: bool) -> str | None:
    """Return why an address is not connected to because of a certificate, as the end of a sentence; `None` if it may be.

    Args:
        address: an IP address.
        may_be_private: whether the certificate is of an authority that the user has named, whose lists may be on their own networks. Not
            even that one is taken to link-local addresses: there is no more than what clouds tell their machines.
    """
    plain = _meant(address)
    if plain.is_multicast or plain.is_unspecified or plain.is_link_local or not (plain.is_global or may_be_private):
        return f"its address {plain} is none of the public internet"
    return None


def _meant(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the address that one leads to: some of IPv6 have one of IPv4 in them."""
    given = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(given, ipaddress.IPv6Address):
        if given in OF_NAT64:
            return ipaddress.IPv4Address(int(given) & 0xFFFFFFFF)
        return given.ipv4_mapped or given.sixtofour or (given.teredo[1] if given.teredo else given)
    return given


def get_all(
    wanted: Mapping[str, bool], egress: Egress, seconds: float, stop: threading.Event | None = None
) -> dict[str, bytes | str]:
    """Return what is at some URLs, all asked at once; for those where that is nothing, why, as the end of a sentence.

    Args:
        wanted: the URLs, each with whether it may lead to private addresses.
        egress: how to get there.
        seconds: for all of them together.
        stop: once it is set, no more is waited for.
    """
    if not wanted:
        return {}
    errand = _Errand(egress, seconds, stop)
    queues = _queues(wanted)
    got: dict[str, bytes | str] = {}

    def get_in_turn(urls: Sequence[str]) -> None:
        got.update((url, errand.get(url, wanted[url])) for url in urls)

    with futures.ThreadPoolExecutor(max_workers=min(AT_ONCE, len(queues))) as pool:
        under_way = [pool.submit(get_in_turn, queue) for queue in queues]
        try:
            pending = set(under_way)
            while pending:
                _done, pending = futures.wait(pending, errand.deadline.seconds_to_wait(), futures.FIRST_COMPLETED)
        except TimeoutError:
            errand.cut()  # which ends all that is under way
    for future in under_way:
        future.result()
    return {url: got[url] for url in wanted}


def _queues(urls: Iterable[str]) -> list[Sequence[str]]:
    """Return URLs in queues, of each server `MOST_OF_A_SERVER` at the most; the first of every server comes before any second."""
    of_server: dict[str, list[str]] = {}
    for url in urls:
        of_server.setdefault(url.split("/")[2].casefold() if url.count("/") > 1 else "", []).append(url)
    split = [[queue[start::MOST_OF_A_SERVER] for queue in of_server.values()] for start in range(MOST_OF_A_SERVER)]
    return [queue for firsts in split for queue in firsts if queue]


class _Errand:
    """The getting of all lists of a run, with what it may take."""

    def __init__(self, egress: Egress, seconds: float, stop: threading.Event | None) -> None:
        self.deadline = Deadline(seconds, stop=stop)
        self._seconds = seconds
        self._late = f"it was not had within {seconds:g} seconds"
        self._egress = egress
        self._lock = threading.Lock()
        self._left = LARGEST_SUM
        self._open: set[socket.socket] = set()
        self._is_cut = False

    def cut(self) -> None:
        """End all connections: none is waited for any more."""
        with self._lock:
            self._is_cut = True
            for connected in self._open:
                with suppress(OSError):
                    connected.shutdown(socket.SHUT_RDWR)

    def get(self, url: str, may_be_private: bool) -> bytes | str:
        """Return what is at a URL, or why there is nothing."""
        try:
            for _redirect in range(MOST_REDIRECTS + 1):
                answer = self._ask(url, may_be_private)
                if isinstance(answer, bytes):
                    return answer
                url = urljoin(url, answer)
            return "it leads on and on"
        except NotGot as why:
            return self._late if self._is_cut else str(why)
        except TimeoutError:
            return self._late
        except (OSError, ValueError, http.client.HTTPException) as error:
            if self._is_cut:
                return self._late
            said = getattr(error, "strerror", None) or (str(error) if isinstance(error, socket.gaierror) else None)
            return f"it cannot be had: {printable(said or type(error).__name__)}"

    def _ask(self, url: str, may_be_private: bool) -> bytes | str:
        """Return what is at a URL, or where that leads on to.

        Raises:
            NotGot: there is nothing.
            OSError, ValueError, http.client.HTTPException: likewise.
        """
        if not SENDABLE.fullmatch(url):
            raise NotGot("its address has characters that no address has")
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme not in PORTS or not host or "@" in parts.netloc:
            raise NotGot("it is not at an address of http")
        with self._connected(parts, host, may_be_private) as connected:
            proxy = self._egress.proxy_for(parts.scheme, host)
            is_by_proxy = proxy is not None and parts.scheme == "http"
            target = parts._replace(fragment="").geturl() if is_by_proxy else _path(parts)
            login = _login(t.cast(str, proxy)) if is_by_proxy else ""
            connected.sendall(_request(f"GET {target}", parts.netloc, login))
            with http.client.HTTPResponse(connected, method="GET") as response:
                response.begin()
                if response.status in REDIRECTS:
                    return response.getheader("Location") or ""
                if response.status != http.client.OK:
                    raise NotGot(f"its server answers with HTTP status {response.status}")
                return self._read(response)

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        pieces, size = [], 0
        while piece := response.read(PIECE):
            size += len(piece)
            with self._lock:
                self._left -= len(piece)
                left = self._left
            if size > LARGEST:
                raise NotGot(f"it has more than {LARGEST // 1024 // 1024} MiB")
            if left < 0:
                raise NotGot(f"all lists together have more than {LARGEST_SUM // 1024 // 1024} MiB")
            pieces.append(piece)
        if self._is_cut:  # to an answer without a length that looks like the end
            raise TimeoutError
        if response.length or not pieces:
            raise NotGot("its server broke off")
        return b"".join(pieces)

    def _connected(self, parts: SplitResult, host: str, may_be_private: bool) -> _Held:
        """Return a connection to the server of a URL, or to the proxy before it.

        Raises:
            NotGot: it must not be connected to.
            OSError, ValueError: that cannot be done.
        """
        port = parts.port or PORTS[parts.scheme]
        proxy = self._egress.proxy_for(parts.scheme, host)
        if proxy is None:
            addresses = self._allowed(resolve(host, port, self.deadline), may_be_private)
            held = self._hold(connect(addresses, self.deadline)[0])
        else:
            self._check_behind_proxy(host, port, may_be_private)
            held = self._to_proxy(proxy)
        try:
            if parts.scheme == "https":
                if proxy is not None:
                    self._tunnel(held, f"{f'[{host}]' if ':' in host else host}:{port}", proxy)
                held.wrap(self._egress.tls(), host)
        except BaseException:
            held.__exit__()
            raise
        return held

    def _allowed(self, addresses: list[SocketAddress], may_be_private: bool) -> list[SocketAddress]:
        whys = [why_not_connected(address.ip_address, may_be_private=may_be_private) for address in addresses]
        allowed = [address for address, why in zip(addresses, whys, strict=True) if why is None]
        if not allowed:
            raise NotGot(whys[0] or "its name does not resolve")
        return allowed

    def _check_behind_proxy(self, host: str, port: int, may_be_private: bool) -> None:
        """Refuse what is known to be private here: a proxy resolves names itself, and who runs it decides what it connects to."""
        with suppress(OSError):
            addresses = resolve(host, port, Deadline(BEHIND_PROXY_SECONDS))
            for address in addresses:
                self._allowed([address], may_be_private)

    def _to_proxy(self, proxy: str) -> _Held:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        if parts.scheme not in PORTS or not parts.hostname:
            raise NotGot("the proxy is none of http")
        addresses = resolve(parts.hostname, parts.port or PORTS[parts.scheme], self.deadline)
        held = self._hold(connect(addresses, self.deadline)[0])
        if parts.scheme == "https":
            held.wrap(self._egress.tls(), parts.hostname)
        return held

    def _tunnel(self, held: _Held, target: str, proxy: str) -> None:
        held.connected.sendall(_request(f"CONNECT {target}", target, _login(proxy)))
        response = http.client.HTTPResponse(held.connected, method="CONNECT")
        response.begin()
        if response.status != http.client.OK:
            raise NotGot(f"the proxy answers with HTTP status {response.status}")

    def _hold(self, connected: socket.socket) -> _Held:
        connected.settimeout(self._seconds)  # `cut` ends it in time
        copy = socket.socket(fileno=os.dup(connected.fileno()))
        with self._lock:
            self._open.add(copy)
            is_cut = self._is_cut
        held = _Held(connected, copy, self._let_go)
        if is_cut:
            held.__exit__()
            raise TimeoutError
        return held

    def _let_go(self, copy: socket.socket) -> None:
        with self._lock:
            self._open.discard(copy)
        copy.close()


class _Held:
    """A connection that can be cut from outside: by a copy, as the connection itself changes hands when TLS begins."""

    def __init__(
        self, connected: socket.socket, copy: socket.socket, let_go: t.Callable[[socket.socket], None]
    ) -> None:
        self.connected = connected
        self._copy, self._let_go = copy, let_go

    def wrap(self, tls: ssl.SSLContext, host: str) -> None:
        """Begin TLS."""
        self.connected = tls.wrap_socket(self.connected, server_hostname=host)

    def __enter__(self) -> socket.socket:
        return self.connected

    def __exit__(self, *_error: object) -> None:
        self.connected.close()
        self._let_go(self._copy)


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _request(what: str, host: str, login: str) -> bytes:
    lines = [f"{what} HTTP/1.1", f"Host: {host}", "User-Agent: softlayer.certificates", "Accept: */*"]
    lines += ["Accept-Encoding: identity", "Connection: close", *([f"Proxy-Authorization: {login}"] if login else [])]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _login(proxy: str) -> str:
    """Return the header by which to log in to a proxy (RFC 7617); empty if its URL has no login."""
    parts = urlsplit(proxy)
    if parts.username is None:
        return ""
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {base64.b64encode(login.encode()).decode('ascii')}"


# What is kept

KEPT = re.compile(r"[0-9a-f]{64}\.crl")
LONGEST_KEPT = 30 * 24 * 3600.0
"""Seconds after which what was not got again is deleted: it is of no use by then."""


@dataclass(frozen=True)
class Kept:
    """A list as a run before has got it."""

    data: bytes
    age: float
    """Seconds since then."""


class Cache:
    """A folder of lists, for all runs; where it cannot be read or written, there is nothing in it.

    Args:
        folder: where it is, or is to be made; `None` for nowhere.
        is_read_only: whether nothing is kept, as in check mode.
    """

    def __init__(self, folder: str | None, *, is_read_only: bool = False) -> None:
        self._folder = folder
        self._is_read_only = is_read_only

    def read(self, url: str) -> Kept | None:
        """Return what is kept of a URL."""
        if self._folder is None:
            return None
        with suppress(OSError, CertificatesError), open_plain_file("file", _place(self._folder, url)) as file:
            data = file.read(LARGEST + 1)
            age = time.time() - os.fstat(file.fileno()).st_mtime
            return Kept(data, age if age >= 0 else LONGEST_KEPT) if len(data) <= LARGEST else None
        return None

    def keep(self, lists: Mapping[str, bytes]) -> None:
        """Keep lists by their URLs, each whole or not at all, and delete what is too old."""
        if not lists or self._folder is None or self._is_read_only:
            return
        with suppress(OSError, CertificatesError):
            os.makedirs(self._folder, 0o700, exist_ok=True)
            for url, data in lists.items():
                put_in_place(_place(self._folder, url), data, 0o600)
            for path in _outdated(self._folder):
                os.unlink(path)


def _place(folder: str, url: str) -> str:
    return os.path.join(folder, f"{sha256(url.encode()).hexdigest()}.crl")


def _outdated(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            is_ours = KEPT.fullmatch(entry.name) or UNFINISHED_NAME.fullmatch(entry.name)
            if is_ours and time.time() - entry.stat(follow_symlinks=False).st_mtime > LONGEST_KEPT:
                yield entry.path
