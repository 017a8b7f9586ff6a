# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report phase and the playbook `report`, as users run them, and the files that they write."""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.playing import Ran, play

PLAYBOOK = "softlayer.certificates.report"
IMPORTED, EXPIRING, NOT_ALLOWED = 100201, 100205, 100208
STATES = {
    "not_allowed": 1,
    "unknown_status": 1,
    "pending": 2,
    "requestable": 5,
    "imported": 1,
    "expired": 1,
    "canceled": 1,
}
HOSTILE = [
    '"><script>alert(1)</script>.example.com',
    "=cmd|' /C calc'!A0",
    "{{ lookup('ansible.builtin.pipe', 'touch owned') }}{% raw %}",
]
PHASES = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - include_role:
        name: softlayer.certificates.ssl_fulfillment
        tasks_from: "{{ tasks_from }}"
"""


Report = Callable[..., Ran]


@pytest.fixture
def report(sim: Simulator, tmp_path: Path) -> Report:
    """Runs the playbook, or the role in a play of its own."""
    (tmp_path / "phases.yml").write_text(PHASES, encoding="utf-8")

    def run(*options: str, playbook: str = PLAYBOOK, **variables: Any) -> Ran:
        given = {
            "ssl_fulfillment_allowed_recipients": ["*@example.*"],
            "ssl_fulfillment_mail": {"maildir": str(sim.maildir)},
            "ssl_fulfillment_report_path": "report.html",
            **variables,
        }
        given = {name: value for name, value in given.items() if value is not None}
        return play(sim, tmp_path, playbook, *options, **given)

    return run


class Page(HTMLParser):
    """The texts of a page, and the elements that they stand in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def values(self, name: str) -> list[str | None]:
        """The values of an attribute, wherever it is."""
        return [attributes[name] for _tag, attributes in self.elements if name in attributes]


def read(folder: Path) -> tuple[Page, dict[str, Any], list[dict[str, str]]]:
    """The three files of a report."""
    with (folder / "report.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    data = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return Page((folder / "report.html").read_text(encoding="utf-8")), data, lines


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of the files of a report."""
    return {path.name: path.read_bytes() for path in folder.glob("report.*")}


def test_the_three_files_tell_the_same(report: Report, sim: Simulator, tmp_path: Path) -> None:
    sim.patch_certificate(sim.certificates()[0]["id"], associatedServiceCount=2, notes="web frontend")
    ran = report()
    assert ran.code == 0, ran.output
    assert ran.changed == 1
    assert "Write the report, as .html, .json and .csv, to " in ran.output
    page, data, lines = read(tmp_path)

    assert {state: count for state, count in data["states"].items() if count} == STATES
    rows = {row["order_id"]: row for row in data["orders"]}
    assert rows.keys() == {order["id"] for order in sim.orders()}
    imported = rows[IMPORTED]
    assert (imported["state"], imported["services"], imported["certificate_notes"]) == ("imported", 2, ["web frontend"])
    assert imported["certificate_ids"] == [sim.certificates()[0]["id"]]
    assert {entry["kind"]: entry["order_ids"] for entry in data["attention"]} == {
        "expiring": [EXPIRING],
        "not_allowed": [NOT_ALLOWED],
        "pending": [100209, 100210],
        "unknown_status": [100212],
    }
    assert [int(line["order_id"]) for line in lines] == [row["order_id"] for row in data["orders"]]
    assert [value for value in page.values("id") if (value or "").startswith("order-")] == [
        f"order-{row['order_id']}" for row in data["orders"]
    ]
    for row in data["orders"]:
        assert row["common_name"] in page.text and row["explanation"] in page.text
    assert page.values("lang")[0] == "en"
    assert {stat.S_IMODE((tmp_path / f"report.{kind}").stat().st_mode) for kind in ("html", "json", "csv")} == {0o640}


def test_it_sends_nothing_and_asks_in_bulk(report: Report, sim: Simulator) -> None:
    assert report(ssl_fulfillment_max_orders=0).code == 0
    assert sim.sends() == [] and len(sim.certificates()) == 1
    methods = [call["method"] for call in sim.calls()]
    assert not {"resendEmail", "createObject", "editObject", "deleteObject"} & set(methods)
    assert len(methods) < 12


def test_a_second_run_changes_nothing_but_brings_back_what_is_gone(report: Report, tmp_path: Path) -> None:
    report()
    before = contents(tmp_path)
    second = report()
    assert (second.code, second.changed) == (0, 0), second.output
    assert contents(tmp_path) == before
    (tmp_path / "report.html").unlink()
    assert report().changed == 1
    assert contents(tmp_path) == before


def test_check_mode_writes_nothing(report: Report, tmp_path: Path) -> None:
    ran = report("--check", "--diff")
    assert ran.code == 0, ran.output
    assert contents(tmp_path) == {}


def test_german(report: Report, tmp_path: Path) -> None:
    assert report(ssl_fulfillment_report_language="de").code == 0
    page, data, _lines = read(tmp_path)
    assert page.values("lang")[0] == "de"
    assert "Wartet auf Genehmigung" in page.text and "Empfänger nicht erlaubt" in page.text
    assert "Waits for approval" not in page.text
    assert {row["explanation"] for row in data["orders"]} >= {"Das Zertifikat ist abgelaufen."}


def test_after_the_other_phases(report: Report, sim: Simulator, tmp_path: Path) -> None:
    lost, keyless, refused = 100202, 100203, 100207
    sim.patch_order(lost, mail_family="link_only")
    sim.fault("fault", method="resendEmail", order_id=refused, message="This order has no approver.")
    sim.key_path("*.example.org").rename(tmp_path / "kept.key")
    variables = {
        "playbook": "phases.yml",
        "tasks_from": "main.yml",
        "ssl_fulfillment_phases": ["request", "collect", "import", "report"],
        "ssl_fulfillment_select": {"approver_emails": ["*@example.*"], "imported": False},
        "ssl_fulfillment_privatekey_dir": str(sim.keys_dir),
    }
    try:
        first = report(**variables)
        assert first.code == 2 and f"order {refused}" in first.output
        page, data, _lines = read(tmp_path)
        rows = {row["order_id"]: row for row in data["orders"]}
        told = {identifier: (row["state"], row["reason"]) for identifier, row in rows.items()}
        assert told[lost] == ("requested", "waiting_for_email")
        assert told[keyless] == ("received", "waiting_for_key")
        assert told[refused][0] == "failed" and rows[refused]["message"] in page.text
        assert told[EXPIRING] == ("imported", "already_imported")
        assert (
            rows[EXPIRING]["mail_found"] and rows[EXPIRING]["last_requested_at"] and rows[EXPIRING]["certificate_ids"]
        )
        assert rows[lost]["mail_found"] is False and rows[lost]["next_allowed_at"] > rows[lost]["last_requested_at"]
        assert [entry["kind"] for entry in data["attention"]][:2] == ["failed", "expiring"]
        for hidden in (sim.api_key, "PRIVATE KEY"):
            assert not any(hidden.encode() in content for content in contents(tmp_path).values())

        sim.clear_faults()
        later = report(**{**variables, "ssl_fulfillment_select": {"order_ids": [EXPIRING, lost]}})
        assert later.code == 0, later.output
        rows = {row["order_id"]: row for row in read(tmp_path)[1]["orders"]}
        assert rows[EXPIRING]["mail_found"] is True  # as the report before it said
    finally:
        (tmp_path / "kept.key").rename(sim.key_path("*.example.org"))


def test_the_phase_on_its_own(report: Report, tmp_path: Path) -> None:
    ran = report(playbook="phases.yml", tasks_from="report.yml", ssl_fulfillment_mail=None)
    assert ran.code == 0, ran.output
    assert {row["mail_found"] for row in read(tmp_path)[1]["orders"]} == {None}


def test_hostile_values_are_text(report: Report, sim: Simulator, tmp_path: Path) -> None:
    for order, name in zip(sim.orders(), HOSTILE, strict=False):
        sim.patch_order(order["id"], commonName=name, product=name, approverEmailAddress=f"{name}@example.com")
    sim.patch_certificate(sim.certificates()[0]["id"], notes=HOSTILE[0])
    ran = report()
    assert ran.code == 0, ran.output
    page, data, lines = read(tmp_path)
    assert [tag for tag, _attributes in page.elements].count("script") == 2
    assert not (tmp_path / "owned").exists()
    rows = {row["order_id"]: row for row in data["orders"]}
    cells = {int(line["order_id"]): line for line in lines}
    for identifier, name in zip(sorted(rows), HOSTILE, strict=False):
        assert rows[identifier]["common_name"] == name and name in page.text
        assert cells[identifier]["common_name"] == (f"'{name}" if name.startswith("=") else name)
    assert rows[IMPORTED]["certificate_notes"] == [HOSTILE[0]]


def test_what_cannot_be_read_is_told_in_the_report(report: Report, tmp_path: Path) -> None:
    ran = report(
        ssl_fulfillment_mail={"maildir": str(tmp_path / "nowhere")},
        ssl_fulfillment_ledger_url="sqlite:////nowhere/at/all.sqlite3",
    )
    assert ran.code == 2
    page, data, _lines = read(tmp_path)
    assert [notice["source"] for notice in data["notices"]] == ["the mailbox", "the ledger"]
    for notice in data["notices"]:
        assert notice["message"] in page.text
    assert data["states"]["imported"] == 1


HEADINGS = {"en": "Served by", "de": "Ausgeliefert von"}


@pytest.mark.parametrize("language", sorted(HEADINGS))
def test_what_serves_the_certificates(report: Report, sim: Simulator, tmp_path: Path, language: str) -> None:
    (stored,) = sim.certificates()
    waiting = sim.import_order(EXPIRING)
    ports = [{"protocolPort": port, "tlsCertificateId": stored["id"]} for port in (443, 8443, 9443, 10443)]
    sim.add_balancer(name="<web> & more", listeners=ports)
    variables = {"ssl_fulfillment_report_language": language}
    assert report(**variables).code == 0
    page, data, lines = read(tmp_path)
    rows = {row["order_id"]: row for row in data["orders"]}
    cells = {int(line["order_id"]): line for line in lines}
    served = [f"<web> & more:{port}" for port in (443, 8443, 9443, 10443)]
    assert (rows[IMPORTED]["state"], rows[IMPORTED]["served_by"]) == ("imported", served)
    assert (rows[EXPIRING]["state"], rows[EXPIRING]["served_by"]) == ("not_served", [])
    assert rows[EXPIRING]["certificate_ids"] == [waiting["id"]] and rows[EXPIRING]["attention"] == ["expiring"]
    assert cells[IMPORTED]["served_by"] == "; ".join(served) and cells[EXPIRING]["served_by"] == ""
    assert data["load_balancers"] == {"<web> & more": 1}
    assert HEADINGS[language] in page.text and ", ".join(served[:3]) in page.text
    assert served[3] not in page.text
    assert page.values("data-served") == (
        ["", "\n".join(served)]
        if data["orders"].index(rows[EXPIRING]) < data["orders"].index(rows[IMPORTED])
        else ["\n".join(served), ""]
    )
    before = contents(tmp_path)
    assert report(**variables).changed == 0 and contents(tmp_path) == before
    assert [call["method"] for call in sim.calls()].count("getAllObjects") == 2


@pytest.mark.parametrize("balancers", [[], [{"protocolPort": 80, "protocol": "HTTP"}]], ids=["none", "without TLS"])
def test_nothing_is_to_be_served_where_no_load_balancer_serves_anything(
    report: Report, sim: Simulator, tmp_path: Path, balancers: list[dict[str, Any]]
) -> None:
    for listener in balancers:
        sim.add_balancer(name="web", listeners=[listener])
    assert report().code == 0
    page, data, _lines = read(tmp_path)
    assert {state: count for state, count in data["states"].items() if count} == STATES
    assert data["load_balancers"] is None
    assert HEADINGS["en"] not in page.text and page.values("data-served") == []


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("not_found", "LOADBALANCER_MANAGE"),
        ("access_denied", "LOADBALANCER_MANAGE"),
        ("unknown_method", "not offered any more"),
        ("fault", "Not today."),
    ],
)
def test_load_balancers_that_cannot_be_listed(
    report: Report, sim: Simulator, tmp_path: Path, kind: str, said: str
) -> None:
    """Nothing counts as not served, everything else is as always, and the run does not fail."""
    sim.add_balancer(name="web", listeners=[{"tlsCertificateId": sim.certificates()[0]["id"]}])
    sim.import_order(EXPIRING)
    sim.fault(kind, method="getAllObjects", message="Not today.")
    ran = report()
    assert ran.code == 0, ran.output
    page, data, _lines = read(tmp_path)
    assert (data["states"]["imported"], data["states"]["not_served"]) == (2, 0)
    assert {row["served_by"] for row in data["orders"]} == {None}
    assert HEADINGS["en"] not in page.text
    assert said in " ".join((ran.output + page.text).split())
    assert [notice["source"] for notice in data["notices"]] == (
        ["what serves the certificates"] if kind == "fault" else []
    )


def test_a_store_that_cannot_be_read(report: Report, sim: Simulator, tmp_path: Path) -> None:
    """The listing with what serves the certificates comes last; after its failure, the one without is tried."""
    assert report().code == 0
    last = [call["method"] for call in sim.calls()].count("getSecurityCertificates")
    for _listing in range(2):
        sim.fault("fault", method="getSecurityCertificates", nth=last, message="Not today.")
    ran = report()
    assert ran.code == 2
    _page, data, _lines = read(tmp_path)
    assert [notice["source"] for notice in data["notices"]] == ["the certificate store"]
    assert [call["method"] for call in sim.calls()].count("getSecurityCertificates") == 2 * last + 1


NOT_KNOWN = {"en": "not known", "de": "nicht bekannt"}


@pytest.mark.parametrize("language", sorted(NOT_KNOWN))
def test_a_user_who_may_only_view(report: Report, sim: Simulator, tmp_path: Path, language: str) -> None:
    """What is in the store is not known; the report says so, and why, and the run does not fail."""
    sim.permit(sim.username, "SECURITY_CERTIFICATE_VIEW")
    ran = report(ssl_fulfillment_report_language=language)
    assert ran.code == 0, ran.output
    page, data, _lines = read(tmp_path)
    assert {row["certificate_ids"] is None for row in data["orders"]} == {True}
    assert data["states"]["imported"] == 0 and data["states"]["requestable"] > STATES["requestable"] - 1
    (notice,) = data["notices"]
    assert "SECURITY_CERTIFICATE_MANAGE" in notice["message"] and notice["message"] in page.text
    assert page.text.count(NOT_KNOWN[language]) >= len(data["orders"])
    for what_is_not_known in ("[WARNING]: The certificate store cannot be read", "[WARNING]: The API user lacks"):
        assert ran.output.count(what_is_not_known) == 1, "of the orders, and of the certificates"


def test_what_was_done_is_told_if_the_report_cannot_be_written(report: Report, sim: Simulator, tmp_path: Path) -> None:
    (tmp_path / "report.csv").mkdir()
    phases = ["request", "report"]
    ran = report(playbook="phases.yml", tasks_from="main.yml", ssl_fulfillment_phases=phases)
    assert ran.code == 2 and sim.sends()
    assert f"Write the report, as .html, .json and .csv, to {tmp_path / 'report'}" in ran.output
    assert f"requested {len(sim.sends())}" in ran.output


@pytest.mark.parametrize(
    "variables",
    [
        {"ssl_fulfillment_report_path": None},
        {"ssl_fulfillment_report_path": "report.pdf"},
        {"ssl_fulfillment_report_path": "nowhere/report.html"},
    ],
    ids=["no path", "no page", "no folder"],
)
def test_nothing_is_sent_if_the_report_has_no_place(report: Report, sim: Simulator, variables: dict[str, Any]) -> None:
    ran = report(
        playbook="phases.yml", tasks_from="main.yml", ssl_fulfillment_phases=["request", "report"], **variables
    )
    assert ran.code == 2
    assert "ssl_fulfillment_report_path" in ran.output and "in a folder of the controller that exists" in ran.output
    assert sim.sends() == []


def test_a_language_that_there_is_not(report: Report) -> None:
    ran = report(ssl_fulfillment_report_language="fr")
    assert ran.code == 2 and "en, de" in ran.output


def test_each_listing_is_of_the_account_that_is_asked_for(report: Report, sim: Simulator) -> None:
    """Also where the selection is JSON, as `-e name=value` has it."""
    ran = report(ssl_fulfillment_select=json.dumps({"account_id": sim.account_id}))
    assert ran.code == 0, ran.output
    assert "getObject" not in {call["method"] for call in sim.calls() if call["service"] == "SoftLayer_Account"}


def test_no_orders(report: Report, tmp_path: Path) -> None:
    ran = report(ssl_fulfillment_select={"common_names": ["nothing.example"]})
    assert ran.code == 0, ran.output
    page, data, lines = read(tmp_path)
    assert (data["order_count"], lines) == (0, [])
    assert "Everything is on its way." in page.text
