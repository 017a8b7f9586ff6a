# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clients of the simulator that nobody here wrote: the SDK's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import SoftLayer

from tests.simulator.client import Simulator
from tests.unit.plugins.conftest import pytest_generate_tests

__all__ = ["pytest_generate_tests"]

Connect = Callable[[str, str], SoftLayer.BaseClient]


@pytest.fixture
def connect(sim: Simulator, transport: str) -> Connect:
    """Makes clients of the SDK for a user name and key, wired as its own ``create_client_from_env`` does it."""

    def client(username: str, api_key: str) -> SoftLayer.BaseClient:
        if transport == "rest":
            auth = SoftLayer.BasicHTTPAuthentication(username, api_key)
            connection = SoftLayer.RestTransport(endpoint_url=sim.rest_url, timeout=30)
        else:
            auth = SoftLayer.BasicAuthentication(username, api_key)
            connection = SoftLayer.XmlRpcTransport(endpoint_url=sim.xmlrpc_url, timeout=30)
        return SoftLayer.BaseClient(auth=auth, transport=connection)

    return client


@pytest.fixture
def sdk(sim: Simulator, connect: Connect) -> SoftLayer.BaseClient:
    """A client of the user who may do everything."""
    return connect(sim.username, sim.api_key)


@pytest.fixture
def viewer(sim: Simulator, connect: Connect) -> SoftLayer.BaseClient:
    """A client of the user who may only look."""
    return connect(sim.viewer_username, sim.viewer_api_key)
