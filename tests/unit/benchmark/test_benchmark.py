# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The benchmark through its front door, at a size that takes seconds, and what it does when something breaks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support import servers
from tests.support.long import only_long
from tests.tools.benchmark.scenarios import SCENARIOS
from tests.tools.benchmark.stage import ROOT, BenchmarkError, Job, Stage, check

pytestmark = pytest.mark.later


def measured(folder: Path, *only: str) -> dict[str, dict[str, Any]]:
    """What a run of the smallest kind writes of each scenario, after its tables were looked at."""
    command = [sys.executable, "-m", "tests.tools.benchmark", "--profile", "quick", "--orders", "3", "--rounds", "1"]
    command += ["--folder", str(folder), "--only", ",".join(only)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for scenario in only:
        assert f"## {SCENARIOS[scenario].title}: 3 orders, " in done.stdout
        assert done.stdout.count(f"\n| {scenario} ") == len(SCENARIOS[scenario].ratios)
    assert [path.name for path in folder.iterdir()] == ["results.json"], "what was used on the way is gone"
    document = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return {result["case"]["scenario"]: result for result in document["results"]}


def calls(result: dict[str, Any]) -> dict[str, int]:
    """How many calls each way made."""
    return {way: runs[0]["calls"] for way, runs in result["ways"].items()}


@only_long
def test_a_quick_run_prints_tables_and_writes_results(tmp_path: Path) -> None:
    found = measured(tmp_path, "list")["list"]
    ours = {"module": 2, "module_xmlrpc": 2, "playbook": 2}
    assert calls(found) == {"bare": 0, "sdk": 2, "sdk_xmlrpc": 2, **ours}, "the account, and a page"
    assert found["ratios"]["ssl_order_info / bare SDK"] > 0
    (run,) = found["ways"]["module"]
    assert run["peak_bytes"] > 10_000_000 and run["seconds"] > 0


@only_long
def test_every_scenario(tmp_path: Path) -> None:
    others = [
        name for name in SCENARIOS if name != "list" and (name not in {"rotate", "check"} or servers.find("haproxy"))
    ]
    found = {scenario: calls(result) for scenario, result in measured(tmp_path, *others).items()}
    assert found["emails"] == {"bare": 0, "sdk": 6, "module": 6, "role": 6}, "the account, two pages, each email"
    assert found["import"]["sdk"] == 1 + 3, "a page, and each certificate"
    alone = sum(found["import"][way] for way in ("list", "known", "collect", "module"))
    assert found["import"]["role"] == alone
    assert found["report"]["role"] == found["report"]["gather"]
    secrets = found["secrets"]
    assert secrets["module"] == secrets["idle"] + 2, "the login, and a page"
    assert secrets["export"] == secrets["export_sdk"] == 1 + 3, "a page, and each certificate"


def test_work_that_was_not_done_is_no_measurement() -> None:
    log = [{"method": "resendEmail", "outcome": "ok"}, {"method": "resendEmail", "outcome": "fault"}]
    check(Job(["x"], makes={"resendEmail": 1}, says=("done", 1)), 0, '{"done": 1}', "", log)
    for job, exit_code in (
        (Job(["x"]), 1),
        (Job(["x"], makes={"resendEmail": 2}), 0),
        (Job(["x"], says=("done", 2)), 0),
    ):
        with pytest.raises(BenchmarkError):
            check(job, exit_code, '{"done": 1}', "", log)


def test_peak_memory_is_that_of_the_command(sim: Simulator, tmp_path: Path) -> None:
    here, sizes = Stage(tmp_path / "work", sim), []
    for megabytes in (1, 200):
        job = Job([sys.executable, "-c", f"x = b'x' * {megabytes * 1_000_000}; print('done')"])
        taken, output, _errors = here.launch(job)
        assert (taken["exit_code"], output) == (0, "done\n")
        sizes.append(taken["peak_bytes"] / 1e6)
    assert sizes[0] < 50
    assert 200 < sizes[1] < 300
