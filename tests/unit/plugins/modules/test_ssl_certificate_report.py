# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module ssl_certificate_report as Ansible runs it, with what other modules returned: its files, and what it refuses."""

from __future__ import annotations

import csv
import json
import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.softlayer.certificates.plugins.plugin_utils._page import load_page

from tests.simulator.client import Simulator
from tests.support.deploying import balancer, issue, old, store
from tests.support.modules import Run, options_for, run_module
from tests.support.rotate_runs import Rotation
from tests.support.rotations import NAME, OTHER, entry, imported, item, listener

pytest_plugins = ["tests.support.deploying", "tests.support.haproxy"]

ENDINGS = (".html", ".json", ".csv")
HOSTILE = """x"'><img src=x onerror="alert(1)"><script>alert(1)</script>{{ 7 * 7 }}</title>"""
LISTENERS = {"listeners": [listener("web:443")]}


def report(folder: Path, results: Any = None, *, check: bool = False, diff: bool = False, **options: Any) -> Run:
    """Run the module as its action plugin does, for files in a folder if no others are named."""
    given = {"path": str(folder / "report.html"), "page": load_page(options.get("language", "en")), **options}
    given |= {} if results is None else {"results": results}
    return run_module("ssl_certificate_report", check=check, diff=diff, **given)


def data(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return told


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# What modules returned


def test_what_a_rotation_returned(serving: Simulator, tmp_path: Path) -> None:
    """A run that renews one listener and leaves another one to a person; a run right after it leaves the report as it is."""
    rotation, folder = Rotation(serving, tmp_path), tmp_path / "reports"
    folder.mkdir()
    balancer(serving, store(serving, old()), name="web", first_port=8443)
    balancer(serving, store(serving, old(OTHER)), name="api", first_port=8443)
    rotation.keep(NAME, issue())
    rotation.keep("new.example.com", issue(None, names=["new.example.com"]))
    metrics = folder / "certificates.prom"
    done = rotation.run()
    written = report(folder, done.result, metrics_path=str(metrics))
    assert written["changed"] and written["paths"] == [
        *(str(folder / f"report{ending}") for ending in ENDINGS),
        str(metrics),
    ]
    assert "listeners" not in json.dumps(written.result)  # no content

    said = {f"{one['load_balancer']}:{one['port']}": one for one in done["listeners"]}
    told = data(folder)
    rows = {row["listener"]: row for row in told["listeners"]}
    assert list(rows) == ["api:8443", "web:8443"] and rows.keys() == said.keys()
    for name, row in rows.items():
        assert (row["state"], row["reason"], row["message"]) == tuple(
            said[name][field] for field in ("outcome", "reason", "message")
        )
        assert (row["name"], row["days_left"]) == (said[name]["served_name"], said[name]["days_until_expiry"])
        assert row["served"] and row["accepted"] and row["effective_not_after"] == said[name]["effective_not_after"]
    assert rows["web:8443"]["state"] == "switched" and rows["web:8443"]["attention"] == []
    assert rows["api:8443"]["attention"] == ["expiring"]
    assert rows["api:8443"]["messages"] == [one["message"] for one in done["attention"]]
    assert [source["source"] for source in told["sources"]] == ["folder new.example.com"]
    assert told["done"] == [line for line in done["summary"] if "imported as" in line or "switched to" in line]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert done["attention"][0]["message"] in page and rows["api:8443"]["name"] == OTHER
    with (folder / "report.csv").open(encoding="utf-8", newline="") as file:
        assert [line["listener"] for line in csv.DictReader(file)] == list(rows)
    text = metrics.read_text(encoding="utf-8")
    assert "softlayer_certificates_last_run_success 1.0" in text
    assert f'softlayer_certificates_renewal_due{{load_balancer="api",name="{OTHER}",port="8443"}} 1.0' in text

    before = files(folder)
    again = report(folder, rotation.run().result)
    assert not again["changed"] and files(folder) == before


def test_what_modules_for_orders_returned(sim: Simulator, tmp_path: Path) -> None:
    orders = run_module("ssl_order_info", **options_for(sim), gather_imported=True)["orders"]
    stored = run_module("ssl_certificate_info", **options_for(sim), gather_services=True)["certificates"]
    results = {"orders": orders, "store": stored, "failed": [{"common_name": "the mailbox", "message": "No answer."}]}
    assert report(tmp_path, results, language="de")["changed"]
    told = data(tmp_path)
    assert {row["order_id"] for row in told["orders"]} == {order["id"] for order in sim.orders()}
    assert told["states"]["imported"] == 1 and told["notices"] == [{"source": "the mailbox", "message": "No answer."}]
    assert 'lang="de"' in (tmp_path / "report.html").read_text(encoding="utf-8")
    before = files(tmp_path)
    assert not report(tmp_path, results, language="de")["changed"] and files(tmp_path) == before


def test_of_a_run_that_could_list_nothing_only_the_metrics_tell(tmp_path: Path) -> None:
    metrics = tmp_path / "certificates.prom"
    report(tmp_path, LISTENERS)
    before = files(tmp_path)
    for failed in (
        {"failed": True, "msg": "No answer.", "failure": {"code": "unreachable"}},
        {"msg": "MODULE FAILURE"},
    ):
        assert not report(tmp_path, failed, metrics_path=str(metrics))["changed"]
        assert "softlayer_certificates_last_run_success 0.0" in metrics.read_text(encoding="utf-8")
        metrics.unlink()
    assert files(tmp_path) == before
    report(tmp_path, {**LISTENERS, "failure": {"code": "attention_needed"}}, metrics_path=str(metrics))
    assert "softlayer_certificates_last_run_success 0.0" in metrics.read_text(encoding="utf-8")


def test_values_are_text_and_never_templates(tmp_path: Path) -> None:
    hostile = listener(
        "web:443", load_balancer=HOSTILE, served_name=HOSTILE, message=HOSTILE, subject_alt_names=[HOSTILE]
    )
    results = {
        "listeners": [hostile],
        "attention": [item("web:443", "expiring", HOSTILE, load_balancer=HOSTILE)],
        "imported": [imported(name=HOSTILE, subject_alt_names=[HOSTILE])],
        "failed_items": [{"common_name": HOSTILE, "message": HOSTILE}],
        "skipped_items": [entry(3, "new_name", HOSTILE, message=HOSTILE)],
        "empty_sources": [{"message": HOSTILE}],
    }
    assert report(tmp_path, results)["changed"]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<img" not in page and "alert(1)</script" not in page and page.count("<script") == 2
    assert "{{ 7 * 7 }}" in page and "49&lt;" not in page
    assert data(tmp_path)["listeners"][0]["name"] == HOSTILE


# How files are written


def test_check_mode_writes_nothing_and_says_whether_it_would(tmp_path: Path) -> None:
    metrics = str(tmp_path / "certificates.prom")
    would = report(tmp_path, LISTENERS, check=True, diff=True, metrics_path=metrics)
    assert would["changed"] and files(tmp_path) == {}
    [shown] = would["diff"]
    assert shown["before"] == "" and "web:443" in shown["after"]
    report(tmp_path, LISTENERS)
    assert not report(tmp_path, LISTENERS, check=True, metrics_path=metrics)["changed"]


def test_who_may_read_them(tmp_path: Path) -> None:
    report(tmp_path, LISTENERS, metrics_path=str(tmp_path / "m.prom"))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {**{f"report{ending}": 0o640 for ending in ENDINGS}, "m.prom": 0o644}


def test_metrics_alone(tmp_path: Path) -> None:
    """The time in them is another one each time, which is no change."""
    metrics = tmp_path / "m.prom"
    done = report(tmp_path, LISTENERS, path=None, metrics_path=str(metrics))
    assert not done["changed"] and done["paths"] == [str(metrics)] and list(files(tmp_path)) == ["m.prom"]


def test_what_is_lost_is_written_again(tmp_path: Path) -> None:
    report(tmp_path, LISTENERS)
    before = files(tmp_path)
    (tmp_path / "report.csv").unlink()
    (tmp_path / "report.html").write_text("spoilt", encoding="ascii")
    assert report(tmp_path, LISTENERS)["changed"] and files(tmp_path) == before


def read_only(_folder: object) -> object:
    return SimpleNamespace(f_flag=os.ST_RDONLY)


def no_room(_folder: object) -> object:
    return SimpleNamespace(f_flag=0, f_blocks=16, f_bfree=0)


def forbidden(_path: object, _mode: int) -> bool:
    return False


def replace(name: str, function: Callable[..., Any]) -> None:
    setattr(os, name, function)


def test_a_page_of_ones_own(tmp_path: Path) -> None:
    page = {**load_page("en"), "template": "{{ words.title }}: {{ rows | length }}{{ css }}", "css": "<b>"}
    report(tmp_path, LISTENERS, page=page)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == "Rotation of SSL certificates: 1&lt;b&gt;"


# What is refused


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"path": "/r.pdf"}, "path must end with .html, but is /r.pdf."),
        (
            {"path": "/no/where/r.html"},
            "path: The directory /no/where does not exist on this host. Create the directory, or correct the path.",
        ),
        ({"path": "pipe.html"}, "pipe.html is not a regular file. Specify the path of a regular file."),
        ({"path": "data.html"}, "data.json is a directory. Specify the path of a regular file."),
        (
            {"page": {"header": "x", "css": ""}},
            "Unknown keys in page: header. Valid keys are template, css, script, words.",
        ),
        ({"metrics_path": "/etc"}, "metrics_path: /etc is a directory. Specify the path of a regular file."),
        ({"metrics_path": "m" * 300}, "is too long for the file system. Choose a shorter name."),
        (
            {"path": "r.html", "metrics_path": "r.json"},
            "r.json, a file of the report. Set metrics_path to another file.",
        ),
    ],
    ids=str,
)
def test_files_that_could_not_be_written(
    tmp_path: Path, options: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.json").mkdir()
    os.mkfifo(tmp_path / "pipe.html")
    before = sorted(path.name for path in tmp_path.iterdir())
    for state in ("present", "checked"):
        refused = report(tmp_path, LISTENERS, state=state, **options)
        assert refused.failed and said in refused["msg"], refused.output
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("name", "function", "code", "said"),
    [
        ("statvfs", read_only, "not_found", "The directory {} is read-only: its file system is mounted"),
        ("access", forbidden, "not_found", "The current user cannot write to the directory {}. Correct"),
        ("statvfs", no_room, "not_written", "Cannot write to the directory {}: the disk is full."),
    ],
)
def test_folders_that_nothing_can_be_written_to(tmp_path: Path, name: str, function: Any, code: str, said: str) -> None:
    options = {"path": str(tmp_path / "r.html"), "state": "checked"}
    run = run_module("ssl_certificate_report", first=partial(replace, name, function), **options)
    assert run.code == code and said.format(tmp_path) in run["msg"]


def test_what_can_be_written_is_not_when_it_is_only_checked(tmp_path: Path) -> None:
    done = report(tmp_path, state="checked", metrics_path=str(tmp_path / "m.prom"))
    assert not done.failed and not done["changed"] and len(done["paths"]) == 4 and files(tmp_path) == {}


@pytest.mark.parametrize(
    ("results", "said"),
    [
        (None, "results is not a result of ssl_certificate_rotate and contains no orders"),
        ({"certificates": []}, "Set results to the variable that the task registers"),
        (
            {"orders": [], "certificates": []},
            "Unknown keys in results of orders: certificates. Valid keys are orders, store, emails,",
        ),
        ({"orders": [{"id": 1}]}, "results.orders, entry 1: status is missing."),
        ({"listeners": [], "deployed": [{}]}, "that the modules return (certificate_id is missing). Set results"),
    ],
)
def test_results_of_neither_kind(tmp_path: Path, results: Any, said: str) -> None:
    refused = report(tmp_path, results, metrics_path=str(tmp_path / "m.prom"))
    assert refused.code == "invalid_argument" and said in refused["msg"]
    assert files(tmp_path) == {}


def test_null_lists_beside_orders_are_empty(tmp_path: Path) -> None:
    nothing = dict.fromkeys(("store", "emails", "collected", "missing", "skipped", "failed"))
    assert not report(tmp_path, {"orders": [], **nothing}).failed and data(tmp_path)["orders"] == []


def test_no_file_is_named(tmp_path: Path) -> None:
    assert report(tmp_path, LISTENERS, path=None)["msg"] == "No file to write. Set path, metrics_path, or both."


def test_orders_have_no_metrics(tmp_path: Path) -> None:
    metrics = str(tmp_path / "m.prom")
    alone = report(tmp_path, {"orders": []}, path=None, metrics_path=metrics)
    assert (alone.code, files(tmp_path)) == ("invalid_argument", {})
    assert alone["msg"].startswith("Cannot write metrics of SSL orders: only rotations have metrics. Set path")
    beside = report(tmp_path, {"orders": []}, metrics_path=metrics)
    assert sorted(beside["paths"]) == sorted(str(tmp_path / name) for name in files(tmp_path))
    assert len(beside["paths"]) == 3
