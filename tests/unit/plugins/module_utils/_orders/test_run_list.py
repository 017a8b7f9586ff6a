# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With `fields`, `ssl_order_info` asks for no more than these keys take. What it returns then: test_ssl_order_info.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._base.errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.module_utils._orders import run_list as order_info
from ansible_collections.softlayer.certificates.plugins.module_utils._orders.run_list import FIELDS
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.orders import (
    DERIVED_FACTS,
    PROPERTIES,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.store import StoreCertificate

from tests.support.stored import view_with


class Account:
    """Has one order, of which nothing is known but its id, and an empty store; notes what it is asked for."""

    api_calls = 0

    def __init__(self) -> None:
        self.masks: list[str] = []
        self.was_store_read = False

    def fetch_account_id(self, given: int | None = None) -> int:
        """That of the API's user is the first."""
        return given or 1

    def read_list(self, *_listing: Any, mask: str, **_selected: Any) -> list[dict[str, Any]]:
        """The order, whichever are selected."""
        self.masks.append(mask)
        return [{"id": 1}]

    read_ids = read_list

    def store(self, *_arguments: Any) -> list[StoreCertificate]:
        """The store."""
        self.was_store_read = True
        return []


def run(monkeypatch: pytest.MonkeyPatch, account: Account, **options: Any) -> dict[str, Any]:
    """What the module returns."""
    with monkeypatch.context() as patched:
        patched.setattr(order_info, "connect", lambda _module: account)
        patched.setattr(order_info, "fetch_for_orders", account.store)
        patched.setattr(order_info, "create_trust_view", lambda _path: view_with())
        return order_info.run(SimpleNamespace(params=options))  # type: ignore[arg-type]


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
    account = Account()
    run(monkeypatch, account, **{**ANY, **options})
    assert (account.masks, account.was_store_read) == ([mask], is_store_read)


def test_keys_about_the_store_that_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account()
    with pytest.raises(CertificatesError) as caught:
        run(monkeypatch, account, **{**ANY, "fields": ["superseded_by", "product", "imported"]})
    assert (caught.value.code, caught.value.message) == (
        "invalid_argument",
        "fields: superseded_by, imported can only be returned with gather_imported: true. Set gather_imported, or shorten fields.",
    )
    assert account.masks == []


def test_every_key_follows_from_what_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    (order,) = run(monkeypatch, Account(), **{**ANY, "fields": None, "gather_imported": True})["orders"]
    assert sorted(order) == sorted(FIELDS)
    assert set().union(*DERIVED_FACTS.values()) <= PROPERTIES.keys()
