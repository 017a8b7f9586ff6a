# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook schedule: what it writes on a host and works there, what it leaves alone, and what it removes again."""

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
from tests.support import servers
from tests.support.acme_machine import PLACES, RENEWED, ROTATE, UNITS, WRITTEN, written
from tests.support.balanced import AUTHORITY, account, balanced, balancer, general, have, store
from tests.support.certificates import new_key
from tests.support.client_trees import certbot
from tests.support.playing import Ran, run_playbook

__all__ = ["account", "balanced"]

KEY = "a-key-that-nobody's-eyes-may-see"
TOKEN = "a.token.that-expires"
NAME, PORT = "www.example.com", 8443
CRON = "etc/cron.d/softlayer-certificates"
CREDENTIALS, ROTATION = (f"etc/softlayer-certificates/{name}" for name in ("credentials", "rotation.yml"))
COLLECTIONS = Path(__file__).parents[6]
SYSTEMD, BY_CRON = (("-e", f"ssl_rotation_schedule_scheduler={name}") for name in ("systemd", "cron"))
needs_cron = pytest.mark.skipif(not servers.find("crontab"), reason="no crontab: install the system's package cron")
OVERWRITE = ("-e", "ssl_rotation_schedule_overwrite=true")


@dataclass(frozen=True)
class Machine:
    """A host below a directory, and certbot beside it."""

    root: Path
    certbot: Path

    @property
    def hook(self) -> str:
        """The hook of certbot, below the directory."""
        return f"{self.certbot}/renewal-hooks/deploy/softlayer-certificates".lstrip("/")

    @property
    def everything(self) -> set[str]:
        """What systemd needs."""
        return {*(f"{place}/{name}" for name, place in PLACES.items()), self.hook}

    def schedule(self, *options: str, is_tried: bool = True, **environment: str) -> Ran:
        """Run the playbook, logged in with the key if nothing else is said."""
        login = {
            "SL_USERNAME": "apikey",
            "SL_API_KEY": KEY,
            "IBMCLOUD_IAM_TOKEN": TOKEN,
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        }
        tried = ("-e", f"prefix={self.root}") if is_tried else ()
        ran = run_playbook(
            ["-i", "localhost,", "softlayer.certificates.schedule", *tried, *options],
            self.root.parent,
            os.environ | login | environment,
        )
        assert KEY not in ran.output and TOKEN not in ran.output
        assert "WARNING" not in ran.output, ran.output
        return ran

    def present(self, *options: str, **environment: str) -> Ran:
        """Write everything, for systemd if nothing else is said."""
        run = self.schedule("-e", f"source={self.certbot}", *SYSTEMD, *options, **environment)
        assert run.code == 0, run.output
        return run

    def files(self) -> dict[str, bytes]:
        """What is there, by path."""
        paths = [path for path in self.root.rglob("*") if path.is_symlink() or path.is_file()]
        return {str(path.relative_to(self.root)): path.read_bytes() for path in paths}

    def mode(self, path: str) -> int:
        """The permissions of a file or directory."""
        return stat.S_IMODE((self.root / path).stat().st_mode)

    def rotation(self) -> dict[str, object]:
        """The variables in rotation.yml."""
        read: dict[str, object] = yaml.safe_load((self.root / ROTATION).read_text(encoding="utf-8"))
        return read


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A host on which certbot has a certificate."""
    made = Machine(tmp_path / "machine", tmp_path / "letsencrypt")
    certbot(made.certbot, NAME, AUTHORITY.issue(None, names=[NAME], key=new_key("rsa")))
    (made.certbot / "renewal-hooks/deploy").mkdir(parents=True)
    yield made


@pytest.mark.oldest
@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root writes below /etc and /usr/local: the files of others are in their home"
)
def test_what_is_written_is_removed_again_and_a_second_run_changes_nothing(machine: Machine) -> None:
    """The plan writes nothing, no output has the key in it, however loud, and no file has the token."""
    shown = machine.present("--check", "--diff", "-vvvv")
    assert not machine.root.exists()
    for path in machine.everything - {CREDENTIALS}:
        assert f"{machine.root}/{path}" in shown.output
    assert "+ssl_rotation_remove_superseded: true" in shown.output and "+OnCalendar=*-*-* 03:00" in shown.output
    machine.present("--diff", "-vvvv")
    files = machine.files()
    assert files.keys() == machine.everything
    assert not [path for path, content in files.items() if TOKEN.encode() in content or b"IAM_TOKEN" in content]
    here = {
        "ansible_facts": {"user_dir": os.path.expanduser("~root")},
        "__ssl_rotation_schedule_user_state": os.environ["XDG_STATE_HOME"],
        "ssl_rotation_schedule_bin": str(Path(sys.executable).parent),
        "ssl_rotation_schedule_collections": str(COLLECTIONS),
    }
    for name in WRITTEN if os.geteuid() == 0 else ():
        assert files[f"{PLACES[name]}/{name}"].decode() == written(name, str(machine.root), **here)
    assert [line for line in files[CREDENTIALS].decode().splitlines() if line.startswith("SL_")][:2] == [
        "SL_USERNAME=apikey",
        """SL_API_KEY='a-key-that-nobody'"'"'s-eyes-may-see'""",
    ]
    assert machine.rotation() == {
        "ssl_rotation_sources": [{"path": str(machine.certbot)}],
        "ssl_rotation_remove_superseded": True,
        "ssl_rotation_remove_superseded_after_days": 7,
        "ssl_rotation_report_path": f"{machine.root}/var/lib/softlayer-certificates/report.html",
    }
    assert {machine.mode(path) for path in (CREDENTIALS, ROTATION)} == {0o600}
    assert {machine.mode(f"{PLACES[name]}/{name}") for name in (ROTATE, RENEWED)} == {0o755}
    assert {machine.mode(f"{PLACES[name]}/{name}") for name in UNITS} == {0o644}
    assert {machine.mode(f"{path}/softlayer-certificates") for path in ("etc", "var/lib")} == {0o700}
    assert (machine.root / machine.hook).resolve() == machine.root / PLACES[RENEWED] / RENEWED
    assert list((machine.certbot / "renewal-hooks/deploy").iterdir()) == []  # the certbot in use runs nothing of it

    again = machine.present()
    assert again.changed == 0 and machine.files() == files, again.output
    assert f"preview the rotation with `{machine.root}/usr/local/sbin/{ROTATE} --check`" in again.output
    assert "unchanged" not in again.output

    report = machine.root / "var/lib/softlayer-certificates/report.html"
    report.touch()
    foreseen = machine.schedule("-e", "state=absent", "--check")
    assert foreseen.changed and machine.files().keys() == machine.everything | {str(report.relative_to(machine.root))}
    gone = machine.schedule("-e", "state=absent", SL_API_KEY="")
    assert gone.code == 0 and f"{report.parent}: kept" in gone.output, gone.output
    assert machine.files().keys() == {str(report.relative_to(machine.root))}
    assert not (machine.root / "etc/softlayer-certificates").exists()
    assert machine.schedule("-e", "state=absent").changed == 0


@pytest.mark.later
@needs_cron
def test_what_is_there_stays_or_has_a_backup(machine: Machine) -> None:
    """The other scheduler's files go; the backups go with the rest; and what is somebody's stays."""
    machine.present()
    rotation, timer = machine.root / ROTATION, f"{PLACES[f'{ROTATE}.timer']}/{ROTATE}.timer"
    rotation.write_text(f"# mine\n{rotation.read_text()}ssl_rotation_max_listeners: 7\n")
    rotation.chmod(0o640)
    (machine.root / CREDENTIALS).chmod(0o644)
    mine, credentials = rotation.read_text(), (machine.root / CREDENTIALS).read_text()
    kept = machine.present("-e", "ssl_rotation_max_listeners=8", "-e", "time=23:30", SL_API_KEY="")
    assert rotation.read_text() == mine
    assert f"{rotation}: unchanged, although the content differs from the current variables" in kept.output, kept.output
    assert "credentials: unchanged, because SL_API_KEY is not set" in kept.output
    assert (machine.root / CREDENTIALS).read_text() == credentials
    assert "OnCalendar=*-*-* 23:30\n" in (machine.root / timer).read_text()
    [backup] = (machine.root / timer).parent.glob("*~")
    assert "OnCalendar=*-*-* 03:00\n" in backup.read_text()

    machine.present("-e", "ssl_rotation_max_listeners=8", *OVERWRITE, *BY_CRON, SL_USERNAME="another")
    assert machine.rotation()["ssl_rotation_max_listeners"] == "8"
    backups = {re.sub(r"\.\d+\.\d{4}-.*", "", path.name): path for path in rotation.parent.glob("*~")}
    assert backups["rotation.yml"].read_text() == mine and backups["credentials"].read_text() == credentials
    assert machine.mode(ROTATION) == 0o640 and machine.mode(CREDENTIALS) & 0o7 == 0
    assert CRON in machine.files() and not [path for path in machine.files() if re.search("systemd.*[a-z]$", path)]
    (rotation.parent / "ca.txt").write_text("mine")
    assert machine.schedule("-e", "state=absent").code == 0
    assert machine.files() == {"etc/softlayer-certificates/ca.txt": b"mine"}


@pytest.mark.later
def test_secrets_are_never_shown_and_kept_as_they_are(machine: Machine) -> None:
    """A passphrase that looks like a template is none, and one of a vault is open. A file with secrets is not shown, whichever has them."""
    secret = KEY.replace("'", "")
    mail = {"imap": {"host": "mail.example.com", "folder": "INBOX", "password": KEY}}
    sources = [{"folder": str(machine.certbot)}, {"mail": mail, "privatekey_dir": str(machine.certbot)}]
    hidden = {"privatekey_passphrase": f"{KEY}{{{{ 7 }}}} {{# {{%", "ledger_url": f"postgresql://{secret}@db/l"}
    text = "".join(f"ssl_rotation_{name}: !unsafe {json.dumps(value)}\n" for name, value in hidden.items())
    (machine.root.parent / "password").write_text("of the vault")
    vault = ["ansible-vault", "encrypt_string", "--vault-password-file", "password", "--name"]
    of_vault = [*vault, "ssl_rotation_notify_command", f"notify {secret}"]
    program = Path(sys.executable).with_name(of_vault.pop(0))
    run = subprocess.run([program, *of_vault], cwd=machine.root.parent, capture_output=True, text=True, check=True)
    hidden["notify_command"] = f"notify {secret}"
    given = machine.root.parent / "given.yml"
    given.write_text(f"{text}ssl_rotation_sources: {json.dumps(sources)}\n{run.stdout}")
    options = [*SYSTEMD, "-e", f"@{given}", "--diff", "-vvv", "--vault-password-file", "password"]
    for is_check in (True, False):
        shown = machine.schedule(*options, *(["--check"] if is_check else []))
        assert shown.code == 0 and secret not in shown.output.replace("'", ""), shown.output
    names = [f"ssl_rotation_{name}" for name in (*hidden, "sources")]
    written = {
        "content": f"{{{{ dict({names} | zip(q('ansible.builtin.vars', *{names}))) | to_json }}}}",
        "dest": "read.json",
    }
    command = [
        str(Path(sys.executable).with_name("ansible")),
        "localhost",
        "-m",
        "ansible.builtin.copy",
        "-e",
        f"@{ROTATION}",
    ]
    subprocess.run([*command, "-a", json.dumps(written)], cwd=machine.root, capture_output=True, check=True)
    read = json.loads((machine.root / "read.json").read_text())
    assert read == {
        **{f"ssl_rotation_{name}": value for name, value in hidden.items()},
        "ssl_rotation_sources": sources,
    }
    without = machine.present("--diff", "-vvv", *OVERWRITE)
    assert secret not in without.output.replace("'", ""), without.output


@pytest.mark.oldest
@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
@pytest.mark.parametrize("path", ["", "archive", "archive/www.example.com/privkey1.pem"])
def test_a_source_that_the_user_cannot_read_is_found_first(machine: Machine, path: str) -> None:
    (machine.certbot / path).chmod(0)
    run = machine.schedule("-e", f"source={machine.certbot}", *SYSTEMD)
    (machine.certbot / path).chmod(0o700)
    assert run.code == 2 and f"cannot read {machine.certbot / path} on localhost" in run.output
    assert not machine.root.exists()


@pytest.mark.oldest
@pytest.mark.parametrize(
    ("given", "environment", "said"),
    [
        ([], {}, "ssl_rotation_sources must be set"),
        (["source="], {}, "source must be a path"),
        (["source=/nowhere"], {}, "The source /nowhere does not exist on localhost"),
        (["source=letsencrypt"], {}, "The path letsencrypt must be absolute"),
        (["source={certbot}", "ssl_rotation_sources=[]"], {}, "Set only one of the two variables"),
        (["source={certbot}"], {"SL_API_KEY": ""}, "Export SL_USERNAME and SL_API_KEY"),
        (["source={certbot}"], {"SL_USERNAME": ""}, "Export SL_USERNAME and SL_API_KEY"),
        (["source={certbot}"], {"SL_API_KEY": ""}, "The role does not store IBMCLOUD_IAM_TOKEN"),
        (
            [
                "source={certbot}",
                '{{"ssl_rotation_schedule_credentials": {{"IBMCLOUD_IAM_TOKEN": "a.token.that-expires"}}}}',
            ],
            {},
            "ssl_rotation_schedule_credentials must not contain IBMCLOUD_IAM_TOKEN, because an IAM token expires before the next run.",
        ),
        (["source={certbot}", "time=3"], {}, "must be a time of day"),
        (["source={certbot}", "prefix=x"], {}, "The path x must be absolute"),
        (["source={certbot}", "prefix=/x$(id)"], {}, "because scripts and units contain it"),
        (["source={certbot}", "ssl_rotation_trusted_ca_path=ca.pem"], {}, "The path ca.pem must be absolute"),
        (
            ["source={certbot}", "ssl_rotation_max_listener=1"],
            {},
            "Did you mean ssl_rotation_max_listeners?",
        ),
        (["source={certbot}", "ssl_rotation_schedule_bin=/nowhere"], {}, "/nowhere/ansible-playbook does not exist on"),
        (["source={certbot}", "ssl_rotation_schedule_collections=/nowhere"], {}, "Install the collection on this host"),
        (["source={certbot}", "state=gone"], {}, "must be one of: present, absent, got: gone"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_written(
    machine: Machine, given: list[str], environment: dict[str, str], said: str
) -> None:
    words = (word for one in given for word in ("-e", one.format(certbot=machine.certbot)))
    run = machine.schedule(*words, **environment)
    assert run.code == 2 and said in re.sub(r"\s+", " ", run.output), run.output
    assert not machine.root.exists()


@pytest.mark.later
def test_the_service_may_write_where_the_files_in_force_have_it(machine: Machine, tmp_path: Path) -> None:
    """Those that are kept, or those that are written."""
    service = machine.root / PLACES[f"{ROTATE}.service"] / f"{ROTATE}.service"
    report, ledger, metrics = (tmp_path / name for name in ("100 % of us", "ledger", "metrics"))
    given = json.dumps({"ssl_rotation_report_path": f"{report}/report.html"})
    environment = {"SOFTLAYER_CERTIFICATES_LEDGER_URL": f"sqlite:///{ledger}/l.sqlite3"}

    def folders() -> list[str]:
        """The directories beside that of the user's own ledger."""
        first, *others = re.findall("^ReadWritePaths=(.*)$", service.read_text(), re.MULTILINE) or [""]
        assert first == (f'"-{os.environ["XDG_STATE_HOME"]}/softlayer.certificates"' if others else "")
        return others

    machine.present("-e", given, **environment)
    shown = f'"-{report}"'.replace("%", "%%")
    assert folders() == ([shown, f'"-{ledger}"'] if os.geteuid() == 0 else [])
    with (machine.root / ROTATION).open("a") as rotation:
        rotation.write(f"ssl_rotation_metrics_path: '{metrics}/it.prom' # mine\nx: !vault |\n  3361\n")
    machine.present(SL_API_KEY="")
    assert folders() == ([shown, f'"-{ledger}"', f'"-{metrics}"'] if os.geteuid() == 0 else [])


def test_a_user_gets_units_of_their_own(machine: Machine) -> None:
    """Below their home, and without what only root may say."""
    machine.present("-e", '{"__ssl_rotation_schedule_is_root": false}')  # whoever runs the tests
    [home] = [path.parents[2] for path in machine.root.rglob(f".local/bin/{ROTATE}")]
    assert home != machine.root and {path for path in machine.files() if path != machine.hook} == {
        str((home / path).relative_to(machine.root))
        for path in (
            *(f".config/softlayer-certificates/{name}" for name in ("credentials", "rotation.yml")),
            *(f".config/systemd/user/{name}" for name in UNITS),
            *(f".local/bin/{name}" for name in (ROTATE, RENEWED)),
        )
    }
    service, path = ((home / f".config/systemd/user/{ROTATE}.{kind}").read_text() for kind in ("service", "path"))
    assert "StartLimitBurst=500\n" in service.partition("[Service]")[0]
    assert service.endswith("TimeoutStartSec=4h\nUMask=0077\n") and "+" not in service.partition("[Service]")[2]
    assert "network-online" not in service and "WantedBy=default.target" in path
    assert f"PathExists={home}/.local/state/softlayer-certificates/run/renewed" in path


@pytest.mark.later
@needs_cron
def test_other_hosts_get_what_the_inventory_has_for_each(machine: Machine) -> None:
    """The variables of the role ssl_rotation may differ, too."""
    hosts = {
        f"web{number}": {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "ssl_rotation_schedule_prefix": str(machine.root / f"web{number}"),
            "ssl_rotation_max_listeners": number,
        }
        for number in (1, 2)
    }
    inventory = machine.root.parent / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"web": {"hosts": hosts}}))
    given = ["-e", f"source={machine.certbot}", "-e", "target=web", *BY_CRON]
    run = machine.schedule("-i", str(inventory), *given, is_tried=False)
    assert run.code == 0, run.output
    for number in (1, 2):
        read = yaml.safe_load((machine.root / f"web{number}" / ROTATION).read_text())
        assert read["ssl_rotation_max_listeners"] == number
        assert read["ssl_rotation_sources"] == [{"path": str(machine.certbot)}]
        assert (machine.root / f"web{number}" / CRON).exists()


@pytest.mark.later
@needs_cron
def test_what_is_written_rotates(account: Simulator, machine: Machine) -> None:
    """Started manually, by the hook of certbot where cron starts the runs, and by the line of cron."""
    old = store(account, NAME, is_old=True, names=[NAME])
    balancer(account, "web", **{f"p{PORT}": old})
    variables = [word for name, value in general(machine.certbot).items() for word in ("-e", f"{name}={value}")]
    login = {
        "SL_USERNAME": account.username,
        "SL_API_KEY": account.api_key,
        "SL_ENDPOINT_URL": account.rest_url,
        "SSL_CERT_FILE": str(account.authority_root),
    }
    machine.present(*BY_CRON, *variables, **login)
    bare = {"PATH": os.defpath, "LC_ALL": "C.UTF-8"}
    for name, options in ((ROTATE, ["--check"]), (RENEWED, [])):
        run = subprocess.run(
            [machine.root / PLACES[name] / name, *options], env=bare, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr
        assert ("TASK" in run.stdout) == (name == ROTATE)
        assert (have(account) == {f"web:{PORT}": old}) == (name == ROTATE)
    report = machine.root / "var/lib/softlayer-certificates/report.html"
    assert report.exists()
    report.unlink()
    job = (machine.root / CRON).read_text().splitlines()[-1].split(" ", 6)[-1]
    assert subprocess.run(["sh", "-c", job], env=bare, capture_output=True, text=True, check=True).stdout == ""
    assert report.exists()
