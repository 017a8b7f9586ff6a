# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger's place never hangs on the folder that a run is started in: two folders must not mean two emails.

Promise: No email twice by accident.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.outside.playing import Played, play
from tests.outside.stranger import Stranger
from tests.support.certificates import Authority

ISSUED = Authority().issue("www.example.com")
EMAIL = "ssl_fulfillment_email"
IMPORT = "ssl_certificate_import"
FORGETS_PASSWD = """
import pwd, runpy, sys
def getpwuid(uid):
    raise KeyError(uid)
pwd.getpwuid = getpwuid
runpy.run_module(sys.argv.pop(), run_name="__main__")
"""
"""Runs a module as a user without an entry in passwd, as a container's often is."""


@pytest.fixture
def api() -> Iterator[Stranger]:
    """The API, with an order that can be mailed."""
    with Stranger().serving() as api:
        api.add_order(12, "order12.example.com", certificateSigningRequest=ISSUED.csr_pem)
        yield api


def options_of(api: Stranger, module: str) -> dict[str, Any]:
    """The options of a run that sends, or creates."""
    return {**api.options, **({"order_ids": [12]} if module == EMAIL else ISSUED.options())}


def start(
    api: Stranger, folder: Path, module: str, env: Mapping[str, str | None], *, check: bool = False, **more: Any
) -> dict[str, Any]:
    """Run a module in a folder with hardly any environment, as `env -i` would, by a user whom nobody knows."""
    name = f"ansible_collections.softlayer.certificates.plugins.modules.{module}"
    arguments = {**options_of(api, module), **more, "_ansible_check_mode": check, "_ansible_module_name": module}
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH")}
    process = subprocess.run(
        [sys.executable, "-c", FORGETS_PASSWD, name],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        env={**kept, **{name: value for name, value in env.items() if value is not None}},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not process.stderr, process.stderr
    return dict(json.loads(process.stdout))


def assert_refused(api: Stranger, folder: Path, result: dict[str, Any], *words: str) -> None:
    """Nothing was sent or created, nothing was left behind, and the message says what to write instead."""
    assert result["failed"], result
    for word in ("ledger", "sqlite:////", *words):
        assert word in result["msg"]
    assert not api.mailed and not api.creates
    assert list(folder.iterdir()) == []


NO_PLACE = {
    "no HOME": ({}, "HOME is not set"),
    "an empty HOME": ({"HOME": ""}, "HOME is ''"),
    "a relative HOME": ({"HOME": "home"}, "HOME is 'home'"),
    "a HOME that is a dot": ({"HOME": "."}, "HOME is '.'"),
    "a relative XDG_STATE_HOME": ({"HOME": "/nonexistent", "XDG_STATE_HOME": "state"}, "XDG_STATE_HOME"),
    "a HOME that is the current folder": ({"HOME": "/proc/self/cwd"}, "HOME is '/proc/self/cwd'"),
    "a XDG_STATE_HOME with a tilde": ({"HOME": "/nonexistent", "XDG_STATE_HOME": "~/state"}, "XDG_STATE_HOME"),
}


@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
@pytest.mark.parametrize("name", NO_PLACE)
def test_no_place_for_the_default_ledger(api: Stranger, tmp_path: Path, name: str, check: bool) -> None:
    env, words = NO_PLACE[name]
    for module in (EMAIL, IMPORT):
        result = start(api, tmp_path, module, env, check=check)
        assert_refused(api, tmp_path, result, words, "ledger_url")
    assert api.count("createObject") == 0


@pytest.mark.parametrize("name", ["no HOME", "an empty HOME", "a relative XDG_STATE_HOME"])
def test_a_default_that_is_not_needed_is_not_missed(api: Stranger, tmp_path: Path, name: str) -> None:
    """Where the URL is given, and where nothing is to be created."""
    env, _words = NO_PLACE[name]
    folder = tmp_path / "here"
    folder.mkdir()
    url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    assert start(api, folder, EMAIL, env, ledger_url=url)["requested_count"] == 1
    assert start(api, folder, IMPORT, {**env, "SOFTLAYER_CERTIFICATES_LEDGER_URL": url})["changed"] is True
    assert start(api, folder, IMPORT, env)["certificate"]["outcome"] == "unchanged"
    assert list(folder.iterdir()) == []


RELATIVE = [
    "sqlite:///ledger.db",
    "sqlite:///./ledger.db",
    "sqlite:///../ledger.db",
    "sqlite:///~/ledger.db",
    "sqlite:///~root/ledger.db",
    "sqlite:///$HOME/ledger.db",
    "sqlite+pysqlite:///ledger.db",
    "sqlite:////proc/self/cwd/ledger.db",
]


@pytest.mark.parametrize("check", [False, True], ids=["run", "check"])
def test_a_url_that_hangs_on_the_current_folder(api: Stranger, tmp_path: Path, check: bool) -> None:
    for number, url in enumerate(RELATIVE):
        module = (EMAIL, IMPORT)[number % 2]
        given = {"HOME": "/home/me"}
        result = (
            start(api, tmp_path, module, given, check=check, ledger_url=url)
            if number % 3
            else start(api, tmp_path, module, {**given, "SOFTLAYER_CERTIFICATES_LEDGER_URL": url}, check=check)
        )
        assert_refused(api, tmp_path, result, "ledger_url")
        assert result["failure"]["code"] == "ledger_unavailable"
    assert "sqlite:////home/me/ledger.db" in start(api, tmp_path, EMAIL, given, ledger_url=RELATIVE[3])["msg"]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file:ledger.db"])
def test_a_url_that_names_no_file(api: Stranger, tmp_path: Path, url: str) -> None:
    result = start(api, tmp_path, EMAIL, {"HOME": "/home/me"}, ledger_url=url)
    assert result["failure"]["code"] == "ledger_unavailable"
    assert "None" not in result["msg"]
    assert not api.mailed and list(tmp_path.iterdir()) == []


PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - softlayer.certificates.ssl_fulfillment_email:
        order_ids: [12]
      environment: {environment}
"""


def in_two_folders(tmp_path: Path, playbook: str, *arguments: str, env: Mapping[str, str]) -> list[Played]:
    """Play it in one folder, and in another."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir(exist_ok=True)
    return [play(folder, playbook, *arguments, env=env) for folder in folders]


def test_plays_in_two_folders(api: Stranger, tmp_path: Path) -> None:
    """An environment that hangs on the folder is refused in each, one that does not makes one email of two runs."""
    for played in in_two_folders(tmp_path, PLAY.format(environment="{XDG_STATE_HOME: state}"), env=api.login):
        assert played.code == 2 and "XDG_STATE_HOME" in played.output
    assert not api.mailed
    environment = json.dumps({"XDG_STATE_HOME": str(tmp_path)})
    for played in in_two_folders(tmp_path, PLAY.format(environment=environment), env=api.login):
        assert played.code == 0, played.output
    assert api.mailed == [12]


def test_the_role_with_a_relative_ledger(api: Stranger, tmp_path: Path) -> None:
    arguments = ("-e", "ssl_fulfillment_ledger_url=sqlite:///ledger.db", "-e", '{"ssl_fulfillment_order_ids": [12]}')
    for played in in_two_folders(tmp_path, "softlayer.certificates.resend", *arguments, env=api.login):
        assert played.code == 2 and "absolute path" in played.output
    assert not api.mailed


def test_the_role_imports_with_its_ledger(api: Stranger, tmp_path: Path) -> None:
    """What it is told about the ledger counts for both kinds of entries."""
    order = Authority().issue("order12.example.com")
    assert order.root
    (tmp_path / "root.pem").write_bytes(order.root.public_bytes(Encoding.PEM))
    api.add_order(12, "order12.example.com", certificateSigningRequest=order.csr_pem)
    for name, text in (("crt", order.pem), ("ca-bundle", order.chain_pem), ("key", order.key_pem)):
        (tmp_path / f"order12.example.com.{name}").write_text(text, encoding="ascii")
    variables = {
        "ssl_fulfillment_certificate_dir": str(tmp_path),
        "ssl_fulfillment_privatekey_dir": str(tmp_path),
        "ssl_fulfillment_trusted_ca_path": str(tmp_path / "root.pem"),
        "ssl_fulfillment_ledger_url": f"sqlite:///{tmp_path / 'ledger.sqlite3'}",
    }
    played = play(tmp_path, "softlayer.certificates.import", "-e", json.dumps(variables), env=api.login)
    assert played.code == 0, played.output
    assert api.creates == {order.fingerprint: 1}
    assert (tmp_path / "ledger.sqlite3").stat().st_size > 0
