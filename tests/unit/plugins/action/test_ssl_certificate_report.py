# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task returns that writes the report of a run: the last lines of the run, and its error, each once."""

from __future__ import annotations

from typing import Any

from ansible_collections.softlayer.certificates.plugins.action.ssl_certificate_report import ending

from tests.support.rotations import listener

DONE = {"listeners": [listener("web:443")], "summary": ["It was done.", "1 listener"], "totals": "1 listener"}
WHERE = " in /srv/report.html"


def end(results: dict[str, Any], *, is_check_mode: bool = False, **written: Any) -> dict[str, Any]:
    """What is returned."""
    return ending(results, written, WHERE, is_check_mode=is_check_mode)


def test_a_run_that_went_well() -> None:
    """With the table and where the report is before the totals; that it was written is a change."""
    told = end(DONE, changed=True, paths=["/srv/report.html", "/srv/report.json"], warnings=["Mind this."])
    assert [line.split()[0] for line in told["lines"]] == ["It", "LISTENER", "web:443", "The", "1"]
    assert told["lines"][-2] == "The report is in /srv/report.html"
    assert told["changed"] and told["warnings"] == ["Mind this."] and told["error"] == ""


def test_where_a_report_is_that_was_not_written() -> None:
    """Nobody is told: in check mode, if the run could list nothing, of metrics alone; nor twice."""
    paths = ["/srv/report.html"]
    for done, written in (
        (DONE, {"is_check_mode": True, "paths": paths}),
        ({"summary": ["It failed."], "failure": {"message": "It failed."}}, {"paths": paths}),
        (DONE, {"paths": ["/srv/certificates.prom"]}),
        (DONE, {"failed": True, "msg": "The disk is full.", "paths": paths}),
    ):
        assert "The report is" not in str(end(done, **written))
    many = {**DONE, "listeners": [listener(f"web:{port}") for port in range(400, 431)]}
    assert str(end(many, paths=paths)["lines"]).count("/srv/report.html") == 1


def test_a_run_that_failed_says_why_once_and_last() -> None:
    done = {**DONE, "summary": [*DONE["summary"], "It failed."], "failure": {"message": "It failed."}}
    told = end(done)
    assert told["error"] == "It failed." and "It failed." not in told["lines"]
    assert end(done, failed=True, msg="The disk is full.")["error"] == "It failed. The disk is full."
    same = end(done, failed=True, msg="It failed.", failure={"message": "It failed."})
    assert same["error"] == "It failed.", "such as a library that both modules need"


def test_a_module_that_failed_as_a_whole_and_a_refusal() -> None:
    """There is nothing to show beside the sentence."""
    for refused in ({"msg": "It is refused."}, {"msg": "It is refused.", "failure": {"message": "It is refused."}}):
        assert end(refused) == {"changed": False, "lines": [], "all_lines": [], "error": "It is refused."}


def test_orders_have_their_table() -> None:
    """With what needs a person before it, and their totals behind."""
    order = {"id": 7, "common_name": "www.example.com", "status": "pending", "expires_at": None, "product": None}
    orders = {"orders": [{**order, "approver_email": "a@example.com"}], "summary": []}
    lines = end(orders)["lines"]
    assert lines[0].startswith("NEEDS A PERSON: www.example.com (order 7): pending: The domain administrator")
    assert lines[1].startswith("ORDER ") and lines[2].startswith("7 ") and lines[3] == "1 order: 1 needs a person"
