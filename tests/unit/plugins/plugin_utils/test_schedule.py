# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What makes a machine rotate, what of it a person has edited, and what is told; the whole of it: `unit/playbooks/test_schedule.py`."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.softlayer.certificates.plugins.module_utils._errors import CertificatesError
from ansible_collections.softlayer.certificates.plugins.plugin_utils._schedule import (
    OUTDATED,
    UNWANTED,
    Layout,
    Machine,
    Manifest,
    PlannedFile,
    ScheduleOptions,
    SchedulePlan,
    check_paths,
    check_view,
    cron_line,
    items_of,
    mark_of,
    read_options,
    shown_rotation,
    told_of,
    without_secrets,
)

from tests.support.acme_machine import EXAMPLES

ROOT = Machine(True, "/root", "web1", True, "/opt/ansible/bin", "/usr/share/collections", "/srv/user", "cron")
USER = replace(ROOT, is_root=False, home="/home/me")
SOURCES = [{"certbot": "/etc/letsencrypt"}]
OPTIONS = ScheduleOptions(True, "systemd", "03:00", "", SOURCES, {"ssl_rotation_max_listeners": 7})
LOGIN = {"SL_USERNAME": "me", "SL_API_KEY": "it's secret", "PATH": "/bin", "HTTPS_PROXY": ""}
ORIGINALS = {path.name: path.read_text(encoding="utf-8") for path in EXAMPLES.iterdir()}
ROTATE = "softlayer-certificates-rotate"


def items(machine: Machine = ROOT, login: dict[str, str] | None = None, **options: Any) -> dict[str, PlannedFile]:
    """What is wanted, by path."""
    environment, staying = LOGIN if login is None else login, options.pop("staying", {})
    hooks = ["/etc/letsencrypt/hooks"]
    wanted = items_of(replace(OPTIONS, **options), machine, ORIGINALS, environment, hooks, staying)
    return {item.path: item for item in wanted}


def test_root_gets_what_the_guide_has() -> None:
    """With the paths of Ansible, and at the time that is asked for."""
    wanted = items(time="23:30")
    for place in ("/usr/local/sbin", "/etc/systemd/system"):
        for path, item in wanted.items():
            if path.startswith(place):
                original = ORIGINALS[path.rpartition("/")[2]].replace("*-*-* 03:00", "*-*-* 23:30")
                original = original.replace("/opt/softlayer-certificates/bin", ROOT.ansible)
                original = original.replace("/root/.local", ROOT.libraries)
                assert (
                    item.content == item.shown == original.replace("/usr/share/ansible/collections", ROOT.collections)
                )
                assert item.mode == (0o755 if "sbin" in place else 0o644)
    assert {path for path in wanted if "/etc/softlayer" in path} == {
        Layout(ROOT, "").credentials,
        Layout(ROOT, "").rotation,
    }
    assert (
        wanted["/etc/letsencrypt/hooks/softlayer-certificates"].mark == "/usr/local/sbin/softlayer-certificates-renewed"
    )
    assert len(wanted) == 8


def test_all_is_below_the_prefix() -> None:
    """And no path is moved twice, whatever the prefix is called."""
    wanted = items(prefix="/etc/systemd/system")
    outside = {path for path in wanted if not path.startswith("/etc/systemd/system/")}
    assert outside == {"/etc/letsencrypt/hooks/softlayer-certificates"}
    service = wanted[f"/etc/systemd/system/etc/systemd/system/{ROTATE}.service"].content or ""
    assert f"ExecStart=/etc/systemd/system/usr/local/sbin/{ROTATE}\n" in service


def test_a_user_gets_the_same_below_their_home_without_what_only_root_may_say() -> None:
    wanted = items(USER)
    units = {path: item.content or "" for path, item in wanted.items() if "/.config/systemd/user/" in path}
    assert len(units) == 3 and all(path.startswith("/home/me/") for path in wanted if "letsencrypt" not in path)
    service = units[f"/home/me/.config/systemd/user/{ROTATE}.service"]
    assert (
        "StartLimitBurst=500\n" in service.partition("[Service]")[0]
    )  # else few failures would end what follows a renewal
    assert service.endswith("TimeoutStartSec=4h\n\nUMask=0077\n") and "+" not in service.partition("[Service]")[2]
    assert "network-online" not in service
    path = units[f"/home/me/.config/systemd/user/{ROTATE}.path"]
    assert "WantedBy=default.target" in path
    assert "PathExists=/home/me/.local/state/softlayer-certificates/notes/renewed" in path


@pytest.mark.parametrize(
    ("variables", "login", "folders"),
    [
        ({}, {}, []),
        ({"report_path": "/var/lib/softlayer-certificates/orders/report.html"}, {}, []),
        ({"report_path": "/srv/www/report.html", "metrics_path": "/srv/www/it.prom"}, {}, ['"-/srv/www"']),
        ({"metrics_path": "/srv/100 %/it.prom", "report_path": ""}, {}, ['"-/srv/100 %%"']),
        ({"ledger_url": "sqlite:////srv/ledger/it.sqlite3"}, {}, ['"-/srv/ledger"']),
        ({"ledger_url": "postgresql://db.example.com/ledger"}, {}, []),
        ({}, {"SOFTLAYER_CERTIFICATES_LEDGER_URL": "sqlite:////srv/l.sqlite3"}, ['"-/srv"']),
    ],
)
def test_the_service_may_write_where_its_files_are_meant_to_be(
    variables: dict[str, str], login: dict[str, str], folders: list[str]
) -> None:
    """Else no night would come to its end. Nothing limits that of a user."""
    given = {f"ssl_rotation_{name}": value for name, value in variables.items()}
    for machine, expected in ((ROOT, folders), (USER, [])):
        wanted = items(machine, {**LOGIN, **login}, variables=given)
        [service] = [item.content or "" for path, item in wanted.items() if path.endswith(f"{ROTATE}.service")]
        assert re.findall("^ReadWritePaths=(.*)$", service, re.MULTILINE) == expected
    with pytest.raises(CertificatesError, match=r"cannot be in / itself: name a folder"):
        items(variables={"ssl_rotation_report_path": "/report.html"})
    assert items(variables={"ssl_rotation_report_path": "/report.html"}, is_wanted=False)


@pytest.mark.parametrize(
    ("name", "text", "folder"),
    [
        ("rotation", "ssl_rotation_report_path: /srv/theirs/report.html", "/srv/theirs"),
        ("rotation", "ssl_rotation_report_path: '{{ here }}/report.html'", None),
        *(("rotation", text, "/srv/asked") for text in ("", "# nothing", "a: [", "$ANSIBLE_VAULT;1.1;AES256\n3361")),
        ("credentials", "SOFTLAYER_CERTIFICATES_LEDGER_URL='sqlite:////srv/theirs/l' # ours\n", "/srv/theirs"),
        *(("credentials", text, "/srv/environment") for text in ("", "A='b\n")),
    ],
)
def test_the_service_may_write_where_the_files_that_stay_have_it(name: str, text: str, folder: str | None) -> None:
    """The nights go by what a person has written, not by what is asked for now; what cannot be read says nothing."""
    variables = {"ssl_rotation_report_path": "/srv/asked/report.html"} if name == "rotation" else {}
    login = {"SOFTLAYER_CERTIFICATES_LEDGER_URL": "sqlite:////srv/environment/l"} if name == "credentials" else {}
    staying = {str(getattr(Layout(ROOT, ""), name)): text}
    wanted = items(login={**LOGIN, **login}, variables=variables, staying=staying)
    service = wanted[f"/etc/systemd/system/{ROTATE}.service"].content or ""
    assert re.findall('^ReadWritePaths="-(.*)"$', service, re.MULTILINE) == ([folder] if folder else [])


def test_cron_has_a_file_of_root_alone() -> None:
    line = cron_line(OPTIONS, ROOT)
    minute, hour, *rest = line.split(" ", 5)
    assert 0 <= int(minute) < 60 and hour == "3"
    quiet = "ANSIBLE_STDOUT_CALLBACK=softlayer.certificates.quiet"
    assert rest == ["*", "*", "*", f"root {quiet} /usr/local/sbin/{ROTATE}"]
    assert cron_line(OPTIONS, ROOT) == line != cron_line(OPTIONS, replace(ROOT, name="web2"))
    wanted = items(scheduler="cron")
    assert (wanted["/etc/cron.d/softlayer-certificates"].content or "").endswith(f"\n{line}\n")
    assert not any("systemd" in path for path in wanted) and len(wanted) == 6
    for machine in (USER, replace(ROOT, cron="busybox")):
        assert not any("cron" in path for path in items(machine, scheduler="cron"))
    assert cron_line(OPTIONS, USER).endswith(f" * * * {quiet} /home/me/.local/bin/{ROTATE}")


@pytest.mark.parametrize("time", ["00:00", "03:00", "03:30", "12:59", "23:01", "23:59"])
def test_cron_begins_within_the_hour_after_the_time(time: str) -> None:
    """As the timer does: not before it, whatever the machine is called."""
    given = datetime.strptime(time, "%H:%M")
    delays = set()
    for number in range(300):
        minute, hour, *_rest = cron_line(replace(OPTIONS, time=time), replace(ROOT, name=f"web{number}")).split()
        delays.add((datetime.strptime(f"{hour}:{minute}", "%H:%M") - given) % timedelta(days=1))
    assert min(delays) == timedelta() and max(delays) == timedelta(minutes=59)


def test_the_credentials_are_those_of_the_environment() -> None:
    """For a shell to read; without a key the file stays as it is. They are shown nobody."""
    credentials = items()[Layout(ROOT, "").credentials]
    assert (credentials.content or "").splitlines()[1:] == ["SL_USERNAME=me", """SL_API_KEY='it'"'"'s secret'"""]
    assert credentials.mode == 0o600 and credentials.shown is None
    kept = items(login={"SL_USERNAME": "me"})[Layout(ROOT, "").credentials]
    assert kept.content is None and kept.mark is None


@pytest.mark.parametrize(
    "name",
    [
        *("https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "no_proxy", "NO_PROXY"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "SL_ENDPOINT_URL"),
    ],
)
def test_the_nights_have_the_way_to_the_api_that_the_day_has(name: str) -> None:
    credentials = items(login={**LOGIN, name: "value"})[Layout(ROOT, "").credentials].content or ""
    assert f"\n{name}=value\n" in credentials


def test_the_variables_are_shown_without_secrets() -> None:
    """The sources come first, in one form; what is given wins over what is proposed."""
    mail = {"mail": {"imap": {"password": "secret"}}, "privatekey_dir": "/keys"}
    given = {
        "ssl_rotation_sources": "as it was given",
        "ssl_rotation_remove_superseded": False,
        "ssl_rotation_privatekey_passphrase": "secret",
        "ssl_rotation_notify_command": "curl -H secret",
        "ssl_rotation_ledger_url": "postgresql://secret@db",
    }
    sources = [*SOURCES, mail, {"secrets_manager": {"api_key": "secret"}}]
    rotation = items(sources=sources, variables=given)[Layout(ROOT, "").rotation]
    assert rotation.mode == 0o600
    assert yaml.safe_load(rotation.content or "") == {
        **given,
        "ssl_rotation_sources": sources,
        "ssl_rotation_report_path": "/var/lib/softlayer-certificates/report.html",
    }
    assert rotation.shown and "secret@" not in rotation.shown and ": secret" not in rotation.shown
    shown = yaml.safe_load(rotation.shown)
    assert next(iter(shown)) == "ssl_rotation_sources"
    assert shown["ssl_rotation_sources"] == [*SOURCES, {**mail, "mail": "********"}, {"secrets_manager": "********"}]
    assert {shown[f"ssl_rotation_{name}"] for name in ("privatekey_passphrase", "notify_command", "ledger_url")} == {
        "********"
    }
    assert shown_rotation(rotation.content or "") == rotation.shown
    assert shown == without_secrets(yaml.safe_load(rotation.content or ""))


def test_what_looks_like_a_template_is_none() -> None:
    """All are evaluated where they were given. In the night they would be evaluated again, as what is in a passphrase by chance."""
    texts = ["a{{ b }}'c", "{% if", "a {# b", "{a}"]
    given = {"ssl_rotation_privatekey_passphrase": wrap_var(texts[0]), "ssl_rotation_common_names": texts}
    content = items(variables=given)[Layout(ROOT, "").rotation].content or ""
    loader = DataLoader()
    assert Templar(loader, {}).template({name: loader.load(content)[name] for name in given}) == given
    assert shown_rotation(content).count("!unsafe") == 3
    rotation = Layout(ROOT, "").rotation
    for text, is_said in ((f"{content}# mine\n", True), (content, False)):
        assert (items(variables=given, staying={rotation: text})[rotation].content is None) == is_said


@pytest.mark.parametrize("text", ["", "secret: [", "[secret]", "secret", "ssl_rotation_sources: secret"])
def test_what_is_no_file_of_variables_is_not_shown(text: str) -> None:
    assert shown_rotation(text) == ""


GIVEN: dict[str, Any] = {
    "state": "present",
    "scheduler": None,
    "time": "03:00",
    "prefix": None,
    "sources": [],
    "variables": {},
}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        *(({"prefix": prefix}, "prefix is the absolute path") for prefix in ("", "here", "/")),
        *(({"time": time}, "time is a time of day") for time in ("3", "24:00", "03:60", "03:00:00", "")),
        ({"time": str(yaml.safe_load("23:30"))}, "put it in quotes: without them, YAML makes a number of it"),
    ],
)
def test_options_that_mean_nothing_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(CertificatesError, match=said):
        read_options({**GIVEN, **given}, ROOT)


def test_the_machine_says_what_starts_it() -> None:
    assert read_options(GIVEN, ROOT).scheduler == "systemd"
    assert read_options(GIVEN, replace(ROOT, runs_systemd=False)).scheduler == "cron"
    assert read_options({**GIVEN, "scheduler": "systemd"}, replace(ROOT, runs_systemd=False)).scheduler == "systemd"
    assert not read_options({**GIVEN, "state": "absent"}, ROOT).is_wanted


@pytest.mark.parametrize(
    ("machine", "prefix"),
    [
        (ROOT, "/x$(id)"),
        (ROOT, "/a b"),
        (replace(USER, home="/home/o'neil"), ""),
        (replace(ROOT, ansible="/a\nb"), ""),
        (replace(ROOT, collections="/a%b"), ""),
        (replace(ROOT, libraries="/a b"), ""),
    ],
)
def test_paths_that_mean_something_to_a_shell_or_systemd_are_refused(machine: Machine, prefix: str) -> None:
    check_paths(Layout(ROOT, ""), ROOT)
    with pytest.raises(CertificatesError, match="would be in programs and units"):
        check_paths(Layout(machine, prefix), machine)


def known(mode: int, owner: int = 0, group: int = 0) -> os.stat_result:
    return os.stat_result((mode, 0, 0, 1, owner, group, 0, 0, 0, 0))


R, W, X = os.R_OK, os.W_OK, os.X_OK
HOME = ("/home", known(0o755), X)


@pytest.mark.parametrize(
    ("path", "way", "said"),
    [
        ("/srv/le", [("/", known(0o755), X), ("/srv", known(0o755, 7, 7), X), ("/srv/le", known(0o700), R | X)], None),
        ("/srv/tmp/x", [("/srv", known(0o710, 7, 0), X)], None),
        (
            "/home/me/le",
            [HOME, ("/home/me", known(0o750, 7, 7), X)],
            "has none of root's powers, and may not enter /home/me.",
        ),
        ("/srv/x", [("/srv", known(0o677), X)], "may not enter /srv."),
        ("/srv/x", [("/srv", known(0o707, 7, 0), X)], "may not enter /srv."),
        ("/srv/acme.json", [("/srv/acme.json", known(0o600), R)], None),
        ("/srv/acme.json", [("/srv/acme.json", known(0o600, 7, 7), R)], "may not read /srv/acme.json."),
        ("/srv/le", [("/srv/le", known(0o711, 7, 7), R | X)], "may not read /srv/le."),
        ("/srv/www", [("/srv/www", known(0o755, 7, 7), W | X)], "may not write to /srv/www."),
        ("/srv/www", [("/srv/www", known(0o775, 7, 0), W | X)], None),
        ("/tmp", [], "has a /tmp of its own"),
        ("/var/tmp/report.html", [], "has a /var/tmp of its own"),
        ("/srv/link", [("/tmp", known(0o1777), X), ("/tmp/le", known(0o755), R | X)], "has a /tmp of its own"),
        ("/tmpfs/report.html", [], None),
    ],
)
def test_what_the_service_of_root_could_not_use_is_refused(
    path: str, way: list[tuple[str, os.stat_result, int]], said: str | None
) -> None:
    """A venv in the home of who called sudo, or a file of a container; a report that would be gone with the run."""
    if said is None:
        check_view(path, way)
    else:
        with pytest.raises(CertificatesError, match=f"could not use {path}: it .*{said}.* -e scheduler=cron"):
            check_view(path, way)


NEW, OLD = PlannedFile("/p", content="new"), mark_of(b"old")
LINK = PlannedFile("/l", target="/t")


@pytest.mark.parametrize(
    ("lines", "marks", "plan"),
    [
        ([], {}, ({}, [], [NEW], [NEW])),
        ([f"{OLD}  /p"], {"/p": OLD}, ({}, [], [NEW], [NEW])),
        ([f"{NEW.mark}  /p"], {"/p": NEW.mark}, ({}, [], [NEW], [])),
        ([f"{OLD}  /p"], {"/p": "edited"}, ({"/p": OUTDATED}, [], [], [])),
        ([f"{OLD}  /q"], {"/p": OLD}, ({"/p": OUTDATED}, [], [], [])),
        ([], {"/p": NEW.mark}, ({}, [], [NEW], [])),
        (
            [f"{OLD}  /old", f"{OLD}  /mine"],
            {"/old": OLD, "/mine": "edited"},
            ({"/mine": UNWANTED}, ["/old"], [NEW], [NEW]),
        ),
        ([f"{OLD}  /gone"], {}, ({}, [], [NEW], [NEW])),
    ],
)
def test_only_what_is_as_it_was_written_is_replaced_or_removed(
    lines: list[str],
    marks: dict[str, str],
    plan: tuple[dict[str, str], list[str], list[PlannedFile], list[PlannedFile]],
) -> None:
    """What has by chance, or from a run that was forgotten, all that is wanted is no work of a person."""
    assert SchedulePlan.of([NEW], Manifest(frozenset(lines)), marks) == SchedulePlan(*plan)


def test_what_stays_as_it_is_stays_known() -> None:
    """The credentials, where the environment has none. Nothing is missing in what a person has made of them."""
    kept = PlannedFile("/p")
    assert SchedulePlan.of([kept], Manifest(frozenset({f"{OLD}  /p"})), {"/p": OLD}) == SchedulePlan({}, [], [kept], [])
    assert SchedulePlan.of([kept], Manifest(frozenset()), {"/p": OLD}) == SchedulePlan({"/p": ""}, [], [], [])
    credentials = PlannedFile(Layout(ROOT, "").credentials)
    plan = SchedulePlan({}, [], [credentials], [])
    first, *_rest = told_of(plan, OPTIONS, ROOT, has_hook=True, has_state=True, is_check_mode=False)
    assert first == f"{credentials.path}: left as it is, since SL_API_KEY is not in the environment"


@pytest.mark.parametrize(
    ("text", "is_said"),
    [
        ("ssl_rotation_sources: [certbot: /etc/letsencrypt]\nssl_rotation_max_listeners: 7\n# mine\nx: y\n", True),
        (
            "ssl_rotation_sources: [certbot: /etc/letsencrypt]\nssl_rotation_max_listeners: 7\nx: !vault |\n  3361\n",
            True,
        ),
        ("ssl_rotation_sources: [certbot: /etc/letsencrypt]\nssl_rotation_max_listeners: 8", False),
        ("ssl_rotation_max_listeners: 7", False),
        ("a: [", False),
    ],
)
def test_what_is_asked_for_may_be_in_a_file_in_other_words(text: str, is_said: bool) -> None:
    """Nobody is told to edit what says it already, or to delete it; what is only proposed need not be in it."""
    rotation = Layout(ROOT, "").rotation
    assert (items(staying={rotation: text})[rotation].content is None) == is_said


@pytest.mark.parametrize(
    ("text", "is_said"),
    [
        ("""# mine\nexport SL_API_KEY="it's secret"\nSL_USERNAME='me'\nhttps_proxy=p\n""", True),
        ("SL_USERNAME=me\nSL_API_KEY=another\n", False),
        ("SL_USERNAME=me\n", False),
        ("'", False),
    ],
)
def test_a_login_may_be_in_a_file_with_more(text: str, is_said: bool) -> None:
    credentials = Layout(ROOT, "").credentials
    assert (items(staying={credentials: text})[credentials].content is None) == is_said


def test_a_link_is_recognised_by_where_it_leads() -> None:
    manifest = Manifest(frozenset({"/t  /l"}))
    assert SchedulePlan.of([LINK], manifest, {"/l": "/t"}).written == []
    assert SchedulePlan.of([LINK], manifest, {"/l": "/bin/true"}).edited == {"/l": OUTDATED}


def test_a_run_remembers_what_it_is_about_to_write_and_then_what_it_wrote() -> None:
    """What a person has edited is known again once they undo that; what is not there any more is forgotten."""
    former = Manifest.read(f"# words\n{OLD}  /p\n{OLD}  /mine with  blanks\n{OLD}  /gone\n")
    assert former.paths == {"/p", "/mine with  blanks", "/gone"}
    begun = former.begun([NEW, LINK])
    assert begun.lines == former.lines | {f"{NEW.mark}  /p", "/t  /l"}
    ended = begun.ended({"/p": "new", "/l": "/t"}, ["/mine with  blanks"])
    assert ended.lines == {"new  /p", "/t  /l", f"{OLD}  /mine with  blanks"}
    assert Manifest.read(str(ended)) == ended and str(ended).startswith("# What the playbook schedule has written")


@pytest.mark.parametrize(
    ("machine", "options", "last"),
    [
        (ROOT, {}, f"It runs every night, in the hour after 03:00: systemctl list-timers {ROTATE}.timer"),
        (
            USER,
            {},
            f"It runs every night, in the hour after 03:00: systemctl --user list-timers {ROTATE}.timer|"
            "Once, so that it runs while nobody is logged in: loginctl enable-linger",
        ),
        (
            ROOT,
            {"scheduler": "cron"},
            "It runs every night, in the hour after 03:00: /etc/cron.d/softlayer-certificates",
        ),
        (
            USER,
            {"scheduler": "cron"},
            f"It would run every night, in the hour after 03:00: give cron this line, with crontab -e: {cron_line(OPTIONS, USER)}",
        ),
        (
            replace(ROOT, runs_systemd=False),
            {},
            f"It would run every night, in the hour after 03:00: systemctl list-timers {ROTATE}.timer|"
            "Nothing is started yet: systemd does not run here, or prefix is set.",
        ),
        (
            replace(ROOT, cron="busybox"),
            {"scheduler": "cron"},
            "It would run every night, in the hour after 03:00: give cron this line, with crontab -e: "
            + cron_line(OPTIONS, ROOT).replace("root ", ""),
        ),
        (
            replace(ROOT, cron=""),
            {"scheduler": "cron"},
            "It would run every night, in the hour after 03:00: /etc/cron.d/softlayer-certificates|"
            "No cron was seen here, and without one nothing starts it.",
        ),
        (ROOT, {"is_wanted": False}, "/var/lib/softlayer-certificates is kept: the ledger and the reports are in it."),
    ],
)
def test_what_is_told_at_the_end(machine: Machine, options: dict[str, Any], last: str) -> None:
    asked = replace(OPTIONS, **options)
    plan = SchedulePlan({}, [], [], [])
    lines = list(told_of(plan, asked, machine, has_hook=True, has_state=True, is_check_mode=False))
    assert lines[1 if asked.is_wanted else 0 :] == last.split("|")


@pytest.mark.parametrize(
    ("is_check_mode", "said"),
    [(False, ["/old: removed", "/p: written"]), (True, ["/old: would be removed", "/p: would be written"])],
)
def test_what_was_done_is_told(is_check_mode: bool, said: list[str]) -> None:
    plan = SchedulePlan({"/mine": OUTDATED}, ["/old"], [NEW], [NEW])
    first, *lines = told_of(plan, OPTIONS, ROOT, has_hook=False, has_state=False, is_check_mode=is_check_mode)
    assert first.startswith("/mine: left as it is, since a person has edited it. What is wanted now is not in it")
    assert lines[:2] == said and lines[-1].startswith("No hook of certbot was set. Other clients")
    assert lines[3].startswith("It would run" if is_check_mode else "It runs")
    tried = replace(OPTIONS, prefix="/try")
    *_lines, last = told_of(plan, tried, ROOT, has_hook=False, has_state=False, is_check_mode=is_check_mode)
    assert last.startswith("No hook of certbot was set, as none is below the prefix. Other clients")


def test_a_user_is_told_of_what_only_they_can_take_away() -> None:
    """Cron would run each night what is gone, unless it was systemd that did."""
    rotate, service = Layout(USER, "").rotate, f"{Layout(USER, '').units}/{ROTATE}.service"
    line = ["If you gave cron a line for it, take that out: crontab -e"]
    for machine, removed, lines in (
        (ROOT, [Layout(ROOT, "").rotate], []),
        (replace(ROOT, cron="busybox"), [Layout(ROOT, "").rotate], line),
        (USER, [rotate], line),
        (USER, [service, rotate], []),
    ):
        plan, asked = SchedulePlan({}, removed, [], []), replace(OPTIONS, is_wanted=False)
        told = list(told_of(plan, asked, machine, has_hook=False, has_state=False, is_check_mode=False))
        assert told == [*(f"{path}: removed" for path in removed), *lines]


@pytest.mark.parametrize(
    ("removed", "last"),
    [([], "There is nothing to remove: no nights were set up here."), (["/old"], "/old: removed")],
)
def test_nothing_is_said_to_be_kept_that_is_not_there(removed: list[str], last: str) -> None:
    plan, asked = SchedulePlan({}, removed, [], []), replace(OPTIONS, is_wanted=False)
    assert list(told_of(plan, asked, ROOT, has_hook=False, has_state=False, is_check_mode=False)) == [last]
