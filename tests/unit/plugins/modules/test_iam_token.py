# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An IAM token in place of a user name and an API key, for modules that call the API and Secrets Manager.

What is sent, which login goes before which, and what becomes of a refused token: the pure tests of `_softlayer` and `_secrets_manager`.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.certificates import Authority
from tests.support.modules import TRANSPORTS, Run, run_module

VARIABLE = "IBMCLOUD_IAM_TOKEN"
GET_A_NEW_TOKEN = "get a new IAM token for iam_token (IBMCLOUD_IAM_TOKEN in the environment)"


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_token_until_its_end(sim: Simulator, monkeypatch: pytest.MonkeyPatch, transport: str, how: str) -> None:
    """As an option, it goes before the login of another user in the environment."""
    token = sim.secrets_manager.token(sim.username)
    options = {"endpoint_url": sim.url(transport)}
    if how == "option":
        options["iam_token"] = token
        monkeypatch.setenv("SL_USERNAME", sim.viewer_username)
        monkeypatch.setenv("SL_API_KEY", sim.viewer_api_key)
    else:
        monkeypatch.setenv(VARIABLE, f"Bearer {token}")
    run = run_module("ssl_order_info", gather_imported=True, **options)
    assert not run.failed and run["orders"], run.output
    assert {(call["transport"], call["user"]) for call in sim.calls()} == {(transport, sim.username)}
    sim.secrets_manager.expire_tokens()
    sim.clear_calls()
    expired = run_module("ssl_order_info", **options)
    assert expired.code == "authentication_failed" and GET_A_NEW_TOKEN in expired["msg"] and len(sim.calls()) == 1
    assert token not in run.output + expired.output


# Secrets Manager


CERTIFICATE = Authority().issue("www.example.com")


def import_one(sim: Simulator, **options: Any) -> Run:
    """Import a certificate into Secrets Manager."""
    manager = sim.secrets_manager
    manager.clear_calls()
    place = {"instance_url": manager.instance_url, "iam_url": manager.iam_url, "retries": 0}
    return run_module(
        "secrets_manager_certificate", name="shop", trust="ignore", **place, **CERTIFICATE.options(), **options
    )


def operations(sim: Simulator) -> list[str]:
    return [call["operation"] for call in sim.secrets_manager.calls()]


@pytest.mark.parametrize("how", ["option", "environment"])
def test_secrets_manager_without_a_login_at_iam(sim: Simulator, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    token = sim.secrets_manager.token(sim.username)
    monkeypatch.setenv("IBMCLOUD_API_KEY", "not-the-key" if how == "option" else "")
    monkeypatch.setenv(VARIABLE, "" if how == "option" else token)
    run = import_one(sim, **({"iam_token": token} if how == "option" else {}))
    assert run["certificate"]["outcome"] == "created" and token not in run.output, run.output
    assert "token" not in operations(sim) and "create_secret" in operations(sim)


def test_a_token_for_the_store_and_for_secrets_manager(sim: Simulator) -> None:
    token = sim.secrets_manager.token(sim.username)
    api = {"iam_token": token, "endpoint_url": sim.rest_url}
    stored = run_module("ssl_certificate_import", **api, **CERTIFICATE.options(trust="ignore"))["certificate"]["id"]
    manager = sim.secrets_manager
    place = {"instance_url": manager.instance_url, "iam_url": manager.iam_url}
    run = run_module("secrets_manager_certificate", **api, **place, name="taken", trust="ignore", certificate_id=stored)
    assert run["certificate"]["outcome"] == "created" and "token" not in operations(sim), run.output
    assert "PRIVATE KEY" not in run.output and token not in run.output


@pytest.mark.parametrize(("after", "code"), [(None, "authentication_failed"), ("list_secrets", "api_error")])
def test_secrets_manager_refuses_a_token(sim: Simulator, after: str | None, code: str) -> None:
    """At the beginning, or in the middle of a run, which the token did not outlive: nothing is asked of IAM, and nothing is written."""
    token = sim.secrets_manager.token(sim.username)
    sim.secrets_manager.expire_tokens(**({"after": after} if after else {}))
    run = import_one(sim, iam_token=token)
    assert run.code == code and GET_A_NEW_TOKEN in run["msg"], run.output
    assert token not in run.output and "API key" not in run["msg"]
    asked = operations(sim)
    assert "token" not in asked and len(asked) == len(set(asked)) and sim.secrets_manager.secrets() == []
