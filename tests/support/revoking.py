# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Authorities that revoke: certificates with places of lists (CRLs) in them, the lists, and a server that publishes them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.certificates import (
    DAY,
    NOW,
    Authority,
    Issued,
    Key,
    _hash_for,
    certificate_of,
    name_of,
    new_key,
    usage_of,
)

URL = "http://crl.example.com/1.crl"


def places(*urls: str, **others: Any) -> x509.CRLDistributionPoints:
    """The extension that names one place, by so many URLs."""
    names = [x509.UniformResourceIdentifier(url) for url in urls] or None
    point: dict[str, Any] = {"relative_name": None, "reasons": None, "crl_issuer": None, **others}
    return x509.CRLDistributionPoints([x509.DistributionPoint(names, **point)])


def scope(*urls: str, **others: Any) -> x509.IssuingDistributionPoint:
    """The extension by which a list says what it is about."""
    names = [x509.UniformResourceIdentifier(url) for url in urls] or None
    usual: dict[str, Any] = {
        **{"relative_name": None, "only_some_reasons": None, "indirect_crl": False},
        **dict.fromkeys(("only_contains_user_certs", "only_contains_ca_certs", "only_contains_attribute_certs"), False),
    }
    return x509.IssuingDistributionPoint(full_name=names, **{**usual, **others})


def listed(
    serial_number: int,
    reason: x509.ReasonFlags | None = None,
    at: datetime = NOW - DAY,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> x509.RevokedCertificate:
    """An entry of a list."""
    builder = x509.RevokedCertificateBuilder().serial_number(serial_number).revocation_date(at)
    if reason is not None:
        builder = builder.add_extension(x509.CRLReason(reason), critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.build()


def crl_of(
    issuer: x509.Name,
    key: Key,
    entries: Sequence[x509.RevokedCertificate] = (),
    *,
    days: tuple[float, float] = (-1, 7),
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> bytes:
    """A list in DER that holds in these days from now; extensions with whether they are critical."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer)
        .last_update(NOW + days[0] * DAY)
        .next_update(NOW + days[1] * DAY)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(key, _hash_for(key)).public_bytes(Encoding.DER)


class Revoking(Authority):
    """An authority whose certificates, the intermediate ones included, name a place of its lists."""

    def __init__(self, url: str = URL, name: str = "Revoking", intermediates: int = 1) -> None:
        self.url = url
        self.levels: list[tuple[Key, x509.Certificate]] = []
        super().__init__(name, intermediates)
        self.levels.append((self.key, self.issuer))

    def _descend(self, name: str) -> None:
        self.levels.append((self.key, self.issuer))
        key = new_key()
        certificate = self.cross_sign(name, key, len(self.levels) - 1)
        self._above = (self.key, self.issuer)
        self.key, self.issuer, self.chain = key, certificate, (certificate, *self.chain)

    def cross_sign(self, name: str, key: Key, level: int = 0) -> x509.Certificate:
        """A certificate of an authority with this name and key, signed at a level; the root is that of level 0."""
        above, issuer = self.levels[level]
        extensions = [usage_of(signs_lists=True), places(self.url_of(level))]
        return certificate_of(name_of(name), issuer.subject, key, above, ca=True, extensions=extensions)

    def url_of(self, level: int) -> str:
        """Where the list of an issuer is."""
        return self.url.replace("1.crl", f"{level}.crl")

    def leaf(self, common_name: str, *, key: Key | None = None, url: str | None = None, **how: Any) -> Issued:
        """A server certificate that names a place."""
        key = key or new_key()
        days = how.pop("days", (-1, 90))
        extensions = how.pop("extensions", None) or [places(url or self.url_of(len(self.levels) - 1))]
        certificate = certificate_of(
            *(name_of(common_name), self.issuer.subject, key, self.key),
            names=[common_name],
            not_before=NOW + days[0] * DAY,
            not_after=NOW + days[1] * DAY,
            extensions=extensions,
        )
        return Issued(key, certificate, self.chain, self.root)

    def crl(self, *revoked: x509.Certificate, level: int | None = None, **how: Any) -> bytes:
        """The list of the issuer at a level, by default of the one that issues server certificates."""
        key, issuer = self.levels[-1 if level is None else level]
        entries = [listed(certificate.serial_number, how.get("reason")) for certificate in revoked]
        return crl_of(issuer.subject, key, entries, **{name: value for name, value in how.items() if name != "reason"})

    def published(self, *revoked: x509.Certificate, **how: Any) -> dict[str, bytes]:
        """The lists of all its issuers, by path; each has those that it has issued."""
        lists = {}
        for level, (_key, issuer) in enumerate(self.levels):
            own = [certificate for certificate in revoked if certificate.issuer == issuer.subject]
            path = self.url_of(level).partition("//")[2].partition("/")[2]
            lists[f"/{path}"] = self.crl(*own, level=level, **how)
        return lists


Answer = bytes | Callable[[BaseHTTPRequestHandler], None]
"""What is sent: a list, or whatever a function makes of the request."""


class Publisher:
    """A server on this machine that publishes what `pages` has by path.

    Attributes:
        asked: the paths that were asked for.
        connections: how many there were.
        handler: what answers.
    """

    def __init__(self) -> None:
        self.pages: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.connections = 0
        self.ended = threading.Event()
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def setup(self) -> None:
                super().setup()
                publisher.connections += 1

            def do_GET(self) -> None:
                publisher.asked.append(self.path)
                answer = publisher.pages.get(self.path)
                with suppress(OSError):
                    if answer is None:
                        self.send_error(404)
                    elif callable(answer):
                        answer(self)
                    else:
                        self.send_response(200)
                        self.send_header("Content-Length", str(len(answer)))
                        self.end_headers()
                        self.wfile.write(answer)

            def log_message(self, *_args: Any) -> None:
                """Say nothing."""

        self.handler = Handler
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def publish(self, pages: Mapping[str, Answer]) -> None:
        """Publish these, too."""
        self.pages |= pages

    def serve(self) -> None:
        """Answer until `close`."""
        self._server.serve_forever(0.05)

    def close(self) -> None:
        """End all that is under way."""
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()

    def drip(self, request: BaseHTTPRequestHandler) -> None:
        """Send a byte from time to time, for ever."""
        request.send_response(200)
        request.end_headers()
        while not self.ended.wait(0.05):
            request.wfile.write(b"\x30")

    def flood(self, request: BaseHTTPRequestHandler) -> None:
        """Send without end, as fast as it goes."""
        request.send_response(200)
        request.end_headers()
        while not self.ended.is_set():
            request.wfile.write(bytes(1 << 20))


def redirect(url: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """An answer that sends the client elsewhere."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", url)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


@contextmanager
def publishing() -> Iterator[Publisher]:
    """A publisher, as long as it is needed."""
    publisher = Publisher()
    thread = threading.Thread(target=publisher.serve, daemon=True)
    thread.start()
    try:
        yield publisher
    finally:
        publisher.close()
        thread.join()
