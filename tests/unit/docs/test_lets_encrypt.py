# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the guide from Let's Encrypt to load balancers has people copy and write is what it says.

`make demo-acme` and `tests/unit/playbooks/test_rotate_acme.py` run what is written, with real clients.
"""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import pytest
import yaml
from ansible_collections.softlayer.certificates.plugins.module_utils._report.metrics import ATTENTION, render_metrics
from ansible_collections.softlayer.certificates.plugins.module_utils._report.summary import LIST_NAMES
from prometheus_client.parser import text_string_to_metric_families

from tests.support import servers
from tests.support.acme_machine import PLACES, RENEWED, ROTATE, SECONDS, WRITTEN, Machine, Ran, written
from tests.support.pages import ROOT, Block, page_of_file
from tests.support.waiting import until

pytestmark = pytest.mark.later

PAGE = ROOT / "docs/docsite/rst/guide_lets_encrypt.rst"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = page_of_file(PAGE).blocks
MOST_EXPOSED = 2.0
"""Of the scale of systemd-analyze, on which a service without any protection has 9.6."""


def block(language: str, beginning: str) -> Block:
    """The code of the page that begins so."""
    [found] = [one for one in BLOCKS if one.language == language and one.text.startswith(beginning)]
    return found


def commands() -> list[str]:
    """All lines of all code that is typed into a shell."""
    kinds = ("console", "bash")
    return [line for one in BLOCKS if one.language in kinds for line in one.text.splitlines()]


@pytest.mark.parametrize("name", WRITTEN)
def test_each_file_says_where_it_belongs(name: str) -> None:
    assert f"# /{PLACES[name]}/{name}: " in written(name)


@pytest.mark.skipif(
    not servers.find("systemd-analyze"), reason="no systemd-analyze: install the system's package systemd"
)
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    units = [str(machine.path_of(f"{ROTATE}.{kind}")) for kind in ("service", "timer", "path")]
    verified = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    command = ["systemd-analyze", "security", "--offline=true", "--json=short", f"--threshold={MOST_EXPOSED * 10:.0f}"]
    analyzed = subprocess.run([*command, units[0]], capture_output=True, text=True, check=False)
    assert analyzed.returncode == 0, analyzed.stdout + analyzed.stderr


ALERTS = block("yaml", "# /etc/prometheus/")
PREFIX = "softlayer_certificates_"
LISTENER = '{load_balancer="prod-web", port="443", name="www.example.com"}'
TOLD = {"load_balancer": "prod-web", "port": "443", "name": "www.example.com"}
DAY = 24 * 3600
Values = list[tuple[int, int]]
"""What a metric has, each value with the number of hours that it stays."""
FIRING: list[tuple[str, dict[str, Values], dict[int, list[dict[str, str]]]]] = [
    # An alert, what is told of whom, and who has the alert after how many hours.
    ("CertificateNotRenewed", {f"renewal_due{LISTENER}": [(0, 6), (1, 60)]}, {0: [], 53: [], 55: [TOLD]}),
    ("CertificateNotRenewed", {f"renewal_due{LISTENER}": [(1, 40), (0, 60)]}, {39: [], 60: []}),
    ("CertificateNotServed", {f"served{LISTENER}": [(1, 6), (0, 6), (1, 6)]}, {5: [], 7: [TOLD], 13: []}),
    (
        "CertificateRotationFailed",
        {
            "last_run_success": [(1, 24), (0, 24), (1, 24)],
            "last_run_timestamp_seconds": [(0, 24), (DAY, 24), (2 * DAY, 24)],
        },
        {23: [], 25: [{}], 49: []},
    ),
    (
        "CertificateRotationFailed",
        {"last_run_success": [(1, 48)], "last_run_timestamp_seconds": [(0, 48)]},
        {36: [], 37: [{}]},
    ),
    ("CertificateRotationFailed", {}, {1: [{}]}),
]


def promtool(*arguments: str, folder: Path) -> str:
    """What promtool says in a folder that has the page's alerts, and that it is content."""
    (folder / "rules.yml").write_text(ALERTS.text, encoding="utf-8")
    told = subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, ""), told.stdout + told.stderr
    return told.stdout


@pytest.mark.skipif(not servers.find("promtool"), reason="no promtool: install the system's package prometheus")
def test_the_alerts_are_right(tmp_path: Path) -> None:
    """Prometheus takes them, and each is there when it should be and at no other time."""
    [group] = yaml.safe_load(ALERTS.text)["groups"]
    assert f"SUCCESS: {len(group['rules'])} rules found" in promtool("check", "rules", "rules.yml", folder=tmp_path)
    notes = {rule["alert"]: rule["annotations"] for rule in group["rules"]}
    assert {name for name, _series, _alerts in FIRING} == notes.keys()
    tests = [
        {
            "interval": "1m",
            "input_series": [
                {"series": PREFIX + name, "values": each_minute(values)} for name, values in series.items()
            ],
            "alert_rule_test": [
                {
                    "eval_time": f"{hours}h",
                    "alertname": alert,
                    "exp_alerts": [
                        {"exp_labels": one, "exp_annotations": filled(notes[alert], one)} for one in expected
                    ],
                }
                for hours, expected in alerts.items()
            ],
        }
        for alert, series, alerts in FIRING
    ]
    written = {"rule_files": ["rules.yml"], "evaluation_interval": "5m", "tests": tests}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(written), encoding="utf-8")
    promtool("test", "rules", "test.yml", folder=tmp_path)


def each_minute(values: Values) -> str:
    """Values as promtool takes them."""
    return " ".join(f"{value}x{hours * 60 - 1}" for value, hours in values)


def filled(annotations: dict[str, str], labels: dict[str, str]) -> dict[str, str]:
    """An alert's annotations with the values of its labels."""
    return {
        name: re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: labels[found[1]], text)
        for name, text in annotations.items()
    }


def test_the_page_knows_every_metric_and_no_other() -> None:
    dates = dict.fromkeys(("not_before", "not_after", "effective_not_after"), "2026-01-01T00:00:00Z")
    listener = dates | dict.fromkeys(("renewal_due", "served", "accepted"), True)
    families = list(
        text_string_to_metric_families(
            render_metrics({"listeners": [listener]}, datetime.now(timezone.utc), success=True)
        )
    )
    metrics = {family.name.removeprefix(PREFIX) for family in families}
    section = TEXT.partition("The names of the gauges begin with ")[2].partition("\n``name`` is ")[0]
    table = section.partition("   * - Metric\n")[2]
    cells = [row.partition("     -")[0] for row in table.split("   * - ")]
    assert set(re.findall(r"``(\w+)``", "".join(cells))) == metrics
    assert set(re.findall(rf"{PREFIX}(\w+)", ALERTS.text)) <= metrics
    for label in {label for family in families for sample in family.samples for label in sample.labels}:
        assert f"``{label}``" in section, label
    for reason in (*ATTENTION, *LIST_NAMES):
        assert f"``{reason}``" in table, reason


def test_the_service_may_write_the_metrics_where_they_are_read() -> None:
    [folder] = re.findall(r"^ReadWritePaths=(.+)$", block("ini", "[Service]\nReadWritePaths").text, re.MULTILINE)
    [path] = yaml.safe_load(block("yaml", "# add to rotation.yml").text).values()
    assert path.startswith(f"{folder}/") and path.endswith(".prom")
    assert f"``{folder}``" in TEXT


def test_note_and_trace_are_where_systemd_and_the_page_say() -> None:
    texts = {name: written(name) for name in WRITTEN}
    [note] = re.findall(r"^PathExists=(.+)$", texts[f"{ROTATE}.path"], re.MULTILINE)
    assert f"ExecStartPre=+/bin/rm -f {note}\n" in texts[f"{ROTATE}.service"]
    [folder] = re.findall(r"^notes=(.+)$", texts[RENEWED], re.MULTILINE)
    assert f'touch "$notes/{note.removeprefix(f"{folder}/")}"' in texts[RENEWED]
    assert f"StateDirectory={Path(TRACE).parent.name}\n" in texts[f"{ROTATE}.service"]
    assert f"``{note}``" in TEXT and f"``/{TRACE}``" in TEXT


# What the hook leaves if it fails

TRACE = "var/lib/softlayer-certificates/renewal-hook-failed"
AFTER_A_RENEWAL = "softlayer-certificates-rotate ended with status 3 after a renewal: see its last lines."
OF_THE_HOOK = "softlayer-certificates-renewed ended with status {}: see the log of the client that ran it."
LATER = "2026-03-08T03:17:00Z"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine whose Ansible ends with the status that the file `status` has."""
    made = Machine(tmp_path / "machine")
    programs = tmp_path / "machine/opt/softlayer-certificates/bin"
    programs.unlink()
    programs.mkdir()
    ansible = programs / "ansible-playbook"
    ansible.write_text(f"#!/bin/sh\necho done\nexit $(cat {tmp_path}/status)\n", encoding="utf-8")
    ansible.chmod(0o755)
    ends(made, 0)
    return made


def ends(machine: Machine, status: int) -> None:
    """Have Ansible end with this status from now on."""
    (machine.root.parent / "status").write_text(str(status), encoding="utf-8")


def renewed(machine: Machine) -> Ran:
    """What a client runs after a renewal."""
    return machine.finished(machine.start(RENEWED))


def trace_of(machine: Machine) -> str | None:
    """What the trace says failed, if there is one; its first line is the time."""
    path = machine.root / TRACE
    if not path.exists():
        return None
    moment, what = path.read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment)
    return what


def leave_trace(machine: Machine) -> None:
    (machine.root / TRACE).write_text(f"{LATER}\n{OF_THE_HOOK.format(1)}\n", encoding="utf-8")


def test_a_hook_whose_run_fails_leaves_a_trace_that_the_next_run_tells_of(machine: Machine) -> None:
    ends(machine, 3)
    hook = renewed(machine)
    assert hook.code == 1 and "The run after a renewal ended with an error" in hook.output
    assert trace_of(machine) == OF_THE_HOOK.format(1)

    night = machine.rotate()
    assert night.code == 3
    assert re.match(
        rf"softlayer-certificates-rotate: at \S+Z, {OF_THE_HOOK.format(1)} This run does what is left to do.\n",
        night.output,
    )
    assert trace_of(machine) == OF_THE_HOOK.format(1)  # a night that fails is told by cron or systemd

    ends(machine, 0)
    night = machine.rotate()
    assert (night.code, len(night.output.splitlines())) == (0, 2)
    assert trace_of(machine) is None
    assert machine.rotate().output == "done\n"


def test_only_a_whole_run_takes_the_trace_away(machine: Machine) -> None:
    leave_trace(machine)
    for option in ("--check", "--limit=none"):
        run = machine.rotate(option)
        assert run.code == 0 and LATER in run.output
        assert trace_of(machine) == OF_THE_HOOK.format(1)
    assert machine.rotate().code == 0
    assert trace_of(machine) is None


def test_credentials_that_fail_are_named(machine: Machine) -> None:
    """A script that requests a token may say nothing, and then no run tells of it either."""
    machine.path_of("credentials").write_text("false\n", encoding="utf-8")
    run = machine.rotate()
    assert (run.code, machine.here("/etc/softlayer-certificates/credentials ended with status 1") in run.output) == (
        1,
        True,
    )


def test_a_hook_that_ends_well_leaves_no_trace(machine: Machine) -> None:
    leave_trace(machine)
    assert renewed(machine).code == 0
    assert trace_of(machine) is None
    (machine.root / "run/systemd/system").mkdir(parents=True)
    assert renewed(machine) == Ran(0, "")
    assert trace_of(machine) is None and (machine.root / "run/softlayer-certificates/renewed").exists()


def test_hooks_at_once_are_one_run_and_none_is_missed(machine: Machine) -> None:
    """Five renewals while something is going on are one more run; one during that run is another."""
    notes = machine.root / "run/softlayer-certificates"
    notes.mkdir(parents=True)
    with open(notes / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        hooks = [machine.start(RENEWED) for _hook in range(5)]
        until(lambda: waiting_for(notes / "lock") == len(hooks))
    until(lambda: not (notes / "renewed").exists())
    # Whoever comes first takes along what the others came for.
    runs = [machine.finished(hook) for hook in (*hooks, machine.start(RENEWED))]
    assert sorted((run.code, run.output) for run in runs) == [(0, "")] * 4 + [(0, "done\n")] * 2


def waiting_for(path: Path) -> int:
    """How many processes wait for the lock of a file."""
    inode = path.stat().st_ino
    lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    return sum("->" in line.split()[1] and line.split()[6].endswith(f":{inode}") for line in lines)


@pytest.mark.parametrize("has_systemd", [True, False])
def test_a_hook_that_cannot_leave_its_note_leaves_a_trace(machine: Machine, has_systemd: bool) -> None:
    (machine.root / "run").mkdir()
    if has_systemd:
        (machine.root / "run/systemd/system").mkdir(parents=True)
    (machine.root / "run/softlayer-certificates").touch()
    hook = renewed(machine)
    assert hook.code != 0 and trace_of(machine) == OF_THE_HOOK.format(hook.code)


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda sent: sent.name)
@pytest.mark.parametrize("name", [ROTATE, RENEWED])
def test_what_is_interrupted_leaves_a_trace(machine: Machine, name: str, sent: signal.Signals) -> None:
    """As systemd does, all its processes are told; what has been killed can leave nothing."""
    begun = machine.root.parent / "begun"
    programs = machine.root / "opt/softlayer-certificates/bin"
    (programs / "ansible-playbook").write_text(f"#!/bin/sh\ntouch {begun}\nexec sleep 1000\n", encoding="utf-8")
    given = os.environ | {"TRIGGER_PATH": "/run/softlayer-certificates/renewed"}
    # What starts the tests may have them ignore it, as a shell does for what runs in the background; systemd does not.
    taken = ["env", f"--default-signal={sent.name.removeprefix('SIG')}", machine.path_of(name)]
    process = subprocess.Popen(taken, env=given, start_new_session=True)
    until(begun.exists)
    os.killpg(process.pid, sent)
    code = process.wait(SECONDS)
    assert code == 128 + sent
    said = OF_THE_HOOK.format(code) if name == RENEWED else AFTER_A_RENEWAL.replace("3", str(code))
    assert trace_of(machine) == said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_root_writes_no_trace_into_the_folder_of_another_user(machine: Machine) -> None:
    """That user could have put a link there, to a file that only root may write."""
    precious = machine.root / "precious"
    precious.write_text("as it was\n", encoding="utf-8")
    (machine.root / TRACE).symlink_to(precious)
    os.chown((machine.root / TRACE).parent, 1, 1)
    (machine.root / "run").mkdir()
    (machine.root / "run/softlayer-certificates").touch()
    assert renewed(machine).code != 0
    assert precious.read_text(encoding="utf-8") == "as it was\n"


@pytest.mark.skipif(not servers.find("shellcheck"), reason="no shellcheck: install the system's package shellcheck")
@pytest.mark.parametrize("name", [ROTATE, RENEWED])
def test_shellcheck_has_nothing_to_say(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(written(name), encoding="utf-8")
    checked = subprocess.run(["shellcheck", tmp_path / name], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")


def test_no_command_has_a_secret() -> None:
    """Every user of a machine sees the command lines of the others."""
    shown = "\n".join([*commands(), *map(written, WRITTEN)])
    assert [
        line
        for line in shown.splitlines()
        if re.search(r"(?<!^SL_)(?<!^export SL_)(API_KEY|api_key|password)[=:]\s*\S", line)
    ] == []
