# Copyright (c) softlayer.certificates contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of the playbook `rotate`: the files that it writes, from what clients keep to what HAProxy serves."""

from __future__ import annotations

import csv
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.client import Simulator
from tests.support.balanced import AUTHORITY, KEY, Told, account, balanced, balancer, ids, put, run, store
from tests.support.certificates import Authority, Issued, leaks, new_key, self_signed
from tests.support.messages import mail, text_part
from tests.unit.playbooks.test_report import HOSTILE, Page

__all__ = ["account", "balanced"]

Files = tuple[Page, dict[str, Any], list[dict[str, str]]]


def keep(folder: Path, name: str, issued: Issued, *endings: str) -> None:
    """Put a certificate into a folder, as people keep it."""
    folder.mkdir(exist_ok=True)
    contents = {".crt": issued.pem, ".key": issued.key_pem, ".ca-bundle": issued.chain_pem}
    for ending in endings or contents:
        (folder / f"{name}{ending}").write_text(contents[ending], encoding="utf-8")


def renewed(*names: str, **how: Any) -> Issued:
    """A new certificate with an empty subject, and a key of its own."""
    return AUTHORITY.issue(None, names=list(names), **{"key": new_key("rsa"), **how})


def rotate(sim: Simulator, folder: Path, *options: str, **variables: Any) -> Told:
    """Rotate what is in the folder `keys`, and report; that certificates are due is not what most tests are about."""
    given = {
        "sources": [{"folder": str(folder / "keys")}],
        "report_path": str(folder / "report.html"),
        "fail_on": [],
        **variables,
    }
    ready = {f"ssl_rotation_{name}": value for name, value in given.items() if value is not None}
    return run(sim, folder, "rotate", *options, **ready)


def read(folder: Path) -> Files:
    """The three files of a report."""
    with (folder / "report.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    data = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return Page((folder / "report.html").read_text(encoding="utf-8")), data, lines


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of the files of a report."""
    return {path.name: path.read_bytes() for path in folder.glob("report.*")}


def states(data: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Where each name stands, and why."""
    return {row["name"]: (row["state"], row["reason"]) for row in data["lines"]}


def rows(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The rows by name."""
    return {row["name"]: row for row in data["lines"]}


def fleet(sim: Simulator, folder: Path) -> dict[str, int]:
    """An account and a folder in which all kinds of things are; the ids in the store."""
    old = {name: store(sim, f"{name}.example.com", is_old=True) for name in ("www", "api", "attic")}
    old["odd"] = put(sim, AUTHORITY.issue("odd.example.com", key=KEY, days=(-30, 60)))
    balancer(sim, "web", p443=old["www"], p8443=old["www"])
    balancer(sim, "api", p443=old["api"])
    balancer(sim, "odd", p443=old["odd"])
    keep(folder / "keys", "www", renewed("www.example.com"))
    keep(folder / "keys", "new", renewed("new.example.com"))
    keep(
        folder / "keys",
        "odd",
        self_signed("odd.example.com", new_key("rsa")),
        ".crt",
        ".key",
    )
    (folder / "keys" / "api.example.com.crt").symlink_to(folder / "gone.crt")
    return old


def test_an_email_that_is_old_or_early_alarms_nobody_whose_certificate_is_valid(
    account: Simulator, tmp_path: Path
) -> None:
    """An expired one is told of only where the store has no valid certificate for its names."""
    late = {"old": (-90, -1), "early": (1, 91), "gone": (-90, -1)}
    for name, days in late.items():
        one = renewed(f"{name}.example.com", days=days, key=new_key())
        keep(tmp_path / "csr", name, one, ".key")
        (tmp_path / f"{name}.eml").write_bytes(mail(text_part(one.pem + one.chain_pem)))
    balancer(
        account,
        "web",
        **{f"p{port}": store(account, f"{name}.example.com") for port, name in ((443, "old"), (444, "early"))},
    )
    told = rotate(
        account, tmp_path, sources=[{"mail": {"paths": [str(tmp_path)]}, "privatekey_dir": str(tmp_path / "csr")}]
    )
    assert told.ran.code == 0, told.ran.output
    skipped = {one["name"]: one["reason"] for one in told.result["skipped"] if one.get("source")}
    assert skipped == {"early": "not_yet_valid", "gone": "expired"}
    _page, data, _lines = read(tmp_path)
    assert states(data) == {
        "old.example.com": ("store_only", "no_source"),  # as if the email had been deleted
        "early.example.com": ("up_to_date", "current"),
        "gone.example.com": ("unusable", "expired"),
    }
    assert [(entry["kind"], len(entry["lines"])) for entry in data["attention"]] == [("broken", 1)]


def test_the_three_files_tell_the_same(account: Simulator, tmp_path: Path) -> None:
    """Of a run that has renewed what can be; a second run leaves them, and check mode writes none."""
    old = fleet(account, tmp_path)
    assert contents(tmp_path) == {}
    plan = rotate(account, tmp_path, "--check", "--diff", remove_superseded=True)
    assert (plan.ran.code, contents(tmp_path)) == (0, {}), plan.ran.output

    told = rotate(account, tmp_path, remove_superseded=True)
    assert told.ran.code == 0, told.ran.output
    page, data, lines = read(tmp_path)
    assert states(data) == {
        "api.example.com": ("unusable", "broken_link"),
        "attic.example.com": ("store_only", "no_source"),
        "new.example.com": ("source_only", "new_name"),
        "odd.example.com": ("unusable", "untrusted"),
        "www.example.com": ("renewed", "deployed"),
    }
    assert {entry["kind"]: len(entry["lines"]) for entry in data["attention"]} == {
        "expiring": 1,
        "refused": 1,
        "broken": 1,
    }
    (new,) = (one["id"] for one in told.result["imported"])
    www = rows(data)["www.example.com"]
    assert (www["served_by"], www["certificate_ids"]) == (["web:443", "web:8443"], [new])
    assert (www["imported"], www["removed"]) == ([new], [old["www"]])
    assert www["deployed"] == www["verified"] == ["web:443", "web:8443"]
    assert (www["sources"], www["services"], www["subject_alt_names"]) == (["folder: www"], 2, ["www.example.com"])
    assert www["days_left"] in {88, 89, 90} and www["stored_until"] == www["served_until"] == www["source_until"]
    assert rows(data)["odd.example.com"]["messages"][0].startswith("Not trusted: ")
    assert data["load_balancers"] == {"api": 1, "odd": 1, "web": 1}
    assert [line["key"] for line in lines] == [row["key"] for row in data["lines"]]
    assert [value for value in page.values("id") if (value or "").startswith("line-")] == [
        f"line-{row['key']}" for row in data["lines"]
    ]
    for row in data["lines"]:
        assert row["name"] in page.text and row["explanation"] in page.text
        assert all(message in page.text for message in row["messages"])
    assert page.values("lang")[0] == "en"
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in contents(tmp_path)} == {0o640}
    text = "".join(content.decode() for content in contents(tmp_path).values())
    assert not leaks(text) and account.api_key not in text and ".key" not in text

    before = contents(tmp_path)
    again = rotate(account, tmp_path, remove_superseded=True)
    assert (again.ran.code, again.ran.changed) == (0, 0), again.ran.output
    assert contents(tmp_path) == before
    (tmp_path / "report.csv").unlink()
    assert rotate(account, tmp_path, remove_superseded=True).ran.changed == 1
    assert contents(tmp_path) == before


@pytest.mark.parametrize("narrowed", [{}, {"load_balancers": ["odd"]}], ids=["all", "narrowed"])
def test_the_phase_alone(account: Simulator, tmp_path: Path, narrowed: dict[str, Any]) -> None:
    """It changes nothing, and says what a run would do; what serves what it knows of balancers that it leaves alone, too."""
    fleet(account, tmp_path)
    before = ids(account)
    told = rotate(account, tmp_path, phases=["report"], report_language="de", **narrowed)
    assert (told.ran.code, ids(account)) == (0, before), told.ran.output
    page, data, _lines = read(tmp_path)
    assert states(data)["www.example.com"] == ("waiting", "waiting_for_import")
    assert states(data)["new.example.com"] == ("source_only", "new_name")
    assert rows(data)["www.example.com"]["served_by"] == ["web:443", "web:8443"]
    assert rows(data)["www.example.com"]["attention"] == ["behind"]
    assert rows(data)["attic.example.com"]["served_by"] == []
    assert page.values("lang")[0] == "de"
    assert "Nächster Lauf" in page.text and "Next run" not in page.text
    assert told.calls == ["getSecurityCertificates", "getAllObjects"]


def test_only_what_is_selected_is_reported(account: Simulator, tmp_path: Path) -> None:
    """What cannot be read may be for a selected name."""
    fleet(account, tmp_path)
    (tmp_path / "keys/half.crt").write_text("-----BEGIN CERTIFICATE-----", encoding="ascii")
    assert rotate(account, tmp_path, phases=["report"], common_names=["www.*"]).ran.code == 0
    found = states(read(tmp_path)[1])
    assert {name for name, (state, _reason) in found.items() if state != "unusable"} == {"www.example.com"}
    assert "half" in found


def test_what_was_done_is_told_if_the_report_cannot_be_written(account: Simulator, tmp_path: Path) -> None:
    www = store(account, "www.example.com", is_old=True)
    balancer(account, "web", p443=www)
    keep(tmp_path / "keys", "www", renewed("www.example.com"))
    (tmp_path / "report.json").mkdir()
    told = rotate(account, tmp_path)
    assert (
        told.ran.code == 2 and "imported 1, deployed 1, verified 1, removed 0, skipped 0, failed 0" in told.ran.output
    )
    assert f"Write the report, as .html, .json and .csv, to {tmp_path / 'report'}" in told.ran.output
    (tmp_path / "report.json").rmdir()
    again = rotate(account, tmp_path)
    assert again.ran.code == 0 and not again.result["failed"], again.ran.output


def test_between_the_phases(account: Simulator, tmp_path: Path) -> None:
    """After the import alone the next run switches; what a listener does not take is told with its remedy."""
    www = store(account, "www.example.com", is_old=True)
    balancer(account, "web", p443=www)
    keep(tmp_path / "keys", "www", renewed("www.example.com"))
    imported = rotate(account, tmp_path, phases=["import", "report"])
    assert imported.ran.code == 0, imported.ran.output
    assert states(read(tmp_path)[1]) == {"www.example.com": ("waiting", "waiting_for_deploy")}
    refused = rotate(account, tmp_path, max_listeners=0)
    assert refused.ran.code == 2
    page, data, _lines = read(tmp_path)
    assert states(data) == {"www.example.com": ("waiting", "waiting_for_deploy")}
    assert rows(data)["www.example.com"]["served_until"] < rows(data)["www.example.com"]["stored_until"]
    assert [notice["source"] for notice in data["notices"]] == ["the load balancers"]
    assert data["notices"][0]["message"] in page.text
    deployed = rotate(account, tmp_path, phases=["deploy", "report"])
    assert deployed.ran.code == 0, deployed.ran.output
    data = read(tmp_path)[1]
    (new,) = (one for one in ids(account) if one != www)
    assert states(data) == {"www.example.com": ("renewed", "deployed")}
    assert (rows(data)["www.example.com"]["imported"], rows(data)["www.example.com"]["certificate_ids"]) == (
        [new],
        [new, www],
    )


def test_a_newer_one_that_is_held_back_says_why(account: Simulator, tmp_path: Path) -> None:
    www = store(account, "www.example.com", organization="Example Inc.")
    balancer(account, "web", p443=www)
    keep(tmp_path / "keys", "www", renewed("www.example.com", days=(0, 90)))
    told = rotate(account, tmp_path)
    assert told.ran.code == 0, told.ran.output
    page, data, _lines = read(tmp_path)
    assert states(data) == {"www.example.com": ("held_back", "organization_differs")}
    (message,) = rows(data)["www.example.com"]["messages"]
    assert message.startswith("It renews no certificate of the store. ") and message in page.text


def test_a_store_that_cannot_be_read(account: Simulator, tmp_path: Path) -> None:
    """The report of the last run that could read it stays as it is."""
    keep(tmp_path / "keys", "www", renewed("www.example.com"))
    assert rotate(account, tmp_path).ran.code == 0
    before = contents(tmp_path)
    account.fault("fault", method="getSecurityCertificates", message="Not today.")
    told = rotate(account, tmp_path)
    assert told.ran.code == 2 and "Not today." in told.ran.output, told.ran.output
    assert contents(tmp_path) == before and len(before) == 3
    account.clear_faults()


def test_hostile_values_are_text(account: Simulator, tmp_path: Path) -> None:
    """Names in certificates, names of files, notes and balancers come from outside."""
    for number, name in enumerate(HOSTILE):
        record = store(account, name[:60], names=[f"h{number}.example.com"])
        account.patch_certificate(record, notes=name)
        balancer(account, name, p443=record)
        keep(tmp_path / "keys", name.replace("/", ""), renewed(f"n{number}.example.com"))
    told = rotate(account, tmp_path, phases=["report"])
    assert told.ran.code == 0, told.ran.output
    page, data, lines = read(tmp_path)
    assert [tag for tag, _attributes in page.elements].count("script") == 2
    assert not list(tmp_path.glob("**/owned"))
    names = {row["name"] for row in data["lines"]}
    cells = {line["name"] for line in lines}
    for name in HOSTILE:
        assert name[:60] in names and name[:60] in page.text
        assert any(f"{name}:443" in (row["served_by"] or ()) for row in data["lines"])
        assert (f"'{name}" if name.startswith("=") else name[:60]) in cells


def test_check_mode_tells_what_is_there(account: Simulator, tmp_path: Path) -> None:
    """What would be renewed is still to be renewed, and what would be removed is there; the diff is that of the table."""
    www = store(account, "www.example.com", is_old=True)
    balancer(account, "web", p443=www)
    keep(tmp_path / "keys", "www", renewed("www.example.com"))
    plan = rotate(account, tmp_path, "--check", "--diff", remove_superseded=True)
    assert plan.ran.code == 0 and [one["id"] for one in plan.result["removed"]] == [www], plan.ran.output
    assert "www.example.com,www.example.com,RSA,waiting,waiting_for_import," in plan.ran.output
    assert ",superseded," not in plan.ran.output
    assert rotate(account, tmp_path, remove_superseded=True).ran.code == 0
    assert states(read(tmp_path)[1]) == {"www.example.com": ("renewed", "deployed")}
    again = rotate(account, tmp_path, "--check", "--diff", remove_superseded=True)
    assert (again.ran.code, again.ran.changed) == (0, 0), again.ran.output


def test_names_that_the_source_lacks(account: Simulator, tmp_path: Path) -> None:
    names = ["www.example.com", "api.example.com"]
    both = store(account, names[0], names=names)
    balancer(account, "web", p443=both)
    keep(tmp_path / "keys", "www", renewed(names[0], days=(0, 90)))
    told = rotate(account, tmp_path)
    assert told.ran.code == 0, told.ran.output
    page, data, _lines = read(tmp_path)
    found = {len(row["subject_alt_names"]): row for row in data["lines"]}
    assert [(found[count]["state"], found[count]["reason"]) for count in (1, 2)] == [
        ("held_back", "names_not_covered"),
        ("store_only", "names_not_covered"),
    ]
    assert found[1]["messages"][0].startswith(
        f"It renews no certificate of the store. For certificate {both}, it lacks names "
    )
    assert found[2]["messages"] == ["folder: www lacks api.example.com."]
    assert all(row["messages"][0] in page.text for row in found.values())


def test_a_refused_file_beside_one_that_was_imported(account: Simulator, tmp_path: Path) -> None:
    www = store(account, "www.example.com", is_old=True)
    balancer(account, "web", p443=www)
    keep(tmp_path / "keys", "good", renewed("www.example.com", days=(-9, 90)))
    stranger = Authority("Another").issue(None, names=["www.example.com"], key=new_key("rsa"), days=(-1, 90))
    keep(tmp_path / "keys", "odd", stranger)
    told = rotate(account, tmp_path)
    assert told.ran.code == 0, told.ran.output
    page, data, _lines = read(tmp_path)
    (row,) = data["lines"]
    assert (row["state"], row["reason"], row["attention"]) == ("renewed", "deployed", ["refused"])
    (message,) = row["messages"]
    assert message.startswith(f"{tmp_path / 'keys' / 'odd.crt'}: ") and message in page.text
    assert row["served_until"] == row["source_until"]


@pytest.mark.parametrize("misbehaves", ["stale", "other", "handshake"])
def test_the_date_is_that_of_what_is_served(account: Simulator, tmp_path: Path, misbehaves: str) -> None:
    """It serves its old certificate, since it did not take the new one or was pointed back."""
    www = store(account, "www.example.com", is_old=True)
    web = balancer(account, "web", p443=www)
    keep(tmp_path / "keys", "www", renewed("www.example.com"))
    account.patch_listener(web["listeners"][0]["uuid"], misbehaves=misbehaves)
    assert rotate(account, tmp_path).ran.code == 2
    row = rows(read(tmp_path)[1])["www.example.com"]
    assert (row["state"], row["reason"], row["served_by"]) == ("failed", "not_served", ["web:443"])
    assert row["attention"] == ["failed", "behind"]
    (message,) = row["messages"]
    assert ("pointed back" in message) is (misbehaves != "stale")
    assert row["served_until"] == row["expires_at"] and row["days_left"] in {13, 14, 15}
    assert row["stored_until"] == row["source_until"] > row["served_until"]


def test_the_date_of_what_a_run_that_only_looks_has_seen(account: Simulator, tmp_path: Path) -> None:
    """The listener has the new certificate by the API, and serves the old one."""
    www = store(account, "www.example.com", is_old=True)
    web = balancer(account, "web", p443=www)
    keep(tmp_path / "keys", "www", renewed("www.example.com"))
    account.patch_listener(web["listeners"][0]["uuid"], misbehaves="stale")
    assert rotate(account, tmp_path, phases=["import", "deploy"]).ran.code == 2
    assert rotate(account, tmp_path, phases=["verify", "report"]).ran.code == 2
    row = rows(read(tmp_path)[1])["www.example.com"]
    assert (row["state"], row["reason"], row["served_by"]) == ("failed", "not_served", ["web:443"])
    assert row["served_until"] == row["expires_at"] < row["stored_until"]
