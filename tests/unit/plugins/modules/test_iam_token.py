# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An IAM token in place of a user name and an API key, for modules that call the API and Secrets Manager.

The tests look at the HTTP requests themselves: a server in front of the simulator records each request, and hands it on.
"""

from __future__ import annotations

import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

import pytest

from tests.simulator.client import Simulator
from tests.support.certificates import Authority
from tests.support.modules import TRANSPORTS, Run, run_module

VARIABLE = "IBMCLOUD_IAM_TOKEN"
GET_A_NEW_TOKEN = "get a new IAM token for iam_token (IBMCLOUD_IAM_TOKEN in the environment)"
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass
class Tap:
    """A server that records requests, and hands them on to the simulator."""

    port: int
    logins: list[str | None] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    """The line and the body of each request."""

    def url(self, url: str) -> str:
        """The URL of the simulator, through here."""
        return urlsplit(url)._replace(netloc=f"127.0.0.1:{self.port}").geturl()


@pytest.fixture
def tap(sim: Simulator) -> Iterator[Tap]:
    """A server in front of the simulator's API."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            tap.logins.append(self.headers["Authorization"])
            tap.texts.append(self.path + body.decode())
            target = urlsplit(sim.rest_url)._replace(path="").geturl() + self.path
            names = ("Authorization", "Content-Type")
            headers = {name: self.headers[name] for name in names if name in self.headers}
            request = urllib.request.Request(target, body or None, headers, method=self.command)
            try:
                response = _DIRECT.open(request)
            except HTTPError as error:
                response = error
            with response:
                answer = response.read()
                self.send_response(response.status)
                total = response.headers["softlayer-total-items"]
                for name, value in (("Content-Length", str(len(answer))), ("softlayer-total-items", total)):
                    if value is not None:
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

        do_GET = do_POST

        def log_message(self, *_args: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tap = Tap(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield tap
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("how", ["option", "environment"])
def test_what_is_sent(sim: Simulator, tap: Tap, monkeypatch: pytest.MonkeyPatch, transport: str, how: str) -> None:
    """The token in the header of each request, and neither a user name nor the token anywhere else."""
    token = sim.secrets_manager.token(sim.username)
    sim.clear_calls()
    options = {"endpoint_url": tap.url(sim.url(transport))}
    if how == "option":
        options["iam_token"] = token
        monkeypatch.setenv("SL_USERNAME", sim.username)
        monkeypatch.setenv("SL_API_KEY", sim.api_key)
    else:
        monkeypatch.setenv(VARIABLE, f"Bearer {token}")
    run = run_module("ssl_order_info", gather_imported=True, **options)
    assert not run.failed and run["orders"], run.output
    assert len(tap.logins) > 1 and set(tap.logins) == {f"Bearer {token}"}
    secrets = (token, sim.api_key, sim.username, "authenticate")
    assert [text for text in tap.texts if any(secret in text for secret in secrets)] == []
    assert {(call["transport"], call["user"]) for call in sim.calls()} == {(transport, sim.username)}
    assert token not in run.output


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_key_in_the_options_goes_before_a_token_in_the_environment(
    sim: Simulator, tap: Tap, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    monkeypatch.setenv(VARIABLE, sim.secrets_manager.token(sim.username))
    login = {"username": sim.viewer_username, "api_key": sim.viewer_api_key}
    assert not run_module("ssl_order_info", endpoint_url=tap.url(sim.url(transport)), **login).failed
    assert not any("Bearer" in (login or "") for login in tap.logins) and tap.logins
    assert {call["user"] for call in sim.calls()} == {sim.viewer_username}


def test_both_as_options_are_refused(sim: Simulator) -> None:
    token = sim.secrets_manager.token(sim.username)
    login = {"username": sim.username, "api_key": sim.api_key, "iam_token": token}
    run = run_module("ssl_order_info", endpoint_url=sim.rest_url, **login)
    assert (run.code, run["msg"]) == ("invalid_argument", "parameters are mutually exclusive: api_key|iam_token")
    assert token not in run.output and sim.calls() == []


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_an_expired_token(sim: Simulator, transport: str) -> None:
    token = sim.secrets_manager.token(sim.username)
    sim.secrets_manager.expire_tokens()
    sim.clear_calls()
    run = run_module("ssl_order_info", endpoint_url=sim.url(transport), iam_token=token)
    assert run.code == "authentication_failed" and GET_A_NEW_TOKEN in run["msg"] and "username" not in run["msg"]
    assert token not in run.output and len(sim.calls()) == 1


def test_a_token_that_a_server_quotes(sim: Simulator) -> None:
    token = sim.secrets_manager.token(sim.username)
    sim.fault("fault", message=f"Bearer {token} is not known here", status=401)
    run = run_module("ssl_order_info", endpoint_url=sim.rest_url, iam_token=token)
    assert run.failed and not [part for part in token.split(".") if part in run.output], run.output


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


def test_the_own_key_for_secrets_manager_goes_before_a_token(sim: Simulator) -> None:
    token = sim.secrets_manager.token(sim.viewer_username)
    run = import_one(sim, iam_token=token, iam_api_key=sim.api_key)
    assert run["certificate"]["outcome"] == "created" and operations(sim)[0] == "token"


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
