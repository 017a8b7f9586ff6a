# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a listing of secrets is believed to be whole, and what is too large."""

from __future__ import annotations

import gzip
import uuid
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._api.settings import Network
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager import client
from ansible_collections.softlayer.certificates.plugins.module_utils._secrets_manager.settings import Instance

from tests.support.failing import fails
from tests.support.wire import Wire, page

pytest_plugins = ["tests.support.wire"]


class FakeList:
    """A list of secrets whose pages are as small as is said, and which counts its secrets as is said."""

    def __init__(self, count: int, size: int, total: object, says_next: bool = True) -> None:
        self.rows = [{"id": str(uuid.UUID(int=number))} for number in range(count)]
        self.size, self.total, self.says_next = size, total, says_next
        self.calls = 0

    def __call__(self, offset: int) -> dict[str, Any]:
        self.calls += 1
        rows = self.rows[offset : offset + self.size]
        more = {"next": {"href": "..."}} if self.says_next and offset + self.size < len(self.rows) else {}
        return {"secrets": rows, "total_count": self.total, **more}


@pytest.mark.parametrize(
    ("given", "is_believed", "calls"),
    [
        (FakeList(1000, 1000, 1000), True, 1),
        (FakeList(120, 7, 120), True, 18),
        (FakeList(0, 7, 0), True, 1),
        (FakeList(120, 1000, 10**9), False, 1),
        (FakeList(120, 50, 121), False, 3),
        (FakeList(120, 50, None), False, 3),
        (FakeList(120, 50, 120, says_next=False), False, 1),
    ],
)
def test_a_listing_is_believed_if_it_is_as_long_as_it_says(given: FakeList, is_believed: bool, calls: int) -> None:
    rows = client._read_on(given)
    assert (rows is not None, given.calls) == (is_believed, calls)
    assert rows is None or [one["row"] for one in rows] == given.rows


def test_an_answer_that_is_too_large_is_not_read_on(wire: Wire) -> None:
    token = page(200, b'{"access_token": "abc", "expires_in": 3600}')
    wire.script = [token, page(200, gzip.compress(b" " * (client.LARGEST_PAGE + 1), 1), Content_Encoding="gzip")]
    instance = Instance("https://instance.test", "https://iam.test", "key", Network(7, None, True, 0))
    with fails("api_error", "more than was to be expected", "instance_url"):
        client.SecretsManager(instance, 1).list_secrets()
    assert len(wire.sent) == 2
