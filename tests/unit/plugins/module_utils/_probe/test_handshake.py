# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is seen at an endpoint: of servers that serve certificates, and of all that may be there instead."""

from __future__ import annotations

import errno
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._probe import handshake as probing
from ansible_collections.softlayer.certificates.plugins.module_utils._probe.endpoint import Endpoint, ProbeResult
from ansible_collections.softlayer.certificates.plugins.module_utils._probe.handshake import (
    probe,
    probe_addresses,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.certificate import Certificate
from ansible_collections.softlayer.certificates.plugins.module_utils._x509.tls_client import make_client_settings
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support import waiting
from tests.support.certificates import Authority, Issued, new_key
from tests.support.tls_servers import HOST, Script, Server, Visit, context_of, dead_port, free_port, serving

NAME = "www.example.com"
ISSUED = Authority().issue(NAME)
RSA = Authority().issue(NAME, key=new_key("rsa"))
PATIENCE, IMPATIENCE = 30.0, 0.3
"""Seconds: more than anything takes that works, and a limit that tests wait for."""
until = partial(waiting.until, seconds=PATIENCE)


def seen(server: Server, timeout: float = PATIENCE, **endpoint: Any) -> ProbeResult:
    with server:
        return probe(Endpoint(server.host, server.port, **{"server_name": NAME, **endpoint}), timeout)


def ders(result: ProbeResult) -> list[bytes]:
    return [certificate.der for certificate in result.chain]


def sent_by(issued: Issued) -> list[bytes]:
    return [issued.der, *(one.public_bytes(Encoding.DER) for one in issued.chain)]


# Whether a client accepts it


AUTHORITY = Authority()
SERVED = AUTHORITY.issue(NAME, names=[NAME, "*.wild.example.com"], addresses=[HOST])
OLD_TLS = {
    "minimum_version": ssl.TLSVersion.TLSv1,
    "maximum_version": ssl.TLSVersion.TLSv1_1,
    "ciphers": "ALL:@SECLEVEL=0",
}


def asked(server: Server, **endpoint: Any) -> ProbeResult:
    client = make_client_settings([Certificate.from_library(AUTHORITY.root)])
    with server:
        at = Endpoint(server.host, server.port, **{"server_name": NAME, **endpoint})
        return probe(at, PATIENCE, client=client)


def test_a_client_that_accepts_it_connects_once() -> None:
    server = serving(SERVED)
    result = asked(server)
    assert (result.is_accepted, result.rejection, result.reason, ders(result)) == (True, None, None, sent_by(SERVED))
    assert server.visits == 1


@pytest.mark.parametrize("name", [NAME, "a.wild.example.com", HOST, None])
def test_the_name_or_address_that_a_client_asks_for(name: str | None) -> None:
    """Without a name, it is the host's."""
    assert asked(serving(SERVED), server_name=name).is_accepted is True


@pytest.mark.parametrize(
    ("issued", "how", "says"),
    [
        (SERVED, {"chain": ""}, "unable to get local issuer certificate"),
        (AUTHORITY.issue(NAME, days=(-9, -1)), {}, "certificate has expired"),
        (AUTHORITY.issue("other.example.com"), {}, "Hostname mismatch"),
        (AUTHORITY.issue(NAME, key=new_key("rsa")), OLD_TLS, "alert"),
    ],
    ids=["no issuers", "expired", "name", "old TLS"],
)
def test_what_a_client_refuses_is_seen_all_the_same(issued: Issued, how: dict[str, Any], says: str) -> None:
    """With what OpenSSL says, on a second connection that verifies nothing."""
    server = serving(issued, **how)
    result = asked(server)
    assert result.is_accepted is False and says in str(result.rejection) and not str(result.rejection).endswith(".")
    assert (result.reason, ders(result)[0], server.visits) == (None, issued.der, 2)
    assert result.has_name_mismatch == (says == "Hostname mismatch")


def breaking(issued: Issued, *, visits: int, how: Script = Visit.break_off) -> Server:
    """A server that serves a certificate, but breaks off so many connections first."""
    context = context_of(issued)
    left = [how] * visits

    def script(visit: Visit) -> None:
        visit.hear()
        left.pop()(visit)

    def serve(visit: Visit) -> None:
        (script if left else lambda served: served.serve(context))(visit)

    return Server(serve)


@pytest.mark.parametrize("how", [Visit.break_off, lambda visit: visit.connection.close()], ids=["reset", "end"])
@pytest.mark.parametrize("visits", [1, 2])
def test_a_connection_that_breaks_is_no_refusal(visits: int, how: Script) -> None:
    """Once, the client connects again; twice, nobody knows."""
    result = asked(breaking(SERVED, visits=visits, how=how))
    assert (result.is_accepted, result.reason) == ((True, None) if visits == 1 else (None, "handshake_failed"))
    assert result.rejection is None and result.is_connected


@pytest.mark.parametrize(
    "client", [None, make_client_settings([Certificate.from_library(AUTHORITY.root)])], ids=["none", "client"]
)
@pytest.mark.parametrize("how", [Visit.break_off, Visit.hear_all], ids=["reset", "silence"])
def test_what_is_cut_is_tried_once_more(
    how: Script, client: ssl.SSLContext | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where no client is asked; only the first handshake has little time."""
    real, limits = probing._create_deadline, [IMPATIENCE]
    monkeypatch.setattr(
        probing,
        "_create_deadline",
        lambda at, step, timeout, stop: real(
            at, step, limits.pop() if step is probing.HANDSHAKE_TIMEOUT_MESSAGE and limits else timeout, stop
        ),
    )
    with breaking(SERVED, visits=1, how=how) as server:
        result = probe(Endpoint(HOST, server.port, NAME), PATIENCE, client)
        assert (result.reason, result.is_cut, ders(result)) == (None, False, sent_by(SERVED)) and server.visits == 2


@pytest.mark.parametrize("script", [lambda visit: visit.say(b"SSH-2.0-OpenSSH_9.6\r\n"), None], ids=["no TLS", "alert"])
def test_what_answers_is_not_tried_again(script: Script | None) -> None:
    server = (
        Server(script) if script else serving(RSA, ciphers="aNULL:@SECLEVEL=0", maximum_version=ssl.TLSVersion.TLSv1_2)
    )
    result = seen(server)
    assert result.reason in {"no_tls", "handshake_failed"} and not result.is_cut and server.visits == 1
    assert result.chain == ()


def test_a_connection_that_is_reset_at_once_was_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether that is seen while connecting or afterwards, is luck."""

    def connect(*_arguments: object) -> None:
        raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")

    monkeypatch.setattr(probing, "connect", connect)
    result = probe(Endpoint(HOST, 443, NAME), PATIENCE)
    assert (result.reason, result.is_connected, result.is_accepted) == ("handshake_failed", True, None)


# What is served


@pytest.mark.parametrize("issued", [ISSUED, RSA], ids=["ec", "rsa"])
def test_the_chain_is_seen_as_it_was_sent(issued: Issued) -> None:
    result = seen(serving(issued))
    assert (result.reason, result.message, ders(result)) == (None, None, sent_by(issued))
    assert (result.ip_address, result.tls_version, str(result.cipher)[:4]) == (HOST, "TLSv1.3", "TLS_")


@pytest.mark.parametrize(
    ("asked", "received"), [("münchen.example", "xn--mnchen-3ya.example"), (None, None), ("192.0.2.1", None)]
)
def test_the_name_that_is_asked_for(asked: str | None, received: str | None) -> None:
    with serving(ISSUED) as server:
        result = probe(Endpoint(HOST, server.port, asked), PATIENCE)
        until(lambda: server.agreed)
    assert result.reason is None
    assert server.agreed == [("TLSv1.3", received)]


# A client certificate is wanted


def test_the_certificates_are_seen_though_the_handshake_failed_after_them() -> None:
    server = serving(ISSUED, verify_mode=ssl.CERT_REQUIRED, maximum_version=ssl.TLSVersion.TLSv1_2)
    result = seen(server)
    assert result.reason == "handshake_failed"
    assert "alert handshake_failure" in str(result.message) and "client certificate" in str(result.message)
    assert ders(result) == sent_by(ISSUED)


# What is there instead


def on_hello(then: Callable[[Visit], object]) -> Script:
    """What a server does once it has received the ClientHello."""

    def script(visit: Visit) -> None:
        visit.hear()
        then(visit)

    return script


def record(kind: int, body: bytes) -> bytes:
    """A TLS record, or more of them if one does not hold it (RFC 5246, 6.2.1)."""
    pieces = [body[start : start + 16384] for start in range(0, len(body), 16384)]
    return b"".join(struct.pack(">BHH", kind, 0x0303, len(piece)) + piece for piece in pieces)


def alert(number: int) -> bytes:
    return record(0x15, bytes([2, number]))


HTTP = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"
INSTEAD: dict[str, tuple[Script, str, str]] = {
    "closes": (on_hello(lambda _visit: None), "handshake_failed", "closed the connection"),
    "resets": (on_hello(Visit.break_off), "handshake_failed", "aborted the connection"),
    "alert": (on_hello(lambda visit: visit.say(alert(112))), "handshake_failed", "alert unrecognized_name"),
    "plain_http": (on_hello(lambda visit: visit.say(HTTP)), "no_tls", "plain HTTP: HTTP/1.1 400 Bad"),
    "ssh": (lambda visit: (visit.say(b"SSH-2.0-OpenSSH_9.6\r\n"), visit.hear_all())[1], "no_tls", "SSH-2.0"),
    "a_letter_at_a_time": (lambda visit: visit.drip(HTTP), "no_tls", ": H"),
    "binary": (on_hello(lambda visit: visit.say(bytes(range(255, 0, -1)))), "no_tls", "not respond with TLS"),
}


@pytest.mark.parametrize("case", INSTEAD)
def test_what_may_be_there_instead(case: str) -> None:
    script, reason, said = INSTEAD[case]
    result = seen(Server(script))
    assert (result.reason, result.chain) == (reason, ())
    assert said in str(result.message)
    assert_is_a_sentence(result)


def assert_is_a_sentence(result: ProbeResult) -> None:
    assert result.message and result.message.endswith(".") and result.message.isprintable()
    assert str(result.endpoint.port) in result.message
    assert "Traceback" not in result.message and "_ssl.c" not in result.message


@pytest.mark.parametrize(
    "script",
    [Visit.hear_all, lambda visit: visit.drip(record(0x16, bytes(16000)))],
    ids=["says_nothing", "a_byte_at_a_time"],
)
def test_the_handshake_as_a_whole_has_a_time_limit(script: Script) -> None:
    result = seen(Server(script), IMPATIENCE)
    assert result.reason == "timeout"
    assert "did not finish the TLS handshake within 0.3 seconds" in str(result.message)
    assert_is_a_sentence(result)


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "no\0name", ".example.com", "a..b", "fe80::1%nowhere0"])
def test_a_name_that_cannot_be_asked_for(name: str) -> None:
    result = probe(Endpoint(name, 443), PATIENCE)
    assert result.reason == "unreachable"
    assert_is_a_sentence(result)


# Names and their addresses


@pytest.mark.parametrize("name", ["a" * 64 + ".example", "no\0name", ".example.com"])
def test_a_server_name_that_cannot_be_asked_for(name: str) -> None:
    result = seen(serving(ISSUED), server_name=name)
    assert result.reason == "handshake_failed" and "server_name" in str(result.message)
    assert_is_a_sentence(result)


def resolving(monkeypatch: pytest.MonkeyPatch, addresses: list[tuple[str, int]]) -> None:
    real = socket.getaddrinfo

    def found(host: bytes, port: int, *, type: int, flags: int = 0) -> list[Any]:
        if flags & socket.AI_NUMERICHOST:
            return real(host, port, type=type, flags=flags)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)


def test_every_address_of_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with dead_port() as dead, serving(ISSUED) as one, serving(RSA) as other:
        ports = [one.port, dead, other.port, free_port(), one.port]
        resolving(monkeypatch, [(HOST, port) for port in ports])
        results = probe_addresses(Endpoint(NAME, 443, NAME), IMPATIENCE * 10)
    assert [result.reason for result in results] == [None, "timeout", None, "unreachable"]
    assert [(result.ip_address, result.is_cut) for result in results] == [(HOST, False)] * 4
    assert [ders(result) for result in results] == [sent_by(ISSUED), [], sent_by(RSA), []]


@pytest.mark.parametrize("probed", [lambda *given: [probe(*given)], probe_addresses], ids=["first", "every"])
def test_a_name_that_does_not_resolve(
    monkeypatch: pytest.MonkeyPatch, probed: Callable[..., list[ProbeResult]]
) -> None:
    def unknown(*_arguments: Any, **_options: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    [only] = probed(Endpoint("www.example.invalid"), PATIENCE)
    assert (only.reason, only.ip_address) == ("unreachable", None)
    assert "does not resolve (Name or service not known)" in str(only.message)
    assert_is_a_sentence(only)


@pytest.fixture
def silent_name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A resolver that does not answer before the test is over."""
    over = threading.Event()
    real = socket.getaddrinfo

    def wait(host: bytes, port: int, **options: Any) -> list[Any]:
        if options["flags"] & socket.AI_NUMERICHOST:
            return real(host, port, **options)
        over.wait(PATIENCE)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    yield over
    over.set()


def test_name_servers_that_do_not_answer(silent_name_server: threading.Event) -> None:
    result = probe(Endpoint(NAME), IMPATIENCE)
    assert result.reason == "timeout"
    assert "did not resolve within 0.3 seconds" in str(result.message)
    assert_is_a_sentence(result)
    assert [thread.daemon for thread in threading.enumerate() if "resolve_in_thread" in thread.name] == [True]


# Many, and the end


@pytest.mark.parametrize(
    "script", [Visit.hear_all, lambda visit: visit.drip(record(0x16, bytes(16000)))], ids=["silent", "slow"]
)
def test_a_run_that_is_to_stop_waits_no_longer(script: Script) -> None:
    stop = threading.Event()
    with Server(script) as server, dead_port() as dead:
        threading.Timer(0.1, stop.set).start()
        given = [Endpoint(HOST, port) for port in [server.port, dead] * 100]
        with ThreadPoolExecutor(8) as pool:
            results = [
                result for of_host in pool.map(lambda x: probe_addresses(x, 3600, stop), given) for result in of_host
            ]
    assert {result.reason for result in results} == {"timeout"}
    assert all("interrupted" in str(result.message) for result in results)


def test_the_certificate_in_a_release_of_python_that_does_not_show_the_chain() -> None:
    python: Any = SimpleNamespace(getpeercert=lambda binary_form: b"1" * binary_form)
    assert probing._get_certificates(python) == (b"1",)
