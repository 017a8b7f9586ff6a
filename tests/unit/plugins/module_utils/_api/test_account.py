# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What reading tells of how the API answers."""

from __future__ import annotations

from typing import Any, cast

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._api.account import (
    Paging,
    Usage,
    fetch_certificate_ids,
    fetch_usage,
    look_at_balancers,
    look_at_orders,
    look_at_store,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError

from tests.support.api import client
from tests.support.failing import fails


class Rows(list[Any]):
    """A page, with the total that the SDK adds; 0 where the server does not tell it."""

    def __init__(self, *ids: int, total: int = 0) -> None:
        super().__init__({"id": identifier} for identifier in ids)
        self.total_count = total


class Pages:
    """A session with an API that has a page for each offset."""

    def __init__(self, *pages: Any) -> None:
        self.pages = pages
        self.asked: list[tuple[int, int]] = []

    def account_id(self) -> int:
        return 7

    def call(self, *_args: Any, limit: int, offset: int, **_keywords: Any) -> Any:
        self.asked.append((limit, offset))
        return self.pages[offset]


LOOKS = [look_at_orders, look_at_store, look_at_balancers]


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ((Rows(1, total=2), Rows(2, total=2)), Paging(True, True)),
        ((Rows(1), Rows(2)), Paging(True, False)),
        ((Rows(1, total=1), Rows(total=1)), Paging(None, True)),
        ((Rows(1, total=2), Rows(1, total=2)), Paging(None, True)),
        ((Rows(1, total=3), Rows(2, 3, total=3)), Paging(None, True)),
        ((Rows(1, 2, total=2),), Paging(False, True)),
        ((Rows(1, 2),), Paging(False, False)),
        ((Rows(total=0),), Paging(None, None)),
        (("something else",), Paging(None, None)),
    ],
)
def test_what_becomes_of_a_limit_of_one(look: Any, pages: Any, expected: Paging) -> None:
    api = Pages(*pages)
    assert look(cast(Any, api)) == expected
    assert api.asked == [(1, 0), (1, 1)][: len(pages)]


@pytest.mark.parametrize(
    ("look", "permission"),
    [*zip(LOOKS, ("SECURITY_CERTIFICATE_VIEW", "SECURITY_CERTIFICATE_MANAGE", "LOADBALANCER_MANAGE"), strict=True)],
)
def test_what_is_missing_is_named(look: Any, permission: str) -> None:
    api = client(CertificatesError("not_found", "There is none."))
    api.account_id = lambda: 7
    with fails("not_found", permission):
        look(api)


def test_who_uses_a_certificate() -> None:
    rows = [
        {"id": 1, "associatedServiceCount": "2", "lbaasListeners": [{"uuid": "a"}, {"uuid": None}, "odd"]},
        {"id": 2, "associatedServiceCount": 0, "lbaasListeners": []},
        {"id": 3},
    ]
    assert fetch_usage(client(rows)) == [
        Usage(1, 2, frozenset({"a"})),
        Usage(2, 0, frozenset()),
        Usage(3, None, None),
    ]
    assert fetch_certificate_ids(client(rows)) == {1, 2, 3}
