# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With `fields`, `ssl_order_info` returns what it returns without, restricted to these keys, and asks for no more than that takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._orders import run_list as order_info
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.run_list import FIELDS
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.options import STATUS_CHOICES
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.orders import (
    DERIVED_FACTS,
    PROPERTIES,
    STORE_KEYS,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import StoreCertificate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulator.masks import parse
from tests.support.certificates import NOW
from tests.support.stored import KEYS, Made, view_with

NAMES = ("www.example.com", "mail.example.com", "example.org")
CSRS = [Made(name, (name,), key=key).issued.csr_pem for name in NAMES for key in ("rsa", "ec")]
DAYS = (-400, -40, -1, 1, 40, 400)


def rows() -> st.SearchStrategy[dict[str, Any]]:
    """Orders as the API sends them, any property of which may be missing."""
    date = st.sampled_from(DAYS).map(lambda days: (NOW + timedelta(days=days)).isoformat())
    status = st.sampled_from(["Approved", "Complete", "Pending CA Approval", "Canceled", "Other"])
    return st.fixed_dictionaries(
        {},
        optional={
            "commonName": st.sampled_from(NAMES),
            "approverEmailAddress": st.sampled_from(["admin@example.com", "hostmaster@example.org"]),
            "technicalContactEmailAddress": st.just("tech@example.com"),
            "certificateSigningRequest": st.sampled_from([*CSRS, "no CSR"]),
            "createDate": date,
            "modifyDate": date,
            "effectiveDate": date,
            "expirationDate": date,
            "statusId": st.sampled_from([1, 2]),
            "status": st.builds(lambda name: {"id": 1, "name": name}, status),
            "order": st.just({"id": 70}),
            "orderItem": st.just({"id": 700, "description": "RapidSSL - 1 year"}),
        },
    )


def held() -> st.SearchStrategy[StoreCertificate]:
    """Certificates of the store."""
    made = st.builds(
        Made,
        common_name=st.none(),
        names=st.sets(st.sampled_from(NAMES), min_size=1).map(sorted).map(tuple),
        key=st.sampled_from(sorted(KEYS)),
        days=st.tuples(st.sampled_from(DAYS[:3]), st.sampled_from(DAYS[3:])),
        by=st.sampled_from(["trusted", "itself"]),
    )
    return st.builds(Made.record, made, st.integers(1, 99))


SELECTIONS = st.fixed_dictionaries(
    {
        "order_ids": st.none() | st.lists(st.integers(1, 6), max_size=4),
        "common_names": st.none() | st.lists(st.sampled_from(["*.example.com", "example.org", "nowhere"]), max_size=2),
        "statuses": st.none() | st.lists(st.sampled_from(STATUS_CHOICES), max_size=3),
        "approver_emails": st.none() | st.lists(st.sampled_from(["admin@*", "nobody@*"]), max_size=2),
        "expires_within_days": st.none() | st.sampled_from([0, 30, 365]),
        "exclude_expired": st.booleans(),
        "imported": st.none() | st.booleans(),
        "gather_imported": st.booleans(),
        "account_id": st.just(1),
        "select": st.none(),
    }
)


class Account:
    """Sends what it is asked for and nothing else, as the API does."""

    api_calls = 0

    def __init__(self, orders: Sequence[Mapping[str, Any]], stored: Sequence[StoreCertificate]) -> None:
        self.orders = [{**order, "id": number} for number, order in enumerate(orders, 1)]
        self.stored = stored
        self.masks: list[str] = []
        self.was_store_read = False

    def fetch_account_id(self, given: int | None = None) -> int:
        """That of the API's user is the first."""
        return given or 1

    def read_list(self, *_listing: Any, mask: str) -> list[dict[str, Any]]:
        """All orders."""
        self.masks.append(mask)
        asked = parse(mask)
        return [{name: value for name, value in order.items() if name in asked} for order in self.orders]

    def read_ids(self, *listing: Any, identifiers: Any, mask: str) -> list[dict[str, Any]]:
        """Some orders."""
        return [order for order in self.read_list(*listing, mask=mask) if order["id"] in identifiers]

    def call(self, _service: str, method: str, **_keywords: Any) -> list[dict[str, Any]]:
        """The names of the statuses."""
        assert method == "getSslRequestStatuses"
        return [{"id": 1, "name": "Approved"}, {"id": 2, "name": "Canceled"}]

    def store(self, *_arguments: Any) -> Sequence[StoreCertificate]:
        """The store."""
        self.was_store_read = True
        return self.stored


def run(monkeypatch: pytest.MonkeyPatch, account: Account, **options: Any) -> dict[str, Any]:
    """What the module returns."""
    with monkeypatch.context() as patched:
        patched.setattr(order_info, "connect", lambda _module: account)
        patched.setattr(order_info, "fetch_for_orders", account.store)
        patched.setattr(order_info, "create_trust_view", lambda _path: view_with())
        return order_info.run(SimpleNamespace(params=options))  # type: ignore[arg-type]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(rows(), max_size=6), st.lists(held(), max_size=4), SELECTIONS, st.lists(st.sampled_from(FIELDS)))
def test_the_same_as_everything_restricted_to_the_keys(
    monkeypatch: pytest.MonkeyPatch,
    orders: list[dict[str, Any]],
    stored: list[StoreCertificate],
    selection: dict[str, Any],
    fields: list[str],
) -> None:
    if not selection["gather_imported"] and selection["imported"] is None:
        fields = [name for name in fields if name not in STORE_KEYS]
    whole = run(monkeypatch, Account(orders, stored), **selection, fields=None)
    restricted = [{name: order[name] for name in {"id", *fields}} for order in whole["orders"]]
    assert run(monkeypatch, Account(orders, stored), **selection, fields=fields) == {**whole, "orders": restricted}


ANY: dict[str, Any] = {
    "order_ids": None,
    "common_names": None,
    "statuses": None,
    "approver_emails": None,
    "expires_within_days": None,
    "exclude_expired": False,
    "imported": None,
    "gather_imported": False,
    "account_id": 1,
    "select": None,
}
STORE_FACTS = "mask[id,accountId,commonName,certificateSigningRequest,createDate,effectiveDate,expirationDate]"


@pytest.mark.parametrize(
    ("options", "mask", "is_store_read"),
    [
        ({"fields": []}, "mask[id,accountId]", False),
        ({"fields": ["id"]}, "mask[id,accountId]", False),
        ({"fields": ["common_name", "expires_at"]}, "mask[id,accountId,commonName,expirationDate]", False),
        ({"fields": ["days_until_expiry"]}, "mask[id,accountId,expirationDate]", False),
        ({"fields": ["fulfillment_email_available"]}, "mask[id,accountId,expirationDate,status[id,name]]", False),
        ({"fields": ["subject_alt_names"]}, "mask[id,accountId,certificateSigningRequest]", False),
        ({"fields": ["id"], "order_ids": [1]}, "mask[id,accountId]", False),
        ({"fields": [], "common_names": ["*"]}, "mask[id,accountId,commonName,certificateSigningRequest]", False),
        ({"fields": [], "statuses": ["approved"]}, "mask[id,accountId,status[id,name]]", False),
        ({"fields": [], "approver_emails": ["*"]}, "mask[id,accountId,approverEmailAddress]", False),
        ({"fields": [], "expires_within_days": 9}, "mask[id,accountId,expirationDate]", False),
        ({"fields": [], "exclude_expired": True}, "mask[id,accountId,expirationDate]", False),
        ({"fields": [], "imported": False}, STORE_FACTS, True),
        ({"fields": ["imported"], "gather_imported": True}, STORE_FACTS, True),
        ({"fields": ["common_name"], "gather_imported": True}, "mask[id,accountId,commonName]", False),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], mask: str, is_store_read: bool
) -> None:
    account = Account([{}], [])
    run(monkeypatch, account, **{**ANY, **options})
    assert (account.masks, account.was_store_read) == ([mask], is_store_read)


def test_keys_about_the_store_that_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account([{}], [])
    with pytest.raises(CertificatesError) as caught:
        run(monkeypatch, account, **{**ANY, "fields": ["superseded_by", "product", "imported"]})
    assert (caught.value.code, caught.value.message) == (
        "invalid_argument",
        "fields: superseded_by, imported can only be returned with gather_imported: true. Set gather_imported, or shorten fields.",
    )
    assert account.masks == []


def test_every_key_follows_from_what_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    (order,) = run(monkeypatch, Account([{}], []), **{**ANY, "fields": None, "gather_imported": True})["orders"]
    assert sorted(order) == sorted(FIELDS)
    assert set().union(*DERIVED_FACTS.values()) <= PROPERTIES.keys()
