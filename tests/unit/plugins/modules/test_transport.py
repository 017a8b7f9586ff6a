# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option transport, for every module that calls the API: the endpoint that is configured, at the path of that transport."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulator.client import Simulator
from tests.support.modules import TRANSPORTS, options_for, run_module

VARIABLE = "SOFTLAYER_CERTIFICATES_TRANSPORT"


def called(sim: Simulator) -> set[str]:
    """The transports that were used."""
    return {call["transport"] for call in sim.calls()}


def login(sim: Simulator, home: Path, endpoint_url: str) -> dict[str, str]:
    """The options that log in, and an endpoint in the config file."""
    (home / ".softlayer").write_text(f"[softlayer]\nendpoint_url = {endpoint_url}\n", encoding="ascii")
    return {"username": sim.username, "api_key": sim.api_key}


@pytest.mark.parametrize(("configured", "wanted"), [TRANSPORTS, TRANSPORTS[::-1]])
def test_the_configured_endpoint_is_called_as_wanted(
    sim: Simulator, home: Path, monkeypatch: pytest.MonkeyPatch, configured: str, wanted: str
) -> None:
    """Wherever the endpoint and the transport come from; the option goes before the environment."""
    url = sim.url(configured)
    in_file = login(sim, home, url)
    for options in (options_for(sim, configured), in_file):
        sim.clear_calls()
        assert not run_module("ssl_order_info", **options, transport=wanted).failed
        assert called(sim) == {wanted}
    monkeypatch.setenv("SL_ENDPOINT_URL", url)
    monkeypatch.setenv(VARIABLE, wanted)
    other = next(transport for transport in TRANSPORTS if transport != wanted)
    for given, used in ({}, wanted), ({"transport": other}, other):
        sim.clear_calls()
        assert not run_module("ssl_order_info", username=sim.username, api_key=sim.api_key, **given).failed
        assert called(sim) == {used}


@pytest.mark.parametrize("word", [None, "", " "])
def test_nothing_said_leaves_the_endpoint_as_it_is(
    sim: Simulator, transport: str, monkeypatch: pytest.MonkeyPatch, word: str | None
) -> None:
    if word is not None:
        monkeypatch.setenv(VARIABLE, word)
    assert not run_module("ssl_order_info", **options_for(sim, transport)).failed
    assert called(sim) == {transport}


def test_another_word_is_refused(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_module("ssl_order_info", **options_for(sim), transport="soap")
    assert (run.failed, run.code) == (True, "invalid_argument")
    assert run["msg"] == "value of transport must be one of: xmlrpc, rest, got: soap"
    monkeypatch.setenv(VARIABLE, "soap")
    run = run_module("ssl_order_info", **options_for(sim))
    assert run["msg"] == "value of transport must be one of: xmlrpc, rest, got: soap"
    assert sim.calls() == []
