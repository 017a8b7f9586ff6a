# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nights of a controller with certbot's folder, and listeners that are true TLS servers.

Promise: A rotation is boring.
"""

from __future__ import annotations

import json
import os
import re
import ssl
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.outside.balancers import UPDATE, Balancing, break_off
from tests.outside.pki import Ca, Key, issued_by, key_pem, new_key, pem, public_ca, rsa_key
from tests.outside.playing import play, telling
from tests.outside.wire import Call

CREATE, DELETE = "createObject", "deleteObject"
ROOT = public_ca("Rotated Root", path_length=1)
AUTHORITY = public_ca("Rotated CA", ROOT, path_length=0)
STAGING = public_ca("Staging Root", path_length=1)
OLD_KEY = rsa_key()
LOOK_SECONDS = 8


class Rotating(Balancing):
    """An account that serves what is stored during a test, too."""

    def _Security_Certificate_createObject(self, call: Call) -> dict[str, Any]:
        row: dict[str, Any] = super()._Security_Certificate_createObject(call)
        template = call.arguments[0]
        path = self._folder / "created.pem"
        content = [template[name].strip() for name in ("certificate", "intermediateCertificate", "privateKey")]
        path.write_text("\n".join([*content, ""]), encoding="ascii")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        path.unlink()
        self._contexts[row["id"]] = context
        return row


class Certbot:
    """The folder that certbot keeps: links in `live` to numbered files in `archive`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "live").mkdir(parents=True)
        (folder / "live/README").write_text("This directory contains your keys and certificates.\n", encoding="utf-8")

    def issue(self, lineage: str, certificate: x509.Certificate, key: Key, authority: Ca = AUTHORITY) -> None:
        """Keep a certificate as the newest of a lineage."""
        live, archive = self.folder / "live" / lineage, self.folder / "archive" / lineage
        live.mkdir(exist_ok=True)
        archive.mkdir(parents=True, exist_ok=True)
        number = len(list(archive.glob("cert*.pem"))) + 1
        chain = pem(authority.certificate)
        contents = {
            "cert": pem(certificate),
            "chain": chain,
            "fullchain": pem(certificate) + chain,
            "privkey": key_pem(key),
        }
        for name, text in contents.items():
            (archive / f"{name}{number}.pem").write_text(text, encoding="ascii")
            self.link(lineage, name, number)

    def link(self, lineage: str, name: str, number: int) -> None:
        """Let a link lead to a numbered file."""
        link = self.folder / "live" / lineage / f"{name}.pem"
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.join("../../archive", lineage, f"{name}{number}.pem"))


@dataclass(frozen=True)
class Night:
    """A run: its exit code, how many tasks changed something, what was called that did, what it printed, and its result."""

    code: int
    changed: int
    calls: list[str]
    output: str
    result: dict[str, list[dict[str, Any]]]

    def reasons(self) -> dict[str, str]:
        """Why each lineage was skipped."""
        return {one["name"]: one["reason"] for one in self.result["skipped"]}


class Controller:
    """Runs the playbook every night."""

    def __init__(self, account: Rotating, folder: Path) -> None:
        self._account, self._folder = account, folder
        self.certbot = Certbot(folder / "etc/letsencrypt")

    def night(self, *arguments: str, **variables: Any) -> Night:
        """One night."""
        given = {
            "ssl_rotation_sources": [{"certbot": str(self.certbot.folder)}],
            "ssl_rotation_trusted_ca_path": str(self._folder / "root.pem"),
            "ssl_rotation_verify_timeout": LOOK_SECONDS,
            "ssl_rotation_ledger_url": f"sqlite:///{self._folder}/ledger.sqlite3",
            "ssl_rotation_remove_superseded": True,
            "ssl_rotation_fail_on": [],
            **{f"ssl_rotation_{name}": value for name, value in variables.items()},
        }
        (self._folder / "vars.json").write_text(json.dumps(given), encoding="utf-8")
        told = self._folder / "result.json"
        told.unlink(missing_ok=True)
        before = len(self._account.changes)
        playbook = telling("rotate", "ssl_rotation")
        played = play(self._folder, playbook, "-e", "@vars.json", *arguments, env=self._account.login)
        recap = re.search(r"changed=(\d+)", played.output)
        assert recap and played.code in (0, 2), played.output
        result = json.loads(told.read_text(encoding="utf-8")) if told.exists() else {}
        calls = [name.partition("::")[2] for name in self._account.changes[before:]]
        return Night(played.code, int(recap[1]), calls, played.output, result)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Rotating]:
    """An account whose listeners and store are still empty."""
    (tmp_path / "root.pem").write_text(pem(ROOT.certificate), encoding="ascii")
    account = Rotating(tmp_path, AUTHORITY, OLD_KEY)
    with account.serving():
        yield account


@pytest.fixture
def controller(account: Rotating, tmp_path: Path) -> Controller:
    """The controller of the account."""
    return Controller(account, tmp_path)


def serve(account: Rotating, identifier: int, *names: str) -> None:
    """Have a balancer serve a certificate that is about to run out, with a common name as authorities used to issue them."""
    account.keep(identifier, issued_by(AUTHORITY, OLD_KEY, names[0], (-340, 20), names))
    account.balance(names[0].partition(".")[0], identifier)


def renewed(
    *names: str, days: tuple[float, float] = (-1, 46), authority: Ca = AUTHORITY
) -> tuple[x509.Certificate, Key]:
    """A certificate with an empty subject, and its own key, as ACME authorities issue them."""
    key = rsa_key()
    return issued_by(authority, key, None, days, names), key


def test_one_night_and_the_next(account: Rotating, controller: Controller) -> None:
    """What can be rotated is, whatever is wrong with the rest; the plan says so before, and afterwards nothing is left to do."""
    certbot = controller.certbot
    names = ("www.example.com", "api.example.com", "keyless.example.com", "half.example.com", "staging.example.com")
    for number, name in enumerate(names, start=1):
        serve(account, number, name)
    certbot.issue("first", *renewed("www.example.com"))
    certbot.issue("second", *renewed("api.example.com", "api.example.net"))
    certbot.issue("swapped", *renewed("keyless.example.com"))
    (certbot.folder / "archive/swapped/privkey1.pem").write_text(key_pem(new_key()), encoding="ascii")
    certbot.issue("half", *renewed("half.example.com", days=(-60, -14)))
    certbot.issue("half", *renewed("half.example.com"))
    certbot.link("half", "privkey", 1)
    certbot.issue("staging", *renewed("staging.example.com", authority=STAGING), STAGING)
    certbot.issue("ended", *renewed("www.example.com", days=(-60, -14)))
    certbot.issue("new", *renewed("new.example.com"))
    certbot.issue("gone", *renewed("api.example.com"))
    (certbot.folder / "archive/gone/cert1.pem").unlink()
    (certbot.folder / "archive/gone/fullchain1.pem").unlink()

    plan = controller.night("--check")
    assert (plan.code, plan.calls) == (0, []), plan.output
    done = controller.night()
    assert done.code == 0, done.output
    assert Counter(done.calls) == Counter({CREATE: 2, UPDATE: 2, DELETE: 2})
    assert sorted(account.deleted) == [1, 2]
    for name in ("imported", "deployed", "removed"):
        assert len(plan.result[name]) == len(done.result[name]) == 2, name
    expected = {"swapped": "key_missing", "half": "being_renewed", "staging": "untrusted"}
    expected |= {"ended": "expired", "new": "new_name", "gone": "broken_link"}
    assert done.reasons() == plan.reasons() == expected
    due = dict.fromkeys(("half", "keyless", "staging"), "expiring")
    for night in (plan, done):
        assert {one["load_balancer"]: one["reason"] for one in night.result["attention"]} == due
        assert [name for name in due if f'"NEEDS A PERSON: {name}:' not in night.output] == []
    for listener in done.result["deployed"]:
        place = account.events.index(("served", listener["certificate_id"]))
        assert place < account.events.index(("deleted", listener["previous_certificate_id"]))
    again = controller.night()
    assert (again.code, again.changed, again.calls) == (0, 0, []), again.output

    certbot.link("half", "privkey", 2)
    certbot.issue("first", *renewed("www.example.com", days=(-0.5, 46.5)))
    later = controller.night(fail_on=["expired"])
    assert (later.code, Counter(later.calls)) == (0, Counter({CREATE: 2, UPDATE: 2, DELETE: 2})), later.output
    last = controller.night(fail_on=["expiring"])
    assert (last.code, last.calls) == (2, []) and "2 listeners need a person: keyless:" in last.output, last.output


def test_what_does_not_serve_the_new_one_keeps_the_old_one(account: Rotating, controller: Controller) -> None:
    """It fails the run, and stays as it was; the other one is rotated, and nothing is imported again the next night."""
    serve(account, 1, "www.example.com")
    serve(account, 2, "bad.example.com")
    controller.certbot.issue("www", *renewed("www.example.com"))
    controller.certbot.issue("bad", *renewed("bad.example.com"))
    account.show("bad", dict.fromkeys(range(3, 2000), (break_off,)))
    night = controller.night()
    assert night.code == 2 and "bad:" in night.output and "FAILED" in night.output
    assert account.balancers["bad"].holds == [2] and account.deleted == [1]
    account.show("bad")
    night = controller.night()
    assert (night.code, Counter(night.calls)) == (0, Counter({UPDATE: 1, DELETE: 1})), night.output
    assert account.deleted == [1, 2]


def test_narrowed_as_a_shell_gives_it(account: Rotating, controller: Controller) -> None:
    """Text for lists and booleans; an empty list selects nothing."""
    for number, name in enumerate(("www.example.com", "api.example.com"), start=1):
        serve(account, number, name)
        controller.certbot.issue(name, *renewed(name))
    assert controller.night("-e", "ssl_rotation_common_names=").calls == []
    assert controller.night("-e", "ssl_rotation_load_balancers=", "-e", "ssl_rotation_phases=deploy").calls == []
    night = controller.night("-e", "ssl_rotation_common_names=API.*", "-e", "ssl_rotation_remove_superseded=no")
    assert (night.code, night.calls) == (0, [CREATE, UPDATE]), night.output
    assert account.balancers["www"].holds == [1] and account.balancers["api"].holds != [2]
    refused = controller.night("-e", "ssl_rotation_max_listeners=none")
    assert refused.code == 2 and refused.calls == [] and "ssl_rotation_max_listeners" in refused.output
