# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is written and removed below a user's home, and what systemd is asked for; the plan itself: ../plugin_utils/test_schedule.py."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.action.ssl_rotation_schedule import (
    check_user,
    cron_in,
    environment_from,
    folder_of_ansible,
    make_folder,
    options_from,
    put,
    schedule,
    way_to,
    why_refused,
)
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.plugin_utils._schedule import (
    HOOK,
    STARTED,
    UNITS,
    Layout,
    Machine,
    PlannedFile,
    ScheduleOptions,
)

MACHINE = Machine(
    False, "/home/me", "web1", True, "/usr/bin", "/usr/share/ansible/collections", "/home/me/.local", "cron"
)
LOGIN = {"SL_USERNAME": "me", "SL_API_KEY": "secret"}


class Here:
    """A machine that systemd runs on, and what was asked of that."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.asked: list[Mapping[str, Any]] = []
        self.machine = replace(MACHINE, home=str(home))
        self.layout = Layout(self.machine, "")
        self.hooks = home / "certbot/renewal-hooks/deploy"

    def systemd(self, **options: Any) -> Mapping[str, Any]:
        """Note what is asked."""
        self.asked.append(options)
        return {"changed": False}

    def scheduled(self, state: str = "present", by: str = "systemd", **how: Any) -> dict[str, Any]:
        """A run."""
        self.asked = []
        sources = [{"certbot": f"{self.home}/certbot/live/www.example.com"}]
        variables = how.pop("variables", {})
        options = ScheduleOptions(state == "present", by, "03:00", how.pop("prefix", ""), sources, variables)
        return schedule(options, how.pop("machine", self.machine), how.pop("login", LOGIN), self.systemd, **how)

    def files(self) -> set[str]:
        """What is there."""
        return {str(path) for path in self.home.rglob("*") if not path.is_dir() or path.is_symlink()}


@pytest.fixture
def here(tmp_path: Path) -> Here:
    """A machine with nothing on it but certbot's folder of hooks."""
    made = Here(tmp_path / "me")
    made.hooks.mkdir(parents=True)
    return made


RELOAD = {"daemon_reload": True}
START = [{"name": name, "enabled": True, "state": "started"} for name in STARTED]
FORGET = {"reset_failed": UNITS[0]}
STOP = [{"name": name, "enabled": False, "state": "stopped"} for name in sorted(STARTED)]


def test_systemd_is_told_what_has_changed_and_what_to_start(here: Here) -> None:
    """A second run only sees that they are started as they are now, and what is not wanted is stopped first."""
    assert here.scheduled()["changed"] and here.asked == [RELOAD, *START]
    assert not here.scheduled()["changed"] and here.asked == [RELOAD, *START]
    Path(here.layout.units, STARTED[1]).unlink()
    assert here.scheduled(is_check_mode=True)["changed"] and here.asked == [RELOAD, START[0]]  # it knows no other yet
    assert here.scheduled()["changed"] and here.asked == [RELOAD, *START]
    assert here.scheduled(by="cron")["changed"] and here.asked == [*STOP, RELOAD, FORGET]
    assert here.scheduled()["changed"] and here.asked == [RELOAD, *START]
    assert here.scheduled("absent", is_check_mode=True)["changed"] and here.asked == [*STOP, RELOAD]
    assert here.scheduled("absent")["changed"] and here.asked == [*STOP, RELOAD, FORGET]
    assert not here.scheduled("absent")["changed"] and here.asked == []
    assert here.files() == set() and not Path(here.layout.config).exists()


def test_that_systemd_had_not_started_it_is_a_change(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    here.scheduled()
    monkeypatch.setattr(here, "systemd", lambda **options: {"changed": "name" in options})
    assert here.scheduled()["changed"]


def test_a_user_that_systemd_does_not_know_is_told_what_to_do(here: Here) -> None:
    said = "Failed to connect to user scope bus via local transport: No such file or directory"
    assert "loginctl enable-linger" in why_refused(STARTED[0], said, here.machine)
    as_root = replace(here.machine, is_root=True)
    for machine, words in ((as_root, said), (here.machine, "Unit is masked.")):
        assert why_refused(STARTED[0], words, machine) == f"systemd refuses {STARTED[0]}: {words}"


def test_only_root_may_become_root(here: Here) -> None:
    root = replace(here.machine, is_root=True)
    for machine, becomes in ((here.machine, None), (root, None), (root, "root")):
        check_user(machine, becomes=becomes)
    for machine, becomes in ((here.machine, "root"), (here.machine, "me"), (root, "me")):
        with pytest.raises(CertificatesError, match="whom become does not change"):
            check_user(machine, becomes=becomes)


def test_paths_begin_where_a_person_is(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nights begin in another folder."""
    monkeypatch.chdir(here.home)
    paths = {"report_path": "report.html", "trusted_ca_path": "/etc/ca.pem", "metrics_path": "", "max_listeners": "7"}
    given = {"sources": [{"certbot": "certbot"}], "variables": {f"ssl_rotation_{name}": v for name, v in paths.items()}}
    options = options_from(given, here.machine)
    assert options.sources == [{"certbot": f"{here.home}/certbot"}]
    expected = {**paths, "report_path": f"{here.home}/report.html"}
    assert options.variables == {f"ssl_rotation_{name}": value for name, value in expected.items()}


def test_roots_of_the_environment_are_found_from_elsewhere(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here.home)
    given = {"SSL_CERT_FILE": "ca.pem", "REQUESTS_CA_BUNDLE": "/etc/ca.pem", "SSL_CERT_DIR": "", "https_proxy": "proxy"}
    assert environment_from(given) == {**given, "SSL_CERT_FILE": f"{here.home}/ca.pem"}
    assert environment_from({"PS1": "\udcff"})
    with pytest.raises(CertificatesError, match=r"^SL_API_KEY in the environment is no text in UTF-8"):
        environment_from({"SL_API_KEY": os.fsdecode(b"secret\xff")})


@pytest.mark.parametrize(
    ("sources", "variables", "login", "path"),
    [
        ([], {}, {}, "/tmp/ansible"),
        ([{"lego": "/tmp/lego"}, {"mail": {"maildir": "x"}}], {}, {}, "/tmp/lego"),
        ([], {"ssl_rotation_trusted_ca_path": "/tmp/ca.pem", "ssl_rotation_report_path": None}, {}, "/tmp/ca.pem"),
        ([], {"ssl_rotation_report_path": "/tmp/r/report.html"}, {}, "/tmp/r"),
        ([], {}, {"SOFTLAYER_CERTIFICATES_LEDGER_URL": "sqlite:////tmp/l/l.sqlite3"}, "/tmp/l"),
    ],
)
def test_what_the_service_of_root_could_not_use_is_refused(
    here: Here, sources: Any, variables: Any, login: Any, path: str
) -> None:
    """Before anything is written. That of a user sees what they see, and so does cron."""
    ansible = "/tmp/ansible" if path == "/tmp/ansible" else "/usr/bin"
    root = replace(here.machine, is_root=True, ansible=ansible)
    options = ScheduleOptions(True, "systemd", "03:00", "", sources, variables)
    with pytest.raises(CertificatesError, match=f"could not use {path}: it has a /tmp of its own"):
        schedule(options, root, {**LOGIN, **login}, here.systemd)
    assert here.asked == []
    user = replace(here.machine, ansible=ansible)
    assert schedule(options, user, {**LOGIN, **login}, here.systemd, is_check_mode=True)["changed"]
    with_cron = replace(options, scheduler="cron")
    assert schedule(with_cron, root, {**LOGIN, **login}, here.systemd, is_check_mode=True)["changed"]


def test_only_paths_are_judged(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a person is: a mailbox that is given as text has its password in it."""
    monkeypatch.chdir("/tmp")
    root = replace(here.machine, is_root=True)
    sources = [{"mail": '{"imap": {"password": "secret"}}'}]
    options = ScheduleOptions(True, "systemd", "03:00", "", sources, {"ssl_rotation_trusted_ca_path": ["ca.pem"]})
    assert schedule(options, root, LOGIN, here.systemd, is_check_mode=True)["changed"]


def test_a_service_that_may_have_another_user_is_not_judged(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `systemctl edit` sets one."""
    own, is_folder = f"/etc/systemd/system/{UNITS[0]}.d", os.path.isdir
    monkeypatch.setattr(os.path, "isdir", lambda path: path == own or is_folder(path))
    root = replace(here.machine, is_root=True, ansible="/tmp/ansible")
    options = ScheduleOptions(True, "systemd", "03:00", "", [], {})
    assert schedule(options, root, LOGIN, here.systemd, is_check_mode=True)["changed"]


def test_the_way_to_a_path_is_seen_through_links(tmp_path: Path) -> None:
    (tmp_path / "shut").mkdir(mode=0o600)
    (tmp_path / "link").symlink_to("shut")
    above = [*map(str, reversed(tmp_path.parents)), str(tmp_path)]
    for path, use, last in (("link", os.W_OK, os.W_OK | os.X_OK), ("link/report.html", os.R_OK, os.X_OK)):
        way = way_to(f"{tmp_path}/{path}", use)
        expected = [*((folder, os.X_OK) for folder in above), (f"{tmp_path}/shut", last)]
        assert [(place, to_do) for place, _known, to_do in way] == expected
        assert stat.S_IMODE(way[-1][1].st_mode) == 0o600
    (tmp_path / "file").touch()
    assert way_to(f"{tmp_path}/file", os.R_OK)[-1][2] == os.R_OK


def test_nothing_is_refused_where_modes_do_not_say_who_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is an access control list, or a server shuts root out."""
    shut, listed = tmp_path / "shut", tmp_path / "listed"
    for path in (shut, listed, listed / "in"):
        path.mkdir()
    see, attributes = Path.stat, {str(listed): ["system.posix_acl_access"], str(listed / "in"): ["user.mine"]}

    def stat_of(path: Path, **how: Any) -> os.stat_result:
        if path == shut / "in":
            raise PermissionError
        return see(path, **how)

    monkeypatch.setattr(Path, "stat", stat_of)
    monkeypatch.setattr(os, "listxattr", lambda path: attributes.get(str(path), []))
    assert way_to(f"{shut}/in", os.R_OK)[-1][0] == str(shut)
    assert [place for place, _known, _use in way_to(f"{listed}/in", os.R_OK)][-2:] == [str(tmp_path), f"{listed}/in"]


def test_below_a_prefix_nothing_is_started(here: Here, tmp_path: Path) -> None:
    assert here.scheduled(prefix=f"{tmp_path}/trial")["changed"] and here.asked == []
    assert here.files() == set()  # nor by a client whose hooks are elsewhere
    here.scheduled(prefix=str(here.home))
    assert f"{here.hooks}/softlayer-certificates" in here.files()


def test_the_plan_writes_nothing(here: Here) -> None:
    """Not even a folder. What is told is what a run does; no secret is shown."""
    foreseen = here.scheduled(is_check_mode=True)
    assert here.files() == set() and [*here.home.iterdir()] == [here.home / "certbot"]
    assert here.asked == [RELOAD]
    done = here.scheduled()
    assert [line.replace("would be ", "").replace("would run", "runs") for line in foreseen["lines"]] == done["lines"]
    assert foreseen["diff"] == done["diff"] and "secret" not in str(done)
    assert {each["after_header"] for each in done["diff"]} == here.files() - {
        here.layout.credentials,
        here.layout.manifest,
        f"{here.hooks}/softlayer-certificates",
    }
    assert [line.partition(":")[0] for line in here.scheduled("absent", is_check_mode=True)["lines"][:8]] == sorted(
        here.files() - {here.layout.manifest}
    )


def test_only_the_owner_may_read_what_is_secret_and_permissions_stay(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.scheduled()
    modes = {
        path: stat.S_IMODE(os.stat(path).st_mode) for path in (*here.files(), here.layout.config, here.layout.state)
    }
    own = {here.layout.config, here.layout.state, here.layout.credentials, here.layout.rotation, here.layout.manifest}
    assert {path for path, mode in modes.items() if not mode & 0o077} == own
    assert stat.S_IMODE(os.stat(f"{here.home}/.config").st_mode) == 0o755
    with monkeypatch.context() as patch:
        patch.setattr(os, "chmod", lambda *_args, **_how: None)  # a run that is killed before it comes to that
        make_folder(f"{here.home}/own", 0o700)
    assert stat.S_IMODE(os.stat(f"{here.home}/own").st_mode) == 0o700
    os.chmod(here.layout.credentials, 0o640)
    credentials, former = Path(here.layout.credentials), os.stat(here.layout.credentials)
    given: list[tuple[Any, ...]] = []
    monkeypatch.setattr(os, "chown", lambda _path, *owner, **_how: given.append((credentials.read_text(), *owner)))
    before = credentials.read_text()
    here.scheduled(login={**LOGIN, "SL_API_KEY": "another"})
    assert given == [(before, former.st_uid, former.st_gid)]  # all at once, even if a run is killed
    assert stat.S_IMODE(os.stat(here.layout.credentials).st_mode) == 0o640
    assert "another" in Path(here.layout.credentials).read_text()


def test_without_a_key_there_must_be_credentials_already(here: Here) -> None:
    with pytest.raises(CertificatesError, match=r"export SL_USERNAME and SL_API_KEY, which go to .*/credentials"):
        here.scheduled(login={})
    assert here.files() == set()
    here.scheduled()
    assert not here.scheduled(login={})["changed"]


def test_nights_are_taken_away_whatever_ansible_is_called_from(here: Here) -> None:
    """Nothing of it is written then."""
    here.scheduled()
    elsewhere = replace(here.machine, ansible="/srv/my venv/bin")
    with pytest.raises(CertificatesError, match="would be in programs and units"):
        here.scheduled(machine=elsewhere)
    assert here.scheduled("absent", machine=elsewhere)["changed"] and here.files() == set()


def test_a_key_without_a_user_name_is_refused(here: Here) -> None:
    """Each night would fail, and a file that has both would be spoiled."""
    for login in ({"SL_API_KEY": "secret"}, {"SL_API_KEY": "secret", "SL_USERNAME": ""}):
        with pytest.raises(CertificatesError, match=r"There is no user name for the nights: export SL_USERNAME and"):
            here.scheduled(login=login)
        assert here.files() == set()
    assert not here.scheduled("absent", login={"SL_API_KEY": "secret"})["changed"]


def test_the_service_writes_where_the_files_that_stay_have_it(here: Here, tmp_path: Path) -> None:
    """A person has added to the one, and the environment of this run has no key for the other."""
    machine = replace(here.machine, is_root=True)
    service, rotation = (tmp_path / f"etc/{place}" for place in (f"systemd/system/{UNITS[0]}", f"{HOOK}/rotation.yml"))
    how: dict[str, Any] = {"machine": machine, "prefix": str(tmp_path)}
    ledger = {"SOFTLAYER_CERTIFICATES_LEDGER_URL": "sqlite:////srv/ledger/it.sqlite3"}
    here.scheduled(login={**LOGIN, **ledger}, variables={"ssl_rotation_metrics_path": "/srv/m/it.prom"}, **how)
    written = service.read_text()
    assert '="-/srv/ledger"\n' in written and '="-/srv/m"\n' in written
    with rotation.open("a") as more:
        more.write("ssl_rotation_max_listeners: 7\n")
    here.scheduled(login={}, **how)
    assert service.read_text() == written


def test_what_a_person_has_edited_is_theirs_until_they_undo_it(here: Here) -> None:
    here.scheduled()
    rotation = Path(here.layout.rotation)
    written = rotation.read_text()
    rotation.write_text(f"{written}# mine\n")
    assert here.scheduled()["lines"][0] == f"{rotation}: left as it is, since a person has edited it"
    assert "What is wanted now is not in it" in here.scheduled(variables={"ssl_rotation_trust": "warn"})["lines"][0]
    rotation.write_text(written)
    assert here.scheduled()["lines"][0].startswith("See what")
    rotation.write_text("mine")
    here.scheduled("absent")
    assert here.files() == {str(rotation)}


def test_a_hook_that_leads_elsewhere_and_a_key_that_is_another_one_stay(here: Here) -> None:
    """The rest follows what is asked for, and what is not wanted any more goes."""
    hook, timer, credentials = (
        here.hooks / "softlayer-certificates",
        f"{here.layout.units}/{STARTED[0]}",
        here.layout.credentials,
    )
    hook.symlink_to("/bin/true")
    here.scheduled()
    for path in (timer, credentials):
        Path(path).write_text("mine")
    lines = here.scheduled(by="cron", login={})["lines"]
    assert {line.partition(": left")[0] for line in lines if "left as it is" in line} == {timer, credentials, str(hook)}
    assert {path for path in here.files() if path.startswith(here.layout.units)} == {timer}
    assert f"{timer}: left as it is, since a person has edited it. It is not wanted any more: delete it" in lines
    assert here.asked == [*STOP, RELOAD, FORGET]  # else it would begin runs beside cron's, or runs of what is gone
    here.scheduled("absent")
    assert here.files() == {timer, credentials, str(hook)} and os.readlink(hook) == "/bin/true"
    assert {Path(path).read_text() for path in (timer, credentials)} == {"mine"}


@pytest.mark.parametrize("is_all", [True, False])
def test_what_is_as_it_is_wanted_is_known_again(here: Here, is_all: bool) -> None:
    """Where somebody has deleted the folder with the credentials, or in it what remembers that all was written."""
    here.scheduled()
    if is_all:
        shutil.rmtree(here.layout.config)
    else:
        os.unlink(here.layout.manifest)
    assert not any("edited" in line for line in here.scheduled()["lines"])
    here.scheduled("absent")
    assert here.files() == set()


def test_what_a_link_in_place_of_the_manifest_leads_to_stays_as_it_is(here: Here, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("Somebody's.")
    here.scheduled()
    manifest = Path(here.layout.manifest)
    manifest.unlink()
    manifest.symlink_to(other)
    here.scheduled()
    assert other.read_text() == "Somebody's." and not manifest.is_symlink()


def test_hooks_of_a_certbot_that_belongs_to_somebody_else(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of which a user may read the certificates, by a group: all else is done, and no hook is promised."""
    monkeypatch.setattr(os, "access", lambda path, _mode: path != str(here.hooks))
    for is_check_mode in (True, False):
        lines = here.scheduled(is_check_mode=is_check_mode)["lines"]
        assert lines[-1].startswith("No hook of certbot was set.") and not any(
            str(here.hooks) in line for line in lines
        )
    assert [*here.hooks.iterdir()] == [] and here.asked == [RELOAD, *START]


def test_a_run_that_was_killed_is_ended_by_the_next_one(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it was: what it has written is no work of a person, and what a person has made of that since is."""
    here.scheduled()
    wanted = {path: Path(path).read_bytes() for path in here.files()}
    here.scheduled("absent")
    for count in range(len(wanted)):
        calls = iter(range(count))

        def killed(item: PlannedFile, _calls: Iterator[int] = calls) -> None:
            if next(_calls, None) is None:
                raise KeyboardInterrupt
            put(item)

        with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
            patch.setattr(f"{schedule.__module__}.put", killed)
            here.scheduled()
        if count > 1:
            Path(here.layout.rotation).write_text("mine")
            assert here.scheduled()["lines"][0].startswith(f"{here.layout.rotation}: left as it is")
            Path(here.layout.rotation).write_bytes(wanted[here.layout.rotation])
        here.scheduled()
        assert {path: Path(path).read_bytes() for path in here.files()} == wanted
        here.scheduled("absent")
        assert here.files() == set()


@pytest.mark.parametrize("state", ["present", "absent"])
def test_what_a_killed_run_has_left_under_another_name_is_removed(here: Here, state: str) -> None:
    """The key may be in it, and the folder would stay for it."""
    here.scheduled()
    for folder in (here.layout.config, here.layout.programs):
        Path(folder, f".unfinished-{'0' * 16}").write_text("secret")
    here.scheduled(state, is_check_mode=True)
    assert any(".unfinished-" in path for path in here.files())
    here.scheduled(state)
    assert not any(".unfinished-" in path for path in here.files())
    assert Path(here.layout.config).exists() == (state == "present")


def test_a_folder_that_is_a_link_is_written_through(here: Here, tmp_path: Path) -> None:
    """As `/usr/local/sbin` is one where there is but one folder of programs."""
    (tmp_path / "bin").mkdir()
    (here.home / ".local").mkdir()
    (here.home / ".local/bin").symlink_to(tmp_path / "bin")
    here.scheduled()
    assert len(list((tmp_path / "bin").iterdir())) == 2
    assert not here.scheduled()["changed"]


def test_root_runs_the_hook_of_a_user_as_that_user(here: Here, tmp_path: Path) -> None:
    """Else the user could not take the note of root away, and no night would begin."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in (("id", "echo 12345"), ("setpriv", 'echo "$@"')):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    here.scheduled()
    path = {"PATH": f"{programs}:{os.defpath}"}
    run = subprocess.run([here.layout.hook], env=path, capture_output=True, text=True, check=True)
    own = os.stat(here.layout.state)
    assert run.stdout == f"--reuid {own.st_uid} --regid {own.st_gid} --init-groups {here.layout.hook}\n"
    assert [*Path(here.layout.state).iterdir()] == []


def test_the_environment_of_a_night(here: Here) -> None:
    """Modules would write all that they are given into the journal; and Ansible needs UTF-8, whatever cron or a client has."""
    playbook = here.home / "bin/ansible-playbook"
    playbook.parent.mkdir()
    playbook.write_text("#!/bin/sh\nexec env\n")
    playbook.chmod(0o755)
    here.scheduled(machine=replace(here.machine, ansible=str(playbook.parent)))
    given = {"PATH": os.defpath, "LC_ALL": "POSIX"}
    run = subprocess.run([here.layout.rotate], env=given, capture_output=True, text=True, check=True)
    environment = dict(line.split("=", 1) for line in run.stdout.splitlines())
    assert (environment["ANSIBLE_NO_TARGET_SYSLOG"], environment["LC_ALL"]) == ("true", "C.UTF-8")
    assert environment["PYTHONUSERBASE"] == MACHINE.libraries and environment["HOME"] == here.layout.state


def test_ansible_is_found_where_it_was_installed(tmp_path: Path) -> None:
    """`pip install --user` puts it into another folder than the one of Python."""
    for name in ("venv", "user", "path"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ansible-playbook").touch()
    called, listed = (f"{tmp_path}/{name}/ansible-playbook" for name in ("user", "path"))
    assert folder_of_ansible(f"{tmp_path}/venv/python3", called, listed) == f"{tmp_path}/venv"
    assert folder_of_ansible(f"{tmp_path}/python3", called, listed) == f"{tmp_path}/user"
    assert folder_of_ansible(f"{tmp_path}/python3", f"{tmp_path}/ansible-runner", listed) == f"{tmp_path}/path"
    assert folder_of_ansible(f"{tmp_path}/python3", f"{tmp_path}/ansible-runner", None) == str(tmp_path)


def test_cron_is_known_by_its_program(tmp_path: Path) -> None:
    """That of busybox reads no file in `/etc/cron.d`, and containers have none."""
    assert cron_in(f"{tmp_path}/a", f"{tmp_path}/b") == ""
    for folder, name in (("a", "crond"), ("b", "cron")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).touch()
    assert (cron_in(f"{tmp_path}/a"), cron_in(f"{tmp_path}/b", f"{tmp_path}/a")) == ("crond", "cron")
    (tmp_path / "b/cron").rename(tmp_path / "busybox")
    (tmp_path / "b/crond").symlink_to(tmp_path / "busybox")
    assert cron_in(f"{tmp_path}/b") == "busybox"


@pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="no systemd-analyze: install the system's package systemd"
)
@pytest.mark.parametrize("is_root", [True, False])
def test_systemd_takes_the_units(here: Here, tmp_path: Path, is_root: bool) -> None:
    machine = replace(MACHINE, is_root=is_root)
    report = {"ssl_rotation_report_path": '/srv/100 % "of" us/report.html'}
    here.scheduled(machine=machine, prefix=str(tmp_path / "trial"), variables=report)
    units = sorted(
        os.path.join(Layout(machine, f"{tmp_path}/trial").units, f"softlayer-certificates-rotate.{kind}")
        for kind in ("path", "service", "timer")
    )
    verified = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
