# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook schedule: what it writes on a machine and works there, what it leaves alone, and what it removes again."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.simulator.client import Simulator
from tests.support.acme_machine import PLACES, RENEWED, ROTATE
from tests.support.balanced import AUTHORITY, account, balanced, balancer, general, have, store
from tests.support.certificates import new_key
from tests.support.client_trees import certbot
from tests.support.playing import Ran

__all__ = ["account", "balanced"]

KEY = "a-key-that-nobody-may-see"
NAME, PORT = "www.example.com", 8443
HOOK = "etc/letsencrypt/renewal-hooks/deploy/softlayer-certificates"
CRON = "etc/cron.d/softlayer-certificates"
UNITS = {name for name in PLACES if PLACES[name] == "etc/systemd/system"}


@dataclass(frozen=True)
class Machine:
    """A machine below a folder, with certbot on it."""

    root: Path

    def schedule(self, *options: str, **environment: str) -> Ran:
        """Run the playbook, logged in with the key if nothing else is said."""
        words = [str(Path(sys.executable).with_name("ansible-playbook")), "softlayer.certificates.schedule", *options]
        login = {
            "SL_USERNAME": "apikey",
            "SL_API_KEY": KEY,
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        }
        run = subprocess.run(
            [words[0], words[1], "-e", f"prefix={self.root}", *words[2:]],
            env=os.environ | login | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert KEY not in run.stdout + run.stderr
        assert "WARNING" not in run.stdout + run.stderr
        return Ran(
            run.returncode, run.stdout + run.stderr, int((re.search(r"changed=(\d+)", run.stdout) or ["0", "0"])[1])
        )

    def present(self, *options: str, **environment: str) -> Ran:
        """Write everything, for systemd if nothing else is said."""
        run = self.schedule(
            "-e", f"source={self.root}/etc/letsencrypt", "-e", "scheduler=systemd", *options, **environment
        )
        assert run.code == 0, run.output
        return run

    def files(self) -> dict[str, bytes]:
        """What is there, by path, less certbot's own."""
        paths = [path for path in self.root.rglob("*") if path.is_symlink() or path.is_file()]
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in paths
            if path.suffix not in {".pem", ".conf", ".json"} and path.name != "README"
        }


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A machine on which certbot has a certificate."""
    root = tmp_path / "machine"
    certbot(root / "etc/letsencrypt", NAME, AUTHORITY.issue(None, names=[NAME], key=new_key("rsa")))
    (root / HOOK).parent.mkdir(parents=True)
    yield Machine(root)


EVERYTHING = {*(f"{place}/{name}" for name, place in PLACES.items()), HOOK, "etc/softlayer-certificates/.written"}


def test_what_is_written_is_what_the_guide_has_and_a_second_run_changes_nothing(machine: Machine) -> None:
    """The plan writes nothing, and no output has the key in it, however loud."""
    shown = machine.present("--check", "--diff", "-vvvv")
    assert machine.files() == {} and f"{machine.root}/{CRON}" not in shown.output
    for path in EVERYTHING - {"etc/softlayer-certificates/.written"}:
        assert f"{machine.root}/{path}: would be written" in shown.output
    machine.present("--diff", "-vvvv")
    files = machine.files()
    assert files.keys() == EVERYTHING
    modes = {name: stat.S_IMODE((machine.root / place / name).stat().st_mode) for name, place in PLACES.items()}
    assert {modes[name] for name in ("credentials", "rotation.yml")} == {0o600}
    assert {modes[name] for name in (ROTATE, RENEWED)} == {0o755} and {modes[name] for name in UNITS} == {0o644}
    assert {
        stat.S_IMODE((machine.root / path).stat().st_mode)
        for path in ("etc/softlayer-certificates", "var/lib/softlayer-certificates")
    } == {0o700}
    assert stat.S_IMODE((machine.root / "var/lib").stat().st_mode) == 0o755
    assert (machine.root / HOOK).resolve() == machine.root / PLACES[RENEWED] / RENEWED
    assert yaml.safe_load(files["etc/softlayer-certificates/rotation.yml"])["ssl_rotation_sources"] == [
        {"certbot": f"{machine.root}/etc/letsencrypt"}
    ]
    again = machine.present()
    assert again.changed == 0 and machine.files() == files, again.output
    assert machine.schedule("-e", "state=absent").code == 0
    assert machine.files() == {} and not (machine.root / "etc/softlayer-certificates").exists()


def test_the_plan_shows_the_variables_and_no_secret_among_them(machine: Machine) -> None:
    """Where the password of a mailbox may be, too."""
    mail = {"imap": {"host": "mail.example.com", "username": "me", "password": KEY}}
    sources = [{"folder": f"{machine.root}/keys"}, {"mail": mail, "privatekey_dir": "/keys"}]
    hidden = dict.fromkeys(("privatekey_passphrase", "notify_command"), f"{KEY} --url=x")
    given = {
        "source": sources,
        "ssl_rotation_max_listeners": 7,
        **{f"ssl_rotation_{name}": hidden[name] for name in hidden},
    }
    options = ["-e", "scheduler=systemd", "-e", json.dumps(given), "--diff"]
    for is_check in (True, False):
        shown = machine.schedule(*options, *(["--check"] if is_check else []))
        assert shown.code == 0, shown.output
        lines = [line.removeprefix("+").strip() for line in shown.output.splitlines()]
        for line in (
            *("ssl_rotation_max_listeners: 7", "- folder: " + f"{machine.root}/keys", "mail: '********'"),
            *(f"ssl_rotation_{name}: '********'" for name in hidden),
        ):
            assert any(line in each for each in lines), (line, shown.output)


@pytest.mark.parametrize(
    ("given", "environment", "said"),
    [
        ([], {}, "Say where the certificates come from"),
        (["source=/nowhere"], {}, "/nowhere is not there, or holds no certificates"),
        (["source={root}/etc/letsencrypt"], {"SL_API_KEY": ""}, "export SL_USERNAME and SL_API_KEY"),
        (["source={root}/etc/letsencrypt", "listener=web:443"], {}, "ssl_rotation_load_balancers"),
        (["source={root}/etc/letsencrypt", "time=3"], {}, "time is a time of day"),
        (["source={root}/etc/letsencrypt", "prefix="], {}, "prefix is the absolute path"),
        (["source={root}/etc/letsencrypt", "prefix=here"], {}, "prefix is the absolute path"),
        (["source={root}/etc/letsencrypt", "prefix=/x$(id)"], {}, "would be in programs and units"),
        (["source={root}/etc/letsencrypt", "ssl_rotation_fail_on="], {}, "ssl_rotation_fail_on is blank"),
        (["source={root}/etc/letsencrypt", "ssl_rotation_report_path=a.txt"], {}, "must be an .html file"),
        (
            ["source={root}/etc/letsencrypt", "ssl_rotation_metrics_path={root}/not/there.prom"],
            {},
            "ssl_rotation_metrics_path: There is no folder",
        ),
        (
            ["source={root}/etc/letsencrypt", "ssl_rotation_ledger_url=sqlite:///l.db"],
            {},
            "hangs on the current folder",
        ),
        (["source={root}/etc/letsencrypt", "sheduler=cron"], {}, "is scheduler meant?"),
        (["source={root}/etc/letsencrypt", "ssl_rotation_max_listener=1"], {}, "Is ssl_rotation_max_listeners meant?"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_written(
    machine: Machine, given: list[str], environment: dict[str, str], said: str
) -> None:
    run = machine.schedule(*(word for one in given for word in ("-e", one.format(root=machine.root))), **environment)
    assert run.code == 2 and said in run.output, run.output
    assert machine.files() == {}


def test_become_is_refused(machine: Machine) -> None:
    """Nobody gets the nights of another user, or half of them."""
    run = machine.schedule("-e", f"source={machine.root}/etc/letsencrypt", "--become", "--become-user=nobody")
    assert run.code == 2 and "`sudo ansible-playbook ...` for root, and without become" in run.output, run.output
    assert machine.files() == {}


def test_what_is_written_rotates(account: Simulator, machine: Machine) -> None:
    """By hand, and by the hook of certbot where cron runs it."""
    old = store(account, NAME, is_old=True, names=[NAME])
    balancer(account, "web", **{f"p{PORT}": old})
    variables = [word for name, value in general(machine.root).items() for word in ("-e", f"{name}={value}")]
    login = {
        "SL_USERNAME": account.username,
        "SL_API_KEY": account.api_key,
        "SL_ENDPOINT_URL": account.rest_url,
        "SSL_CERT_FILE": str(account.authority_root),
    }
    machine.present("-e", "scheduler=cron", *variables, **login)
    bare = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}
    for name, options in ((ROTATE, ["--check"]), (RENEWED, [])):
        run = subprocess.run(
            [machine.root / PLACES[name] / name, *options], env=bare, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr
        assert ("TASK" in run.stdout) == (name == ROTATE)
        assert (have(account) == {f"web:{PORT}": old}) == (name == ROTATE)
    assert (machine.root / "var/lib/softlayer-certificates/report.html").exists()
