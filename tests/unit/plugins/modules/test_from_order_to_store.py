# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one module returns is what the next one takes: from the selection of orders to their certificates in the store."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.modules import Run, options_for, run_module

IMPORTED, SHOP, WILDCARD, BOOKS, MAIL, OLD, API, PARTNER, INTRANET, VPN, BETA, PAYMENTS = range(100201, 100213)
"""Of the demo fleet."""
EMAIL, INFO, IMPORT = "ssl_fulfillment_email", "ssl_fulfillment_email_info", "ssl_certificate_import"
EXAMPLE_COM = {"common_names": ["*.example.com"]}
"""IMPORTED, SHOP, MAIL, INTRANET and BETA."""


@pytest.fixture
def api(sim: Simulator, tmp_path: Path) -> dict[str, Any]:
    """What every run needs."""
    return {**options_for(sim), "ledger_url": f"sqlite:///{tmp_path}/ledger.sqlite3"}


@pytest.fixture
def login(sim: Simulator) -> dict[str, Any]:
    """What modules without a ledger need."""
    return options_for(sim)


def reasons(run: Run) -> dict[int, str]:
    """Why orders have to wait."""
    return {one["order_id"]: one["reason"] for one in run["skipped_items"]}


def requested(run: Run) -> list[int]:
    """The orders whose emails would be requested."""
    return [one["order_id"] for one in run["emails"] if one["outcome"] == "requested"]


@pytest.mark.parametrize(
    ("select", "order_ids", "orders"),
    [
        ({**EXAMPLE_COM, "imported": False}, None, [SHOP, MAIL, INTRANET, BETA]),
        ({"order_ids": [SHOP, MAIL]}, [MAIL, API], [MAIL]),
        ('{"common_names": "shop.example.com, api.example.org"}', None, [SHOP, API]),
    ],
    ids=str,
)
def test_a_selection_means_the_same_to_each_module(
    api: dict[str, Any], login: dict[str, Any], select: Any, order_ids: list[int] | None, orders: list[int]
) -> None:
    which = {"select": select} | ({} if order_ids is None else {"order_ids": order_ids})
    listed = run_module("ssl_order_info", **login, **which)
    assert [one["id"] for one in listed["orders"]] == orders, listed.output
    planned = run_module(EMAIL, check=True, **api, **which, on_ineligible="skip")
    assert [one["order_id"] for one in planned["emails"]] == orders, planned.output
    looked = run_module(INFO, **login, **which, paths=[])
    assert sorted(one["order_id"] for one in looked["missing"]) == orders, looked.output


def test_all_orders_and_none(api: dict[str, Any], login: dict[str, Any]) -> None:
    assert len(run_module(EMAIL, check=True, **api, select={}, on_ineligible="skip")["emails"]) == 12
    for module, more in ((EMAIL, api), (INFO, {**login, "paths": []}), ("ssl_order_info", login)):
        run = run_module(module, **more, select="common_names=www.example.com")
        assert run.failed and run["msg"].startswith("select must be a dict: "), run.output


def test_the_store_is_read_once(sim: Simulator, api: dict[str, Any]) -> None:
    """For the selection, and for what need not be requested."""
    run_module(EMAIL, check=True, **api, select={"imported": False}, on_ineligible="skip")
    assert [call["method"] for call in sim.calls()].count("getSecurityCertificates") == 1


def test_an_id_that_is_not_there_and_one_that_is_not_selected(api: dict[str, Any]) -> None:
    run = run_module(EMAIL, check=True, **api, select=EXAMPLE_COM, order_ids=[SHOP, BOOKS, 999_999])
    assert {one["order_id"]: one["reason"] for one in run["emails"]} == {SHOP: None, 999_999: "not_found"}


def test_conditions_stand_in_one_place(login: dict[str, Any]) -> None:
    run = run_module("ssl_order_info", **login, select={}, imported=False)
    assert run.failed and "mutually exclusive" in run["msg"]


def test_from_emails_to_the_store(sim: Simulator, api: dict[str, Any], login: dict[str, Any], tmp_path: Path) -> None:
    """The key of one is not there yet, and one email has not come."""
    sent = run_module(EMAIL, **api, select={"order_ids": [SHOP, BOOKS, API]})
    assert requested(sent) == [SHOP, BOOKS, API], sent.output
    keys = shutil.copytree(sim.keys_dir, tmp_path / "keys")
    (keys / "shop.example.com.key").unlink()
    roots = {"trusted_ca_path": str(sim.authority_root)}
    listed = run_module("ssl_order_info", **login, order_ids=[SHOP, BOOKS, API, MAIL, INTRANET], gather_imported=True)
    mails = run_module(INFO, **login, **roots, select={"order_ids": [SHOP, BOOKS, API, MAIL]}, maildir=str(sim.maildir))
    assert [one["order_id"] for one in mails["certificates"]] == [SHOP, BOOKS, API], mails.output
    given = {"orders": listed["orders"], "collected": mails["certificates"], "privatekey_dir": str(keys)}
    for check in (True, False):
        run = run_module(IMPORT, check=check, **api, **roots, trust="require", **given)
        assert {one["order_id"]: one["outcome"] for one in run["certificates"]} == {BOOKS: "imported", API: "imported"}
        assert reasons(run) == {SHOP: "waiting_for_key", MAIL: "waiting_for_email", INTRANET: "pending"}
    assert {one["id"] for one in sim.certificates()} >= {one["id"] for one in run["certificates"]}
    again = run_module(IMPORT, **api, **roots, trust="require", **given)
    assert {one["outcome"] for one in again["certificates"]} == {"unchanged"} and not again["changed"]
    relisted = run_module("ssl_order_info", **login, order_ids=[BOOKS, API, SHOP], gather_imported=True)
    left = run_module(IMPORT, **api, **roots, orders=relisted["orders"], collected=[], privatekey_dir=str(sim.keys_dir))
    assert reasons(left) == {SHOP: "waiting_for_email", BOOKS: "already_imported", API: "already_imported"}
    assert left["certificates"] == []


def test_without_the_orders_all_that_was_collected_is_imported(
    sim: Simulator, api: dict[str, Any], login: dict[str, Any]
) -> None:
    """Also what belongs to no order, but to a key."""
    run_module(EMAIL, **api, order_ids=[SHOP, API])
    roots = {"trusted_ca_path": str(sim.authority_root)}
    maildir = {"maildir": str(sim.maildir)}
    by_key = run_module(INFO, **roots, **maildir, privatekey_paths=[str(sim.key_path("shop.example.com"))])
    by_order = run_module(INFO, **login, **roots, **maildir, order_ids=[API])
    collected = [*by_key["certificates"], *by_order["certificates"]]
    assert [one["order_id"] for one in collected] == [None, API]
    run = run_module(IMPORT, **api, **roots, trust="require", collected=collected, privatekey_dir=str(sim.keys_dir))
    assert [(one["order_id"], one["outcome"]) for one in run["certificates"]] == [(None, "imported"), (API, "imported")]
    assert run["skipped_items"] == [] and "certificate" not in run


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"orders": []}, "require privatekey_dir"),
        (
            {"orders": [], "privatekey_dir": "KEYS"},
            "and either collected, the certificates that ssl_fulfillment_email_info returned",
        ),
        ({"collected": []}, "require privatekey_dir"),
        (
            {"orders": [{"id": 1}], "collected": [], "privatekey_dir": "KEYS"},
            "orders must be a list of dicts with common_name, id, status. Set orders to the orders that ssl_order_info returned.",
        ),
        (
            {"collected": [{"order_id": 1, "common_name": "x"}], "privatekey_dir": "KEYS"},
            "order_id, public_key_sha256. Set collected to the certificates that ssl_fulfillment_email_info returned.",
        ),
        ({"collected": [], "privatekey_dir": "/no/where"}, "the directory /no/where does not exist on this host"),
        ({"collected": [], "privatekey_dir": "KEYS", "certificate_dir": "KEYS"}, "mutually exclusive"),
        ({"collected": [], "privatekey_dir": "KEYS", "certificate_path": "x"}, "mutually exclusive"),
        ({"collected": [], "privatekey_dir": "KEYS", "certificates": []}, "mutually exclusive"),
        ({"collected": [], "privatekey_dir": "KEYS", "intermediate_path": "/no.pem"}, "intermediate_path /no.pem"),
    ],
)
def test_what_cannot_be_expected(sim: Simulator, api: dict[str, Any], given: dict[str, Any], said: str) -> None:
    options = {name: str(sim.keys_dir) if value == "KEYS" else value for name, value in given.items()}
    run = run_module(IMPORT, **api, **options)
    assert run.failed and said in run["msg"], run.output
    assert sim.calls() == []
