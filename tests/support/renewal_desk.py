# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An ACME authority that answers nothing but whether it wants renewals, or does all sorts of things instead."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from cryptography import x509

from tests.support.certificates import DAY, NOW, Authority, Issued, certificate_of, name_of, new_key
from tests.support.tls_servers import HOST, Server, Visit

DIRECTORY, RENEWAL_INFO = "/directory", "/renewal-info"
WHY = "https://ca.example/incident"


def answer(content: object, status: str = "200 OK", **headers: str) -> bytes:
    """An answer of HTTP; what is no text is sent as JSON."""
    body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def identified(authority: Authority, name: str, days: tuple[float, float] = (-1, 90)) -> Issued:
    """A certificate that names the key of its issuer, as those of real authorities do: by that, its authority knows it."""
    key = new_key("rsa")
    certificate = certificate_of(
        name_of(name),
        authority.issuer.subject,
        key,
        authority.key,
        names=[name],
        not_before=NOW + days[0] * DAY,
        not_after=NOW + days[1] * DAY,
        extensions=[x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())],  # type: ignore[arg-type]
    )
    return Issued(key, certificate, authority.chain, authority.root)


def window(begin: float, end: float, **more: Any) -> dict[str, Any]:
    """What is answered: that a renewal is wanted in these days from now."""
    times = {name: f"{NOW + days * DAY:%Y-%m-%dT%H:%M:%SZ}" for name, days in (("start", begin), ("end", end))}
    return {"suggestedWindow": times, **more}


PAST = window(-1, -0.5, explanationURL=WHY)
FUTURE = window(30, 31)


class Desk(Server):
    """Answers over plain http on loopback; `asked` has the paths.

    Args:
        info: what it answers about certificates: an answer, or what it does with the visitor in its place.
        directory: likewise of its directory; by default that names the place where to ask.
    """

    def __init__(
        self, info: bytes | Callable[[Visit], None], directory: bytes | Callable[[Visit], None] | None = None
    ) -> None:
        self.asked: list[str] = []
        super().__init__(self._meet_one)
        named = directory or answer(
            {"newNonce": "https://ca.example/nonce", "renewalInfo": f"{self.root}{RENEWAL_INFO}"}
        )
        self._answers = {DIRECTORY: named, RENEWAL_INFO: info}

    @property
    def root(self) -> str:
        """Where it is."""
        return f"http://{HOST}:{self.port}"

    @property
    def url(self) -> str:
        """Its directory."""
        return f"{self.root}{DIRECTORY}"

    def _meet_one(self, visit: Visit) -> None:
        path = visit.hear().split(b" ")[1].decode()
        self.asked.append(path)
        do = self._answers[DIRECTORY if path == DIRECTORY else RENEWAL_INFO]
        if callable(do):
            do(visit)
        else:
            visit.say(do)
