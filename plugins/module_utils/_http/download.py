# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Download from servers that certificates and ACME clients name, and cache the content. Private to softlayer.certificates.

Certificates come from strangers, and so do the URLs in them, and where those lead on to. So an address counts that is really connected
to, not what its name resolved to before; there is one time limit and one limit of bytes for all; and whatever goes wrong is a sentence,
not a failure. A cached copy is verified by its reader like a download.
"""

from __future__ import annotations

import ipaddress
import os
import re
import threading
import time
import typing as t
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent import futures
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies

from .._base.errors import CertificatesError
from .._base.files import TEMPORARY_NAME, open_plain_file, replace_file
from .._base.names import is_loopback
from .._base.text import escape_invisible
from .connection import Deadline, SocketAddress, resolve
from .faults import causes_of
from .network import Network
from .transport import Answer, AnswerTooLarge, Attempt, UnderWay, keep_quiet, make_adapter

with suppress(ImportError):
    import requests

MIB = 1024 * 1024
SCHEMES = frozenset({"http", "https"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
SENDABLE = re.compile(r"[!-~]+")
HEADERS = {"User-Agent": "softlayer.certificates", "Accept": "*/*", "Accept-Encoding": "identity"}
BEHIND_PROXY_SECONDS = 3.0
"""How long a name is asked for that the proxy will ask for itself: name servers may know nothing of the world outside."""
OF_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv6 addresses that lead to the IPv4 address at their end (RFC 6052)."""


class FetchError(Exception):
    """Why a download failed, as the end of a sentence."""


class Reach(Enum):
    """Which addresses a URL may lead to."""

    INTERNET = "internet"
    """For certificates of unknown servers."""
    OWN_NETWORKS = "own networks"
    """For certificates of a CA that the user has specified, whose CRLs may be at private addresses."""
    ANYWHERE = "anywhere"
    """For URLs that are set on this host."""


@dataclass(frozen=True)
class Limits:
    """Limits of all downloads of a run.

    Attributes:
        size: bytes of one answer.
        size_of_all: bytes of all answers.
        at_once: requests at the same time.
        at_once_of_a_server: requests to one server at the same time. A server that does not respond does not delay the others.
        redirects: maximum number of redirects.
    """

    size: int
    size_of_all: int
    at_once: int
    at_once_of_a_server: int
    redirects: int


CRL_LIMITS = Limits(16 * MIB, 64 * MIB, at_once=32, at_once_of_a_server=4, redirects=3)
"""Limits for certificate revocation lists (CRLs)."""


def why_not_connected(address: str, reach: Reach) -> str | None:
    """Return why an IP address is not connected to, as the end of a sentence; `None` if it may be.

    Link-local addresses are also rejected for CAs that the user has specified, because clouds serve metadata there.
    """
    plain = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(plain, ipaddress.IPv6Address):  # some lead to an address of IPv4 that they have in them
        if plain in OF_NAT64:
            plain = ipaddress.IPv4Address(int(plain) & 0xFFFFFFFF)
        else:
            plain = plain.ipv4_mapped or plain.sixtofour or (plain.teredo[1] if plain.teredo else plain)
    is_special = plain.is_multicast or plain.is_unspecified or plain.is_link_local
    if reach is Reach.ANYWHERE or not (is_special or (reach is Reach.INTERNET and not plain.is_global)):
        return None
    return f"the server address {plain} is not a public internet address"


def allowed(addresses: Iterable[SocketAddress], reach: Reach) -> list[SocketAddress]:
    """Return the addresses that may be connected to.

    Raises:
        FetchError: there is none.
    """
    whys = {address: why_not_connected(address.ip_address, reach) for address in addresses}
    if all(whys.values()):
        raise FetchError(next(iter(whys.values()), None) or "the host name cannot be resolved")
    return [address for address, why in whys.items() if not why]


def proxy_for(network: Network, url: str) -> str | None:
    """Return the proxy for a server, if any; a host that reaches the API through a proxy has no direct access.

    Raises:
        FetchError: it is not an HTTP proxy.
    """
    proxy, parts = network.proxy, urlsplit(url)
    if not proxy and not is_loopback(parts.hostname or "") and not requests.utils.should_bypass_proxies(url, None):
        named = getproxies()
        proxy = named.get(parts.scheme) or named.get("https") or named.get("all")
    if proxy and "://" not in proxy:
        return f"http://{proxy}"
    if proxy and urlsplit(proxy).scheme not in SCHEMES:
        raise FetchError("the proxy is not an HTTP proxy")
    return proxy


def download(
    wanted: Mapping[str, Reach],
    network: Network,
    limits: Limits,
    seconds: float,
    stop: threading.Event | None = None,
) -> dict[str, Answer | str]:
    """Return the responses of URLs, requested concurrently, or for each failed download the reason as the end of a sentence.

    Args:
        wanted: the URLs, each with the allowed addresses.
        network: the network settings.
        limits: the limits of all downloads.
        seconds: for all of them together.
        stop: ends all waits when it is set.
    """
    if not wanted:
        return {}
    run = _Run(network, limits, seconds, stop, len(wanted))
    of_server: dict[str, list[str]] = {}
    for url in wanted:
        of_server.setdefault(url.split("/")[2].casefold() if url.count("/") > 1 else "", []).append(url)
    most = limits.at_once_of_a_server  # queues of each; the first of every server comes before any second
    split = [[queue[start::most] for queue in of_server.values()] for start in range(most)]
    queues = [queue for firsts in split for queue in firsts if queue]
    got: dict[str, Answer | str] = {}

    def get_in_turn(urls: Sequence[str]) -> None:
        got.update((url, run.get(url, wanted[url])) for url in urls)

    with futures.ThreadPoolExecutor(max_workers=min(limits.at_once, len(queues))) as pool:
        under_way = [pool.submit(get_in_turn, queue) for queue in queues]
        try:
            pending = set(under_way)
            while pending:
                _done, pending = futures.wait(pending, run.deadline.seconds_to_wait(), futures.FIRST_COMPLETED)
        except TimeoutError:
            run.cut()  # which ends all that is under way
    for future in under_way:
        future.result()
    return {url: got[url] for url in wanted}


def content_of(got: Answer | str) -> bytes | str:
    """Return the content of a download, or the reason for its failure."""
    if isinstance(got, str):
        return got
    if got.status != 200:
        return f"the server returned HTTP status {got.status}"
    return got.body or "the server returned an incomplete response"


class _Run:
    """All downloads of a call, with their common limits."""

    def __init__(
        self, network: Network, limits: Limits, seconds: float, stop: threading.Event | None, urls: int
    ) -> None:
        keep_quiet("urllib3", verify=network.verify)
        self.deadline = Deadline(seconds, stop=stop)
        self._late = f"the download did not finish within {round(seconds, 1):g} seconds"
        self._network, self._limits, self._stop = network, limits, stop
        self._under_way = UnderWay()
        self._attempts: list[Attempt] = []
        self._lock = threading.Lock()
        self._left = limits.size_of_all
        # One for each reach: a connection that was made for one must not be used again for another.
        pools = urls * (limits.redirects + 1)
        make = make_adapter(self._under_way)
        self._adapters = {
            reach: make(max_retries=0, pool_connections=pools, pool_maxsize=limits.at_once) for reach in Reach
        }

    def cut(self) -> None:
        """End all requests."""
        for attempt in self._attempts:
            attempt.cut()

    def get(self, url: str, reach: Reach) -> Answer | str:
        """Return the response of a URL, or the reason for the failure."""
        try:
            for _redirect in range(self._limits.redirects + 1):
                answer = self._ask(url, reach)
                if not self._limits.redirects or answer.status not in REDIRECTS:
                    return answer
                url = urljoin(url, answer.headers.get("Location", ""))
            return "the server redirects too often"
        except FetchError as why:
            return str(why) if self.deadline.seconds_left else self._late
        except AnswerTooLarge:
            return f"the content is larger than {self._limits.size / MIB:g} MiB"
        except Exception as error:  # what a broken answer makes the library raise may be anything
            return f"the download failed: {_why(error)}" if self.deadline.seconds_left else self._late

    def _ask(self, url: str, reach: Reach) -> Answer:
        """Return the response of a server.

        Raises:
            FetchError: no request was sent.
            Exception: the request failed.
        """
        if not SENDABLE.fullmatch(url):
            raise FetchError("the URL contains invalid characters")
        request = requests.Request("GET", url, HEADERS).prepare()
        prepared = t.cast(str, request.url)
        parts = urlsplit(prepared)
        if parts.scheme not in SCHEMES or not parts.hostname or "@" in parts.netloc:
            raise FetchError("the URL is not an HTTP URL")
        proxy = proxy_for(self._network, prepared)
        if proxy and reach is not Reach.ANYWHERE:
            # A proxy resolves names itself, and who runs it decides what it connects to; refuse what is known to be private here.
            with suppress(OSError):
                for address in resolve(parts.hostname, 0, Deadline(BEHIND_PROXY_SECONDS, stop=self._stop)):
                    allowed([address], reach)
        attempt = _Download(self.deadline.seconds_left, self._stop, Reach.ANYWHERE if proxy else reach, self._count)
        attempt.largest_answer, attempt.may_be_packed = self._limits.size, False
        self._attempts.append(attempt)
        self.deadline.seconds_to_wait()  # which raises if `cut` came before this attempt
        self._under_way.attempt = attempt
        with attempt:
            self._adapters[reach].send(
                request,
                timeout=self.deadline.seconds_left,
                verify=self._network.verify,
                proxies={parts.scheme: proxy} if proxy else None,
            )
        return t.cast(Answer, attempt.answer)

    def _count(self, size: int) -> None:
        """Count bytes of all answers.

        Raises:
            FetchError: the limit is exceeded.
        """
        with self._lock:
            self._left -= size
            if self._left < 0:
                raise FetchError(f"all downloads together are larger than {self._limits.size_of_all / MIB:g} MiB")


class _Download(Attempt):
    """One request to an allowed address."""

    def __init__(
        self, seconds: float, stop: threading.Event | None, reach: Reach, count: Callable[[int], None]
    ) -> None:
        super().__init__(seconds, stop)
        self._reach, self._count_all = reach, count

    def allow(self, addresses: list[SocketAddress]) -> list[SocketAddress]:
        """Return the addresses that may be connected to; raises `FetchError` if there is none."""
        return allowed(addresses, self._reach)

    def count(self, size: int) -> None:
        """Count bytes, of this answer and of all; raises `AnswerTooLarge` or `FetchError` if there are too many."""
        super().count(size)
        self._count_all(size)


def _why(error: Exception) -> str:
    """Return why a request failed, from the errors of the system."""
    causes = list(causes_of(error))
    refusal = re.search(r"Tunnel connection failed: (\d{3})", str(error))
    if refusal:
        return f"the proxy returned HTTP status {refusal[1]}"
    reasons = (getattr(cause, "verify_message", None) or getattr(cause, "strerror", None) for cause in causes)
    return escape_invisible(next(filter(None, reasons), type(causes[-1]).__name__))


# What is kept

KEPT = re.compile(r"[0-9a-f]{64}\.crl")
MAX_KEPT_SECONDS = 30 * 24 * 3600.0
"""Seconds after which a cached file is deleted."""


@dataclass(frozen=True)
class CachedCrl:
    """A CRL that an earlier run downloaded."""

    data: bytes
    age: float
    """Seconds since then."""


class Cache:
    """A directory of CRLs for all runs; it counts as empty if it cannot be read or written.

    Args:
        folder: its path; `None` for no cache.
        is_read_only: whether nothing is written, as in check mode.
    """

    def __init__(self, folder: str | None, *, is_read_only: bool = False) -> None:
        self._folder = folder
        self._is_read_only = is_read_only

    def read(self, url: str) -> CachedCrl | None:
        """Return the cached file of a URL."""
        if self._folder is None:
            return None
        with suppress(OSError, CertificatesError), open_plain_file("file", _place(self._folder, url)) as file:
            data = file.read(CRL_LIMITS.size + 1)
            age = time.time() - os.fstat(file.fileno()).st_mtime
            return CachedCrl(data, age if age >= 0 else MAX_KEPT_SECONDS) if len(data) <= CRL_LIMITS.size else None
        return None

    def keep(self, lists: Mapping[str, bytes]) -> None:
        """Write CRLs atomically by their URLs, and delete outdated files."""
        if not lists or self._folder is None or self._is_read_only:
            return
        with suppress(OSError, CertificatesError):
            os.makedirs(self._folder, 0o700, exist_ok=True)
            for url, data in lists.items():
                replace_file(_place(self._folder, url), data, 0o600)
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    is_ours = KEPT.fullmatch(entry.name) or TEMPORARY_NAME.fullmatch(entry.name)
                    if is_ours and time.time() - entry.stat(follow_symlinks=False).st_mtime > MAX_KEPT_SECONDS:
                        os.unlink(entry.path)


def _place(folder: str, url: str) -> str:
    return os.path.join(folder, f"{sha256(url.encode()).hexdigest()}.crl")
