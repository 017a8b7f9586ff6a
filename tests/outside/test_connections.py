# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""However a connection ends: nothing is sent twice, no call takes longer than it may, and no answer is a traceback.

Promise: No email is requested twice, and no certificate is imported twice.
"""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.client import Client
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.settings import Settings

from tests.outside.servers import (
    ENDINGS,
    HANGING,
    ORDER,
    REFUSALS,
    Api,
    Authority,
    Proxy,
    Server,
    http,
)
from tests.support.modules import run_measured, run_module

SEND = ("Security_Certificate_Request", "resendEmail", "FulfillmentEmail")
LOST = {**ENDINGS, **HANGING}
SHORT = 0.5
"""Seconds that a call may take where the server would never end it."""
AMPLE = 30.0
"""Seconds after which a call surely hangs."""
RETRIES = 3


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA for all servers here."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def servers(authority: Authority) -> Iterator[tuple[Api, dict[str, Proxy]]]:
    """An API over TLS, and two proxies before it; they are cheap, but their certificates are not."""
    with ExitStack() as stack:
        api = stack.enter_context(
            Api(authority, getSslCertificateRequests=[ORDER], getSecurityCertificates=[], editObject=True)
        )
        http_proxy = stack.enter_context(Proxy(api.port))
        https_proxy = stack.enter_context(Proxy(api.port, authority))
        yield api, {"http": http_proxy, "https": https_proxy}


@pytest.fixture
def api(servers: tuple[Api, dict[str, Proxy]]) -> Api:
    """The API, at peace."""
    servers[0].attack("", ENDINGS["RST"])
    return servers[0]


@pytest.fixture
def proxies(servers: tuple[Api, dict[str, Proxy]]) -> dict[str, Proxy]:
    """The proxies, which do their work."""
    for proxy in servers[1].values():
        proxy.refusal, proxy.asked = None, []
    return servers[1]


class Hurry(threading.Event):
    """What a client waits by between two tries; here it does not."""

    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


def client_for(
    api: Api, transport: str, proxy: Server | None = None, timeout: float = AMPLE, retries: int = RETRIES
) -> Client:
    """A client that waits for nothing between two tries."""
    settings = Settings(
        username="SL1",
        api_key="0123456789abcdef" * 4,
        endpoint_url=api.url(transport),
        timeout=timeout,
        proxy=getattr(proxy, "url", f"http://127.0.0.1:{proxy.port}") if proxy else None,
        verify=str(api.authority.ca_path) if api.authority else True,
        retries=retries,
    )
    return Client(settings, concurrency=2, stop=Hurry())


def account_of(client: Client) -> Any:
    """The id that the API tells each time, where Client.fetch_account_id would remember it."""
    return client.call("Account", "getObject", mask="mask[id]")["id"]


def failure_of(call: Callable[[], Any]) -> CertificatesError:
    """What a call fails with, within its time."""
    begun = time.monotonic()
    with pytest.raises(CertificatesError) as caught:
        call()
    assert time.monotonic() - begun < AMPLE
    return caught.value


# A request that has arrived


@pytest.mark.parametrize(
    ("way", "transport", "kept"), [("direct", "rest", False), ("http", "xmlrpc", True), ("https", "rest", False)]
)
@pytest.mark.parametrize("ending", LOST)
def test_a_send_arrives_once_and_a_read_is_read_again(
    api: Api, proxies: dict[str, Proxy], ending: str, way: str, transport: str, kept: bool
) -> None:
    timeout = SHORT if ending in HANGING else AMPLE
    client = client_for(api, transport, proxies.get(way), timeout)
    if kept:
        assert account_of(client) == 1
    api.attack("resendEmail", LOST[ending])
    failure = failure_of(lambda: client.call(*SEND, identifier=12, repeatable=False))
    assert failure.code == "no_answer"
    assert "may have been processed" in failure.message
    assert ("timeout" in failure.message) is (ending in HANGING)
    assert api.received == ["resendEmail"]
    if kept and ending in HANGING:  # which has been seen, and takes its time
        return
    api.attack("getObject", LOST[ending], times=1)
    assert account_of(client) == 1
    assert api.received == ["getObject", "getObject"]


# A request that has not left


@pytest.mark.parametrize(("way", "transport"), [("http", "rest"), ("https", "xmlrpc")])
@pytest.mark.parametrize("refusal", REFUSALS)
def test_without_a_tunnel_nothing_was_sent(
    api: Api, proxies: dict[str, Proxy], refusal: str, way: str, transport: str
) -> None:
    proxies[way].refusal = REFUSALS[refusal]
    client = client_for(api, transport, proxies[way])
    failure = failure_of(lambda: client.call(*SEND, identifier=12, repeatable=False))
    assert failure.code == "unreachable" if refusal != "200, FIN" else failure.code in {"unreachable", "tls_error"}
    assert len(proxies[way].asked) == (RETRIES + 1 if failure.code == "unreachable" else 1)
    assert api.received == []
    if refusal.isdigit():
        assert refusal in failure.message
    proxies[way].refusal = None
    assert client.call(*SEND, identifier=12, repeatable=False) is True
    assert api.received == ["resendEmail"]


# As the modules say it


def test_an_email_is_requested_once(api: Api, proxies: dict[str, Proxy], tmp_path: Path) -> None:
    wishes = api.options(
        "xmlrpc", proxy=proxies["http"].url, ledger_url=f"sqlite:///{tmp_path}/ledger.db", order_ids=[12]
    )
    api.attack("resendEmail", LOST["RST"])
    for failure in ("the answer is lost", "the claim is still there"):
        done = run_module("ssl_fulfillment_email", **wishes)
        assert done.outcomes() == {12: ("failed", "outcome_unknown")}, failure
        assert api.received.count("resendEmail") == 1, failure


def test_an_answer_has_a_largest_size(api: Api) -> None:
    """600 MB of blanks, before the end of a list, in 600 kB."""
    blanks = gzip.compress(b" " * 10_000_000) * 60
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = http(200, gzip.compress(b"[") + blanks + gzip.compress(b"]"), headers)
    api.attack("getSslCertificateRequests", lambda _server, peer, _answer: peer.sendall(answer))
    result, peak = run_measured("ssl_order_info", **api.options("rest"))
    assert result["failure"]["code"] == "api_error"
    assert "endpoint_url" in result["msg"]
    assert peak < 550e6
    assert api.received.count("getSslCertificateRequests") == 1
