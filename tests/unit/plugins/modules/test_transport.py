# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option transport, for every module that calls the API: the endpoint that is configured, at the path of that transport."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulator.client import Simulator
from tests.support.modules import TRANSPORTS, run_module

VARIABLE = "SOFTLAYER_CERTIFICATES_TRANSPORT"


@pytest.mark.parametrize(("configured", "wanted"), [TRANSPORTS, TRANSPORTS[::-1]])
def test_the_configured_endpoint_is_called_as_wanted(
    sim: Simulator, home: Path, monkeypatch: pytest.MonkeyPatch, configured: str, wanted: str
) -> None:
    """Wherever the endpoint and the transport come from; the option goes before the environment, and nothing said changes nothing."""
    (home / ".softlayer").write_text(f"[softlayer]\nendpoint_url = {sim.url(configured)}\n", encoding="ascii")
    login = {"username": sim.username, "api_key": sim.api_key}
    with_url = {**login, "endpoint_url": sim.url(configured)}
    for options, environment, used in (
        ({**with_url, "transport": wanted}, "", wanted),
        ({**login, "transport": wanted}, " ", wanted),
        (login, wanted, wanted),
        ({**login, "transport": configured}, wanted, configured),
        (with_url, "", configured),
    ):
        monkeypatch.setenv(VARIABLE, environment)
        sim.clear_calls()
        assert not run_module("ssl_order_info", **options).failed
        assert {call["transport"] for call in sim.calls()} == {used}
