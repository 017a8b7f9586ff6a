# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same endpoint at the path of another transport. What else the settings are made of is in `test_client.py`."""

from __future__ import annotations

import pytest
from ansible_collections.softlayer.certificates.plugins.module_utils._softlayer.settings import at_transport

from tests.support.failing import fails

ENDPOINTS = [
    ("https://api.softlayer.com/{}/v3.1", "the public one"),
    ("https://api.softlayer.com/{}/v3", "an older version"),
    ("https://api.service.softlayer.com/{}/v3.1", "the private one"),
    ("https://api.softlayer.com/{}/v3.1/", "with a slash at its end"),
    ("https://api.softlayer.com/{}", "without a version"),
    ("http://[::1]:8080/{}/v3.1", "an address with a port"),
    ("https://rest.example.com/xmlrpc-gateway/{}/v3.1", "the words elsewhere"),
]


@pytest.mark.parametrize(("url", "_what"), ENDPOINTS, ids=lambda value: value if "{}" not in value else "")
@pytest.mark.parametrize("configured", ["xmlrpc", "rest"])
@pytest.mark.parametrize("transport", ["xmlrpc", "rest"])
def test_the_endpoint_at_the_path_of_a_transport(url: str, _what: str, configured: str, transport: str) -> None:
    assert at_transport(url.format(configured), transport) == url.format(transport)


@pytest.mark.parametrize("transport", ["xmlrpc", "rest"])
@pytest.mark.parametrize(
    "url",
    [
        "https://gateway.example.com",
        "https://gateway.example.com/softlayer/v3.1",
        "https://rest.example.com/v3.1",
        "https://gateway.example.com/restful/REST/v3.1",
        "https://gateway.example.com/rest/xmlrpc/v3.1",
    ],
)
def test_a_path_that_does_not_say_where_the_transport_is(url: str, transport: str) -> None:
    with fails("invalid_argument") as caught:
        at_transport(url, transport)
    assert caught.value.message == (
        f"With transport: {transport}, the path of endpoint_url must have exactly one part xmlrpc or rest, as in "
        f"https://api.softlayer.com/xmlrpc/v3.1/, and {url} does not: change endpoint_url, or do not set transport."
    )
