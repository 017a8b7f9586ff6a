# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Download from URLs in certificates and ACME directories, and cache the content. Private to softlayer.certificates.

URLs and redirects are untrusted input. The address of each connection is checked, all downloads share a time limit and a size
limit, and each failure is returned as text. Cached files are verified again when they are used.
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
from .faults import list_causes
from .network import Network
from .transport import Attempt, CurrentAttempt, Response, ResponseTooLargeError, make_adapter, silence_library

with suppress(ImportError):
    import requests

MIB = 1024 * 1024
SCHEMES = frozenset({"http", "https"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
URL_CHARACTERS = re.compile(r"[!-~]+")
HEADERS = {"User-Agent": "softlayer.certificates", "Accept": "*/*", "Accept-Encoding": "identity"}
PROXY_LOOKUP_SECONDS = 3.0
"""Maximum time in seconds to resolve a host name that the proxy will resolve again."""
NAT64_NETWORK = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv6 addresses that contain an IPv4 address (RFC 6052)."""


class FetchError(Exception):
    """The reason for a failed download, as the end of a sentence."""


class Reach(Enum):
    """The IP addresses to which a URL may lead."""

    INTERNET = "internet"
    """Public addresses, for certificates of unknown servers."""
    OWN_NETWORKS = "own networks"
    """Public and private addresses, for certificates of a CA that the user has specified."""
    ALL_NETWORKS = "anywhere"
    """All addresses, for URLs from the configuration of the host."""


@dataclass(frozen=True)
class Limits:
    """Limits of all downloads in a run.

    Attributes:
        max_size: the maximum size of a response in bytes.
        max_total_size: the maximum size of all responses in bytes.
        max_requests: the maximum number of concurrent requests.
        max_requests_per_server: the maximum number of concurrent requests to a server.
        max_redirects: the maximum number of redirects.
    """

    max_size: int
    max_total_size: int
    max_requests: int
    max_requests_per_server: int
    max_redirects: int


CRL_LIMITS = Limits(16 * MIB, 64 * MIB, max_requests=32, max_requests_per_server=4, max_redirects=3)
"""Limits for downloads of certificate revocation lists (CRLs)."""


def why_blocked(address: str, reach: Reach) -> str | None:
    """Return the reason for blocking an IP address, as the end of a sentence; `None` if the address is allowed.

    Link-local addresses are always blocked for certificates, because clouds serve metadata at them.
    """
    plain = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(plain, ipaddress.IPv6Address):  # some lead to an address of IPv4 that they have in them
        if plain in NAT64_NETWORK:
            plain = ipaddress.IPv4Address(int(plain) & 0xFFFFFFFF)
        else:
            plain = plain.ipv4_mapped or plain.sixtofour or (plain.teredo[1] if plain.teredo else plain)
    is_special = plain.is_multicast or plain.is_unspecified or plain.is_link_local
    if reach is Reach.ALL_NETWORKS or not (is_special or (reach is Reach.INTERNET and not plain.is_global)):
        return None
    return f"the server address {plain} is not a public internet address"


def select_allowed_addresses(addresses: Iterable[SocketAddress], reach: Reach) -> list[SocketAddress]:
    """Return the allowed addresses.

    Raises:
        FetchError: if no address is allowed.
    """
    whys = {address: why_blocked(address.ip_address, reach) for address in addresses}
    if all(whys.values()):
        raise FetchError(next(iter(whys.values()), None) or "the host name cannot be resolved")
    return [address for address, why in whys.items() if not why]


def find_proxy(network: Network, url: str) -> str | None:
    """Return the proxy for a URL; `None` for a direct connection.

    Raises:
        FetchError: if the proxy is not an HTTP proxy.
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
) -> dict[str, Response | str]:
    """Return the response for each URL, or the reason for a failed download as the end of a sentence.

    Args:
        wanted: the URLs, each with the allowed addresses.
        network: the network settings.
        limits: the limits of all downloads.
        seconds: the maximum duration of all downloads.
        stop: ends all waits when it is set.
    """
    if not wanted:
        return {}
    run = _Run(network, limits, seconds, stop, len(wanted))
    of_server: dict[str, list[str]] = {}
    for url in wanted:
        of_server.setdefault(url.split("/")[2].casefold() if url.count("/") > 1 else "", []).append(url)
    most = limits.max_requests_per_server  # queues of each; the first of every server comes before any second
    split = [[queue[start::most] for queue in of_server.values()] for start in range(most)]
    queues = [queue for firsts in split for queue in firsts if queue]
    got: dict[str, Response | str] = {}

    def download_queue(urls: Sequence[str]) -> None:
        got.update((url, run.request(url, wanted[url])) for url in urls)

    with futures.ThreadPoolExecutor(max_workers=min(limits.max_requests, len(queues))) as pool:
        under_way = [pool.submit(download_queue, queue) for queue in queues]
        try:
            pending = set(under_way)
            while pending:
                _done, pending = futures.wait(pending, run.deadline.get_wait_seconds(), futures.FIRST_COMPLETED)
        except TimeoutError:
            run.abort()  # which ends all that is under way
    for future in under_way:
        future.result()
    return {url: got[url] for url in wanted}


def get_content(got: Response | str) -> bytes | str:
    """Return the content of a download, or the reason for its failure."""
    if isinstance(got, str):
        return got
    if got.status != 200:
        return f"the server returned HTTP status {got.status}"
    return got.body or "the server returned an incomplete response"


class _Run:
    """The concurrent downloads of one `download` call, with common limits."""

    def __init__(
        self, network: Network, limits: Limits, seconds: float, stop: threading.Event | None, urls: int
    ) -> None:
        silence_library("urllib3", verify=network.verify)
        self.deadline = Deadline(seconds, stop=stop)
        self._late = f"the download did not finish within {round(seconds, 1):g} seconds"
        self._network, self._limits, self._stop = network, limits, stop
        self._under_way = CurrentAttempt()
        self._attempts: list[Attempt] = []
        self._lock = threading.Lock()
        self._left = limits.max_total_size
        # One for each reach: a connection that was made for one must not be used again for another.
        pools = urls * (limits.max_redirects + 1)
        make = make_adapter(self._under_way)
        self._adapters = {
            reach: make(max_retries=0, pool_connections=pools, pool_maxsize=limits.max_requests) for reach in Reach
        }

    def abort(self) -> None:
        """Abort all requests."""
        for attempt in self._attempts:
            attempt.abort()

    def request(self, url: str, reach: Reach) -> Response | str:
        """Return the response for a URL after redirects, or the reason for the failure."""
        try:
            for _redirect in range(self._limits.max_redirects + 1):
                answer = self._request(url, reach)
                if not self._limits.max_redirects or answer.status not in REDIRECTS:
                    return answer
                url = urljoin(url, answer.headers.get("Location", ""))
            return "the server redirects too often"
        except FetchError as why:
            return str(why) if self.deadline.remaining_seconds else self._late
        except ResponseTooLargeError:
            return f"the content is larger than {self._limits.max_size / MIB:g} MiB"
        except Exception as error:  # what a broken answer makes the library raise may be anything
            return f"the download failed: {_describe_error(error)}" if self.deadline.remaining_seconds else self._late

    def _request(self, url: str, reach: Reach) -> Response:
        """Return the response of a server.

        Raises:
            FetchError: if no request was sent.
            Exception: if the request failed.
        """
        if not URL_CHARACTERS.fullmatch(url):
            raise FetchError("the URL contains invalid characters")
        request = requests.Request("GET", url, HEADERS).prepare()
        prepared = t.cast(str, request.url)
        parts = urlsplit(prepared)
        if parts.scheme not in SCHEMES or not parts.hostname or "@" in parts.netloc:
            raise FetchError("the URL is not an HTTP URL")
        proxy = find_proxy(self._network, prepared)
        if proxy and reach is not Reach.ALL_NETWORKS:
            # A proxy resolves names itself, and who runs it decides what it connects to; refuse what is known to be private here.
            with suppress(OSError):
                for address in resolve(parts.hostname, 0, Deadline(PROXY_LOOKUP_SECONDS, stop=self._stop)):
                    select_allowed_addresses([address], reach)
        attempt = _Download(
            self.deadline.remaining_seconds, self._stop, Reach.ALL_NETWORKS if proxy else reach, self._count
        )
        attempt.max_response_size, attempt.is_compression_allowed = self._limits.max_size, False
        self._attempts.append(attempt)
        self.deadline.get_wait_seconds()  # which raises if `abort` came before this attempt
        self._under_way.attempt = attempt
        with attempt:
            self._adapters[reach].send(
                request,
                timeout=self.deadline.remaining_seconds,
                verify=self._network.verify,
                proxies={parts.scheme: proxy} if proxy else None,
            )
        return t.cast(Response, attempt.answer)

    def _count(self, size: int) -> None:
        """Count bytes of all responses.

        Raises:
            FetchError: if the limit is exceeded.
        """
        with self._lock:
            self._left -= size
            if self._left < 0:
                raise FetchError(f"all downloads together are larger than {self._limits.max_total_size / MIB:g} MiB")


class _Download(Attempt):
    """A request that connects only to allowed addresses."""

    def __init__(
        self, seconds: float, stop: threading.Event | None, reach: Reach, count: Callable[[int], None]
    ) -> None:
        super().__init__(seconds, stop)
        self._reach, self._count_all = reach, count

    def select_allowed(self, addresses: list[SocketAddress]) -> list[SocketAddress]:
        """Return the allowed addresses. Raises `FetchError` if no address is allowed."""
        return select_allowed_addresses(addresses, self._reach)

    def count_bytes(self, size: int) -> None:
        """Count bytes of this response and of all responses. Raises `ResponseTooLargeError` or `FetchError` if a limit is exceeded."""
        super().count_bytes(size)
        self._count_all(size)


def _describe_error(error: Exception) -> str:
    """Return the reason for a failed request, from operating system errors if possible."""
    causes = list(list_causes(error))
    refusal = re.search(r"Tunnel connection failed: (\d{3})", str(error))
    if refusal:
        return f"the proxy returned HTTP status {refusal[1]}"
    reasons = (getattr(cause, "verify_message", None) or getattr(cause, "strerror", None) for cause in causes)
    return escape_invisible(next(filter(None, reasons), type(causes[-1]).__name__))


# What is kept

CACHE_FILE_NAME = re.compile(r"[0-9a-f]{64}\.crl")
MAX_CACHE_SECONDS = 30 * 24 * 3600.0
"""Maximum age of a cached file in seconds; older files are deleted."""


@dataclass(frozen=True)
class CachedCrl:
    """A CRL that a previous run downloaded."""

    data: bytes
    age: float
    """The time since the download in seconds."""


class Cache:
    """A directory of cached CRLs, which counts as empty if it is not accessible.

    Args:
        folder: the path of the directory; `None` disables the cache.
        is_read_only: whether to write nothing, as in check mode.
    """

    def __init__(self, folder: str | None, *, is_read_only: bool = False) -> None:
        self._folder = folder
        self._is_read_only = is_read_only

    def read(self, url: str) -> CachedCrl | None:
        """Return the cached CRL of a URL; `None` if there is none."""
        if self._folder is None:
            return None
        with suppress(OSError, CertificatesError), open_plain_file("file", _build_path(self._folder, url)) as file:
            data = file.read(CRL_LIMITS.max_size + 1)
            age = time.time() - os.fstat(file.fileno()).st_mtime
            return CachedCrl(data, age if age >= 0 else MAX_CACHE_SECONDS) if len(data) <= CRL_LIMITS.max_size else None
        return None

    def write(self, lists: Mapping[str, bytes]) -> None:
        """Write CRLs atomically by their URLs, and delete outdated files."""
        if not lists or self._folder is None or self._is_read_only:
            return
        with suppress(OSError, CertificatesError):
            os.makedirs(self._folder, 0o700, exist_ok=True)
            for url, data in lists.items():
                replace_file(_build_path(self._folder, url), data, 0o600)
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    is_ours = CACHE_FILE_NAME.fullmatch(entry.name) or TEMPORARY_NAME.fullmatch(entry.name)
                    if is_ours and time.time() - entry.stat(follow_symlinks=False).st_mtime > MAX_CACHE_SECONDS:
                        os.unlink(entry.path)


def _build_path(folder: str, url: str) -> str:
    return os.path.join(folder, f"{sha256(url.encode()).hexdigest()}.crl")
