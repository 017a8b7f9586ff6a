# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each command that a run prints does what its message says, pasted into a shell as it stands."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat

from tests.simulator.client import Simulator
from tests.support.balanced import AUTHORITY, account, balanced, balancer, general, have, ids, store
from tests.support.certificates import PASSPHRASE, Issued, key_pem, new_key
from tests.support.client_trees import certbot
from tests.support.playing import Ran, play, type_commands

pytestmark = pytest.mark.later

__all__ = ["account", "balanced"]

NAME, OTHER, LTD = "www.example.com", "api.example.com", "Example Ltd"
WEB, API = "web:443", "api:443"


def printed(ran: Ran, what: str) -> str:
    """The only command of an output with some words in it, as it stands there."""
    found = dict.fromkeys(one for one in re.findall("`(ansible[^`]*)`", ran.output) if what in one)
    assert len(found) == 1, found
    [command] = found
    return command


def paste(sim: Simulator, folder: Path, command: str) -> None:
    """Have a shell run a command; it works."""
    type_commands(sim, folder, command, XDG_STATE_HOME=os.environ["XDG_STATE_HOME"])


def settings(folder: Path, **more: str) -> list[str]:
    """What each run needs here, with a ledger of its own, each with `-e`."""
    variables = {**general(folder), "ssl_rotation_ledger_url": f"sqlite:///{folder}/own.sqlite3", **more}
    return [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a ledger would be that no option names; nothing of it is there in the end."""
    state = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    return state


def renewed(name: str = NAME) -> Issued:
    """A new certificate with a key of its own."""
    issued: Issued = AUTHORITY.issue(None, names=[name], key=new_key("rsa"))
    return issued


@pytest.mark.parametrize("by", ["options", "file", "Secrets Manager"])
def test_what_a_source_has_is_adopted(account: Simulator, tmp_path: Path, home: Path, by: str) -> None:
    """With the options of the run, or the file that was named; a passphrase, or an API key, is in no command."""
    old = store(account, NAME, is_old=True, organization=LTD, names=[NAME])
    balancer(account, "web", p443=old)
    issued, ledger = renewed(), f"sqlite:///{tmp_path}/own.sqlite3"
    kept = certbot(tmp_path / "letsencrypt", NAME, issued)
    sources: list[dict[str, object]] = [{"certbot": str(kept.home)}]
    given = [*settings(tmp_path), "-e", json.dumps({"ssl_rotation_sources": sources})]
    where = f"-e source={kept.own}"
    if by != "options":
        (kept.own / "privkey.pem").write_text(key_pem(issued.key, PrivateFormat.PKCS8, PASSPHRASE), encoding="ascii")
        if by == "Secrets Manager":
            manager, where = account.secrets_manager, "-e listener=web:443"
            manager.add("www", issued)
            login = {"instance_url": manager.instance_url, "iam_url": manager.iam_url, "api_key": account.api_key}
            sources = [{"secrets_manager": login}]
        variables = {
            **{"ssl_rotation_sources": sources, "ssl_rotation_privatekey_passphrase": PASSPHRASE},
            **{**general(tmp_path), "ssl_rotation_ledger_url": ledger},
        }
        (tmp_path / "my night.yml").write_text(json.dumps(variables), encoding="utf-8")
        given = ["-e", "@my night.yml"]
    ran = play(account, tmp_path, "softlayer.certificates.rotate", *given)
    command = printed(ran, "softlayer.certificates.adopt")
    assert have(account) == {WEB: old} and where in command, command
    assert [text for text in (PASSPHRASE, account.api_key, "@rotation.yml") if text in ran.output] == []
    paste(account, tmp_path, command)
    [new] = [one for one in ids(account) if one != old]
    assert have(account) == {WEB: new} and not (home / "softlayer.certificates").exists()


def test_what_the_store_has_is_deployed_or_deleted(account: Simulator, tmp_path: Path, home: Path) -> None:
    """What is held back is named in a command of the module; what is better, in one of the playbook that a run of another one names."""
    old, newer = {}, {}
    for place, name in ((WEB, NAME), (API, OTHER)):
        old[place] = store(account, name, is_old=True, organization=LTD, names=[name])
        balancer(account, place.partition(":")[0], p443=old[place])
        newer[place] = store(account, name, names=[name])
    ran = play(account, tmp_path, "softlayer.certificates.verify", *settings(tmp_path))
    assert have(account) == old and not (tmp_path / "own.sqlite3").exists()
    paste(account, tmp_path, printed(ran, f"certificate_id={newer[WEB]} listeners="))
    assert have(account) == {**old, WEB: newer[WEB]}
    paste(account, tmp_path, printed(ran, f"certificate_id={newer[API]} state=absent"))
    assert newer[API] not in ids(account)

    best = store(account, OTHER, organization=LTD, names=[OTHER])
    ran = play(account, tmp_path, "softlayer.certificates.verify", *settings(tmp_path))
    assert (
        f"Certificate {best} in the certificate store can replace the current certificate but was not deployed, because "
        in ran.output
    )
    assert "no renewal is available" not in ran.output
    paste(account, tmp_path, printed(ran, "softlayer.certificates.deploy"))
    assert have(account) == {WEB: newer[WEB], API: best} and not (home / "softlayer.certificates").exists()


@pytest.mark.parametrize("is_adopted", [False, True])
def test_the_way_back(account: Simulator, tmp_path: Path, home: Path, is_adopted: bool) -> None:
    """After a rotation for all listeners at once, after an adoption for each: the next rotation leaves them alone."""
    old = store(account, NAME, is_old=True, names=[NAME], **({"organization": LTD} if is_adopted else {}))
    balancer(account, "web", p443=old, p8443=old)
    kept = certbot(tmp_path / "letsencrypt", NAME, renewed())
    more = {"ssl_rotation_remove_superseded": "true", "ssl_rotation_remove_superseded_after_days": "7"}
    adopting = ["-e", f"common_name={NAME}"] if is_adopted else []
    playbook = f"softlayer.certificates.{'adopt' if is_adopted else 'rotate'}"
    given = [*settings(tmp_path, **more), "-e", f"source={kept.own}"]
    ran = play(account, tmp_path, playbook, *given, *adopting)
    [new] = [one for one in ids(account) if one != old]
    assert have(account) == {WEB: new, "web:8443": new}, ran.output
    for command in dict.fromkeys(re.findall(f"`(ansible[^`]*certificate_id={old} listeners[^`]*)`", ran.output)):
        paste(account, tmp_path, command)
    assert have(account) == {WEB: old, "web:8443": old} and not (home / "softlayer.certificates").exists()
    again = play(account, tmp_path, "softlayer.certificates.rotate", *given)
    assert have(account) == {WEB: old, "web:8443": old} and "held_back" in again.output


def test_what_a_source_has_is_brought_by_a_rotation(account: Simulator, tmp_path: Path, home: Path) -> None:
    """The module itself names it, in a play of a user's own: one that does not import, and reads its sources to tell of them."""
    old = store(account, NAME, is_old=True)
    balancer(account, "web", p443=old)
    kept = certbot(tmp_path / "letsencrypt", NAME, renewed())
    options = {
        **{name.removeprefix("ssl_rotation_"): value for name, value in general(tmp_path).items()},
        **{
            "ledger_url": f"sqlite:///{tmp_path}/own.sqlite3",
            "sources": [{"certbot": str(kept.home)}],
            "phases": ["verify"],
        },
    }
    tasks = [{"softlayer.certificates.ssl_certificate_rotate": options}]
    (tmp_path / "own.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    ran = play(account, tmp_path, "own.yml")
    assert have(account) == {WEB: old}
    paste(account, tmp_path, printed(ran, "softlayer.certificates.rotate"))
    assert have(account)[WEB] != old and not (home / "softlayer.certificates").exists()
