# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gateway that passes calls on and then says that they were too many, or are to be made elsewhere: nothing is done twice.

Promise: No email twice by accident.
Promise: No certificate twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._api import rate

from tests.outside.servers import Ending, LosingProxy, Loss, with_status
from tests.outside.stranger import Stranger
from tests.support.certificates import Authority
from tests.support.forked import ForkedModule
from tests.support.modules import Run, finish_module, given_to

SEND, STORE = ("resendEmail",), ("privateKey",)
"""What only a request of the email, or of a new record, has in it."""
ELSEWHERE = {"Location": "https://127.0.0.1:9/elsewhere"}
ANSWERS: dict[str, Ending] = {
    "429": with_status(429, {"Content-Type": "text/html"}, b"<html><body>Too Many Requests</body></html>"),
    "429, empty": with_status(429, {"Retry-After": "1"}, b""),
    "429, JSON": with_status(429, None, b'{"error": "Too many requests", "code": "TooManyRequests"}'),
    "429, API": with_status(429, None, b'{"error": "Slow down.", "code": "SoftLayer_Exception_Public"}'),
    **{str(status): with_status(status, ELSEWHERE, b"") for status in (302, 307, 308)},
}
RETRIES = 5
AUTHORITY = Authority()
FLEET = [AUTHORITY.issue(f"host{number}.example.com") for number in range(3)]


@pytest.fixture
def api() -> Iterator[Stranger]:
    """The API."""
    with Stranger().serving() as api:
        yield api


@pytest.fixture
def gateway(api: Stranger) -> Iterator[LosingProxy]:
    """What stands before the API."""
    with LosingProxy(urlsplit(api.url()).port or 0) as gateway:
        yield gateway


@pytest.fixture
def options(api: Stranger, gateway: LosingProxy, tmp_path: Path, way: str, transport: str) -> dict[str, Any]:
    """What lets a module call the API by way of the gateway, which it takes for the API, or for a proxy."""
    url = api.url(transport)
    given = {"proxy": gateway.url} if way == "proxy" else {"endpoint_url": gateway.url + urlsplit(url).path}
    ledger = f"sqlite:///{tmp_path}/ledger.db"
    return {**api.options, "endpoint_url": url, "ledger_url": ledger, "retries": RETRIES, **given}


def hurry() -> None:
    """Slow down little after each 429. Called in a module's process."""
    rate.LONGEST_PAUSE = rate.LONGEST_INTERVAL = 0.05


def run(name: str, **options: Any) -> Run:
    """Run a module in a hurry."""
    return finish_module(ForkedModule(name, given_to(name, **options), first=hurry))


over_each_transport = pytest.mark.parametrize(("transport", "way"), [("xmlrpc", "endpoint"), ("rest", "proxy")])
after_each_answer = pytest.mark.parametrize("answer", ANSWERS)


@over_each_transport
@after_each_answer
def test_each_order_has_one_email(api: Stranger, gateway: LosingProxy, options: dict[str, Any], answer: str) -> None:
    orders = range(101, 113)
    for order in orders:
        name = f"order{order}.example.com"
        api.add_order(order, name, certificateSigningRequest=FLEET[0].csr_pem)
    gateway.losses[SEND] = Loss(ANSWERS[answer], arrives=True, stays=True)
    for _time in range(2):
        done = run("ssl_fulfillment_email", **options, order_ids=list(orders))
        assert done.outcomes() == dict.fromkeys(orders, ("failed", "outcome_unknown"))
        assert Counter(api.mailed) == Counter(orders)
        assert all("mailbox" in email["message"] for email in done["emails"])


def imported(options: dict[str, Any]) -> Run:
    """Run an import of the fleet."""
    return run("ssl_certificate_import", **options, certificates=[one.options() for one in FLEET])


@over_each_transport
@after_each_answer
def test_each_certificate_is_stored_once(
    api: Stranger, gateway: LosingProxy, options: dict[str, Any], answer: str
) -> None:
    """The store is asked what became of the call."""
    gateway.losses[STORE] = Loss(ANSWERS[answer], arrives=True, stays=True)
    done = imported(options)
    assert [one["outcome"] for one in done["certificates"]] == ["imported"] * len(FLEET)
    assert sorted(one["id"] for one in done["certificates"]) == sorted(api.store)
    assert [one["outcome"] for one in imported(options)["certificates"]] == ["unchanged"] * len(FLEET)
    assert api.creates == {one.fingerprint: 1 for one in FLEET}


@over_each_transport
@after_each_answer
def test_a_certificate_that_did_not_arrive_may_be_on_its_way(
    api: Stranger, gateway: LosingProxy, options: dict[str, Any], answer: str
) -> None:
    """It is not in the store yet, which proves nothing."""
    gateway.losses[STORE] = Loss(ANSWERS[answer], arrives=False, stays=True)
    done = imported(options)
    assert [one["reason"] for one in done["certificates"]] == ["outcome_unknown"] * len(FLEET)
    assert (api.count("createObject"), len(gateway.losses)) == (0, 1)


@over_each_transport
@pytest.mark.parametrize("answer", ["429", "429, empty", "429, JSON"])
def test_a_read_waits_and_is_made_again(
    api: Stranger, gateway: LosingProxy, options: dict[str, Any], answer: str
) -> None:
    api.add_order(101, "order101.example.com")
    gateway.losses["getSslCertificateRequests",] = Loss(ANSWERS[answer], arrives=False)
    done = run("ssl_order_info", **{name: options[name] for name in options if name != "ledger_url"})
    assert [order["id"] for order in done["orders"]] == [101]
    assert gateway.losses == {}
