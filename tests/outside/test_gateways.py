# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A gateway that passes calls on and then says that they were too many, or are to be made elsewhere: nothing is done twice.

What other answers of gateways mean is seen in the pure tests of `_softlayer/faults`.

Promise: No email is requested twice, and no certificate is imported twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._http import caller

from tests.outside.runs import login, mailed, stored
from tests.outside.servers import Ending, LosingProxy, Loss, with_status
from tests.simulator.client import Simulator
from tests.support.certificates import Authority
from tests.support.modules import Run, run_module

SEND, STORE = ("resendEmail",), ("privateKey",)
"""What only a request of the email, or of a new record, has in it."""
ANSWERS: dict[str, Ending] = {
    "429": with_status(429, None, b'{"error": "Slow down.", "code": "SoftLayer_Exception_Public"}'),
    "307": with_status(307, {"Location": "https://127.0.0.1:9/elsewhere"}, b""),
}
AUTHORITY = Authority()
FLEET = [AUTHORITY.issue(f"host{number}.example.com") for number in range(3)]


@pytest.fixture
def gateway(account: Simulator) -> Iterator[LosingProxy]:
    """What stands before the API."""
    with LosingProxy(urlsplit(account.rest_url).port or 0) as gateway:
        yield gateway


@pytest.fixture
def options(account: Simulator, gateway: LosingProxy, tmp_path: Path, way: str, transport: str) -> dict[str, Any]:
    """What lets a module call the API by way of the gateway, which it takes for the API, or for a proxy."""
    url = account.url(transport)
    given = {"proxy": gateway.url} if way == "proxy" else {"endpoint_url": gateway.url + urlsplit(url).path}
    return login(account, transport, ledger_url=f"sqlite:///{tmp_path}/ledger.db") | {"retries": 5} | given


def hurry() -> None:
    """Slow down little after each 429. Called in a module's process."""
    caller.MAX_PAUSE = caller.MAX_INTERVAL = 0.05


def run(name: str, **options: Any) -> Run:
    """Run a module in a hurry."""
    return run_module(name, first=hurry, **options)


through_gateways = pytest.mark.parametrize(
    ("transport", "way", "answer"), [("xmlrpc", "endpoint", "429"), ("rest", "proxy", "307")]
)


@through_gateways
def test_each_order_has_one_email(
    account: Simulator, gateway: LosingProxy, options: dict[str, Any], answer: str
) -> None:
    orders = [101, 102, 103]
    for order in orders:
        account.add_order(id=order, commonName=f"order{order}.example.com")
    gateway.losses[SEND] = Loss(ANSWERS[answer], arrives=True, stays=True)
    for _time in range(2):
        done = run("ssl_fulfillment_email", **options, order_ids=orders)
        assert done.outcomes() == dict.fromkeys(orders, ("failed", "outcome_unknown"))
        assert sorted(mailed(account)) == orders
        assert all("mailbox" in email["message"] for email in done["emails"])


@through_gateways
def test_each_certificate_is_stored_once(
    account: Simulator, gateway: LosingProxy, options: dict[str, Any], answer: str
) -> None:
    """The store is asked what became of the call."""
    gateway.losses[STORE] = Loss(ANSWERS[answer], arrives=True, stays=True)
    options["certificates"] = [one.options() for one in FLEET]
    done = run("ssl_certificate_import", **options)
    assert [one["outcome"] for one in done["certificates"]] == ["imported"] * len(FLEET)
    assert {one["id"] for one in done["certificates"]} == {record["id"] for record in account.certificates()}
    again = run("ssl_certificate_import", **options)
    assert [one["outcome"] for one in again["certificates"]] == ["unchanged"] * len(FLEET)
    assert stored(account) == {one.pem: 1 for one in FLEET}
