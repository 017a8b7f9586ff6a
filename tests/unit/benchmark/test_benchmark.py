# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The benchmark through its front door, at a size that takes seconds, and what it does when something breaks."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.benchmark import __main__ as benchmark_main
from tests.benchmark import cases
from tests.benchmark import stage as stage_module
from tests.benchmark.catalogue import SCENARIOS
from tests.benchmark.figures import Case, Result
from tests.benchmark.scenarios import import_times, repeat_entry
from tests.benchmark.stage import ROOT, BenchmarkError, Job, check, stage
from tests.support.waiting import until

QUICK = ("--profile", "quick", "--orders", "3", "--rounds", "1")


def benchmark(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.benchmark", "--folder", str(folder), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("scenario", ["list", "resend", "import"])
def test_the_functions_that_take_the_time_are_named(scenario: str, tmp_path: Path) -> None:
    orders = "100"  # of two, nearly all of the time goes into importing
    command = [
        sys.executable,
        "-m",
        "tests.benchmark.hotspots",
        scenario,
        "--orders",
        orders,
        "--folder",
        str(tmp_path),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "plugins/module_utils/_module.py" in done.stdout, done.stdout + done.stderr


def test_the_quick_profile_prints_tables_and_writes_results(tmp_path: Path) -> None:
    done = benchmark(tmp_path, *QUICK, "--only", "list,second_run", "--check")
    assert done.returncode == 0, done.stderr  # no target is about three orders
    assert f"## {SCENARIOS['list'].title}" in done.stdout
    assert f"## {SCENARIOS['second_run'].title}" in done.stdout
    assert "| bare SDK " in done.stdout
    assert "not the target's case" in done.stdout
    document: dict[str, Any] = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert [found["case"]["scenario"] for found in document["results"]] == ["list", "list", "second_run"]
    run = document["results"][0]["ways"]["module"]["runs"][0]
    assert run["calls"] == 2, "the account, and a page"
    assert run["bytes"] > 1000 and run["peak_bytes"] > 10_000_000 and run["seconds"] > 0
    assert document["results"][2]["ways"]["ansible"]["runs"][0]["calls"] == 2, "nothing is left to do"
    assert {"list: calls", "second run: calls"} <= {verdict["target"] for verdict in document["targets"]}
    assert (tmp_path / "plot.svg").read_text(encoding="utf-8").endswith("</svg>\n")
    assert not (tmp_path / "work").exists(), "what was used on the way is gone"


@pytest.mark.skipif(not os.environ.get("LONG"), reason="starts Ansible twenty times; LONG=1 runs it")
def test_every_scenario_and_every_slow_loop(tmp_path: Path) -> None:
    file = tmp_path / "named.json"
    done = benchmark(
        tmp_path / "folder", *QUICK, "--only", "start_up,import,resend,gather_imported", "--json", str(file)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    ways = {found["case"]["scenario"]: found["ways"] for found in json.loads(file.read_text("utf-8"))["results"]}
    calls = {
        scenario: {way: runs["runs"][0]["calls"] for way, runs in found.items()} for scenario, found in ways.items()
    }
    assert calls["gather_imported"] == {"sdk": 3, "bare": 0, "module": 3, "ansible": 3}
    assert calls["start_up"] == {"bare": 0, "uri": 1, "ansible": 2, "uri_module": 1, "module": 2, "sdk": 2}
    assert calls["import"] | {"per_order": 0} == {
        **{"sdk": 4, "bare": 0, "module": 5, "ansible": 5},
        **{"uri": 3, "slcli": 3, "per_order": 0},
    }, "our module also asks for the account, for the ledger"
    assert calls["resend"]["uri"] == calls["resend"]["slcli"] == 3
    assert calls["resend"]["sdk"] == calls["resend"]["module"] == 6, "the account, two pages, and each email"


@pytest.mark.skipif(not os.environ.get("LONG"), reason="starts Ansible forty times; LONG=1 runs it")
def test_every_playbook_and_the_page(tmp_path: Path) -> None:
    names = ["role_request", "role_request_again", "role_collect", "role_import", "role_report"]
    names += ["role_deploy"] if shutil.which("haproxy") else []
    names += ["page"] if shutil.which("chromium") and shutil.which("chromedriver") else []
    done = benchmark(tmp_path, *QUICK, "--only", ",".join(names))
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((tmp_path / "results.json").read_text("utf-8"))["results"]
    ways = {found["case"]["scenario"]: found["ways"] for found in results}
    calls = {
        scenario: {way: runs["runs"][0]["calls"] for way, runs in found.items()} for scenario, found in ways.items()
    }
    assert calls["role_request"]["module"] == 6, "the account, two pages, and each email"
    assert calls["role_request_again"] | {"ansible": 0} == {"bare": 0, "list_ansible": 2, "module": 2, "ansible": 0}
    assert calls["role_collect"]["module"] == 3, "two pages, and the store"
    assert calls["role_import"]["module"] >= 3 + 3, "two lists, and each certificate"
    assert calls["role_report"]["module"] == calls["role_report"]["gather"]
    facts = [found["facts"] for found in results if found["case"]["scenario"] == "page"]
    assert all(fact["interactive_seconds"] > 0 and fact["search_seconds"] > 0 for fact in facts)


def test_jobs_in_turn_add_up_and_the_last_one_says_how_it_went(tmp_path: Path) -> None:
    script = "import json, sys; print(json.dumps({'read': sys.stdin.read()}))"
    with stage(tmp_path / "work of two") as here:
        jobs = [Job([sys.executable, "-c", script], stdin=name, makes={name: 1}) for name in ("first", "last")]
        both = here.in_turn(*jobs)
        assert both.makes == {"first": 1, "last": 1}
        taken, output, _errors = here.launch(both, {})
        assert (taken["exit_code"], json.loads(output)) == (0, {"read": "last"})
        broken = here.in_turn(Job([sys.executable, "-c", "raise SystemExit(3)"]), *jobs)
        assert here.launch(broken, {})[0]["exit_code"] == 3


def test_without_chromium_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with stage(tmp_path / "work") as here, pytest.raises(BenchmarkError, match="chromium-driver"):
        SCENARIOS["page"](here, Case("page", 1)).prepare()


@pytest.mark.parametrize("options", [("--only", "nothing"), ("--orders", "0"), ("--rounds", "x")])
def test_options_that_make_no_sense_are_refused(tmp_path: Path, options: tuple[str, str]) -> None:
    done = benchmark(tmp_path, *options)
    assert done.returncode == 2
    assert options[1] in done.stderr


def test_work_that_was_not_done_is_no_measurement() -> None:
    entries = [{"method": "resendEmail", "outcome": "ok"}, {"method": "resendEmail", "outcome": "fault"}]
    check(Job(["x"], makes={"resendEmail": 1}, says=("done", 1)), 0, '{"done": 1}', "", entries)
    for job, exit_code in (
        (Job(["x"]), 1),
        (Job(["x"], makes={"resendEmail": 2}), 0),
        (Job(["x"], says=("done", 2)), 0),
    ):
        with pytest.raises(BenchmarkError):
            check(job, exit_code, '{"done": 1}', "", entries)


def test_a_case_that_breaks_takes_no_other_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_stage: object, case: Case, *_others: object) -> Result:
        if case.orders == 1:
            raise BenchmarkError("on purpose")
        return Result(case)

    monkeypatch.setattr(benchmark_main, "measure", broken)
    monkeypatch.setattr(benchmark_main, "warm_up", lambda *_ignored: None)
    chosen = [Case("list", 1), Case("list", 2)]
    results, told = benchmark_main.measure_all(chosen, 1, tmp_path, {})
    assert [result.case.orders for result in results] == [2]
    assert len(told) == 1 and told[0].endswith("on purpose")


def test_nothing_of_a_run_that_is_given_up_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what has left its parent's process group, as Ansible's workers do."""
    monkeypatch.setattr(stage_module, "LONGEST_RUN", 1)
    note = tmp_path / "pid"
    sleep = f"import os, time; os.setsid(); open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    start = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {sleep!r}])"
    with stage(tmp_path / "work") as here, pytest.raises(BenchmarkError, match="did not end"):
        here.launch(Job([sys.executable, "-c", start]), {})
    status = Path("/proc", note.read_text(encoding="ascii"), "status")
    until(lambda: not status.exists() or "zombie" in status.read_text(encoding="ascii"), seconds=20)


def test_peak_memory_is_that_of_the_command(tmp_path: Path) -> None:
    with stage(tmp_path / "work") as here:
        sizes = []
        for megabytes in (1, 200):
            job = Job([sys.executable, "-c", f"x = b'x' * {megabytes * 1_000_000}; print('done')"])
            taken, output, _errors = here.launch(job, {})
            assert (taken["exit_code"], output) == (0, "done\n")
            sizes.append(taken["peak_bytes"] / 1e6)
    assert sizes[0] < 50
    assert 200 < sizes[1] < 300


def test_cases_are_chosen() -> None:
    full = cases.PROFILES["full"].cases
    assert cases.choose(full) == list(full)
    assert {case.scenario for case in cases.choose(full, ["list"])} == {"list"}
    small = cases.choose(full, ["list"], most_orders=100, rounds=1)
    assert {(case.orders, case.rounds) for case in small} == {(100, 1)}
    assert len(small) == len(set(small))
    (alone,) = cases.choose([Case("list", 10, rounds=3), Case("list", 100, rounds=1)], most_orders=10)
    assert alone.rounds == 3, "those that differ in their rounds alone are the same"
    assert {case.scenario for case in full} == set(SCENARIOS)


def test_a_ledger_gets_the_same_entry_for_other_orders(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE versions (version INTEGER)")
        connection.execute("CREATE TABLE requests (id INTEGER PRIMARY KEY, order_id INTEGER, state TEXT)")
        connection.execute("INSERT INTO requests (order_id, state) VALUES (1, 'confirmed')")
    repeat_entry(path, 1, [2, 3])
    with contextlib.closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT * FROM requests").fetchall()
    assert rows == [(1, 1, "confirmed"), (2, 2, "confirmed"), (3, 3, "confirmed")]


def test_import_times_are_added_up_by_package() -> None:
    said = "import time: self [us] | cumulative | imported package\nimport time:  1500 |  2000 |   rich.text\n"
    said += "import time:   500 |   500 | rich\nimport time:   100 |   100 | json\n"
    assert import_times(said) == {"rich": 2.0, "json": 0.1}
