# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Downloads such as lists of revoked certificates, from servers that mean well and from others, and what is kept of them."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._http import download as downloads
from ansible_collections.softlayer.certificates.plugins.module_utils._http import transport
from ansible_collections.softlayer.certificates.plugins.module_utils._http.connection import SocketAddress
from ansible_collections.softlayer.certificates.plugins.module_utils._http.download import (
    CRL_LIMITS,
    MAX_CACHE_SECONDS,
    MIB,
    Cache,
    Limits,
    Reach,
    download,
    get_content,
    why_blocked,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._http.network import Network

from tests.support.revoking import Publisher, publishing, redirect

DIRECT = Network(60, None, True, 5)
LARGEST = CRL_LIMITS.max_size
LONG = 60.0
LIST = b"\x30\x80 a list, whatever is in it"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with publishing() as server:
        server.publish({"/1.crl": LIST})
        yield server


def by_proxy(url: str) -> Network:
    return Network(60, url, True, 5)


def get_all(
    urls: Iterable[str],
    seconds: float = LONG,
    reach: Reach = Reach.OWN_NETWORKS,
    network: Network = DIRECT,
    limits: Limits = CRL_LIMITS,
    stop: threading.Event | None = None,
) -> dict[str, bytes | str]:
    answers = download(dict.fromkeys(urls, reach), network, limits, seconds, stop)
    return {url: get_content(answer) for url, answer in answers.items()}


def got(url: str, *, private: bool = True, network: Network = DIRECT) -> bytes | str:
    return get_all([url], reach=Reach.OWN_NETWORKS if private else Reach.INTERNET, network=network)[url]


def test_what_is_there_and_what_is_not(publisher: Publisher) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        urls = [f"{publisher.url}/1.crl", f"{publisher.url}/2.crl", nobody, "http://nowhere.invalid/1.crl"]
        answers = get_all(urls)
    assert list(answers) == urls and answers[urls[0]] == LIST
    assert answers[urls[1]] == "the server returned HTTP status 404"
    assert answers[nobody] == "the download failed: Connection refused"
    assert str(answers[urls[3]]).startswith("the download failed: ")
    assert publisher.asked.count("/1.crl") == 1
    assert get_all([]) == {}


@pytest.mark.parametrize(
    ("address", "is_private", "is_never"),
    [
        ("93.184.216.34", False, False),
        ("127.0.0.1", True, False),
        ("10.1.2.3", True, False),
        ("100.64.0.1", True, False),
        ("::1", True, False),
        ("::ffff:127.0.0.1", True, False),
        ("64:ff9b::10.0.0.1", True, False),
        ("64:ff9b::93.184.216.34", False, False),
        ("2002:7f00:1::", True, False),
        ("169.254.169.254", True, True),
        ("fe80::1%eth0", True, True),
        ("0.0.0.0", True, True),
        ("::", True, True),
        ("224.0.0.1", True, True),
    ],
)
def test_which_addresses_a_certificate_may_lead_to(address: str, is_private: bool, is_never: bool) -> None:
    assert bool(why_blocked(address, Reach.INTERNET)) is is_private
    assert bool(why_blocked(address, Reach.OWN_NETWORKS)) is is_never
    assert why_blocked(address, Reach.ALL_NETWORKS) is None


def test_a_certificate_of_strangers_leads_to_no_private_address(publisher: Publisher) -> None:
    """Also by a name, and by a number that is another way to write it."""
    port = publisher.url.rpartition(":")[2]
    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]"):
        answer = got(f"http://{host}:{port}/1.crl", private=False)
        assert isinstance(answer, str), host
    assert (
        got("http://169.254.169.254/latest/meta-data/")
        == "the server address 169.254.169.254 is not a public internet address"
    )
    assert publisher.asked == []


def test_a_connection_to_a_private_address_is_not_used_for_a_stranger(publisher: Publisher) -> None:
    """A server that keeps it open is asked by it again only for those that may lead there."""
    publisher.handler.protocol_version = "HTTP/1.1"
    publisher.publish({"/2.crl": LIST, "/3.crl": LIST})
    named, other, strange = (f"{publisher.url}/{number}.crl" for number in "123")
    wanted = {named: Reach.OWN_NETWORKS, strange: Reach.INTERNET, other: Reach.OWN_NETWORKS}
    answers = download(wanted, DIRECT, replace(CRL_LIMITS, max_requests_per_server=1), LONG)
    assert answers[strange] == "the server address 127.0.0.1 is not a public internet address"
    assert publisher.asked == ["/1.crl", "/2.crl"] and publisher.connections == 1


def test_a_name_is_resolved_once(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that first tells an address that is allowed, and then another one, gains nothing."""
    port = int(publisher.url.rpartition(":")[2])
    asked: list[str] = []

    def resolved(host: str, port: int, _deadline: object) -> list[SocketAddress]:
        asked.append(host)
        address = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [SocketAddress(socket.AF_INET, (address, port))]

    connected: list[str] = []

    def connect(addresses: list[SocketAddress], _deadline: object) -> Any:
        connected.extend(address.ip_address for address in addresses)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(transport, "resolve", resolved)
    monkeypatch.setattr(transport, "connect", connect)
    got(f"http://rebinding.example.com:{port}/1.crl", private=False)
    assert (asked, connected) == (["rebinding.example.com"], ["93.184.216.34"])


def test_redirects(publisher: Publisher) -> None:
    publisher.publish({"/moved": redirect("/1.crl"), "/round": redirect("/round")})
    assert got(f"{publisher.url}/moved") == LIST
    assert got(f"{publisher.url}/round") == "the server redirects too often"
    assert publisher.asked.count("/round") == CRL_LIMITS.max_redirects + 1


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "gopher://127.0.0.1/", "", "http://169.254.169.254/latest/", "http://a\tb/"]
)
def test_redirects_that_are_not_followed(publisher: Publisher, target: str) -> None:
    publisher.publish({"/moved": redirect(target)})
    assert isinstance(got(f"{publisher.url}/moved"), str)


def test_a_redirect_to_a_private_address(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own address counts as one that is allowed here; where it leads to, this machine, does not."""
    port = publisher.url.rpartition(":")[2]
    monkeypatch.setattr(
        downloads,
        "why_blocked",
        lambda address, _reach: (
            None if address == "127.0.0.1" else "the server address is not a public internet address"
        ),
    )
    publisher.publish({"/moved": redirect(f"http://127.0.0.2:{port}/1.crl")})
    assert got(f"{publisher.url}/moved", private=False) == "the server address is not a public internet address"
    assert publisher.asked == ["/moved"]


def test_a_server_that_never_answers_keeps_no_one_from_others() -> None:
    with publishing() as mute, publishing() as other:
        lists = {
            f"/{number}": lambda _request: mute.ended.wait() and None for number in range(3 * CRL_LIMITS.max_requests)
        }
        mute.publish(lists)
        other.publish({"/1.crl": LIST, "/2.crl": LIST})
        urls = [*(f"{mute.url}{path}" for path in lists), f"{other.url}/1.crl", f"{other.url}/2.crl"]
        answers = get_all(urls, 0.7)
        assert list(answers) == urls and list(answers.values())[-2:] == [LIST, LIST]
        assert 0 < len(mute.asked) <= CRL_LIMITS.max_requests_per_server


def test_a_run_that_is_interrupted_does_not_wait(publisher: Publisher) -> None:
    stop = threading.Event()

    def stopping(request: BaseHTTPRequestHandler) -> None:
        stop.set()
        publisher.drip(request)

    publisher.publish({"/slow": stopping})
    url = f"{publisher.url}/slow"
    assert isinstance(get_all([url], stop=stop)[url], str)


def test_more_than_a_list_can_have(publisher: Publisher) -> None:
    publisher.publish({"/endless": publisher.flood, "/whole": bytes(LARGEST)})
    assert got(f"{publisher.url}/endless") == "the content is larger than 16 MiB"
    assert got(f"{publisher.url}/whole") == bytes(LARGEST)
    publisher.publish({f"/{number}": bytes(MIB) for number in range(5)})
    limits = replace(CRL_LIMITS, max_total_size=3 * MIB)
    answers = get_all([f"{publisher.url}/{number}" for number in range(5)], limits=limits)
    late = [answer for answer in answers.values() if isinstance(answer, str)]
    assert set(late) == {"all downloads together are larger than 3 MiB"}
    assert 2 <= len(late) < 5


@pytest.mark.parametrize(
    ("coding", "is_taken"), [("gzip", False), ("DEFLATE", False), ("identity", True), ("binary", True)]
)
def test_what_is_packed_is_not_unpacked(publisher: Publisher, coding: str, is_taken: bool) -> None:
    """It was asked for as it is; unpacked, it might have any size."""
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(LIST)}\r\n\r\n".encode()
    publisher.publish({"/packed": raw(head + LIST)})
    assert got(f"{publisher.url}/packed") == (LIST if is_taken else "the download failed: ContentDecodingError")


def raw(text: bytes) -> Any:
    """An answer that is no HTTP, or half of it."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(text)
        request.wfile.flush()
        request.connection.shutdown(socket.SHUT_RDWR)

    return answer


def test_through_a_proxy(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets the whole URL; what is private is not asked of it, either."""
    url = "http://crl.invalid/1.crl?part=1"
    publisher.publish({url: LIST})
    for network in (by_proxy(publisher.url), DIRECT):
        assert got(url, private=False, network=network) == LIST
        for private in ("http://169.254.169.254/", "http://10.0.0.1/1.crl", "http://localhost/"):
            assert isinstance(got(private, private=False, network=by_proxy(publisher.url)), str)
        monkeypatch.setenv("https_proxy", publisher.url)
    assert publisher.asked == [url, url]
    for without in (".invalid", "crl.invalid", "*"):
        monkeypatch.setenv("no_proxy", without)
        assert isinstance(got(url, private=False), str) and len(publisher.asked) == 2


def test_a_name_with_any_private_address_is_not_asked_of_a_proxy(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which of them the proxy would take is not known."""
    found = [SocketAddress(socket.AF_INET, (address, 80)) for address in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(downloads, "resolve", lambda *_given: found)
    for private, answer in ((False, "the server address 10.0.0.1 is not a public internet address"), (True, LIST)):
        publisher.publish({"http://several.example.com/1.crl": LIST})
        assert got("http://several.example.com/1.crl", private=private, network=by_proxy(publisher.url)) == answer
    assert publisher.asked == ["http://several.example.com/1.crl"]


def test_a_proxy_that_makes_no_connection(publisher: Publisher) -> None:
    """And one of another kind: neither is gone round, nor is its login told."""
    network = by_proxy(publisher.url.replace("http://", "http://me:secret@"))
    assert got("https://crl.invalid/", network=network) == "the download failed: the proxy returned HTTP status 501"
    assert (
        got(f"{publisher.url}/1.crl", network=by_proxy("socks5://me:secret@127.0.0.1"))
        == "the proxy is not an HTTP proxy"
    )
    assert publisher.asked == []


def test_the_login_of_a_proxy(publisher: Publisher) -> None:
    logins: list[str | None] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        logins.append(request.headers.get("Proxy-Authorization"))
        request.send_error(407)

    url = "http://crl.invalid/1.crl"
    publisher.publish({url: answer})
    network = by_proxy(publisher.url.replace("http://", "http://me:p%40ss@"))
    assert got(url, private=False, network=network) == "the server returned HTTP status 407"
    assert logins == ["Basic bWU6cEBzcw=="]


# What is kept

URL = "http://crl.example.com/1.crl"


def test_what_is_kept_is_there_for_the_next_run(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "crls"
    cache = Cache(str(folder))
    assert cache.read(URL) is None
    cache.write({URL: LIST})
    kept = Cache(str(folder)).read(URL)
    assert kept is not None and kept.data == LIST and 0 <= kept.age < 60
    foreseen = Cache(str(folder), is_read_only=True)
    foreseen.write({URL: b"another", f"{URL}x": LIST})
    known = foreseen.read(URL)
    assert known is not None and known.data == LIST and foreseen.read(f"{URL}x") is None
    assert Cache(str(folder)).read(f"{URL}x") is None
    assert [path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())] == [0o700, 0o600]


def test_a_cache_that_is_broken_is_none(tmp_path: Path) -> None:
    folder = tmp_path / "crls"
    cache = Cache(str(folder))
    cache.write({URL: LIST})
    (file,) = folder.iterdir()
    file.write_bytes(bytes(LARGEST + 1))
    assert cache.read(URL) is None
    file.unlink()
    file.mkdir()
    assert cache.read(URL) is None
    cache.write({URL: LIST})
    assert cache.read(URL) is None
    folder.rename(tmp_path / "moved")
    folder.write_text("a file")
    cache.write({URL: LIST})
    assert cache.read(URL) is None
    for nowhere in (Cache(None), Cache("/proc/nothing/here")):
        nowhere.write({URL: LIST})
        assert nowhere.read(URL) is None


def test_what_no_one_asks_for_any_more_is_deleted(tmp_path: Path) -> None:
    cache = Cache(str(tmp_path))
    cache.write({URL: LIST})
    (file,) = tmp_path.iterdir()
    (tmp_path / "other").write_text("not ours")
    (tmp_path / f".unfinished-{'0' * 16}").write_text("of a killed run")
    long_ago = time.time() - MAX_CACHE_SECONDS - 60
    for path in tmp_path.iterdir():
        os.utime(path, (long_ago, long_ago))
    cache.write({f"{URL}x": LIST})
    assert not file.exists() and cache.read(f"{URL}x") is not None
    assert sorted(path.name for path in tmp_path.iterdir())[-1] == "other" and len(list(tmp_path.iterdir())) == 2


def test_a_clock_that_was_wrong_makes_nothing_new(tmp_path: Path) -> None:
    cache = Cache(str(tmp_path))
    cache.write({URL: LIST})
    (file,) = tmp_path.iterdir()
    os.utime(file, (time.time() + 9_999, time.time() + 9_999))
    kept = cache.read(URL)
    assert kept is not None and kept.age == MAX_CACHE_SECONDS
